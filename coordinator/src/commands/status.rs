//! `status`: what the store holds, in a few lines.

use std::path::Path;

use protocol::ids::NetworkName;
use transport::clock::{Clock, SystemClock};

use crate::data_dir::DataDir;
use crate::error::CoordinatorError;
use crate::store::{Store, certificates, invites, log, queries};

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
    parties(&dir, &store, network)?;
    invitations(&store)
}

fn parties(dir: &DataDir, store: &Store, network: NetworkName) -> Result<(), CoordinatorError> {
    let (anchors, now) = (dir.anchors(network), SystemClock.now());
    for line in certificates::parties(store.read())? {
        let stands = match (line.valid_until, line.revoked) {
            (Some(until), _) if until > now => format!("valid until {until}"),
            (Some(until), _) => format!("expired {until}"),
            (None, Some(revoked)) => format!("revoked {revoked}"),
            (None, None) => "without a certificate".to_owned(),
        };
        print(&format!("enrolled     {} {}, {stands}", line.role, line.id));
    }
    for center in anchors.centers()? {
        print(&format!("own pki      center {center}"));
    }
    Ok(())
}

fn invitations(store: &Store) -> Result<(), CoordinatorError> {
    for invite in invites::open(store.read(), SystemClock.now())? {
        print(&format!(
            "invited      {} {}, until {}",
            invite.role, invite.id, invite.expires
        ));
    }
    Ok(())
}
