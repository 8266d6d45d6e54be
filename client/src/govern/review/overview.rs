//! What waits for me, what is undecided, what was taken back, and what is in force until when?

use std::fmt::Write;

use jiff::SignedDuration;
use protocol::documents::Revocation;
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::limits::CURRENCY_VALID_S;
use protocol::verify::{Standing, proposer_of};

use super::{revocation, section};
use crate::error::ClientError;
use crate::govern::ballot::{Ballot, quoted};
use crate::govern::rules::may_sign;
use crate::govern::standing::{standing, superseder};
use crate::govern::view::{View, moment};
use crate::words::paragraph;

/// Everything that a person who looks now and then wants to know.
pub(super) fn overview(view: &View<'_>) -> String {
    let open: Vec<(&DocumentId, &Envelope)> = view
        .governance
        .proposals()
        .filter(|(_, envelope)| is_open(view, envelope))
        .collect();
    let mut text = String::new();
    if let Some(fork) = view.governance.fork() {
        text.push_str(&paragraph("", "", &ClientError::Fork(fork).to_string()));
    }
    if view.members().contains(&view.me) {
        let mine = open.iter().filter(|(_, it)| waits_for_me(view, it));
        let mine: String = mine.map(|(id, it)| short(view, id, it)).collect();
        text.push_str(&section("Waits for you", &or_nothing(mine)));
    }
    let all: String = open.iter().map(|(id, it)| entry(view, id, it)).collect();
    text.push_str(&section("Undecided", &or_nothing(all)));
    text.push_str(&section("In force", &in_force(view)));
    text.push_str(&revocation::sections(view));
    text.trim_start().to_owned() + "\nread one with: cartally review ID\n"
}

fn or_nothing(text: String) -> String {
    if text.is_empty() {
        "nothing\n".to_owned()
    } else {
        text
    }
}

/// Whether the committee can still decide it.
fn is_open(view: &View<'_>, envelope: &Envelope) -> bool {
    let undecided = Ballot::of(&view.governance, envelope).is_ok_and(|ballot| !ballot.decided);
    let of = match envelope.parse_unverified::<Revocation>() {
        Ok(revocation) => revocation.document,
        Err(_) => envelope.id(),
    };
    undecided
        && view.governance.standing(&of, view.now) != Standing::Revoked
        && superseder(view, envelope).is_none()
}

fn waits_for_me(view: &View<'_>, envelope: &Envelope) -> bool {
    let declined =
        Ballot::of(&view.governance, envelope).is_ok_and(|ballot| ballot.declined_by(&view.me));
    may_sign(view, envelope).is_ok() && !declined
}

fn short(view: &View<'_>, id: &DocumentId, envelope: &Envelope) -> String {
    paragraph("", "  ", &view.label(envelope)) + &format!("  {id}\n")
}

fn entry(view: &View<'_>, id: &DocumentId, envelope: &Envelope) -> String {
    let mut text = short(view, id, envelope);
    if let Some(proposer) = proposer_of(envelope) {
        let line = format!("proposed by {}", view.people.name(&proposer));
        text.push_str(&paragraph("  ", "    ", &line));
    }
    if let Ok(revocation) = envelope.parse_unverified::<Revocation>() {
        text.push_str(&paragraph(
            "  ",
            "    ",
            &format!("reason: {}", quoted(&revocation.reason)),
        ));
    }
    text.push_str(&paragraph("  ", "    ", &standing(view, envelope)));
    if let Ok(ballot) = Ballot::of(&view.governance, envelope) {
        for key in &ballot.votes.signed {
            let line = format!("signed by {}", view.people.name(key));
            text.push_str(&paragraph("  ", "    ", &line));
        }
    }
    for (key, reason) in view.governance.declines(id) {
        let line = format!("declined by {}: {}", view.people.name(key), quoted(reason));
        text.push_str(&paragraph("  ", "    ", &line));
    }
    text
}

fn in_force(view: &View<'_>) -> String {
    let governance = &view.governance;
    let mut text = String::new();
    let mut line = |label: &str, how: &str, id: &DocumentId| {
        text.push_str(&paragraph("", "  ", &format!("{label}: {how}")));
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {id}");
    };
    if let Some(ruling) = governance.newest_ruling() {
        let label = format!("charter, version {}", ruling.charter.version);
        let pinned = governance.fingerprint() == Some(ruling.id);
        let how = if pinned {
            "in force, pinned here"
        } else {
            "in force, follows from the one pinned here"
        };
        line(&label, how, &ruling.id);
    }
    let roster = governance.roster().map(|roster| roster.id);
    let templates = governance.templates().map(|(id, _)| *id);
    let studies = governance.studies().map(|(id, _)| *id);
    for id in roster.into_iter().chain(templates).chain(studies) {
        let Some(envelope) = view.document(&id) else {
            continue;
        };
        line(&view.label(envelope), &standing(view, envelope), &id);
    }
    text.push_str(&currency(view));
    text
}

fn currency(view: &View<'_>) -> String {
    let Some(currency) = view.governance.currency() else {
        return "currency: none, so no center answers; a timekeeper runs: cartally currency\n"
            .to_owned();
    };
    let end = currency
        .document
        .time
        .saturating_add(SignedDuration::from_secs(CURRENCY_VALID_S));
    let how = match (view.governance.fits(&currency.document), end) {
        (Err(error), _) => format!("DOES NOT FIT this log: {error}"),
        (Ok(()), Ok(end)) if end <= view.now => {
            format!("EXPIRED {}, so no center answers", moment(end))
        }
        (Ok(()), Ok(end)) => format!("in force until {}", moment(end)),
        (Ok(()), Err(_)) => "in force".to_owned(),
    };
    paragraph("", "  ", &format!("currency: {how}")) + &format!("  {}\n", currency.id)
}
