//! How does a query stand? Follows it, center by center, until its result is published.

use protocol::api::QueryStatus;
use protocol::ids::DocumentId;
use protocol::task::TaskState;

use crate::error::ClientError;
use crate::home::Home;
use crate::outbox;
use crate::session::Session;
use crate::terminal::Terminal;

/// Seconds that one long poll waits.
const WAIT_S: u32 = 30;

/// Follows `query` and writes a line for each change, until the result is published.
pub(crate) async fn watch(
    home: &Home,
    session: &Session,
    query: DocumentId,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    outbox::send_again(home, &session.api, query).await?;
    let mut seen = None;
    let mut last = String::new();
    loop {
        let status = session.api.query(query, WAIT_S, seen).await?;
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
