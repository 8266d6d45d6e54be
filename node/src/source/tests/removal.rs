//! One patient moves one cell by one, and person-time by no more than the clip, whatever the rows look like.

use proptest::prelude::*;
use question::Plan;
use question::dictionary::{Dictionary, SHIPPED_CSV};
use question::plan::Part;
use rusqlite::{Connection, params};

use super::{exact, plan_of};
use crate::source::sqlite::prepare;
use crate::store::patients::Withdrawn;
use crate::store::schema;

/// A patient with nothing guaranteed: any value may be missing, any date before any other.
#[derive(Debug, Clone)]
struct Patient {
    consent: Option<&'static str>,
    owner: Option<&'static str>,
    sex: Option<&'static str>,
    birth: (Option<i64>, Option<i64>),
    death: Option<i64>,
    last_contact: Option<i64>,
    withdrawn: bool,
    infusions: Vec<Infusion>,
}

#[derive(Debug, Clone)]
struct Infusion {
    number: Option<i64>,
    day: Option<i64>,
    product: Option<&'static str>,
    /// In a course of the patient before, as a wrong export might say.
    foreign_course: bool,
    assessments: Vec<(Option<i64>, Option<&'static str>)>,
}

/// Days at and around the edges of intervals, the clip, and the start.
fn day() -> impl Strategy<Value = Option<i64>> {
    let days = [
        0, 1, 29, 30, 31, 60, 61, 91, 92, 365, 366, 5478, 5479, 5490, 5491, 9000, -1, -400,
    ];
    prop_oneof![1 => Just(None), 6 => prop::sample::select(days.to_vec()).prop_map(|day| Some(10_000 + day))]
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![1 => Just(None), 5 => prop::sample::select(words).prop_map(Some)]
}

fn infusion() -> impl Strategy<Value = Infusion> {
    let assessment = (day(), word(&["cr", "pr", "relapse", "pd", "ne"]));
    (
        prop::option::of(1..3_i64),
        day(),
        word(&["axi_cel", "tisa_cel", "other"]),
        prop::bool::weighted(0.2),
        prop::collection::vec(assessment, 0..3),
    )
        .prop_map(
            |(number, day, product, foreign_course, assessments)| Infusion {
                number,
                day,
                product,
                foreign_course,
                assessments,
            },
        )
}

fn patient() -> impl Strategy<Value = Patient> {
    (
        prop_oneof![4 => Just(Some("Y")), 2 => word(&["N", "W", "waiver"])],
        word(&["Y", "Y", "Y", "N"]),
        word(&["F", "M", "U"]),
        (
            prop::option::of(1900..2026_i64),
            prop::option::of(1..13_i64),
        ),
        day(),
        day(),
        prop::bool::weighted(0.1),
        prop::collection::vec(infusion(), 0..3),
    )
        .prop_map(
            |(consent, owner, sex, birth, death, last_contact, withdrawn, infusions)| Patient {
                consent,
                owner,
                sex,
                birth,
                death,
                last_contact,
                withdrawn,
                infusions,
            },
        )
}

/// The shipped dictionary with nothing required but the keys.
fn lenient() -> Dictionary {
    let mut reader = csv::Reader::from_reader(SHIPPED_CSV.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(reader.headers().unwrap()).unwrap();
    for row in reader.records() {
        let row = row.unwrap();
        let fields = row.iter().enumerate().map(|(at, field)| {
            if at == 4 && &row[5] != "primary" {
                "N"
            } else {
                field
            }
        });
        writer.write_record(fields).unwrap();
    }
    Dictionary::parse(&String::from_utf8(writer.into_inner().unwrap()).unwrap()).unwrap()
}

/// The cohort without the patient at `without`, as rows.
fn database(dictionary: &Dictionary, cohort: &[Patient], without: Option<usize>) -> Connection {
    let db = Connection::open_in_memory().unwrap();
    schema::create_tables(&db, "main", dictionary).unwrap();
    let kept = || {
        cohort
            .iter()
            .enumerate()
            .filter(|(at, _)| Some(*at) != without)
    };
    let withdrawn = kept()
        .filter(|(_, patient)| patient.withdrawn)
        .map(|(at, _)| format!("P{at}"))
        .collect();
    prepare(&db, &Withdrawn::new(withdrawn)).unwrap();
    for (at, patient) in kept() {
        insert(&db, at, patient);
    }
    db
}

fn insert(db: &Connection, at: usize, patient: &Patient) {
    let id = format!("P{at}");
    db.execute(
        "INSERT INTO patient (patient_id, consent_research, owner, sex, birth_year, birth_month, death_date, last_contact_date)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![id, patient.consent, patient.owner, patient.sex, patient.birth.0, patient.birth.1, patient.death, patient.last_contact],
    )
    .unwrap();
    for (number, infusion) in patient.infusions.iter().enumerate() {
        let (course, named) = (
            format!("C{at}-{number}"),
            if infusion.foreign_course {
                at.wrapping_sub(1)
            } else {
                at
            },
        );
        db.execute(
            "INSERT INTO course (course_id, patient_id, product) VALUES (?1, ?2, ?3)",
            params![course, id, infusion.product],
        )
        .unwrap();
        let infusion_id = format!("I{at}-{number}");
        db.execute(
            "INSERT INTO infusion (infusion_id, course_id, patient_id, infusion_no, infusion_date) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![infusion_id, format!("C{named}-{number}"), id, infusion.number, infusion.day],
        )
        .unwrap();
        for (order, (day, response)) in infusion.assessments.iter().enumerate() {
            db.execute(
                "INSERT INTO assessment (assessment_id, infusion_id, assess_date, response) VALUES (?1, ?2, ?3, ?4)",
                params![format!("A{at}-{number}-{order}"), infusion_id, day, response],
            )
            .unwrap();
        }
    }
}

fn plans() -> Vec<Plan> {
    vec![
        plan_of("feasibility-count", &[("by", "age_band,product")]),
        plan_of(
            "feasibility-count",
            &[("product", "axi_cel"), ("age", "18..64")],
        ),
        plan_of("survival", &[]),
        plan_of("survival", &[("clock", "pfs"), ("by", "product,sex")]),
        plan_of("incidence-rate", &[("by", "age_band")]),
        plan_of(
            "incidence-rate",
            &[("clock", "pfs"), ("infused", "1997-01-01..2030-12-31")],
        ),
    ]
}

/// How far two vectors lie apart: places that differ, and the sum of the differences.
fn apart(with: &[i64], without: &[i64]) -> (usize, i64) {
    let moves: Vec<i64> = with
        .iter()
        .zip(without)
        .map(|(a, b)| a - b)
        .filter(|step| *step != 0)
        .collect();
    (moves.len(), moves.iter().sum())
}

fn check(dictionary: &Dictionary, plans: &[Plan], cohort: &[Patient]) {
    let whole = database(dictionary, cohort, None);
    let with: Vec<Vec<Vec<i64>>> = plans.iter().map(|plan| exact(&whole, plan)).collect();
    for left_out in 0..cohort.len() {
        let db = database(dictionary, cohort, Some(left_out));
        for (plan, with) in plans.iter().zip(&with) {
            let without = exact(&db, plan);
            assert_eq!(
                apart(&with[0], &without[0]),
                (1, 1),
                "{} {:?}",
                plan.template,
                plan.parameters
            );
            if let Some(Part::PersonTime { units_max, .. }) = plan.parts.get(1) {
                let (places, units) = apart(&with[1], &without[1]);
                assert!(
                    places <= 1 && (0..=i64::from(*units_max)).contains(&units),
                    "{places} {units}"
                );
            }
        }
    }
    for (plan, parts) in plans.iter().zip(&with) {
        assert_eq!(
            parts[0].iter().sum::<i64>(),
            i64::try_from(cohort.len()).unwrap(),
            "{}",
            plan.template
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn removing_a_patient_moves_one_cell_by_one_and_person_time_by_at_most_the_clip(
        cohort in prop::collection::vec(patient(), 0..6),
    ) {
        check(&lenient(), &plans(), &cohort);
    }
}

#[test]
fn an_empty_cohort_has_empty_cells() {
    check(&lenient(), &plans(), &[]);
}
