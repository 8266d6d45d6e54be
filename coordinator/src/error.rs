//! What can go wrong at the coordinator, and how a peer hears of it.

use std::path::PathBuf;

use protocol::documents::{DocumentError, RefusalReason};
use protocol::envelope::EnvelopeError;
use protocol::ids::{CenterId, DocumentId, NetworkName};
use protocol::keys::KeyError;
use protocol::limits::{CELLS_MAX, PARTS_MAX, UNDECIDED_MAX, WAIT_S_MAX};
use protocol::task::{TaskError, TaskState};
use protocol::verify::GovernanceError;
use thiserror::Error;
use transport::TransportError;
use transport::identity::Identity;
use transport::problem::{Kind, Problem};

use crate::limits::{
    CELL_ABS_MAX, LIVE_CERTIFICATES_MAX, OPEN_QUERIES_MAX, OPEN_QUERIES_PER_RESEARCHER_MAX,
    SUBMISSIONS_PER_TASK_MAX,
};

/// Why the coordinator did not do something. Each has a stable [`CoordinatorError::code`].
#[derive(Debug, Error)]
pub enum CoordinatorError {
    /// Files, certificates, sockets.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The store failed.
    #[error("the store failed: {0}; check the disk and the rights of the data folder")]
    Store(#[from] rusqlite::Error),
    /// The store was written by a newer program.
    #[error("the store has version {found}, this program knows {known}; use the newer program")]
    StoreNewer {
        /// The version found.
        found: u32,
        /// The newest version known.
        known: u32,
    },
    /// What is stored contradicts itself.
    #[error(
        "the store contradicts itself: {0}; restore the last good backup and tell the committee"
    )]
    StoreBroken(String),
    /// No coordinator lives in this folder.
    #[error(
        "{0} holds no coordinator; run: cartally-coordinator init --data {0} --network NAME --host NAME"
    )]
    NotInitialised(PathBuf),
    /// There is something in the folder.
    #[error(
        "{0} is not empty; give an empty or new folder, because nothing in it is ever overwritten"
    )]
    NotEmpty(PathBuf),
    /// A file could not be read or written.
    #[error("{path}: {source}; check that it is a readable file")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The signing key cannot be used.
    #[error("{0}; restore keys/signing.key from a backup")]
    Key(#[from] KeyError),
    /// An argument cannot be used.
    #[error("{0}")]
    Argument(String),
    /// An invitation that is unknown, expired, used, withdrawn, or somebody else's: nobody learns which.
    #[error(
        "this invitation cannot be used; ask the coordinator's operator for a new one and use it once, in time, for the party that it names"
    )]
    InvitationRefused,
    /// A certificate that was not issued here, or was revoked.
    #[error(
        "this certificate is revoked or was never issued by this coordinator; ask its operator for an invitation"
    )]
    CertificateRevoked,
    /// The server cannot issue certificates.
    #[error(
        "this coordinator cannot issue certificates, because the key of its authority is not there; its operator puts keys/ca.key back and restarts it"
    )]
    NoAuthority,
    /// An enrolment cannot be used.
    #[error("this enrolment cannot be used: {0}")]
    Request(String),
    /// An enrolment against the rules of its document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// An enrolment of another network.
    #[error(
        "this enrolment is for another network than {0}; use the address and invitation of one network"
    )]
    OtherNetwork(NetworkName),
    /// A renewal for another party.
    #[error(
        "this enrolment speaks of another party than {0}, which asks; a party renews its own certificate alone"
    )]
    OtherParty(Identity),
    /// A renewal of what was not issued here.
    #[error(
        "this certificate is of the hospital's own authority, which renews it; nothing is renewed here"
    )]
    NotIssuedHere,
    /// A renewal with another signing key.
    #[error(
        "this enrolment names another signing key than the one enrolled with; ask the coordinator's operator for an invitation to enrol with a new key"
    )]
    OtherSigningKey,
    /// Too many certificates of one party.
    #[error(
        "{LIVE_CERTIFICATES_MAX} certificates of this party are good, which is the most; use the last one, or ask the coordinator's operator"
    )]
    TooManyCertificates,
    /// Not a signed document.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A governance document is refused.
    #[error(transparent)]
    Governance(#[from] GovernanceError),
    /// A document of this type is not handed in here.
    #[error(
        "a document of type {0:?} is not handed in here; send charter, roster, template, study, revocation, decline, currency or query"
    )]
    WrongKind(String),
    /// A roster names another coordinator.
    #[error(
        "this roster names another coordinator's signing key, so this coordinator could not publish; name the key that init printed"
    )]
    OtherCoordinator,
    /// A query is refused, for the reason that nodes would give.
    #[error("{}", .0.sentence())]
    Query(RefusalReason),
    /// Too many open queries.
    #[error(
        "{OPEN_QUERIES_MAX} queries are open, which is the most at once; try again when one has ended"
    )]
    TooManyQueries,
    /// Too many open queries of one person.
    #[error(
        "{OPEN_QUERIES_PER_RESEARCHER_MAX} of your queries are open, which is the most for one researcher; try again when one has ended"
    )]
    TooManyOfYours,
    /// Too many undecided proposals of one proposer.
    #[error(
        "{UNDECIDED_MAX} of your proposals wait for the committee, which is the most for one proposer; have them decided first"
    )]
    TooManyProposals,
    /// A proposer whom nobody enrolled.
    #[error(
        "the proposer's key is not enrolled here; join by an invitation first (a certificate issued by hand names its key at its first renewal)"
    )]
    NotEnrolled,
    /// A second decline or suspension of one document by one member.
    #[error(
        "this member has said so before; a second time changes nothing. to revoke it for good, others sign the revocation that is there"
    )]
    SaidBefore,
    /// A document is dated ahead of this clock.
    #[error(
        "this document is dated ahead of the coordinator's clock; set your clock and sign anew"
    )]
    FromTheFuture,
    /// No such query.
    #[error("there is no query {0}; see the list of queries")]
    NoSuchQuery(DocumentId),
    /// No result yet.
    #[error("query {0} is not published yet; watch it until its deadline")]
    NotPublished(DocumentId),
    /// The center is not in the roster.
    #[error(
        "center {0} is not in the roster in force; the committee must sign a roster that names it"
    )]
    NotInRoster(CenterId),
    /// The center has no task in this query.
    #[error("center {0} was not asked this query")]
    NotAsked(CenterId),
    /// The answer is signed by the wrong key, or is not this center's, or is of another question.
    #[error("this answer is refused: {0}")]
    Answer(&'static str),
    /// The author of a document saw another log than this one.
    #[error(
        "its author saw another log than this coordinator keeps; bring the copy of the log up to date and sign anew, and if that does not help tell the committee"
    )]
    OtherLog,
    /// The answer's vector is larger than any plan.
    #[error(
        "an answer has at most {PARTS_MAX} parts of at most {CELLS_MAX} cells, none beyond {CELL_ABS_MAX}"
    )]
    AnswerSize,
    /// Too many different answers for one task.
    #[error(
        "{SUBMISSIONS_PER_TASK_MAX} different answers came for this task, which is the most; no further one is kept"
    )]
    TooManyAnswers,
    /// A report names a state that cannot be reported.
    #[error("a node reports awaiting-approval or accepted, not {0}; an end is a signed document")]
    Report(TaskState),
    /// The task cannot take this step.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// A wait is too long.
    #[error("wait_s is {0}; ask for at most {WAIT_S_MAX} seconds and poll again")]
    Wait(u32),
    /// The address names no document.
    #[error("{0:?} is not the id of a document: 64 lower-case hexadecimal digits")]
    Id(String),
    /// The server is stopping.
    #[error("the coordinator is stopping; try again in a moment")]
    Stopping,
}

impl CoordinatorError {
    /// The stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Transport(error) => error.code(),
            Self::Store(_) => "store",
            Self::StoreNewer { .. } => "store_newer",
            Self::StoreBroken(_) => "store_broken",
            Self::NotInitialised(_) => "not_initialised",
            Self::NotEmpty(_) => "not_empty",
            Self::File { .. } => "file",
            Self::Key(_) => "signing_key",
            Self::Argument(_) => "argument",
            Self::InvitationRefused => "invitation-refused",
            Self::CertificateRevoked => "certificate-revoked",
            Self::NoAuthority => "no_authority",
            Self::Request(_) => "enrolment",
            Self::Document(_) => "document_rules",
            Self::OtherNetwork(_) => "other_network",
            Self::OtherParty(_) => "other_party",
            Self::NotIssuedHere => "not_issued_here",
            Self::OtherSigningKey => "other_signing_key",
            Self::TooManyCertificates => "too_many_certificates",
            Self::Envelope(EnvelopeError::NoValidSignature) => "signature",
            Self::Envelope(EnvelopeError::TooLarge) => "document_too_large",
            Self::Envelope(_) => "not_a_document",
            Self::Governance(error) => governance_code(error),
            Self::WrongKind(_) => "wrong_document_type",
            Self::OtherCoordinator => "other_coordinator",
            Self::Query(reason) => reason.code(),
            Self::TooManyQueries => "too_many_queries",
            Self::TooManyOfYours => "too_many_of_yours",
            Self::TooManyProposals => "too_many_proposals",
            Self::FromTheFuture => "from_the_future",
            Self::NotEnrolled => "not_enrolled",
            Self::SaidBefore => "said_before",
            Self::NoSuchQuery(_) => "no_such_query",
            Self::NotPublished(_) => "not_published",
            Self::NotInRoster(_) => "not_in_roster",
            Self::NotAsked(_) => "not_asked",
            Self::Answer(_) => "answer_refused",
            Self::OtherLog => "other_log",
            Self::AnswerSize => "answer_too_large",
            Self::TooManyAnswers => "too_many_answers",
            Self::Report(_) => "report",
            Self::Task(_) => "task_state",
            Self::Wait(_) => "wait_too_long",
            Self::Id(_) => "not_an_id",
            Self::Stopping => "stopping",
        }
    }

    /// What kind of problem a peer sees.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Transport(_)
            | Self::Store(_)
            | Self::StoreNewer { .. }
            | Self::StoreBroken(_)
            | Self::NotInitialised(_)
            | Self::NotEmpty(_)
            | Self::File { .. }
            | Self::Key(_) => Kind::Internal,
            Self::Argument(_)
            | Self::Request(_)
            | Self::WrongKind(_)
            | Self::Wait(_)
            | Self::Id(_)
            | Self::Envelope(EnvelopeError::Malformed(_) | EnvelopeError::Base64) => Kind::Invalid,
            Self::Envelope(EnvelopeError::TooLarge) | Self::AnswerSize => Kind::TooLarge,
            Self::Governance(
                GovernanceError::Older
                | GovernanceError::OtherCharter
                | GovernanceError::OtherLog
                | GovernanceError::Fork { .. },
            )
            | Self::OtherLog
            | Self::SaidBefore
            | Self::NotIssuedHere
            | Self::TooManyAnswers
            | Self::Task(_) => Kind::Conflict,
            Self::Envelope(_)
            | Self::Governance(_)
            | Self::Document(_)
            | Self::OtherNetwork(_)
            | Self::OtherSigningKey
            | Self::OtherCoordinator
            | Self::FromTheFuture
            | Self::NotEnrolled
            | Self::Query(_)
            | Self::Answer(_)
            | Self::Report(_) => Kind::Refused,
            Self::TooManyQueries
            | Self::TooManyOfYours
            | Self::TooManyProposals
            | Self::TooManyCertificates => Kind::Busy,
            Self::NoSuchQuery(_) | Self::NotPublished(_) => Kind::NotFound,
            Self::NotInRoster(_)
            | Self::NotAsked(_)
            | Self::InvitationRefused
            | Self::CertificateRevoked
            | Self::OtherParty(_) => Kind::Forbidden,
            Self::NoAuthority | Self::Stopping => Kind::Unavailable,
        }
    }
}

const fn governance_code(error: &GovernanceError) -> &'static str {
    match error {
        GovernanceError::Envelope(EnvelopeError::NoValidSignature) => "signature",
        GovernanceError::Envelope(_) => "not_a_document",
        GovernanceError::Document(_) => "document_rules",
        GovernanceError::NoCharter => "no_charter",
        GovernanceError::OtherCharter => "other_charter",
        GovernanceError::OtherNetwork => "other_network",
        GovernanceError::NotEveryMember => "not_every_member",
        GovernanceError::ProposerMissing => "proposer_missing",
        GovernanceError::NoMember => "no_member",
        GovernanceError::NoPredecessor => "no_predecessor",
        GovernanceError::Fork { .. } => "charter_fork",
        GovernanceError::Older => "older",
        GovernanceError::OtherLog => "other_log",
        GovernanceError::OtherRevocations => "other_revocations",
        GovernanceError::UnknownDocument => "unknown_document",
    }
}

/// The one place where an error becomes what a peer sees: its own sentence, except for faults, whose cause is for the log.
impl From<CoordinatorError> for Problem {
    fn from(error: CoordinatorError) -> Self {
        let kind = error.kind();
        if kind == Kind::Internal {
            tracing::error!(code = error.code(), error = %error, "a request failed through a fault of this service");
            return Self::internal();
        }
        Self::new(kind, error.to_string()).with_code(error.code())
    }
}
