//! How does the record stand in its file? All of its SQL, one function a statement.

use std::fs::OpenOptions;
use std::path::Path;

use protocol::ids::{ChainHead, DocumentId};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::columns::Columns;
use super::entry::{Entry, Kind};
use super::error::RecordError;
use crate::book::connect;

/// The version of the file that this program writes.
const VERSION: i64 = 1;

/// "CRRC": tells a record from any other SQLite file.
const APPLICATION_ID: i64 = 0x4352_5243;

/// One row as it stands in the file.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) entry: Entry,
    pub(super) head: ChainHead,
    /// The bytes of the row's document.
    pub(super) document: Option<Vec<u8>>,
}

/// Makes an empty file, readable by its owner alone; never over an existing one.
pub(super) fn create(path: &Path) -> Result<(), RecordError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(RecordError::Exists(path.to_owned()))
        }
        Err(error) => Err(RecordError::Io(error)),
    }
}

/// Lays the schema into a file that holds nothing yet, with what `first` writes; a file that holds something stays as it is.
pub(super) fn lay(
    path: &Path,
    first: impl FnOnce(&Connection) -> Result<(), RecordError>,
) -> Result<(), RecordError> {
    let mut connection = connect(path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let objects: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if objects == 0 {
        transaction.execute_batch(include_str!("sql/schema_1.sql"))?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        first(&transaction)?;
    }
    Ok(transaction.commit()?)
}

/// Opens a record that must exist, be one, and not be newer than this program.
pub(super) fn open(path: &Path) -> Result<Connection, RecordError> {
    if !path.is_file() {
        return Err(RecordError::Missing(path.to_owned()));
    }
    let not_a_record = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => RecordError::NotARecord(path.to_owned()),
        _ => error.into(),
    };
    let connection = connect(path).map_err(not_a_record)?;
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if pragma("application_id").map_err(not_a_record)? != APPLICATION_ID {
        return Err(RecordError::NotARecord(path.to_owned()));
    }
    match pragma("user_version")? {
        found if found > VERSION => Err(RecordError::Newer {
            found,
            known: VERSION,
        }),
        _ => Ok(connection),
    }
}

/// At most `rows_max` rows after row `after_seq`, in order, with their documents.
pub(super) fn page(
    connection: &Connection,
    after_seq: i64,
    rows_max: usize,
) -> Result<Vec<Stored>, RecordError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at_s, kind, query, question, reason, document, by, note, text, version, charter, head, bytes
         FROM entry LEFT JOIN document ON document.id = entry.document WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let rows = statement.query_and_then(params![after_seq, rows_max], read)?;
    rows.collect()
}

fn read(row: &Row<'_>) -> Result<Stored, RecordError> {
    let seq: i64 = row.get("seq")?;
    let columns = Columns {
        kind: row.get("kind")?,
        query: row.get("query")?,
        question: row.get("question")?,
        reason: row.get("reason")?,
        document: row.get("document")?,
        by: row.get("by")?,
        note: row.get("note")?,
        text: row.get("text")?,
        version: row.get("version")?,
        charter: row.get("charter")?,
    };
    let entry = Entry {
        seq,
        at_s: row.get("at_s")?,
        // A row that this program could not have written was altered.
        kind: columns.kind().ok_or(RecordError::ChainBroken { seq })?,
    };
    Ok(Stored {
        entry,
        head: ChainHead::from_bytes(row.get("head")?),
        document: row.get("bytes")?,
    })
}

/// The number of the last row, and the head after it.
pub(super) fn last(connection: &Connection) -> Result<Option<(i64, ChainHead)>, RecordError> {
    let mut statement =
        connection.prepare_cached("SELECT seq, head FROM entry ORDER BY seq DESC LIMIT 1")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, ChainHead::from_bytes(row.get(1)?)));
    Ok(statement.query_row([], read).optional()?)
}

/// Appends a row.
pub(super) fn append(
    connection: &Connection,
    entry: &Entry,
    head: ChainHead,
) -> Result<(), RecordError> {
    let columns = Columns::from(&entry.kind);
    connection
        .prepare_cached(
            "INSERT INTO entry (seq, at_s, kind, query, question, reason, document, by, note, text, version, charter, head)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            entry.seq,
            entry.at_s,
            columns.kind,
            columns.query,
            columns.question,
            columns.reason,
            columns.document,
            columns.by,
            columns.note,
            columns.text,
            columns.version,
            columns.charter,
            head.as_bytes()
        ])?;
    Ok(())
}

/// Keeps the bytes of a document, unless they are kept already.
pub(super) fn keep_document(
    connection: &Connection,
    id: DocumentId,
    bytes: &[u8],
) -> Result<(), RecordError> {
    connection
        .prepare_cached("INSERT INTO document (id, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![id.to_string(), bytes])?;
    Ok(())
}

/// The bytes of a document, if they are kept.
pub(super) fn document(
    connection: &Connection,
    id: DocumentId,
) -> Result<Option<Vec<u8>>, RecordError> {
    let mut statement = connection.prepare_cached("SELECT bytes FROM document WHERE id = ?1")?;
    Ok(statement
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?)
}

/// Whether there is a row of this kind for this query and document; for a kind without one of them, with any.
pub(super) fn holds(connection: &Connection, kind: &Kind) -> Result<bool, RecordError> {
    let columns = Columns::from(kind);
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM entry WHERE kind = ?1 AND query IS ?2 AND document IS ?3)",
    )?;
    Ok(statement.query_row(
        params![columns.kind, columns.query, columns.document],
        |row| row.get(0),
    )?)
}

/// The last row of this kind, read from its columns.
pub(super) fn last_of(connection: &Connection, kind: &str) -> Result<Option<Entry>, RecordError> {
    one(
        connection,
        "SELECT max(seq) FROM entry WHERE kind = ?1",
        kind,
    )
}

/// The row with a person's decision on a query.
pub(super) fn decided(
    connection: &Connection,
    query: DocumentId,
) -> Result<Option<Entry>, RecordError> {
    one(
        connection,
        "SELECT max(seq) FROM entry WHERE kind IN ('approved', 'refused_by_person') AND query = ?1",
        &query.to_string(),
    )
}

/// The row whose number `select` finds with `key`.
fn one(connection: &Connection, select: &str, key: &str) -> Result<Option<Entry>, RecordError> {
    let seq: Option<i64> = connection
        .prepare_cached(select)?
        .query_row([key], |row| row.get(0))?;
    let Some(seq) = seq else { return Ok(None) };
    let found = page(connection, seq - 1, 1)?.into_iter().next();
    Ok(found.map(|stored| stored.entry))
}

/// The queries that wait for a person: reported, not decided, and neither answered nor refused; oldest first: the
/// number of the report's row, the query, the second of the report.
pub(super) fn awaiting(connection: &Connection) -> Result<Vec<(i64, String, i64)>, RecordError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, query, at_s FROM entry AS waiting WHERE kind = 'awaiting' AND NOT EXISTS (
             SELECT 1 FROM entry AS later WHERE later.query = waiting.query
             AND later.kind IN ('approved', 'refused_by_person', 'answer', 'refusal'))
         ORDER BY seq",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
