//! Is the next certificate there in time, whoever sees to it?

use std::path::PathBuf;

use axum::Router;
use jiff::Timestamp;
use protocol::documents::Enrolment;
use protocol::ids::ChainHead;
use transport::certificate::CertificateFacts;
use transport::clock::ManualClock;

use super::*;
use crate::answer::fixture::Network;
use crate::config::OwnTls;
use crate::join::office::Office;

const HOUR: Duration = Duration::from_hours(1);
/// Certificates count from ten minutes before they are made: a third of seventy minutes is left after 36 and two thirds.
const NOT_YET: Duration = Duration::from_secs(2_200);
const DUE: Duration = Duration::from_secs(1);

/// A node that was certified by hand, and the office that certifies it from now on.
struct World {
    network: Network,
    office: Arc<Office>,
    server: Shutdown,
}

fn seen(entries: u64) -> LogPosition {
    LogPosition {
        entries,
        head: ChainHead::from_bytes([3; 32]),
    }
}

impl World {
    async fn new() -> Self {
        let network = Network::new();
        let office = Office::new(Arc::clone(&network.clock) as Arc<dyn Clock>);
        office.certify_for(HOUR);
        office.certify_by_hand(&network.data);
        let (coordinator, server) = office.serve(Router::new()).await;
        let world = Self {
            network,
            office,
            server,
        };
        world.configure(|config| config.coordinator = coordinator);
        world
    }

    fn clock(&self) -> &ManualClock {
        &self.network.clock
    }

    fn data(&self) -> &DataDir {
        &self.network.data
    }

    fn configure(&self, change: impl FnOnce(&mut NodeConfig)) {
        let mut config = NodeConfig::load(self.data()).unwrap();
        change(&mut config);
        std::fs::write(self.data().config(), config.to_toml().unwrap()).unwrap();
    }

    fn open(&self) -> Result<Connection, NodeError> {
        let clock = Arc::clone(&self.network.clock) as Arc<dyn Clock>;
        let config = NodeConfig::load(self.data()).unwrap();
        Connection::open(self.data(), &config, &clock, self.server.clone())
    }

    fn certificate(&self) -> CertificateFacts {
        let pem = std::fs::read_to_string(self.data().tls_certificate()).unwrap();
        CertificateFacts::from_pem(&pem).unwrap()
    }
}

impl Connection {
    fn until(&self) -> Timestamp {
        lock(&self.state).not_after
    }

    fn told(&self) -> Vec<String> {
        lock(&self.state).told.iter().cloned().collect()
    }

    /// The serial number of the certificate that the other side then sees.
    async fn shows(&self, world: &World) -> String {
        let asked = join::ask(&self.data, &self.config, seen(0), self.clock.now()).unwrap();
        // Whether it is issued does not matter, only who asked.
        let _ = self.api().renew(&asked).await;
        world.office.shown().pop().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_renews_by_itself_before_it_expires() {
    let world = World::new().await;
    world.office.look_into(world.data());
    let key = std::fs::read(world.data().tls_key()).unwrap();
    let (connection, first) = (world.open().unwrap(), world.certificate());
    world.clock().advance(NOT_YET);
    connection.keep_up(seen(4)).await;
    assert!(world.office.asked().is_empty());
    world.clock().advance(DUE);
    connection.keep_up(seen(5)).await;
    let second = world.certificate();
    assert_eq!(connection.until(), second.not_after);
    assert!(second.not_after > first.not_after && second.serial != first.serial);
    assert_eq!(connection.shows(&world).await, second.serial);
    let (asked, recorded) = world.office.asked().remove(0);
    let enrolment: Enrolment = asked.parse_unverified().unwrap();
    assert!(recorded && enrolment.log == seen(5));
    // For as long as it serves, far beyond the first certificate's end.
    for _ in 0..10 {
        world.clock().advance(NOT_YET + DUE);
        connection.keep_up(seen(5)).await;
        assert!(connection.until() > world.network.clock.now() + NOT_YET);
    }
    assert!(connection.told().is_empty());
    assert_eq!(std::fs::read(world.data().tls_key()).unwrap(), key);
    world.server.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn renewals_that_fail_are_told_once_tried_again_later_and_end_at_the_certificates_end() {
    let world = World::new().await;
    let (connection, first) = (world.open().unwrap(), world.certificate());
    world.office.take_renewals(false);
    world.clock().advance(NOT_YET + DUE);
    for _ in 0..5 {
        connection.keep_up(seen(1)).await;
    }
    assert_eq!(world.office.turned_away(), 1);
    assert_eq!(connection.told(), ["no_authority"]);
    world.clock().advance(Duration::from_secs(1));
    connection.keep_up(seen(1)).await;
    assert_eq!(world.office.turned_away(), 2);
    assert_eq!(connection.shows(&world).await, first.serial);
    world.clock().advance(HOUR);
    connection.keep_up(seen(1)).await;
    assert_eq!(
        connection.told(),
        ["no_authority", "node.certificate_expired"]
    );
    let error = world.open().map(drop).unwrap_err();
    assert_eq!(error.code(), "node.certificate_expired");
    assert!(
        error
            .to_string()
            .contains("cartally-node join --token TOKEN"),
        "{error}"
    );
    // What `join` puts there is taken by the node that serves.
    world.office.take_renewals(true);
    world.office.certify_by_hand(world.data());
    connection.keep_up(seen(1)).await;
    assert!(connection.told().is_empty());
    assert_eq!(connection.shows(&world).await, world.certificate().serial);
    world.server.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_that_issues_what_must_be_renewed_at_once_is_not_asked_at_every_step() {
    let world = World::new().await;
    let connection = world.open().unwrap();
    world.office.certify_for(Duration::from_mins(1));
    world.clock().advance(NOT_YET + DUE);
    for _ in 0..10 {
        connection.keep_up(seen(1)).await;
    }
    assert_eq!(world.office.asked().len(), 1);
    world.server.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_that_cannot_be_used_is_not_taken() {
    let world = World::new().await;
    let (connection, first) = (world.open().unwrap(), world.certificate());
    // The authority that this node believes is another one than issues: as if the coordinator were not the one it knew.
    let other = Office::new(Arc::clone(&world.network.clock) as Arc<dyn Clock>);
    std::fs::write(world.data().ca(), other.ca()).unwrap();
    world.clock().advance(NOT_YET + DUE);
    connection.keep_up(seen(1)).await;
    assert_eq!(connection.told(), ["certificate_authority"]);
    assert_eq!(world.certificate(), first);
    assert_eq!(connection.shows(&world).await, first.serial);
    world.server.finish().await;
}

/// Writes a certificate of the hospital's authority, and its key.
fn issue(world: &World, hospital: &Office) -> (PathBuf, PathBuf, String) {
    let made = transport::ca::create_request().unwrap();
    let party = "cartally://kr/center/K01".parse().unwrap();
    let pem = hospital.certify(&made.public_pem, &party);
    let (certificate, key) = (
        world.data().root().join("own.pem"),
        world.data().root().join("own.key"),
    );
    transport::keys::write_atomic(&certificate, pem.as_bytes()).unwrap();
    transport::keys::replace_private(&key, made.key_pem.as_bytes()).unwrap();
    let serial = CertificateFacts::from_pem(&pem).unwrap().serial;
    (certificate, key, serial)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospitals_own_certificate_is_used_and_read_anew() {
    let world = World::new().await;
    let hospital = Office::new(Arc::clone(&world.network.clock) as Arc<dyn Clock>);
    hospital.certify_for(Duration::from_hours(24 * 30));
    world.office.trust(&hospital);
    let (_, key, first) = issue(&world, &hospital);
    world.configure(|config| {
        config.tls = Some(OwnTls {
            certificate: "own.pem".into(),
            key: key.clone(),
        });
    });
    let connection = world.open().unwrap();
    assert_eq!(connection.shows(&world).await, first);
    let asked = world.office.asked().len();
    // Its end comes near: nobody but the hospital renews it, and the operator hears of it.
    world.clock().advance(Duration::from_hours(24 * 15));
    connection.keep_up(seen(1)).await;
    assert_eq!(connection.told(), [""; 0]);
    world.clock().advance(Duration::from_hours(24 * 12));
    connection.keep_up(seen(1)).await;
    assert_eq!(connection.told(), ["node.certificate_ends"]);
    assert_eq!(world.office.asked().len(), asked);
    let (_, _, second) = issue(&world, &hospital);
    connection.keep_up(seen(1)).await;
    assert_eq!(connection.told(), [""; 0]);
    assert_eq!(connection.shows(&world).await, second);
    // A key that others can read is refused, and the certificate in use stays in use.
    issue(&world, &hospital);
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&key, readable).unwrap();
    connection.keep_up(seen(1)).await;
    assert_eq!(connection.told(), ["key_file_mode"]);
    assert_eq!(connection.shows(&world).await, second);
    assert_eq!(world.open().map(drop).unwrap_err().code(), "key_file_mode");
    world.server.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_certificate_hears_how_to_get_one() {
    let world = World::new().await;
    std::fs::remove_file(world.data().tls_certificate()).unwrap();
    let error = world.open().map(drop).unwrap_err();
    assert_eq!(error.code(), "node.not_enrolled");
    world.server.finish().await;
}
