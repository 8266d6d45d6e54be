//! Why does a member not sign? A signed no with its reason, for the proposer and the other members to read.

use serde::{Deserialize, Serialize};

use super::DocumentError;
use super::revocation::check_reason;
use crate::envelope::Payload;
use crate::ids::{DocumentId, NetworkName};
use crate::log::LogPosition;

/// A member's no to one proposal. It vetoes nothing: the member's signature is just not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decline {
    /// The network.
    pub network: NetworkName,
    /// What the member does not sign.
    pub document: DocumentId,
    /// Why, in plain words.
    pub reason: String,
    /// The log as the member last saw it.
    pub log: LogPosition,
}

impl Payload for Decline {
    const TYPE: &'static str = "application/vnd.cartally.decline+json";
}

impl Decline {
    /// Whether the decline can be used.
    ///
    /// # Errors
    /// No reason, or one that is too long.
    pub fn check(&self) -> Result<(), DocumentError> {
        check_reason(&self.reason, "decline")
    }
}
