//! Does a record begin beside a ledger that has rows? Then it was lost or deleted, or the node is older than records are.

use jiff::Timestamp;

use super::{Record, RecordError};
use crate::data_dir::DataDir;
use crate::ledger::Ledger;

/// Opens the record of the node in `data`, or begins it; aloud, where something was charged before.
pub(crate) fn open(data: &DataDir, now: Timestamp) -> Result<Record, RecordError> {
    let was_there = data.record().exists();
    let record = Record::open_or_begin(&data.record(), now)?;
    if !was_there && has_charges(data) {
        tracing::error!(
            "the record was missing and begins anew: what left before and what people decided is not in it. \
             put the newest record back, or run cartally-node audit, which says what is not known"
        );
    }
    Ok(record)
}

/// A ledger that cannot be read is told by whoever needs it.
fn has_charges(data: &DataDir) -> bool {
    let ledger = Ledger::open(&data.ledger());
    ledger
        .and_then(|ledger| ledger.entries())
        .is_ok_and(|entries| !entries.is_empty())
}
