//! What is put before me, and what is in force? Each document in plain words, what it changes, and how the committee stands with it.

mod overview;
mod charter;
mod roster;
mod template;
mod study;
mod budget;
mod revocation;
#[cfg(test)]
mod tests;

pub(crate) use charter::{changes as charter_changes, in_words as charter_in_words};

use std::fmt::Write;

use protocol::documents::{Charter, Revocation, Roster, Study, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::verify::proposer_of;
use transport::clock::{Clock, SystemClock};

use super::ballot::Ballot;
use super::rules::VoteError;
use super::standing::standing;
use super::view::{View, kind_of};
use crate::error::ClientError;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;
use crate::words::{indented, paragraph};

/// Shows one document, or everything that is open and in force.
pub(crate) fn review(
    home: &Home,
    session: &Session,
    id: Option<DocumentId>,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let view = View::of(home, session, SystemClock.now())?;
    let shown = match id {
        None => overview::overview(&view),
        Some(id) => whole(&view, view.must_know(&id)?)?,
    };
    Ok(terminal.line(shown.trim_end())?)
}

/// A document as a member reads it before signing: what it says, what it changes, how the committee stands with it.
pub(crate) fn whole(view: &View<'_>, envelope: &Envelope) -> Result<String, ClientError> {
    let (says, changes) = body(view, envelope)?;
    let mut text = head(view, envelope);
    text.push_str(&says);
    if let Some(changes) = changes {
        text.push_str(&section("What changes", &changes));
    }
    if let Some(revoked) = revocation::of_other_versions(view, envelope) {
        text.push_str(&section("Revoked before", &revoked));
    }
    text.push_str(&section("Votes", &votes(view, envelope)));
    if let Some(withdrawals) = revocation::naming(view, &envelope.id()) {
        text.push_str(&section("Taken back", &withdrawals));
    }
    Ok(text)
}

fn head(view: &View<'_>, envelope: &Envelope) -> String {
    let mut text = format!("{}\nid: {}\n", view.label(envelope), envelope.id());
    if let Some(proposer) = proposer_of(envelope) {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "proposed by: {}", view.people.name(&proposer));
    }
    let _ = writeln!(text, "standing: {}", standing(view, envelope));
    text
}

/// What the document says, and what it changes about the one in force, where there is such.
fn body(view: &View<'_>, envelope: &Envelope) -> Result<(String, Option<String>), ClientError> {
    if envelope.is::<Charter>() {
        let charter: Charter = envelope.parse_unverified()?;
        Ok(charter::body(view, envelope, &charter))
    } else if envelope.is::<Roster>() {
        Ok(roster::body(
            view,
            &envelope.id(),
            &envelope.parse_unverified()?,
        ))
    } else if envelope.is::<TemplateDocument>() {
        let document: TemplateDocument = envelope.parse_unverified()?;
        Ok(template::body(view, &envelope.id(), &document))
    } else if envelope.is::<Study>() {
        Ok(study::body(
            view,
            &envelope.id(),
            &envelope.parse_unverified()?,
        ))
    } else if envelope.is::<Revocation>() {
        let revocation: Revocation = envelope.parse_unverified()?;
        Ok((revocation::body(view, &revocation), None))
    } else {
        Err(VoteError::NotDecided(kind_of(envelope)).into())
    }
}

fn votes(view: &View<'_>, envelope: &Envelope) -> String {
    if let Some(text) = charter::founders(envelope) {
        return text;
    }
    match Ballot::of(&view.governance, envelope) {
        Ok(ballot) => ballot.in_words(),
        Err(error) => paragraph("", "", &format!("it has no effect: {error}")),
    }
}

/// A heading and what stands under it.
fn section(heading: &str, text: &str) -> String {
    format!("\n{heading}\n{}", indented("  ", text))
}
