//! `renew`: a new certificate for the server; nodes and persons notice nothing.

use std::path::Path;

use jiff::Timestamp;
use transport::ca::{CERTIFICATE_VALID, Validity};
use transport::clock::{Clock, SystemClock};
use transport::keys::{replace_private, write_atomic};

use super::print;
use crate::data_dir::DataDir;
use crate::error::CoordinatorError;

pub(super) fn command(data: &Path, hosts: &[String]) -> Result<(), CoordinatorError> {
    renew(data, hosts, SystemClock.now())?;
    let until = DataDir::at(data).load_server()?.not_after();
    print(&format!(
        "the server's certificate is valid until {until}; restart the server"
    ));
    Ok(())
}

/// Issues the server a new key and certificate. A crash between the two files is mended by running it again.
pub fn renew(data: &Path, hosts: &[String], now: Timestamp) -> Result<(), CoordinatorError> {
    let dir = DataDir::at(data);
    let (network, _) = dir.open_store()?.network()?;
    let made = dir.load_authority()?.certify_server(
        &network,
        hosts,
        Validity::from(now, CERTIFICATE_VALID),
    )?;
    replace_private(&dir.server_key(), made.key_pem.as_bytes())?;
    write_atomic(&dir.server_certificate(), made.public_pem.as_bytes())?;
    Ok(())
}
