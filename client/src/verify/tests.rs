//! What can a lying coordinator make a researcher believe? Each lie, by name, against one small honest network.

use jiff::SignedDuration;
use protocol::documents::CenterEnding;
use protocol::ids::{ChainHead, QuestionId};
use rstest::rstest;

use super::story::Story;
use super::*;

impl Story {
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
    assert_eq!(story.code(query.id(), &bundle), "result-not-allowed");
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
