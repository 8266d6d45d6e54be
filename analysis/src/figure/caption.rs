//! What is written around a figure?

use std::collections::BTreeMap;

use protocol::question::Mode;
use question::plan::{Analysis, Plan};

use super::style::{FAINT, INK, SMALL_SIZE, TITLE_SIZE, wrapped};
use super::svg::{Face, Svg};
use crate::estimate::Estimate;
use crate::noise::total_variance;
use crate::report::{CenterCounts, Report};

/// What a figure says besides its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    /// A few words on top.
    pub title: String,
    /// The question in words.
    pub words: String,
    /// Names of stratum variables for people.
    pub labels: BTreeMap<String, String>,
    /// Local or secure.
    pub mode: Mode,
    /// Charged at every center.
    pub rho: f64,
    /// What rho means at delta 1e-6.
    pub epsilon: f64,
    /// Standard deviation of the noise in one summed count.
    pub noise_sd: f64,
    /// How the centers ended.
    pub centers: CenterCounts,
    /// Counts below this are shown as `<mask_below`; 0 shows all.
    pub mask_below: u32,
}

impl Caption {
    /// The caption of a plan's figure.
    #[must_use]
    pub fn of(plan: &Plan, report: &Report) -> Self {
        let variance = plan
            .parts
            .first()
            .map_or(0.0, |part| total_variance(part, report.centers.answered));
        Self {
            title: title(plan),
            words: plan.words.clone(),
            labels: plan.labels.clone(),
            mode: report.mode,
            rho: report.rho,
            epsilon: report.epsilon,
            noise_sd: variance.sqrt(),
            centers: report.centers,
            mask_below: plan.mask_below,
        }
    }

    /// A stratum's levels, without the variables' names where there is one variable.
    pub(super) fn level(&self, estimate: &Estimate) -> String {
        if estimate.is_pooled() {
            return "all patients".to_owned();
        }
        let named = estimate.stratum.len() > 1;
        let levels: Vec<String> = estimate
            .stratum
            .iter()
            .map(|(variable, level)| match (named, level.as_str()) {
                (true, "missing") => format!("{} missing", self.label(variable)),
                _ => level.clone(),
            })
            .collect();
        levels.join(", ")
    }

    fn label<'a>(&'a self, variable: &'a str) -> &'a str {
        self.labels.get(variable).map_or(variable, String::as_str)
    }

    /// Title and words from the top; the height they take.
    pub(super) fn head(&self, svg: &mut Svg, left: f64, room: f64) -> f64 {
        let mut y = 30.0;
        for line in wrapped(&self.title, TITLE_SIZE, room) {
            svg.text((left, y), &line, Face::new(TITLE_SIZE, INK).bold());
            y += 21.0;
        }
        for line in wrapped(&self.words, SMALL_SIZE, room) {
            svg.text((left, y), &line, Face::new(SMALL_SIZE, FAINT));
            y += 15.0;
        }
        y
    }

    /// Method and privacy below `top`; where they end.
    pub(super) fn foot(&self, svg: &mut Svg, top: f64, left: f64, room: f64, method: &str) -> f64 {
        let mut y = top;
        for text in [method, &self.privacy()] {
            for line in wrapped(text, SMALL_SIZE, room) {
                svg.text((left, y), &line, Face::new(SMALL_SIZE, FAINT));
                y += 15.0;
            }
        }
        y
    }

    fn privacy(&self) -> String {
        let (mode, epsilon, sd) = (self.mode, self.epsilon, self.noise_sd);
        // Four decimals say what was asked; the exact amount, billionths rounded up, stands in the documents.
        let rho = (self.rho * 1e4).round() / 1e4;
        let centers = &self.centers;
        let ends = [
            (centers.late, "late"),
            (centers.refused, "refused"),
            (centers.out_of_budget, "out of budget"),
            (centers.failed, "failed"),
        ];
        let others: String = ends
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, end)| format!(", {count} {end}"))
            .fold(String::new(), |all, end| all + &end);
        format!(
            "Differential privacy: {mode} mode, rho {rho} at each center (epsilon {epsilon:.2} at delta 1e-6), noise sd {sd:.1} \
             in a summed count. Centers: {} of {} answered{others}.",
            centers.answered,
            centers.roster()
        )
    }
}

/// A few words for the figure: what, by what.
fn title(plan: &Plan) -> String {
    let what = match &plan.analysis {
        Analysis::Count => "Patients".to_owned(),
        Analysis::Survival { clock } => {
            // A description starts with the clock's name: "Overall survival to 180 months (...".
            plan.words
                .split_once(" to ")
                .map_or_else(|| clock.clone(), |(name, _)| name.to_owned())
        }
        Analysis::Rate { .. } => "First events per 100 person-years".to_owned(),
    };
    let by: Vec<&str> = plan
        .layout
        .strata()
        .first()
        .into_iter()
        .flat_map(|stratum| stratum.levels.keys())
        .map(|variable| plan.labels.get(variable).unwrap_or(variable).as_str())
        .collect();
    if by.is_empty() {
        what
    } else {
        format!("{what} by {}", by.join(" and "))
    }
}
