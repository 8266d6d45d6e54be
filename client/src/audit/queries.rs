//! Was a query allowed when it was asked? And what was asked so far, for the answers that follow.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use protocol::amount::NanoRho;
use protocol::documents::{Query, RefusalReason};
use protocol::ids::{CenterId, DocumentId, QuestionId, StudyName};
use protocol::log::LogEntry;

use super::Code;
use super::walk::Walk;
use crate::verify::{Basis, basis};

/// One query of the log.
pub(super) struct Asked {
    pub(super) entry: u64,
    pub(super) query: Query,
    /// The roster in force when it came, as a place in the history.
    pub(super) roster: Option<usize>,
    /// The study, if the query was allowed when it came.
    pub(super) study: Option<InStudy>,
    /// What the coordinator could not see; it counts once a center has answered.
    pub(super) fault: Option<(Code, String)>,
    pub(super) is_told: bool,
    pub(super) refused_by: BTreeSet<CenterId>,
    /// Centers whose word on it came before its deadline and its result.
    pub(super) in_time: BTreeSet<CenterId>,
    pub(super) result: Option<u64>,
}

/// What the audit needs of the study a query was asked in.
pub(super) struct InStudy {
    pub(super) name: StudyName,
    pub(super) rho_cap: NanoRho,
    pub(super) expires: Timestamp,
}

impl Asked {
    /// Whether centers may answer it, as far as documents say.
    pub(super) const fn may_be_answered(&self) -> bool {
        self.study.is_some() && self.fault.is_none()
    }
}

/// All queries so far.
#[derive(Default)]
pub(super) struct Questions {
    pub(super) asked: BTreeMap<DocumentId, Asked>,
    pub(super) by_question: BTreeMap<QuestionId, Vec<DocumentId>>,
    pub(super) answered: BTreeSet<QuestionId>,
}

impl Questions {
    /// Every query that asks this question.
    pub(super) fn of(&self, question: &QuestionId) -> impl Iterator<Item = &Asked> {
        let ids = self.by_question.get(question).into_iter().flatten();
        ids.filter_map(|id| self.asked.get(id))
    }

    /// ` in study first`, or nothing if it was not allowed in any.
    pub(super) fn study(&self, query: &DocumentId) -> String {
        let study = self.asked.get(query).and_then(|a| a.study.as_ref());
        study.map_or_else(String::new, |study| format!(" in study {}", study.name))
    }

    /// The same for the first query of a question.
    pub(super) fn study_of(&self, question: &QuestionId) -> String {
        let study = self.of(question).find_map(|asked| asked.study.as_ref());
        study.map_or_else(String::new, |study| format!(" in study {}", study.name))
    }
}

impl Walk<'_> {
    pub(super) fn query(&mut self, entry: &LogEntry, id: DocumentId) {
        let Some(query) = self.parsed::<Query>(entry) else {
            return;
        };
        self.saw(entry, query.log);
        let (study, fault) = match basis(&self.governance, &entry.envelope, entry.time) {
            Ok(Basis {
                study, template, ..
            }) => {
                let dictionary = self.terms.dictionary;
                let judged = self.templates.judge(&query.question, &template, dictionary);
                let study = InStudy {
                    name: study.name,
                    rho_cap: study.rho_cap,
                    expires: study.expires,
                };
                (Some(study), judged.fault.clone())
            }
            Err(reason) => {
                let (code, fault) = fault_of(reason);
                self.find(entry, code, fault);
                (None, None)
            }
        };
        let question = query.question.id();
        let asked = Asked {
            entry: entry.index,
            query,
            roster: self.history.newest_roster(),
            study,
            fault,
            is_told: false,
            refused_by: BTreeSet::new(),
            in_time: BTreeSet::new(),
            result: None,
        };
        self.questions.asked.insert(id, asked);
        let same = self.questions.by_question.entry(question).or_default();
        same.push(id);
    }
}

/// What the reason for which a node refuses says about a query that is in the log all the same.
const fn fault_of(reason: RefusalReason) -> (Code, &'static str) {
    match reason {
        RefusalReason::MalformedQuery => (Code::Malformed, "it cannot be read as a query"),
        RefusalReason::NoCharter => (Code::BeforeCharter, "no charter was in force when it came"),
        RefusalReason::NoRoster => (Code::QueryNotInForce, "no roster was in force when it came"),
        RefusalReason::StudyNotInForce => (
            Code::QueryNotInForce,
            "its study was not in force when it came, or a newer version had taken its place",
        ),
        RefusalReason::TemplateNotInForce => (
            Code::QueryNotInForce,
            "its template was not in force when it came",
        ),
        RefusalReason::Suspended => (
            Code::QuerySuspended,
            "the roster, its study or its template was suspended when it came",
        ),
        RefusalReason::Revoked => (
            Code::QueryRevoked,
            "the roster, its study or its template had been revoked when it came",
        ),
        RefusalReason::StudyExpired => (Code::QueryExpired, "its study had expired when it came"),
        RefusalReason::NotAResearcher => (
            Code::QueryNotAResearcher,
            "no researcher of its study has signed it, or it was altered",
        ),
        RefusalReason::TemplateNotInStudy => (
            Code::QueryTemplate,
            "its study does not name the template that it asks",
        ),
        RefusalReason::ParametersNotAllowed => (
            Code::QueryParameters,
            "it has more parameters, or longer ones, than any template allows",
        ),
        RefusalReason::RhoNotAllowed => (
            Code::QueryRho,
            "it asks for more rho than its study may spend",
        ),
        RefusalReason::DeadlineNotAllowed => (
            Code::QueryDeadline,
            "its deadline had passed when it came, or lay too far ahead",
        ),
        // What follows is never said of a query by what is in force, but by a node of itself.
        RefusalReason::CharterFork
        | RefusalReason::NotInRoster
        | RefusalReason::NoCurrency
        | RefusalReason::CurrencyExpired
        | RefusalReason::CurrencyMismatch
        | RefusalReason::NotInLog
        | RefusalReason::OtherLog
        | RefusalReason::TemplateNotUnderstood
        | RefusalReason::ModeNotAllowed
        | RefusalReason::PolicyRefuses
        | RefusalReason::ReviewBoard
        | RefusalReason::PersonRefuses
        | RefusalReason::NoLock
        | RefusalReason::ClockBehind
        | RefusalReason::NodeStopped
        | RefusalReason::OutOfBudget
        | RefusalReason::RateLimited
        | RefusalReason::Infrastructure => (Code::QueryNotInForce, reason.sentence()),
    }
}
