//! The policy's claims.

use jiff::civil::date;
use rstest::rstest;

use super::*;
use crate::init::DEFAULT_POLICY;

fn parse(text: &str) -> Result<Policy, NodeError> {
    Policy::parse(text, Path::new("policy.toml"))
}

/// The default policy with `more` behind it.
fn with(more: &str) -> Result<Policy, NodeError> {
    parse(&format!("{DEFAULT_POLICY}\n{more}\n"))
}

#[test]
fn the_default_policy_holds_the_documented_caps() {
    let policy = parse(DEFAULT_POLICY).unwrap();
    assert_eq!(
        (policy.caps.year.nano(), policy.caps.lifetime.nano()),
        (500_000_000, 2_500_000_000)
    );
    // 0.1 is no binary fraction, and the cap is not a billionth more for it.
    assert_eq!(policy.caps.query.nano(), 100_000_000);
    assert_eq!(
        policy.decision("any", "survival", "kim"),
        Decision::Automatic
    );
    assert_eq!(policy.review_board("any", date(2026, 1, 1)), Ok(None));
    assert_eq!(policy.text(), DEFAULT_POLICY);
}

#[test]
fn what_the_default_policy_shows_as_a_comment_is_a_policy() {
    let (begin, shown) = DEFAULT_POLICY.split_once("\n# [[approval.rules]]").unwrap();
    let shown = format!("{begin}\n# [[approval.rules]]{shown}");
    let shown = shown
        .replace("\n# [", "\n[")
        .replace("\n# study =", "\nstudy =");
    let shown = [
        "template",
        "researcher",
        "decision",
        "query_cap",
        "number",
        "expires",
        "required",
    ]
    .iter()
    .fold(shown, |text, key| {
        text.replace(&format!("\n# {key} ="), &format!("\n{key} ="))
    });
    let policy = parse(&shown).unwrap();
    assert_eq!(
        (policy.rules.len(), policy.review_board.approvals.len()),
        (2, 1)
    );
    assert!(policy.review_board.required);
}

#[test]
fn the_first_rule_that_fits_decides() {
    let rules = "[[approval.rules]]\nstudy = \"trial\"\nresearcher = \"kim\"\ndecision = \"automatic\"\n\
                 [[approval.rules]]\nstudy = \"trial\"\ntemplate = \"survival\"\ndecision = \"person\"\n\
                 [[approval.rules]]\nstudy = \"trial\"\ndecision = \"refuse\"";
    let policy = with(rules).unwrap();
    let decision = |study, template, researcher| policy.decision(study, template, researcher);
    assert_eq!(decision("trial", "survival", "kim"), Decision::Automatic);
    assert_eq!(decision("trial", "survival", "lee"), Decision::Person);
    assert_eq!(decision("trial", "count", "lee"), Decision::Refuse);
    assert_eq!(decision("other", "survival", "lee"), Decision::Automatic);
}

#[test]
fn the_smallest_cap_of_all_rules_that_fit_holds_and_the_studys_own_beside_it() {
    let rules = "[[approval.rules]]\nresearcher = \"kim\"\nquery_cap = 0.02\n\
                 [[approval.rules]]\nstudy = \"trial\"\nquery_cap = 0.01\ndecision = \"person\"\n\
                 [[approval.rules]]\nquery_cap = 0.05";
    let policy = with(rules).unwrap();
    let query = |study, researcher| {
        policy
            .ruling(study, "survival", researcher)
            .caps
            .query
            .nano()
    };
    assert_eq!(query("trial", "kim"), 10_000_000);
    assert_eq!(query("other", "kim"), 20_000_000);
    assert_eq!(query("other", "lee"), 50_000_000);
    let ruling = policy.ruling("trial", "survival", "kim");
    assert_eq!(ruling.decision, Decision::Person);
    let caps = ruling.caps_within(NanoRho::from_nano(5));
    assert_eq!((caps.study.nano(), caps.query.nano()), (5, 10_000_000));
    assert_eq!(
        ruling.caps_within(NanoRho::from_nano(u64::MAX)).study,
        policy.caps.study
    );
}

const REVIEWED: &str = "[review_board]\nrequired = true\n\
     [[review_board.approvals]]\nstudy = \"trial\"\nnumber = \"2026-17\"\nexpires = 2026-12-31\n\
     [[review_board.approvals]]\nstudy = \"trial\"\nnumber = \"2025-3\"\nexpires = 2025-12-31";

#[test]
fn a_required_approval_holds_to_the_end_of_its_last_day() {
    let policy = with(REVIEWED).unwrap();
    let held = policy.review_board("trial", date(2026, 12, 31)).unwrap();
    assert_eq!(held.unwrap().number, "2026-17");
    let on = date(2026, 12, 31);
    assert_eq!(
        policy.review_board("trial", date(2027, 1, 1)),
        Err(Unapproved::Expired { on })
    );
    assert_eq!(
        policy.review_board("another", date(2026, 1, 1)),
        Err(Unapproved::NoNumber)
    );
}

#[test]
fn an_approval_that_is_not_required_is_told_while_it_holds() {
    let policy = with(&REVIEWED.replace("true", "false")).unwrap();
    assert!(
        policy
            .review_board("trial", date(2026, 6, 1))
            .unwrap()
            .is_some()
    );
    assert_eq!(policy.review_board("trial", date(2027, 1, 1)), Ok(None));
    assert_eq!(policy.review_board("another", date(2026, 6, 1)), Ok(None));
}

#[rstest]
#[case("year = 0.5", "year = nan", "caps.year")]
#[case("year = 0.5", "year = -1.0", "caps.year")]
#[case("year = 0.5", "year = 0.0", "caps.year")]
#[case("year = 0.5", "year = 1e9", "caps.year")]
#[case("year = 0.5", "", "`year`")]
#[case("year = 0.5", "year = 0.5\nmonth = 0.1", "`month`")]
#[case(
    "default = \"automatic\"",
    "default = \"perhaps\"",
    "line 17: unknown variant `perhaps`, expected one of `automatic`, `person`, `refuse`"
)]
#[case("[approval]", "[approvals]", "`approvals`")]
fn a_policy_that_says_something_else_is_refused(
    #[case] right: &str,
    #[case] wrong: &str,
    #[case] names: &str,
) {
    assert!(DEFAULT_POLICY.contains(right));
    let refused = parse(&DEFAULT_POLICY.replace(right, wrong)).unwrap_err();
    assert_eq!(refused.code(), "node.config");
    let sentence = refused.to_string();
    assert!(
        sentence.starts_with("policy.toml ") && sentence.contains(names),
        "{sentence}"
    );
}

#[rstest]
#[case::rule_without_a_word("[[approval.rules]]\nstudy = \"trial\"", "rule 1: it says nothing")]
#[case::rule_that_raises(
    "[[approval.rules]]\nquery_cap = 0.2",
    "rule 1, query_cap: a rule can only make"
)]
#[case::cap_of_nothing(
    "[[approval.rules]]\nquery_cap = 0.0",
    "rule 1, query_cap: rho must be"
)]
#[case::unknown_key(
    "[[approval.rules]]\nstudi = \"trial\"\ndecision = \"refuse\"",
    "`studi`"
)]
#[case::study_of_no_name(
    "[[approval.rules]]\nstudy = \"a b\"\ndecision = \"refuse\"",
    "a study name must"
)]
#[case::approval_without_number(
    "[[review_board.approvals]]\nstudy = \"t\"\nnumber = \" \"\nexpires = 2027-12-31",
    "approval 1, number: it is empty"
)]
#[case::approval_without_end(
    "[[review_board.approvals]]\nstudy = \"t\"\nnumber = \"1\"",
    "`expires`"
)]
#[case::end_with_an_hour(
    "[[review_board.approvals]]\nstudy = \"t\"\nnumber = \"1\"\nexpires = 2027-12-31T00:00:00Z",
    "approval 1, expires: write a date alone"
)]
#[case::unknown_key_of_the_board("[review_board]\nrequire = true", "`require`")]
fn a_rule_or_approval_that_cannot_be_meant_is_refused_by_its_key(
    #[case] more: &str,
    #[case] names: &str,
) {
    let sentence = with(more).unwrap_err().to_string();
    assert!(sentence.contains(names), "{sentence}");
}

#[test]
fn a_policy_at_the_limit_is_read_and_one_byte_more_is_not() {
    let room = POLICY_BYTES_MAX - DEFAULT_POLICY.len() - 1;
    let padded = |bytes: usize| format!("{DEFAULT_POLICY}#{}", " ".repeat(bytes));
    assert!(parse(&padded(room)).is_ok());
    assert!(parse(&padded(room + 1)).is_err());
}
