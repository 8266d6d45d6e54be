//! What went wrong, in a sentence that says what to do, with a code for programs and never a patient's value.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::import::ImportError;

/// Everything that can go wrong at a node while a person operates it.
#[derive(Debug, Error)]
pub enum NodeError {
    /// `init` never overwrites.
    #[error("{} already holds a node. choose another folder with --data, or move this one away first", .0.display())]
    AlreadyInitialised(PathBuf),
    /// No node lives in the data folder.
    #[error("{} holds no node. run `cartally-node init` first, or name the folder with --data", .0.display())]
    NotInitialised(PathBuf),
    /// `node.toml` cannot be used.
    #[error("{} is not a valid configuration: {reason}. correct the file", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the file's secrets: it has none.
        reason: String,
    },
    /// A key file is missing, too open, or damaged.
    #[error("{} cannot be used as a key: {reason}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// There is no certificate yet.
    #[error(
        "this node has no certificate yet. run `cartally-node join --token TOKEN` with an invitation of the coordinator's operator, \
         or have tls.csr certified and put the certificate beside it as tls.pem"
    )]
    NotEnrolled,
    /// The certificate is over.
    #[error("{sentence}")]
    CertificateExpired {
        /// Since when, and what to do.
        sentence: String,
    },
    /// The certificate will be over, and nobody renews it from here.
    #[error(
        "the hospital's own certificate ends at {until:.0}. have its PKI write the successor to the files that node.toml names"
    )]
    CertificateEnds {
        /// Its last moment.
        until: jiff::Timestamp,
    },
    /// The node is made, and could not enrol.
    #[error(
        "the node is made and nothing of it is lost, but it could not enrol: {0}. run `cartally-node join --token TOKEN` when that is mended"
    )]
    NotJoined(Box<Self>),
    /// The operating system gave no randomness.
    #[error("the operating system gave no random bytes. try again")]
    Randomness,
    /// A file could not be read or written.
    #[error("{} could not be {doing}: {source}. check that it exists and who may use it", path.display())]
    File {
        /// What was tried: `read`, `written`, ...
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// No room.
    #[error(
        "the disk is full, and nothing was changed. free some space where the data folder lies and try again"
    )]
    DiskFull,
    /// Another process of this node is writing.
    #[error(
        "another import, lock or forget is under way on this node. wait until it has ended and try again"
    )]
    Busy,
    /// Another process of this node answers.
    #[error(
        "another `cartally-node serve` runs on {}, and this one did nothing. stop that one first", .0.display()
    )]
    Serving(PathBuf),
    /// The database was written by a later program.
    #[error("{} was written by a later version ({found}) of this program, which reads up to {known}. install the later version", path.display())]
    StoreNewer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// `SQLite` reported a fault; only its number is told, for its texts may quote statements.
    #[error(
        "the node's database reported fault {0}. check the disk, and restore the data folder from its backup if it persists"
    )]
    Storage(i32),
    /// The dictionary cannot be used.
    #[error("{0}")]
    Dictionary(String),
    /// The import landed nothing.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Nothing to lock.
    #[error(
        "nothing was imported yet, so there is nothing to lock. run `cartally-node import DIR` first"
    )]
    NothingToLock,
    /// Not a date.
    #[error("a lock date is written YYYY-MM-DD. correct --date")]
    LockDateForm,
    /// A lock cannot be dated ahead.
    #[error(
        "the lock date {date} lies in the future (today is {today}). choose today or an earlier date"
    )]
    LockDateFuture {
        /// The date asked for.
        date: String,
        /// Today, by this machine's clock.
        today: String,
    },
    /// Locks go forward only.
    #[error(
        "the lock date {date} lies before the last lock ({last}). choose {last} or a later date"
    )]
    LockDateBeforeLast {
        /// The date asked for.
        date: String,
        /// The last lock's date.
        last: String,
    },
    /// A lock file differs from what was locked, or is gone.
    #[error(
        "the file of lock {0} is missing or is not what was locked. restore it from the backup, or lock again"
    )]
    LockDamaged(String),
    /// A lock that serves no new question.
    #[error("lock {0} was retired when a patient was forgotten. lock again")]
    LockRetired(String),
    /// The rows could not be counted; infrastructure, never data.
    #[error(transparent)]
    Source(#[from] crate::source::SourceError),
    /// Nobody to forget.
    #[error(
        "neither the tables nor any lock holds a patient with this id, and nothing was changed. check the id as the export writes it"
    )]
    UnknownPatient,
    /// An option that cannot be used.
    #[error("{0}")]
    Usage(String),
    /// A key, a certificate, a file or a connection.
    #[error(transparent)]
    Transport(#[from] transport::TransportError),
    /// The ledger could not be used.
    #[error(transparent)]
    Ledger(#[from] crate::ledger::LedgerError),
    /// The record could not be used.
    #[error(transparent)]
    Record(#[from] crate::record::RecordError),
    /// An exported record does not hold.
    #[error(transparent)]
    Export(#[from] crate::record::ExportError),
    /// Nothing was released.
    #[error(transparent)]
    Privacy(#[from] privacy::PrivacyError),
    /// The network side: what the coordinator sent, and what the node keeps of it.
    #[error("{sentence}")]
    Network {
        /// A stable code.
        code: &'static str,
        /// What happened and what to do.
        sentence: String,
    },
}

impl NodeError {
    /// A stable code for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::AlreadyInitialised(_) => "init.exists",
            Self::NotInitialised(_) => "node.not_initialised",
            Self::Config { .. } => "node.config",
            Self::Key { .. } => "node.key",
            Self::NotEnrolled => "node.not_enrolled",
            Self::CertificateExpired { .. } => "node.certificate_expired",
            Self::CertificateEnds { .. } => "node.certificate_ends",
            Self::NotJoined(cause) => cause.code(),
            Self::Randomness => "node.randomness",
            Self::File { .. } => "node.file",
            Self::DiskFull => "node.disk_full",
            Self::Busy => "node.busy",
            Self::Serving(_) => "node.serving",
            Self::StoreNewer { .. } => "store.newer",
            Self::Storage(_) => "store.fault",
            Self::Dictionary(_) => "dictionary.invalid",
            Self::Import(import) => import.code(),
            Self::NothingToLock => "lock.nothing_imported",
            Self::LockDateForm => "lock.date_form",
            Self::LockDateFuture { .. } => "lock.date_future",
            Self::LockDateBeforeLast { .. } => "lock.date_before_last",
            Self::LockDamaged(_) => "lock.damaged",
            Self::LockRetired(_) => "lock.retired",
            Self::UnknownPatient => "forget.unknown_patient",
            Self::Source(source) => source.code(),
            Self::Usage(_) => "usage",
            Self::Transport(transport) => transport.code(),
            Self::Ledger(ledger) => ledger.code(),
            Self::Record(record) => record.code(),
            Self::Export(export) => export.code(),
            Self::Privacy(privacy) => privacy.code(),
            Self::Network { code, .. } => code,
        }
    }

    /// A fault of the network side, with its cause's sentence.
    #[must_use]
    pub fn network(code: &'static str, cause: &dyn std::error::Error) -> Self {
        Self::Network {
            code,
            sentence: cause.to_string(),
        }
    }

    /// The error of a file operation; a full disk is told apart.
    #[must_use]
    pub fn file(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::File {
                doing,
                path: path.to_owned(),
                source,
            },
        }
    }
}

impl From<rusqlite::Error> for NodeError {
    /// Keeps the number only: `SQLite`'s texts may quote statements.
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error() {
            // A full disk is found out first by the file that SQLite shares between processes, which says so in its own way.
            Some(fault)
                if fault.code == ErrorCode::DiskFull
                    || fault.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE =>
            {
                Self::DiskFull
            }
            Some(fault)
                if matches!(
                    fault.code,
                    ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked
                ) =>
            {
                Self::Busy
            }
            Some(fault) => Self::Storage(fault.extended_code),
            None => Self::Storage(0),
        }
    }
}
