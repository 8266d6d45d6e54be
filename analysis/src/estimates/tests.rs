//! Claims about whole answers.

use proptest::prelude::*;
use protocol::amount::NanoRho;
use question::plan::{Exclusion, Stratum as PlanStratum};

use super::*;

fn rho() -> NanoRho {
    NanoRho::from_nano(50_000_000)
}

fn layout(cells: StratumCells, levels: &[&str]) -> CellLayout {
    let strata = levels
        .iter()
        .map(|level| PlanStratum {
            levels: [("sex".to_owned(), (*level).to_owned())].into(),
        })
        .collect();
    CellLayout::new(vec![Exclusion::Consent, Exclusion::Dates], strata, cells)
}

fn parts(layout: &CellLayout) -> Vec<Part> {
    let tally = Part::tally(1, layout.len(), rho()).unwrap();
    match layout.stratum_cells() {
        StratumCells::FirstEvent => {
            vec![
                tally,
                Part::person_time(6_000, 30, layout.strata().len(), rho()).unwrap(),
            ]
        }
        StratumCells::Count | StratumCells::Survival { .. } => vec![tally],
    }
}

fn kinds() -> Vec<CellLayout> {
    let survival = || StratumCells::Survival {
        edges_months: vec![6, 12, 24],
    };
    vec![
        layout(StratumCells::Count, &[]),
        layout(StratumCells::Count, &["f", "m", "missing"]),
        layout(survival(), &[]),
        layout(survival(), &["f", "m"]),
        layout(StratumCells::FirstEvent, &["f", "m"]),
    ]
}

fn assert_sound(row: &Estimate) {
    assert_eq!(row.value.is_none(), row.status.is_some(), "{row:?}");
    if let Some(value) = row.value {
        assert!(value.is_finite(), "{row:?}");
        assert!(
            row.lower
                .is_none_or(|lower| lower <= value && !lower.is_nan()),
            "{row:?}"
        );
        assert!(
            row.upper
                .is_none_or(|upper| upper >= value && !upper.is_nan()),
            "{row:?}"
        );
    } else {
        assert_eq!((row.lower, row.upper), (None, None));
    }
}

fn find(rows: &[Estimate], quantity: Quantity, months: Option<f64>) -> &Estimate {
    let wanted =
        |row: &&Estimate| row.is_pooled() && row.quantity == quantity && row.months == months;
    rows.iter().find(wanted).expect("a row")
}

#[test]
fn strata_are_read_one_by_one_and_together() {
    let layout = layout(StratumCells::Count, &["f", "m"]);
    let rows = estimates_of(
        &layout,
        &parts(&layout),
        &[vec![3, 4, 100, 200]],
        4,
        [0; 32],
    );
    let values: Vec<_> = rows
        .iter()
        .map(|row| (row.quantity.name(), row.value.unwrap()))
        .collect();
    assert_eq!(
        values,
        [
            ("count", 300.0),
            ("count", 100.0),
            ("count", 200.0),
            ("excluded_count", 3.0),
            ("excluded_count", 4.0)
        ]
    );
    // sigma^2 is 10 a center: variance 40 in a stratum, 80 pooled.
    let half = |row: &Estimate| (row.upper.unwrap() - row.lower.unwrap()) / 2.0;
    assert!((half(&rows[0]) - 1.96 * 80_f64.sqrt()).abs() < 1e-3);
    assert!((half(&rows[1]) - 1.96 * 40_f64.sqrt()).abs() < 1e-3);
    assert_eq!(rows[3].stratum[EXCLUDED], "consent");
}

#[test]
fn a_survival_answer_has_a_row_at_every_edge_and_a_median() {
    let layout = layout(
        StratumCells::Survival {
            edges_months: vec![6, 12, 24],
        },
        &[],
    );
    let total = vec![0, 0, 200, 300, 250, 10, 20, 90, 130];
    let rows = estimates_of(&layout, &parts(&layout), &[total], 1, [0; 32]);
    for months in [6.0, 12.0, 24.0] {
        assert!(
            find(&rows, Quantity::Survival, Some(months))
                .value
                .is_some()
        );
    }
    assert!((find(&rows, Quantity::AtRisk, Some(0.0)).value.unwrap() - 1000.0).abs() < 1e-6);
    let median = find(&rows, Quantity::MedianMonths, None);
    assert!((median.value.unwrap() - 12.0).abs() < 0.5, "{median:?}");
}

#[test]
fn a_rate_is_events_over_person_years() {
    let layout = layout(StratumCells::FirstEvent, &[]);
    // 1,000 units of 30 days are 82.1 years.
    let rows = estimates_of(
        &layout,
        &parts(&layout),
        &[vec![0, 0, 400, 100], vec![10_000]],
        1,
        [0; 32],
    );
    let rate = find(&rows, Quantity::RatePer100PersonYears, None);
    assert!((rate.value.unwrap() - 100.0 * 100.0 / (300_000.0 / YEAR_DAYS)).abs() < 1e-9);
    assert_eq!(find(&rows, Quantity::Count, None).value, Some(500.0));
    assert_eq!(find(&rows, Quantity::Events, None).value, Some(100.0));
}

#[test]
fn without_answers_nothing_is_estimable() {
    for layout in kinds() {
        let parts = parts(&layout);
        let zeros: Vec<Vec<i64>> = parts.iter().map(|part| vec![0; part.cells()]).collect();
        for (totals, centers) in [(zeros.as_slice(), 0), (&[], 0), (&[], 3), (&[vec![1]], 3)] {
            let rows = estimates_of(&layout, &parts, totals, centers, [0; 32]);
            assert!(!rows.is_empty());
            assert!(
                rows.iter()
                    .all(|row| row.status == Some(Status::NotEstimable))
            );
            rows.iter().for_each(assert_sound);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_estimates() {
    let layout = &kinds()[3];
    let totals = vec![vec![1, 2, 30, 20, 10, 5, 5, 5, 40, 33, 22, 11, 5, 6, 7, 50]];
    let run = |seed| estimates_of(layout, &parts(layout), &totals, 7, [seed; 32]);
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn an_estimate_reads_back_as_it_was_written() {
    let layout = &kinds()[4];
    let rows = estimates_of(layout, &parts(layout), &[], 0, [0; 32]);
    let text = serde_json::to_string(&rows).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Estimate>>(&text).unwrap(), rows);
    assert!(text.contains(r#""quantity":"rate_per_100_person_years""#));
    assert!(text.contains(r#""value":null,"lower":null,"upper":null"#));
}

fn any_cell() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -60_i64..200, 1 => any::<i64>(), 1 => Just(i64::MIN), 1 => Just(i64::MAX)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_vector_of_integers_panics_or_leaves_its_interval(
        kind in 0_usize..5, cells in prop::collection::vec(any_cell(), 32), centers in 1_u32..60
    ) {
        let layout = &kinds()[kind];
        let parts = parts(layout);
        let mut cells = cells.into_iter();
        let totals: Vec<Vec<i64>> =
            parts.iter().map(|part| cells.by_ref().take(part.cells()).collect()).collect();
        for row in estimates_of(layout, &parts, &totals, centers, [3; 32]) {
            assert_sound(&row);
        }
    }
}
