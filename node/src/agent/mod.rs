//! How does a node meet the coordinator? It connects outwards, mirrors the log, takes tasks, and sends what it signed.
//!
//! The agent remembers nothing of its own: a query that has not ended is offered again after a restart, and the answer
//! that the ledger keeps is sent again, the same bytes.

mod backoff;
mod connect;
pub mod mirror;
mod readiness;
mod task;
#[cfg(test)]
mod tests;
mod tick;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::log::{LogEntry, LogPosition};
use tokio::sync::Semaphore;
use transport::TransportError;
use transport::clock::Clock;
use transport::shutdown::Shutdown;

use crate::answer::Answerer;
use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::error::NodeError;
use backoff::Backoff;
use connect::Connection;
use mirror::{Mirror, Own};
use readiness::{Known, Lack, lacks};
use task::Task;

pub use tick::tick_for;

/// How long the coordinator may hold a poll. Below the half minute after which many proxies cut a silent connection.
const WAIT_S: u32 = 25;

/// Queries in work at once; the others wait at the coordinator.
const IN_WORK_MAX: usize = 16;

/// Queries that a poll names as known, so that its address stays short.
const KNOWN_MAX: usize = 100;

/// A poll that brings nothing and comes back sooner than this is answered by a pause, lest two machines spin.
const POLL_MIN: Duration = Duration::from_secs(1);

/// The wait before anything leaves, while no roster says another.
const ANSWER_DELAY_DEFAULT: Duration = Duration::from_secs(5);

/// Polls the coordinator and answers until the end begins.
pub async fn run(
    data: DataDir,
    clock: Arc<dyn Clock>,
    shutdown: Shutdown,
) -> Result<(), NodeError> {
    let mut agent = Agent::open(&data, clock, shutdown.clone())?;
    let mut backoff = Backoff::new();
    tracing::info!(center.id = %agent.answerer.config().center, "the node has started, and looks at the log");
    say_ready(agent.answerer.config());
    while !shutdown.has_begun() {
        let stepped = tokio::select! {
            () = shutdown.begun() => break,
            stepped = agent.step() => stepped,
        };
        let Err(error) = stepped else {
            backoff = Backoff::new();
            continue;
        };
        let wait = backoff.after_failure();
        tracing::warn!(
            code = error.code(),
            wait_ms = wait.as_millis(),
            "the coordinator could not be polled: {error}"
        );
        tokio::select! {
            () = shutdown.begun() => break,
            () = agent.clock.sleep(wait) => {}
        }
    }
    Ok(())
}

/// One line on standard output for whoever started the node: a node listens nowhere, so it says for whom it answers.
fn say_ready(config: &NodeConfig) {
    use std::io::Write;
    // A closed output means that nobody waits for the line.
    let mut out = std::io::stdout();
    let _ = writeln!(out, "answering for {}", config.center).and_then(|()| out.flush());
}

/// The side of the node that faces the network.
struct Agent {
    answerer: Arc<Answerer>,
    connection: Arc<Connection>,
    mirror: Arc<Mutex<Mirror>>,
    /// The ledger does not account for an answer of this center in the common log: nothing is answered.
    alarm: bool,
    /// What the operator was last told is lacking; nothing before the first look at the log.
    told: Option<Vec<Lack>>,
    in_work: Arc<Mutex<BTreeSet<DocumentId>>>,
    places: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    shutdown: Shutdown,
}

impl Agent {
    fn open(data: &DataDir, clock: Arc<dyn Clock>, shutdown: Shutdown) -> Result<Self, NodeError> {
        let answerer = Answerer::open(data.clone())?;
        let connection = Connection::open(data, answerer.config(), &clock, shutdown.clone())?;
        let mirror = open_mirror(data, &answerer)?;
        let mut agent = Self {
            answerer: Arc::new(answerer),
            connection: Arc::new(connection),
            mirror: Arc::new(Mutex::new(mirror)),
            alarm: false,
            told: None,
            in_work: Arc::default(),
            places: Arc::new(Semaphore::new(IN_WORK_MAX)),
            clock,
            shutdown,
        };
        agent.check_ledger()?;
        Ok(agent)
    }

    /// One poll: what is offered is taken on, judged by the log as it then stands.
    async fn step(&mut self) -> Result<(), NodeError> {
        let seen = lock(&self.mirror).position();
        self.connection.keep_up(seen).await;
        if self.told.is_none() {
            self.look().await?;
        }
        let known: Vec<DocumentId> = lock(&self.in_work).iter().copied().collect();
        let begun = self.clock.now();
        let offers = self.connection.api().offers(WAIT_S, &known).await?;
        let fetched = self.clock.now();
        self.catch_up(offers.log).await?;
        self.tell_readiness().await?;
        let mut taken = 0_usize;
        for offer in offers.offers {
            taken += usize::from(self.take_on(offer.query, fetched).await);
        }
        let pause = SignedDuration::try_from(POLL_MIN).unwrap_or_default();
        if taken == 0 && fetched.duration_since(begun) < pause {
            self.clock.sleep(POLL_MIN).await;
        }
        Ok(())
    }

    /// The first look at the log: a poll may be held for long, and the operator is watching now.
    async fn look(&mut self) -> Result<(), NodeError> {
        let seen = lock(&self.mirror).position();
        let (entries, _) = self.connection.api().log_since(seen).await?;
        self.take_entries(entries).await?;
        self.tell_readiness().await
    }

    /// Extends the mirror to what the coordinator promises. A log that does not extend it stops everything.
    async fn catch_up(&mut self, promised: LogPosition) -> Result<(), NodeError> {
        let seen = lock(&self.mirror).position();
        if seen == promised {
            return Ok(());
        }
        let broken = |error: protocol::log::LogError| TransportError::LogBroken(error.to_string());
        seen.accepts(promised).map_err(broken)?;
        let (entries, _) = self.connection.api().log_since(seen).await?;
        self.take_entries(entries).await
    }

    async fn take_entries(&mut self, entries: Vec<LogEntry>) -> Result<(), NodeError> {
        let mirror = Arc::clone(&self.mirror);
        let extended = self
            .shutdown
            .spawn_blocking(move || lock(&mirror).extend(&entries));
        extended
            .await
            .map_err(|error| NodeError::network("log.mirror", &error))??;
        self.check_ledger()
    }

    /// Tells the operator what is lacking, at the first look and whenever it is something else than before.
    async fn tell_readiness(&mut self) -> Result<(), NodeError> {
        let (answerer, now) = (Arc::clone(&self.answerer), self.clock.now());
        let rows = self.shutdown.spawn_blocking(move || answerer.rows(now));
        let rows = rows
            .await
            .map_err(|error| NodeError::network("node.readiness", &error))??;
        let lacking = {
            let mirror = lock(&self.mirror);
            lacks(Known {
                log: mirror.position(),
                governance: mirror.governance(),
                center: &self.answerer.config().center,
                key: self.answerer.key().public(),
                rows,
                now,
            })
        };
        if self.told.as_ref() == Some(&lacking) {
            return Ok(());
        }
        for lack in &lacking {
            tracing::warn!("questions will be refused: {}", lack.sentence());
        }
        if lacking.is_empty() {
            tracing::info!(
                "charter, roster, currency and a lock are in place: questions can be answered"
            );
        }
        self.told = Some(lacking);
        Ok(())
    }

    /// Whether the ledger accounts for every answer of this center that others have seen.
    fn check_ledger(&mut self) -> Result<(), NodeError> {
        let mirror = lock(&self.mirror);
        let strange = self.answerer.ledger().unexplained(mirror.own_answers())?;
        self.alarm = !strange.is_empty();
        if self.alarm {
            tracing::error!(
                answers = strange.len(),
                "the common log holds answers of this center that its ledger does not know: the ledger was rolled back. \
                 nothing is answered. put the newest ledger back, or run `cartally-node ledger-restored`"
            );
        }
        Ok(())
    }

    /// Begins to work on a query, unless it is in work already. Waits for a free place.
    async fn take_on(&self, query: Envelope, fetched: Timestamp) -> bool {
        let id = query.id();
        if lock(&self.in_work).contains(&id) {
            return false;
        }
        // The semaphore is never closed; a place that cannot be had is as good as no query.
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return false;
        };
        lock(&self.in_work).insert(id);
        let (governance, log) = {
            let mirror = lock(&self.mirror);
            (Arc::clone(mirror.governance()), mirror.position())
        };
        let delay = governance.roster().map_or(ANSWER_DELAY_DEFAULT, |roster| {
            roster.document.answer_delay()
        });
        let task = Task {
            query,
            fetched,
            delay,
            governance,
            log,
            alarm: self.alarm,
            answerer: Arc::clone(&self.answerer),
            connection: Arc::clone(&self.connection),
            clock: Arc::clone(&self.clock),
            shutdown: self.shutdown.clone(),
        };
        let in_work = Arc::clone(&self.in_work);
        self.shutdown.spawn(async move {
            // What the coordinator would not take stays in work, so that it is not tried again and again.
            if task.run().await || lock(&in_work).len() > KNOWN_MAX {
                lock(&in_work).remove(&id);
            }
            drop(place);
        });
        true
    }
}

/// Records, by the operator's word, that the ledger came back from a backup; returns what was lost of it. The node must
/// not be serving.
pub fn record_restore(
    data: &DataDir,
    clock: &Arc<dyn Clock>,
) -> Result<protocol::amount::NanoRho, NodeError> {
    let answerer = Answerer::open(data.clone())?;
    let mirror = open_mirror(data, &answerer)?;
    Ok(answerer.ledger().record_restore(
        mirror.own_answers(),
        mirror.position().entries,
        clock.now(),
    )?)
}

fn open_mirror(data: &DataDir, answerer: &Answerer) -> Result<Mirror, NodeError> {
    let own = Own {
        center: answerer.config().center.clone(),
        key: answerer.key().public(),
    };
    Mirror::open(&data.log(), answerer.config().charter, own)
}

/// What these locks guard is whole between any two statements, so a thread that panicked left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
