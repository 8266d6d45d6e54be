//! What is not as it was in the template's last version, field by field?

use std::collections::{BTreeMap, BTreeSet};

use protocol::amount::NanoRho;
use question::template::{AnalysisSpec, Parameter, ParameterKind, PrivacyLimits, Template};
use question::vocabulary::Category;

use super::{parameters, privacy, sections};
use crate::words::Change;

const WIDER: &str = "wider";
const NARROWER: &str = "narrower";

/// Everything in which `new` differs from `old`, in the order of the template language; empty if they ask the same at the same price.
#[must_use]
pub fn differences(old: &Template, new: &Template) -> Vec<Change> {
    let mut changes: Vec<Change> = [
        Change::of("name", &old.name, &new.name),
        Change::of("version", &old.version, &new.version),
        Change::of("title", &old.title, &new.title),
        Change::of("text", &old.text, &new.text),
        Change::of("index row", old.index.words(), new.index.words()),
    ]
    .into_iter()
    .flatten()
    .collect();
    changes.extend(of_analysis(&old.analysis, &new.analysis));
    changes.extend(of_parameters(&old.parameters, &new.parameters));
    changes.extend(of_planning(old, new));
    changes.extend(of_privacy(&old.privacy, &new.privacy));
    changes.extend(Change::of(
        "display: sums shown as < below",
        &old.mask_below,
        &new.mask_below,
    ));
    changes
}

fn of_analysis(old: &AnalysisSpec, new: &AnalysisSpec) -> Vec<Change> {
    use AnalysisSpec::{Count, Rate, Survival};
    let changes = match (old, new) {
        (Count, Count) => vec![],
        (Survival { grid_months: old }, Survival { grid_months: new }) => {
            vec![Change::of(
                "interval ends in months:",
                &list(old),
                &list(new),
            )]
        }
        (
            Rate {
                clip_days: old_clip,
                unit_days: old_unit,
            },
            Rate {
                clip_days: new_clip,
                unit_days: new_unit,
            },
        ) => vec![
            bound(
                "most person-time of a patient in days:",
                old_clip,
                new_clip,
                true,
            ),
            Change::of("unit of person-time in days:", old_unit, new_unit),
        ],
        (Count, Survival { .. } | Rate { .. })
        | (Survival { .. }, Count | Rate { .. })
        | (Rate { .. }, Count | Survival { .. }) => vec![Change::of(
            "analysis",
            &sections::analysis(old),
            &sections::analysis(new),
        )],
    };
    changes.into_iter().flatten().collect()
}

fn of_parameters(
    old: &BTreeMap<String, Parameter>,
    new: &BTreeMap<String, Parameter>,
) -> Vec<Change> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let one = |name: &String| {
        let what = format!("parameter {name}");
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => of_parameter(&what, old, new),
            (None, Some(new)) => vec![Change::added(what, whole(new))],
            (Some(old), None) => vec![Change::removed(what, whole(old))],
            (None, None) => vec![],
        }
    };
    names.into_iter().flat_map(one).collect()
}

/// A parameter in a line.
fn whole(parameter: &Parameter) -> String {
    format!(
        "{}; {}; default {}",
        parameter.about,
        parameters::bounds(parameter),
        parameter.default
    )
}

fn of_parameter(what: &str, old: &Parameter, new: &Parameter) -> Vec<Change> {
    let mut changes = of_kind(what, old, new);
    let default = format!("{what}: default");
    changes.extend(Change::of(default, &old.default, &new.default));
    let about = format!("{what}: about");
    changes.extend(Change::of(about, &old.about, &new.about));
    changes
}

fn of_kind(what: &str, old: &Parameter, new: &Parameter) -> Vec<Change> {
    use ParameterKind::{Clock, Dates, Levels, Range, Strata};
    let variable = |old: &String, new: &String| Change::of(format!("{what}: variable"), old, new);
    let (lower, upper) = (
        format!("{what}: lower bound"),
        format!("{what}: upper bound"),
    );
    match (&old.kind, &new.kind) {
        (Strata { of: old }, Strata { of: new }) => of_strata(what, old, new),
        (Clock { of: old }, Clock { of: new }) => {
            let text = |of: &BTreeMap<String, question::vocabulary::Clock>, name: &String| {
                of.get(name).map(|clock| clock.text.clone())
            };
            members(&format!("{what}: clock"), old, new, |name| {
                Change::between(
                    format!("{what}: clock {name}"),
                    text(old, name),
                    text(new, name),
                )
            })
        }
        (Levels { category: old }, Levels { category: new }) => {
            let levels = of_levels(&format!("{what}: levels"), old, new);
            variable(&old.name, &new.name)
                .into_iter()
                .chain(levels)
                .collect()
        }
        (
            Range {
                number: old_number,
                min: old_min,
                max: old_max,
            },
            Range { number, min, max },
        ) => [
            variable(&old_number.name, &number.name),
            bound(lower, old_min, min, false),
            bound(upper, old_max, max, true),
        ]
        .into_iter()
        .flatten()
        .collect(),
        (
            Dates {
                date: old_date,
                min: old_min,
                max: old_max,
            },
            Dates { date, min, max },
        ) => [
            variable(&old_date.name, &date.name),
            bound(lower, old_min, min, false),
            bound(upper, old_max, max, true),
        ]
        .into_iter()
        .flatten()
        .collect(),
        (Strata { .. }, Clock { .. } | Levels { .. } | Range { .. } | Dates { .. })
        | (Clock { .. }, Strata { .. } | Levels { .. } | Range { .. } | Dates { .. })
        | (Levels { .. }, Strata { .. } | Clock { .. } | Range { .. } | Dates { .. })
        | (Range { .. }, Strata { .. } | Clock { .. } | Levels { .. } | Dates { .. })
        | (Dates { .. }, Strata { .. } | Clock { .. } | Levels { .. } | Range { .. }) => {
            let kind = format!("{what}: type");
            Change::of(kind, &parameters::bounds(old), &parameters::bounds(new))
                .into_iter()
                .collect()
        }
    }
}

/// A bound that moved; `upper` says on which side a larger value lets more through.
fn bound<T: PartialOrd + ToString>(
    what: impl Into<String>,
    old: &T,
    new: &T,
    upper: bool,
) -> Option<Change> {
    let note = if (new > old) == upper {
        WIDER
    } else {
        NARROWER
    };
    Change::of(what, old, new).map(|change| change.noted(note))
}

fn of_strata(
    what: &str,
    old: &BTreeMap<String, Category>,
    new: &BTreeMap<String, Category>,
) -> Vec<Change> {
    let both = old
        .iter()
        .filter_map(|(name, old)| Some((name, old, new.get(name)?)));
    let levels: Vec<Change> = both
        .filter_map(|(name, old, new)| of_levels(&format!("{what}: levels of {name}"), old, new))
        .collect();
    let mut changes = members(&format!("{what}: variable"), old, new, |_| None);
    changes.extend(levels);
    changes
}

fn of_levels(what: &str, old: &Category, new: &Category) -> Option<Change> {
    Change::of(what, &old.levels.join(", "), &new.levels.join(", "))
}

/// Names added to or taken from a list, then what `common` says of those that stayed.
fn members<V>(
    what: &str,
    old: &BTreeMap<String, V>,
    new: &BTreeMap<String, V>,
    common: impl Fn(&String) -> Option<Change>,
) -> Vec<Change> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let one = |name: &String| match (old.contains_key(name), new.contains_key(name)) {
        (false, true) => Some(Change::added(what, name).noted(WIDER)),
        (true, false) => Some(Change::removed(what, name).noted(NARROWER)),
        (true, true) => common(name),
        (false, false) => None,
    };
    names.into_iter().filter_map(one).collect()
}

fn of_planning(old: &Template, new: &Template) -> Vec<Change> {
    let values = |template: &Template| -> BTreeMap<(String, String), f64> {
        let of_clock = |clock: Option<&str>| match clock {
            Some(clock) => format!(" of clock {clock}"),
            None => String::new(),
        };
        template
            .plannings()
            .flat_map(|(clock, planning)| {
                let values = planning.values().into_iter();
                values.map(move |(key, value)| ((of_clock(clock), key), value))
            })
            .collect()
    };
    let (old, new) = (values(old), values(new));
    let names: BTreeSet<&(String, String)> = old.keys().chain(new.keys()).collect();
    let text =
        |values: &BTreeMap<(String, String), f64>, name| values.get(name).map(f64::to_string);
    // A clock's planning values hold the common ones where it has no own: said once is enough.
    let common = |name: &(String, String)| {
        let common = (String::new(), name.1.clone());
        !name.0.is_empty() && old.get(name) == old.get(&common) && new.get(name) == new.get(&common)
    };
    names
        .into_iter()
        .filter(|name| !common(name))
        .filter_map(|name| {
            let what = format!("planning value {}{}", name.1, name.0);
            Change::between(what, text(&old, name), text(&new, name))
        })
        .collect()
}

fn of_privacy(old: &PrivacyLimits, new: &PrivacyLimits) -> Vec<Change> {
    let amount = |rho: NanoRho| format!("{rho} (epsilon {})", privacy::epsilon(rho));
    let limit = |what: &str, old: NanoRho, new: NanoRho, upper: bool| {
        let note = if (new > old) == upper {
            WIDER
        } else {
            NARROWER
        };
        Change::of(what, &amount(old), &amount(new)).map(|change| change.noted(note))
    };
    [
        limit("privacy: least rho", old.rho_min, new.rho_min, false),
        Change::of(
            "privacy: default rho",
            &amount(old.rho_default),
            &amount(new.rho_default),
        ),
        limit("privacy: largest rho", old.rho_max, new.rho_max, true),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn list(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    numbers.join(", ")
}

#[cfg(test)]
mod tests {
    use question::template::shipped_template;

    use super::*;
    use crate::words::changes_in_words;

    fn changed(name: &str, from: &str, to: &str) -> String {
        let old = shipped_template(name).unwrap();
        assert!(old.toml().contains(from), "{from}");
        let new = Template::parse(&old.toml().replacen(from, to, 1)).unwrap();
        changes_in_words(&differences(&old, &new))
    }

    #[rstest::rstest]
    #[case("# A young national", "# An old national", "nothing changed\n")]
    #[case("name = \"survival\"", "name = \"life\"", "name survival -> life\n")]
    #[case("\"1.0.0\"", "\"1.0.1\"", "version 1.0.0 -> 1.0.1\n")]
    #[case(
        "\"Survival after infusion\"",
        "\"Life\\u001b[2J\"",
        "title Survival after infusion -> Life\\u{1b}[2J\n"
    )]
    #[case(
        "max = 120",
        "max = 90",
        "parameter age: upper bound 120 -> 90 (narrower)\n"
    )]
    #[case(
        "min = 0",
        "min = 18",
        "parameter age: lower bound 0 -> 18 (narrower)\n"
    )]
    #[case(
        "2060-12-31",
        "2061-12-31",
        "parameter infused: upper bound 2060-12-31 -> 2061-12-31 (wider)\n"
    )]
    #[case(
        "default = \"os\"",
        "default = \"pfs\"",
        "parameter clock: default os -> pfs\n"
    )]
    #[case(
        ", \"site_of_care\"]",
        "]",
        "parameter by: variable is gone; it was: site_of_care (narrower)\n"
    )]
    #[case(
        "\"only these products\"",
        "\"products\"",
        "parameter product: about only these products -> products\n"
    )]
    #[case(
        "variable = \"setting\"",
        "variable = \"sex\"",
        "parameter setting: variable setting -> sex\nparameter setting: levels"
    )]
    #[case("s24 = 0.53", "s24 = 0.50", "planning value s24 0.53 -> 0.5\n")]
    #[case(
        "patients = 300",
        "patients = 400",
        "planning value patients 300 -> 400\n"
    )]
    #[case(
        "s24 = 0.40",
        "s24 = 0.41",
        "planning value s24 of clock pfs 0.4 -> 0.41\n"
    )]
    #[case("s24 = 0.53", "", "planning value s24 is gone; it was: 0.53\n")]
    #[case("rho_max = 0.2", "rho_max = 0.5", "privacy: largest rho 0.2 (epsilon ")]
    #[case("rho_min = 0.005", "rho_min = 0.001", "(wider)\n")]
    #[case(
        "rho_default = 0.05",
        "rho_default = 0.1",
        "privacy: default rho 0.05 (epsilon "
    )]
    #[case(
        "[privacy]",
        "[display]\nmask_below = 5\n[privacy]",
        "display: sums shown as < below 0 -> 5\n"
    )]
    #[case(
        "120, 180]",
        "120]",
        "interval ends in months: reads differently\n    before: … 36, 48, 60, 84, 120, 180\n    after:  … 36, 48, 60, 84, 120\n"
    )]
    #[case(
        "[privacy]",
        "[breaks]\nage_band = [65]\n[privacy]",
        "parameter by: levels of age_band <18, 18-64, 65-74, >=75 -> <65, >=65\n"
    )]
    #[case("are still alive", "are dead", "text reads differently\n    before: ")]
    fn one_changed_field_reads_as_one_change(
        #[case] from: &str,
        #[case] to: &str,
        #[case] words: &str,
    ) {
        let shown = changed("survival", from, to);
        assert!(shown.contains(words), "{shown}");
        let starts = shown.lines().filter(|line| !line.starts_with(' ')).count();
        assert_eq!(starts, words.matches("\nparameter").count() + 1, "{shown}");
    }

    #[rstest::rstest]
    #[case(
        "clip_days = 5490",
        "clip_days = 3660",
        "most person-time of a patient in days: 5490 -> 3660 (narrower)\n"
    )]
    #[case(
        "unit_days = 30",
        "unit_days = 61",
        "unit of person-time in days: 30 -> 61\n"
    )]
    fn a_rates_constants_are_compared(#[case] from: &str, #[case] to: &str, #[case] words: &str) {
        assert_eq!(changed("incidence-rate", from, to), words);
    }

    #[test]
    fn parameters_and_another_analysis_are_told_whole() {
        let (count, survival) = (
            shipped_template("feasibility-count").unwrap(),
            shipped_template("survival").unwrap(),
        );
        let shown = changes_in_words(&differences(&count, &survival));
        assert!(shown.contains("analysis reads differently\n"), "{shown}");
        assert!(
            shown.contains("parameter clock is new: what ends the time"),
            "{shown}"
        );
        let shown = changes_in_words(&differences(&survival, &count));
        assert!(
            shown.contains("parameter clock is gone; it was: "),
            "{shown}"
        );
        let shown = changed(
            "survival",
            "kind = \"range\"\nvariable = \"age\"\nmin = 0\nmax = 120",
            "kind = \"levels\"\nvariable = \"sex\"",
        );
        assert!(
            shown.starts_with("parameter age: type reads differently\n"),
            "{shown}"
        );
    }
}
