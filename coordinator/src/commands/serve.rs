//! `serve`: the server's life from its first line to the end of the last step under way.

use std::path::Path;
use std::sync::Arc;

use transport::clock::{Clock, SystemClock};
use transport::server::Server;
use transport::shutdown::Shutdown;
use transport::tls::server_config;

use crate::data_dir::DataDir;
use crate::error::CoordinatorError;
use crate::http;
use crate::relay::Relay;
use crate::service::Service;

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
    let credentials = dir.load_server()?;
    if credentials.not_after() <= clock.now() {
        tracing::error!(
            "the server's certificate has expired, so nobody can connect; run: cartally-coordinator renew"
        );
    }
    let tls = server_config(&credentials, &dir.load_roots()?, &clock)?;
    let server = Server::bind(listen, tls, network).await?;
    let service = Service::start(relay, clock, shutdown);
    server.announce()?;
    server.run(http::router(service), shutdown).await;
    shutdown.finish().await;
    tracing::info!("stopped");
    Ok(())
}
