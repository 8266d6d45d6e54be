//! Answers and refusals that should not have been given, or not so.

use protocol::amount::NanoRho;
use protocol::documents::{Answer, Query, Refusal, RefusalReason};
use protocol::envelope::Envelope;
use protocol::ids::{ChainHead, DocumentId, PlanDigest, QuestionId};
use protocol::limits::{CELLS_MAX, PARTS_MAX};
use protocol::log::LogPosition;
use question::Dictionary;
use question::plan::plan;
use question::template::shipped_template;
use rstest::rstest;

use super::super::super::Code;
use super::super::{audited, codes, told};
use super::{answers, asked_and_answered, asks, must_find};
use crate::verify::story::{RHO, Story};

/// A question asked, and what `alter` makes of K01's answer.
fn answered(story: &mut Story, alter: impl FnOnce(&mut Answer)) {
    let query = asks(story, |_| {});
    story.log(&query);
    let answer = answers(story, &query, alter);
    story.log(&answer);
}

fn refused(story: &mut Story, alter: impl FnOnce(&mut Refusal)) {
    let query = asks(story, |_| {});
    story.log(&query);
    let mut refusal = Refusal {
        query: query.id(),
        center: "K01".parse().unwrap(),
        reason: RefusalReason::NoLock,
        log: story.mirror.position(),
    };
    alter(&mut refusal);
    let refusal = Envelope::sign(&refusal, &story.centers[0]);
    story.log(&refusal);
}

/// What this program makes of the story's question.
fn digest_of(story: &Story) -> PlanDigest {
    let template = shipped_template("feasibility-count").unwrap();
    let parameters = template.bind(&story.question(2).parameters).unwrap();
    let rho = NanoRho::from_nano(RHO);
    let dictionary = Dictionary::shipped().unwrap();
    plan(&template, &parameters, rho, &dictionary)
        .unwrap()
        .digest()
}

#[rstest]
#[case::to_a_question_that_nobody_asked(
    |s: &mut Story| answered(s, |a| a.question = QuestionId::from_bytes([1; 32])),
    Code::AnswerUnasked, &["entry 6, answer of K01", "nobody had asked"]
)]
#[case::by_a_center_that_is_not_in_the_roster(
    |s: &mut Story| answered(s, |a| a.center = "K99".parse().unwrap()),
    Code::AnswerNotInRoster, &["entry 6, answer of K99", "does not name this center"]
)]
#[case::with_another_centers_key(
    |s: &mut Story| answered(s, |a| a.center = "K02".parse().unwrap()),
    Code::NoSignature, &["entry 6, answer of K02", "study first"]
)]
#[case::after_the_center_had_left(
    |s: &mut Story| {
        let mut roster = s.roster_payload(2);
        roster.centers[0].valid_until = crate::verify::story::start();
        let roster = s.decided(&roster);
        s.log(&roster);
        answered(s, |_| {});
    },
    Code::AnswerNotInRoster, &["answer of K01", "place in the roster ended"]
)]
#[case::on_a_later_lock_than_asked(
    |s: &mut Story| answered(s, |a| a.lock_date = "2026-12-24".parse().unwrap()),
    Code::AnswerLockDate, &["answer of K01", "2026-12-24"]
)]
#[case::for_nothing(|s: &mut Story| answered(s, |a| a.cost = NanoRho::ZERO), Code::AnswerCost, &["answer of K01", "cost nothing"])]
#[case::for_more_than_asked(
    |s: &mut Story| answered(s, |a| a.cost = NanoRho::from_nano(RHO + 1)),
    Code::AnswerCost, &["answer of K01", "0.050000001", "allows 0.05"]
)]
#[case::of_too_many_parts(
    |s: &mut Story| answered(s, |a| a.parts = vec![vec![1]; PARTS_MAX + 1]),
    Code::AnswerSize, &["answer of K01", "more than 64 parts"]
)]
#[case::of_too_many_cells(
    |s: &mut Story| answered(s, |a| a.parts = vec![vec![1; CELLS_MAX + 1]]),
    Code::AnswerSize, &["answer of K01", "4096"]
)]
#[case::of_another_shape_than_its_question(
    |s: &mut Story| { let plan = digest_of(s); answered(s, |a| (a.plan, a.parts) = (plan, vec![vec![1; 100]])) },
    Code::AnswerSize, &["answer of K01", "number of cells"]
)]
#[case::before_the_node_had_seen_the_question(
    |s: &mut Story| answered(s, |a| a.log = LogPosition::EMPTY),
    Code::AnswerTooEarly, &["answer of K01", "had seen 0 entries"]
)]
#[case::of_a_ledger_without_a_charge(
    |s: &mut Story| answered(s, |a| a.ledger_head = ChainHead::EMPTY),
    Code::LedgerRolledBack, &["answer of K01", "without any charge"]
)]
#[case::of_a_ledger_rolled_back(
    |s: &mut Story| {
        answered(s, |a| a.ledger_head = ChainHead::from_bytes([5; 32]));
        asked_and_answered_again(s, |a| a.ledger_head = ChainHead::from_bytes([5; 32]));
    },
    Code::LedgerRolledBack, &["entry 8, answer of K01", "entry 6", "rolled back"]
)]
#[case::twice_and_not_the_same(
    |s: &mut Story| {
        answered(s, |_| {});
        let query = asks(s, |_| {});
        let other = answers(s, &query, |a| a.parts = vec![vec![2, 20]]);
        s.log(&other);
    },
    Code::AnsweredTwice, &["entry 7, answer of K01", "another answer", "entry 6"]
)]
#[case::beyond_the_studys_cap(
    |s: &mut Story| { answered(s, |_| {}); asked_and_answered_again(s, |_| {}) },
    Code::StudyOverspent, &["entry 8, answer of K01", "study first have cost rho 0.1", "cap is 0.05"]
)]
#[case::a_refusal_of_what_nobody_asked(
    |s: &mut Story| refused(s, |r| r.query = DocumentId::from_bytes([1; 32])),
    Code::RefusalUnasked, &["entry 6, refusal of K01", "not in the log"]
)]
#[case::a_refusal_by_a_foreign_center(
    |s: &mut Story| refused(s, |r| r.center = "K99".parse().unwrap()),
    Code::AnswerNotInRoster, &["entry 6, refusal of K99"]
)]
#[case::a_refusal_with_anothers_key(
    |s: &mut Story| refused(s, |r| r.center = "K02".parse().unwrap()),
    Code::NoSignature, &["entry 6, refusal of K02", "study first"]
)]
fn an_answer_that_should_not_be_there_is_found(
    #[case] lie: fn(&mut Story),
    #[case] code: Code,
    #[case] words: &[&str],
) {
    must_find(Story::new(), lie, code, words);
}

/// The next day's question, and K01's answer.
fn asked_and_answered_again(story: &mut Story, alter: impl FnOnce(&mut Answer)) {
    let query = asks(story, |q| {
        q.question.lock_date = "2026-11-25".parse().unwrap();
    });
    story.log(&query);
    let answer = answers(story, &query, alter);
    story.log(&answer);
}

#[test]
fn a_studys_versions_spend_from_one_cap() {
    let mut story = Story::new();
    answered(&mut story, |_| {});
    let newer = story.study(400);
    story.log(&newer);
    asked_and_answered(&mut story, |query| {
        query.study = newer.id();
        query.question.lock_date = "2026-11-25".parse().unwrap();
    });
    assert_eq!(codes(&audited(&story)), [Code::StudyOverspent]);
}

#[test]
fn an_answer_read_again_by_a_second_query_costs_its_study_nothing() {
    let mut story = told();
    let again = story.query(1, &story.study(300));
    let mut query: Query = again.parse_unverified().unwrap();
    query.created = crate::verify::story::start();
    let again = Envelope::sign(&query, &story.researcher);
    story.log(&again);
    let report = audited(&story);
    assert!(report.passes(), "{report}");
    assert_eq!((report.summary.queries, report.summary.questions), (2, 1));
}

#[rstest]
#[case::no_word_at_all(None, true)]
#[case::an_old_word(Some(15), true)]
#[case::a_word_of_thirteen_days(Some(13), false)]
fn an_answer_needs_a_timekeepers_word_that_was_valid(
    #[case] age_days: Option<i64>,
    #[case] is_found: bool,
) {
    let mut story = Story::founded();
    if let Some(days) = age_days {
        let currency = story.currency(days * 24 * 3600);
        story.log(&currency);
    }
    answered(&mut story, |_| {});
    let expected: &[Code] = if is_found {
        &[Code::AnswerNotCurrent]
    } else {
        &[]
    };
    assert_eq!(codes(&audited(&story)), expected);
}

#[test]
fn a_word_that_came_into_the_log_after_the_answer_counts_from_when_it_was_signed() {
    let mut story = Story::founded();
    answered(&mut story, |_| {});
    let currency = story.currency(60);
    story.log(&currency);
    assert!(audited(&story).passes());
}
