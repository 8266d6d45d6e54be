//! How does the server's own certificate stay good? It is renewed in time, for the same hosts, and shown without a restart.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use transport::ca::{CERTIFICATE_VALID, Validity};
use transport::clock::Clock;
use transport::keys::{replace_private, write_atomic};
use transport::shutdown::Shutdown;
use transport::tls::{Credentials, ServerTls};

use crate::data_dir::DataDir;
use crate::error::CoordinatorError;

/// How often the server looks at its certificate: far more often than a third of its life.
const LOOK_EVERY: Duration = Duration::from_hours(24);

/// Issues the server a new key and certificate. A crash between the two files is mended by doing it again.
pub(crate) fn renew(
    dir: &DataDir,
    hosts: &[String],
    now: Timestamp,
) -> Result<(), CoordinatorError> {
    let (network, _) = dir.open_store()?.network()?;
    let made = dir.load_authority()?.certify_server(
        &network,
        hosts,
        Validity::from(now, CERTIFICATE_VALID),
    )?;
    replace_private(&dir.server_key(), made.key_pem.as_bytes())?;
    write_atomic(&dir.server_certificate(), made.public_pem.as_bytes())?;
    Ok(())
}

/// The server's certificate and key, renewed first where that is due and the authority's key is there.
pub(crate) fn server(dir: &DataDir, now: Timestamp) -> Result<Credentials, CoordinatorError> {
    let found = dir.load_server()?;
    // A key that does not belong to the certificate is what a crash within a renewal leaves.
    let due = found.renewal_due(now) || found.check_key().is_err();
    if due && dir.has_authority() {
        renew(dir, &found.hosts()?, now)?;
        tracing::info!("the server's certificate was renewed");
        return dir.load_server();
    }
    if found.not_after() <= now {
        tracing::error!(
            "the server's certificate has expired, so nobody can connect; run: cartally-coordinator renew"
        );
    }
    Ok(found)
}

/// Looks once a day until the end has begun, and shows what lies in the folder by then: also what the operator renewed.
pub(crate) async fn keep(dir: DataDir, tls: ServerTls, clock: Arc<dyn Clock>, shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = clock.sleep(LOOK_EVERY) => {}
            () = shutdown.begun() => return,
        }
        let (folder, now) = (dir.clone(), clock.now());
        let found = shutdown.spawn_blocking(move || server(&folder, now)).await;
        let shown = match found {
            Ok(Ok(credentials)) => tls.replace(&credentials).map_err(CoordinatorError::from),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(CoordinatorError::Stopping),
        };
        if let Err(error) = shown {
            tracing::error!(code = error.code(), error = %error, "the server's certificate could not be looked after; trying again tomorrow");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::init;
    use jiff::SignedDuration;
    use transport::clock::ManualClock;
    use transport::tls::server_config;

    const START: &str = "2026-11-21T12:00:00Z";
    const HOSTS: [&str; 2] = ["localhost", "127.0.0.1"];

    fn start() -> Timestamp {
        START.parse().unwrap()
    }

    /// When two thirds of the certificate's life are over, and a little more.
    fn late() -> Timestamp {
        start()
            + SignedDuration::try_from(CERTIFICATE_VALID * 2 / 3).unwrap()
            + SignedDuration::from_hours(1)
    }

    fn new_folder() -> (tempfile::TempDir, DataDir) {
        let dir = tempfile::tempdir().unwrap();
        let hosts = HOSTS.map(str::to_owned);
        init(dir.path(), "demo".parse().unwrap(), &hosts, start()).unwrap();
        let data = DataDir::at(dir.path());
        (dir, data)
    }

    fn serial(credentials: &Credentials) -> String {
        credentials.serial().to_owned()
    }

    #[test]
    fn the_servers_certificate_is_renewed_in_time_and_for_the_same_hosts() {
        let (_dir, data) = new_folder();
        let first = serial(&server(&data, start()).unwrap());
        let early = late() - SignedDuration::from_hours(24 * 2);
        assert_eq!(serial(&server(&data, early).unwrap()), first);
        let renewed = server(&data, late()).unwrap();
        assert_ne!(serial(&renewed), first);
        assert_eq!(renewed.hosts().unwrap(), HOSTS);
        assert!(!renewed.renewal_due(late()) && renewed.check_key().is_ok());
        assert_eq!(serial(&server(&data, late()).unwrap()), serial(&renewed));
    }

    #[test]
    fn a_renewal_that_was_cut_off_between_its_two_files_is_done_again() {
        let (_dir, data) = new_folder();
        let certificate = std::fs::read(data.server_certificate()).unwrap();
        renew(&data, &HOSTS.map(str::to_owned), start()).unwrap();
        std::fs::write(data.server_certificate(), certificate).unwrap();
        assert!(data.load_server().unwrap().check_key().is_err());
        assert!(server(&data, start()).unwrap().check_key().is_ok());
    }

    #[test]
    fn without_the_authoritys_key_the_old_certificate_is_shown_on() {
        let (_dir, data) = new_folder();
        let first = serial(&data.load_server().unwrap());
        std::fs::remove_file(data.authority_key()).unwrap();
        assert_eq!(serial(&server(&data, late()).unwrap()), first);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_running_server_renews_its_certificate_by_itself() {
        let (_dir, data) = new_folder();
        let first = data.load_server().unwrap();
        let manual = Arc::new(ManualClock::new(start()));
        let clock: Arc<dyn Clock> = manual.clone();
        let tls = server_config(&first, &data.load_roots().unwrap(), &clock).unwrap();
        let shutdown = Shutdown::new();
        shutdown.spawn(keep(data.clone(), tls, clock, shutdown.clone()));
        manual.set(late());
        // Whether it began to wait before or after: every further day makes it look.
        while serial(&data.load_server().unwrap()) == serial(&first) {
            manual.advance(LOOK_EVERY);
            tokio::task::yield_now().await;
        }
        shutdown.finish().await;
    }
}
