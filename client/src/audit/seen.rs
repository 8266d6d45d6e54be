//! Was a center allowed to answer, by what it had seen itself? An answer names the log that its node knew.

use jiff::Timestamp;
use protocol::documents::Answer;
use protocol::limits::CLOCK_SKEW_S;

use super::Code;
use super::history::{History, later};
use super::queries::{Asked, InStudy};

/// An answer for which a timekeeper must have vouched at some moment between these two.
pub(super) struct Waiting {
    pub(super) entry: u64,
    pub(super) what: String,
    /// How many entries its node had seen.
    pub(super) seen: u64,
    pub(super) earliest: Timestamp,
    pub(super) latest: Timestamp,
}

/// Why the node should not have given `answer` to the query `asked`, knowing what it says it had seen. The log shows neither when
/// it looked nor when it answered, only that it was not before the last entry seen nor after the answer came.
pub(super) fn fault_as_seen(
    history: &History,
    asked: &Asked,
    answer: &Answer,
    came: Timestamp,
) -> Option<(Code, String)> {
    let seen = answer.log.entries;
    let study = asked.study.as_ref()?;
    let is = |code, why: &str| Some((code, format!("{why} (its node had seen {seen} entries)")));
    if asked.entry >= seen {
        return is(
            Code::AnswerTooEarly,
            "its node had not seen the question in the log",
        );
    }
    if history.forked(seen) {
        return is(
            Code::AnswerAfterFork,
            "two charters succeed the same one, and nothing was in force any more",
        );
    }
    if withdrawn(history, asked, seen, came) {
        return is(
            Code::AnswerWithdrawn,
            "the roster, the study or the template had been suspended or revoked",
        );
    }
    if !is_listed(history, answer, asked, seen) {
        return is(
            Code::AnswerSuperseded,
            "the roster in force did not name the center any more, or with another key",
        );
    }
    if history.version_seen(&study.name, seen) != Some(asked.query.study) {
        return is(
            Code::AnswerSuperseded,
            "a newer version had taken the place of the study",
        );
    }
    if has_expired(history, study, seen) {
        return is(Code::AnswerExpired, "the study had expired");
    }
    None
}

fn withdrawn(history: &History, asked: &Asked, seen: u64, came: Timestamp) -> bool {
    let roster = history.roster_seen(seen).map(|roster| roster.id);
    let rests_on = [
        Some(asked.query.study),
        Some(asked.query.question.template),
        roster,
    ];
    let mut rests_on = rests_on.into_iter().flatten();
    rests_on.any(|id| history.withdrawn(&id, seen, came))
}

/// Whether the newest roster that the node knew names the center with the key of the roster it was asked under.
fn is_listed(history: &History, answer: &Answer, asked: &Asked, seen: u64) -> bool {
    let key = |place: Option<&protocol::documents::Roster>| {
        let center = place.and_then(|roster| roster.center(&answer.center));
        center.map(|center| center.signing_key)
    };
    let then = asked.roster.and_then(|at| history.roster_at(at));
    let newest = history.roster_seen(seen);
    let (then, newest) = (
        key(then.map(|r| &r.document)),
        key(newest.map(|r| &r.document)),
    );
    newest.is_some() && newest == then
}

fn has_expired(history: &History, study: &InStudy, seen: u64) -> bool {
    later(study.expires, CLOCK_SKEW_S) <= history.time_seen(seen)
}
