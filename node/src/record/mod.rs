//! What left this node, and what was decided at it? The append-only, hash-chained record.
//!
//! A row is on disk before what it speaks of leaves: after a crash the record may hold a document that never left, never
//! miss one that did. The running node and the command line use it at once; whoever appends has the file alone
//! between reading its head and writing the next.

pub(crate) mod anew;
mod columns;
mod decision;
mod departure;
mod entry;
mod error;
mod export;
mod store;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use protocol::envelope::Envelope;
use protocol::ids::{ChainHead, DocumentId};
use rusqlite::{Connection, TransactionBehavior};

pub use decision::{BY_CHARS_MAX, Decided, NOTE_CHARS_MAX, Verdict};
pub use departure::Departure;
pub use entry::{Entry, Kind};
pub use error::RecordError;
pub use export::{ExportError, LINE_BYTES_MAX, Summary, verify_export};

use decision::may_be_answered;
use departure::row_of;
use store::Stored;

/// Rows that are read at a time, so that a slow reader of an export does not keep the node from writing.
const PAGE_ROWS: usize = 128;

/// The node's record, in a file of its own.
#[derive(Debug)]
pub struct Record {
    connection: Mutex<Connection>,
}

/// A charter by its version and document id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenCharter {
    /// 1 for the genesis charter.
    pub version: u32,
    /// Its document id.
    pub id: DocumentId,
}

/// How a charter stands to the highest one ever seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CharterNote {
    /// It is the highest, now if not before.
    Highest,
    /// A higher one was seen before: whoever shows this one withholds the other.
    Behind(SeenCharter),
    /// Another one of the same version was seen before: the charter forks.
    Fork(SeenCharter),
}

impl Record {
    /// Begins the record of a new node. Never over an existing one.
    ///
    /// # Errors
    /// There is one already, or the file cannot be made.
    pub fn create(path: &Path, now: Timestamp) -> Result<Self, RecordError> {
        store::create(path)?;
        Self::begin(path, now)
    }

    /// Opens the node's record and verifies its chain.
    ///
    /// # Errors
    /// Missing, altered, newer than this program, or unreadable.
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let record = Self {
            connection: Mutex::new(store::open(path)?),
        };
        record.verify_chain()?;
        Ok(record)
    }

    /// Opens the node's record, or begins it at a node that was made before there were records: an audit says so.
    ///
    /// # Errors
    /// Altered, newer than this program, unreadable, or the file cannot be made.
    pub fn open_or_begin(path: &Path, now: Timestamp) -> Result<Self, RecordError> {
        match store::create(path) {
            Ok(()) | Err(RecordError::Exists(_)) => Self::begin(path, now),
            Err(other) => Err(other),
        }
    }

    /// Lays the first row into a file that is still empty; of several that try at once, one does.
    fn begin(path: &Path, now: Timestamp) -> Result<Self, RecordError> {
        // A file of another kind is told by `open`.
        if std::fs::metadata(path).is_ok_and(|file| file.len() == 0) {
            store::lay(path, |connection| {
                append(connection, Kind::Begun, None, now)
            })?;
        }
        Self::open(path)
    }

    /// Writes down the policy that is in use, if it is another than the last.
    ///
    /// # Errors
    /// The file could not be read or written.
    pub fn note_policy(&self, text: &str, now: Timestamp) -> Result<(), RecordError> {
        self.write(|connection| {
            let last = store::last_of(connection, "policy")?.map(|entry| entry.kind);
            let next = Kind::Policy {
                text: text.to_owned(),
            };
            if last.as_ref() == Some(&next) {
                return Ok(());
            }
            append(connection, next, None, now)
        })
    }

    /// Writes down the charter that is in force, if it is higher than any before.
    ///
    /// # Errors
    /// The file could not be read or written.
    pub fn note_charter(
        &self,
        charter: SeenCharter,
        now: Timestamp,
    ) -> Result<CharterNote, RecordError> {
        self.write(|connection| match highest_charter(connection)? {
            Some(seen) if seen == charter => Ok(CharterNote::Highest),
            Some(seen) if seen.version == charter.version => Ok(CharterNote::Fork(seen)),
            Some(seen) if seen.version > charter.version => Ok(CharterNote::Behind(seen)),
            Some(_) | None => {
                let SeenCharter { version, id } = charter;
                let kind = Kind::Charter {
                    version,
                    charter: id,
                };
                append(connection, kind, None, now)?;
                Ok(CharterNote::Highest)
            }
        })
    }

    /// Writes down what is about to leave, and returns only after the disk has it. What was written down before, and
    /// leaves once more, adds nothing.
    ///
    /// # Errors
    /// An answer to a query that waits for a person or was refused by one; or the file could not be written. Then it
    /// must not leave.
    pub fn left(&self, departure: Departure<'_>, now: Timestamp) -> Result<(), RecordError> {
        let (kind, document) = row_of(departure);
        self.write(|connection| {
            if let Kind::Answer { query, .. } = kind {
                may_be_answered(connection, query)?;
            }
            append_once(connection, kind, document, now)
        })
    }

    /// Writes down a currency document that the operator loaded from a file.
    ///
    /// # Errors
    /// The file could not be read or written.
    pub fn note_currency(&self, document: &Envelope, now: Timestamp) -> Result<(), RecordError> {
        let kind = Kind::Currency {
            document: document.id(),
        };
        self.write(|connection| append_once(connection, kind, Some(document), now))
    }

    /// The highest charter ever seen.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn highest_charter(&self) -> Result<Option<SeenCharter>, RecordError> {
        highest_charter(&self.lock())
    }

    /// Every row, oldest first, with the head after it.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn entries(&self) -> Result<Vec<(Entry, ChainHead)>, RecordError> {
        let mut entries = Vec::new();
        self.each(|stored| {
            entries.push((stored.entry, stored.head));
            Ok(())
        })?;
        Ok(entries)
    }

    /// The exact bytes of a document that left or was loaded.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn document(&self, id: DocumentId) -> Result<Option<Vec<u8>>, RecordError> {
        store::document(&self.lock(), id)
    }

    /// The head of the chain.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn head(&self) -> Result<ChainHead, RecordError> {
        Ok(store::last(&self.lock())?.map_or(ChainHead::EMPTY, |(_, head)| head))
    }

    /// The number of the last row: whoever saw it before knows whether there is more to look at.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn last_row(&self) -> Result<i64, RecordError> {
        Ok(store::last(&self.lock())?.map_or(0, |(seq, _)| seq))
    }

    /// Recomputes every head from the first row on, over the rows and the bytes of their documents.
    ///
    /// # Errors
    /// [`RecordError::ChainBroken`] at the first row that does not follow from the one before it.
    pub fn verify_chain(&self) -> Result<(), RecordError> {
        let (mut expected_seq, mut head) = (1, ChainHead::EMPTY);
        self.each(|stored| {
            let broken = RecordError::ChainBroken { seq: expected_seq };
            let document = stored.document.as_deref();
            head = stored.entry.head_after(head, document);
            let fits = stored.entry.seq == expected_seq
                && head == stored.head
                && is_document_of(&stored.entry, document)
                && Timestamp::from_second(stored.entry.at_s).is_ok();
            expected_seq += 1;
            if fits { Ok(()) } else { Err(broken) }
        })?;
        // A record without its first row was emptied.
        if expected_seq == 1 {
            return Err(RecordError::ChainBroken { seq: 1 });
        }
        Ok(())
    }

    /// Writes the whole record as lines of JSON that [`verify_export`] checks without the file. Rows that are appended
    /// meanwhile may or may not be in it.
    ///
    /// # Errors
    /// The file could not be read, or the lines not be written.
    pub fn export(&self, out: &mut dyn std::io::Write) -> Result<(), RecordError> {
        export::write(self, out)
    }

    /// Calls `take` with every row in order. The file is free between pages.
    fn each(
        &self,
        mut take: impl FnMut(Stored) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let mut after_seq = i64::MIN;
        loop {
            let page = store::page(&self.lock(), after_seq, PAGE_ROWS)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after_seq = last.entry.seq;
            page.into_iter().try_for_each(&mut take)?;
        }
    }

    /// Runs `work` while nobody else writes, in this process or another; what it wrote is on disk when this returns.
    fn write<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// A thread that panicked left at most an open transaction, which SQLite has rolled back: the data is sound.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the bytes beside a row are the document that it names.
fn is_document_of(entry: &Entry, document: Option<&[u8]>) -> bool {
    match (entry.kind.document(), document) {
        (None, None) => true,
        (Some(id), Some(bytes)) => Envelope::from_json(bytes).is_ok_and(|found| found.id() == id),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn append_once(
    connection: &Connection,
    kind: Kind,
    document: Option<&Envelope>,
    now: Timestamp,
) -> Result<(), RecordError> {
    if store::holds(connection, &kind)? {
        return Ok(());
    }
    append(connection, kind, document, now)
}

fn append(
    connection: &Connection,
    kind: Kind,
    document: Option<&Envelope>,
    now: Timestamp,
) -> Result<(), RecordError> {
    let kept = match document {
        None => None,
        Some(document) => {
            let id = document.id();
            store::keep_document(connection, id, &document.to_json())?;
            store::document(connection, id)?
        }
    };
    let (seq, before) = store::last(connection)?.unwrap_or((0, ChainHead::EMPTY));
    let entry = Entry {
        seq: seq + 1,
        at_s: now.as_second(),
        kind,
    };
    store::append(
        connection,
        &entry,
        entry.head_after(before, kept.as_deref()),
    )
}

fn highest_charter(connection: &Connection) -> Result<Option<SeenCharter>, RecordError> {
    Ok(
        match store::last_of(connection, "charter")?.map(|entry| entry.kind) {
            Some(Kind::Charter { version, charter }) => Some(SeenCharter {
                version,
                id: charter,
            }),
            Some(_) | None => None,
        },
    )
}

/// The moment of a row; one that no clock shows was altered.
fn moment(seq: i64, at_s: i64) -> Result<Timestamp, RecordError> {
    Timestamp::from_second(at_s).map_err(|_| RecordError::ChainBroken { seq })
}
