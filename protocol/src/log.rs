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
    fn altering_any_part_of_any_entry_changes_the_head() {
        let head = LogPosition::EMPTY.extended(&entries()).unwrap().head;
        let changes: [fn(&mut LogEntry); 3] = [
            |e| e.time = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1),
            |e| e.envelope.payload = "AAAA".into(),
            |e| {
                e.envelope.signatures.push(crate::envelope::Signature {
                    keyid: String::new(),
                    sig: String::new(),
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
