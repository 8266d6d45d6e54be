//! How does a result read in a terminal?

use analysis::table::{TableRow, rows};
use analysis::{Estimate, Quantity};

use super::Estimated;
use crate::table::table as new_table;

/// The whole result for a reader: the question in words, how the centers ended, the estimates.
pub(crate) fn table(shown: &Estimated) -> String {
    let report = &shown.report;
    let centers = report.centers;
    if centers.answered == 0 {
        return format!(
            "{}\n{}: no center answered, so nothing can be estimated\n\
             centers: {} late, {} refused, {} out of budget, {} failed (why: cartally watch)\n",
            shown.plan.words,
            report.template,
            centers.late,
            centers.refused,
            centers.out_of_budget,
            centers.failed,
        );
    }
    let curve = report
        .estimates
        .iter()
        .any(|e| e.quantity == Quantity::Survival);
    let body = if curve { by_time(shown) } else { String::new() };
    format!(
        "{}\n{}, {} mode, rho {} (epsilon {:.2} at delta 1e-6)\n\
         centers: {} answered, {} late, {} refused, {} out of budget, {} failed\n{body}{}\n",
        shown.plan.words,
        report.template,
        report.mode,
        report.rho,
        report.epsilon,
        centers.answered,
        centers.late,
        centers.refused,
        centers.out_of_budget,
        centers.failed,
        one_by_one(shown, curve),
    )
}

/// A line for each public time: survival, and beside it who was at risk, censored and had the event until then.
fn by_time(shown: &Estimated) -> String {
    let estimates = &shown.report.estimates;
    let all = rows(estimates, shown.plan.mask_below);
    let mut table = new_table(
        [
            "of",
            "months",
            "survival",
            "95 % interval",
            "at risk",
            "censored",
            "events",
        ],
        1,
    );
    for (row, estimate) in all
        .iter()
        .zip(estimates)
        .filter(|(_, e)| e.quantity == Quantity::Survival)
    {
        let beside = |quantity| beside(&all, estimates, estimate, quantity);
        table.add_row([
            row.stratum.clone(),
            row.months.clone(),
            row.value.clone(),
            row.interval.clone(),
            beside(Quantity::AtRisk),
            beside(Quantity::Censored),
            beside(Quantity::Events),
        ]);
    }
    format!("{table}\n")
}

/// The value of `quantity` in the same stratum at the same time.
fn beside(all: &[TableRow], estimates: &[Estimate], of: &Estimate, quantity: Quantity) -> String {
    let same =
        |e: &Estimate| e.quantity == quantity && e.stratum == of.stratum && e.months == of.months;
    let found = all
        .iter()
        .zip(estimates)
        .find(|(_, estimate)| same(estimate));
    found.map(|(row, _)| row.value.clone()).unwrap_or_default()
}

/// A line for each estimate; those of the table by time are left out beside it.
fn one_by_one(shown: &Estimated, curve: bool) -> String {
    let estimates = &shown.report.estimates;
    let mut table = new_table(["estimate", "of", "value", "95 % interval"], 2);
    for (row, estimate) in rows(estimates, shown.plan.mask_below)
        .into_iter()
        .zip(estimates)
    {
        if !(curve && estimate.months.is_some()) {
            table.add_row([
                row.quantity.to_string(),
                row.stratum,
                row.value,
                row.interval,
            ]);
        }
    }
    table.to_string()
}
