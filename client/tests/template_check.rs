//! Does `cartally template check` say good from bad, with neither home nor network?
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;
use std::process::{Command, Output};

use question::dictionary::SHIPPED_CSV;
use question::template::shipped_template;

fn check(dir: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cartally"))
        .args(["--data", "nowhere", "template", "check", "template.toml"])
        .args(more)
        .current_dir(dir)
        .output()
        .unwrap()
}

fn with_template(change: impl Fn(String) -> String) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let toml = change(shipped_template("survival").unwrap().toml().to_owned());
    std::fs::write(dir.path().join("template.toml"), toml).unwrap();
    dir
}

#[test]
fn a_sound_template_is_shown_without_a_home() {
    let dir = with_template(|toml| toml);
    let output = check(
        dir.path(),
        &["--param", "by=sex", "--expect", "patients=2279"],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(
        text.contains("patients 2279") && text.contains("SYNTHETIC"),
        "{text}"
    );
    assert!(!dir.path().join("nowhere").exists());
}

#[test]
fn a_faulty_template_is_refused_with_line_and_sentence() {
    let dir = with_template(|toml| toml.replace("max = 120", "max = 150"));
    let output = check(dir.path(), &[]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains("error[template-malformed]: the template is malformed: line 50: the bounds of age must lie within 0 and 120"),
        "{text}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn a_template_is_held_against_the_dictionary_given() {
    let dir = with_template(|toml| {
        toml.replace("of = [\"age_band\", ", "of = [\"age_band\", \"marker\", ")
    });
    let output = check(dir.path(), &[]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains("line 24: there is no variable marker; choose from"),
        "{text}"
    );
    let csv = format!(
        "{}\ncourse,marker,TEXT,,N,,,hi|lo,,,,,,,,,\n",
        SHIPPED_CSV.trim_end()
    );
    std::fs::write(dir.path().join("own.csv"), csv).unwrap();
    let output = check(
        dir.path(),
        &["--dictionary", "own.csv", "--param", "by=marker"],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains("marker (hi, lo, missing)"),
        "{text}"
    );
}
