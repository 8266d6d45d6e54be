//! How does the dictionary look to `REDCap`? Its data dictionary: CSV of 18 columns, one instrument a table.

use std::collections::BTreeMap;

use super::{Column, ColumnKind, Dictionary, Rule};
use crate::error::QuestionError;

/// `REDCap`'s header, word for word.
pub(super) const HEADER: [&str; 18] = [
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
];

/// The record of a `REDCap` project: one patient. Its id must be the first field.
const RECORD: (&str, &str) = ("patient", "patient_id");

/// The dictionary in `REDCap`'s format.
///
/// The patient's form comes first because `REDCap` takes the first field as the record's id. Columns that only repeat that id
/// are left out. `REDCap` wants each field name once: a column name used by several tables gets its table's name in front.
pub(super) fn csv(dictionary: &Dictionary) -> Result<String, QuestionError> {
    let columns = fields_in_order(dictionary);
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for column in &columns {
        *uses.entry(column.name.as_str()).or_default() += 1;
    }
    let name = |column: &Column| {
        let record_id = (column.table.as_str(), column.name.as_str()) == RECORD;
        if record_id || uses.get(column.name.as_str()) == Some(&1) {
            column.name.clone()
        } else {
            format!("{}_{}", column.table, column.name)
        }
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).map_err(unwritable)?;
    for column in columns {
        writer
            .write_record(row(column, &name, dictionary))
            .map_err(unwritable)?;
    }
    let bytes = writer.into_inner().map_err(unwritable)?;
    String::from_utf8(bytes).map_err(unwritable)
}

fn unwritable(error: impl std::fmt::Display) -> QuestionError {
    QuestionError::Dictionary(format!("it cannot be written as CSV: {error}"))
}

fn fields_in_order(dictionary: &Dictionary) -> Vec<&Column> {
    let repeats_record = |column: &Column| {
        column
            .references
            .as_ref()
            .is_some_and(|parent| (parent.table.as_str(), parent.column.as_str()) == RECORD)
    };
    let mut columns: Vec<&Column> = dictionary
        .columns()
        .filter(|column| !repeats_record(column))
        .collect();
    // Stable: within the two groups the import order stays.
    columns.sort_by_key(|column| column.table != RECORD.0);
    columns
}

fn row(
    column: &Column,
    name: &impl Fn(&Column) -> String,
    dictionary: &Dictionary,
) -> [String; 18] {
    let number = |bound: Option<f64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
    let flag = |set: bool| if set { "y".to_owned() } else { String::new() };
    let note = [column.unit.clone(), column.note.clone()];
    [
        name(column),
        column.table.clone(),
        String::new(),
        field_type(column).to_owned(),
        label(&column.name),
        column
            .codes
            .iter()
            .map(|code| format!("{code}, {}", label(code)))
            .collect::<Vec<_>>()
            .join(" | "),
        note.into_iter().flatten().collect::<Vec<_>>().join("; "),
        validation(column).to_owned(),
        number(column.min),
        number(column.max),
        flag(column.primary && column.name != "center_id"),
        branching(column, name, dictionary),
        flag(column.required),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        annotation(column),
    ]
}

fn field_type(column: &Column) -> &'static str {
    match (column.codes.is_empty(), column.multiple) {
        (true, _) => "text",
        (false, true) => "checkbox",
        (false, false) => "radio",
    }
}

fn validation(column: &Column) -> &'static str {
    match column.kind {
        ColumnKind::Text => "",
        ColumnKind::Integer => "integer",
        ColumnKind::Real => "number",
        ColumnKind::Date => "date_ymd",
    }
}

fn label(name: &str) -> String {
    name.replace('_', " ")
}

fn branching(
    column: &Column,
    name: &impl Fn(&Column) -> String,
    dictionary: &Dictionary,
) -> String {
    let conditions = column.rules.iter().filter_map(|rule| match rule {
        Rule::RequiredIf {
            column: other,
            code,
        } => {
            let other = dictionary.table(&column.table)?.column(other)?;
            Some(format!("[{}] = '{code}'", name(other)))
        }
        Rule::NotBefore(_) | Rule::NotAfter(_) => None,
    });
    conditions.collect::<Vec<_>>().join(" or ")
}

fn annotation(column: &Column) -> String {
    let mut parts: Vec<String> = column
        .default
        .iter()
        .map(|default| format!("@DEFAULT='{default}'"))
        .collect();
    parts.extend(
        column
            .references
            .iter()
            .map(|parent| format!("refers to {parent}")),
    );
    parts.extend(column.rules.iter().map(ToString::to_string));
    parts.extend(column.harmonises_with.clone());
    parts.join("; ")
}
