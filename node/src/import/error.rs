//! Why did nothing land? One sentence each, by file, line and column, never by value.

use std::path::PathBuf;

use thiserror::Error;

/// Why an import landed nothing. The tables of the last import are as they were.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The export is not a folder.
    #[error("{} is not a folder. name the folder that holds one CSV file a table, such as patient.csv", .0.display())]
    NotAFolder(PathBuf),
    /// A table's file is a folder.
    #[error(
        "{file} is not a file. put the table's CSV file there, or remove it if the table is empty"
    )]
    NotAFile {
        /// The file's name.
        file: String,
    },
    /// A file that belongs to no table.
    #[error(
        "{file} belongs to no table of the dictionary. rename it (see `cartally-node dictionary`) or move it elsewhere"
    )]
    UnknownTable {
        /// The file's name.
        file: String,
    },
    /// Two files for one table.
    #[error("there are two files for table {table}. keep one")]
    TwoFiles {
        /// The table.
        table: String,
    },
    /// Not even a header row.
    #[error(
        "{file} is empty, without a header row. export it again, or remove it if the table has no rows"
    )]
    EmptyFile {
        /// The file's name.
        file: String,
    },
    /// None of the first row's words is a column.
    #[error(
        "the first row of {file} names no column of its table. put the column names in the first row, with comma, semicolon or tab between them"
    )]
    NoHeader {
        /// The file's name.
        file: String,
    },
    /// A header row longer than any real one.
    #[error(
        "the first row of {file} is longer than {bytes_max} bytes. check that the file is a CSV file with one row a line"
    )]
    HeaderTooLong {
        /// The file's name.
        file: String,
        /// The limit.
        bytes_max: u64,
    },
    /// A column that the dictionary does not know.
    #[error(
        "{file} has a column that its table does not know: {column}. rename or remove it (see `cartally-node dictionary`)"
    )]
    UnknownColumn {
        /// The file's name.
        file: String,
        /// Its name, or its number where the name might be a value.
        column: String,
    },
    /// The same column twice.
    #[error("{file} has the column {column} twice. keep one")]
    DuplicateColumn {
        /// The file's name.
        file: String,
        /// The column.
        column: String,
    },
    /// A required column is not there.
    #[error("{file} lacks the required column {column}. add it to the export")]
    MissingColumn {
        /// The file's name.
        file: String,
        /// The column.
        column: String,
    },
    /// Not UTF-8.
    #[error(
        "line {line} of {file} is not UTF-8 text. save the file as \"CSV UTF-8\" and import again"
    )]
    Encoding {
        /// The file's name.
        file: String,
        /// The line, from 1.
        line: u64,
    },
    /// A row that fills the memory: most often the rest of the file, after a quotation mark that is never closed.
    #[error(
        "the row that begins on line {line} of {file} is longer than {bytes_max} bytes. check that every quotation mark in it is closed"
    )]
    RowTooLong {
        /// The file's name.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The limit.
        bytes_max: usize,
    },
    /// A file beyond the limits.
    #[error(
        "{file} has more than {rows_max} rows, more than one import may bring. check the export"
    )]
    TooManyRows {
        /// The file's name.
        file: String,
        /// The limit.
        rows_max: u64,
    },
    /// The export does not say which center it comes from.
    #[error("center_info must bring exactly one valid row, and brought {landed} ({rejected} rejected). correct center_info.csv{}", see(.report.as_ref()))]
    CenterRows {
        /// Rows that passed the checks.
        landed: u64,
        /// Rows that did not.
        rejected: u64,
        /// The reject report, if one was written.
        report: Option<PathBuf>,
    },
    /// The export of another center.
    #[error(
        "center_info.center_id is not {expected}, the center of this node. import this center's own export"
    )]
    OtherCenter {
        /// This node's center.
        expected: String,
    },
    /// Too many patients are gone.
    #[error("{lost} of {before} patients of the last import are missing or rejected, more than {percent_max} %. check the export, and repeat with --yes if it is right{}", see(.report.as_ref()))]
    PatientsLost {
        /// Patients of the last import that this one lacks.
        lost: u64,
        /// Patients of the last import.
        before: u64,
        /// The share that needs no `--yes`, in percent.
        percent_max: u64,
        /// The reject report, if one was written.
        report: Option<PathBuf>,
    },
}

/// The end of a sentence that names the report.
fn see(report: Option<&PathBuf>) -> String {
    report
        .map(|path| format!(". the rejected rows are listed in {}", path.display()))
        .unwrap_or_default()
}

impl ImportError {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAFolder(_) => "import.not_a_folder",
            Self::NotAFile { .. } => "import.not_a_file",
            Self::UnknownTable { .. } => "import.unknown_table",
            Self::TwoFiles { .. } => "import.two_files",
            Self::EmptyFile { .. } => "import.empty_file",
            Self::NoHeader { .. } => "import.no_header",
            Self::HeaderTooLong { .. } => "import.header_too_long",
            Self::UnknownColumn { .. } => "import.unknown_column",
            Self::DuplicateColumn { .. } => "import.duplicate_column",
            Self::MissingColumn { .. } => "import.missing_column",
            Self::Encoding { .. } => "import.encoding",
            Self::RowTooLong { .. } => "import.row_too_long",
            Self::TooManyRows { .. } => "import.too_many_rows",
            Self::CenterRows { .. } => "import.center_rows",
            Self::OtherCenter { .. } => "import.other_center",
            Self::PatientsLost { .. } => "import.patients_lost",
        }
    }
}
