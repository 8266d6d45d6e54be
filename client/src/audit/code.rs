//! Which faults can an audit find? A stable code each, and what it means.

use std::fmt;

macro_rules! codes {
    ($($variant:ident = $code:literal, $meaning:literal;)*) => {
        /// What is wrong: a fixed list, each with a code for programs and its meaning for people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the page `docs/audit.md`.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// What it means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

codes! {
    UnreadableLine = "unreadable-line", "a line of the file is no log entry";
    EntryMissing = "entry-missing", "an index is missing from the log";
    EntryDoubled = "entry-doubled", "two lines have one index";
    EntryReordered = "entry-reordered", "the lines do not stand in the order of their indexes";
    TimeBack = "time-back", "an entry is dated before the entry that it follows";
    Rewritten = "rewritten", "from some entry on, nobody's signed document knows this log: entries were altered, added or removed after others had seen them";
    CutBack = "cut-back", "the log is shorter than its signed head says";
    OtherHead = "other-head", "the signed head is that of another log";
    HeadUnsigned = "head-unsigned", "the head is not signed by the coordinator that the roster names, or is of another network";
    NotAnExtension = "not-an-extension", "the coordinator's log does not extend the copy kept here";
    OtherLog = "other-log", "a signed document names a position that is not on this log, or one that comes after it";
    Repeated = "repeated", "the log carries one document twice where it may stand once";
    UnknownKind = "unknown-kind", "an entry holds no kind of document that belongs into the log";
    Malformed = "malformed", "a document's payload cannot be read";
    NotValid = "not-valid", "a document breaks a rule of its kind";
    NoSignature = "no-signature", "no signature on a document is by the key that must sign it, or its bytes were altered";
    OtherNetwork = "other-network", "a document belongs to another network";
    FromTheFuture = "from-the-future", "a document is dated after the log entry that carries it";
    CharterNotInLog = "charter-not-in-log", "the pinned charter is not in the log, or was never in force";
    BeforeCharter = "before-charter", "a decision stands before the charter";
    OtherCharter = "other-charter", "the log carries a founding charter that is not the pinned one's";
    NotEveryMember = "not-every-member", "a founding charter lacks a member's signature";
    NoPredecessor = "no-predecessor", "a successor charter does not follow from the charter, version and entry that it names";
    CharterFork = "charter-fork", "two charters succeed the same one";
    ProposerMissing = "proposer-missing", "a roster, template or study is not signed by who proposes it";
    NoMember = "no-member", "no member of the committee has signed a decision";
    Older = "older", "an older version was replayed after a newer one";
    UnknownTarget = "unknown-target", "a revocation or decline names a document that nobody proposed";
    OtherRevocations = "other-revocations", "a currency document counts other revocations than the log shows";
    QueryNotInForce = "query-not-in-force", "a query rests on a roster, study or template that was not in force";
    QuerySuspended = "query-suspended", "a query rests on a document that a member had suspended";
    QueryRevoked = "query-revoked", "a query rests on a document that the committee had revoked";
    QueryExpired = "query-expired", "the study of a query had expired";
    QueryNotAResearcher = "query-not-a-researcher", "no researcher of its study has signed a query";
    QueryTemplate = "query-template", "a query asks a template that its study does not name";
    QueryRho = "query-rho", "a query asks for more rho than its study or template allows, or for less than the template does";
    QueryParameters = "query-parameters", "a query's parameters are not what the template allows, each in its one spelling, and a center answered";
    QueryMode = "query-mode", "a query asks in a mode that centers do not answer, and a center answered";
    QueryDeadline = "query-deadline", "a query's deadline had passed or lay too far ahead";
    TemplateUnreadable = "template-unreadable", "a template that was answered cannot be read here, so its limits could not be checked";
    NotPublished = "not-published", "a query's deadline is long past and no result was published";
    AnswerUnasked = "answer-unasked", "an answer is to a question that nobody had asked";
    AnswerNotInRoster = "answer-not-in-roster", "an answer or refusal is by a center that the query's roster does not name, or no longer";
    AnswerTooEarly = "answer-too-early", "a center answered a question before it had seen the query in the log";
    AnswerLockDate = "answer-lock-date", "an answer was made on a later lock than was asked";
    AnswerCost = "answer-cost", "an answer cost nothing, or more than its question allows";
    AnswerSize = "answer-size", "an answer has more numbers than any question, or others than its own question";
    AnsweredTwice = "answered-twice", "a center gave two different answers to one question";
    LedgerRolledBack = "ledger-rolled-back", "two answers of a center name one head of its ledger, or a head without a charge";
    AnswerNotCurrent = "answer-not-current", "a center answered although no currency document of the log was valid and counted the revocations that its node had seen";
    AnswerWithdrawn = "answer-withdrawn", "a center answered although it had seen that roster, study or template was suspended or revoked";
    AnswerSuperseded = "answer-superseded", "a center answered although it had seen a newer roster or study that does not allow it";
    AnswerExpired = "answer-expired", "a center answered although the study had expired";
    AnswerAfterFork = "answer-after-fork", "a center answered although it had seen the charter fork";
    StudyOverspent = "study-overspent", "the answers of a center to one study's questions cost more than the study's cap";
    RefusalUnasked = "refusal-unasked", "a refusal is of a query that is not in the log before it";
    ResultUnasked = "result-unasked", "a result is of a query that is not in the log before it, or was not allowed";
    ResultPublishedTwice = "result-published-twice", "a query has two results";
    ResultSignature = "result-signature", "a result, or a word that it counts, is not signed with the right key";
    ResultNotInLog = "result-not-in-log", "a result counts a word that does not stand before it in the log";
    ResultMismatch = "result-mismatch", "a result says something else than the centers signed";
    ResultEarly = "result-early", "a result calls a center late although the deadline had not come";
    ResultWithholds = "result-withholds", "a result calls a center late although its word had come in time";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
