//! Has it been paid for? The proof of a charge that is already on disk.

use protocol::amount::NanoRho;
use protocol::ids::QuestionId;

/// Proof that a question's cost has been committed to the ledger. Not `Clone`, moved into
/// [`release`](fn@crate::release), so it pays for one release and no more:
///
/// ```compile_fail
/// # use protocol::{amount::NanoRho, ids::QuestionId};
/// # let receipt = privacy::Receipt::of_committed(QuestionId::from_bytes([0; 32]), NanoRho::ZERO);
/// let again = receipt.clone();
/// ```
#[derive(Debug)]
#[must_use = "a charge without its release has spent budget for nothing"]
pub struct Receipt {
    question: QuestionId,
    cost: NanoRho,
}

impl Receipt {
    /// The receipt of a charge **after** its transaction has been committed with `synchronous=FULL`.
    ///
    /// Only the node's ledger calls this; a test reads the sources and says so.
    pub const fn of_committed(question: QuestionId, cost: NanoRho) -> Self {
        Self { question, cost }
    }

    /// Spends the receipt.
    pub(crate) fn spend(self) -> (QuestionId, NanoRho) {
        (self.question, self.cost)
    }

    /// What was charged.
    #[must_use]
    pub const fn cost(&self) -> NanoRho {
        self.cost
    }
}
