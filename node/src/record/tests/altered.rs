//! Is every way to alter the file found, or impossible?

use rstest::rstest;

use super::*;

/// Alters the file as somebody would who knows it well, and opens it again.
fn opened_after(fixture: Fixture, sql: &str) -> RecordError {
    let Fixture { _dir, path, record } = fixture;
    drop(record);
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;
             DROP TRIGGER entry_is_final; DROP TRIGGER entry_is_kept; DROP TRIGGER document_is_final;
             DROP TRIGGER document_is_kept; DROP INDEX entry_decided; DROP INDEX entry_awaiting; DROP INDEX entry_document",
        )
        .unwrap();
    connection.execute_batch(sql).unwrap();
    drop(connection);
    Record::open(&path).unwrap_err()
}

#[test]
fn rows_and_documents_can_neither_be_changed_nor_removed() {
    let fixture = full();
    for sql in [
        "UPDATE entry SET at_s = 0",
        "DELETE FROM entry",
        "UPDATE document SET bytes = x'00'",
        "DELETE FROM document",
        "INSERT INTO entry (seq, at_s, kind, head) VALUES (99, 0, 'begun', zeroblob(32))",
        "INSERT INTO entry (seq, at_s, kind, document, head) VALUES (99, 0, 'request', printf('%064d', 0), zeroblob(32))",
    ] {
        assert!(fixture.record.lock().execute_batch(sql).is_err(), "{sql}");
    }
}

#[test]
fn every_removed_doubled_or_reordered_row_is_found() {
    let rows = i64::try_from(full().record.entries().unwrap().len()).unwrap();
    // All but the last one: what is cut off at the end shows in the head alone, and in the common log.
    for seq in 1..rows {
        let removed = opened_after(full(), &format!("DELETE FROM entry WHERE seq = {seq}"));
        assert!(
            matches!(removed, RecordError::ChainBroken { seq: found } if found == seq),
            "{removed}"
        );
        let swapped = opened_after(
            full(),
            &format!(
                "UPDATE entry SET seq = 99 WHERE seq = {seq}; UPDATE entry SET seq = {seq} WHERE seq = {seq} + 1;
                 UPDATE entry SET seq = {seq} + 1 WHERE seq = 99"
            ),
        );
        assert!(
            matches!(swapped, RecordError::ChainBroken { seq: found } if found == seq),
            "{swapped}"
        );
    }
    let columns =
        "at_s, kind, query, question, reason, document, by, note, text, version, charter, head";
    let doubled = format!(
        "INSERT INTO entry (seq, {columns}) SELECT {rows} + 1, {columns} FROM entry WHERE seq = {rows}"
    );
    assert_eq!(opened_after(full(), &doubled).code(), "record_altered");
    assert_eq!(
        opened_after(full(), "DELETE FROM entry").code(),
        "record_altered"
    );
}

#[rstest]
#[case::time("UPDATE entry SET at_s = at_s + 1 WHERE seq = 2", 2)]
#[case::time_of_no_clock("UPDATE entry SET at_s = 9223372036854775807 WHERE seq = 2", 2)]
#[case::policy("UPDATE entry SET text = 'default = 2' WHERE kind = 'policy'", 2)]
#[case::version("UPDATE entry SET version = 2 WHERE kind = 'charter'", 3)]
#[case::charter(
    "UPDATE entry SET charter = replace(charter, '7', '8') WHERE kind = 'charter'",
    3
)]
#[case::waiting("UPDATE entry SET query = replace(query, '3', '4') WHERE seq = 6", 6)]
#[case::decision(
    "UPDATE entry SET kind = 'refused_by_person' WHERE kind = 'approved'",
    7
)]
#[case::who("UPDATE entry SET by = 'lee' WHERE kind = 'approved'", 7)]
#[case::why("UPDATE entry SET note = '' WHERE kind = 'refused_by_person'", 8)]
#[case::question(
    "UPDATE entry SET question = replace(question, '1', '2') WHERE kind = 'answer'",
    9
)]
#[case::reason("UPDATE entry SET reason = 'no-roster' WHERE kind = 'refusal'", 10)]
#[case::reason_of_no_list("UPDATE entry SET reason = 'because' WHERE kind = 'refusal'", 10)]
#[case::kind("UPDATE entry SET kind = 'currency' WHERE kind = 'request'", 11)]
#[case::kind_of_no_list("UPDATE entry SET kind = 'secret' WHERE kind = 'request'", 11)]
#[case::head("UPDATE entry SET head = zeroblob(32) WHERE seq = 12", 12)]
#[case::bytes(
    "UPDATE document SET bytes = CAST(bytes || ' ' AS BLOB) WHERE id = (SELECT document FROM entry WHERE seq = 9)",
    9
)]
#[case::another_document(
    "UPDATE entry SET document = (SELECT document FROM entry WHERE seq = 9) WHERE seq = 10",
    10
)]
#[case::no_document(
    "DELETE FROM document WHERE id = (SELECT document FROM entry WHERE seq = 12)",
    12
)]
fn every_altered_field_is_found_when_the_record_is_opened(#[case] sql: &str, #[case] row: i64) {
    let found = opened_after(full(), sql);
    assert!(
        matches!(found, RecordError::ChainBroken { seq } if seq == row),
        "{found}"
    );
}

#[test]
fn a_signature_removed_from_a_document_is_found_although_its_id_is_the_same() {
    let fixture = full();
    let mut bare = document(1);
    bare.signatures.clear();
    let json = String::from_utf8(bare.to_json()).unwrap();
    let sql = format!(
        "UPDATE document SET bytes = CAST('{json}' AS BLOB) WHERE id = '{}'",
        bare.id()
    );
    assert_eq!(opened_after(fixture, &sql).code(), "record_altered");
}

#[test]
fn a_missing_a_foreign_and_a_newer_file_are_refused() {
    let fixture = fixture();
    let beside = |name: &str| fixture.path.with_file_name(name);
    let code = |path: &Path| Record::open(path).unwrap_err().code();
    assert_eq!(code(&beside("none.db")), "record_missing");
    assert!(!beside("none.db").exists());
    std::fs::write(beside("text.db"), "center_id\nK01\n".repeat(200)).unwrap();
    assert_eq!(code(&beside("text.db")), "not_a_record");
    let begun = Record::open_or_begin(&beside("text.db"), at(0)).unwrap_err();
    assert_eq!(begun.code(), "not_a_record");
    crate::ledger::Ledger::create(&beside("ledger.db")).unwrap();
    assert_eq!(code(&beside("ledger.db")), "not_a_record");
    let connection = fixture.record.lock();
    connection.pragma_update(None, "user_version", 2).unwrap();
    drop(connection);
    assert_eq!(code(&fixture.path), "record_newer");
}
