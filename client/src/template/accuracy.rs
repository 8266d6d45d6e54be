//! How precise will answers be, if the registry is as it is planned?

use std::collections::BTreeMap;

use analysis::preview::preview;
use protocol::amount::NanoRho;
use question::plan::{Plan, plan};
use question::template::{ParameterKind, Planning, Template};
use question::{Dictionary, QuestionError};

use crate::ask::preview_table;
use crate::words::paragraph;

/// A question of the template, with what is expected of its answer.
pub(super) struct Asked<'a> {
    /// The template.
    pub(super) template: &'a Template,
    /// Over which dictionary.
    pub(super) dictionary: &'a Dictionary,
    /// Parameters as given; the rest by default.
    pub(super) given: BTreeMap<String, String>,
    /// Expectations in place of the planning values.
    pub(super) expect: BTreeMap<String, String>,
    /// Its cost.
    pub(super) rho: NanoRho,
}

impl<'a> Asked<'a> {
    /// The question with every default.
    pub(super) const fn by_default(template: &'a Template, dictionary: &'a Dictionary) -> Self {
        Self {
            template,
            dictionary,
            given: BTreeMap::new(),
            expect: BTreeMap::new(),
            rho: template.privacy.rho_default,
        }
    }

    /// Its plan, and what is expected of the registry.
    pub(super) fn plan(&self) -> Result<(Plan, Planning), QuestionError> {
        let parameters = self.template.bind(&self.given)?;
        let planned = self.template.planning(&parameters);
        let planning = planned.with_expected(&self.expect)?;
        let plan = plan(self.template, &parameters, self.rho, self.dictionary)?;
        Ok((plan, planning))
    }

    /// What was given, as typed, or `default`.
    pub(super) fn name(&self) -> String {
        let given: Vec<String> = self
            .given
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if given.is_empty() {
            "every default".to_owned()
        } else {
            given.join(" ")
        }
    }

    /// This question for each clock that the template offers; as it is where a clock was given, or there is none.
    fn by_clock(&self) -> Vec<Asked<'a>> {
        let clocks = self
            .template
            .parameters
            .iter()
            .find_map(|(name, parameter)| match &parameter.kind {
                ParameterKind::Clock { of } => Some((name, of)),
                ParameterKind::Strata { .. }
                | ParameterKind::Levels { .. }
                | ParameterKind::Range { .. }
                | ParameterKind::Dates { .. } => None,
            });
        let with = |given: BTreeMap<String, String>| Asked {
            given,
            expect: self.expect.clone(),
            ..*self
        };
        match clocks {
            Some((name, of)) if !self.given.contains_key(name) => of
                .keys()
                .map(|clock| {
                    let mut given = self.given.clone();
                    given.insert(name.clone(), clock.clone());
                    with(given)
                })
                .collect(),
            Some(_) | None => vec![with(self.given.clone())],
        }
    }
}

/// The expected intervals of the question, for each clock.
pub(super) fn accuracy(asked: &Asked<'_>) -> Result<String, QuestionError> {
    let one = |asked: Asked<'_>| {
        let (plan, planning) = asked.plan()?;
        let values = planning.values().into_iter();
        let values: Vec<String> = values
            .map(|(key, value)| format!("{key} {value}"))
            .collect();
        let expected = format!("{}: {}", asked.name(), values.join(", "));
        let table = preview_table(&preview(&plan, centers(&planning), &planning));
        Ok(format!("{}{table}\n", paragraph("", "  ", &expected)))
    };
    let tables: Result<Vec<String>, QuestionError> =
        asked.by_clock().into_iter().map(one).collect();
    Ok(tables?.join("\n"))
}

/// Centers that are planned with: at least one.
pub(super) fn centers(planning: &Planning) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "planning values lie within 0 and 1e9, and `as` saturates"
    )]
    let centers = planning.centers.round() as u32;
    centers.max(1)
}
