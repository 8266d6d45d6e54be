//! What did the audit find? Findings, one sentence each, and what the log holds.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use protocol::amount::NanoRho;
use protocol::ids::CenterId;
use protocol::log::LogPosition;

use super::Code;

/// Findings that are shown; a log that was altered early has one for each later document.
pub const FINDINGS_SHOWN_MAX: usize = 100;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The log entry that it is about; none where it is about the log as a whole.
    pub entry: Option<u64>,
    /// What kind of fault it is.
    pub code: Code,
    /// What is wrong: entry, kind of document, center or study.
    pub sentence: String,
}

impl Finding {
    pub(crate) fn whole(code: Code, sentence: impl Into<String>) -> Self {
        Self {
            entry: None,
            code,
            sentence: sentence.into(),
        }
    }

    pub(crate) fn at(entry: u64, code: Code, what: &str, fault: impl fmt::Display) -> Self {
        Self {
            entry: Some(entry),
            code,
            sentence: format!("entry {entry}, {what}: {fault}"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.code, self.sentence)
    }
}

/// Everything that an audit found.
#[derive(Debug, Clone)]
pub struct Report {
    /// What is wrong: first what concerns the log as a whole, then by entry. Empty if nothing is.
    pub findings: Vec<Finding>,
    /// What the log holds, as far as it could be read.
    pub summary: Summary,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn passes(&self) -> bool {
        self.findings.is_empty()
    }
}

/// What a log holds.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// How far the log reaches, of what could be checked.
    pub log: Option<LogPosition>,
    /// When its last entry came.
    pub until: Option<Timestamp>,
    /// Until where a head signed by the coordinator vouches for it.
    pub signed_head: Option<u64>,
    /// Charters that are or were in force.
    pub charters: usize,
    /// Centers of the roster in force.
    pub centers: usize,
    /// Templates in force at the end.
    pub templates: usize,
    /// Studies in force at the end.
    pub studies: usize,
    /// Revocations: documents suspended or revoked.
    pub revocations: usize,
    /// Queries.
    pub queries: usize,
    /// Different questions among them.
    pub questions: usize,
    /// Questions that at least one center answered.
    pub questions_answered: usize,
    /// Queries that no center may answer, and none did.
    pub not_allowed: usize,
    /// Answers of all centers.
    pub answers: usize,
    /// Refusals of all centers.
    pub refusals: usize,
    /// Published results.
    pub results: usize,
    /// What each center's answers cost.
    pub spent: BTreeMap<CenterId, Spent>,
    /// The last timekeeper who vouched for the log: a name or key, and until when that counts.
    pub vouched: Option<(String, Timestamp)>,
}

/// What the answers of one center cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    /// By the calendar year (UTC) of the log entry.
    pub years: BTreeMap<i16, NanoRho>,
    /// Altogether.
    pub lifetime: NanoRho,
}

impl Spent {
    pub(super) fn add(&mut self, year: i16, cost: NanoRho) {
        let of_year = self.years.entry(year).or_default();
        *of_year = of_year.plus(cost);
        self.lifetime = self.lifetime.plus(cost);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.findings.iter().take(FINDINGS_SHOWN_MAX) {
            writeln!(f, "{finding}")?;
        }
        let more = self.findings.len().saturating_sub(FINDINGS_SHOWN_MAX);
        if more > 0 {
            writeln!(f, "and {more} more")?;
        }
        if !self.passes() {
            writeln!(f)?;
        }
        self.summary.fmt(f)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.log.map_or(0, |log| log.entries);
        write!(f, "{entries} entries")?;
        if let (Some(until), Some(log)) = (self.until, self.log) {
            write!(f, ", the last of {until:.0}; head {}", log.head)?;
        }
        writeln!(f)?;
        match self.signed_head {
            Some(reach) => writeln!(
                f,
                "signed head: the coordinator vouches for {reach} entries"
            )?,
            None => writeln!(
                f,
                "signed head: none was given, so a cut at the end cannot be seen"
            )?,
        }
        writeln!(
            f,
            "in force: charter {}, {}, {}, {}; {}",
            self.charters,
            counted(self.centers, "center", "centers"),
            counted(self.templates, "template", "templates"),
            counted(self.studies, "study", "studies"),
            counted(self.revocations, "revocation", "revocations"),
        )?;
        writeln!(
            f,
            "asked: {} for {}, {} of them answered; {}, {}, {}; {} that nobody may answer and nobody did",
            counted(self.queries, "query", "queries"),
            counted(self.questions, "question", "questions"),
            self.questions_answered,
            counted(self.answers, "answer", "answers"),
            counted(self.refusals, "refusal", "refusals"),
            counted(self.results, "result", "results"),
            counted(self.not_allowed, "query", "queries"),
        )?;
        match &self.vouched {
            Some((who, until)) => writeln!(f, "current: {who} vouches until {until:.0}")?,
            None => writeln!(f, "current: no timekeeper vouches for this log")?,
        }
        for (center, spent) in &self.spent {
            let years = spent.years.iter();
            let years: Vec<_> = years
                .map(|(year, rho)| format!("{rho} in {year}"))
                .collect();
            let years = years.join(", ");
            writeln!(f, "rho spent at {center}: {years}, {} ever", spent.lifetime)?;
        }
        Ok(())
    }
}

/// `1 center`, `2 centers`.
fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
