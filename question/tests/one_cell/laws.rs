//! Laws over random centers, NULL and ties everywhere: one cell a patient, whoever else is there.

use proptest::prelude::*;
use rusqlite::types::Value;

use crate::center::{Center, day};
use crate::shipped;

type Row = Vec<(&'static str, Value)>;

fn code(codes: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::option::weighted(0.8, prop::sample::select(codes))
        .prop_map(|code| code.map_or(Value::Null, |code| Value::Text(code.to_owned())))
}

fn number(low: i64, high: i64) -> impl Strategy<Value = Value> {
    prop::option::weighted(0.8, low..=high)
        .prop_map(|number| number.map_or(Value::Null, Value::Integer))
}

/// Days around the edges of the first intervals and around the clip.
fn some_day() -> impl Strategy<Value = Value> {
    let start = day("2004-01-01");
    let offsets = prop::sample::select(vec![
        -1_i64, 0, 1, 14, 15, 30, 31, 60, 61, 365, 366, 5_478, 5_479, 5_490, 5_491, 6_300,
    ]);
    prop::option::weighted(0.85, offsets)
        .prop_map(move |days| days.map_or(Value::Null, |days| Value::Integer(start + days)))
}

fn patient() -> impl Strategy<Value = Row> {
    (
        code(&["Y", "Y", "Y", "waiver", "N", "W"]),
        code(&["Y", "Y", "Y", "N"]),
        code(&["M", "F", "U", "unheard-of"]),
        number(1930, 2005),
        number(1, 12),
        code(&["alive", "dead", "lost", "U"]),
        some_day(),
        prop::option::of(some_day()),
    )
        .prop_map(
            |(consent, owner, sex, year, month, vital, contact, death)| {
                vec![
                    ("consent_research", consent),
                    ("owner", owner),
                    ("sex", sex),
                    ("birth_year", year),
                    ("birth_month", month),
                    ("vital_status", vital),
                    ("last_contact_date", contact),
                    ("death_date", death.unwrap_or(Value::Null)),
                ]
            },
        )
}

fn infusion() -> impl Strategy<Value = (Value, Value, Value, Vec<(Value, Value)>)> {
    let assessments = prop::collection::vec((some_day(), code(&["relapse", "pd", "cr"])), 0..3);
    (
        some_day(),
        number(1, 2),
        code(&["axi_cel", "tisa_cel", "other", "unheard-of"]),
        assessments,
    )
}

fn center() -> impl Strategy<Value = Center> {
    let patients = prop::collection::vec(
        (
            patient(),
            prop::collection::vec(infusion(), 0..3),
            prop::bool::weighted(0.1),
        ),
        0..6,
    );
    patients.prop_map(|patients| {
        let center = Center::empty();
        for (number, (mut row, infusions, withdrawn)) in patients.into_iter().enumerate() {
            let id = Value::Text(format!("p{number}"));
            row.push(("patient_id", id.clone()));
            center.add("patient", &row);
            if withdrawn {
                center.add("withdrawn", &[("patient_id", id.clone())]);
            }
            for (order, (date, no, product, assessments)) in infusions.into_iter().enumerate() {
                let key = Value::Text(format!("p{number}-{order}"));
                center.add(
                    "course",
                    &[
                        ("course_id", key.clone()),
                        ("patient_id", id.clone()),
                        ("product", product),
                    ],
                );
                let row = [
                    ("infusion_id", key.clone()),
                    ("course_id", key.clone()),
                    ("patient_id", id.clone()),
                ];
                center.add(
                    "infusion",
                    &[&row[..], &[("infusion_date", date), ("infusion_no", no)]].concat(),
                );
                for (on, response) in assessments {
                    center.add(
                        "assessment",
                        &[
                            ("infusion_id", key.clone()),
                            ("assess_date", on),
                            ("response", response),
                        ],
                    );
                }
            }
        }
        center
    })
}

/// A template with parameters that touch every kind of SQL.
fn question() -> impl Strategy<Value = (&'static str, Vec<(&'static str, &'static str)>)> {
    let by = prop::sample::select(vec![
        "none",
        "age_band",
        "sex,product",
        "infusion_year,disease_group",
        "ecog,prior_lines",
    ]);
    let filter = prop::sample::select(vec![
        None,
        Some(("product", "axi_cel|tisa_cel")),
        Some(("age", "18..64")),
        Some(("infused", "2004")),
    ]);
    let template = prop::sample::select(vec!["feasibility-count", "survival", "incidence-rate"]);
    (
        template,
        by,
        filter,
        prop::sample::select(vec!["os", "pfs"]),
    )
        .prop_map(|(template, by, filter, clock)| {
            let clock = (template != "feasibility-count").then_some(("clock", clock));
            (
                template,
                [Some(("by", by)), filter, clock]
                    .into_iter()
                    .flatten()
                    .collect(),
            )
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_patient_has_one_cell_that_depends_on_nobody_else((template, parameters) in question(), center in center()) {
        let plan = shipped(template, &parameters);
        let before = center.cells(&plan);
        for patient in center.patients() {
            center.remove_patient(&patient);
            let after = center.cells(&plan);
            let same = after.iter().all(|(other, cell)| before[other] == *cell);
            prop_assert!(same && !after.contains_key(&patient));
        }
    }

    #[test]
    fn who_adds_person_time_is_counted_in_the_same_stratum_and_clipped((_, parameters) in question(), center in center()) {
        let parameters: Vec<_> = parameters.into_iter().filter(|(name, _)| *name != "clock").collect();
        let plan = shipped("incidence-rate", &parameters);
        let time = center.person_time(&plan);
        for (patient, cell) in center.cells(&plan) {
            let stratum = (0..plan.layout.strata().len()).find(|stratum| plan.layout.range(*stratum).unwrap().contains(&cell));
            let expected = stratum.map(|stratum| i64::try_from(stratum).unwrap());
            prop_assert_eq!(time.get(&patient).map(|(stratum, _)| *stratum), expected);
            if let Some((_, units)) = time.get(&patient) {
                prop_assert!((0..=183).contains(units));
            }
        }
    }
}
