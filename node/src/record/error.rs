//! Why could the record not be used? Nothing leaves a node that cannot write down that it does.

use std::path::PathBuf;

use protocol::ids::DocumentId;
use thiserror::Error;

use super::decision::Verdict;

/// Why the record could not be read or written, or does not take what it was given.
#[derive(Debug, Error)]
pub enum RecordError {
    /// There is no record where one must be.
    #[error("there is no record at {}; restore it from your backup", .0.display())]
    Missing(PathBuf),
    /// There is a record where a new one should be made.
    #[error("there is a record at {} already; a new one would forget what left", .0.display())]
    Exists(PathBuf),
    /// The file is another program's.
    #[error("{} is not a record; restore it from your backup", .0.display())]
    NotARecord(PathBuf),
    /// The file was written by a newer program.
    #[error(
        "the record has version {found}, this program knows up to {known}; install the newer program again"
    )]
    Newer {
        /// The file's version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// A row does not follow from the one before it.
    #[error(
        "row {seq} of the record was altered; stop, keep the file for your auditor, and restore the record from your backup"
    )]
    ChainBroken {
        /// The first row that does not fit.
        seq: i64,
    },
    /// Nobody asked for a decision.
    #[error(
        "query {0} does not wait for a decision; `cartally-node pending` lists those that do, each with its whole id"
    )]
    NotAwaiting(DocumentId),
    /// A decision stands.
    #[error("query {query} was {decided} before, and a decision stands for good")]
    Decided {
        /// The query.
        query: DocumentId,
        /// What was decided.
        decided: Verdict,
    },
    /// An answer to a query that waits for a person, or that a person refused.
    #[error(
        "no person approved query {0}, so no answer to it leaves; look at `cartally-node pending`"
    )]
    NotApproved(DocumentId),
    /// A text that a person wrote is too long.
    #[error("{what} has more than {chars_max} characters; shorten it")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// The most that it may have.
        chars_max: usize,
    },
    /// No space to write.
    #[error(
        "the disk with the record is full; free some space, then start again: nothing left the node"
    )]
    DiskFull,
    /// The file could not be made, or an export not be written.
    #[error("the record could not be written: {0}; check the disk and the folder's permissions")]
    Io(std::io::Error),
    /// Anything else that the database says; its number alone, for its texts may quote statements.
    #[error("the record's database reported fault {0}; check the disk and the file's permissions")]
    Database(i32),
}

impl RecordError {
    /// The stable code that programs match.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "record_missing",
            Self::Exists(_) => "record_exists",
            Self::NotARecord(_) => "not_a_record",
            Self::Newer { .. } => "record_newer",
            Self::ChainBroken { .. } => "record_altered",
            Self::NotAwaiting(_) => "not_awaiting",
            Self::Decided { .. } => "decided_before",
            Self::NotApproved(_) => "not_approved",
            Self::TooLong { .. } => "text_too_long",
            Self::DiskFull => "disk_full",
            Self::Io(_) => "record_io",
            Self::Database(_) => "record_database",
        }
    }
}

impl From<rusqlite::Error> for RecordError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error() {
            // The file that SQLite shares between processes tells of a full disk in its own way.
            Some(fault)
                if fault.code == rusqlite::ErrorCode::DiskFull
                    || fault.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE =>
            {
                Self::DiskFull
            }
            Some(fault) => Self::Database(fault.extended_code),
            None => Self::Database(0),
        }
    }
}
