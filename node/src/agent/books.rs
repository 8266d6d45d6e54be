//! What does the command line do with the node's copy of the log? Without a connection, while the node serves or stands still.

use std::path::Path;
use std::sync::Arc;

use protocol::documents::Currency;
use transport::clock::Clock;

use super::mirror::{Mirror, Own};
use crate::answer::{Answerer, currency};
use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::{keys, record};

/// Records, by the operator's word, that the ledger came back from a backup; returns what was lost of it. The node must
/// not be serving.
pub fn record_restore(
    data: &DataDir,
    clock: &Arc<dyn Clock>,
) -> Result<protocol::amount::NanoRho, NodeError> {
    let answerer = Answerer::open(data.clone(), clock.now())?;
    let mirror = open_mirror(data)?;
    Ok(answerer.ledger().record_restore(
        mirror.own_answers(),
        mirror.position().entries,
        clock.now(),
    )?)
}

/// The node's copy of the log, for whoever needs no connection.
pub(crate) fn open_mirror(data: &DataDir) -> Result<Mirror, NodeError> {
    let config = NodeConfig::load(data)?;
    let key = keys::signing_key(data)?.public();
    let center = config.center;
    Mirror::open(&data.log(), config.charter, Own { center, key })
}

/// Takes the currency document in `file` into use, if the node's copy of the log bears it out.
pub(crate) fn load_currency(
    data: &DataDir,
    file: &Path,
    clock: &Arc<dyn Clock>,
) -> Result<Currency, NodeError> {
    let mirror = open_mirror(data)?;
    let now = clock.now();
    let record = record::anew::open(data, now)?;
    currency::load(file, &data.currency(), mirror.governance(), &record, now)
}
