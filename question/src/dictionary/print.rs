//! How does a person read the dictionary? One block a table, one line a column.

use std::fmt::Write as _;

use super::{Column, Dictionary};

/// The whole dictionary as text of at most a few hundred lines.
pub(super) fn text(dictionary: &Dictionary) -> String {
    let mut text = String::new();
    for table in dictionary.tables() {
        let width = table
            .columns
            .iter()
            .map(|column| column.name.len())
            .max()
            .unwrap_or(0);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", table.name);
        for column in &table.columns {
            let (name, kind) = (&column.name, column.kind.word());
            let line = format!("  {name:width$}  {kind:7}  {}", facts(column).join("; "));
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text.push('\n');
    }
    text
}

fn facts(column: &Column) -> Vec<String> {
    let mut facts = Vec::new();
    if column.primary {
        facts.push("key".to_owned());
    } else if column.required {
        facts.push("required".to_owned());
    }
    if let Some(parent) = &column.references {
        facts.push(format!("refers to {parent}"));
    }
    if !column.codes.is_empty() {
        let several = if column.multiple { "any of " } else { "" };
        facts.push(format!("{several}{}", column.codes.join("|")));
    }
    match (column.min, column.max) {
        (Some(min), Some(max)) => facts.push(format!("{min} to {max}")),
        (Some(min), None) => facts.push(format!("at least {min}")),
        (None, Some(max)) => facts.push(format!("at most {max}")),
        (None, None) => {}
    }
    facts.extend(column.unit.clone());
    facts.extend(
        column
            .default
            .iter()
            .map(|default| format!("if empty: {default}")),
    );
    facts.extend(column.rules.iter().map(ToString::to_string));
    facts.extend(column.note.clone());
    facts
}
