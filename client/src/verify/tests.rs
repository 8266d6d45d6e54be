//! What can a lying coordinator make a researcher believe? Each lie, by name, against one small honest network.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use protocol::amount::NanoRho;
use protocol::documents::{Charter, Member, RefusalReason, Researcher};
use protocol::ids::{ChainHead, QuestionId};
use protocol::keys::{SigningKey, SumKey};
use protocol::log::LogEntry;
use protocol::question::{Mode, Question};
use rstest::rstest;

use super::*;

fn new_key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap()
}

fn start() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// Four centers: K01 and K02 answer, K03 answers in another shape, K04 refuses; and the coordinator's log about it.
struct Story {
    member: SigningKey,
    office: SigningKey,
    researcher: SigningKey,
    coordinator: SigningKey,
    centers: Vec<SigningKey>,
    mirror: Mirror,
    _dir: tempfile::TempDir,
}

impl Story {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut story = Self {
            member: new_key(),
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
    fn log(&mut self, envelope: &Envelope) {
        let index = self.mirror.position().entries;
        let entry = LogEntry {
            index,
            time: start() + SignedDuration::from_secs(i64::try_from(index).unwrap()),
            envelope: envelope.clone(),
        };
        self.mirror.extend(&[entry]).unwrap();
    }

    fn decided<P: Payload>(&self, payload: &P) -> Envelope {
        let mut envelope = Envelope::sign_seeing(payload, &self.office, LogPosition::EMPTY);
        envelope.add_signature_seeing(&self.member, LogPosition::EMPTY);
        envelope
    }

    fn charter(&self) -> Envelope {
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

    fn roster(&self, version: u32) -> Envelope {
        let centers = (1_u8..).zip(&self.centers).map(|(k, key)| RosterCenter {
            id: format!("K{k:02}").parse().unwrap(),
            name: format!("Hospital {k}"),
            signing_key: key.public(),
            sum_key: SumKey::from_bytes([k; 32]),
            valid_until: start() + SignedDuration::from_hours(24 * 365),
        });
        self.decided(&Roster {
            network: "demo".parse().unwrap(),
            proposer: self.office.public(),
            version,
            coordinator: self.coordinator.public(),
            centers: centers.collect(),
            answer_delay_s: 0.0,
        })
    }

    fn template(&self) -> Envelope {
        self.decided(&TemplateDocument {
            network: "demo".parse().unwrap(),
            proposer: self.office.public(),
            template: "name = \"count\"".into(),
        })
    }

    fn study(&self, valid_s: i64) -> Envelope {
        // A study with another end is another version of it.
        let version = if valid_s == 300 { 1 } else { 2 };
        let researcher = Researcher {
            id: "kim".parse().unwrap(),
            name: "Kim".into(),
            key: self.researcher.public(),
        };
        self.decided(&Study {
            network: "demo".parse().unwrap(),
            proposer: self.office.public(),
            name: "first".parse().unwrap(),
            version,
            purpose: "to see".into(),
            protocol_reference: "none".into(),
            ethics_reference: "none".into(),
            researchers: vec![researcher],
            templates: vec![self.template().id()],
            rho_cap: NanoRho::from_nano(500),
            expires: start() + SignedDuration::from_secs(valid_s),
            calendar: vec![],
        })
    }

    fn question(&self, number: u8) -> Question {
        Question {
            template: self.template().id(),
            parameters: BTreeMap::from([("number".into(), number.to_string())]),
            mode: Mode::Local,
            rho: NanoRho::from_nano(500),
            lock_date: "2026-11-21".parse().unwrap(),
        }
    }

    fn query(&self, number: u8, study: &Envelope) -> Envelope {
        let query = Query {
            question: self.question(number),
            study: study.id(),
            created: start(),
            deadline: start() + SignedDuration::from_hours(1),
            log: self.mirror.position(),
        };
        Envelope::sign(&query, &self.researcher)
    }

    fn answer(center: u8, question: QuestionId, parts: Vec<Vec<i64>>) -> Answer {
        Answer {
            question,
            center: format!("K{:02}", center + 1).parse().unwrap(),
            lock: "2026-11-20.a1b2".parse().unwrap(),
            lock_date: "2026-11-20".parse().unwrap(),
            plan: PlanDigest::from_bytes([8; 32]),
            parts,
            cost: NanoRho::from_nano(500),
            ledger_head: ChainHead::EMPTY,
            log: LogPosition::EMPTY,
        }
    }

    fn words(&self, query: &Envelope) -> Vec<Envelope> {
        let question = query.parse_unverified::<Query>().unwrap().question.id();
        let answered = |center: u8, parts: &[i64]| {
            let answer = Self::answer(center, question, vec![parts.to_vec()]);
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
    fn honest(&self, query: &Envelope, words: &[Envelope]) -> QueryResult {
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
    fn told(&mut self, lie: impl FnOnce(&mut QueryResult)) -> (DocumentId, ResultBundle) {
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

    fn judged(&self, asked: DocumentId, bundle: &ResultBundle) -> Result<Verified, VerifyError> {
        verify(self.charter().id(), &self.mirror, asked, bundle)
    }

    fn code(&self, asked: DocumentId, bundle: &ResultBundle) -> &'static str {
        self.judged(asked, bundle).unwrap_err().code()
    }
}

#[test]
fn an_honest_result_verifies_with_an_answer_that_could_not_be_added() {
    let mut story = Story::new();
    let (asked, bundle) = story.told(|_| {});
    let verified = story.judged(asked, &bundle).unwrap();
    assert_eq!(verified.answers.len(), 2);
    assert!(verified.must_be_of(PlanDigest::from_bytes([8; 32])).is_ok());
    let other = verified.must_be_of(PlanDigest::from_bytes([9; 32]));
    assert_eq!(other.unwrap_err().code(), "result-other-plan");
}

/// Takes K02 out of the total and says that it ended so.
fn without_second(result: &mut QueryResult, ending: CenterEnding, reason: Option<RefusalReason>) {
    (result.centers[1].ending, result.centers[1].reason) = (ending, reason);
    result.totals = vec![vec![1, 10]];
}

#[rstest]
#[case::a_right_answer_dropped_as_failed(|r: &mut QueryResult| without_second(r, CenterEnding::Failed, None))]
#[case::a_right_answer_dropped_as_late(|r: &mut QueryResult| without_second(r, CenterEnding::Late, None))]
#[case::a_right_answer_dropped_as_refused(
    |r: &mut QueryResult| without_second(r, CenterEnding::Refused, Some(RefusalReason::PersonRefuses))
)]
#[case::a_refusal_with_another_reason(|r: &mut QueryResult| r.centers[3].reason = Some(RefusalReason::RateLimited))]
#[case::a_refusal_counted_as_late(|r: &mut QueryResult| {
    (r.centers[3].ending, r.centers[3].reason) = (CenterEnding::Late, None);
})]
#[case::a_wrong_sum(|r: &mut QueryResult| r.totals[0][0] += 1)]
#[case::a_center_left_out(|r: &mut QueryResult| drop(r.centers.pop()))]
#[case::a_center_twice(|r: &mut QueryResult| r.centers[3] = r.centers[2].clone())]
#[case::anothers_answer(|r: &mut QueryResult| r.centers[1].document = r.centers[0].document)]
#[case::an_end_without_its_document(|r: &mut QueryResult| r.centers[3].document = None)]
#[case::another_question(|r: &mut QueryResult| r.question = QuestionId::from_bytes([1; 32]))]
#[case::another_query(|r: &mut QueryResult| r.query = DocumentId::from_bytes([1; 32]))]
#[case::another_roster(|r: &mut QueryResult| r.roster = DocumentId::from_bytes([1; 32]))]
#[case::another_log(|r: &mut QueryResult| r.log.head = ChainHead::from_bytes([1; 32]))]
fn a_lie_in_the_result_is_not_believed(#[case] lie: fn(&mut QueryResult)) {
    let mut story = Story::new();
    let (asked, bundle) = story.told(lie);
    let code = story.code(asked, &bundle);
    assert!(
        matches!(
            code,
            "result-mismatch" | "result-other-log" | "result-signature"
        ),
        "{code}"
    );
}

#[test]
fn a_center_that_was_silent_is_late_and_nothing_else() {
    let mut story = Story::new();
    let (asked, bundle) = story.told(|result| {
        without_second(result, CenterEnding::Late, None);
        result.centers[1].document = None;
    });
    assert_eq!(story.judged(asked, &bundle).unwrap().answers.len(), 1);
}

#[test]
fn the_result_of_another_query_is_not_taken_for_the_one_asked() {
    let mut story = Story::new();
    let (_, old) = story.told(|_| {});
    let asked = story.query(2, &story.study(300));
    story.log(&asked);
    assert_eq!(story.code(asked.id(), &old), "result-mismatch");
}

#[test]
fn a_result_that_is_not_in_the_log_is_not_believed() {
    let mut story = Story::new();
    let (asked, mut bundle) = story.told(|_| {});
    let mut private: QueryResult = bundle.result.parse_unverified().unwrap();
    private.published += SignedDuration::from_secs(1);
    bundle.result = Envelope::sign(&private, &story.coordinator);
    assert_eq!(story.code(asked, &bundle), "result-not-in-log");
}

#[test]
fn neither_of_two_results_is_believed() {
    let mut story = Story::new();
    let (asked, bundle) = story.told(|_| {});
    let mut second: QueryResult = bundle.result.parse_unverified().unwrap();
    second.published += SignedDuration::from_secs(1);
    let second = Envelope::sign(&second, &story.coordinator);
    story.log(&second);
    assert_eq!(story.code(asked, &bundle), "result-published-twice");
}

#[test]
fn a_roster_that_came_into_force_later_or_was_replaced_before_is_not_the_one_asked() {
    let mut story = Story::new();
    let newer = story.roster(2);
    let (asked, mut bundle) = story.told(|_| {});
    story.log(&newer);
    assert!(story.judged(asked, &bundle).is_ok());
    bundle.roster = newer.clone();
    assert_eq!(story.code(asked, &bundle), "result-not-in-force");
    let mut story = Story::new();
    let newer = story.roster(2);
    story.log(&newer);
    let (asked, bundle) = story.told(|_| {});
    assert_eq!(story.code(asked, &bundle), "result-not-in-force");
}

#[test]
fn a_query_after_its_study_expired_has_no_result() {
    let mut story = Story::new();
    let expired = story.study(1);
    story.log(&expired);
    let query = story.query(1, &expired);
    story.log(&query);
    let words = story.words(&query);
    for word in &words {
        story.log(word);
    }
    let result = Envelope::sign(&story.honest(&query, &words), &story.coordinator);
    story.log(&result);
    let bundle = ResultBundle {
        result,
        query: query.clone(),
        template: story.template(),
        study: expired,
        roster: story.roster(1),
        answers: words,
    };
    assert_eq!(story.code(query.id(), &bundle), "result-mismatch");
}

#[test]
fn only_the_rosters_coordinator_publishes_and_only_under_the_pinned_charter() {
    let mut story = Story::new();
    let (asked, mut bundle) = story.told(|_| {});
    let pinned_elsewhere = DocumentId::from_bytes([1; 32]);
    let refused = verify(pinned_elsewhere, &story.mirror, asked, &bundle).unwrap_err();
    assert_eq!(refused.code(), "result-not-in-force");
    let result: QueryResult = bundle.result.parse_unverified().unwrap();
    bundle.result = Envelope::sign(&result, &story.researcher);
    // The same document in the log, with another signature in the bundle.
    assert_eq!(story.code(asked, &bundle), "result-signature");
}
