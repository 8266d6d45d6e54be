//! How does a process end? Everything in the background is tracked, told to stop, and waited for.

use std::future::Future;
use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tracks background work and tells it to stop. Clones share one life.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Shutdown {
    /// A life that has just begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs work in the background; [`Shutdown::finish`] waits for it.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tracker.spawn(work)
    }

    /// Runs blocking work; [`Shutdown::finish`] waits for it.
    pub fn spawn_blocking<F, T>(&self, work: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.tracker.spawn_blocking(work)
    }

    /// Ends when the end has begun. To be awaited between two steps, never within one.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Whether the end has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Begins the end.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Begins the end at SIGTERM or SIGINT.
    pub fn on_signals(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = self.clone();
        self.spawn(async move {
            tokio::select! {
                _ = terminate.recv() => tracing::info!("stopping: asked to by SIGTERM"),
                _ = interrupt.recv() => tracing::info!("stopping: asked to by SIGINT"),
                () = shutdown.begun() => {}
            }
            shutdown.begin();
        });
        Ok(())
    }

    /// Begins the end and waits until the steps under way are done.
    pub async fn finish(&self) {
        self.begin();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[tokio::test]
    async fn the_end_waits_for_the_step_under_way() {
        let shutdown = Shutdown::new();
        let done = Arc::new(AtomicBool::new(false));
        let (life, seen) = (shutdown.clone(), Arc::clone(&done));
        shutdown.spawn(async move {
            life.begun().await;
            tokio::task::yield_now().await;
            seen.store(true, Ordering::SeqCst);
        });
        shutdown.finish().await;
        assert!(done.load(Ordering::SeqCst) && shutdown.has_begun());
    }
}
