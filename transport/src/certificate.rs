//! What does a certificate say? Whom it names, its number, from when until when, at which hosts.

use std::net::IpAddr;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use crate::error::TransportError;
use crate::identity::Identity;

/// The whole of a certificate in 32 bytes: SHA-256 of its DER form.
pub type CertificateDigest = [u8; 32];

/// The digest of a certificate in DER form.
#[must_use]
pub fn digest_of(der: &[u8]) -> CertificateDigest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, der).as_ref());
    bytes
}

/// The facts of a party's certificate. Reading them verifies nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Whom it names.
    pub identity: Identity,
    /// Its serial number, lower-case hexadecimal.
    pub serial: String,
    /// Its first moment.
    pub not_before: Timestamp,
    /// Its last moment.
    pub not_after: Timestamp,
}

impl CertificateFacts {
    /// Reads a certificate in DER form.
    pub fn from_der(der: &[u8]) -> Result<Self, TransportError> {
        let parsed = parse(der)?;
        let time = |seconds| Timestamp::from_second(seconds).map_err(|_| unreadable());
        Ok(Self {
            identity: Identity::from_certificate(der)?,
            serial: hex::encode(parsed.raw_serial()),
            not_before: time(parsed.validity().not_before.timestamp())?,
            not_after: time(parsed.validity().not_after.timestamp())?,
        })
    }

    /// Reads the first certificate of a PEM text.
    pub fn from_pem(pem: &str) -> Result<Self, TransportError> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| TransportError::Certificate("it is not in PEM form".into()))?;
        Self::from_der(&der)
    }

    /// Whether it is time to renew this certificate: see [`renewal_due`].
    #[must_use]
    pub fn renewal_due(&self, now: Timestamp) -> bool {
        renewal_due(self.not_before, self.not_after, now)
    }
}

/// Whether less than a third of a certificate's life is left at `now`.
#[must_use]
pub fn renewal_due(not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> bool {
    let life_s = not_after.as_second().saturating_sub(not_before.as_second());
    let left_s = not_after.as_second().saturating_sub(now.as_second());
    left_s.saturating_mul(3) < life_s
}

/// Host names and addresses that a server's certificate holds.
pub(crate) fn hosts_of(der: &[u8]) -> Result<Vec<String>, TransportError> {
    let parsed = parse(der)?;
    let names = parsed
        .subject_alternative_name()
        .map_err(|_| unreadable())?;
    let names = names
        .iter()
        .flat_map(|names| names.value.general_names.iter());
    Ok(names.filter_map(host_in).collect())
}

fn host_in(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(host) => Some((*host).to_owned()),
        GeneralName::IPAddress(bytes) => address_in(bytes).map(|address| address.to_string()),
        // A server's other name is the coordinator's own, which is not a host.
        _ => None,
    }
}

fn address_in(bytes: &[u8]) -> Option<IpAddr> {
    let of_four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let of_sixteen = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    of_four.or_else(|_| of_sixteen()).ok()
}

/// Whether a certificate may issue others.
pub(crate) fn is_authority(der: &[u8]) -> bool {
    parse(der).is_ok_and(|parsed| parsed.is_ca())
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, TransportError> {
    let (_, parsed) = x509_parser::parse_x509_certificate(der).map_err(|_| unreadable())?;
    Ok(parsed)
}

fn unreadable() -> TransportError {
    TransportError::Certificate("its bytes are not an X.509 certificate".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("2026-11-01T00:00:00Z", false)]
    #[case("2026-11-21T00:00:00Z", false)]
    #[case("2026-11-21T00:00:01Z", true)]
    #[case("2026-12-02T00:00:00Z", true)]
    fn a_certificate_is_renewed_when_less_than_a_third_of_its_life_is_left(
        #[case] now: &str,
        #[case] due: bool,
    ) {
        let [from, until] = ["2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"]
            .map(|time| time.parse::<Timestamp>().unwrap());
        assert_eq!(renewal_due(from, until, now.parse().unwrap()), due);
    }
}
