//! Whom does the server let in? Parties by the network's own authority, or by the one authority that a party was given
//! for itself; and those who show nothing, as nobody.

use std::fmt::Debug;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::{Roots, provider};
use crate::certificate::CertificateDigest;
use crate::error::TransportError;
use crate::identity::Identity;

/// Which parties come with certificates of an authority of their own (a hospital's PKI)?
///
/// Such a party is believed with that authority alone, and that authority for this party alone: it can name nobody else.
pub trait Anchors: Send + Sync + Debug {
    /// The party's own authority; `None` if the network's is the one that counts. Asked at every handshake and every
    /// request, so that a change bites at once. An error lets nobody in under this name.
    fn of(&self, party: &Identity) -> Result<Option<Roots>, TransportError>;
}

/// Every party comes with a certificate of the network's authority.
#[derive(Debug, Clone, Copy)]
pub struct NetworkAlone;

impl Anchors for NetworkAlone {
    fn of(&self, _party: &Identity) -> Result<Option<Roots>, TransportError> {
        Ok(None)
    }
}

/// Verifies what is shown; showing nothing is no error here, because an invited party has nothing to show yet.
#[derive(Debug)]
pub(crate) struct PartyVerifier {
    network: Arc<dyn ClientCertVerifier>,
    anchors: Arc<dyn Anchors>,
}

impl PartyVerifier {
    pub(super) fn new(roots: &Roots, anchors: Arc<dyn Anchors>) -> Result<Self, TransportError> {
        Ok(Self {
            network: under(roots)?,
            anchors,
        })
    }

    /// The party's own authority as it stands now.
    pub(crate) fn own_authority(
        &self,
        party: &Identity,
    ) -> Result<Option<CertificateDigest>, TransportError> {
        let own = self.anchors.of(party)?;
        Ok(own.map(|roots| roots.digest()))
    }

    fn judge(&self, leaf: &CertificateDer<'_>) -> Result<Arc<dyn ClientCertVerifier>, Error> {
        let general = |error: TransportError| Error::General(error.to_string());
        // A certificate that names nobody is the network's to verify; the door turns it away after.
        let Ok(named) = Identity::from_certificate(leaf) else {
            return Ok(Arc::clone(&self.network));
        };
        match self.anchors.of(&named).map_err(general)? {
            Some(own) => under(&own).map_err(general),
            None => Ok(Arc::clone(&self.network)),
        }
    }
}

impl ClientCertVerifier for PartyVerifier {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No hints: which hospitals have an authority of their own is nobody's business.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.judge(leaf)?
            .verify_client_cert(leaf, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 is required".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.network
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.network.supported_verify_schemes()
    }
}

fn under(roots: &Roots) -> Result<Arc<dyn ClientCertVerifier>, TransportError> {
    WebPkiClientVerifier::builder_with_provider(roots.store(), provider())
        .build()
        .map_err(|error| TransportError::Tls(error.to_string()))
}
