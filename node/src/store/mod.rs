//! Where are the rows? `data.db`: the working tables, and what is known about imports and locks.

pub mod schema;
pub mod landing;
pub mod history;
pub mod locks;
pub mod patients;

use std::path::Path;
use std::time::Duration;

use jiff::civil::Date;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::data_dir::DataDir;
use crate::error::NodeError;

/// The landed migrations, oldest first; a landed one is never edited.
const MIGRATIONS: [&str; 1] = [include_str!("001.sql")];

/// How long one process waits for another that writes, in milliseconds.
const BUSY_MS: u64 = 5_000;

/// Tables whose names begin so are the node's own; a dictionary may not use it.
pub const OWN_PREFIX: &str = "cartally_";

/// The open `data.db`.
pub struct Store {
    connection: Connection,
}

/// Whether there is anything to answer from; how much there is, it does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// An export has landed.
    pub imported: bool,
    /// A question asked today would find a lock.
    pub lock_for_today: bool,
}

impl Store {
    /// Opens `data.db` in `data`, makes it if it is not there, and brings it up to date.
    pub fn open(data: &DataDir) -> Result<Self, NodeError> {
        let path = data.data();
        create_private(&path)?;
        let connection = Connection::open_with_flags(
            &path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        let mut store = Self::prepare(connection)?;
        store.migrate(&path)?;
        Ok(store)
    }

    /// Settings of every connection: a committed import survives a power cut, a deleted row is overwritten on disk.
    fn prepare(connection: Connection) -> Result<Self, NodeError> {
        connection.busy_timeout(Duration::from_millis(BUSY_MS))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "secure_delete", "ON")?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        Ok(Self { connection })
    }

    fn migrate(&mut self, path: &Path) -> Result<(), NodeError> {
        let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
        let transaction = self.write()?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found > known {
            return Err(NodeError::StoreNewer {
                path: path.to_owned(),
                found,
                known,
            });
        }
        for statement in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
            transaction.execute_batch(statement)?;
        }
        transaction.pragma_update(None, "user_version", known)?;
        transaction.commit()?;
        Ok(())
    }

    /// A transaction that will write: it waits for other writers now, not half way.
    pub(crate) fn write(&mut self) -> Result<Transaction<'_>, NodeError> {
        Ok(self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// Whether there is anything to answer from on this day.
    pub fn rows(&self, today: Date) -> Result<Rows, NodeError> {
        Ok(Rows {
            imported: self.last_import()?.is_some(),
            lock_for_today: self.newest_lock_on_or_before(today)?.is_some(),
        })
    }

    /// The connection, for reading.
    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Pages that the file may have from now on, so that a test can fill the disk.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages_max: i64) {
        self.connection
            .pragma_update(None, "max_page_count", pages_max)
            .unwrap();
    }

    /// Pages that the file has now.
    #[cfg(test)]
    pub(crate) fn pages(&self) -> i64 {
        self.connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap()
    }
}

/// Makes an empty file of mode 0600 if there is none; `SQLite` gives its journals the same mode.
pub(crate) fn create_private(path: &Path) -> Result<(), NodeError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(NodeError::file("written", path, error)),
    }
}

/// A name from the dictionary as an SQL identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> (tempfile::TempDir, DataDir) {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::new(dir.path());
        (dir, data)
    }

    #[test]
    fn a_database_of_a_later_program_is_refused_and_left_alone() {
        let (_dir, data) = data();
        drop(Store::open(&data).unwrap());
        let other = Connection::open(data.data()).unwrap();
        other.pragma_update(None, "user_version", 99).unwrap();
        drop(other);
        let error = Store::open(&data).err().unwrap();
        assert_eq!(error.code(), "store.newer");
        assert!(
            error.to_string().contains("install the later version"),
            "{error}"
        );
    }

    #[test]
    fn the_database_can_be_read_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_dir, data) = data();
        let _store = Store::open(&data).unwrap();
        for name in ["data.db", "data.db-wal", "data.db-shm"] {
            let mode = data
                .root()
                .join(name)
                .metadata()
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_retired_lock_stays_retired_and_is_never_deleted() {
        let (_dir, data) = data();
        let store = Store::open(&data).unwrap();
        let db = store.connection();
        db.execute(
            "INSERT INTO cartally_lock (lock_id, lock_day, locked_at, sha256, retired) VALUES ('l', 1, '', '', 1)",
            [],
        )
        .unwrap();
        for forbidden in [
            "UPDATE cartally_lock SET retired = 0",
            "UPDATE cartally_lock SET lock_day = 2",
            "DELETE FROM cartally_lock",
        ] {
            assert!(db.execute(forbidden, []).is_err(), "{forbidden}");
        }
    }
}
