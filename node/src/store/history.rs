//! What was imported, and when?

use question::dictionary::Dictionary;
use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;

use super::Store;
use super::landing::Landing;
use crate::error::NodeError;

/// One import that landed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    /// Number of the import at this node, from 1.
    pub import_id: i64,
    /// UTC, RFC 3339.
    pub imported_at: String,
    /// SHA-256 of the dictionary it was checked against.
    pub dictionary: String,
    /// Rows left out.
    pub rejected_rows: u64,
    /// File name of the reject report in `rejects/`, if rows were left out.
    pub report: Option<String>,
    /// By table, in the dictionary's order.
    pub tables: Vec<TableCount>,
}

/// What an import brought for one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableCount {
    /// The table.
    pub table: String,
    /// Whether the export had a file for it; an absent file is an empty table.
    pub present: bool,
    /// Rows that landed.
    pub landed: u64,
    /// Rows that were left out.
    pub rejected: u64,
}

impl Landing<'_> {
    /// The number that this import will have.
    pub fn next_import_id(&self) -> Result<i64, NodeError> {
        let sql = "SELECT COALESCE(MAX(import_id), 0) + 1 FROM main.cartally_import";
        Ok(self.transaction().query_row(sql, [], |row| row.get(0))?)
    }

    /// Notes the import in the step that lands it.
    pub fn note(&self, import: &Import) -> Result<(), NodeError> {
        self.transaction().execute(
            "INSERT INTO main.cartally_import (import_id, imported_at, dictionary, rejected_rows, report)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![import.import_id, import.imported_at, import.dictionary, import.rejected_rows, import.report],
        )?;
        for (position, count) in import.tables.iter().enumerate() {
            self.transaction().execute(
                "INSERT INTO main.cartally_import_table
                     (import_id, position, table_name, present, landed_rows, rejected_rows)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    import.import_id,
                    position,
                    count.table,
                    count.present,
                    count.landed,
                    count.rejected
                ],
            )?;
        }
        Ok(())
    }
}

impl Store {
    /// The import that the tables come from; nothing before the first.
    pub fn last_import(&self) -> Result<Option<Import>, NodeError> {
        let sql = "SELECT import_id, imported_at, dictionary, rejected_rows, report
                   FROM cartally_import ORDER BY import_id DESC LIMIT 1";
        let found = self.connection().query_row(sql, [], |row| {
            Ok(Import {
                import_id: row.get(0)?,
                imported_at: row.get(1)?,
                dictionary: row.get(2)?,
                rejected_rows: row.get(3)?,
                report: row.get(4)?,
                tables: Vec::new(),
            })
        });
        let Some(mut import) = found.optional()? else {
            return Ok(None);
        };
        let sql = "SELECT table_name, present, landed_rows, rejected_rows
                   FROM cartally_import_table WHERE import_id = ?1 ORDER BY position";
        let mut statement = self.connection().prepare(sql)?;
        let counts = statement.query_map([import.import_id], |row| {
            Ok(TableCount {
                table: row.get(0)?,
                present: row.get(1)?,
                landed: row.get(2)?,
                rejected: row.get(3)?,
            })
        })?;
        import.tables = counts.collect::<Result<_, _>>()?;
        Ok(Some(import))
    }
}

/// SHA-256 of a dictionary as it prints itself, hexadecimal: tells which one an import was checked against.
#[must_use]
pub fn fingerprint(dictionary: &Dictionary) -> String {
    hex::encode(ring::digest::digest(
        &ring::digest::SHA256,
        dictionary.print().as_bytes(),
    ))
}
