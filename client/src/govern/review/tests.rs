//! Does a member read what matters? Each kind of review as it is shown, compared by eye when it changes.

use protocol::amount::NanoRho;
use protocol::documents::{CalendarEntry, Charter, Predecessor, Researcher, TemplateDocument};
use protocol::ids::DocumentId;
use protocol::question::{Mode, Question};

use super::*;
use crate::govern::sample::{
    CENTERS, CHOI, KIM, LEE, OFFICE, PARK, Sample, center, charter, days, key, member, roster,
    study, template,
};

fn shown(sample: &Sample, id: &DocumentId) -> String {
    let view = sample.view(KIM);
    whole(&view, view.must_know(id).unwrap()).unwrap()
}

fn template_in_force(sample: &Sample) -> DocumentId {
    *sample.governance().templates().next().unwrap().0
}

#[test]
fn a_study_is_shown_with_what_it_would_leave_to_each_center() {
    let mut sample = Sample::running();
    let template = template_in_force(&sample);
    let first = *sample.governance().studies().next().unwrap().0;
    sample.answered(first, 1, 1, 150);
    sample.answered(first, 1, 1, 150);
    sample.answered(first, 2, 2, 50);
    let mut proposed = study("second", 1, &[template, DocumentId::from_bytes([7; 32])]);
    proposed.rho_cap = NanoRho::from_nano(320_000_000);
    proposed.researchers.push(Researcher {
        id: "office".parse().unwrap(),
        name: "An Impostor\u{1b}[2J".into(),
        key: key(20).public(),
    });
    let id = sample.propose(&proposed, OFFICE);
    sample.sign(&id, KIM);
    sample.decline(id, LEE, "the ethics decision\ndoes not cover it");
    insta::assert_snapshot!("study", shown(&sample, &id));
}

#[test]
fn a_question_that_is_asked_by_itself_is_shown_whole() {
    let mut sample = Sample::running();
    let template = template_in_force(&sample);
    let mut proposed = study("psur", 1, &[template]);
    proposed.calendar = vec![CalendarEntry {
        name: "PSUR 3".into(),
        question: Question {
            template,
            parameters: [("clock".into(), "os\u{1b}[2J".into())].into(),
            mode: Mode::Local,
            rho: NanoRho::from_nano(50_000_000),
            lock_date: "2027-01-31".parse().unwrap(),
        },
    }];
    let id = sample.propose(&proposed, OFFICE);
    let text = shown(&sample, &id);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("PSUR 3, on 2027-01-31, rho 0.05, mode local: template"),
        "{text}"
    );
    assert!(
        text.contains(&format!("{template}, clock = \"os\\u{{1b}}[2J\"")),
        "{text}"
    );
}

#[test]
fn a_later_version_of_a_study_is_held_against_the_one_in_force() {
    let mut sample = Sample::running();
    let first = *sample.governance().studies().next().unwrap().0;
    sample.answered(first, 1, 1, 150);
    let mut later = study("first", 2, &[template_in_force(&sample)]);
    later.rho_cap = NanoRho::from_nano(300_000_000);
    later.purpose = "Survival after the first infusion, for everybody.".into();
    later.researchers = vec![Researcher {
        id: "kim".parse().unwrap(),
        name: "Dr Kim".into(),
        key: key(KIM).public(),
    }];
    let id = sample.propose(&later, OFFICE);
    insta::assert_snapshot!("study-later", shown(&sample, &id));
}

#[test]
fn a_roster_shows_new_keys_as_words_and_who_vouches_for_them() {
    let mut sample = Sample::running();
    let mut next = roster(2, 3);
    next.centers[1] = protocol::documents::RosterCenter {
        signing_key: key(CENTERS + 7).public(),
        ..center(2)
    };
    next.answer_delay_s = 10.0;
    let id = sample.propose(&next, OFFICE);
    insta::assert_snapshot!("roster", shown(&sample, &id));
}

#[test]
fn a_template_is_held_against_the_highest_version_in_force() {
    let mut sample = Sample::running();
    let old = template("survival");
    let toml = old
        .template
        .replace("version = \"1.0.0\"", "version = \"1.1.0\"");
    assert_ne!(toml, old.template);
    let id = sample.propose(
        &TemplateDocument {
            template: toml.replace("rho_max = 0.2", "rho_max = 0.15"),
            ..old
        },
        OFFICE,
    );
    let text = shown(&sample, &id);
    let (_, changes) = text.split_once("What changes").unwrap();
    insta::assert_snapshot!("template-changes", changes);
}

#[test]
fn a_template_that_no_node_could_read_is_said_to_be_unreadable() {
    let mut sample = Sample::running();
    let broken = TemplateDocument {
        template: "name = 1".into(),
        ..template("survival")
    };
    let id = sample.propose(&broken, OFFICE);
    assert!(shown(&sample, &id).contains("cannot be read"));
}

fn successor(sample: &Sample) -> Charter {
    let before = sample.governance().newest_ruling().unwrap().clone();
    Charter {
        version: 2,
        members: vec![
            member(KIM, "kim", "Dr Kim", "Society"),
            member(PARK, "park", "Dr Park", "Patients' Council"),
            member(CHOI, "choi", "Dr Choi", "University"),
        ],
        predecessor: Some(Predecessor {
            charter: before.id,
            log_index: before.index,
        }),
        ..charter()
    }
}

#[test]
fn a_successor_charter_shows_who_comes_and_goes_and_its_fingerprint() {
    let mut sample = Sample::running();
    let id = sample.propose(&successor(&sample), KIM);
    insta::assert_snapshot!("charter", shown(&sample, &id));
}

#[test]
fn the_charter_in_force_needs_nobody_any_more() {
    let sample = Sample::running();
    let text = shown(&sample, &sample.charter.id());
    assert!(text.contains("3 of 3 members have signed"), "{text}");
}

#[test]
fn a_revocation_says_what_it_takes_back_until_when_and_who_is_missing() {
    let mut sample = Sample::running();
    let first = *sample.governance().studies().next().unwrap().0;
    let id = sample.revoke(first, LEE);
    insta::assert_snapshot!("revocation", shown(&sample, &id));
    let of_study = shown(&sample, &first);
    assert!(
        of_study.contains("standing: suspended until 2026-12-05"),
        "{of_study}"
    );
    assert!(of_study.contains("an error in the cohort"), "{of_study}");
    sample.sign(&id, PARK);
    assert!(shown(&sample, &id).contains("standing: final"));
    assert!(shown(&sample, &first).contains("standing: revoked"));
}

#[test]
fn the_overview_says_what_waits_for_whom_and_what_is_in_force() {
    let mut sample = Sample::running();
    let template = template_in_force(&sample);
    let one = sample.propose(&study("second", 1, &[template]), OFFICE);
    sample.sign(&one, LEE);
    sample.propose(&study("third", 1, &[template]), OFFICE);
    let declined = sample.propose(&roster(2, 3), OFFICE);
    sample.decline(declined, KIM, "K03 has no contract");
    sample.revoke(template, PARK);
    insta::assert_snapshot!("overview", overview::overview(&sample.view(KIM)));
    let outsider = overview::overview(&sample.view(CHOI));
    assert!(!outsider.contains("Waits for you"), "{outsider}");
}

#[test]
fn what_was_revoked_for_good_stays_in_sight_with_its_reason() {
    let mut sample = Sample::running();
    let template = template_in_force(&sample);
    let first = *sample.governance().studies().next().unwrap().0;
    let revocation = sample.revoke(first, LEE);
    sample.sign(&revocation, PARK);
    let overview = overview::overview(&sample.view(KIM));
    let (_, revoked) = overview.split_once("\nRevoked\n").unwrap();
    insta::assert_snapshot!("revoked", revoked);
    let next = sample.propose(&study("first", 2, &[template]), OFFICE);
    let text = shown(&sample, &next);
    let (_, before) = text.split_once("\nRevoked before\n").unwrap();
    assert!(before.contains("study first, version 1: revoked"), "{text}");
    assert!(before.contains("an error in the cohort"), "{text}");
    let other = sample.propose(&study("other", 1, &[template]), OFFICE);
    assert!(!shown(&sample, &other).contains("Revoked before"));
}

#[test]
fn a_proposal_that_can_never_come_into_force_says_who_is_barred() {
    let mut sample = Sample::running();
    let mut own = roster(2, 2);
    own.proposer = key(PARK).public();
    let id = sample.propose(&own, PARK);
    let text = shown(&sample, &id);
    let (_, votes) = text.split_once("\nVotes\n").unwrap();
    insta::assert_snapshot!("unreachable", votes);
}

#[test]
fn what_was_decided_too_late_is_superseded() {
    let mut sample = Sample::running();
    let late = sample.propose(&roster(2, 1), OFFICE);
    sample.decide(&roster(2, 3));
    assert!(shown(&sample, &late).contains("superseded before it was decided"));
    sample.now += days(400);
    assert!(overview::overview(&sample.view(KIM)).contains("expired"));
}

#[test]
fn a_query_is_nothing_to_decide_on() {
    let mut sample = Sample::running();
    let first = *sample.governance().studies().next().unwrap().0;
    sample.answered(first, 1, 1, 150);
    let view = sample.view(KIM);
    let query = view
        .mirror
        .documents()
        .find(|it| it.is::<protocol::documents::Query>());
    let refused = whole(&view, query.unwrap()).unwrap_err();
    assert_eq!(refused.code(), "nothing-to-sign");
}
