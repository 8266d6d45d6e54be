//! Is the server the one that an invitation speaks of? For a joiner, who knows nothing yet but a digest of the authority.

use std::sync::Arc;

use protocol::ids::NetworkName;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::{DigitallySignedStruct, Error, OtherError, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::Roots;
use super::verifier::CoordinatorVerifier;
use crate::certificate::{CertificateDigest, digest_of};

/// How a server that shows another authority is spoken of in the chain of errors.
pub(crate) const OTHER_AUTHORITY: &str =
    "the server does not show the authority that the invitation names";

#[derive(Debug, thiserror::Error)]
#[error("{OTHER_AUTHORITY}")]
struct OtherAuthority;

/// Finds the authority in what the server shows by its digest; under that authority the usual checks hold.
#[derive(Debug)]
pub(super) struct InvitedVerifier {
    authority: CertificateDigest,
    network: NetworkName,
    provider: Arc<CryptoProvider>,
}

impl InvitedVerifier {
    pub(super) fn new(
        authority: CertificateDigest,
        network: NetworkName,
        provider: Arc<CryptoProvider>,
    ) -> Arc<Self> {
        Arc::new(Self {
            authority,
            network,
            provider,
        })
    }

    fn coordinator(
        &self,
        shown: &[CertificateDer<'_>],
    ) -> Result<Arc<CoordinatorVerifier>, OtherAuthority> {
        let authority = shown
            .iter()
            .find(|certificate| digest_of(certificate) == self.authority)
            .ok_or(OtherAuthority)?;
        let roots = Roots::from_der(authority.clone().into_owned()).map_err(|_| OtherAuthority)?;
        CoordinatorVerifier::new(&roots, self.network.clone(), &self.provider)
            .map_err(|_| OtherAuthority)
    }
}

impl ServerCertVerifier for InvitedVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let coordinator = self
            .coordinator(intermediates)
            .map_err(|error| OtherError(Arc::new(error)))?;
        coordinator.verify_server_cert(leaf, intermediates, server_name, ocsp_response, now)
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
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
