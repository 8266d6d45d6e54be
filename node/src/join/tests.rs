//! Does a node come in by its invitation alone, and lose nothing when it cannot?

use std::ffi::OsString;
use std::sync::Arc;

use axum::Router;
use protocol::documents::Enrolment;
use protocol::fingerprint::Fingerprint;
use protocol::log::LogEntry;
use transport::certificate::CertificateFacts;
use transport::client::HttpClient;
use transport::clock::ManualClock;
use transport::coordinator_api::CoordinatorApi;
use transport::shutdown::Shutdown;

use super::office::Office;
use super::*;
use crate::answer::fixture::{Network, now};
use crate::cli::{End, run_with};

/// An operator who types, and the office of the network.
struct Place {
    folder: tempfile::TempDir,
    clock: Arc<dyn Clock>,
    office: Arc<Office>,
    address: String,
    server: Shutdown,
}

impl Place {
    async fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(now()));
        let office = Office::new(Arc::clone(&clock));
        let (address, server) = office.serve(Router::new()).await;
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            clock,
            office,
            address,
            server,
        }
    }

    fn data(&self) -> DataDir {
        DataDir::new(self.folder.path().join("node"))
    }

    /// What a command says on either output, and how it ends.
    async fn types(&self, words: &[&str]) -> (End, String) {
        let root = self.data().root().as_os_str().to_owned();
        let begin = ["cartally-node".into(), OsString::from("--data"), root];
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let clock = Arc::clone(&self.clock);
        let command = self.server.spawn_blocking(move || {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let args = begin.into_iter().chain(words);
            let end = run_with(args, &mut out, &mut err, &clock);
            out.extend(err);
            (end, String::from_utf8(out).unwrap())
        });
        command.await.unwrap()
    }

    async fn init(&self, coordinator: &str, more: &[&str]) -> (End, String) {
        let charter = Fingerprint::from(protocol::ids::DocumentId::from_bytes([7; 32])).words();
        let words = [
            "init",
            "--center",
            "K01",
            "--name",
            "First",
            "--network",
            "kr",
        ];
        let named = ["--coordinator", coordinator, "--charter", &charter];
        self.types(&[&words, named.as_slice(), more].concat()).await
    }

    /// Connects as the node does, and asks for one thing.
    async fn calls(&self) -> Result<(), NodeError> {
        let data = self.data();
        let config = NodeConfig::load(&data)?;
        let credentials = Certificate::of(&data, &config).credentials(&config.identity())?;
        let roots = Roots::load(&data.ca())?;
        let http = HttpClient::new(&config.coordinator, &credentials, &roots, &self.clock)?;
        let asked = ask(&data, &config, seen(&data, &config)?, self.clock.now())?;
        CoordinatorApi::new(http).renew(&asked).await?;
        Ok(())
    }

    async fn init_with(&self, coordinator: &str, office: &Office) -> (End, String) {
        let token = office.token();
        self.init(coordinator, &["--token", &token.reveal()]).await
    }
}

fn keys_of(data: &DataDir) -> Vec<Vec<u8>> {
    [
        data.signing_key(),
        data.sum_key(),
        data.pseudonym_key(),
        data.tls_key(),
    ]
    .map(|path| std::fs::read(path).unwrap())
    .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_enrols_with_a_token_and_connects() {
    let place = Place::new().await;
    let (end, said) = place.init_with(&place.address, &place.office).await;
    assert_eq!(end, End::Done, "{said}");
    assert!(
        said.contains("enrolled: the certificate is valid until"),
        "{said}"
    );
    // Nothing serves before it is made.
    assert!(!said.contains("half a minute"), "{said}");
    let data = place.data();
    let config = NodeConfig::load(&data).unwrap();
    assert_eq!(config.charter.as_bytes(), &[7; 32]);
    assert_eq!(
        std::fs::read_to_string(data.ca()).unwrap(),
        place.office.ca()
    );
    let (asked, _) = place.office.asked().remove(0);
    let enrolment: Enrolment = asked.parse_unverified().unwrap();
    let for_people: crate::init::Enrolment =
        serde_json::from_slice(&std::fs::read(data.enrolment()).unwrap()).unwrap();
    assert_eq!(
        (enrolment.signing_key, enrolment.sum_key, enrolment.log),
        (
            for_people.signing_key,
            Some(for_people.sum_key),
            LogPosition::EMPTY
        )
    );
    place.calls().await.unwrap();
    let shown = CertificateFacts::from_pem(&read(&data.tls_certificate()).unwrap()).unwrap();
    assert_eq!(place.office.shown(), [shown.serial]);
    let (_, status) = place.types(&["status"]).await;
    assert!(status.contains("renews by itself"), "{status}");
    place.server.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn init_without_the_coordinator_loses_nothing() {
    let place = Place::new().await;
    // Nothing listens there: port 1 is nobody's.
    let (end, said) = place.init_with("https://localhost:1", &place.office).await;
    assert_eq!(end, End::Nothing);
    assert!(
        said.contains("error[unreachable]: the node is made and nothing of it is lost"),
        "{said}"
    );
    assert!(
        said.contains("run `cartally-node join --token TOKEN`"),
        "{said}"
    );
    let (data, keys) = (place.data(), keys_of(&place.data()));
    assert_eq!(place.calls().await.unwrap_err().code(), "node.not_enrolled");
    let (_, status) = place.types(&["status"]).await;
    assert!(status.contains("no certificate yet"), "{status}");
    let token = place.office.token();
    let words = [
        "join",
        "--token",
        &token.reveal(),
        "--coordinator",
        &place.address,
    ];
    let (end, said) = place.types(&words).await;
    assert_eq!(end, End::Done, "{said}");
    assert_eq!(keys_of(&data), keys);
    assert_eq!(NodeConfig::load(&data).unwrap().coordinator, place.address);
    place.calls().await.unwrap();
    place.server.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn join_with_another_authority_is_refused() {
    let place = Place::new().await;
    place.init_with(&place.address, &place.office).await;
    let data = place.data();
    let files = [data.tls_certificate(), data.ca(), data.config()];
    let before = files.clone().map(|path| std::fs::read(path).unwrap());
    let other = Office::new(Arc::clone(&place.clock));
    let (end, said) = place
        .types(&["join", "--token", &other.token().reveal()])
        .await;
    assert_eq!(end, End::Nothing);
    assert!(said.starts_with("error[other_authority]: "), "{said}");
    // Another server that shows the authority of its own invitation, and a coordinator's address that is none.
    let (elsewhere, server) = other.serve(Router::new()).await;
    let token = place.office.token();
    let words = [
        "join",
        "--token",
        &token.reveal(),
        "--coordinator",
        &elsewhere,
    ];
    let (_, said) = place.types(&words).await;
    assert!(said.starts_with("error[other_authority]: "), "{said}");
    let (end, _) = place
        .types(&[
            "join",
            "--token",
            &token.reveal(),
            "--coordinator",
            "http://x",
        ])
        .await;
    assert_eq!(end, End::Usage);
    assert_eq!(files.map(|path| std::fs::read(path).unwrap()), before);
    assert!(other.asked().is_empty() && place.office.asked().len() == 1);
    server.finish().await;
    place.server.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_to_enrol_is_in_the_record() {
    let place = Place::new().await;
    place.office.look_into(&place.data());
    place.init_with(&place.address, &place.office).await;
    let (data, network) = (place.data(), Network::new());
    let config = NodeConfig::load(&data).unwrap();
    let own = Own {
        center: config.center.clone(),
        key: keys::signing_key(&data).unwrap().public(),
    };
    let mut mirror = Mirror::open(&data.log(), config.charter, own).unwrap();
    let entry = LogEntry {
        index: 0,
        time: now(),
        envelope: network.documents.charter.clone(),
    };
    let entries = [entry];
    let head = network.head(LogPosition::EMPTY.extended(&entries).unwrap());
    mirror.extend(&entries, &head).unwrap();
    let (_, said) = place
        .types(&["join", "--token", &place.office.token().reveal()])
        .await;
    assert!(said.starts_with("enrolled: "), "{said}");
    assert!(said.contains("takes it within half a minute"), "{said}");
    let asked = place.office.asked();
    let heads: Vec<LogPosition> = asked
        .iter()
        .map(|(envelope, _)| envelope.parse_unverified::<Enrolment>().unwrap().log)
        .collect();
    assert_eq!(heads, [LogPosition::EMPTY, mirror.position()]);
    assert!(asked.iter().all(|(_, recorded)| *recorded));
    record::Record::open(&data.record())
        .unwrap()
        .verify_chain()
        .unwrap();
    place.server.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_not_sent() {
    let place = Place::new().await;
    place.init("https://localhost:1", &[]).await;
    std::fs::write(place.data().record(), "not a record").unwrap();
    let token = place.office.token();
    let words = [
        "join",
        "--token",
        &token.reveal(),
        "--coordinator",
        &place.address,
    ];
    let (end, said) = place.types(&words).await;
    assert_eq!(
        (end, place.office.asked().len()),
        (End::Nothing, 0),
        "{said}"
    );
    place.server.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_token_leaves_no_node_behind() {
    let place = Place::new().await;
    let (end, said) = place.init(&place.address, &["--token", "abc"]).await;
    assert_eq!(end, End::Usage);
    assert!(said.contains("not an invitation's token"), "{said}");
    assert!(!place.data().root().exists());
    place.server.finish().await;
}

/// A certificate of a hospital's own authority for K01, in two files beside the node.
fn of_the_hospital(place: &Place, hospital: &Office, party: &str) -> [String; 3] {
    let made = transport::ca::create_request().unwrap();
    let file = |name: &str| place.folder.path().join(name);
    let (certificate, key, ca) = (file("own.pem"), file("own.key"), file("network-ca.pem"));
    let party = party.parse().unwrap();
    std::fs::write(&certificate, hospital.certify(&made.public_pem, &party)).unwrap();
    let _ = std::fs::remove_file(&key);
    transport::keys::create_private(&key, made.key_pem.as_bytes()).unwrap();
    std::fs::write(&ca, place.office.ca()).unwrap();
    [certificate, key, ca].map(|path| path.to_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn init_takes_a_hospitals_own_certificate_if_it_is_this_centers() {
    let place = Place::new().await;
    let hospital = Office::new(Arc::clone(&place.clock));
    place.office.trust(&hospital);
    let [certificate, key, ca] = of_the_hospital(&place, &hospital, "cartally://kr/center/K02");
    let words = [
        "--tls-certificate",
        &certificate,
        "--tls-key",
        &key,
        "--ca",
        &ca,
    ];
    let (_, said) = place.init(&place.address, &words).await;
    assert!(said.starts_with("error[wrong_party]: "), "{said}");
    assert!(!place.data().root().exists());
    of_the_hospital(&place, &hospital, "cartally://kr/center/K01");
    let (end, said) = place.init(&place.address, &words).await;
    assert_eq!(end, End::Done, "{said}");
    assert!(
        said.contains("cartally-coordinator trust center K01 --ca FILE"),
        "{said}"
    );
    place.calls().await.unwrap();
    let (_, status) = place.types(&["status"]).await;
    assert!(status.contains("renewed by the hospital's PKI"), "{status}");
    let (end, said) = place
        .types(&["join", "--token", &place.office.token().reveal()])
        .await;
    assert_eq!((end, said.contains("[tls]")), (End::Usage, true), "{said}");
    place.server.finish().await;
}
