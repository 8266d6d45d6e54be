//! What stands in the log? Every entry: what it is, who signed it, and how it stands now.

use std::collections::BTreeSet;

use protocol::envelope::Envelope;
use protocol::keys::PublicKey;
use transport::clock::{Clock, SystemClock};

use super::standing::standing;
use super::view::{View, kind_of};
use crate::error::ClientError;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;
/// Lists the log, oldest first.
pub(crate) fn list_log(
    home: &Home,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    if home.profile.charter.is_none() {
        return without_charter(session, terminal);
    }
    let view = View::of(home, session, SystemClock.now())?;
    for (index, document) in session.mirror.documents().enumerate() {
        terminal.line(line(&view, index, document))?;
    }
    if let Some(fork) = view.governance.fork() {
        terminal.line(ClientError::Fork(fork).to_string())?;
    }
    tell_head(session, terminal)
}

/// Whoever has pinned no charter yet can read what there is, but not how it stands.
fn without_charter(session: &Session, terminal: &mut Terminal) -> Result<(), ClientError> {
    for (index, document) in session.mirror.documents().enumerate() {
        let kind = kind_of(document);
        terminal.line(format!("{index:>5}  {kind:<10}  {}", document.id()))?;
    }
    terminal
        .line("no charter is pinned, so nothing is said about who signed and what is in force")?;
    tell_head(session, terminal)
}

/// What people compare by another way: two who see one number of entries must see one head.
fn tell_head(session: &Session, terminal: &mut Terminal) -> Result<(), ClientError> {
    let position = session.mirror.position();
    Ok(terminal.line(format!(
        "{} entries; head {}",
        position.entries, position.head
    ))?)
}

fn line(view: &View<'_>, index: usize, document: &Envelope) -> String {
    let kind = kind_of(document);
    let (signers, standing) = (signers(view, document), standing(view, document));
    let label = view.label(document);
    let label = if label == kind { String::new() } else { label };
    let more: Vec<String> = [label, format!("signed: {signers}"), standing]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    format!(
        "{index:>5}  {kind:<10}  {}  {}",
        document.id(),
        more.join("; ")
    )
}

/// Who signed this entry, as far as the signatures verify for the keys that they name.
fn signers(view: &View<'_>, document: &Envelope) -> String {
    let named: BTreeSet<PublicKey> = document
        .signatures
        .iter()
        .filter_map(|signature| signature.keyid.parse().ok())
        .collect();
    let signed: Vec<String> = document
        .signers(&named)
        .iter()
        .map(|key| view.people.name(key))
        .collect();
    if signed.is_empty() {
        "nobody known".to_owned()
    } else {
        signed.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use protocol::documents::{Charter, Predecessor};

    use super::*;
    use crate::govern::sample::{KIM, LEE, OFFICE, PARK, Sample, charter, roster, study};

    fn lines(sample: &Sample) -> Vec<String> {
        let view = sample.view(KIM);
        let documents = sample.mirror.documents().enumerate();
        documents
            .map(|(index, document)| line(&view, index, document))
            .collect()
    }

    fn successor(sample: &Sample, threshold: u32) -> Charter {
        let before = sample.governance().charters()[0].clone();
        let predecessor = Some(Predecessor {
            charter: before.id,
            log_index: before.index,
        });
        Charter {
            version: 2,
            threshold,
            predecessor,
            ..charter()
        }
    }

    #[test]
    fn every_entry_says_what_it_is_who_signed_it_and_how_it_stands() {
        let mut sample = Sample::running();
        let templates: Vec<_> = sample.governance().templates().map(|(id, _)| *id).collect();
        let first = *sample.governance().studies().next().unwrap().0;
        sample.decide(&roster(2, 3));
        sample.propose(&study("second", 1, &templates), OFFICE);
        let revocation = sample.revoke(templates[0], LEE);
        sample.sign(&revocation, PARK);
        sample.answered(first, 1, 1, 5);
        sample.revoke(first, KIM);
        insta::assert_snapshot!(lines(&sample).join("\n"));
    }

    #[test]
    fn a_fork_stands_beside_both_charters_and_nothing_stays_in_force() {
        let mut sample = Sample::running();
        let (one, other) = (successor(&sample, 3), successor(&sample, 2));
        let one = sample.propose(&one, KIM);
        sample.sign(&one, PARK);
        let other = sample.propose(&other, LEE);
        sample.sign(&other, PARK);
        let fork = sample.governance().fork().unwrap();
        assert_eq!((fork.one, fork.other), (one, other));
        let both = lines(&sample)
            .iter()
            .filter(|line| line.contains("fork:"))
            .count();
        assert_eq!(both, 4);
        let sentence = ClientError::Fork(fork).to_string();
        assert!(sentence.contains(&one.to_string()) && sentence.contains(&other.to_string()));
        assert_eq!(ClientError::Fork(fork).code(), "charter-fork");
    }
}
