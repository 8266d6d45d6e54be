//! What may no longer be relied on? A member's revocation: one suspends a document for 14 days, k revoke it for good.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{DocumentError, demand};
use crate::envelope::Payload;
use crate::ids::{DocumentId, NetworkName};
use crate::limits::{REASON_CHARS_MAX, SUSPENSION_S};

/// A member's word that a roster, template or study should no longer be relied on. Signed by that member first; the
/// signatures of others make it final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// The network.
    pub network: NetworkName,
    /// What is revoked.
    pub document: DocumentId,
    /// Why, in plain words.
    pub reason: String,
    /// When the first member signed: the suspension is counted from here.
    pub time: Timestamp,
}

impl Payload for Revocation {
    const TYPE: &'static str = "application/vnd.cartally.revocation+json";
}

impl Revocation {
    /// The end of the suspension that the first member's signature brings.
    #[must_use]
    pub fn suspended_until(&self) -> Timestamp {
        end_of_suspension(self.time)
    }

    /// Whether the revocation can be used.
    ///
    /// # Errors
    /// No reason, or one that is too long.
    pub fn check(&self) -> Result<(), DocumentError> {
        check_reason(&self.reason, "revocation")
    }
}

/// The first moment at which a suspension that began at `begun` is over.
pub(crate) fn end_of_suspension(begun: Timestamp) -> Timestamp {
    let end = begun.saturating_add(SignedDuration::from_secs(SUSPENSION_S));
    end.unwrap_or(Timestamp::MAX)
}

/// A reason is there for people to read.
pub(super) fn check_reason(reason: &str, document: &'static str) -> Result<(), DocumentError> {
    demand(!reason.trim().is_empty(), document, "it gives no reason")?;
    demand(
        reason.chars().count() <= REASON_CHARS_MAX,
        document,
        "its reason is longer than 1000 characters",
    )
}
