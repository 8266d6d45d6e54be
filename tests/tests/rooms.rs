//! Does SQL stand only where a newcomer looks for it? Reads the sources of every package.

#![allow(
    clippy::unwrap_used,
    reason = "a source that cannot be read should stop the test"
)]

use std::path::{Path, PathBuf};

/// What a statement about rows begins with.
const STATEMENTS: [&str; 5] = [
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE TABLE ",
];

/// Rust sources below `folder`, without those of tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let sources = entries.flat_map(|path| {
        let is_test = path.file_stem().is_some_and(|name| name == "tests");
        match (is_test, path.is_dir()) {
            (true, _) => Vec::new(),
            (false, true) => sources(&path),
            (false, false) => vec![path],
        }
    });
    sources
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .collect()
}

/// Whether a statement begins inside a string of the program's own text, comments and tests left out.
fn speaks_sql(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap();
    let program = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = program
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.into_iter().any(|line| {
        STATEMENTS
            .iter()
            .any(|word| line.contains(&format!("\"{word}")))
    })
}

#[test]
fn sql_stands_only_in_stores_and_sources_and_where_questions_become_plans() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let packages = [
        "protocol",
        "question",
        "privacy",
        "analysis",
        "transport",
        "node",
        "coordinator",
        "client",
    ];
    let all = packages
        .iter()
        .flat_map(|package| sources(&root.join(package).join("src")));
    let (mut speaking, mut misplaced) = (0, Vec::new());
    for path in all.filter(|path| speaks_sql(path)) {
        let words = path
            .strip_prefix(root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let at_home = ["/store", "/source", "question/src/plan/"]
            .iter()
            .any(|room| words.contains(room));
        speaking += 1;
        if !at_home {
            misplaced.push(words);
        }
    }
    assert!(
        speaking >= 5,
        "the search itself finds the stores: {speaking}"
    );
    assert_eq!(misplaced, [""; 0]);
}
