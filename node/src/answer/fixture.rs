//! A network of one center over a real center's rows, with really signed documents, for this crate's own tests.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use indicatif::ProgressBar;
use jiff::SignedDuration;
use protocol::amount::NanoRho;
use protocol::documents::{
    Charter, Currency, LogHead, Member, Query, Researcher, Roster, RosterCenter, Study,
    TemplateDocument, hash_of_revocations,
};
use protocol::envelope::Payload;
use protocol::ids::{CenterId, DocumentId};
use protocol::keys::SumKey;
use protocol::log::LogEntry;
use protocol::question::{Mode, Question};
use protocol::verify::Taken;
use question::template::shipped_template;
use transport::clock::ManualClock;

use super::*;
use crate::init::{self, DEFAULT_POLICY};
use crate::record::Verdict;
use crate::testing::ebmt4;
use crate::{import, lock};

const NOW: &str = "2026-11-21T09:00:00Z";
const TEMPLATES: [&str; 2] = ["feasibility-count", "survival"];

pub(crate) fn key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap()
}

/// A network of one center, with everything signed that it needs.
pub(crate) struct Network {
    _folder: tempfile::TempDir,
    pub(crate) data: DataDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) log: LogPosition,
    pub(crate) office: SigningKey,
    pub(crate) member: SigningKey,
    /// The key that the roster names for the coordinator.
    pub(crate) coordinator: Arc<SigningKey>,
    pub(crate) kim: SigningKey,
    pub(crate) lee: SigningKey,
    pub(crate) documents: Documents,
}

/// The documents of the log; tests leave some out or put others in.
#[derive(Clone)]
pub(crate) struct Documents {
    pub(crate) charter: Envelope,
    pub(crate) roster: Option<Envelope>,
    pub(crate) templates: Vec<Envelope>,
    pub(crate) study: Option<Envelope>,
    pub(crate) currency: Option<Envelope>,
}

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

impl Network {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(folder.path().join("node"));
        let (office, member, kim, lee) = (key(), key(), key(), key());
        let coordinator = Arc::new(key());
        let charter = charter(&member, &office);
        let config = NodeConfig {
            center: "K01".parse().unwrap(),
            name: "First".to_owned(),
            network: "kr".parse().unwrap(),
            coordinator: "https://localhost:1".to_owned(),
            charter: charter.id(),
            tls: None,
        };
        let enrolment = init::init(&data, &config, None, now()).unwrap();
        let templates: Vec<Envelope> = TEMPLATES
            .iter()
            .map(|name| decided(&template(name, &office), &office, &member))
            .collect();
        let ids = templates.iter().map(Envelope::id).collect();
        let roster = roster(
            &office,
            coordinator.public(),
            &config.center,
            enrolment.signing_key,
        );
        let documents = Documents {
            roster: Some(decided(&roster, &office, &member)),
            study: Some(decided(&study(&office, ids, &kim, &lee), &office, &member)),
            currency: Some(Envelope::sign(&currency(now()), &office)),
            charter,
            templates,
        };
        let clock = Arc::new(ManualClock::new(now()));
        Self {
            _folder: folder,
            data,
            clock,
            log: LogPosition::EMPTY,
            office,
            member,
            coordinator,
            kim,
            lee,
            documents,
        }
    }

    /// With the rows of a real center, locked on the first of January 2026.
    pub(crate) fn with_rows() -> Self {
        let network = Self::new();
        lock_rows(&network.data, &ebmt4("center_1"), "2026-01-01");
        network
    }

    /// Puts another roster in force: one with this delay.
    pub(crate) fn set_delay(&mut self, answer_delay_s: f64) {
        let envelope = self.documents.roster.as_ref().unwrap();
        let mut roster: Roster = envelope.parse_unverified().unwrap();
        roster.answer_delay_s = answer_delay_s;
        self.documents.roster = Some(self.decide(&roster));
    }

    /// Every document of the log.
    pub(crate) fn log_documents(&self) -> Vec<Envelope> {
        let documents = &self.documents;
        let all = [&documents.charter]
            .into_iter()
            .chain(&documents.roster)
            .chain(&documents.templates);
        all.chain(&documents.study)
            .chain(&documents.currency)
            .cloned()
            .collect()
    }

    pub(crate) fn governance(&self) -> Governance {
        let mut governance = Governance::pinned_to(NodeConfig::load(&self.data).unwrap().charter);
        for envelope in self.log_documents() {
            log(&mut governance, &envelope);
        }
        governance
    }

    pub(crate) fn question(&self, template: usize, rho: f64) -> Question {
        let parameters = shipped_template(TEMPLATES[template])
            .unwrap()
            .bind(&BTreeMap::new())
            .unwrap();
        Question {
            template: self.documents.templates[template].id(),
            parameters: parameters.canonical(),
            mode: Mode::Local,
            rho: NanoRho::at_most(rho).unwrap(),
            lock_date: "2026-11-20".parse().unwrap(),
        }
    }

    pub(crate) fn query(&self, question: Question, by: &SigningKey) -> Envelope {
        let study = self
            .documents
            .study
            .as_ref()
            .map_or(DocumentId::from_bytes([0; 32]), Envelope::id);
        let deadline = now() + SignedDuration::from_hours(1);
        Envelope::sign(
            &Query {
                question,
                study,
                created: now(),
                deadline,
                log: self.log,
            },
            by,
        )
    }

    pub(crate) fn respond(&self, query: &Envelope) -> Envelope {
        self.respond_with(&self.answerer(), query)
    }

    pub(crate) fn answerer(&self) -> Answerer {
        Answerer::open(self.data.clone(), self.clock.now()).unwrap()
    }

    /// The coordinator's signed word that its log ends here.
    pub(crate) fn head(&self, log: LogPosition) -> Envelope {
        let (network, time) = ("kr".parse().unwrap(), self.clock.now());
        Envelope::sign(&LogHead { network, log, time }, &self.coordinator)
    }

    /// A document as proposer and committee sign it.
    pub(crate) fn decide<P: Payload>(&self, document: &P) -> Envelope {
        decided(document, &self.office, &self.member)
    }

    pub(crate) fn respond_with(&self, answerer: &Answerer, query: &Envelope) -> Envelope {
        self.respond_under(answerer, &self.governance(), query)
    }

    pub(crate) fn respond_under(
        &self,
        answerer: &Answerer,
        governance: &Governance,
        query: &Envelope,
    ) -> Envelope {
        match self.end_of(answerer, governance, query) {
            Response::Send(envelope) => envelope,
            Response::AwaitingApproval => panic!("the query waits for a person"),
        }
    }

    /// What the node does with a query.
    pub(crate) fn end_of(
        &self,
        answerer: &Answerer,
        governance: &Governance,
        query: &Envelope,
    ) -> Response {
        let governance = with_query(governance, query);
        answerer.respond(query, self.on(&governance)).unwrap()
    }

    /// Whether a query waits for a person.
    pub(crate) fn waits(&self, query: &Envelope) -> bool {
        let response = self.end_of(&self.answerer(), &self.governance(), query);
        matches!(response, Response::AwaitingApproval)
    }

    /// A person's word on a query, as the command line writes it down.
    pub(crate) fn decide_by_hand(&self, query: &Envelope, verdict: Verdict) {
        let record = Record::open(&self.data.record()).unwrap();
        let now = self.clock.now();
        record.decide(query.id(), verdict, "jo", "", now).unwrap();
    }

    /// Where and when queries are answered.
    pub(crate) fn on<'a>(&'a self, governance: &'a Governance) -> Circumstances<'a> {
        Circumstances {
            governance,
            log: self.log,
            clock: self.clock.as_ref(),
        }
    }

    /// What the record holds, by its rows' codes.
    pub(crate) fn recorded(&self) -> Vec<&'static str> {
        let record = Record::open(&self.data.record()).unwrap();
        let entries = record.entries().unwrap();
        entries.iter().map(|(entry, _)| entry.kind.code()).collect()
    }

    pub(crate) fn opened<P: Payload>(&self, envelope: &Envelope) -> P {
        envelope
            .open(&[keys::signing_key(&self.data).unwrap().public()].into())
            .unwrap()
    }

    pub(crate) fn reason(&self, query: &Envelope) -> RefusalReason {
        let refusal: Refusal = self.opened(&self.respond(query));
        assert_eq!(
            (refusal.query, refusal.center.as_str()),
            (query.id(), "K01")
        );
        refusal.reason
    }

    pub(crate) fn spent(&self) -> u64 {
        Ledger::open(&self.data.ledger())
            .unwrap()
            .spent(now())
            .unwrap()
            .lifetime
            .nano()
    }

    pub(crate) fn set_policy(&self, right: &str, wrong: &str) {
        assert!(DEFAULT_POLICY.contains(right));
        std::fs::write(self.data.policy(), DEFAULT_POLICY.replace(right, wrong)).unwrap();
    }
}

/// A document as proposer and committee sign it.
fn decided<P: Payload>(document: &P, office: &SigningKey, member: &SigningKey) -> Envelope {
    let mut envelope = Envelope::sign_seeing(document, office, LogPosition::EMPTY);
    envelope.add_signature_seeing(member, LogPosition::EMPTY);
    envelope
}

/// The coordinator logs a query before it offers it.
pub(crate) fn with_query(governance: &Governance, query: &Envelope) -> Governance {
    let mut governance = governance.clone();
    log(&mut governance, query);
    governance
}

/// Appends a document to the log that `governance` reads.
pub(crate) fn log(governance: &mut Governance, envelope: &Envelope) -> Taken {
    let entry = LogEntry {
        index: governance.chain().position().entries,
        time: now(),
        envelope: envelope.clone(),
    };
    governance.take(&entry).unwrap()
}

/// Imports an export and locks it under this day.
pub(crate) fn lock_rows(data: &DataDir, export: &Path, day: &str) {
    let mut store = Store::open(data).unwrap();
    let request = import::Request {
        data,
        dictionary: &dictionary::load(data).unwrap(),
        pseudonyms: &keys::pseudonyms(data).unwrap(),
        center: "K01",
        losing_is_right: true,
        now: now(),
        progress: &ProgressBar::hidden(),
    };
    import::import(&mut store, export, &request).unwrap();
    lock::lock(&mut store, data, Some(day), now()).unwrap();
}

pub(crate) fn charter(member: &SigningKey, office: &SigningKey) -> Envelope {
    let members = vec![Member {
        id: "chair".parse().unwrap(),
        name: "Chair".to_owned(),
        organisation: "Society".to_owned(),
        key: member.public(),
    }];
    let charter = Charter {
        network: "kr".parse().unwrap(),
        version: 1,
        members,
        threshold: 1,
        minimum_organisations: 1,
        timekeepers: vec![office.public()],
        predecessor: None,
    };
    Envelope::sign(&charter, member)
}

fn template(name: &str, office: &SigningKey) -> TemplateDocument {
    let template = shipped_template(name).unwrap().toml().to_owned();
    TemplateDocument {
        network: "kr".parse().unwrap(),
        proposer: office.public(),
        template,
    }
}

fn roster(
    office: &SigningKey,
    coordinator: protocol::keys::PublicKey,
    center: &CenterId,
    signing_key: protocol::keys::PublicKey,
) -> Roster {
    let center = RosterCenter {
        id: center.clone(),
        name: "First".to_owned(),
        signing_key,
        sum_key: SumKey::from_bytes([1; 32]),
        valid_until: now() + days(30),
    };
    Roster {
        network: "kr".parse().unwrap(),
        proposer: office.public(),
        version: 1,
        coordinator,
        centers: vec![center],
        answer_delay_s: 0.0,
    }
}

fn study(
    office: &SigningKey,
    templates: Vec<DocumentId>,
    kim: &SigningKey,
    lee: &SigningKey,
) -> Study {
    let researcher = |id: &str, key: &SigningKey| Researcher {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        key: key.public(),
    };
    Study {
        network: "kr".parse().unwrap(),
        proposer: office.public(),
        name: "outcomes".parse().unwrap(),
        version: 1,
        purpose: "to learn".to_owned(),
        protocol_reference: String::new(),
        ethics_reference: String::new(),
        researchers: vec![researcher("kim", kim), researcher("lee", lee)],
        templates,
        rho_cap: NanoRho::at_most(0.15).unwrap(),
        expires: now() + days(30),
        calendar: vec![],
    }
}

fn currency(time: Timestamp) -> Currency {
    let revocations = hash_of_revocations(&std::collections::BTreeSet::new());
    Currency {
        network: "kr".parse().unwrap(),
        time,
        log: LogPosition::EMPTY,
        revocations,
    }
}
