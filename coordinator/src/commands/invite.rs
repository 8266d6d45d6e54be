//! `invite`: a one-time token with which a center's node or a person enrols.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use transport::clock::{Clock, SystemClock};
use transport::join::Token;

use super::{CertifiedRole, print};
use crate::data_dir::DataDir;
use crate::error::CoordinatorError;
use crate::issuer::{default_days, secret_digest};
use crate::store::invites::{self, StoredInvite};

/// Hours that an invitation can be used unless said otherwise: three days.
pub const VALID_HOURS: u32 = 72;
/// Hours that an invitation can be used at most: thirty days.
pub const VALID_HOURS_MAX: u32 = 720;

/// Who is invited, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Invitation<'a> {
    /// As what.
    pub role: CertifiedRole,
    /// The center's or person's id.
    pub id: &'a str,
    /// Days that the certificate will last; without it, those of the role.
    pub days: Option<u32>,
    /// Hours in which the invitation can be used.
    pub valid_hours: u32,
}

pub(super) fn command(data: &Path, invitation: Invitation<'_>) -> Result<(), CoordinatorError> {
    let token = invite(data, invitation, SystemClock.now())?;
    let Invitation { role, id, .. } = invitation;
    let how = match role {
        CertifiedRole::Center => {
            "a new node:      cartally-node init ... --token TOKEN\nan existing one: cartally-node join --token TOKEN"
        }
        CertifiedRole::Person => "to be used with: cartally join --token TOKEN ...",
    };
    print(&format!(
        "invitation of {} {id}, for one use within {} hours\n{how}\nWhoever holds the token can enrol as {id}: hand it over in private. It is shown this once.\n{}",
        role.as_role(),
        invitation.valid_hours,
        *token.reveal()
    ));
    Ok(())
}

/// Makes a token for one enrolment of this party. Only the digest of its secret is kept.
pub fn invite(
    data: &Path,
    invitation: Invitation<'_>,
    now: Timestamp,
) -> Result<Token, CoordinatorError> {
    let dir = DataDir::at(data);
    let mut store = dir.open_store()?;
    let (network, _) = store.network()?;
    let party = invitation.role.identity(network, invitation.id)?;
    let token = Token::generate(&dir.load_roots()?)?;
    let valid = SignedDuration::from_hours(invitation.valid_hours.into());
    let kept = StoredInvite {
        expires: now.saturating_add(valid).unwrap_or(Timestamp::MAX),
        days: invitation.days.unwrap_or(default_days(party.role())),
        certificate: None,
    };
    let secret = secret_digest(token.secret());
    store.write(|tx| invites::insert(tx, &party, &secret, &kept, now))?;
    Ok(token)
}
