//! Which values may a parameter take, and how is each written in its one canonical way?

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;

use crate::error::QuestionError;
use crate::limits::{PARAMETER_BYTES_MAX, STRATA_VARIABLES_MAX};
use crate::vocabulary::{Category, Clock, DateVariable, Number};

/// The value of a filter that lets everyone through.
const ANY: &str = "any";
/// The value of `by` without strata.
const NONE: &str = "none";

/// One parameter of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// What it does, for people.
    pub about: String,
    /// What it accepts.
    pub kind: ParameterKind,
    /// Its value when none is given.
    pub default: Value,
}

/// What a parameter accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterKind {
    /// Names of at most two of these variables, separated by commas, or `none`.
    Strata {
        /// Variables by name.
        of: BTreeMap<String, Category>,
    },
    /// The name of one of these clocks.
    Clock {
        /// Clocks by name.
        of: BTreeMap<String, Clock>,
    },
    /// Levels of this variable, separated by `|`, or `any`.
    Levels {
        /// The variable.
        category: Category,
    },
    /// `LOW..HIGH`, both ends included, either may be left out; or `any`.
    Range {
        /// The number.
        number: Number,
        /// Least value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// `FROM..TO`, both days included, either may be left out, a year or month stands for all its days; or `any`.
    Dates {
        /// The date.
        date: DateVariable,
        /// First day.
        min: Date,
        /// Last day.
        max: Date,
    },
}

/// A parameter's value; its `Display` is the canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Sorted names of variables.
    Strata(Vec<String>),
    /// Name of a clock.
    Clock(String),
    /// No filter: also those whose value is missing are counted.
    Any,
    /// Sorted levels.
    Levels(Vec<String>),
    /// From `low` to `high`, both included.
    Range {
        /// Least value.
        low: i64,
        /// Largest value.
        high: i64,
    },
    /// From day to day, both included.
    Dates {
        /// First day.
        from: Date,
        /// Last day.
        to: Date,
    },
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Strata(names) if names.is_empty() => f.write_str(NONE),
            Self::Strata(names) => f.write_str(&names.join(",")),
            Self::Clock(name) => f.write_str(name),
            Self::Any => f.write_str(ANY),
            Self::Levels(levels) => f.write_str(&levels.join("|")),
            Self::Range { low, high } => write!(f, "{low}..{high}"),
            Self::Dates { from, to } => write!(f, "{from}..{to}"),
        }
    }
}

impl ParameterKind {
    /// Reads a value as a person wrote it.
    pub(super) fn read(&self, name: &str, text: &str) -> Result<Value, QuestionError> {
        let value = if text.len() > PARAMETER_BYTES_MAX {
            Err(format!("it is longer than {PARAMETER_BYTES_MAX} bytes"))
        } else {
            self.value(text.trim())
        };
        value.map_err(|reason| QuestionError::ParameterInvalid {
            name: name.to_owned(),
            value: text.chars().take(60).collect(),
            reason,
        })
    }

    fn value(&self, text: &str) -> Result<Value, String> {
        match self {
            Self::Strata { of } => strata(text, of),
            Self::Clock { of } if of.contains_key(text) => Ok(Value::Clock(text.to_owned())),
            Self::Clock { of } => Err(format!("choose one of {}", names(of.keys()))),
            Self::Levels { .. } | Self::Range { .. } | Self::Dates { .. } if text == ANY => {
                Ok(Value::Any)
            }
            Self::Levels { category } => levels(text, category),
            Self::Range { min, max, number } => range(text, *min, *max, &number.unit),
            Self::Dates { min, max, .. } => dates(text, *min, *max),
        }
    }

    /// What it accepts, in words.
    #[must_use]
    pub fn accepts(&self) -> String {
        match self {
            Self::Strata { of } => format!(
                "none, or at most {STRATA_VARIABLES_MAX} of {}",
                names(of.keys())
            ),
            Self::Clock { of } => format!("one of {}", names(of.keys())),
            Self::Levels { category } => format!("any, or some of {}", category.levels.join("|")),
            Self::Range { min, max, number } => {
                format!("any, or a range within {min}..{max} {}", number.unit)
            }
            Self::Dates { min, max, .. } => format!("any, or a range within {min}..{max}"),
        }
    }
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The parts of a list, sorted, each once; empty parts are an error of the caller's choice.
fn list(text: &str, separators: &[char]) -> Vec<String> {
    let mut parts: Vec<String> = text
        .split(separators)
        .map(|part| part.trim().to_owned())
        .collect();
    parts.sort_unstable();
    parts.dedup();
    parts
}

fn strata(text: &str, of: &BTreeMap<String, Category>) -> Result<Value, String> {
    if text.is_empty() || text == NONE {
        return Ok(Value::Strata(Vec::new()));
    }
    let chosen = list(text, &[',']);
    if !chosen.iter().all(|name| of.contains_key(name)) {
        return Err(format!(
            "choose none or from {}, separated by commas",
            names(of.keys())
        ));
    }
    if chosen.len() > STRATA_VARIABLES_MAX {
        return Err(format!(
            "at most {STRATA_VARIABLES_MAX} variables can be crossed"
        ));
    }
    Ok(Value::Strata(chosen))
}

fn levels(text: &str, category: &Category) -> Result<Value, String> {
    let chosen = list(text, &['|', ',']);
    if chosen.iter().all(|level| category.levels.contains(level)) {
        return Ok(Value::Levels(chosen));
    }
    Err(format!("choose any or from {}", category.levels.join("|")))
}

fn ends(text: &str) -> (&str, &str) {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    (low.trim(), high.trim())
}

fn range(text: &str, min: i64, max: i64, unit: &str) -> Result<Value, String> {
    let end = |end: &str, open: i64| {
        if end.is_empty() && text.contains("..") {
            Some(open)
        } else {
            end.parse().ok()
        }
    };
    let (low, high) = ends(text);
    match (end(low, min), end(high, max)) {
        (Some(low), Some(high)) if min <= low && low <= high && high <= max => {
            Ok(Value::Range { low, high })
        }
        _ => Err(format!("write any or LOW..HIGH within {min}..{max} {unit}")),
    }
}

fn dates(text: &str, min: Date, max: Date) -> Result<Value, String> {
    let (from, to) = ends(text);
    let open = |end: &str| end.is_empty() && text.contains("..");
    let from = if open(from) {
        Some(min)
    } else {
        span(from).map(|(first, _)| first)
    };
    let to = if open(to) {
        Some(max)
    } else {
        span(to).map(|(_, last)| last)
    };
    match (from, to) {
        (Some(from), Some(to)) if min <= from && from <= to && to <= max => {
            Ok(Value::Dates { from, to })
        }
        _ => Err(format!("write any or FROM..TO within {min}..{max}")),
    }
}

/// First and last day of `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
fn span(text: &str) -> Option<(Date, Date)> {
    let fields: Vec<&str> = text.split('-').collect();
    let digits = |field: &&str, length: usize| {
        field.len() == length && field.bytes().all(|byte| byte.is_ascii_digit())
    };
    match fields.as_slice() {
        [year] if digits(year, 4) => {
            let first = Date::new(year.parse().ok()?, 1, 1).ok()?;
            Some((first, first.last_of_year()))
        }
        [year, month] if digits(year, 4) && digits(month, 2) => {
            let first = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
            Some((first, first.last_of_month()))
        }
        [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2) => {
            let date = parse_date(text)?;
            Some((date, date))
        }
        _ => None,
    }
}

/// A day written `YYYY-MM-DD`.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}
