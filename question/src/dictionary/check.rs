//! Do the columns of a dictionary fit together? Keys, references, codes, ranges, defaults and rules, and the import order.

use std::collections::BTreeSet;

use super::{Column, ColumnKind, ColumnRef, Rule, Table};
use crate::error::QuestionError;
use crate::limits::{CODES_MAX, COLUMNS_MAX, TABLES_MAX};

/// Names that the node gives to tables of its own.
const RESERVED: [&str; 1] = ["withdrawn"];

/// Checks every table and column against the others.
pub(super) fn tables(tables: &[Table]) -> Result<(), QuestionError> {
    if tables.is_empty() {
        return Err(wrong("it has no table"));
    }
    if tables.len() > TABLES_MAX {
        return Err(wrong(&format!(
            "it has {} tables, at most {TABLES_MAX} are allowed",
            tables.len()
        )));
    }
    for table in tables {
        check_table(table)?;
        for column in &table.columns {
            check_values(column)?;
            check_reference(column, tables)?;
            check_rules(column, tables)?;
        }
    }
    Ok(())
}

/// The same tables, each after all that it refers to; otherwise in the file's order.
pub(super) fn in_import_order(mut waiting: Vec<Table>) -> Result<Vec<Table>, QuestionError> {
    let mut ordered: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let landed: BTreeSet<&str> = ordered.iter().map(|table| table.name.as_str()).collect();
        let ready = waiting.iter().position(|table| {
            let mut parents = table
                .columns
                .iter()
                .filter_map(|column| column.references.as_ref());
            parents.all(|parent| landed.contains(parent.table.as_str()))
        });
        let Some(ready) = ready else {
            let names: Vec<&str> = waiting.iter().map(|table| table.name.as_str()).collect();
            return Err(wrong(&format!(
                "the tables {} refer to each other in a circle",
                names.join(", ")
            )));
        };
        ordered.push(waiting.remove(ready));
    }
    Ok(ordered)
}

fn wrong(sentence: &str) -> QuestionError {
    QuestionError::Dictionary(sentence.to_owned())
}

fn check_table(table: &Table) -> Result<(), QuestionError> {
    let name = &table.name;
    if name.starts_with("sqlite_") || RESERVED.contains(&name.as_str()) {
        return Err(wrong(&format!(
            "a table cannot be called {name}; that name is taken"
        )));
    }
    if table.columns.len() > COLUMNS_MAX {
        return Err(wrong(&format!(
            "table {name} has more than {COLUMNS_MAX} columns"
        )));
    }
    let names: BTreeSet<&str> = table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    if names.len() < table.columns.len() {
        return Err(wrong(&format!("table {name} names a column twice")));
    }
    let primary: Vec<&Column> = table
        .columns
        .iter()
        .filter(|column| column.primary)
        .collect();
    match primary.as_slice() {
        [key] if key.required && key.kind == ColumnKind::Text => Ok(()),
        [key] => Err(wrong(&format!(
            "the key {} must be TEXT and required",
            key.at()
        ))),
        _ => Err(wrong(&format!(
            "table {name} must have exactly one primary column"
        ))),
    }
}

fn check_values(column: &Column) -> Result<(), QuestionError> {
    let at = column.at();
    let number = matches!(column.kind, ColumnKind::Integer | ColumnKind::Real);
    let codes: BTreeSet<&String> = column.codes.iter().collect();
    if !column.codes.is_empty() && column.kind != ColumnKind::Text {
        return Err(wrong(&format!("{at} has codes, so its type must be TEXT")));
    }
    if codes.len() < column.codes.len() {
        return Err(wrong(&format!("{at} lists a code twice")));
    }
    if codes.len() > CODES_MAX {
        return Err(wrong(&format!("{at} has more than {CODES_MAX} codes")));
    }
    if column.multiple && column.codes.is_empty() {
        return Err(wrong(&format!(
            "{at} allows several values, so it needs codes"
        )));
    }
    if (column.min.is_some() || column.max.is_some()) && !number {
        return Err(wrong(&format!(
            "{at} has a range, so its type must be INTEGER or REAL"
        )));
    }
    if column
        .min
        .zip(column.max)
        .is_some_and(|(min, max)| min > max)
    {
        return Err(wrong(&format!("the range of {at} is empty")));
    }
    match &column.default {
        Some(default) if !default_fits(column, default) => Err(wrong(&format!(
            "the default of {at} is not one of its own values"
        ))),
        _ => Ok(()),
    }
}

fn default_fits(column: &Column, default: &str) -> bool {
    let in_range = |number: f64| {
        number.is_finite()
            && column.min.is_none_or(|min| number >= min)
            && column.max.is_none_or(|max| number <= max)
    };
    match column.kind {
        ColumnKind::Text => {
            column.codes.is_empty() || column.codes.iter().any(|code| code == default)
        }
        ColumnKind::Integer => default
            .parse::<i32>()
            .is_ok_and(|number| in_range(f64::from(number))),
        ColumnKind::Real => default.parse::<f64>().is_ok_and(in_range),
        ColumnKind::Date => default.parse::<jiff::civil::Date>().is_ok(),
    }
}

fn check_reference(column: &Column, tables: &[Table]) -> Result<(), QuestionError> {
    let Some(parent) = &column.references else {
        return Ok(());
    };
    let at = column.at();
    match find(parent, tables) {
        None => Err(wrong(&format!(
            "{at} refers to {parent}, which does not exist"
        ))),
        Some(key) if !key.primary => Err(wrong(&format!(
            "{at} refers to {parent}, which is not a primary column"
        ))),
        Some(_) if column.kind != ColumnKind::Text => {
            Err(wrong(&format!("{at} refers to a key, so it must be TEXT")))
        }
        Some(_) => Ok(()),
    }
}

fn check_rules(column: &Column, tables: &[Table]) -> Result<(), QuestionError> {
    let at = column.at();
    for rule in &column.rules {
        match rule {
            Rule::NotBefore(other) | Rule::NotAfter(other) => {
                let date = find(other, tables).is_some_and(|found| found.kind == ColumnKind::Date);
                if !date || column.kind != ColumnKind::Date {
                    return Err(wrong(&format!(
                        "the rule {rule} of {at} must compare two columns of type DATE"
                    )));
                }
            }
            Rule::RequiredIf { column: name, code } => {
                let other = ColumnRef {
                    table: column.table.clone(),
                    column: name.clone(),
                };
                if !find(&other, tables).is_some_and(|found| found.codes.contains(code)) {
                    return Err(wrong(&format!(
                        "the rule {rule} of {at} must name a code of a column of its table"
                    )));
                }
            }
        }
    }
    Ok(())
}

fn find<'a>(at: &ColumnRef, tables: &'a [Table]) -> Option<&'a Column> {
    tables
        .iter()
        .find(|table| table.name == at.table)?
        .column(&at.column)
}
