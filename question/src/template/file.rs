//! What does a template's TOML look like? Exactly these fields; an unknown one is an error.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateFile {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) index: IndexRow,
    pub(super) analysis: AnalysisEntry,
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, ParameterEntry>,
    /// Other breaks for bands: variable to breaks.
    #[serde(default)]
    pub(super) breaks: BTreeMap<String, Vec<i64>>,
    pub(super) planning: BTreeMap<String, f64>,
    /// Planning values that differ for a clock: clock to values.
    #[serde(default)]
    pub(super) planning_by_clock: BTreeMap<String, BTreeMap<String, f64>>,
    pub(super) privacy: PrivacyEntry,
    #[serde(default)]
    pub(super) display: DisplayEntry,
}

/// Which row of a patient a question is about. A patient has exactly one, so that a patient has exactly one cell.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum IndexRow {
    /// The first qualifying infusion.
    FirstInfusion,
}

impl IndexRow {
    /// What it is, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::FirstInfusion => {
                "the first infusion of each patient that has a date, with the course it belongs to: one row a patient"
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum AnalysisEntry {
    Count {},
    Survival { grid_months: Vec<u32> },
    Rate { clip_days: u32, unit_days: u32 },
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ParameterEntry {
    Strata {
        of: Vec<String>,
        default: String,
        about: String,
    },
    Clock {
        of: Vec<String>,
        default: String,
        about: String,
    },
    Levels {
        variable: String,
        default: String,
        about: String,
    },
    Range {
        variable: String,
        min: i64,
        max: i64,
        default: String,
        about: String,
    },
    Dates {
        variable: String,
        min: String,
        max: String,
        default: String,
        about: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PrivacyEntry {
    #[serde(rename = "rho_min")]
    pub(super) min: f64,
    #[serde(rename = "rho_max")]
    pub(super) max: f64,
    #[serde(rename = "rho_default")]
    pub(super) default: f64,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct DisplayEntry {
    #[serde(default)]
    pub(super) mask_below: u32,
}
