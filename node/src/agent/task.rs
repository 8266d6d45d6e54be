//! How does one query go through the node? Answered at once, held until its tick, sent until it has arrived.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use protocol::documents::RefusalReason;
use protocol::envelope::Envelope;
use protocol::log::LogPosition;
use protocol::verify::Governance;
use transport::clock::Clock;
use transport::fault;
use transport::shutdown::Shutdown;

use super::backoff::Backoff;
use super::connect::Connection;
use super::tick::tick_for;
use crate::answer::{Answerer, Circumstances};

/// A query in work.
pub(super) struct Task {
    pub(super) query: Envelope,
    /// When it was fetched: ticks are counted from here.
    pub(super) fetched: Timestamp,
    /// The roster's `answer_delay_s`.
    pub(super) delay: Duration,
    /// What was in force when it was fetched.
    pub(super) governance: Arc<Governance>,
    pub(super) log: LogPosition,
    /// The node has stopped answering.
    pub(super) alarm: bool,
    pub(super) answerer: Arc<Answerer>,
    pub(super) connection: Arc<Connection>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) shutdown: Shutdown,
}

impl Task {
    /// Answers or refuses, waits for the tick, sends. Whether the query can be forgotten: the coordinator has the
    /// answer, or the node stops and will be offered the query again.
    pub(super) async fn run(self) -> bool {
        let task = Arc::new(self);
        let worker = Arc::clone(&task);
        let response = match task.shutdown.spawn_blocking(move || worker.respond()).await {
            Ok(response) => response,
            // What it said could quote a number; where it happened is on standard error (see `panics`).
            Err(_panicked) => {
                tracing::error!(query.id = %task.query.id(), "answering a query ended in a fault of the program");
                task.answerer.refuse(
                    &task.query,
                    RefusalReason::Infrastructure,
                    task.circumstances(),
                )
            }
        };
        tokio::select! {
            () = task.shutdown.begun() => return true,
            () = task.clock.sleep_until(task.tick()) => {}
        }
        fault::point("node.before_send");
        let sent = task.send(&response).await;
        fault::point("node.sent");
        sent
    }

    fn respond(&self) -> Envelope {
        if self.alarm {
            return self.answerer.refuse(
                &self.query,
                RefusalReason::NodeStopped,
                self.circumstances(),
            );
        }
        self.answerer.respond(&self.query, self.circumstances())
    }

    fn circumstances(&self) -> Circumstances<'_> {
        Circumstances {
            governance: &self.governance,
            log: self.log,
            clock: self.clock.as_ref(),
        }
    }

    /// When what is finished now may leave; the operator hears of work that took longer than one delay.
    fn tick(&self) -> Timestamp {
        let finished = self.clock.now();
        let tick = tick_for(self.fetched, finished, self.delay);
        if !self.delay.is_zero() && tick > tick_for(self.fetched, self.fetched, self.delay) {
            // The tick is seen by whoever gets the answer; how long the work took, by nobody.
            tracing::warn!(
                query.id = %self.query.id(),
                leaves_at = %tick,
                "answering took longer than the answer delay, so the answer waits for a later tick"
            );
        }
        tick
    }

    /// Sends until the coordinator has it, or will never take it, or the end begins.
    async fn send(&self, response: &Envelope) -> bool {
        let id = self.query.id();
        let mut backoff = Backoff::new();
        loop {
            match self.connection.api().answer(id, response).await {
                Ok(recorded) => {
                    tracing::info!(query.id = %id, late = recorded.late, "a response was delivered");
                    return true;
                }
                Err(error) if !error.is_transient() => {
                    tracing::error!(query.id = %id, code = error.code(), "the coordinator did not take a response: {error}");
                    return false;
                }
                Err(error) => {
                    tracing::warn!(query.id = %id, code = error.code(), "a response could not be delivered yet: {error}");
                }
            }
            tokio::select! {
                () = self.shutdown.begun() => return true,
                () = self.clock.sleep(backoff.after_failure()) => {}
            }
        }
    }
}
