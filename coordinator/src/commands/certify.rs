//! `certify`: the operator decides who a request's key belongs to.

use std::path::Path;
use std::time::Duration;

use transport::ca::Validity;
use transport::clock::{Clock, SystemClock};
use transport::identity::{Identity, Role};
use transport::keys::write_atomic;

use super::{CertifiedRole, print};
use crate::data_dir::DataDir;
use crate::error::CoordinatorError;

/// Bytes of a request file, at most; real ones have a few hundred.
const REQUEST_BYTES_MAX: u64 = 64 * 1024;

pub(super) fn command(
    data: &Path,
    role: CertifiedRole,
    id: &str,
    csr: &Path,
    out: &Path,
    days: u32,
) -> Result<(), CoordinatorError> {
    let valid = Duration::from_hours(24 * u64::from(days));
    let party = certify(
        data,
        role,
        id,
        csr,
        out,
        Validity::from(SystemClock.now(), valid),
    )?;
    print(&format!(
        "{} is valid for {days} days and names {party}",
        out.display()
    ));
    Ok(())
}

/// Writes a certificate for the key of the request at `csr`, naming the party that the operator decided on, and says whom.
pub fn certify(
    data: &Path,
    role: CertifiedRole,
    id: &str,
    csr: &Path,
    out: &Path,
    validity: Validity,
) -> Result<Identity, CoordinatorError> {
    let dir = DataDir::at(data);
    let (network, _) = dir.open_store()?.network()?;
    let role = match role {
        CertifiedRole::Center => Role::Center,
        CertifiedRole::Person => Role::Person,
    };
    let party = Identity::new(network, role, id)?;
    let request = read_request(csr)?;
    let certificate = dir.load_authority()?.certify(&request, &party, validity)?;
    write_atomic(out, certificate.as_bytes())?;
    Ok(party)
}

fn read_request(path: &Path) -> Result<String, CoordinatorError> {
    let failed = |source| CoordinatorError::File {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > REQUEST_BYTES_MAX {
        let why = format!(
            "{} is larger than {REQUEST_BYTES_MAX} bytes, so it is not a request",
            path.display()
        );
        return Err(CoordinatorError::Argument(why));
    }
    std::fs::read_to_string(path).map_err(failed)
}
