//! Whose key is this? Members by the charters, everybody else by their own enrolment in the log.

use std::collections::BTreeMap;

use protocol::documents::{Charter, EnrolledRole, Enrolment, Member};
use protocol::envelope::Envelope;
use protocol::ids::NetworkName;
use protocol::keys::PublicKey;
use protocol::verify::Governance;
use transport::printable::printable_line;

use crate::mirror::Mirror;

/// Who is known by which key.
#[derive(Debug, Default)]
pub(crate) struct People {
    names: BTreeMap<PublicKey, String>,
    enrolled: Vec<Enrolment>,
}

impl People {
    /// Everybody whom this log names.
    pub(crate) fn of(mirror: &Mirror, governance: &Governance) -> Self {
        let network = governance.charter().map(|charter| &charter.network);
        let enrolled = network.map(|network| enrolments(mirror, network));
        let enrolled = enrolled.unwrap_or_default();
        let mut names = BTreeMap::new();
        for one in &enrolled {
            names.insert(one.signing_key, in_words(one));
        }
        for ruling in governance.charters() {
            names.extend(ruling.charter.members.iter().map(|m| (m.key, member(m))));
        }
        if let Some(roster) = governance.roster() {
            let coordinator = roster.document.coordinator;
            names
                .entry(coordinator)
                .or_insert_with(|| "coordinator".into());
            for center in &roster.document.centers {
                let name = format!("{} ({})", center.id, printable_line(&center.name));
                names.entry(center.signing_key).or_insert(name);
            }
        }
        Self { names, enrolled }
    }

    /// Who holds this key, within one line.
    pub(crate) fn name(&self, key: &PublicKey) -> String {
        let known = self.names.get(key).cloned();
        known.unwrap_or_else(|| format!("nobody known (key {})", short(key)))
    }

    /// Everybody who enrolled, in the log's order.
    pub(crate) fn enrolled(&self) -> &[Enrolment] {
        &self.enrolled
    }

    /// The last enrolment under this id.
    pub(crate) fn enrolment(&self, role: EnrolledRole, id: &str) -> Option<&Enrolment> {
        let mut latest_first = self.enrolled.iter().rev();
        latest_first.find(|one| one.role == role && one.id == id)
    }

    /// Whether this key is, or once was, enrolled under this id.
    pub(crate) fn holds(&self, role: EnrolledRole, id: &str, key: PublicKey) -> bool {
        let mut all = self.enrolled.iter();
        all.any(|one| one.role == role && one.id == id && one.signing_key == key)
    }
}

/// Everybody who enrolled in this network, in the log's order.
pub(crate) fn enrolments(mirror: &Mirror, network: &NetworkName) -> Vec<Enrolment> {
    let documents = mirror.documents();
    documents
        .filter_map(|envelope| enrolment_in(envelope, network))
        .collect()
}

/// An enrolment that is signed with the key it names.
fn enrolment_in(envelope: &Envelope, network: &NetworkName) -> Option<Enrolment> {
    let named: Enrolment = envelope.parse_unverified().ok()?;
    let signed: Enrolment = envelope.open(&[named.signing_key].into()).ok()?;
    (signed.check().is_ok() && &signed.network == network).then_some(signed)
}

fn in_words(one: &Enrolment) -> String {
    let known = [&one.name, &one.organisation].map(|text| printable_line(text));
    let known: Vec<String> = known.into_iter().filter(|text| !text.is_empty()).collect();
    match (one.role, known.is_empty()) {
        (_, true) => printable_line(&one.id),
        (EnrolledRole::Center | EnrolledRole::Person, false) => {
            format!("{} ({})", printable_line(&one.id), known.join(", "))
        }
    }
}

/// A member within one line.
pub(crate) fn member(member: &Member) -> String {
    let (name, organisation) = (
        printable_line(&member.name),
        printable_line(&member.organisation),
    );
    format!("{} ({name}, {organisation})", member.id)
}

/// The organisations that these members come from.
pub(crate) fn organisations<'a>(
    charter: &'a Charter,
    keys: impl Iterator<Item = &'a PublicKey>,
) -> usize {
    charter.organisations_of(&keys.copied().collect())
}

/// The first digits of a key, for people who look and do not compare.
pub(crate) fn short(key: &PublicKey) -> String {
    key.to_string().chars().take(12).chain(['…']).collect()
}
