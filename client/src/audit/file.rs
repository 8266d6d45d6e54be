//! What stands in a log file that anybody handed over? Read leniently: what is broken becomes a finding, not an error.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use protocol::envelope::Envelope;
use protocol::log::LogEntry;

use super::{Code, Finding};
use crate::error::ClientError;

/// Bytes of one line, at most: an envelope at its limits has less than half a million.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// The entries of a log as they stand in a file, in the file's order, and what could not be read.
#[derive(Debug, Clone, Default)]
pub struct LogFile {
    /// The entries that could be read.
    pub entries: Vec<LogEntry>,
    /// The lines that could not.
    pub unreadable: Vec<Finding>,
}

impl From<Vec<LogEntry>> for LogFile {
    fn from(entries: Vec<LogEntry>) -> Self {
        Self {
            entries,
            unreadable: Vec::new(),
        }
    }
}

impl LogFile {
    /// Reads a file of one JSON entry a line, as clients keep it (`log.jsonl`). A line that is no entry becomes a finding.
    ///
    /// # Errors
    /// The file cannot be opened or read.
    pub fn read(path: &Path) -> Result<Self, ClientError> {
        let file = File::open(path).map_err(ClientError::file(path))?;
        let mut lines = BufReader::new(file);
        let (mut log, mut line, mut number) = (Self::default(), Vec::new(), 0_u64);
        loop {
            line.clear();
            let read = lines.read_until(b'\n', &mut line);
            if read.map_err(ClientError::file(path))? == 0 {
                return Ok(log);
            }
            number += 1;
            log.take_line(number, &line);
        }
    }

    fn take_line(&mut self, number: u64, line: &[u8]) {
        if line.len() > LINE_BYTES_MAX {
            return self.cannot_read(number, "it is longer than any entry");
        }
        match serde_json::from_slice::<LogEntry>(line) {
            Ok(entry) if entry.envelope.payload.len() <= LINE_BYTES_MAX => self.entries.push(entry),
            Ok(_) => self.cannot_read(number, "its document is too large"),
            Err(error) => self.cannot_read(number, &error.to_string()),
        }
    }

    fn cannot_read(&mut self, number: u64, why: &str) {
        let after = self.entries.last().map_or_else(
            || "before the first entry".to_owned(),
            |last| format!("after entry {}", last.index),
        );
        self.unreadable.push(Finding::whole(
            Code::UnreadableLine,
            format!("line {number} of the file, {after}, is no log entry: {why}"),
        ));
    }

    /// The entries in the order of their indexes, as far as none is missing, and what is wrong with the file's own order.
    pub(super) fn in_order(&self) -> (Vec<&LogEntry>, Vec<Finding>) {
        let mut findings = self.unreadable.clone();
        let mut entries: Vec<&LogEntry> = self.entries.iter().collect();
        findings.extend(misplaced(&entries));
        entries.sort_by_key(|entry| entry.index);
        entries.dedup_by(|later, first| {
            let doubled = later.index == first.index;
            if doubled {
                findings.push(double(first, later));
            }
            doubled
        });
        let whole = (0_u64..).zip(&entries);
        let whole = whole.take_while(|(index, e)| e.index == *index).count();
        if whole < entries.len() {
            findings.push(Finding::whole(
                Code::EntryMissing,
                format!(
                    "entry {whole} is missing: the file goes on with entry {}; the {} entries behind the gap could not be checked",
                    entries.get(whole).map_or(0, |next| next.index),
                    entries.len() - whole
                ),
            ));
            entries.truncate(whole);
        }
        (entries, findings)
    }
}

/// The first entry that stands before one of a lower index.
fn misplaced(entries: &[&LogEntry]) -> Option<Finding> {
    let mut pairs = entries.iter().zip(entries.iter().skip(1));
    let (before, after) = pairs.find(|(before, after)| after.index < before.index)?;
    Some(Finding::whole(
        Code::EntryReordered,
        format!(
            "entry {} stands behind entry {} in the file: entries were reordered",
            after.index, before.index
        ),
    ))
}

fn double(first: &LogEntry, later: &LogEntry) -> Finding {
    let how = if first == later {
        "stands twice in the file"
    } else {
        "stands twice in the file, with different content; the first was checked"
    };
    Finding::whole(Code::EntryDoubled, format!("entry {} {how}", first.index))
}

/// Reads the coordinator's signed head, as clients keep it (`log.head.json`).
///
/// # Errors
/// The file cannot be read, or holds no signed document.
pub fn read_head(path: &Path) -> Result<Envelope, ClientError> {
    let bytes = std::fs::read(path).map_err(ClientError::file(path))?;
    Ok(Envelope::from_json(&bytes)?)
}
