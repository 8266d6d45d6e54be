//! What was left out? One CSV line a rejected value: table, line, column, check. Never the value.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use super::Check;
use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::store::history::TableCount;
use crate::store::landing::Landing;

/// Writes the reject report of import number `id`, readable by its owner only; nothing if nothing was rejected.
pub(super) fn write(
    landing: &Landing<'_>,
    data: &DataDir,
    id: i64,
    counts: &[TableCount],
) -> Result<Option<PathBuf>, NodeError> {
    if counts.iter().all(|count| count.rejected == 0) {
        return Ok(None);
    }
    let folder = data.rejects();
    transport::keys::create_private_dir(&folder)?;
    let path = folder.join(format!("import-{id}.csv"));
    let unwritable = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => NodeError::file("written", &path, error),
        _ => NodeError::file("written", &path, std::io::ErrorKind::Other.into()),
    };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| NodeError::file("written", &path, error))?;
    let mut writer = csv::Writer::from_writer(file);
    writer
        .write_record(["table", "line", "column", "check", "meaning"])
        .map_err(unwritable)?;
    landing.each_reject(|reject| {
        let meaning = Check::of_word(&reject.check).map_or("", Check::sentence);
        let line = reject.line.to_string();
        writer
            .write_record([&reject.table, &line, &reject.column, &reject.check, meaning])
            .map_err(unwritable)
    })?;
    writer
        .flush()
        .map_err(|error| NodeError::file("written", &path, error))?;
    Ok(Some(path.clone()))
}
