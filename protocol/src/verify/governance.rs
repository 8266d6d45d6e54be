//! Which documents are in force? Collects signed documents in the log's order under one pinned charter.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::documents::{Charter, Currency, DocumentError, Roster, Study, TemplateDocument, demand};
use crate::envelope::{Envelope, EnvelopeError, Payload};
use crate::ids::{DocumentId, NetworkName};
use crate::keys::PublicKey;

/// Why a governance document is not in force.
#[derive(Debug, Error)]
pub enum GovernanceError {
    /// The envelope or its payload is not valid.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The payload breaks a rule of its kind.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// No charter yet.
    #[error("the pinned charter has not been seen yet; submit it first")]
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
    /// The proposer has not signed.
    #[error("the proposer whose key stands in this document has not signed it")]
    ProposerMissing,
    /// The committee rule is not met.
    #[error(
        "{signed} of {threshold} signatures and {organisations} of {minimum} organisations: the committee has not put this in force"
    )]
    RuleNotMet {
        /// Members who signed and count.
        signed: usize,
        /// Members who must.
        threshold: usize,
        /// Their organisations.
        organisations: usize,
        /// Organisations that must.
        minimum: usize,
    },
    /// Older than what is in force.
    #[error("an equal or newer version of this document has been seen")]
    Older,
}

/// A document in force, with its id.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce<T> {
    /// Its id.
    pub id: DocumentId,
    /// What it says.
    pub document: T,
}

/// What became of a document that was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is in force now.
    InForce,
    /// It is not a governance document; nothing changed.
    NotGovernance,
}

/// The documents in force under one pinned charter.
#[derive(Debug, Clone)]
pub struct Governance {
    pinned: DocumentId,
    charter: Option<Charter>,
    /// The roster in force.
    roster: Option<InForce<Roster>>,
    /// Every roster that the committee ever put in force: results name the one they were asked under.
    rosters: BTreeMap<DocumentId, Roster>,
    templates: BTreeMap<DocumentId, TemplateDocument>,
    studies: BTreeMap<DocumentId, Study>,
    currency: Option<InForce<Currency>>,
    /// Signatures on one document may arrive one after the other; they are judged together.
    collected: BTreeMap<DocumentId, Envelope>,
}

impl Governance {
    /// Nothing in force yet; believes only what leads to the charter with this id.
    #[must_use]
    pub const fn pinned_to(charter: DocumentId) -> Self {
        Self {
            pinned: charter,
            charter: None,
            roster: None,
            rosters: BTreeMap::new(),
            templates: BTreeMap::new(),
            studies: BTreeMap::new(),
            currency: None,
            collected: BTreeMap::new(),
        }
    }

    /// The pinned charter's id.
    #[must_use]
    pub const fn fingerprint(&self) -> DocumentId {
        self.pinned
    }

    /// The charter, once seen.
    #[must_use]
    pub const fn charter(&self) -> Option<&Charter> {
        self.charter.as_ref()
    }

    /// The roster in force.
    #[must_use]
    pub const fn roster(&self) -> Option<&InForce<Roster>> {
        self.roster.as_ref()
    }

    /// The roster with this id, if it is or once was in force.
    #[must_use]
    pub fn past_roster(&self, id: &DocumentId) -> Option<&Roster> {
        self.rosters.get(id)
    }

    /// The template with this id, if in force.
    #[must_use]
    pub fn template(&self, id: &DocumentId) -> Option<&TemplateDocument> {
        self.templates.get(id)
    }

    /// All templates in force.
    pub fn templates(&self) -> impl Iterator<Item = (&DocumentId, &TemplateDocument)> {
        self.templates.iter()
    }

    /// The study with this id, if in force.
    #[must_use]
    pub fn study(&self, id: &DocumentId) -> Option<&Study> {
        self.studies.get(id)
    }

    /// All studies in force.
    pub fn studies(&self) -> impl Iterator<Item = (&DocumentId, &Study)> {
        self.studies.iter()
    }

    /// The latest currency document.
    #[must_use]
    pub const fn currency(&self) -> Option<&InForce<Currency>> {
        self.currency.as_ref()
    }

    /// The documents whose withdrawal is known: revoked or suspended.
    #[must_use]
    pub const fn revocations(&self) -> BTreeSet<DocumentId> {
        BTreeSet::new()
    }

    /// Takes one document of the log. Documents that are not (yet) in force are remembered for their signatures.
    ///
    /// # Errors
    /// Why the document is not in force. A reader of the log goes on with the next one.
    pub fn apply(&mut self, envelope: &Envelope) -> Result<Applied, GovernanceError> {
        if envelope.is::<Charter>() {
            return self.apply_charter(envelope).map(|()| Applied::InForce);
        }
        if envelope.is::<Currency>() {
            return self.apply_currency(envelope).map(|()| Applied::InForce);
        }
        if envelope.is::<Roster>() {
            let (id, roster) = self.decided::<Roster>(envelope)?;
            roster.check()?;
            self.check_coordinator(&roster)?;
            if self
                .roster
                .as_ref()
                .is_some_and(|r| r.document.version >= roster.version && r.id != id)
            {
                return Err(GovernanceError::Older);
            }
            self.rosters.insert(id, roster.clone());
            self.roster = Some(InForce {
                id,
                document: roster,
            });
        } else if envelope.is::<TemplateDocument>() {
            let (id, template) = self.decided::<TemplateDocument>(envelope)?;
            self.templates.insert(id, template);
        } else if envelope.is::<Study>() {
            let (id, study) = self.decided::<Study>(envelope)?;
            study.check()?;
            self.studies.insert(id, study);
        } else {
            return Ok(Applied::NotGovernance);
        }
        Ok(Applied::InForce)
    }

    /// Whoever carries the log must not be the one who vouches that it is current.
    fn check_coordinator(&self, roster: &Roster) -> Result<(), DocumentError> {
        let vouches = |charter: &Charter| charter.timekeepers.contains(&roster.coordinator);
        demand(
            !self.charter.as_ref().is_some_and(vouches),
            "roster",
            "its coordinator's key is a timekeeper's; the coordinator needs a key of its own",
        )
    }

    fn apply_charter(&mut self, envelope: &Envelope) -> Result<(), GovernanceError> {
        if envelope.id() != self.pinned {
            return Err(GovernanceError::OtherCharter);
        }
        let charter: Charter = envelope.parse_unverified()?;
        charter.check()?;
        let keys = charter.member_keys();
        let envelope = self.collect(envelope, &keys);
        if envelope.signers(&keys) != keys {
            return Err(GovernanceError::NotEveryMember);
        }
        self.charter = Some(charter);
        Ok(())
    }

    fn apply_currency(&mut self, envelope: &Envelope) -> Result<(), GovernanceError> {
        let charter = self.charter.as_ref().ok_or(GovernanceError::NoCharter)?;
        let currency: Currency = envelope.open(&charter.timekeeper_keys())?;
        same_network(&charter.network, &currency.network)?;
        if self
            .currency
            .as_ref()
            .is_some_and(|c| c.document.time >= currency.time && c.id != envelope.id())
        {
            return Err(GovernanceError::Older);
        }
        self.currency = Some(InForce {
            id: envelope.id(),
            document: currency,
        });
        Ok(())
    }

    /// A document under the committee rule, with all signatures that have come for it so far.
    fn decided<P: Proposal>(
        &mut self,
        envelope: &Envelope,
    ) -> Result<(DocumentId, P), GovernanceError> {
        let charter = self.charter.clone().ok_or(GovernanceError::NoCharter)?;
        let proposal: P = envelope.parse_unverified()?;
        same_network(&charter.network, proposal.network())?;
        let mut may_sign = charter.member_keys();
        may_sign.insert(proposal.proposer());
        let envelope = self.collect(envelope, &may_sign);
        if envelope.signers(&[proposal.proposer()].into()).is_empty() {
            return Err(GovernanceError::ProposerMissing);
        }
        committee_rule(&charter, &envelope, &proposal)?;
        Ok((envelope.id(), proposal))
    }

    /// Adds this envelope's signatures by `may_sign` to those seen before on the same document, one a key. Any other is
    /// left out, or signatures that count for nothing could crowd out those that come later.
    fn collect(&mut self, envelope: &Envelope, may_sign: &BTreeSet<PublicKey>) -> Envelope {
        let id = envelope.id();
        let mut known = self.collected.remove(&id).unwrap_or_else(|| Envelope {
            signatures: Vec::new(),
            ..envelope.clone()
        });
        let have = known.signers(may_sign);
        let new = may_sign.difference(&have);
        known
            .signatures
            .extend(new.filter_map(|key| envelope.signature_by(*key).cloned()));
        if !known.signatures.is_empty() {
            self.collected.insert(id, known.clone());
        }
        known
    }
}

/// A document that falls under the committee rule.
trait Proposal: Payload {
    fn network(&self) -> &NetworkName;
    fn proposer(&self) -> PublicKey;
    /// Keys that do not count for the rule, beside the proposer's.
    fn interested(&self) -> BTreeSet<PublicKey> {
        BTreeSet::new()
    }
}

impl Proposal for Roster {
    fn network(&self) -> &NetworkName {
        &self.network
    }
    fn proposer(&self) -> PublicKey {
        self.proposer
    }
}

impl Proposal for TemplateDocument {
    fn network(&self) -> &NetworkName {
        &self.network
    }
    fn proposer(&self) -> PublicKey {
        self.proposer
    }
}

impl Proposal for Study {
    fn network(&self) -> &NetworkName {
        &self.network
    }
    fn proposer(&self) -> PublicKey {
        self.proposer
    }
    fn interested(&self) -> BTreeSet<PublicKey> {
        self.researcher_keys()
    }
}

fn same_network(ours: &NetworkName, theirs: &NetworkName) -> Result<(), GovernanceError> {
    if ours == theirs {
        Ok(())
    } else {
        Err(GovernanceError::OtherNetwork)
    }
}

/// k members from at least the minimum of organisations, counting neither the proposer nor a study's researchers.
fn committee_rule<P: Proposal>(
    charter: &Charter,
    envelope: &Envelope,
    proposal: &P,
) -> Result<(), GovernanceError> {
    let mut may_count = charter.member_keys();
    may_count.remove(&proposal.proposer());
    may_count.retain(|key| !proposal.interested().contains(key));
    let signers = envelope.signers(&may_count);
    let organisations = charter.organisations_of(&signers);
    let threshold = usize::try_from(charter.threshold).unwrap_or(usize::MAX);
    let minimum = usize::try_from(charter.minimum_organisations).unwrap_or(usize::MAX);
    if signers.len() >= threshold && organisations >= minimum {
        Ok(())
    } else {
        Err(GovernanceError::RuleNotMet {
            signed: signers.len(),
            threshold,
            organisations,
            minimum,
        })
    }
}
