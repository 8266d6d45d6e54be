//! A signed answer or refusal comes in: verified against the roster of its query, logged, and counted if it is in time.

use jiff::Timestamp;
use protocol::api::Recorded;
use protocol::documents::{Answer, Refusal, RefusalClass, RefusalReason, Roster};
use protocol::envelope::Envelope;
use protocol::ids::{CenterId, DocumentId};
use protocol::limits::{CELLS_MAX, PARTS_MAX};
use protocol::task::TaskEvent;
use transport::fault;

use super::{Relay, listed};
use crate::error::CoordinatorError;
use crate::limits::{CELL_ABS_MAX, SUBMISSIONS_PER_TASK_MAX};
use crate::store::queries::StoredQuery;
use crate::store::{log, queries, tasks};

impl Relay {
    /// Takes a center's answer or refusal for a query. The same document again changes nothing; one that comes after the
    /// task has ended is logged as late and changes no result.
    pub fn answer(
        &mut self,
        center: &CenterId,
        query: &DocumentId,
        envelope: &Envelope,
        now: Timestamp,
    ) -> Result<Recorded, CoordinatorError> {
        self.settle(now);
        let stored = queries::find(self.store.read(), query)?
            .ok_or(CoordinatorError::NoSuchQuery(*query))?;
        let word = self.verified(center, &stored, envelope, now)?;
        let id = envelope.id();
        if let Some(late) = tasks::submitted(self.store.read(), query, center, &id)? {
            return Ok(Recorded { late });
        }
        if tasks::submissions(self.store.read(), query, center)? >= SUBMISSIONS_PER_TASK_MAX {
            return Err(CoordinatorError::TooManyAnswers);
        }
        let late = self.record(center, &stored, envelope, word, now)?;
        fault::point("coordinator.answer_stored");
        tracing::info!(query.id = %query, center.id = %center, late, "a center's word was logged");
        self.changes.progress = true;
        self.publish_if_ended(&stored, now)?;
        Ok(Recorded { late })
    }

    /// The signature must be the center's own by the query's roster, and the document must speak of this very query.
    fn verified(
        &self,
        center: &CenterId,
        query: &StoredQuery,
        envelope: &Envelope,
        now: Timestamp,
    ) -> Result<Word, CoordinatorError> {
        let roster = self.roster_of(query)?;
        if roster.center(center).is_none() {
            return Err(CoordinatorError::NotAsked(center.clone()));
        }
        let key = listed(roster, center, now)?.signing_key;
        if envelope.is::<Answer>() {
            let answer: Answer = envelope.open(&[key].into())?;
            check_answer(&answer, center, query)?;
            self.must_be_on_log(answer.log)?;
            Ok(Word::Answer)
        } else if envelope.is::<Refusal>() {
            let refusal: Refusal = envelope.open(&[key].into())?;
            must(
                &refusal.center == center,
                "it names another center than the one that sends it",
            )?;
            must(refusal.query == query.id, "it refuses another query")?;
            self.must_be_on_log(refusal.log)?;
            Ok(Word::Refusal(refusal.reason))
        } else {
            Err(CoordinatorError::Answer(
                "only answers and refusals are handed in here",
            ))
        }
    }

    pub(super) fn roster_of(&self, query: &StoredQuery) -> Result<&Roster, CoordinatorError> {
        self.governance
            .past_roster(&query.roster)
            .ok_or_else(|| CoordinatorError::StoreBroken("the roster of a query is missing".into()))
    }

    fn record(
        &mut self,
        center: &CenterId,
        stored: &StoredQuery,
        envelope: &Envelope,
        word: Word,
        now: Timestamp,
    ) -> Result<bool, CoordinatorError> {
        let (id, query) = (envelope.id(), &stored.id);
        self.store.write(|tx| {
            let task = tasks::find(tx, query, center)?;
            let mut task = task.ok_or_else(|| CoordinatorError::NotAsked(center.clone()))?;
            // The deadline counts even where the result that it calls for could not be stored yet.
            let late = task.state.has_ended() || stored.deadline <= now;
            if !late {
                task.state = task.state.next(word.event())?;
                task.reason = word.reason();
                task.document = Some(id);
                tasks::step(tx, query, &task, now)?;
            }
            // The same answer serves every query of its question; the log carries it once.
            if log::document(tx, &id)?.is_none() {
                log::append(tx, now, envelope)?;
            }
            tasks::submit(tx, query, center, &id, late, now)?;
            Ok(late)
        })
    }
}

/// What a center says in the end.
#[derive(Debug, Clone, Copy)]
enum Word {
    Answer,
    Refusal(RefusalReason),
}

impl Word {
    const fn event(self) -> TaskEvent {
        match self {
            Self::Answer => TaskEvent::Answer,
            Self::Refusal(reason) => match reason.class() {
                RefusalClass::Refused | RefusalClass::OutOfBudget => TaskEvent::Refuse,
                RefusalClass::Failed => TaskEvent::Fail,
            },
        }
    }

    const fn reason(self) -> Option<RefusalReason> {
        match self {
            Self::Answer => None,
            Self::Refusal(reason) => Some(reason),
        }
    }
}

fn check_answer(
    answer: &Answer,
    center: &CenterId,
    query: &StoredQuery,
) -> Result<(), CoordinatorError> {
    must(
        &answer.center == center,
        "it names another center than the one that sends it",
    )?;
    must(
        answer.question == query.question,
        "it answers another question",
    )?;
    let small = |cell: &i64| cell.unsigned_abs() <= CELL_ABS_MAX;
    let fits = |part: &Vec<i64>| part.len() <= CELLS_MAX && part.iter().all(small);
    if answer.parts.len() <= PARTS_MAX && answer.parts.iter().all(fits) {
        Ok(())
    } else {
        Err(CoordinatorError::AnswerSize)
    }
}

fn must(holds: bool, why: &'static str) -> Result<(), CoordinatorError> {
    if holds {
        Ok(())
    } else {
        Err(CoordinatorError::Answer(why))
    }
}
