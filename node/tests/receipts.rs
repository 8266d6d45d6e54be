//! Who says that something has been paid for? The ledger alone, in every crate of the project.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::path::{Path, PathBuf};

/// The one function that makes a receipt.
const MAKES_A_RECEIPT: &str = "of_committed";

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn only_the_ledger_makes_receipts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    rust_files(root, &mut files);
    let makers: Vec<String> = files
        .iter()
        .filter(|path| {
            std::fs::read_to_string(path)
                .unwrap()
                .contains(MAKES_A_RECEIPT)
        })
        .map(|path| {
            path.strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        // The crate that defines it, with its tests, and this test.
        .filter(|path| !path.starts_with("privacy/") && path != "node/tests/receipts.rs")
        .collect();
    assert_eq!(makers, ["node/src/ledger/mod.rs"]);
}

#[test]
fn only_privacy_names_the_library_that_makes_noise() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let packages = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let namers: Vec<String> = packages
        .filter_map(|folder| {
            Some((
                folder.file_name()?.to_string_lossy().into_owned(),
                folder.join("Cargo.toml"),
            ))
        })
        .filter(|(_, manifest)| {
            std::fs::read_to_string(manifest).is_ok_and(|text| text.contains("opendp"))
        })
        .map(|(name, _)| name)
        .collect();
    assert_eq!(namers, ["privacy"]);
}
