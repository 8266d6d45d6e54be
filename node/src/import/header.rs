//! What does the first row of a file say? The delimiter, and which field brings which column.

use std::io::{BufRead, Read as _};

use csv::ByteRecord;
use question::dictionary::Table;

use super::ImportError;

/// Bytes of a header row, at most.
pub const HEADER_BYTES_MAX: u64 = 64 * 1024;

/// What some programs write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Characters between fields that an export may use.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Characters of an unknown column's name that are repeated to the operator.
const NAME_CHARS_MAX: usize = 64;

/// Why the first row could not be had.
pub(super) enum Stop {
    System(std::io::Error),
    Import(ImportError),
}

/// The bytes up to the end of the first row that is not blank, without the byte order mark.
pub(super) fn first_row(input: &mut impl BufRead, file: &str) -> Result<Vec<u8>, Stop> {
    let mut first = Vec::new();
    let mut begun = 0;
    loop {
        let left = HEADER_BYTES_MAX.saturating_sub(first.len() as u64);
        let read = input
            .by_ref()
            .take(left)
            .read_until(b'\n', &mut first)
            .map_err(Stop::System)?;
        if begun == 0 && first.starts_with(BYTE_ORDER_MARK) {
            first.drain(..BYTE_ORDER_MARK.len());
        }
        let row = first.get(begun..).unwrap_or_default();
        if !row.trim_ascii().is_empty() {
            let ended = row.ends_with(b"\n");
            if !ended && first.len() as u64 >= HEADER_BYTES_MAX {
                return Err(Stop::Import(ImportError::HeaderTooLong {
                    file: file.to_owned(),
                    bytes_max: HEADER_BYTES_MAX,
                }));
            }
            // UTF-16 begins with a mark that is not UTF-8, or has zeros between its letters.
            if row.contains(&0) || std::str::from_utf8(row).is_err() {
                return Err(Stop::Import(ImportError::Encoding {
                    file: file.to_owned(),
                    line: 1,
                }));
            }
            return Ok(first);
        }
        if read == 0 {
            return Err(Stop::Import(ImportError::EmptyFile {
                file: file.to_owned(),
            }));
        }
        begun = first.len();
    }
}

/// The delimiter that the header uses most; a comma if it uses none.
pub(super) fn delimiter(header: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [0_usize; DELIMITERS.len()];
    for byte in header {
        quoted ^= *byte == b'"';
        if let Some(count) = DELIMITERS
            .iter()
            .position(|d| d == byte)
            .and_then(|at| counts.get_mut(at))
        {
            *count += usize::from(!quoted);
        }
    }
    let mut best = (b',', 0);
    for (candidate, count) in DELIMITERS.into_iter().zip(counts) {
        if count > best.1 {
            best = (candidate, count);
        }
    }
    best.0
}

/// For each column of the table, the field that brings it.
pub(super) fn understand(
    header: &ByteRecord,
    table: &Table,
    file: &str,
) -> Result<Vec<Option<usize>>, ImportError> {
    let file = || file.to_owned();
    let names: Vec<String> = header
        .iter()
        .map(|name| String::from_utf8_lossy(name).trim().to_lowercase())
        .collect();
    let known = |name: &str| table.columns.iter().any(|column| column.name == name);
    if !names.iter().any(|name| known(name)) {
        return Err(ImportError::NoHeader { file: file() });
    }
    for (at, name) in names.iter().enumerate() {
        if !known(name) {
            let column = header
                .get(at)
                .map(|raw| presentable(raw, at))
                .unwrap_or_default();
            return Err(ImportError::UnknownColumn {
                file: file(),
                column,
            });
        }
        if names.iter().skip(at + 1).any(|other| other == name) {
            return Err(ImportError::DuplicateColumn {
                file: file(),
                column: name.clone(),
            });
        }
    }
    let mut places = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let place = names.iter().position(|name| *name == column.name);
        if place.is_none() && column.required && column.default.is_none() {
            return Err(ImportError::MissingColumn {
                file: file(),
                column: column.name.clone(),
            });
        }
        places.push(place);
    }
    Ok(places)
}

/// An unknown column's name if it can only be a name; its number if it might be a value in a file without a header.
fn presentable(raw: &[u8], at: usize) -> String {
    let name = String::from_utf8_lossy(raw);
    let name = name.trim();
    let begins = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase());
    let plain = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if begins && plain && name.len() <= NAME_CHARS_MAX {
        name.to_owned()
    } else {
        format!("column number {}", at + 1)
    }
}
