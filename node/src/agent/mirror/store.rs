//! The copy of the log on disk: `log.db`, entries and the last signed head as they came.

use std::path::Path;

use protocol::envelope::Envelope;
use protocol::log::LogEntry;
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use crate::error::NodeError;

/// The landed schemas, oldest first; a landed one is never edited.
const SCHEMAS: [&str; 2] = [include_str!("schema_1.sql"), include_str!("schema_2.sql")];

const INSERT_ENTRY: &str = "INSERT INTO entry (log_index, time, envelope) VALUES (?1, ?2, ?3)";
const REPLACE_HEAD: &str = "INSERT INTO head (only, envelope) VALUES (1, ?1) ON CONFLICT (only) DO UPDATE SET envelope = ?1";
const SELECT_HEAD: &str = "SELECT envelope FROM head";
const SELECT_ENTRIES: &str = "SELECT log_index, time, envelope FROM entry ORDER BY log_index";

const SELECT_ENTRY: &str = "SELECT log_index, time, envelope FROM entry WHERE log_index = ?1";

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
        // Immediate: of two processes that open an old file, one brings it up to date.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let known = i64::try_from(SCHEMAS.len()).unwrap_or(i64::MAX);
        if found > known {
            return Err(NodeError::StoreNewer {
                path: path.to_owned(),
                found,
                known,
            });
        }
        for schema in SCHEMAS.iter().skip(usize::try_from(found).unwrap_or(0)) {
            transaction.execute_batch(schema)?;
        }
        transaction.pragma_update(None, "user_version", known)?;
        transaction.commit()?;
        Ok(Self { connection })
    }

    /// The coordinator's last signed word on where its log ends.
    pub(super) fn head(&self) -> Result<Option<Envelope>, NodeError> {
        let mut statement = self.connection.prepare(SELECT_HEAD)?;
        let bytes: Option<Vec<u8>> = statement.query_row([], |row| row.get(0)).optional()?;
        bytes
            .map(|bytes| Envelope::from_json(&bytes).map_err(|_| unreadable()))
            .transpose()
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

    /// The entry at this place.
    pub(super) fn one(&self, index: u64) -> Result<Option<LogEntry>, NodeError> {
        let mut statement = self.connection.prepare(SELECT_ENTRY)?;
        let mut rows = statement.query([signed(index)])?;
        rows.next()?.map(entry_of).transpose()
    }

    /// Appends entries and keeps the head after them, all or none.
    pub(super) fn append(
        &mut self,
        entries: &[LogEntry],
        head: &Envelope,
    ) -> Result<(), NodeError> {
        let transaction = self.connection.transaction()?;
        for entry in entries {
            transaction.prepare_cached(INSERT_ENTRY)?.execute(params![
                signed(entry.index),
                entry.time.to_string(),
                entry.envelope.to_json()
            ])?;
        }
        transaction.execute(REPLACE_HEAD, [head.to_json()])?;
        Ok(transaction.commit()?)
    }
}

fn unreadable() -> NodeError {
    NodeError::Network {
        code: "log.damaged",
        sentence: "the copy of the common log is damaged. remove log.db; it will be fetched again"
            .to_owned(),
    }
}

fn entry_of(row: &Row<'_>) -> Result<LogEntry, NodeError> {
    let (index, time, envelope): (i64, String, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(LogEntry {
        index: u64::try_from(index).map_err(|_| unreadable())?,
        time: time.parse().map_err(|_| unreadable())?,
        // As it came: an entry that is no document, or too large for one, has its place in the log all the same.
        envelope: serde_json::from_slice(&envelope).map_err(|_| unreadable())?,
    })
}

/// Indexes stay far below 2^63.
fn signed(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_version_1_keeps_its_entries_and_learns_of_heads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let envelope = Envelope {
            payload_type: "t".to_owned(),
            payload: String::new(),
            signatures: vec![],
        };
        let old = Connection::open(&path).unwrap();
        old.execute_batch(include_str!("schema_1.sql")).unwrap();
        old.execute(
            INSERT_ENTRY,
            params![0, "2026-11-21T00:00:00Z", envelope.to_json()],
        )
        .unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        drop(old);
        let mut store = Entries::open(&path).unwrap();
        assert_eq!(
            (store.all().unwrap().len(), store.head().unwrap()),
            (1, None)
        );
        store.append(&[], &envelope).unwrap();
        assert_eq!(
            Entries::open(&path).unwrap().head().unwrap(),
            Some(envelope)
        );
    }

    #[test]
    fn an_entry_that_no_document_may_be_is_read_back_as_it_came() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let envelope = Envelope {
            payload_type: "t".to_owned(),
            payload: "not base64!".to_owned(),
            signatures: vec![],
        };
        let entry = LogEntry {
            index: 0,
            time: "2026-11-21T00:00:00Z".parse().unwrap(),
            envelope: envelope.clone(),
        };
        let mut store = Entries::open(&path).unwrap();
        store.append(&[entry], &envelope).unwrap();
        let again = Entries::open(&path).unwrap();
        assert_eq!(again.one(0).unwrap().unwrap().envelope, envelope);
        assert_eq!(again.all().unwrap().len(), 1);
    }

    #[test]
    fn a_copy_of_a_later_program_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        drop(Entries::open(&path).unwrap());
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "user_version", 99).unwrap();
        let refused = Entries::open(&path).unwrap_err();
        assert_eq!(refused.code(), "store.newer");
    }
}
