//! `serve`: the server's life from its first line to the end of the last step under way.

use std::path::Path;
use std::sync::Arc;

use transport::clock::{Clock, SystemClock};
use transport::server::Server;
use transport::shutdown::Shutdown;
use transport::tls::server_config_with;

use crate::data_dir::DataDir;
use crate::error::CoordinatorError;
use crate::http;
use crate::relay::Relay;
use crate::service::Service;
use crate::upkeep;

pub(super) fn command(data: &Path, listen: &str) -> Result<(), CoordinatorError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            CoordinatorError::Argument(format!("the server's threads cannot be started: {error}"))
        })?;
    runtime.block_on(async {
        let shutdown = Shutdown::new();
        shutdown.on_signals().map_err(|error| {
            CoordinatorError::Argument(format!("signals cannot be heard: {error}"))
        })?;
        serve(data, listen, SystemClock::shared(), &shutdown).await
    })
}

/// Serves the coordinator in `data` at `listen` until the end has begun; prints `listening on ADDRESS` when ready.
pub async fn serve(
    data: &Path,
    listen: &str,
    clock: Arc<dyn Clock>,
    shutdown: &Shutdown,
) -> Result<(), CoordinatorError> {
    let dir = DataDir::at(data);
    dir.must_be_complete()?;
    let _only_one = dir.lock()?;
    let relay = Relay::open(dir.open_store()?, dir.load_signing_key()?)?;
    let network = relay.network().clone();
    let credentials = upkeep::server(&dir, clock.now())?;
    let anchors = Arc::new(dir.anchors(network.clone()));
    let tls = server_config_with(&credentials, &dir.load_roots()?, anchors, &clock)?;
    let server = Server::bind(listen, tls.clone(), network).await?;
    let server = server.open_to_everybody(http::OPEN_TO_EVERYBODY);
    let service = issuing(&dir, Service::start(relay, Arc::clone(&clock), shutdown))?;
    shutdown.spawn(upkeep::keep(dir.clone(), tls, clock, shutdown.clone()));
    server.announce()?;
    server.run(http::router(service), shutdown).await;
    shutdown.finish().await;
    tracing::info!("stopped");
    Ok(())
}

/// Without the authority's key nobody enrols and nothing is renewed; everything else goes on.
fn issuing(dir: &DataDir, service: Service) -> Result<Service, CoordinatorError> {
    if dir.has_authority() {
        return Ok(service.issuing(dir.load_issuer()?));
    }
    tracing::warn!(
        "the authority's key keys/ca.key is not there, so nobody can enrol and no certificate is renewed"
    );
    Ok(service)
}
