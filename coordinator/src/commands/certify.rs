//! `certify`: the operator decides who a request's key belongs to.

use std::path::Path;

use transport::ca::Validity;
use transport::clock::{Clock, SystemClock};
use transport::identity::Identity;
use transport::keys::write_atomic;

use super::{CertifiedRole, print};
use crate::data_dir::DataDir;
use crate::error::CoordinatorError;
use crate::issuer::{Wanted, default_days, validity};
use crate::store::certificates;

/// Bytes of a request file, at most; real ones have a few hundred.
const REQUEST_BYTES_MAX: u64 = 64 * 1024;

pub(super) fn command(
    data: &Path,
    role: CertifiedRole,
    id: &str,
    csr: &Path,
    out: &Path,
    days: Option<u32>,
) -> Result<(), CoordinatorError> {
    let now = SystemClock.now();
    let days = days.unwrap_or(default_days(role.as_role()));
    let party = certify(data, role, id, csr, out, validity(now, days))?;
    print(&format!(
        "{} is valid for {days} days and names {party}",
        out.display()
    ));
    Ok(())
}

/// Writes a certificate for the key of the request at `csr`, naming the party that the operator decided on, and says whom.
/// It is known to the store, and so to the server, before it is written.
pub fn certify(
    data: &Path,
    role: CertifiedRole,
    id: &str,
    csr: &Path,
    out: &Path,
    validity: Validity,
) -> Result<Identity, CoordinatorError> {
    let dir = DataDir::at(data);
    let mut store = dir.open_store()?;
    let (network, _) = store.network()?;
    let party = role.identity(network, id)?;
    let request = read_request(csr)?;
    let wanted = Wanted {
        party: &party,
        request: &request,
        signing_key: None,
    };
    let now = SystemClock.now();
    let certificate = dir.load_issuer()?.issue(wanted, validity, now)?;
    store.write(|tx| certificates::insert(tx, &party, &certificate))?;
    write_atomic(out, certificate.pem.as_bytes())?;
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
