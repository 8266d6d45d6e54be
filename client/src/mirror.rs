//! What did the coordinator's log say until now? A verified copy in a file, and the governance that follows from it.
//!
//! The file is only ever appended to, under a lock: a command that is killed leaves at most an unfinished last line, and two
//! commands at once write one after the other. Like the log itself, the copy is never cut back or rewritten.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::log::{Chain, LogEntry, LogError, LogPosition};
use protocol::verify::Governance;

use crate::error::ClientError;

/// The copy of the log, whole and verified.
#[derive(Debug)]
pub struct Mirror {
    path: PathBuf,
    entries: Vec<LogEntry>,
    chain: Chain,
    /// Where each document stands first.
    places: BTreeMap<DocumentId, usize>,
    /// How much of the file is known to be whole lines of this log.
    bytes: u64,
}

impl Mirror {
    /// Reads the copy; a line that a crash left unfinished is dropped and will be fetched again.
    pub fn open(path: &Path) -> Result<Self, ClientError> {
        let mut mirror = Self {
            path: path.to_owned(),
            entries: Vec::new(),
            chain: Chain::default(),
            places: BTreeMap::new(),
            bytes: 0,
        };
        match File::open(path) {
            Ok(file) => mirror.read_on(&file)?,
            // A copy that is there and cannot be read must not pass for none: it is what a forked log is held against.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(ClientError::file(path)(error)),
        }
        Ok(mirror)
    }

    /// How far the copy reaches.
    #[must_use]
    pub fn position(&self) -> LogPosition {
        self.chain.position()
    }

    /// Adds entries that extend the copy, in memory and on disk. What another command has added meanwhile must be the same.
    pub fn extend(&mut self, entries: &[LogEntry]) -> Result<(), ClientError> {
        if entries.is_empty() {
            return Ok(());
        }
        let promised = self.chain.extended(entries)?.position();
        let failed = |error| ClientError::file(&self.path)(error);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.path);
        let mut file = file.map_err(failed)?;
        file.lock().map_err(failed)?;
        self.read_on(&file)?;
        let known = self.position().entries;
        for entry in entries.iter().skip_while(|entry| entry.index < known) {
            self.append(&mut file, entry)?;
        }
        file.sync_all().map_err(ClientError::file(&self.path))?;
        if self.contains(promised) {
            Ok(())
        } else {
            let entries = promised.entries;
            Err(LogError::WrongHead { entries }.into())
        }
    }

    /// Whether `position` lies on this log: what an author claims to have seen is what we see.
    #[must_use]
    pub fn contains(&self, position: LogPosition) -> bool {
        self.chain.contains(position)
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

    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    /// Where the document with this id stands first.
    #[must_use]
    pub fn place_of(&self, id: &DocumentId) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// When the entry at `place` came.
    #[must_use]
    pub fn time_at(&self, place: usize) -> Option<Timestamp> {
        self.entries.get(place).map(|entry| entry.time)
    }

    /// What is in force under `charter` according to this log.
    #[must_use]
    pub fn governance(&self, charter: DocumentId) -> Governance {
        self.governance_before(charter, self.entries.len())
    }

    /// What was in force under `charter` when the entry at `place` came.
    #[must_use]
    pub fn governance_before(&self, charter: DocumentId, place: usize) -> Governance {
        let mut governance = Governance::pinned_to(charter);
        for entry in self.entries.iter().take(place) {
            // What is not (yet) in force is no error of the log, and the chain was checked when the copy was read.
            let _ = governance.take(entry);
        }
        governance
    }

    /// Reads the lines beyond those known, to the last that is whole.
    fn read_on(&mut self, mut file: &File) -> Result<(), ClientError> {
        let path = self.path.clone();
        let failed = |error| ClientError::file(&path)(error);
        if file.metadata().map_err(failed)?.len() < self.bytes {
            let why = "it was cut back while it was in use; run the command again";
            return Err(ClientError::unreadable(&path, &why));
        }
        let start = SeekFrom::Start(self.bytes);
        file.seek(start).map_err(ClientError::file(&path))?;
        let mut lines = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = lines.read_until(b'\n', &mut line);
            let bytes = read.map_err(ClientError::file(&path))?;
            if !line.ends_with(b"\n") {
                return Ok(());
            }
            let entry =
                serde_json::from_slice(&line).map_err(|e| ClientError::unreadable(&path, &e))?;
            self.push(entry)?;
            self.bytes += bytes as u64;
        }
    }

    /// Writes one entry behind the last whole line, over whatever a crash left there.
    fn append(&mut self, file: &mut File, entry: &LogEntry) -> Result<(), ClientError> {
        let path = self.path.clone();
        let mut line = serde_json::to_vec(entry).map_err(|e| ClientError::unreadable(&path, &e))?;
        line.push(b'\n');
        self.push(entry.clone())?;
        file.set_len(self.bytes)
            .and_then(|()| file.seek(SeekFrom::Start(self.bytes)))
            .and_then(|_| file.write_all(&line))
            .map_err(ClientError::file(&path))?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    fn push(&mut self, entry: LogEntry) -> Result<(), ClientError> {
        self.chain.push(&entry)?;
        let place = self.entries.len();
        self.places.entry(entry.envelope.id()).or_insert(place);
        self.entries.push(entry);
        Ok(())
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
        mirror.extend(&[entry(0), entry(1)]).unwrap();
        assert_eq!(Mirror::open(&path).unwrap().position(), mirror.position());
    }

    #[test]
    fn an_altered_copy_is_noticed_by_its_next_extension_and_a_missing_line_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let mut mirror = Mirror::open(&path).unwrap();
        mirror.extend(&[entry(0), entry(1), entry(2)]).unwrap();
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
            .extend(&[entry(0), entry(1)])
            .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 9]).unwrap();
        assert_eq!(Mirror::open(&path).unwrap().position().entries, 1);
    }

    #[test]
    fn after_a_cut_line_the_copy_goes_on_where_it_was_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let mut whole = Mirror::open(&path).unwrap();
        whole.extend(&[entry(0), entry(1), entry(2)]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for cut in [1, 9, text.len() / 3] {
            std::fs::write(&path, &text[..text.len() - cut]).unwrap();
            let mut mirror = Mirror::open(&path).unwrap();
            assert_eq!(mirror.position().entries, 2, "{cut}");
            mirror.extend(&[entry(2)]).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn two_commands_at_once_write_one_log() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let (mut one, mut two) = (Mirror::open(&path).unwrap(), Mirror::open(&path).unwrap());
        one.extend(&[entry(0), entry(1), entry(2)]).unwrap();
        two.extend(&[entry(0), entry(1)]).unwrap();
        assert_eq!(two.position(), one.position());
        assert_eq!(Mirror::open(&path).unwrap().position(), one.position());
    }

    #[test]
    fn two_commands_that_were_shown_different_logs_find_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let (mut one, mut two) = (Mirror::open(&path).unwrap(), Mirror::open(&path).unwrap());
        one.extend(&[entry(0), entry(1)]).unwrap();
        let mut other = entry(1);
        other.envelope.payload = "AAAA".into();
        let refused = two.extend(&[entry(0), other]).unwrap_err();
        assert_eq!(refused.code(), "log-broken");
        assert_eq!(Mirror::open(&path).unwrap().position(), one.position());
    }

    #[test]
    fn a_copy_that_cannot_be_read_does_not_pass_for_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        std::fs::create_dir(&path).unwrap();
        assert!(Mirror::open(&path).is_err());
    }
}
