//! How does one center's part in one query live and end? A state, and a pure step for each event.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where one center stands with one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TaskState {
    /// Waiting for the node to fetch it.
    Offered,
    /// The node has it.
    Fetched,
    /// A person at the center must decide.
    AwaitingApproval,
    /// Verified and allowed; the answer comes at a later tick.
    Accepted,
    /// Ended: a signed answer is in the total.
    Answered,
    /// Ended: a signed refusal from the fixed list.
    Refused,
    /// Ended: infrastructure failed at the center.
    Failed,
    /// Ended: the deadline passed first.
    Expired,
}

/// What happens to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEvent {
    /// The node fetched the query (again, after a restart).
    Fetch,
    /// The node waits for a person.
    AwaitApproval,
    /// The node will answer.
    Accept,
    /// A signed answer arrived in time.
    Answer,
    /// A signed refusal arrived in time.
    Refuse,
    /// The node reported that its infrastructure failed.
    Fail,
    /// The deadline passed.
    Expire,
}

/// Why an event does not apply to a task.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("a task that is {state} cannot be changed by {event:?}")]
pub struct TaskError {
    /// The task's state.
    pub state: TaskState,
    /// What was tried.
    pub event: TaskEvent,
}

impl TaskState {
    /// Every state, in the order of a task's life.
    pub const ALL: [Self; 8] = [
        Self::Offered,
        Self::Fetched,
        Self::AwaitingApproval,
        Self::Accepted,
        Self::Answered,
        Self::Refused,
        Self::Failed,
        Self::Expired,
    ];

    /// The state after `event`.
    ///
    /// # Errors
    /// The task has ended, or the event would take it backwards.
    pub fn next(self, event: TaskEvent) -> Result<Self, TaskError> {
        use TaskEvent as E;
        match (self, event) {
            (Self::Offered, E::Fetch) => Ok(Self::Fetched),
            // A node that restarts fetches again; what it said before stands.
            (Self::Fetched | Self::AwaitingApproval | Self::Accepted, E::Fetch) => Ok(self),
            (Self::Fetched | Self::AwaitingApproval, E::AwaitApproval) => {
                Ok(Self::AwaitingApproval)
            }
            (Self::Fetched | Self::AwaitingApproval | Self::Accepted, E::Accept) => {
                Ok(Self::Accepted)
            }
            (Self::Fetched | Self::AwaitingApproval | Self::Accepted, E::Answer) => {
                Ok(Self::Answered)
            }
            (Self::Fetched | Self::AwaitingApproval | Self::Accepted, E::Refuse) => {
                Ok(Self::Refused)
            }
            (Self::Fetched | Self::AwaitingApproval | Self::Accepted, E::Fail) => Ok(Self::Failed),
            (
                Self::Offered | Self::Fetched | Self::AwaitingApproval | Self::Accepted,
                E::Expire,
            ) => Ok(Self::Expired),
            (state, event) => Err(TaskError { state, event }),
        }
    }

    /// Whether nothing can happen to the task any more.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        match self {
            Self::Answered | Self::Refused | Self::Failed | Self::Expired => true,
            Self::Offered | Self::Fetched | Self::AwaitingApproval | Self::Accepted => false,
        }
    }

    /// The state's one spelling, in JSON and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Fetched => "fetched",
            Self::AwaitingApproval => "awaiting-approval",
            Self::Accepted => "accepted",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no task state.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("no task state is called {0:?}")]
pub struct UnknownTaskState(pub String);

impl FromStr for TaskState {
    type Err = UnknownTaskState;
    fn from_str(text: &str) -> Result<Self, UnknownTaskState> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| UnknownTaskState(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVENTS: [TaskEvent; 7] = [
        TaskEvent::Fetch,
        TaskEvent::AwaitApproval,
        TaskEvent::Accept,
        TaskEvent::Answer,
        TaskEvent::Refuse,
        TaskEvent::Fail,
        TaskEvent::Expire,
    ];

    #[test]
    fn every_open_state_ends_at_the_deadline_and_every_end_is_final() {
        for state in TaskState::ALL {
            assert_eq!(
                state.next(TaskEvent::Expire).is_ok(),
                !state.has_ended(),
                "{state}"
            );
            if state.has_ended() {
                assert!(EVENTS.iter().all(|&e| state.next(e).is_err()), "{state}");
            }
        }
    }

    #[test]
    fn a_query_that_nobody_fetched_cannot_be_answered() {
        assert!(TaskState::Offered.next(TaskEvent::Answer).is_err());
    }

    #[test]
    fn a_state_has_one_spelling_in_json_and_in_the_store() {
        for state in TaskState::ALL {
            assert_eq!(
                serde_json::to_string(&state).unwrap(),
                format!("\"{state}\"")
            );
            assert_eq!(state.as_str().parse(), Ok(state));
        }
    }

    proptest! {
        #[test]
        fn no_sequence_of_events_takes_a_task_backwards(events in proptest::collection::vec(0_usize..7, 0..20)) {
            let mut state = TaskState::Offered;
            for event in events {
                if let Ok(next) = state.next(EVENTS[event]) {
                    prop_assert!(next >= state || state.has_ended());
                    state = next;
                }
            }
        }
    }
}
