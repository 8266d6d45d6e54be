//! What may a question choose, in words?

use question::limits::STRATA_VARIABLES_MAX;
use question::template::{Parameter, ParameterKind, Template};
use question::vocabulary::{Category, Clock};

use crate::words::paragraph;

/// Every parameter: what it is about, its type and bounds, its default.
pub(super) fn parameters(template: &Template) -> String {
    let width = template.parameters.keys().map(String::len).max();
    let width = width.unwrap_or(0) + 2;
    let rest = " ".repeat(width);
    let one = |(name, parameter): (&String, &Parameter)| {
        let about = paragraph(&format!("{name:width$}"), &rest, &parameter.about);
        let bounds = format!("{}; default {}", bounds(parameter), parameter.default);
        let bounds = paragraph(&rest, &rest, &bounds);
        format!("{about}{bounds}{}", choices(parameter, &rest))
    };
    if template.parameters.is_empty() {
        return "none: the question is always the same\n".to_owned();
    }
    template.parameters.iter().map(one).collect()
}

/// Type and bounds in a line, such as `range of age at infusion, from 0 to 120 years, or any`.
pub(super) fn bounds(parameter: &Parameter) -> String {
    match &parameter.kind {
        ParameterKind::Strata { of } => format!(
            "strata: none, or at most {STRATA_VARIABLES_MAX} of {} variables",
            of.len()
        ),
        ParameterKind::Clock { .. } => format!("clock: {}", parameter.kind.accepts()),
        ParameterKind::Levels { category } => format!(
            "levels of {}: any, or some of {}",
            category.label,
            category.levels.join(", ")
        ),
        ParameterKind::Range { number, min, max } => format!(
            "range of {}: any, or within {min} to {max} {}",
            number.label, number.unit
        ),
        ParameterKind::Dates { date, min, max } => {
            format!("dates of {}: any, or within {min} to {max}", date.label)
        }
    }
}

/// What stands behind each name that can be chosen, where a name alone says too little.
fn choices(parameter: &Parameter, indent: &str) -> String {
    match &parameter.kind {
        ParameterKind::Strata { of } => {
            let width = of.keys().map(String::len).max().unwrap_or(0) + 2;
            let rest = format!("{indent}{}", " ".repeat(width + 2));
            let one = |category: &Category| {
                let first = format!("{indent}  {:width$}", category.name);
                paragraph(&first, &rest, &levels(category))
            };
            let missing = "Whoever has no known value is counted as missing, in each of them.";
            let all: String = of.values().map(one).collect();
            format!("{all}{}", paragraph(indent, indent, missing))
        }
        ParameterKind::Clock { of } => {
            let width = of.keys().map(String::len).max().unwrap_or(0) + 2;
            let rest = format!("{indent}{}", " ".repeat(width + 2));
            let one = |clock: &Clock| {
                let first = format!("{indent}  {:width$}", clock.name);
                paragraph(&first, &rest, &format!("{}: {}", clock.label, clock.text))
            };
            of.values().map(one).collect()
        }
        ParameterKind::Levels { .. }
        | ParameterKind::Range { .. }
        | ParameterKind::Dates { .. } => String::new(),
    }
}

/// A variable's label and levels; a label that only repeats the name is left out.
fn levels(category: &Category) -> String {
    let levels = category.levels.join(", ");
    if category.label == category.name.replace('_', " ") {
        return levels;
    }
    format!("{}: {levels}", category.label)
}
