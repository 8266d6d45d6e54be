//! What a source promises, claim by claim. Exact numbers are seen here only by running the statements' text on a connection of
//! the test's own: no shipped code shows them.

mod removal;

use std::collections::BTreeMap;

use jiff::civil::date;
use protocol::amount::NanoRho;
use question::Plan;
use question::dictionary::Dictionary;
use question::plan::{Part, plan};
use question::template::shipped_template;
use rusqlite::Connection;

use super::sqlite::{SqliteSource, person_time_sql, prepare, tally_sql};
use super::{Source, SourceError};
use crate::lock::{self, file};
use crate::store::locks::Lock;
use crate::store::patients::Withdrawn;
use crate::testing::{COURSE_HEADER, INFUSION_HEADER, PATIENT_HEADER, TestNode, ebmt4, patients};

/// A shipped template's plan at rho 0.05.
pub(super) fn plan_of(template: &str, given: &[(&str, &str)]) -> Plan {
    let template = shipped_template(template).unwrap();
    let given: BTreeMap<String, String> = given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let parameters = template.bind(&given).unwrap();
    let rho = NanoRho::at_least(0.05).unwrap();
    plan(&template, &parameters, rho, &Dictionary::shipped().unwrap()).unwrap()
}

/// The exact vectors of a plan's parts on a prepared connection.
pub(super) fn exact(db: &Connection, plan: &Plan) -> Vec<Vec<i64>> {
    let parts = plan.parts.iter().map(|part| match part {
        Part::Tally { cells, .. } => vector(db, &tally_sql(plan), *cells),
        Part::PersonTime {
            cells, units_max, ..
        } => vector(db, &person_time_sql(plan, *units_max).unwrap(), *cells),
    });
    parts.collect()
}

fn vector(db: &Connection, sql: &str, cells: usize) -> Vec<i64> {
    let mut vector = vec![0; cells];
    let mut statement = db.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        vector[row.get::<_, usize>(0).unwrap()] = row.get(1).unwrap();
    }
    vector
}

fn locked(node: &mut TestNode) -> Lock {
    lock::lock(&mut node.store, &node.data, Some("2026-02-01"), node.now).unwrap()
}

/// The lock as a test of exact numbers sees it.
fn open(node: &TestNode, lock: &Lock) -> Connection {
    let db = file::open(&node.data, lock).unwrap();
    prepare(&db, &node.store.withdrawn().unwrap()).unwrap();
    db
}

#[test]
fn real_centers_have_exactly_the_cells_that_were_counted_apart_from_this_project() {
    let text = include_str!("../../../tests/data/vectors.json");
    let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
    let survival = plan_of("survival", &[]);
    let count = plan_of("feasibility-count", &[("by", "age_band")]);
    let rate = plan_of("incidence-rate", &[]);
    let (mut units, mut deaths) = (0, 0);
    for number in 1..=7 {
        let name = format!("center_{number}");
        let expected = &vectors["ebmt4_cells"]["centers"][&name];
        let numbers =
            |key: &str| serde_json::from_value::<Vec<i64>>(expected[key].clone()).unwrap();
        let mut node = TestNode::new();
        node.center = format!("K0{number}");
        node.import(&ebmt4(&name)).unwrap();
        let lock = locked(&mut node);
        let db = open(&node, &lock);

        let cells = exact(&db, &survival).remove(0);
        let places = survival.layout.survival(0).unwrap();
        assert_eq!(cells[places.events], numbers("events"), "{name}");
        assert_eq!(cells[places.censored], numbers("censored"), "{name}");
        assert_eq!(cells[places.at_end], expected["at_end"], "{name}");

        let cells = exact(&db, &count).remove(0);
        for (stratum, levels) in count.layout.strata().iter().enumerate() {
            let band = &levels.levels["age_band"];
            let patients = expected["age_band_counts"][band].as_i64().unwrap_or(0);
            assert_eq!(
                cells[count.layout.range(stratum).unwrap()],
                [patients],
                "{name} {band}"
            );
        }

        let parts = exact(&db, &rate);
        units += parts[1].iter().sum::<i64>();
        deaths += parts[0].last().unwrap();
    }
    // R on the undivided data: 838 deaths in 10,475.951 person-years. Follow-up beyond 15 years does not count here, and
    // days are rounded to units of 30.
    let years = f64::from(i32::try_from(units).unwrap()) * 30.0 / 365.25;
    assert!((years - 10_475.951).abs() < 30.0, "{years}");
    assert!((836..=838).contains(&deaths), "{deaths}");
}

#[test]
fn the_sealed_count_has_a_vector_for_each_part_and_shows_nothing() {
    let mut node = TestNode::new();
    node.import(&ebmt4("center_1")).unwrap();
    let lock = locked(&mut node);
    let source = SqliteSource::open(&node.data, &lock, &Withdrawn::default()).unwrap();
    for template in ["feasibility-count", "survival", "incidence-rate"] {
        assert!(source.count(&plan_of(template, &[])).is_ok(), "{template}");
    }
}

#[test]
fn a_cell_outside_the_layout_is_a_fault_that_names_no_value() {
    let mut node = TestNode::new();
    node.import(&ebmt4("center_1")).unwrap();
    let lock = locked(&mut node);
    let source = SqliteSource::open(&node.data, &lock, &Withdrawn::default()).unwrap();
    let mut small = plan_of("survival", &[]);
    small.parts = vec![Part::tally(1, 3, NanoRho::at_least(0.05).unwrap()).unwrap()];
    let error = source.count(&small).err().unwrap();
    assert_eq!(
        (error, error.code()),
        (SourceError::Layout, "source.layout")
    );
    assert!(
        !error.to_string().contains(|c: char| c.is_ascii_digit()),
        "{error}"
    );
    let mut two = plan_of("survival", &[]);
    two.parts.push(two.parts[0].clone());
    assert_eq!(
        source.count(&two).err(),
        Some(SourceError::Layout),
        "a second tally is not known yet"
    );
}

#[test]
fn a_statement_that_runs_away_is_stopped() {
    let mut node = TestNode::new();
    node.import(&ebmt4("center_1")).unwrap();
    let lock = locked(&mut node);
    let survival = plan_of("survival", &[]);
    let source = || SqliteSource::open(&node.data, &lock, &Withdrawn::default()).unwrap();
    let stopped = source().limited(10_000).count(&survival).err().unwrap();
    assert_eq!(stopped.code(), "source.too_long");
    assert!(source().limited(10_000_000).count(&survival).is_ok());
}

#[test]
fn who_withdrew_since_the_lock_lands_in_excluded_consent() {
    let mut node = TestNode::new();
    let courses = format!(
        "{COURSE_HEADER}C1,P1,1,mm,2024-01-01,ide_cel,commercial,infused\nC2,P2,1,mm,2024-01-01,ide_cel,commercial,infused\n"
    );
    let infusions = format!("{INFUSION_HEADER}I1,C1,P1,1,2024-02-01\nI2,C2,P2,1,2024-02-01\n");
    let rest = [
        ("course.csv", courses.as_str()),
        ("infusion.csv", infusions.as_str()),
    ];
    let import = |node: &mut TestNode, patients: &str| {
        node.import_files(&[("patient.csv", patients), rest[0], rest[1]])
            .unwrap();
    };
    import(&mut node, &patients(&["P1", "P2"]));
    let lock = locked(&mut node);
    let plan = plan_of("feasibility-count", &[]);
    let counted = |node: &TestNode| {
        let cells = exact(&open(node, &lock), &plan).remove(0);
        (cells[0], *cells.last().unwrap())
    };
    assert_eq!(plan.layout.label(0).unwrap(), "excluded: consent");
    assert_eq!(counted(&node), (0, 2));
    import(
        &mut node,
        &format!("{PATIENT_HEADER}P1,F,1980,W,alive,2025-06-01,\nP2,F,1980,Y,alive,2025-06-01,\n"),
    );
    assert_eq!(counted(&node), (1, 1));
    import(
        &mut node,
        &format!("{PATIENT_HEADER}P1,F,1980,W,alive,2025-06-01,\nP2,F,1980,N,alive,2025-06-01,\n"),
    );
    assert_eq!(counted(&node), (2, 0));
}

#[test]
fn a_retired_lock_serves_no_new_question() {
    let mut node = TestNode::new();
    node.import_files(&[("patient.csv", &patients(&["P1"]))])
        .unwrap();
    let before = locked(&mut node);
    crate::forget::forget(
        &mut node.store,
        &node.data,
        &node.dictionary,
        &node.pseudonyms,
        "P1",
        node.now,
    )
    .unwrap();
    let lock = node.store.locks().unwrap().remove(0);
    let refused = SqliteSource::open(&node.data, &lock, &Withdrawn::default())
        .err()
        .unwrap();
    assert_eq!(refused.code(), "lock.retired");
    assert_eq!(
        node.store
            .newest_lock_on_or_before(date(2026, 2, 1))
            .unwrap(),
        None
    );
    assert_eq!(
        SqliteSource::open(&node.data, &before, &Withdrawn::default())
            .err()
            .unwrap()
            .code(),
        "lock.damaged"
    );
}

#[test]
fn days_have_years_and_months_and_nothing_has_none() {
    let db = Connection::open_in_memory().unwrap();
    prepare(&db, &Withdrawn::default()).unwrap();
    let row = |sql: &str| {
        db.query_row(sql, [], |row| {
            Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?))
        })
        .unwrap()
    };
    assert_eq!(
        row("SELECT year_of(0), month_of(-1)"),
        (Some(1970), Some(12))
    );
    assert_eq!(
        row("SELECT day_of('2024-02-29'), day_of('2023-02-29')"),
        (Some(19_782), None)
    );
    assert_eq!(
        row("SELECT year_of(NULL), month_of(1e0 * NULL)"),
        (None, None)
    );
    assert_eq!(
        row("SELECT year_of(9223372036854775807), day_of('')"),
        (None, None)
    );
}
