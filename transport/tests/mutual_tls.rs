//! Who gets in, who is turned away, and does each side hear why? Real sockets, real handshakes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use common::{Network, Running, clock, handle, raw, serve_with};
use protocol::api::{LogPage, paths};
use protocol::envelope::Envelope;
use protocol::ids::ChainHead;
use protocol::limits::BODY_BYTES_MAX;
use protocol::log::LogPosition;
use rstest::rstest;
use transport::TransportError;
use transport::body::RawBody;
use transport::ca::{self, CERTIFICATE_VALID, Validity};
use transport::client::HttpClient;
use transport::clock::{Clock, ManualClock};
use transport::coordinator_api::CoordinatorApi;
use transport::identity::{Identity, Role};
use transport::problem::{Kind, Problem, no_such_path};
use transport::server::PeerIdentity;
use transport::tls::{Credentials, server_config};

async fn who(peer: PeerIdentity) -> axum::Json<String> {
    axum::Json(peer.identity.to_string())
}

async fn center_only(peer: PeerIdentity) -> Result<axum::Json<String>, Problem> {
    Ok(axum::Json(peer.center()?.to_string()))
}

async fn echo_size(RawBody(bytes): RawBody) -> axum::Json<usize> {
    axum::Json(bytes.len())
}

/// A log that is said to be longer than what is sent of it.
async fn withheld_log() -> axum::Json<LogPage> {
    let log = LogPosition {
        entries: 5,
        head: ChainHead::from_bytes([1; 32]),
    };
    axum::Json(LogPage {
        entries: vec![],
        log,
        head: Envelope {
            payload_type: String::new(),
            payload: String::new(),
            signatures: vec![],
        },
    })
}

async fn refuse() -> Problem {
    Problem::new(Kind::Refused, "the signature is wrong; sign it again").with_code("signature")
}

fn router() -> Router {
    Router::new()
        .route("/who", get(who))
        .route("/center", get(center_only))
        .route("/size", post(echo_size))
        .route("/refuse", get(refuse))
        .route(paths::LOG, get(withheld_log))
        .fallback(no_such_path)
}

async fn serve(network: &Network, credentials: &Credentials, clock: &Arc<ManualClock>) -> Running {
    let tls = server_config(credentials, &network.roots(), &handle(clock)).unwrap();
    serve_with(network, tls, router(), &[]).await
}

async fn ask<T: serde::de::DeserializeOwned>(
    client: &HttpClient,
    path: &str,
) -> Result<T, TransportError> {
    client.get(path, &[], Duration::ZERO).await
}

#[tokio::test]
async fn a_party_of_the_network_is_known_by_its_whole_name() {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve(&network, &network.coordinator(&["127.0.0.1"]), &clock).await;
    for identity in ["cartally://demo/center/K01", "cartally://demo/person/kim"] {
        let client = HttpClient::new(
            &server.url,
            &network.party(identity),
            &network.roots(),
            &handle(&clock),
        )
        .unwrap();
        assert_eq!(ask::<String>(&client, "/who").await.unwrap(), identity);
    }
    server.shutdown.finish().await;
}

#[tokio::test]
async fn a_person_cannot_do_what_a_center_may_and_hears_it_as_a_problem() {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve(&network, &network.coordinator(&["127.0.0.1"]), &clock).await;
    let client = |id: &str| {
        HttpClient::new(
            &server.url,
            &network.party(id),
            &network.roots(),
            &handle(&clock),
        )
        .unwrap()
    };
    assert_eq!(
        ask::<String>(&client("cartally://demo/center/K01"), "/center")
            .await
            .unwrap(),
        "K01"
    );
    let refused = ask::<String>(&client("cartally://demo/person/K01"), "/center")
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "wrong_role");
}

#[tokio::test]
async fn a_problem_arrives_as_it_was_sent() {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve(&network, &network.coordinator(&["127.0.0.1"]), &clock).await;
    let party = network.party("cartally://demo/person/kim");
    let client = HttpClient::new(&server.url, &party, &network.roots(), &handle(&clock)).unwrap();
    let TransportError::Problem(problem) = ask::<String>(&client, "/refuse").await.unwrap_err()
    else {
        panic!("not a problem")
    };
    assert_eq!(
        *problem,
        Problem::new(Kind::Refused, "the signature is wrong; sign it again").with_code("signature")
    );
    assert_eq!(
        ask::<String>(&client, "/nowhere").await.unwrap_err().code(),
        "no_such_path"
    );
}

#[rstest]
#[case(BODY_BYTES_MAX, true)]
#[case(BODY_BYTES_MAX + 1, false)]
#[tokio::test]
async fn a_body_is_read_up_to_its_limit(#[case] bytes: usize, #[case] fits: bool) {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve(&network, &network.coordinator(&["127.0.0.1"]), &clock).await;
    let party = network.party("cartally://demo/person/kim");
    let client = HttpClient::new(&server.url, &party, &network.roots(), &handle(&clock)).unwrap();
    // A JSON text of so many bytes: two of them are its quotation marks.
    let answer: Result<usize, _> = client.post("/size", &"x".repeat(bytes - 2)).await;
    match answer {
        Ok(read) => assert!(fits && read == bytes),
        Err(error) => assert!(!fits && error.code() == "body_too_large", "{error}"),
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_by_either_side() {
    let (ours, theirs, clock) = (Network::new("demo"), Network::new("demo"), clock());
    let server = serve(&ours, &ours.coordinator(&["127.0.0.1"]), &clock).await;
    let party = theirs.party("cartally://demo/center/K01");
    // Its own check says so before anything is sent.
    let own = HttpClient::new(&server.url, &party, &ours.roots(), &handle(&clock)).unwrap_err();
    assert_eq!(own.code(), "certificate_authority");
    // A party that believes the other authority does not believe this server.
    let client = HttpClient::new(&server.url, &party, &theirs.roots(), &handle(&clock)).unwrap();
    let refused = ask::<String>(&client, "/who").await.unwrap_err();
    assert_eq!(refused.code(), "certificate_authority", "{refused}");
}

#[tokio::test]
async fn the_server_turns_away_what_its_authority_did_not_issue() {
    let (ours, theirs, clock) = (Network::new("demo"), Network::new("demo"), clock());
    let server = serve(&ours, &ours.coordinator(&["127.0.0.1"]), &clock).await;
    let request = ca::create_request().unwrap();
    let identity: Identity = "cartally://demo/center/K01".parse().unwrap();
    let forged = theirs
        .authority
        .certify(&request.public_pem, &identity, Network::validity())
        .unwrap();
    let ended = raw(
        &server,
        &ours,
        Some((&forged, request.key_pem.as_bytes())),
        &rustls::version::TLS13,
    )
    .await;
    assert!(
        ended.contains("UnknownCA") || ended.contains("DecryptError"),
        "{ended}"
    );
}

#[tokio::test]
async fn nobody_enters_without_a_certificate() {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve(&network, &network.coordinator(&["127.0.0.1"]), &clock).await;
    let ended = raw(&server, &network, None, &rustls::version::TLS13).await;
    assert!(
        ended.contains("403") && ended.contains("certificate-required"),
        "{ended}"
    );
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve(&network, &network.coordinator(&["127.0.0.1"]), &clock).await;
    let request = ca::create_request().unwrap();
    let identity: Identity = "cartally://demo/center/K01".parse().unwrap();
    let certificate = network
        .authority
        .certify(&request.public_pem, &identity, Network::validity())
        .unwrap();
    let party = Some((certificate.as_str(), request.key_pem.as_bytes()));
    let ended = raw(&server, &network, party, &rustls::version::TLS12).await;
    assert!(ended.contains("ProtocolVersion"), "{ended}");
}

#[tokio::test]
async fn an_expired_certificate_is_refused_before_and_after_it_is_shown() {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve(&network, &network.coordinator(&["127.0.0.1"]), &clock).await;
    let short = Validity::from(clock.now(), Duration::from_mins(1));
    let party = network.party_until("cartally://demo/center/K01", short);
    let client = HttpClient::new(&server.url, &party, &network.roots(), &handle(&clock)).unwrap();
    clock.advance(Duration::from_secs(61));
    let refused = ask::<String>(&client, "/who").await.unwrap_err();
    assert_eq!(refused.code(), "certificate_expired", "{refused}");
    assert!(
        refused.to_string().contains("this party's certificate"),
        "{refused}"
    );
    let own = HttpClient::new(&server.url, &party, &network.roots(), &handle(&clock)).unwrap_err();
    assert_eq!(own.code(), "certificate_expired");
}

#[tokio::test]
async fn a_connection_does_not_outlive_its_certificate() {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve(&network, &network.coordinator(&["127.0.0.1"]), &clock).await;
    let short = Validity::from(clock.now(), Duration::from_mins(1));
    let party = network.party_until("cartally://demo/center/K01", short);
    let client = HttpClient::new(&server.url, &party, &network.roots(), &handle(&clock)).unwrap();
    clock.advance(Duration::from_mins(1));
    assert!(ask::<String>(&client, "/who").await.is_ok());
    clock.advance(Duration::from_secs(1));
    let refused = ask::<String>(&client, "/who").await.unwrap_err();
    assert_eq!(refused.code(), "certificate_expired");
    assert!(
        refused.to_string().contains("since the connection began"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_log_that_is_withheld_is_not_taken_for_the_whole() {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve(&network, &network.coordinator(&["127.0.0.1"]), &clock).await;
    let party = network.party("cartally://demo/center/K01");
    let client = HttpClient::new(&server.url, &party, &network.roots(), &handle(&clock)).unwrap();
    let api = CoordinatorApi::new(client);
    let refused = api.log_since(LogPosition::EMPTY).await.unwrap_err();
    assert_eq!(refused.code(), "log_broken", "{refused}");
}

#[tokio::test]
async fn a_certificate_from_the_future_says_to_check_the_clock() {
    let (network, clock) = (Network::new("demo"), clock());
    let later = Validity::from(
        clock.now() + jiff::SignedDuration::from_hours(1),
        CERTIFICATE_VALID,
    );
    let party = network.party_until("cartally://demo/center/K01", later);
    let own = HttpClient::new(
        "https://127.0.0.1:1",
        &party,
        &network.roots(),
        &handle(&clock),
    )
    .unwrap_err();
    assert_eq!(own.code(), "certificate_not_yet_valid");
}

#[tokio::test]
async fn a_certificate_that_names_another_network_is_turned_away_by_name() {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve(&network, &network.coordinator(&["127.0.0.1"]), &clock).await;
    let request = ca::create_request().unwrap();
    let identity: Identity = "cartally://demo2/center/K01".parse().unwrap();
    let certificate = network
        .authority
        .certify(&request.public_pem, &identity, Network::validity())
        .unwrap();
    let party = Some((certificate.as_str(), request.key_pem.as_bytes()));
    let answer = raw(&server, &network, party, &rustls::version::TLS13).await;
    assert!(
        answer.contains("403") && answer.contains("wrong_network") && answer.contains("demo2"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_server_under_another_host_name_is_not_the_coordinator() {
    let (network, clock) = (Network::new("demo"), clock());
    let server = serve(
        &network,
        &network.coordinator(&["coordinator.example"]),
        &clock,
    )
    .await;
    let party = network.party("cartally://demo/center/K01");
    let client = HttpClient::new(&server.url, &party, &network.roots(), &handle(&clock)).unwrap();
    assert_eq!(
        ask::<String>(&client, "/who").await.unwrap_err().code(),
        "not_the_coordinator"
    );
}

#[tokio::test]
async fn a_server_of_the_right_host_and_authority_must_still_name_the_coordinator() {
    let (network, clock) = (Network::new("demo"), clock());
    // Two networks under one authority: the host name and the authority are right, the name is not.
    let key = network.authority.certify_server(
        &"other".parse().unwrap(),
        &["127.0.0.1".into()],
        Network::validity(),
    );
    let key = key.unwrap();
    let impostor =
        Credentials::from_pem(key.public_pem.as_bytes(), key.key_pem.as_bytes()).unwrap();
    let server = serve(&network, &impostor, &clock).await;
    let party = network.party("cartally://demo/center/K01");
    let client = HttpClient::new(&server.url, &party, &network.roots(), &handle(&clock)).unwrap();
    assert_eq!(
        ask::<String>(&client, "/who").await.unwrap_err().code(),
        "not_the_coordinator"
    );
}

#[tokio::test]
async fn a_coordinator_that_is_not_there_is_said_to_be_unreachable() {
    let (network, clock) = (Network::new("demo"), clock());
    let party = network.party("cartally://demo/center/K01");
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let client = HttpClient::new(
        &format!("https://{free}"),
        &party,
        &network.roots(),
        &handle(&clock),
    )
    .unwrap();
    let error = ask::<String>(&client, "/who").await.unwrap_err();
    assert!(
        error.code() == "unreachable" && error.is_transient(),
        "{error}"
    );
}

#[test]
fn a_party_notices_that_it_was_given_anothers_certificate_or_key() {
    let network = Network::new("demo");
    let ours: Identity = "cartally://demo/center/K01".parse().unwrap();
    let theirs = network.party("cartally://demo/center/K02");
    assert_eq!(theirs.must_be(&ours).unwrap_err().code(), "wrong_party");
    let (one, two) = (ca::create_request().unwrap(), ca::create_request().unwrap());
    let certificate = network
        .authority
        .certify(&one.public_pem, &ours, Network::validity())
        .unwrap();
    let mixed = Credentials::from_pem(certificate.as_bytes(), two.key_pem.as_bytes()).unwrap();
    let error = HttpClient::new(
        "https://127.0.0.1:1",
        &mixed,
        &network.roots(),
        &handle(&clock()),
    )
    .unwrap_err();
    assert_eq!(error.code(), "key_mismatch");
    assert_eq!(theirs.identity().role(), Role::Center);
}
