//! Revocations that are withheld, and words about being current that are old, forged or of another log.

use std::time::Duration;

use protocol::documents::RefusalReason;
use protocol::envelope::Envelope;
use protocol::ids::ChainHead;
use protocol::limits::CURRENCY_VALID_S;
use rstest::rstest;
use tests::evil::{Scene, in_days, key, start};

use super::{answered, logged_and_refused};

#[test]
fn a_revocation_withheld_behind_a_new_currency_stops_every_answer() {
    let scene = Scene::new();
    let revocation = scene.id_of(&scene.revocation(scene.id_of(&scene.study)));
    // The office saw the revocation; the coordinator shows its word, and not the revocation.
    let word = scene.word(in_days(1), &[revocation].into());
    scene.clock.set(in_days(1));
    scene.log(Envelope::sign(&word, &key("office")));
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::CurrencyMismatch);
}

#[test]
fn a_revocation_withheld_together_with_every_currency_stops_every_answer_after_14_days() {
    let scene = Scene::new();
    scene
        .clock
        .advance(Duration::from_secs(CURRENCY_VALID_S.unsigned_abs() - 1));
    let query = scene.by_lee(&scene.query(0.05));
    scene.log(query.clone());
    answered(&scene, &query);
    scene.clock.advance(Duration::from_secs(1));
    let query = scene.by_lee(&scene.query(0.04));
    logged_and_refused(&scene, &query, RefusalReason::CurrencyExpired);
}

#[test]
fn an_answer_that_is_stored_is_not_given_either_without_a_current_word() {
    let scene = Scene::new();
    let query = scene.by_lee(&scene.query(0.05));
    scene.log(query.clone());
    answered(&scene, &query);
    scene.clock.set(in_days(14));
    let again = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &again, RefusalReason::CurrencyExpired);
}

#[test]
fn an_old_currency_replayed_keeps_nothing_current() {
    let scene = Scene::new();
    let old = scene.relay.log()[4].envelope.clone();
    scene.clock.set(in_days(13));
    scene.log(scene.currency(in_days(13)));
    scene.clock.set(in_days(28));
    scene.log(old);
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::CurrencyExpired);
}

#[rstest]
#[case::itself("coordinator")]
#[case::a_member("kim")]
#[case::a_researcher("lee")]
fn a_currency_by_anybody_but_a_timekeeper_keeps_nothing_current(#[case] name: &str) {
    let scene = Scene::new();
    scene.clock.set(in_days(14));
    let word = scene.word(in_days(14), &[].into());
    scene.log(Envelope::sign(&word, &key(name)));
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::CurrencyExpired);
}

#[test]
fn a_currency_made_younger_keeps_nothing_current() {
    let scene = Scene::new();
    scene.clock.set(in_days(14));
    let true_word = scene.currency(start());
    let mut younger = Envelope::sign(&scene.word(in_days(14), &[].into()), &key("coordinator"));
    younger.signatures = true_word.signatures;
    scene.log(younger);
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::CurrencyExpired);
}

#[test]
fn a_currency_over_another_log_stops_every_answer() {
    let scene = Scene::new();
    let mut word = scene.word(in_days(1), &[].into());
    word.log.head = ChainHead::from_bytes([6; 32]);
    scene.clock.set(in_days(1));
    scene.log(Envelope::sign(&word, &key("office")));
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::CurrencyMismatch);
}

#[test]
fn a_currency_of_another_network_is_none() {
    let scene = Scene::founded();
    scene.log(scene.decided(&scene.roster));
    scene.log(scene.decided(&scene.template));
    scene.log(scene.decided(&scene.study));
    let mut word = scene.word(start(), &[].into());
    word.network = "japan".parse().unwrap();
    scene.log(Envelope::sign(&word, &key("office")));
    let query = scene.by_lee(&scene.query(0.05));
    logged_and_refused(&scene, &query, RefusalReason::NoCurrency);
}

#[test]
fn a_log_dated_ahead_makes_nothing_current() {
    let scene = Scene::new();
    scene.clock.set(in_days(14));
    let query = scene.by_lee(&scene.query(0.05));
    scene.relay.append(query.clone(), in_days(400));
    super::refused(&scene, &query, RefusalReason::CurrencyExpired);
}
