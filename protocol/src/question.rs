//! What is asked? A question, its canonical form, and the id that makes its answer the same for ever.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::amount::NanoRho;
use crate::ids::{DocumentId, QuestionId};

/// Separates a question's hash from every other hash in the system.
const DOMAIN: &[u8] = b"cartally question v1\n";

/// Who sees which noisy numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Mode {
    /// Every center adds the whole noise; its noisy numbers can be read by themselves.
    Local,
    /// Only the noisy sum over centers is ever seen.
    Secure,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Secure => "secure",
        })
    }
}

/// One question: a template with its parameters filled in, at a price, on a date's lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Question {
    /// The signed template.
    pub template: DocumentId,
    /// Canonical parameters: every one that the template knows, in its one spelling.
    pub parameters: BTreeMap<String, String>,
    /// Local or secure.
    pub mode: Mode,
    /// What the answer may cost at each center.
    pub rho: NanoRho,
    /// Each node answers from its newest lock on or before this date.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub lock_date: Date,
}

impl Question {
    /// SHA-256 of the canonical form. Equal questions have equal ids, whoever asks and whenever.
    #[must_use]
    pub fn id(&self) -> QuestionId {
        // Field order is the declaration's, maps are sorted, numbers are integers: one byte string for one question.
        let canonical = serde_json::to_vec(self).unwrap_or_default();
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, &[DOMAIN, &canonical].concat()).as_ref());
        QuestionId::from_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        Question {
            template: DocumentId::from_bytes([1; 32]),
            parameters: BTreeMap::from([
                ("clock".into(), "os".into()),
                ("by".into(), String::new()),
            ]),
            mode: Mode::Local,
            rho: NanoRho::from_nano(50_000_000),
            lock_date: "2026-11-21".parse().unwrap(),
        }
    }

    #[test]
    fn the_id_of_a_known_question_never_changes() {
        let canonical = format!(
            r#"{{"template":"{}","parameters":{{"by":"","clock":"os"}},"mode":"local","rho":50000000,"lock_date":"2026-11-21"}}"#,
            "01".repeat(32)
        );
        assert_eq!(serde_json::to_string(&question()).unwrap(), canonical);
        assert_eq!(question().id().to_string(), ID_OF_THE_KNOWN_QUESTION);
    }

    /// Computed apart from this program, with Python's hashlib.
    const ID_OF_THE_KNOWN_QUESTION: &str =
        "c76cb0a3092d2a1db0e39c4a6e5593478feffd36c66467ae2dbfe05b7b1ae498";

    #[test]
    fn every_part_of_a_question_changes_its_id() {
        let id = question().id();
        let changes: [fn(&mut Question); 5] = [
            |q| q.template = DocumentId::from_bytes([2; 32]),
            |q| drop(q.parameters.insert("clock".into(), "pfs".into())),
            |q| q.mode = Mode::Secure,
            |q| q.rho = NanoRho::from_nano(50_000_001),
            |q| q.lock_date = "2026-11-20".parse().unwrap(),
        ];
        for change in changes {
            let mut other = question();
            change(&mut other);
            assert_ne!(other.id(), id);
        }
    }
}
