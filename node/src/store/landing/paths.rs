//! Which rows are related? Paths along the references of the dictionary.

use std::collections::VecDeque;
use std::fmt::Write as _;

use question::dictionary::{Dictionary, Table};

use crate::store::quoted;
use crate::store::schema::PATIENT;

/// One step from a table to another: `from.from_column = to.to_column`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Step {
    pub(in crate::store) from_column: String,
    pub(in crate::store) to: String,
    pub(in crate::store) to_column: String,
}

/// Steps from a child to its parents.
fn up(table: &Table) -> impl Iterator<Item = Step> {
    table.columns.iter().filter_map(|column| {
        column.references.as_ref().map(|parent| Step {
            from_column: column.name.clone(),
            to: parent.table.clone(),
            to_column: parent.column.clone(),
        })
    })
}

/// Steps from a parent to its children.
fn down<'a>(dictionary: &'a Dictionary, table: &'a Table) -> impl Iterator<Item = Step> + 'a {
    dictionary.columns().filter_map(|column| {
        let parent = column
            .references
            .as_ref()
            .filter(|parent| parent.table == table.name)?;
        Some(Step {
            from_column: parent.column.clone(),
            to: column.table.clone(),
            to_column: column.name.clone(),
        })
    })
}

/// Every way up from `table`, each with at least one step, the nearest first.
pub(in crate::store) fn ways_up(dictionary: &Dictionary, table: &Table) -> Vec<Vec<Step>> {
    let mut ways: Vec<Vec<Step>> = Vec::new();
    let mut open: VecDeque<(&Table, Vec<Step>)> = VecDeque::from([(table, Vec::new())]);
    while let Some((at, way)) = open.pop_front() {
        for step in up(at) {
            let Some(parent) = dictionary.table(&step.to) else {
                continue;
            };
            let longer: Vec<Step> = way.iter().cloned().chain([step]).collect();
            ways.push(longer.clone());
            open.push_back((parent, longer));
        }
    }
    ways
}

/// Whether each row of the table belongs to one patient.
fn is_of_patient(dictionary: &Dictionary, table: &Table) -> bool {
    table.name == PATIENT
        || ways_up(dictionary, table)
            .iter()
            .flatten()
            .any(|step| step.to == PATIENT)
}

/// The shortest path from `table` to the table `goal`; `None` if no reference leads there, and then every row is related
/// (`center_info`). A path turns from parents to children only at tables whose rows belong to one patient: no patient's row
/// is judged by another's.
pub(super) fn path(dictionary: &Dictionary, table: &Table, goal: &str) -> Option<Vec<Step>> {
    let mut seen = vec![table.name.clone()];
    let mut open: VecDeque<(&Table, Vec<Step>)> = VecDeque::from([(table, Vec::new())]);
    while let Some((at, path)) = open.pop_front() {
        if at.name == goal {
            return Some(path);
        }
        let children = is_of_patient(dictionary, at)
            .then(|| down(dictionary, at))
            .into_iter()
            .flatten();
        for step in up(at).chain(children) {
            let Some(next) = dictionary.table(&step.to) else {
                continue;
            };
            if !seen.contains(&step.to) {
                seen.push(step.to.clone());
                open.push_back((next, path.iter().cloned().chain([step]).collect()));
            }
        }
    }
    None
}

/// `FROM` and `JOIN`s along a path: the first table is `t0`, the one after `k` steps `{prefix}{k}`.
pub(in crate::store) fn joins(steps: &[Step], prefix: &str) -> String {
    let mut sql = String::new();
    let mut before = "t0".to_owned();
    for (at, step) in steps.iter().enumerate() {
        let alias = format!("{prefix}{}", at + 1);
        let (to, to_column, from_column) = (
            quoted(&step.to),
            quoted(&step.to_column),
            quoted(&step.from_column),
        );
        // Writing to a String cannot fail.
        let _ = write!(
            sql,
            " JOIN main.{to} AS {alias} ON {alias}.{to_column} = {before}.{from_column}"
        );
        before = alias;
    }
    sql
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("patient", "infusion", Some(vec!["infusion"]))]
    #[case("infusion", "course", Some(vec!["course"]))]
    #[case("adverse_event", "adverse_event", Some(vec![]))]
    #[case("lab", "patient", Some(vec!["infusion", "patient"]))]
    #[case("batch", "visit", Some(vec!["infusion", "visit"]))]
    #[case("infusion", "center_info", None)]
    fn the_shortest_path_along_references_is_found(
        #[case] from: &str,
        #[case] goal: &str,
        #[case] expected: Option<Vec<&str>>,
    ) {
        let dictionary = Dictionary::shipped().unwrap();
        let found = path(&dictionary, dictionary.table(from).unwrap(), goal);
        let names = found.map(|steps| steps.into_iter().map(|step| step.to).collect::<Vec<_>>());
        assert_eq!(
            names,
            expected.map(|names| names.into_iter().map(str::to_owned).collect())
        );
    }

    #[test]
    fn a_table_that_patients_share_does_not_relate_them() {
        let csv = question::dictionary::SHIPPED_CSV.to_owned()
            + "ward,ward_id,TEXT,,Y,primary,,,,,,,,,,,\n\
               stay,stay_id,TEXT,,Y,primary,,,,,,,,,,,\n\
               stay,patient_id,TEXT,,Y,,patient.patient_id,,,,,,,,,,\n\
               stay,ward_id,TEXT,,Y,,ward.ward_id,,,,,,,,,,\n\
               round,round_id,TEXT,,Y,primary,,,,,,,,,,,\n\
               round,ward_id,TEXT,,Y,,ward.ward_id,,,,,,,,,,\n";
        let dictionary = Dictionary::parse(&csv).unwrap();
        assert_eq!(
            path(&dictionary, dictionary.table("round").unwrap(), "stay"),
            None
        );
        assert!(path(&dictionary, dictionary.table("lab").unwrap(), "ward").is_some());
    }
}
