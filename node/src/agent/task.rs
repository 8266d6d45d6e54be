//! How does one query go through the node? Answered at once, held until its tick, sent until it has arrived.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use protocol::api::Recorded;
use protocol::documents::{Query, RefusalReason};
use protocol::envelope::Envelope;
use protocol::log::LogPosition;
use protocol::task::TaskState;
use protocol::verify::Governance;
use tokio::sync::OwnedSemaphorePermit;
use transport::TransportError;
use transport::clock::Clock;
use transport::fault;
use transport::shutdown::Shutdown;

use super::backoff::Backoff;
use super::connect::Connection;
use super::tick::tick_for;
use crate::answer::{Answerer, Circumstances, Response};
use crate::error::NodeError;

/// A query in work.
pub(super) struct Task {
    pub(super) query: Envelope,
    /// When it was fetched, or when the node learned that a person had decided: ticks are counted from here.
    pub(super) taken_up: Timestamp,
    /// The roster's `answer_delay_s`.
    pub(super) delay: Duration,
    /// What was in force when it was taken up.
    pub(super) governance: Arc<Governance>,
    pub(super) log: LogPosition,
    /// The node has stopped answering, for this reason.
    pub(super) stopped: Option<RefusalReason>,
    pub(super) answerer: Arc<Answerer>,
    pub(super) connection: Arc<Connection>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) shutdown: Shutdown,
}

/// What became of a query in work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It can be forgotten: the coordinator has the answer, or the node stops and will be offered the query again.
    Done,
    /// The coordinator will never take what the node has to say.
    NotTaken,
    /// A person must decide first. The coordinator knows it, or would not hear it: the record does, and a decision is acted on.
    Waits,
}

impl Task {
    /// Answers, refuses, or finds that a person must decide; waits for the tick; sends. A query that waits for a person
    /// gives up its place at once.
    pub(super) async fn run(self, place: OwnedSemaphorePermit) -> Ended {
        let task = Arc::new(self);
        let Some(response) = task.response().await else {
            return Ended::Done;
        };
        let _place = match &response {
            Response::Send(_) => Some(place),
            Response::AwaitingApproval => {
                drop(place);
                None
            }
        };
        tokio::select! {
            () = task.shutdown.begun() => return Ended::Done,
            () = task.clock.sleep_until(task.tick()) => {}
        }
        fault::point("node.before_send");
        let ended = task.send(&response).await;
        fault::point("node.sent");
        ended
    }

    /// What leaves, once the record has it. While the record cannot be written nothing leaves; it is tried until the end
    /// begins: then there is nothing.
    async fn response(self: &Arc<Self>) -> Option<Response> {
        let mut backoff = Backoff::new();
        loop {
            match self.respond_once().await {
                Ok(response) => return Some(response),
                Err(error) => {
                    let id = self.query.id();
                    tracing::error!(query.id = %id, code = error.code(), "nothing leaves for a query: {error}");
                }
            }
            tokio::select! {
                () = self.shutdown.begun() => return None,
                () = self.clock.sleep(backoff.after_failure()) => {}
            }
        }
    }

    async fn respond_once(self: &Arc<Self>) -> Result<Response, NodeError> {
        let stopped = self.stopped;
        let done = self.blocking(move |task| match stopped {
            Some(reason) => task.refuse(reason),
            None => task.answerer.respond(&task.query, task.circumstances()),
        });
        if let Ok(response) = done.await {
            return response;
        }
        // What it said could quote a number; where it happened is on standard error (see `panics`).
        tracing::error!(query.id = %self.query.id(), "answering a query ended in a fault of the program");
        self.blocking(|task| task.refuse(RefusalReason::Infrastructure))
            .await
            .map_err(|error| NodeError::network("node.refusing", &error))?
    }

    fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        let task = Arc::clone(self);
        self.shutdown.spawn_blocking(move || work(&task))
    }

    fn refuse(&self, reason: RefusalReason) -> Result<Response, NodeError> {
        let refusal = self
            .answerer
            .refuse(&self.query, reason, self.circumstances())?;
        Ok(Response::Send(refusal))
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
        let tick = tick_for(self.taken_up, finished, self.delay);
        if !self.delay.is_zero() && tick > tick_for(self.taken_up, self.taken_up, self.delay) {
            // The tick is seen by whoever gets the answer; how long the work took, by nobody.
            tracing::warn!(
                query.id = %self.query.id(),
                leaves_at = %tick,
                "answering took longer than the answer delay, so the answer waits for a later tick"
            );
        }
        tick
    }

    /// Sends until the coordinator has it, or will never take it, or the end begins. What another certificate can cure is
    /// tried again until the query's deadline: somebody may enrol the node anew meanwhile.
    async fn send(&self, response: &Response) -> Ended {
        let id = self.query.id();
        let mut backoff = Backoff::new();
        loop {
            match self.send_once(response).await {
                Ok(recorded) => {
                    tracing::info!(query.id = %id, late = recorded.late, "a response was delivered");
                    return ended_by(response, recorded);
                }
                Err(error) if !self.may_be_taken_later(&error) => {
                    tracing::error!(query.id = %id, code = error.code(), "the coordinator did not take a response: {error}");
                    return not_taken(response);
                }
                Err(error) => {
                    tracing::warn!(query.id = %id, code = error.code(), "a response could not be delivered yet: {error}");
                }
            }
            tokio::select! {
                () = self.shutdown.begun() => return Ended::Done,
                () = self.clock.sleep(backoff.after_failure()) => {}
            }
        }
    }

    fn may_be_taken_later(&self, error: &TransportError) -> bool {
        error.is_transient() || (is_of_the_certificate(error) && self.is_in_time())
    }

    fn is_in_time(&self) -> bool {
        let query = self.query.parse_unverified::<Query>();
        query.is_ok_and(|query| query.deadline > self.clock.now())
    }

    async fn send_once(&self, response: &Response) -> Result<Recorded, TransportError> {
        let (id, api) = (self.query.id(), self.connection.api());
        match response {
            Response::Send(envelope) => api.answer(id, envelope).await,
            Response::AwaitingApproval => api.report(id, TaskState::AwaitingApproval).await,
        }
    }
}

/// Whether the connection failed by its certificate: the next one is taken as soon as it is in place.
fn is_of_the_certificate(error: &TransportError) -> bool {
    matches!(
        error.code(),
        "certificate-revoked"
            | "certificate-required"
            | "certificate_expired"
            | "certificate_refused"
    )
}

/// What becomes of a query when the coordinator will never take this response.
const fn not_taken(response: &Response) -> Ended {
    match response {
        Response::AwaitingApproval => Ended::Waits,
        Response::Send(_) => Ended::NotTaken,
    }
}

/// What becomes of a query once the coordinator has this response. One that has ended without this center waits for nobody.
const fn ended_by(response: &Response, recorded: Recorded) -> Ended {
    match response {
        Response::AwaitingApproval if !recorded.late => Ended::Waits,
        Response::AwaitingApproval | Response::Send(_) => Ended::Done,
    }
}
