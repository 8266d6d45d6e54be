//! What do the working tables look like? `STRICT` tables and their indexes, made from the dictionary.

use question::dictionary::{Column, ColumnKind, Dictionary, Table};
use rusqlite::Connection;

use super::{OWN_PREFIX, quoted};
use crate::error::NodeError;

/// The table whose rows are the unit of privacy: one patient at one center.
pub const PATIENT: &str = "patient";

/// The table with one row about the center itself; its key names a hospital, not a person, and stays readable.
pub const CENTER_INFO: &str = "center_info";

/// The column of [`PATIENT`] and of every table `withdrawn` that names a patient.
pub const PATIENT_ID: &str = "patient_id";

/// What the node itself needs of any dictionary, beyond its own soundness.
pub fn check(dictionary: &Dictionary) -> Result<(), NodeError> {
    let key_of = |table: &str| {
        dictionary
            .table(table)
            .and_then(Table::primary)
            .map(|key| key.name.as_str())
    };
    if key_of(PATIENT) != Some(PATIENT_ID) || key_of(CENTER_INFO) != Some("center_id") {
        let sentence = "the dictionary needs the tables patient (key patient_id) and center_info (key center_id). add them";
        return Err(NodeError::Dictionary(sentence.to_owned()));
    }
    match dictionary
        .tables()
        .iter()
        .find(|table| table.name.starts_with(OWN_PREFIX))
    {
        Some(table) => Err(NodeError::Dictionary(format!(
            "the dictionary has a table {}, and names that begin with {OWN_PREFIX} are the node's own. rename it",
            table.name
        ))),
        None => Ok(()),
    }
}

/// Whether a column's values become pseudonyms, and as keys of which table: primary keys and references to them, except the
/// center's.
#[must_use]
pub fn pseudonym_domain(column: &Column) -> Option<&str> {
    let domain = match &column.references {
        Some(parent) => parent.table.as_str(),
        None if column.primary => column.table.as_str(),
        None => return None,
    };
    (domain != CENTER_INFO).then_some(domain)
}

/// Drops every working table, also those of an earlier dictionary.
pub fn drop_tables(connection: &Connection) -> Result<(), NodeError> {
    for name in working_tables(connection)? {
        connection.execute_batch(&format!("DROP TABLE {}", quoted(&name)))?;
    }
    Ok(())
}

/// The names of the working tables that there are.
pub fn working_tables(connection: &Connection) -> Result<Vec<String>, NodeError> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' \
               AND substr(name, 1, ?1) <> ?2 ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map((OWN_PREFIX.len(), OWN_PREFIX), |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Makes the dictionary's tables in `schema` (`main`, or an attached database).
pub fn create_tables(
    connection: &Connection,
    schema: &str,
    dictionary: &Dictionary,
) -> Result<(), NodeError> {
    for table in dictionary.tables() {
        connection.execute_batch(&table_sql(schema, table))?;
    }
    Ok(())
}

/// Makes an index for each reference: the variables of a question follow them for every patient.
pub fn create_indexes(
    connection: &Connection,
    schema: &str,
    dictionary: &Dictionary,
) -> Result<(), NodeError> {
    for column in dictionary
        .columns()
        .filter(|column| column.references.is_some())
    {
        let name = quoted(&format!("{}_by_{}", column.table, column.name));
        let (table, key) = (quoted(&column.table), quoted(&column.name));
        connection.execute_batch(&format!("CREATE INDEX {schema}.{name} ON {table} ({key})"))?;
    }
    Ok(())
}

fn table_sql(schema: &str, table: &Table) -> String {
    let columns: Vec<String> = table.columns.iter().map(column_sql).collect();
    format!(
        "CREATE TABLE {schema}.{} (\n  {}\n) STRICT",
        quoted(&table.name),
        columns.join(",\n  ")
    )
}

fn column_sql(column: &Column) -> String {
    let kind = match column.kind {
        ColumnKind::Text => "TEXT",
        // Dates are days since 1970-01-01, so that `a - b` is days here and in PostgreSQL alike.
        ColumnKind::Integer | ColumnKind::Date => "INTEGER",
        ColumnKind::Real => "REAL",
    };
    let required = if column.required { " NOT NULL" } else { "" };
    let primary = if column.primary { " PRIMARY KEY" } else { "" };
    format!("{} {kind}{required}{primary}", quoted(&column.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_dictionary_makes_its_tables_and_an_index_for_each_reference() {
        let dictionary = Dictionary::shipped().unwrap();
        check(&dictionary).unwrap();
        let db = Connection::open_in_memory().unwrap();
        create_tables(&db, "main", &dictionary).unwrap();
        create_indexes(&db, "main", &dictionary).unwrap();
        assert_eq!(working_tables(&db).unwrap().len(), 12);
        let sql: String = db
            .query_row(
                "SELECT sql FROM sqlite_schema WHERE name = 'lab'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        insta::assert_snapshot!(sql, @r#"
        CREATE TABLE "lab" (
          "lab_id" TEXT NOT NULL PRIMARY KEY,
          "infusion_id" TEXT NOT NULL,
          "lab_date" INTEGER NOT NULL,
          "test" TEXT NOT NULL,
          "value" REAL NOT NULL,
          "below_lloq" TEXT
        ) STRICT
        "#);
    }

    #[test]
    fn keys_of_persons_and_things_become_pseudonyms_and_the_centers_does_not() {
        let dictionary = Dictionary::shipped().unwrap();
        let domain = |table: &str, column: &str| {
            pseudonym_domain(dictionary.table(table).unwrap().column(column).unwrap())
        };
        assert_eq!(domain("patient", "patient_id"), Some("patient"));
        assert_eq!(domain("infusion", "patient_id"), Some("patient"));
        assert_eq!(domain("infusion", "batch_id"), Some("batch"));
        assert_eq!(domain("center_info", "center_id"), None);
        assert_eq!(domain("patient", "sex"), None);
    }
}
