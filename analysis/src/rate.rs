//! How often does the event happen in a person-year?

use crate::estimate::{Interval, Z};

/// What a rate is made of: two noisy sums and the variances of their noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateCounts {
    /// D: first events.
    pub events: f64,
    /// P: person-years.
    pub person_years: f64,
    /// `v_e`: noise variance of `events`.
    pub events_variance: f64,
    /// `v_p`: noise variance of `person_years`, in years squared.
    pub person_years_variance: f64,
}

/// Events per person-year with its interval; `None` without person-years.
///
/// Negative `events` count as none. The limits are the roots in lambda of
///
/// ```text
/// (D - lambda P)^2 = z^2 (lambda P + v_e + lambda^2 v_p)
/// ```
///
/// from 0; there is no upper limit if `P^2 <= z^2 v_p`, that is if the person-years may be none at all.
/// Source: score interval of a Poisson rate with the noise of both sums in its variance (Fieller's argument).
#[must_use]
pub fn rate(counts: &RateCounts) -> Option<Interval> {
    let years = counts.person_years;
    if !(years > 0.0 && years.is_finite()) {
        return None;
    }
    let events = counts.events.max(0.0);
    let value = events / years;
    let z2 = Z * Z;
    // a lambda^2 - 2 b lambda + c <= 0 is the set of rates that fit.
    let a = years * years - z2 * counts.person_years_variance;
    let b = events * years + z2 * years / 2.0;
    let c = events * events - z2 * counts.events_variance;
    let root = (b * b - a * c).max(0.0).sqrt();
    // c / (b + root) is the smaller root without cancellation, and stays right as `a` goes through zero.
    let lower = (c / (b + root)).max(0.0);
    let upper = (a > 0.0).then(|| (b + root) / a);
    Some(Interval {
        value,
        lower: Some(lower.min(value)),
        upper: upper.map(|upper| upper.max(value)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn person_years_that_may_be_none_leave_the_rate_open_above() {
        let counts = RateCounts {
            events: 5.0,
            person_years: 10.0,
            events_variance: 4.0,
            person_years_variance: 100.0,
        };
        let rate = rate(&counts).unwrap();
        assert_eq!(rate.upper, None);
        assert!(rate.lower.unwrap() <= rate.value);
    }

    #[test]
    fn no_person_years_no_rate() {
        for person_years in [0.0, -3.0, f64::NAN] {
            let counts = RateCounts {
                events: 5.0,
                person_years,
                events_variance: 1.0,
                person_years_variance: 1.0,
            };
            assert_eq!(rate(&counts), None);
        }
    }
}
