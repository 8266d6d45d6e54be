//! A process that is killed at its worst moment leaves the old state or the new one, never something between. Runs in builds with
//! named fault points, as the whole workspace's tests are.
#![cfg(feature = "fault-points")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that finds nothing must fail"
)]

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rstest::rstest;
use transport::clock::SystemClock;

/// The environment variable that holds the words of the command which [`process`] runs, as a JSON list.
const WORDS: &str = "CARTALLY_CRASH_TEST_WORDS";

/// A node that has one import of two patients and one lock.
fn begun() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (data, export) = (folder.path().join("node"), folder.path().join("export"));
    let charter = "ab".repeat(32);
    let init = [
        "init",
        "--center",
        "K01",
        "--network",
        "kr",
        "--coordinator",
        "https://localhost:1",
        "--charter",
        &charter,
    ];
    types(&data, &init);
    write_export(&export, 2);
    types(&data, &["import", export.to_str().unwrap()]);
    types(&data, &["lock", "--date", "2026-01-01"]);
    (folder, data, export)
}

fn write_export(export: &Path, patients: usize) {
    std::fs::create_dir_all(export).unwrap();
    let center =
        "center_id,cdm_version,extract_date,data_cutoff_date\nK01,0.1.0,2026-01-01,2025-12-31\n";
    std::fs::write(export.join("center_info.csv"), center).unwrap();
    let header = "patient_id,sex,birth_year,consent_research,vital_status,last_contact_date\n";
    let row = |text: String, number| text + &format!("P{number},F,1980,Y,alive,2025-06-01\n");
    std::fs::write(
        export.join("patient.csv"),
        (0..patients).fold(header.to_owned(), row),
    )
    .unwrap();
}

/// Runs a command in this process; its output.
fn types(data: &Path, words: &[&str]) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let end = node::run_with(
        args(data, words),
        &mut out,
        &mut err,
        &SystemClock::shared(),
    );
    let said = String::from_utf8(err).unwrap();
    assert_eq!(end, node::cli::End::Done, "{words:?}: {said}");
    String::from_utf8(out).unwrap()
}

fn args(data: &Path, words: &[&str]) -> Vec<OsString> {
    let data = data.as_os_str().to_owned();
    let begin = ["cartally-node".into(), "--data".into(), data];
    let rest = words.iter().map(OsString::from);
    begin.into_iter().chain(rest).collect()
}

/// Not a test of its own: the process that [`killed_at`] starts, which is this very program under the name of this test.
#[test]
fn process() {
    let Some(words) = std::env::var_os(WORDS) else {
        return;
    };
    let words: Vec<String> = serde_json::from_str(words.to_str().unwrap()).unwrap();
    let _ = node::run(words.into_iter().map(OsString::from));
}

/// Starts a command as a process of its own, waits until it stands at `point`, and kills it (SIGKILL).
fn killed_at(point: &str, data: &Path, words: &[&str]) {
    let words: Vec<String> = args(data, words)
        .into_iter()
        .map(|word| word.into_string().unwrap())
        .collect();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "process", "--nocapture"])
        .env(WORDS, serde_json::to_string(&words).unwrap())
        .env("CARTALLY_FAULT_POINT", point)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = format!("fault-point {point}");
    // The test runner may have begun the line with the test's name.
    let reached = lines
        .map_while(Result::ok)
        .any(|line| line.ends_with(&said));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(reached, "{point} was never reached");
}

/// Imports so far, patients in the tables, and locks.
fn state(data: &Path) -> (i64, i64, usize) {
    let status: serde_json::Value =
        serde_json::from_str(&types(data, &["status", "--json"])).unwrap();
    let import = &status["last_import"];
    let tables = import["tables"].as_array().unwrap();
    let patients = tables
        .iter()
        .find(|table| table["table"] == "patient")
        .unwrap();
    let db = rusqlite::Connection::open(data.join("data.db")).unwrap();
    let rows: i64 = db
        .query_row("SELECT COUNT(*) FROM patient", [], |row| row.get(0))
        .unwrap();
    assert_eq!(
        patients["landed"], rows,
        "the report and the rows tell the same"
    );
    (
        import["import_id"].as_i64().unwrap(),
        rows,
        status["locks"].as_array().unwrap().len(),
    )
}

#[rstest]
#[case("import.before_commit", (1, 2, 1))]
#[case("import.committed", (2, 5, 1))]
fn an_import_that_is_killed_leaves_one_whole_snapshot(
    #[case] point: &str,
    #[case] expected: (i64, i64, usize),
) {
    let (_folder, data, export) = begun();
    write_export(&export, 5);
    killed_at(point, &data, &["import", export.to_str().unwrap()]);
    assert_eq!(state(&data), expected);
    types(&data, &["import", export.to_str().unwrap()]);
    assert_eq!(state(&data).1, 5);
}

#[rstest]
#[case("lock.copied", 1)]
#[case("lock.registered", 2)]
fn a_lock_that_is_killed_is_registered_whole_or_not_at_all(
    #[case] point: &str,
    #[case] locks: usize,
) {
    let (_folder, data, _export) = begun();
    killed_at(point, &data, &["lock", "--date", "2026-01-02"]);
    assert_eq!(state(&data), (1, 2, locks));
    types(&data, &["lock", "--date", "2026-01-02"]);
    assert_eq!(state(&data), (1, 2, locks + 1));
    let files = data.join("locks").read_dir().unwrap().count();
    assert_eq!(
        files,
        locks + 1,
        "a copy that was never registered is cleared away"
    );
}
