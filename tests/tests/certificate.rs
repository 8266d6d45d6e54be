//! Who may connect? Certificates that are expired, missing, somebody else's or another network's open no door, on either side of it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use coordinator::commands::{CertifiedRole, certify};
use coordinator::data_dir::DataDir as CoordinatorDir;
use demo::actor::Actor;
use demo::network::{NETWORK, RESEARCHER};
use jiff::Timestamp;
use node::data_dir::DataDir;
use protocol::amount::NanoRho;
use protocol::documents::{CenterEnding, Refusal, RefusalReason};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::keys::SigningKey;
use protocol::log::LogPosition;
use protocol::task::TaskState;
use rustls_pki_types::pem::PemObject;
use tests::{Researcher, TestNetwork, documents_in_log, in_seconds, run, says_what_to_do};
use transport::TransportError;
use transport::ca::{CERTIFICATE_VALID, Validity, create_authority};
use transport::client::HttpClient;
use transport::clock::{Clock, ManualClock, SystemClock};
use transport::coordinator_api::CoordinatorApi;
use transport::identity::Identity;
use transport::tls::{Credentials, Roots};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");

/// Four minutes ago a certificate like this ended.
fn ended() -> Validity {
    Validity::from(five_minutes_ago(), Duration::from_mins(1))
}

fn five_minutes_ago() -> Timestamp {
    in_seconds(SystemClock.now(), -300)
}

fn node(test: &TestNetwork, index: usize) -> DataDir {
    DataDir::new(&test.network.centers[index].data)
}

/// A connection with a node's certificate, by this clock.
fn connect(test: &TestNetwork, data: &DataDir, clock: &Arc<dyn Clock>) -> CoordinatorApi {
    let credentials = Credentials::load(&data.tls_certificate(), &data.tls_key()).unwrap();
    let roots = Roots::load(&data.ca()).unwrap();
    CoordinatorApi::new(HttpClient::new(&test.network.url, &credentials, &roots, clock).unwrap())
}

fn certify_again(test: &TestNetwork, data: &DataDir, id: &str, validity: Validity) {
    let (request, certificate) = (data.tls_request(), data.tls_certificate());
    let dir = &test.network.coordinator_dir;
    certify(
        dir,
        CertifiedRole::Center,
        id,
        &request,
        &certificate,
        validity,
    )
    .unwrap();
}

#[tokio::test]
async fn an_expired_certificate_opens_no_door_even_to_a_node_whose_clock_is_wrong() {
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    test.network.kill_node(0);
    let data = node(&test, 0);
    certify_again(&test, &data, "K01", ended());
    let folder = data.root().to_str().unwrap();
    run(EXECUTABLE, Actor::Node, &["serve", "--data", folder]).refused("node.certificate_expired");

    // The node's clock is right again after a new certificate; a wrong one does not deceive the coordinator.
    let wrong: Arc<dyn Clock> = Arc::new(ManualClock::new(five_minutes_ago()));
    let refused = connect(&test, &data, &wrong)
        .offers(0, &[])
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "certificate_expired", "{refused}");

    certify_again(
        &test,
        &data,
        "K01",
        Validity::from(SystemClock.now(), CERTIFICATE_VALID),
    );
    test.network.start_node(0, &[]).unwrap();
    let query = test.ask(&["survival", "--rho", "0.5"]);
    assert!(test.result(&query, "table").contains("2 answered"));
}

#[test]
fn a_person_whose_certificate_is_missing_expired_or_anothers_is_told_what_to_do() {
    let test = TestNetwork::start(EXECUTABLE, 1, 20);
    let home = test.network.home(&RESEARCHER);
    let certificate = home.join("certificate.pem");
    let good = std::fs::read(&certificate).unwrap();
    let told = |code: &str| {
        let complaint = test.complaint(&["ask", "survival", "--yes"]);
        says_what_to_do(complaint.lines().last().unwrap(), code);
    };
    std::fs::remove_file(&certificate).unwrap();
    told("file");
    let of_person = |authority: &transport::ca::Authority, network: &str, validity| {
        let request = std::fs::read_to_string(home.join("request.pem")).unwrap();
        let (network, id) = (network.parse().unwrap(), RESEARCHER.id.parse().unwrap());
        let party = Identity::of_person(network, id);
        let made = authority.certify(&request, &party, validity).unwrap();
        std::fs::write(&certificate, made).unwrap();
    };
    let ours = CoordinatorDir::at(&test.network.coordinator_dir)
        .load_authority()
        .unwrap();
    let valid = Validity::from(SystemClock.now(), CERTIFICATE_VALID);
    of_person(&ours, NETWORK, ended());
    told("certificate_expired");
    of_person(&ours, "other", valid);
    told("not_the_coordinator");
    let made = create_authority(&"other".parse().unwrap(), valid).unwrap();
    let theirs = transport::ca::Authority::load(&made.public_pem, made.key_pem.as_bytes()).unwrap();
    of_person(&theirs, NETWORK, valid);
    told("certificate_authority");
    std::fs::write(&certificate, b"not a certificate").unwrap();
    told("pem");
    let node = std::fs::read(node(&test, 0).tls_certificate()).unwrap();
    std::fs::write(&certificate, node).unwrap();
    told("key_mismatch");

    std::fs::write(&certificate, good).unwrap();
    assert_eq!(documents_in_log(&test, "query"), 0);
    test.ask(&["survival", "--rho", "0.5"]);
}

#[tokio::test]
async fn a_center_can_neither_fetch_nor_answer_nor_refuse_for_another() {
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    (0..2).for_each(|index| test.network.kill_node(index));
    let asking = Researcher::open(&test).await;
    let query = asking.query("survival", &[], NanoRho::at_least(0.5).unwrap());
    let id = asking.api.submit(&query).await.unwrap().id;

    let second = connect(&test, &node(&test, 1), &SystemClock::shared());
    assert_eq!(second.offers(0, &[]).await.unwrap().offers.len(), 1);
    let states = async || -> Vec<TaskState> {
        let status = asking.api.query(id, 0, None).await.unwrap();
        status.tasks.iter().map(|task| task.state).collect()
    };
    assert_eq!(states().await, [TaskState::Offered, TaskState::Fetched]);

    let keys: Vec<SigningKey> = (0..2)
        .map(|index| node::keys::signing_key(&node(&test, index)).unwrap())
        .collect();
    for (center, key, code) in [
        ("K01", &keys[0], "signature"),
        ("K01", &keys[1], "answer_refused"),
        ("K02", &keys[0], "signature"),
    ] {
        let refused = second
            .answer(id, &refusal(id, center, key))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
    }
    let person = asking.api.offers(0, &[]).await.unwrap_err();
    assert!(
        matches!(&person, TransportError::Problem(problem) if problem.status == 403),
        "{person}"
    );
    assert_eq!(states().await, [TaskState::Offered, TaskState::Fetched]);
    assert_eq!(documents_in_log(&test, "refusal"), 0);

    // A node that was given another center's certificate and key does not even start.
    let (own, others) = (node(&test, 0), node(&test, 1));
    let given: Vec<_> = [own.tls_certificate(), own.tls_key()]
        .map(|path| (std::fs::read(&path).unwrap(), path))
        .into();
    std::fs::copy(others.tls_certificate(), own.tls_certificate()).unwrap();
    std::fs::copy(others.tls_key(), own.tls_key()).unwrap();
    let folder = own.root().to_str().unwrap();
    run(EXECUTABLE, Actor::Node, &["serve", "--data", folder]).refused("wrong_party");
    for (bytes, path) in given {
        std::fs::write(path, bytes).unwrap();
    }

    (0..2).for_each(|index| test.network.start_node(index, &[]).unwrap());
    let published = asking.published(id).await;
    assert!(
        published
            .ends
            .iter()
            .all(|end| end.ending == CenterEnding::Answered),
        "{published:?}"
    );
}

fn refusal(query: DocumentId, center: &str, key: &SigningKey) -> Envelope {
    let refusal = Refusal {
        query,
        center: center.parse().unwrap(),
        reason: RefusalReason::NoLock,
        log: LogPosition::EMPTY,
    };
    Envelope::sign(&refusal, key)
}

#[test]
fn whoever_shows_no_certificate_hears_that_and_nothing_of_the_log() {
    let test = TestNetwork::start(EXECUTABLE, 1, 20);
    let address = test.network.url.trim_start_matches("https://");
    let mut connection = anonymous(&test.network.coordinator_dir.join("ca.pem"));
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    let mut stream = rustls::Stream::new(&mut connection, &mut socket);
    let request = b"GET /v1/log HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut heard = Vec::new();
    // A server that closes without a farewell after a whole answer has still answered.
    let _ = stream.read_to_end(&mut heard);
    let heard = String::from_utf8(heard).unwrap();
    assert!(heard.starts_with("HTTP/1.1 403"), "{heard}");
    assert!(heard.contains("certificate-required"), "{heard}");
    assert!(!heard.contains("payload"), "{heard}");
}

/// A TLS client that trusts the network and shows nothing.
fn anonymous(authority: &Path) -> rustls::ClientConnection {
    let mut roots = rustls::RootCertStore::empty();
    let authority = rustls_pki_types::CertificateDer::from_pem_file(authority).unwrap();
    roots.add(authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    rustls::ClientConnection::new(Arc::new(config), "127.0.0.1".try_into().unwrap()).unwrap()
}
