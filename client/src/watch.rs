//! How does a query stand? Follows it, center by center, until its result is published.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protocol::api::QueryStatus;
use protocol::ids::DocumentId;
use protocol::task::TaskState;
use transport::TransportError;
use transport::clock::{Clock, SystemClock};

use crate::error::ClientError;
use crate::home::Home;
use crate::outbox;
use crate::session::Session;
use crate::terminal::Terminal;

/// Seconds that one long poll waits.
const WAIT_S: u32 = 30;

/// Between two attempts to reach a coordinator that does not answer.
const PAUSE: Duration = Duration::from_secs(5);
/// A coordinator that restarts is back by then; the query goes on without its watcher in any case.
const OUTAGE_MAX: SignedDuration = SignedDuration::from_mins(5);

/// Since when the coordinator has not answered.
#[derive(Debug, Default)]
struct Outage {
    since: Option<Timestamp>,
}

impl Outage {
    /// Whether to go on in spite of `error`, and what to say about it: a line at the first failure.
    fn bear(
        &mut self,
        error: TransportError,
        now: Timestamp,
    ) -> Result<Option<String>, TransportError> {
        let began = *self.since.get_or_insert(now);
        if !error.is_transient() || now.duration_since(began) > OUTAGE_MAX {
            return Err(error);
        }
        let first = began == now;
        Ok(first.then(|| format!("no answer ({error}); trying again for 5 minutes")))
    }
}

/// Follows `query` and writes a line for each change, until the result is published. A coordinator that is away for a
/// while (a restart, a network that is down) does not end it.
pub(crate) async fn watch(
    home: &Home,
    session: &Session,
    query: DocumentId,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    outbox::send_again(home, &session.api, query).await?;
    let (mut seen, mut outage) = (None, Outage::default());
    let mut last = String::new();
    loop {
        let status = match session.api.query(query, WAIT_S, seen).await {
            Ok(status) => status,
            Err(error) => {
                if let Some(line) = outage.bear(error, SystemClock.now())? {
                    terminal.line(line)?;
                }
                SystemClock.sleep(PAUSE).await;
                continue;
            }
        };
        outage = Outage::default();
        seen = Some(status.version);
        let line = summary(&status);
        if line != last {
            terminal.line(&line)?;
            last = line;
        }
        if status.result.is_some() {
            for line in ends(&status) {
                terminal.line(line)?;
            }
            if status.tasks.iter().any(|t| t.state == TaskState::Answered) {
                terminal.line(format!("read it with: cartally result {query}"))?;
            }
            return Ok(());
        }
    }
}

/// One line: how many centers are in which state.
fn summary(status: &QueryStatus) -> String {
    let counted = TaskState::ALL.into_iter().filter_map(|state| {
        let count = status.tasks.iter().filter(|t| t.state == state).count();
        (count > 0).then(|| format!("{count} {state}"))
    });
    let line = counted.collect::<Vec<_>>().join(", ");
    format!(
        "query {}: {line} (deadline {:.0})",
        status.query.short(),
        status.deadline
    )
}

/// A line for each center that did not answer.
fn ends(status: &QueryStatus) -> Vec<String> {
    let silent = status
        .tasks
        .iter()
        .filter(|t| t.state != TaskState::Answered);
    silent
        .map(|task| match task.reason {
            Some(reason) => format!(
                "  {}: {} ({}: {})",
                task.center,
                task.state,
                reason,
                reason.sentence()
            ),
            None => format!("  {}: {}", task.center, task.state),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable() -> TransportError {
        TransportError::Unreachable {
            url: "https://x".into(),
            reason: "refused".into(),
        }
    }

    #[test]
    fn a_watcher_bears_an_outage_up_to_the_limit_and_says_so_once() {
        let (mut outage, start) = (Outage::default(), Timestamp::UNIX_EPOCH);
        assert!(outage.bear(unreachable(), start).unwrap().is_some());
        let last = start + OUTAGE_MAX;
        assert_eq!(outage.bear(unreachable(), last).unwrap(), None);
        let over = last + SignedDuration::from_secs(1);
        assert!(outage.bear(unreachable(), over).is_err());
    }

    #[test]
    fn what_will_not_pass_by_itself_ends_the_watch_at_once() {
        let mut outage = Outage::default();
        let error = TransportError::KeyMismatch;
        assert!(outage.bear(error, Timestamp::UNIX_EPOCH).is_err());
    }
}
