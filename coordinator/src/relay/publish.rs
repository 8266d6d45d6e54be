//! A query ends: at its deadline or when every task has ended, its result is summed, signed and logged, once.

use jiff::Timestamp;
use protocol::documents::{
    Answer, CenterEnd, CenterEnding, QueryResult, kind_of, kind_that_counts, sum_of_parts,
};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::task::{TaskEvent, TaskState};
use rusqlite::Connection;
use transport::fault;

use super::Relay;
use crate::error::CoordinatorError;
use crate::store::queries::StoredQuery;
use crate::store::tasks::StoredTask;
use crate::store::{log, queries, tasks};

impl Relay {
    /// Publishes every query whose deadline has come or whose tasks have all ended, and so repairs what a crash left. One
    /// that fails does not keep the others waiting; the first failure is returned when all were tried.
    pub fn publish_due(&mut self, now: Timestamp) -> Result<(), CoordinatorError> {
        let mut outcome = Ok(());
        for id in queries::due(self.store.read(), now)? {
            outcome = outcome.and(self.publish(&id, now));
        }
        outcome
    }

    /// The same before a step that must not be decided by a query past its deadline. What fails here is tried again, and
    /// told to the operator, by whoever keeps the deadlines.
    pub(super) fn settle(&mut self, now: Timestamp) {
        if let Err(error) = self.publish_due(now) {
            tracing::debug!(error = %error, "a due query could not be published yet");
        }
    }

    /// The earliest deadline of an open query.
    pub fn next_deadline(&self) -> Result<Option<Timestamp>, CoordinatorError> {
        Ok(queries::open(self.store.read())?.1)
    }

    /// Publishes one query if every task of it has ended.
    pub(super) fn publish_if_ended(
        &mut self,
        query: &StoredQuery,
        now: Timestamp,
    ) -> Result<(), CoordinatorError> {
        let all_ended = tasks::all(self.store.read(), &query.id)?
            .iter()
            .all(|task| task.state.has_ended());
        if all_ended && query.result.is_none() {
            self.publish(&query.id, now)
        } else {
            Ok(())
        }
    }

    fn publish(&mut self, id: &DocumentId, now: Timestamp) -> Result<(), CoordinatorError> {
        fault::point("coordinator.before_result");
        let key = &self.key;
        let published = self.store.write(|tx| {
            let Some(query) = queries::find(tx, id)?.filter(|query| query.result.is_none()) else {
                return Ok(None);
            };
            let ended = expire_open(tx, id, now)?;
            let result = result_of(tx, &query, &ended, now)?;
            let envelope = Envelope::sign(&result, key);
            let log = log::append(tx, now, &envelope)?;
            queries::publish(tx, id, &envelope.id(), log)?;
            Ok(Some(result))
        })?;
        fault::point("coordinator.result_stored");
        if let Some(result) = published {
            self.changes.progress = true;
            let answered = result.count(CenterEnding::Answered);
            tracing::info!(query.id = %id, answered, centers = result.centers.len(), "a result was published");
        }
        Ok(())
    }
}

/// Ends what is still open, and returns all tasks as they ended.
fn expire_open(
    connection: &Connection,
    id: &DocumentId,
    now: Timestamp,
) -> Result<Vec<StoredTask>, CoordinatorError> {
    let mut ended = tasks::all(connection, id)?;
    for task in ended.iter_mut().filter(|task| !task.state.has_ended()) {
        task.state = task.state.next(TaskEvent::Expire)?;
        tasks::step(connection, id, task, now)?;
    }
    Ok(ended)
}

fn result_of(
    connection: &Connection,
    query: &StoredQuery,
    ended: &[StoredTask],
    now: Timestamp,
) -> Result<QueryResult, CoordinatorError> {
    let mut answers = Vec::new();
    for task in ended {
        let answered = task.document.filter(|_| task.state == TaskState::Answered);
        answers.push(
            answered
                .map(|document| answer_of(connection, &document))
                .transpose()?,
        );
    }
    let kind = kind_that_counts(answers.iter().flatten());
    let counts = |answer: &Answer| Some(kind_of(answer)) == kind;
    let totals = sum_of_parts(
        answers
            .iter()
            .flatten()
            .filter(|a| counts(a))
            .map(|a| &a.parts),
    );
    let is_in_total = |answer: &Option<Answer>| answer.as_ref().is_some_and(counts);
    let centers = ended.iter().zip(&answers);
    Ok(QueryResult {
        query: query.id,
        question: query.question,
        roster: query.roster,
        published: now,
        centers: centers
            .map(|(task, answer)| end_of(task, is_in_total(answer)))
            .collect(),
        totals: totals.ok_or_else(|| {
            CoordinatorError::StoreBroken("answers of one kind have no sum".into())
        })?,
        log: log::position(connection)?,
    })
}

/// The signature was verified when the answer came; here only its numbers are needed.
fn answer_of(connection: &Connection, document: &DocumentId) -> Result<Answer, CoordinatorError> {
    Ok(log::expect_document(connection, document)?.parse_unverified()?)
}

/// How a task counts in the result. An answer that cannot be added to the others' is a failure of its center.
fn end_of(task: &StoredTask, counts: bool) -> CenterEnd {
    let ending = match task.state {
        TaskState::Answered if counts => CenterEnding::Answered,
        TaskState::Answered | TaskState::Failed => CenterEnding::Failed,
        TaskState::Refused => task
            .reason
            .map_or(CenterEnding::Refused, |reason| reason.class().into()),
        TaskState::Expired
        | TaskState::Offered
        | TaskState::Fetched
        | TaskState::AwaitingApproval
        | TaskState::Accepted => CenterEnding::Late,
    };
    CenterEnd {
        center: task.center.clone(),
        ending,
        reason: task.reason,
        document: task.document,
    }
}
