//! What was taken back? One member suspends a document for 14 days, k members revoke it for good.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::GovernanceError;
use super::governance::{Governance, Taken, same_network};
use super::proposal::Votes;
use crate::documents::{Decline, Revocation, end_of_suspension};
use crate::envelope::Envelope;
use crate::ids::DocumentId;
use crate::keys::PublicKey;
use crate::limits::CLOCK_SKEW_S;

/// How a document was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// By one member, until then.
    Suspended {
        /// The first moment at which it counts again.
        until: Timestamp,
    },
    /// By k members, for good.
    Revoked,
}

/// One revocation of the log.
#[derive(Debug, Clone)]
pub(super) struct Revoking {
    pub(super) revocation: Revocation,
    /// The log entry that first brought it with a member's signature.
    index: u64,
    /// k members have signed it.
    is_final: bool,
}

impl Governance {
    pub(super) fn take_revocation(
        &mut self,
        envelope: &Envelope,
        index: u64,
    ) -> Result<Taken, GovernanceError> {
        let charter = self.ruling()?.charter.clone();
        let revocation: Revocation = envelope.parse_unverified()?;
        revocation.check()?;
        same_network(&charter.network, &revocation.network)?;
        if !self.is_proposal(&revocation.document) {
            return Err(GovernanceError::UnknownDocument);
        }
        let id = envelope.id();
        self.collect(envelope, &charter.member_keys(), index);
        let members: BTreeSet<_> = self
            .signers_of(&id)
            .intersection(&charter.member_keys())
            .copied()
            .collect();
        if members.is_empty() {
            return Err(GovernanceError::NoMember);
        }
        if !self.revocations.contains_key(&id) {
            self.suspend(&revocation, &members);
        }
        let votes = Votes::of(&charter, &members, BTreeSet::new());
        let revoking = self.revocations.entry(id).or_insert(Revoking {
            revocation,
            index,
            is_final: false,
        });
        // Taking back is the safe side: k members are enough, whatever organisations they come from.
        revoking.is_final |= votes.signed.len() >= votes.threshold;
        Ok(if revoking.is_final {
            Taken::InForce
        } else {
            Taken::Pending(votes)
        })
    }

    /// A member can suspend one document once: a second time would be a veto without end.
    fn suspend(&mut self, revocation: &Revocation, members: &BTreeSet<PublicKey>) {
        for member in members {
            let key = (revocation.document, *member);
            self.suspensions.entry(key).or_insert(revocation.time);
        }
    }

    pub(super) fn take_decline(&mut self, envelope: &Envelope) -> Result<Taken, GovernanceError> {
        let charter = &self.ruling()?.charter;
        let decline: Decline = envelope.parse_unverified()?;
        decline.check()?;
        same_network(&charter.network, &decline.network)?;
        if !self.is_proposal(&decline.document) && !self.collected.contains_key(&decline.document) {
            return Err(GovernanceError::UnknownDocument);
        }
        if !self.chain.contains(decline.log) {
            return Err(GovernanceError::OtherLog);
        }
        let signers = envelope.signers(&charter.member_keys());
        let member = *signers.first().ok_or(GovernanceError::NoMember)?;
        let declines = self.declines.entry(decline.document).or_default();
        declines.insert(member, decline.reason);
        Ok(Taken::Noted)
    }

    /// Whether and how a document is taken back at `now`.
    #[must_use]
    pub fn withdrawal(&self, id: &DocumentId, now: Timestamp) -> Option<Withdrawal> {
        let mut of_it = self.revocations_of(id);
        if of_it.any(|(_, revoking)| revoking.is_final) {
            return Some(Withdrawal::Revoked);
        }
        // Whoever dates a suspension ahead does not lengthen it: it begins on that day and not before.
        let latest = now.saturating_add(SignedDuration::from_secs(CLOCK_SKEW_S));
        let latest = latest.unwrap_or(Timestamp::MAX);
        let begun = self.suspensions.iter().filter(|((of, _), _)| of == id);
        let begun = begun.map(|(_, time)| *time).filter(|time| *time <= latest);
        let until = end_of_suspension(begun.max()?);
        (until > now).then_some(Withdrawal::Suspended { until })
    }

    fn revocations_of(&self, id: &DocumentId) -> impl Iterator<Item = (&DocumentId, &Revoking)> {
        self.revocations
            .iter()
            .filter(move |(_, revoking)| &revoking.revocation.document == id)
    }

    /// Every revocation of a document: its own id, and what it says.
    pub fn revocations_naming(
        &self,
        id: &DocumentId,
    ) -> impl Iterator<Item = (&DocumentId, &Revocation)> {
        self.revocations_of(id)
            .map(|(id, revoking)| (id, &revoking.revocation))
    }

    /// Every revocation in the log so far, suspending or final; what `currency` counts.
    #[must_use]
    pub fn revocations(&self) -> BTreeSet<DocumentId> {
        self.revocations.keys().copied().collect()
    }

    /// The revocations in the log's first `entries` entries.
    pub(super) fn revocations_before(&self, entries: u64) -> BTreeSet<DocumentId> {
        let known = self.revocations.iter();
        known
            .filter(|(_, revoking)| revoking.index < entries)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Members who declined a proposal, with their reasons.
    pub fn declines(&self, id: &DocumentId) -> impl Iterator<Item = (&PublicKey, &str)> {
        let of_it = self.declines.get(id).into_iter().flatten();
        of_it.map(|(member, reason)| (member, reason.as_str()))
    }
}
