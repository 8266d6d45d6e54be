//! How does the committee stand with a document? Who signed, who declined, who does not count and why, and what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use jiff::Timestamp;
use protocol::documents::{Charter, Revocation};
use protocol::envelope::Envelope;
use protocol::keys::PublicKey;
use protocol::verify::{Governance, GovernanceError, Standing, Votes, proposer_of};
use transport::printable::printable_line;

use super::people::{member, organisations};
use crate::words::paragraph;

/// The members of the charter that decides, and what each did.
#[derive(Debug)]
pub(crate) struct Ballot {
    /// Whose members decide.
    pub(crate) charter: Charter,
    /// How far they have got.
    pub(crate) votes: Votes,
    /// Whether the rule was met, under this charter or the one that ruled then.
    pub(crate) decided: bool,
    /// Members who do not count, with the reason.
    barred: BTreeMap<PublicKey, &'static str>,
    /// Members who declined, with their reason.
    declined: BTreeMap<PublicKey, String>,
}

impl Ballot {
    /// How the committee stands with a roster, template, study, revocation or successor charter, in the log or not yet.
    pub(crate) fn of(
        governance: &Governance,
        envelope: &Envelope,
    ) -> Result<Self, GovernanceError> {
        let votes = governance.votes(envelope)?;
        let proposer = proposer_of(envelope);
        let why = |key: &PublicKey| {
            if proposer == Some(*key) {
                "proposed it"
            } else {
                "may ask in it as a researcher"
            }
        };
        let id = envelope.id();
        let declines = governance.declines(&id);
        Ok(Self {
            charter: deciding(governance, envelope)?.clone(),
            barred: votes.barred.iter().map(|key| (*key, why(key))).collect(),
            declined: declines
                .map(|(key, reason)| (*key, reason.to_owned()))
                .collect(),
            decided: votes.decided() || was_decided(governance, envelope),
            votes,
        })
    }

    /// Whether `key` belongs to a member who counts.
    pub(crate) fn counts(&self, key: &PublicKey) -> bool {
        self.charter.member_keys().contains(key) && !self.barred.contains_key(key)
    }

    /// Why a member does not count.
    pub(crate) fn bar(&self, key: &PublicKey) -> Option<&'static str> {
        self.barred.get(key).copied()
    }

    /// Whether this member declined.
    pub(crate) fn declined_by(&self, key: &PublicKey) -> bool {
        self.declined.contains_key(key)
    }

    /// `1 of 2 needed have signed, from 1 of 2 organisations`.
    pub(crate) fn count(&self) -> String {
        let votes = &self.votes;
        let signed = format!(
            "{} of {} needed signed",
            votes.signed.len(),
            votes.threshold
        );
        if votes.minimum_organisations > 1 {
            format!(
                "{signed}, from {} of {} organisations",
                votes.organisations, votes.minimum_organisations
            )
        } else {
            signed
        }
    }

    /// Everything, one line a member. Ends with a line break.
    pub(crate) fn in_words(&self) -> String {
        let mut text = if self.decided {
            "decided: the committee rule was met\n".to_owned()
        } else {
            format!("{}\n", self.count())
        };
        for one in &self.charter.members {
            let line = format!("{} {}", self.word_on(&one.key), member(one));
            text.push_str(&paragraph("  ", "      ", &line));
            if let Some(reason) = self.declined.get(&one.key) {
                text.push_str(&paragraph("      \"", "      ", &format!("{reason}\"")));
            }
        }
        // Writing into a string cannot fail.
        let _ = write!(text, "{}", self.outlook());
        text
    }

    fn word_on(&self, key: &PublicKey) -> String {
        let after = if self.declined.contains_key(key) {
            ", after declining:"
        } else {
            ":"
        };
        if self.votes.signed.contains(key) {
            format!("signed{after}")
        } else if let Some(bar) = self.barred.get(key) {
            format!("does not count ({bar}):")
        } else if self.declined.contains_key(key) {
            "declined:".to_owned()
        } else {
            "not yet:".to_owned()
        }
    }

    fn outlook(&self) -> String {
        if self.decided {
            return String::new();
        }
        if !self.votes.reachable {
            return paragraph("", "", &self.unreachable());
        }
        let text = format!("missing: {}", self.missing());
        let mut text = paragraph("", "", &text);
        if !self.within_reach_of_the_willing() {
            text.push_str(&paragraph(
                "",
                "",
                "Of those who count, too few have not declined: as things stand it will not come into force.",
            ));
        }
        text
    }

    /// What the rule still needs.
    pub(crate) fn missing(&self) -> String {
        let votes = &self.votes;
        let members = votes.threshold.saturating_sub(votes.signed.len());
        let others = votes
            .minimum_organisations
            .saturating_sub(votes.organisations);
        let members = count(members.max(1), "signature");
        match others {
            0 => members,
            1 => format!("{members}, from 1 more organisation"),
            others => format!("{members}, from {others} more organisations"),
        }
    }

    /// Why the rule cannot be met, and what to do.
    pub(crate) fn unreachable(&self) -> String {
        let counting: BTreeSet<PublicKey> = self.counting();
        let barred = self.charter.members.iter().filter_map(|one| {
            let bar = self.barred.get(&one.key)?;
            Some(format!("{} {bar}", member(one)))
        });
        format!(
            "this can never come into force: {} and {} not count, which leaves {} of {}, and the charter asks for {} of {}; \
             let somebody propose it who is no member, such as the registry office, and name no more members as researchers than the rule can spare",
            barred.collect::<Vec<_>>().join(", "),
            if self.barred.len() == 1 { "does" } else { "do" },
            count(counting.len(), "member"),
            count(
                organisations(&self.charter, counting.iter()),
                "organisation"
            ),
            count(self.votes.threshold, "member"),
            count(self.votes.minimum_organisations, "organisation"),
        )
    }

    fn counting(&self) -> BTreeSet<PublicKey> {
        let members = self.charter.member_keys().into_iter();
        members.filter(|key| self.counts(key)).collect()
    }

    fn within_reach_of_the_willing(&self) -> bool {
        let willing: BTreeSet<PublicKey> = self
            .counting()
            .into_iter()
            .filter(|key| self.votes.signed.contains(key) || !self.declined.contains_key(key))
            .collect();
        willing.len() >= self.votes.threshold
            && organisations(&self.charter, willing.iter()) >= self.votes.minimum_organisations
    }
}

/// Whether a document came into force, whatever became of it: its votes may have been counted under an earlier charter.
fn was_decided(governance: &Governance, envelope: &Envelope) -> bool {
    let id = envelope.id();
    if let Ok(revocation) = envelope.parse_unverified::<Revocation>() {
        // Whether it is final does not hang on the time.
        return governance.standing(&revocation.document, Timestamp::MAX) == Standing::Revoked;
    }
    governance.past_roster(&id).is_some()
        || governance.past_study(&id).is_some()
        || governance.template(&id).is_some()
        || governance.charters().iter().any(|ruling| ruling.id == id)
}

/// The charter whose members decide: of a successor its predecessor, of all else the one in force.
fn deciding<'a>(
    governance: &'a Governance,
    envelope: &Envelope,
) -> Result<&'a Charter, GovernanceError> {
    if envelope.is::<Charter>() {
        let charter: Charter = envelope.parse_unverified()?;
        let named = charter.predecessor.ok_or(GovernanceError::NoPredecessor)?;
        let mut known = governance.charters().iter();
        let before = known.find(|ruling| ruling.id == named.charter);
        return before
            .map(|ruling| &ruling.charter)
            .ok_or(GovernanceError::NoPredecessor);
    }
    governance.charter().ok_or(GovernanceError::NoCharter)
}

/// `1 member`, `2 members`.
pub(crate) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A reason that somebody wrote, within quotation marks and one line.
pub(crate) fn quoted(reason: &str) -> String {
    format!("\"{}\"", printable_line(reason))
}
