//! Why is there no answer? A rule that anybody could apply, a person who must decide first, or a fault.

use privacy::PrivacyError;
use protocol::documents::RefusalReason;

use crate::error::NodeError;
use crate::ledger::{LedgerError, Refused};
use crate::record::RecordError;
use crate::source::SourceError;

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// A rule says no; the network learns the reason.
    Refused(RefusalReason),
    /// A person must decide, and has not yet.
    Waits,
    /// A fault that the operator must hear of, and nobody else.
    Failed(NodeError),
}

impl From<RefusalReason> for NoAnswer {
    fn from(reason: RefusalReason) -> Self {
        Self::Refused(reason)
    }
}

impl From<Refused> for NoAnswer {
    /// The public reason of a ledger's refusal.
    fn from(refused: Refused) -> Self {
        Self::Refused(match refused {
            Refused::ClockBehind => RefusalReason::ClockBehind,
            Refused::DayRate => RefusalReason::RateLimited,
            Refused::QueryCap
            | Refused::ResearcherCap
            | Refused::StudyCap
            | Refused::YearCap
            | Refused::LifetimeCap
            | Refused::SpentBeforeRestore => RefusalReason::OutOfBudget,
        })
    }
}

impl From<NodeError> for NoAnswer {
    fn from(error: NodeError) -> Self {
        Self::Failed(error)
    }
}

impl From<LedgerError> for NoAnswer {
    fn from(error: LedgerError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<RecordError> for NoAnswer {
    fn from(error: RecordError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<PrivacyError> for NoAnswer {
    fn from(error: PrivacyError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<SourceError> for NoAnswer {
    fn from(error: SourceError) -> Self {
        Self::Failed(error.into())
    }
}
