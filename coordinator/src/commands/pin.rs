//! `pin`: the operator says with which charter the network is founded, so that nobody founds it with another.

use std::path::Path;

use protocol::fingerprint::Fingerprint;

use super::print;
use crate::data_dir::DataDir;
use crate::error::CoordinatorError;
use crate::relay::Relay;
use crate::store::repin_charter;

pub(super) fn command(data: &Path, fingerprint: Fingerprint) -> Result<(), CoordinatorError> {
    pin(data, fingerprint)?;
    print(&format!(
        "the network is founded with charter {fingerprint} and no other"
    ));
    Ok(())
}

/// Pins the charter that the network is founded with. A network with a roster in force stays with its charter, and a
/// running server would not hear of it.
pub fn pin(data: &Path, fingerprint: Fingerprint) -> Result<(), CoordinatorError> {
    let dir = DataDir::at(data);
    dir.must_be_complete()?;
    let _only_one = dir.lock()?;
    let relay = Relay::open(dir.open_store()?, dir.load_signing_key()?)?;
    if relay.has_roster() {
        let why = "a roster is in force under the charter that is pinned; a committee changes by a successor charter";
        return Err(CoordinatorError::Argument(why.into()));
    }
    drop(relay);
    dir.open_store()?
        .write(|tx| repin_charter(tx, &fingerprint.document()))
}
