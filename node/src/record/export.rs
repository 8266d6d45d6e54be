//! How does the record leave the node for an auditor, and how is it checked without the node? Lines of JSON, one a row,
//! and a last one with their number and the head.

use std::io::{BufRead, Read, Write};

use jiff::Timestamp;
use protocol::envelope::Envelope;
use protocol::ids::ChainHead;
use protocol::limits::BODY_BYTES_MAX;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::entry::{Entry, Kind};
use super::error::RecordError;
use super::store::Stored;
use super::{Record, is_document_of, moment};
use crate::counted::counted;

/// Bytes of one line of an export: the largest envelope, and room for the row around it.
pub const LINE_BYTES_MAX: usize = BODY_BYTES_MAX + 64 * 1024;

/// One row as it is exported.
#[derive(Serialize, Deserialize)]
struct Line {
    seq: i64,
    time: Timestamp,
    #[serde(flatten)]
    kind: Kind,
    head: ChainHead,
    /// The signed document that the row names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    envelope: Option<Envelope>,
}

/// The last line: without it an export is not whole.
#[derive(Serialize, Deserialize)]
struct End {
    rows: u64,
    head: ChainHead,
}

/// What an export holds, once it is checked. Compare the head with the one that the node itself shows: rows cut off
/// at the end, with a new last line, leave a chain that is sound but shorter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Rows, the first one included.
    pub rows: u64,
    /// The head after the last.
    pub head: ChainHead,
    /// The moment of the first row and of the last, to the second.
    pub span: (Timestamp, Timestamp),
    /// Rows of answers.
    pub answers: u64,
    /// Rows of refusals.
    pub refusals: u64,
    /// Rows of a person's decisions.
    pub decisions: u64,
}

/// Why an exported record does not hold.
#[derive(Debug, Error)]
pub enum ExportError {
    /// Not a line of an export.
    #[error(
        "line {line} is not a line of an exported record, or not as it was exported; ask the center for a new export"
    )]
    Malformed {
        /// Counted from 1.
        line: u64,
    },
    /// A line does not follow from the one before it.
    #[error(
        "row {seq} of the exported record was altered, or a row before it is missing, doubled or out of order"
    )]
    ChainBroken {
        /// The first row that does not fit.
        seq: i64,
    },
    /// The last line is missing or speaks of other rows.
    #[error(
        "the exported record is not whole: its last line is missing or does not fit; ask the center for a new export"
    )]
    NotWhole,
    /// The file could not be read.
    #[error("the exported record could not be read: {0}")]
    Io(#[from] std::io::Error),
}

impl ExportError {
    /// The stable code that programs match.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "export_malformed",
            Self::ChainBroken { .. } => "export_altered",
            Self::NotWhole => "export_not_whole",
            Self::Io(_) => "export_io",
        }
    }
}

/// Writes every row of `record`, and the last line.
pub(super) fn write(record: &Record, out: &mut dyn Write) -> Result<(), RecordError> {
    let (mut rows, mut head) = (0, ChainHead::EMPTY);
    record.each(|stored| {
        (rows, head) = (rows + 1, stored.head);
        write_line(&line_of(stored)?, out)
    })?;
    write_line(&End { rows, head }, out)?;
    out.flush().map_err(RecordError::Io)
}

fn line_of(stored: Stored) -> Result<Line, RecordError> {
    let Entry { seq, at_s, kind } = stored.entry;
    let envelope = stored
        .document
        .map(|bytes| Envelope::from_json(&bytes).map_err(|_| RecordError::ChainBroken { seq }))
        .transpose()?;
    Ok(Line {
        seq,
        time: moment(seq, at_s)?,
        kind,
        head: stored.head,
        envelope,
    })
}

fn write_line(line: &impl Serialize, out: &mut dyn Write) -> Result<(), RecordError> {
    let json = serde_json::to_vec(line).map_err(|error| RecordError::Io(error.into()))?;
    out.write_all(&json).map_err(RecordError::Io)?;
    out.write_all(b"\n").map_err(RecordError::Io)
}

/// Checks an exported record from its lines alone: every row, every document's bytes, and the chain over all of them.
///
/// # Errors
/// The first line that is not as it was exported.
pub fn verify_export(mut lines: impl BufRead) -> Result<Summary, ExportError> {
    let (mut number, mut checked) = (0, None::<Summary>);
    while let Some(bytes) = next_line(&mut lines, number + 1)? {
        number += 1;
        if let Some(end) = exactly::<End>(&bytes) {
            let summary = checked
                .filter(|summary| (summary.rows, summary.head) == (end.rows, end.head))
                .ok_or(ExportError::NotWhole)?;
            return match next_line(&mut lines, number + 1)? {
                None => Ok(summary),
                Some(_) => Err(ExportError::Malformed { line: number + 1 }),
            };
        }
        let line = exactly::<Line>(&bytes).ok_or(ExportError::Malformed { line: number })?;
        checked = Some(after(checked, line)?);
    }
    Err(ExportError::NotWhole)
}

/// What is known after one more row.
fn after(before: Option<Summary>, line: Line) -> Result<Summary, ExportError> {
    let (rows, head) = before.as_ref().map_or((0, ChainHead::EMPTY), |summary| {
        (summary.rows, summary.head)
    });
    let document = line.envelope.as_ref().map(Envelope::to_json);
    let entry = Entry {
        seq: line.seq,
        at_s: line.time.as_second(),
        kind: line.kind,
    };
    let begins = matches!(entry.kind, Kind::Begun) == before.is_none();
    let fits = u64::try_from(entry.seq).is_ok_and(|seq| seq == rows + 1)
        && entry.head_after(head, document.as_deref()) == line.head
        && is_document_of(&entry, document.as_deref());
    if !(begins && fits) {
        return Err(ExportError::ChainBroken { seq: entry.seq });
    }
    Ok(Summary::with(before, &entry.kind, line.time, line.head))
}

impl Summary {
    /// What rows say whose chain holds; nothing without any.
    ///
    /// # Errors
    /// The time of one was altered.
    pub fn of(entries: &[(Entry, ChainHead)]) -> Result<Option<Self>, RecordError> {
        entries.iter().try_fold(None, |before, (entry, head)| {
            let time = moment(entry.seq, entry.at_s)?;
            Ok(Some(Self::with(before, &entry.kind, time, *head)))
        })
    }

    /// With one more row.
    fn with(before: Option<Self>, kind: &Kind, time: Timestamp, head: ChainHead) -> Self {
        let mut summary = before.unwrap_or(Self {
            rows: 0,
            head,
            span: (time, time),
            answers: 0,
            refusals: 0,
            decisions: 0,
        });
        summary.rows += 1;
        summary.head = head;
        summary.span.1 = time;
        match kind {
            Kind::Answer { .. } => summary.answers += 1,
            Kind::Refusal { .. } => summary.refusals += 1,
            Kind::Approved { .. } | Kind::RefusedByPerson { .. } => summary.decisions += 1,
            Kind::Begun
            | Kind::Policy { .. }
            | Kind::Charter { .. }
            | Kind::Awaiting { .. }
            | Kind::Request { .. }
            | Kind::Currency { .. } => {}
        }
        summary
    }

    /// Writes it for people.
    ///
    /// # Errors
    /// Nobody reads.
    pub fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let Self {
            rows,
            answers,
            refusals,
            decisions,
            span: (first, last),
            ..
        } = self;
        writeln!(
            out,
            "record       {} from {first} to {last}: {}, {}, {} by a person\nrecord head  {}",
            counted(*rows, "row", "rows"),
            counted(*answers, "answer", "answers"),
            counted(*refusals, "refusal", "refusals"),
            counted(*decisions, "decision", "decisions"),
            self.head
        )
    }
}

/// The next line without its end; none at the end of the file.
fn next_line(lines: &mut impl BufRead, number: u64) -> Result<Option<Vec<u8>>, ExportError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    lines
        .by_ref()
        .take(limit + 1)
        .read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    match bytes.pop() {
        Some(b'\n') => Ok(Some(bytes)),
        // Too long, or cut off in its midst.
        Some(_) | None => Err(ExportError::Malformed { line: number }),
    }
}

/// The `T` that these bytes are the one spelling of.
fn exactly<T: Serialize + for<'a> Deserialize<'a>>(bytes: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(bytes).ok()?;
    let spelled = serde_json::to_vec(&read).ok()?;
    (spelled == bytes).then_some(read)
}
