//! What does a hospital say? A noisy vector, or a refusal from a fixed list.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::amount::NanoRho;
use crate::envelope::Payload;
use crate::ids::{CenterId, ChainHead, DocumentId, LockId, PlanDigest, QuestionId};
use crate::log::LogPosition;

/// One center's noisy answer. It names the question, not the query: the same bytes serve every later query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The question.
    pub question: QuestionId,
    /// The center that answers.
    pub center: CenterId,
    /// The lock it was computed on.
    pub lock: LockId,
    /// That lock's date.
    pub lock_date: Date,
    /// What the numbers mean to this center's version and dictionary.
    pub plan: PlanDigest,
    /// Noisy integers, one vector for each part of the question's plan. Signed: noise may take a count below zero.
    pub parts: Vec<Vec<i64>>,
    /// What was charged.
    pub cost: NanoRho,
    /// The head of the center's ledger after the charge.
    pub ledger_head: ChainHead,
    /// The log as the node last saw it.
    pub log: LogPosition,
}

impl Payload for Answer {
    const TYPE: &'static str = "application/vnd.cartally.answer+json";
}

/// One center's refusal of one query. It costs nothing and depends on public inputs alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The query that is refused.
    pub query: DocumentId,
    /// The center that refuses.
    pub center: CenterId,
    /// Why, from the fixed list.
    pub reason: RefusalReason,
    /// The log as the node last saw it.
    pub log: LogPosition,
}

impl Payload for Refusal {
    const TYPE: &'static str = "application/vnd.cartally.refusal+json";
}

macro_rules! refusal_reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $class:ident, $sentence:literal;)*) => {
        /// Why a node refuses: a fixed list, each with a code for programs and a sentence for people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum RefusalReason {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)*
        }

        impl RefusalReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// What it means and what to do.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence),* }
            }

            /// How the center counts in the result.
            #[must_use]
            pub const fn class(self) -> RefusalClass {
                match self { $(Self::$variant => RefusalClass::$class),* }
            }
        }
    };
}

refusal_reasons! {
    /// Two charters succeed the same one.
    CharterFork = "charter-fork", Refused, "two charters succeed the same one, so nobody knows which committee decides; nothing is answered, and the network must be founded anew";
    /// The pinned charter is not in the log.
    NoCharter = "no-charter", Refused, "the charter that the center pinned is not in the log; compare fingerprints with the registry office";
    /// No roster is in force.
    NoRoster = "no-roster", Refused, "no roster is in force; the committee must sign one";
    /// The center is not in the roster, or its entry has ended, or it names another key.
    NotInRoster = "not-in-roster", Refused, "the center is not in the roster, or not with the key that it holds; the committee must sign a new roster";
    /// A member has suspended a document that the query rests on.
    Suspended = "suspended", Refused, "a member of the committee has suspended the roster, study or template; ask again when the suspension is over";
    /// The committee has revoked a document that the query rests on.
    Revoked = "revoked", Refused, "the committee has revoked the roster, study or template";
    /// No currency document.
    NoCurrency = "no-currency", Refused, "no currency document was seen; the registry office must sign one";
    /// The currency document is older than 14 days.
    CurrencyExpired = "currency-expired", Refused, "the last currency document is older than 14 days; the registry office must sign a new one";
    /// The currency document speaks of another log or other revocations.
    CurrencyMismatch = "currency-mismatch", Refused, "the currency document speaks of another log or of revocations that the center has not seen";
    /// The query's bytes or parameters are malformed.
    MalformedQuery = "malformed-query", Refused, "the query cannot be read as a signed query";
    /// The query is not in the log that the center sees.
    NotInLog = "not-in-log", Refused, "the query is not in the log that the center sees; compare logs with others";
    /// The researcher saw another log than the center.
    OtherLog = "other-log", Refused, "the researcher saw another log than the center; compare logs with others";
    /// The study is unknown or not in force.
    StudyNotInForce = "study-not-in-force", Refused, "the study is not in force; the committee must sign it";
    /// The study's time is over.
    StudyExpired = "study-expired", Refused, "the study has expired; the committee must sign a new one";
    /// No researcher of the study signed the query.
    NotAResearcher = "not-a-researcher", Refused, "the query is not signed by a researcher of the study";
    /// The template does not belong to the study.
    TemplateNotInStudy = "template-not-in-study", Refused, "the study does not name this template";
    /// The template is unknown or not in force.
    TemplateNotInForce = "template-not-in-force", Refused, "the template is not in force; the committee must sign it";
    /// The template cannot be read by this node's version.
    TemplateNotUnderstood = "template-not-understood", Refused, "the center's version cannot read this template; the center must update";
    /// A parameter is unknown, out of bounds, or not in its canonical form.
    ParametersNotAllowed = "parameters-not-allowed", Refused, "a parameter is unknown, out of its bounds, or not in its canonical spelling";
    /// Rho is outside what the template, the study or the noise allow.
    RhoNotAllowed = "rho-not-allowed", Refused, "rho is above what the template or the study allows, or too small for any useful noise";
    /// The mode is not offered.
    ModeNotAllowed = "mode-not-allowed", Refused, "the center does not answer in this mode";
    /// The deadline has passed or is too far away.
    DeadlineNotAllowed = "deadline-not-allowed", Refused, "the deadline has passed or lies too far ahead";
    /// The center's own policy says no.
    PolicyRefuses = "policy-refuses", Refused, "the center's own policy refuses this template, study or researcher";
    /// The center's own review board has not approved the study, or no longer does.
    ReviewBoard = "review-board", Refused, "the center requires its own review board's number for this study and has none that is valid";
    /// A person at the center said no.
    PersonRefuses = "person-refuses", Refused, "a person at the center refused this query";
    /// There is no lock on or before the date.
    NoLock = "no-lock", Refused, "the center has no lock on or before the question's date; ask for a later date";
    /// The clock lies behind the last row of the ledger.
    ClockBehind = "clock-behind", Refused, "the center's clock lies behind its ledger; its operator must set it";
    /// The center stopped until its operator acts.
    NodeStopped = "node-stopped", Refused, "the center has stopped answering until its operator has looked at an alarm";
    /// A cap of the year, lifetime, study, researcher, or query is reached.
    OutOfBudget = "out-of-budget", OutOfBudget, "answering would exceed a privacy cap of the center";
    /// Too many questions today.
    RateLimited = "rate-limited", OutOfBudget, "the center has answered as many new questions today as it allows; ask tomorrow";
    /// Disk, database or memory failed.
    Infrastructure = "infrastructure", Failed, "the center's own infrastructure failed; its operator was told";
}

/// How a center that did not answer counts in a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalClass {
    /// A rule or a person said no.
    Refused,
    /// A privacy cap said no.
    OutOfBudget,
    /// Infrastructure failed.
    Failed,
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
