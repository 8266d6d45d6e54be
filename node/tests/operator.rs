//! What an operator types, and what comes back: exit code, sentence, nothing half done.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that finds nothing must fail"
)]

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use node::cli::End;
use node::data_dir::DataDir;
use node::init::Enrolment;
use rstest::rstest;
use transport::clock::{Clock, ManualClock};

/// What a command said.
struct Said {
    end: End,
    out: String,
    err: String,
}

/// A folder for a node, and a clock that stands at noon of 2026-03-01.
struct Operator {
    folder: tempfile::TempDir,
    clock: Arc<dyn Clock>,
}

impl Operator {
    fn new() -> Self {
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::new(now)),
        }
    }

    fn data(&self) -> DataDir {
        DataDir::new(self.folder.path().join("node"))
    }

    fn types(&self, words: &[&str]) -> Said {
        let data = self.data().root().as_os_str().to_owned();
        let begin = [
            OsString::from("cartally-node"),
            OsString::from("--data"),
            data,
        ];
        let args = begin.into_iter().chain(words.iter().map(OsString::from));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let end = node::run_with(args, &mut out, &mut err, &self.clock);
        Said {
            end,
            out: String::from_utf8(out).unwrap(),
            err: String::from_utf8(err).unwrap(),
        }
    }

    fn init(&self) -> Said {
        let charter = "ab".repeat(32);
        self.types(&[
            "init",
            "--center",
            "K01",
            "--name",
            "First Hospital",
            "--network",
            "kr",
            "--coordinator",
            "https://localhost:8443",
            "--charter",
            &charter,
        ])
    }

    fn export(&self, files: &[(&str, &str)]) -> PathBuf {
        let folder = self.folder.path().join("export");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        let center = "center_id,cdm_version,extract_date,data_cutoff_date\nK01,0.1.0,2026-01-01,2025-12-31\n";
        std::fs::write(folder.join("center_info.csv"), center).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        folder
    }

    fn import(&self, folder: &Path) -> Said {
        self.types(&["import", folder.to_str().unwrap()])
    }
}

const PATIENTS: &str = "patient_id,sex,birth_year,consent_research,vital_status,last_contact_date\n\
                        P1,F,1980,Y,alive,2025-06-01\nP2,F,1980,Y,alive,2025-06-01\n";

#[test]
fn a_node_begins_with_keys_that_only_its_owner_reads_and_an_enrolment_without_secrets() {
    let operator = Operator::new();
    let said = operator.init();
    assert_eq!(said.end, End::Done, "{}", said.err);
    let data = operator.data();
    for key in [
        data.signing_key(),
        data.sum_key(),
        data.pseudonym_key(),
        data.tls_key(),
    ] {
        assert_eq!(
            key.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{}",
            key.display()
        );
    }
    assert_eq!(
        data.keys().metadata().unwrap().permissions().mode() & 0o777,
        0o700
    );
    let enrolment: Enrolment =
        serde_json::from_slice(&std::fs::read(data.enrolment()).unwrap()).unwrap();
    assert_eq!(
        (enrolment.center.as_str(), enrolment.name.as_str()),
        ("K01", "First Hospital")
    );
    assert!(said.out.contains(&enrolment.signing_key.to_string()));
    assert_eq!(
        node::keys::signing_key(&data).unwrap().public(),
        enrolment.signing_key
    );
    let request = std::fs::read_to_string(data.tls_request()).unwrap();
    assert!(request.contains("BEGIN CERTIFICATE REQUEST"));
    for public in [
        std::fs::read(data.enrolment()).unwrap(),
        request.into_bytes(),
        said.out.into_bytes(),
    ] {
        let secret = std::fs::read(data.sum_key()).unwrap();
        let hexadecimal = hex::encode(secret).into_bytes();
        assert!(!public.windows(64).any(|window| window == hexadecimal));
    }
}

#[test]
fn init_never_overwrites() {
    let operator = Operator::new();
    operator.init();
    let key = std::fs::read(operator.data().signing_key()).unwrap();
    let said = operator.init();
    assert_eq!(said.end, End::Nothing);
    assert!(said.err.starts_with("error[init.exists]: "), "{}", said.err);
    assert_eq!(std::fs::read(operator.data().signing_key()).unwrap(), key);
}

#[rstest]
#[case(&["init", "--center", "../K01"])]
#[case(&["import"])]
#[case(&["lock", "--dat", "2026-01-01"])]
#[case(&["dictionary", "--format", "pdf"])]
#[case(&["init", "--center", "K01", "--network", "kr", "--coordinator", "http://x", "--charter",
    "abababababababababababababababababababababababababababababababab"])]
fn wrong_words_are_usage_and_leave_nothing(#[case] words: &[&str]) {
    let operator = Operator::new();
    let said = operator.types(words);
    assert_eq!((said.end, said.end.code()), (End::Usage, 2));
    assert!(said.err.starts_with("error"), "{}", said.err);
    assert!(!operator.data().root().exists());
}

#[rstest]
#[case("import")]
#[case("lock")]
#[case("status")]
fn nothing_is_done_before_init(#[case] command: &str) {
    let operator = Operator::new();
    let said = operator.types(if command == "import" {
        &["import", "."]
    } else {
        std::slice::from_ref(&command)
    });
    assert_eq!((said.end, said.end.code()), (End::Nothing, 1));
    assert!(
        said.err.starts_with("error[node.not_initialised]: "),
        "{}",
        said.err
    );
}

#[test]
fn a_clean_import_ends_with_0_and_one_with_rejects_with_4() {
    let operator = Operator::new();
    operator.init();
    let said = operator.import(&operator.export(&[("patient.csv", PATIENTS)]));
    assert_eq!((said.end, said.end.code()), (End::Done, 0), "{}", said.err);
    assert!(said.out.contains("no file: taken as empty"), "{}", said.out);
    let bad = PATIENTS.replace("P2,F", "P2,F\u{e9}")
        + "P3,M,1970,Y,alive,2025-06-01\nP4,M,1970,Y,alive,2025-06-01\n";
    let said =
        operator.import(&operator.export(&[("patient.csv", &bad.replace("P2,F\u{e9}", "P1,F"))]));
    assert_eq!(
        (said.end, said.end.code()),
        (End::Nothing, 1),
        "P2 is half of the patients: {}",
        said.out
    );
    let said = operator.import(&operator.export(&[(
        "patient.csv",
        &(PATIENTS.to_owned() + "P3,X,1970,Y,alive,2025-06-01\n"),
    )]));
    assert_eq!(
        (said.end, said.end.code()),
        (End::LandedWithRejects, 4),
        "{}",
        said.err
    );
    assert!(
        said.out.contains("rejected: patient.sex: 1 x code"),
        "{}",
        said.out
    );
    let status = operator.types(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(status["last_import"]["import_id"], 2);
    assert_eq!(status["last_import"]["rejected_rows"], 1);
    assert_eq!(status["budget"]["year_spent_nano_rho"], 0);
    assert_eq!(status["budget"]["lifetime_cap_nano_rho"], 2_500_000_000_u64);
}

#[test]
fn an_import_that_lands_nothing_ends_with_1_and_says_what_to_do() {
    let operator = Operator::new();
    operator.init();
    let said = operator.import(&operator.export(&[("patient.csv", "patient_id,sex,colour\n")]));
    assert_eq!(said.end.code(), 1);
    assert!(
        said.err
            .starts_with("error[import.unknown_column]: patient.csv has a column"),
        "{}",
        said.err
    );
    assert!(said.err.contains("rename or remove it"), "{}", said.err);
}

#[test]
fn status_lists_import_and_locks_and_forget_retires_them() {
    let operator = Operator::new();
    let made = operator.init().out;
    let status = operator.types(&["status"]).out;
    assert!(status.contains("nothing imported yet"), "{status}");
    // What is read over the telephone stands in both alike.
    let spoken = |said: &str| {
        let words = said
            .lines()
            .skip_while(|line| !line.starts_with("signing key"));
        words.take(8).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(spoken(&made), spoken(&status));
    assert!(spoken(&made)[7].contains("24 "), "{made}");
    let said = operator.types(&["lock"]);
    assert!(
        said.err.starts_with("error[lock.nothing_imported]: "),
        "{}",
        said.err
    );
    operator.import(&operator.export(&[("patient.csv", PATIENTS)]));
    let said = operator.types(&["lock", "--date", "2026-02-01"]);
    assert!(
        said.out.starts_with("locked 2026-02-01-"),
        "{}{}",
        said.out,
        said.err
    );
    operator.types(&["lock", "--date", "2026-02-02"]);
    let status = operator.types(&["status"]).out;
    let lock_of = |date: &str| status.lines().find(|line| line.contains(date)).unwrap();
    assert!(!lock_of("of 2026-02-01").contains("answers"), "{status}");
    assert!(
        lock_of("of 2026-02-02").ends_with("Z, answers today"),
        "{status}"
    );
    assert!(
        !lock_of("of 2026-02-02").contains('.') && !lock_of("import 1 of").contains('.'),
        "{status}"
    );
    let said = operator.types(&["lock", "--date", "2026-01-01"]);
    assert!(
        said.err.starts_with("error[lock.date_before_last]: "),
        "{}",
        said.err
    );
    let said = operator.types(&["forget", "P7"]);
    assert_eq!((said.end.code(), said.err.contains("P7")), (1, false));
    let said = operator.types(&["forget", "P1"]);
    assert_eq!(
        (said.end, said.out.contains("P1")),
        (End::Done, false),
        "{}",
        said.err
    );
    let status = operator.types(&["status"]).out;
    assert!(
        status.contains("lock 2026-02-01-") && status.contains(", retired"),
        "{status}"
    );
    assert!(
        !status.contains(", answers today") && status.contains("no lock answers today"),
        "{status}"
    );
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let operator = Operator::new();
    operator.init();
    let key = operator.data().pseudonym_key();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = operator.import(&operator.export(&[("patient.csv", PATIENTS)]));
    assert_eq!(said.end, End::Nothing);
    assert!(said.err.contains("chmod 600"), "{}", said.err);
}

#[test]
fn the_dictionary_prints_itself_three_ways_and_a_registrys_own_is_taken() {
    let operator = Operator::new();
    operator.init();
    let text = operator.types(&["dictionary"]).out;
    let csv = operator.types(&["dictionary", "--format", "csv"]).out;
    let redcap = operator.types(&["dictionary", "--format", "redcap"]).out;
    assert!(text.contains("consent_research") && csv.starts_with("table,column,type"));
    assert!(
        redcap.starts_with("Variable / Field Name,Form Name,") || redcap.starts_with("\"Variable"),
        "{redcap:.80}"
    );
    let own = csv + "patient,blood_group,TEXT,,N,,,A|B|AB|O,,,,,,,,,\n";
    std::fs::write(operator.data().dictionary(), own).unwrap();
    assert!(operator.types(&["dictionary"]).out.contains("blood_group"));
    std::fs::write(operator.data().dictionary(), "table,column\nx,y\n").unwrap();
    let said = operator.types(&["dictionary"]);
    assert!(
        said.err.starts_with("error[dictionary.invalid]: "),
        "{}",
        said.err
    );
}

#[test]
fn help_shows_every_command() {
    let operator = Operator::new();
    let help = operator.types(&["--help"]);
    assert_eq!(help.end, End::Done);
    for command in [
        "init",
        "import",
        "lock",
        "forget",
        "status",
        "dictionary",
        "pending",
        "approve",
        "refuse",
        "currency",
        "audit",
        "serve",
    ] {
        assert!(help.out.contains(command), "{command}");
    }
}
