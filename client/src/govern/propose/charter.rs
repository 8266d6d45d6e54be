//! Who decides from now on? The successor of the charter in force, signed by members of the one before.

use std::path::Path;

use protocol::documents::{Charter, Predecessor};
use transport::clock::{Clock, SystemClock};

use super::put_before_committee;
use crate::error::ClientError;
use crate::govern::charter::CharterFile;
use crate::govern::read_toml;
use crate::govern::review::charter_changes;
use crate::govern::rules::{VoteError, signed_successor};
use crate::govern::view::View;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;
use crate::words::changes_in_words;

/// Proposes the charter that `file` describes as the next version of the one in force.
pub(crate) async fn propose_charter(
    home: &Home,
    session: &Session,
    file: &Path,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let view = View::of(home, session, SystemClock.now())?;
    let ruling = view
        .governance
        .newest_ruling()
        .ok_or(ClientError::NoCharter)?;
    let written: CharterFile = read_toml(file)?;
    let predecessor = Predecessor {
        charter: ruling.id,
        log_index: ruling.index,
    };
    let version = ruling.charter.version.saturating_add(1);
    let charter = written.into_charter(version, Some(predecessor));
    charter.check()?;
    may_propose(&view, &charter, predecessor)?;
    terminal.line(
        changes_in_words(&charter_changes(&ruling.charter, &charter, &view.people)).trim_end(),
    )?;
    put_before_committee(
        home,
        session,
        &view.governance,
        (&charter, "charter"),
        terminal,
    )
    .await?;
    terminal.line(
        "its fingerprint is another one; nodes and people who pinned an earlier charter follow by themselves",
    )?;
    Ok(())
}

/// A successor comes from a member of the charter before, and from nobody who has signed another.
fn may_propose(
    view: &View<'_>,
    charter: &Charter,
    predecessor: Predecessor,
) -> Result<(), ClientError> {
    let before = view.governance.charter();
    if before.is_some_and(|before| before.network != charter.network) {
        return Err(ClientError::Usage(
            "the file founds another network; a successor keeps its network's name".into(),
        ));
    }
    if !view.members().contains(&view.me) {
        return Err(VoteError::NotAMember.into());
    }
    match signed_successor(view, predecessor, view.me, None) {
        Some(other) => Err(VoteError::SecondSuccessor(other).into()),
        None => Ok(()),
    }
}
