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
use protocol::ids::NetworkName;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use super::held::Held;
use super::{
    ANONYMOUS_S_MAX, CONNECTIONS_MAX, GRACE_S_MAX, HANDSHAKE_S_MAX, HEADER_BYTES_MAX, HEADER_S_MAX,
    PeerIdentity, REQUEST_S_MAX, STREAMS_MAX, Server, certificate_required,
};
use crate::certificate::CertificateFacts;
use crate::problem::{Kind, Problem};
use crate::shutdown::Shutdown;
use crate::tls::PartyVerifier;

/// After a failed accept (no file handles left), give others the time to close theirs.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Bytes and time for a refused peer to read why.
const LINGER_BYTES_MAX: usize = 64 * 1024;
const LINGER: Duration = Duration::from_secs(1);

/// What every connection needs.
struct Door {
    tls: TlsAcceptor,
    parties: Arc<PartyVerifier>,
    network: NetworkName,
    open: &'static [&'static str],
    router: Router,
    http: auto::Builder<TokioExecutor>,
    shutdown: Shutdown,
    held: Held,
}

/// A connection's party.
#[derive(Clone)]
enum Peer {
    /// Showed no certificate.
    Nobody,
    /// Showed one that has been verified.
    Party {
        identity: PeerIdentity,
        facts: CertificateFacts,
    },
    /// Showed one that cannot be used here.
    TurnedAway(Problem),
}

pub(super) async fn run(server: Server, router: Router, shutdown: &Shutdown) {
    let listener = server.listener;
    let door = Arc::new(Door {
        tls: TlsAcceptor::from(server.tls.config),
        parties: server.tls.parties,
        network: server.network,
        open: server.open,
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
        if let Peer::TurnedAway(problem) = &peer {
            tracing::warn!(peer.address = %address, reason = %problem.detail, "a peer was turned away");
        }
        let named = peer.party().map(|party| &party.identity);
        let Some(_place) = self.held.another(named) else {
            let name = named.map_or_else(|| "without a certificate".into(), ToString::to_string);
            tracing::warn!(peer.address = %address, peer = %name, "a peer holds too many connections; a further one was closed");
            return;
        };
        if named.is_some() {
            self.converse(stream, address, &peer).await;
        } else {
            // Few places, so none for long; whoever was cut off may connect again.
            let most = Duration::from_secs(ANONYMOUS_S_MAX);
            let _ = timeout(most, self.converse(stream, address, &peer)).await;
        }
    }

    async fn converse(&self, stream: TlsStream<TcpStream>, address: SocketAddr, peer: &Peer) {
        let service = service_fn(|request| {
            let admitted = self.admit(peer, request.uri().path());
            answer(self.router.clone(), admitted, request)
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

    /// Who showed what in the handshake.
    fn peer(&self, stream: &TlsStream<TcpStream>) -> Peer {
        let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
        match shown.split_first() {
            None => Peer::Nobody,
            Some((leaf, rest)) => self.party(leaf, rest).unwrap_or_else(Peer::TurnedAway),
        }
    }

    fn party(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
    ) -> Result<Peer, Problem> {
        let refuse =
            |detail: String| Problem::new(Kind::Forbidden, detail).with_code("wrong_network");
        let facts = CertificateFacts::from_der(leaf).map_err(|error| refuse(error.to_string()))?;
        if facts.identity.network() != &self.network {
            return Err(refuse(format!(
                "this is network {}, the certificate is of network {}; use the certificate issued for this network",
                self.network,
                facts.identity.network()
            )));
        }
        let own_authority = self
            .parties
            .own_authority(&facts.identity)
            .map_err(|_| authority_changed())?;
        // Once more, under the authority just named: another may have been named since the handshake.
        self.parties
            .verify_client_cert(leaf, rest, self.now())
            .map_err(|_| authority_changed())?;
        let identity = PeerIdentity {
            identity: facts.identity.clone(),
            serial: facts.serial.clone(),
            own_authority,
        };
        Ok(Peer::Party { identity, facts })
    }

    /// In whose name a request goes on. A connection may live longer than its certificate, or than what speaks for it.
    fn admit(&self, peer: &Peer, path: &str) -> Result<Option<PeerIdentity>, Problem> {
        match peer {
            Peer::TurnedAway(problem) => Err(problem.clone()),
            Peer::Nobody if self.open.contains(&path) => Ok(None),
            Peer::Nobody => Err(certificate_required()),
            Peer::Party { identity, facts } => {
                self.still(identity, facts)?;
                Ok(Some(identity.clone()))
            }
        }
    }

    fn still(&self, peer: &PeerIdentity, facts: &CertificateFacts) -> Result<(), Problem> {
        let until = u64::try_from(facts.not_after.as_second()).unwrap_or_default();
        if self.now().as_secs() > until {
            let why = "this certificate has expired since the connection began; renew it, or ask the coordinator's operator for an invitation";
            return Err(Problem::new(Kind::Forbidden, why).with_code("certificate_expired"));
        }
        match self.parties.own_authority(&peer.identity) {
            Ok(own) if own == peer.own_authority => Ok(()),
            _ => Err(authority_changed()),
        }
    }

    /// The present by the clock that certificates are judged with; without one, the end of time, when none is valid.
    fn now(&self) -> UnixTime {
        let now = self.tls.config().time_provider.current_time();
        now.unwrap_or_else(|| UnixTime::since_unix_epoch(Duration::MAX))
    }
}

impl Peer {
    const fn party(&self) -> Option<&PeerIdentity> {
        match self {
            Self::Party { identity, .. } => Some(identity),
            Self::Nobody | Self::TurnedAway(_) => None,
        }
    }
}

fn authority_changed() -> Problem {
    let why = "another authority than this certificate's speaks for this party now; connect with a certificate of that one, or ask the coordinator's operator";
    Problem::new(Kind::Forbidden, why).with_code("certificate-revoked")
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
    peer: Result<Option<PeerIdentity>, Problem>,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let peer = match peer {
        Ok(peer) => peer,
        Err(problem) => return Ok(problem.into_response()),
    };
    let mut request = request.map(Body::new);
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer);
    }
    match timeout(Duration::from_secs(REQUEST_S_MAX), router.oneshot(request)).await {
        Ok(answered) => answered,
        Err(_) => Ok(
            Problem::new(Kind::Timeout, "the request took too long; send it again").into_response(),
        ),
    }
}
