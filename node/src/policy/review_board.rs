//! Has the center's own review board approved a study, and does that still hold?

use jiff::civil::Date;
use protocol::ids::StudyName;

use super::Policy;

/// What the policy says of the center's own review board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReviewBoard {
    pub(super) required: bool,
    pub(super) approvals: Vec<Approval>,
}

/// One approval by the center's own review board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The study, by name: a later version of it is covered too.
    pub study: StudyName,
    /// The number that the board gave.
    pub number: String,
    /// The last day on which it holds.
    pub expires: Date,
}

/// Why a study is refused for want of an approval. Either way the network learns one reason, `review-board`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unapproved {
    /// The policy names no number for the study.
    NoNumber,
    /// The last approval's last day is over.
    Expired {
        /// That day.
        on: Date,
    },
}

impl Unapproved {
    /// What is missing, and what the operator can do about it.
    #[must_use]
    pub fn sentence(self, study: &str) -> String {
        let renewed = "write a number that holds under [[review_board.approvals]] in policy.toml, or leave it so";
        match self {
            Self::NoNumber => format!(
                "policy.toml requires your own review board's number for each study and names none for {study}. {renewed}"
            ),
            Self::Expired { on } => format!(
                "your own review board's number for study {study} held until {on}. {renewed}"
            ),
        }
    }
}

impl Policy {
    /// The approval of `study` by the center's own review board that holds on `today`, the longest one; nothing if there
    /// is none and none is required.
    ///
    /// # Errors
    /// One is required, and there is none, or it has expired.
    pub fn review_board(&self, study: &str, today: Date) -> Result<Option<&Approval>, Unapproved> {
        let approvals = self.review_board.approvals.iter();
        let longest = approvals
            .filter(|approval| approval.study.as_str() == study)
            .max_by_key(|approval| approval.expires);
        match longest {
            Some(approval) if approval.expires >= today => Ok(Some(approval)),
            Some(_) | None if !self.review_board.required => Ok(None),
            Some(approval) => Err(Unapproved::Expired {
                on: approval.expires,
            }),
            None => Err(Unapproved::NoNumber),
        }
    }
}
