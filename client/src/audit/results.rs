//! Does a published result say what the centers signed, once, and neither too early nor with a word left out?

use std::collections::BTreeMap;

use protocol::documents::{CenterEnding, QueryResult};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::log::{LogEntry, LogPosition};

use super::Code;
use super::answers::{WHOLE_SECOND_S, is_word};
use super::history::later;
use super::queries::Asked;
use super::walk::Walk;
use crate::verify::{Papers, Published, VerifyError, published};

/// The log as the place where a result's documents stand.
struct Logged<'a> {
    entries: &'a [&'a LogEntry],
    places: &'a BTreeMap<DocumentId, usize>,
}

impl Papers for Logged<'_> {
    fn paper(&self, id: &DocumentId) -> Option<&Envelope> {
        let entry = self.entries.get(self.place_of(id)?)?;
        Some(&entry.envelope).filter(|envelope| is_word(envelope))
    }

    fn place_of(&self, id: &DocumentId) -> Option<usize> {
        self.places.get(id).copied()
    }

    fn contains(&self, _position: LogPosition) -> bool {
        // Every position was held against the log where its document stands.
        true
    }
}

impl Walk<'_> {
    pub(super) fn result(&mut self, entry: &LogEntry) {
        let Some(result) = self.parsed::<QueryResult>(entry) else {
            return;
        };
        self.saw(entry, result.log);
        self.summary.results += 1;
        let Some(asked) = self.questions.asked.get_mut(&result.query) else {
            let why = "its query is not in the log before it";
            return self.find(entry, Code::ResultUnasked, why);
        };
        if let Some(first) = asked.result {
            let why = format!("the coordinator published one at entry {first} already");
            return self.find(entry, Code::ResultPublishedTwice, why);
        }
        asked.result = Some(entry.index);
        let found = self.judge_result(entry, &result);
        if let Some((code, why)) = found {
            self.find(entry, code, why);
        }
    }

    fn judge_result(&self, entry: &LogEntry, result: &QueryResult) -> Option<(Code, String)> {
        let asked = self.questions.asked.get(&result.query)?;
        let roster = asked.roster.and_then(|at| self.history.roster_at(at));
        let Some(roster) = roster else {
            let why = "no roster was in force when its query came";
            return Some((Code::ResultUnasked, why.to_owned()));
        };
        let against = Published {
            query_id: result.query,
            query: &asked.query,
            roster,
            place: usize::try_from(entry.index).ok()?,
        };
        let papers = Logged {
            entries: self.entries,
            places: &self.places,
        };
        match published(against, &entry.envelope, &papers) {
            Ok(_) => late(asked, entry, result),
            Err(error) => Some((code_of(&error), error.fault())),
        }
    }
}

/// Whether a center that is called late was: its word had not come, and the deadline had.
fn late(asked: &Asked, entry: &LogEntry, result: &QueryResult) -> Option<(Code, String)> {
    let late = |end: &&protocol::documents::CenterEnd| end.ending == CenterEnding::Late;
    let mut late = result.centers.iter().filter(late).peekable();
    if let Some(end) = late.peek()
        && later(entry.time, WHOLE_SECOND_S) < asked.query.deadline
    {
        let why = format!(
            "it calls {} late before the deadline of {}",
            end.center, asked.query.deadline
        );
        return Some((Code::ResultEarly, why));
    }
    let mut withheld = late.filter(|end| asked.in_time.contains(&end.center));
    withheld.next().map(|end| {
        let why = format!(
            "it calls {} late, whose signed word stands before it in the log and came in time",
            end.center
        );
        (Code::ResultWithholds, why)
    })
}

const fn code_of(error: &VerifyError) -> Code {
    match error {
        VerifyError::Document { .. } => Code::ResultSignature,
        VerifyError::NotInLog(_) => Code::ResultNotInLog,
        VerifyError::PublishedTwice => Code::ResultPublishedTwice,
        VerifyError::OtherLog(_) => Code::OtherLog,
        VerifyError::NotInForce(_) | VerifyError::NotAllowed(_) => Code::ResultUnasked,
        VerifyError::Mismatch(_) | VerifyError::OtherPlan => Code::ResultMismatch,
    }
}
