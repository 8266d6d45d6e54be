//! Was only asked and answered what was allowed, and was nothing rewritten? A log checked again from itself alone.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use client::audit::{LogFile, Terms, audit, read_head};
//! let log = LogFile::read("log.jsonl".as_ref())?;
//! let head = read_head("log.head.json".as_ref())?;
//! let dictionary = question::Dictionary::shipped()?;
//! let terms = Terms {
//!     charter: "64 hexadecimal digits".parse()?,
//!     head: Some(&head),
//!     dictionary: &dictionary,
//! };
//! let report = audit(&log, &terms, &|_checked| ());
//! println!("{report}");
//! # Ok(())
//! # }
//! ```

mod code;
mod report;
mod file;
mod positions;
mod history;
mod walk;
mod governing;
mod template;
mod queries;
mod answers;
mod seen;
mod spending;
mod results;
mod ending;
mod command;
#[cfg(test)]
mod tests;

use protocol::documents::Charter;
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::log::LogEntry;
use protocol::verify::Governance;
use question::Dictionary;

pub use code::Code;
pub use file::{LogFile, read_head};
pub use report::{FINDINGS_SHOWN_MAX, Finding, Report, Spent, Summary};

pub(crate) use command::{Auditing, run};

/// What a log is held against.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The charter that the auditor has compared: the founding one, or any successor.
    pub charter: DocumentId,
    /// The coordinator's signed head, if one was kept: without it, a log cut off at its end cannot be told from a short one.
    pub head: Option<&'a Envelope>,
    /// The dictionary over which templates are read.
    pub dictionary: &'a Dictionary,
}

/// Checks a log entry by entry, and says all that is wrong; `progress` hears how many entries were checked.
#[must_use]
pub fn audit(log: &LogFile, terms: &Terms<'_>, progress: &dyn Fn(u64)) -> Report {
    let (entries, findings) = log.in_order();
    let governance =
        founding(&entries, terms.charter).map_or_else(Governance::unpinned, Governance::pinned_to);
    let mut walk = walk::Walk::new(&entries, governance, terms, findings);
    for entry in &entries {
        if walk.step(entry).is_err() {
            break;
        }
        progress(entry.index + 1);
    }
    walk.finish()
}

/// The founding charter that the pinned one leads back to. Ids cover what they name, so nothing needs to be believed here;
/// what was in force before a successor is then judged too.
fn founding(entries: &[&LogEntry], pinned: DocumentId) -> Option<DocumentId> {
    let charters = entries.iter().map(|entry| &entry.envelope);
    let charters: std::collections::BTreeMap<DocumentId, Charter> = charters
        .filter(|envelope| envelope.is::<Charter>())
        .filter_map(|envelope| Some((envelope.id(), envelope.parse_unverified().ok()?)))
        .collect();
    let mut at = pinned;
    // Predecessors cannot run in a circle: each id is a hash over the one before.
    while let Some(before) = charters.get(&at)?.predecessor {
        at = before.charter;
    }
    Some(at)
}
