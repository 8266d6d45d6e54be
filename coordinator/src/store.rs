//! Where is it kept? One SQLite file: the append-only log, and where each query and task stands.

pub mod log;
pub mod invites;
pub mod certificates;
pub mod queries;
pub mod tasks;

use std::path::Path;

use jiff::Timestamp;
use protocol::ids::{DocumentId, NetworkName};
use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params,
};

use crate::error::CoordinatorError;

/// Landed migrations, in order; never edited, only added to. The file's `user_version` is how many it has.
const MIGRATIONS: &[&str] = &[
    include_str!("store/sql/001_schema.sql"),
    include_str!("store/sql/002_enrolment.sql"),
];

const INSERT_NETWORK: &str = "INSERT INTO network (name) VALUES (?1)";
const SELECT_NETWORK: &str = "SELECT name, charter FROM network";
const REPLACE_CHARTER: &str = "UPDATE network SET charter = ?1";
const UPDATE_CHARTER: &str = "UPDATE network SET charter = ?1 WHERE charter IS NULL";

/// The open store.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
}

impl Store {
    /// Makes a new store for `network`.
    pub fn create(path: &Path, network: &NetworkName) -> Result<Self, CoordinatorError> {
        let mut store = Self {
            connection: Connection::open(path)?,
        };
        store.prepare()?;
        store.write(|tx| Ok(tx.execute(INSERT_NETWORK, [network.as_str()])?))?;
        Ok(store)
    }

    /// Opens an existing store and brings it up to date.
    pub fn open(path: &Path) -> Result<Self, CoordinatorError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut store = Self {
            connection: Connection::open_with_flags(path, flags)?,
        };
        store.prepare()?;
        Ok(store)
    }

    fn prepare(&mut self) -> Result<(), CoordinatorError> {
        // FULL: what was acknowledged to a peer has reached the disk.
        self.connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;",
        )?;
        self.migrate()
    }

    fn migrate(&mut self) -> Result<(), CoordinatorError> {
        let found: u32 = self
            .connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
        if found > known {
            return Err(CoordinatorError::StoreNewer { found, known });
        }
        for (version, migration) in (1_u32..).zip(MIGRATIONS) {
            if version > found {
                self.write(|tx| {
                    tx.execute_batch(migration)?;
                    Ok(tx.pragma_update(None, "user_version", version)?)
                })?;
            }
        }
        Ok(())
    }

    /// Runs `step` in one transaction: all of it, or nothing.
    pub fn write<T>(
        &mut self,
        step: impl FnOnce(&Transaction<'_>) -> Result<T, CoordinatorError>,
    ) -> Result<T, CoordinatorError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = step(&tx)?;
        tx.commit()?;
        Ok(done)
    }

    /// The connection, for reading.
    #[must_use]
    pub const fn read(&self) -> &Connection {
        &self.connection
    }

    /// The network, and the charter once pinned.
    pub fn network(&self) -> Result<(NetworkName, Option<DocumentId>), CoordinatorError> {
        let row = self
            .connection
            .query_row(SELECT_NETWORK, [], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
            })
            .optional()?;
        let (name, charter) =
            row.ok_or_else(|| CoordinatorError::StoreBroken("it names no network".into()))?;
        let name = name
            .parse()
            .map_err(|_| CoordinatorError::StoreBroken("its network's name is wrong".into()))?;
        let charter = charter.map(|id| parse_id(&id)).transpose()?;
        Ok((name, charter))
    }
}

/// Pins the charter, for good.
pub fn pin_charter(tx: &Transaction<'_>, charter: &DocumentId) -> Result<(), CoordinatorError> {
    tx.execute(UPDATE_CHARTER, params![charter.to_string()])?;
    Ok(())
}

/// Pins another founding charter, by the operator's word.
pub fn repin_charter(tx: &Transaction<'_>, charter: &DocumentId) -> Result<(), CoordinatorError> {
    tx.execute(REPLACE_CHARTER, params![charter.to_string()])?;
    Ok(())
}

/// A stored time: microseconds since 1970.
fn time_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let micros: i64 = row.get(column)?;
    Timestamp::from_microsecond(micros)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, micros))
}

/// An id of 64 digits from a text column.
fn parse_id<T: std::str::FromStr>(text: &str) -> Result<T, CoordinatorError> {
    text.parse()
        .map_err(|_| CoordinatorError::StoreBroken("a stored id or state cannot be read".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_store(dir: &tempfile::TempDir) -> Store {
        Store::create(&dir.path().join("data.db"), &"demo".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_store_made_by_a_newer_program_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = new_store(&dir);
        let newer = u32::try_from(MIGRATIONS.len()).unwrap() + 1;
        store
            .read()
            .pragma_update(None, "user_version", newer)
            .unwrap();
        drop(store);
        let refused = Store::open(&dir.path().join("data.db")).unwrap_err();
        assert_eq!(refused.code(), "store_newer");
    }

    #[test]
    fn every_older_store_is_brought_up_to_date() {
        for version in 0..=MIGRATIONS.len() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("data.db");
            let old = Connection::open(&path).unwrap();
            for migration in &MIGRATIONS[..version] {
                old.execute_batch(migration).unwrap();
            }
            old.pragma_update(None, "user_version", u32::try_from(version).unwrap())
                .unwrap();
            if version > 0 {
                old.execute_batch(
                    "INSERT INTO log VALUES (0, 0, 'document', x'00', 'head'); INSERT INTO network VALUES ('demo', NULL)",
                )
                .unwrap();
            }
            drop(old);
            let store = Store::open(&path).unwrap();
            for (table, rows) in [
                ("log", i64::from(version > 0)),
                ("certificate", 0),
                ("invite", 0),
            ] {
                let count = format!("SELECT COUNT(*) FROM {table}");
                let found: i64 = store
                    .read()
                    .query_row(&count, [], |row| row.get(0))
                    .unwrap();
                assert_eq!(found, rows, "{table} from version {version}");
            }
        }
    }

    #[test]
    fn every_table_is_strict_and_what_is_final_is_guarded() {
        let dir = tempfile::tempdir().unwrap();
        let store = new_store(&dir);
        let lax: i64 = store
            .read()
            .query_row("SELECT COUNT(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(lax, 0);
        for table in [
            "log",
            "query",
            "task_event",
            "submission",
            "result",
            "certificate",
            "invite",
        ] {
            let guards: i64 = store
                .read()
                .query_row(
                    "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1",
                    [table],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(guards, 2, "{table}");
        }
    }

    #[test]
    fn a_charter_is_pinned_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = new_store(&dir);
        let (first, second) = (
            DocumentId::from_bytes([1; 32]),
            DocumentId::from_bytes([2; 32]),
        );
        store.write(|tx| pin_charter(tx, &first)).unwrap();
        store.write(|tx| pin_charter(tx, &second)).unwrap();
        assert_eq!(store.network().unwrap().1, Some(first));
    }
}
