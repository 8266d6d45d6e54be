//! Which documents are in force? Takes the entries of one log in order, under one pinned charter.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::GovernanceError;
use super::charters::{Fork, Ruling};
use super::proposal::{Proposal, Votes, barred};
use super::withdrawal::Revoking;
use crate::documents::{
    Charter, Currency, Decline, DocumentError, Query, Revocation, Roster, Study, TemplateDocument,
    demand,
};
use crate::envelope::{Envelope, Signature};
use crate::ids::{DocumentId, NetworkName, StudyName};
use crate::keys::PublicKey;
use crate::limits::VERSION_STEP_MAX;
use crate::log::{Chain, LogEntry, LogError, LogPosition};

/// A document in force, with its id.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce<T> {
    /// Its id.
    pub id: DocumentId,
    /// What it says.
    pub document: T,
}

/// What became of one entry of the log.
#[derive(Debug)]
pub enum Taken {
    /// It is in force now.
    InForce,
    /// The committee has not decided yet. A revocation suspends in this state.
    Pending(Votes),
    /// Remembered; it decides nothing.
    Noted,
    /// Not a governance document.
    Other,
    /// It has no effect on what is in force.
    Ineffective(GovernanceError),
}

/// How a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No roster, template, study or charter of this log.
    Unknown,
    /// The committee has not decided yet.
    Pending,
    /// In force.
    InForce,
    /// A later version has taken its place.
    Superseded,
    /// One member has suspended it.
    Suspended {
        /// The first moment at which it counts again.
        until: Timestamp,
    },
    /// k members have revoked it.
    Revoked,
}

/// A signature whose author saw another log: somebody was shown a log that is not this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stranger {
    /// The entry that carries the signature.
    pub index: u64,
    /// Who signed.
    pub key: PublicKey,
    /// What the author saw.
    pub log: LogPosition,
}

/// The documents in force under one pinned charter, as one log shows them.
#[derive(Debug, Clone, Default)]
pub struct Governance {
    pub(super) pinned: Option<DocumentId>,
    pub(super) chain: Chain,
    pub(super) charters: Vec<Ruling>,
    pub(super) fork: Option<Fork>,
    pub(super) roster: Option<InForce<Roster>>,
    /// Every roster that the committee ever put in force: results name the one they were asked under.
    pub(super) rosters: BTreeMap<DocumentId, Roster>,
    pub(super) templates: BTreeMap<DocumentId, TemplateDocument>,
    /// Every study that the committee ever put in force.
    pub(super) studies: BTreeMap<DocumentId, Study>,
    /// The version of each study that is in force.
    pub(super) newest: BTreeMap<StudyName, DocumentId>,
    pub(super) revocations: BTreeMap<DocumentId, Revoking>,
    /// Since when each member suspends each document.
    pub(super) suspensions: BTreeMap<(DocumentId, PublicKey), Timestamp>,
    pub(super) declines: BTreeMap<DocumentId, BTreeMap<PublicKey, String>>,
    pub(super) currency: Option<InForce<Currency>>,
    /// The timekeepers who signed it.
    pub(super) vouching: BTreeSet<PublicKey>,
    /// Signatures on one document may arrive one after the other; they are judged together.
    pub(super) collected: BTreeMap<DocumentId, Envelope>,
    pub(super) strangers: Vec<Stranger>,
    /// Where each query stands first.
    pub(super) queries: BTreeMap<DocumentId, u64>,
}

impl Governance {
    /// Nothing in force yet; believes only what leads to the charter with this id, or follows from it.
    #[must_use]
    pub fn pinned_to(charter: DocumentId) -> Self {
        Self {
            pinned: Some(charter),
            ..Self::default()
        }
    }

    /// Nothing in force yet; believes the first complete charter. For the coordinator, which decides nothing.
    #[must_use]
    pub fn unpinned() -> Self {
        Self::default()
    }

    /// Takes the next entry of the log. What is not (yet) in force is remembered for its signatures.
    ///
    /// # Errors
    /// The entry does not extend the log; nothing is taken then.
    pub fn take(&mut self, entry: &LogEntry) -> Result<Taken, LogError> {
        self.chain.push(entry)?;
        let taken = self.judge(&entry.envelope, entry.index);
        Ok(taken.unwrap_or_else(Taken::Ineffective))
    }

    fn judge(&mut self, envelope: &Envelope, index: u64) -> Result<Taken, GovernanceError> {
        if envelope.is::<Charter>() {
            self.take_charter(envelope, index)
        } else if envelope.is::<Roster>() {
            self.take_roster(envelope, index)
        } else if envelope.is::<TemplateDocument>() {
            let (template, votes) = self.decided::<TemplateDocument>(envelope, index)?;
            Ok(put_in_force(votes, || {
                self.templates.insert(envelope.id(), template);
            }))
        } else if envelope.is::<Study>() {
            self.take_study(envelope, index)
        } else if envelope.is::<Revocation>() {
            self.take_revocation(envelope, index)
        } else if envelope.is::<Decline>() {
            self.take_decline(envelope)
        } else if envelope.is::<Currency>() {
            self.take_currency(envelope)
        } else {
            if envelope.is::<Query>() {
                self.queries.entry(envelope.id()).or_insert(index);
            }
            Ok(Taken::Other)
        }
    }

    fn take_roster(&mut self, envelope: &Envelope, index: u64) -> Result<Taken, GovernanceError> {
        let (roster, votes) = self.decided::<Roster>(envelope, index)?;
        roster.check()?;
        self.check_coordinator(&roster)?;
        let id = envelope.id();
        let older = |known: &InForce<Roster>| known.document.version >= roster.version;
        if self
            .roster
            .as_ref()
            .is_some_and(|known| known.id != id && older(known))
        {
            return Err(GovernanceError::Older);
        }
        let newest = self.roster.as_ref().map(|known| known.document.version);
        leaves_room("roster", newest, roster.version)?;
        Ok(put_in_force(votes, || {
            self.rosters.insert(id, roster.clone());
            self.roster = Some(InForce {
                id,
                document: roster,
            });
        }))
    }

    fn take_study(&mut self, envelope: &Envelope, index: u64) -> Result<Taken, GovernanceError> {
        let (study, votes) = self.decided::<Study>(envelope, index)?;
        study.check()?;
        let id = envelope.id();
        let newest = self.newest.get(&study.name);
        let is_newest = newest == Some(&id);
        let newest = newest.and_then(|newest| self.studies.get(newest));
        if !is_newest && newest.is_some_and(|newest| newest.version >= study.version) {
            return Err(GovernanceError::Older);
        }
        leaves_room("study", newest.map(|newest| newest.version), study.version)?;
        Ok(put_in_force(votes, || {
            self.newest.insert(study.name.clone(), id);
            self.studies.insert(id, study);
        }))
    }

    /// Whoever carries the log must not be the one who vouches that it is current.
    fn check_coordinator(&self, roster: &Roster) -> Result<(), DocumentError> {
        let vouches = |ruling: &Ruling| ruling.charter.timekeepers.contains(&roster.coordinator);
        demand(
            !self.charters.last().is_some_and(vouches),
            "roster",
            "its coordinator's key is a timekeeper's; the coordinator needs a key of its own",
        )
    }

    /// A document under the committee rule, judged by all signatures that have come for it so far.
    fn decided<P: Proposal>(
        &mut self,
        envelope: &Envelope,
        index: u64,
    ) -> Result<(P, Votes), GovernanceError> {
        let charter = self.ruling()?.charter.clone();
        let proposal: P = envelope.parse_unverified()?;
        same_network(&charter.network, proposal.network())?;
        let mut may_sign = charter.member_keys();
        may_sign.insert(proposal.proposer());
        self.collect(envelope, &may_sign, index);
        let signers = self.signers_of(&envelope.id());
        if !signers.contains(&proposal.proposer()) {
            return Err(GovernanceError::ProposerMissing);
        }
        let votes = Votes::of(&charter, &signers, barred(&charter, &proposal));
        Ok((proposal, votes))
    }

    /// Adds this envelope's signatures by `may_sign` to those seen before on the same document, one a key. Any other is
    /// left out, or signatures that count for nothing could crowd out those that come later.
    pub(super) fn collect(
        &mut self,
        envelope: &Envelope,
        may_sign: &BTreeSet<PublicKey>,
        index: u64,
    ) {
        let id = envelope.id();
        let (mut have, mut new) = (self.signers_of(&id), Vec::new());
        for (key, signature, log) in envelope.sightings(may_sign) {
            if !self.chain.contains(log) {
                self.strangers.push(Stranger { index, key, log });
            } else if log.entries <= index && have.insert(key) {
                // The hint becomes the key that was verified.
                let keyid = key.to_string();
                new.push(Signature {
                    keyid,
                    ..signature.clone()
                });
            }
        }
        if new.is_empty() {
            return;
        }
        let known = self.collected.entry(id).or_insert_with(|| Envelope {
            signatures: Vec::new(),
            ..envelope.clone()
        });
        known.signatures.extend(new);
    }

    /// The keys that signed a document so far and count, as far as this log shows.
    pub(super) fn signers_of(&self, id: &DocumentId) -> BTreeSet<PublicKey> {
        // Only verified signatures are collected, each with the key that verified it.
        let collected = self.collected.get(id).into_iter();
        collected
            .flat_map(|known| &known.signatures)
            .filter_map(|signature| signature.keyid.parse().ok())
            .collect()
    }

    /// The keys among `candidates` that signed and saw this log, before its entry `index`.
    pub(super) fn signers_seeing(
        &self,
        envelope: &Envelope,
        candidates: &BTreeSet<PublicKey>,
        index: u64,
    ) -> BTreeSet<PublicKey> {
        let sightings = envelope.sightings(candidates).into_iter();
        sightings
            .filter(|(_, _, log)| log.entries <= index && self.chain.contains(*log))
            .map(|(key, _, _)| key)
            .collect()
    }

    /// Another genesis charter is believed from now on: what the first one's members decided is void.
    pub(super) fn forget_decisions(&mut self) {
        *self = Self {
            pinned: self.pinned,
            chain: std::mem::take(&mut self.chain),
            queries: std::mem::take(&mut self.queries),
            ..Self::default()
        };
    }

    /// The charter that rules, whether or not the pinned one was reached.
    pub(super) fn ruling(&self) -> Result<&Ruling, GovernanceError> {
        self.charters.last().ok_or(GovernanceError::NoCharter)
    }

    pub(super) fn is_proposal(&self, id: &DocumentId) -> bool {
        let decided = self.rosters.contains_key(id)
            || self.templates.contains_key(id)
            || self.studies.contains_key(id);
        let proposed = |known: &Envelope| {
            known.is::<Roster>() || known.is::<TemplateDocument>() || known.is::<Study>()
        };
        decided || self.collected.get(id).is_some_and(proposed)
    }
}

/// One document numbered with the last version there is would leave no room for any after it, for ever.
fn leaves_room(
    document: &'static str,
    newest: Option<u32>,
    version: u32,
) -> Result<(), DocumentError> {
    let highest = newest.unwrap_or(0).saturating_add(VERSION_STEP_MAX);
    demand(
        version <= highest,
        document,
        "its version lies more than 1000 above the version in force, and versions could run out; number it one higher than that one",
    )
}

fn put_in_force(votes: Votes, act: impl FnOnce()) -> Taken {
    if votes.decided() {
        act();
        Taken::InForce
    } else {
        Taken::Pending(votes)
    }
}

pub(super) fn same_network(
    ours: &NetworkName,
    theirs: &NetworkName,
) -> Result<(), GovernanceError> {
    if ours == theirs {
        Ok(())
    } else {
        Err(GovernanceError::OtherNetwork)
    }
}

/// The proposer of an undecided document, so that nobody fills the log with them.
#[must_use]
pub fn proposer_of(envelope: &Envelope) -> Option<PublicKey> {
    fn of<P: Proposal>(envelope: &Envelope) -> Option<PublicKey> {
        envelope.parse_unverified::<P>().ok().map(|p| p.proposer())
    }
    of::<Roster>(envelope)
        .or_else(|| of::<TemplateDocument>(envelope))
        .or_else(|| of::<Study>(envelope))
}
