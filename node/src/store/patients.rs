//! Whose rows may not be counted any more? Patients who withdrew, and patients who are to be forgotten.

use std::fmt;

use question::dictionary::{Dictionary, Table};
use rusqlite::{Connection, params};

use super::landing::paths::{joins, ways_up};
use super::schema::{self, PATIENT, PATIENT_ID};
use super::{Store, quoted};
use crate::error::NodeError;

/// Pseudonyms of patients who withdrew their consent since a lock. No `Display`, no `Serialize`, a `Debug` that hides.
#[derive(Clone, Default)]
pub struct Withdrawn(Vec<String>);

impl Withdrawn {
    /// These patients.
    #[must_use]
    pub const fn new(patients: Vec<String>) -> Self {
        Self(patients)
    }

    /// Their pseudonyms, for the source that leaves them out.
    pub(crate) fn patients(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Debug for Withdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Withdrawn(hidden)")
    }
}

/// A patient whom the node was told to forget, and whether every lock file was rewritten.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Forgotten {
    pub(crate) patient: String,
    pub(crate) done: bool,
}

impl Store {
    /// Patients who have no research consent by the last import: a new question leaves them out, whatever its lock says.
    pub fn withdrawn(&self) -> Result<Withdrawn, NodeError> {
        let names = schema::working_tables(self.connection())?;
        if !names.iter().any(|name| name == PATIENT) {
            return Ok(Withdrawn::default());
        }
        let sql =
            format!("SELECT {PATIENT_ID} FROM {PATIENT} WHERE consent_research IN ('W', 'N')");
        let mut statement = self.connection().prepare(&sql)?;
        let patients = statement.query_map([], |row| row.get(0))?;
        Ok(Withdrawn(patients.collect::<Result<_, _>>()?))
    }

    /// Takes a patient out of the tables and retires every lock, in one step; the lock files come after.
    pub(crate) fn forget(
        &mut self,
        dictionary: &Dictionary,
        patient: &str,
        now: &str,
    ) -> Result<(), NodeError> {
        let transaction = self.write()?;
        transaction.execute(
            "INSERT INTO cartally_forgotten (patient_id, forgotten_at) VALUES (?1, ?2)
             ON CONFLICT (patient_id) DO UPDATE SET done = 0",
            params![patient, now],
        )?;
        transaction.execute("UPDATE cartally_lock SET retired = 1 WHERE retired = 0", [])?;
        delete_patient(&transaction, dictionary, patient)?;
        // The planner's statistics hold samples of keys.
        transaction.execute_batch("ANALYZE main")?;
        transaction.commit()?;
        Ok(())
    }

    /// Everybody the node was told to forget.
    pub(crate) fn forgotten(&self) -> Result<Vec<Forgotten>, NodeError> {
        let mut statement = self
            .connection()
            .prepare("SELECT patient_id, done FROM cartally_forgotten ORDER BY patient_id")?;
        let found = statement.query_map([], |row| {
            Ok(Forgotten {
                patient: row.get(0)?,
                done: row.get(1)?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Empties the write-ahead log, which may still hold the patient, and notes that no file does any more.
    pub(crate) fn forgotten_for_good(&self, patient: &str) -> Result<(), NodeError> {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        let held_by_a_reader: bool = self
            .connection()
            .query_row(checkpoint, [], |row| row.get(0))?;
        if held_by_a_reader {
            return Err(NodeError::Busy);
        }
        self.connection().execute(
            "UPDATE cartally_forgotten SET done = 1 WHERE patient_id = ?1",
            [patient],
        )?;
        Ok(())
    }
}

/// Whether the working tables behind `db` hold the patient.
pub(crate) fn holds_patient(db: &Connection, patient: &str) -> Result<bool, NodeError> {
    if !schema::working_tables(db)?
        .iter()
        .any(|name| name == PATIENT)
    {
        return Ok(false);
    }
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {PATIENT} WHERE {PATIENT_ID} = ?1)");
    Ok(db.query_row(&sql, [patient], |row| row.get(0))?)
}

/// Deletes a patient and every row that belongs to the patient, children first. Tables that the dictionary does not know
/// might hold more of the patient, so that nothing is deleted where there is one.
pub(crate) fn delete_patient(
    db: &Connection,
    dictionary: &Dictionary,
    patient: &str,
) -> Result<(), NodeError> {
    let there = schema::working_tables(db)?;
    if let Some(name) = there.iter().find(|name| dictionary.table(name).is_none()) {
        return Err(NodeError::Dictionary(format!(
            "the tables hold {name}, which the dictionary does not know, so nothing says which rows of it are the patient's. \
             import again with this dictionary, then forget the patient"
        )));
    }
    for table in dictionary
        .tables()
        .iter()
        .rev()
        .filter(|table| there.contains(&table.name))
    {
        delete_rows_of(db, dictionary, table, patient)?;
    }
    Ok(())
}

fn delete_rows_of(
    db: &Connection,
    dictionary: &Dictionary,
    table: &Table,
    patient: &str,
) -> Result<(), NodeError> {
    let name = quoted(&table.name);
    if table.name == PATIENT {
        db.execute(
            &format!("DELETE FROM {name} WHERE {PATIENT_ID} = ?1"),
            [patient],
        )?;
    }
    for way in ways_up(dictionary, table) {
        if way.last().is_some_and(|end| end.to == PATIENT) {
            let belongs = format!(
                "SELECT t0._rowid_ FROM {name} AS t0{} WHERE t{}.{PATIENT_ID} = ?1",
                joins(&way, "t"),
                way.len()
            );
            db.execute(
                &format!("DELETE FROM {name} WHERE _rowid_ IN ({belongs})"),
                [patient],
            )?;
        }
    }
    Ok(())
}
