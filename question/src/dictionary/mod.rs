//! What data may a center hold? Tables, columns, codes and rules, as data: one CSV drives schema, import, checks, pages.

mod rule;
mod parse;
mod check;
mod print;
mod redcap;

use std::fmt;

pub use rule::Rule;

use crate::error::QuestionError;

/// The CSV that ships with this version.
pub const SHIPPED_CSV: &str = include_str!("../../data/dictionary.csv");

/// Every table that a center may fill, parents before children.
#[derive(Debug, Clone, PartialEq)]
pub struct Dictionary {
    tables: Vec<Table>,
}

/// One table: one CSV file of an export.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Lower-case name, safe to stand in SQL.
    pub name: String,
    /// Columns in the dictionary's order.
    pub columns: Vec<Column>,
}

/// One column and everything that is checked about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The table it belongs to.
    pub table: String,
    /// Lower-case name, safe to stand in SQL.
    pub name: String,
    /// What a value looks like.
    pub kind: ColumnKind,
    /// Unit of a number, for people.
    pub unit: Option<String>,
    /// Whether a row without it is rejected.
    pub required: bool,
    /// Whether it is the table's only key.
    pub primary: bool,
    /// The primary column that its values must be found in.
    pub references: Option<ColumnRef>,
    /// The closed list of values; empty when free.
    pub codes: Vec<String>,
    /// Smallest number allowed.
    pub min: Option<f64>,
    /// Largest number allowed.
    pub max: Option<f64>,
    /// Whether several codes may stand in one value, separated by semicolons.
    pub multiple: bool,
    /// The value of an empty field.
    pub default: Option<String>,
    /// Checks against other columns.
    pub rules: Vec<Rule>,
    /// A remark for people.
    pub note: Option<String>,
    /// The registry form or data element that it harmonises with.
    pub harmonises_with: Option<String>,
    /// The OMOP table and field.
    pub omop: Option<String>,
    /// The FHIR element.
    pub fhir: Option<String>,
}

/// What a value looks like, in an export and in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// UTF-8 text.
    Text,
    /// A whole number, 64 bits.
    Integer,
    /// A finite number.
    Real,
    /// `YYYY-MM-DD` in an export, whole days since 1970-01-01 in the database.
    Date,
}

/// The address of a column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnRef {
    /// Name of the table.
    pub table: String,
    /// Name of the column.
    pub column: String,
}

impl Dictionary {
    /// The dictionary of this version.
    ///
    /// ```
    /// let dictionary = question::Dictionary::shipped()?;
    /// assert_eq!(dictionary.tables().len(), 12);
    /// assert_eq!(dictionary.columns().count(), 138);
    /// # Ok::<(), question::QuestionError>(())
    /// ```
    pub fn shipped() -> Result<Self, QuestionError> {
        Self::parse(SHIPPED_CSV)
    }

    /// Reads a dictionary from its CSV: a header of 17 named columns, one line a column.
    pub fn parse(csv: &str) -> Result<Self, QuestionError> {
        let tables = parse::tables(csv)?;
        check::tables(&tables)?;
        Ok(Self {
            tables: check::in_import_order(tables)?,
        })
    }

    /// Tables in import order: whatever a table refers to stands before it.
    #[must_use]
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The table of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Every column of every table, in import order.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.tables.iter().flat_map(|table| &table.columns)
    }

    /// The column at this address.
    #[must_use]
    pub fn column(&self, at: &ColumnRef) -> Option<&Column> {
        self.table(&at.table)?.column(&at.column)
    }

    /// The dictionary as readable text, one block a table.
    #[must_use]
    pub fn print(&self) -> String {
        print::text(self)
    }

    /// The dictionary as a `REDCap` data dictionary: CSV with 18 columns.
    pub fn redcap(&self) -> Result<String, QuestionError> {
        redcap::csv(self)
    }
}

impl Table {
    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column whose value names a row.
    #[must_use]
    pub fn primary(&self) -> Option<&Column> {
        self.columns.iter().find(|column| column.primary)
    }
}

impl Column {
    /// Its address.
    #[must_use]
    pub fn at(&self) -> ColumnRef {
        ColumnRef {
            table: self.table.clone(),
            column: self.name.clone(),
        }
    }
}

impl ColumnKind {
    /// Every kind with the word that the CSV has for it.
    const WORDS: [(Self, &'static str); 4] = [
        (Self::Text, "TEXT"),
        (Self::Integer, "INTEGER"),
        (Self::Real, "REAL"),
        (Self::Date, "DATE"),
    ];

    /// The word that the CSV has for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Date => "DATE",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS
            .into_iter()
            .find(|(_, known)| *known == word)
            .map(|(kind, _)| kind)
    }
}

impl ColumnRef {
    /// Reads `table.column`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (table, column) = text.trim().split_once('.')?;
        (is_name(table) && is_name(column)).then(|| Self {
            table: table.into(),
            column: column.into(),
        })
    }
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

/// Whether `text` is a lower-case word that may stand in SQL as a name.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= crate::limits::NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests;
