//! What does a table's file hold? Encoding, delimiter and header understood; rows one by one, never the whole file.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use indicatif::ProgressBar;
use question::dictionary::{Dictionary, Table};

use super::ImportError;
use crate::error::NodeError;

/// Bytes of a header row, at most.
pub const HEADER_BYTES_MAX: u64 = 64 * 1024;

/// What some programs write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Characters between fields that an export may use.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Characters of an unknown column's name that are repeated to the operator.
const NAME_CHARS_MAX: usize = 64;

/// One file of an export and the table it fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Export {
    /// The file.
    pub(super) path: PathBuf,
    /// Its name, for sentences.
    pub(super) name: String,
}

/// The files of an export, one place for each table of the dictionary, in its order; `None` where there is no file.
///
/// Files that are not CSV are none of our business; a CSV file that fits no table is refused, for a misspelt name would
/// otherwise empty a table.
pub(super) fn survey(folder: &Path, dictionary: &Dictionary) -> Result<Vec<Option<Export>>, NodeError> {
    if !folder.is_dir() {
        return Err(ImportError::NotAFolder(folder.to_owned()).into());
    }
    let unreadable = |error| NodeError::file("read", folder, error);
    let mut found: Vec<Option<Export>> = dictionary.tables().iter().map(|_| None).collect();
    for entry in folder.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if !path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        let place = dictionary.tables().iter().zip(&mut found).find(|(table, _)| table.name == stem);
        let Some((table, place)) = place else {
            return Err(ImportError::UnknownTable { file: name }.into());
        };
        if !path.is_file() {
            return Err(ImportError::NotAFile { file: name }.into());
        }
        if place.is_some() {
            return Err(ImportError::TwoFiles { table: table.name.clone() }.into());
        }
        *place = Some(Export { path, name });
    }
    Ok(found)
}

/// An open file, its header understood.
pub(super) struct TableFile {
    name: String,
    reader: csv::Reader<Box<dyn Read>>,
    record: ByteRecord,
    line: u64,
    fields: usize,
    /// For each column of the table, the field that brings it.
    places: Vec<Option<usize>>,
}

/// One row of a file.
pub(super) struct Row<'file> {
    /// The line it begins on, from 1.
    pub(super) line: u64,
    record: &'file ByteRecord,
    places: &'file [Option<usize>],
    fields: usize,
}

impl TableFile {
    /// Opens an export's file for `table`; `progress` counts its bytes.
    pub(super) fn open(export: &Export, table: &Table, progress: &ProgressBar) -> Result<Self, NodeError> {
        let unreadable = |error| NodeError::file("read", &export.path, error);
        let file = File::open(&export.path).map_err(unreadable)?;
        let mut input = BufReader::new(progress.wrap_read(file));
        let first = first_row(&mut input, &export.name).map_err(|stop| match stop {
            Stop::System(error) => unreadable(error),
            Stop::Import(error) => error.into(),
        })?;
        let delimiter = delimiter(&first);
        let whole: Box<dyn Read> = Box::new(Cursor::new(first).chain(input));
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(true)
            .from_reader(whole);
        let header = reader.byte_headers().map_err(|error| csv_fault(error, &export.path))?.clone();
        let places = understand(&header, table, &export.name)?;
        let fields = header.len();
        Ok(Self { name: export.name.clone(), reader, record: ByteRecord::new(), line: 1, fields, places })
    }

    /// The next row that is not blank, or nothing at the end.
    pub(super) fn next_row(&mut self) -> Result<Option<Row<'_>>, NodeError> {
        loop {
            let more = self
                .reader
                .read_byte_record(&mut self.record)
                .map_err(|error| csv_fault(error, Path::new(&self.name)))?;
            if !more {
                return Ok(None);
            }
            if self.record.iter().any(|field| !field.trim_ascii().is_empty()) {
                break;
            }
        }
        // Lines that end in a carriage return alone are not counted by the reader.
        let line = self.record.position().map_or(0, csv::Position::line).max(self.line + 1);
        self.line = line;
        if self.record.iter().any(|field| field.contains(&0) || std::str::from_utf8(field).is_err()) {
            return Err(ImportError::Encoding { file: self.name.clone(), line }.into());
        }
        Ok(Some(Row { line, record: &self.record, places: &self.places, fields: self.fields }))
    }
}

impl Row<'_> {
    /// Whether the row has as many fields as the header; more are allowed only if they are blank.
    #[must_use]
    pub(super) fn is_whole(&self) -> bool {
        self.record.len() >= self.fields
            && self.record.iter().skip(self.fields).all(|field| field.trim_ascii().is_empty())
    }

    /// The text that the row brings for the table's column at `column`, blanks around it removed; empty if it brings none.
    #[must_use]
    pub(super) fn text(&self, column: usize) -> &str {
        let place = self.places.get(column).copied().flatten();
        let field = place.and_then(|place| self.record.get(place)).unwrap_or_default();
        std::str::from_utf8(field).unwrap_or_default().trim()
    }
}

/// Why the first row could not be had.
enum Stop {
    System(std::io::Error),
    Import(ImportError),
}

/// The bytes up to the end of the first row that is not blank, without the byte order mark.
fn first_row(input: &mut impl BufRead, file: &str) -> Result<Vec<u8>, Stop> {
    let mut first = Vec::new();
    let mut begun = 0;
    loop {
        let left = HEADER_BYTES_MAX.saturating_sub(first.len() as u64);
        let read = input.by_ref().take(left).read_until(b'\n', &mut first).map_err(Stop::System)?;
        if begun == 0 && first.starts_with(BYTE_ORDER_MARK) {
            first.drain(..BYTE_ORDER_MARK.len());
        }
        let row = first.get(begun..).unwrap_or_default();
        if !row.trim_ascii().is_empty() {
            let ended = row.ends_with(b"\n");
            if !ended && first.len() as u64 >= HEADER_BYTES_MAX {
                return Err(Stop::Import(ImportError::HeaderTooLong { file: file.to_owned(), bytes_max: HEADER_BYTES_MAX }));
            }
            // UTF-16 begins with a mark that is not UTF-8, or has zeros between its letters.
            if row.contains(&0) || std::str::from_utf8(row).is_err() {
                return Err(Stop::Import(ImportError::Encoding { file: file.to_owned(), line: 1 }));
            }
            return Ok(first);
        }
        if read == 0 {
            return Err(Stop::Import(ImportError::EmptyFile { file: file.to_owned() }));
        }
        begun = first.len();
    }
}

/// The delimiter that the header uses most; a comma if it uses none.
fn delimiter(header: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [0_usize; DELIMITERS.len()];
    for byte in header {
        quoted ^= *byte == b'"';
        if let Some(count) = DELIMITERS.iter().position(|d| d == byte).and_then(|at| counts.get_mut(at)) {
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
fn understand(header: &ByteRecord, table: &Table, file: &str) -> Result<Vec<Option<usize>>, ImportError> {
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
            let column = header.get(at).map(|raw| presentable(raw, at)).unwrap_or_default();
            return Err(ImportError::UnknownColumn { file: file(), column });
        }
        if names.iter().skip(at + 1).any(|other| other == name) {
            return Err(ImportError::DuplicateColumn { file: file(), column: name.clone() });
        }
    }
    let mut places = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let place = names.iter().position(|name| *name == column.name);
        if place.is_none() && column.required && column.default.is_none() {
            return Err(ImportError::MissingColumn { file: file(), column: column.name.clone() });
        }
        places.push(place);
    }
    Ok(places)
}

/// An unknown column's name if it can only be a name; its number if it might be a value in a file without a header.
fn presentable(raw: &[u8], at: usize) -> String {
    let name = String::from_utf8_lossy(raw);
    let name = name.trim();
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if begins && plain && name.len() <= NAME_CHARS_MAX {
        name.to_owned()
    } else {
        format!("column number {}", at + 1)
    }
}

/// The reader fails only where the file does: fields of any number are allowed.
fn csv_fault(error: csv::Error, path: &Path) -> NodeError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => NodeError::file("read", path, error),
        _ => NodeError::file("read", path, std::io::ErrorKind::InvalidData.into()),
    }
}
