//! Does a piece of SQL look at one patient's rows alone? Checked when variables and clocks are read, whoever reviewed them.

use std::collections::BTreeMap;

use crate::dictionary::{ColumnRef, Dictionary};

/// Words that could look across patients, keep state or change anything.
const FORBIDDEN: [&str; 26] = [
    "over",
    "partition",
    "window",
    "lag",
    "lead",
    "rank",
    "row_number",
    "first_value",
    "last_value",
    "ntile",
    "with",
    "recursive",
    "union",
    "intersect",
    "except",
    "group",
    "having",
    "limit",
    "offset",
    "insert",
    "update",
    "delete",
    "attach",
    "pragma",
    "random",
    "withdrawn",
];

/// The tables of an index row.
const INDEX_ROW: [(&str, &str); 3] = [("p", "patient"), ("i", "infusion"), ("c", "course")];

/// Checks a fragment against the dictionary; an `Err` is a sentence without a name in front.
pub(super) fn check(sql: &str, dictionary: &Dictionary) -> Result<(), String> {
    let plain = without_literals(sql)?;
    for mark in [";", "\"", "--", "/*", "`", "["] {
        if plain.contains(mark) {
            return Err(format!("its SQL must not hold {mark}"));
        }
    }
    let lower = plain.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
        .filter(|word| !word.is_empty())
        .collect();
    if let Some(word) = words.iter().find(|word| FORBIDDEN.contains(word)) {
        return Err(format!("its SQL must not use {}", word.to_uppercase()));
    }
    check_columns(&words, dictionary)?;
    let selects = words.iter().filter(|word| **word == "select").count();
    let own = words
        .windows(2)
        .filter(|pair| matches!(pair, [left, "p.patient_id"] if left.ends_with(".patient_id")))
        .count();
    if selects > own {
        return Err("each SELECT in its SQL must hold `.patient_id = p.patient_id`, to stay with one patient's rows".into());
    }
    Ok(())
}

fn without_literals(sql: &str) -> Result<String, String> {
    let pieces: Vec<&str> = sql.split('\'').collect();
    if pieces.len().is_multiple_of(2) {
        return Err("a quote in its SQL is not closed".into());
    }
    Ok(pieces.into_iter().step_by(2).collect::<Vec<_>>().join("''"))
}

/// Every `alias.column` must be in the dictionary; aliases come from the index row and from FROM and JOIN.
fn check_columns(words: &[&str], dictionary: &Dictionary) -> Result<(), String> {
    let mut tables: BTreeMap<&str, &str> = INDEX_ROW.into();
    for triple in words.windows(3) {
        if let ["from" | "join", table, alias] = triple {
            if INDEX_ROW.iter().any(|(known, _)| known == alias) {
                return Err(format!(
                    "its SQL must not use the name {alias} for another table"
                ));
            }
            tables.insert(alias, table);
        }
    }
    for word in words.iter().filter(|word| word.parse::<f64>().is_err()) {
        let Some((alias, column)) = word.split_once('.') else {
            continue;
        };
        let at = tables.get(alias).map(|table| ColumnRef {
            table: (*table).to_owned(),
            column: column.to_owned(),
        });
        match at {
            Some(at) if dictionary.column(&at).is_some() => {}
            Some(at) => {
                return Err(format!(
                    "it needs the column {at}, which the dictionary does not have"
                ));
            }
            None => return Err(format!("its SQL does not say which table {alias} is")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("p.sex")]
    #[case("CASE WHEN c.product = 'over; the \" moon' THEN 1.5 END")]
    #[case(
        "(SELECT MIN(a.assess_date) FROM assessment a JOIN infusion f ON f.infusion_id = a.infusion_id WHERE f.patient_id = p.patient_id)"
    )]
    fn a_fragment_of_one_patients_rows_is_taken(#[case] sql: &str) {
        assert_eq!(check(sql, &Dictionary::shipped().unwrap()), Ok(()));
    }

    #[rstest::rstest]
    #[case("p.shoe_size", "needs the column patient.shoe_size")]
    #[case("x.sex", "which table x is")]
    #[case("MAX(p.birth_year) OVER ()", "must not use OVER")]
    #[case(
        "(SELECT MAX(q.birth_year) FROM patient q)",
        "stay with one patient's rows"
    )]
    #[case(
        "(SELECT MAX(p.birth_year) FROM patient p)",
        "name p for another table"
    )]
    #[case(
        "(SELECT 1 FROM patient q WHERE q.patient_id = p.patient_id LIMIT 1)",
        "must not use LIMIT"
    )]
    #[case("p.sex; DROP TABLE patient", "must not hold ;")]
    #[case("p.sex -- c", "must not hold --")]
    #[case("'open", "not closed")]
    fn a_fragment_that_reaches_further_is_refused(#[case] sql: &str, #[case] expected: &str) {
        let sentence = check(sql, &Dictionary::shipped().unwrap()).unwrap_err();
        assert!(sentence.contains(expected), "{sentence}");
    }
}
