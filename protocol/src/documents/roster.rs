//! Which centers answer, with which keys, and how long do they wait before they do? The roster.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DocumentError, demand, distinct};
use crate::envelope::Payload;
use crate::ids::{CenterId, NetworkName};
use crate::keys::{PublicKey, SumKey};
use crate::limits::{ANSWER_DELAY_S_MAX, CENTERS_MAX};

/// The centers of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// The network.
    pub network: NetworkName,
    /// Who proposes it; must sign, and does not count for the committee rule.
    pub proposer: PublicKey,
    /// The highest version in force is the roster.
    pub version: u32,
    /// The key that signs results. It decides nothing; it makes a published result attributable.
    pub coordinator: PublicKey,
    /// The centers.
    pub centers: Vec<RosterCenter>,
    /// Seconds, the same at every node, between fetching a question and the first moment that anything about it leaves.
    pub answer_delay_s: f64,
}

/// One center of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterCenter {
    /// The center's id: `center_info.center_id`.
    pub id: CenterId,
    /// The hospital's name, for people.
    pub name: String,
    /// The key that signs its answers.
    pub signing_key: PublicKey,
    /// The key that others seal shares of a secure sum to.
    pub sum_key: SumKey,
    /// The center is no longer part of the network from this moment on.
    pub valid_until: Timestamp,
}

impl Payload for Roster {
    const TYPE: &'static str = "application/vnd.cartally.roster+json";
}

impl Roster {
    /// The center called `id`, compared whole.
    #[must_use]
    pub fn center(&self, id: &CenterId) -> Option<&RosterCenter> {
        self.centers.iter().find(|c| &c.id == id)
    }

    /// The wait before anything about a question leaves a node.
    #[must_use]
    pub fn answer_delay(&self) -> Duration {
        Duration::try_from_secs_f64(self.answer_delay_s).unwrap_or(Duration::from_secs(5))
    }

    /// Whether the roster can be used.
    ///
    /// # Errors
    /// No centers or too many, a doubled id or key, a delay outside 0 to one hour.
    pub fn check(&self) -> Result<(), DocumentError> {
        const NAME: &str = "roster";
        demand(
            (1..=CENTERS_MAX).contains(&self.centers.len()),
            NAME,
            "it needs 1 to 200 centers",
        )?;
        demand(
            distinct(self.centers.iter().map(|c| &c.id)),
            NAME,
            "two centers have one id",
        )?;
        demand(
            distinct(self.centers.iter().map(|c| c.signing_key)),
            NAME,
            "two centers have one signing key",
        )?;
        demand(
            distinct(self.centers.iter().map(|c| c.sum_key)),
            NAME,
            "two centers have one sum key",
        )?;
        demand(
            (0.0..=ANSWER_DELAY_S_MAX).contains(&self.answer_delay_s),
            NAME,
            "answer_delay_s must lie between 0 and 3600",
        )
    }
}
