//! Queries and results on disk.

use jiff::Timestamp;
use protocol::api::QueryLine;
use protocol::ids::{CenterId, DocumentId, QuestionId};
use protocol::keys::PublicKey;
use protocol::log::LogPosition;
use protocol::task::TaskState;
use rusqlite::{Connection, OptionalExtension, params};

use super::{parse_id, time_of};
use crate::error::CoordinatorError;
use crate::limits::QUERIES_LISTED_MAX;

const INSERT_QUERY: &str =
    "INSERT INTO query (id, question, researcher, roster, submitted_us, deadline_us, entry)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const INSERT_TASK: &str =
    "INSERT INTO task (query, position, center, state) VALUES (?1, ?2, ?3, ?4)";
const INSERT_EVENT: &str =
    "INSERT INTO task_event (query, center, state, time_us) VALUES (?1, ?2, ?3, ?4)";
const SELECT_QUERY: &str = "SELECT q.question, q.roster, q.submitted_us, q.deadline_us, r.document
    FROM query q LEFT JOIN result r ON r.query = q.id WHERE q.id = ?1";
const SUMMARY_OF_OPEN: &str = "SELECT COUNT(*), MIN(deadline_us) FROM query
    WHERE id NOT IN (SELECT query FROM result)";
const COUNT_OPEN_OF: &str = "SELECT COUNT(*) FROM query
    WHERE researcher = ?1 AND id NOT IN (SELECT query FROM result)";
const SELECT_DUE: &str = "SELECT id FROM query q
    WHERE id NOT IN (SELECT query FROM result) AND (deadline_us <= ?1 OR NOT EXISTS (
        SELECT 1 FROM task WHERE query = q.id
        AND state IN ('offered', 'fetched', 'awaiting-approval', 'accepted')))
    ORDER BY entry";
const SELECT_LINES: &str = "SELECT q.id, q.question, q.submitted_us, r.document
    FROM query q LEFT JOIN result r ON r.query = q.id ORDER BY q.entry DESC LIMIT ?1";
const INSERT_RESULT: &str = "INSERT INTO result (query, document, entry) VALUES (?1, ?2, ?3)";

/// A query as stored.
#[derive(Debug, Clone)]
pub struct StoredQuery {
    /// Its id.
    pub id: DocumentId,
    /// Its question.
    pub question: QuestionId,
    /// The roster that was in force when it came.
    pub roster: DocumentId,
    /// When it came.
    pub submitted: Timestamp,
    /// When it is published at the latest.
    pub deadline: Timestamp,
    /// The result's document, once published.
    pub result: Option<DocumentId>,
}

/// Stores a query of `researcher` that the log has just taken up, with one offered task for each center, in the roster's order.
pub fn insert<'a>(
    connection: &Connection,
    query: &StoredQuery,
    researcher: PublicKey,
    centers: impl Iterator<Item = &'a CenterId>,
    log: LogPosition,
) -> Result<(), CoordinatorError> {
    let (id, submitted) = (query.id.to_string(), query.submitted.as_microsecond());
    connection.prepare_cached(INSERT_QUERY)?.execute(params![
        id,
        query.question.to_string(),
        researcher.to_string(),
        query.roster.to_string(),
        submitted,
        query.deadline.as_microsecond(),
        last_entry(log)
    ])?;
    let offered = TaskState::Offered.as_str();
    for (position, center) in (0_i64..).zip(centers) {
        connection.prepare_cached(INSERT_TASK)?.execute(params![
            id,
            position,
            center.as_str(),
            offered
        ])?;
        connection.prepare_cached(INSERT_EVENT)?.execute(params![
            id,
            center.as_str(),
            offered,
            submitted
        ])?;
    }
    Ok(())
}

/// One query.
pub fn find(
    connection: &Connection,
    id: &DocumentId,
) -> Result<Option<StoredQuery>, CoordinatorError> {
    let mut statement = connection.prepare_cached(SELECT_QUERY)?;
    let row = statement
        .query_row([id.to_string()], |row| {
            let texts = (
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, Option<String>>(4)?,
            );
            Ok((texts, time_of(row, 2)?, time_of(row, 3)?))
        })
        .optional()?;
    let Some(((question, roster, result), submitted, deadline)) = row else {
        return Ok(None);
    };
    Ok(Some(StoredQuery {
        id: *id,
        question: parse_id(&question)?,
        roster: parse_id(&roster)?,
        submitted,
        deadline,
        result: result.map(|id| parse_id(&id)).transpose()?,
    }))
}

/// How many queries have no result yet, and the earliest of their deadlines.
pub fn open(connection: &Connection) -> Result<(usize, Option<Timestamp>), CoordinatorError> {
    let mut statement = connection.prepare_cached(SUMMARY_OF_OPEN)?;
    let (count, deadline) = statement.query_row([], |row| {
        let none = row.get::<_, Option<i64>>(1)?.is_none();
        Ok((
            row.get::<_, i64>(0)?,
            if none { None } else { Some(time_of(row, 1)?) },
        ))
    })?;
    Ok((usize::try_from(count).unwrap_or(usize::MAX), deadline))
}

/// How many queries of this researcher have no result yet.
pub fn open_of(connection: &Connection, researcher: PublicKey) -> Result<usize, CoordinatorError> {
    let mut statement = connection.prepare_cached(COUNT_OPEN_OF)?;
    let count: i64 = statement.query_row([researcher.to_string()], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Queries without a result whose deadline has come or whose tasks have all ended, oldest first.
pub fn due(connection: &Connection, now: Timestamp) -> Result<Vec<DocumentId>, CoordinatorError> {
    let mut statement = connection.prepare_cached(SELECT_DUE)?;
    let mut rows = statement.query([now.as_microsecond()])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        due.push(parse_id(&row.get::<_, String>(0)?)?);
    }
    Ok(due)
}

/// The catalogue, newest first.
pub fn lines(connection: &Connection) -> Result<Vec<QueryLine>, CoordinatorError> {
    let mut statement = connection.prepare_cached(SELECT_LINES)?;
    let mut rows = statement.query([i64::try_from(QUERIES_LISTED_MAX).unwrap_or(i64::MAX)])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let result: Option<String> = row.get(3)?;
        lines.push(QueryLine {
            query: parse_id(&row.get::<_, String>(0)?)?,
            question: parse_id(&row.get::<_, String>(1)?)?,
            submitted: time_of(row, 2)?,
            result: result.map(|id| parse_id(&id)).transpose()?,
        });
    }
    Ok(lines)
}

/// Marks a query as published, for good.
pub fn publish(
    connection: &Connection,
    query: &DocumentId,
    result: &DocumentId,
    log: LogPosition,
) -> Result<(), CoordinatorError> {
    let row = params![query.to_string(), result.to_string(), last_entry(log)];
    connection.prepare_cached(INSERT_RESULT)?.execute(row)?;
    Ok(())
}

fn last_entry(log: LogPosition) -> i64 {
    i64::try_from(log.entries).unwrap_or(i64::MAX) - 1
}
