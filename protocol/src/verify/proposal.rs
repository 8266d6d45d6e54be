//! Who may put a document in force, and how far have they got? The committee rule.

use std::collections::BTreeSet;

use crate::documents::{Charter, Roster, Study, TemplateDocument};
use crate::envelope::Payload;
use crate::ids::{NetworkName, PersonId};
use crate::keys::PublicKey;

/// A document that falls under the committee rule.
pub(super) trait Proposal: Payload {
    fn network(&self) -> &NetworkName;
    fn proposer(&self) -> PublicKey;
    /// Keys that do not count, beside the proposer's.
    fn interested_keys(&self) -> BTreeSet<PublicKey> {
        BTreeSet::new()
    }
    /// People who do not count, whatever key they hold as members.
    fn interested_people(&self) -> BTreeSet<PersonId> {
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
    fn interested_keys(&self) -> BTreeSet<PublicKey> {
        self.researcher_keys()
    }
    fn interested_people(&self) -> BTreeSet<PersonId> {
        self.researchers.iter().map(|r| r.id.clone()).collect()
    }
}

/// How the committee stands with one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Votes {
    /// Members who signed and count.
    pub signed: BTreeSet<PublicKey>,
    /// Members who do not count: the proposer, a study's researchers.
    pub barred: BTreeSet<PublicKey>,
    /// How many must sign.
    pub threshold: usize,
    /// From how many organisations those come who signed.
    pub organisations: usize,
    /// From how many they must.
    pub minimum_organisations: usize,
    /// Whether those who count could ever put it in force under this charter.
    pub reachable: bool,
}

impl Votes {
    /// How the members of `charter` stand with a document that `signers` signed and `barred` may not decide.
    pub(super) fn of(
        charter: &Charter,
        signers: &BTreeSet<PublicKey>,
        barred: BTreeSet<PublicKey>,
    ) -> Self {
        let may_count: BTreeSet<_> = charter.member_keys().difference(&barred).copied().collect();
        let signed: BTreeSet<_> = signers.intersection(&may_count).copied().collect();
        let threshold = usize::try_from(charter.threshold).unwrap_or(usize::MAX);
        let minimum = usize::try_from(charter.minimum_organisations).unwrap_or(usize::MAX);
        Self {
            organisations: charter.organisations_of(&signed),
            reachable: may_count.len() >= threshold
                && charter.organisations_of(&may_count) >= minimum,
            signed,
            barred,
            threshold,
            minimum_organisations: minimum,
        }
    }

    /// Whether the committee rule is met: k members from at least the minimum of organisations.
    #[must_use]
    pub fn decided(&self) -> bool {
        self.signed.len() >= self.threshold && self.organisations >= self.minimum_organisations
    }
}

/// The members of `charter` who may not decide `proposal`: who proposes it, and whom it gives rights.
pub(super) fn barred<P: Proposal>(charter: &Charter, proposal: &P) -> BTreeSet<PublicKey> {
    let (keys, people) = (proposal.interested_keys(), proposal.interested_people());
    let has_interest = |key: PublicKey, id: &PersonId| {
        key == proposal.proposer() || keys.contains(&key) || people.contains(id)
    };
    let members = charter.members.iter();
    members
        .filter(|member| has_interest(member.key, &member.id))
        .map(|member| member.key)
        .collect()
}
