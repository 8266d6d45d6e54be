//! A small network with real keys, a server of it on a free port, and a client that keeps none of our rules.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::sync::Arc;

use axum::Router;
use jiff::Timestamp;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use transport::ca::{self, Authority, CERTIFICATE_VALID, Made, Validity};
use transport::clock::{Clock, ManualClock};
use transport::identity::Identity;
use transport::server::Server;
use transport::shutdown::Shutdown;
use transport::tls::{Credentials, Roots, ServerTls};

pub(crate) const START: &str = "2026-11-21T12:00:00Z";

/// A network's authority and what it can make.
pub(crate) struct Network {
    pub(crate) name: &'static str,
    pub(crate) ca: Made,
    pub(crate) authority: Authority,
}

impl Network {
    pub(crate) fn new(name: &'static str) -> Self {
        let ca = ca::create_authority(&name.parse().unwrap(), Self::validity()).unwrap();
        let authority = Authority::load(&ca.public_pem, ca.key_pem.as_bytes()).unwrap();
        Self {
            name,
            ca,
            authority,
        }
    }

    pub(crate) fn validity() -> Validity {
        Validity::from(START.parse().unwrap(), CERTIFICATE_VALID)
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::from_pem(self.ca.public_pem.as_bytes()).unwrap()
    }

    pub(crate) fn party(&self, identity: &str) -> Credentials {
        self.party_until(identity, Self::validity())
    }

    pub(crate) fn party_until(&self, identity: &str, validity: Validity) -> Credentials {
        let request = ca::create_request().unwrap();
        let identity: Identity = identity.parse().unwrap();
        let certificate = self
            .authority
            .certify(&request.public_pem, &identity, validity)
            .unwrap();
        Credentials::from_pem(certificate.as_bytes(), request.key_pem.as_bytes()).unwrap()
    }

    pub(crate) fn coordinator(&self, hosts: &[&str]) -> Credentials {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let made = self
            .authority
            .certify_server(&self.name.parse().unwrap(), &hosts, Self::validity())
            .unwrap();
        Credentials::from_pem(made.public_pem.as_bytes(), made.key_pem.as_bytes()).unwrap()
    }
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(START.parse::<Timestamp>().unwrap()))
}

pub(crate) fn handle(clock: &Arc<ManualClock>) -> Arc<dyn Clock> {
    clock.clone()
}

pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) port: u16,
    pub(crate) shutdown: Shutdown,
}

/// Serves `router` for this network; `open` are the paths for those who show nothing.
pub(crate) async fn serve_with(
    network: &Network,
    tls: ServerTls,
    router: Router,
    open: &'static [&'static str],
) -> Running {
    let server = Server::bind("127.0.0.1:0", tls, network.name.parse().unwrap())
        .await
        .unwrap()
        .open_to_everybody(open);
    let port = server.address().unwrap().port();
    let shutdown = Shutdown::new();
    let life = shutdown.clone();
    shutdown.spawn(async move { server.run(router, &life).await });
    Running {
        url: format!("https://127.0.0.1:{port}"),
        port,
        shutdown,
    }
}

/// Connects with rustls alone, as a client that keeps none of our rules, sends one request, and says what came of it.
pub(crate) async fn raw(
    server: &Running,
    network: &Network,
    party: Option<(&str, &[u8])>,
    version: &'static rustls::SupportedProtocolVersion,
) -> String {
    let exchange = async {
        let mut tls = connect(server, network, party, version).await?;
        tls.write_all(b"GET /who HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await?;
        let mut answer = Vec::new();
        let mut buffer = [0_u8; 4096];
        loop {
            match tls.read(&mut buffer).await {
                Ok(0) => return Ok(answer),
                Ok(read) => answer.extend_from_slice(&buffer[..read]),
                // A server that closes without a farewell after a whole answer has still answered.
                Err(_) if !answer.is_empty() => return Ok(answer),
                Err(error) => return Err(error),
            }
        }
    };
    match exchange.await {
        Ok(answer) => String::from_utf8_lossy(&answer).into_owned(),
        Err(error) => std::io::Error::to_string(&error),
    }
}

/// A connection without a certificate that the server has let in: it has answered once.
pub(crate) async fn connected(server: &Running, network: &Network) -> TlsStream<TcpStream> {
    let mut tls = connect(server, network, None, &rustls::version::TLS13)
        .await
        .unwrap();
    tls.write_all(b"GET /who HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    assert!(tls.read(&mut [0_u8; 64]).await.unwrap() > 0);
    tls
}

async fn connect(
    server: &Running,
    network: &Network,
    party: Option<(&str, &[u8])>,
    version: &'static rustls::SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(network.ca.public_pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let config = match party {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key).unwrap(),
            )
            .unwrap(),
    };
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let tcp = TcpStream::connect(("127.0.0.1", server.port)).await?;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    connector.connect(name, tcp).await
}
