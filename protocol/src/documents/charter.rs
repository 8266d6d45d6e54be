//! Who decides? The charter: members, threshold, timekeepers. A node pins its fingerprint.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{DocumentError, demand, distinct};
use crate::envelope::Payload;
use crate::ids::{DocumentId, NetworkName, PersonId};
use crate::keys::PublicKey;
use crate::limits::MEMBERS_MAX;

/// The network's constitution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charter {
    /// The network that it founds.
    pub network: NetworkName,
    /// 1 for the genesis charter, one more for each successor.
    pub version: u32,
    /// The committee.
    pub members: Vec<Member>,
    /// Signatures that put a document in force: more than half of the members.
    pub threshold: u32,
    /// From how many organisations they must come at least.
    pub minimum_organisations: u32,
    /// Keys that may sign `currency`: the registry office's, never the coordinator's.
    pub timekeepers: Vec<PublicKey>,
    /// Absent in the genesis charter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Predecessor>,
}

/// One member of the committee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The member's id in the network.
    pub id: PersonId,
    /// The member's name, for people.
    pub name: String,
    /// The organisation that sent the member.
    pub organisation: String,
    /// The key that signs for the member.
    pub key: PublicKey,
}

/// The charter that a later one succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predecessor {
    /// Its document id.
    pub charter: DocumentId,
    /// Its index in the log.
    pub log_index: u64,
}

impl Payload for Charter {
    const TYPE: &'static str = "application/vnd.cartally.charter+json";
}

impl Charter {
    /// The keys of all members.
    #[must_use]
    pub fn member_keys(&self) -> BTreeSet<PublicKey> {
        self.members.iter().map(|m| m.key).collect()
    }

    /// The keys that may sign `currency`.
    #[must_use]
    pub fn timekeeper_keys(&self) -> BTreeSet<PublicKey> {
        self.timekeepers.iter().copied().collect()
    }

    /// How many organisations the members who hold `keys` come from.
    #[must_use]
    pub fn organisations_of(&self, keys: &BTreeSet<PublicKey>) -> usize {
        let chosen = self.members.iter().filter(|m| keys.contains(&m.key));
        chosen
            .map(|m| m.organisation.as_str())
            .collect::<BTreeSet<_>>()
            .len()
    }

    /// Whether the rules it sets can work.
    ///
    /// # Errors
    /// No members or too many, a doubled id or key, a threshold of half or less, more organisations than there are.
    pub fn check(&self) -> Result<(), DocumentError> {
        const NAME: &str = "charter";
        let members = self.members.len();
        let threshold = usize::try_from(self.threshold).unwrap_or(usize::MAX);
        let minimum = usize::try_from(self.minimum_organisations).unwrap_or(usize::MAX);
        demand(
            (1..=MEMBERS_MAX).contains(&members),
            NAME,
            "it needs 1 to 32 members",
        )?;
        demand(
            distinct(self.members.iter().map(|m| &m.id)),
            NAME,
            "two members have one id",
        )?;
        demand(
            distinct(self.members.iter().map(|m| m.key)),
            NAME,
            "two members have one key",
        )?;
        demand(
            threshold <= members,
            NAME,
            "the threshold is above the number of members",
        )?;
        demand(
            2 * threshold > members,
            NAME,
            "the threshold must be more than half of the members",
        )?;
        demand(
            minimum >= 1,
            NAME,
            "the minimum of organisations must be 1 or more",
        )?;
        demand(
            minimum <= self.organisations_of(&self.member_keys()),
            NAME,
            "the members come from fewer organisations than its minimum",
        )?;
        demand(
            !self.timekeepers.is_empty(),
            NAME,
            "it names no timekeeper, so nothing could ever be current",
        )?;
        demand(
            (self.version == 1) == self.predecessor.is_none(),
            NAME,
            "version 1 has no predecessor and every later version has one",
        )
    }
}
