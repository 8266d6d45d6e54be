//! Results that say something else than what was signed.

use protocol::documents::{CenterEnding, QueryResult};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use rstest::rstest;

use super::super::super::Code;
use super::super::{audited, must_say};
use crate::verify::story::Story;

fn calls_late(result: &mut QueryResult) {
    let end = &mut result.centers[1];
    (end.ending, end.document) = (CenterEnding::Late, None);
    result.totals = vec![vec![1, 10]];
}

#[rstest]
#[case::a_wrong_sum(|r: &mut QueryResult| r.totals[0][0] += 1, Code::ResultMismatch, &["entry 10, result of query", "in study first", "totals"])]
#[case::a_center_left_out(|r: &mut QueryResult| drop(r.centers.pop()), Code::ResultMismatch, &["each center of the roster"])]
#[case::a_center_twice(|r: &mut QueryResult| r.centers[3] = r.centers[2].clone(), Code::ResultMismatch, &["each center"])]
#[case::a_refusal_with_another_reason(|r: &mut QueryResult| r.centers[3].reason = None, Code::ResultMismatch, &["K04 is counted"])]
#[case::another_roster(|r: &mut QueryResult| r.roster = DocumentId::from_bytes([1; 32]), Code::ResultMismatch, &["another roster"])]
#[case::another_query(|r: &mut QueryResult| r.query = DocumentId::from_bytes([1; 32]), Code::ResultUnasked, &["not in the log"])]
#[case::a_word_in_time_called_late_early(calls_late, Code::ResultEarly, &["K02 late before the deadline"])]
fn a_lie_in_a_result_is_found(
    #[case] lie: fn(&mut QueryResult),
    #[case] code: Code,
    #[case] words: &[&str],
) {
    let mut story = Story::new();
    story.told(lie);
    must_say(&audited(&story), code, words);
}

/// Asks, lets the centers speak; the honest result, to be told later.
fn asked(story: &mut Story, words: usize) -> QueryResult {
    let query = story.query(1, &story.study(300));
    story.log(&query);
    let all = story.words(&query);
    for word in all.iter().take(words) {
        story.log(word);
    }
    story.honest(&query, &all)
}

#[test]
fn a_word_that_came_in_time_and_is_called_late_is_withheld() {
    let mut story = Story::new();
    let mut result = asked(&mut story, 4);
    calls_late(&mut result);
    let result = Envelope::sign(&result, &story.coordinator);
    story.log_after(&result, 3600);
    must_say(
        &audited(&story),
        Code::ResultWithholds,
        &["entry 10, result", "calls K02 late", "came in time"],
    );
}

#[test]
fn a_result_counts_only_words_that_stand_before_it() {
    let mut story = Story::new();
    let result = asked(&mut story, 3);
    let result = Envelope::sign(&result, &story.coordinator);
    story.log(&result);
    must_say(
        &audited(&story),
        Code::ResultNotInLog,
        &["answer of K04", "before it"],
    );
}

#[test]
fn a_second_result_of_one_query_is_found() {
    let mut story = Story::new();
    let mut result = asked(&mut story, 4);
    let first = Envelope::sign(&result, &story.coordinator);
    story.log(&first);
    result.totals[0][0] += 1;
    let second = Envelope::sign(&result, &story.coordinator);
    story.log(&second);
    must_say(
        &audited(&story),
        Code::ResultPublishedTwice,
        &["entry 11, result", "entry 10"],
    );
}

#[test]
fn only_the_rosters_coordinator_publishes() {
    let mut story = Story::new();
    let result = asked(&mut story, 4);
    let result = Envelope::sign(&result, &story.office);
    story.log(&result);
    must_say(
        &audited(&story),
        Code::ResultSignature,
        &["entry 10, result"],
    );
}
