//! How is a policy written? The file's form, and the sentences about what is wrong in it.

use jiff::civil::Date;
use protocol::amount::NanoRho;
use protocol::ids::{PersonId, StudyName};
use serde::Deserialize;
use toml::value::Datetime;

use super::review_board::{Approval, ReviewBoard};
use super::{Decision, POLICY_BYTES_MAX, Policy, Rule};
use crate::day;
use crate::ledger::Caps;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    caps: CapsFile,
    approval: ApprovalFile,
    #[serde(default)]
    review_board: ReviewBoardFile,
}

/// Caps as people write them: rho.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapsFile {
    year: f64,
    lifetime: f64,
    study: f64,
    researcher: f64,
    query: f64,
    questions_per_day: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalFile {
    default: Decision,
    #[serde(default)]
    rules: Vec<RuleFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    study: Option<StudyName>,
    template: Option<String>,
    researcher: Option<PersonId>,
    decision: Option<Decision>,
    query_cap: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewBoardFile {
    #[serde(default)]
    required: bool,
    #[serde(default)]
    approvals: Vec<ReviewFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewFile {
    study: StudyName,
    number: String,
    expires: Datetime,
}

/// The policy in `text`, or what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Policy, String> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(format!("it has more than {POLICY_BYTES_MAX} bytes"));
    }
    let file: PolicyFile = toml::from_str(text).map_err(|error| sentence(text, &error))?;
    let caps = caps(&file.caps)?;
    let rules = (1..).zip(file.approval.rules);
    let approvals = (1..).zip(file.review_board.approvals);
    Ok(Policy {
        text: text.to_owned(),
        caps,
        default: file.approval.default,
        rules: rules
            .map(|(number, rule)| checked(number, rule, &caps))
            .collect::<Result<_, _>>()?,
        review_board: ReviewBoard {
            required: file.review_board.required,
            approvals: approvals
                .map(|(number, review)| approval(number, review))
                .collect::<Result<_, _>>()?,
        },
    })
}

/// What the reader of TOML says, with the line that it speaks of.
fn sentence(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => format!(
            "line {}: {}",
            before.matches('\n').count() + 1,
            error.message()
        ),
        None => error.message().to_owned(),
    }
}

fn caps(file: &CapsFile) -> Result<Caps, String> {
    Ok(Caps {
        year: amount("caps.year", file.year)?,
        lifetime: amount("caps.lifetime", file.lifetime)?,
        study: amount("caps.study", file.study)?,
        researcher: amount("caps.researcher", file.researcher)?,
        query: amount("caps.query", file.query)?,
        charges_per_day: file.questions_per_day,
    })
}

fn amount(key: &str, rho: f64) -> Result<NanoRho, String> {
    NanoRho::at_most(rho).map_err(|error| format!("{key}: {error}"))
}

/// The rule that stands at this place, counted from 1.
fn checked(number: usize, rule: RuleFile, caps: &Caps) -> Result<Rule, String> {
    let key = format!("approval.rules, rule {number}");
    let query_cap = rule
        .query_cap
        .map(|rho| amount(&format!("{key}, query_cap"), rho))
        .transpose()?;
    if query_cap.is_some_and(|cap| cap > caps.query) {
        return Err(format!(
            "{key}, query_cap: a rule can only make `caps.query` ({}) smaller. lower it, or raise `caps.query`",
            caps.query
        ));
    }
    if rule.decision.is_none() && query_cap.is_none() {
        return Err(format!(
            "{key}: it says nothing. give it `decision`, `query_cap` or both"
        ));
    }
    Ok(Rule {
        study: rule.study,
        template: rule.template,
        researcher: rule.researcher,
        decision: rule.decision,
        query_cap,
    })
}

/// The approval that stands at this place, counted from 1.
fn approval(number: usize, review: ReviewFile) -> Result<Approval, String> {
    let key = format!("review_board.approvals, approval {number}");
    if review.number.trim().is_empty() {
        return Err(format!(
            "{key}, number: it is empty. write the number that your review board gave"
        ));
    }
    let expires = date(&review.expires).ok_or_else(|| {
        format!("{key}, expires: write a date alone, without quotes, such as 2027-12-31")
    })?;
    Ok(Approval {
        study: review.study,
        number: review.number,
        expires,
    })
}

/// The date, if it is nothing more than one.
fn date(written: &Datetime) -> Option<Date> {
    match (&written.date, &written.time, &written.offset) {
        (Some(date), None, None) => day::parse_date(&date.to_string()),
        _ => None,
    }
}
