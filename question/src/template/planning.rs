//! What is publicly expected of an answer? Planning values: they price nothing, they split budgets and draw previews.

use std::collections::BTreeMap;

use crate::error::QuestionError;
use crate::limits::GRID_MONTHS_MAX;

/// Public expectations over all centers together; never from data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Planning {
    /// Patients, above 0.
    pub patients: f64,
    /// Centers, above 0.
    pub centers: f64,
    /// Expected survival by months, each in (0, 1), never rising. Keys `s12`, `s24`, ...
    pub survival: BTreeMap<u32, f64>,
    /// First events, above 0.
    pub events: Option<f64>,
    /// Years of follow-up of all patients, above 0.
    pub person_years: Option<f64>,
    /// Months over which patients were infused before the lock, above 0.
    pub accrual_months: Option<f64>,
}

impl Planning {
    pub(super) fn of(values: &BTreeMap<String, f64>) -> Result<Self, QuestionError> {
        let mut planning = Self::default();
        for (key, value) in values {
            planning.set(key, *value).map_err(QuestionError::Template)?;
        }
        if planning.patients <= 0.0 || planning.centers <= 0.0 {
            return Err(QuestionError::Template(
                "planning needs patients and centers".into(),
            ));
        }
        planning.falling().map_err(QuestionError::Template)?;
        Ok(planning)
    }

    /// Every value that is set, by the key under which templates and `--expect` name it.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// let survival = question::template::shipped_template("survival")?;
    /// let values = survival.planning(&survival.bind(&BTreeMap::new())?).values();
    /// assert_eq!((values["patients"], values["s12"]), (300.0, 0.635));
    /// # Ok::<(), question::QuestionError>(())
    /// ```
    #[must_use]
    pub fn values(&self) -> BTreeMap<String, f64> {
        let fixed = [
            ("patients", Some(self.patients)),
            ("centers", Some(self.centers)),
            ("events", self.events),
            ("person_years", self.person_years),
            ("accrual_months", self.accrual_months),
        ];
        let fixed = fixed
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let survival = self.survival.iter();
        let survival = survival.map(|(months, value)| (format!("s{months}"), *value));
        fixed.chain(survival).collect()
    }

    /// These values with a person's own in their place, as in `patients=2279` and `s12=0.74`. Expected survival is replaced as a
    /// whole: the template's values at other months need not fit the new one.
    pub fn with_expected(
        &self,
        expected: &BTreeMap<String, String>,
    ) -> Result<Self, QuestionError> {
        let mut planning = self.clone();
        if expected.keys().any(|key| horizon(key).is_some()) {
            planning.survival.clear();
        }
        for (key, text) in expected {
            let invalid = |reason| QuestionError::ParameterInvalid {
                name: format!("expect {key}"),
                value: text.clone(),
                reason,
            };
            let value = text
                .trim()
                .parse()
                .map_err(|_| invalid("write a number".to_owned()))?;
            planning.set(key, value).map_err(invalid)?;
        }
        planning
            .falling()
            .map_err(|reason| QuestionError::ParameterInvalid {
                name: "expect".into(),
                value: "s".into(),
                reason,
            })?;
        Ok(planning)
    }

    fn set(&mut self, key: &str, value: f64) -> Result<(), String> {
        if !(value > 0.0 && value <= 1e9) {
            return Err(format!("the planning value {key} must be above 0"));
        }
        match (key, horizon(key)) {
            ("patients", _) => self.patients = value,
            ("centers", _) => self.centers = value,
            ("events", _) => self.events = Some(value),
            ("person_years", _) => self.person_years = Some(value),
            ("accrual_months", _) => self.accrual_months = Some(value),
            (_, Some(months)) if value < 1.0 => drop(self.survival.insert(months, value)),
            (_, Some(_)) => return Err(format!("the expected survival {key} must be below 1")),
            (_, None) => {
                let known =
                    "patients, centers, events, person_years, accrual_months or sMONTHS as in s12";
                return Err(format!(
                    "there is no planning value {key}; it knows {known}"
                ));
            }
        }
        Ok(())
    }

    fn falling(&self) -> Result<(), String> {
        let values: Vec<f64> = self.survival.values().copied().collect();
        if values
            .windows(2)
            .all(|pair| matches!(pair, [earlier, later] if earlier >= later))
        {
            return Ok(());
        }
        Err("expected survival must not rise with time".to_owned())
    }
}

/// The months in `s12`.
fn horizon(key: &str) -> Option<u32> {
    let months = key.strip_prefix('s')?.parse().ok()?;
    (1..=GRID_MONTHS_MAX).contains(&months).then_some(months)
}
