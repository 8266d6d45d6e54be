//! `status`: what the store holds, in a few lines.

use std::path::Path;

use crate::data_dir::DataDir;
use crate::error::CoordinatorError;
use crate::store::{log, queries};

use super::print;

pub(super) fn command(data: &Path) -> Result<(), CoordinatorError> {
    let dir = DataDir::at(data);
    let store = dir.open_store()?;
    let (network, charter) = store.network()?;
    let log = log::position(store.read())?;
    let (open, deadline) = queries::open(store.read())?;
    let none = || "none".to_owned();
    print(&format!("network      {network}"));
    print(&format!(
        "charter      {}",
        charter.map_or_else(none, |id| id.to_string())
    ));
    print(&format!(
        "log          {} entries, head {}",
        log.entries, log.head
    ));
    print(&format!(
        "open         {open} queries, next deadline {}",
        deadline.map_or_else(none, |time| time.to_string())
    ));
    print(&format!(
        "certificate  valid until {}",
        dir.load_server()?.not_after()
    ));
    Ok(())
}
