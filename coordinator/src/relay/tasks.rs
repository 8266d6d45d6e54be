//! A node fetches its open queries and says how they stand.

use std::collections::BTreeSet;

use jiff::Timestamp;
use protocol::api::{Offer, Offers, Recorded};
use protocol::ids::{CenterId, DocumentId};
use protocol::task::{TaskEvent, TaskState};

use super::Relay;
use crate::error::CoordinatorError;
use crate::store::{log, queries, tasks};

impl Relay {
    /// The center's open queries, oldest first, beyond those that it names as known; each is fetched by that.
    pub fn offers(
        &mut self,
        center: &CenterId,
        known: &BTreeSet<DocumentId>,
        now: Timestamp,
    ) -> Result<Offers, CoordinatorError> {
        self.settle(now);
        let mut open = tasks::open(self.store.read(), center)?;
        open.retain(|(query, _)| !known.contains(query));
        let first_time = open.iter().any(|(_, state)| *state == TaskState::Offered);
        if first_time {
            self.store.write(|tx| {
                for (query, state) in &mut open {
                    *state = advance(tx, query, center, TaskEvent::Fetch, now)?;
                }
                Ok(())
            })?;
            self.changes.progress = true;
        }
        let mut offers = Vec::new();
        for (query, state) in open {
            offers.push(Offer {
                query: log::expect_document(self.store.read(), &query)?,
                state,
            });
        }
        Ok(Offers {
            offers,
            log: self.position()?,
        })
    }

    /// A node says that it waits for a person, or that it will answer.
    pub fn report(
        &mut self,
        center: &CenterId,
        query: &DocumentId,
        state: TaskState,
        now: Timestamp,
    ) -> Result<Recorded, CoordinatorError> {
        let event = match state {
            TaskState::AwaitingApproval => TaskEvent::AwaitApproval,
            TaskState::Accepted => TaskEvent::Accept,
            TaskState::Offered
            | TaskState::Fetched
            | TaskState::Answered
            | TaskState::Refused
            | TaskState::Failed
            | TaskState::Expired => return Err(CoordinatorError::Report(state)),
        };
        self.settle(now);
        queries::find(self.store.read(), query)?.ok_or(CoordinatorError::NoSuchQuery(*query))?;
        let task = tasks::find(self.store.read(), query, center)?;
        let task = task.ok_or_else(|| CoordinatorError::NotAsked(center.clone()))?;
        if task.state.has_ended() {
            return Ok(Recorded { late: true });
        }
        if task.state.next(event)? != task.state {
            self.store
                .write(|tx| advance(tx, query, center, event, now))?;
            self.changes.progress = true;
        }
        Ok(Recorded { late: false })
    }
}

/// Takes one task one step further, if that changes its state.
fn advance(
    connection: &rusqlite::Connection,
    query: &DocumentId,
    center: &CenterId,
    event: TaskEvent,
    now: Timestamp,
) -> Result<TaskState, CoordinatorError> {
    let task = tasks::find(connection, query, center)?;
    let mut task = task.ok_or_else(|| CoordinatorError::NotAsked(center.clone()))?;
    let next = task.state.next(event)?;
    if next != task.state {
        task.state = next;
        tasks::step(connection, query, &task, now)?;
    }
    Ok(next)
}
