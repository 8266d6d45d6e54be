//! The copy of the log on disk: `log.db`, entries as they came.

use std::path::Path;

use protocol::envelope::Envelope;
use protocol::log::LogEntry;
use rusqlite::{Connection, Row, params};

use crate::error::NodeError;

/// The version of the file that this program writes.
const VERSION: i64 = 1;

const INSERT_ENTRY: &str = "INSERT INTO entry (log_index, time, envelope) VALUES (?1, ?2, ?3)";
const SELECT_ENTRIES: &str = "SELECT log_index, time, envelope FROM entry ORDER BY log_index";

/// The open file.
#[derive(Debug)]
pub(super) struct Entries {
    pub(super) connection: Connection,
}

impl Entries {
    /// Opens the file, and makes it if it is not there.
    pub(super) fn open(path: &Path) -> Result<Self, NodeError> {
        crate::store::create_private(path)?;
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found > VERSION {
            return Err(NodeError::StoreNewer {
                path: path.to_owned(),
                found,
                known: VERSION,
            });
        }
        if found == 0 {
            let transaction = connection.transaction()?;
            transaction.execute_batch(include_str!("schema_1.sql"))?;
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
        }
        Ok(Self { connection })
    }

    /// All entries, oldest first.
    pub(super) fn all(&self) -> Result<Vec<LogEntry>, NodeError> {
        let mut statement = self.connection.prepare(SELECT_ENTRIES)?;
        let mut rows = statement.query([])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(entry_of(row)?);
        }
        Ok(entries)
    }

    /// Appends entries, all or none.
    pub(super) fn append(&mut self, entries: &[LogEntry]) -> Result<(), NodeError> {
        let transaction = self.connection.transaction()?;
        for entry in entries {
            transaction.prepare_cached(INSERT_ENTRY)?.execute(params![
                signed(entry.index),
                entry.time.to_string(),
                entry.envelope.to_json()
            ])?;
        }
        Ok(transaction.commit()?)
    }
}

fn entry_of(row: &Row<'_>) -> Result<LogEntry, NodeError> {
    let (index, time, envelope): (i64, String, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let unreadable = || NodeError::Network {
        code: "log.damaged",
        sentence: "the copy of the common log is damaged. remove log.db; it will be fetched again"
            .to_owned(),
    };
    Ok(LogEntry {
        index: u64::try_from(index).map_err(|_| unreadable())?,
        time: time.parse().map_err(|_| unreadable())?,
        envelope: Envelope::from_json(&envelope).map_err(|_| unreadable())?,
    })
}

/// Indexes stay far below 2^63.
fn signed(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
