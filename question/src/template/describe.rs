//! What does a question say in plain words? One sentence for committees, previews and results.

use super::parameter::{Parameter, ParameterKind, Value};
use super::{AnalysisSpec, Parameters, Template};

/// The question in words: what, by which variables, of whom.
///
/// ```
/// use question::template::{describe, shipped_template};
/// let count = shipped_template("feasibility-count")?;
/// let given = [("by", "age_band"), ("product", "tisa_cel|axi_cel")].map(|(name, value)| (name.into(), value.into()));
/// assert_eq!(
///     describe(&count, &count.bind(&given.into())?),
///     "Number of patients, by age band at infusion. Only patients with product axi_cel or tisa_cel, as of their first infusion."
/// );
/// # Ok::<(), question::QuestionError>(())
/// ```
#[must_use]
pub fn describe(template: &Template, parameters: &Parameters) -> String {
    let bound: Vec<(&Parameter, &Value)> = parameters
        .values()
        .iter()
        .filter_map(|(name, value)| Some((template.parameters.get(name)?, value)))
        .collect();
    let mut text = subject(template, &bound);
    let strata: Vec<&str> = bound
        .iter()
        .flat_map(|(parameter, value)| strata(parameter, value))
        .collect();
    if !strata.is_empty() {
        text.push_str(", by ");
        text.push_str(&strata.join(" and "));
    }
    text.push('.');
    let filters: Vec<String> = bound
        .iter()
        .filter_map(|(parameter, value)| filter(parameter, value))
        .collect();
    if !filters.is_empty() {
        let filters = filters.join(", ");
        text = format!("{text} Only patients with {filters}, as of their first infusion.");
    }
    text
}

fn subject(template: &Template, bound: &[(&Parameter, &Value)]) -> String {
    let clock = bound
        .iter()
        .find_map(|(parameter, value)| match (&parameter.kind, value) {
            (ParameterKind::Clock { of }, Value::Clock(name)) => of.get(name),
            _ => None,
        });
    let (label, event, text) = clock.map_or(("", "", ""), |clock| {
        (
            clock.label.as_str(),
            clock.event.as_str(),
            clock.text.as_str(),
        )
    });
    match &template.analysis {
        AnalysisSpec::Count => "Number of patients".to_owned(),
        AnalysisSpec::Survival { grid_months } => {
            let last = grid_months.last().copied().unwrap_or(0);
            format!("{} to {last} months ({text})", capital(label))
        }
        AnalysisSpec::Rate { clip_days, .. } => {
            format!(
                "First events ({event}) per 100 person-years, over at most {clip_days} days of each patient ({text})"
            )
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn strata<'a>(parameter: &'a Parameter, value: &Value) -> Vec<&'a str> {
    match (&parameter.kind, value) {
        (ParameterKind::Strata { of }, Value::Strata(names)) => names
            .iter()
            .filter_map(|name| of.get(name))
            .map(|category| category.label.as_str())
            .collect(),
        _ => Vec::new(),
    }
}

fn filter(parameter: &Parameter, value: &Value) -> Option<String> {
    match (&parameter.kind, value) {
        (ParameterKind::Levels { category }, Value::Levels(levels)) => {
            Some(format!("{} {}", category.label, levels.join(" or ")))
        }
        (ParameterKind::Range { number, .. }, Value::Range { low, high }) => {
            Some(format!("{} {low} to {high} {}", number.label, number.unit))
        }
        (ParameterKind::Dates { date, .. }, Value::Dates { from, to }) => {
            Some(format!("{} {from} to {to}", date.label))
        }
        _ => None,
    }
}
