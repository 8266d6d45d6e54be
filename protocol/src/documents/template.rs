//! Which question may be asked? A template: TOML that the `question` crate reads, signed as the text that people read.

use serde::{Deserialize, Serialize};

use crate::envelope::Payload;
use crate::ids::NetworkName;
use crate::keys::PublicKey;

/// A template as it is signed. This crate does not read the TOML; every node does, against its own dictionary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateDocument {
    /// The network.
    pub network: NetworkName,
    /// Who proposes it; must sign, and does not count for the committee rule.
    pub proposer: PublicKey,
    /// The template's TOML, byte for byte.
    pub template: String,
}

impl Payload for TemplateDocument {
    const TYPE: &'static str = "application/vnd.cartally.template+json";
}
