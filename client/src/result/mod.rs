//! What came out? A verified result as a table, CSV, JSON or a figure.

mod report;
mod text;

use std::path::Path;

use analysis::figure::{Caption, draw};
use clap::ValueEnum;
use protocol::api::ResultBundle;
use protocol::ids::DocumentId;
use serde::Serialize;
use transport::keys::write_atomic;

pub use report::Estimated;
pub(crate) use text::table as result_table;

use crate::error::ClientError;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;
use crate::verify::{Verified, verify};

/// How to show a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading in a terminal.
    Table,
    /// One row an estimate, for spreadsheets.
    Csv,
    /// Complete, for programs.
    Json,
    /// The figure.
    Svg,
    /// The signed documents that it rests on, for whoever wants to check them without us.
    Signed,
}

/// Fetches, verifies and shows the result of `query`.
pub(crate) async fn show(
    home: &Home,
    session: &mut Session,
    query: DocumentId,
    format: Format,
    out: Option<&Path>,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let (bundle, verified) = fetch(home, session, query).await?;
    let estimated = Estimated::of(&verified)?;
    let shown = match format {
        Format::Table => text::table(&estimated),
        Format::Csv => analysis::table::csv(&estimated.report.estimates),
        Format::Json => json(&estimated.report)?,
        Format::Svg => svg(&estimated)?,
        Format::Signed => json(&bundle)?,
    };
    match out {
        Some(path) => Ok(write_atomic(path, shown.as_bytes())?),
        None => Ok(terminal.file(&shown)?),
    }
}

/// Fetches and verifies the result of `query`, and says what was checked.
pub(crate) async fn verify_only(
    home: &Home,
    session: &mut Session,
    query: DocumentId,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let (_, verified) = fetch(home, session, query).await?;
    terminal.line(format!(
        "result {} verifies: the only one of this query in the log; query by a researcher of study {}; roster, study and \
         template in force under the pinned charter when it came; {} signed answers, totals equal to their sum; \
         every author on this log",
        verified.result_id.short(),
        verified.study.name,
        verified.answers.len(),
    ))?;
    Ok(())
}

fn svg(estimated: &Estimated) -> Result<String, ClientError> {
    let caption = Caption::of(&estimated.plan, &estimated.report);
    draw(&caption, &estimated.report.estimates).ok_or_else(|| {
        ClientError::Usage("there is no figure for this result; use --format table".into())
    })
}

fn json<T: Serialize>(shown: &T) -> Result<String, ClientError> {
    serde_json::to_string_pretty(shown).map_err(|e| ClientError::unreadable("result", &e))
}

async fn fetch(
    home: &Home,
    session: &mut Session,
    query: DocumentId,
) -> Result<(ResultBundle, Verified), ClientError> {
    let status = session.api.query(query, 0, None).await?;
    if status.result.is_none() {
        return Err(ClientError::NotPublished(query));
    }
    let bundle = session.api.result(query).await?;
    // Answers name the log as their authors saw it, which may be newer than what this session read at its start.
    session.refresh().await?;
    session.governance(home)?;
    let verified = verify(home.charter()?, &session.mirror, query, &bundle)?;
    Ok((bundle, verified))
}
