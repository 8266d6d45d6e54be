//! What does whoever broke into the coordinator do to the log? All that its own key allows: it orders, renumbers, and signs heads.

use std::path::PathBuf;

use demo::actor::Actor;
use protocol::documents::LogHead;
use protocol::envelope::{Envelope, Payload};
use protocol::log::{LogEntry, LogPosition};
use serde::de::DeserializeOwned;
use tests::{Ended, run};

use crate::told::Told;

/// A copy of the log that is being altered.
pub(crate) struct Forged<'a> {
    pub(crate) told: &'a Told,
    pub(crate) entries: Vec<LogEntry>,
    pub(crate) head: Envelope,
    /// A line of the file that loses its second half.
    pub(crate) torn: Option<usize>,
    pub(crate) charter: String,
}

impl<'a> Forged<'a> {
    /// The log as it is.
    pub(crate) fn of(told: &'a Told) -> Self {
        Self {
            told,
            entries: told.entries.clone(),
            head: told.head.clone(),
            torn: None,
            charter: told.charter.clone(),
        }
    }

    /// Where the documents of this kind stand.
    pub(crate) fn places<P: Payload>(&self) -> Vec<usize> {
        let entries = self.entries.iter().enumerate();
        let of = entries.filter(|(_, entry)| entry.envelope.is::<P>());
        of.map(|(place, _)| place).collect()
    }

    /// The first of them.
    pub(crate) fn first<P: Payload>(&self) -> usize {
        self.places::<P>()[0]
    }

    /// The last of them.
    pub(crate) fn last<P: Payload>(&self) -> usize {
        *self.places::<P>().last().unwrap()
    }

    /// What the document at this place says.
    pub(crate) fn says<P: Payload + DeserializeOwned>(&self, place: usize) -> P {
        self.entries[place].envelope.parse_unverified().unwrap()
    }

    /// Other words under the signatures of the document at this place.
    pub(crate) fn alter<P: Payload>(&mut self, place: usize, alter: impl FnOnce(&mut P)) {
        let mut document: P = self.says(place);
        alter(&mut document);
        let payload = Envelope::sign(&document, &self.told.coordinator).payload;
        self.entries[place].envelope.payload = payload;
    }

    /// Other words at this place, signed by the coordinator.
    pub(crate) fn replace<P: Payload>(&mut self, place: usize, alter: impl FnOnce(&mut P)) {
        let mut document: P = self.says(place);
        alter(&mut document);
        self.entries[place].envelope = Envelope::sign(&document, &self.told.coordinator);
    }

    /// How far the log reaches.
    pub(crate) fn position(&self) -> LogPosition {
        LogPosition::EMPTY.extended(&self.entries).unwrap()
    }

    /// One more entry at the end, right after the last.
    pub(crate) fn append(&mut self, envelope: Envelope) {
        let last = self.entries.last().unwrap();
        self.entries.push(LogEntry {
            index: last.index + 1,
            time: last.time,
            envelope,
        });
    }

    /// One more document at the end, signed by the coordinator.
    pub(crate) fn say<P: Payload>(&mut self, document: &P) {
        self.append(Envelope::sign(document, &self.told.coordinator));
    }

    /// Numbers the entries as they stand now, and signs their head.
    pub(crate) fn renumber(&mut self) {
        for (index, entry) in (0..).zip(&mut self.entries) {
            entry.index = index;
        }
        self.sign_head();
    }

    /// Signs the head of the log as it is now.
    pub(crate) fn sign_head(&mut self) {
        let mut head: LogHead = self.told.head.parse_unverified().unwrap();
        head.log = self.position();
        self.head = Envelope::sign(&head, &self.told.coordinator);
    }

    /// Audits it from its file alone, as an auditor without home or network.
    pub(crate) fn audited(&self) -> Ended {
        let (log, head) = (self.written("forged.jsonl"), self.told.path("forged.head"));
        std::fs::write(&head, self.head.to_json()).unwrap();
        let words = [
            "audit",
            log.to_str().unwrap(),
            "--head",
            head.to_str().unwrap(),
            "--charter",
            &self.charter,
        ];
        run(crate::EXECUTABLE, Actor::Client, &words)
    }

    fn written(&self, name: &str) -> PathBuf {
        let mut text = String::new();
        for (place, entry) in self.entries.iter().enumerate() {
            let line = serde_json::to_string(entry).unwrap();
            let half = self.torn == Some(place);
            text += &line[..if half { line.len() / 2 } else { line.len() }];
            text.push('\n');
        }
        let path = self.told.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}
