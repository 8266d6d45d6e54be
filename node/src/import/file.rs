//! What does a table's file hold? Encoding, delimiter and header understood; rows one by one, never the whole file.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use indicatif::ProgressBar;
use question::dictionary::{Dictionary, Table};

use super::ImportError;
use super::header::{Stop, delimiter, first_row, understand};
use super::ration::{Ration, Rationed};
use crate::error::NodeError;

/// Bytes of one row's values together, at most.
pub const ROW_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of the file that may be read for one row: every quotation mark may be doubled, and the reader reads ahead.
const ROW_RATION_BYTES: u64 = 2 * ROW_BYTES_MAX as u64 + 256 * 1024;

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
pub(super) fn survey(
    folder: &Path,
    dictionary: &Dictionary,
) -> Result<Vec<Option<Export>>, NodeError> {
    if !folder.is_dir() {
        return Err(ImportError::NotAFolder(folder.to_owned()).into());
    }
    let unreadable = |error| NodeError::file("read", folder, error);
    let mut found: Vec<Option<Export>> = dictionary.tables().iter().map(|_| None).collect();
    for entry in folder.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if !path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
        {
            continue;
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let place = dictionary
            .tables()
            .iter()
            .zip(&mut found)
            .find(|(table, _)| table.name == stem);
        let Some((table, place)) = place else {
            return Err(ImportError::UnknownTable { file: name }.into());
        };
        if !path.is_file() {
            return Err(ImportError::NotAFile { file: name }.into());
        }
        if place.is_some() {
            return Err(ImportError::TwoFiles {
                table: table.name.clone(),
            }
            .into());
        }
        *place = Some(Export { path, name });
    }
    Ok(found)
}

/// An open file, its header understood.
pub(super) struct TableFile {
    name: String,
    reader: csv::Reader<Box<dyn Read>>,
    ration: Ration,
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
    pub(super) fn open(
        export: &Export,
        table: &Table,
        progress: &ProgressBar,
    ) -> Result<Self, NodeError> {
        let unreadable = |error| NodeError::file("read", &export.path, error);
        let file = File::open(&export.path).map_err(unreadable)?;
        let mut input = BufReader::new(progress.wrap_read(file));
        let first = first_row(&mut input, &export.name).map_err(|stop| match stop {
            Stop::System(error) => unreadable(error),
            Stop::Import(error) => error.into(),
        })?;
        let delimiter = delimiter(&first);
        let ration = Ration::new(ROW_RATION_BYTES);
        let whole = Cursor::new(first).chain(input);
        let whole: Box<dyn Read> = Box::new(Rationed::new(whole, ration.clone()));
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(true)
            .from_reader(whole);
        let header = reader
            .byte_headers()
            .map_err(|error| csv_fault(error, &export.path))?
            .clone();
        let places = understand(&header, table, &export.name)?;
        let fields = header.len();
        Ok(Self {
            name: export.name.clone(),
            reader,
            ration,
            record: ByteRecord::new(),
            line: 1,
            fields,
            places,
        })
    }

    /// The next row that is not blank, or nothing at the end.
    pub(super) fn next_row(&mut self) -> Result<Option<Row<'_>>, NodeError> {
        loop {
            self.ration.renew(ROW_RATION_BYTES);
            let line = self.reader.position().line().max(self.line + 1);
            let more = self.reader.read_byte_record(&mut self.record);
            let more = more.map_err(|error| match &error.kind() {
                csv::ErrorKind::Io(cause) if cause.kind() == std::io::ErrorKind::FileTooLarge => {
                    self.too_long(line)
                }
                _ => csv_fault(error, Path::new(&self.name)),
            })?;
            if self.record.as_slice().len() > ROW_BYTES_MAX {
                return Err(self.too_long(line));
            }
            if !more {
                return Ok(None);
            }
            if self
                .record
                .iter()
                .any(|field| !field.trim_ascii().is_empty())
            {
                break;
            }
        }
        // Lines that end in a carriage return alone are not counted by the reader.
        let line = self
            .record
            .position()
            .map_or(0, csv::Position::line)
            .max(self.line + 1);
        self.line = line;
        if self
            .record
            .iter()
            .any(|field| field.contains(&0) || std::str::from_utf8(field).is_err())
        {
            return Err(ImportError::Encoding {
                file: self.name.clone(),
                line,
            }
            .into());
        }
        Ok(Some(Row {
            line,
            record: &self.record,
            places: &self.places,
            fields: self.fields,
        }))
    }
}

impl TableFile {
    fn too_long(&self, line: u64) -> NodeError {
        let error = ImportError::RowTooLong {
            file: self.name.clone(),
            line,
            bytes_max: ROW_BYTES_MAX,
        };
        error.into()
    }
}

impl Row<'_> {
    /// Whether the row has as many fields as the header; more are allowed only if they are blank.
    #[must_use]
    pub(super) fn is_whole(&self) -> bool {
        self.record.len() >= self.fields
            && self
                .record
                .iter()
                .skip(self.fields)
                .all(|field| field.trim_ascii().is_empty())
    }

    /// The text that the row brings for the table's column at `column`, blanks around it removed; empty if it brings none.
    #[must_use]
    pub(super) fn text(&self, column: usize) -> &str {
        let place = self.places.get(column).copied().flatten();
        let field = place
            .and_then(|place| self.record.get(place))
            .unwrap_or_default();
        std::str::from_utf8(field).unwrap_or_default().trim()
    }
}

/// The reader fails only where the file does: fields of any number are allowed.
fn csv_fault(error: csv::Error, path: &Path) -> NodeError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => NodeError::file("read", path, error),
        _ => NodeError::file("read", path, std::io::ErrorKind::InvalidData.into()),
    }
}
