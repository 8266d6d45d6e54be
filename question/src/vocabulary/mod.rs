//! Which variables and clocks may a template use? Read from data files that ship with the code, checked against the dictionary.

mod fragment;
mod category;
mod file;

use std::collections::BTreeMap;

pub use category::{Category, MISSING};

use file::{ClockEntry, VariablesFile};

use crate::dictionary::{ColumnKind, Dictionary, is_name};
use crate::error::QuestionError;

/// Variables of this version.
pub const VARIABLES_TOML: &str = include_str!("../../data/variables.toml");
/// Clocks of this version.
pub const CLOCKS_TOML: &str = include_str!("../../data/clocks.toml");
/// FROM and JOINs that give every patient exactly one row.
pub(crate) const INDEX_ROW_SQL: &str = include_str!("../../data/index_row.sql");

/// The code that says "unknown" in a closed list; it counts as [`MISSING`].
const UNKNOWN: &str = "U";

/// Everything that a template can refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    categories: BTreeMap<String, Category>,
    numbers: BTreeMap<String, Number>,
    dates: BTreeMap<String, DateVariable>,
    clocks: BTreeMap<String, Clock>,
}

/// A whole number of an index row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Its name in templates.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Its unit.
    pub unit: String,
    /// Least value that makes sense.
    pub min: i64,
    /// Largest value that makes sense.
    pub max: i64,
    /// How many rows of a patient become this one value, in words; nothing where it stands in the index row.
    pub fold: Option<String>,
    pub(crate) sql: String,
}

/// A date of an index row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateVariable {
    /// Its name in templates.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// How many rows of a patient become this one value, in words; nothing where it stands in the index row.
    pub fold: Option<String>,
    pub(crate) sql: String,
}

/// Time from a start to the first event or the end of follow-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// Its name in parameters, such as `os`.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// What ends it.
    pub event: String,
    /// The definition, in words.
    pub text: String,
    /// How many rows of a patient become this one value, in words; nothing where it stands in the index row.
    pub fold: Option<String>,
    pub(crate) start: String,
    pub(crate) events: Vec<String>,
    pub(crate) end: String,
    pub(crate) unusable: Option<String>,
}

impl Vocabulary {
    /// The variables and clocks of this version over this dictionary.
    pub fn shipped(dictionary: &Dictionary) -> Result<Self, QuestionError> {
        Self::parse(VARIABLES_TOML, CLOCKS_TOML, dictionary)
    }

    /// Reads variables and clocks; every column that their SQL names must be in the dictionary.
    pub fn parse(
        variables: &str,
        clocks: &str,
        dictionary: &Dictionary,
    ) -> Result<Self, QuestionError> {
        let file: VariablesFile = toml::from_str(variables).map_err(|error| malformed(&error))?;
        let clocks: BTreeMap<String, ClockEntry> =
            toml::from_str(clocks).map_err(|error| malformed(&error))?;
        let numbers = named(file.numbers, |name, entry| entry.number(name, dictionary))?;
        let mut categories = coded_columns(dictionary)?;
        categories.extend(named(file.bands, |name, entry| {
            entry.category(name, &numbers)
        })?);
        categories.extend(named(file.groups, |name, entry| {
            entry.category(name, dictionary)
        })?);
        Ok(Self {
            categories,
            numbers,
            dates: named(file.dates, |name, entry| entry.date(name, dictionary))?,
            clocks: named(clocks, |name, entry| entry.clock(name, dictionary))?,
        })
    }

    /// The category of this name.
    #[must_use]
    pub fn category(&self, name: &str) -> Option<&Category> {
        self.categories.get(name)
    }

    /// Names of all categories, sorted.
    pub fn category_names(&self) -> impl Iterator<Item = &str> {
        self.categories.keys().map(String::as_str)
    }

    /// The number of this name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<&Number> {
        self.numbers.get(name)
    }

    /// The date of this name.
    #[must_use]
    pub fn date(&self, name: &str) -> Option<&DateVariable> {
        self.dates.get(name)
    }

    /// The clock of this name.
    #[must_use]
    pub fn clock(&self, name: &str) -> Option<&Clock> {
        self.clocks.get(name)
    }
}

fn malformed(error: &toml::de::Error) -> QuestionError {
    QuestionError::Vocabulary(error.to_string().trim_end().to_owned())
}

fn named<E, V>(
    entries: BTreeMap<String, E>,
    read: impl Fn(&str, E) -> Result<V, QuestionError>,
) -> Result<BTreeMap<String, V>, QuestionError> {
    let read_one = |(name, entry): (String, E)| {
        if !is_name(&name) {
            return Err(QuestionError::Vocabulary(format!(
                "{name:?} is no lower-case name"
            )));
        }
        let value = read(&name, entry)?;
        Ok((name, value))
    };
    entries.into_iter().map(read_one).collect()
}

/// Columns of an index row's tables that have a closed list of codes and one value a row.
fn coded_columns(dictionary: &Dictionary) -> Result<BTreeMap<String, Category>, QuestionError> {
    let mut categories = BTreeMap::new();
    for (table, alias) in [("patient", "p"), ("course", "c"), ("infusion", "i")] {
        let columns = dictionary
            .table(table)
            .map(|table| table.columns.as_slice())
            .unwrap_or_default();
        for column in columns
            .iter()
            .filter(|column| column.kind == ColumnKind::Text && !column.multiple)
        {
            let levels: Vec<String> = column
                .codes
                .iter()
                .filter(|code| *code != UNKNOWN)
                .cloned()
                .collect();
            // A closed list too long to stratify by, or nothing but "unknown", is simply no category.
            if levels.is_empty()
                || levels.len() >= crate::limits::LEVELS_MAX
                || levels.iter().any(|level| level == MISSING)
            {
                continue;
            }
            let label = column.name.replace('_', " ");
            let category = Category::text(
                &column.name,
                &label,
                levels,
                &format!("{alias}.{}", column.name),
            )?;
            categories.entry(column.name.clone()).or_insert(category);
        }
    }
    Ok(categories)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_variables_and_clocks_fit_the_shipped_dictionary() {
        let vocabulary = Vocabulary::shipped(&Dictionary::shipped().unwrap()).unwrap();
        assert_eq!(
            vocabulary.category("age_band").unwrap().levels,
            ["<18", "18-64", "65-74", ">=75"]
        );
        assert_eq!(vocabulary.category("sex").unwrap().levels, ["M", "F"]);
        assert_eq!(vocabulary.category("product").unwrap().levels.len(), 15);
        assert_eq!(
            vocabulary.category("prior_lines").unwrap().levels,
            ["0-1", "2", "3", ">=4"]
        );
        assert_eq!(vocabulary.clock("pfs").unwrap().events.len(), 2);
        assert!(vocabulary.category("consent_date").is_none());
    }

    #[test]
    fn a_coded_column_added_to_the_dictionary_is_a_variable_at_once() {
        let csv = format!(
            "{}\ncourse,marker,TEXT,,N,,,hi|lo|U,,,,,,,,,\n",
            crate::dictionary::SHIPPED_CSV.trim_end()
        );
        let vocabulary = Vocabulary::shipped(&Dictionary::parse(&csv).unwrap()).unwrap();
        assert_eq!(vocabulary.category("marker").unwrap().levels, ["hi", "lo"]);
    }

    #[rstest::rstest]
    #[case("p.birth_year", "", true)]
    #[case("p.birth_year", "fold = \"the first\"", false)]
    #[case(
        "(SELECT MIN(f.infusion_no) FROM infusion f WHERE f.patient_id = p.patient_id)",
        "",
        false
    )]
    #[case(
        "(SELECT MIN(f.infusion_no) FROM infusion f WHERE f.patient_id = p.patient_id)",
        "fold = \"the first\"",
        true
    )]
    fn what_looks_at_many_rows_says_how_they_become_one(
        #[case] sql: &str,
        #[case] fold: &str,
        #[case] fits: bool,
    ) {
        let variables = format!(
            "[numbers.x]\nlabel = \"x\"\nunit = \"y\"\nmin = 0\nmax = 9\nsql = \"{sql}\"\n{fold}\n"
        );
        let dictionary = Dictionary::shipped().unwrap();
        let read = Vocabulary::parse(&variables, "", &dictionary);
        assert_eq!(read.is_ok(), fits, "{read:?}");
    }

    #[test]
    fn a_dictionary_without_a_needed_column_is_refused_by_name() {
        let lines = crate::dictionary::SHIPPED_CSV.lines();
        let csv: Vec<&str> = lines
            .filter(|line| !line.starts_with("course,ecog,"))
            .collect();
        let csv = csv.join("\n");
        let error = Vocabulary::shipped(&Dictionary::parse(&csv).unwrap()).unwrap_err();
        assert_eq!(error.code(), "variables-malformed");
        assert!(
            error
                .to_string()
                .contains("ecog: it needs the column course.ecog"),
            "{error}"
        );
    }
}
