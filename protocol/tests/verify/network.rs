//! A network to be tested: kim and park of the society, choi of the university, two of three from both decide; the registry
//! office proposes and keeps time, lee asks, K01 answers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use protocol::amount::NanoRho;
use protocol::documents::{
    Charter, Currency, Decline, Member, Predecessor, Query, RefusalReason, Researcher, Revocation,
    Roster, RosterCenter, Study, TemplateDocument, hash_of_revocations,
};
use protocol::envelope::{Envelope, Payload};
use protocol::ids::{CenterId, DocumentId, NetworkName};
use protocol::keys::{SigningKey, SumKey};
use protocol::log::{LogEntry, LogPosition};
use protocol::question::{Mode, Question};
use protocol::verify::{Asked, Authorised, Governance, Taken, Votes, authorise};

/// The key of whoever is called so: the same in every test.
pub(crate) fn key(name: &str) -> SigningKey {
    // PKCS#8 of an Ed25519 key (RFC 8410), before its 32 bytes.
    let mut pkcs8 = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    pkcs8.extend(name.bytes().chain(std::iter::repeat(0)).take(32));
    SigningKey::from_pkcs8(&pkcs8).unwrap()
}

pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn in_days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

pub(crate) fn korea() -> NetworkName {
    "korea".parse().unwrap()
}

pub(crate) fn center() -> CenterId {
    "K01".parse().unwrap()
}

pub(crate) fn member(id: &str, organisation: &str) -> Member {
    Member {
        id: id.parse().unwrap(),
        name: format!("Dr {id}"),
        organisation: organisation.into(),
        key: key(id).public(),
    }
}

pub(crate) fn researcher(id: &str, key_of: &str) -> Researcher {
    Researcher {
        id: id.parse().unwrap(),
        name: format!("Dr {id}"),
        key: key(key_of).public(),
    }
}

/// The documents of a network, which a test alters before they are signed.
#[derive(Clone)]
pub(crate) struct Documents {
    pub(crate) charter: Charter,
    pub(crate) roster: Roster,
    pub(crate) template: TemplateDocument,
    pub(crate) study: Study,
    pub(crate) currency: Currency,
    pub(crate) query: Query,
}

impl Documents {
    pub(crate) fn new() -> Self {
        let template = TemplateDocument {
            network: korea(),
            proposer: key("office").public(),
            template: "name = \"survival\"".into(),
        };
        let template_id = Envelope::sign(&template, &key("office")).id();
        Self {
            charter: charter(),
            roster: roster(),
            study: study(template_id),
            currency: Currency {
                network: korea(),
                time: now(),
                log: LogPosition::EMPTY,
                revocations: hash_of_revocations(&BTreeSet::new()),
            },
            query: query(template_id),
            template,
        }
    }
}

impl Documents {
    /// Names the template as it is now in the study and the query.
    pub(crate) fn rename_template(&mut self) {
        let id = Envelope::sign(&self.template, &key("office")).id();
        self.study.templates = vec![id];
        self.query.question.template = id;
    }
}

fn charter() -> Charter {
    Charter {
        network: korea(),
        version: 1,
        members: vec![
            member("kim", "society"),
            member("park", "society"),
            member("choi", "university"),
        ],
        threshold: 2,
        minimum_organisations: 2,
        timekeepers: vec![key("office").public()],
        predecessor: None,
    }
}

fn roster() -> Roster {
    let k01 = RosterCenter {
        id: center(),
        name: "First".into(),
        signing_key: key("K01").public(),
        sum_key: SumKey::from_bytes([1; 32]),
        valid_until: in_days(365),
    };
    Roster {
        network: korea(),
        proposer: key("office").public(),
        version: 1,
        coordinator: key("coordinator").public(),
        centers: vec![k01],
        answer_delay_s: 5.0,
    }
}

fn study(template: DocumentId) -> Study {
    Study {
        network: korea(),
        proposer: key("office").public(),
        name: "first".parse().unwrap(),
        version: 1,
        purpose: "survival after infusion".into(),
        protocol_reference: "P-1".into(),
        ethics_reference: "E-1".into(),
        researchers: vec![researcher("lee", "lee")],
        templates: vec![template],
        rho_cap: NanoRho::from_nano(500_000_000),
        expires: in_days(365),
        calendar: vec![],
    }
}

fn query(template: DocumentId) -> Query {
    let question = Question {
        template,
        parameters: BTreeMap::new(),
        mode: Mode::Local,
        rho: NanoRho::from_nano(50_000_000),
        lock_date: "2026-11-21".parse().unwrap(),
    };
    Query {
        question,
        study: DocumentId::from_bytes([0; 32]),
        created: now(),
        deadline: in_days(1),
        log: LogPosition::EMPTY,
    }
}

/// A log and what one reader makes of it.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) documents: Documents,
    pub(crate) entries: Vec<LogEntry>,
    pub(crate) governance: Governance,
}

impl Network {
    /// Nothing in the log; the reader has pinned `documents`' charter.
    pub(crate) fn of(documents: Documents) -> Self {
        let pinned = Envelope::sign(&documents.charter, &key("kim")).id();
        Self {
            governance: Governance::pinned_to(pinned),
            entries: vec![],
            documents,
        }
    }

    /// The charter in force, and nothing else.
    pub(crate) fn founded() -> Self {
        let mut network = Self::of(Documents::new());
        assert!(matches!(network.found(), Taken::InForce));
        network
    }

    /// Everything in force that a query needs.
    pub(crate) fn ready() -> Self {
        let mut network = Self::founded();
        network.decide_all();
        network
    }

    /// Logs the charter as its members signed it.
    pub(crate) fn found(&mut self) -> Taken {
        let mut charter = Envelope::sign(&self.documents.charter, &key("kim"));
        charter.add_signature(&key("park"));
        charter.add_signature(&key("choi"));
        self.log(charter)
    }

    /// Logs roster, template, study and currency, whether or not they come into force.
    pub(crate) fn decide_all(&mut self) {
        let documents = self.documents.clone();
        self.log(self.decided(&documents.roster));
        self.log(self.decided(&documents.template));
        let study = self.decided(&documents.study);
        self.documents.query.study = study.id();
        self.log(study);
        self.log(Envelope::sign(&documents.currency, &key("office")));
    }

    pub(crate) fn seen(&self) -> LogPosition {
        self.governance.chain().position()
    }

    /// Signed by all of `names`, who saw the log as it is.
    pub(crate) fn signed<P: Payload>(&self, document: &P, names: &[&str]) -> Envelope {
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
    pub(crate) fn decided<P: Payload>(&self, document: &P) -> Envelope {
        self.signed(document, &["office", "kim", "choi"])
    }

    /// Appends to the log.
    pub(crate) fn log(&mut self, envelope: Envelope) -> Taken {
        self.log_at(envelope, now())
    }

    /// Appends to the log with another date than now.
    pub(crate) fn log_at(&mut self, envelope: Envelope, time: Timestamp) -> Taken {
        let entry = LogEntry {
            index: self.seen().entries,
            time,
            envelope,
        };
        let taken = self.governance.take(&entry).unwrap();
        self.entries.push(entry);
        taken
    }

    pub(crate) fn post<P: Payload>(&mut self, document: &P, names: &[&str]) -> Taken {
        self.log(self.signed(document, names))
    }

    /// lee's query.
    pub(crate) fn query(&self) -> Envelope {
        Envelope::sign(&self.documents.query, &key("lee"))
    }

    /// lee asks, and K01 judges now.
    pub(crate) fn ask(&mut self) -> Result<Authorised, RefusalReason> {
        self.ask_at(now())
    }

    /// lee asks, and K01 judges when its clock shows `time`.
    pub(crate) fn ask_at(&mut self, time: Timestamp) -> Result<Authorised, RefusalReason> {
        let query = self.query();
        if self.governance.query_index(&query.id()).is_none() {
            self.log(query.clone());
        }
        self.judge(&query, time)
    }

    pub(crate) fn judge(
        &self,
        query: &Envelope,
        now: Timestamp,
    ) -> Result<Authorised, RefusalReason> {
        let asked = Asked {
            center: &center(),
            signing_key: key("K01").public(),
            now,
        };
        authorise(&self.governance, query, asked)
    }

    /// The refusal that lee gets.
    pub(crate) fn refusal(&mut self) -> RefusalReason {
        self.ask().unwrap_err()
    }

    pub(crate) fn revocation(&self, document: DocumentId, time: Timestamp) -> Revocation {
        Revocation {
            network: self.documents.charter.network.clone(),
            document,
            reason: "a patient asked".into(),
            time,
        }
    }

    pub(crate) fn decline(&self, document: DocumentId) -> Decline {
        Decline {
            network: korea(),
            document,
            reason: "too wide".into(),
            log: self.seen(),
        }
    }

    /// The office's word about the log as it is, at `time`.
    pub(crate) fn current(&self, time: Timestamp) -> Currency {
        Currency {
            time,
            log: self.seen(),
            revocations: hash_of_revocations(&self.governance.revocations()),
            ..self.documents.currency.clone()
        }
    }

    /// A successor of the charter in force.
    pub(crate) fn successor(&self) -> Charter {
        let ruling = self.governance.newest_ruling().unwrap();
        Charter {
            version: ruling.charter.version + 1,
            predecessor: Some(Predecessor {
                charter: ruling.id,
                log_index: ruling.index,
            }),
            ..ruling.charter.clone()
        }
    }

    /// The same log, read again from its beginning.
    pub(crate) fn read_again(&self) -> Governance {
        let mut governance = Governance::pinned_to(self.governance.fingerprint().unwrap());
        for entry in &self.entries {
            governance.take(entry).unwrap();
        }
        governance
    }
}

/// The votes of a document that is not in force.
pub(crate) fn pending(taken: Taken) -> Votes {
    match taken {
        Taken::Pending(votes) => votes,
        other => panic!("expected a pending document, got {other:?}"),
    }
}
