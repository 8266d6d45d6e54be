//! Did a decision have effect? Charters, rosters, templates, studies, revocations, declines, currency: an honest coordinator
//! logs none that has not.

use std::collections::BTreeSet;

use protocol::documents::{Charter, Currency, Decline, Revocation};
use protocol::envelope::{Envelope, EnvelopeError};
use protocol::keys::PublicKey;
use protocol::limits::{CLOCK_SKEW_S, CURRENCY_VALID_S, SIGNATURES_MAX};
use protocol::log::LogEntry;
use protocol::verify::{GovernanceError, Taken, proposer_of};

use super::Code;
use super::history::later;
use super::walk::{Broken, Kind, Walk, what};

impl Walk<'_> {
    pub(super) fn govern(&mut self, kind: Kind, entry: &LogEntry) -> Result<(), Broken> {
        self.dated(entry);
        let strangers = self.governance.strangers().len();
        let taken = self.governance.take(entry).map_err(|_| Broken)?;
        self.seen_by_signers(entry, strangers);
        match &taken {
            Taken::Ineffective(GovernanceError::OtherLog) => {}
            Taken::Ineffective(error) => self.find(entry, code_of(error), error),
            Taken::InForce if kind == Kind::Currency => self.vouched(entry),
            Taken::InForce if kind == Kind::Charter => self.name_members(entry),
            Taken::Other => self.find(entry, Code::UnknownKind, "it is no decision"),
            Taken::InForce | Taken::Pending(_) | Taken::Noted => {}
        }
        self.history.note(&self.governance, entry, &taken);
        Ok(())
    }

    /// Documents that name a time or a log in their payload.
    fn dated(&mut self, entry: &LogEntry) {
        let envelope = &entry.envelope;
        if let Ok(decline) = envelope.parse_unverified::<Decline>() {
            self.saw(entry, decline.log);
        }
        let time = if let Ok(currency) = envelope.parse_unverified::<Currency>() {
            self.saw(entry, currency.log);
            currency.time
        } else if let Ok(revocation) = envelope.parse_unverified::<Revocation>() {
            revocation.time
        } else {
            return;
        };
        if time > later(entry.time, CLOCK_SKEW_S) {
            let fault = format!("it is dated {time}, but came at {}", entry.time);
            self.find(entry, Code::FromTheFuture, fault);
        }
    }

    /// The logs that signers saw: those who saw another, and those who confirm this one.
    fn seen_by_signers(&mut self, entry: &LogEntry, strangers_before: usize) {
        let what = || what(&self.governance, &self.questions, &entry.envelope);
        for stranger in self.governance.strangers().iter().skip(strangers_before) {
            let who = self.names.get(&stranger.key);
            let who = who.map_or_else(|| stranger.key.to_string(), Clone::clone);
            self.positions.stray(
                entry.index,
                stranger.log,
                format!("signature of {who} on {}", what()),
            );
        }
        let known = self.known_signers(&entry.envelope);
        for (_, _, log) in entry.envelope.sightings(&known) {
            self.positions
                .confirm(self.governance.chain(), entry.index, log);
        }
    }

    /// The keys that a document says to be signed with, of members of any charter so far, its proposer and enrolled parties:
    /// anybody else's confirm nothing.
    fn known_signers(&self, envelope: &Envelope) -> BTreeSet<PublicKey> {
        let proposer = proposer_of(envelope);
        let named = envelope.signatures.iter().take(SIGNATURES_MAX);
        let named = named.filter_map(|signature| signature.keyid.parse().ok());
        named
            .filter(|key| proposer == Some(*key) || self.names.contains_key(key))
            .collect()
    }

    fn vouched(&mut self, entry: &LogEntry) {
        let Ok(currency) = entry.envelope.parse_unverified::<Currency>() else {
            return;
        };
        self.history.note_currency(&currency);
        let charter = self.governance.charter();
        let keys = charter.map(Charter::timekeeper_keys).unwrap_or_default();
        let signers = entry.envelope.signers(&keys);
        let who = signers.first().map(|key| {
            let name = self.names.get(key);
            name.map_or_else(|| format!("key {key}"), Clone::clone)
        });
        let until = later(currency.time, CURRENCY_VALID_S);
        self.summary.vouched = who.map(|who| (who, until));
    }

    fn name_members(&mut self, entry: &LogEntry) {
        if let Ok(charter) = entry.envelope.parse_unverified::<Charter>() {
            let members = charter.members.into_iter();
            self.names
                .extend(members.map(|member| (member.key, member.id.to_string())));
        }
    }
}

const fn code_of(error: &GovernanceError) -> Code {
    match error {
        GovernanceError::Envelope(EnvelopeError::NoValidSignature) => Code::NoSignature,
        GovernanceError::Envelope(_) => Code::Malformed,
        GovernanceError::Document(_) => Code::NotValid,
        GovernanceError::NoCharter => Code::BeforeCharter,
        GovernanceError::OtherCharter => Code::OtherCharter,
        GovernanceError::OtherNetwork => Code::OtherNetwork,
        GovernanceError::NotEveryMember => Code::NotEveryMember,
        GovernanceError::NoPredecessor => Code::NoPredecessor,
        GovernanceError::Fork { .. } => Code::CharterFork,
        GovernanceError::ProposerMissing => Code::ProposerMissing,
        GovernanceError::NoMember => Code::NoMember,
        GovernanceError::Older => Code::Older,
        GovernanceError::OtherLog => Code::OtherLog,
        GovernanceError::OtherRevocations => Code::OtherRevocations,
        GovernanceError::UnknownDocument => Code::UnknownTarget,
    }
}
