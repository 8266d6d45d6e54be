//! Does each row of a file stand on its own? Fields become values, identifiers pseudonyms, faults rejects.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use question::dictionary::{Rule, Table};
use rusqlite::types::Value;

use super::file::{Export, Row, TableFile};
use super::{Check, ImportError, Request, value};
use crate::error::NodeError;
use crate::store::landing::Landing;
use crate::store::schema::pseudonym_domain;

/// Rows of one file, at most.
pub const ROWS_MAX: u64 = 20_000_000;

/// Bytes of an export from which on a person is shown how far it is.
const LONG_BYTES: u64 = 1024 * 1024;

/// Tells the progress bar how many bytes there are, and hides it if they are few.
pub(super) fn measure(exports: &[Option<Export>], progress: &ProgressBar) -> Result<(), NodeError> {
    let mut bytes = 0;
    for export in exports.iter().flatten() {
        let meta = export
            .path
            .metadata()
            .map_err(|error| NodeError::file("read", &export.path, error))?;
        bytes += meta.len();
    }
    if bytes < LONG_BYTES {
        progress.set_draw_target(ProgressDrawTarget::hidden());
    }
    progress.set_length(bytes);
    if let Ok(style) =
        ProgressStyle::with_template("{msg:<16} {bar:40} {percent:>3} % {bytes}/{total_bytes}")
    {
        progress.set_style(style);
    }
    Ok(())
}

/// Reads one table's file into the landing, row by row.
pub(super) fn land(
    landing: &Landing<'_>,
    position: usize,
    table: &Table,
    export: &Export,
    request: &Request<'_>,
) -> Result<(), NodeError> {
    request.progress.set_message(table.name.clone());
    let mut file = TableFile::open(export, table, request.progress)?;
    let key_place = table.columns.iter().position(|column| column.primary);
    let mut rows: u64 = 0;
    while let Some(row) = file.next_row()? {
        rows += 1;
        if rows > ROWS_MAX {
            return Err(ImportError::TooManyRows {
                file: export.name.clone(),
                rows_max: ROWS_MAX,
            }
            .into());
        }
        let (values, broken) = read(&row, table, request);
        for (place, check) in &broken {
            landing.reject(position, row.line, *place, *check)?;
        }
        let key = key_place.and_then(|place| values.get(place));
        match key {
            _ if broken.is_empty() => {
                if !landing.insert(position, row.line, &values)? {
                    landing.reject(position, row.line, key_place, Check::Duplicate)?;
                }
            }
            Some(Value::Text(key)) => landing.remember_rejected(position, key)?,
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// What a row did not pass: the column's place, or the whole row, and the check.
type Broken = Vec<(Option<usize>, Check)>;

/// The row's values in the table's order (`Null` where a field is broken), and what is broken.
fn read(row: &Row<'_>, table: &Table, request: &Request<'_>) -> (Vec<Value>, Broken) {
    let mut broken = Broken::new();
    if !row.is_whole() {
        broken.push((None, Check::Fields));
    }
    let mut values = Vec::with_capacity(table.columns.len());
    for (place, column) in table.columns.iter().enumerate() {
        let value = value::parse(column, row.text(place)).unwrap_or_else(|check| {
            broken.push((Some(place), check));
            Value::Null
        });
        values.push(match (pseudonym_domain(column), value) {
            (Some(domain), Value::Text(id)) => {
                Value::Text(request.pseudonyms.pseudonym(domain, &id))
            }
            (_, value) => value,
        });
    }
    for (place, column) in table.columns.iter().enumerate() {
        let missing = matches!(values.get(place), Some(Value::Null));
        let told = broken.iter().any(|(at, _)| *at == Some(place));
        if missing
            && !told
            && column
                .rules
                .iter()
                .any(|rule| requires(rule, table, &values))
        {
            broken.push((Some(place), Check::RequiredIf));
        }
    }
    (values, broken)
}

/// Whether `rule` requires a value in this row.
fn requires(rule: &Rule, table: &Table, values: &[Value]) -> bool {
    let Rule::RequiredIf { column: name, code } = rule else {
        return false;
    };
    let other = table
        .columns
        .iter()
        .zip(values)
        .find(|(column, _)| column.name == *name);
    match other {
        Some((column, Value::Text(text))) if column.multiple => {
            text.split(';').any(|part| part == code)
        }
        Some((_, Value::Text(text))) => text == code,
        Some(_) | None => false,
    }
}
