//! How is this node? Its last import and its locks; numbers of rows, for its operator's eyes.

use std::io::Write;

use serde::Serialize;

use crate::config::NodeConfig;
use crate::error::NodeError;
use crate::store::Store;
use crate::store::history::Import;
use crate::store::locks::Lock;

/// What `status` tells. It is for the operator: row counts never leave the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The center.
    pub center: String,
    /// The network.
    pub network: String,
    /// The coordinator's address.
    pub coordinator: String,
    /// The import that the tables come from.
    pub last_import: Option<Import>,
    /// Every lock, oldest first.
    pub locks: Vec<Lock>,
}

impl Status {
    /// The state of the node behind `store`.
    pub fn read(config: &NodeConfig, store: &Store) -> Result<Self, NodeError> {
        Ok(Self {
            center: config.center.to_string(),
            network: config.network.to_string(),
            coordinator: config.coordinator.clone(),
            last_import: store.last_import()?,
            locks: store.locks()?,
        })
    }

    /// Writes it for people.
    pub fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out, "center {} of network {}, coordinator {}", self.center, self.network, self.coordinator)?;
        match &self.last_import {
            None => writeln!(out, "nothing imported yet: run `cartally-node import DIR`")?,
            Some(import) => {
                writeln!(out, "import {} of {}", import.import_id, import.imported_at)?;
                write_counts(import, out)?;
                if let Some(report) = &import.report {
                    writeln!(out, "  rejects are listed in rejects/{report}")?;
                }
            }
        }
        if self.locks.is_empty() {
            writeln!(out, "no lock yet: run `cartally-node lock`")?;
        }
        for lock in &self.locks {
            let retired = if lock.retired { ", retired" } else { "" };
            writeln!(out, "lock {} of {}, made {}{retired}", lock.lock_id, lock.date, lock.locked_at)?;
        }
        Ok(())
    }
}

/// One line a table: rows landed, rows rejected, and whether the export had a file.
pub(crate) fn write_counts(import: &Import, out: &mut dyn Write) -> std::io::Result<()> {
    for count in &import.tables {
        let (table, landed, rejected) = (&count.table, count.landed, count.rejected);
        match (count.present, rejected) {
            (false, _) => writeln!(out, "  {table:<16} {landed:>9} rows (no file: taken as empty)")?,
            (true, 0) => writeln!(out, "  {table:<16} {landed:>9} rows")?,
            (true, _) => writeln!(out, "  {table:<16} {landed:>9} rows, {rejected} rejected")?,
        }
    }
    Ok(())
}
