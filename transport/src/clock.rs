//! What time is it? The one place that reads the clock; everything else is handed an `Arc<dyn Clock>`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// A sleep that can be held and polled anywhere.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time and waits for it.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Ends once [`Clock::now`] has reached `until`.
    fn sleep_until(&self, until: Timestamp) -> Sleep;

    /// Ends `wait` from now; a moment past the end of time never comes.
    fn sleep(&self, wait: Duration) -> Sleep {
        match SignedDuration::try_from(wait)
            .ok()
            .and_then(|wait| self.now().checked_add(wait).ok())
        {
            Some(until) => self.sleep_until(until),
            None => Box::pin(std::future::pending()),
        }
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The machine's clock, ready to be handed out.
    #[must_use]
    pub fn shared() -> Arc<dyn Clock> {
        Arc::new(Self)
    }
}

/// The machine may be suspended or its clock set while we sleep, so a long sleep looks at the clock this often.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(30);

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, until: Timestamp) -> Sleep {
        let clock = *self;
        Box::pin(async move {
            loop {
                let left = until.duration_since(clock.now());
                match left.min(LOOK_AGAIN).try_into() {
                    Ok(Duration::ZERO) | Err(_) => return,
                    Ok(step) => tokio::time::sleep(step).await,
                }
            }
        })
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock {
    time: watch::Sender<Timestamp>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self {
            time: watch::Sender::new(start),
        }
    }

    /// Moves the clock forward and wakes everyone whose moment has come.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.time
            .send_modify(|now| *now = now.saturating_add(by).unwrap_or(Timestamp::MAX));
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.time.send_replace(now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.time.borrow()
    }

    fn sleep_until(&self, until: Timestamp) -> Sleep {
        let mut time = self.time.subscribe();
        Box::pin(async move {
            // The clock is gone only when its test is over: then nobody waits for an answer.
            if time.wait_for(|now| *now >= until).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// The clock as rustls asks it, so that a certificate expires by the same time as everything else.
#[derive(Debug)]
pub(crate) struct TlsTime(pub(crate) Arc<dyn Clock>);

impl rustls::time_provider::TimeProvider for TlsTime {
    fn current_time(&self) -> Option<rustls_pki_types::UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(rustls_pki_types::UnixTime::since_unix_epoch(
            Duration::from_secs(seconds),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_those_whose_moment_has_come_and_nobody_else() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let soon = clock.sleep(Duration::from_secs(5));
        let mut later = clock.sleep(Duration::from_secs(50));
        clock.advance(Duration::from_secs(5));
        soon.await;
        assert_eq!(clock.now().as_second(), 5);
        let still =
            std::future::poll_fn(|cx| std::task::Poll::Ready(later.as_mut().poll(cx).is_pending()))
                .await;
        assert!(still);
        clock.advance(Duration::from_secs(45));
        later.await;
    }

    #[tokio::test]
    async fn a_moment_that_has_passed_is_not_waited_for() {
        let clock = SystemClock;
        clock.sleep_until(Timestamp::UNIX_EPOCH).await;
        clock.sleep(Duration::ZERO).await;
        clock.sleep(Duration::from_millis(1)).await;
    }
}
