//! How does a document of the log stand, in a few words?

use protocol::documents::{Charter, Currency, Revocation, Roster, Study, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::verify::Standing;

use super::ballot::Ballot;
use super::view::{View, moment};

/// Such as `in force` or `pending, 1 of 2 needed signed`; empty for what does not stand or fall.
pub(crate) fn standing(view: &View<'_>, envelope: &Envelope) -> String {
    let id = envelope.id();
    if envelope.is::<Revocation>() {
        return of_revocation(view, envelope);
    }
    if envelope.is::<Currency>() {
        let newest = view.governance.currency();
        let is_newest = newest.is_some_and(|currency| currency.id == id);
        return if is_newest { "newest" } else { "older" }.to_owned();
    }
    let of_fork = |fork: protocol::verify::Fork| fork.one == id || fork.other == id;
    if view.governance.fork().is_some_and(of_fork) {
        return "fork: two charters succeed the same one".to_owned();
    }
    match view.governance.standing(&id, view.now) {
        Standing::InForce => with_expiry(view, envelope),
        Standing::Superseded if was_decided(view, envelope) => "superseded".to_owned(),
        Standing::Superseded => "superseded before it was decided".to_owned(),
        Standing::Revoked => "revoked".to_owned(),
        Standing::Suspended { until } => format!("suspended until {}", moment(until)),
        Standing::Pending => pending(view, envelope),
        Standing::Unknown if decides(envelope) => "has no effect".to_owned(),
        Standing::Unknown => String::new(),
    }
}

fn was_decided(view: &View<'_>, envelope: &Envelope) -> bool {
    Ballot::of(&view.governance, envelope).map_or(true, |ballot| ballot.decided)
}

fn pending(view: &View<'_>, envelope: &Envelope) -> String {
    if superseder(view, envelope).is_some() {
        return "superseded before it was decided".to_owned();
    }
    match Ballot::of(&view.governance, envelope) {
        Ok(ballot) if ballot.votes.reachable => format!("pending, {}", ballot.count()),
        Ok(_) => "pending, and can never come into force".to_owned(),
        Err(_) => "pending".to_owned(),
    }
}

fn with_expiry(view: &View<'_>, envelope: &Envelope) -> String {
    match envelope.parse_unverified::<Study>() {
        Ok(study) if study.expires <= view.now => format!("expired {}", moment(study.expires)),
        Ok(study) => format!("in force until {}", moment(study.expires)),
        Err(_) => "in force".to_owned(),
    }
}

fn of_revocation(view: &View<'_>, envelope: &Envelope) -> String {
    let (Ok(revocation), Ok(ballot)) = (
        envelope.parse_unverified::<Revocation>(),
        Ballot::of(&view.governance, envelope),
    ) else {
        return "has no effect".to_owned();
    };
    if ballot.decided {
        return "final".to_owned();
    }
    let until = revocation.suspended_until();
    let suspends = matches!(
        view.governance.standing(&revocation.document, view.now),
        Standing::Suspended { .. }
    );
    if suspends && until > view.now {
        format!("suspends until {}, {}", moment(until), ballot.count())
    } else {
        format!("pending, {}", ballot.count())
    }
}

/// Whether a document is one that the committee puts in force.
pub(crate) fn decides(envelope: &Envelope) -> bool {
    envelope.is::<Charter>()
        || envelope.is::<Roster>()
        || envelope.is::<TemplateDocument>()
        || envelope.is::<Study>()
}

/// What stands in the way of an undecided document by being in force already: an equal or later version.
pub(crate) fn superseder(view: &View<'_>, envelope: &Envelope) -> Option<String> {
    let id = envelope.id();
    let governance = &view.governance;
    if let Ok(roster) = envelope.parse_unverified::<Roster>() {
        let newest = governance.roster().filter(|newest| newest.id != id)?;
        let version = newest.document.version;
        return (version >= roster.version).then(|| format!("roster, version {version}"));
    }
    if let Ok(study) = envelope.parse_unverified::<Study>() {
        let mut studies = governance.studies();
        let (_, newest) = studies.find(|(known, it)| **known != id && it.name == study.name)?;
        let label = format!("study {}, version {}", newest.name, newest.version);
        return (newest.version >= study.version).then_some(label);
    }
    let charter: Charter = envelope.parse_unverified().ok()?;
    let newest = governance.newest_ruling()?;
    let other = newest.id != id && charter.predecessor.map(|p| p.charter) != Some(newest.id);
    other.then(|| format!("charter, version {}", newest.charter.version))
}
