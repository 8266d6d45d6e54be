//! Is the server the coordinator of our network?
//!
//! Host name and authority alone are not enough: with a shared host, a moved address or a certificate issued by mistake,
//! another party of the same network could stand at the coordinator's address. So the certificate must also name the
//! coordinator itself.

use std::sync::Arc;

use protocol::ids::NetworkName;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{DigitallySignedStruct, Error, OtherError, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::Roots;
use crate::error::TransportError;
use crate::identity::Identity;

/// How a certificate that does not name the coordinator is spoken of in the chain of errors.
pub(crate) const NOT_THE_COORDINATOR: &str =
    "the certificate does not name the coordinator of this network";

#[derive(Debug, thiserror::Error)]
#[error("{NOT_THE_COORDINATOR}")]
struct NotTheCoordinator;

/// webpki's checks (authority, time, purpose, host name), then the name of the coordinator, whole.
#[derive(Debug)]
pub(super) struct CoordinatorVerifier {
    webpki: Arc<WebPkiServerVerifier>,
    coordinator: Identity,
}

impl CoordinatorVerifier {
    pub(super) fn new(
        roots: &Roots,
        network: NetworkName,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<Self>, TransportError> {
        let webpki =
            WebPkiServerVerifier::builder_with_provider(roots.store(), Arc::clone(provider))
                .build()
                .map_err(|error| TransportError::Tls(error.to_string()))?;
        Ok(Arc::new(Self {
            webpki,
            coordinator: Identity::coordinator(network),
        }))
    }
}

impl ServerCertVerifier for CoordinatorVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.webpki
                .verify_server_cert(leaf, intermediates, server_name, ocsp_response, now)?;
        match Identity::from_certificate(leaf) {
            Ok(identity) if identity == self.coordinator => Ok(verified),
            _ => Err(OtherError(Arc::new(NotTheCoordinator)).into()),
        }
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
        self.webpki
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
