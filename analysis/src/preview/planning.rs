//! What does one expect of the registry before asking it?

use std::collections::BTreeMap;

use crate::error::AnalysisError;

/// Expected size and course of a cohort: public planning values, never data.
#[derive(Debug, Clone, PartialEq)]
pub struct Planning {
    /// Patients in all centers together.
    pub patients: f64,
    /// Survival by month, each above 0 and below 1.
    pub survival: BTreeMap<u32, f64>,
    /// First events, for rates.
    pub events: Option<f64>,
    /// Person-years until the first event, for rates.
    pub person_years: Option<f64>,
    /// Longest follow-up in months; patients are taken to have entered evenly over it. Without it, the grid's end.
    pub follow_up_months: Option<f64>,
}

impl Planning {
    /// These planning values with `expectations` (`KEY=VALUE`) put in place of theirs.
    ///
    /// Other events and person-years are not asked of someone who only knows how many patients there are: both follow
    /// `patients` unless given. Any expected survival replaces all planned survival, so that the two cannot contradict.
    pub fn expecting<T: AsRef<str>>(
        &self,
        expectations: impl IntoIterator<Item = T>,
    ) -> Result<Self, AnalysisError> {
        let mut expected = Self {
            patients: self.patients,
            survival: BTreeMap::new(),
            events: None,
            person_years: None,
            follow_up_months: self.follow_up_months,
        };
        for expectation in expectations {
            expected.expect(expectation.as_ref())?;
        }
        let growth = expected.patients / self.patients;
        let grown = |planned: Option<f64>| planned.map(|planned| planned * growth);
        expected.events = expected.events.or(grown(self.events));
        expected.person_years = expected.person_years.or(grown(self.person_years));
        if expected.survival.is_empty() {
            expected.survival.clone_from(&self.survival);
        }
        Ok(expected)
    }

    fn expect(&mut self, expectation: &str) -> Result<(), AnalysisError> {
        let (key, value) = expectation
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()))
            .ok_or_else(|| AnalysisError::ExpectationForm(expectation.to_owned()))?;
        match key {
            "patients" => self.patients = amount(key, value)?,
            "events" => self.events = Some(amount(key, value)?),
            "person_years" => self.person_years = Some(amount(key, value)?),
            "follow_up_months" => self.follow_up_months = Some(amount(key, value)?),
            _ => {
                let months =
                    horizon(key).ok_or_else(|| AnalysisError::ExpectationKey(key.to_owned()))?;
                self.survival.insert(months, probability(key, value)?);
            }
        }
        Ok(())
    }
}

/// The months in a key such as `s12`, at most 50 years.
fn horizon(key: &str) -> Option<u32> {
    key.strip_prefix('s')?
        .parse()
        .ok()
        .filter(|months| (1..=600).contains(months))
}

fn amount(key: &str, value: &str) -> Result<f64, AnalysisError> {
    within(
        key,
        value,
        "a number above 0 and at most 1000000000",
        |number| number > 0.0 && number <= 1e9,
    )
}

fn probability(key: &str, value: &str) -> Result<f64, AnalysisError> {
    within(key, value, "a probability above 0 and below 1", |number| {
        number > 0.0 && number < 1.0
    })
}

fn within(
    key: &str,
    value: &str,
    range: &'static str,
    holds: impl Fn(f64) -> bool,
) -> Result<f64, AnalysisError> {
    value
        .parse()
        .ok()
        .filter(|number| holds(*number))
        .ok_or_else(|| AnalysisError::ExpectationValue {
            key: key.to_owned(),
            value: value.to_owned(),
            range,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned() -> Planning {
        Planning {
            patients: 300.0,
            survival: BTreeMap::from([(12, 0.6), (24, 0.5)]),
            events: Some(60.0),
            person_years: Some(500.0),
            follow_up_months: None,
        }
    }

    #[test]
    fn events_and_person_years_follow_the_patients() {
        let expected = planned().expecting(["patients=600", "s12=0.74"]).unwrap();
        assert_eq!(
            (expected.events, expected.person_years),
            (Some(120.0), Some(1000.0))
        );
        assert_eq!(expected.survival, BTreeMap::from([(12, 0.74)]));
        let expected = planned().expecting(["events=9", "patients=600"]).unwrap();
        assert_eq!(
            (expected.events, expected.person_years),
            (Some(9.0), Some(1000.0))
        );
        assert_eq!(planned().expecting([""; 0]).unwrap(), planned());
    }

    #[rstest::rstest]
    #[case("patients", "expectation-form")]
    #[case("beds=3", "expectation-key")]
    #[case("s0=0.3", "expectation-key")]
    #[case("s601=0.3", "expectation-key")]
    #[case("s=0.3", "expectation-key")]
    #[case("patients=0", "expectation-value")]
    #[case("patients=NaN", "expectation-value")]
    #[case("patients=inf", "expectation-value")]
    #[case("s12=1", "expectation-value")]
    #[case("s12=74", "expectation-value")]
    fn what_cannot_be_expected_is_refused_with_the_way_out(
        #[case] given: &str,
        #[case] code: &str,
    ) {
        assert_eq!(planned().expecting([given]).unwrap_err().code(), code);
    }
}
