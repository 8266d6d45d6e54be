//! Mutual TLS: TLS 1.3 alone, ring alone, certificates of the network's own authority on both ends.
//!
//! The provider is handed over each time and never installed for the process: which cryptography runs is written here and
//! cannot be changed by a dependency.

mod credentials;
mod parties;
mod served;
mod verifier;
mod invited;

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, ConfigBuilder, ServerConfig, client::WantsClientCert};

use crate::certificate::CertificateDigest;
use crate::clock::{Clock, TlsTime};
use crate::error::TransportError;
use crate::identity::Identity;

pub use credentials::{Credentials, Roots};
pub use parties::{Anchors, NetworkAlone};

pub(crate) use invited::OTHER_AUTHORITY;
pub(crate) use parties::PartyVerifier;
pub(crate) use verifier::NOT_THE_COORDINATOR;

const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The server's side of TLS; clones share it.
#[derive(Debug, Clone)]
pub struct ServerTls {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) parties: Arc<PartyVerifier>,
    served: Arc<served::Served>,
    roots: Roots,
}

impl ServerTls {
    /// From the next handshake on shows this certificate.
    pub fn replace(&self, credentials: &Credentials) -> Result<(), TransportError> {
        self.served.replace(credentials, &self.roots)
    }
}

/// The server's side: whoever shows a certificate must show one of `roots`. Who shows none has no name, and reaches what
/// the server opens to everybody and nothing else.
pub fn server_config(
    credentials: &Credentials,
    roots: &Roots,
    clock: &Arc<dyn Clock>,
) -> Result<ServerTls, TransportError> {
    server_config_with(credentials, roots, Arc::new(NetworkAlone), clock)
}

/// The server's side, where some parties come with certificates of an authority of their own.
pub fn server_config_with(
    credentials: &Credentials,
    roots: &Roots,
    anchors: Arc<dyn Anchors>,
    clock: &Arc<dyn Clock>,
) -> Result<ServerTls, TransportError> {
    let parties = Arc::new(PartyVerifier::new(roots, anchors)?);
    let served = Arc::new(served::Served::new(credentials, roots)?);
    let mut config =
        ServerConfig::builder_with_details(provider(), Arc::new(TlsTime(Arc::clone(clock))))
            .with_protocol_versions(VERSIONS)
            .map_err(tls)?
            .with_client_cert_verifier(Arc::clone(&parties) as _)
            .with_cert_resolver(Arc::clone(&served) as _);
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    // A session may not outlive the certificate it began with: every connection shows its certificate anew.
    config.send_tls13_tickets = 0;
    Ok(ServerTls {
        config: Arc::new(config),
        parties,
        served,
        roots: roots.clone(),
    })
}

/// The client's side: the server must be the coordinator of the client's own network.
pub(crate) fn client_config(
    credentials: &Credentials,
    roots: &Roots,
    clock: &Arc<dyn Clock>,
) -> Result<ClientConfig, TransportError> {
    let network = credentials.identity().network().clone();
    let verifier = verifier::CoordinatorVerifier::new(roots, network, &provider())?;
    let mut config = believing(verifier, clock)?
        .with_client_auth_cert(credentials.chain(), credentials.key())
        .map_err(tls)?;
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

/// The side of a joiner, who has no certificate yet: the server must be the coordinator under the authority of this digest.
pub(crate) fn joiner_config(
    joiner: &Identity,
    authority: CertificateDigest,
    clock: &Arc<dyn Clock>,
) -> Result<ClientConfig, TransportError> {
    let network = joiner.network().clone();
    let verifier = invited::InvitedVerifier::new(authority, network, provider());
    let mut config = believing(verifier, clock)?.with_no_client_auth();
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

fn believing(
    verifier: Arc<dyn ServerCertVerifier>,
    clock: &Arc<dyn Clock>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TransportError> {
    let time = Arc::new(TlsTime(Arc::clone(clock)));
    let builder = ClientConfig::builder_with_details(provider(), time)
        .with_protocol_versions(VERSIONS)
        .map_err(tls)?;
    // The word `dangerous` is rustls's; our verifiers are stricter than its default, not laxer.
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(verifier))
}

/// An error of rustls in our words, about this side's own files.
#[allow(clippy::needless_pass_by_value, reason = "used as map_err(tls)")]
fn tls(error: rustls::Error) -> TransportError {
    match error {
        rustls::Error::InconsistentKeys(_) => TransportError::KeyMismatch,
        other => TransportError::Tls(other.to_string()),
    }
}
