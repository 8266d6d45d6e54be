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
