//! Which checks look at two columns at once? The words of the dictionary's `rule` column.

use std::fmt;

use super::{ColumnRef, is_name};

/// A check of one value against other columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The date is not before that of any related row.
    NotBefore(ColumnRef),
    /// The date is not after that of any related row.
    NotAfter(ColumnRef),
    /// The value is required when the row has `code` in `column`.
    RequiredIf {
        /// A column of the same table.
        column: String,
        /// One of its codes.
        code: String,
    },
}

impl Rule {
    /// Reads rules separated by semicolons; an `Err` holds the part that is no rule.
    pub(super) fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        text.split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Self::parse(part).ok_or_else(|| part.to_owned()))
            .collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ')?;
        match word {
            "not_before" => ColumnRef::parse(rest).map(Self::NotBefore),
            "not_after" => ColumnRef::parse(rest).map(Self::NotAfter),
            "required_if" => {
                let (column, code) = rest.trim().split_once('=')?;
                is_name(column).then(|| Self::RequiredIf {
                    column: column.into(),
                    code: code.into(),
                })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBefore(other) => write!(f, "not_before {other}"),
            Self::NotAfter(other) => write!(f, "not_after {other}"),
            Self::RequiredIf { column, code } => write!(f, "required_if {column}={code}"),
        }
    }
}
