//! What does one row of the ledger say, and how is it chained to the one before?

use protocol::amount::NanoRho;
use protocol::ids::{ChainHead, DocumentId, PersonId, QuestionId};
use ring::digest::{Context, SHA256};

use super::decision::PastCharge;

/// Tells a ledger's hashes from all others.
const DOMAIN: &[u8] = b"cartally ledger entry, version 1";

/// One row, as it is hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// 1, 2, 3, …
    pub seq: i64,
    /// When, in seconds since 1970-01-01 UTC.
    pub at_s: i64,
    /// What was spent, in billionths of rho.
    pub cost: NanoRho,
    /// For what.
    pub kind: Kind,
}

/// Why something was spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A question was charged.
    Charge {
        /// The question.
        question: QuestionId,
        /// Which attempt at it.
        attempt: u32,
        /// The study in which it was asked first.
        study: DocumentId,
        /// Who asked first.
        researcher: PersonId,
    },
    /// The file came back from a backup; the cost is what was lost, as the first `log_entries` of the common log say.
    Restored {
        /// Entries of the common log that the operator looked at.
        log_entries: u64,
    },
}

impl Entry {
    /// The head of the chain after this row: SHA-256 over the head before it and every field, each with its length.
    pub(super) fn head_after(&self, before: ChainHead) -> ChainHead {
        let mut hash = Context::new(&SHA256);
        let mut field = |bytes: &[u8]| {
            hash.update(&(bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        field(DOMAIN);
        field(before.as_bytes());
        field(&self.seq.to_be_bytes());
        field(&self.at_s.to_be_bytes());
        field(&self.cost.nano().to_be_bytes());
        match &self.kind {
            Kind::Charge {
                question,
                attempt,
                study,
                researcher,
            } => {
                field(b"charge");
                field(question.as_bytes());
                field(&attempt.to_be_bytes());
                field(study.as_bytes());
                field(researcher.as_str().as_bytes());
            }
            Kind::Restored { log_entries } => {
                field(b"restored");
                field(&log_entries.to_be_bytes());
            }
        }
        let mut head = [0; 32];
        head.copy_from_slice(hash.finish().as_ref());
        ChainHead::from_bytes(head)
    }

    /// Whether this row charged `question`.
    pub(super) fn is_for(&self, question: QuestionId) -> bool {
        match &self.kind {
            Kind::Charge {
                question: charged, ..
            } => *charged == question,
            Kind::Restored { .. } => false,
        }
    }

    /// Entries of the common log that this row accounts for, whatever the ledger's heads say.
    pub(crate) const fn looked_at(&self) -> u64 {
        match &self.kind {
            Kind::Charge { .. } => 0,
            Kind::Restored { log_entries } => *log_entries,
        }
    }

    /// What the caps need to know of this row.
    pub(crate) fn spent(&self) -> PastCharge {
        let asked_by = match &self.kind {
            Kind::Charge {
                study, researcher, ..
            } => Some((*study, researcher.clone())),
            Kind::Restored { .. } => None,
        };
        PastCharge {
            at_s: self.at_s,
            asked_by,
            cost: self.cost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            seq: 1,
            at_s: 5,
            cost: NanoRho::from_nano(7),
            kind: Kind::Charge {
                question: QuestionId::from_bytes([1; 32]),
                attempt: 0,
                study: DocumentId::from_bytes([2; 32]),
                researcher: "kim".parse().unwrap(),
            },
        }
    }

    #[test]
    fn the_head_depends_on_every_field_and_on_the_head_before() {
        let plain = entry().head_after(ChainHead::EMPTY);
        let mut others = vec![entry().head_after(plain)];
        others.push(Entry { seq: 2, ..entry() }.head_after(ChainHead::EMPTY));
        others.push(Entry { at_s: 6, ..entry() }.head_after(ChainHead::EMPTY));
        others.push(
            Entry {
                cost: NanoRho::from_nano(8),
                ..entry()
            }
            .head_after(ChainHead::EMPTY),
        );
        others.push(
            Entry {
                kind: Kind::Restored { log_entries: 0 },
                ..entry()
            }
            .head_after(ChainHead::EMPTY),
        );
        let changed = |question, attempt, study, researcher: &str| Entry {
            kind: Kind::Charge {
                question: QuestionId::from_bytes([question; 32]),
                attempt,
                study: DocumentId::from_bytes([study; 32]),
                researcher: researcher.parse().unwrap(),
            },
            ..entry()
        };
        others.push(changed(9, 0, 2, "kim").head_after(ChainHead::EMPTY));
        others.push(changed(1, 1, 2, "kim").head_after(ChainHead::EMPTY));
        others.push(changed(1, 0, 9, "kim").head_after(ChainHead::EMPTY));
        others.push(changed(1, 0, 2, "kin").head_after(ChainHead::EMPTY));
        assert!(others.iter().all(|head| *head != plain));
        assert_eq!(changed(1, 0, 2, "kim").head_after(ChainHead::EMPTY), plain);
    }
}
