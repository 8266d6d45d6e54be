//! Is what I know still current? A timekeeper's signed statement of the log's state, valid for 14 days.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::envelope::Payload;
use crate::ids::{ChainHead, DocumentId, NetworkName};
use crate::log::LogPosition;

/// A timekeeper's statement. Without a current one a node answers nothing, so a withheld revocation bites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Currency {
    /// The network.
    pub network: NetworkName,
    /// When it was signed.
    pub time: Timestamp,
    /// The log as the timekeeper saw it.
    pub log: LogPosition,
    /// [`hash_of_revocations`] of all revocations in that log.
    pub revocations: ChainHead,
}

impl Payload for Currency {
    const TYPE: &'static str = "application/vnd.cartally.currency+json";
}

/// SHA-256 over the sorted ids of all revocations; the hash of none is well known, so an empty list is stated too.
#[must_use]
pub fn hash_of_revocations(ids: &BTreeSet<DocumentId>) -> ChainHead {
    let mut hash = Context::new(&SHA256);
    hash.update(b"cartally revocations v1\n");
    for id in ids {
        hash.update(id.as_bytes());
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    ChainHead::from_bytes(bytes)
}
