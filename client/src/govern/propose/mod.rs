//! What is put before the committee? A roster, a template, a study, a successor charter, each signed by whoever proposes it.

mod charter;
mod roster;
mod template;
mod study;

pub(crate) use charter::propose_charter;
pub(crate) use roster::{RosterChoice, propose_roster};
pub(crate) use study::propose_study;
pub(crate) use template::propose_template;

use protocol::envelope::{Envelope, Payload};
use protocol::verify::Governance;

use super::ballot::Ballot;
use super::rules::VoteError;
use super::submit;
use crate::error::ClientError;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;

/// Signs a proposal over this log and sends it, if the committee rule can be met at all.
async fn put_before_committee<P: Payload>(
    home: &Home,
    session: &Session,
    governance: &Governance,
    (document, what): (&P, &str),
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let key = home.signing_key()?;
    let signed = Envelope::sign_seeing(document, &key, session.mirror.position());
    must_be_reachable(governance, &signed)?;
    submit(session, &signed, what, terminal).await.map(drop)
}

/// What could never come into force would only fill the log.
fn must_be_reachable(governance: &Governance, signed: &Envelope) -> Result<(), ClientError> {
    let ballot = Ballot::of(governance, signed)?;
    if ballot.votes.reachable {
        Ok(())
    } else {
        Err(VoteError::Unreachable(ballot.unreachable()).into())
    }
}
