//! Which one? One type per id, parsed at the edge and compared whole.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a text is not an id.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum IdError {
    /// A digest must be 64 lower-case hexadecimal digits.
    #[error("{what} must be 64 lower-case hexadecimal digits")]
    Digest {
        /// The kind of id.
        what: &'static str,
    },
    /// A name must be short and plain.
    #[error(
        "{what} must have 1 to 64 characters, letters, digits, '-', '_' or '.', and begin with a letter or digit; got {got:?}"
    )]
    Name {
        /// The kind of id.
        what: &'static str,
        /// What was given, shortened.
        got: String,
    },
}

/// Characters of a name id.
const NAME_CHARS_MAX: usize = 64;

fn parse_digest(text: &str, what: &'static str) -> Result<[u8; 32], IdError> {
    let plain = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let mut bytes = [0; 32];
    if !plain || hex::decode_to_slice(text, &mut bytes).is_err() {
        return Err(IdError::Digest { what });
    }
    Ok(bytes)
}

fn parse_name(text: &str, what: &'static str) -> Result<String, IdError> {
    let begins = text
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric());
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if begins && plain && text.len() <= NAME_CHARS_MAX {
        Ok(text.to_owned())
    } else {
        Err(IdError::Name {
            what,
            got: text.chars().take(NAME_CHARS_MAX).collect(),
        })
    }
}

macro_rules! digest_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
        pub struct $name([u8; 32]);

        impl $name {
            /// The id of these 32 bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The first 12 digits, for people who compare by eye; never for programs.
            #[must_use]
            pub fn short(&self) -> String {
                hex::encode(self.0).chars().take(12).collect()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_digest(text, $what).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_name(text, $what).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

digest_id!(
    /// SHA-256 of a document's DSSE pre-authentication encoding: the type and every byte of its payload.
    DocumentId, "a document id"
);
digest_id!(
    /// SHA-256 of the canonical question: template, parameters, mode, rho, lock date.
    QuestionId, "a question id"
);
digest_id!(
    /// The state of a hash chain (the coordinator's log, a node's ledger) after its last entry.
    ChainHead, "a chain head"
);
digest_id!(
    /// SHA-256 of what a question's numbers mean: only answers of one meaning are added.
    PlanDigest,
    "a plan digest"
);
name_id!(
    /// The network: one registry, one charter.
    NetworkName, "a network name"
);
name_id!(
    /// A hospital, as `center_info.center_id` names it.
    CenterId, "a center id"
);
name_id!(
    /// A person who is enrolled: researcher, committee member, registry office.
    PersonId, "a person id"
);
name_id!(
    /// A lock: its date and random digits. Never derived from what it holds.
    LockId, "a lock id"
);
name_id!(
    /// A study, for people; programs compare its document id.
    StudyName, "a study name"
);

impl ChainHead {
    /// The head of a chain without entries.
    pub const EMPTY: Self = Self([0; 32]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_compared_whole_and_written_one_way_only() {
        let id = DocumentId::from_bytes([0xab; 32]);
        assert_eq!(id.to_string().parse::<DocumentId>().unwrap(), id);
        for wrong in [
            &"ab".repeat(31),
            &"AB".repeat(32),
            &"ab".repeat(33),
            "",
            &"zz".repeat(32),
        ] {
            assert!(wrong.parse::<DocumentId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_that_could_climb_a_path_or_forge_an_identity_are_refused() {
        assert!("K01".parse::<CenterId>().is_ok());
        assert!("x".repeat(64).parse::<CenterId>().is_ok());
        for wrong in ["", "..", "a/b", "a b", "-a", "é", "a\n", &"x".repeat(65)] {
            assert!(wrong.parse::<CenterId>().is_err(), "{wrong:?}");
        }
    }
}
