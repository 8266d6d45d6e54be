//! Who takes part? Everybody who enrolled by invitation, as the log shows it, with the keys to compare by telephone.

use std::fmt::Write;

use protocol::documents::{EnrolledRole, Enrolment};
use transport::printable::printable_line;

use super::people::{enrolments, short};
use super::telephone;
use crate::error::ClientError;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;
use crate::words::indented;

/// Lists who enrolled, whether or not a charter is pinned; with `words`, every key whole, as digits and as words.
pub(crate) fn list_enrolled(
    home: &Home,
    session: &Session,
    words: bool,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    // Before there is a charter too: its members' keys are found here.
    let enrolled = enrolments(&session.mirror, &home.profile.network);
    if enrolled.is_empty() {
        terminal.line("nobody has enrolled in this log yet")?;
    }
    for one in &enrolled {
        terminal.line(in_words(one, words).trim_end())?;
    }
    terminal.line(
        "a name says who somebody claims to be; before a key goes into a charter, roster or study, compare it by telephone (--words)",
    )?;
    Ok(())
}

fn in_words(one: &Enrolment, words: bool) -> String {
    let (id, name, organisation) = (
        printable_line(&one.id),
        printable_line(&one.name),
        printable_line(&one.organisation),
    );
    let mut text = format!(
        "{:<6}  {id:<12}  key {}",
        role(one.role),
        short(&one.signing_key)
    );
    for known in [name, organisation] {
        if !known.is_empty() {
            // Writing into a string cannot fail.
            let _ = write!(text, "  {known}");
        }
    }
    text.push('\n');
    if words {
        let numbered = telephone::words(one.signing_key.into());
        let numbered = indented("    ", &numbered);
        let _ = write!(text, "  key {}\n{numbered}", one.signing_key);
    }
    text
}

const fn role(role: EnrolledRole) -> &'static str {
    match role {
        EnrolledRole::Center => "center",
        EnrolledRole::Person => "person",
    }
}
