//! `trust` and `distrust`: a hospital connects with certificates of its own PKI.

use std::path::Path;

use protocol::ids::CenterId;

use super::print;
use crate::data_dir::DataDir;
use crate::error::CoordinatorError;

pub(super) fn trust_command(data: &Path, id: &str, ca: &Path) -> Result<(), CoordinatorError> {
    trust(data, id, ca)?;
    print(&format!(
        "center {id} connects from now on with certificates of {} alone, which must name it: cartally://NETWORK/center/{id}",
        ca.display()
    ));
    Ok(())
}

pub(super) fn distrust_command(data: &Path, id: &str) -> Result<(), CoordinatorError> {
    distrust(data, id)?;
    print(&format!(
        "center {id} connects from now on with certificates of the network's authority alone"
    ));
    Ok(())
}

/// From now on believes a center with certificates of this CA alone, and this CA for this center alone.
pub fn trust(data: &Path, id: &str, ca: &Path) -> Result<(), CoordinatorError> {
    let (dir, center) = (DataDir::at(data), center(id)?);
    let (network, _) = dir.open_store()?.network()?;
    dir.anchors(network).trust(&center, ca)
}

/// No longer believes a center's own CA; its open connections end with the next request.
pub fn distrust(data: &Path, id: &str) -> Result<(), CoordinatorError> {
    let (dir, center) = (DataDir::at(data), center(id)?);
    let (network, _) = dir.open_store()?.network()?;
    if dir.anchors(network).distrust(&center)? {
        return Ok(());
    }
    Err(CoordinatorError::Argument(format!(
        "center {id} has no authority of its own; see: cartally-coordinator status"
    )))
}

fn center(id: &str) -> Result<CenterId, CoordinatorError> {
    id.parse().map_err(|_| {
        CoordinatorError::Argument(format!(
            "{id:?} is not a center's id; write it as the roster does"
        ))
    })
}
