//! Decisions without effect, and what was answered against those with one.

use jiff::{SignedDuration, Timestamp};
use protocol::documents::{
    Charter, Currency, Decline, EnrolledRole, Enrolment, Predecessor, Revocation, TemplateDocument,
    hash_of_revocations,
};
use protocol::envelope::Envelope;
use protocol::ids::{ChainHead, DocumentId};
use protocol::keys::SigningKey;
use rstest::rstest;

use super::super::super::Code;
use super::super::{audited, codes};
use super::{answers, asks, must_find};
use crate::verify::story::{Story, new_key, start};

fn revocation(story: &Story, document: DocumentId, time: Timestamp) -> Revocation {
    let _ = story;
    Revocation {
        network: "demo".parse().unwrap(),
        document,
        reason: "a mistake".into(),
        time,
    }
}

/// The study revoked by so many members; one suspends.
fn revoke_study(story: &mut Story, members: usize) {
    let payload = revocation(story, story.study(300).id(), start());
    let log = story.mirror.position();
    let mut envelope = Envelope::sign_seeing(&payload, &story.members[0], log);
    for member in story.members.iter().take(members).skip(1) {
        envelope.add_signature_seeing(member, log);
    }
    story.log(&envelope);
}

fn ask(story: &mut Story) -> Envelope {
    let query = asks(story, |_| {});
    story.log(&query);
    query
}

fn answer(story: &mut Story, query: &Envelope) {
    let answer = answers(story, query, |_| {});
    story.log(&answer);
}

fn currency(story: &mut Story, key: fn(&Story) -> &SigningKey, alter: impl FnOnce(&mut Currency)) {
    let mut currency: Currency = story.currency(-10).parse_unverified().unwrap();
    alter(&mut currency);
    let signed = Envelope::sign(&currency, key(story));
    story.log(&signed);
}

fn decline(story: &Story, document: DocumentId, key: &SigningKey) -> Envelope {
    let decline = Decline {
        network: "demo".parse().unwrap(),
        document,
        reason: "no".into(),
        log: story.mirror.position(),
    };
    Envelope::sign(&decline, key)
}

/// A successor of the founding charter, with `threshold`, signed by all members.
fn successor(story: &Story, threshold: u32, log_index: u64) -> Envelope {
    let charter = Charter {
        version: 2,
        threshold,
        predecessor: Some(Predecessor {
            charter: story.charter().id(),
            log_index,
        }),
        ..story.charter_payload()
    };
    let log = story.mirror.position();
    let mut envelope = Envelope::sign_seeing(&charter, &story.members[0], log);
    for member in &story.members[1..] {
        envelope.add_signature_seeing(member, log);
    }
    envelope
}

fn enrolment(key: &SigningKey) -> Enrolment {
    Enrolment {
        network: "demo".parse().unwrap(),
        role: EnrolledRole::Person,
        id: "kim".into(),
        name: "Kim".into(),
        organisation: String::new(),
        signing_key: key.public(),
        sum_key: None,
        request: "-".into(),
        log: protocol::log::LogPosition::EMPTY,
    }
}

fn replayed(story: &mut Story, newer: &Envelope, mut older: Envelope) {
    story.log(newer);
    // A further member's signature, or it would be the same bytes again.
    older.add_signature_seeing(&story.members[2], story.mirror.position());
    story.log(&older);
}

#[rstest]
#[case::a_roster_of_an_older_version(
    |s: &mut Story| { let newer = s.roster(2); let older = s.roster(1); replayed(s, &newer, older) },
    Code::Older, &["entry 6, roster", "version 1", "newer version"]
)]
#[case::a_study_of_an_older_version(
    |s: &mut Story| { let newer = s.study(400); let older = s.study(300); replayed(s, &newer, older) },
    Code::Older, &["entry 6, study first version 1"]
)]
#[case::a_template_without_its_proposer(
    |s: &mut Story| {
        let template = TemplateDocument {
            network: "demo".parse().unwrap(),
            proposer: s.office.public(),
            template: "a".into(),
        };
        let signed = Envelope::sign_seeing(&template, &s.members[0], s.mirror.position());
        s.log(&signed);
    },
    Code::ProposerMissing, &["entry 5, template", "proposer"]
)]
#[case::a_study_of_another_network(
    |s: &mut Story| {
        let mut study = s.study_payload(400);
        study.network = "other".parse().unwrap();
        let study = s.decided(&study);
        s.log(&study);
    },
    Code::OtherNetwork, &["entry 5, study first version 2"]
)]
#[case::a_roster_that_breaks_its_own_rules(
    |s: &mut Story| {
        let mut roster = s.roster_payload(2);
        roster.centers.clear();
        let roster = s.decided(&roster);
        s.log(&roster);
    },
    Code::NotValid, &["entry 5, roster", "1 to 200 centers"]
)]
#[case::a_roster_whose_signers_saw_another_log(
    |s: &mut Story| {
        let mut elsewhere = s.mirror.position();
        elsewhere.head = ChainHead::from_bytes([4; 32]);
        let mut roster = Envelope::sign_seeing(&s.roster_payload(2), &s.office, s.mirror.position());
        roster.add_signature_seeing(&s.members[0], elsewhere);
        s.log(&roster);
    },
    Code::OtherLog, &["entry 5, signature of lee on roster"]
)]
#[case::currency_by_nobody_who_may(
    |s: &mut Story| currency(s, |s| &s.members[0], |_| {}),
    Code::NoSignature, &["entry 5, currency"]
)]
#[case::currency_that_hides_or_invents_revocations(
    |s: &mut Story| currency(s, |s| &s.office, |c| c.revocations = ChainHead::from_bytes([1; 32])),
    Code::OtherRevocations, &["entry 5, currency", "other revocations"]
)]
#[case::currency_of_another_log(
    |s: &mut Story| currency(s, |s| &s.office, |c| c.log.head = ChainHead::from_bytes([1; 32])),
    Code::OtherLog, &["entry 5, currency", "another log"]
)]
#[case::currency_older_than_one_before(
    |s: &mut Story| currency(s, |s| &s.office, |c| c.time -= SignedDuration::from_hours(1)),
    Code::Older, &["entry 5, currency"]
)]
#[case::currency_from_the_future(
    |s: &mut Story| currency(s, |s| &s.office, |c| c.time += SignedDuration::from_hours(1)),
    Code::FromTheFuture, &["entry 5, currency", "is dated"]
)]
#[case::a_revocation_by_no_member(
    |s: &mut Story| {
        let payload = revocation(s, s.study(300).id(), start());
        let signed = Envelope::sign_seeing(&payload, &s.office, s.mirror.position());
        s.log(&signed);
    },
    Code::NoMember, &["entry 5, revocation of"]
)]
#[case::a_revocation_of_nothing(
    |s: &mut Story| {
        let payload = revocation(s, DocumentId::from_bytes([1; 32]), start());
        let signed = Envelope::sign_seeing(&payload, &s.members[0], s.mirror.position());
        s.log(&signed);
    },
    Code::UnknownTarget, &["entry 5, revocation of 010101010101"]
)]
#[case::a_decline_by_no_member(
    |s: &mut Story| { let no = decline(s, s.study(300).id(), &s.office); s.log(&no) },
    Code::NoMember, &["entry 5, decline of"]
)]
#[case::a_decline_of_nothing(
    |s: &mut Story| { let no = decline(s, DocumentId::from_bytes([1; 32]), &s.members[0]); s.log(&no) },
    Code::UnknownTarget, &["entry 5, decline of"]
)]
#[case::a_successor_of_another_place_in_the_log(
    |s: &mut Story| { let next = successor(s, 2, 3); s.log(&next) },
    Code::NoPredecessor, &["entry 5, charter", "version 2"]
)]
#[case::two_successors(
    |s: &mut Story| { for k in [2, 3] { let next = successor(s, k, 0); s.log(&next) } },
    Code::CharterFork, &["entry 6, charter", "succeeds the same charter"]
)]
#[case::another_founding_charter(
    |s: &mut Story| { let other = Story::new().charter(); s.log(&other) },
    Code::OtherCharter, &["entry 5, charter"]
)]
#[case::an_enrolment_with_anothers_key(
    |s: &mut Story| s.log(&Envelope::sign(&enrolment(&new_key()), &new_key())),
    Code::NoSignature, &["entry 5, enrolment of kim"]
)]
#[case::an_enrolment_in_another_network(
    |s: &mut Story| {
        let key = new_key();
        s.log(&Envelope::sign(&Enrolment { network: "other".parse().unwrap(), ..enrolment(&key) }, &key));
    },
    Code::OtherNetwork, &["entry 5, enrolment of kim"]
)]
#[case::an_enrolment_of_a_center_without_its_key(
    |s: &mut Story| {
        let key = new_key();
        s.log(&Envelope::sign(&Enrolment { role: EnrolledRole::Center, ..enrolment(&key) }, &key));
    },
    Code::NotValid, &["entry 5, enrolment of kim", "sum key"]
)]
#[case::a_query_in_a_revoked_study(
    |s: &mut Story| { revoke_study(s, 2); ask(s); },
    Code::QueryRevoked, &["entry 6, query", "study first", "revoked"]
)]
#[case::a_query_in_a_suspended_study(
    |s: &mut Story| { revoke_study(s, 1); ask(s); },
    Code::QuerySuspended, &["entry 6, query", "suspended"]
)]
#[case::an_answer_given_after_the_node_saw_the_revocation(
    |s: &mut Story| { let q = ask(s); revoke_study(s, 2); answer(s, &q) },
    Code::AnswerWithdrawn, &["entry 7, answer of K01", "study first", "had seen 7 entries"]
)]
#[case::an_answer_given_after_the_node_saw_the_suspension(
    |s: &mut Story| { let q = ask(s); revoke_study(s, 1); answer(s, &q) },
    Code::AnswerWithdrawn, &["entry 7, answer of K01", "suspended"]
)]
#[case::an_answer_given_after_the_node_saw_a_newer_study(
    |s: &mut Story| { let q = ask(s); let newer = s.study(400); s.log(&newer); answer(s, &q) },
    Code::AnswerSuperseded, &["entry 7, answer of K01", "newer version"]
)]
#[case::an_answer_given_after_the_node_saw_a_roster_without_it(
    |s: &mut Story| {
        let q = ask(s);
        let mut roster = s.roster_payload(2);
        roster.centers.remove(0);
        let roster = s.decided(&roster);
        s.log(&roster);
        answer(s, &q);
    },
    Code::AnswerSuperseded, &["entry 7, answer of K01", "roster"]
)]
#[case::an_answer_given_after_the_study_expired(
    |s: &mut Story| {
        let q = ask(s);
        let next = s.roster(2);
        s.log_after(&next, 3000);
        let answer = answers(s, &q, |_| {});
        s.log_after(&answer, 3001);
    },
    Code::AnswerExpired, &["entry 7, answer of K01", "expired"]
)]
#[case::an_answer_given_after_the_node_saw_the_fork(
    |s: &mut Story| {
        let q = ask(s);
        for k in [2, 3] { let next = successor(s, k, 0); s.log(&next) }
        answer(s, &q);
    },
    Code::AnswerAfterFork, &["entry 8, answer of K01"]
)]
fn a_decision_without_effect_or_against_one_is_found(
    #[case] lie: fn(&mut Story),
    #[case] code: Code,
    #[case] words: &[&str],
) {
    must_find(Story::new(), lie, code, words);
}

#[test]
fn an_answer_whose_node_had_not_seen_the_revocation_is_no_fault() {
    let mut story = Story::new();
    let query = ask(&mut story);
    let unaware = answers(&story, &query, |_| {});
    revoke_study(&mut story, 2);
    story.log(&unaware);
    assert!(audited(&story).passes());
}

/// An answer of a node that had not seen a revocation, and the only word of a timekeeper: about the log with it or before it.
fn revoked_unseen(is_counted: bool) -> Story {
    let mut story = Story::founded();
    let query = ask(&mut story);
    let unaware = answers(&story, &query, |_| {});
    let before: Currency = story.currency(-10).parse_unverified().unwrap();
    revoke_study(&mut story, 2);
    let revoked = story.mirror.entries()[5].envelope.id();
    let alter = |word: &mut Currency| {
        if is_counted {
            word.revocations = hash_of_revocations(&[revoked].into());
        } else {
            *word = before;
        }
    };
    currency(&mut story, |s| &s.office, alter);
    story.log(&unaware);
    story
}

#[test]
fn a_word_about_a_revocation_that_the_node_had_not_seen_makes_its_log_no_current_one() {
    let story = revoked_unseen(true);
    let report = audited(&story);
    assert_eq!(codes(&report), [Code::AnswerNotCurrent]);
    let words = ["entry 7, answer of K01", "other revocations", "5 entries"];
    super::must_say(&report, Code::AnswerNotCurrent, &words);
}

#[test]
fn a_word_about_the_log_before_a_revocation_makes_what_a_node_saw_of_it_current() {
    let story = revoked_unseen(false);
    assert_eq!(codes(&audited(&story)), []);
}

#[test]
fn a_word_about_later_entries_that_counts_what_the_node_had_seen_makes_its_log_current() {
    let mut story = Story::founded();
    let other = story.roster(2);
    let next = story.roster(3);
    story.log(&other);
    story.log(&next);
    let payload = revocation(&story, other.id(), start());
    let log = story.mirror.position();
    let suspended = Envelope::sign_seeing(&payload, &story.members[0], log);
    story.log(&suspended);
    let query = ask(&mut story);
    let answer = answers(&story, &query, |_| {});
    story.log(&answer);
    let counted = [suspended.id()].into();
    currency(
        &mut story,
        |s| &s.office,
        |c| c.revocations = hash_of_revocations(&counted),
    );
    assert_eq!(codes(&audited(&story)), []);
}

/// A roster whose signers saw another log, beside a signature that says to have seen this one.
fn beside_strays(sign: impl FnOnce(&Story, &mut Envelope)) -> Vec<Code> {
    let mut story = Story::new();
    let mut elsewhere = story.mirror.position();
    elsewhere.head = ChainHead::from_bytes([4; 32]);
    let mut roster = Envelope::sign_seeing(&story.roster_payload(2), &story.office, elsewhere);
    roster.add_signature_seeing(&story.members[0], elsewhere);
    sign(&story, &mut roster);
    story.log(&roster);
    codes(&audited(&story))
}

#[test]
fn a_log_is_confirmed_only_by_those_who_signed_that_they_saw_it() {
    let here = |story: &Story| story.mirror.position();
    let by_a_member = beside_strays(|s, roster| {
        roster.add_signature_seeing(&s.members[1], here(s));
    });
    assert!(!by_a_member.contains(&Code::Rewritten));
    let by_nobody = beside_strays(|s, roster| roster.add_signature_seeing(&new_key(), here(s)));
    assert!(by_nobody.contains(&Code::Rewritten));
    let altered = beside_strays(|s, roster| {
        roster.add_signature_seeing(&s.members[1], protocol::log::LogPosition::EMPTY);
        for signature in &mut roster.signatures[2..] {
            signature.seen.as_mut().unwrap().log = here(s);
        }
    });
    assert!(altered.contains(&Code::Rewritten));
}

#[test]
fn an_answer_that_may_have_been_given_after_the_suspension_ended_is_no_fault() {
    let mut story = Story::new();
    let query = ask(&mut story);
    revoke_study(&mut story, 1);
    let answer = answers(&story, &query, |_| {});
    story.log_after(&answer, 15 * 24 * 3600);
    assert!(!codes(&audited(&story)).contains(&Code::AnswerWithdrawn));
}

#[test]
fn a_successor_charter_proposals_under_it_and_enrolments_pass() {
    let mut story = Story::new();
    let next = successor(&story, 3, 0);
    story.log(&next);
    let key = new_key();
    story.log(&Envelope::sign(&enrolment(&key), &key));
    let no = decline(&story, story.study(300).id(), &story.members[1]);
    story.log(&no);
    let report = audited(&story);
    assert!(report.passes(), "{report}");
    assert_eq!(report.summary.charters, 2);
}

#[test]
fn a_log_is_judged_from_its_beginning_whichever_of_its_charters_the_auditor_compared() {
    let mut story = Story::new();
    story.told(|_| {});
    let next = successor(&story, 3, 0);
    story.log(&next);
    let dictionary = question::Dictionary::shipped().unwrap();
    let terms = super::super::super::Terms {
        charter: next.id(),
        head: None,
        dictionary: &dictionary,
    };
    let log = super::super::super::LogFile::from(story.mirror.entries().to_vec());
    let report = super::super::super::audit(&log, &terms, &|_| ());
    assert_eq!(codes(&report), []);
    assert_eq!(report.summary.results, 1);
}

#[test]
fn what_stands_before_the_charter_decides_nothing() {
    let story = Story::new();
    let mut entries = story.mirror.entries().to_vec();
    entries.swap(0, 1);
    (entries[0].index, entries[1].index) = (0, 1);
    let time = entries[1].time;
    entries[1].time = entries[0].time;
    entries[0].time = time;
    let log = super::super::super::LogFile::from(entries);
    let report = super::super::judged(&story, &log, None);
    super::must_say(&report, Code::BeforeCharter, &["entry 0, roster"]);
}
