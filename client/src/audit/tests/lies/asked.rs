//! Queries that should not have been taken up, or not answered.

use jiff::SignedDuration;
use protocol::amount::NanoRho;
use protocol::documents::{Query, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::question::Mode;
use rstest::rstest;

use super::super::super::Code;
use super::super::{audited, codes};
use super::{asked_and_answered, asks, must_find};
use crate::verify::story::{RHO, Story, start};

fn ask(story: &mut Story, alter: impl FnOnce(&mut Query)) {
    let query = asks(story, alter);
    story.log(&query);
}

/// A template that the committee decided on and the study does not name.
fn another_template(story: &Story) -> Envelope {
    let shipped = question::template::shipped_template("survival").unwrap();
    story.decided(&TemplateDocument {
        network: "demo".parse().unwrap(),
        proposer: story.office.public(),
        template: shipped.toml().to_owned(),
    })
}

#[rstest]
#[case::more_rho_than_the_study_may_spend(
    |s: &mut Story| ask(s, |q| q.question.rho = NanoRho::from_nano(RHO + 1)),
    Code::QueryRho, &["entry 5, query", "in study first", "study may spend"]
)]
#[case::less_rho_than_the_template_allows(
    |s: &mut Story| asked_and_answered(s, |q| q.question.rho = NanoRho::from_nano(1)),
    Code::QueryRho, &["entry 5, query", "in study first", "outside the limits", "K01 answered it (entry 6)"]
)]
#[case::a_parameter_that_the_template_does_not_know(
    |s: &mut Story| asked_and_answered(s, |q| drop(q.question.parameters.insert("secret".into(), "1".into()))),
    Code::QueryParameters, &["no parameter", "secret", "K01 answered"]
)]
#[case::a_parameter_out_of_its_bounds(
    |s: &mut Story| asked_and_answered(s, |q| drop(q.question.parameters.insert("age".into(), "18..999".into()))),
    Code::QueryParameters, &["age", "K01 answered"]
)]
#[case::a_parameter_in_another_spelling(
    |s: &mut Story| asked_and_answered(s, |q| drop(q.question.parameters.insert("age".into(), "18..".into()))),
    Code::QueryParameters, &["one spelling", "K01 answered"]
)]
#[case::a_parameter_left_out(
    |s: &mut Story| asked_and_answered(s, |q| q.question.parameters.clear()),
    Code::QueryParameters, &["one spelling"]
)]
#[case::a_parameter_longer_than_any(
    |s: &mut Story| ask(s, |q| drop(q.question.parameters.insert("age".into(), "1".repeat(2000)))),
    Code::QueryParameters, &["longer ones"]
)]
#[case::a_mode_that_nobody_answers(
    |s: &mut Story| asked_and_answered(s, |q| q.question.mode = Mode::Secure),
    Code::QueryMode, &["mode secure", "K01 answered"]
)]
#[case::a_deadline_too_far(
    |s: &mut Story| ask(s, |q| q.deadline = start() + SignedDuration::from_hours(24 * 61)),
    Code::QueryDeadline, &["entry 5", "too far"]
)]
#[case::a_deadline_that_had_passed(|s: &mut Story| ask(s, |q| q.deadline = start()), Code::QueryDeadline, &["had passed"])]
#[case::a_study_that_nobody_decided(
    |s: &mut Story| ask(s, |q| q.study = DocumentId::from_bytes([9; 32])),
    Code::QueryNotInForce, &["in study 090909090909", "study was not in force"]
)]
#[case::a_template_that_the_study_does_not_name(
    |s: &mut Story| { let t = another_template(s); s.log(&t); ask(s, |q| q.question.template = t.id()) },
    Code::QueryTemplate, &["entry 6, query", "does not name the template"]
)]
#[case::by_nobody_of_the_study(
    |s: &mut Story| {
        let query: Query = asks(s, |_| {}).parse_unverified().unwrap();
        let signed = Envelope::sign(&query, &s.members[0]);
        s.log(&signed);
    },
    Code::QueryNotAResearcher, &["entry 5, query", "in study first"]
)]
#[case::after_the_study_expired(
    |s: &mut Story| { let q = asks(s, |_| {}); s.log_after(&q, 301) },
    Code::QueryExpired, &["study first", "expired"]
)]
#[case::a_study_whose_newer_version_is_in_force(
    |s: &mut Story| { let newer = s.study(400); s.log(&newer); ask(s, |_| {}) },
    Code::QueryNotInForce, &["newer version"]
)]
#[case::of_no_result_long_after_its_deadline(
    |s: &mut Story| { ask(s, |_| {}); let later = s.roster(2); s.log_after(&later, 3 * 3600) },
    Code::NotPublished, &["entry 5, query", "holds no result"]
)]
fn a_query_that_was_not_allowed_is_found(
    #[case] lie: fn(&mut Story),
    #[case] code: Code,
    #[case] words: &[&str],
) {
    must_find(Story::new(), lie, code, words);
}

#[test]
fn a_query_that_every_node_must_refuse_is_no_fault_as_long_as_none_answers() {
    let mut story = Story::new();
    ask(&mut story, |query| {
        query.question.rho = NanoRho::from_nano(1);
    });
    let report = audited(&story);
    assert!(report.passes(), "{report}");
    assert_eq!(report.summary.not_allowed, 1);
}

#[test]
fn a_template_that_cannot_be_read_here_is_said_to_be_unchecked() {
    let mut story = Story::new();
    let template = story.decided(&TemplateDocument {
        network: "demo".parse().unwrap(),
        proposer: story.office.public(),
        template: "name = \"of a newer version\"".into(),
    });
    story.log(&template);
    let mut study = story.study_payload(400);
    study.templates.push(template.id());
    let study = story.decided(&study);
    story.log(&study);
    asked_and_answered(&mut story, |query| {
        query.study = study.id();
        query.question.template = template.id();
    });
    assert_eq!(codes(&audited(&story)), [Code::TemplateUnreadable]);
}
