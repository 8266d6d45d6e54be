//! The command line for letting in and keeping out, as an operator types it.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::process::{Command, Output};

use protocol::fingerprint::Fingerprint;
use protocol::ids::DocumentId;
use transport::ca::create_request;
use transport::join::Token;
use transport::tls::Roots;

fn run(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cartally-coordinator"));
    command.args(arguments).arg("--data").arg(data);
    command.output().unwrap()
}

/// What a command prints that succeeds.
fn printed(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

fn complaint(data: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(data, arguments);
    let complaint = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), complaint)
}

fn initialised() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    printed(
        &dir.path().join("data"),
        &["init", "--network", "demo", "--host", "localhost"],
    );
    dir
}

#[test]
fn an_invitation_ends_with_the_token_alone_and_leaves_no_secret_behind() {
    let dir = initialised();
    let data = dir.path().join("data");
    for (role, id) in [("center", "K01"), ("person", "kim")] {
        let text = printed(&data, &["invite", role, id]);
        let token: Token = text.lines().last().unwrap().parse().unwrap();
        let roots = Roots::load(&data.join("ca.pem")).unwrap();
        assert_eq!(token.authority(), roots.digest());
        for file in ["data.db", "data.db-wal"] {
            let bytes = std::fs::read(data.join(file)).unwrap_or_default();
            let kept = String::from_utf8_lossy(&bytes).contains(token.secret());
            assert!(!kept, "{file}");
        }
    }
    let status = printed(&data, &["status"]);
    assert!(
        status.contains("invited      center K01, until"),
        "{status}"
    );
    assert!(
        status.contains("invited      person kim, until"),
        "{status}"
    );
}

#[test]
fn status_names_who_is_in_who_is_out_and_who_comes_with_its_own_pki() {
    let dir = initialised();
    let data = dir.path().join("data");
    let csr = dir.path().join("K01.csr");
    std::fs::write(&csr, create_request().unwrap().public_pem).unwrap();
    let (csr, out) = (csr.to_str().unwrap(), dir.path().join("K01.pem"));
    let out = out.to_str().unwrap();
    for (role, id) in [("center", "K01"), ("person", "kim")] {
        let certify = [
            "certify", "--role", role, "--id", id, "--csr", csr, "--out", out,
        ];
        printed(&data, &certify);
    }
    printed(&data, &["revoke", "person", "kim"]);
    let ca = data.join("ca.pem");
    let ca = ca.to_str().unwrap();
    printed(&data, &["trust", "center", "K02", "--ca", ca]);
    let status = printed(&data, &["status"]);
    assert!(
        status.contains("enrolled     center K01, valid until"),
        "{status}"
    );
    assert!(
        status.contains("enrolled     person kim, revoked"),
        "{status}"
    );
    assert!(status.contains("own pki      center K02"), "{status}");
    printed(&data, &["distrust", "center", "K02"]);
    assert!(!printed(&data, &["status"]).contains("own pki"));
}

#[rstest::rstest]
#[case(&["revoke", "center", "K09"], 1, "argument")]
#[case(&["distrust", "center", "K09"], 1, "argument")]
#[case(&["trust", "center", "../K01", "--ca", "x"], 1, "argument")]
#[case(&["invite", "center", "K 01"], 1, "identity")]
#[case(&["trust", "person", "kim", "--ca", "x"], 2, "possible values")]
#[case(&["invite", "coordinator", "main"], 2, "possible values")]
#[case(&["invite", "center", "K01", "--days", "0"], 2, "1..=1827")]
#[case(&["invite", "center", "K01", "--days", "1828"], 2, "1..=1827")]
#[case(&["invite", "center", "K01", "--valid-hours", "0"], 2, "1..=720")]
#[case(&["invite", "center", "K01", "--valid-hours", "721"], 2, "1..=720")]
fn what_cannot_be_done_is_said(#[case] arguments: &[&str], #[case] code: i32, #[case] words: &str) {
    let dir = initialised();
    let (ended, said) = complaint(&dir.path().join("data"), arguments);
    assert_eq!(ended, Some(code), "{said}");
    assert!(said.contains(words), "{said}");
}

#[test]
fn an_operator_names_the_founding_charter_in_digits_or_words_and_may_correct_it_before_a_roster() {
    let dir = initialised();
    let data = dir.path().join("data");
    let (wrong, right) = (
        "11".repeat(32),
        Fingerprint::from(DocumentId::from_bytes([7; 32])),
    );
    printed(&data, &["pin", &wrong]);
    printed(&data, &["pin", &right.words()]);
    let store = coordinator::store::Store::open(&data.join("data.db")).unwrap();
    assert_eq!(store.network().unwrap().1, Some(right.document()));
    let (code, said) = complaint(&data, &["pin", "abandon abandon"]);
    assert_eq!(code, Some(2), "{said}");
}
