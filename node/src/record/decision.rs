//! What does a person say to a query, and which queries wait for it?

use std::fmt;

use jiff::Timestamp;
use protocol::ids::DocumentId;
use rusqlite::Connection;

use super::entry::Kind;
use super::error::RecordError;
use super::{Record, append, moment, store};

/// Characters of the name of who decided.
pub const BY_CHARS_MAX: usize = 64;

/// Characters of the note beside a decision.
pub const NOTE_CHARS_MAX: usize = 1000;

/// What a person says to a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be answered.
    Approve,
    /// It is refused.
    Refuse,
}

/// A person's decision, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub verdict: Verdict,
    /// Who.
    pub by: String,
    /// Why.
    pub note: String,
    /// When, to the second.
    pub at: Timestamp,
}

impl Record {
    /// Writes down a person's decision on a query that waits for one. The same decision again adds nothing.
    ///
    /// # Errors
    /// The query does not wait, was decided otherwise before, a text is too long, or the file could not be written.
    pub fn decide(
        &self,
        query: DocumentId,
        verdict: Verdict,
        by: &str,
        note: &str,
        now: Timestamp,
    ) -> Result<(), RecordError> {
        at_most("the name of who decides", by, BY_CHARS_MAX)?;
        at_most("the note", note, NOTE_CHARS_MAX)?;
        self.write(|connection| {
            if let Some(before) = decision(connection, query)? {
                let decided = before.verdict;
                return if decided == verdict {
                    Ok(())
                } else {
                    Err(RecordError::Decided { query, decided })
                };
            }
            let waits = awaiting(connection)?.iter().any(|(id, _)| *id == query);
            if !waits {
                return Err(RecordError::NotAwaiting(query));
            }
            let (by, note) = (by.to_owned(), note.to_owned());
            let kind = match verdict {
                Verdict::Approve => Kind::Approved { query, by, note },
                Verdict::Refuse => Kind::RefusedByPerson { query, by, note },
            };
            append(connection, kind, None, now)
        })
    }

    /// What a person decided on a query, if one did.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn decision(&self, query: DocumentId) -> Result<Option<Decided>, RecordError> {
        decision(&self.lock(), query)
    }

    /// The queries that wait for a person, oldest first, with the second in which that was reported. Their deadlines
    /// stand in the queries: one that has passed waits in vain.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn awaiting(&self) -> Result<Vec<(DocumentId, Timestamp)>, RecordError> {
        awaiting(&self.lock())
    }

    /// Whether it was ever reported that a query waits for a person: then only a person's decision lets an answer leave,
    /// whatever the policy says by now.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn was_awaiting(&self, query: DocumentId) -> Result<bool, RecordError> {
        store::holds(&self.lock(), &Kind::Awaiting { query })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approve => "approved",
            Self::Refuse => "refused",
        })
    }
}

/// An answer leaves unless a person was asked and has not approved.
pub(super) fn may_be_answered(
    connection: &Connection,
    query: DocumentId,
) -> Result<(), RecordError> {
    match decision(connection, query)?.map(|decided| decided.verdict) {
        Some(Verdict::Refuse) => Err(RecordError::NotApproved(query)),
        None if store::holds(connection, &Kind::Awaiting { query })? => {
            Err(RecordError::NotApproved(query))
        }
        Some(Verdict::Approve) | None => Ok(()),
    }
}

fn decision(connection: &Connection, query: DocumentId) -> Result<Option<Decided>, RecordError> {
    let Some(entry) = store::decided(connection, query)? else {
        return Ok(None);
    };
    let at = moment(entry.seq, entry.at_s)?;
    Ok(match entry.kind {
        Kind::Approved { by, note, .. } => Some((Verdict::Approve, by, note)),
        Kind::RefusedByPerson { by, note, .. } => Some((Verdict::Refuse, by, note)),
        Kind::Begun
        | Kind::Policy { .. }
        | Kind::Charter { .. }
        | Kind::Awaiting { .. }
        | Kind::Answer { .. }
        | Kind::Refusal { .. }
        | Kind::Request { .. }
        | Kind::Currency { .. } => None,
    }
    .map(|(verdict, by, note)| Decided {
        verdict,
        by,
        note,
        at,
    }))
}

fn awaiting(connection: &Connection) -> Result<Vec<(DocumentId, Timestamp)>, RecordError> {
    let waiting = store::awaiting(connection)?;
    waiting
        .into_iter()
        .map(|(seq, query, at_s)| {
            let query = query
                .parse()
                .map_err(|_| RecordError::ChainBroken { seq })?;
            Ok((query, moment(seq, at_s)?))
        })
        .collect()
}

fn at_most(what: &'static str, text: &str, chars_max: usize) -> Result<(), RecordError> {
    if text.chars().count() <= chars_max {
        Ok(())
    } else {
        Err(RecordError::TooLong { what, chars_max })
    }
}
