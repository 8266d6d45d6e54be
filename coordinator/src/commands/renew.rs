//! `renew`: a new certificate for the server; nodes and persons notice nothing.

use std::path::Path;

use jiff::Timestamp;
use transport::clock::{Clock, SystemClock};

use super::print;
use crate::data_dir::DataDir;
use crate::error::CoordinatorError;
use crate::upkeep;

pub(super) fn command(data: &Path, hosts: &[String]) -> Result<(), CoordinatorError> {
    renew(data, hosts, SystemClock.now())?;
    let until = DataDir::at(data).load_server()?.not_after();
    print(&format!(
        "the server's certificate is valid until {until}; restart the server to show it at once, or wait a day"
    ));
    Ok(())
}

/// Issues the server a new key and certificate, for these hosts.
pub fn renew(data: &Path, hosts: &[String], now: Timestamp) -> Result<(), CoordinatorError> {
    upkeep::renew(&DataDir::at(data), hosts, now)
}
