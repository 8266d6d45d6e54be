//! How does the demo ask? As the researcher would: `cartally ask`, then the result in every form.

use std::path::{Path, PathBuf};

use analysis::report::Report;

use crate::error::DemoError;
use crate::network::{Network, RESEARCHER, text};

/// One question of the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// The template's name.
    pub(crate) template: String,
    /// `key=value`.
    pub(crate) params: Vec<String>,
    /// `key=value`.
    pub(crate) expect: Vec<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answered {
    /// The preview and the progress, as the client wrote them.
    pub(crate) words: String,
    /// The verified result.
    pub(crate) report: Report,
    /// The files that were written.
    pub(crate) files: Vec<PathBuf>,
}

/// Asks `question` and writes its result below `out` as `number-template.{json,csv,svg}`.
pub(crate) fn ask(
    network: &Network,
    question: &Question,
    mode: &str,
    rho: &str,
    out: &Path,
    number: usize,
) -> Result<Answered, DemoError> {
    let mut arguments = vec![
        "ask",
        &question.template,
        "--mode",
        mode,
        "--rho",
        rho,
        "--yes",
        "--watch",
    ];
    // Long enough for 50 centers on a small machine; the result is published as soon as every center has ended.
    arguments.extend(["--deadline-s", "120"]);
    for param in &question.params {
        arguments.extend(["--param", param]);
    }
    for expect in &question.expect {
        arguments.extend(["--expect", expect]);
    }
    let said = network.cartally(&RESEARCHER, &arguments)?;
    let silent = || DemoError::Silent {
        what: "cartally ask".into(),
        wanted: "the query's id",
    };
    let query = said
        .output
        .lines()
        .find_map(|line| line.strip_prefix("query "))
        .ok_or_else(silent)?
        .to_owned();
    let mut files = Vec::new();
    for format in ["json", "csv", "svg"] {
        let path = out.join(format!("{number:02}-{}.{format}", question.template));
        network.cartally(
            &RESEARCHER,
            &["result", &query, "--format", format, "--out", &text(&path)],
        )?;
        files.push(path);
    }
    let report = read(&files)?;
    Ok(Answered {
        words: said.output,
        report,
        files,
    })
}

fn read(files: &[PathBuf]) -> Result<Report, DemoError> {
    let silent = || DemoError::Silent {
        what: "cartally result".into(),
        wanted: "a result",
    };
    let path = files.first().ok_or_else(silent)?;
    let bytes = std::fs::read(path).map_err(DemoError::file(path))?;
    serde_json::from_slice(&bytes).map_err(|_| silent())
}
