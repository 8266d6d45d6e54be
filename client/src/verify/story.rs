//! What does an honest log look like? One small network, made by hand, in which every part can be told to lie.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use protocol::amount::NanoRho;
use protocol::api::ResultBundle;
use protocol::documents::{
    Answer, CenterEnd, CenterEnding, Charter, Currency, Member, Query, QueryResult, Refusal,
    RefusalReason, Researcher, Roster, RosterCenter, Study, TemplateDocument, hash_of_revocations,
};
use protocol::envelope::{Envelope, Payload};
use protocol::ids::{ChainHead, DocumentId, PlanDigest, QuestionId};
use protocol::keys::{SigningKey, SumKey};
use protocol::log::LogEntry;
use protocol::question::{Mode, Question};
use question::template::{Template, shipped_template};

use crate::mirror::Mirror;

/// What the story's question costs, and all that its study may spend: 0.05.
pub(crate) const RHO: u64 = 50_000_000;

/// The story's template.
fn count() -> Template {
    shipped_template("feasibility-count").unwrap()
}

pub(crate) fn new_key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap()
}

pub(crate) fn start() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// Four centers: K01 and K02 answer, K03 answers in another shape, K04 refuses; and the coordinator's log about it.
pub(crate) struct Story {
    /// Three, of whom two decide.
    pub(crate) members: Vec<SigningKey>,
    pub(crate) office: SigningKey,
    pub(crate) researcher: SigningKey,
    pub(crate) coordinator: SigningKey,
    pub(crate) centers: Vec<SigningKey>,
    pub(crate) mirror: Mirror,
    _dir: tempfile::TempDir,
}

impl Story {
    /// The network as the committee decided on it, with a timekeeper's word.
    pub(crate) fn new() -> Self {
        let mut story = Self::founded();
        let currency = story.currency(0);
        story.log(&currency);
        story
    }

    /// The same before a timekeeper has spoken.
    pub(crate) fn founded() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut story = Self {
            members: (0..3).map(|_| new_key()).collect(),
            office: new_key(),
            researcher: new_key(),
            coordinator: new_key(),
            centers: (0..4).map(|_| new_key()).collect(),
            mirror: Mirror::open(&dir.path().join("log.jsonl")).unwrap(),
            _dir: dir,
        };
        for document in [
            story.charter(),
            story.roster(1),
            story.template(),
            story.study(300),
        ] {
            story.log(&document);
        }
        story
    }

    /// The log goes on by one document, a second later.
    pub(crate) fn log(&mut self, envelope: &Envelope) {
        let index = self.mirror.position().entries;
        self.log_after(envelope, i64::try_from(index).unwrap());
    }

    /// The log goes on by one document, `seconds` after the story began.
    pub(crate) fn log_after(&mut self, envelope: &Envelope, seconds: i64) {
        let entry = LogEntry {
            index: self.mirror.position().entries,
            time: start() + SignedDuration::from_secs(seconds),
            envelope: envelope.clone(),
        };
        self.mirror.extend(&[entry]).unwrap();
    }

    pub(crate) fn decided<P: Payload>(&self, payload: &P) -> Envelope {
        let log = self.mirror.position();
        let mut envelope = Envelope::sign_seeing(payload, &self.office, log);
        for member in &self.members[..2] {
            envelope.add_signature_seeing(member, log);
        }
        envelope
    }

    pub(crate) fn charter(&self) -> Envelope {
        let mut charter = Envelope::sign(&self.charter_payload(), &self.members[0]);
        for member in &self.members[1..] {
            charter.add_signature(member);
        }
        charter
    }

    pub(crate) fn charter_payload(&self) -> Charter {
        let members = ["lee", "ana", "tom"].into_iter().zip(&self.members);
        let member = |(id, key): (&str, &SigningKey)| Member {
            id: id.parse().unwrap(),
            name: id.into(),
            organisation: format!("Society of {id}"),
            key: key.public(),
        };
        Charter {
            network: "demo".parse().unwrap(),
            version: 1,
            members: members.map(member).collect(),
            threshold: 2,
            minimum_organisations: 2,
            timekeepers: vec![self.office.public()],
            predecessor: None,
        }
    }

    pub(crate) fn roster(&self, version: u32) -> Envelope {
        self.decided(&self.roster_payload(version))
    }

    pub(crate) fn roster_payload(&self, version: u32) -> Roster {
        let centers = (1_u8..).zip(&self.centers).map(|(k, key)| RosterCenter {
            id: format!("K{k:02}").parse().unwrap(),
            name: format!("Hospital {k}"),
            signing_key: key.public(),
            sum_key: SumKey::from_bytes([k; 32]),
            valid_until: start() + SignedDuration::from_hours(24 * 365),
        });
        Roster {
            network: "demo".parse().unwrap(),
            proposer: self.office.public(),
            version,
            coordinator: self.coordinator.public(),
            centers: centers.collect(),
            answer_delay_s: 0.0,
        }
    }

    pub(crate) fn template(&self) -> Envelope {
        self.decided(&TemplateDocument {
            network: "demo".parse().unwrap(),
            proposer: self.office.public(),
            template: count().toml().to_owned(),
        })
    }

    pub(crate) fn study(&self, valid_s: i64) -> Envelope {
        self.decided(&self.study_payload(valid_s))
    }

    pub(crate) fn study_payload(&self, valid_s: i64) -> Study {
        // A study with another end is another version of it.
        let version = if valid_s == 300 { 1 } else { 2 };
        let researcher = Researcher {
            id: "kim".parse().unwrap(),
            name: "Kim".into(),
            key: self.researcher.public(),
        };
        Study {
            network: "demo".parse().unwrap(),
            proposer: self.office.public(),
            name: "first".parse().unwrap(),
            version,
            purpose: "to see".into(),
            protocol_reference: "none".into(),
            ethics_reference: "none".into(),
            researchers: vec![researcher],
            templates: vec![self.template().id()],
            rho_cap: NanoRho::from_nano(RHO),
            expires: start() + SignedDuration::from_secs(valid_s),
            calendar: vec![],
        }
    }

    /// A timekeeper's word, `age_s` seconds old when the story begins.
    pub(crate) fn currency(&self, age_s: i64) -> Envelope {
        let currency = Currency {
            network: "demo".parse().unwrap(),
            time: start() - SignedDuration::from_secs(age_s),
            log: self.mirror.position(),
            revocations: hash_of_revocations(&BTreeSet::new()),
        };
        Envelope::sign(&currency, &self.office)
    }

    pub(crate) fn question(&self, number: u8) -> Question {
        Question {
            template: self.template().id(),
            parameters: count().bind(&BTreeMap::new()).unwrap().canonical(),
            mode: Mode::Local,
            rho: NanoRho::from_nano(RHO),
            lock_date: format!("2026-11-{}", 20 + number).parse().unwrap(),
        }
    }

    pub(crate) fn query(&self, number: u8, study: &Envelope) -> Envelope {
        let query = Query {
            question: self.question(number),
            study: study.id(),
            created: start(),
            deadline: start() + SignedDuration::from_hours(1),
            log: self.mirror.position(),
        };
        Envelope::sign(&query, &self.researcher)
    }

    pub(crate) fn answer(&self, center: u8, question: QuestionId, parts: Vec<Vec<i64>>) -> Answer {
        let mut row = *question.as_bytes();
        row[0] = center;
        Answer {
            question,
            center: format!("K{:02}", center + 1).parse().unwrap(),
            lock: "2026-11-20.a1b2".parse().unwrap(),
            lock_date: "2026-11-20".parse().unwrap(),
            plan: PlanDigest::from_bytes([8; 32]),
            parts,
            cost: NanoRho::from_nano(RHO),
            ledger_head: ChainHead::from_bytes(row),
            log: self.mirror.position(),
        }
    }

    pub(crate) fn words(&self, query: &Envelope) -> Vec<Envelope> {
        let question = query.parse_unverified::<Query>().unwrap().question.id();
        let answered = |center: u8, parts: &[i64]| {
            let answer = self.answer(center, question, vec![parts.to_vec()]);
            Envelope::sign(&answer, &self.centers[usize::from(center)])
        };
        let refusal = Refusal {
            query: query.id(),
            center: "K04".parse().unwrap(),
            reason: RefusalReason::OutOfBudget,
            log: self.mirror.position(),
        };
        vec![
            answered(0, &[1, 10]),
            answered(1, &[2, 20]),
            answered(2, &[4, 40, 400]),
            Envelope::sign(&refusal, &self.centers[3]),
        ]
    }

    /// What an honest coordinator finds.
    pub(crate) fn honest(&self, query: &Envelope, words: &[Envelope]) -> QueryResult {
        let end = |(k, ending, reason, document): (u8, _, _, &Envelope)| CenterEnd {
            center: format!("K{k:02}").parse().unwrap(),
            ending,
            reason,
            document: Some(document.id()),
        };
        let budget = Some(RefusalReason::OutOfBudget);
        let ends = [
            (1, CenterEnding::Answered, None, &words[0]),
            (2, CenterEnding::Answered, None, &words[1]),
            (3, CenterEnding::Failed, None, &words[2]),
            (4, CenterEnding::OutOfBudget, budget, &words[3]),
        ];
        QueryResult {
            query: query.id(),
            question: query.parse_unverified::<Query>().unwrap().question.id(),
            roster: self.roster(1).id(),
            published: start() + SignedDuration::from_mins(1),
            centers: ends.map(end).into(),
            totals: vec![vec![3, 30]],
            log: self.mirror.position(),
        }
    }

    /// Asks, has the centers speak, publishes what `lie` makes of the honest result, and bundles it.
    pub(crate) fn told(
        &mut self,
        lie: impl FnOnce(&mut QueryResult),
    ) -> (DocumentId, ResultBundle) {
        let query = self.query(1, &self.study(300));
        self.log(&query);
        let words = self.words(&query);
        for word in &words {
            self.log(word);
        }
        let mut result = self.honest(&query, &words);
        lie(&mut result);
        let result = Envelope::sign(&result, &self.coordinator);
        self.log(&result);
        let bundle = ResultBundle {
            result,
            query: query.clone(),
            template: self.template(),
            study: self.study(300),
            roster: self.roster(1),
            answers: words,
        };
        (query.id(), bundle)
    }
}
