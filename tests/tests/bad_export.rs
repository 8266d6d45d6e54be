//! Bad input at a hospital: every export that is wrong is refused or landed with its rejects by the real program, with a code and
//! a sentence, and the tables stay whole.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use demo::actor::Actor;
use rstest::rstest;
use serde_json::Value;
use tests::{Cohort, Ended, SmallDisk, run, write_center};
use transport::ca::{Authority, CERTIFICATE_VALID, Validity, create_authority};
use transport::clock::{Clock, SystemClock};
use transport::identity::Identity;

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");
const PATIENTS: u32 = 5;

/// A node with one good import and one lock, and the export that they came from.
struct Hospital {
    folder: tempfile::TempDir,
    data: PathBuf,
}

impl Hospital {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("node");
        Self { folder, data }.begun()
    }

    fn begun(self) -> Self {
        let charter = "ab".repeat(32);
        let init = [
            "init",
            "--center",
            "K01",
            "--network",
            "demo",
            "--charter",
            &charter,
        ];
        let coordinator = ["--coordinator", "https://127.0.0.1:1"];
        assert_eq!(self.node(&[&init[..], &coordinator[..]].concat()).code, 0);
        write_center(
            &self.export(),
            "K01",
            Cohort {
                patients: PATIENTS,
                deaths: 1,
            },
        );
        assert_eq!(self.import(&self.export(), &[]).code, 0);
        assert_eq!(self.node(&["lock", "--date", "2026-01-05"]).code, 0);
        self
    }

    fn export(&self) -> PathBuf {
        self.folder.path().join("export")
    }

    fn node(&self, words: &[&str]) -> Ended {
        let data = self.data.to_str().unwrap();
        run(
            EXECUTABLE,
            Actor::Node,
            &[words, &["--data", data]].concat(),
        )
    }

    fn import(&self, export: &Path, options: &[&str]) -> Ended {
        let words = [&["import", export.to_str().unwrap()], options].concat();
        self.node(&words)
    }

    /// What the operator sees: last import, locks, budget.
    fn status(&self) -> Value {
        let ended = self.node(&["status", "--json"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        serde_json::from_str(&ended.output).unwrap()
    }

    fn landed(&self, table: &str) -> u64 {
        let status = self.status();
        let tables = status["last_import"]["tables"].as_array().unwrap().clone();
        let row = tables.iter().find(|row| row["table"] == table).unwrap();
        row["landed"].as_u64().unwrap()
    }

    /// Changes the text of one table's file.
    fn edit(&self, table: &str, change: impl FnOnce(&str) -> String) {
        let path = self.export().join(format!("{table}.csv"));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, change(&text)).unwrap();
    }
}

type Spoil = fn(&Hospital);

#[rstest]
#[case::column("import.unknown_column", |h: &Hospital| h.edit("patient", |text| text.replacen("sex", "gender", 1)))]
#[case::missing_column("import.missing_column", |h: &Hospital| h.edit("patient", |text| text.replacen("patient_id,", "", 1)))]
#[case::column_twice("import.duplicate_column", |h: &Hospital| h.edit("patient", |text| text.replacen("birth_year", "sex", 1)))]
#[case::no_header("import.no_header", |h: &Hospital| h.edit("patient", |text| text.lines().skip(1).collect::<Vec<_>>().join("\n")))]
#[case::empty_file("import.empty_file", |h: &Hospital| h.edit("patient", |_| String::new()))]
#[case::encoding("import.encoding", |h: &Hospital| {
    let latin = [fs::read(h.export().join("patient.csv")).unwrap(), b"P9,F,1980,Y,alive,2022-03-12,\xe9\n".to_vec()];
    fs::write(h.export().join("patient.csv"), latin.concat()).unwrap();
})]
#[case::folder_for_a_file("import.not_a_file", |h: &Hospital| {
    fs::remove_file(h.export().join("course.csv")).unwrap();
    fs::create_dir(h.export().join("course.csv")).unwrap();
})]
#[case::file_for_the_folder("import.not_a_folder", |h: &Hospital| {
    fs::remove_dir_all(h.export()).unwrap();
    fs::write(h.export(), "a file").unwrap();
})]
#[case::unknown_table("import.unknown_table", |h: &Hospital| fs::write(h.export().join("patients.csv"), "patient_id\n").unwrap())]
#[case::another_center("import.other_center", |h: &Hospital| h.edit("center_info", |text| text.replace("K01", "K02")))]
#[case::no_center("import.center_rows", |h: &Hospital| fs::remove_file(h.export().join("center_info.csv")).unwrap())]
#[case::patients_gone("import.patients_lost", |h: &Hospital| h.edit("patient", |text| text.lines().take(4).collect::<Vec<_>>().join("\n")))]
#[case::all_keys_wrong("import.patients_lost", |h: &Hospital| h.edit("patient", |text| text.replace("\nP", "\n,P")))]
fn a_wrong_export_lands_nothing_and_says_what_to_do(#[case] code: &str, #[case] spoil: Spoil) {
    let hospital = Hospital::new();
    let before = hospital.status();
    spoil(&hospital);
    let ended = hospital.import(&hospital.export(), &[]);
    ended.refused(code);
    assert!(
        !ended.complaint.contains("1980"),
        "a value is told: {}",
        ended.complaint
    );
    assert_eq!(hospital.status(), before);
    // Whatever was wrong, the next export lands as if nothing had been.
    let fresh = hospital.folder.path().join("fresh");
    write_center(
        &fresh,
        "K01",
        Cohort {
            patients: PATIENTS + 1,
            deaths: 1,
        },
    );
    assert_eq!(hospital.import(&fresh, &[]).code, 0);
    assert_eq!(hospital.landed("patient"), u64::from(PATIENTS) + 1);
}

#[rstest]
#[case::code("patient", "P4,F,", "P4,female,", "sex")]
#[case::date(
    "patient",
    "alive,2022-03-12,\nP2",
    "alive,12.03.2022,\nP2",
    "last_contact_date"
)]
#[case::impossible_date(
    "infusion",
    "I2,C2,P2,1,2020-01-02",
    "I2,C2,P2,1,2020-02-30",
    "infusion_date"
)]
#[case::key_of_nobody("course", "C2,P2,", "C2,P77,", "patient_id")]
#[case::key_twice("course", "C2,P2,", "C1,P2,", "course_id")]
#[case::key_missing("course", "C2,P2,", ",P2,", "course_id")]
fn a_wrong_row_is_left_out_by_table_line_column_and_rule_and_never_by_value(
    #[case] table: &str,
    #[case] right: &str,
    #[case] wrong: &str,
    #[case] column: &str,
) {
    let hospital = Hospital::new();
    hospital.edit(table, |text| {
        assert!(text.contains(right), "{text}");
        text.replacen(right, wrong, 1)
    });
    let ended = hospital.import(&hospital.export(), &[]);
    assert_eq!(ended.code, 4, "{ended:?}");
    let rejected = format!("rejected: {table}.{column}: ");
    assert!(ended.output.contains(&rejected), "{}", ended.output);
    assert!(hospital.landed(table) < u64::from(PATIENTS));
    let report = hospital.data.join("rejects");
    let report = fs::read_dir(report)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    assert!(
        ended.output.contains(report.to_str().unwrap()),
        "{}",
        ended.output
    );
    let report = fs::read_to_string(report).unwrap();
    let mut named = report
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>());
    assert!(
        named.any(|line| line[0] == table && line.contains(&column)),
        "{report}"
    );
    // The folder's name is random, and may hold anything.
    let told = ended.output.replace(hospital.data.to_str().unwrap(), "");
    for value in ["female", "12.03.2022", "2020-02-30", "P77", "C1"] {
        assert!(
            !report.contains(value) && !told.contains(value),
            "{value}: {report}"
        );
    }
}

#[rstest]
#[case("signing.pk8", &["serve"])]
#[case("tls.key", &["serve"])]
#[case("pseudonym.key", &["import", "."])]
fn a_key_that_others_can_read_is_not_used(#[case] key: &str, #[case] words: &[&str]) {
    let hospital = Hospital::new();
    if words[0] == "serve" {
        certify(&hospital.data);
    }
    let path = hospital.data.join("keys").join(key);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let ended = hospital.node(words);
    ended.refused("key_file_mode");
    assert!(ended.complaint.contains("chmod 600"), "{}", ended.complaint);
}

/// Gives the node a certificate of some authority.
fn certify(data: &Path) {
    let (now, network) = (SystemClock.now(), "demo".parse().unwrap());
    let validity = Validity::from(now, CERTIFICATE_VALID);
    let made = create_authority(&network, validity).unwrap();
    let authority = Authority::load(&made.public_pem, made.key_pem.as_bytes()).unwrap();
    let request = fs::read_to_string(data.join("tls.csr")).unwrap();
    let node = Identity::of_center(network, "K01".parse().unwrap());
    let certificate = authority.certify(&request, &node, validity).unwrap();
    fs::write(data.join("tls.pem"), certificate).unwrap();
    fs::write(data.join("ca.pem"), made.public_pem).unwrap();
}

#[test]
fn a_full_disk_stops_import_and_lock_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount(4 * 1024) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = disk.path().join("node");
    let hospital = Hospital { folder, data }.begun();
    let before = hospital.status();
    let larger = hospital.folder.path().join("larger");
    write_center(
        &larger,
        "K01",
        Cohort {
            patients: 20_000,
            deaths: 1,
        },
    );
    hospital.import(&larger, &[]).refused("node.disk_full");
    assert_eq!(hospital.status(), before);

    let filler = disk.fill();
    hospital
        .node(&["lock", "--date", "2026-01-06"])
        .refused("node.disk_full");
    fs::remove_file(filler).unwrap();
    assert_eq!(hospital.status(), before);
    let locks = fs::read_dir(hospital.data.join("locks")).unwrap().count();
    assert_eq!(locks, 1, "no half lock stays behind");
    assert_eq!(hospital.node(&["lock", "--date", "2026-01-06"]).code, 0);
    assert_eq!(hospital.import(&hospital.export(), &[]).code, 0);
    assert_eq!(hospital.status()["locks"].as_array().unwrap().len(), 2);
}
