//! When may something leave? At ticks that follow from public times alone, however long the work took.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The first tick at which work that was fetched at `fetched` and finished at `finished` may leave: `fetched` plus one
/// delay, or plus as many whole delays as it takes. Without a delay, when it is finished.
///
/// Who watches the wire learns in which delay the work ended, and nothing finer.
#[must_use]
pub fn tick_for(fetched: Timestamp, finished: Timestamp, delay: Duration) -> Timestamp {
    let Ok(delay) = SignedDuration::try_from(delay) else {
        return Timestamp::MAX;
    };
    if delay <= SignedDuration::ZERO {
        return finished;
    }
    let took = finished
        .duration_since(fetched)
        .max(SignedDuration::ZERO)
        .as_nanos();
    let step = delay.as_nanos();
    let ticks = took.div_euclid(step) + i128::from(took.rem_euclid(step) != 0);
    let wait =
        i64::try_from(ticks.max(1) * step).map_or(SignedDuration::MAX, SignedDuration::from_nanos);
    fetched.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::at_once(0, 5_000, 5_000)]
    #[case::within_the_first_delay(1, 5_000, 5_000)]
    #[case::just_in_time(5_000, 5_000, 5_000)]
    #[case::a_moment_too_late(5_001, 5_000, 10_000)]
    #[case::three_delays(14_999, 5_000, 15_000)]
    #[case::a_clock_set_back(-100, 5_000, 5_000)]
    #[case::no_delay(7, 0, 7)]
    fn what_is_finished_leaves_at_the_next_whole_delay(
        #[case] finished_ms: i64,
        #[case] delay_ms: u64,
        #[case] tick_ms: i64,
    ) {
        let at = |ms| Timestamp::from_millisecond(1_000_000 + ms).unwrap();
        assert_eq!(
            tick_for(at(0), at(finished_ms), Duration::from_millis(delay_ms)),
            at(tick_ms)
        );
    }

    #[test]
    fn an_endless_delay_never_comes() {
        let start = Timestamp::UNIX_EPOCH;
        assert_eq!(tick_for(start, start, Duration::MAX), Timestamp::MAX);
    }
}
