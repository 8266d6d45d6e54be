//! How does a connection become requests? Handshake, name of the peer, HTTP, within limits of time and number.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::{Request, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use jiff::Timestamp;
use protocol::ids::NetworkName;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use super::held::Held;
use super::{
    CONNECTIONS_MAX, GRACE_S_MAX, HANDSHAKE_S_MAX, HEADER_BYTES_MAX, HEADER_S_MAX, PeerIdentity,
    REQUEST_S_MAX, STREAMS_MAX,
};
use crate::identity::Identity;
use crate::problem::{Kind, Problem};
use crate::shutdown::Shutdown;
use crate::tls::not_after;

/// After a failed accept (no file handles left), give others the time to close theirs.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Bytes and time for a refused peer to read why.
const LINGER_BYTES_MAX: usize = 64 * 1024;
const LINGER: Duration = Duration::from_secs(1);

/// What every connection needs.
struct Door {
    tls: TlsAcceptor,
    network: NetworkName,
    router: Router,
    http: auto::Builder<TokioExecutor>,
    shutdown: Shutdown,
    held: Held,
}

/// A connection's party, by its certificate.
#[derive(Clone)]
struct Peer {
    identity: PeerIdentity,
    /// The certificate's last moment.
    until: Timestamp,
}

pub(super) async fn run(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    network: NetworkName,
    router: Router,
    shutdown: &Shutdown,
) {
    let door = Arc::new(Door {
        tls: TlsAcceptor::from(tls),
        network,
        router,
        http: http(),
        shutdown: shutdown.clone(),
        held: Held::default(),
    });
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = shutdown.begun() => return,
        };
        match accepted {
            Ok((stream, address, place)) => {
                let door = Arc::clone(&door);
                shutdown.spawn(async move {
                    door.serve(stream, address).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, address, place))
}

fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEADER_S_MAX))
        .max_buf_size(HEADER_BYTES_MAX as usize);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    http
}

impl Door {
    async fn serve(&self, stream: TcpStream, address: SocketAddr) {
        let Some(stream) = self.handshake(stream, address).await else {
            return;
        };
        let peer = self.peer(&stream);
        let _place = match &peer {
            Ok(peer) => {
                let Some(place) = self.held.another(&peer.identity.0) else {
                    tracing::warn!(peer.address = %address, peer = %peer.identity.0, "a peer holds too many connections; a further one was closed");
                    return;
                };
                Some(place)
            }
            Err(problem) => {
                tracing::warn!(peer.address = %address, reason = %problem.detail, "a peer of another network was turned away");
                None
            }
        };
        let service = service_fn(|request| {
            answer(
                self.router.clone(),
                peer.clone().and_then(|peer| self.still(peer)),
                request,
            )
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.shutdown.begun() => {
                connection.as_mut().graceful_shutdown();
                // A peer that reads nothing may not hold up the end.
                timeout(Duration::from_secs(GRACE_S_MAX), connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            tracing::debug!(peer.address = %address, error = %error, "a connection broke off");
        }
    }

    async fn handshake(
        &self,
        stream: TcpStream,
        address: SocketAddr,
    ) -> Option<TlsStream<TcpStream>> {
        let handshake = self.tls.accept(stream).into_fallible();
        match timeout(Duration::from_secs(HANDSHAKE_S_MAX), handshake).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err((error, stream))) => {
                tracing::warn!(peer.address = %address, error = %error, "a peer was turned away in the handshake");
                linger(stream).await;
                None
            }
            Err(_) => {
                tracing::debug!(peer.address = %address, "a handshake took too long");
                None
            }
        }
    }

    /// The peer's name, or the problem that every request of this connection is answered with.
    fn peer(&self, stream: &TlsStream<TcpStream>) -> Result<Peer, Problem> {
        let refuse =
            |detail: String| Problem::new(Kind::Forbidden, detail).with_code("wrong_network");
        let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let leaf = certificates
            .first()
            .ok_or_else(|| refuse("no certificate was shown".into()))?;
        let identity =
            Identity::from_certificate(leaf).map_err(|error| refuse(error.to_string()))?;
        if identity.network() != &self.network {
            return Err(refuse(format!(
                "this is network {}, the certificate is of network {}; use the certificate issued for this network",
                self.network,
                identity.network()
            )));
        }
        let until = not_after(leaf).map_err(|error| refuse(error.to_string()))?;
        let identity = PeerIdentity(identity);
        Ok(Peer { identity, until })
    }

    /// The peer, while its certificate is valid: a connection may live longer.
    fn still(&self, peer: Peer) -> Result<PeerIdentity, Problem> {
        let now = self.tls.config().time_provider.current_time();
        let now = now.and_then(|now| i64::try_from(now.as_secs()).ok());
        if now.is_some_and(|now| now <= peer.until.as_second()) {
            return Ok(peer.identity);
        }
        let why = "this certificate has expired since the connection began; ask the coordinator's operator for a new one";
        Err(Problem::new(Kind::Forbidden, why).with_code("certificate_expired"))
    }
}

/// Closing at once would destroy the alert that says why; so read what the peer had sent already, then close.
async fn linger(mut stream: TcpStream) {
    let drain = async {
        stream.shutdown().await?;
        let mut left = stream.take(LINGER_BYTES_MAX as u64);
        let mut buffer = [0_u8; 4096];
        while left.read(&mut buffer).await? > 0 {}
        io::Result::Ok(())
    };
    // Whether the peer read it or not, the connection is over.
    let _ = timeout(LINGER, drain).await;
}

async fn answer(
    router: Router,
    peer: Result<PeerIdentity, Problem>,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let peer = match peer {
        Ok(peer) => peer,
        Err(problem) => return Ok(problem.into_response()),
    };
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(peer);
    match timeout(Duration::from_secs(REQUEST_S_MAX), router.oneshot(request)).await {
        Ok(answered) => answered,
        Err(_) => Ok(
            Problem::new(Kind::Timeout, "the request took too long; send it again").into_response(),
        ),
    }
}
