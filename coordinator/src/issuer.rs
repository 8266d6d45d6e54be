//! How is a certificate issued, so that it is known from then on? By invitation, by renewal and by hand alike.

use std::time::Duration;

use jiff::Timestamp;
use protocol::api::Enrolled;
use protocol::keys::PublicKey;
use transport::TransportError;
use transport::ca::{Authority, Validity, request_key};
use transport::certificate::{CertificateFacts, digest_of};
use transport::identity::{Identity, Role};

use crate::error::CoordinatorError;
use crate::store::certificates::StoredCertificate;

/// Days that a center's certificate lasts unless said otherwise: its node renews it by itself.
pub const CENTER_DAYS: u32 = 30;
/// Days that a person's certificate lasts unless said otherwise: people come less often than nodes.
pub const PERSON_DAYS: u32 = 90;
/// Days that a certificate lasts at most: five years.
pub const DAYS_MAX: u32 = 1827;

/// How long a certificate of this role lasts unless said otherwise, in days.
#[must_use]
pub const fn default_days(role: Role) -> u32 {
    match role {
        Role::Center => CENTER_DAYS,
        Role::Person | Role::Coordinator => PERSON_DAYS,
    }
}

/// From `now` for so many days.
#[must_use]
pub fn validity(now: Timestamp, days: u32) -> Validity {
    Validity::from(now, Duration::from_hours(24 * u64::from(days)))
}

/// What a secret is known by: its SHA-256 in hexadecimal digits.
#[must_use]
pub fn secret_digest(secret: &str) -> String {
    hexadecimal(&digest_of(secret.as_bytes()))
}

/// The network's authority with its certificate, able to issue.
#[derive(Debug)]
pub struct Issuer {
    authority: Authority,
    certificate: String,
}

/// A request for a certificate, with what is known of who asks.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Whom the certificate will name.
    pub party: &'a Identity,
    /// The certificate request (PEM).
    pub request: &'a str,
    /// The signing key that the party enrols with, if it names one.
    pub signing_key: Option<PublicKey>,
}

impl Issuer {
    /// The authority and its certificate (PEM).
    #[must_use]
    pub const fn new(authority: Authority, certificate: String) -> Self {
        Self {
            authority,
            certificate,
        }
    }

    /// Issues a certificate; it opens nothing before it is stored.
    pub fn issue(
        &self,
        wanted: Wanted<'_>,
        validity: Validity,
        now: Timestamp,
    ) -> Result<StoredCertificate, CoordinatorError> {
        let Wanted { party, request, .. } = wanted;
        let request_key = request_key_of(request)?;
        let pem = self.authority.certify(request, party, validity)?;
        let facts = CertificateFacts::from_pem(&pem)?;
        Ok(StoredCertificate {
            serial: facts.serial,
            issued: now,
            not_after: facts.not_after,
            days: validity.days(),
            request_key,
            signing_key: wanted.signing_key,
            pem,
            revoked: None,
        })
    }

    /// What the party is answered.
    #[must_use]
    pub fn answer(&self, certificate: &StoredCertificate) -> Enrolled {
        Enrolled {
            certificate: certificate.pem.clone(),
            ca: self.certificate.clone(),
            valid_until: certificate.not_after,
        }
    }
}

/// The key of a request, as the store knows it.
pub fn request_key_of(request: &str) -> Result<String, TransportError> {
    request_key(request).map(|key| hexadecimal(&key))
}

fn hexadecimal(bytes: &[u8; 32]) -> String {
    // Ids of documents are written the same way.
    protocol::ids::DocumentId::from_bytes(*bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_center_is_certified_for_thirty_days_and_a_person_for_ninety() {
        assert_eq!(default_days(Role::Center), 30);
        assert_eq!(default_days(Role::Person), 90);
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        for days in [1, 30, 90, DAYS_MAX] {
            assert_eq!(validity(now, days).days(), days);
        }
    }
}
