//! The whole server over real TLS on a free port, with parties certified by hand.

use std::sync::Arc;

use coordinator::commands::{CertifiedRole, certify, init};
use coordinator::data_dir::DataDir;
use coordinator::http::OPEN_TO_EVERYBODY;
use coordinator::relay::Relay;
use coordinator::service::Service;
use jiff::Timestamp;
use protocol::ids::DocumentId;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use transport::ca::{CERTIFICATE_VALID, Validity, create_request};
use transport::client::HttpClient;
use transport::clock::{Clock, ManualClock};
use transport::coordinator_api::CoordinatorApi;
use transport::keys::create_private;
use transport::server::Server;
use transport::shutdown::Shutdown;
use transport::tls::{Credentials, server_config_with};

use super::Network;

/// A data folder, a network, a clock that stands still.
pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) network: Network,
    pub(crate) clock: Arc<ManualClock>,
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) shutdown: Shutdown,
}

impl World {
    pub(crate) fn new(centers: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let start: Timestamp = super::START.parse().unwrap();
        init(
            &dir.path().join("data"),
            "demo".parse().unwrap(),
            &["127.0.0.1".into()],
            start,
        )
        .unwrap();
        let mut network = Network::new(centers);
        network.coordinator_pkcs8 =
            std::fs::read(dir.path().join("data/keys/signing.key")).unwrap();
        Self {
            dir,
            network,
            clock: Arc::new(ManualClock::new(start)),
        }
    }

    pub(crate) fn data(&self) -> DataDir {
        DataDir::at(&self.dir.path().join("data"))
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    pub(crate) async fn serve(&self) -> Running {
        let (data, shutdown) = (self.data(), Shutdown::new());
        let relay =
            Relay::open(data.open_store().unwrap(), data.load_signing_key().unwrap()).unwrap();
        let anchors = Arc::new(data.anchors(relay.network().clone()));
        let tls = server_config_with(
            &data.load_server().unwrap(),
            &data.load_roots().unwrap(),
            anchors,
            &self.clock(),
        )
        .unwrap();
        let server = Server::bind("127.0.0.1:0", tls, relay.network().clone())
            .await
            .unwrap()
            .open_to_everybody(OPEN_TO_EVERYBODY);
        let url = format!("https://{}", server.address().unwrap());
        let mut service = Service::start(relay, self.clock(), &shutdown);
        if data.has_authority() {
            service = service.issuing(data.load_issuer().unwrap());
        }
        let router = coordinator::http::router(service);
        let life = shutdown.clone();
        shutdown.spawn(async move { server.run(router, &life).await });
        Running { url, shutdown }
    }

    pub(crate) fn party(&self, role: CertifiedRole, id: &str, running: &Running) -> CoordinatorApi {
        CoordinatorApi::new(self.http(role, id, running))
    }

    pub(crate) fn http(&self, role: CertifiedRole, id: &str, running: &Running) -> HttpClient {
        let request = create_request().unwrap();
        let path = |end: &str| self.dir.path().join(format!("{id}.{end}"));
        if !path("key").exists() {
            create_private(&path("key"), request.key_pem.as_bytes()).unwrap();
            std::fs::write(path("csr"), &request.public_pem).unwrap();
            let validity = Validity::from(self.clock.now(), CERTIFICATE_VALID);
            certify(
                self.data().root(),
                role,
                id,
                &path("csr"),
                &path("pem"),
                validity,
            )
            .unwrap();
        }
        let credentials = Credentials::load(&path("pem"), &path("key")).unwrap();
        let roots = self.data().load_roots().unwrap();
        HttpClient::new(&running.url, &credentials, &roots, &self.clock()).unwrap()
    }

    pub(crate) fn person(&self, running: &Running) -> CoordinatorApi {
        self.party(CertifiedRole::Person, "kim", running)
    }

    pub(crate) fn center(&self, index: usize, running: &Running) -> CoordinatorApi {
        self.party(
            CertifiedRole::Center,
            self.network.center(index).as_str(),
            running,
        )
    }

    pub(crate) async fn ask(&self, running: &Running, number: u64) -> DocumentId {
        let person = self.person(running);
        for document in self.network.governance() {
            person.submit(&document).await.unwrap();
        }
        person
            .submit(&self.network.query(number, self.clock.now()))
            .await
            .unwrap()
            .id
    }
}

/// What a peer without a certificate hears: one request over TLS, as a client that keeps none of our rules.
pub(crate) async fn anonymous(
    running: &Running,
    world: &World,
    method: &str,
    path: &str,
    body: &str,
) -> String {
    let mut roots = rustls::RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(world.data().authority_certificate()).unwrap();
    roots.add(authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let address = running.url.trim_start_matches("https://");
    let tcp = tokio::net::TcpStream::connect(address).await.unwrap();
    let name = "127.0.0.1".try_into().unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let tls = connector.connect(name, tcp).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (mut read, mut write) = tokio::io::split(tls);
    let mut answer = Vec::new();
    // A server that answers before it has read everything, or closes without a farewell, has still answered.
    let _ = tokio::join!(
        write.write_all(request.as_bytes()),
        read.read_to_end(&mut answer)
    );
    String::from_utf8(answer).unwrap()
}
