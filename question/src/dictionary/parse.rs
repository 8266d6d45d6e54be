//! How is the dictionary's CSV read? Line by line into columns; rules between columns are checked afterwards.

use std::collections::BTreeMap;

use super::{Column, ColumnKind, ColumnRef, Rule, Table, is_name};
use crate::error::QuestionError;

/// The header, each name once, in any order.
pub(super) const HEADER: [&str; 17] = [
    "table",
    "column",
    "type",
    "unit",
    "required",
    "key",
    "references",
    "codes",
    "min",
    "max",
    "multiple",
    "default",
    "rule",
    "note",
    "harmonises_with",
    "omop",
    "fhir",
];

/// Tables in the order in which the file names them first.
pub(super) fn tables(csv: &str) -> Result<Vec<Table>, QuestionError> {
    let mut reader =
        csv::ReaderBuilder::new().from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let header: Vec<String> = reader
        .headers()
        .map_err(|error| unreadable(&error))?
        .iter()
        .map(str::to_owned)
        .collect();
    check_header(&header)?;
    let mut tables: Vec<Table> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let fields = header
            .iter()
            .map(String::as_str)
            .zip(record.iter().map(str::trim))
            .collect();
        let column = Line { line, fields }.column()?;
        match tables.iter_mut().find(|table| table.name == column.table) {
            Some(table) => table.columns.push(column),
            None => tables.push(Table {
                name: column.table.clone(),
                columns: vec![column],
            }),
        }
    }
    Ok(tables)
}

fn unreadable(error: &csv::Error) -> QuestionError {
    QuestionError::Dictionary(format!("it is not CSV with one header line: {error}"))
}

fn check_header(header: &[String]) -> Result<(), QuestionError> {
    let mut sorted: Vec<&str> = header.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    let mut expected = HEADER;
    expected.sort_unstable();
    if sorted == expected {
        return Ok(());
    }
    Err(QuestionError::Dictionary(format!(
        "its header must have exactly the columns {}",
        HEADER.join(", ")
    )))
}

/// One line of the file, its fields by name.
struct Line<'a> {
    line: u64,
    fields: BTreeMap<&'a str, &'a str>,
}

impl Line<'_> {
    fn column(&self) -> Result<Column, QuestionError> {
        let kind = ColumnKind::from_word(self.field("type"))
            .ok_or_else(|| self.wrong("type must be TEXT, INTEGER, REAL or DATE"))?;
        let primary = match self.field("key") {
            "primary" => true,
            "" => false,
            _ => return Err(self.wrong("key must be primary or empty")),
        };
        let rules = Rule::parse_all(self.field("rule")).map_err(|part| {
            self.wrong(&format!(
                "{part:?} is no rule; write not_before, not_after or required_if"
            ))
        })?;
        Ok(Column {
            table: self.name("table")?,
            name: self.name("column")?,
            kind,
            unit: self.text("unit"),
            required: self.yes("required")?,
            primary,
            references: self.reference()?,
            codes: self.codes()?,
            min: self.number("min")?,
            max: self.number("max")?,
            multiple: self.yes("multiple")?,
            default: self.text("default"),
            rules,
            note: self.text("note"),
            harmonises_with: self.text("harmonises_with"),
            omop: self.text("omop"),
            fhir: self.text("fhir"),
        })
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).copied().unwrap_or_default()
    }

    fn text(&self, name: &str) -> Option<String> {
        Some(self.field(name))
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    fn name(&self, field: &str) -> Result<String, QuestionError> {
        let name = self.field(field);
        if is_name(name) {
            return Ok(name.to_owned());
        }
        Err(self.wrong(&format!(
            "{field} must be a lower-case name of letters, digits and underscores"
        )))
    }

    fn yes(&self, field: &str) -> Result<bool, QuestionError> {
        match self.field(field) {
            "Y" => Ok(true),
            "N" | "" => Ok(false),
            _ => Err(self.wrong(&format!("{field} must be Y, N or empty"))),
        }
    }

    fn number(&self, field: &str) -> Result<Option<f64>, QuestionError> {
        let Some(text) = self.text(field) else {
            return Ok(None);
        };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(self.wrong(&format!("{field} must be a number"))),
        }
    }

    fn reference(&self) -> Result<Option<ColumnRef>, QuestionError> {
        let Some(text) = self.text("references") else {
            return Ok(None);
        };
        ColumnRef::parse(&text)
            .map(Some)
            .ok_or_else(|| self.wrong("references must be TABLE.COLUMN"))
    }

    fn codes(&self) -> Result<Vec<String>, QuestionError> {
        let Some(text) = self.text("codes") else {
            return Ok(Vec::new());
        };
        let codes: Vec<String> = text.split('|').map(str::to_owned).collect();
        let plain = |code: &String| {
            !code.is_empty()
                && code
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        };
        if codes.iter().all(plain) {
            return Ok(codes);
        }
        Err(self.wrong("codes must be words of letters, digits, _ and -, separated by |"))
    }

    fn wrong(&self, sentence: &str) -> QuestionError {
        QuestionError::Dictionary(format!("line {}: {sentence}", self.line))
    }
}
