//! Tasks and submissions on disk: where each center stands with each query, and every step that led there.

use jiff::Timestamp;
use protocol::documents::RefusalReason;
use protocol::ids::{CenterId, DocumentId};
use protocol::task::TaskState;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::parse_id;
use crate::error::CoordinatorError;

const SELECT_ALL: &str =
    "SELECT center, state, reason, document FROM task WHERE query = ?1 ORDER BY position";
const SELECT_ONE: &str =
    "SELECT center, state, reason, document FROM task WHERE query = ?1 AND center = ?2";
const SELECT_OPEN: &str = "SELECT t.query, t.state FROM task t JOIN query q ON q.id = t.query
    WHERE t.center = ?1 AND t.state IN ('offered', 'fetched', 'awaiting-approval', 'accepted') ORDER BY q.entry";
const UPDATE: &str =
    "UPDATE task SET state = ?3, reason = ?4, document = ?5 WHERE query = ?1 AND center = ?2";
const INSERT_EVENT: &str =
    "INSERT INTO task_event (query, center, state, time_us) VALUES (?1, ?2, ?3, ?4)";
const COUNT_EVENTS: &str = "SELECT COUNT(*) FROM task_event WHERE query = ?1";
const SELECT_SUBMISSION: &str =
    "SELECT late FROM submission WHERE query = ?1 AND center = ?2 AND document = ?3";
const COUNT_SUBMISSIONS: &str = "SELECT COUNT(*) FROM submission WHERE query = ?1 AND center = ?2";
const INSERT_SUBMISSION: &str =
    "INSERT INTO submission (query, center, document, late, time_us) VALUES (?1, ?2, ?3, ?4, ?5)";

/// One center's part in a query, as stored.
#[derive(Debug, Clone)]
pub struct StoredTask {
    /// The center.
    pub center: CenterId,
    /// Where it stands.
    pub state: TaskState,
    /// Why it refused or failed.
    pub reason: Option<RefusalReason>,
    /// The signed answer or refusal that ended it.
    pub document: Option<DocumentId>,
}

/// All tasks of a query, in the roster's order.
pub fn all(
    connection: &Connection,
    query: &DocumentId,
) -> Result<Vec<StoredTask>, CoordinatorError> {
    let mut statement = connection.prepare_cached(SELECT_ALL)?;
    let mut rows = statement.query([query.to_string()])?;
    let mut tasks = Vec::new();
    while let Some(row) = rows.next()? {
        tasks.push(task_of(row)?);
    }
    Ok(tasks)
}

/// One center's task.
pub fn find(
    connection: &Connection,
    query: &DocumentId,
    center: &CenterId,
) -> Result<Option<StoredTask>, CoordinatorError> {
    let mut statement = connection.prepare_cached(SELECT_ONE)?;
    let mut rows = statement.query(params![query.to_string(), center.as_str()])?;
    rows.next()?.map(task_of).transpose()
}

/// A center's open tasks, oldest query first.
pub fn open(
    connection: &Connection,
    center: &CenterId,
) -> Result<Vec<(DocumentId, TaskState)>, CoordinatorError> {
    let mut statement = connection.prepare_cached(SELECT_OPEN)?;
    let mut rows = statement.query([center.as_str()])?;
    let mut open = Vec::new();
    while let Some(row) = rows.next()? {
        open.push((
            parse_id(&row.get::<_, String>(0)?)?,
            parse_id(&row.get::<_, String>(1)?)?,
        ));
    }
    Ok(open)
}

/// Writes a task's new state and the step that led to it.
pub fn step(
    connection: &Connection,
    query: &DocumentId,
    task: &StoredTask,
    now: Timestamp,
) -> Result<(), CoordinatorError> {
    let (query, center, state) = (query.to_string(), task.center.as_str(), task.state.as_str());
    let (reason, document) = (
        task.reason.map(RefusalReason::code),
        task.document.map(|id| id.to_string()),
    );
    connection
        .prepare_cached(UPDATE)?
        .execute(params![query, center, state, reason, document])?;
    connection.prepare_cached(INSERT_EVENT)?.execute(params![
        query,
        center,
        state,
        now.as_microsecond()
    ])?;
    Ok(())
}

/// How many steps a query's tasks have taken.
pub fn steps(connection: &Connection, query: &DocumentId) -> Result<u64, CoordinatorError> {
    let count: i64 = connection
        .prepare_cached(COUNT_EVENTS)?
        .query_row([query.to_string()], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Whether this very document came for this task before, and whether it was late then.
pub fn submitted(
    connection: &Connection,
    query: &DocumentId,
    center: &CenterId,
    document: &DocumentId,
) -> Result<Option<bool>, CoordinatorError> {
    let mut statement = connection.prepare_cached(SELECT_SUBMISSION)?;
    let row = params![query.to_string(), center.as_str(), document.to_string()];
    Ok(statement.query_row(row, |row| row.get(0)).optional()?)
}

/// How many different documents came for this task.
pub fn submissions(
    connection: &Connection,
    query: &DocumentId,
    center: &CenterId,
) -> Result<usize, CoordinatorError> {
    let mut statement = connection.prepare_cached(COUNT_SUBMISSIONS)?;
    let count: i64 = statement.query_row(params![query.to_string(), center.as_str()], |row| {
        row.get(0)
    })?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Notes that a document came for a task.
pub fn submit(
    connection: &Connection,
    query: &DocumentId,
    center: &CenterId,
    document: &DocumentId,
    late: bool,
    now: Timestamp,
) -> Result<(), CoordinatorError> {
    let row = params![
        query.to_string(),
        center.as_str(),
        document.to_string(),
        late,
        now.as_microsecond()
    ];
    connection.prepare_cached(INSERT_SUBMISSION)?.execute(row)?;
    Ok(())
}

fn task_of(row: &Row<'_>) -> Result<StoredTask, CoordinatorError> {
    let reason: Option<String> = row.get(2)?;
    let document: Option<String> = row.get(3)?;
    Ok(StoredTask {
        center: parse_id(&row.get::<_, String>(0)?)?,
        state: parse_id(&row.get::<_, String>(1)?)?,
        reason: reason.map(|code| reason_of(&code)).transpose()?,
        document: document.map(|id| parse_id(&id)).transpose()?,
    })
}

fn reason_of(code: &str) -> Result<RefusalReason, CoordinatorError> {
    let known = RefusalReason::ALL
        .iter()
        .find(|reason| reason.code() == code);
    known
        .copied()
        .ok_or_else(|| CoordinatorError::StoreBroken("a stored reason is not in the list".into()))
}
