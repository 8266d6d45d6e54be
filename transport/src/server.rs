//! The door: accepts connections, takes the peer's name from its verified certificate, and hands requests to a router.

mod accept;
mod held;

use std::net::SocketAddr;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use protocol::ids::{CenterId, NetworkName};
use tokio::net::TcpListener;

use crate::certificate::CertificateDigest;
use crate::error::TransportError;
use crate::identity::{Identity, Role};
use crate::problem::{Kind, Problem};
use crate::shutdown::Shutdown;
use crate::tls::ServerTls;

/// Connections held open at once; further ones wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 1024;
/// Connections that one peer may hold at once; a further one is closed.
pub const CONNECTIONS_PER_PEER_MAX: usize = 32;
/// Connections that those without a certificate may hold at once, all of them together.
pub const ANONYMOUS_CONNECTIONS_MAX: usize = 16;
/// Seconds that a connection without a certificate may last: one enrolment takes far less, and there are few such places.
pub const ANONYMOUS_S_MAX: u64 = 30;
/// Requests on one connection at once.
pub const STREAMS_MAX: u32 = 64;
/// Seconds for a TLS handshake.
pub const HANDSHAKE_S_MAX: u64 = 10;
/// Seconds for the head of a request.
pub const HEADER_S_MAX: u64 = 10;
/// Bytes of the head of a request.
pub const HEADER_BYTES_MAX: u32 = 16 * 1024;
/// Seconds for one request, body and long poll included.
pub const REQUEST_S_MAX: u64 = protocol::limits::WAIT_S_MAX as u64 + 30;
/// Seconds for connections to end when the server stops.
pub const GRACE_S_MAX: u64 = 10;

/// Who is at the other end, taken from the verified certificate of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerIdentity {
    /// Whom the certificate names.
    pub identity: Identity,
    /// The certificate's serial number, lower-case hexadecimal.
    pub serial: String,
    /// The authority of the party's own (a hospital's PKI) that issued the certificate; `None`: the network's.
    pub own_authority: Option<CertificateDigest>,
}

impl PeerIdentity {
    /// The center, or a problem that says who may come here.
    pub fn center(&self) -> Result<CenterId, Problem> {
        self.identity.center().ok_or_else(|| {
            Problem::new(
                Kind::Forbidden,
                format!(
                    "only a center's node may do this, not a {}",
                    self.identity.role()
                ),
            )
            .with_code("wrong_role")
        })
    }

    /// The role of the peer.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.identity.role()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PeerIdentity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Self>().cloned();
        peer.ok_or_else(certificate_required)
    }
}

/// What a peer without a certificate is answered.
fn certificate_required() -> Problem {
    let why = "this connection shows no certificate of the network; enrol with an invitation of the coordinator's operator first";
    Problem::new(Kind::Forbidden, why).with_code("certificate-required")
}

/// A server that is bound and not yet running.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    tls: ServerTls,
    network: NetworkName,
    open: &'static [&'static str],
}

impl Server {
    /// Binds `address` (`host:port`; port 0 takes a free one).
    pub async fn bind(
        address: &str,
        tls: ServerTls,
        network: NetworkName,
    ) -> Result<Self, TransportError> {
        let listener =
            TcpListener::bind(address)
                .await
                .map_err(|source| TransportError::Listen {
                    address: address.to_owned(),
                    source,
                })?;
        Ok(Self {
            listener,
            tls,
            network,
            open: &[],
        })
    }

    /// Opens these paths, and no others, to those who show no certificate.
    #[must_use]
    pub fn open_to_everybody(self, open: &'static [&'static str]) -> Self {
        Self { open, ..self }
    }

    /// Where the server listens.
    pub fn address(&self) -> Result<SocketAddr, TransportError> {
        self.listener
            .local_addr()
            .map_err(|source| TransportError::Listen {
                address: "this server".into(),
                source,
            })
    }

    /// Prints the one line `listening on ADDRESS` that tells whoever started this process that it is ready.
    #[allow(
        clippy::print_stdout,
        reason = "whoever started the server reads this line"
    )]
    pub fn announce(&self) -> Result<(), TransportError> {
        use std::io::Write;

        println!("listening on {}", self.address()?);
        // Whoever closed the pipe does not wait for the line.
        let _ = std::io::stdout().flush();
        Ok(())
    }

    /// Serves `router` until the end has begun; requests under way are finished.
    pub async fn run(self, router: Router, shutdown: &Shutdown) {
        accept::run(self, router, shutdown).await;
    }
}
