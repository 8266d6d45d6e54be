//! How do the ledger's rows stand in their file? All of its SQL, one function a statement.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::path::Path;

use protocol::amount::NanoRho;
use protocol::ids::{ChainHead, DocumentId, PersonId, QuestionId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::entry::{Entry, Kind};
use super::error::LedgerError;
use crate::book::connect;

/// The version of the file that this program writes.
const VERSION: i64 = 1;

/// "CRLG": tells a ledger from any other SQLite file.
const APPLICATION_ID: i64 = 0x4352_4c47;

/// Makes an empty ledger, readable by its owner alone; never over an existing file.
pub(super) fn create(path: &Path) -> Result<Connection, LedgerError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => LedgerError::Exists(path.to_owned()),
        _ => LedgerError::Io {
            path: path.to_owned(),
            source,
        },
    })?;
    let mut connection = connect(path)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(include_str!("sql/schema_1.sql"))?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(connection)
}

/// Opens a ledger that must exist, be one, and not be newer than this program.
pub(super) fn open(path: &Path) -> Result<Connection, LedgerError> {
    if !path.is_file() {
        return Err(LedgerError::Missing(path.to_owned()));
    }
    let not_a_ledger = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => LedgerError::NotALedger(path.to_owned()),
        _ => error.into(),
    };
    let connection = connect(path).map_err(not_a_ledger)?;
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if pragma("application_id").map_err(not_a_ledger)? != APPLICATION_ID {
        return Err(LedgerError::NotALedger(path.to_owned()));
    }
    match pragma("user_version")? {
        found if found > VERSION => Err(LedgerError::Newer {
            found,
            known: VERSION,
        }),
        _ => Ok(connection),
    }
}

/// Every row with its head, in order.
pub(super) fn entries(connection: &Connection) -> Result<Vec<(Entry, ChainHead)>, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at_s, cost_nano, kind, question, attempt, study, researcher, log_entries, head FROM entry ORDER BY seq",
    )?;
    let rows = statement.query_and_then([], read)?;
    rows.collect()
}

fn read(row: &Row<'_>) -> Result<(Entry, ChainHead), LedgerError> {
    let seq: i64 = row.get("seq")?;
    // A row that this program could not have written was altered.
    let altered = || LedgerError::ChainBroken { seq };
    let kind = if row.get::<_, String>("kind")? == "charge" {
        Kind::Charge {
            question: row
                .get::<_, String>("question")?
                .parse::<QuestionId>()
                .map_err(|_| altered())?,
            attempt: row.get("attempt")?,
            study: row
                .get::<_, String>("study")?
                .parse::<DocumentId>()
                .map_err(|_| altered())?,
            researcher: row
                .get::<_, String>("researcher")?
                .parse::<PersonId>()
                .map_err(|_| altered())?,
        }
    } else {
        Kind::Restored {
            log_entries: u64::try_from(row.get::<_, i64>("log_entries")?).map_err(|_| altered())?,
        }
    };
    let nano = u64::try_from(row.get::<_, i64>("cost_nano")?).map_err(|_| altered())?;
    let entry = Entry {
        seq,
        at_s: row.get("at_s")?,
        cost: NanoRho::from_nano(nano),
        kind,
    };
    Ok((entry, ChainHead::from_bytes(row.get("head")?)))
}

/// Appends a row.
pub(super) fn append(
    connection: &Connection,
    entry: &Entry,
    head: ChainHead,
) -> Result<(), LedgerError> {
    // Amounts and counts beyond i64 are refused by every cap; this keeps the columns' type honest all the same.
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (seq, at_s, cost) = (entry.seq, entry.at_s, signed(entry.cost.nano()));
    let written = match &entry.kind {
        Kind::Charge { question, attempt, study, researcher } => connection
            .prepare_cached(
                "INSERT INTO entry (seq, kind, at_s, cost_nano, head, question, attempt, study, researcher)
                 VALUES (?1, 'charge', ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                seq,
                at_s,
                cost,
                head.as_bytes(),
                question.to_string(),
                attempt,
                study.to_string(),
                researcher.as_str()
            ])?,
        Kind::Restored { log_entries } => connection
            .prepare_cached(
                "INSERT INTO entry (seq, kind, at_s, cost_nano, head, log_entries)
                 VALUES (?1, 'restored', ?2, ?3, ?4, ?5)",
            )?
            .execute(params![seq, at_s, cost, head.as_bytes(), signed(*log_entries)])?,
    };
    debug_assert_eq!(written, 1);
    Ok(())
}

/// Keeps the bytes of an answer, unless some are kept already.
pub(super) fn keep_answer(
    connection: &Connection,
    question: QuestionId,
    bytes: &[u8],
    at_s: i64,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO answer (question, at_s, bytes) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![question.to_string(), at_s, bytes])?;
    Ok(())
}

/// The questions that an answer is kept for.
pub(super) fn answered(connection: &Connection) -> Result<BTreeSet<QuestionId>, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT question FROM answer")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    // What is no id was not written by this program, and answers no question.
    Ok(rows
        .collect::<Result<Vec<_>, _>>()?
        .iter()
        .filter_map(|question| question.parse().ok())
        .collect())
}

/// The bytes of every answer, by its question.
pub(super) fn answers(
    connection: &Connection,
) -> Result<BTreeMap<QuestionId, Vec<u8>>, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT question, bytes FROM answer")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    // What is no id was not written by this program, and answers no question.
    Ok(rows
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .filter_map(|(question, bytes)| Some((question.parse().ok()?, bytes)))
        .collect())
}

/// The bytes of an answer, if there are any.
pub(super) fn answer(
    connection: &Connection,
    question: QuestionId,
) -> Result<Option<Vec<u8>>, LedgerError> {
    let mut statement =
        connection.prepare_cached("SELECT bytes FROM answer WHERE question = ?1")?;
    Ok(statement
        .query_row([question.to_string()], |row| row.get(0))
        .optional()?)
}
