//! A coordinator's office for tests: certifies whoever asks, as each test wants, over real mutual TLS.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use protocol::api::{Enrolled, EnrolmentRequest, paths};
use protocol::documents::Enrolment;
use protocol::envelope::Envelope;
use transport::TransportError;
use transport::ca::{self, Authority, CERTIFICATE_VALID, Validity};
use transport::certificate::CertificateFacts;
use transport::clock::Clock;
use transport::identity::Identity;
use transport::join::{Token, identity_of};
use transport::problem::{Kind, Problem};
use transport::server::{PeerIdentity, Server};
use transport::shutdown::Shutdown;
use transport::tls::{Anchors, Credentials, Roots, server_config_with};

use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::record::Record;

/// The authority of network `kr`, and what came to its desk.
#[derive(Debug)]
pub(crate) struct Office {
    authority: Authority,
    ca: String,
    clock: Arc<dyn Clock>,
    valid: Mutex<Duration>,
    /// The authority that a hospital has of its own.
    hospital: Mutex<Option<Roots>>,
    takes_renewals: AtomicBool,
    /// Every enrolment, and whether the node's record held it when it arrived.
    asked: Mutex<Vec<(Envelope, bool)>>,
    record: Mutex<Option<PathBuf>>,
    /// Serial numbers of the certificates that were shown, each change once.
    shown: Mutex<Vec<String>>,
    turned_away: Mutex<usize>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Anchors for Office {
    fn of(&self, _party: &Identity) -> Result<Option<Roots>, TransportError> {
        Ok(lock(&self.hospital).clone())
    }
}

impl Office {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let name = "kr".parse().unwrap();
        let validity = Validity::from(clock.now(), CERTIFICATE_VALID);
        let made = ca::create_authority(&name, validity).unwrap();
        Arc::new(Self {
            authority: Authority::load(&made.public_pem, made.key_pem.as_bytes()).unwrap(),
            ca: made.public_pem,
            clock,
            valid: Mutex::new(CERTIFICATE_VALID),
            hospital: Mutex::default(),
            takes_renewals: AtomicBool::new(true),
            asked: Mutex::default(),
            record: Mutex::default(),
            shown: Mutex::default(),
            turned_away: Mutex::default(),
        })
    }

    /// Certificates last so long from now on.
    pub(crate) fn certify_for(&self, valid: Duration) {
        *lock(&self.valid) = valid;
    }

    pub(crate) fn take_renewals(&self, takes: bool) {
        self.takes_renewals.store(takes, Ordering::SeqCst);
    }

    /// Parties come with certificates of this authority from now on.
    pub(crate) fn trust(&self, hospital: &Self) {
        *lock(&self.hospital) = Some(hospital.roots());
    }

    /// Looks into this record whenever an enrolment arrives.
    pub(crate) fn look_into(&self, data: &DataDir) {
        *lock(&self.record) = Some(data.record());
    }

    pub(crate) fn asked(&self) -> Vec<(Envelope, bool)> {
        lock(&self.asked).clone()
    }

    pub(crate) fn turned_away(&self) -> usize {
        *lock(&self.turned_away)
    }

    pub(crate) fn shown(&self) -> Vec<String> {
        lock(&self.shown).clone()
    }

    pub(crate) fn token(&self) -> Token {
        Token::generate(&self.roots()).unwrap()
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::from_pem(self.ca.as_bytes()).unwrap()
    }

    pub(crate) fn ca(&self) -> &str {
        &self.ca
    }

    /// A certificate for a request, as of now.
    pub(crate) fn certify(&self, request: &str, party: &Identity) -> String {
        let validity = Validity::from(self.clock.now(), *lock(&self.valid));
        self.authority.certify(request, party, validity).unwrap()
    }

    /// Certifies the request of the node in `data` by hand.
    pub(crate) fn certify_by_hand(&self, data: &DataDir) {
        let config = NodeConfig::load(data).unwrap();
        let request = std::fs::read_to_string(data.tls_request()).unwrap();
        let certificate = self.certify(&request, &config.identity());
        std::fs::write(data.tls_certificate(), certificate).unwrap();
        std::fs::write(data.ca(), &self.ca).unwrap();
    }

    /// Serves the desk and `beside`; returns the address.
    pub(crate) async fn serve(self: &Arc<Self>, beside: Router) -> (String, Shutdown) {
        let name = "kr".parse().unwrap();
        let validity = Validity::from(self.clock.now(), CERTIFICATE_VALID);
        let own = self
            .authority
            .certify_server(&name, &["localhost".to_owned()], validity)
            .unwrap();
        let own = Credentials::from_pem(own.public_pem.as_bytes(), own.key_pem.as_bytes()).unwrap();
        let anchors = Arc::clone(self) as Arc<dyn Anchors>;
        let tls = server_config_with(&own, &self.roots(), anchors, &self.clock).unwrap();
        let server = Server::bind("127.0.0.1:0", tls, name).await.unwrap();
        let server = server.open_to_everybody(&[paths::ENROLMENTS]);
        let address = format!("https://localhost:{}", server.address().unwrap().port());
        let router = Router::new()
            .route(paths::ENROLMENTS, post(enrol))
            .route(paths::CERTIFICATE, post(renew))
            .with_state(Arc::clone(self))
            .merge(beside)
            .layer(from_fn_with_state(Arc::clone(self), note_peer));
        let shutdown = Shutdown::new();
        let life = shutdown.clone();
        shutdown.spawn(async move { server.run(router, &life).await });
        (address, shutdown)
    }

    fn issue(&self, envelope: Envelope) -> Enrolled {
        let enrolment: Enrolment = envelope.parse_unverified().unwrap();
        let _: Enrolment = envelope.open(&[enrolment.signing_key].into()).unwrap();
        enrolment.check().unwrap();
        let record = lock(&self.record).clone();
        let recorded = record.is_some_and(|path| {
            let record = Record::open(&path).unwrap();
            record.document(envelope.id()).unwrap() == Some(envelope.to_json())
        });
        lock(&self.asked).push((envelope, recorded));
        let certificate = self.certify(&enrolment.request, &identity_of(&enrolment).unwrap());
        Enrolled {
            valid_until: CertificateFacts::from_pem(&certificate).unwrap().not_after,
            certificate,
            ca: self.ca.clone(),
        }
    }
}

async fn note_peer(State(office): State<Arc<Office>>, request: Request, next: Next) -> Response {
    if let Some(peer) = request.extensions().get::<PeerIdentity>() {
        let mut shown = lock(&office.shown);
        if shown.last() != Some(&peer.serial) {
            shown.push(peer.serial.clone());
        }
    }
    next.run(request).await
}

async fn enrol(
    State(office): State<Arc<Office>>,
    Json(request): Json<EnrolmentRequest>,
) -> Json<Enrolled> {
    Json(office.issue(request.enrolment))
}

async fn renew(
    State(office): State<Arc<Office>>,
    _peer: PeerIdentity,
    Json(enrolment): Json<Envelope>,
) -> Result<Json<Enrolled>, Problem> {
    if office.takes_renewals.load(Ordering::SeqCst) {
        return Ok(Json(office.issue(enrolment)));
    }
    *lock(&office.turned_away) += 1;
    Err(Problem::new(Kind::Unavailable, "the authority is elsewhere").with_code("no_authority"))
}
