//! What does this center answer by itself, and how much may it spend? `policy.toml`, the operator's own word.

mod file;
mod review_board;
#[cfg(test)]
mod tests;

use std::path::Path;

use protocol::amount::NanoRho;
use protocol::ids::{PersonId, StudyName};
use serde::Deserialize;

use crate::error::NodeError;
use crate::ledger::Caps;

pub use review_board::{Approval, Unapproved};

use review_board::ReviewBoard;

/// Bytes of a policy file, at most.
pub const POLICY_BYTES_MAX: usize = 256 * 1024;

/// The policy of a center. Nothing is answered without a valid one.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    text: String,
    caps: Caps,
    default: Decision,
    rules: Vec<Rule>,
    review_board: ReviewBoard,
}

/// What happens to a question that is otherwise in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It is answered without a person.
    Automatic,
    /// It waits until a person at the center approves or refuses it.
    Person,
    /// It is refused.
    Refuse,
}

/// What the policy says to one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruling {
    /// What happens to it.
    pub decision: Decision,
    /// The center's caps, the smallest `query_cap` of the rules that fit among them. The study's own cap is not in it.
    pub caps: Caps,
}

/// One rule. What it leaves out fits anything.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    study: Option<StudyName>,
    template: Option<String>,
    researcher: Option<PersonId>,
    decision: Option<Decision>,
    query_cap: Option<NanoRho>,
}

impl Policy {
    /// Reads the policy in the file at `path`.
    pub fn load(path: &Path) -> Result<Self, NodeError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| NodeError::file("read", path, error))?;
        Self::parse(&text, path)
    }

    /// Reads a policy from its text; `path` is for the sentence.
    pub fn parse(text: &str, path: &Path) -> Result<Self, NodeError> {
        file::parse(text).map_err(|reason| NodeError::Config {
            path: path.to_owned(),
            reason,
        })
    }

    /// The text that it was read from, whole: what the record keeps.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The center's caps.
    #[must_use]
    pub const fn caps(&self) -> &Caps {
        &self.caps
    }

    /// What happens to a question of this study, template and researcher.
    #[must_use]
    pub fn decision(&self, study: &str, template: &str, researcher: &str) -> Decision {
        self.ruling(study, template, researcher).decision
    }

    /// What happens to a question of this study, template and researcher, and under which caps: the first rule that fits
    /// and decides; the smallest cap of all rules that fit.
    #[must_use]
    pub fn ruling(&self, study: &str, template: &str, researcher: &str) -> Ruling {
        let fitting = || {
            self.rules
                .iter()
                .filter(|rule| rule.fits(study, template, researcher))
        };
        let query = fitting()
            .filter_map(|rule| rule.query_cap)
            .fold(self.caps.query, NanoRho::min);
        Ruling {
            decision: fitting()
                .find_map(|rule| rule.decision)
                .unwrap_or(self.default),
            caps: Caps { query, ..self.caps },
        }
    }
}

impl Ruling {
    /// The caps for a question of a study that may spend `study_cap` at each center.
    #[must_use]
    pub fn caps_within(&self, study_cap: NanoRho) -> Caps {
        Caps {
            study: self.caps.study.min(study_cap),
            ..self.caps
        }
    }
}

impl Rule {
    fn fits(&self, study: &str, template: &str, researcher: &str) -> bool {
        let is = |wanted: Option<&str>, found: &str| wanted.is_none_or(|wanted| wanted == found);
        is(self.study.as_ref().map(StudyName::as_str), study)
            && is(self.template.as_deref(), template)
            && is(self.researcher.as_ref().map(PersonId::as_str), researcher)
    }
}
