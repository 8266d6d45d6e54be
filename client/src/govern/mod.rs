//! How do people decide what may be asked? Charter, proposals, reviews, signatures, revocations, currency.

mod telephone;
mod people;
mod view;
mod ballot;
mod standing;
mod rules;
mod charter;
mod pin;
mod propose;
mod enrolled;
mod review;
mod sign;
mod currency;
mod log;
#[cfg(test)]
pub(crate) mod sample;

pub use rules::VoteError;

pub(crate) use charter::{charter_new, charter_sign};
pub(crate) use currency::{CurrencyChoice, currency, lack_of_currency};
pub(crate) use enrolled::list_enrolled;
pub(crate) use log::list_log;
pub(crate) use pin::charter_pin;
pub(crate) use propose::{
    RosterChoice, propose_charter, propose_roster, propose_study, propose_template,
};
pub(crate) use review::review;
pub(crate) use sign::{Objection, decline, revoke, sign};
pub(crate) use telephone::{read as read_fingerprint, words as fingerprint_words};
pub(crate) use view::moment;

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
