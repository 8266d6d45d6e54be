//! The door: accepts connections, takes the peer's name from its verified certificate, and hands requests to a router.

mod accept;
mod held;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use protocol::ids::{CenterId, NetworkName};
use rustls::ServerConfig;
use tokio::net::TcpListener;

use crate::error::TransportError;
use crate::identity::{Identity, Role};
use crate::problem::{Kind, Problem};
use crate::shutdown::Shutdown;

/// Connections held open at once; further ones wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 1024;
/// Connections that one peer may hold at once; a further one is closed.
pub const CONNECTIONS_PER_PEER_MAX: usize = 32;
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
pub struct PeerIdentity(pub Identity);

impl PeerIdentity {
    /// The center, or a problem that says who may come here.
    pub fn center(&self) -> Result<CenterId, Problem> {
        self.0.center().ok_or_else(|| {
            Problem::new(
                Kind::Forbidden,
                format!("only a center's node may do this, not a {}", self.0.role()),
            )
            .with_code("wrong_role")
        })
    }

    /// The role of the peer.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.0.role()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PeerIdentity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Self>().cloned();
        peer.ok_or_else(|| {
            Problem::new(
                Kind::Forbidden,
                "this connection shows no certificate of the network",
            )
        })
    }
}

/// A server that is bound and not yet running.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    network: NetworkName,
}

impl Server {
    /// Binds `address` (`host:port`; port 0 takes a free one).
    pub async fn bind(
        address: &str,
        tls: Arc<ServerConfig>,
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
        })
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
        accept::run(self.listener, self.tls, self.network, router, shutdown).await;
    }
}
