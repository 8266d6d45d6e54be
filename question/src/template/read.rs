//! Is a template's text sound? Every name is looked up, every bound checked, before a template exists.

use std::collections::BTreeMap;

use protocol::amount::{AmountError, NanoRho};

use super::file::{AnalysisEntry, ParameterEntry, PrivacyEntry, TemplateFile};
use super::locate;
use super::parameter::{Parameter, ParameterKind, parse_date};
use super::planning::Planning;
use super::{AnalysisSpec, PrivacyLimits, Template};
use crate::dictionary::{Dictionary, is_name};
use crate::error::QuestionError;
use crate::limits::{
    GRID_MONTHS_MAX, INTERVALS_MAX, NAME_BYTES_MAX, PARAMETERS_MAX, TEMPLATE_BYTES_MAX,
};
use crate::plan::units_max;
use crate::vocabulary::Vocabulary;

/// The parameter that names strata.
pub(super) const BY: &str = "by";
/// The parameter that names the clock.
pub(super) const CLOCK: &str = "clock";

/// Reads and checks a template's text.
pub(super) fn template(toml: &str, dictionary: &Dictionary) -> Result<Template, QuestionError> {
    if toml.len() > TEMPLATE_BYTES_MAX {
        return Err(wrong(format!(
            "its text is longer than {TEMPLATE_BYTES_MAX} bytes"
        )));
    }
    let file: TemplateFile =
        toml::from_str(toml).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
    let at = |path: &'static [&'static str]| move |error| locate::at(toml, path, error);
    check_words(toml, &file)?;
    let vocabulary = Vocabulary::shipped(dictionary)?;
    let analysis = analysis(file.analysis).map_err(at(&["analysis"]))?;
    let parameters = Reader {
        toml,
        vocabulary: &vocabulary,
        breaks: &file.breaks,
    }
    .parameters(file.parameters)?;
    check_clock(&analysis, &parameters).map_err(at(&["parameters", CLOCK]))?;
    let (planning, planning_by_clock) =
        plannings(toml, (&file.planning, &file.planning_by_clock), &parameters)?;
    for planning in std::iter::once(&planning).chain(planning_by_clock.values()) {
        check_planning(&analysis, planning).map_err(at(&["planning"]))?;
    }
    Ok(Template {
        name: file.name,
        version: file.version,
        title: file.title,
        text: file.text.trim().to_owned(),
        index: file.index,
        analysis,
        parameters,
        privacy: privacy(&file.privacy).map_err(at(&["privacy"]))?,
        mask_below: file.display.mask_below,
        planning,
        planning_by_clock,
        toml: toml.to_owned(),
    })
}

fn wrong(sentence: impl Into<String>) -> QuestionError {
    QuestionError::Template(sentence.into())
}

fn check_words(toml: &str, file: &TemplateFile) -> Result<(), QuestionError> {
    let wrong_at = |key: &str, sentence: &str| Err(locate::at(toml, &[key], wrong(sentence)));
    let plain = |text: &str, marks: &str| {
        !text.is_empty()
            && text.len() <= NAME_BYTES_MAX
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || marks.contains(c))
    };
    if !plain(&file.name, "-") {
        return wrong_at("name", "name must be lower-case letters, digits and dashes");
    }
    let numbers: Vec<&str> = file.version.split('.').collect();
    if numbers.len() != 3 || !numbers.iter().all(|number| number.parse::<u32>().is_ok()) {
        return wrong_at("version", "version must be three numbers, as in 1.0.0");
    }
    for (key, words) in [("title", &file.title), ("text", &file.text)] {
        if words.trim().is_empty() {
            return wrong_at(key, "title and text must say what is asked");
        }
    }
    Ok(())
}

fn analysis(entry: AnalysisEntry) -> Result<AnalysisSpec, QuestionError> {
    match entry {
        AnalysisEntry::Count {} => Ok(AnalysisSpec::Count),
        AnalysisEntry::Survival { grid_months } => {
            let rising = grid_months
                .windows(2)
                .all(|pair| matches!(pair, [earlier, later] if earlier < later));
            let last = grid_months.last().copied().unwrap_or(0);
            if !rising
                || grid_months.first().is_none_or(|first| *first == 0)
                || last > GRID_MONTHS_MAX
            {
                return Err(wrong(format!(
                    "grid_months must rise from above 0 to at most {GRID_MONTHS_MAX}"
                )));
            }
            let found = grid_months.len();
            if found > INTERVALS_MAX {
                return Err(QuestionError::TooLarge {
                    what: "the intervals of the grid",
                    found,
                    limit: INTERVALS_MAX,
                });
            }
            Ok(AnalysisSpec::Survival { grid_months })
        }
        AnalysisEntry::Rate {
            clip_days,
            unit_days,
        } => {
            units_max(clip_days, unit_days)?;
            Ok(AnalysisSpec::Rate {
                clip_days,
                unit_days,
            })
        }
    }
}

fn check_clock(
    analysis: &AnalysisSpec,
    parameters: &BTreeMap<String, Parameter>,
) -> Result<(), QuestionError> {
    match (analysis, parameters.contains_key(CLOCK)) {
        (AnalysisSpec::Count, true) => Err(wrong("a count has no clock; take the parameter out")),
        (AnalysisSpec::Survival { .. } | AnalysisSpec::Rate { .. }, false) => {
            Err(wrong("survival and rate need the parameter clock"))
        }
        (AnalysisSpec::Count, false)
        | (AnalysisSpec::Survival { .. } | AnalysisSpec::Rate { .. }, true) => Ok(()),
    }
}

fn check_planning(analysis: &AnalysisSpec, planning: &Planning) -> Result<(), QuestionError> {
    match analysis {
        AnalysisSpec::Survival { .. } if planning.survival.is_empty() => Err(wrong(
            "the planning values of survival need one expected survival at least, such as s12",
        )),
        AnalysisSpec::Rate { .. }
            if planning.events.is_none() || planning.person_years.is_none() =>
        {
            Err(wrong(
                "the planning values of a rate need events and person_years",
            ))
        }
        AnalysisSpec::Count | AnalysisSpec::Survival { .. } | AnalysisSpec::Rate { .. } => Ok(()),
    }
}

/// Planning values as they are written.
type Values = BTreeMap<String, f64>;

/// The common planning values, and for each clock that has its own the common ones with those in their place.
fn plannings(
    toml: &str,
    (common, by_clock): (&Values, &BTreeMap<String, Values>),
    parameters: &BTreeMap<String, Parameter>,
) -> Result<(Planning, BTreeMap<String, Planning>), QuestionError> {
    let mut own = BTreeMap::new();
    for (clock, values) in by_clock {
        let at = |error| locate::at(toml, &["planning_by_clock", clock], error);
        let kind = parameters.get(CLOCK).map(|parameter| &parameter.kind);
        if !matches!(kind, Some(ParameterKind::Clock { of }) if of.contains_key(clock)) {
            return Err(at(wrong(format!(
                "planning_by_clock names {clock}, which the parameter clock does not offer"
            ))));
        }
        let mut merged = common.clone();
        merged.extend(values.clone());
        own.insert(clock.clone(), Planning::of(&merged).map_err(at)?);
    }
    let common = Planning::of(common);
    let common = common.map_err(|error| locate::at(toml, &["planning"], error))?;
    Ok((common, own))
}

fn privacy(entry: &PrivacyEntry) -> Result<PrivacyLimits, QuestionError> {
    let wrong_amount = |error: AmountError| wrong(error.to_string());
    // Each as the decimal that people read, rounded so that the limits only ever narrow.
    let at_least = |rho: f64| rho.to_string().parse::<NanoRho>().map_err(wrong_amount);
    let limits = PrivacyLimits {
        rho_min: at_least(entry.min)?,
        rho_max: NanoRho::at_most(entry.max).map_err(wrong_amount)?,
        rho_default: at_least(entry.default)?,
    };
    if limits.rho_min <= limits.rho_default && limits.rho_default <= limits.rho_max {
        return Ok(limits);
    }
    Err(wrong("rho_default must lie between rho_min and rho_max"))
}

/// Looks up what parameters name.
struct Reader<'a> {
    toml: &'a str,
    vocabulary: &'a Vocabulary,
    breaks: &'a BTreeMap<String, Vec<i64>>,
}

impl Reader<'_> {
    fn parameters(
        &self,
        entries: BTreeMap<String, ParameterEntry>,
    ) -> Result<BTreeMap<String, Parameter>, QuestionError> {
        if entries.len() > PARAMETERS_MAX {
            return Err(wrong(format!(
                "it has more than {PARAMETERS_MAX} parameters"
            )));
        }
        for name in self.breaks.keys() {
            self.category(name)
                .map_err(|error| locate::at(self.toml, &["breaks", name], error))?;
        }
        let read = |(name, entry): (String, ParameterEntry)| {
            let parameter = self.parameter(&name, entry)?;
            Ok((name, parameter))
        };
        entries.into_iter().map(read).collect()
    }

    fn parameter(&self, name: &str, entry: ParameterEntry) -> Result<Parameter, QuestionError> {
        let at = |key: &str, error| locate::at(self.toml, &["parameters", name, key], error);
        let (kind, default, about) = match entry {
            ParameterEntry::Strata { of, default, about } => {
                let of = self.each(name, &of, |one| self.category(one))?;
                (ParameterKind::Strata { of }, default, about)
            }
            ParameterEntry::Clock { of, default, about } => {
                let of = self.each(name, &of, |one| self.clock(one))?;
                (ParameterKind::Clock { of }, default, about)
            }
            ParameterEntry::Levels {
                variable,
                default,
                about,
            } => {
                let category = self.text_category(&variable);
                let category = category.map_err(|error| at("variable", error))?;
                (ParameterKind::Levels { category }, default, about)
            }
            ParameterEntry::Range {
                variable,
                min,
                max,
                default,
                about,
            } => {
                let range = self.range(&variable, min, max);
                let range = range.map_err(|error| at("variable", error))?;
                (range, default, about)
            }
            ParameterEntry::Dates {
                variable,
                min,
                max,
                default,
                about,
            } => {
                let dates = self.dates(&variable, &min, &max);
                let dates = dates.map_err(|error| at("variable", error))?;
                (dates, default, about)
            }
        };
        check_name(name, &kind).map_err(|error| at("", error))?;
        let default = kind
            .read(name, &default)
            .map_err(|error| at("default", wrong(format!("a default does not fit: {error}"))))?;
        Ok(Parameter {
            about,
            kind,
            default,
        })
    }

    /// What `look_up` gives for each name of the list `of` of the parameter `parameter`.
    fn each<T>(
        &self,
        parameter: &str,
        of: &[String],
        look_up: impl Fn(&str) -> Result<T, QuestionError>,
    ) -> Result<BTreeMap<String, T>, QuestionError> {
        let read = |name: &String| {
            let found = look_up(name).map_err(|error| {
                locate::at(self.toml, &["parameters", parameter, "of", name], error)
            })?;
            Ok((name.clone(), found))
        };
        of.iter().map(read).collect()
    }

    fn clock(&self, name: &str) -> Result<crate::vocabulary::Clock, QuestionError> {
        let clock = self.vocabulary.clock(name);
        clock
            .cloned()
            .ok_or_else(|| wrong(format!("there is no clock {name}")))
    }

    fn category(&self, name: &str) -> Result<crate::vocabulary::Category, QuestionError> {
        let category = self.vocabulary.category(name).ok_or_else(|| {
            let known: Vec<&str> = self.vocabulary.category_names().collect();
            wrong(format!(
                "there is no variable {name}; choose from {}",
                known.join(", ")
            ))
        })?;
        match self.breaks.get(name) {
            Some(breaks) => category.cut_at(breaks),
            None => Ok(category.clone()),
        }
    }

    fn text_category(&self, name: &str) -> Result<crate::vocabulary::Category, QuestionError> {
        let category = self.category(name)?;
        if category.is_bands() {
            return Err(wrong(format!(
                "{name} is cut from a number; filter it with kind = \"range\""
            )));
        }
        Ok(category)
    }

    fn range(&self, variable: &str, min: i64, max: i64) -> Result<ParameterKind, QuestionError> {
        let number = self
            .vocabulary
            .number(variable)
            .ok_or_else(|| wrong(format!("there is no number {variable}")))?;
        if !(number.min <= min && min <= max && max <= number.max) {
            let (low, high) = (number.min, number.max);
            return Err(wrong(format!(
                "the bounds of {variable} must lie within {low} and {high}"
            )));
        }
        Ok(ParameterKind::Range {
            number: number.clone(),
            min,
            max,
        })
    }

    fn dates(&self, variable: &str, min: &str, max: &str) -> Result<ParameterKind, QuestionError> {
        let date = self
            .vocabulary
            .date(variable)
            .ok_or_else(|| wrong(format!("there is no date {variable}")))?;
        match (parse_date(min), parse_date(max)) {
            (Some(min), Some(max)) if min <= max => Ok(ParameterKind::Dates {
                date: date.clone(),
                min,
                max,
            }),
            _ => Err(wrong(format!(
                "the bounds of {variable} must be two days YYYY-MM-DD, the earlier first"
            ))),
        }
    }
}

/// Strata are always called `by` and the clock `clock`, so that people and tools find them.
fn check_name(name: &str, kind: &ParameterKind) -> Result<(), QuestionError> {
    let fits = match kind {
        ParameterKind::Strata { .. } => name == BY,
        ParameterKind::Clock { .. } => name == CLOCK,
        ParameterKind::Levels { .. }
        | ParameterKind::Range { .. }
        | ParameterKind::Dates { .. } => is_name(name) && name != BY && name != CLOCK,
    };
    if fits {
        return Ok(());
    }
    Err(wrong(format!(
        "the parameter {name:?} has the wrong name: strata are called {BY}, the clock {CLOCK}, filters otherwise"
    )))
}
