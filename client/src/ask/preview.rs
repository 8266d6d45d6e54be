//! What will it cost, and what will it be worth? The preview that a person sees before signing.

use std::fmt::Write;

use analysis::preview::{Preview, PreviewRow, Scope, preview};
use analysis::table::figure;
use analysis::{Interval, Quantity};
use comfy_table::Table;
use protocol::amount::NanoRho;

use super::compose::Composed;
use crate::catalogue::{Release, line};
use crate::table::table as new_table;

/// Releases of the same template that are shown before somebody spends.
const SHOWN_MAX: usize = 5;

/// The preview as text: the question in words, what was answered already, cost, expected intervals.
pub(crate) fn show(composed: &Composed, known: &[Release]) -> String {
    let planning = &composed.planning;
    let expected = preview(&composed.plan, composed.centers, planning);
    let mut text = format!("{}\n", composed.plan.words);
    // Writing into a string cannot fail.
    let _ = match known
        .iter()
        .find(|release| release.question_id() == composed.question.id())
    {
        Some(release) => writeln!(
            text,
            "cost: nothing at the {} centers that answered this question before, which serve the same answer \
             (read it with: cartally result {})",
            release.answered, release.query
        ),
        None => writeln!(
            text,
            "{}{}",
            cost(composed, &expected, spent(composed, known)),
            alike(composed, known)
        ),
    };
    let (patients, centers) = (planning.patients, composed.centers);
    let assumed = if composed.patients_given {
        ""
    } else {
        " (the template's planning value; say --expect patients=N if you know better)"
    };
    let _ = writeln!(
        text,
        "expected for {patients} patients{assumed} in {centers} centers:"
    );
    let _ = write!(text, "{}", table(&expected));
    text
}

/// Earlier answers of the same template, which may serve as well and cost nothing.
fn alike(composed: &Composed, known: &[Release]) -> String {
    let same = known
        .iter()
        .filter(|release| release.template == composed.plan.template);
    let lines: Vec<String> = same
        .take(SHOWN_MAX)
        .map(|release| format!("\n  {}", line(release)))
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    format!(
        "\nanswered already, free to read with `cartally result`:{}",
        lines.concat()
    )
}

/// What the study's answered questions have cost at centers that answered them all, as the log tells.
fn spent(composed: &Composed, known: &[Release]) -> NanoRho {
    let own = known
        .iter()
        .filter(|release| release.study == composed.study_id);
    own.map(|release| release.question.rho).sum()
}

fn cost(composed: &Composed, expected: &Preview, spent: NanoRho) -> String {
    let study = &composed.study;
    let too_much = spent.plus(expected.rho) > study.rho_cap;
    let warning = if too_much {
        "\nwarning: centers that answered all of the study's questions will refuse this one (out-of-budget)"
    } else {
        ""
    };
    format!(
        "cost at each center: rho {}, epsilon {:.2} at delta 1e-6; study {} has spent rho {spent} of {}{warning}\n\
         noise in the sum of {} centers: standard deviation {} per cell",
        expected.rho,
        expected.epsilon,
        study.name,
        study.rho_cap,
        expected.centers,
        figure(expected.noise_sd, Quantity::PersonYears, 0),
    )
}

/// The expected intervals, a row each.
pub(crate) fn table(expected: &Preview) -> Table {
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
