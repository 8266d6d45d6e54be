//! How does a snapshot replace another? New tables in one transaction: rows in, checks between rows, rejects out.
//!
//! A row's line in its file is its `_rowid_` while it lands, so that a check that runs in SQL can say which line broke it.

mod between;
pub(super) mod paths;

use std::collections::BTreeMap;

use question::dictionary::{Dictionary, Table};
use rusqlite::types::Value;
use rusqlite::{Transaction, params, params_from_iter};

use super::quoted;
use super::schema::{self, PATIENT, PATIENT_ID};
use crate::error::NodeError;
use crate::import::Check;

/// Tables that live as long as the import: what was there, and what was rejected.
const TEMPORARY: &str = "
DROP TABLE IF EXISTS temp.old_patient;
DROP TABLE IF EXISTS temp.reject;
DROP TABLE IF EXISTS temp.rejected_key;
CREATE TEMP TABLE old_patient (patient_id TEXT PRIMARY KEY) STRICT;
CREATE TEMP TABLE reject (
    position INTEGER NOT NULL,  -- of the table in the dictionary
    line     INTEGER NOT NULL,
    place    INTEGER NOT NULL,  -- of the column in its table; -1 for the whole row
    word     TEXT NOT NULL      -- of the check
) STRICT;
CREATE INDEX temp.reject_by_line ON reject (position, line);
CREATE TEMP TABLE rejected_key (position INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (position, key)) STRICT;
";

/// One rejected value: where it stands and which check it did not pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reject {
    /// The table.
    pub table: String,
    /// The line of its file, from 1.
    pub line: u64,
    /// The column; empty where the whole row is meant.
    pub column: String,
    /// The check's word.
    pub check: String,
}

/// A snapshot on its way into the tables.
pub struct Landing<'store> {
    transaction: Transaction<'store>,
    dictionary: &'store Dictionary,
    inserts: Vec<String>,
}

impl<'store> Landing<'store> {
    /// Empties the tables (nobody sees it before the commit) and makes them anew from `dictionary`.
    pub fn begin(
        transaction: Transaction<'store>,
        dictionary: &'store Dictionary,
    ) -> Result<Self, NodeError> {
        transaction.execute_batch(TEMPORARY)?;
        if schema::working_tables(&transaction)?
            .iter()
            .any(|name| name == PATIENT)
        {
            transaction.execute(
                "INSERT INTO temp.old_patient SELECT patient_id FROM main.patient",
                [],
            )?;
        }
        schema::drop_tables(&transaction)?;
        schema::create_tables(&transaction, "main", dictionary)?;
        let inserts = dictionary.tables().iter().map(insert_sql).collect();
        Ok(Self {
            transaction,
            dictionary,
            inserts,
        })
    }

    /// Puts a row in; says whether its key was new.
    pub fn insert(&self, position: usize, line: u64, values: &[Value]) -> Result<bool, NodeError> {
        let sql = self.inserts.get(position).map_or("", String::as_str);
        let mut statement = self.transaction.prepare_cached(sql)?;
        let line = Value::Integer(i64::try_from(line).unwrap_or(i64::MAX));
        let inserted = statement.execute(params_from_iter(std::iter::once(&line).chain(values)))?;
        Ok(inserted == 1)
    }

    /// Notes that a value was rejected; without `place` the whole row.
    pub fn reject(
        &self,
        position: usize,
        line: u64,
        place: Option<usize>,
        check: Check,
    ) -> Result<(), NodeError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO temp.reject (position, line, place, word) VALUES (?1, ?2, ?3, ?4)",
        )?;
        let place = place
            .and_then(|place| i64::try_from(place).ok())
            .unwrap_or(-1);
        statement.execute(params![position, line, place, check.word()])?;
        Ok(())
    }

    /// Remembers the key of a rejected row, so that its children are told apart from orphans.
    pub fn remember_rejected(&self, position: usize, key: &str) -> Result<(), NodeError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT OR IGNORE INTO temp.rejected_key (position, key) VALUES (?1, ?2)",
        )?;
        statement.execute(params![position, key])?;
        Ok(())
    }

    /// Runs the checks that look at several rows; what does not pass is taken out, with its children.
    pub fn check_between_rows(&self) -> Result<(), NodeError> {
        schema::create_indexes(&self.transaction, "main", self.dictionary)?;
        // Without statistics the planner may follow a path from its larger end.
        self.transaction.execute_batch("ANALYZE main")?;
        between::check(&self.transaction, self.dictionary)
    }

    /// Rows that landed so far, by table in the dictionary's order.
    pub fn landed(&self) -> Result<Vec<u64>, NodeError> {
        let count = |table: &Table| {
            let sql = format!("SELECT COUNT(*) FROM main.{}", quoted(&table.name));
            Ok(self.transaction.query_row(&sql, [], |row| row.get(0))?)
        };
        self.dictionary.tables().iter().map(count).collect()
    }

    /// Rows that were rejected so far, by table in the dictionary's order.
    pub fn rejected(&self) -> Result<Vec<u64>, NodeError> {
        let sql = "SELECT COUNT(DISTINCT line) FROM temp.reject WHERE position = ?1";
        let mut statement = self.transaction.prepare(sql)?;
        let count = |position| Ok(statement.query_row([position], |row| row.get(0))?);
        (0..self.dictionary.tables().len()).map(count).collect()
    }

    /// How often each check failed: (table, column, check's word) to count, in the dictionary's order.
    pub fn summary(&self) -> Result<Vec<(String, String, String, u64)>, NodeError> {
        let sql = "SELECT position, place, word, COUNT(*) FROM temp.reject GROUP BY position, place, word ORDER BY 1, 2, 3";
        let mut statement = self.transaction.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut summary = Vec::new();
        while let Some(row) = rows.next()? {
            let (table, column) = self.names(row.get(0)?, row.get(1)?);
            summary.push((table, column, row.get(2)?, row.get(3)?));
        }
        Ok(summary)
    }

    /// Hands each reject to `write`, ordered by table, line and column.
    pub fn each_reject(
        &self,
        mut write: impl FnMut(&Reject) -> Result<(), NodeError>,
    ) -> Result<(), NodeError> {
        let sql = "SELECT position, line, place, word FROM temp.reject ORDER BY 1, 2, 3, 4";
        let mut statement = self.transaction.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (table, column) = self.names(row.get(0)?, row.get(2)?);
            write(&Reject {
                table,
                line: row.get(1)?,
                column,
                check: row.get(3)?,
            })?;
        }
        Ok(())
    }

    /// Patients of the last import, and how many of them this one lacks.
    pub fn lost_patients(&self) -> Result<(u64, u64), NodeError> {
        let sql = format!(
            "SELECT COUNT(*), COUNT(*) FILTER (WHERE NOT EXISTS
                 (SELECT 1 FROM main.{PATIENT} AS new WHERE new.{PATIENT_ID} = old.patient_id))
             FROM temp.old_patient AS old"
        );
        Ok(self
            .transaction
            .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// The only value of `center_info.center_id`, if there is exactly one row.
    pub fn center_id(&self) -> Result<Option<String>, NodeError> {
        let sql = "SELECT MIN(center_id) FROM main.center_info HAVING COUNT(*) = 1";
        let mut statement = self.transaction.prepare(sql)?;
        let mut rows = statement.query([])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    }

    /// The transaction, to note the import in the same step.
    pub(super) const fn transaction(&self) -> &Transaction<'store> {
        &self.transaction
    }

    /// Makes the snapshot the one that everybody sees.
    pub fn commit(self) -> Result<(), NodeError> {
        Ok(self.transaction.commit()?)
    }

    fn names(&self, position: usize, place: i64) -> (String, String) {
        let table = self.dictionary.tables().get(position);
        let column = table
            .zip(usize::try_from(place).ok())
            .and_then(|(table, place)| table.columns.get(place))
            .map(|column| column.name.clone());
        (
            table.map(|table| table.name.clone()).unwrap_or_default(),
            column.unwrap_or_default(),
        )
    }
}

/// Where each table stands in the dictionary.
fn positions(dictionary: &Dictionary) -> BTreeMap<&str, usize> {
    dictionary
        .tables()
        .iter()
        .enumerate()
        .map(|(position, table)| (table.name.as_str(), position))
        .collect()
}

fn insert_sql(table: &Table) -> String {
    let names: Vec<String> = table
        .columns
        .iter()
        .map(|column| quoted(&column.name))
        .collect();
    let marks = vec!["?"; names.len() + 1].join(", ");
    let key = table
        .primary()
        .map(|key| quoted(&key.name))
        .unwrap_or_default();
    format!(
        "INSERT INTO main.{} (_rowid_, {}) VALUES ({marks}) ON CONFLICT ({key}) DO NOTHING",
        quoted(&table.name),
        names.join(", ")
    )
}
