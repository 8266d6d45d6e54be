//! What do the files of variables and clocks look like, and what does each entry become?

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Category, Clock, DateVariable, Number, fragment};
use crate::dictionary::Dictionary;
use crate::error::QuestionError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VariablesFile {
    #[serde(default)]
    pub(super) numbers: BTreeMap<String, NumberEntry>,
    #[serde(default)]
    pub(super) dates: BTreeMap<String, DateEntry>,
    #[serde(default)]
    pub(super) bands: BTreeMap<String, BandsEntry>,
    #[serde(default)]
    pub(super) groups: BTreeMap<String, GroupEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NumberEntry {
    pub(super) label: String,
    pub(super) unit: String,
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) sql: String,
    pub(super) fold: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DateEntry {
    pub(super) label: String,
    pub(super) sql: String,
    pub(super) fold: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BandsEntry {
    pub(super) label: String,
    pub(super) number: String,
    pub(super) breaks: Vec<i64>,
    pub(super) levels: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupEntry {
    pub(super) label: String,
    pub(super) levels: Vec<String>,
    pub(super) sql: String,
    pub(super) fold: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockEntry {
    pub(super) label: String,
    pub(super) event: String,
    pub(super) text: String,
    pub(super) start: String,
    pub(super) events: Vec<String>,
    pub(super) end: String,
    pub(super) unusable: Option<String>,
    pub(super) fold: Option<String>,
}

impl NumberEntry {
    pub(super) fn number(
        self,
        name: &str,
        dictionary: &Dictionary,
    ) -> Result<Number, QuestionError> {
        let sql = check(name, &self.sql, dictionary)?;
        let fold = declared_fold(name, &[&self.sql], self.fold)?;
        Ok(Number {
            name: name.into(),
            label: self.label,
            unit: self.unit,
            min: self.min,
            max: self.max,
            fold,
            sql,
        })
    }
}

impl DateEntry {
    pub(super) fn date(
        self,
        name: &str,
        dictionary: &Dictionary,
    ) -> Result<DateVariable, QuestionError> {
        Ok(DateVariable {
            name: name.into(),
            label: self.label,
            fold: declared_fold(name, &[&self.sql], self.fold)?,
            sql: check(name, &self.sql, dictionary)?,
        })
    }
}

impl BandsEntry {
    pub(super) fn category(
        self,
        name: &str,
        numbers: &BTreeMap<String, Number>,
    ) -> Result<Category, QuestionError> {
        let number = numbers.get(&self.number).ok_or_else(|| {
            QuestionError::Vocabulary(format!(
                "{name} is cut from {}, which is no number",
                self.number
            ))
        })?;
        Category::bands(name, &self.label, number, self.breaks, self.levels)
    }
}

impl GroupEntry {
    pub(super) fn category(
        self,
        name: &str,
        dictionary: &Dictionary,
    ) -> Result<Category, QuestionError> {
        let sql = check(name, &self.sql, dictionary)?;
        let fold = declared_fold(name, &[&self.sql], self.fold)?;
        let category = Category::text(name, &self.label, self.levels, &sql)?;
        Ok(Category { fold, ..category })
    }
}

impl ClockEntry {
    pub(super) fn clock(self, name: &str, dictionary: &Dictionary) -> Result<Clock, QuestionError> {
        if self.events.is_empty() {
            return Err(QuestionError::Vocabulary(format!(
                "the clock {name} has no event"
            )));
        }
        let sql = |sql: &String| check(name, sql, dictionary);
        let fragments = [&self.start, &self.end].into_iter();
        let fragments = fragments.chain(&self.events).chain(&self.unusable);
        let fold = declared_fold(name, &fragments.collect::<Vec<_>>(), self.fold)?;
        Ok(Clock {
            name: name.into(),
            label: self.label,
            event: self.event,
            text: self.text.trim().to_owned(),
            fold,
            start: sql(&self.start)?,
            events: self.events.iter().map(sql).collect::<Result<_, _>>()?,
            end: sql(&self.end)?,
            unusable: self.unusable.as_ref().map(sql).transpose()?,
        })
    }
}

fn check(name: &str, sql: &str, dictionary: &Dictionary) -> Result<String, QuestionError> {
    fragment::check(sql, dictionary)
        .map_err(|sentence| QuestionError::Vocabulary(format!("{name}: {sentence}")))?;
    Ok(sql.trim().to_owned())
}

/// How many rows become one value, in words. What looks beyond the index row must say so, and nothing else may.
fn declared_fold(
    name: &str,
    fragments: &[&String],
    fold: Option<String>,
) -> Result<Option<String>, QuestionError> {
    let many = fragments
        .iter()
        .any(|sql| sql.to_ascii_lowercase().contains("select"));
    match (many, fold) {
        (true, None) => Err(QuestionError::Vocabulary(format!(
            "{name} looks at many rows of a patient; say in `fold` how they become one value"
        ))),
        (false, Some(_)) => Err(QuestionError::Vocabulary(format!(
            "{name} looks at the index row alone; take its `fold` out"
        ))),
        (true, Some(fold)) => Ok(Some(fold)),
        (false, None) => Ok(None),
    }
}
