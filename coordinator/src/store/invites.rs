//! Who was invited, and what came of it?

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use transport::identity::Identity;

use super::time_of;
use crate::error::CoordinatorError;

const INSERT: &str = "INSERT INTO invite (secret, role, id, invited_us, expires_us, days) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const SELECT: &str = "SELECT expires_us, days, certificate FROM invite
    WHERE secret = ?1 AND role = ?2 AND id = ?3 AND withdrawn_us IS NULL";
const USE: &str = "UPDATE invite SET certificate = ?2 WHERE secret = ?1";
const WITHDRAW: &str = "UPDATE invite SET withdrawn_us = ?3
    WHERE role = ?1 AND id = ?2 AND certificate IS NULL AND withdrawn_us IS NULL";
const OPEN: &str = "SELECT role, id, expires_us FROM invite
    WHERE certificate IS NULL AND withdrawn_us IS NULL AND expires_us > ?1 ORDER BY role, id, expires_us";

/// An invitation that was not withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInvite {
    /// Its last moment.
    pub expires: Timestamp,
    /// How many days the certificate will last.
    pub days: u32,
    /// The serial number of the certificate that it was used for.
    pub certificate: Option<String>,
}

/// An open invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvite {
    /// `center` or `person`.
    pub role: String,
    /// The id.
    pub id: String,
    /// Its last moment.
    pub expires: Timestamp,
}

/// Notes an invitation by the digest of its secret.
pub fn insert(
    connection: &Connection,
    party: &Identity,
    secret_digest: &str,
    invite: &StoredInvite,
    now: Timestamp,
) -> Result<(), CoordinatorError> {
    let row = params![
        secret_digest,
        party.role().as_str(),
        party.id(),
        now.as_microsecond(),
        invite.expires.as_microsecond(),
        invite.days
    ];
    connection.prepare_cached(INSERT)?.execute(row)?;
    Ok(())
}

/// The invitation of this very party with this secret.
pub fn find(
    connection: &Connection,
    party: &Identity,
    secret_digest: &str,
) -> Result<Option<StoredInvite>, CoordinatorError> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query(params![secret_digest, party.role().as_str(), party.id()])?;
    Ok(rows.next()?.map(invite_of).transpose()?)
}

/// Notes what an invitation was used for.
pub fn mark_used(
    connection: &Connection,
    secret_digest: &str,
    serial: &str,
) -> Result<(), CoordinatorError> {
    connection
        .prepare_cached(USE)?
        .execute(params![secret_digest, serial])?;
    Ok(())
}

/// Withdraws a party's unused invitations and says how many.
pub fn withdraw(
    connection: &Connection,
    party: &Identity,
    now: Timestamp,
) -> Result<usize, CoordinatorError> {
    let row = params![party.role().as_str(), party.id(), now.as_microsecond()];
    Ok(connection.prepare_cached(WITHDRAW)?.execute(row)?)
}

/// Invitations that can be used at `now`, by role and id.
pub fn open(connection: &Connection, now: Timestamp) -> Result<Vec<OpenInvite>, CoordinatorError> {
    let mut statement = connection.prepare_cached(OPEN)?;
    let lines = statement.query_map([now.as_microsecond()], |row| {
        Ok(OpenInvite {
            role: row.get(0)?,
            id: row.get(1)?,
            expires: time_of(row, 2)?,
        })
    })?;
    Ok(lines.collect::<Result<_, _>>()?)
}

fn invite_of(row: &Row<'_>) -> rusqlite::Result<StoredInvite> {
    Ok(StoredInvite {
        expires: time_of(row, 0)?,
        days: row.get(1)?,
        certificate: row.get(2)?,
    })
}
