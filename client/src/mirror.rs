//! What did the coordinator's log say until now? A verified copy in a file, and the governance that follows from it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use protocol::envelope::Envelope;
use protocol::ids::{ChainHead, DocumentId};
use protocol::log::{LogEntry, LogPosition};
use protocol::verify::Governance;

use crate::error::ClientError;

/// The copy of the log, whole and verified.
#[derive(Debug)]
pub struct Mirror {
    path: PathBuf,
    entries: Vec<LogEntry>,
    /// `heads[n]` is the chain's head after n entries.
    heads: Vec<ChainHead>,
}

impl Mirror {
    /// Reads the copy; a line that a crash left unfinished is dropped and will be fetched again.
    pub fn open(path: &Path) -> Result<Self, ClientError> {
        let mut mirror = Self {
            path: path.to_owned(),
            entries: Vec::new(),
            heads: vec![ChainHead::EMPTY],
        };
        let Ok(file) = File::open(path) else {
            return Ok(mirror);
        };
        let mut lines = BufReader::new(file).lines().peekable();
        while let Some(line) = lines.next() {
            let line = line.map_err(ClientError::file(path))?;
            match serde_json::from_str(&line) {
                Ok(entry) => mirror.push(entry)?,
                Err(_) if lines.peek().is_none() => break,
                Err(error) => return Err(ClientError::unreadable(path, &error)),
            }
        }
        Ok(mirror)
    }

    /// How far the copy reaches.
    #[must_use]
    pub fn position(&self) -> LogPosition {
        let head = self.heads.last().copied().unwrap_or(ChainHead::EMPTY);
        LogPosition {
            entries: self.entries.len() as u64,
            head,
        }
    }

    /// Adds entries that extend the copy, in memory and on disk.
    pub fn extend(&mut self, entries: Vec<LogEntry>) -> Result<(), ClientError> {
        if entries.is_empty() {
            return Ok(());
        }
        for entry in entries {
            self.push(entry)?;
        }
        self.write()
    }

    /// Whether `position` lies on this log: what an author claims to have seen is what we see.
    #[must_use]
    pub fn contains(&self, position: LogPosition) -> bool {
        let at = usize::try_from(position.entries).unwrap_or(usize::MAX);
        self.heads.get(at) == Some(&position.head)
    }

    /// The document with this id, with the signatures of its last entry.
    #[must_use]
    pub fn document(&self, id: &DocumentId) -> Option<&Envelope> {
        self.entries
            .iter()
            .rev()
            .map(|e| &e.envelope)
            .find(|envelope| &envelope.id() == id)
    }

    /// All documents, oldest first.
    pub fn documents(&self) -> impl Iterator<Item = &Envelope> {
        self.entries.iter().map(|e| &e.envelope)
    }

    /// What is in force under `charter` according to this log.
    #[must_use]
    pub fn governance(&self, charter: DocumentId) -> Governance {
        let mut governance = Governance::pinned_to(charter);
        for envelope in self.documents() {
            // A document that is not (yet) in force is not an error of the log.
            let _ = governance.apply(envelope);
        }
        governance
    }

    fn push(&mut self, entry: LogEntry) -> Result<(), ClientError> {
        let next = self.position().after(&entry)?;
        self.heads.push(next.head);
        self.entries.push(entry);
        Ok(())
    }

    /// The copy is a cache of a verified log: two processes that write it at once write the same lines.
    fn write(&self) -> Result<(), ClientError> {
        let mut bytes = Vec::new();
        for entry in &self.entries {
            serde_json::to_writer(&mut bytes, entry)
                .map_err(|e| ClientError::unreadable(&self.path, &e))?;
            bytes.push(b'\n');
        }
        Ok(transport::keys::write_atomic(&self.path, &bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(index: u64) -> LogEntry {
        let envelope = Envelope {
            payload_type: "t".into(),
            payload: format!("{index:04}"),
            signatures: vec![],
        };
        LogEntry {
            index,
            time: jiff::Timestamp::UNIX_EPOCH,
            envelope,
        }
    }

    #[test]
    fn a_copy_read_back_is_the_copy_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let mut mirror = Mirror::open(&path).unwrap();
        mirror.extend(vec![entry(0), entry(1)]).unwrap();
        assert_eq!(Mirror::open(&path).unwrap().position(), mirror.position());
    }

    #[test]
    fn an_altered_copy_is_noticed_by_its_next_extension_and_a_missing_line_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let mut mirror = Mirror::open(&path).unwrap();
        mirror.extend(vec![entry(0), entry(1), entry(2)]).unwrap();
        let lines: Vec<String> = std::fs::read_to_string(&path)
            .unwrap()
            .lines()
            .map(Into::into)
            .collect();
        std::fs::write(&path, format!("{}\n{}\n", lines[0], lines[2])).unwrap();
        assert!(Mirror::open(&path).is_err());
    }

    #[test]
    fn a_line_cut_by_a_crash_is_dropped_and_fetched_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        Mirror::open(&path)
            .unwrap()
            .extend(vec![entry(0), entry(1)])
            .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 9]).unwrap();
        assert_eq!(Mirror::open(&path).unwrap().position().entries, 1);
    }
}
