//! Which question may be asked, within which bounds? A template: TOML that the committee signs, checked before anything uses it.

mod file;
mod parameter;
mod planning;
mod locate;
mod read;
mod describe;

use std::collections::BTreeMap;

use protocol::amount::NanoRho;

pub use describe::describe;
pub use file::IndexRow;
pub use parameter::{Parameter, ParameterKind, Value};
pub use planning::Planning;

use crate::dictionary::Dictionary;
use crate::error::QuestionError;

/// Name and TOML text of every template that ships with this version.
const SHIPPED: [(&str, &str); 3] = [
    (
        "feasibility-count",
        include_str!("../../templates/feasibility-count.toml"),
    ),
    ("survival", include_str!("../../templates/survival.toml")),
    (
        "incidence-rate",
        include_str!("../../templates/incidence-rate.toml"),
    ),
];

/// One question with its parameters still open.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Such as `survival`.
    pub name: String,
    /// Such as `1.0.0`.
    pub version: String,
    /// A few words.
    pub title: String,
    /// What, of whom, how computed: for the people who sign and read.
    pub text: String,
    /// Which row of a patient it is about.
    pub index: IndexRow,
    /// What is computed.
    pub analysis: AnalysisSpec,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// Bounds on the budget.
    pub privacy: PrivacyLimits,
    /// Sums over patients below this are shown as `<mask_below`; 0 shows all. A courtesy, not privacy.
    pub mask_below: u32,
    planning: Planning,
    planning_by_clock: BTreeMap<String, Planning>,
    toml: String,
}

/// What a template computes, with its public constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnalysisSpec {
    /// Patients.
    Count,
    /// Survival by interval.
    Survival {
        /// Rising interval ends in months.
        grid_months: Vec<u32>,
    },
    /// First events over person-time.
    Rate {
        /// Days after which neither events nor time count.
        clip_days: u32,
        /// Days of one unit of person-time.
        unit_days: u32,
    },
}

/// What a question may cost at each center.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrivacyLimits {
    /// Least rho.
    pub rho_min: NanoRho,
    /// Largest rho.
    pub rho_max: NanoRho,
    /// The rho proposed to people.
    pub rho_default: NanoRho,
}

/// A template's parameters, every one with a value, each in its one spelling. Made by [`Template::bind`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    values: BTreeMap<String, Value>,
}

impl Template {
    /// Reads a template over the shipped dictionary, variables and clocks.
    pub fn parse(toml: &str) -> Result<Self, QuestionError> {
        Self::parse_with(toml, &Dictionary::shipped()?)
    }

    /// Reads a template over another dictionary.
    pub fn parse_with(toml: &str, dictionary: &Dictionary) -> Result<Self, QuestionError> {
        read::template(toml, dictionary)
    }

    /// The TOML text it was read from.
    #[must_use]
    pub fn toml(&self) -> &str {
        &self.toml
    }

    /// `name@version`.
    #[must_use]
    pub fn title_id(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// Fills in what is given, takes defaults for the rest. Equivalent spellings give equal parameters; canonical ones come back
    /// unchanged.
    ///
    /// ```
    /// use question::template::shipped_template;
    /// let survival = shipped_template("survival")?;
    /// let given = [("by", "product, age_band"), ("age", "18..")].map(|(name, value)| (name.into(), value.into()));
    /// let canonical = survival.bind(&given.into())?.canonical();
    /// assert_eq!((canonical["by"].as_str(), canonical["age"].as_str()), ("age_band,product", "18..120"));
    /// assert_eq!((canonical["clock"].as_str(), canonical["product"].as_str()), ("os", "any"));
    /// # Ok::<(), question::QuestionError>(())
    /// ```
    pub fn bind(&self, given: &BTreeMap<String, String>) -> Result<Parameters, QuestionError> {
        if let Some(name) = given
            .keys()
            .find(|name| !self.parameters.contains_key(*name))
        {
            return Err(QuestionError::ParameterUnknown {
                template: self.name.clone(),
                name: name.chars().take(60).collect(),
                known: self
                    .parameters
                    .keys()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(", "),
            });
        }
        let value = |(name, parameter): (&String, &Parameter)| {
            let value = match given.get(name) {
                Some(text) => parameter.kind.read(name, text)?,
                None => parameter.default.clone(),
            };
            Ok((name.clone(), value))
        };
        let values = self
            .parameters
            .iter()
            .map(value)
            .collect::<Result<_, QuestionError>>()?;
        Ok(Parameters { values })
    }

    /// Public expectations for these parameters: the clock's own where the template has them.
    #[must_use]
    pub fn planning(&self, parameters: &Parameters) -> &Planning {
        let own = parameters
            .clock()
            .and_then(|clock| self.planning_by_clock.get(clock));
        own.unwrap_or(&self.planning)
    }

    /// All public expectations: the common ones (without a clock), then each clock's own.
    pub fn plannings(&self) -> impl Iterator<Item = (Option<&str>, &Planning)> {
        let own = self.planning_by_clock.iter();
        let own = own.map(|(clock, planning)| (Some(clock.as_str()), planning));
        std::iter::once((None, &self.planning)).chain(own)
    }
}

impl Parameters {
    /// Every parameter in its one spelling: what a question carries and its id covers.
    #[must_use]
    pub fn canonical(&self) -> BTreeMap<String, String> {
        self.values
            .iter()
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect()
    }

    /// Every parameter's value.
    #[must_use]
    pub const fn values(&self) -> &BTreeMap<String, Value> {
        &self.values
    }

    /// Names of the variables that stratify, sorted.
    #[must_use]
    pub fn strata(&self) -> &[String] {
        match self.values.get(read::BY) {
            Some(Value::Strata(names)) => names,
            _ => &[],
        }
    }

    /// Name of the clock, if the template has one.
    #[must_use]
    pub fn clock(&self) -> Option<&str> {
        match self.values.get(read::CLOCK) {
            Some(Value::Clock(name)) => Some(name),
            _ => None,
        }
    }
}

/// Every template that ships with this version.
pub fn shipped_templates() -> Result<Vec<Template>, QuestionError> {
    SHIPPED
        .iter()
        .map(|(_, toml)| Template::parse(toml))
        .collect()
}

/// The shipped template of this name.
pub fn shipped_template(name: &str) -> Result<Template, QuestionError> {
    let Some((_, toml)) = SHIPPED.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = SHIPPED.iter().map(|(known, _)| *known).collect();
        return Err(QuestionError::TemplateUnknown {
            name: name.chars().take(60).collect(),
            known: known.join(", "),
        });
    };
    Template::parse(toml)
}

/// A template's text with another `rho_max`, everything else as it stands: for a committee that allows more than the shipped text.
pub fn with_rho_max(toml: &str, rho_max: NanoRho) -> Result<String, QuestionError> {
    let is_limit = |line: &str| {
        line.split('=')
            .next()
            .is_some_and(|key| key.trim() == "rho_max")
    };
    let line = |line: &str| {
        if is_limit(line) {
            format!("rho_max = {:.9}\n", rho_max.rho())
        } else {
            format!("{line}\n")
        }
    };
    let raised = toml.lines().map(line).collect::<Vec<_>>().concat();
    Template::parse(&raised)?;
    Ok(raised)
}

#[cfg(test)]
mod tests;
