//! How does a center's export become rows? Survey, read, check, land: all of it in one step, or nothing.

mod error;
mod header;
mod ration;
mod file;
mod reject;
mod report;
mod rows;
mod value;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use jiff::Timestamp;
use question::dictionary::Dictionary;

pub use error::ImportError;
pub use file::ROW_BYTES_MAX;
pub use header::HEADER_BYTES_MAX;
pub use reject::Check;
pub use rows::ROWS_MAX;
pub use value::VALUE_BYTES_MAX;

use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::pseudonym::Pseudonymiser;
use crate::store::Store;
use crate::store::history::{self, Import, TableCount};
use crate::store::landing::Landing;
use crate::store::schema::{self, CENTER_INFO};

/// The share of patients, in percent, that an import may lose without being told that this is right.
pub const LOST_PERCENT_MAX: u64 = 20;

/// Everything an import needs besides the store and the export.
pub struct Request<'a> {
    /// Where the reject report goes.
    pub data: &'a DataDir,
    /// What the rows are checked against.
    pub dictionary: &'a Dictionary,
    /// What makes identifiers unreadable.
    pub pseudonyms: &'a Pseudonymiser,
    /// This node's center, which the export must come from.
    pub center: &'a str,
    /// Whether losing more than [`LOST_PERCENT_MAX`] is right.
    pub losing_is_right: bool,
    /// The present moment.
    pub now: Timestamp,
    /// Shows the bytes read; hidden unless a person watches.
    pub progress: &'a ProgressBar,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// As it stands in the store now.
    pub import: Import,
    /// How often each check failed: table, column (empty for the whole row), the check's word, count.
    pub summary: Vec<(String, String, String, u64)>,
    /// The reject report, if rows were left out.
    pub report: Option<PathBuf>,
}

/// Replaces the working tables by the export in `folder`: everything in one transaction, or nothing at all.
pub fn import(
    store: &mut Store,
    folder: &Path,
    request: &Request<'_>,
) -> Result<Landed, NodeError> {
    let dictionary = request.dictionary;
    schema::check(dictionary)?;
    let exports = file::survey(folder, dictionary)?;
    rows::measure(&exports, request.progress)?;
    let landing = Landing::begin(store.write()?, dictionary)?;
    for (position, table) in dictionary.tables().iter().enumerate() {
        if let Some(export) = exports.get(position).and_then(Option::as_ref) {
            rows::land(&landing, position, table, export, request)?;
        }
    }
    landing.check_between_rows()?;
    let present: Vec<bool> = exports.iter().map(Option::is_some).collect();
    let (counts, summary) = (count(&landing, dictionary, &present)?, landing.summary()?);
    let id = landing.next_import_id()?;
    let report = report::write(&landing, request.data, id, &counts)?;
    let import = Import {
        import_id: id,
        imported_at: request.now.to_string(),
        dictionary: history::fingerprint(dictionary),
        rejected_rows: counts.iter().map(|count| count.rejected).sum(),
        report: report.as_deref().map(file_name),
        tables: counts,
    };
    // A refusal from here on keeps the report, which says why.
    check_center(&landing, &import, request, report.as_ref())?;
    check_lost(&landing, request, report.as_ref())?;
    let ended = commit(landing, &import);
    match (ended, report) {
        (Ok(()), report) => Ok(Landed {
            import,
            summary,
            report,
        }),
        (Err(error), report) => {
            // The report of an import that never happened helps nobody; that it cannot be removed changes nothing.
            let _ = report.map(std::fs::remove_file);
            Err(error)
        }
    }
}

/// The last step: before it everybody sees the old tables, after it the new ones.
fn commit(landing: Landing<'_>, import: &Import) -> Result<(), NodeError> {
    landing.note(import)?;
    transport::fault::point("import.before_commit");
    landing.commit()?;
    transport::fault::point("import.committed");
    Ok(())
}

fn count(
    landing: &Landing<'_>,
    dictionary: &Dictionary,
    present: &[bool],
) -> Result<Vec<TableCount>, NodeError> {
    let (landed, rejected) = (landing.landed()?, landing.rejected()?);
    let numbers = present.iter().zip(landed).zip(rejected);
    let tables = dictionary.tables().iter().zip(numbers);
    Ok(tables
        .map(|(table, ((present, landed), rejected))| TableCount {
            table: table.name.clone(),
            present: *present,
            landed,
            rejected,
        })
        .collect())
}

/// The export must say, once, that it comes from this center.
fn check_center(
    landing: &Landing<'_>,
    import: &Import,
    request: &Request<'_>,
    report: Option<&PathBuf>,
) -> Result<(), NodeError> {
    match landing.center_id()? {
        Some(center) if center == request.center => Ok(()),
        Some(_) => Err(ImportError::OtherCenter {
            expected: request.center.to_owned(),
        }
        .into()),
        None => {
            let rows = import
                .tables
                .iter()
                .find(|count| count.table == CENTER_INFO);
            let (landed, rejected) = rows.map_or((0, 0), |count| (count.landed, count.rejected));
            Err(ImportError::CenterRows {
                landed,
                rejected,
                report: report.cloned(),
            }
            .into())
        }
    }
}

/// A snapshot that loses many patients is more often a wrong export than a true loss.
fn check_lost(
    landing: &Landing<'_>,
    request: &Request<'_>,
    report: Option<&PathBuf>,
) -> Result<(), NodeError> {
    let (before, lost) = landing.lost_patients()?;
    if request.losing_is_right || lost * 100 <= before * LOST_PERCENT_MAX {
        return Ok(());
    }
    let percent_max = LOST_PERCENT_MAX;
    Err(ImportError::PatientsLost {
        lost,
        before,
        percent_max,
        report: report.cloned(),
    }
    .into())
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
