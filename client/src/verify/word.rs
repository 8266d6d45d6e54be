//! Did this center say this? One answer or refusal, held against the roster's entry of its center and what was asked.

use jiff::civil::Date;
use protocol::documents::{Answer, Refusal, RosterCenter};
use protocol::envelope::{Envelope, EnvelopeError};
use protocol::ids::{CenterId, DocumentId, QuestionId};

use super::VerifyError;

/// Why a document is not the center's word on what was asked.
#[derive(Debug)]
pub(crate) enum WordFault {
    /// Not signed with the center's key, or not readable.
    Signature(EnvelopeError),
    /// It names another center.
    OtherCenter,
    /// It speaks of another question or query.
    OtherQuestion,
    /// The lock is of a later date than the question's.
    LaterLock,
}

impl WordFault {
    /// Why the result that counts such a word is not believed.
    pub(super) fn in_result(self, what: &str, center: &CenterId) -> VerifyError {
        match self {
            Self::Signature(source) => VerifyError::Document {
                what: format!("{what} of {center}"),
                source,
            },
            Self::OtherCenter => {
                VerifyError::Mismatch(format!("the {what} of {center} speaks for another center"))
            }
            Self::OtherQuestion => {
                VerifyError::Mismatch(format!("the {what} of {center} is to another question"))
            }
            Self::LaterLock => VerifyError::Mismatch(format!(
                "the {what} of {center} was made on a later lock than was asked"
            )),
        }
    }
}

/// The answer of `center` to `question`, asked for its newest lock on or before `lock_date`.
pub(crate) fn answer_of(
    envelope: &Envelope,
    center: &RosterCenter,
    question: QuestionId,
    lock_date: Date,
) -> Result<Answer, WordFault> {
    let answer: Answer = envelope
        .open(&[center.signing_key].into())
        .map_err(WordFault::Signature)?;
    if answer.center != center.id {
        Err(WordFault::OtherCenter)
    } else if answer.question != question {
        Err(WordFault::OtherQuestion)
    } else if answer.lock_date > lock_date {
        Err(WordFault::LaterLock)
    } else {
        Ok(answer)
    }
}

/// The refusal of `query` by `center`.
pub(crate) fn refusal_of(
    envelope: &Envelope,
    center: &RosterCenter,
    query: DocumentId,
) -> Result<Refusal, WordFault> {
    let refusal: Refusal = envelope
        .open(&[center.signing_key].into())
        .map_err(WordFault::Signature)?;
    if refusal.center != center.id {
        Err(WordFault::OtherCenter)
    } else if refusal.query != query {
        Err(WordFault::OtherQuestion)
    } else {
        Ok(refusal)
    }
}
