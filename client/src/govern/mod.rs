//! How do people decide what may be asked? Charter, proposals, signatures, currency.

mod charter;
mod propose;
mod sign;
mod currency;

pub(crate) use charter::{charter_new, charter_sign};
pub(crate) use currency::currency;
pub(crate) use propose::{RosterChoice, propose_roster, propose_study, propose_template};
pub(crate) use sign::sign;

use std::path::Path;

use protocol::api::Submitted;
use protocol::envelope::Envelope;
use serde::de::DeserializeOwned;

use crate::error::ClientError;
use crate::session::Session;
use crate::terminal::Terminal;

/// Reads a file that a person wrote.
fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, ClientError> {
    let text = std::fs::read_to_string(path).map_err(ClientError::file(path))?;
    toml::from_str(&text).map_err(|e| ClientError::unreadable(path, &e))
}

/// Sends a document and says what became of it.
pub(crate) async fn submit(
    session: &Session,
    document: &Envelope,
    what: &str,
    terminal: &mut Terminal,
) -> Result<Submitted, ClientError> {
    let submitted = session.api.submit(document).await?;
    let state = if submitted.in_force {
        "in force"
    } else {
        "waiting for the committee's signatures"
    };
    terminal.line(format!("{what} {}: {state}", submitted.id))?;
    Ok(submitted)
}

/// Lists the log, oldest first: index, kind, id.
pub(crate) fn list_log(session: &Session, terminal: &mut Terminal) -> Result<(), ClientError> {
    for (index, document) in session.mirror.documents().enumerate() {
        terminal.line(format!(
            "{index:>5}  {:<10}  {}",
            sign::kind_of(document),
            document.id()
        ))?;
    }
    Ok(())
}
