//! What does this center answer by itself, and how much may it spend? `policy.toml`, the operator's own word.

use std::path::Path;

use protocol::amount::NanoRho;
use protocol::documents::Study;
use serde::Deserialize;

use crate::error::NodeError;
use crate::ledger::Caps;

/// The policy of a center. Nothing is answered without a valid one.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    caps: Caps,
    approval: Approval,
}

/// What happens to a question that is otherwise in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It is answered without a person.
    Automatic,
    /// It is refused.
    Refuse,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    caps: CapsFile,
    approval: Approval,
}

/// Caps as people write them: rho.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapsFile {
    year: f64,
    lifetime: f64,
    study: f64,
    researcher: f64,
    query: f64,
    questions_per_day: u32,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    default: Decision,
    #[serde(default)]
    rules: Vec<Rule>,
}

/// The first rule that fits decides.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// A study's name; any if left out.
    study: Option<String>,
    /// A template's name; any if left out.
    template: Option<String>,
    /// A researcher's id; any if left out.
    researcher: Option<String>,
    decision: Decision,
}

impl Policy {
    /// Reads the policy in the file at `path`.
    pub fn load(path: &Path) -> Result<Self, NodeError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| NodeError::file("read", path, error))?;
        Self::parse(&text, path)
    }

    /// Reads a policy from its text; `path` is for the sentence.
    pub fn parse(text: &str, path: &Path) -> Result<Self, NodeError> {
        let fault = |reason: String| NodeError::Config {
            path: path.to_owned(),
            reason,
        };
        let file: PolicyFile =
            toml::from_str(text).map_err(|error| fault(error.message().to_owned()))?;
        let amount = |name: &str, rho: f64| {
            NanoRho::at_most(rho).map_err(|error| fault(format!("caps.{name}: {error}")))
        };
        let caps = Caps {
            year: amount("year", file.caps.year)?,
            lifetime: amount("lifetime", file.caps.lifetime)?,
            study: amount("study", file.caps.study)?,
            researcher: amount("researcher", file.caps.researcher)?,
            query: amount("query", file.caps.query)?,
            charges_per_day: file.caps.questions_per_day,
        };
        Ok(Self {
            caps,
            approval: file.approval,
        })
    }

    /// The caps for questions of `study`: the lesser of its own and the center's.
    #[must_use]
    pub fn caps_for(&self, study: &Study) -> Caps {
        Caps {
            study: self.caps.study.min(study.rho_cap),
            ..self.caps
        }
    }

    /// The center's caps.
    #[must_use]
    pub const fn caps(&self) -> &Caps {
        &self.caps
    }

    /// What happens to a question of this study, template and researcher.
    #[must_use]
    pub fn decision(&self, study: &str, template: &str, researcher: &str) -> Decision {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let fits = |rule: &&Rule| {
            is(&rule.study, study)
                && is(&rule.template, template)
                && is(&rule.researcher, researcher)
        };
        self.approval
            .rules
            .iter()
            .find(fits)
            .map_or(self.approval.default, |rule| rule.decision)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::init::DEFAULT_POLICY;

    fn parse(text: &str) -> Result<Policy, NodeError> {
        Policy::parse(text, Path::new("policy.toml"))
    }

    #[test]
    fn the_default_policy_holds_the_documented_caps() {
        let policy = parse(DEFAULT_POLICY).unwrap();
        assert_eq!(
            (policy.caps.year.nano(), policy.caps.lifetime.nano()),
            (500_000_000, 2_500_000_000)
        );
        // 0.1 is no binary fraction, and the cap is not a billionth more for it.
        assert_eq!(policy.caps.query.nano(), 100_000_000);
        assert_eq!(
            policy.decision("any", "survival", "kim"),
            Decision::Automatic
        );
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rules = "\n[[approval.rules]]\nstudy = \"trial\"\nresearcher = \"kim\"\ndecision = \"automatic\"\n\
                     [[approval.rules]]\nstudy = \"trial\"\ndecision = \"refuse\"\n";
        let policy = parse(&(DEFAULT_POLICY.to_owned() + rules)).unwrap();
        assert_eq!(
            policy.decision("trial", "survival", "kim"),
            Decision::Automatic
        );
        assert_eq!(
            policy.decision("trial", "survival", "lee"),
            Decision::Refuse
        );
        assert_eq!(
            policy.decision("other", "survival", "lee"),
            Decision::Automatic
        );
    }

    #[rstest]
    #[case("year = 0.5", "year = nan")]
    #[case("year = 0.5", "year = -1.0")]
    #[case("year = 0.5", "year = 0.0")]
    #[case("year = 0.5", "year = 1e9")]
    #[case("year = 0.5", "")]
    #[case("year = 0.5", "year = 0.5\nmonth = 0.1")]
    #[case("default = \"automatic\"", "default = \"perhaps\"")]
    fn a_policy_that_says_something_else_is_refused(#[case] right: &str, #[case] wrong: &str) {
        assert!(DEFAULT_POLICY.contains(right));
        assert_eq!(
            parse(&DEFAULT_POLICY.replace(right, wrong))
                .unwrap_err()
                .code(),
            "node.config"
        );
    }
}
