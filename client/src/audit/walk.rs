//! How is a log walked? Entry by entry, each judged by all that came before it.

use std::collections::{BTreeMap, BTreeSet};

use protocol::documents::{
    Answer, Charter, Currency, Decline, Enrolment, Query, QueryResult, Refusal, Revocation, Roster,
    Study, TemplateDocument,
};
use protocol::envelope::{Envelope, Payload};
use protocol::ids::DocumentId;
use protocol::keys::PublicKey;
use protocol::log::LogEntry;
use protocol::verify::Governance;
use ring::digest::{SHA256, digest};

use super::answers::Centers;
use super::history::History;
use super::positions::Positions;
use super::queries::Questions;
use super::template::Templates;
use super::{Code, Finding, Summary, Terms};

/// An audit under way.
pub(super) struct Walk<'a> {
    pub(super) entries: &'a [&'a LogEntry],
    pub(super) terms: &'a Terms<'a>,
    pub(super) governance: Governance,
    pub(super) history: History,
    pub(super) positions: Positions,
    pub(super) questions: Questions,
    pub(super) centers: Centers,
    pub(super) templates: Templates,
    pub(super) findings: Vec<Finding>,
    pub(super) summary: Summary,
    /// Whether the file showed every entry that it has, so that its end is the log's.
    pub(super) whole: bool,
    /// Where each document stands first.
    pub(super) places: BTreeMap<DocumentId, usize>,
    /// Who holds which key, for people.
    pub(super) names: BTreeMap<PublicKey, String>,
    /// Digests of all envelopes, signatures included.
    bytes: BTreeSet<Vec<u8>>,
}

/// The log cannot be followed any further.
pub(super) struct Broken;

/// What an entry says it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Charter,
    Roster,
    Template,
    Study,
    Revocation,
    Decline,
    Currency,
    Query,
    Answer,
    Refusal,
    Result,
    Enrolment,
    Unknown,
}

impl Kind {
    pub(super) fn of(envelope: &Envelope) -> Self {
        let kinds = [
            (Charter::TYPE, Self::Charter),
            (Roster::TYPE, Self::Roster),
            (TemplateDocument::TYPE, Self::Template),
            (Study::TYPE, Self::Study),
            (Revocation::TYPE, Self::Revocation),
            (Decline::TYPE, Self::Decline),
            (Currency::TYPE, Self::Currency),
            (Query::TYPE, Self::Query),
            (Answer::TYPE, Self::Answer),
            (Refusal::TYPE, Self::Refusal),
            (QueryResult::TYPE, Self::Result),
            (Enrolment::TYPE, Self::Enrolment),
        ];
        let mut kinds = kinds.into_iter();
        let found = kinds.find(|(name, _)| *name == envelope.payload_type);
        found.map_or(Self::Unknown, |(_, kind)| kind)
    }

    /// Documents whose signatures come one by one may stand in the log again with more of them.
    const fn may_return(self) -> bool {
        match self {
            Self::Charter | Self::Roster | Self::Template | Self::Study | Self::Revocation => true,
            Self::Decline
            | Self::Currency
            | Self::Query
            | Self::Answer
            | Self::Refusal
            | Self::Result
            | Self::Enrolment
            | Self::Unknown => false,
        }
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        entries: &'a [&'a LogEntry],
        governance: Governance,
        terms: &'a Terms<'a>,
        findings: Vec<Finding>,
    ) -> Self {
        let torn = |f: &Finding| matches!(f.code, Code::EntryMissing | Code::UnreadableLine);
        Self {
            entries,
            terms,
            governance,
            history: History::default(),
            positions: Positions::default(),
            questions: Questions::default(),
            centers: Centers::default(),
            templates: Templates::default(),
            whole: !findings.iter().any(torn),
            findings,
            summary: Summary::default(),
            places: BTreeMap::new(),
            names: BTreeMap::new(),
            bytes: BTreeSet::new(),
        }
    }

    /// Judges the next entry.
    pub(super) fn step(&mut self, entry: &LogEntry) -> Result<(), Broken> {
        self.follows(entry)?;
        self.history.came(entry);
        let (kind, id) = (Kind::of(&entry.envelope), entry.envelope.id());
        let repeated = self.is_repeated(kind, entry, id);
        self.places
            .entry(id)
            .or_insert(usize::try_from(entry.index).unwrap_or(usize::MAX));
        if repeated {
            self.find(
                entry,
                Code::Repeated,
                "it stands in the log already, and is there once in an honest log",
            );
            return self.governance.take(entry).map(drop).map_err(|_| Broken);
        }
        match kind {
            Kind::Charter
            | Kind::Roster
            | Kind::Template
            | Kind::Study
            | Kind::Revocation
            | Kind::Decline
            | Kind::Currency => return self.govern(kind, entry),
            Kind::Query => self.query(entry, id),
            Kind::Answer => self.answer(entry),
            Kind::Refusal => self.refusal(entry),
            Kind::Result => self.result(entry),
            Kind::Enrolment => self.enrolment(entry),
            Kind::Unknown => self.find(
                entry,
                Code::UnknownKind,
                format!(
                    "{:?} is no document of the log",
                    entry.envelope.payload_type
                ),
            ),
        }
        self.governance.take(entry).map(drop).map_err(|_| Broken)
    }

    fn follows(&mut self, entry: &LogEntry) -> Result<(), Broken> {
        let last = self.governance.chain().last_time();
        let Some(last) = last.filter(|last| entry.time < *last) else {
            return Ok(());
        };
        let rest = self.entries.len() as u64 - entry.index - 1;
        let fault = format!(
            "it is dated {}, before the entry that it follows ({last}): the two were reordered or one was altered; the {rest} entries \
             behind it could not be checked",
            entry.time
        );
        self.find(entry, Code::TimeBack, fault);
        self.whole = false;
        Err(Broken)
    }

    fn is_repeated(&mut self, kind: Kind, entry: &LogEntry, id: DocumentId) -> bool {
        if kind.may_return() {
            let bytes = digest(&SHA256, &entry.envelope.to_json());
            !self.bytes.insert(bytes.as_ref().to_vec())
        } else {
            self.places.contains_key(&id)
        }
    }

    fn enrolment(&mut self, entry: &LogEntry) {
        let Some(enrolment) = self.parsed::<Enrolment>(entry) else {
            return;
        };
        self.saw(entry, enrolment.log);
        let key = enrolment.signing_key;
        if entry.envelope.signers(&[key].into()).is_empty() {
            self.find(
                entry,
                Code::NoSignature,
                "it is not signed with the key that it enrols",
            );
        } else {
            self.names.insert(key, enrolment.id.clone());
        }
        if let Err(error) = enrolment.check() {
            self.find(entry, Code::NotValid, error);
        }
        if self
            .governance
            .charter()
            .is_some_and(|c| c.network != enrolment.network)
        {
            self.find(entry, Code::OtherNetwork, "it enrols in another network");
        }
    }

    /// The payload, or a finding.
    pub(super) fn parsed<P: Payload>(&mut self, entry: &LogEntry) -> Option<P> {
        let parsed = entry.envelope.parse_unverified::<P>();
        parsed
            .map_err(|error| self.find(entry, Code::Malformed, error))
            .ok()
    }

    /// Notes which log the author of `entry` saw; whether it is this one.
    pub(super) fn saw(&mut self, entry: &LogEntry, log: protocol::log::LogPosition) -> bool {
        let what = || what(&self.governance, &self.questions, &entry.envelope);
        let chain = self.governance.chain();
        self.positions.note(chain, entry.index, log, what)
    }

    /// Keeps a finding about `entry`.
    pub(super) fn find(&mut self, entry: &LogEntry, code: Code, fault: impl std::fmt::Display) {
        let what = what(&self.governance, &self.questions, &entry.envelope);
        self.findings
            .push(Finding::at(entry.index, code, &what, fault));
    }
}

/// What an entry is, for people: its kind, its center, its study.
pub(super) fn what(governance: &Governance, questions: &Questions, envelope: &Envelope) -> String {
    let short = envelope.id().short();
    named(governance, questions, envelope).unwrap_or_else(|| format!("document {short}"))
}

fn named(governance: &Governance, questions: &Questions, envelope: &Envelope) -> Option<String> {
    let id = envelope.id().short();
    let words = match Kind::of(envelope) {
        Kind::Charter => {
            let version = envelope.parse_unverified::<Charter>().ok()?.version;
            format!("charter {id} version {version}")
        }
        Kind::Roster => {
            let version = envelope.parse_unverified::<Roster>().ok()?.version;
            format!("roster {id} version {version}")
        }
        Kind::Template => format!("template {id}"),
        Kind::Study => {
            let study: Study = envelope.parse_unverified().ok()?;
            format!("study {} version {}", study.name, study.version)
        }
        Kind::Revocation => {
            let of: Revocation = envelope.parse_unverified().ok()?;
            format!("revocation of {}", of.document.short())
        }
        Kind::Decline => {
            let of: Decline = envelope.parse_unverified().ok()?;
            format!("decline of {}", of.document.short())
        }
        Kind::Currency => format!("currency {id}"),
        Kind::Query => {
            let query: Query = envelope.parse_unverified().ok()?;
            let study = governance.past_study(&query.study);
            let short = query.study.short();
            format!(
                "query {id} in study {}",
                study.map_or(short.as_str(), |study| study.name.as_str())
            )
        }
        Kind::Answer => {
            let answer: Answer = envelope.parse_unverified().ok()?;
            let study = questions.study_of(&answer.question);
            let question = answer.question.short();
            format!("answer of {} to question {question}{study}", answer.center)
        }
        Kind::Refusal => {
            let of: Refusal = envelope.parse_unverified().ok()?;
            let study = questions.study(&of.query);
            format!(
                "refusal of {} of query {}{study}",
                of.center,
                of.query.short()
            )
        }
        Kind::Result => {
            let of: QueryResult = envelope.parse_unverified().ok()?;
            let study = questions.study(&of.query);
            format!("result of query {}{study}", of.query.short())
        }
        Kind::Enrolment => {
            let enrolment: Enrolment = envelope.parse_unverified().ok()?;
            format!("enrolment of {}", enrolment.id)
        }
        Kind::Unknown => return None,
    };
    Some(words)
}
