//! How long does a node wait before it tries again? Twice as long each time, up to half a minute or what else is said.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_millis(200);

/// The longest wait: a coordinator that comes back is found within half a minute.
const LONGEST: Duration = Duration::from_secs(30);

/// Waits between attempts that fail one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Nothing has failed yet.
    pub(super) const fn new() -> Self {
        Self::up_to(LONGEST)
    }

    /// The same, where a longer wait is as good.
    pub(super) const fn up_to(longest: Duration) -> Self {
        Self {
            next: FIRST,
            longest,
        }
    }

    /// The wait after one more failure.
    pub(super) fn after_failure(&mut self) -> Duration {
        let wait = self.next;
        self.next = wait.saturating_mul(2).min(self.longest);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..12)
            .map(|_| backoff.after_failure().as_millis())
            .collect();
        assert_eq!(waits.get(..4), Some([200, 400, 800, 1_600].as_slice()));
        assert_eq!(waits.last(), Some(&30_000));
    }
}
