//! What will it cost, and what will it be worth? The preview that a person sees before signing.

use std::fmt::Write;

use analysis::preview::{Preview, PreviewRow, Scope, preview};
use comfy_table::{Table, presets};

use super::{Ask, compose::Composed};
use crate::error::ClientError;
use crate::result::number;
use crate::session::Session;

/// Whether this very question has a published result, which then costs nothing.
pub(crate) async fn answered_before(session: &Session, composed: &Composed) -> Result<bool, ClientError> {
    let id = composed.question.id();
    let queries = session.api.queries().await?.queries;
    Ok(queries.iter().any(|line| line.question == id && line.result.is_some()))
}

/// The preview as text: the question in words, cost, expected intervals.
pub(crate) fn show(composed: &Composed, ask: &Ask, answered: bool) -> Result<String, ClientError> {
    let planning = analysis::preview::Planning::of(&composed.template)?.expecting(&ask.expect)?;
    let expected = preview(&composed.plan, composed.centers, &planning);
    let mut text = String::new();
    let _ = writeln!(text, "{}", composed.template.describe(&composed.question.parameters));
    let _ = writeln!(text, "{}", cost(composed, &expected, answered));
    let _ = writeln!(text, "expected for {} patients in {} centers:", planning.patients, composed.centers);
    let _ = write!(text, "{}", table(&expected));
    Ok(text)
}

fn cost(composed: &Composed, expected: &Preview, answered: bool) -> String {
    let study = &composed.study;
    if answered {
        return "cost: nothing; this question was answered before and its answers are served again".to_owned();
    }
    format!(
        "cost at each center: rho {}, epsilon {:.2} at delta 1e-6; study {} may spend rho {} in all\n\
         noise in the sum of {} centers: standard deviation {} per cell",
        expected.rho,
        expected.epsilon,
        study.name,
        study.rho_cap,
        expected.centers,
        number(expected.noise_sd),
    )
}

fn table(expected: &Preview) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["estimate", "of", "months", "expected", "95 % interval", "width"]);
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
    let months = row.months.map(number).unwrap_or_default();
    let (value, interval) = match &row.expected {
        Some(expected) => (number(expected.value), crate::result::interval(expected.lower, expected.upper)),
        None => ("hardly estimable".to_owned(), String::new()),
    };
    let width = row.width().map(number).unwrap_or_default();
    [row.quantity.to_string(), of, months, value, interval, width]
}
