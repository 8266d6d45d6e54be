//! Do the commands by which people come in and decide say what is wrong, without any network?
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;
use std::process::{Command, Output};

fn cartally(dir: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cartally"))
        .args(["--data", "home"])
        .args(words)
        .current_dir(dir)
        .env_remove("CARTALLY_TOKEN")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn home() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let words = ["init", "--network", "demo", "--person", "kim"];
    let made = cartally(
        dir.path(),
        &[&words[..], &["--coordinator", "https://127.0.0.1:1"]].concat(),
    );
    assert!(made.status.success(), "{}", said(&made));
    dir
}

/// A charter of one member, as that member wrote it down, and its fingerprint.
fn founded(dir: &Path) -> String {
    let card = std::fs::read_to_string(dir.join("home/card.json")).unwrap();
    let card: serde_json::Value = serde_json::from_str(&card).unwrap();
    let key = card.get("key").unwrap().as_str().unwrap();
    let text = format!(
        "network = \"demo\"\nthreshold = 1\nminimum_organisations = 1\ntimekeepers = [\"{key}\"]\n\
         [[members]]\nid = \"kim\"\nname = \"Dr Kim\"\norganisation = \"Society\"\nkey = \"{key}\"\n"
    );
    std::fs::write(dir.join("charter.toml"), text).unwrap();
    let words = ["charter", "new", "charter.toml", "--out", "charter.json"];
    let output = said(&cartally(dir, &words));
    assert!(output.contains("1 of 1 members have signed"), "{output}");
    output
}

#[test]
fn a_charters_fingerprint_is_read_and_pinned_in_both_forms() {
    let dir = home();
    let output = founded(dir.path());
    let (before, words) = output.split_once("over the telephone:\n").unwrap();
    let hex = before.split_once("fingerprint ").unwrap().1;
    let hex = hex.split_whitespace().next().unwrap();
    assert_eq!(words.lines().count(), 6, "{words}");
    let mut typed = vec!["charter", "pin"];
    typed.extend(words.split_whitespace());
    for typed in [
        &typed[..],
        &["charter", "pin", words],
        &["charter", "pin", hex],
    ] {
        let pinned = said(&cartally(dir.path(), typed));
        assert_eq!(pinned, format!("pinned charter {hex}\n"));
    }
    let second = words.split_whitespace().nth(3).unwrap();
    let refused = |instead: &str| {
        let words = words.replacen(&format!(" 2 {second}"), instead, 1);
        let refused = cartally(dir.path(), &["charter", "pin", &words]);
        assert_eq!(refused.status.code(), Some(2));
        said(&refused)
    };
    let misheard = refused(" 2 cartally");
    assert!(
        misheard.contains("error[fingerprint]: word 2 of the"),
        "{misheard}"
    );
    let left_out = refused("");
    assert!(
        left_out.contains("has 24 words, and these are 23"),
        "{left_out}"
    );
}

#[test]
fn another_pin_is_shown_in_words_and_replaced_only_when_told_to() {
    let dir = home();
    let (good, other) = ("11".repeat(32), "22".repeat(32));
    said(&cartally(dir.path(), &["charter", "pin", &good]));
    let asked = cartally(dir.path(), &["charter", "pin", &other]);
    let shown = said(&asked);
    assert_eq!(asked.status.code(), Some(1), "{shown}");
    assert!(shown.contains(&good) && shown.contains(&other), "{shown}");
    assert!(
        shown.contains(" 1 ") && shown.contains("error[not-confirmed]"),
        "{shown}"
    );
    let kept = std::fs::read_to_string(dir.path().join("home/cartally.toml")).unwrap();
    assert!(kept.contains(&good), "{kept}");
    let told = said(&cartally(dir.path(), &["charter", "pin", &other, "--yes"]));
    assert!(
        told.ends_with(&format!("pinned charter {other}\n")),
        "{told}"
    );
}

#[test]
fn a_charter_is_read_in_plain_words_before_it_is_signed() {
    let dir = home();
    founded(dir.path());
    let asked = cartally(dir.path(), &["charter", "sign", "charter.json"]);
    let shown = said(&asked);
    assert!(
        shown.contains("in force when 1 of 1 member have signed"),
        "{shown}"
    );
    assert!(shown.contains("kim (Dr Kim, Society)"), "{shown}");
    assert!(shown.contains("error[not-confirmed]"), "{shown}");
}

#[test]
fn joining_says_what_is_missing_and_what_a_token_looks_like() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = cartally(dir.path(), &["join", "--token", "abc"]);
    assert!(said(&wrong).contains("error[token]: this is not an invitation's token"));
    assert_eq!(wrong.status.code(), Some(1));
    assert!(!dir.path().join("home").exists());
    let none = cartally(dir.path(), &["join"]);
    assert_eq!(none.status.code(), Some(2));
    let lost = cartally(dir.path(), &["review"]);
    assert!(
        said(&lost).contains("run: cartally join"),
        "{}",
        said(&lost)
    );
}

#[test]
fn a_no_and_a_revocation_need_a_reason() {
    let dir = home();
    let id = "00".repeat(32);
    for command in ["decline", "revoke"] {
        let output = cartally(dir.path(), &[command, &id]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(said(&output).contains("--reason"), "{command}");
    }
}
