//! What is done to a log, and what must an auditor read then?

use std::collections::BTreeSet;

use client::home::Home;
use demo::network::RESEARCHER;
use jiff::SignedDuration;
use protocol::documents::{
    Answer, CenterEnd, CenterEnding, Charter, Currency, Decline, Enrolment, LogHead, Query,
    QueryResult, Refusal, Revocation, Roster, Study, hash_of_revocations,
};
use protocol::envelope::Envelope;
use protocol::ids::{ChainHead, DocumentId};
use protocol::keys::SigningKey;
use protocol::log::LogPosition;

use crate::forged::Forged;

/// One thing done to a log.
pub(crate) struct Alteration {
    pub(crate) name: &'static str,
    pub(crate) forge: fn(&mut Forged<'_>),
    /// The code of the finding that names it.
    pub(crate) code: &'static str,
    /// Words of its sentence.
    pub(crate) words: &'static str,
}

macro_rules! alterations {
    ($($name:literal: $code:literal, $words:literal, $forge:expr;)*) => {
        /// All of them: first the file, then what is left out or moved, then what is written into it.
        pub(crate) const ALTERATIONS: &[Alteration] = &[$(Alteration {
            name: $name,
            forge: $forge,
            code: $code,
            words: $words,
        }),*];
    };
}

alterations! {
    "half of a line is lost": "unreadable-line", "is no log entry", |log| log.torn = Some(log.first::<Answer>());
    "a line is lost": "entry-missing", "is missing", |log| drop(log.entries.remove(log.first::<Answer>()));
    "a line stands twice": "entry-doubled", "stands twice in the file", |log| {
        let at = log.first::<Answer>();
        log.entries.insert(at, log.entries[at].clone());
    };
    "an entry has another one beside it": "entry-doubled", "with different content", |log| {
        let at = log.first::<Answer>();
        let mut other = log.entries[at + 1].clone();
        other.index -= 1;
        log.entries.insert(at + 1, other);
    };
    "two lines change places": "entry-reordered", "entries were reordered", |log| {
        let at = log.first::<Answer>();
        log.entries.swap(at, at + 1);
    };
    "the end is cut off": "cut-back", "it was cut back", |log| log.entries.truncate(log.last::<Query>());
    "the head is that of another log": "other-head", "another head", |log| {
        let at = log.last::<QueryResult>();
        log.entries[at].time += SignedDuration::from_secs(1);
        log.sign_head();
        log.entries[at].time -= SignedDuration::from_secs(1);
    };
    "the head is signed by somebody else": "head-unsigned", "not signed by the coordinator's key", |log| {
        let head: LogHead = log.head.parse_unverified().unwrap();
        log.head = Envelope::sign(&head, &stranger());
    };
    "the head is none": "head-unsigned", "the head that was kept is none", |log| {
        log.head = log.entries[0].envelope.clone();
    };
    "another charter is compared": "charter-not-in-log", "was never in force in this log", |log| log.charter = "ab".repeat(32);

    "an answer is left out": "rewritten", "altered, added or removed", |log| {
        log.entries.remove(log.first::<Answer>());
        log.renumber();
    };
    "a question is left out": "answer-unasked", "nobody had asked this question", |log| {
        log.entries.remove(log.first::<Query>());
        log.renumber();
    };
    "a suspension is left out": "rewritten", "altered, added or removed", |log| {
        log.entries.remove(log.first::<Revocation>());
        log.renumber();
    };
    "the last word of a timekeeper is all there is, and it comes late": "answer-not-current", "no currency document", |log| {
        let (first, last) = (log.first::<Currency>(), log.last::<Currency>());
        log.entries.remove(last);
        log.entries.remove(first);
        log.renumber();
    };
    "two entries change places": "time-back", "reordered or one was altered", |log| {
        let at = log.first::<QueryResult>();
        log.entries.swap(at, at + 1);
        log.renumber();
    };
    "two entries change places with their times": "other-log", "which is more than came before it", |log| {
        let at = log.first::<Query>();
        let (one, two) = (log.entries[at].time, log.entries[at + 1].time);
        log.entries.swap(at, at + 1);
        (log.entries[at].time, log.entries[at + 1].time) = (one, two);
        log.renumber();
    };
    "an entry is dated anew": "other-log", "another log of", |log| {
        let at = log.first::<Revocation>();
        log.entries[at].time = log.entries[at - 1].time;
        log.sign_head();
    };
    "a member's signature is taken away": "query-not-in-force", "was not in force", |log| {
        let at = log.first::<Study>() + 2;
        log.entries[at].envelope.signatures.truncate(2);
        log.sign_head();
    };
    "a result is hidden until nobody waits for it": "not-published", "holds no result of it", |log| {
        let at = log.last::<QueryResult>();
        log.entries.remove(at);
        log.append(log.entries[0].envelope.clone());
        log.entries[at].time += SignedDuration::from_hours(3);
        log.renumber();
    };

    "an answer is altered": "no-signature", "answer of K0", |log| {
        log.alter::<Answer>(log.last::<Answer>(), |answer| answer.parts[0][0] += 1);
        log.sign_head();
    };
    "an answer is altered and signed by the coordinator": "no-signature", "answer of K0", |log| {
        log.replace::<Answer>(log.last::<Answer>(), |answer| answer.parts[0][0] += 1);
        log.sign_head();
    };
    "an answer is replayed": "repeated", "it stands in the log already", |log| {
        log.append(log.entries[log.first::<Answer>()].envelope.clone());
        log.sign_head();
    };
    "a refusal is invented": "no-signature", "refusal of K01", |log| {
        let mut refusal: Refusal = log.says(log.first::<Refusal>());
        refusal.center = "K01".parse().unwrap();
        log.say(&refusal);
        log.sign_head();
    };
    "a center is invented": "proposer-missing", "roster", |log| {
        let mut roster: Roster = log.says(log.last::<Roster>());
        roster.version += 1;
        roster.centers.push(roster.centers[0].clone());
        roster.centers[3].id = "K04".parse().unwrap();
        roster.centers[3].signing_key = log.told.coordinator.public();
        roster.centers[3].sum_key = protocol::keys::SumKey::from_bytes([4; 32]);
        log.say(&roster);
        log.sign_head();
    };
    "a center that was invented answers": "answer-not-in-roster", "does not name this center", |log| {
        let mut answer: Answer = log.says(log.last::<Answer>());
        answer.center = "K04".parse().unwrap();
        log.say(&answer);
        log.sign_head();
    };
    "a question is made to cost more": "query-not-a-researcher", "no researcher of its study has signed it", |log| {
        let at = log.last::<Query>();
        log.alter::<Query>(at, |query| query.question.rho = query.question.rho.plus(query.question.rho));
        log.sign_head();
    };
    "the coordinator asks": "query-not-a-researcher", "no researcher of its study has signed it", |log| {
        let query: Query = log.says(log.last::<Query>());
        log.say(&Query { log: log.position(), ..query });
        log.sign_head();
    };
    "a researcher's question is logged although its study is suspended": "query-suspended", "suspended when it came", |log| {
        let [.., before, _] = log.places::<Query>()[..] else { panic!("queries") };
        let pilot: Query = log.says(before);
        let home = Home::open(&log.told.test.network.home(&RESEARCHER)).unwrap();
        let query = Query { log: log.position(), ..pilot };
        log.append(Envelope::sign(&query, &home.signing_key().unwrap()));
        log.sign_head();
    };
    "an older roster is replayed": "older", "roster", |log| {
        let first = log.first::<Roster>();
        let mut roster = log.entries[first + 2].envelope.clone();
        roster.signatures.remove(1);
        log.append(roster);
        log.sign_head();
    };
    "the coordinator keeps time": "no-signature", "currency", |log| {
        let currency: Currency = log.says(log.last::<Currency>());
        log.say(&Currency { log: log.position(), ..currency });
        log.sign_head();
    };
    "a timekeeper's word is altered so that the suspension is forgotten": "no-signature", "currency", |log| {
        log.alter::<Currency>(log.last::<Currency>(), |currency| {
            currency.revocations = hash_of_revocations(&BTreeSet::new());
        });
        log.sign_head();
    };
    "an old word of a timekeeper is replayed": "repeated", "it stands in the log already", |log| {
        log.append(log.entries[log.first::<Currency>()].envelope.clone());
        log.sign_head();
    };
    "a suspension is forged": "no-member", "revocation", |log| {
        let mut revocation: Revocation = log.says(log.first::<Revocation>());
        revocation.reason = "the coordinator asked".into();
        let seen = log.position();
        log.append(Envelope::sign_seeing(&revocation, &log.told.coordinator, seen));
        log.sign_head();
    };
    "a member's no is altered": "no-member", "decline", |log| {
        log.alter::<Decline>(log.first::<Decline>(), |decline| decline.reason = "it is wonderful".into());
        log.sign_head();
    };
    "an enrolment is given another key": "no-signature", "enrolment of K0", |log| {
        let key = log.told.coordinator.public();
        log.alter::<Enrolment>(log.last::<Enrolment>(), |enrolment| enrolment.signing_key = key);
        log.sign_head();
    };
    "the coordinator founds a committee of its own": "other-charter", "charter", |log| {
        let mut charter: Charter = log.says(log.first::<Charter>());
        charter.members[0].key = log.told.coordinator.public();
        log.say(&charter);
        log.sign_head();
    };
    "the coordinator succeeds the committee": "no-member", "charter", |log| {
        let at = log.first::<Charter>();
        let mut charter: Charter = log.says(at);
        charter.version = 2;
        charter.members[0].key = log.told.coordinator.public();
        charter.predecessor = Some(protocol::documents::Predecessor {
            charter: log.entries[at].envelope.id(),
            log_index: at as u64,
        });
        let seen = log.position();
        log.append(Envelope::sign_seeing(&charter, &log.told.coordinator, seen));
        log.sign_head();
    };
    "the coordinator's head stands in the log": "unknown-kind", "no document of the log", |log| {
        log.append(log.head.clone());
        log.sign_head();
    };

    "a result is published twice": "result-published-twice", "the coordinator published one at entry", |log| {
        let mut result: QueryResult = log.says(log.last::<QueryResult>());
        result.published += SignedDuration::from_secs(1);
        log.say(&result);
        log.sign_head();
    };
    "a result sums up wrongly": "result-mismatch", "result of query", |log| {
        log.replace::<QueryResult>(log.last::<QueryResult>(), |result| result.totals[0][0] += 1);
        log.sign_head();
    };
    "a result is signed by somebody else": "result-signature", "result of query", |log| {
        let at = log.last::<QueryResult>();
        let result: QueryResult = log.says(at);
        log.entries[at].envelope = Envelope::sign(&result, &stranger());
        log.sign_head();
    };
    "a result is of no question": "result-unasked", "its query is not in the log", |log| {
        let mut result: QueryResult = log.says(log.last::<QueryResult>());
        result.query = DocumentId::from_bytes([7; 32]);
        log.say(&result);
        log.sign_head();
    };
    "a result calls a center late before the deadline": "result-early", "late before the deadline", |log| {
        leave_out(log, 0);
        log.sign_head();
    };
    "a result leaves out an answer that came in time": "result-withholds", "came in time", |log| {
        let at = log.last::<QueryResult>();
        let later = log.entries[at].time + SignedDuration::from_mins(2);
        log.entries[at].time = later;
        leave_out(log, 0);
        log.replace::<QueryResult>(at, |result| result.published = later);
        log.sign_head();
    };
    "a result counts a word that is nowhere": "result-not-in-log", "result of query", |log| {
        log.replace::<QueryResult>(log.last::<QueryResult>(), |result| {
            result.centers[0].document = Some(DocumentId::from_bytes([7; 32]));
        });
        log.sign_head();
    };
    "a document saw a log of the coordinator's own": "other-log", "another log of", |log| {
        let at = log.last::<QueryResult>();
        log.replace::<QueryResult>(at, |result| {
            result.log = LogPosition { head: ChainHead::from_bytes([7; 32]), ..result.log };
        });
        log.sign_head();
    };
}

/// The last result calls a center late, and its totals are those of the others.
fn leave_out(log: &mut Forged<'_>, center: usize) {
    let at = log.last::<QueryResult>();
    let result: QueryResult = log.says(at);
    let word = result.centers[center].document.unwrap();
    let word = log.entries.iter().find(|entry| entry.envelope.id() == word);
    let answer: Answer = word.unwrap().envelope.parse_unverified().unwrap();
    log.replace::<QueryResult>(at, |result| {
        let totals = result.totals.iter_mut().flatten();
        let parts = answer.parts.iter().flatten();
        totals.zip(parts).for_each(|(total, part)| *total -= part);
        let end = &mut result.centers[center];
        *end = CenterEnd {
            center: end.center.clone(),
            ending: CenterEnding::Late,
            reason: None,
            document: None,
        };
    });
}

fn stranger() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap()
}
