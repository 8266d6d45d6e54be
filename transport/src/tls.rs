//! Mutual TLS: TLS 1.3 alone, ring alone, certificates of the network's own authority on both ends.
//!
//! The provider is handed over each time and never installed for the process: which cryptography runs is written here and
//! cannot be changed by a dependency.

mod credentials;
mod verifier;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ServerConfig};

use crate::clock::{Clock, TlsTime};
use crate::error::TransportError;

pub use credentials::{Credentials, Roots};

pub(crate) use credentials::not_after;

pub(crate) use verifier::NOT_THE_COORDINATOR;

const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The server's side: whoever connects must show a certificate of `roots`.
pub fn server_config(
    credentials: &Credentials,
    roots: &Roots,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<ServerConfig>, TransportError> {
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.store(), provider())
        .build()
        .map_err(|error| TransportError::Tls(error.to_string()))?;
    let mut config =
        ServerConfig::builder_with_details(provider(), Arc::new(TlsTime(Arc::clone(clock))))
            .with_protocol_versions(VERSIONS)
            .map_err(tls)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(credentials.chain(), credentials.key())
            .map_err(tls)?;
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    // A session may not outlive the certificate it began with: every connection shows its certificate anew.
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// The client's side: the server must be the coordinator of the client's own network.
pub(crate) fn client_config(
    credentials: &Credentials,
    roots: &Roots,
    clock: &Arc<dyn Clock>,
) -> Result<ClientConfig, TransportError> {
    let network = credentials.identity().network().clone();
    let mut config =
        ClientConfig::builder_with_details(provider(), Arc::new(TlsTime(Arc::clone(clock))))
            .with_protocol_versions(VERSIONS)
            .map_err(tls)?
            // The word `dangerous` is rustls's; what follows is stricter than its default, not laxer.
            .dangerous()
            .with_custom_certificate_verifier(verifier::CoordinatorVerifier::new(
                roots,
                network,
                &provider(),
            )?)
            .with_client_auth_cert(credentials.chain(), credentials.key())
            .map_err(tls)?;
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

/// An error of rustls in our words, about this side's own files.
#[allow(clippy::needless_pass_by_value, reason = "used as map_err(tls)")]
fn tls(error: rustls::Error) -> TransportError {
    match error {
        rustls::Error::InconsistentKeys(_) => TransportError::KeyMismatch,
        other => TransportError::Tls(other.to_string()),
    }
}
