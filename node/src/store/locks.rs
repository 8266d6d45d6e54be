//! Which locks are there? The register of locks, and how a lock's file is made from the tables.

use std::path::Path;

use jiff::civil::Date;
use protocol::ids::LockId;
use rusqlite::{Connection, OpenFlags, Row, params};
use serde::Serialize;

use super::Store;
use crate::day;
use crate::error::NodeError;

/// A lock as the register knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// Date and random digits.
    pub lock_id: LockId,
    /// The date that questions ask for.
    pub date: Date,
    /// When it was made: UTC, RFC 3339.
    pub locked_at: String,
    /// Whether it serves no new question.
    pub retired: bool,
    /// SHA-256 of its file; stays here.
    #[serde(skip)]
    pub(crate) sha256: String,
}

const COLUMNS: &str = "lock_id, lock_day, locked_at, retired, sha256";

impl Store {
    /// Every lock, oldest first.
    pub fn locks(&self) -> Result<Vec<Lock>, NodeError> {
        locks(self.connection())
    }

    /// The lock that a question with this lock date is asked of: the newest on or before it that was not retired.
    pub fn newest_lock_on_or_before(&self, date: Date) -> Result<Option<Lock>, NodeError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM cartally_lock WHERE lock_day <= ?1 AND retired = 0 ORDER BY lock_number DESC LIMIT 1"
        );
        let mut statement = self.connection().prepare(&sql)?;
        let mut rows = statement.query([day::of_date(date)])?;
        rows.next()?.map(of_row).transpose()
    }

    /// Notes the new hash of a lock's file that was rewritten without a patient.
    pub(crate) fn rehash(&self, lock: &LockId, sha256: &str) -> Result<(), NodeError> {
        let sql = "UPDATE cartally_lock SET sha256 = ?2 WHERE lock_id = ?1";
        self.connection()
            .execute(sql, params![lock.as_str(), sha256])?;
        Ok(())
    }
}

/// Every lock, oldest first.
pub(crate) fn locks(db: &Connection) -> Result<Vec<Lock>, NodeError> {
    let mut statement = db.prepare(&format!(
        "SELECT {COLUMNS} FROM cartally_lock ORDER BY lock_number"
    ))?;
    let mut rows = statement.query([])?;
    let mut locks = Vec::new();
    while let Some(row) = rows.next()? {
        locks.push(of_row(row)?);
    }
    Ok(locks)
}

/// Enters a lock whose file is in its place.
pub(crate) fn register(db: &Connection, lock: &Lock) -> Result<(), NodeError> {
    db.execute(
        "INSERT INTO cartally_lock (lock_id, lock_day, locked_at, sha256) VALUES (?1, ?2, ?3, ?4)",
        params![
            lock.lock_id.as_str(),
            day::of_date(lock.date),
            lock.locked_at,
            lock.sha256
        ],
    )?;
    Ok(())
}

/// Copies the working tables of the database at `from` into a new database at `to`, and nothing else.
pub(crate) fn copy_tables(from: &Path, to: &Path) -> Result<(), NodeError> {
    let db = Connection::open_with_flags(
        to,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.execute("ATTACH ?1 AS live", [from.to_string_lossy()])?;
    let transaction = db.unchecked_transaction()?;
    for (name, sql) in definitions(&db, "table")? {
        transaction.execute_batch(&sql)?;
        let name = super::quoted(&name);
        transaction.execute_batch(&format!(
            "INSERT INTO main.{name} SELECT * FROM live.{name} ORDER BY 1"
        ))?;
    }
    for (_, sql) in definitions(&db, "index")? {
        transaction.execute_batch(&sql)?;
    }
    // Statistics let every later question find its path at once.
    transaction.execute_batch("ANALYZE main")?;
    transaction.commit()?;
    db.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Names and statements of the working tables, or of their indexes, in the attached database.
fn definitions(db: &Connection, kind: &str) -> Result<Vec<(String, String)>, NodeError> {
    let sql = "SELECT name, sql FROM live.sqlite_schema WHERE type = ?1 AND sql IS NOT NULL
               AND substr(tbl_name, 1, 7) <> 'sqlite_' AND substr(tbl_name, 1, ?2) <> ?3 ORDER BY name";
    let mut statement = db.prepare(sql)?;
    let found = statement.query_map(
        params![kind, super::OWN_PREFIX.len(), super::OWN_PREFIX],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn of_row(row: &Row<'_>) -> Result<Lock, NodeError> {
    let id: String = row.get(0)?;
    let date = day::to_date(row.get(1)?);
    // The register is written by this program only: a value that is none means a damaged file.
    let (Ok(lock_id), Some(date)) = (id.parse(), date) else {
        return Err(NodeError::LockDamaged("in the register".to_owned()));
    };
    Ok(Lock {
        lock_id,
        date,
        locked_at: row.get(2)?,
        retired: row.get(3)?,
        sha256: row.get(4)?,
    })
}
