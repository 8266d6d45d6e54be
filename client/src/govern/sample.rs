//! A small network to decide in: three members of two organisations, two of whom must sign, an office that proposes, two
//! centers, one researcher. Keys are fixed, so that what is shown can be compared.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use protocol::amount::NanoRho;
use protocol::documents::{
    Answer, Charter, Decline, EnrolledRole, Enrolment, Member, Query, Researcher, Revocation,
    Roster, RosterCenter, Study, TemplateDocument,
};
use protocol::envelope::{Envelope, Payload};
use protocol::ids::{ChainHead, DocumentId, PlanDigest};
use protocol::keys::{PublicKey, SigningKey, SumKey};
use protocol::log::{LogEntry, LogPosition};
use protocol::question::{Mode, Question};
use protocol::verify::Governance;
use question::template::shipped_template;

use super::view::View;
use crate::mirror::Mirror;

/// The key of this number, the same in every run.
pub(crate) fn key(number: u8) -> SigningKey {
    // PKCS#8 of an Ed25519 seed (RFC 8410, section 7).
    let mut bytes = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    bytes.extend([number; 32]);
    SigningKey::from_pkcs8(&bytes).unwrap()
}

pub(crate) const KIM: u8 = 1;
pub(crate) const LEE: u8 = 2;
pub(crate) const PARK: u8 = 3;
pub(crate) const OFFICE: u8 = 4;
pub(crate) const CHOI: u8 = 5;
pub(crate) const COORDINATOR: u8 = 6;
/// Centers have the keys of this number and the following.
pub(crate) const CENTERS: u8 = 10;

pub(crate) fn start() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// The network and the log of what was decided in it.
pub(crate) struct Sample {
    pub(crate) mirror: Mirror,
    pub(crate) charter: Envelope,
    /// When the next entry comes.
    pub(crate) now: Timestamp,
    dir: tempfile::TempDir,
}

impl Sample {
    /// With the charter and three enrolments in its log.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut charter = Envelope::sign(&charter(), &key(KIM));
        charter.add_signature(&key(LEE));
        charter.add_signature(&key(PARK));
        let mut sample = Self {
            mirror: Mirror::open(&dir.path().join("log.jsonl")).unwrap(),
            charter: charter.clone(),
            now: start(),
            dir,
        };
        sample.log(&charter);
        sample.enrol(EnrolledRole::Person, "office", "Registry Office", OFFICE);
        sample.enrol(EnrolledRole::Person, "choi", "Dr Choi", CHOI);
        sample.enrol(EnrolledRole::Center, "K01", "First Hospital", CENTERS);
        sample
    }

    /// With roster, template and study in force too.
    pub(crate) fn running() -> Self {
        let mut sample = Self::new();
        let roster = sample.decide(&roster(1, 2));
        let template = sample.decide(&template("survival"));
        assert_ne!(roster, template);
        sample.decide(&study("first", 1, &[template]));
        sample
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// The log goes on by one document, a minute later.
    pub(crate) fn log(&mut self, envelope: &Envelope) -> DocumentId {
        let entry = LogEntry {
            index: self.mirror.position().entries,
            time: self.now,
            envelope: envelope.clone(),
        };
        self.now += SignedDuration::from_mins(1);
        self.mirror.extend(&[entry]).unwrap();
        envelope.id()
    }

    fn enrol(&mut self, role: EnrolledRole, id: &str, name: &str, number: u8) {
        let is_center = role == EnrolledRole::Center;
        let enrolment = Enrolment {
            network: "demo".parse().unwrap(),
            role,
            id: id.into(),
            name: name.into(),
            organisation: if is_center { "" } else { "Society" }.into(),
            signing_key: key(number).public(),
            sum_key: is_center.then(|| SumKey::from_bytes([number; 32])),
            request: String::new(),
            log: LogPosition::EMPTY,
        };
        self.log(&Envelope::sign(&enrolment, &key(number)));
    }

    /// Proposed by whoever's number this is.
    pub(crate) fn propose<P: Payload>(&mut self, payload: &P, by: u8) -> DocumentId {
        let signed = Envelope::sign_seeing(payload, &key(by), self.mirror.position());
        self.log(&signed)
    }

    /// Signed by a member, over this log.
    pub(crate) fn sign(&mut self, id: &DocumentId, member: u8) {
        let mut envelope = self.mirror.document(id).unwrap().clone();
        envelope.add_signature_seeing(&key(member), self.mirror.position());
        self.log(&envelope);
    }

    /// Proposed by the office and signed by two members.
    pub(crate) fn decide<P: Payload>(&mut self, payload: &P) -> DocumentId {
        let id = self.propose(payload, OFFICE);
        self.sign(&id, KIM);
        self.sign(&id, PARK);
        id
    }

    pub(crate) fn decline(&mut self, document: DocumentId, member: u8, reason: &str) {
        let decline = Decline {
            network: "demo".parse().unwrap(),
            document,
            reason: reason.into(),
            log: self.mirror.position(),
        };
        self.log(&Envelope::sign(&decline, &key(member)));
    }

    pub(crate) fn revoke(&mut self, document: DocumentId, member: u8) -> DocumentId {
        let revocation = Revocation {
            network: "demo".parse().unwrap(),
            document,
            reason: "an error in the cohort".into(),
            time: self.now,
        };
        self.propose(&revocation, member)
    }

    /// A question of a study, answered by a center at a price in thousandths of rho.
    pub(crate) fn answered(&mut self, study: DocumentId, center: u8, number: u8, cost: u64) {
        let question = Question {
            template: DocumentId::from_bytes([9; 32]),
            parameters: BTreeMap::from([("number".into(), number.to_string())]),
            mode: Mode::Local,
            rho: NanoRho::from_nano(cost * 1_000_000),
            lock_date: "2026-11-21".parse().unwrap(),
        };
        let query = Query {
            question: question.clone(),
            study,
            created: self.now,
            deadline: self.now + days(1),
            log: self.mirror.position(),
        };
        self.log(&Envelope::sign(&query, &key(CHOI)));
        let answer = Answer {
            question: question.id(),
            center: format!("K{center:02}").parse().unwrap(),
            lock: "2026-11-20.a1b2".parse().unwrap(),
            lock_date: "2026-11-20".parse().unwrap(),
            plan: PlanDigest::from_bytes([8; 32]),
            parts: vec![],
            cost: NanoRho::from_nano(cost * 1_000_000),
            ledger_head: ChainHead::EMPTY,
            log: self.mirror.position(),
        };
        self.log(&Envelope::sign(&answer, &key(CENTERS + center - 1)));
    }

    pub(crate) fn governance(&self) -> Governance {
        self.mirror.governance(self.charter.id())
    }

    /// What the holder of this key sees now.
    pub(crate) fn view(&self, me: u8) -> View<'_> {
        View::new(&self.mirror, self.governance(), key(me).public(), self.now)
    }
}

pub(crate) fn member(number: u8, id: &str, name: &str, organisation: &str) -> Member {
    Member {
        id: id.parse().unwrap(),
        name: name.into(),
        organisation: organisation.into(),
        key: key(number).public(),
    }
}

pub(crate) fn charter() -> Charter {
    Charter {
        network: "demo".parse().unwrap(),
        version: 1,
        members: vec![
            member(KIM, "kim", "Dr Kim", "Society"),
            member(LEE, "lee", "Dr Lee", "Society"),
            member(PARK, "park", "Dr Park", "Patients' Council"),
        ],
        threshold: 2,
        minimum_organisations: 2,
        timekeepers: vec![key(OFFICE).public()],
        predecessor: None,
    }
}

pub(crate) fn center(number: u8) -> RosterCenter {
    let key_number = CENTERS + number - 1;
    RosterCenter {
        id: format!("K{number:02}").parse().unwrap(),
        name: if number == 1 {
            "First Hospital".into()
        } else {
            format!("Hospital {number}")
        },
        signing_key: key(key_number).public(),
        sum_key: SumKey::from_bytes([key_number; 32]),
        valid_until: start() + days(365),
    }
}

pub(crate) fn roster(version: u32, centers: u8) -> Roster {
    Roster {
        network: "demo".parse().unwrap(),
        proposer: office(),
        version,
        coordinator: key(COORDINATOR).public(),
        centers: (1..=centers).map(center).collect(),
        answer_delay_s: 5.0,
    }
}

pub(crate) fn template(name: &str) -> TemplateDocument {
    TemplateDocument {
        network: "demo".parse().unwrap(),
        proposer: office(),
        template: shipped_template(name).unwrap().toml().to_owned(),
    }
}

pub(crate) fn study(name: &str, version: u32, templates: &[DocumentId]) -> Study {
    Study {
        network: "demo".parse().unwrap(),
        proposer: office(),
        name: name.parse().unwrap(),
        version,
        purpose: "Survival after the first infusion, for the yearly report.".into(),
        protocol_reference: "P-1".into(),
        ethics_reference: "E-1".into(),
        researchers: vec![Researcher {
            id: "choi".parse().unwrap(),
            name: "Dr Choi".into(),
            key: key(CHOI).public(),
        }],
        templates: templates.to_vec(),
        rho_cap: NanoRho::from_nano(200_000_000),
        expires: start() + days(365),
        calendar: vec![],
    }
}

pub(crate) fn office() -> PublicKey {
    key(OFFICE).public()
}
