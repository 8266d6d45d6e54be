//! What a plan says before any data is read: cells, parts, limits, prices, words.

use std::collections::BTreeMap;

use protocol::amount::NanoRho;
use question::dictionary::Dictionary;
use question::plan::{Analysis, Exclusion, Part, plan};
use question::template::{Template, shipped_template};

use crate::{planned, shipped};

#[test]
fn a_survival_plan_has_events_censored_and_the_end_in_every_stratum() {
    let plan = shipped("survival", &[("by", "age_band")]);
    assert_eq!(plan.template, "survival@1.0.0");
    assert_eq!(plan.analysis, Analysis::Survival { clock: "os".into() });
    assert_eq!(plan.layout.len(), 4 + 5 * 29);
    assert_eq!(
        plan.layout.exclusions(),
        [
            Exclusion::Consent,
            Exclusion::Owner,
            Exclusion::NotInfused,
            Exclusion::Dates
        ]
    );
    assert_eq!(plan.edges_months().len(), 14);
    assert_eq!(plan.cells(), plan.layout.len());
    assert_eq!(plan.rho(), NanoRho::from_nano(50_000_000));
    assert_eq!(plan.labels["age_band"], "age band at infusion");
}

#[test]
fn strata_that_a_filter_empties_have_no_cells() {
    let levels = |pairs: &[(&str, &str)]| -> Vec<String> {
        let plan = shipped("feasibility-count", pairs);
        plan.layout
            .strata()
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(
        levels(&[("by", "product"), ("product", "axi_cel|tisa_cel")]),
        ["product tisa_cel", "product axi_cel"]
    );
    assert_eq!(
        levels(&[("by", "age_band"), ("age", "18..64")]),
        ["age_band 18-64"]
    );
    assert_eq!(
        levels(&[("by", "age_band"), ("age", "64..65")]),
        ["age_band 18-64", "age_band 65-74"]
    );
    assert_eq!(
        levels(&[("by", "sex"), ("age", "18..64")]),
        ["sex M", "sex F", "sex missing"]
    );
}

#[test]
fn a_rate_splits_its_budget_by_planning_values_and_spends_all_of_it() {
    let plan = shipped("incidence-rate", &[("by", "sex")]);
    let [
        Part::Tally {
            tallies: 1,
            cells,
            rho: events,
            ..
        },
        Part::PersonTime {
            units_max: 183,
            cells: 3,
            rho: time,
            ..
        },
    ] = plan.parts.as_slice()
    else {
        panic!("a rate has a tally and person-time: {:?}", plan.parts)
    };
    assert_eq!(*cells, 4 + 3 * 2);
    assert_eq!(plan.rho(), NanoRho::from_nano(50_000_000));
    let odds = 550.0 * 365.25 / (130.0 * 5_490.0);
    assert!((events.rho() / time.rho() - odds).abs() < 1e-6);
    assert!(plan.person_time_sql().is_some());
    assert!(shipped("survival", &[]).person_time_sql().is_none());
}

#[test]
fn a_rho_outside_the_templates_limits_is_refused() {
    let template = shipped_template("survival").unwrap();
    let parameters = template.bind(&BTreeMap::new()).unwrap();
    let at = |nano| {
        plan(
            &template,
            &parameters,
            NanoRho::from_nano(nano),
            &Dictionary::shipped().unwrap(),
        )
    };
    assert!(at(200_000_000).is_ok() && at(5_000_000).is_ok());
    for nano in [0, 4_999_999, 200_000_002] {
        let error = at(nano).unwrap_err();
        assert_eq!(error.code(), "rho-out-of-limits");
        assert!(error.to_string().contains("from 0.005 to 0.2"), "{error}");
    }
}

/// Survival with 10 age bands, 11 years and 15 intervals: with `missing` 11 x 12 strata of 31 cells.
fn wide(age_breaks: i64) -> Template {
    let list = |numbers: std::ops::RangeInclusive<i64>| {
        numbers
            .map(|number| number.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let survival = shipped_template("survival").unwrap().toml().to_owned();
    let breaks = format!(
        "[breaks]\nage_band = [{}]\ninfusion_year = [{}]\n[privacy]",
        list(11..=10 + age_breaks),
        list(2011..=2020)
    );
    let grid = "[1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 60, 84, 120, 180]";
    let toml = survival
        .replace("[privacy]", &breaks)
        .replace(grid, &format!("[{}]", list(1..=15)));
    Template::parse(&toml).unwrap()
}

#[test]
fn a_question_has_at_most_4096_cells() {
    let template = wide(9);
    let by = ("by", "age_band,infusion_year");
    assert_eq!(planned(&template, &[by]).layout.len(), 4_096);
    let given =
        [by, ("product", "axi_cel")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let parameters = template.bind(&BTreeMap::from(given)).unwrap();
    let error = plan(
        &template,
        &parameters,
        NanoRho::from_nano(50_000_000),
        &Dictionary::shipped().unwrap(),
    )
    .unwrap_err();
    assert_eq!(error.code(), "question-too-large");
    assert!(
        error
            .to_string()
            .contains("the cells would be 4097, at most 4096"),
        "{error}"
    );
}

#[test]
fn a_variable_has_at_most_32_levels_with_missing() {
    assert_eq!(
        planned(&wide(30), &[("by", "age_band")])
            .layout
            .strata()
            .len(),
        32
    );
    let text = wide(30).toml().replace("[11, ", "[10, 11, ");
    assert_eq!(
        Template::parse(&text).unwrap_err().code(),
        "question-too-large"
    );
}

#[test]
fn parameters_of_another_template_are_refused() {
    let count = shipped_template("feasibility-count").unwrap();
    let parameters = count.bind(&BTreeMap::new()).unwrap();
    let survival = shipped_template("survival").unwrap();
    let error = plan(
        &survival,
        &parameters,
        NanoRho::from_nano(50_000_000),
        &Dictionary::shipped().unwrap(),
    )
    .unwrap_err();
    assert_eq!(error.code(), "parameters-foreign");
}

#[test]
fn a_plan_over_a_dictionary_without_a_needed_column_is_refused() {
    let lines = question::dictionary::SHIPPED_CSV.lines();
    let csv: Vec<&str> = lines
        .filter(|line| !line.starts_with("patient,birth_year,"))
        .collect();
    let dictionary = Dictionary::parse(&csv.join("\n")).unwrap();
    let template = shipped_template("survival").unwrap();
    let parameters = template.bind(&BTreeMap::new()).unwrap();
    let error = plan(
        &template,
        &parameters,
        NanoRho::from_nano(50_000_000),
        &dictionary,
    )
    .unwrap_err();
    assert!(error.to_string().contains("patient.birth_year"), "{error}");
}

#[test]
fn no_plan_looks_across_patients() {
    for (template, by) in [
        ("feasibility-count", "age_band,sex"),
        ("survival", "product"),
        ("incidence-rate", "disease_group"),
    ] {
        let plan = shipped(
            template,
            &[("by", by), ("age", "18..64"), ("product", "axi_cel")],
        );
        for sql in std::iter::once(plan.cell_sql()).chain(plan.person_time_sql()) {
            for word in [
                " OVER",
                "PARTITION",
                "WINDOW",
                "GROUP BY",
                "LAG(",
                "UNION",
                "COUNT(",
                "SUM(",
                "AVG(",
                "MAX(",
            ] {
                assert!(!sql.to_uppercase().contains(word), "{word} in {sql}");
            }
        }
    }
}

#[test]
fn the_sql_of_a_plan_is_as_reviewed() {
    let plan = shipped(
        "incidence-rate",
        &[
            ("by", "age_band"),
            ("clock", "pfs"),
            ("age", "18..64"),
            ("infused", "2019..2025"),
        ],
    );
    insta::assert_snapshot!("cell_sql", plan.cell_sql());
    insta::assert_snapshot!("person_time_sql", plan.person_time_sql().unwrap());
    insta::assert_snapshot!(
        "survival_sql",
        shipped(
            "survival",
            &[("by", "product"), ("product", "axi_cel|tisa_cel")]
        )
        .cell_sql()
    );
}
