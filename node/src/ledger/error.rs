//! Why could the ledger not be used? Infrastructure only: a refusal is a value.

use std::path::PathBuf;

use protocol::ids::QuestionId;
use thiserror::Error;

/// Why the ledger could not be read or written. Nothing was charged.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// There is no ledger where one must be.
    #[error("there is no ledger at {0}; restore it from your backup, or run `init` for a new node")]
    Missing(PathBuf),
    /// There is a ledger where a new one should be made.
    #[error("there is a ledger at {0} already; a new one would forget what was spent")]
    Exists(PathBuf),
    /// The file is another program's.
    #[error("{0} is not a ledger; restore it from your backup")]
    NotALedger(PathBuf),
    /// The file was written by a newer program.
    #[error(
        "the ledger has version {found}, this program knows up to {known}; install the newer program again"
    )]
    Newer {
        /// The file's version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// A row does not follow from the one before it.
    #[error(
        "row {seq} of the ledger was altered; stop, keep the file, and restore the ledger from your backup"
    )]
    ChainBroken {
        /// The first row that does not fit.
        seq: i64,
    },
    /// No space to write.
    #[error(
        "the disk with the ledger is full; free some space, then start again: nothing was charged"
    )]
    DiskFull,
    /// An answer cannot be kept for a question that was never charged.
    #[error("question {0} was never charged, so no answer to it can be kept")]
    NotCharged(QuestionId),
    /// The file could not be made.
    #[error("the ledger at {path} could not be made: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Anything else that the database says.
    #[error(
        "the ledger could not be read or written: {0}; check the disk and the file's permissions"
    )]
    Database(rusqlite::Error),
}

impl LedgerError {
    /// The stable code that programs match.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "ledger_missing",
            Self::Exists(_) => "ledger_exists",
            Self::NotALedger(_) => "not_a_ledger",
            Self::Newer { .. } => "ledger_newer",
            Self::ChainBroken { .. } => "ledger_altered",
            Self::DiskFull => "disk_full",
            Self::NotCharged(_) => "not_charged",
            Self::Io { .. } => "ledger_io",
            Self::Database(_) => "ledger_database",
        }
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error() {
            // The file that SQLite shares between processes tells of a full disk in its own way.
            Some(fault)
                if fault.code == rusqlite::ErrorCode::DiskFull
                    || fault.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE =>
            {
                Self::DiskFull
            }
            _ => Self::Database(error),
        }
    }
}
