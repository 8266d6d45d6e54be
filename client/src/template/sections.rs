//! How does a whole template read, section by section?

use question::template::{AnalysisSpec, ParameterKind, Template};
use question::{Dictionary, QuestionError};
use transport::printable::printable_line;

use super::accuracy::{Asked, accuracy, centers};
use super::{cells, parameters, privacy};
use crate::words::{indented, paragraph};

/// A template for people who read no TOML: what is asked, of whom, how it is computed, what may vary, which numbers leave a center,
/// what that costs, and how precise answers will be. Ends with a line break.
#[must_use]
pub fn in_words(template: &Template) -> String {
    match Dictionary::shipped() {
        Ok(dictionary) => {
            let asked = Asked::by_default(template, &dictionary);
            format!("{}\n{}", title(template), of_question(&asked))
        }
        Err(error) => paragraph("", "", &error.to_string()),
    }
}

/// `name@version: title`.
pub(super) fn title(template: &Template) -> String {
    printable_line(&format!("{}: {}", template.title_id(), template.title)) + "\n"
}

/// Every section about the template and about this question of it.
pub(super) fn of_question(asked: &Asked<'_>) -> String {
    let template = asked.template;
    let or_why = |text: Result<String, QuestionError>| {
        text.unwrap_or_else(|error| paragraph("", "", &error.to_string()))
    };
    let plan = asked.plan().map(|(plan, _)| plan);
    let default = plan.as_ref().map(|plan| paragraph("", "", &plan.words));
    let numbers = plan.as_ref().map(cells::numbers);
    let largest = cells::largest(template, asked.dictionary);
    let about = asked.name();
    [
        section("What is asked", &paragraph("", "", &template.text)),
        section(
            &format!("The question with {about}"),
            &or_why(default.map_err(Clone::clone)),
        ),
        section(
            "Of whom (index row)",
            &paragraph("", "", template.index.words()),
        ),
        section("How it is computed", &computed(template)),
        section(
            "What a question may choose (nothing else can vary)",
            &parameters::parameters(template),
        ),
        section(
            &format!("Cells of the question with {about}"),
            &or_why(numbers.map_err(Clone::clone)),
        ),
        section(
            "Cells of the largest question",
            &largest
                .as_ref()
                .map(cells::largest_words)
                .unwrap_or_default(),
        ),
        section(
            "Privacy, at each center",
            &privacy::limits(&template.privacy),
        ),
        section(
            &format!("Cost and noise of the question with {about}"),
            &or_why(cost(asked)),
        ),
        section(
            &format!(
                "Accuracy to expect at rho {} from the planning values",
                asked.rho
            ),
            &or_why(accuracy(asked)),
        ),
    ]
    .join("\n")
}

/// What the question costs, and the noise in each of its vectors.
fn cost(asked: &Asked<'_>) -> Result<String, QuestionError> {
    let (plan, planning) = asked.plan()?;
    let vectors = match plan.parts.len() {
        1 => "for the one vector of the answer".to_owned(),
        many => format!("shared by the {many} vectors of the answer"),
    };
    let (rho, epsilon) = (asked.rho, privacy::epsilon(asked.rho));
    let cost = format!(
        "rho {rho}, epsilon {epsilon} at delta 1e-6, {vectors}. Noise by its standard deviation (sd):"
    );
    let parts = privacy::parts(&plan, centers(&planning));
    Ok(format!("{}{parts}", paragraph("", "", &cost)))
}

/// A heading and what stands under it.
pub(super) fn section(heading: &str, body: &str) -> String {
    format!("{}\n{}", printable_line(heading), indented("  ", body))
}

/// Analysis, folds, display.
fn computed(template: &Template) -> String {
    let mut text = paragraph("analysis  ", "          ", &analysis(&template.analysis));
    text.push_str(&folds(template));
    if template.mask_below > 0 {
        let below = template.mask_below;
        let words = format!("sums over patients below {below} are shown as <{below}");
        text.push_str(&paragraph("display   ", "          ", &words));
    }
    text
}

/// The kind of an analysis with its constants.
pub(super) fn analysis(analysis: &AnalysisSpec) -> String {
    match analysis {
        AnalysisSpec::Count => "count: patients".to_owned(),
        AnalysisSpec::Survival { grid_months } => format!(
            "survival: by the actuarial estimator over {} intervals, up to {} months",
            grid_months.len(),
            grid_months.last().copied().unwrap_or(0)
        ),
        AnalysisSpec::Rate {
            clip_days,
            unit_days,
        } => format!(
            "rate: first events over person-time, counted in units of {unit_days} days to at most {clip_days} days of a patient"
        ),
    }
}

/// How many rows of a patient become one value, for everything that this template can look at.
fn folds(template: &Template) -> String {
    let mut folds: Vec<String> = template
        .parameters
        .values()
        .flat_map(|parameter| named_folds(&parameter.kind))
        .filter_map(|(name, fold)| Some(format!("{name}: {}", fold?)))
        .collect();
    folds.sort_unstable();
    folds.dedup();
    folds.push(if folds.is_empty() {
        "none: one value a patient".to_owned()
    } else {
        "all others: none, one value a patient".to_owned()
    });
    let mut text = String::new();
    for (at, fold) in folds.iter().enumerate() {
        let first = if at == 0 { "folds     " } else { "          " };
        text.push_str(&paragraph(first, "          ", fold));
    }
    text
}

/// What a parameter can look at, each with its fold if it has one.
fn named_folds(kind: &ParameterKind) -> Vec<(String, Option<&String>)> {
    match kind {
        ParameterKind::Strata { of } => of
            .values()
            .map(|category| (category.name.clone(), category.fold.as_ref()))
            .collect(),
        ParameterKind::Clock { of } => of
            .values()
            .map(|clock| (format!("clock {}", clock.name), clock.fold.as_ref()))
            .collect(),
        ParameterKind::Levels { category } => {
            vec![(category.name.clone(), category.fold.as_ref())]
        }
        ParameterKind::Range { number, .. } => vec![(number.name.clone(), number.fold.as_ref())],
        ParameterKind::Dates { date, .. } => vec![(date.name.clone(), date.fold.as_ref())],
    }
}
