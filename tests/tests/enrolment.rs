//! Who comes in, who is sent out, and who stays? Invitations, revocations, a hospital's own PKI and renewals, with real processes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use std::path::Path;
use std::time::Duration;

use coordinator::commands::{CertifiedRole, certify};
use demo::network::{NETWORK, OFFICE, Person, RESEARCHER};
use node::config::{NodeConfig, OwnTls};
use node::data_dir::DataDir;
use protocol::amount::NanoRho;
use protocol::documents::CenterEnding;
use tests::{Researcher, TestNetwork, asks, asks_for, documents_in_log, ends, says_what_to_do};
use transport::ca::{Authority, Made, Validity, create_authority, create_request};
use transport::certificate::CertificateFacts;
use transport::client::HttpClient;
use transport::clock::{Clock, SystemClock};
use transport::coordinator_api::CoordinatorApi;
use transport::identity::Identity;
use transport::keys::replace_private;
use transport::tls::{Credentials, Roots};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");
const ANSWERED: [CenterEnding; 2] = [CenterEnding::Answered; 2];
const LATE: [CenterEnding; 2] = [CenterEnding::Late, CenterEnding::Answered];

const HAN: Person = Person {
    id: "han",
    name: "Han So-ra",
    organisation: "University",
};

/// Joins as `person` with a token that is not good for it.
fn turned_away(test: &TestNetwork, person: &Person, token: &str) {
    let url = test.network.url.clone();
    let words = ["join", "--token", token, "--network", NETWORK];
    let who = ["--person", person.id, "--coordinator", &url];
    test.refuses(person, &[&words[..], &who].concat(), "invitation-refused");
}

#[test]
fn a_token_lets_in_whom_it_names_once_and_nobody_after_it_was_withdrawn() {
    let test = TestNetwork::start(EXECUTABLE, 1, 20);
    let enrolled = documents_in_log(&test, "enrolment");
    let token = test.invited("person", "kim");
    turned_away(&test, &HAN, &token);
    let withdrawn = test.invited("person", "han");
    test.at_coordinator(&["revoke", "person", "han"]).done();
    turned_away(&test, &HAN, &withdrawn);
    assert_eq!(documents_in_log(&test, "enrolment"), enrolled);

    // What was refused cost no keys: a good token finds the home as it was left.
    let token = test.invited("person", "han");
    test.says(&HAN, &["join", "--token", &token]);
    assert_eq!(documents_in_log(&test, "enrolment"), enrolled + 1);
    let review = test.says(&OFFICE, &["enrolled"]);
    assert!(
        review.contains("han") && review.contains(&test.key_of(&HAN)[..8]),
        "{review}"
    );
    // Another machine with the same token.
    std::fs::remove_dir_all(test.network.home(&HAN)).unwrap();
    turned_away(&test, &HAN, &token);
    let of_a_center = test.operator(0, &["join", "--token", &token]);
    of_a_center.refused("invitation-refused");
}

#[tokio::test]
async fn a_center_that_is_revoked_while_its_node_serves_is_refused_at_once_and_returns_by_invitation()
 {
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    let mut node = test.logged_node(0, "info");
    node.wait_for("questions can be answered");
    assert_eq!(ends(&test, asks(&test, 0.5).await).await, ANSWERED);

    test.at_coordinator(&["revoke", "center", "K01"]).done();
    let missed = asks_for(&test, 0.6, 3).await;
    node.wait_for("certificate-revoked");
    assert_eq!(ends(&test, missed).await, LATE);
    let status = test.at_coordinator(&["status"]).done();
    assert!(status.contains("revoked"), "{status}");

    let token = test.invited("center", "K01");
    test.operator(0, &["join", "--token", &token]).done();
    node.wait_for("a new certificate is in use");
    assert_eq!(ends(&test, asks(&test, 0.6).await).await, ANSWERED);
    // The same token once more, the same key: the same certificate. Another center's node does not get in with it.
    test.operator(0, &["join", "--token", &token]).done();
    test.operator(1, &["join", "--token", &token])
        .refused("invitation-refused");
}

#[tokio::test]
async fn a_person_who_is_revoked_asks_no_more_not_even_over_an_open_connection() {
    let test = TestNetwork::start(EXECUTABLE, 1, 20);
    let asking = Researcher::open(&test).await;
    let query = asking.query("survival", &[], NanoRho::at_least(0.5).unwrap());
    test.at_coordinator(&["revoke", "person", RESEARCHER.id])
        .done();
    let refused = asking.api.submit(&query).await.unwrap_err();
    assert_eq!(refused.code(), "certificate-revoked", "{refused}");
    let ask = ["ask", "survival", "--rho", "0.5", "--yes"];
    test.refuses(&RESEARCHER, &ask, "certificate-revoked");

    let token = test.invited("person", RESEARCHER.id);
    test.says(&RESEARCHER, &["join", "--token", &token]);
    assert_eq!(documents_in_log(&test, "query"), 0);
    // The same key as before: the study still names it.
    test.ask(&ask[1..4]);
}

/// A certificate of the hospital's authority for this center, with its key, in the node's folder.
fn own_certificate(hospital: &Made, center: &str, folder: &Path) -> OwnTls {
    let authority = Authority::load(&hospital.public_pem, hospital.key_pem.as_bytes()).unwrap();
    let made = create_request().unwrap();
    let center = Identity::of_center(NETWORK.parse().unwrap(), center.parse().unwrap());
    let certificate = authority
        .certify(&made.public_pem, &center, days(30))
        .unwrap();
    let own = OwnTls {
        certificate: folder.join("hospital.pem"),
        key: folder.join("hospital.key"),
    };
    std::fs::write(&own.certificate, certificate).unwrap();
    replace_private(&own.key, made.key_pem.as_bytes()).unwrap();
    own
}

fn days(days: u64) -> Validity {
    Validity::from(SystemClock.now(), Duration::from_hours(24 * days))
}

/// What the coordinator says to whoever shows this certificate.
async fn polls(test: &TestNetwork, own: &OwnTls, ca: &Path) -> Result<(), String> {
    let credentials = Credentials::load(&own.certificate, &own.key).unwrap();
    let (roots, clock) = (Roots::load(ca).unwrap(), SystemClock::shared());
    let http = HttpClient::new(
        &test.network.url,
        &credentials.of_own_authority(),
        &roots,
        &clock,
    );
    let polled = CoordinatorApi::new(http.unwrap()).offers(0, &[]).await;
    polled.map(drop).map_err(|error| error.code().to_owned())
}

#[tokio::test]
async fn a_hospitals_own_pki_is_believed_for_its_center_and_for_no_other() {
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    let data = DataDir::new(test.node_data(0));
    let hospital = create_authority(&"hospital".parse().unwrap(), days(365)).unwrap();
    let ca = data.root().join("hospital-ca.pem");
    std::fs::write(&ca, &hospital.public_pem).unwrap();
    let own = own_certificate(&hospital, "K01", data.root());
    let unknown = || Err("certificate_authority".to_owned());
    assert_eq!(polls(&test, &own, &data.ca()).await, unknown());

    let ca = ca.to_str().unwrap();
    test.at_coordinator(&["trust", "center", "K01", "--ca", ca])
        .done();
    // At once, also over the connection that the node holds with the other certificate.
    assert_eq!(ends(&test, asks_for(&test, 0.4, 3).await).await, LATE);
    let config = NodeConfig::load(&data).unwrap();
    let config = NodeConfig {
        tls: Some(own.clone()),
        ..config
    };
    std::fs::write(data.config(), config.to_toml().unwrap()).unwrap();
    let mut node = test.logged_node(0, "info");
    node.wait_for("questions can be answered");
    assert_eq!(ends(&test, asks(&test, 0.5).await).await, ANSWERED);

    // The certificate of the network's authority, which the center had before, opens nothing any more.
    let before = OwnTls {
        certificate: data.tls_certificate(),
        key: data.tls_key(),
    };
    assert_eq!(polls(&test, &before, &data.ca()).await, unknown());
    let folder = tempfile::tempdir().unwrap();
    for other in ["K02", "K03"] {
        let foreign = own_certificate(&hospital, other, folder.path());
        assert_eq!(
            polls(&test, &foreign, &data.ca()).await,
            unknown(),
            "{other}"
        );
    }
    // The hospital renews it in its own way, and the node takes what lies there.
    own_certificate(&hospital, "K01", data.root());
    assert_eq!(ends(&test, asks(&test, 0.6).await).await, ANSWERED);
    node.wait_for("a new certificate is in use");

    test.at_coordinator(&["distrust", "center", "K01"]).done();
    assert_eq!(ends(&test, asks_for(&test, 0.7, 3).await).await, LATE);
}

fn serial(path: &Path) -> String {
    let pem = std::fs::read_to_string(path).unwrap();
    CertificateFacts::from_pem(&pem).unwrap().serial
}

/// Certifies a party anew for so short a time that its renewal is due at once.
fn certify_shortly(
    test: &TestNetwork,
    role: CertifiedRole,
    id: &str,
    request: &Path,
    to: &Path,
) -> String {
    let short = Validity::from(SystemClock.now(), Duration::from_mins(2));
    certify(&test.network.coordinator_dir, role, id, request, to, short).unwrap();
    serial(to)
}

#[tokio::test]
async fn certificates_that_end_soon_renew_by_themselves_at_a_command_and_while_serving() {
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    let home = test.network.home(&RESEARCHER);
    let (request, certificate) = (home.join("request.pem"), home.join("certificate.pem"));
    let short = certify_shortly(
        &test,
        CertifiedRole::Person,
        RESEARCHER.id,
        &request,
        &certificate,
    );
    test.says(&RESEARCHER, &["log"]);
    let renewed = serial(&certificate);
    assert_ne!(renewed, short);
    test.says(&RESEARCHER, &["log"]);
    assert_eq!(serial(&certificate), renewed);

    let data = DataDir::new(test.node_data(0));
    let (request, certificate) = (data.tls_request(), data.tls_certificate());
    let short = certify_shortly(&test, CertifiedRole::Center, "K01", &request, &certificate);
    let mut node = test.logged_node(0, "info");
    node.wait_for("a new certificate is in use");
    assert_ne!(serial(&certificate), short);
    assert_eq!(ends(&test, asks(&test, 0.5).await).await, ANSWERED);
    let said = test.operator(0, &["audit"]).done();
    assert!(said.contains("\nclean: "), "{said}");
}

#[test]
fn a_certificate_that_cannot_renew_any_more_says_how_to_come_back() {
    let test = TestNetwork::start(EXECUTABLE, 1, 20);
    let home = test.network.home(&RESEARCHER);
    let (request, certificate) = (home.join("request.pem"), home.join("certificate.pem"));
    let role = CertifiedRole::Person;
    let over = Validity::from(
        tests::in_seconds(SystemClock.now(), -300),
        Duration::from_mins(1),
    );
    let dir = &test.network.coordinator_dir;
    certify(dir, role, RESEARCHER.id, &request, &certificate, over).unwrap();
    let told = test.refuses(&RESEARCHER, &["log"], "certificate_expired");
    says_what_to_do(&told, "certificate_expired");
    let token = test.invited("person", RESEARCHER.id);
    test.says(&RESEARCHER, &["join", "--token", &token]);
    test.says(&RESEARCHER, &["log"]);
}
