//! How does a node run as a server? A runtime around the agent, which connects outwards until it is told to stop.

use std::sync::Arc;

use transport::clock::Clock;
use transport::shutdown::Shutdown;

use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::store::Store;
use crate::{agent, dictionary, forget};

/// Runs the node's agent until SIGTERM or SIGINT; the step under way is finished first. One process a folder.
pub fn run(data: &DataDir, clock: &Arc<dyn Clock>) -> Result<(), NodeError> {
    let _lock = data.lock()?;
    forget::finish(&Store::open(data)?, data, &dictionary::load(data)?)?;
    let started = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = started.map_err(|error| NodeError::file("started", data.root(), error))?;
    runtime.block_on(async {
        let shutdown = Shutdown::new();
        shutdown
            .on_signals()
            .map_err(|error| NodeError::file("started", data.root(), error))?;
        let ended = agent::run(data.clone(), Arc::clone(clock), shutdown.clone()).await;
        shutdown.begin();
        shutdown.finish().await;
        ended
    })
}

#[cfg(test)]
mod tests {
    use transport::clock::SystemClock;

    use super::*;

    #[test]
    fn a_second_server_on_a_folder_says_so_at_once_and_does_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(folder.path());
        let _first = data.lock().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        assert_eq!(run(&data, &clock).unwrap_err().code(), "node.serving");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
