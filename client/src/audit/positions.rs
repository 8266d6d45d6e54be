//! Which log did each author see? Every position that a document names, held against this log.

use protocol::log::{Chain, LogPosition};

use super::{Code, Finding};

/// A position that is not on this log.
struct Stray {
    entry: u64,
    what: String,
    log: LogPosition,
}

/// All positions that the documents so far have named.
#[derive(Default)]
pub(super) struct Positions {
    /// The furthest that lies on this log.
    known: u64,
    strays: Vec<Stray>,
}

impl Positions {
    /// Notes that entry `index` names `log`; `chain` reaches to right before that entry. Whether it lies on this log.
    pub(super) fn note(
        &mut self,
        chain: &Chain,
        index: u64,
        log: LogPosition,
        what: impl FnOnce() -> String,
    ) -> bool {
        let on_chain = self.confirm(chain, index, log);
        if !on_chain {
            self.stray(index, log, what());
        }
        on_chain
    }

    /// Notes `log` if it lies on this log before entry `index`; whether it does.
    pub(super) fn confirm(&mut self, chain: &Chain, index: u64, log: LogPosition) -> bool {
        let on_chain = log.entries <= index && chain.contains(log);
        if on_chain {
            self.known = self.known.max(log.entries);
        }
        on_chain
    }

    /// Notes that entry `entry` names `log`, which does not lie on this log.
    pub(super) fn stray(&mut self, entry: u64, log: LogPosition, what: String) {
        self.strays.push(Stray { entry, what, log });
    }

    /// One finding for each stray, and one for the log if none of its later authors knows it.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.strays.iter().map(Stray::finding).collect();
        let earliest = self.strays.iter().map(|stray| stray.log.entries).min();
        if let Some(earliest) = earliest
            && let Some(first) = self.strays.first()
            && earliest > self.known
        {
            let last = earliest - 1;
            let which = if last == self.known {
                format!("entry {last} was")
            } else {
                format!("something from entry {} to entry {last} was", self.known)
            };
            findings.push(Finding::whole(
                Code::Rewritten,
                format!(
                    "{} signed documents, the first at entry {}, name a log that is not this one, and none names this one from there \
                     on: {which} altered, added or removed after its readers had seen it",
                    self.strays.len(),
                    first.entry,
                ),
            ));
        }
        findings
    }
}

impl Stray {
    fn finding(&self) -> Finding {
        let seen = self.log.entries;
        let fault = if seen > self.entry {
            format!(
                "its author saw a log of {seen} entries, which is more than came before it: entries were reordered or removed"
            )
        } else {
            format!(
                "its author saw another log of {seen} entries than this one: one of the two was shown to deceive, or altered later"
            )
        };
        Finding::at(self.entry, Code::OtherLog, &self.what, fault)
    }
}
