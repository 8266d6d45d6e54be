//! What does the node of a test hold, and what has its committee decided?

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use node::agent::mirror::{Mirror, Own};
use node::config::NodeConfig;
use node::data_dir::DataDir;
use protocol::amount::NanoRho;
use protocol::documents::{
    Charter, Currency, Predecessor, Query, Revocation, Roster, Study, TemplateDocument,
};
use protocol::envelope::{Envelope, Payload};
use protocol::ids::DocumentId;
use protocol::log::LogPosition;
use protocol::question::{Mode, Question};
use protocol::verify::Governance;
use question::template::shipped_template;
use transport::ca::{CERTIFICATE_VALID, Made, Validity, create_authority};
use transport::clock::Clock;

use super::clock::StandingClock;
use super::people::{self, key, network, start};
use super::relay::Relay;
use crate::cohort::{Cohort, write_center};
use crate::inspect::charges;

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
    /// The network's authority.
    pub authority: Made,
    /// How long the node's certificate lasts from the beginning.
    pub certificate_valid: Duration,
    /// The certificate that the node was last given by its operator.
    pub(super) issued: Mutex<String>,
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
            certificate_valid: CERTIFICATE_VALID,
            issued: Mutex::default(),
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

    /// What the hospital's operator types.
    pub fn operator(&self, words: &[&str]) {
        operator(&self.data, &self.clock, words);
    }
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
