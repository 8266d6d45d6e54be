//! The demo's contract: the whole demo as a process of its own on the bundled data, judged by what it prints, writes and leaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use rstest::rstest;
use serde_json::Value;
use tests::{PATIENCE, is_well_formed};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A demo in a folder of its own, below which everything that it makes lies.
struct Demo {
    folder: tempfile::TempDir,
}

/// What a demo that ended said.
struct Said {
    code: Option<i32>,
    words: String,
    complaints: String,
}

impl Demo {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(EXECUTABLE);
        command.args(["--out", self.path("out").to_str().unwrap()]);
        command.args(arguments).env("TMPDIR", self.path("tmp"));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs the demo until it and every process that it started have ended: they all hold its standard error.
    fn run(&self, arguments: &[&str]) -> Said {
        let mut child = self.start(arguments);
        let (output, errors) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let words = std::thread::spawn(move || std::io::read_to_string(output).unwrap());
        let complaints = end_of(errors);
        Said {
            code: child.wait().unwrap().code(),
            words: words.join().unwrap(),
            complaints,
        }
    }

    /// Processes whose command line names this demo's folder.
    fn processes(&self) -> Vec<String> {
        let folder = self.folder.path().to_str().unwrap();
        let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        lines
            .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
            .filter(|line| line.contains(folder))
            .collect()
    }

    /// Neither a process nor a folder.
    fn has_left_nothing(&self) {
        assert_eq!(self.processes(), [""; 0]);
        let left: Vec<_> = std::fs::read_dir(self.path("tmp")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Everything that is written until the last process that can write has ended.
fn end_of(mut errors: impl Read + Send + 'static) -> String {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = errors.read_to_string(&mut text);
        tell.send(text)
    });
    told.recv_timeout(2 * PATIENCE)
        .expect("every process of the demo ends")
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The rows of one report, with their numbers.
fn estimates(report: &Value) -> &Vec<Value> {
    report["estimates"].as_array().unwrap()
}

fn pooled<'a>(report: &'a Value, quantity: &str, months: f64) -> &'a Value {
    let is = |row: &&Value| {
        row["quantity"] == quantity
            && row["months"].as_f64() == Some(months)
            && row["stratum"].as_object().unwrap().is_empty()
    };
    estimates(report).iter().find(is).unwrap()
}

#[test]
fn without_options_the_demo_answers_three_questions_ends_and_leaves_nothing_running() {
    let demo = Demo::new();
    let reports = demo.path("reports.json");
    let said = demo.run(&["--json", reports.to_str().unwrap(), "--rho", "5"]);
    assert_eq!(said.code, Some(0), "{}{}", said.words, said.complaints);
    // A busy machine may make an answer wait for its second tick, which the node warns of; worse than that is nothing.
    assert!(
        !said.complaints.to_lowercase().contains("error"),
        "{}",
        said.complaints
    );
    assert!(
        said.words.contains("as shipped: 0.5 and 2.5"),
        "{}",
        said.words
    );
    demo.has_left_nothing();

    let reports = json(&reports);
    follows_the_published_schema(&reports);
    assert_eq!(reports.as_array().unwrap().len(), 3);
    for report in reports.as_array().unwrap() {
        let centers = report["centers"].as_object().unwrap();
        assert_eq!(centers["answered"], 7);
        assert_eq!(centers.values().filter_map(Value::as_u64).sum::<u64>(), 7);
        assert_eq!(report["mode"], "local");
        assert_eq!(report["rho"], 5.0);
        estimates(report)
            .iter()
            .for_each(has_its_value_within_its_limits);
    }
    // At rho 5 the sum of 7 centers has a standard deviation of 0.84 patients a cell: 0.006 of 2279 is more than 16 of them.
    let reference = json(Path::new(&format!(
        "{ROOT}/deploy/demo/data/ebmt4/reference.json"
    )));
    for (place, months) in [12.0, 24.0, 60.0].into_iter().enumerate() {
        let exact = reference["ebmt4"]["os"]["overall"]["km_log"][place]["surv"].as_f64();
        let found = pooled(&reports[1], "survival", months)["value"].as_f64();
        let off = (found.unwrap() - exact.unwrap()).abs();
        assert!(off <= 0.006, "S({months}) is off by {off}");
    }
    for (number, template) in ["feasibility-count", "survival", "incidence-rate"]
        .iter()
        .enumerate()
    {
        let stem = demo
            .path("out")
            .join(format!("{:02}-{template}", number + 1));
        has_written_its_files(&stem, &reports[number], &said.words);
    }
}

fn follows_the_published_schema(reports: &Value) {
    let schema = json(Path::new(&format!("{ROOT}/docs/estimates.schema.json")));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(reports)
        .map(|fault| fault.to_string())
        .collect();
    assert_eq!(faults, [""; 0]);
    // The closed list is the schema's, so that a quantity which is not in it was found above; that it is closed is its own claim.
    assert!(
        schema["$defs"]["quantity"]["enum"]
            .as_array()
            .unwrap()
            .len()
            > 4
    );
}

fn has_its_value_within_its_limits(row: &Value) {
    assert_eq!(row["level"], 0.95, "{row}");
    assert_eq!(row["value"].is_null(), row.get("status").is_some(), "{row}");
    let Some(value) = row["value"].as_f64() else {
        return;
    };
    let (lower, upper) = (row["lower"].as_f64(), row["upper"].as_f64());
    assert!(lower.is_none_or(|lower| lower <= value), "{row}");
    assert!(upper.is_none_or(|upper| value <= upper), "{row}");
}

/// The result as JSON, as CSV that spreadsheets open as UTF-8, and as a figure; all named on the terminal.
fn has_written_its_files(stem: &Path, report: &Value, words: &str) {
    let file = |extension| stem.with_extension(extension);
    for extension in ["json", "csv", "svg"] {
        assert!(words.contains(file(extension).to_str().unwrap()), "{words}");
    }
    assert_eq!(&json(&file("json")), report);
    let csv = std::fs::read(file("csv")).unwrap();
    assert!(csv.starts_with(b"\xef\xbb\xbf"), "{}", stem.display());
    let rows = String::from_utf8(csv).unwrap().lines().count() - 1;
    assert_eq!(rows, estimates(report).len(), "{}", stem.display());
    let svg = std::fs::read_to_string(file("svg")).unwrap();
    assert!(svg.contains("<svg"), "{}", stem.display());
    assert_eq!(is_well_formed(&svg), Ok(()), "{}", stem.display());
}

#[test]
fn the_preview_promises_the_widths_that_the_demo_then_prints() {
    let demo = Demo::new();
    let ask = ["--ask", "survival", "--param", "clock=os", "--rho", "0.05"];
    let expect = ["--expect", "patients=2279", "--expect", "s12=0.74"];
    let said = demo.run(&[&ask[..], &expect[..]].concat());
    assert_eq!(said.code, Some(0), "{}{}", said.words, said.complaints);
    // The first table is the preview, the second what came back: both have the width after the interval.
    for months in ["12", "24", "60"] {
        let widths = widths(&said.words, months);
        let [expected, found] = widths[..] else {
            panic!("{months}: {widths:?} in\n{}", said.words);
        };
        let off = (found / expected - 1.0).abs();
        assert!(
            off < 0.3,
            "{months} months: expected {expected}, found {found}"
        );
    }
}

/// The width in every table row about survival at `months`, in the order of the tables.
fn widths(words: &str, months: &str) -> Vec<f64> {
    let width = |line: &str| {
        let fields: Vec<&str> = line
            .split("  ")
            .map(str::trim)
            .filter(|f| !f.is_empty())
            .collect();
        let about = fields.first() == Some(&"survival") && fields.get(1) == Some(&"all");
        (about && fields.get(2) == Some(&months)).then(|| fields[5].parse().unwrap())
    };
    words.lines().filter_map(width).collect()
}

/// A demo that would run for ever, killed (SIGKILL) when its test is done with it or fails.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Both fail only when it is gone already, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn whatever_ends_the_demo_ends_its_processes() {
    let demo = Demo::new();
    let mut child = Killed(demo.start(&["--ask", "feasibility-count", "--serve"]));
    let errors = child.0.stderr.take().unwrap();
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let serving = lines
        .map_while(Result::ok)
        .any(|line| line.contains("the network runs until"));
    assert!(serving, "the demo never served: {}", end_of(errors));
    let playing = |actor: &str| {
        let processes = demo.processes();
        processes.iter().filter(|line| line.contains(actor)).count()
    };
    assert_eq!((playing("as-coordinator"), playing("as-node")), (1, 7));
    drop(child);
    end_of(errors);
    // Who clears up writes to nobody; each look at the processes takes a moment, so this gives it many seconds.
    let cleared = (0..20_000).any(|_| demo.processes().is_empty());
    assert!(cleared, "{:?}", demo.processes());
    demo.has_left_nothing();
}

#[rstest]
#[case::template(&["--ask", "no-such-template"], 2, "ask one of: feasibility-count")]
#[case::parameter(&["--ask", "survival", "--param", "clock=noon"], 2, "clock")]
#[case::order(&["--param", "clock=os"], 2, "error[usage]")]
#[case::amount(&["--rho", "much"], 2, "error[usage]")]
#[case::mode(&["--mode", "open"], 2, "local")]
#[case::folder(&["--centers", "/nowhere/at/all"], 1, "/nowhere/at/all")]
fn a_demo_that_cannot_go_on_says_why_and_leaves_nothing(
    #[case] arguments: &[&str],
    #[case] code: i32,
    #[case] words: &str,
) {
    let demo = Demo::new();
    let said = demo.run(arguments);
    assert_eq!(said.code, Some(code), "{}", said.complaints);
    assert!(said.complaints.contains(words), "{}", said.complaints);
    demo.has_left_nothing();
}
