//! The log on disk: append, page through, find a document.

use jiff::Timestamp;
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::log::{LogEntry, LogPosition};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{parse_id, time_of};
use crate::error::CoordinatorError;
use crate::limits::LOG_PAGE_BYTES_MAX;

const INSERT: &str =
    "INSERT INTO log (entry, time_us, document, envelope, head) VALUES (?1, ?2, ?3, ?4, ?5)";
const LAST: &str = "SELECT entry, head FROM log ORDER BY entry DESC LIMIT 1";
const LAST_TIME: &str = "SELECT time_us FROM log ORDER BY entry DESC LIMIT 1";
const HEAD: &str = "SELECT head FROM log WHERE entry = ?1";
const PAGE: &str =
    "SELECT entry, time_us, envelope FROM log WHERE entry >= ?1 ORDER BY entry LIMIT ?2";
const BY_DOCUMENT: &str = "SELECT envelope FROM log WHERE document = ?1 ORDER BY entry";

/// How far the log reaches.
pub fn position(connection: &Connection) -> Result<LogPosition, CoordinatorError> {
    let mut statement = connection.prepare_cached(LAST)?;
    let last = statement
        .query_row([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    match last {
        None => Ok(LogPosition::EMPTY),
        Some((entry, head)) => Ok(LogPosition {
            entries: index(entry)? + 1,
            head: parse_id(&head)?,
        }),
    }
}

/// Whether `position` lies on this log.
pub fn contains(connection: &Connection, position: LogPosition) -> Result<bool, CoordinatorError> {
    let Some(last) = position.entries.checked_sub(1) else {
        return Ok(position == LogPosition::EMPTY);
    };
    let mut statement = connection.prepare_cached(HEAD)?;
    let last = i64::try_from(last).unwrap_or(i64::MAX);
    let head: Option<String> = statement.query_row([last], |row| row.get(0)).optional()?;
    Ok(head.is_some_and(|head| head == position.head.to_string()))
}

/// Appends a document and says how far the log reaches then.
pub fn append(
    connection: &Connection,
    now: Timestamp,
    envelope: &Envelope,
) -> Result<LogPosition, CoordinatorError> {
    let entry = next(connection, now, envelope)?;
    let after = position(connection)?
        .after(&entry)
        .map_err(|error| CoordinatorError::StoreBroken(error.to_string()))?;
    let number = i64::try_from(entry.index)
        .map_err(|_| CoordinatorError::StoreBroken("the log is full".into()))?;
    let document = envelope.id().to_string();
    connection.prepare_cached(INSERT)?.execute(params![
        number,
        entry.time.as_microsecond(),
        document,
        envelope.to_json(),
        after.head.to_string()
    ])?;
    Ok(after)
}

/// The entry that a document would become. Times never go back in the log, even where the clock was set back.
pub fn next(
    connection: &Connection,
    now: Timestamp,
    envelope: &Envelope,
) -> Result<LogEntry, CoordinatorError> {
    let mut statement = connection.prepare_cached(LAST_TIME)?;
    let last: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?;
    let micros = now.as_microsecond().max(last.unwrap_or(i64::MIN));
    Ok(LogEntry {
        index: position(connection)?.entries,
        // The time as it will be read back: hashed and stored alike.
        time: Timestamp::from_microsecond(micros).unwrap_or(now),
        envelope: envelope.clone(),
    })
}

/// Entries from index `from`, at most `limit` and about [`LOG_PAGE_BYTES_MAX`] bytes.
pub fn page(
    connection: &Connection,
    from: u64,
    limit: u32,
) -> Result<Vec<LogEntry>, CoordinatorError> {
    let mut statement = connection.prepare_cached(PAGE)?;
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![from, limit])?;
    let mut entries = Vec::new();
    let mut bytes = 0;
    while bytes < LOG_PAGE_BYTES_MAX {
        let Some(row) = rows.next()? else { break };
        let (entry, size) = entry_of(row)?;
        bytes += size;
        entries.push(entry);
    }
    Ok(entries)
}

/// A document with every signature that came for it; `None` if it never came.
pub fn document(
    connection: &Connection,
    id: &DocumentId,
) -> Result<Option<Envelope>, CoordinatorError> {
    let mut statement = connection.prepare_cached(BY_DOCUMENT)?;
    let mut rows = statement.query([id.to_string()])?;
    let mut found: Option<Envelope> = None;
    while let Some(row) = rows.next()? {
        let envelope = envelope_of(&row.get::<_, Vec<u8>>(0)?)?;
        match &mut found {
            None => found = Some(envelope),
            Some(known) => {
                let more = envelope
                    .signatures
                    .into_iter()
                    .filter(|s| !known.signatures.contains(s));
                let more: Vec<_> = more.collect();
                known.signatures.extend(more);
            }
        }
    }
    Ok(found)
}

/// A document that other stored rows name, so that it must be there.
pub fn expect_document(
    connection: &Connection,
    id: &DocumentId,
) -> Result<Envelope, CoordinatorError> {
    document(connection, id)?
        .ok_or_else(|| CoordinatorError::StoreBroken(format!("document {id} is missing")))
}

fn entry_of(row: &Row<'_>) -> Result<(LogEntry, usize), CoordinatorError> {
    let bytes: Vec<u8> = row.get(2)?;
    let entry = LogEntry {
        index: index(row.get(0)?)?,
        time: time_of(row, 1)?,
        envelope: envelope_of(&bytes)?,
    };
    Ok((entry, bytes.len()))
}

fn envelope_of(bytes: &[u8]) -> Result<Envelope, CoordinatorError> {
    Envelope::from_json(bytes)
        .map_err(|_| CoordinatorError::StoreBroken("a stored document cannot be read".into()))
}

fn index(entry: i64) -> Result<u64, CoordinatorError> {
    u64::try_from(entry)
        .map_err(|_| CoordinatorError::StoreBroken("a log entry has a negative number".into()))
}
