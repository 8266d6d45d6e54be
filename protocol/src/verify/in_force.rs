//! What is in force, how does a document stand, and how far has the committee got with it?

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::GovernanceError;
use super::charters::Ruling;
use super::governance::{Governance, InForce, Standing, Stranger};
use super::proposal::{Proposal, Votes, barred};
use super::withdrawal::Withdrawal;
use crate::documents::{Charter, Revocation, Roster, Study, TemplateDocument};
use crate::envelope::Envelope;
use crate::ids::{DocumentId, StudyName};
use crate::keys::PublicKey;
use crate::log::Chain;

impl Governance {
    /// The pinned charter's id.
    #[must_use]
    pub const fn fingerprint(&self) -> Option<DocumentId> {
        self.pinned
    }

    /// The log that this was read from.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The charter in force, once the pinned one was seen.
    #[must_use]
    pub fn charter(&self) -> Option<&Charter> {
        self.newest_ruling().map(|ruling| &ruling.charter)
    }

    /// The charter in force with its place in the log, once the pinned one was seen.
    #[must_use]
    pub fn newest_ruling(&self) -> Option<&Ruling> {
        let reached = |pinned: DocumentId| self.charters.iter().any(|ruling| ruling.id == pinned);
        self.charters
            .last()
            .filter(|_| self.pinned.is_none_or(reached))
    }

    /// Itself, once the pinned charter was reached: before that nothing that the log shows is believed.
    fn believed(&self) -> Option<&Self> {
        self.newest_ruling().map(|_| self)
    }

    /// The newest roster that the committee decided on.
    #[must_use]
    pub fn roster(&self) -> Option<&InForce<Roster>> {
        self.believed()?.roster.as_ref()
    }

    /// The roster with this id, if it is or once was in force.
    #[must_use]
    pub fn past_roster(&self, id: &DocumentId) -> Option<&Roster> {
        self.believed()?.rosters.get(id)
    }

    /// The template with this id, if the committee decided on it.
    #[must_use]
    pub fn template(&self, id: &DocumentId) -> Option<&TemplateDocument> {
        self.believed()?.templates.get(id)
    }

    /// All templates that the committee decided on.
    pub fn templates(&self) -> impl Iterator<Item = (&DocumentId, &TemplateDocument)> {
        self.believed().into_iter().flat_map(|it| &it.templates)
    }

    /// The study with this id, if the committee decided on it and no later version has taken its place.
    #[must_use]
    pub fn study(&self, id: &DocumentId) -> Option<&Study> {
        let study = self.believed()?.studies.get(id)?;
        (self.newest.get(&study.name) == Some(id)).then_some(study)
    }

    /// The newest version of every study that the committee decided on.
    pub fn studies(&self) -> impl Iterator<Item = (&DocumentId, &Study)> {
        let newest = self
            .believed()
            .into_iter()
            .flat_map(|it| it.newest.values());
        newest.filter_map(|id| self.studies.get_key_value(id))
    }

    /// Every version of the study called `name`: they spend from the same caps.
    #[must_use]
    pub fn versions_of(&self, name: &StudyName) -> BTreeSet<DocumentId> {
        let all = self.studies.iter();
        all.filter(|(_, study)| &study.name == name)
            .map(|(id, _)| *id)
            .collect()
    }

    /// The study with this id, if it is or once was in force.
    #[must_use]
    pub fn past_study(&self, id: &DocumentId) -> Option<&Study> {
        self.believed()?.studies.get(id)
    }

    /// The log entry that first brought the query with this id.
    #[must_use]
    pub fn query_index(&self, id: &DocumentId) -> Option<u64> {
        self.queries.get(id).copied()
    }

    /// Signatures whose authors saw another log than this one.
    #[must_use]
    pub fn strangers(&self) -> &[Stranger] {
        &self.strangers
    }

    /// Every proposal with the signatures that count so far, decided or not.
    pub fn proposals(&self) -> impl Iterator<Item = (&DocumentId, &Envelope)> {
        self.collected.iter()
    }

    /// How a roster, template, study or charter stands at `now`.
    #[must_use]
    pub fn standing(&self, id: &DocumentId, now: Timestamp) -> Standing {
        match self.withdrawal(id, now) {
            Some(Withdrawal::Revoked) => return Standing::Revoked,
            Some(Withdrawal::Suspended { until }) => return Standing::Suspended { until },
            None => {}
        }
        let is_newest = self.roster().is_some_and(|roster| &roster.id == id)
            || self.template(id).is_some()
            || self.study(id).is_some()
            || self.newest_ruling().is_some_and(|ruling| &ruling.id == id);
        let was = self.past_roster(id).is_some()
            || self.past_study(id).is_some()
            || self
                .believed()
                .is_some_and(|it| it.charters.iter().any(|ruling| &ruling.id == id));
        if is_newest {
            Standing::InForce
        } else if was {
            Standing::Superseded
        } else {
            match self.collected.get(id) {
                Some(proposed) if self.is_overtaken(proposed) => Standing::Superseded,
                Some(_) => Standing::Pending,
                None => Standing::Unknown,
            }
        }
    }

    /// Whether a proposal can never come into force, because a version as high was decided meanwhile.
    fn is_overtaken(&self, proposed: &Envelope) -> bool {
        if let Ok(roster) = proposed.parse_unverified::<Roster>() {
            let newest = self.roster().map(|newest| newest.document.version);
            newest.is_some_and(|newest| newest >= roster.version)
        } else if let Ok(study) = proposed.parse_unverified::<Study>() {
            let newest = self.newest.get(&study.name).and_then(|id| self.study(id));
            newest.is_some_and(|newest| newest.version >= study.version)
        } else {
            false
        }
    }

    /// Whether this member has suspended the document before: once each is all there is.
    #[must_use]
    pub fn has_suspended(&self, member: PublicKey, document: DocumentId) -> bool {
        self.suspensions.contains_key(&(document, member))
    }

    /// How the committee stands with a roster, template, study or successor charter, in this log or not yet: the
    /// signatures that it carries and those collected before count together.
    ///
    /// # Errors
    /// No charter is in force, or the document is none that the committee decides on.
    pub fn votes(&self, envelope: &Envelope) -> Result<Votes, GovernanceError> {
        if envelope.is::<Roster>() {
            self.votes_on::<Roster>(envelope)
        } else if envelope.is::<TemplateDocument>() {
            self.votes_on::<TemplateDocument>(envelope)
        } else if envelope.is::<Study>() {
            self.votes_on::<Study>(envelope)
        } else if envelope.is::<Revocation>() {
            let charter = &self.ruling()?.charter;
            let signers = self.all_signers(envelope, &charter.member_keys());
            Ok(Votes {
                minimum_organisations: 1,
                ..Votes::of(charter, &signers, BTreeSet::new())
            })
        } else if envelope.is::<Charter>() {
            self.votes_on_charter(envelope)
        } else {
            Err(GovernanceError::UnknownDocument)
        }
    }

    fn votes_on<P: Proposal>(&self, envelope: &Envelope) -> Result<Votes, GovernanceError> {
        let charter = &self.ruling()?.charter;
        let proposal: P = envelope.parse_unverified()?;
        let signers = self.all_signers(envelope, &charter.member_keys());
        Ok(Votes::of(charter, &signers, barred(charter, &proposal)))
    }

    pub(super) fn all_signers(
        &self,
        envelope: &Envelope,
        members: &BTreeSet<PublicKey>,
    ) -> BTreeSet<PublicKey> {
        let mut signers = self.signers_of(&envelope.id());
        signers.extend(self.signers_seeing(envelope, members, self.chain.position().entries));
        signers
    }
}
