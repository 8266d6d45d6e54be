//! Who asks to take part, and with which keys? A center's or a person's own word, signed with the key that it names.

use serde::{Deserialize, Serialize};

use super::{DocumentError, demand};
use crate::envelope::Payload;
use crate::ids::NetworkName;
use crate::keys::{PublicKey, SumKey};
use crate::limits::{NAME_CHARS_MAX, REQUEST_CHARS_MAX};
use crate::log::LogPosition;

/// What a node or a person hands in with an invitation, and again to renew a certificate.
///
/// The signature proves that whoever enrols holds `signing_key`. It does not prove who that is: the invitation does towards
/// the coordinator, and comparing fingerprints by another way does towards the committee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The network.
    pub network: NetworkName,
    /// As what.
    pub role: EnrolledRole,
    /// The center's or the person's id: a valid id of its role.
    pub id: String,
    /// The hospital's or the person's name, for people.
    pub name: String,
    /// The person's organisation, for people; empty for a center.
    #[serde(default)]
    pub organisation: String,
    /// The key that signs answers (center), or queries and decisions (person).
    pub signing_key: PublicKey,
    /// The key that others seal shares of a secure sum to; centers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum_key: Option<SumKey>,
    /// The certificate request, PEM.
    pub request: String,
    /// The log as the author last saw it; empty at the first enrolment.
    pub log: LogPosition,
}

/// As what somebody takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnrolledRole {
    /// A hospital's node.
    Center,
    /// A researcher, committee member, or the registry office.
    Person,
}

impl Payload for Enrolment {
    const TYPE: &'static str = "application/vnd.cartally.enrolment+json";
}

impl Enrolment {
    /// Whether the enrolment can be used.
    ///
    /// # Errors
    /// A center without a sum key or a person with one; a name, organisation or request that is too long.
    pub fn check(&self) -> Result<(), DocumentError> {
        const NAME: &str = "enrolment";
        let short = |text: &str| text.chars().count() <= NAME_CHARS_MAX;
        demand(
            (self.role == EnrolledRole::Center) == self.sum_key.is_some(),
            NAME,
            "a center has a sum key and a person has none",
        )?;
        demand(
            short(&self.name) && short(&self.organisation) && short(&self.id),
            NAME,
            "its id, name or organisation is longer than 200 characters",
        )?;
        demand(
            self.request.chars().count() <= REQUEST_CHARS_MAX,
            NAME,
            "its certificate request is too long",
        )
    }
}
