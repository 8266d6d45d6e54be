//! Why has a governance document no effect?

use thiserror::Error;

use crate::documents::DocumentError;
use crate::envelope::EnvelopeError;
use crate::ids::DocumentId;

/// Why a governance document has no effect.
#[derive(Debug, Error)]
pub enum GovernanceError {
    /// The envelope or its payload is not valid.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The payload breaks a rule of its kind.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// No charter yet.
    #[error("no charter is in force yet; submit the founders' charter first")]
    NoCharter,
    /// Not the pinned charter.
    #[error("this is not the pinned charter; compare fingerprints with the registry office")]
    OtherCharter,
    /// Of another network.
    #[error("this document belongs to another network")]
    OtherNetwork,
    /// The genesis charter lacks a member's signature.
    #[error("the charter must be signed by every member")]
    NotEveryMember,
    /// A successor names a charter that was never in force, or another place in the log.
    #[error(
        "this charter does not succeed one that was in force: it names another charter, version or place in the log"
    )]
    NoPredecessor,
    /// Two charters succeed the same one.
    #[error(
        "charter {other} succeeds the same charter as {one}: the committee has split, and nothing is in force until people have settled it"
    )]
    Fork {
        /// The one seen first.
        one: DocumentId,
        /// The one seen second.
        other: DocumentId,
    },
    /// The proposer has not signed.
    #[error(
        "the proposer whose key stands in this document has not signed it, or not over this log"
    )]
    ProposerMissing,
    /// Nobody who may has signed.
    #[error("no member of the committee has signed this, or not over this log")]
    NoMember,
    /// Older than what is in force.
    #[error("an equal or newer version of this document has been seen")]
    Older,
    /// Speaks of another log.
    #[error("this document speaks of another log than this one")]
    OtherLog,
    /// A currency document whose revocations are not those of the log.
    #[error("this currency document counts other revocations than the log shows")]
    OtherRevocations,
    /// Revokes or declines what nobody proposed.
    #[error("the document that this one speaks of is no roster, template or study of this log")]
    UnknownDocument,
}
