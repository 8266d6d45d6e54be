//! A clock that stands where a test sets it and lets nobody wait for less than a minute.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use transport::clock::{Clock, Sleep};

/// Longer than any wait between two attempts: those pass at once, so that no test waits.
const SKIPPED: SignedDuration = SignedDuration::from_secs(60);

/// Time stands still until a test sets it.
#[derive(Debug)]
pub struct StandingClock {
    time: watch::Sender<Timestamp>,
    /// Waits that passed at once.
    skipped: watch::Sender<usize>,
}

impl StandingClock {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self {
            time: watch::Sender::new(start),
            skipped: watch::Sender::new(0),
        }
    }

    /// Sets the clock.
    pub fn set(&self, now: Timestamp) {
        self.time.send_replace(now);
    }

    /// Ends once so many more short waits have passed.
    pub(super) async fn waited(&self, times: usize) {
        let mut skipped = self.skipped.subscribe();
        let enough = *skipped.borrow() + times;
        // The sender lives as long as this clock.
        let _ = skipped.wait_for(|skipped| *skipped >= enough).await;
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        self.time.send_modify(|now| *now += by);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        *self.time.borrow()
    }

    fn sleep_until(&self, until: Timestamp) -> Sleep {
        let mut time = self.time.subscribe();
        let short = until.duration_since(self.now()) < SKIPPED;
        if short {
            self.skipped.send_modify(|skipped| *skipped += 1);
        }
        Box::pin(async move {
            if short {
                tokio::task::yield_now().await;
            } else if time.wait_for(|now| *now >= until).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}
