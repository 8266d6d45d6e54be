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
    use proptest::prelude::*;
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

    proptest! {
        #[test]
        fn a_tick_tells_of_the_work_no_more_than_how_many_delays_it_took(
            fetched_s in 0..4_000_000_000_i64,
            delay_ms in 1..3_600_000_u64,
            delays in 0..50_u64,
            within in 0.0..1.0_f64,
        ) {
            let fetched = Timestamp::from_second(fetched_s).unwrap();
            let delay = Duration::from_millis(delay_ms);
            let whole = delay * u32::try_from(delays).unwrap();
            let finished = fetched + whole + delay.mul_f64(within).max(Duration::from_nanos(1));
            prop_assert_eq!(tick_for(fetched, finished, delay), fetched + whole + delay);
        }
    }

    #[test]
    fn an_endless_delay_never_comes() {
        let start = Timestamp::UNIX_EPOCH;
        assert_eq!(tick_for(start, start, Duration::MAX), Timestamp::MAX);
    }
}
