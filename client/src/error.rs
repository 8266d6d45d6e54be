//! What can go wrong on a person's machine, said so that the person knows what to do.

use std::path::PathBuf;

use protocol::documents::DocumentError;
use protocol::envelope::EnvelopeError;
use protocol::fingerprint::FingerprintError;
use protocol::ids::DocumentId;
use protocol::keys::PublicKey;
use protocol::log::LogPosition;
use protocol::verify::{Fork, GovernanceError};
use question::QuestionError;
use thiserror::Error;
use transport::TransportError;

use crate::govern::VoteError;
use crate::verify::VerifyError;

/// Two heads that the coordinator signed and that lie on no common log: a proof that it has lied.
#[derive(Debug, Error)]
#[error(
    "the coordinator has signed two heads that lie on no common log: {} entries with head {} before, {} entries with head {} now; it has shown \
     different logs, and both statements together prove it: keep {} and {}, and show them to the committee",
    .before.entries, .before.head, .now.entries, .now.head, .before_file.display(), .now_file.display()
)]
pub struct Contradiction {
    /// What it signed before.
    pub before: LogPosition,
    /// What it signs now.
    pub now: LogPosition,
    /// Where the one before is kept.
    pub before_file: PathBuf,
    /// Where the one of now is kept.
    pub now_file: PathBuf,
}

/// Why a command did nothing. Each has a stable [`ClientError::code`].
#[derive(Debug, Error)]
pub enum ClientError {
    /// Reading or writing a file failed.
    #[error("{path}: {source}; check the path and who may read and write there")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Output could not be written, for example a closed pipe.
    #[error(
        "the output could not be written: {0}; check where it goes and whether the disk is full"
    )]
    Output(#[from] std::io::Error),
    /// There is no home yet.
    #[error(
        "{0} is not the home of a person in a network; run: cartally join, with the invitation that you got"
    )]
    NoHome(PathBuf),
    /// The home exists already.
    #[error("{0} holds a person's keys already; give another --data, or go on with this one")]
    HomeExists(PathBuf),
    /// A file of the home cannot be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No charter is pinned.
    #[error(
        "no charter is pinned; compare its fingerprint by telephone, then run: cartally charter pin FINGERPRINT"
    )]
    NoCharter,
    /// The pinned charter is not in the log.
    #[error(
        "the pinned charter {0} is not in the coordinator's log; compare its fingerprint with the registry office"
    )]
    CharterNotInLog(DocumentId),
    /// Two charters succeed the same one.
    #[error(
        "the committee has split: charters {} and {} both succeed the same one, and nothing is in force any more; sign and ask nothing, read both with cartally review ID, and call the other members and the registry office; no later document of this log can heal it: found the network anew with a charter that all of you sign",
        .0.one, .0.other
    )]
    Fork(Fork),
    /// A document that the command rests on does not count now.
    #[error("{what} {how}")]
    NotStanding {
        /// What people call it.
        what: String,
        /// How it stands, and what to do.
        how: String,
        /// Revoked for good, not only suspended.
        is_final: bool,
    },
    /// The coordinator's word for how far its log reaches is not its own.
    #[error(
        "the coordinator's statement of how far its log reaches is not signed with the key {key} that the roster names: whoever answers is not the coordinator that the committee chose; tell the registry office, and believe nothing that was fetched"
    )]
    HeadNotSigned {
        /// The key that should have signed.
        key: PublicKey,
    },
    /// Two signed heads lie on no common log.
    #[error(transparent)]
    HeadsContradict(Box<Contradiction>),
    /// Currency is not this person's to sign.
    #[error(
        "your key is not a timekeeper's of the charter in force; the registry office signs currency"
    )]
    NotATimekeeper,
    /// A fingerprint was misread or misheard.
    #[error(transparent)]
    Fingerprint(#[from] FingerprintError),
    /// A member's word would not count.
    #[error(transparent)]
    Vote(#[from] VoteError),
    /// The coordinator's log departs from the copy kept here.
    #[error(
        "the coordinator's log does not extend the copy kept here: {0}; tell the committee before asking anything"
    )]
    Log(#[from] protocol::log::LogError),
    /// Nothing is called so.
    #[error("no {what} called {name:?} {where_}; {}", known_or_hint(.known))]
    Unknown {
        /// The kind of thing.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        where_: &'static str,
        /// What there is; or which command helps, after a colon.
        known: String,
    },
    /// An argument is not what the command needs.
    #[error("{0}")]
    Usage(String),
    /// The person said no, or could not be asked.
    #[error("nothing was signed: {0}")]
    NotConfirmed(&'static str),
    /// The result is not there yet.
    #[error("the result of {0} is not published yet; follow it with: cartally watch {0}")]
    NotPublished(DocumentId),
    /// A document is malformed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A document breaks a rule of its kind.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A document is not in force.
    #[error(transparent)]
    Governance(#[from] GovernanceError),
    /// The template or its parameters do not fit.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// A result does not verify.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The log does not pass the audit; what is wrong was shown.
    #[error(
        "the log does not pass, findings: {0}; show them to the committee and the coordinator's operator, and rely on no result \
         until each is explained"
    )]
    AuditFailed(usize),
    /// The coordinator could not be asked, or said no.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl ClientError {
    /// The stable code, for programs.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::File { .. } => "file".into(),
            Self::Output(_) => "output".into(),
            Self::NoHome(_) => "no-home".into(),
            Self::HomeExists(_) => "home-exists".into(),
            Self::Unreadable { .. } => "unreadable".into(),
            Self::NoCharter => "no-charter".into(),
            Self::CharterNotInLog(_) => "charter-not-in-log".into(),
            Self::Fork(_) => "charter-fork".into(),
            Self::NotStanding {
                is_final: false, ..
            } => "suspended".into(),
            Self::NotStanding { is_final: true, .. } => "revoked".into(),
            Self::HeadNotSigned { .. } => "head-not-signed".into(),
            Self::HeadsContradict(_) => "heads-contradict".into(),
            Self::NotATimekeeper => "not-a-timekeeper".into(),
            Self::Fingerprint(_) => "fingerprint".into(),
            Self::Vote(error) => error.code().to_owned(),
            Self::Log(_) => "log-broken".into(),
            Self::Unknown { what, .. } => format!("unknown-{}", what.replace(' ', "-")),
            Self::Usage(_) => "usage".into(),
            Self::NotConfirmed(_) => "not-confirmed".into(),
            Self::NotPublished(_) => "not-published".into(),
            Self::Envelope(_) | Self::Document(_) => "document".into(),
            Self::Governance(_) => "not-in-force".into(),
            Self::Question(error) => error.code().to_owned(),
            Self::AuditFailed(_) => "audit-failed".into(),
            Self::Verify(error) => error.code().to_owned(),
            Self::Transport(error) => error.code().to_owned(),
        }
    }

    /// The process's exit code: 2 for wrong usage, 1 for everything else.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Fingerprint(_) => 2,
            _ => 1,
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }

    pub(crate) fn unreadable(path: impl Into<PathBuf>, why: &impl ToString) -> Self {
        Self::Unreadable {
            path: path.into(),
            why: why.to_string(),
        }
    }
}

/// What tells advice from a list of names, none of which has a space.
const HINT: &str = ": cartally ";

fn known_or_hint(known: &str) -> String {
    if known.contains(HINT) {
        known.to_owned()
    } else if known.is_empty() {
        "there is none yet".to_owned()
    } else {
        format!("known: {known}")
    }
}
