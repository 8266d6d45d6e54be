//! What does a question cost a center's patients, and how much noise does that buy?

use analysis::Quantity;
use analysis::noise::total_variance;
use analysis::table::figure;
use protocol::amount::NanoRho;
use question::plan::{Part, Plan};
use question::template::PrivacyLimits;

use crate::table::table;

/// Least, proposed and largest cost, as rho and as epsilon.
pub(super) fn limits(limits: &PrivacyLimits) -> String {
    let mut shown = table(["a question costs", "rho", "epsilon at delta 1e-6"], 1);
    for (word, rho) in [
        ("at least", limits.rho_min),
        ("by default", limits.rho_default),
        ("at most", limits.rho_max),
    ] {
        shown.add_row([word.to_owned(), rho.to_string(), epsilon(rho)]);
    }
    format!("{shown}\n")
}

/// Epsilon as people read it.
pub(super) fn epsilon(rho: NanoRho) -> String {
    format!("{:.2}", rho.epsilon())
}

/// Each vector of the answer: how far one patient moves it, its share of the cost, its noise.
pub(super) fn parts(plan: &Plan, centers: u32) -> String {
    let sum = format!("sd, sum of {centers}");
    let header = [
        "vector",
        "one patient adds at most",
        "numbers",
        "rho",
        "sd at a center",
        &sum,
    ];
    let mut shown = table(header, 2);
    for part in &plan.parts {
        let sd = |centers| {
            figure(
                total_variance(part, centers).sqrt(),
                Quantity::PersonYears,
                0,
            )
        };
        let (vector, adds) = part_words(part);
        shown.add_row([
            vector,
            adds,
            part.cells().to_string(),
            part.rho().to_string(),
            sd(1),
            sd(centers),
        ]);
    }
    format!("{shown}\n")
}

/// What a vector holds, and what one patient can add to it.
fn part_words(part: &Part) -> (String, String) {
    match part {
        Part::Tally { tallies: 1, .. } => ("1 tally".to_owned(), "1 to one number".to_owned()),
        Part::Tally { tallies, .. } => (
            format!("{tallies} tallies"),
            format!("1 to one number of each of {tallies}"),
        ),
        Part::PersonTime {
            units_max,
            unit_days,
            ..
        } => (
            "person-time".to_owned(),
            format!("{units_max} units of {unit_days} days"),
        ),
    }
}
