//! Was an answer asked for, by whom it came, within what was asked? And refusals, which say least.

use std::collections::BTreeMap;

use jiff::Timestamp;
use protocol::amount::NanoRho;
use protocol::documents::{Answer, Refusal, RosterCenter};
use protocol::envelope::Envelope;
use protocol::ids::{CenterId, ChainHead, DocumentId, QuestionId};
use protocol::limits::{CELLS_MAX, PARTS_MAX};
use protocol::log::LogEntry;

use super::history::later;
use super::queries::Asked;
use super::seen::{Waiting, fault_as_seen};
use super::spending::Spending;
use super::walk::Walk;
use super::{Code, Finding};
use crate::verify::{WordFault, answer_of, refusal_of};

/// The coordinator keeps deadlines to the microsecond, documents write them finer: what differs by less counts as the same time.
pub(super) const WHOLE_SECOND_S: i64 = 1;

/// What the centers have said so far.
#[derive(Default)]
pub(super) struct Centers {
    /// The entry of each center's answer to each question.
    answers: BTreeMap<(CenterId, QuestionId), u64>,
    /// The entry of the answer that named this head of the center's ledger.
    ledger_heads: BTreeMap<(CenterId, ChainHead), u64>,
    pub(super) spending: Spending,
    /// Answers that need a timekeeper's word, which may come later in the log than they.
    pub(super) waiting: Vec<Waiting>,
}

type Fault = (Code, String);

fn fault(code: Code, what: impl Into<String>) -> Fault {
    (code, what.into())
}

impl Walk<'_> {
    pub(super) fn answer(&mut self, entry: &LogEntry) {
        let Some(answer) = self.parsed::<Answer>(entry) else {
            return;
        };
        let on_log = self.saw(entry, answer.log);
        match self.speaker(entry, &answer) {
            Ok(faults) => self.find_all(entry, faults),
            Err(fault) => return self.find_all(entry, [fault]),
        }
        let rho = self.questions.of(&answer.question).next();
        let rho = rho.map_or(NanoRho::ZERO, |asked| asked.query.question.rho);
        let faults = limits(&answer, rho, self.shape_of(&answer));
        self.find_all(entry, faults);
        let faults = self.centers.remember(&answer, entry.index);
        self.find_all(entry, faults);
        self.tell_unfit_queries(&answer, entry.index);
        if on_log {
            let fault = self.as_seen(&answer, entry);
            self.find_all(entry, fault);
        }
        // Of whom it is unknown which log it saw, it is not claimed that it had not seen this one.
        let seen = if on_log {
            answer.log.entries
        } else {
            entry.index
        };
        self.count(&answer, entry, seen);
    }

    /// Whether the center that the answer names may speak and signed it: nothing is counted where not.
    fn speaker(&self, entry: &LogEntry, answer: &Answer) -> Result<Vec<Fault>, Fault> {
        let mut asked = self.questions.of(&answer.question).peekable();
        let Some(first) = asked.peek() else {
            let none = "nobody had asked this question before";
            return Err(fault(Code::AnswerUnasked, none));
        };
        let lock_date = first.query.question.lock_date;
        let mut rosters: Vec<usize> = asked.filter_map(|asked| asked.roster).collect();
        rosters.dedup();
        let listed = self.listed(&answer.center, &rosters);
        if listed.is_empty() {
            return Err(not_in_roster());
        }
        let words = listed.iter().map(|center| {
            (
                *center,
                answer_of(&entry.envelope, center, answer.question, lock_date),
            )
        });
        let mut refused = None;
        for (center, word) in words {
            match word {
                Ok(_) => return Ok(still_valid(center, entry.time).into_iter().collect()),
                // Its own center's word all the same: it counts, and is wrong.
                Err(WordFault::LaterLock) => return Ok(vec![later_lock(answer)]),
                Err(WordFault::Signature(error)) => {
                    refused = Some(fault(Code::NoSignature, error.to_string()));
                }
                Err(WordFault::OtherCenter | WordFault::OtherQuestion) => {}
            }
        }
        Err(refused.unwrap_or_else(not_in_roster))
    }

    /// The entries of a center in some rosters.
    fn listed(&self, center: &CenterId, rosters: &[usize]) -> Vec<&RosterCenter> {
        let rosters = rosters.iter().filter_map(|at| self.history.roster_at(*at));
        rosters
            .filter_map(|roster| roster.document.center(center))
            .collect()
    }

    /// How many numbers an answer has, where this program reads the question as its center did.
    fn shape_of(&self, answer: &Answer) -> Option<&[usize]> {
        let (plan, lengths) = self.templates.judged(&answer.question)?.shape.as_ref()?;
        (plan == &answer.plan).then_some(lengths)
    }

    /// An answer makes the faults count that only nodes can see in a query, unless it was asked rightly too.
    fn tell_unfit_queries(&mut self, answer: &Answer, entry: u64) {
        if self
            .questions
            .of(&answer.question)
            .any(Asked::may_be_answered)
        {
            return;
        }
        let ids = self.questions.by_question.get(&answer.question);
        for id in ids.cloned().unwrap_or_default() {
            let Some(asked) = self.questions.asked.get_mut(&id) else {
                continue;
            };
            if asked.is_told {
                continue;
            }
            asked.is_told = true;
            let at = asked.entry;
            let Some((code, why)) = asked.fault.clone() else {
                continue;
            };
            let study = self.questions.study(&id);
            let what = format!("query {}{study}", id.short());
            let why = format!("{why}; yet {} answered it (entry {entry})", answer.center);
            self.findings.push(Finding::at(at, code, &what, why));
        }
    }

    /// What the node knew when it answered, for the query that lets it off best.
    fn as_seen(&self, answer: &Answer, entry: &LogEntry) -> Option<Fault> {
        let mut least = None;
        let asked = self.questions.of(&answer.question);
        for asked in asked.filter(|asked| asked.may_be_answered()) {
            match fault_as_seen(&self.history, asked, answer, entry.time) {
                None => return None,
                Some(found) => least = least.or(Some(found)),
            }
        }
        least
    }

    fn count(&mut self, answer: &Answer, entry: &LogEntry, seen: u64) {
        let study = self.questions.study_of(&answer.question);
        self.centers.waiting.push(Waiting {
            entry: entry.index,
            what: format!(
                "answer of {} to question {}{study}",
                answer.center,
                answer.question.short()
            ),
            seen,
            earliest: self.history.time_seen(answer.log.entries),
            latest: entry.time,
        });
        let asked = self.questions.of(&answer.question);
        let overspent = self.centers.spending.add(answer, asked, entry.time);
        self.find_all(entry, overspent);
        self.summary.answers += 1;
        self.questions.answered.insert(answer.question);
        let queries = self.questions.by_question.get(&answer.question);
        if let Some([only]) = queries.map(Vec::as_slice) {
            let only = *only;
            self.came_in_time(only, &answer.center, entry.time);
        }
    }

    pub(super) fn refusal(&mut self, entry: &LogEntry) {
        let Some(refusal) = self.parsed::<Refusal>(entry) else {
            return;
        };
        self.saw(entry, refusal.log);
        match self.refused(entry, &refusal) {
            Ok(faults) => self.find_all(entry, faults),
            Err(fault) => return self.find_all(entry, [fault]),
        }
        self.summary.refusals += 1;
        if let Some(asked) = self.questions.asked.get_mut(&refusal.query) {
            asked.refused_by.insert(refusal.center.clone());
        }
        self.came_in_time(refusal.query, &refusal.center, entry.time);
    }

    fn refused(&self, entry: &LogEntry, refusal: &Refusal) -> Result<Option<Fault>, Fault> {
        let asked = self.questions.asked.get(&refusal.query).ok_or_else(|| {
            fault(
                Code::RefusalUnasked,
                "the query that it refuses is not in the log before it",
            )
        })?;
        let rosters: Vec<usize> = asked.roster.into_iter().collect();
        let listed = self.listed(&refusal.center, &rosters);
        let center = listed.first().ok_or_else(not_in_roster)?;
        match refusal_of(&entry.envelope, center, refusal.query) {
            Ok(_) => Ok(still_valid(center, entry.time)),
            Err(WordFault::Signature(error)) => Err(fault(Code::NoSignature, error.to_string())),
            Err(WordFault::OtherCenter | WordFault::OtherQuestion | WordFault::LaterLock) => {
                Err(not_in_roster())
            }
        }
    }

    /// A center's word that came before deadline and result belongs into that result.
    fn came_in_time(&mut self, query: DocumentId, center: &CenterId, came: Timestamp) {
        if let Some(asked) = self.questions.asked.get_mut(&query)
            && asked.result.is_none()
            && later(came, WHOLE_SECOND_S) < asked.query.deadline
        {
            asked.in_time.insert(center.clone());
        }
    }

    fn find_all(&mut self, entry: &LogEntry, faults: impl IntoIterator<Item = Fault>) {
        for (code, why) in faults {
            self.find(entry, code, why);
        }
    }
}

impl Centers {
    /// A center answers a question once, and every answer moves its ledger.
    fn remember(&mut self, answer: &Answer, entry: u64) -> Vec<Fault> {
        let mut faults = Vec::new();
        let question = (answer.center.clone(), answer.question);
        if let Some(first) = self.answers.insert(question, entry) {
            let why = format!("the center gave another answer to this question at entry {first}");
            faults.push(fault(Code::AnsweredTwice, why));
        }
        if answer.ledger_head == ChainHead::EMPTY {
            let why = "it names a ledger without any charge";
            faults.push(fault(Code::LedgerRolledBack, why));
            return faults;
        }
        let head = (answer.center.clone(), answer.ledger_head);
        if let Some(first) = self.ledger_heads.insert(head, entry) {
            let why = format!(
                "it names the same ledger head as the center's answer at entry {first}: the ledger was rolled back"
            );
            faults.push(fault(Code::LedgerRolledBack, why));
        }
        faults
    }
}

/// Cost and size, by the answer alone and its question.
fn limits(answer: &Answer, rho: NanoRho, shape: Option<&[usize]>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if answer.cost == NanoRho::ZERO {
        faults.push(fault(
            Code::AnswerCost,
            "it cost nothing, which no noise is worth",
        ));
    }
    if answer.cost > rho {
        let why = format!("it cost rho {}, and its question allows {rho}", answer.cost);
        faults.push(fault(Code::AnswerCost, why));
    }
    let lengths: Vec<usize> = answer.parts.iter().map(Vec::len).collect();
    let fits = lengths.len() <= PARTS_MAX && lengths.iter().all(|cells| *cells <= CELLS_MAX);
    if !fits {
        let why =
            format!("it has more than {PARTS_MAX} parts, or more than {CELLS_MAX} numbers in one");
        faults.push(fault(Code::AnswerSize, why));
    } else if shape.is_some_and(|shape| shape != lengths) {
        let why = "it has another number of cells than its question";
        faults.push(fault(Code::AnswerSize, why));
    }
    faults
}

fn not_in_roster() -> Fault {
    fault(
        Code::AnswerNotInRoster,
        "the roster under which it was asked does not name this center",
    )
}

fn later_lock(answer: &Answer) -> Fault {
    let why = format!(
        "it was made on the lock of {}, later than asked",
        answer.lock_date
    );
    fault(Code::AnswerLockDate, why)
}

fn still_valid(center: &RosterCenter, came: Timestamp) -> Option<Fault> {
    (center.valid_until <= came).then(|| {
        let why = format!(
            "the center's place in the roster ended {}",
            center.valid_until
        );
        fault(Code::AnswerNotInRoster, why)
    })
}

/// Whether a document with this id was signed as an answer or refusal.
pub(super) fn is_word(envelope: &Envelope) -> bool {
    envelope.is::<Answer>() || envelope.is::<Refusal>()
}
