//! What will it cost, and what will it be worth? The preview that a person sees before signing.

use std::fmt::Write;

use analysis::preview::{Preview, PreviewRow, Scope, preview};
use analysis::table::figure;
use analysis::{Interval, Quantity};
use comfy_table::Table;

use super::compose::Composed;
use crate::error::ClientError;
use crate::session::Session;
use crate::table::table as new_table;

/// Whether this very question has a published result, which then costs nothing.
pub(crate) async fn answered_before(
    session: &Session,
    composed: &Composed,
) -> Result<bool, ClientError> {
    let id = composed.question.id();
    let queries = session.api.queries().await?.queries;
    Ok(queries
        .iter()
        .any(|line| line.question == id && line.result.is_some()))
}

/// The preview as text: the question in words, cost, expected intervals.
pub(crate) fn show(composed: &Composed, answered: bool) -> String {
    let planning = &composed.planning;
    let expected = preview(&composed.plan, composed.centers, planning);
    let mut text = String::new();
    let _ = writeln!(text, "{}", composed.plan.words);
    let _ = writeln!(text, "{}", cost(composed, &expected, answered));
    let _ = writeln!(
        text,
        "expected for {} patients in {} centers:",
        planning.patients, composed.centers
    );
    let _ = write!(text, "{}", table(&expected));
    text
}

fn cost(composed: &Composed, expected: &Preview, answered: bool) -> String {
    let study = &composed.study;
    if answered {
        return "cost: nothing; this question was answered before and its answers are served again"
            .to_owned();
    }
    format!(
        "cost at each center: rho {}, epsilon {:.2} at delta 1e-6; study {} may spend rho {} in all\n\
         noise in the sum of {} centers: standard deviation {} per cell",
        expected.rho,
        expected.epsilon,
        study.name,
        study.rho_cap,
        expected.centers,
        figure(expected.noise_sd, Quantity::PersonYears, 0),
    )
}

fn table(expected: &Preview) -> Table {
    let header = [
        "estimate",
        "of",
        "months",
        "expected",
        "95 % interval",
        "width",
    ];
    let mut table = new_table(header, 2);
    for row in &expected.rows {
        table.add_row(cells(row));
    }
    table
}

fn cells(row: &PreviewRow) -> [String; 6] {
    let of = match row.scope {
        Scope::Pooled => "all".to_owned(),
        Scope::OneStratumOf(strata) => format!("one of {strata}"),
    };
    let number = |value: f64| figure(value, row.quantity, 0);
    let months = row
        .months
        .map(|months| months.to_string())
        .unwrap_or_default();
    let (value, interval) = match &row.expected {
        Some(expected) => (number(expected.value), interval(expected, number)),
        None => ("hardly estimable".to_owned(), String::new()),
    };
    let width = row.width().map(number).unwrap_or_default();
    [row.quantity.to_string(), of, months, value, interval, width]
}

fn interval(expected: &Interval, number: impl Fn(f64) -> String) -> String {
    let end = |limit: Option<f64>| limit.map_or_else(|| "…".to_owned(), &number);
    format!("{} to {}", end(expected.lower), end(expected.upper))
}
