//! Which charter does this home follow? Pins it, and never puts one pin in another's place without being told to.

use protocol::fingerprint::Fingerprint;

use super::telephone::words;
use crate::error::ClientError;
use crate::home::{Home, Pinning};
use crate::terminal::Terminal;

/// Pins the charter of this fingerprint; one that is pinned already only makes way once confirmed.
pub(crate) fn charter_pin(
    home: &mut Home,
    fingerprint: Fingerprint,
    yes: bool,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let charter = fingerprint.document();
    match home.pinning(charter)? {
        Pinning::Followed(pinned) => {
            return Ok(terminal.line(format!(
                "this home follows that charter already: charter {pinned} is pinned here, and both are of one line; nothing was changed"
            ))?);
        }
        Pinning::Replaces(pinned) => {
            terminal.line(replacing(pinned.into(), fingerprint).trim_end())?;
            terminal.must_confirm("Put this pin in the other's place?", yes)?;
        }
        Pinning::Free => {}
    }
    home.pin(charter)?;
    Ok(terminal.line(format!("pinned charter {fingerprint}"))?)
}

/// Both fingerprints as people compared them.
fn replacing(old: Fingerprint, new: Fingerprint) -> String {
    format!(
        "another charter is pinned here, which the copy of the log does not hold so far: {old}\n{}would be replaced by: {new}\n{}",
        words(old),
        words(new)
    )
}
