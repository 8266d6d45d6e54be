//! How does a real node meet a coordinator that lies? In this process, over real mutual TLS, with really signed documents.

mod clock;
mod people;
mod relay;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use node::agent::mirror::{Mirror, Own};
use node::config::NodeConfig;
use node::data_dir::DataDir;
use protocol::amount::NanoRho;
use protocol::documents::{
    Answer, Charter, Currency, Predecessor, Query, Refusal, RefusalReason, Revocation, Roster,
    Study, TemplateDocument,
};
use protocol::envelope::{Envelope, Payload};
use protocol::ids::DocumentId;
use protocol::log::LogPosition;
use protocol::question::{Mode, Question};
use protocol::verify::Governance;
use question::template::shipped_template;
use transport::ca::{Authority, CERTIFICATE_VALID, Made, Validity, create_authority};
use transport::clock::Clock;
use transport::identity::Identity;
use transport::server::Server;
use transport::shutdown::Shutdown;
use transport::tls::{Credentials, Roots, server_config};

pub use clock::StandingClock;
pub use people::{center, charter_of_its_own, in_days, key, member, network, researcher, start};
pub use relay::{Relay, head_by, json};

use crate::cohort::{Cohort, write_center};
use crate::inspect::charges;

/// How a node's dealing with a query ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With a signed answer.
    Answered(Box<Answer>),
    /// With a signed refusal from the fixed list.
    Refused(RefusalReason),
    /// The node takes no notice of what it is shown, or has ended.
    Stopped,
}

/// A node with patients under a committee, and the coordinator that it faces.
pub struct Scene {
    /// The node's folder.
    pub data: DataDir,
    /// The node's clock.
    pub clock: Arc<StandingClock>,
    /// The coordinator.
    pub relay: Arc<Relay>,
    /// What was decided.
    pub charter: Charter,
    /// What was decided.
    pub roster: Roster,
    /// What was decided.
    pub template: TemplateDocument,
    /// What was decided.
    pub study: Study,
    authority: Made,
    _folder: tempfile::TempDir,
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene {
    /// With everything in the log that a query needs.
    pub fn new() -> Self {
        let scene = Self::founded();
        scene.log(scene.decided(&scene.roster));
        scene.log(scene.decided(&scene.template));
        scene.log(scene.decided(&scene.study));
        scene.log(scene.currency(start()));
        scene
    }

    /// With the charter in the log and nothing else.
    pub fn founded() -> Self {
        let scene = Self::unfounded();
        scene.log(scene.genesis());
        scene
    }

    /// With nothing in the log.
    pub fn unfounded() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let data = DataDir::new(folder.path().join("node"));
        let clock = Arc::new(StandingClock::new(start()));
        let charter = people::charter();
        let fingerprint = Envelope::sign(&charter, &key("kim")).id().to_string();
        let export = folder.path().join("export");
        write_center(
            &export,
            "K01",
            Cohort {
                patients: 40,
                deaths: 10,
            },
        );
        let said = |words: &[&str]| operator(&data, &clock, words);
        said(&[
            "init",
            "--center",
            "K01",
            "--network",
            "korea",
            "--coordinator",
            "https://localhost:1",
            "--charter",
            &fingerprint,
        ]);
        said(&["import", &export.to_string_lossy()]);
        said(&["lock"]);
        let k01 = node::keys::signing_key(&data)
            .expect("the node has a key")
            .public();
        let template = people::template();
        let id = Envelope::sign(&template, &key("office")).id();
        let made = create_authority(&network(), Validity::from(start(), CERTIFICATE_VALID));
        Self {
            clock,
            relay: Arc::default(),
            charter,
            roster: people::roster(k01),
            template,
            study: people::study(id),
            authority: made.expect("an authority can be made"),
            data,
            _folder: folder,
        }
    }

    /// The charter as its members signed it.
    pub fn genesis(&self) -> Envelope {
        let mut charter = Envelope::sign(&self.charter, &key("kim"));
        charter.add_signature(&key("park"));
        charter.add_signature(&key("choi"));
        charter
    }

    /// The log that the coordinator shows.
    pub fn seen(&self) -> LogPosition {
        self.relay.position()
    }

    /// What somebody who pinned the true charter makes of the log that is shown.
    pub fn governance(&self) -> Governance {
        let mut governance = Governance::pinned_to(self.genesis().id());
        for entry in self.relay.log() {
            governance.take(&entry).expect("the log can be read");
        }
        governance
    }

    /// Signed by all of `names`, who saw the log as it is shown.
    pub fn signed<P: Payload>(&self, document: &P, names: &[&str]) -> Envelope {
        let mut envelope = Envelope {
            signatures: vec![],
            ..Envelope::sign(document, &key("nobody"))
        };
        for name in names {
            envelope.add_signature_seeing(&key(name), self.seen());
        }
        envelope
    }

    /// Signed by the office that proposes it and by two members of both organisations.
    pub fn decided<P: Payload>(&self, document: &P) -> Envelope {
        self.signed(document, &["office", "kim", "choi"])
    }

    /// Appends to the log.
    pub fn log(&self, envelope: Envelope) {
        self.relay.append(envelope, self.clock.now());
    }

    /// The office's word at `time` that the log as shown is current.
    pub fn currency(&self, time: Timestamp) -> Envelope {
        Envelope::sign(
            &self.word(time, &self.governance().revocations()),
            &key("office"),
        )
    }

    /// The same, unsigned, counting these revocations.
    pub fn word(&self, time: Timestamp, revoked: &BTreeSet<DocumentId>) -> Currency {
        people::currency(time, self.seen(), revoked)
    }

    /// The id of a document, whoever signs it.
    pub fn id_of<P: Payload>(&self, document: &P) -> DocumentId {
        Envelope::sign(document, &key("nobody")).id()
    }

    /// What lee may ask, at this price.
    pub fn question(&self, rho: f64) -> Question {
        let shipped = shipped_template("feasibility-count").expect("it ships");
        let bound = shipped.bind(&BTreeMap::new()).expect("it has defaults");
        Question {
            template: self.id_of(&self.template),
            parameters: bound.canonical(),
            mode: Mode::Local,
            rho: NanoRho::at_most(rho).expect("an amount"),
            lock_date: start().to_zoned(jiff::tz::TimeZone::UTC).date(),
        }
    }

    /// A query of lee's that may be asked.
    pub fn query(&self, rho: f64) -> Query {
        Query {
            question: self.question(rho),
            study: self.id_of(&self.study),
            created: self.clock.now(),
            deadline: self.clock.now() + SignedDuration::from_hours(1),
            log: self.seen(),
        }
    }

    /// A query as lee signs it.
    pub fn by_lee(&self, query: &Query) -> Envelope {
        Envelope::sign(query, &key("lee"))
    }

    /// A member's revocation of a document.
    pub fn revocation(&self, document: DocumentId) -> Revocation {
        Revocation {
            network: network(),
            document,
            reason: "a patient asked".to_owned(),
            time: self.clock.now(),
        }
    }

    /// A successor of the charter that names its place in the log.
    pub fn successor(&self) -> Charter {
        Charter {
            version: 2,
            predecessor: Some(Predecessor {
                charter: self.genesis().id(),
                log_index: 0,
            }),
            ..self.charter.clone()
        }
    }

    /// Charged rows of the node's ledger, and their sum in nano-rho.
    pub fn charged(&self) -> (i64, i64) {
        charges(self.data.root())
    }

    /// What the node's own copy of the log says.
    pub fn mirrored(&self) -> Mirror {
        let config = NodeConfig::load(&self.data).expect("the node has a configuration");
        let key = node::keys::signing_key(&self.data).expect("the node has a key");
        let own = Own {
            center: config.center.clone(),
            key: key.public(),
        };
        Mirror::open(&self.data.log(), config.charter, own).expect("the mirror opens")
    }

    /// Logs a query and offers it to the node.
    pub fn asks(&self, query: &Envelope) -> End {
        self.log(query.clone());
        self.offers(query)
    }

    /// Offers a query to the node, whatever the log says.
    pub fn offers(&self, query: &Envelope) -> End {
        self.offers_often(query, 1);
        match self.relay.responses().first() {
            None => End::Stopped,
            Some(sent) => self.end(sent),
        }
    }

    /// Offers a query again and again until it was answered so often.
    pub fn offers_often(&self, query: &Envelope, times: usize) {
        self.relay.begin(std::slice::from_ref(query), times);
        self.serve(&self.authority, "localhost");
    }

    /// Offers a query behind a certificate of another authority.
    ///
    /// Whether the node answered before it had tried eight times to reach the coordinator.
    pub fn offers_behind_another_authority(&self, query: &Envelope) -> bool {
        let validity = Validity::from(start(), CERTIFICATE_VALID);
        let other = create_authority(&network(), validity).expect("an authority can be made");
        self.relay.begin(std::slice::from_ref(query), 1);
        self.serve(&other, "localhost")
    }

    fn end(&self, sent: &Envelope) -> End {
        let own = [node::keys::signing_key(&self.data)
            .expect("the node has a key")
            .public()]
        .into();
        if let Ok(answer) = sent.open::<Answer>(&own) {
            return End::Answered(Box::new(answer));
        }
        let refusal = sent.open::<Refusal>(&own);
        End::Refused(refusal.expect("a node answers or refuses").reason)
    }

    /// Runs the node until every offer was answered or the node takes no notice any more; whether it was answered.
    fn serve(&self, authority: &Made, host: &str) -> bool {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime can be made");
        let heard = runtime.block_on(self.serve_within(authority, host));
        runtime.shutdown_background();
        heard
    }

    async fn serve_within(&self, authority: &Made, host: &str) -> bool {
        let life = Shutdown::new();
        let server = self.bind(authority, host).await;
        let port = server.address().expect("it is bound").port();
        self.enrol(port);
        let (router, of_server) = (relay::router(&self.relay), Shutdown::new());
        let until = of_server.clone();
        of_server.spawn(async move { server.run(router, &until).await });
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let mut node = life.spawn(node::agent::run(self.data.clone(), clock, life.clone()));
        let heard = tokio::select! {
            heard = self.relay.heard() => heard,
            _ended = &mut node => return false,
            () = self.nothing_arrives(authority) => false,
        };
        life.finish().await;
        node.await
            .expect("the node does not panic")
            .expect("the node ends in peace");
        of_server.begin();
        heard
    }

    /// Ends once the node has tried often enough to reach a coordinator whose authority is not its own.
    async fn nothing_arrives(&self, authority: &Made) {
        if authority.public_pem == self.authority.public_pem {
            std::future::pending::<()>().await;
        }
        self.clock.waited(8).await;
    }

    async fn bind(&self, authority: &Made, host: &str) -> Server {
        let validity = Validity::from(start(), CERTIFICATE_VALID);
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let own = load(authority)
            .certify_server(&network(), &[host.to_owned()], validity)
            .expect("a server can be certified");
        let own = Credentials::from_pem(own.public_pem.as_bytes(), own.key_pem.as_bytes())
            .expect("a certificate and its key");
        let roots = Roots::from_pem(self.authority.public_pem.as_bytes()).expect("an authority");
        let tls = server_config(&own, &roots, &clock).expect("the server can be configured");
        Server::bind("127.0.0.1:0", tls, network())
            .await
            .expect("a free port")
    }

    /// The node's certificate, and where its coordinator listens.
    fn enrol(&self, port: u16) {
        let center = Identity::of_center(network(), "K01".parse().expect("an id"));
        let request = std::fs::read_to_string(self.data.tls_request()).expect("a request");
        let validity = Validity::from(start(), CERTIFICATE_VALID);
        let certificate = load(&self.authority).certify(&request, &center, validity);
        let write = |path, text: &str| std::fs::write(path, text).expect("the file can be written");
        write(
            self.data.tls_certificate(),
            &certificate.expect("the node can be certified"),
        );
        write(self.data.ca(), &self.authority.public_pem);
        let config = NodeConfig {
            coordinator: format!("https://localhost:{port}"),
            ..NodeConfig::load(&self.data).expect("the node has a configuration")
        };
        write(
            self.data.config(),
            &config.to_toml().expect("it can be written"),
        );
    }
}

fn load(made: &Made) -> Authority {
    Authority::load(&made.public_pem, made.key_pem.as_bytes()).expect("an authority and its key")
}

/// What the hospital's operator types.
fn operator(data: &DataDir, clock: &Arc<StandingClock>, words: &[&str]) {
    let folder = data.root().as_os_str().to_owned();
    let begin = [
        OsString::from("cartally-node"),
        OsString::from("--data"),
        folder,
    ];
    let args = begin.into_iter().chain(words.iter().map(OsString::from));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let end = node::run_with(args, &mut out, &mut err, &clock);
    assert_eq!(
        end,
        node::cli::End::Done,
        "{}",
        String::from_utf8_lossy(&err)
    );
}
