//! How does SQL give every patient exactly one cell? Layers of plain selects over one row per patient; only public values in them.
//!
//! `facts` reads what is needed of a patient's own rows, `timed` finds the first event, `placed` turns values into positions and
//! days, and the outermost layer picks the cell. Each layer has exactly one row for every row of `patient`. No layer can express a
//! window, an aggregate or a subquery across patients: all text comes from reviewed files (see `vocabulary::fragment`) and from the
//! formats below, all literals from closed lists, numbers and days.

use std::fmt::Write as _;

use crate::plan::{CellLayout, Exclusion, StratumCells};
use crate::template::{Parameter, ParameterKind, Value};
use crate::vocabulary::{Category, Clock, INDEX_ROW_SQL};

/// Consent given or waived, and not withdrawn since the lock. The node fills `withdrawn`.
const CONSENT: &str = "p.consent_research IN ('Y', 'waiver') AND p.patient_id NOT IN (SELECT w.patient_id FROM withdrawn w)";

/// A variable that stratifies, and the levels that have strata.
pub(super) struct StrataVariable<'a> {
    pub(super) category: &'a Category,
    pub(super) kept: Vec<String>,
}

/// What the SQL is made from: everything public.
pub(super) struct Recipe<'a> {
    pub(super) strata: Vec<StrataVariable<'a>>,
    pub(super) filters: Vec<(&'a Parameter, &'a Value)>,
    pub(super) clock: Option<&'a Clock>,
    pub(super) layout: &'a CellLayout,
}

impl Recipe<'_> {
    /// `patient_id, cell`: one row for every patient. `clip_days`: events later than this do not count.
    pub(super) fn cell_sql(&self, clip_days: Option<u32>) -> String {
        let start = self.layout.exclusions().len();
        let per_stratum = self.layout.stratum_cells().len();
        let within = self.within_stratum(clip_days);
        let arms: Vec<String> = self
            .exclusions()
            .map(|(place, test)| format!("    WHEN {test} THEN {place}\n"))
            .collect();
        format!(
            "SELECT patient_id,\n  CASE\n{}    ELSE {start} + {per_stratum} * stratum + {within}\n  END AS cell\nFROM (\n{}\n) placed",
            arms.concat(),
            self.placed_sql()
        )
    }

    /// `patient_id, stratum, units`: one row for every counted patient, clipped and rounded to whole units.
    pub(super) fn person_time_sql(&self, clip_days: u32, unit_days: u32) -> String {
        let counted: Vec<String> = self
            .exclusions()
            .map(|(_, test)| format!("NOT ({test})"))
            .collect();
        let half = unit_days / 2;
        format!(
            "SELECT patient_id, stratum,\n  (CASE WHEN days < {clip_days} THEN days ELSE {clip_days} END + {half}) / {unit_days} AS units\n\
             FROM (\n{}\n) placed\nWHERE {}",
            self.placed_sql(),
            counted.join(" AND ")
        )
    }

    /// Each reason's cell and its test over `placed`, in the order in which they are asked.
    fn exclusions(&self) -> impl Iterator<Item = (usize, &'static str)> {
        self.layout
            .exclusions()
            .iter()
            .enumerate()
            .map(|(place, reason)| (place, test(*reason)))
    }

    fn within_stratum(&self, clip_days: Option<u32>) -> String {
        match self.layout.stratum_cells() {
            StratumCells::Count => "0".to_owned(),
            StratumCells::Survival { edges_months } => survival_position(edges_months),
            StratumCells::FirstEvent => {
                let in_time = clip_days
                    .map(|clip| format!(" AND days <= {clip}"))
                    .unwrap_or_default();
                format!("CASE WHEN has_event = 1{in_time} THEN 1 ELSE 0 END")
            }
        }
    }

    fn placed_sql(&self) -> String {
        let mut columns = vec!["patient_id, consented, own, infused, matching".to_owned()];
        columns.push(format!("{} AS stratum", self.stratum_sql()));
        if self.clock.is_some() {
            let open = "CASE WHEN unusable = 1 THEN NULL ELSE end_day - start_day END";
            columns.push(format!(
                "CASE WHEN event_day IS NOT NULL THEN event_day - start_day ELSE {open} END AS days"
            ));
            columns
                .push("CASE WHEN event_day IS NOT NULL THEN 1 ELSE 0 END AS has_event".to_owned());
        }
        select(&columns, &format!("(\n{}\n) timed", self.timed_sql()))
    }

    /// The first variable changes slowest, as in the layout.
    fn stratum_sql(&self) -> String {
        let mut sql = "0".to_owned();
        // A variable with one possible level changes nothing.
        let split = self
            .strata
            .iter()
            .enumerate()
            .filter(|(_, variable)| variable.kept.len() > 1);
        for (number, variable) in split {
            let position = variable
                .category
                .position_sql(&format!("value_{number}"), &variable.kept);
            let slower = if sql == "0" {
                String::new()
            } else {
                format!("({sql}) * {} + ", variable.kept.len())
            };
            sql = format!("{slower}{position}");
        }
        sql
    }

    fn timed_sql(&self) -> String {
        let mut columns = vec!["facts.*".to_owned()];
        columns.extend(
            self.clock
                .map(|clock| format!("{} AS event_day", earliest(0, clock.events.len()))),
        );
        select(&columns, &format!("(\n{}\n) facts", self.facts_sql()))
    }

    fn facts_sql(&self) -> String {
        let flag = |test: &str, name: &str| format!("CASE WHEN {test} THEN 1 ELSE 0 END AS {name}");
        let mut columns = vec![
            "p.patient_id AS patient_id".to_owned(),
            flag(CONSENT, "consented"),
            flag("p.owner IS NULL OR p.owner <> 'N'", "own"),
            flag("i.infusion_id IS NOT NULL", "infused"),
            flag(&self.matching_sql(), "matching"),
        ];
        let values = self.strata.iter().enumerate();
        columns.extend(values.map(|(number, variable)| {
            format!("{} AS value_{number}", variable.category.value_sql())
        }));
        if let Some(clock) = self.clock {
            columns.push(format!("{} AS start_day", clock.start));
            columns.extend(
                clock
                    .events
                    .iter()
                    .enumerate()
                    .map(|(number, event)| format!("{event} AS event_{number}_day")),
            );
            columns.push(format!("{} AS end_day", clock.end));
            columns.push(flag(
                clock.unusable.as_deref().unwrap_or("1 = 0"),
                "unusable",
            ));
        }
        format!(
            "SELECT {}\n{}",
            columns.join(",\n  "),
            without_comments(INDEX_ROW_SQL)
        )
    }

    /// True, false or NULL; only true matches.
    fn matching_sql(&self) -> String {
        let conditions: Vec<String> = self
            .filters
            .iter()
            .filter_map(|(parameter, value)| condition(&parameter.kind, value))
            .collect();
        if conditions.is_empty() {
            "1 = 1".to_owned()
        } else {
            conditions.join(" AND ")
        }
    }
}

fn select(columns: &[String], from: &str) -> String {
    format!("SELECT {}\nFROM {from}", columns.join(",\n  "))
}

const fn test(reason: Exclusion) -> &'static str {
    match reason {
        Exclusion::Consent => "consented = 0",
        Exclusion::Owner => "own = 0",
        Exclusion::NotInfused => "infused = 0",
        Exclusion::Filter => "matching = 0",
        Exclusion::Dates => "days IS NULL OR days < 0",
    }
}

fn condition(kind: &ParameterKind, value: &Value) -> Option<String> {
    match (kind, value) {
        (ParameterKind::Levels { category }, Value::Levels(levels)) => {
            // Levels are words of a closed list, checked when the variables were read: no quote can stand in them.
            Some(format!(
                "({}) IN ('{}')",
                category.value_sql(),
                levels.join("', '")
            ))
        }
        (ParameterKind::Range { number, .. }, Value::Range { low, high }) => {
            Some(format!("({}) BETWEEN {low} AND {high}", number.sql))
        }
        (ParameterKind::Dates { date, .. }, Value::Dates { from, to }) => Some(format!(
            "({}) BETWEEN day_of('{from}') AND day_of('{to}')",
            date.sql
        )),
        _ => None,
    }
}

/// The earliest of the days `event_0_day` to `event_(count-1)_day` from `number` on, NULL if all are.
fn earliest(number: usize, count: usize) -> String {
    let this = format!("event_{number}_day");
    if number + 1 >= count {
        return this;
    }
    let later = earliest(number + 1, count);
    format!(
        "CASE WHEN {this} IS NULL THEN {later} WHEN {later} IS NULL OR {this} <= {later} THEN {this} ELSE {later} END"
    )
}

/// Position within the stratum's survival cells: a time on an edge belongs to the interval that ends there.
fn survival_position(edges_months: &[u32]) -> String {
    let intervals = edges_months.len();
    let last = edges_months.last().copied().map_or(0, edge_days);
    let mut sql = format!("CASE WHEN days > {last} THEN {} ELSE CASE", 2 * intervals);
    for (number, edge) in edges_months.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(sql, " WHEN days <= {} THEN {number}", edge_days(*edge));
    }
    let _ = write!(
        sql,
        " END + CASE WHEN has_event = 1 THEN 0 ELSE {intervals} END END"
    );
    sql
}

/// The last whole day within `months` of 30.4375 = 487/16 days.
fn edge_days(months: u32) -> u64 {
    u64::from(months) * 487 / 16
}

fn without_comments(sql: &str) -> String {
    sql.lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_whole_days_of_months_of_30_4375() {
        for (months, days) in [
            (1, 30),
            (2, 60),
            (3, 91),
            (12, 365),
            (48, 1461),
            (180, 5478),
        ] {
            assert_eq!(edge_days(months), days);
        }
    }
}
