//! Do the rows of a snapshot fit together? References, one parent by every way, and the order of dates.

use question::dictionary::{Column, Dictionary, Rule, Table};
use rusqlite::{Transaction, params};

use super::paths::{Step, joins, path, ways_up};
use super::positions;
use crate::error::NodeError;
use crate::import::Check;
use crate::store::quoted;
use crate::store::schema::{PATIENT, PATIENT_ID};

/// All checks between rows. Each kind is judged on what the kinds before it left, all rows of a kind on the same state.
pub(super) fn check(db: &Transaction<'_>, dictionary: &Dictionary) -> Result<(), NodeError> {
    let all = Between { db, dictionary };
    all.forgotten()?;
    all.sweep()?;
    for (position, table) in dictionary.tables().iter().enumerate() {
        all.mismatches(position, table)?;
    }
    all.sweep()?;
    for (position, table) in dictionary.tables().iter().enumerate() {
        for (place, column) in table.columns.iter().enumerate() {
            all.rules(position, table, place, column)?;
        }
    }
    all.sweep()
}

struct Between<'a> {
    db: &'a Transaction<'a>,
    dictionary: &'a Dictionary,
}

impl Between<'_> {
    /// Patients whom the node was told to forget stay forgotten.
    fn forgotten(&self) -> Result<(), NodeError> {
        let position = positions(self.dictionary)
            .get(PATIENT)
            .copied()
            .unwrap_or_default();
        let broken = format!(
            "SELECT _rowid_ AS line FROM main.{PATIENT}
             WHERE {PATIENT_ID} IN (SELECT patient_id FROM main.cartally_forgotten)"
        );
        self.reject(position, 0, Check::Forgotten, &broken)
    }

    /// Takes rejected rows out, then the rows that refer to them or to nothing, parents before children.
    fn sweep(&self) -> Result<(), NodeError> {
        let positions = positions(self.dictionary);
        for (position, table) in self.dictionary.tables().iter().enumerate() {
            for (place, column) in table.columns.iter().enumerate() {
                let Some(parent) = &column.references else {
                    continue;
                };
                let above = positions
                    .get(parent.table.as_str())
                    .copied()
                    .unwrap_or_default();
                let (key, parent_table, parent_key) = (
                    quoted(&column.name),
                    quoted(&parent.table),
                    quoted(&parent.column),
                );
                let dangling = format!(
                    "SELECT t0._rowid_ AS line FROM main.{} AS t0 WHERE t0.{key} IS NOT NULL AND NOT EXISTS
                         (SELECT 1 FROM main.{parent_table} AS t1 WHERE t1.{parent_key} = t0.{key})",
                    quoted(&table.name)
                );
                let known = format!(
                    "EXISTS (SELECT 1 FROM temp.rejected_key AS r WHERE r.position = {above} AND r.key = t0.{key})"
                );
                self.reject(
                    position,
                    place,
                    Check::Parent,
                    &format!("{dangling} AND {known}"),
                )?;
                self.reject(
                    position,
                    place,
                    Check::Reference,
                    &format!("{dangling} AND NOT {known}"),
                )?;
            }
            self.remove(position, table)?;
        }
        Ok(())
    }

    /// Every way from a row up to another table must end at the same row there: an infusion of one patient that names the
    /// course of another would let one patient's rows move another's cell.
    fn mismatches(&self, position: usize, table: &Table) -> Result<(), NodeError> {
        let ways = ways_up(self.dictionary, table);
        for (at, way) in ways.iter().enumerate() {
            let Some(end) = way.last() else { continue };
            let first = ways
                .iter()
                .take(at)
                .find(|other| other.last().is_some_and(|last| last.to == end.to));
            let Some(first) = first else { continue };
            let place = way
                .first()
                .and_then(|step| place_of(table, step))
                .unwrap_or_default();
            let (a, b) = (format!("a{}", first.len()), format!("b{}", way.len()));
            let key = quoted(&end.to_column);
            let broken = format!(
                "SELECT DISTINCT t0._rowid_ AS line FROM main.{} AS t0{}{} WHERE {a}.{key} <> {b}.{key}",
                quoted(&table.name),
                joins(first, "a"),
                joins(way, "b"),
            );
            self.reject(position, place, Check::Mismatch, &broken)?;
        }
        Ok(())
    }

    /// `not_before` and `not_after` against every related row; a missing date on either side breaks nothing.
    fn rules(
        &self,
        position: usize,
        table: &Table,
        place: usize,
        column: &Column,
    ) -> Result<(), NodeError> {
        for rule in &column.rules {
            let (other, broken_if, check) = match rule {
                Rule::NotBefore(other) => (other, "<", Check::NotBefore),
                Rule::NotAfter(other) => (other, ">", Check::NotAfter),
                // Looks at one row only, and was checked when that row was read.
                Rule::RequiredIf { .. } => continue,
            };
            let (related, alias) = match path(self.dictionary, table, &other.table) {
                Some(steps) if steps.is_empty() => (String::new(), "t0".to_owned()),
                Some(steps) => (joins(&steps, "t"), format!("t{}", steps.len())),
                None => (
                    format!(" JOIN main.{} AS every", quoted(&other.table)),
                    "every".to_owned(),
                ),
            };
            let broken = format!(
                "SELECT DISTINCT t0._rowid_ AS line FROM main.{} AS t0{related} WHERE t0.{} {broken_if} {alias}.{}",
                quoted(&table.name),
                quoted(&column.name),
                quoted(&other.column),
            );
            self.reject(position, place, check, &broken)?;
        }
        Ok(())
    }

    /// Notes every row that `broken` (a select of line numbers) finds.
    fn reject(
        &self,
        position: usize,
        place: usize,
        check: Check,
        broken: &str,
    ) -> Result<(), NodeError> {
        let sql = format!(
            "INSERT INTO temp.reject (position, line, place, word) SELECT ?1, line, ?2, ?3 FROM ({broken})"
        );
        self.db
            .execute(&sql, params![position, place, check.word()])?;
        Ok(())
    }

    /// Takes the rejected rows of a table out and remembers their keys.
    fn remove(&self, position: usize, table: &Table) -> Result<(), NodeError> {
        let name = quoted(&table.name);
        let key = table
            .primary()
            .map(|key| quoted(&key.name))
            .unwrap_or_default();
        let gone = format!("_rowid_ IN (SELECT line FROM temp.reject WHERE position = {position})");
        self.db.execute(
            &format!(
                "INSERT OR IGNORE INTO temp.rejected_key (position, key) SELECT {position}, {key} FROM main.{name} WHERE {gone}"
            ),
            [],
        )?;
        self.db
            .execute(&format!("DELETE FROM main.{name} WHERE {gone}"), [])?;
        Ok(())
    }
}

fn place_of(table: &Table, step: &Step) -> Option<usize> {
    table
        .columns
        .iter()
        .position(|column| column.name == step.from_column)
}
