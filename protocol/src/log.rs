//! What was decided and published, in which order? The coordinator's hash-chained log, and how a mirror extends its copy.

use jiff::Timestamp;
use ring::digest::{Context, SHA256, digest};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::envelope::Envelope;
use crate::ids::ChainHead;

/// Separates a log entry's hash from every other hash in the system.
const DOMAIN: &[u8] = b"cartally log v1\n";

/// How far a log reaches: the number of its entries and the hash after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogPosition {
    /// Entries so far; the next one has this index.
    pub entries: u64,
    /// The chain's head after them.
    pub head: ChainHead,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogEntry {
    /// 0 for the first.
    pub index: u64,
    /// When the coordinator appended it.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub time: Timestamp,
    /// The document, with the signatures that had been collected.
    pub envelope: Envelope,
}

/// Why entries do not extend a log.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum LogError {
    /// An entry is missing, doubled or out of order.
    #[error(
        "log entry {found} came where entry {expected} belongs: an entry is missing, doubled or out of order"
    )]
    OutOfOrder {
        /// The index that extends the log.
        expected: u64,
        /// The index that came.
        found: u64,
    },
    /// The chain does not lead to the head that was promised.
    #[error(
        "the log of {entries} entries does not end in the head that was promised: entries were altered or replaced"
    )]
    WrongHead {
        /// Entries after extension.
        entries: u64,
    },
    /// An entry claims to be older than the one before it.
    #[error(
        "log entry {index} is dated before the entry that it follows: entries were reordered or a clock was set back"
    )]
    TimeBack {
        /// The entry's index.
        index: u64,
    },
    /// The promised log is shorter than the one already seen.
    #[error("the log was {seen} entries long and is now shorter ({now}): it was cut back")]
    CutBack {
        /// Entries seen before.
        seen: u64,
        /// Entries promised now.
        now: u64,
    },
}

impl LogPosition {
    /// The log before its first entry.
    pub const EMPTY: Self = Self {
        entries: 0,
        head: ChainHead::EMPTY,
    };

    /// The position after `entry`.
    ///
    /// # Errors
    /// The entry's index is not the next one.
    pub fn after(self, entry: &LogEntry) -> Result<Self, LogError> {
        if entry.index != self.entries {
            return Err(LogError::OutOfOrder {
                expected: self.entries,
                found: entry.index,
            });
        }
        let mut hash = Context::new(&SHA256);
        hash.update(DOMAIN);
        hash.update(self.head.as_bytes());
        hash.update(&entry.index.to_be_bytes());
        hash.update(&entry.time.as_nanosecond().to_be_bytes());
        hash.update(digest(&SHA256, &entry.envelope.to_json()).as_ref());
        let mut head = [0; 32];
        head.copy_from_slice(hash.finish().as_ref());
        Ok(Self {
            entries: self.entries + 1,
            head: ChainHead::from_bytes(head),
        })
    }

    /// The position after all of `entries`.
    ///
    /// # Errors
    /// One of them is missing, doubled or out of order.
    pub fn extended(self, entries: &[LogEntry]) -> Result<Self, LogError> {
        entries.iter().try_fold(self, Self::after)
    }

    /// Whether `promised`, reached from here by no entries at all, can be the same log: not shorter, and equal if as long.
    ///
    /// # Errors
    /// The promised log is shorter or as long with another head.
    pub fn accepts(self, promised: Self) -> Result<(), LogError> {
        if promised.entries < self.entries {
            return Err(LogError::CutBack {
                seen: self.entries,
                now: promised.entries,
            });
        }
        if promised.entries == self.entries && promised.head != self.head {
            return Err(LogError::WrongHead {
                entries: self.entries,
            });
        }
        Ok(())
    }
}

/// The heads of one log, one after each entry, so that whether a position lies on it is one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// `heads[n]` is the head after n entries.
    heads: Vec<ChainHead>,
    last: Option<Timestamp>,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            heads: vec![ChainHead::EMPTY],
            last: None,
        }
    }
}

impl Chain {
    /// How far the log reaches.
    #[must_use]
    pub fn position(&self) -> LogPosition {
        LogPosition {
            entries: self.heads.len() as u64 - 1,
            head: self.heads.last().copied().unwrap_or(ChainHead::EMPTY),
        }
    }

    /// When the last entry came.
    #[must_use]
    pub const fn last_time(&self) -> Option<Timestamp> {
        self.last
    }

    /// Whether `position` lies on this log: what an author claims to have seen is what we see.
    #[must_use]
    pub fn contains(&self, position: LogPosition) -> bool {
        let at = usize::try_from(position.entries).unwrap_or(usize::MAX);
        self.heads.get(at) == Some(&position.head)
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// It is not the next one, or is dated before the last; nothing is taken then.
    pub fn push(&mut self, entry: &LogEntry) -> Result<LogPosition, LogError> {
        let next = self.position().after(entry)?;
        if self.last.is_some_and(|last| entry.time < last) {
            return Err(LogError::TimeBack { index: entry.index });
        }
        self.heads.push(next.head);
        self.last = Some(entry.time);
        Ok(next)
    }

    /// The chain after all of `entries`, which is this one if any of them does not fit.
    ///
    /// # Errors
    /// One of them does not extend the log.
    pub fn extended(&self, entries: &[LogEntry]) -> Result<Self, LogError> {
        let mut chain = self.clone();
        for entry in entries {
            chain.push(entry)?;
        }
        Ok(chain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(index: u64) -> LogEntry {
        let envelope = Envelope {
            payload_type: "t".into(),
            payload: format!("{index:04}"),
            signatures: vec![],
        };
        LogEntry {
            index,
            time: Timestamp::UNIX_EPOCH,
            envelope,
        }
    }
    fn entries() -> Vec<LogEntry> {
        (0..4).map(entry).collect()
    }

    #[test]
    fn a_missing_doubled_or_reordered_entry_is_refused() {
        let empty = LogPosition::EMPTY;
        assert!(empty.extended(&entries()).is_ok());
        for order in [&[0_u64, 2][..], &[0, 0], &[1, 0], &[3]] {
            let chosen: Vec<LogEntry> = order.iter().map(|&i| entry(i)).collect();
            assert!(
                matches!(empty.extended(&chosen), Err(LogError::OutOfOrder { .. })),
                "{order:?}"
            );
        }
    }

    #[test]
    fn a_chain_knows_every_position_that_it_passed_and_no_other() {
        let mut chain = Chain::default();
        let mut passed = vec![chain.position()];
        for entry in entries() {
            passed.push(chain.push(&entry).unwrap());
        }
        assert!(passed.iter().all(|&position| chain.contains(position)));
        let other = LogPosition {
            head: passed[1].head,
            ..passed[2]
        };
        let ahead = LogPosition {
            entries: 5,
            head: passed[4].head,
        };
        assert!(!chain.contains(other) && !chain.contains(ahead));
    }

    #[test]
    fn an_entry_dated_before_the_one_it_follows_is_refused_and_not_taken() {
        let mut chain = Chain::default();
        let at = |index, second| LogEntry {
            time: Timestamp::from_second(second).unwrap(),
            ..entry(index)
        };
        chain.push(&at(0, 5)).unwrap();
        assert_eq!(chain.push(&at(1, 4)), Err(LogError::TimeBack { index: 1 }));
        assert_eq!(chain.position().entries, 1);
        assert!(chain.push(&at(1, 5)).is_ok());
    }

    #[test]
    fn altering_any_part_of_any_entry_changes_the_head() {
        let head = LogPosition::EMPTY.extended(&entries()).unwrap().head;
        let changes: [fn(&mut LogEntry); 3] = [
            |e| e.time = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1),
            |e| e.envelope.payload = "AAAA".into(),
            |e| {
                e.envelope.signatures.push(crate::envelope::Signature {
                    keyid: String::new(),
                    sig: String::new(),
                    seen: None,
                });
            },
        ];
        for at in 0..4 {
            for change in changes {
                let mut altered = entries();
                change(&mut altered[at]);
                assert_ne!(LogPosition::EMPTY.extended(&altered).unwrap().head, head);
            }
        }
    }

    #[test]
    fn a_log_cut_back_or_rewritten_is_not_accepted() {
        let seen = LogPosition::EMPTY.extended(&entries()).unwrap();
        let shorter = LogPosition::EMPTY.extended(&entries()[..3]).unwrap();
        let other = LogPosition {
            head: ChainHead::from_bytes([9; 32]),
            ..seen
        };
        assert!(matches!(
            seen.accepts(shorter),
            Err(LogError::CutBack { seen: 4, now: 3 })
        ));
        assert!(matches!(
            seen.accepts(other),
            Err(LogError::WrongHead { entries: 4 })
        ));
        assert_eq!(seen.accepts(seen), Ok(()));
    }
}
