//! Who may ask what, for which purpose, at which price, until when? The study.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DocumentError, demand, distinct};
use crate::amount::NanoRho;
use crate::envelope::Payload;
use crate::ids::{DocumentId, NetworkName, PersonId, StudyName};
use crate::keys::PublicKey;
use crate::limits::{RESEARCHERS_MAX, STUDY_TEMPLATES_MAX};
use crate::question::Question;

/// A study as the committee signs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// The network.
    pub network: NetworkName,
    /// Who proposes it; must sign, and does not count for the committee rule.
    pub proposer: PublicKey,
    /// The study's short name.
    pub name: StudyName,
    /// 1 for the first; a higher version of the same name takes the place of the one before, and spends from the same caps.
    pub version: u32,
    /// What it is for, in plain words.
    pub purpose: String,
    /// Where its protocol can be read.
    pub protocol_reference: String,
    /// The ethics decision that covers it.
    pub ethics_reference: String,
    /// Who may ask.
    pub researchers: Vec<Researcher>,
    /// What may be asked: ids of template documents.
    pub templates: Vec<DocumentId>,
    /// What all its questions together may cost at each center.
    pub rho_cap: NanoRho,
    /// Nothing is answered from this moment on.
    pub expires: Timestamp,
    /// Questions that are asked by themselves, each complete.
    #[serde(default)]
    pub calendar: Vec<CalendarEntry>,
}

/// A person who may ask in a study.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Researcher {
    /// The person's id in the network.
    pub id: PersonId,
    /// The person's name.
    pub name: String,
    /// The key that signs the person's queries.
    pub key: PublicKey,
}

/// A complete question that is asked on its lock date without a researcher's hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarEntry {
    /// What people call it, for example `PSUR 3`.
    pub name: String,
    /// What is asked.
    pub question: Question,
}

impl Payload for Study {
    const TYPE: &'static str = "application/vnd.cartally.study+json";
}

impl Study {
    /// The keys of all researchers.
    #[must_use]
    pub fn researcher_keys(&self) -> BTreeSet<PublicKey> {
        self.researchers.iter().map(|r| r.key).collect()
    }

    /// Whether the study can be used.
    ///
    /// # Errors
    /// No researchers or templates or too many, a doubled key or template, no cap, no purpose.
    pub fn check(&self) -> Result<(), DocumentError> {
        const NAME: &str = "study";
        demand(
            (1..=RESEARCHERS_MAX).contains(&self.researchers.len()),
            NAME,
            "it needs 1 to 64 researchers",
        )?;
        demand(
            (1..=STUDY_TEMPLATES_MAX).contains(&self.templates.len()),
            NAME,
            "it needs 1 to 256 templates",
        )?;
        demand(
            distinct(self.researchers.iter().map(|r| r.key)),
            NAME,
            "two researchers have one key",
        )?;
        demand(
            distinct(self.researchers.iter().map(|r| &r.id)),
            NAME,
            "two researchers have one id",
        )?;
        demand(distinct(&self.templates), NAME, "a template is named twice")?;
        demand(
            self.rho_cap > NanoRho::ZERO,
            NAME,
            "its rho cap is 0, so nothing could be asked",
        )?;
        demand(self.version >= 1, NAME, "its version must be 1 or more")?;
        demand(!self.purpose.trim().is_empty(), NAME, "it names no purpose")
    }
}
