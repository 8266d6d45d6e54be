//! Figures of every kind and of every difficulty, from made-up cells.

use std::collections::BTreeMap;

use analysis::Estimate;
use analysis::estimates::estimates_of;
use analysis::figure::{Caption, draw};
use analysis::report::CenterCounts;
use analysis::simulation::Simulation;
use protocol::amount::NanoRho;
use protocol::question::Mode;
use question::plan::{CellLayout, Exclusion, Part, Stratum, StratumCells};

const EDGES: [u32; 14] = [1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 60, 84, 120, 180];

/// Name and SVG of every figure.
pub(crate) fn figures() -> Vec<(&'static str, String)> {
    let ages = &["<18", "18-64", "65-74", ">=75", "missing"][..];
    let groups = &[
        "b_all",
        "dlbcl_nos",
        "follicular lymphoma, transformed, third line and later",
        "fl",
        "hgbl",
        "mcl",
        "mm",
        "mzl",
        "other",
        "pmbcl",
        "tfl",
        "missing",
    ][..];
    vec![
        (
            "survival-pooled",
            survival("Overall survival", &[("", 2000.0, 0.63)], 5.0),
        ),
        (
            "survival-by-age",
            survival(
                "Overall survival by age band at infusion",
                &sized(ages, 300.0),
                0.5,
            ),
        ),
        (
            "survival-many-strata",
            survival(
                "Progression-free survival by disease",
                &sized(groups, 200.0),
                0.05,
            ),
        ),
        (
            "survival-near-one",
            survival("Freedom from second malignancy", &[("", 900.0, 0.985)], 5.0),
        ),
        (
            "survival-empty-stratum",
            survival(
                "Overall survival by sex",
                &[("F", 900.0, 0.6), ("M", 800.0, 0.5), ("missing", 0.0, 0.6)],
                5.0,
            ),
        ),
        (
            "survival-tiny",
            survival("Overall survival", &[("", 12.0, 0.6)], 0.05),
        ),
        (
            "survival-no-answer",
            survival("Overall survival", &[("", 0.0, 0.6)], 0.05),
        ),
        (
            "count-by-age",
            counts("Patients by age band at infusion", ages, 120),
        ),
        ("count-one", counts("Patients", &[], 2279)),
        ("count-none", counts("Patients by disease", groups, 0)),
        ("rate-by-age", rates(ages, 60.0)),
        ("rate-one", rates(&[], 2000.0)),
    ]
}

fn sized<'a>(levels: &[&'a str], patients: f64) -> Vec<(&'a str, f64, f64)> {
    let mut number = 0.0;
    levels
        .iter()
        .map(|level| {
            number += 1.0;
            (*level, patients / number, 0.85 - 0.06 * number)
        })
        .collect()
}

fn layout(cells: StratumCells, levels: &[&str]) -> CellLayout {
    let strata = levels
        .iter()
        .filter(|level| !level.is_empty())
        .map(|level| Stratum {
            levels: [("age_band".to_owned(), (*level).to_owned())].into(),
        })
        .collect();
    CellLayout::new(
        vec![
            Exclusion::Consent,
            Exclusion::Owner,
            Exclusion::NotInfused,
            Exclusion::Filter,
            Exclusion::Dates,
        ],
        strata,
        cells,
    )
}

fn caption(title: &str, part: &Part) -> Caption {
    let rho = part.rho();
    Caption {
        title: title.to_owned(),
        words: "Days from the first infusion to death from any cause; patients alive are followed until their last contact. \
                Only patients with product axi_cel or tisa_cel, as of their first infusion."
            .to_owned(),
        labels: BTreeMap::from([("age_band".to_owned(), "age band at infusion".to_owned())]),
        mode: Mode::Local,
        rho: rho.rho(),
        epsilon: rho.epsilon(),
        noise_sd: (7.0 * part.noise().variance()).sqrt(),
        centers: CenterCounts { answered: 7, late: 1, refused: 2, ..CenterCounts::default() },
        mask_below: 5,
    }
}

/// Strata as level, patients and survival at 12 months.
fn survival(title: &str, strata: &[(&str, f64, f64)], rho: f64) -> String {
    let levels: Vec<&str> = strata.iter().map(|stratum| stratum.0).collect();
    let layout = layout(
        StratumCells::Survival {
            edges_months: EDGES.to_vec(),
        },
        &levels,
    );
    let part = Part::tally(1, layout.len(), NanoRho::at_least(rho).unwrap()).unwrap();
    let mut simulation = Simulation::seeded([5; 32]);
    let mut exact = vec![3.0, 0.0, 12.0, 40.0, 1.0];
    for (_, patients, s12) in strata {
        exact.extend(survival_cells(*patients, *s12));
    }
    let noise = 7.0 * part.noise().variance();
    let total = exact
        .iter()
        .map(|cell| whole(cell + simulation.noise(noise)))
        .collect();
    let centers = if strata[0].1 > 0.0 { 7 } else { 0 };
    let estimates = estimates_of(
        &layout,
        std::slice::from_ref(&part),
        &[total],
        centers,
        [1; 32],
    );
    let mut caption = caption(title, &part);
    caption.centers.answered = centers;
    drawn(&caption, &estimates)
}

fn survival_cells(patients: f64, s12: f64) -> Vec<f64> {
    let free = |months: f64| s12.powf((months / 12.0).powf(if months < 12.0 { 1.0 } else { 0.35 }));
    let observed = |months: f64| (1.0 - months / 181.0).max(0.0);
    let starts = std::iter::once(0).chain(EDGES).map(f64::from);
    let intervals: Vec<(f64, f64)> = starts.zip(EDGES.map(f64::from)).collect();
    let events = intervals
        .iter()
        .map(|(from, to)| (free(*from) - free(*to)) * observed(*from));
    let censored = intervals
        .iter()
        .map(|(from, to)| (observed(*from) - observed(*to)) * free(*to));
    let end = free(180.0) * observed(180.0);
    events
        .chain(censored)
        .chain([end])
        .map(|share| share * patients)
        .collect()
}

fn counts(title: &str, levels: &[&str], most: i64) -> String {
    let layout = layout(StratumCells::Count, levels);
    let part = Part::tally(1, layout.len(), NanoRho::at_least(0.5).unwrap()).unwrap();
    let mut total = vec![3, -2, 24, most / 3, 1];
    total.extend((1..=layout.strata().len()).map(|number| most / i64::try_from(number).unwrap()));
    let estimates = estimates_of(&layout, std::slice::from_ref(&part), &[total], 7, [1; 32]);
    drawn(&caption(title, &part), &estimates)
}

fn rates(levels: &[&str], patients: f64) -> String {
    let layout = layout(StratumCells::FirstEvent, levels);
    let strata = layout.strata().len();
    let rho = NanoRho::at_least(1.0).unwrap();
    let parts = [
        Part::tally(1, layout.len(), rho).unwrap(),
        Part::person_time(6_000, 30, strata, rho).unwrap(),
    ];
    let (mut tally, mut units) = (vec![3, -2, 24, 10, 1], Vec::new());
    for number in 0..strata {
        let here = whole(patients / f64::from(1 << number));
        tally.extend([here, here / 3]);
        units.push(if number == 4 { -300 } else { here * 40 });
    }
    let estimates = estimates_of(&layout, &parts, &[tally, units], 7, [1; 32]);
    drawn(
        &caption(
            "First events per 100 person-years by age band at infusion",
            &parts[0],
        ),
        &estimates,
    )
}

fn drawn(caption: &Caption, estimates: &[Estimate]) -> String {
    draw(caption, estimates).expect("something to draw")
}

#[expect(clippy::cast_possible_truncation, reason = "made-up counts are small")]
fn whole(count: f64) -> i64 {
    count.round() as i64
}
