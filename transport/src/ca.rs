//! Who may connect? The network's own certificate authority, kept by the coordinator's operator.
//!
//! A party makes its key where it stays and hands over a request; the names in its certificate come from the operator's
//! decision, never from the request.

use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protocol::ids::NetworkName;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
    SanType, SerialNumber,
};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::certificate::digest_of;
use crate::error::TransportError;
use crate::identity::{Identity, Role};

/// How long an authority lasts: ten years.
pub const AUTHORITY_VALID: Duration = Duration::from_hours(3652 * 24);
/// How long the server's certificate lasts, and a party's where nothing else is said: two years.
pub const CERTIFICATE_VALID: Duration = Duration::from_hours(731 * 24);
/// A certificate is valid from a little before it was made, because the parties' clocks differ.
const BACKDATED: SignedDuration = SignedDuration::from_mins(10);
const DAY_S: i64 = 24 * 3600;
/// Names and addresses of one server.
pub const HOSTS_MAX: usize = 16;

/// A private key and what was made with it, both PEM.
#[derive(Debug)]
pub struct Made {
    /// The certificate or request.
    pub public_pem: String,
    /// The private key.
    pub key_pem: PrivatePem,
}

/// A private key in PEM form. `Debug` hides it; to be written with [`crate::keys::create_private`].
pub struct PrivatePem(Zeroizing<String>);

impl PrivatePem {
    /// The bytes for the key file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for PrivatePem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivatePem(hidden)")
    }
}

/// From when until when a certificate is believed.
#[derive(Debug, Clone, Copy)]
pub struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Validity {
    /// From (a little before) `now`, for `length`.
    #[must_use]
    pub fn from(now: Timestamp, length: Duration) -> Self {
        let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
        Self {
            not_before: now.saturating_sub(BACKDATED).unwrap_or(now),
            not_after: now.saturating_add(length).unwrap_or(Timestamp::MAX),
        }
    }

    /// Whole days from now to the end, rounded up.
    #[must_use]
    pub fn days(self) -> u32 {
        let length = self.not_after.duration_since(self.not_before) - BACKDATED;
        u32::try_from((length.as_secs() + DAY_S - 1) / DAY_S).unwrap_or_default()
    }

    fn apply(self, params: &mut CertificateParams) -> Result<(), TransportError> {
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let since = |time: Timestamp| {
            u64::try_from(time.as_second())
                .map(Duration::from_secs)
                .map_err(|_| TransportError::Making("its time lies before 1970".into()))
        };
        params.not_before = epoch + since(self.not_before)?;
        params.not_after = epoch + since(self.not_after)?;
        Ok(())
    }
}

/// Makes a key and the self-signed certificate of a network's authority.
pub fn create_authority(network: &NetworkName, validity: Validity) -> Result<Made, TransportError> {
    let key = KeyPair::generate().map_err(making)?;
    let mut params = params_for(&format!("Cartally network {network}"), validity)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key).map_err(making)?;
    Ok(Made {
        public_pem: certificate.pem(),
        key_pem: private_pem(&key),
    })
}

/// Makes a key and a request for a certificate. The key never leaves; the request names nobody.
pub fn create_request() -> Result<Made, TransportError> {
    let key = KeyPair::generate().map_err(making)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key).map_err(making)?;
    Ok(Made {
        public_pem: request.pem().map_err(making)?,
        key_pem: private_pem(&key),
    })
}

/// The key that a request asks a certificate for: SHA-256 of its public key. The request must be signed with that key.
pub fn request_key(request_pem: &str) -> Result<[u8; 32], TransportError> {
    let request = parse_request(request_pem)?;
    Ok(digest_of(&request.public_key.subject_public_key_info()))
}

fn parse_request(request_pem: &str) -> Result<CertificateSigningRequestParams, TransportError> {
    CertificateSigningRequestParams::from_pem(request_pem).map_err(|_| {
        TransportError::Certificate(
            "the file is not a certificate request, or its signature is wrong".into(),
        )
    })
}

/// The authority, able to issue.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority(key hidden)")
    }
}

impl Authority {
    /// Loads the authority from its certificate and private key.
    pub fn load(certificate_pem: &str, key_pem: &[u8]) -> Result<Self, TransportError> {
        let unreadable =
            || TransportError::Tls("the authority's key file does not hold a private key".into());
        let key = std::str::from_utf8(key_pem).map_err(|_| unreadable())?;
        let key = KeyPair::from_pem(key).map_err(|_| unreadable())?;
        let issuer = Issuer::from_ca_cert_pem(certificate_pem, key).map_err(|_| {
            TransportError::Certificate("the authority's certificate cannot be read".into())
        })?;
        Ok(Self { issuer })
    }

    /// Issues a certificate (PEM) for the key of a request, naming the party that the operator decided on. Whatever the
    /// request says about names or uses is ignored.
    pub fn certify(
        &self,
        request_pem: &str,
        party: &Identity,
        validity: Validity,
    ) -> Result<String, TransportError> {
        let request = parse_request(request_pem)?;
        let use_as = match party.role() {
            Role::Center | Role::Person => ExtendedKeyUsagePurpose::ClientAuth,
            Role::Coordinator => {
                return Err(TransportError::Certificate(
                    "a coordinator's certificate is made at init alone".into(),
                ));
            }
        };
        let mut params = leaf_params(party, validity, use_as)?;
        params.subject_alt_names = vec![uri_of(party)?];
        Ok(params
            .signed_by(&request.public_key, &self.issuer)
            .map_err(making)?
            .pem())
    }

    /// Makes a key and a certificate for the network's coordinator at these host names and addresses.
    pub fn certify_server(
        &self,
        network: &NetworkName,
        hosts: &[String],
        validity: Validity,
    ) -> Result<Made, TransportError> {
        if hosts.is_empty() || hosts.len() > HOSTS_MAX {
            return Err(TransportError::Certificate(format!(
                "a server has 1 to {HOSTS_MAX} host names"
            )));
        }
        let party = Identity::coordinator(network.clone());
        let key = KeyPair::generate().map_err(making)?;
        let mut params = leaf_params(&party, validity, ExtendedKeyUsagePurpose::ServerAuth)?;
        params.subject_alt_names = hosts
            .iter()
            .map(|host| host_name(host))
            .collect::<Result<_, _>>()?;
        params.subject_alt_names.push(uri_of(&party)?);
        let certificate = params.signed_by(&key, &self.issuer).map_err(making)?;
        Ok(Made {
            public_pem: certificate.pem(),
            key_pem: private_pem(&key),
        })
    }
}

fn leaf_params(
    party: &Identity,
    validity: Validity,
    use_as: ExtendedKeyUsagePurpose,
) -> Result<CertificateParams, TransportError> {
    let mut params = params_for(&format!("{} {}", party.role(), party.id()), validity)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![use_as];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn params_for(common_name: &str, validity: Validity) -> Result<CertificateParams, TransportError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.serial_number = Some(random_serial()?);
    validity.apply(&mut params)?;
    Ok(params)
}

/// 127 random bits: a positive number (RFC 5280, section 4.1.2.2), never twice the same.
fn random_serial() -> Result<SerialNumber, TransportError> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| TransportError::Making("the operating system gave no random bytes".into()))?;
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}

fn uri_of(party: &Identity) -> Result<SanType, TransportError> {
    Ok(SanType::URI(party.to_string().try_into().map_err(making)?))
}

fn host_name(host: &str) -> Result<SanType, TransportError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let name = rustls_pki_types::DnsName::try_from(host).map_err(|_| {
        TransportError::Certificate(format!("{host:?} is neither a host name nor an IP address"))
    })?;
    Ok(SanType::DnsName(
        name.as_ref().to_owned().try_into().map_err(making)?,
    ))
}

fn private_pem(key: &KeyPair) -> PrivatePem {
    PrivatePem(Zeroizing::new(key.serialize_pem()))
}

#[allow(clippy::needless_pass_by_value, reason = "used as map_err(making)")]
fn making(error: rcgen::Error) -> TransportError {
    TransportError::Making(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;

    fn network() -> NetworkName {
        "demo".parse().unwrap()
    }

    fn authority() -> Authority {
        let made = create_authority(&network(), validity()).unwrap();
        Authority::load(&made.public_pem, made.key_pem.as_bytes()).unwrap()
    }

    fn validity() -> Validity {
        Validity::from("2026-11-21T00:00:00Z".parse().unwrap(), CERTIFICATE_VALID)
    }

    fn identity_in(pem: &str) -> Identity {
        Identity::from_certificate(&CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap()
    }

    #[test]
    fn the_names_in_a_certificate_are_the_operators_never_the_requests() {
        let key = KeyPair::generate().unwrap();
        let mut greedy = CertificateParams::default();
        greedy
            .distinguished_name
            .push(DnType::CommonName, "coordinator");
        greedy.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        greedy.subject_alt_names = vec![
            SanType::URI("cartally://demo/coordinator/main".try_into().unwrap()),
            SanType::DnsName("coordinator.example".try_into().unwrap()),
        ];
        let request = greedy.serialize_request(&key).unwrap().pem().unwrap();
        let party: Identity = "cartally://demo/center/K01".parse().unwrap();
        let issued = authority().certify(&request, &party, validity()).unwrap();
        assert_eq!(identity_in(&issued), party);
        let der = CertificateDer::from_pem_slice(issued.as_bytes()).unwrap();
        let text = String::from_utf8_lossy(&der).into_owned();
        assert!(
            !text.contains("coordinator"),
            "nothing of the request's names is left"
        );
        let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
        assert!(!parsed.is_ca());
    }

    #[test]
    fn a_request_is_known_by_its_key_and_a_certificate_by_its_days() {
        let (one, two) = (create_request().unwrap(), create_request().unwrap());
        let key = |made: &Made| request_key(&made.public_pem).unwrap();
        assert_eq!(key(&one), key(&one));
        assert_ne!(key(&one), key(&two));
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        for (length, days) in [
            (Duration::from_hours(24 * 30), 30),
            (Duration::from_mins(1), 1),
            (Duration::from_hours(25), 2),
        ] {
            assert_eq!(Validity::from(now, length).days(), days);
        }
    }

    #[test]
    fn nobody_is_certified_as_coordinator_by_request() {
        let request = create_request().unwrap();
        let refused = authority().certify(
            &request.public_pem,
            &Identity::coordinator(network()),
            validity(),
        );
        assert_eq!(refused.unwrap_err().code(), "certificate");
    }

    #[test]
    fn what_is_not_a_request_is_refused() {
        let party: Identity = "cartally://demo/center/K01".parse().unwrap();
        let certificate = create_authority(&network(), validity()).unwrap().public_pem;
        for wrong in ["", "hello", certificate.as_str()] {
            assert!(authority().certify(wrong, &party, validity()).is_err());
        }
    }

    #[rstest::rstest]
    #[case(&[], false)]
    #[case(&["localhost", "127.0.0.1", "::1"], true)]
    #[case(&["not a host"], false)]
    #[case(&["h"; HOSTS_MAX], true)]
    #[case(&["h"; HOSTS_MAX + 1], false)]
    fn a_server_has_host_names_within_the_limit(#[case] hosts: &[&str], #[case] fits: bool) {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let made = authority().certify_server(&network(), &hosts, validity());
        assert_eq!(made.is_ok(), fits);
        if let Ok(made) = made {
            assert_eq!(
                identity_in(&made.public_pem),
                Identity::coordinator(network())
            );
            assert!(!format!("{made:?}").contains("PRIVATE"));
        }
    }
}
