//! What does an estimate look like to everyone who reads one?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The level of every interval.
pub const LEVEL: f64 = 0.95;

/// The standard normal quantile of a two-sided interval at [`LEVEL`].
pub const Z: f64 = 1.959_963_984_540_054;

/// Variable name to level; empty for pooled estimates.
pub type Stratum = BTreeMap<String, String>;

/// The key under which an excluded count names its reason in [`Estimate::stratum`].
pub const EXCLUDED: &str = "excluded";

/// Writes an enum whose serialised names, list and schema come from one table.
macro_rules! named {
    ($(#[$outer:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident => $text:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every value, in the order in which people read them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in JSON, CSV and the schema.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named! {
    /// What is estimated: a closed list, published in `docs/estimates.schema.json`.
    Quantity {
        /// Patients that match.
        Count => "count",
        /// Patients left out of the cohort, by reason (`stratum: {"excluded": reason}`).
        ExcludedCount => "excluded_count",
        /// Probability of being free of the event at `months`.
        Survival => "survival",
        /// Patients still followed and free of the event just after `months`.
        AtRisk => "at_risk",
        /// Events from the start to `months` (null: over all follow-up).
        Events => "events",
        /// Patients censored from the start to `months`.
        Censored => "censored",
        /// Time by which half have had the event.
        MedianMonths => "median_months",
        /// Time under observation until the first event.
        PersonYears => "person_years",
        /// First events per 100 person-years.
        RatePer100PersonYears => "rate_per_100_person_years",
    }
}

named! {
    /// The unit of value and limits.
    Unit {
        /// Whole people; estimates of them carry fractions.
        Patients => "patients",
        /// A probability in 0..=1.
        Probability => "probability",
        /// Months of 30.4375 days.
        Months => "months",
        /// Years of 365.25 days.
        PersonYears => "person_years",
        /// Events per 100 person-years.
        Per100PersonYears => "per_100_person_years",
    }
}

named! {
    /// Why there is no value.
    Status {
        /// The curve stays above one half as far as it can be estimated.
        NotReached => "not_reached",
        /// The noise or the data leave nothing to estimate.
        NotEstimable => "not_estimable",
    }
}

impl Quantity {
    /// The unit in which this quantity is given.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::Count | Self::ExcludedCount | Self::AtRisk | Self::Events | Self::Censored => {
                Unit::Patients
            }
            Self::Survival => Unit::Probability,
            Self::MedianMonths => Unit::Months,
            Self::PersonYears => Unit::PersonYears,
            Self::RatePer100PersonYears => Unit::Per100PersonYears,
        }
    }
}

/// A value between its limits. `lower <= value <= upper` wherever a limit exists; an absent limit is unbounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// The lower limit.
    pub lower: Option<f64>,
    /// The upper limit.
    pub upper: Option<f64>,
}

impl Interval {
    /// An interval with both limits, moved outwards where they would not hold the value.
    #[must_use]
    pub fn around(value: f64, lower: f64, upper: f64) -> Self {
        Self {
            value,
            lower: Some(lower.min(value)),
            upper: Some(upper.max(value)),
        }
    }

    /// The same interval in another unit; `factor` is positive.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            lower: self.lower.map(|limit| limit * factor),
            upper: self.upper.map(|limit| limit * factor),
        }
    }
}

/// One estimated number with its interval: a row of every table and file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The stratum; empty when pooled.
    pub stratum: Stratum,
    /// What is estimated.
    pub quantity: Quantity,
    /// The unit of `value`, `lower`, `upper`.
    pub unit: Unit,
    /// The time the estimate is for, in months; null where it is for no one time.
    pub months: Option<f64>,
    /// The estimate; null exactly when there is a `status`.
    pub value: Option<f64>,
    /// The lower limit; null when unbounded or without a value.
    pub lower: Option<f64>,
    /// The upper limit; null when unbounded or without a value.
    pub upper: Option<f64>,
    /// The level of the interval.
    pub level: f64,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

impl Estimate {
    /// An estimate with a value.
    #[must_use]
    pub fn known(
        stratum: &Stratum,
        quantity: Quantity,
        months: Option<f64>,
        interval: Interval,
    ) -> Self {
        Self {
            stratum: stratum.clone(),
            quantity,
            unit: quantity.unit(),
            months,
            value: Some(interval.value),
            lower: interval.lower,
            upper: interval.upper,
            level: LEVEL,
            status: None,
        }
    }

    /// An estimate without a value.
    #[must_use]
    pub fn absent(
        stratum: &Stratum,
        quantity: Quantity,
        months: Option<f64>,
        status: Status,
    ) -> Self {
        Self {
            stratum: stratum.clone(),
            quantity,
            unit: quantity.unit(),
            months,
            value: None,
            lower: None,
            upper: None,
            level: LEVEL,
            status: Some(status),
        }
    }

    /// Whether this row is over all strata.
    #[must_use]
    pub fn is_pooled(&self) -> bool {
        self.stratum.is_empty()
    }
}
