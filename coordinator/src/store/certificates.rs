//! Which certificates were issued to whom, and which of them are revoked?

use jiff::Timestamp;
use protocol::keys::PublicKey;
use rusqlite::{Connection, OptionalExtension, Row, params};
use transport::identity::Identity;

use super::{parse_id, time_of};
use crate::error::CoordinatorError;

const INSERT: &str = "INSERT INTO certificate
    (serial, role, id, issued_us, not_after_us, days, request_key, signing_key, pem) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const SELECT: &str =
    "SELECT serial, issued_us, not_after_us, days, request_key, signing_key, pem, revoked_us
    FROM certificate WHERE serial = ?1 AND role = ?2 AND id = ?3";
const SELECT_BY_KEY: &str =
    "SELECT serial, issued_us, not_after_us, days, request_key, signing_key, pem, revoked_us
    FROM certificate WHERE role = ?1 AND id = ?2 AND request_key = ?3 AND revoked_us IS NULL
    ORDER BY not_after_us DESC LIMIT 1";
const IS_GOOD: &str =
    "SELECT revoked_us IS NULL FROM certificate WHERE serial = ?1 AND role = ?2 AND id = ?3";
const KNOWS_KEY: &str =
    "SELECT EXISTS (SELECT 1 FROM certificate WHERE role = ?1 AND id = ?2 AND signing_key = ?3)";
const KNOWS_SIGNER: &str =
    "SELECT EXISTS (SELECT 1 FROM certificate WHERE signing_key = ?1 AND revoked_us IS NULL)";
const COUNT_LIVE: &str = "SELECT COUNT(*) FROM certificate
    WHERE role = ?1 AND id = ?2 AND revoked_us IS NULL AND not_after_us > ?3";
const REVOKE: &str =
    "UPDATE certificate SET revoked_us = ?3 WHERE role = ?1 AND id = ?2 AND revoked_us IS NULL";
const PARTIES: &str =
    "SELECT role, id, MAX(CASE WHEN revoked_us IS NULL THEN not_after_us END), MAX(revoked_us)
    FROM certificate GROUP BY role, id ORDER BY role, id";

/// A certificate as it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCertificate {
    /// Its serial number, lower-case hexadecimal.
    pub serial: String,
    /// When it was issued.
    pub issued: Timestamp,
    /// Its last moment.
    pub not_after: Timestamp,
    /// How many days it was meant to last.
    pub days: u32,
    /// SHA-256 of the public key that it certifies, hexadecimal.
    pub request_key: String,
    /// The signing key that the party enrolled with, if it named one.
    pub signing_key: Option<PublicKey>,
    /// The certificate.
    pub pem: String,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// How a party stands by its certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyLine {
    /// `center` or `person`.
    pub role: String,
    /// Its id.
    pub id: String,
    /// The last moment of its last certificate that is not revoked.
    pub valid_until: Option<Timestamp>,
    /// When one of its certificates was last revoked.
    pub revoked: Option<Timestamp>,
}

/// Notes that a certificate was issued.
pub fn insert(
    connection: &Connection,
    party: &Identity,
    certificate: &StoredCertificate,
) -> Result<(), CoordinatorError> {
    let row = params![
        certificate.serial,
        party.role().as_str(),
        party.id(),
        certificate.issued.as_microsecond(),
        certificate.not_after.as_microsecond(),
        certificate.days,
        certificate.request_key,
        certificate.signing_key.map(|key| key.to_string()),
        certificate.pem,
    ];
    connection.prepare_cached(INSERT)?.execute(row)?;
    Ok(())
}

/// A party's certificate of this serial number.
pub fn find(
    connection: &Connection,
    party: &Identity,
    serial: &str,
) -> Result<Option<StoredCertificate>, CoordinatorError> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query(params![serial, party.role().as_str(), party.id()])?;
    rows.next()?.map(certificate_of).transpose()
}

/// A party's certificate for this key, the one that lasts longest, if it is not revoked.
pub fn find_by_key(
    connection: &Connection,
    party: &Identity,
    request_key: &str,
) -> Result<Option<StoredCertificate>, CoordinatorError> {
    let mut statement = connection.prepare_cached(SELECT_BY_KEY)?;
    let mut rows = statement.query(params![party.role().as_str(), party.id(), request_key])?;
    rows.next()?.map(certificate_of).transpose()
}

/// Whether a certificate was issued here to this very party and is not revoked.
pub fn is_good(
    connection: &Connection,
    party: &Identity,
    serial: &str,
) -> Result<bool, CoordinatorError> {
    let mut statement = connection.prepare_cached(IS_GOOD)?;
    let row = params![serial, party.role().as_str(), party.id()];
    let good = statement.query_row(row, |row| row.get(0)).optional()?;
    Ok(good.unwrap_or(false))
}

/// Whether a party ever enrolled with this signing key.
pub fn knows_key(
    connection: &Connection,
    party: &Identity,
    key: PublicKey,
) -> Result<bool, CoordinatorError> {
    let mut statement = connection.prepare_cached(KNOWS_KEY)?;
    let row = params![party.role().as_str(), party.id(), key.to_string()];
    Ok(statement.query_row(row, |row| row.get(0))?)
}

/// Whether some party enrolled with this signing key and was not revoked since.
pub fn knows_signer(connection: &Connection, key: PublicKey) -> Result<bool, CoordinatorError> {
    let mut statement = connection.prepare_cached(KNOWS_SIGNER)?;
    Ok(statement.query_row([key.to_string()], |row| row.get(0))?)
}

/// How many certificates of a party are good at `now`.
pub fn live(
    connection: &Connection,
    party: &Identity,
    now: Timestamp,
) -> Result<usize, CoordinatorError> {
    let mut statement = connection.prepare_cached(COUNT_LIVE)?;
    let row = params![party.role().as_str(), party.id(), now.as_microsecond()];
    let count: i64 = statement.query_row(row, |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Revokes all certificates of a party and says how many.
pub fn revoke(
    connection: &Connection,
    party: &Identity,
    now: Timestamp,
) -> Result<usize, CoordinatorError> {
    let row = params![party.role().as_str(), party.id(), now.as_microsecond()];
    Ok(connection.prepare_cached(REVOKE)?.execute(row)?)
}

/// Everybody to whom a certificate was ever issued, by role and id.
pub fn parties(connection: &Connection) -> Result<Vec<PartyLine>, CoordinatorError> {
    let mut statement = connection.prepare_cached(PARTIES)?;
    let lines = statement.query_map([], |row| {
        Ok(PartyLine {
            role: row.get(0)?,
            id: row.get(1)?,
            valid_until: optional_time(row, 2)?,
            revoked: optional_time(row, 3)?,
        })
    })?;
    Ok(lines.collect::<Result<_, _>>()?)
}

fn certificate_of(row: &Row<'_>) -> Result<StoredCertificate, CoordinatorError> {
    let signing_key: Option<String> = row.get(5)?;
    Ok(StoredCertificate {
        serial: row.get(0)?,
        issued: time_of(row, 1)?,
        not_after: time_of(row, 2)?,
        days: row.get(3)?,
        request_key: row.get(4)?,
        signing_key: signing_key.map(|key| parse_id(&key)).transpose()?,
        pem: row.get(6)?,
        revoked: optional_time(row, 7)?,
    })
}

fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let micros: Option<i64> = row.get(column)?;
    micros.map(|_| time_of(row, column)).transpose()
}
