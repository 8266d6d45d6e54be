//! Which public levels does a variable have, and how does SQL say which one a value is?

use crate::error::QuestionError;
use crate::limits::LEVELS_MAX;

/// The level of everyone whose value is not known.
pub const MISSING: &str = "missing";

/// A variable with public levels; each index row has exactly one of them or [`MISSING`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its name in templates and results.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Levels in display order, without [`MISSING`].
    pub levels: Vec<String>,
    /// How many rows of a patient become this one value, in words; nothing where it stands in the index row.
    pub fold: Option<String>,
    pub(crate) source: Source,
}

/// Where a level comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// An SQL expression that gives the level's text.
    Text(String),
    /// A number cut at breaks: one level more than breaks. Below `min` is missing.
    Bands {
        number: String,
        sql: String,
        min: i64,
        breaks: Vec<i64>,
    },
}

impl Category {
    pub(super) fn text(
        name: &str,
        label: &str,
        levels: Vec<String>,
        sql: &str,
    ) -> Result<Self, QuestionError> {
        let source = Source::Text(sql.trim().to_owned());
        Self {
            name: name.into(),
            label: label.into(),
            levels,
            fold: None,
            source,
        }
        .checked()
    }

    pub(super) fn bands(
        name: &str,
        label: &str,
        number: &super::Number,
        breaks: Vec<i64>,
        levels: Option<Vec<String>>,
    ) -> Result<Self, QuestionError> {
        let rising = breaks
            .windows(2)
            .all(|pair| matches!(pair, [low, high] if low < high));
        if breaks.is_empty() || !rising {
            return Err(QuestionError::Vocabulary(format!(
                "the breaks of {name} must rise, and there must be one at least"
            )));
        }
        let levels = levels.unwrap_or_else(|| band_levels(&breaks));
        if levels.len() != breaks.len() + 1 {
            return Err(QuestionError::Vocabulary(format!(
                "{name} must have one level more than breaks"
            )));
        }
        let source = Source::Bands {
            number: number.name.clone(),
            sql: number.sql.clone(),
            min: number.min,
            breaks,
        };
        Self {
            name: name.into(),
            label: label.into(),
            levels,
            fold: number.fold.clone(),
            source,
        }
        .checked()
    }

    /// The same variable cut at other breaks; its levels name themselves. Only bands can be cut.
    pub(crate) fn cut_at(&self, breaks: &[i64]) -> Result<Self, QuestionError> {
        match &self.source {
            Source::Text(_) => Err(QuestionError::Template(format!(
                "{} is not a number, so it has no breaks",
                self.name
            ))),
            Source::Bands {
                number, sql, min, ..
            } => {
                let number = super::Number {
                    name: number.clone(),
                    label: String::new(),
                    unit: String::new(),
                    min: *min,
                    max: i64::MAX,
                    fold: self.fold.clone(),
                    sql: sql.clone(),
                };
                Self::bands(&self.name, &self.label, &number, breaks.to_vec(), None)
            }
        }
    }

    fn checked(self) -> Result<Self, QuestionError> {
        let name = &self.name;
        let word = |level: &String| {
            !level.is_empty()
                && level
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-<>=+".contains(c))
                && level != MISSING
        };
        let mut sorted = self.levels.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if self.levels.is_empty()
            || sorted.len() < self.levels.len()
            || !self.levels.iter().all(word)
        {
            return Err(QuestionError::Vocabulary(format!(
                "the levels of {name} must be different words of letters, digits and _-<>=+, none of them {MISSING}"
            )));
        }
        if self.levels.len() >= LEVELS_MAX {
            return Err(QuestionError::TooLarge {
                what: "the levels of a variable",
                found: self.levels.len() + 1,
                limit: LEVELS_MAX,
            });
        }
        Ok(self)
    }

    /// Whether it is cut from a number.
    pub(crate) const fn is_bands(&self) -> bool {
        match &self.source {
            Source::Bands { .. } => true,
            Source::Text(_) => false,
        }
    }

    /// Whether the levels that hold numbers from `low` to `high` are known, and which; nothing for a text or another number.
    pub(crate) fn levels_within(&self, filtered: &str, low: i64, high: i64) -> Option<Vec<String>> {
        match &self.source {
            Source::Bands { number, breaks, .. } if number == filtered => {
                let starts = std::iter::once(i64::MIN).chain(breaks.iter().copied());
                let ends = breaks
                    .iter()
                    .map(|next| next.saturating_sub(1))
                    .chain(std::iter::once(i64::MAX));
                let touched = self.levels.iter().zip(starts.zip(ends));
                Some(
                    touched
                        .filter(|(_, (start, end))| *start <= high && *end >= low)
                        .map(|(level, _)| level.clone())
                        .collect(),
                )
            }
            Source::Bands { .. } | Source::Text(_) => None,
        }
    }

    /// SQL over the index row: the value that [`Self::position_sql`] places.
    pub(crate) fn value_sql(&self) -> &str {
        match &self.source {
            Source::Text(sql) | Source::Bands { sql, .. } => sql,
        }
    }

    /// SQL that gives the position in `kept` of the level of `value` (a plain column name). Total: what has no place of its own goes
    /// to [`MISSING`], or to 0 where a filter has already left out all but `kept`.
    pub(crate) fn position_sql(&self, value: &str, kept: &[String]) -> String {
        let place = |level: &str| kept.iter().position(|known| known == level);
        let other = place(MISSING).unwrap_or(0);
        let arms: Vec<String> = match &self.source {
            Source::Text(_) => {
                let known = self
                    .levels
                    .iter()
                    .filter_map(|level| Some((level, place(level)?)));
                known
                    .map(|(level, place)| format!("WHEN {value} = '{level}' THEN {place}"))
                    .collect()
            }
            Source::Bands { min, breaks, .. } => {
                let place = |level: &String| place(level).unwrap_or(other);
                let below = breaks.iter().zip(&self.levels);
                let below = below
                    .map(|(next, level)| format!("WHEN {value} < {next} THEN {}", place(level)));
                let last = self.levels.last().map_or(other, place);
                let missing = format!("WHEN {value} < {min} THEN {other}");
                let last = format!("WHEN {value} IS NOT NULL THEN {last}");
                std::iter::once(missing)
                    .chain(below)
                    .chain([last])
                    .collect()
            }
        };
        format!("CASE {} ELSE {other} END", arms.join(" "))
    }
}

/// `<18`, `18-64`, `65-74`, `>=75`; a band of one whole number is that number.
fn band_levels(breaks: &[i64]) -> Vec<String> {
    let first = breaks.iter().take(1).map(|start| format!("<{start}"));
    let middle = breaks.windows(2).filter_map(|pair| match pair {
        [start, next] if start + 1 == *next => Some(format!("{start}")),
        [start, next] => Some(format!("{start}-{}", next - 1)),
        _ => None,
    });
    let last = breaks
        .iter()
        .rev()
        .take(1)
        .map(|start| format!(">={start}"));
    first.chain(middle).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_name_themselves() {
        assert_eq!(
            band_levels(&[18, 65, 75]),
            ["<18", "18-64", "65-74", ">=75"]
        );
        assert_eq!(
            band_levels(&[2019, 2020, 2021]),
            ["<2019", "2019", "2020", ">=2021"]
        );
        assert_eq!(band_levels(&[2]), ["<2", ">=2"]);
    }
}
