//! A small network with real keys and real documents, and a coordinator over it that can be restarted.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

pub(crate) mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use coordinator::CoordinatorError;
use coordinator::relay::Relay;
use coordinator::service::Service;
use coordinator::store::Store;
use jiff::{SignedDuration, Timestamp};
use protocol::amount::NanoRho;
use protocol::api::{LogPage, Offers, Queries, QueryStatus, Recorded, ResultBundle, Submitted};
use protocol::documents::{
    Answer, Charter, Currency, Member, Query, Refusal, RefusalReason, Researcher, Roster,
    RosterCenter, Study, TemplateDocument, hash_of_revocations,
};
use protocol::envelope::Envelope;
use protocol::ids::{CenterId, ChainHead, DocumentId, PlanDigest};
use protocol::keys::{SigningKey, SumKey};
use protocol::log::LogPosition;
use protocol::question::{Mode, Question};
use transport::clock::{Clock, ManualClock};
use transport::identity::Identity;
use transport::server::PeerIdentity;
use transport::shutdown::Shutdown;

pub(crate) const START: &str = "2026-11-21T12:00:00Z";
/// From submission to deadline unless said otherwise.
pub(crate) const DEADLINE: Duration = Duration::from_mins(10);

pub(crate) fn new_key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap()
}

/// The registry office, one member, one researcher, and so many centers K01, K02, ...
pub(crate) struct Network {
    pub(crate) office: SigningKey,
    pub(crate) member: SigningKey,
    pub(crate) researcher: SigningKey,
    /// Others who may ask in the same study.
    pub(crate) colleagues: Vec<SigningKey>,
    pub(crate) coordinator_pkcs8: Vec<u8>,
    pub(crate) centers: Vec<(CenterId, SigningKey)>,
}

impl Network {
    pub(crate) fn new(centers: usize) -> Self {
        let centers = (1..=centers)
            .map(|k| (format!("K{k:02}").parse().unwrap(), new_key()))
            .collect();
        Self {
            office: new_key(),
            member: new_key(),
            researcher: new_key(),
            colleagues: (0..4).map(|_| new_key()).collect(),
            coordinator_pkcs8: SigningKey::generate_pkcs8().unwrap().to_vec(),
            centers,
        }
    }

    pub(crate) fn coordinator_key(&self) -> SigningKey {
        SigningKey::from_pkcs8(&self.coordinator_pkcs8).unwrap()
    }

    pub(crate) fn center(&self, index: usize) -> CenterId {
        self.centers[index].0.clone()
    }

    pub(crate) fn charter(&self) -> Envelope {
        let member = Member {
            id: "member".parse().unwrap(),
            name: "A Member".into(),
            organisation: "A Society".into(),
            key: self.member.public(),
        };
        let charter = Charter {
            network: "demo".parse().unwrap(),
            version: 1,
            members: vec![member],
            threshold: 1,
            minimum_organisations: 1,
            timekeepers: vec![self.office.public()],
            predecessor: None,
        };
        Envelope::sign(&charter, &self.member)
    }

    pub(crate) fn roster_document(&self) -> Roster {
        let centers = self
            .centers
            .iter()
            .zip(1_u8..)
            .map(|((id, key), k)| RosterCenter {
                id: id.clone(),
                name: format!("Hospital {id}"),
                signing_key: key.public(),
                sum_key: SumKey::from_bytes([k; 32]),
                valid_until: START.parse::<Timestamp>().unwrap()
                    + SignedDuration::from_hours(24 * 365),
            });
        Roster {
            network: "demo".parse().unwrap(),
            proposer: self.office.public(),
            version: 1,
            coordinator: self.coordinator_key().public(),
            centers: centers.collect(),
            answer_delay_s: 0.0,
        }
    }

    pub(crate) fn roster(&self) -> Envelope {
        self.decided(&self.roster_document())
    }

    /// Signed by the office as proposer and by the committee.
    pub(crate) fn decided<P: protocol::envelope::Payload>(&self, payload: &P) -> Envelope {
        let mut envelope = Envelope::sign_seeing(payload, &self.office, LogPosition::EMPTY);
        envelope.add_signature_seeing(&self.member, LogPosition::EMPTY);
        envelope
    }

    pub(crate) fn template(&self) -> Envelope {
        self.decided(&self.template_document())
    }

    pub(crate) fn template_document(&self) -> TemplateDocument {
        TemplateDocument {
            network: "demo".parse().unwrap(),
            proposer: self.office.public(),
            template: "name = \"count\"".into(),
        }
    }

    pub(crate) fn study_document(&self) -> Study {
        let people = std::iter::once(&self.researcher).chain(&self.colleagues);
        let researcher = |(number, key): (usize, &SigningKey)| Researcher {
            id: format!("kim{number}").parse().unwrap(),
            name: "Kim".into(),
            key: key.public(),
        };
        Study {
            network: "demo".parse().unwrap(),
            proposer: self.office.public(),
            name: "first".parse().unwrap(),
            version: 1,
            purpose: "to see".into(),
            protocol_reference: "none".into(),
            ethics_reference: "none".into(),
            researchers: people.enumerate().map(researcher).collect(),
            templates: vec![self.template().id()],
            rho_cap: NanoRho::from_nano(500_000_000),
            expires: START.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * 300),
            calendar: vec![],
        }
    }

    pub(crate) fn study(&self) -> Envelope {
        self.decided(&self.study_document())
    }

    pub(crate) fn currency(&self) -> Envelope {
        let currency = Currency {
            network: "demo".parse().unwrap(),
            time: START.parse().unwrap(),
            log: LogPosition::EMPTY,
            revocations: hash_of_revocations(&BTreeSet::new()),
        };
        Envelope::sign(&currency, &self.office)
    }

    pub(crate) fn governance(&self) -> Vec<Envelope> {
        vec![
            self.charter(),
            self.roster(),
            self.template(),
            self.study(),
            self.currency(),
        ]
    }

    pub(crate) fn question(&self, number: u64) -> Question {
        Question {
            template: self.template().id(),
            parameters: BTreeMap::from([("number".into(), number.to_string())]),
            mode: Mode::Local,
            rho: NanoRho::from_nano(50_000_000),
            lock_date: "2026-11-21".parse().unwrap(),
        }
    }

    pub(crate) fn query_document(&self, number: u64, now: Timestamp) -> Query {
        Query {
            question: self.question(number),
            study: self.study().id(),
            created: now,
            deadline: now + SignedDuration::try_from(DEADLINE).unwrap(),
            log: LogPosition::EMPTY,
        }
    }

    pub(crate) fn query(&self, number: u64, now: Timestamp) -> Envelope {
        Envelope::sign(&self.query_document(number, now), &self.researcher)
    }

    /// The query of a colleague of the researcher.
    pub(crate) fn query_of_colleague(&self, index: usize, number: u64, now: Timestamp) -> Envelope {
        Envelope::sign(&self.query_document(number, now), &self.colleagues[index])
    }

    /// Center k answers 2^k in cell k and 0 elsewhere: a lost, doubled or swapped answer shows in the sum.
    pub(crate) fn answer_document(&self, index: usize, number: u64) -> Answer {
        let mut cells = vec![0_i64; self.centers.len()];
        cells[index] = 1 << index;
        Answer {
            question: self.question(number).id(),
            center: self.center(index),
            lock: "2026-11-20.a1b2".parse().unwrap(),
            lock_date: "2026-11-20".parse().unwrap(),
            plan: PlanDigest::from_bytes([8; 32]),
            parts: vec![cells, vec![-1]],
            cost: NanoRho::from_nano(50_000_000),
            ledger_head: ChainHead::EMPTY,
            log: LogPosition::EMPTY,
        }
    }

    pub(crate) fn answer(&self, index: usize, number: u64) -> Envelope {
        Envelope::sign(&self.answer_document(index, number), &self.centers[index].1)
    }

    pub(crate) fn refusal(
        &self,
        index: usize,
        query: DocumentId,
        reason: RefusalReason,
    ) -> Envelope {
        let refusal = Refusal {
            query,
            center: self.center(index),
            reason,
            log: LogPosition::EMPTY,
        };
        Envelope::sign(&refusal, &self.centers[index].1)
    }

    /// The total when these centers answered.
    pub(crate) fn total(&self, answered: &[usize]) -> Vec<Vec<i64>> {
        let cells = (0..self.centers.len())
            .map(|k| if answered.contains(&k) { 1 << k } else { 0 })
            .collect();
        vec![cells, vec![-i64::try_from(answered.len()).unwrap()]]
    }
}

/// A coordinator without sockets, on a clock that stands still.
pub(crate) struct Coordinator {
    pub(crate) network: Network,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) service: Service,
    pub(crate) shutdown: Shutdown,
    dir: tempfile::TempDir,
}

impl Coordinator {
    /// One that knows no document yet.
    pub(crate) fn empty(centers: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let network = Network::new(centers);
        Store::create(&dir.path().join("data.db"), &"demo".parse().unwrap()).unwrap();
        let clock = Arc::new(ManualClock::new(START.parse().unwrap()));
        let (service, shutdown) = start(&dir, &network, &clock);
        Self {
            network,
            clock,
            service,
            shutdown,
            dir,
        }
    }

    /// One whose network has all its documents in force.
    pub(crate) async fn ready(centers: usize) -> Self {
        let coordinator = Self::empty(centers);
        for document in coordinator.network.governance() {
            assert!(coordinator.submit(&document).await.unwrap().in_force);
        }
        coordinator
    }

    /// Stops and opens again, after `meanwhile`.
    pub(crate) async fn restarted_after(mut self, meanwhile: Duration) -> Self {
        self.shutdown.finish().await;
        self.clock.advance(meanwhile);
        let (service, shutdown) = start(&self.dir, &self.network, &self.clock);
        self.service = service;
        self.shutdown = shutdown;
        self
    }

    pub(crate) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("data.db")).unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn submit(&self, document: &Envelope) -> Result<Submitted, CoordinatorError> {
        let document = document.clone();
        self.service
            .run(&person(), move |relay, now| relay.submit(&document, now))
            .await
    }

    /// Submits question `number` and has every center fetch it.
    pub(crate) async fn asked(&self, number: u64) -> DocumentId {
        let id = self
            .submit(&self.network.query(number, self.now()))
            .await
            .unwrap()
            .id;
        for index in 0..self.network.centers.len() {
            self.offers(index).await.unwrap();
        }
        id
    }

    pub(crate) async fn offers(&self, index: usize) -> Result<Offers, CoordinatorError> {
        let center = self.network.center(index);
        self.service
            .offers(&peer(&center), center, BTreeSet::new(), 0)
            .await
    }

    pub(crate) async fn answer(
        &self,
        index: usize,
        query: DocumentId,
        document: &Envelope,
    ) -> Result<Recorded, CoordinatorError> {
        let (center, document) = (self.network.center(index), document.clone());
        let peer = peer(&center);
        self.service
            .run(&peer, move |relay, now| {
                relay.answer(&center, &query, &document, now)
            })
            .await
    }

    pub(crate) async fn status(&self, query: DocumentId) -> QueryStatus {
        self.service
            .status(&person(), query, None, 0)
            .await
            .unwrap()
    }

    /// Waits until the query is published.
    pub(crate) async fn published(&self, query: DocumentId) -> ResultBundle {
        let mut seen = None;
        loop {
            let status = self
                .service
                .status(&person(), query, seen, 60)
                .await
                .unwrap();
            if status.result.is_some() {
                return self.result(query).await.unwrap();
            }
            seen = Some(status.version);
        }
    }

    pub(crate) async fn result(&self, query: DocumentId) -> Result<ResultBundle, CoordinatorError> {
        self.service
            .run(&person(), move |relay, _| relay.result(&query))
            .await
    }

    pub(crate) async fn log(&self) -> LogPage {
        self.service
            .run(&person(), |relay, now| relay.log_page(0, 500, now))
            .await
            .unwrap()
    }

    pub(crate) async fn queries(&self) -> Queries {
        self.service
            .run(&person(), |relay, _| relay.queries())
            .await
            .unwrap()
    }
}

fn start(
    dir: &tempfile::TempDir,
    network: &Network,
    clock: &Arc<ManualClock>,
) -> (Service, Shutdown) {
    let store = Store::open(&dir.path().join("data.db")).unwrap();
    let relay = Relay::open(store, network.coordinator_key()).unwrap();
    let shutdown = Shutdown::new();
    (Service::start(relay, clock.clone(), &shutdown), shutdown)
}

pub(crate) fn person() -> PeerIdentity {
    certified("cartally://demo/person/kim".parse().unwrap())
}

pub(crate) fn peer(center: &CenterId) -> PeerIdentity {
    certified(Identity::of_center("demo".parse().unwrap(), center.clone()))
}

/// A peer that the door has judged already, as those of a hospital's own PKI are.
fn certified(identity: Identity) -> PeerIdentity {
    PeerIdentity {
        identity,
        serial: "01".into(),
        own_authority: Some([1; 32]),
    }
}
