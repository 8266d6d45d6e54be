//! Which queries wait for a person, and has somebody decided? What the node holds of them between its report and the decision,
//! which may be made by another process or while this one is stopped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use protocol::documents::Query;
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use tokio::sync::Notify;
use transport::clock::Clock;
use transport::shutdown::Shutdown;

use super::lock;
use crate::answer::Answerer;
use crate::error::NodeError;
use crate::record::{Record, RecordError};

/// How often the record is looked at while something waits.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The queries that wait, by their ids.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    held: Mutex<Held>,
    came: Notify,
}

#[derive(Debug, Default)]
struct Held {
    queries: BTreeMap<DocumentId, Envelope>,
    /// The record's last row at the last look; nothing where a look is due whatever it is.
    looked_at: Option<i64>,
}

impl Waiting {
    /// Holds a query until somebody decides on it.
    pub(super) fn hold(&self, query: Envelope) {
        let mut held = lock(&self.held);
        held.queries.insert(query.id(), query);
        // A decision may have been made before the query was held.
        held.looked_at = None;
        self.came.notify_one();
    }

    /// Whether this query is held.
    pub(super) fn holds(&self, query: DocumentId) -> bool {
        lock(&self.held).queries.contains_key(&query)
    }

    /// The queries that are held.
    pub(super) fn ids(&self) -> Vec<DocumentId> {
        lock(&self.held).queries.keys().copied().collect()
    }

    /// Lets a query go.
    pub(super) fn release(&self, query: DocumentId) {
        lock(&self.held).queries.remove(&query);
    }

    /// Ends as soon as somebody has decided on a query that is held.
    pub(super) async fn until_decided(
        self: &Arc<Self>,
        answerer: &Arc<Answerer>,
        clock: &dyn Clock,
        life: &Shutdown,
    ) -> Result<(), NodeError> {
        loop {
            while lock(&self.held).queries.is_empty() {
                self.came.notified().await;
            }
            clock.sleep(LOOK_EVERY).await;
            if !self.decided(answerer, clock.now(), life).await?.is_empty() {
                return Ok(());
            }
        }
    }

    /// The queries that somebody has decided on; they stay held. Those whose deadline has passed are let go: the
    /// coordinator ends them.
    pub(super) async fn decided(
        self: &Arc<Self>,
        answerer: &Arc<Answerer>,
        now: Timestamp,
        life: &Shutdown,
    ) -> Result<Vec<Envelope>, NodeError> {
        if !self.let_go_of_late(now) {
            return Ok(Vec::new());
        }
        let (waiting, answerer) = (Arc::clone(self), Arc::clone(answerer));
        let looked = life.spawn_blocking(move || waiting.look(answerer.record()));
        Ok(looked
            .await
            .map_err(|error| NodeError::network("node.waiting", &error))??)
    }

    /// Whether any query is left.
    fn let_go_of_late(&self, now: Timestamp) -> bool {
        let mut held = lock(&self.held);
        held.queries.retain(|id, query| {
            let in_time = query
                .parse_unverified::<Query>()
                .is_ok_and(|query| query.deadline > now);
            if !in_time {
                tracing::info!(query.id = %id, "nobody decided on a query before its deadline");
            }
            in_time
        });
        !held.queries.is_empty()
    }

    /// One cheap look at the record's last row, and a closer one only if it has grown.
    fn look(&self, record: &Record) -> Result<Vec<Envelope>, RecordError> {
        let last = record.last_row()?;
        let queries = {
            let held = lock(&self.held);
            if held.looked_at == Some(last) {
                return Ok(Vec::new());
            }
            held.queries.clone()
        };
        let mut decided = Vec::new();
        for (id, query) in queries {
            if record.decision(id)?.is_some() {
                decided.push(query);
            }
        }
        // What is decided is taken up by who asked; if that fails, the next look must find it again.
        if decided.is_empty() {
            lock(&self.held).looked_at = Some(last);
        }
        Ok(decided)
    }
}
