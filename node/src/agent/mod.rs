//! How does a node meet the coordinator? It connects outwards, mirrors the log, takes tasks, and sends what it signed.
//!
//! The agent remembers nothing of its own: a query that has not ended is offered again after a restart, and the answer
//! that the ledger keeps is sent again, the same bytes. What a person decided stands in the record.

mod backoff;
mod books;
mod checks;
mod connect;
pub mod mirror;
mod readiness;
mod task;
#[cfg(test)]
mod tests;
mod tick;
mod waiting;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protocol::documents::Query;
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::log::{LogEntry, LogPosition};
use protocol::verify::Governance;
use tokio::sync::Semaphore;
use transport::TransportError;
use transport::clock::Clock;
use transport::shutdown::Shutdown;

use crate::answer::Answerer;
use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::record::CharterNote;
use backoff::Backoff;
use connect::Connection;
use mirror::Mirror;
use readiness::Lack;
use task::{Ended, Task};
use waiting::Waiting;

pub use books::record_restore;
pub(crate) use books::{load_currency, open_mirror};
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
        tell_failure(&error, wait);
        tokio::select! {
            () = shutdown.begun() => break,
            () = agent.clock.sleep(wait) => {}
        }
    }
    Ok(())
}

/// A coordinator that is away is waited for; one that shows another log is an alarm.
fn tell_failure(error: &NodeError, wait: Duration) {
    let (code, wait_ms) = (error.code(), wait.as_millis());
    match code {
        "log.head" | "log.broken" | "log_broken" => tracing::error!(
            code,
            wait_ms,
            "alarm: the coordinator shows a log that cannot be believed, and nothing is answered by it: {error}"
        ),
        _ => tracing::warn!(
            code,
            wait_ms,
            "the coordinator could not be polled: {error}"
        ),
    }
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
    /// How the log's charter stands to the highest that this node ever saw.
    charter: CharterNote,
    /// What the operator was last told is lacking; nothing before the first look at the log.
    told: Option<Vec<Lack>>,
    in_work: Arc<Mutex<BTreeSet<DocumentId>>>,
    waiting: Arc<Waiting>,
    places: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    shutdown: Shutdown,
}

impl Agent {
    fn open(data: &DataDir, clock: Arc<dyn Clock>, shutdown: Shutdown) -> Result<Self, NodeError> {
        let answerer = Answerer::open(data.clone(), clock.now())?;
        let connection = Connection::open(data, answerer.config(), &clock, shutdown.clone())?;
        let mirror = open_mirror(data)?;
        let mut agent = Self {
            answerer: Arc::new(answerer),
            connection: Arc::new(connection),
            mirror: Arc::new(Mutex::new(mirror)),
            alarm: false,
            charter: CharterNote::Highest,
            told: None,
            in_work: Arc::default(),
            waiting: Arc::default(),
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
        self.take_up_decided().await?;
        let known = self.known();
        let begun = self.clock.now();
        let api = self.connection.api();
        let offers = tokio::select! {
            offers = api.offers(WAIT_S, &known) => offers?,
            decided = self.waiting.until_decided(&self.answerer, self.clock.as_ref(), &self.shutdown) => {
                return decided;
            }
        };
        let fetched = self.clock.now();
        self.catch_up(offers.log).await?;
        self.tell_readiness().await?;
        let mut taken = 0_usize;
        for offer in offers.offers {
            taken += usize::from(self.take_on(offer.query, fetched).await?);
        }
        let pause = SignedDuration::try_from(POLL_MIN).unwrap_or_default();
        if taken == 0 && fetched.duration_since(begun) < pause {
            self.clock.sleep(POLL_MIN).await;
        }
        Ok(())
    }

    /// The queries that a poll names as known: as many as an address holds.
    fn known(&self) -> Vec<DocumentId> {
        let in_work: Vec<DocumentId> = lock(&self.in_work).iter().copied().collect();
        let all = in_work.into_iter().chain(self.waiting.ids());
        all.take(KNOWN_MAX).collect()
    }

    /// Works on what somebody has decided on since, by the log as it stands now: what was approved may have been revoked.
    async fn take_up_decided(&mut self) -> Result<(), NodeError> {
        let waiting = Arc::clone(&self.waiting);
        let decided = waiting
            .decided(&self.answerer, self.clock.now(), &self.shutdown)
            .await?;
        if decided.is_empty() {
            return Ok(());
        }
        self.look().await?;
        let now = self.clock.now();
        for query in decided {
            waiting.release(query.id());
            self.take_on(query, now).await?;
        }
        Ok(())
    }

    /// A look at the log without a poll, which may be held for long.
    async fn look(&mut self) -> Result<(), NodeError> {
        let seen = lock(&self.mirror).position();
        let (entries, head) = self.connection.api().log_since(seen).await?;
        self.take_entries(entries, head).await?;
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
        let (entries, head) = self.connection.api().log_since(seen).await?;
        self.take_entries(entries, head).await
    }

    async fn take_entries(
        &mut self,
        entries: Vec<LogEntry>,
        head: Envelope,
    ) -> Result<(), NodeError> {
        let mirror = Arc::clone(&self.mirror);
        let extended = self
            .shutdown
            .spawn_blocking(move || lock(&mirror).extend(&entries, &head));
        extended
            .await
            .map_err(|error| NodeError::network("log.mirror", &error))??;
        self.check_charter()?;
        self.check_ledger()
    }

    /// Begins to work on a query, unless it is in work or waits already. Waits for a free place.
    async fn take_on(&self, offered: Envelope, taken_up: Timestamp) -> Result<bool, NodeError> {
        let id = offered.id();
        if lock(&self.in_work).contains(&id) || self.waiting.holds(id) {
            return Ok(false);
        }
        // The semaphore is never closed; a place that cannot be had is as good as no query.
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return Ok(false);
        };
        let query = self.logged(offered).await?;
        lock(&self.in_work).insert(id);
        let task = self.task(query.clone(), taken_up);
        let (in_work, waiting) = (Arc::clone(&self.in_work), Arc::clone(&self.waiting));
        self.shutdown.spawn(async move {
            let keeps = match task.run(place).await {
                Ended::Done => false,
                Ended::Waits => {
                    waiting.hold(query);
                    false
                }
                // Stays in work, so that it is not tried again and again.
                Ended::NotTaken => lock(&in_work).len() <= KNOWN_MAX,
            };
            if !keeps {
                lock(&in_work).remove(&id);
            }
        });
        Ok(true)
    }

    /// The query as the log first brought it, byte for byte what a person decides on and an audit reads, whatever other
    /// signatures the coordinator shows around it. As it was offered where the log has none, which is refused, or none that
    /// a researcher signed and no person was asked about: a stranger's copy closes no door.
    async fn logged(&self, offered: Envelope) -> Result<Envelope, NodeError> {
        let mirror = Arc::clone(&self.mirror);
        let answerer = Arc::clone(&self.answerer);
        let found = self.shutdown.spawn_blocking(move || {
            let mirror = lock(&mirror);
            let governance = mirror.governance();
            let Some(index) = governance.query_index(&offered.id()) else {
                return Ok(offered);
            };
            let Some(entry) = mirror.entry(index)? else {
                return Ok(offered);
            };
            let counts = is_by_a_researcher(&entry.envelope, governance)
                || answerer.record().was_awaiting(offered.id())?;
            Ok(if counts { entry.envelope } else { offered })
        });
        found
            .await
            .map_err(|error| NodeError::network("log.mirror", &error))?
    }

    fn task(&self, query: Envelope, taken_up: Timestamp) -> Task {
        let (governance, log) = {
            let mirror = lock(&self.mirror);
            (Arc::clone(mirror.governance()), mirror.position())
        };
        let delay = governance.roster().map_or(ANSWER_DELAY_DEFAULT, |roster| {
            roster.document.answer_delay()
        });
        Task {
            query,
            taken_up,
            delay,
            governance,
            log,
            stopped: self.stopped(),
            answerer: Arc::clone(&self.answerer),
            connection: Arc::clone(&self.connection),
            clock: Arc::clone(&self.clock),
            shutdown: self.shutdown.clone(),
        }
    }
}

/// Whether a researcher of the query's study signed it.
fn is_by_a_researcher(query: &Envelope, governance: &Governance) -> bool {
    let study = query
        .parse_unverified::<Query>()
        .ok()
        .and_then(|asked| governance.past_study(&asked.study));
    study.is_some_and(|study| !query.signers(&study.researcher_keys()).is_empty())
}

/// What these locks guard is whole between any two statements, so a thread that panicked left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
