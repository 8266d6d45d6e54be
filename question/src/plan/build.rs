//! How does a template with its parameters become a plan? Cells from levels, parts from the budget, SQL from both.

use std::collections::BTreeMap;

use protocol::amount::NanoRho;

use super::sql::{Recipe, StrataVariable};
use super::{Analysis, CellLayout, Exclusion, Part, Plan, Stratum, StratumCells};
use crate::dictionary::Dictionary;
use crate::error::QuestionError;
use crate::limits::CELLS_MAX;
use crate::template::{
    AnalysisSpec, Parameter, ParameterKind, Parameters, Planning, Template, Value, describe,
};
use crate::vocabulary::{Category, Clock, MISSING};

/// Days of one year of person-time.
const YEAR_DAYS: f64 = 365.25;
/// Neither part of a rate gets less than this share of the budget, whatever the planning values say.
const SHARE_MIN: f64 = 0.05;

/// Makes the plan of a template with parameters at a price, over the dictionary of the data.
///
/// Everything in a plan is a function of these public inputs, so node and client make the same one.
///
/// * `rho`: the whole question's budget at each center, within the template's limits.
pub fn plan(
    template: &Template,
    parameters: &Parameters,
    rho: NanoRho,
    dictionary: &Dictionary,
) -> Result<Plan, QuestionError> {
    // Read again over this dictionary, so that every column and code is known to it.
    let template = &Template::parse_with(template.toml(), dictionary)?;
    let foreign = || QuestionError::ParametersForeign {
        template: template.name.clone(),
    };
    if template
        .bind(&parameters.canonical())
        .map_err(|_| foreign())?
        != *parameters
    {
        return Err(foreign());
    }
    check_rho(template, rho)?;
    let question = Bound {
        template,
        parameters,
    };
    let strata = question.strata();
    let layout = CellLayout::new(question.exclusions(), cross(&strata)?, question.cells());
    if layout.len() > CELLS_MAX {
        return Err(QuestionError::TooLarge {
            what: "the cells",
            found: layout.len(),
            limit: CELLS_MAX,
        });
    }
    let labels = strata
        .iter()
        .map(|one| (one.category.name.clone(), one.category.label.clone()))
        .collect();
    let recipe = Recipe {
        strata,
        filters: question.filters(),
        clock: question.clock(),
        layout: &layout,
    };
    let (cell_sql, person_time_sql) = match template.analysis {
        AnalysisSpec::Count | AnalysisSpec::Survival { .. } => (recipe.cell_sql(None), None),
        AnalysisSpec::Rate {
            clip_days,
            unit_days,
        } => (
            recipe.cell_sql(Some(clip_days)),
            Some(recipe.person_time_sql(clip_days, unit_days)),
        ),
    };
    let planning = template.planning(parameters).clone();
    Ok(Plan {
        template: template.title_id(),
        parameters: parameters.canonical(),
        words: describe(template, parameters),
        analysis: question.analysis(),
        parts: parts(&template.analysis, &layout, rho, &planning)?,
        layout,
        labels,
        planning,
        mask_below: template.mask_below,
        cell_sql,
        person_time_sql,
    })
}

fn check_rho(template: &Template, rho: NanoRho) -> Result<(), QuestionError> {
    let limits = template.privacy;
    if limits.rho_min <= rho && rho <= limits.rho_max {
        return Ok(());
    }
    Err(QuestionError::RhoOutOfLimits {
        template: template.name.clone(),
        rho: rho.to_string(),
        min: limits.rho_min.to_string(),
        max: limits.rho_max.to_string(),
    })
}

/// A template and its parameters, read together.
struct Bound<'a> {
    template: &'a Template,
    parameters: &'a Parameters,
}

impl<'a> Bound<'a> {
    fn pairs(&self) -> impl Iterator<Item = (&'a Parameter, &'a Value)> + use<'a> {
        let template = self.template;
        let values = self.parameters.values().iter();
        values.filter_map(|(name, value)| Some((template.parameters.get(name)?, value)))
    }

    /// Filters that leave anyone out.
    fn filters(&self) -> Vec<(&'a Parameter, &'a Value)> {
        let narrows = |value: &Value| {
            matches!(
                value,
                Value::Levels(_) | Value::Range { .. } | Value::Dates { .. }
            )
        };
        self.pairs().filter(|(_, value)| narrows(value)).collect()
    }

    fn clock(&self) -> Option<&'a Clock> {
        self.pairs()
            .find_map(|(parameter, value)| match (&parameter.kind, value) {
                (ParameterKind::Clock { of }, Value::Clock(name)) => of.get(name),
                _ => None,
            })
    }

    fn analysis(&self) -> Analysis {
        let clock = self
            .clock()
            .map(|clock| clock.name.clone())
            .unwrap_or_default();
        match self.template.analysis {
            AnalysisSpec::Count => Analysis::Count,
            AnalysisSpec::Survival { .. } => Analysis::Survival { clock },
            AnalysisSpec::Rate { .. } => Analysis::Rate { clock },
        }
    }

    fn exclusions(&self) -> Vec<Exclusion> {
        let mut reasons = vec![Exclusion::Consent, Exclusion::Owner, Exclusion::NotInfused];
        if !self.filters().is_empty() {
            reasons.push(Exclusion::Filter);
        }
        if self.clock().is_some() {
            reasons.push(Exclusion::Dates);
        }
        reasons
    }

    fn cells(&self) -> StratumCells {
        match &self.template.analysis {
            AnalysisSpec::Count => StratumCells::Count,
            AnalysisSpec::Survival { grid_months } => StratumCells::Survival {
                edges_months: grid_months.clone(),
            },
            AnalysisSpec::Rate { .. } => StratumCells::FirstEvent,
        }
    }

    fn strata(&self) -> Vec<StrataVariable<'a>> {
        let chosen = self
            .pairs()
            .filter_map(|(parameter, value)| match (&parameter.kind, value) {
                (ParameterKind::Strata { of }, Value::Strata(names)) => Some((of, names)),
                _ => None,
            });
        let categories =
            chosen.flat_map(|(of, names)| names.iter().filter_map(|name| of.get(name)));
        categories
            .map(|category| StrataVariable {
                category,
                kept: self.kept(category),
            })
            .collect()
    }

    /// Levels that a filter leaves possible, in the variable's order: a stratum that must be empty would only add noise.
    fn kept(&self, category: &Category) -> Vec<String> {
        let mut kept: Vec<String> = category
            .levels
            .iter()
            .cloned()
            .chain([MISSING.to_owned()])
            .collect();
        for (parameter, value) in self.filters() {
            let possible = match (&parameter.kind, value) {
                (ParameterKind::Levels { category: filtered }, Value::Levels(levels))
                    if filtered == category =>
                {
                    Some(levels.clone())
                }
                (ParameterKind::Range { number, .. }, Value::Range { low, high }) => {
                    category.levels_within(&number.name, *low, *high)
                }
                _ => None,
            };
            if let Some(possible) = possible {
                kept.retain(|level| possible.contains(level));
            }
        }
        kept
    }
}

/// Every combination of levels, the first variable changing slowest.
fn cross(variables: &[StrataVariable]) -> Result<Vec<Stratum>, QuestionError> {
    let found = variables
        .iter()
        .map(|variable| variable.kept.len())
        .product();
    if found > CELLS_MAX {
        return Err(QuestionError::TooLarge {
            what: "the strata",
            found,
            limit: CELLS_MAX,
        });
    }
    let mut strata = vec![BTreeMap::new()];
    for variable in variables {
        let with_level = |levels: &BTreeMap<String, String>, level: &String| {
            let mut levels = levels.clone();
            levels.insert(variable.category.name.clone(), level.clone());
            levels
        };
        strata = strata
            .iter()
            .flat_map(|levels| variable.kept.iter().map(|level| with_level(levels, level)))
            .collect();
    }
    Ok(strata
        .into_iter()
        .map(|levels| Stratum { levels })
        .collect())
}

fn parts(
    analysis: &AnalysisSpec,
    layout: &CellLayout,
    rho: NanoRho,
    planning: &Planning,
) -> Result<Vec<Part>, QuestionError> {
    match *analysis {
        AnalysisSpec::Count | AnalysisSpec::Survival { .. } => {
            Ok(vec![Part::tally(1, layout.len(), rho)?])
        }
        AnalysisSpec::Rate {
            clip_days,
            unit_days,
        } => {
            let events = events_share(rho, planning, clip_days);
            let strata = layout.strata().len();
            Ok(vec![
                Part::tally(1, layout.len(), events)?,
                Part::person_time(clip_days, unit_days, strata, rho.minus(events))?,
            ])
        }
    }
}

/// The events' share a of the budget: a/(1-a) = E PT/(D T), where one patient adds at most E = 1 event and T days, and D events and PT
/// days are expected in all. It makes the rate's variance from noise smallest.
fn events_share(rho: NanoRho, planning: &Planning, clip_days: u32) -> NanoRho {
    let expected = planning.events.zip(planning.person_years);
    let odds = expected.map_or(1.0, |(events, years)| {
        years * YEAR_DAYS / (events * f64::from(clip_days))
    });
    let share = (odds / (1.0 + odds)).clamp(SHARE_MIN, 1.0 - SHARE_MIN);
    #[expect(
        clippy::cast_precision_loss,
        reason = "any share near the best one serves; the parts sum to rho exactly"
    )]
    let events = share * rho.nano() as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the whole budget"
    )]
    let events = events as u64;
    NanoRho::from_nano(events)
}
