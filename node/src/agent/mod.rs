//! How does a node meet the coordinator? It connects outwards, takes tasks, and sends what it signed.

use std::sync::Arc;

use transport::clock::Clock;
use transport::shutdown::Shutdown;

use crate::data_dir::DataDir;
use crate::error::NodeError;

/// Polls the coordinator and answers until the end begins.
pub async fn run(_data: DataDir, _clock: Arc<dyn Clock>, shutdown: Shutdown) -> Result<(), NodeError> {
    shutdown.begun().await;
    Ok(())
}
