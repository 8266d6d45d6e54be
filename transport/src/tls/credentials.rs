//! With which certificate and key does this party connect, and whom does it believe?

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};

use super::{provider, tls};
use crate::certificate::{CertificateDigest, CertificateFacts, digest_of, hosts_of, is_authority};
use crate::error::TransportError;
use crate::identity::Identity;
use crate::keys;

/// The authority that this network's certificates come from, or the one of a hospital's own.
#[derive(Debug, Clone)]
pub struct Roots {
    store: Arc<RootCertStore>,
    authority: CertificateDer<'static>,
}

impl Roots {
    /// Reads the network's CA file.
    pub fn load(path: &Path) -> Result<Self, TransportError> {
        let pem = std::fs::read(path).map_err(TransportError::file(path))?;
        Self::from_pem(&pem).map_err(|_| TransportError::Pem {
            path: path.to_owned(),
            wanted: "a CA certificate",
        })
    }

    /// Takes the CA certificate from PEM text: exactly one, because a network has one authority.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TransportError> {
        let unusable =
            || TransportError::Certificate("the CA file must hold one certificate".into());
        let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|_| unusable())?;
        let [authority]: [CertificateDer<'static>; 1] = found.try_into().map_err(|_| unusable())?;
        Self::from_der(authority)
    }

    /// Takes the CA certificate in DER form.
    pub(crate) fn from_der(authority: CertificateDer<'static>) -> Result<Self, TransportError> {
        let unusable =
            || TransportError::Certificate("the CA file must hold one certificate".into());
        let mut store = RootCertStore::empty();
        store.add(authority.clone()).map_err(|_| unusable())?;
        Ok(Self {
            store: Arc::new(store),
            authority,
        })
    }

    /// SHA-256 of the authority's certificate in DER form: what an invitation's token holds.
    #[must_use]
    pub fn digest(&self) -> CertificateDigest {
        digest_of(&self.authority)
    }

    /// Refuses a certificate that may not issue others, for example a party's.
    pub fn must_be_authority(&self) -> Result<(), TransportError> {
        if is_authority(&self.authority) {
            return Ok(());
        }
        Err(TransportError::Certificate(
            "it is not that of an authority, which may issue others".into(),
        ))
    }

    pub(super) const fn authority(&self) -> &CertificateDer<'static> {
        &self.authority
    }

    pub(super) fn store(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.store)
    }
}

/// This party's certificate and private key.
pub struct Credentials {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    facts: CertificateFacts,
    own_authority: bool,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({}, key hidden)", self.facts.identity)
    }
}

impl Credentials {
    /// Reads a certificate (PEM) and its private key (PEM, mode 0600).
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TransportError> {
        let certificate_pem =
            std::fs::read(certificate).map_err(TransportError::file(certificate))?;
        let chain = chain_from(&certificate_pem).ok_or_else(|| TransportError::Pem {
            path: certificate.to_owned(),
            wanted: "a certificate",
        })?;
        let key_pem = keys::read_private(key)?;
        let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| TransportError::Pem {
            path: key.to_owned(),
            wanted: "a private key",
        })?;
        Self::new(chain, key)
    }

    /// Takes a certificate and its private key from PEM text.
    pub fn from_pem(certificate_pem: &[u8], key_pem: &[u8]) -> Result<Self, TransportError> {
        let chain = chain_from(certificate_pem)
            .ok_or_else(|| TransportError::Certificate("it is not in PEM form".into()))?;
        let key = PrivateKeyDer::from_pem_slice(key_pem)
            .map_err(|_| TransportError::Tls("the private key is not in PEM form".into()))?;
        Self::new(chain, key)
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TransportError> {
        let unreadable =
            || TransportError::Certificate("its bytes are not an X.509 certificate".into());
        let leaf = chain.first().ok_or_else(unreadable)?;
        let facts = CertificateFacts::from_der(leaf)?;
        Ok(Self {
            chain,
            key,
            facts,
            own_authority: false,
        })
    }

    /// The same, issued by an authority of this party's own (a hospital's PKI): this side cannot check who issued it, the
    /// coordinator does.
    #[must_use]
    pub fn of_own_authority(self) -> Self {
        Self {
            own_authority: true,
            ..self
        }
    }

    /// Whom the certificate names.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.facts.identity
    }

    /// The certificate's first moment.
    #[must_use]
    pub const fn not_before(&self) -> Timestamp {
        self.facts.not_before
    }

    /// The certificate's last moment, so that its owner can be warned in time.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.facts.not_after
    }

    /// Its serial number, lower-case hexadecimal.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.facts.serial
    }

    /// Whether less than a third of the certificate's life is left.
    #[must_use]
    pub fn renewal_due(&self, now: Timestamp) -> bool {
        self.facts.renewal_due(now)
    }

    /// Host names and addresses that a server's certificate holds; none in a party's.
    pub fn hosts(&self) -> Result<Vec<String>, TransportError> {
        self.chain
            .first()
            .map_or(Ok(Vec::new()), |leaf| hosts_of(leaf))
    }

    /// Refuses a key that does not belong to the certificate.
    pub fn check_key(&self) -> Result<(), TransportError> {
        CertifiedKey::from_der(self.chain(), self.key(), &provider())
            .map(drop)
            .map_err(tls)
    }

    /// Refuses a certificate that is somebody else's.
    pub fn must_be(&self, wanted: &Identity) -> Result<(), TransportError> {
        if &self.facts.identity == wanted {
            return Ok(());
        }
        Err(TransportError::WrongParty {
            found: self.facts.identity.clone(),
            wanted: wanted.clone(),
        })
    }

    /// Checks this party's own certificate before the other side would: the answer is then a sentence and not a closed
    /// connection.
    pub fn check_client(&self, roots: &Roots, now: Timestamp) -> Result<(), TransportError> {
        let whose = "this party's certificate";
        if self.own_authority {
            return self.check_time(now, whose);
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.store(), provider())
            .build()
            .map_err(|error| TransportError::Tls(error.to_string()))?;
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let (leaf, rest) = self
            .chain
            .split_first()
            .ok_or_else(|| TransportError::Certificate("it is not in PEM form".into()))?;
        match verifier.verify_client_cert(leaf, rest, time) {
            Ok(_) => Ok(()),
            Err(rustls::Error::InvalidCertificate(reason)) => Err(refused(&reason, whose)),
            Err(other) => Err(TransportError::Certificate(other.to_string())),
        }
    }

    fn check_time(&self, now: Timestamp, whose: &'static str) -> Result<(), TransportError> {
        if now > self.not_after() {
            return Err(TransportError::CertificateExpired { whose });
        }
        if now < self.not_before() {
            return Err(TransportError::CertificateNotYet { whose });
        }
        Ok(())
    }

    pub(super) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.clone()
    }

    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }
}

fn chain_from(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .ok()?;
    (!chain.is_empty()).then_some(chain)
}

fn refused(reason: &rustls::CertificateError, whose: &'static str) -> TransportError {
    use rustls::CertificateError as Reason;
    match reason {
        Reason::Expired | Reason::ExpiredContext { .. } => {
            TransportError::CertificateExpired { whose }
        }
        Reason::NotValidYet | Reason::NotValidYetContext { .. } => {
            TransportError::CertificateNotYet { whose }
        }
        Reason::UnknownIssuer | Reason::BadSignature => {
            TransportError::CertificateAuthority { whose }
        }
        // Everything else (wrong purpose, unknown algorithm) is a certificate that was never made for this.
        other => TransportError::Certificate(other.to_string()),
    }
}
