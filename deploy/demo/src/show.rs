//! What does the person in front of the demo see?

use std::io::{self, Write};
use std::path::Path;

use analysis::table::{figure, rows};
use analysis::{Estimate, Quantity};
use client::table::table;
use protocol::amount::NanoRho;

use crate::ask::{Answered, Question};
use crate::exact::Exact;
use crate::network::{MEMBERS, Network, RESEARCHER};

/// The cap for a demo of `questions` at `rho` each: enough for all, and never below what ships.
pub(crate) fn cap_for(rho: NanoRho, questions: usize) -> NanoRho {
    let all: NanoRho = std::iter::repeat_n(rho, questions).sum();
    all.max(NanoRho::from_nano(500_000_000))
}

/// What kind of network this is, and in what it departs from a real one.
pub(crate) fn begin(out: &mut impl Write, cap: NanoRho) -> io::Result<()> {
    writeln!(
        out,
        "A Cartally network on this machine, every party a process of its own."
    )?;
    writeln!(
        out,
        "Two things are looser than in a real network, so that the demo may ask what you like:\n  \
         each center's policy file allows rho {cap} a year and in all (as shipped: 0.5 and 2.5);\n  \
         the committee signed copies of the templates with rho_max {cap} (the shipped limits are smaller)."
    )
}

/// The preview and progress as the client showed them, then estimates beside exact values.
pub(crate) fn answer(
    out: &mut impl Write,
    question: &Question,
    answered: &Answered,
    exact: &Exact,
) -> io::Result<()> {
    writeln!(out, "\n{}", answered.words.trim_end())?;
    let estimates = &answered.report.estimates;
    let header = [
        "estimate",
        "of",
        "months",
        "value",
        "95 % interval",
        "width",
        "exact (only the demo knows)",
    ];
    let mut table = table(header, 2);
    // Nothing is masked here: the exact column beside it would make that pointless.
    let shown = rows(estimates, 0)
        .into_iter()
        .zip(estimates)
        .filter(|(_, estimate)| is_shown(estimate));
    for (row, estimate) in shown {
        let number = |value: f64| figure(value, estimate.quantity, 0);
        let width = estimate
            .upper
            .zip(estimate.lower)
            .map(|(upper, lower)| number(upper - lower));
        let known = exact.of(question, estimate).map(number);
        table.add_row([
            row.quantity.to_string(),
            row.stratum,
            row.months,
            row.value,
            row.interval,
            width.unwrap_or_default(),
            known.unwrap_or_default(),
        ]);
    }
    writeln!(out, "{table}")?;
    if estimates
        .iter()
        .all(|estimate| exact.of(question, estimate).is_none())
    {
        writeln!(
            out,
            "(exact values are computed for questions without filters, over all patients or by age band)"
        )?;
    }
    Ok(())
}

/// The patients at risk, censored and with the event at each time stand in the files and below the figure.
fn is_shown(estimate: &Estimate) -> bool {
    let followed = matches!(
        estimate.quantity,
        Quantity::AtRisk | Quantity::Censored | Quantity::Events
    );
    !(followed && estimate.months.is_some())
}

/// Where everything lies.
pub(crate) fn end(out: &mut impl Write, answers: &[Answered], folder: &Path) -> io::Result<()> {
    writeln!(out, "\nfigures and results in {}:", folder.display())?;
    for file in answers.iter().flat_map(|answered| &answered.files) {
        writeln!(out, "  {}", file.display())?;
    }
    Ok(())
}

/// What an auditor finds who has nothing but the log: a log at fault has ended the demo by then.
pub(crate) fn audited(out: &mut impl Write, words: &str) -> io::Result<()> {
    writeln!(out, "\nchecked again from the log alone (cartally audit):")?;
    for line in words.lines() {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// How to use the running network.
pub(crate) fn running(out: &mut impl Write, network: &Network) -> io::Result<()> {
    writeln!(
        out,
        "\nthe network runs until Ctrl-C: coordinator {}, {} nodes",
        network.url,
        network.centers.len(),
    )?;
    let program = network.settings.executable.display();
    let [member, ..] = MEMBERS;
    for (who, person, words) in [
        ("ask as the researcher", RESEARCHER, "ask survival"),
        ("see as a member of the committee", member, "review"),
    ] {
        let home = network.home(&person);
        let home = home.display();
        writeln!(out, "{who}:\n  {program} as-client --data {home} {words}")?;
    }
    if let Some(center) = network.centers.first() {
        let (id, data) = (&center.id, center.data.display());
        writeln!(
            out,
            "see as the operator of {id}:\n  {program} as-node status --data {data}"
        )?;
    }
    out.flush()
}
