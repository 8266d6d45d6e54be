//! A center in memory: the dictionary's tables without any constraint, so that whatever could be wrong can be tried.

use std::collections::BTreeMap;

use jiff::Unit;
use jiff::civil::Date;
use question::dictionary::{ColumnKind, Dictionary};
use question::plan::Plan;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// Days since 1970-01-01.
pub(crate) fn day(text: &str) -> i64 {
    let date: Date = text.parse().unwrap();
    i64::from(
        date.since((Unit::Day, Date::constant(1970, 1, 1)))
            .unwrap()
            .get_days(),
    )
}

#[derive(Debug)]
pub(crate) struct Center {
    connection: Connection,
}

impl Center {
    pub(crate) fn empty() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        for table in Dictionary::shipped().unwrap().tables() {
            let column = |column: &question::dictionary::Column| {
                let kind = match column.kind {
                    ColumnKind::Text => "TEXT",
                    ColumnKind::Integer | ColumnKind::Date => "INTEGER",
                    ColumnKind::Real => "REAL",
                };
                format!("{} {kind}", column.name)
            };
            let columns: Vec<String> = table.columns.iter().map(column).collect();
            connection
                .execute_batch(&format!(
                    "CREATE TABLE {} ({}) STRICT",
                    table.name,
                    columns.join(", ")
                ))
                .unwrap();
        }
        connection
            .execute_batch("CREATE TABLE withdrawn (patient_id TEXT) STRICT")
            .unwrap();
        let epoch = Date::constant(1970, 1, 1);
        let date = move |day: i64| epoch.checked_add(jiff::Span::new().days(day)).unwrap();
        let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8;
        connection
            .create_scalar_function("year_of", 1, flags, move |context| {
                Ok(context
                    .get::<Option<i64>>(0)?
                    .map(|day| i64::from(date(day).year())))
            })
            .unwrap();
        connection
            .create_scalar_function("month_of", 1, flags, move |context| {
                Ok(context
                    .get::<Option<i64>>(0)?
                    .map(|day| i64::from(date(day).month())))
            })
            .unwrap();
        connection
            .create_scalar_function("day_of", 1, flags, |context| {
                Ok(day(&context.get::<String>(0)?))
            })
            .unwrap();
        Self { connection }
    }

    /// Adds a row; columns not named stay NULL.
    pub(crate) fn add(&self, table: &str, row: &[(&str, Value)]) {
        let names: Vec<&str> = row.iter().map(|(name, _)| *name).collect();
        let marks = vec!["?"; row.len()].join(", ");
        let sql = format!(
            "INSERT INTO {table} ({}) VALUES ({marks})",
            names.join(", ")
        );
        self.connection
            .execute(&sql, params_from_iter(row.iter().map(|(_, value)| value)))
            .unwrap();
    }

    pub(crate) fn remove_patient(&self, patient: &str) {
        let sql = "DELETE FROM assessment WHERE infusion_id IN (SELECT infusion_id FROM infusion WHERE patient_id = ?1)";
        self.connection.execute(sql, [patient]).unwrap();
        for table in ["infusion", "course", "patient"] {
            self.connection
                .execute(
                    &format!("DELETE FROM {table} WHERE patient_id = ?1"),
                    [patient],
                )
                .unwrap();
        }
    }

    pub(crate) fn patients(&self) -> Vec<String> {
        let mut statement = self
            .connection
            .prepare("SELECT patient_id FROM patient ORDER BY patient_id")
            .unwrap();
        statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    /// The cell of each patient; fails if one has none or two, or one outside the layout.
    pub(crate) fn cells(&self, plan: &Plan) -> BTreeMap<String, usize> {
        let mut statement = self.connection.prepare(plan.cell_sql()).unwrap();
        assert!(statement.column_names().eq(["patient_id", "cell"]));
        let rows = statement
            .query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
            })
            .unwrap();
        let mut cells = BTreeMap::new();
        for (patient, cell) in rows.map(Result::unwrap) {
            let cell = usize::try_from(cell).unwrap();
            assert!(cell < plan.layout.len());
            assert_eq!(cells.insert(patient, cell), None, "a patient has two rows");
        }
        assert!(cells.keys().eq(&self.patients()), "a patient has no row");
        cells
    }

    /// The meaning of the patient's cell.
    pub(crate) fn label(&self, plan: &Plan, patient: &str) -> String {
        plan.layout.label(self.cells(plan)[patient]).unwrap()
    }

    /// Stratum and units of each patient who adds person-time.
    pub(crate) fn person_time(&self, plan: &Plan) -> BTreeMap<String, (i64, i64)> {
        let mut statement = self
            .connection
            .prepare(plan.person_time_sql().unwrap())
            .unwrap();
        assert!(
            statement
                .column_names()
                .eq(["patient_id", "stratum", "units"])
        );
        let rows = statement
            .query_map([], |row| {
                Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?)))
            })
            .unwrap();
        let mut units = BTreeMap::new();
        for (patient, found) in rows.map(Result::unwrap) {
            assert_eq!(units.insert(patient, found), None, "a patient has two rows");
        }
        units
    }
}
