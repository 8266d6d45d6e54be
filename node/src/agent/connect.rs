//! How does a node reach the coordinator? Over mutual TLS, as this center and nobody else.

use std::sync::Arc;

use transport::client::HttpClient;
use transport::clock::Clock;
use transport::coordinator_api::CoordinatorApi;
use transport::identity::Identity;
use transport::tls::{Credentials, Roots};

use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::error::NodeError;

/// The connection to the coordinator, as this center and nobody else.
pub(super) fn connect(
    data: &DataDir,
    config: &NodeConfig,
    clock: &Arc<dyn Clock>,
) -> Result<CoordinatorApi, NodeError> {
    let credentials = Credentials::load(&data.tls_certificate(), &data.tls_key())?;
    credentials.must_be(&Identity::of_center(
        config.network.clone(),
        config.center.clone(),
    ))?;
    let roots = Roots::load(&data.ca())?;
    Ok(CoordinatorApi::new(HttpClient::new(
        &config.coordinator,
        &credentials,
        &roots,
        clock,
    )?))
}
