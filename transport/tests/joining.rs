//! How does one come in without a certificate, and whom does a hospital's own authority speak for? Real handshakes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::routing::{get, post};
use axum::{Json, Router};
use common::{Network, Running, clock, handle, raw, serve_with};
use protocol::api::{Enrolled, EnrolmentRequest, paths};
use protocol::documents::{EnrolledRole, Enrolment};
use protocol::envelope::Envelope;
use protocol::keys::{SigningKey, SumKey};
use protocol::log::LogPosition;
use tokio::net::TcpStream;
use transport::TransportError;
use transport::body::JsonBody;
use transport::ca;
use transport::client::HttpClient;
use transport::clock::{Clock, ManualClock};
use transport::identity::Identity;
use transport::join::{Token, enrol, identity_of};
use transport::server::{ANONYMOUS_CONNECTIONS_MAX, PeerIdentity};
use transport::tls::{Anchors, Credentials, Roots, server_config, server_config_with};

const K01: &str = "cartally://demo/center/K01";
const K02: &str = "cartally://demo/center/K02";

/// The own authorities of some parties; a test may name another one while the server runs.
#[derive(Debug, Default)]
struct Own(Mutex<Vec<(Identity, Roots)>>);

impl Own {
    fn of_center(center: &str, authority: &Network) -> Arc<Self> {
        let own = Self::default();
        own.name(center, authority);
        Arc::new(own)
    }

    fn name(&self, center: &str, authority: &Network) {
        let anchor = (center.parse().unwrap(), authority.roots());
        *self.0.lock().unwrap() = vec![anchor];
    }
}

impl Anchors for Own {
    fn of(&self, party: &Identity) -> Result<Option<Roots>, TransportError> {
        let anchors = self.0.lock().unwrap();
        let own = anchors.iter().find(|(named, _)| named == party);
        Ok(own.map(|(_, roots)| roots.clone()))
    }
}

async fn who(peer: PeerIdentity) -> Json<String> {
    let own = if peer.own_authority.is_some() {
        "own"
    } else {
        "network"
    };
    Json(format!("{} {own} {}", peer.identity, peer.serial))
}

/// A router whose enrolment issues by `issuer` whatever is asked for, under the name of `named` if that is given.
fn router(issuer: Network, named: Option<&'static str>) -> Router {
    let issue = async move |JsonBody(request): JsonBody<EnrolmentRequest>| {
        let enrolment: Enrolment = request.enrolment.parse_unverified().unwrap();
        let asked = identity_of(&enrolment).unwrap();
        let party = named.map_or(asked, |named| named.parse().unwrap());
        let validity = Network::validity();
        Json(Enrolled {
            certificate: issuer
                .authority
                .certify(&enrolment.request, &party, validity)
                .unwrap(),
            ca: issuer.ca.public_pem.clone(),
            valid_until: common::START.parse().unwrap(),
        })
    };
    let issue = Arc::new(issue);
    let handler = move |body| {
        let issue = Arc::clone(&issue);
        async move { issue(body).await }
    };
    Router::new()
        .route("/who", get(who))
        .route(paths::ENROLMENTS, post(handler))
}

async fn serve_own(network: &Network, own: Arc<Own>, clock: &Arc<ManualClock>) -> Running {
    let credentials = network.coordinator(&["127.0.0.1"]);
    let tls = server_config_with(&credentials, &network.roots(), own, &handle(clock)).unwrap();
    serve_with(network, tls, Router::new().route("/who", get(who)), &[]).await
}

fn client(
    server: &Running,
    network: &Network,
    party: &Credentials,
    clock: &Arc<ManualClock>,
) -> HttpClient {
    HttpClient::new(&server.url, party, &network.roots(), &handle(clock)).unwrap()
}

async fn ask(client: &HttpClient) -> Result<String, TransportError> {
    client.get("/who", &[], Duration::ZERO).await
}

/// Turned away in the handshake; whether the reason still arrives depends on which side writes first.
fn turned_away(heard: Result<String, TransportError>) {
    let refused = heard.unwrap_err();
    let codes = ["certificate_authority", "unreachable"];
    assert!(codes.contains(&refused.code()), "{refused}");
}

fn enrolment() -> Envelope {
    let key = SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap();
    let enrolment = Enrolment {
        network: "demo".parse().unwrap(),
        role: EnrolledRole::Center,
        id: "K01".into(),
        name: "Hospital".into(),
        organisation: String::new(),
        signing_key: key.public(),
        sum_key: Some(SumKey::from_bytes([1; 32])),
        request: ca::create_request().unwrap().public_pem,
        log: LogPosition::EMPTY,
    };
    Envelope::sign(&enrolment, &key)
}

async fn serve_open(network: &Network, router: Router, clock: &Arc<ManualClock>) -> Running {
    let credentials = network.coordinator(&["127.0.0.1"]);
    let tls = server_config(&credentials, &network.roots(), &handle(clock)).unwrap();
    serve_with(network, tls, router, &[paths::ENROLMENTS]).await
}

/// The same authority once more, for a router that issues by itself.
fn again(network: &Network) -> Network {
    let load = ca::Authority::load(&network.ca.public_pem, network.ca.key_pem.as_bytes());
    let key_pem = ca::create_request().unwrap().key_pem;
    let public_pem = network.ca.public_pem.clone();
    Network {
        name: network.name,
        ca: ca::Made {
            public_pem,
            key_pem,
        },
        authority: load.unwrap(),
    }
}

#[tokio::test]
async fn a_joiner_finds_the_authority_by_its_token_and_is_certified() {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve_open(&network, router(again(&network), None), &clock).await;
    let token = Token::generate(&network.roots()).unwrap();
    let enrolled = enrol(&server.url, &token, &enrolment(), &handle(&clock))
        .await
        .unwrap();
    assert_eq!(enrolled.ca, network.ca.public_pem);
    server.shutdown.finish().await;
}

#[tokio::test]
async fn a_joiner_refuses_a_server_of_another_authority() {
    let (ours, theirs, clock) = (Network::new("demo"), Network::new("demo"), clock());
    let server = serve_open(&theirs, router(again(&theirs), None), &clock).await;
    let token = Token::generate(&ours.roots()).unwrap();
    let refused = enrol(&server.url, &token, &enrolment(), &handle(&clock)).await;
    assert_eq!(refused.unwrap_err().code(), "other_authority");
}

#[tokio::test]
async fn a_joiner_refuses_a_server_that_only_shows_the_authority_beside_a_certificate_of_another() {
    let (ours, theirs, clock) = (Network::new("demo"), Network::new("demo"), clock());
    let made = theirs
        .authority
        .certify_server(
            &"demo".parse().unwrap(),
            &["127.0.0.1".into()],
            Network::validity(),
        )
        .unwrap();
    let chain = format!("{}{}", made.public_pem, ours.ca.public_pem);
    let posing = Credentials::from_pem(chain.as_bytes(), made.key_pem.as_bytes()).unwrap();
    let tls = server_config(&posing, &theirs.roots(), &handle(&clock)).unwrap();
    let server = serve_with(
        &theirs,
        tls,
        router(again(&theirs), None),
        &[paths::ENROLMENTS],
    )
    .await;
    let token = Token::generate(&ours.roots()).unwrap();
    let refused = enrol(&server.url, &token, &enrolment(), &handle(&clock)).await;
    assert_eq!(refused.unwrap_err().code(), "certificate_authority");
}

#[tokio::test]
async fn a_joiner_refuses_a_party_of_the_network_that_is_not_its_coordinator() {
    let (network, clock) = (Network::new("demo"), clock());
    let other = network.authority.certify_server(
        &"other".parse().unwrap(),
        &["127.0.0.1".into()],
        Network::validity(),
    );
    let other = other.unwrap();
    let posing = Credentials::from_pem(other.public_pem.as_bytes(), other.key_pem.as_bytes());
    let tls = server_config(&posing.unwrap(), &network.roots(), &handle(&clock)).unwrap();
    let server = serve_with(
        &network,
        tls,
        router(again(&network), None),
        &[paths::ENROLMENTS],
    )
    .await;
    let token = Token::generate(&network.roots()).unwrap();
    let refused = enrol(&server.url, &token, &enrolment(), &handle(&clock)).await;
    assert_eq!(refused.unwrap_err().code(), "not_the_coordinator");
}

#[tokio::test]
async fn a_joiner_refuses_what_is_issued_to_somebody_else_or_under_another_authority() {
    let (network, other, clock) = (Network::new("demo"), Network::new("demo"), clock());
    let token = Token::generate(&network.roots()).unwrap();
    for (issuer, named, code) in [
        (again(&network), Some(K02), "wrong_party"),
        (other, None, "answer"),
    ] {
        let server = serve_open(&network, router(issuer, named), &clock).await;
        let refused = enrol(&server.url, &token, &enrolment(), &handle(&clock)).await;
        assert_eq!(refused.unwrap_err().code(), code);
        server.shutdown.finish().await;
    }
}

#[tokio::test]
async fn those_without_a_certificate_have_few_places_and_take_none_from_others() {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve_open(&network, router(again(&network), None), &clock).await;
    let mut held = Vec::new();
    for _ in 0..ANONYMOUS_CONNECTIONS_MAX {
        held.push(common::connected(&server, &network).await);
    }
    let further = raw(&server, &network, None, &rustls::version::TLS13).await;
    assert!(!further.contains("403"), "{further}");
    let party = network.party(K01);
    assert!(
        ask(&client(&server, &network, &party, &clock))
            .await
            .is_ok()
    );
    drop::<Vec<tokio_rustls::client::TlsStream<TcpStream>>>(held);
    server.shutdown.finish().await;
}

#[tokio::test]
async fn a_hospitals_own_authority_speaks_for_its_center_and_for_nobody_else() {
    let (network, hospital, clock) = (Network::new("demo"), Network::new("demo"), clock());
    let server = serve_own(&network, Own::of_center(K01, &hospital), &clock).await;
    let own = |identity: &str| hospital.party(identity).of_own_authority();
    let heard = ask(&client(&server, &network, &own(K01), &clock)).await;
    assert!(
        heard
            .unwrap()
            .starts_with("cartally://demo/center/K01 own ")
    );
    for other in [
        K02,
        "cartally://demo/person/K01",
        "cartally://demo/center/K011",
    ] {
        let refused = ask(&client(&server, &network, &own(other), &clock)).await;
        turned_away(refused);
    }
    // From now on the network's authority does not speak for that center, and for all others as before.
    turned_away(ask(&client(&server, &network, &network.party(K01), &clock)).await);
    let heard = ask(&client(&server, &network, &network.party(K02), &clock)).await;
    assert!(
        heard
            .unwrap()
            .starts_with("cartally://demo/center/K02 network ")
    );
}

#[tokio::test]
async fn another_authority_for_a_party_closes_its_open_connections() {
    let (network, hospital, clock) = (Network::new("demo"), Network::new("demo"), clock());
    let own = Arc::new(Own::default());
    let server = serve_own(&network, Arc::clone(&own), &clock).await;
    let open = client(&server, &network, &network.party(K01), &clock);
    assert!(ask(&open).await.is_ok());
    own.name(K01, &hospital);
    assert_eq!(ask(&open).await.unwrap_err().code(), "certificate-revoked");
}

#[tokio::test]
async fn a_party_of_its_own_authority_still_checks_the_time_of_its_certificate() {
    let (network, hospital, clock) = (Network::new("demo"), Network::new("demo"), clock());
    let party = hospital.party(K01).of_own_authority();
    assert!(party.check_client(&network.roots(), clock.now()).is_ok());
    let (early, late) = (
        party.not_before() - jiff::SignedDuration::from_secs(1),
        party.not_after() + jiff::SignedDuration::from_secs(1),
    );
    for (time, code) in [
        (early, "certificate_not_yet_valid"),
        (late, "certificate_expired"),
    ] {
        let refused = party.check_client(&network.roots(), time).unwrap_err();
        assert_eq!(refused.code(), code);
    }
}

#[tokio::test]
async fn a_renewed_server_certificate_is_shown_from_the_next_handshake_on() {
    let (network, clock) = (Network::new("demo"), clock());
    let wrong = network.coordinator(&["elsewhere.example"]);
    let tls = server_config(&wrong, &network.roots(), &handle(&clock)).unwrap();
    let server = serve_with(
        &network,
        tls.clone(),
        Router::new().route("/who", get(who)),
        &[],
    )
    .await;
    let party = network.party(K01);
    let refused = ask(&client(&server, &network, &party, &clock)).await;
    assert_eq!(refused.unwrap_err().code(), "not_the_coordinator");
    let right = network.coordinator(&["127.0.0.1", "localhost"]);
    assert_eq!(right.hosts().unwrap(), ["127.0.0.1", "localhost"]);
    tls.replace(&right).unwrap();
    assert!(
        ask(&client(&server, &network, &party, &clock))
            .await
            .is_ok()
    );
}
