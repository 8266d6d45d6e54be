//! Which numbers does a question make, in words: by default, and at the largest that the bounds allow?

use std::collections::BTreeMap;

use question::plan::{Exclusion, Part, Plan, StratumCells};
use question::template::{ParameterKind, Parameters, Template};
use question::{Dictionary, QuestionError};

use crate::words::paragraph;

/// How many numbers a center sends, and what each of them is.
pub(super) fn numbers(plan: &Plan) -> String {
    let strata = plan.layout.strata().len();
    let each = plan.layout.stratum_cells().len();
    let left_out = plan.layout.exclusions().len();
    let person_time = if plan.parts.len() > 1 {
        format!(", {strata} of their person-time")
    } else {
        String::new()
    };
    let tally = format!(
        "{} numbers from each center: {left_out} of patients left out, {} of patients counted ({strata} x {each}){person_time}.",
        plan.cells(),
        strata * each,
    );
    let mut text = paragraph("", "  ", &tally);
    text.push_str(&paragraph(
        "left out    ",
        "            ",
        &left_out_words(plan),
    ));
    text.push_str(&paragraph(
        "strata      ",
        "            ",
        &strata_words(plan),
    ));
    text.push_str(&paragraph(
        "in each     ",
        "            ",
        &stratum_words(plan),
    ));
    text
}

fn left_out_words(plan: &Plan) -> String {
    let reasons: Vec<&str> = plan
        .layout
        .exclusions()
        .iter()
        .map(|reason| exclusion(*reason))
        .collect();
    format!(
        "counted by the first reason that holds: {}",
        reasons.join("; ")
    )
}

/// A reason in words.
pub(super) const fn exclusion(reason: Exclusion) -> &'static str {
    match reason {
        Exclusion::Consent => "consent (to research not given or waived, or withdrawn)",
        Exclusion::Owner => "owner (another center answers for the patient)",
        Exclusion::NotInfused => "not infused",
        Exclusion::Filter => "filter (outside the question's choices)",
        Exclusion::Dates => "dates (one is missing, or the event lies before the start)",
    }
}

fn strata_words(plan: &Plan) -> String {
    let strata = plan.layout.strata();
    let mut levels: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (variable, level) in strata.iter().flat_map(|stratum| &stratum.levels) {
        let known = levels.entry(variable).or_default();
        if !known.contains(&level.as_str()) {
            known.push(level);
        }
    }
    if levels.is_empty() {
        return "one: all patients together".to_owned();
    }
    let each = levels.iter().map(|(variable, levels)| {
        let label = plan.labels.get(*variable).map_or(*variable, String::as_str);
        format!("{label} ({})", levels.join(", "))
    });
    let each: Vec<String> = each.collect();
    format!("{}: {}", strata.len(), each.join(" x "))
}

fn stratum_words(plan: &Plan) -> String {
    match plan.layout.stratum_cells() {
        StratumCells::Count => "1 number: the patients".to_owned(),
        StratumCells::Survival { edges_months } => {
            let starts = std::iter::once(&0).chain(edges_months);
            let intervals: Vec<String> = starts
                .zip(edges_months)
                .map(|(start, end)| format!("{start}-{end}"))
                .collect();
            let count = intervals.len();
            format!(
                "{} numbers: {count} of patients by the interval of their event, {count} by the interval in which follow-up \
                 ended without it, 1 of those still followed at the end. Intervals in months: {}",
                2 * count + 1,
                intervals.join(", ")
            )
        }
        StratumCells::FirstEvent => {
            let person_time = plan.parts.iter().find_map(|part| match part {
                Part::PersonTime {
                    clip_days,
                    unit_days,
                    ..
                } => Some((*clip_days, *unit_days)),
                Part::Tally { .. } => None,
            });
            let (clip, unit) = person_time.unwrap_or_default();
            format!(
                "2 numbers: patients without and with a first event; and their person-time in units of {unit} days, each \
                 patient's cut at {clip} days"
            )
        }
    }
}

/// The largest question that the bounds allow.
pub(super) struct Largest {
    /// Its plan, or why it will be refused.
    pub(super) plan: Result<Plan, QuestionError>,
    /// What it chooses.
    pub(super) chosen: BTreeMap<String, String>,
    /// The one of these that leaves patients out.
    pub(super) filter: Option<String>,
}

/// The question with the two variables that have the most levels, and with each filter in turn, at its widest, if that makes more
/// cells.
pub(super) fn largest(template: &Template, dictionary: &Dictionary) -> Option<Largest> {
    let by = widest_strata(template);
    let rho = template.privacy.rho_default;
    let planned = |chosen: &BTreeMap<String, String>| {
        let parameters: Parameters = template.bind(chosen)?;
        question::plan::plan(template, &parameters, rho, dictionary)
    };
    let with = |filter: Option<(String, String)>| {
        let mut chosen = by.clone();
        chosen.extend(filter.clone());
        Largest {
            plan: planned(&chosen),
            chosen,
            filter: filter.map(|(name, _)| name),
        }
    };
    let filters = filters(template).into_iter().map(Some);
    let all = std::iter::once(None).chain(filters).map(with);
    all.max_by_key(|largest| size(&largest.plan))
}

/// Refused ones are larger than all that are not.
fn size(plan: &Result<Plan, QuestionError>) -> (bool, usize) {
    match plan {
        Ok(plan) => (false, plan.cells()),
        Err(QuestionError::TooLarge { found, .. }) => (true, *found),
        Err(_) => (true, 0),
    }
}

/// The variables with the most levels, as many as may be crossed; none where strata cannot be chosen.
fn widest_strata(template: &Template) -> BTreeMap<String, String> {
    let strata = template
        .parameters
        .iter()
        .find_map(|(name, parameter)| match &parameter.kind {
            ParameterKind::Strata { of } => Some((name, of)),
            ParameterKind::Clock { .. }
            | ParameterKind::Levels { .. }
            | ParameterKind::Range { .. }
            | ParameterKind::Dates { .. } => None,
        });
    let Some((name, of)) = strata else {
        return BTreeMap::new();
    };
    let mut variables: Vec<(usize, &str)> = of
        .values()
        .map(|category| (category.levels.len(), category.name.as_str()))
        .collect();
    variables.sort_unstable_by(|one, other| other.cmp(one));
    let widest = variables
        .iter()
        .take(question::limits::STRATA_VARIABLES_MAX)
        .map(|(_, name)| *name);
    let widest = widest.collect::<Vec<_>>().join(",");
    BTreeMap::from([(name.clone(), widest)])
}

/// Each filter at its widest: it lets nearly everyone through, and has a cell for those it does not.
fn filters(template: &Template) -> Vec<(String, String)> {
    let widest = template.parameters.iter().map(|(name, parameter)| {
        let value = match &parameter.kind {
            ParameterKind::Strata { .. } | ParameterKind::Clock { .. } => None,
            ParameterKind::Levels { category } => Some(category.levels.join("|")),
            ParameterKind::Range { min, max, .. } => Some(format!("{min}..{max}")),
            ParameterKind::Dates { min, max, .. } => Some(format!("{min}..{max}")),
        };
        Some((name.clone(), value?))
    });
    widest.flatten().collect()
}

/// The largest question in words.
pub(super) fn largest_words(largest: &Largest) -> String {
    let chosen: Vec<String> = largest
        .chosen
        .iter()
        .map(|(name, value)| match largest.filter.as_ref() {
            Some(filter) if filter == name => format!("a filter on {name}"),
            Some(_) | None => format!("{name}={value}"),
        })
        .collect();
    let chosen = if chosen.is_empty() {
        "the only one there is".to_owned()
    } else {
        chosen.join(" and ")
    };
    let limit = question::limits::CELLS_MAX;
    match &largest.plan {
        Ok(plan) => {
            let fits = format!(
                "{chosen}: {} numbers of at most {limit} that an answer may hold, so no question of this template is too large.",
                plan.cells()
            );
            paragraph("", "  ", &fits)
        }
        Err(QuestionError::TooLarge { what, found, limit }) => {
            let what = format!(
                "{chosen}: {what} would be {found}, more than the limit of {limit}. Such a question is refused before it is \
                 signed; coarser strata, or a filter on them, can be asked."
            );
            paragraph("", "  ", &what)
        }
        Err(error) => paragraph("", "  ", &format!("{chosen}: {error}")),
    }
}
