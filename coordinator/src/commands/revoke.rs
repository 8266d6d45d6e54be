//! `revoke`: a party stays outside from this moment on.

use std::path::Path;

use jiff::Timestamp;
use transport::clock::{Clock, SystemClock};

use super::{CertifiedRole, print};
use crate::data_dir::DataDir;
use crate::error::CoordinatorError;
use crate::store::{certificates, invites};

/// What a revocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// Certificates that were good until now, expired ones included.
    pub certificates: usize,
    /// Invitations that were not used.
    pub invitations: usize,
    /// Whether the center's own authority is no longer believed.
    pub own_authority: bool,
}

pub(super) fn command(data: &Path, role: CertifiedRole, id: &str) -> Result<(), CoordinatorError> {
    let revoked = revoke(data, role, id, SystemClock.now())?;
    print(&format!(
        "{} {id}: {} certificates revoked, {} unused invitations withdrawn{}; it is refused from now on",
        role.as_role(),
        revoked.certificates,
        revoked.invitations,
        if revoked.own_authority {
            ", its own authority no longer believed"
        } else {
            ""
        }
    ));
    Ok(())
}

/// Revokes all certificates of a party, withdraws its unused invitations, and no longer believes its own authority. A
/// running server knows with the next request.
pub fn revoke(
    data: &Path,
    role: CertifiedRole,
    id: &str,
    now: Timestamp,
) -> Result<Revoked, CoordinatorError> {
    let dir = DataDir::at(data);
    let mut store = dir.open_store()?;
    let (network, _) = store.network()?;
    let party = role.identity(network.clone(), id)?;
    let own_authority = match party.center() {
        Some(center) => dir.anchors(network).distrust(&center)?,
        None => false,
    };
    let revoked = store.write(|tx| {
        Ok(Revoked {
            certificates: certificates::revoke(tx, &party, now)?,
            invitations: invites::withdraw(tx, &party, now)?,
            own_authority,
        })
    })?;
    let nothing = Revoked {
        certificates: 0,
        invitations: 0,
        own_authority: false,
    };
    if revoked == nothing {
        let why = format!(
            "{} {id} has no certificate and no invitation to revoke; see: cartally-coordinator status",
            role.as_role()
        );
        return Err(CoordinatorError::Argument(why));
    }
    Ok(revoked)
}
