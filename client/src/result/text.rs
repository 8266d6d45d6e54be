//! How does a result read in a terminal?

use analysis::table::rows;
use comfy_table::{Table, presets};

use super::Estimated;

/// The whole result for a reader: the question in words, how the centers ended, the estimates.
pub(super) fn table(estimated: &Estimated) -> String {
    let report = &estimated.report;
    let centers = report.centers;
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["estimate", "of", "months", "value", "95 % interval"]);
    for row in rows(&report.estimates, estimated.plan.mask_below) {
        table.add_row([
            row.quantity.to_string(),
            row.stratum,
            row.months,
            row.value,
            row.interval,
        ]);
    }
    format!(
        "{}\n{}, {} mode, rho {} (epsilon {:.2} at delta 1e-6)\n\
         centers: {} answered, {} late, {} refused, {} out of budget, {} failed\n{table}\n",
        estimated.plan.words,
        report.template,
        report.mode,
        report.rho,
        report.epsilon,
        centers.answered,
        centers.late,
        centers.refused,
        centers.out_of_budget,
        centers.failed,
    )
}
