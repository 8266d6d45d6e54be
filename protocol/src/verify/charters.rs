//! Under which charter? The genesis charter that every member signed, and each successor that k of its predecessor signed.

use std::collections::BTreeSet;

use super::GovernanceError;
use super::governance::{Governance, InForce, Taken, same_network};
use super::proposal::Votes;
use crate::documents::{Charter, Roster, demand};
use crate::envelope::Envelope;
use crate::ids::DocumentId;

/// A charter that is, or was, in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// Its id.
    pub id: DocumentId,
    /// What it says.
    pub charter: Charter,
    /// The log entry that put it in force.
    pub index: u64,
}

/// Two charters that succeed the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fork {
    /// The one seen first.
    pub one: DocumentId,
    /// The one seen second.
    pub other: DocumentId,
}

impl Governance {
    pub(super) fn take_charter(
        &mut self,
        envelope: &Envelope,
        index: u64,
    ) -> Result<Taken, GovernanceError> {
        let charter: Charter = envelope.parse_unverified()?;
        charter.check()?;
        if charter.predecessor.is_some() {
            self.take_successor(envelope, charter, index)
        } else {
            self.take_genesis(envelope, charter, index)
        }
    }

    /// The first complete genesis charter is believed until the pinned one comes: whoever pinned a successor trusts,
    /// by its predecessors' ids, one genesis charter alone, and nothing is answered before the pinned one was reached.
    fn take_genesis(
        &mut self,
        envelope: &Envelope,
        charter: Charter,
        index: u64,
    ) -> Result<Taken, GovernanceError> {
        let id = envelope.id();
        if self.charters.first().is_some_and(|ruling| ruling.id == id) {
            return Ok(Taken::InForce);
        }
        if !self.charters.is_empty() && self.pinned != Some(id) {
            return Err(GovernanceError::OtherCharter);
        }
        let keys = charter.member_keys();
        if envelope.signers(&keys) != keys {
            return Err(GovernanceError::NotEveryMember);
        }
        self.forget_decisions();
        self.charters.push(Ruling { id, charter, index });
        Ok(Taken::InForce)
    }

    fn take_successor(
        &mut self,
        envelope: &Envelope,
        charter: Charter,
        index: u64,
    ) -> Result<Taken, GovernanceError> {
        let id = envelope.id();
        let at = self.predecessor(&charter)?;
        if self.charters.get(at + 1).is_some_and(|next| next.id == id) {
            return Ok(Taken::InForce);
        }
        let before = self
            .charters
            .get(at)
            .ok_or(GovernanceError::NoPredecessor)?;
        let members = before.charter.member_keys();
        self.collect(envelope, &members, index);
        let votes = self.votes(envelope)?;
        if votes.signed.is_empty() {
            return Err(GovernanceError::NoMember);
        }
        if !votes.decided() {
            return Ok(Taken::Pending(votes));
        }
        if let Some(one) = self.charters.get(at + 1).map(|next| next.id) {
            self.fork.get_or_insert(Fork { one, other: id });
            return Err(GovernanceError::Fork { one, other: id });
        }
        self.charters.push(Ruling { id, charter, index });
        self.forget_dismissed_timekeepers();
        Ok(Taken::InForce)
    }

    /// Which charter this one succeeds, as a place in the chain.
    fn predecessor(&self, charter: &Charter) -> Result<usize, GovernanceError> {
        let named = charter.predecessor.ok_or(GovernanceError::NoPredecessor)?;
        let mut known = self.charters.iter().enumerate();
        let (at, before) = known
            .find(|(_, ruling)| ruling.id == named.charter && ruling.index == named.log_index)
            .ok_or(GovernanceError::NoPredecessor)?;
        if before.charter.version.checked_add(1) != Some(charter.version) {
            return Err(GovernanceError::NoPredecessor);
        }
        same_network(&before.charter.network, &charter.network)?;
        let vouches =
            |roster: &InForce<Roster>| charter.timekeepers.contains(&roster.document.coordinator);
        demand(
            !self.roster.as_ref().is_some_and(vouches),
            "charter",
            "a timekeeper's key is the coordinator's; whoever carries the log must not vouch that it is current",
        )?;
        Ok(at)
    }

    /// How the members of a successor's predecessor stand with it.
    pub(super) fn votes_on_charter(&self, envelope: &Envelope) -> Result<Votes, GovernanceError> {
        let charter: Charter = envelope.parse_unverified()?;
        let at = self.predecessor(&charter)?;
        let before = self
            .charters
            .get(at)
            .ok_or(GovernanceError::NoPredecessor)?;
        let signers = self.all_signers(envelope, &before.charter.member_keys());
        Ok(Votes::of(&before.charter, &signers, BTreeSet::new()))
    }

    /// The charters that are or were in force, the genesis charter first.
    #[must_use]
    pub fn charters(&self) -> &[Ruling] {
        &self.charters
    }

    /// Two charters that succeed the same one, if the log shows such: nothing is in force any more.
    #[must_use]
    pub const fn fork(&self) -> Option<Fork> {
        self.fork
    }
}
