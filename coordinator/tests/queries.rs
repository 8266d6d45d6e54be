//! How a query lives and ends: fetched, answered, refused, late, doubled, forged; across restarts and deadlines.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{Coordinator, DEADLINE, new_key, peer, person};
use coordinator::limits::{CELL_ABS_MAX, SUBMISSIONS_PER_TASK_MAX};
use protocol::documents::{Answer, CenterEnding as E, QueryResult, RefusalReason};
use protocol::envelope::Envelope;
use protocol::ids::ChainHead;
use protocol::limits::{CELLS_MAX, PARTS_MAX, WAIT_S_MAX};
use protocol::log::LogPosition;
use protocol::task::TaskState as S;
use rstest::rstest;

fn result_in(coordinator: &Coordinator, envelope: &Envelope) -> QueryResult {
    envelope
        .open(&[coordinator.network.coordinator_key().public()].into())
        .unwrap()
}

fn endings(result: &QueryResult) -> Vec<E> {
    result.centers.iter().map(|end| end.ending).collect()
}

#[tokio::test]
async fn when_every_task_has_ended_the_sum_of_exactly_those_who_answered_is_published() {
    let coordinator = Coordinator::ready(5).await;
    let query = coordinator.asked(1).await;
    for index in [0, 2, 4] {
        let recorded = coordinator
            .answer(index, query, &coordinator.network.answer(index, 1))
            .await
            .unwrap();
        assert!(!recorded.late);
    }
    let refusal = coordinator
        .network
        .refusal(1, query, RefusalReason::OutOfBudget);
    coordinator.answer(1, query, &refusal).await.unwrap();
    assert_eq!(
        coordinator.result(query).await.unwrap_err().code(),
        "not_published"
    );
    let failure = coordinator
        .network
        .refusal(3, query, RefusalReason::Infrastructure);
    coordinator.answer(3, query, &failure).await.unwrap();

    let bundle = coordinator.result(query).await.unwrap();
    let result = result_in(&coordinator, &bundle.result);
    assert_eq!(
        endings(&result),
        [
            E::Answered,
            E::OutOfBudget,
            E::Answered,
            E::Failed,
            E::Answered
        ]
    );
    assert_eq!(result.totals, coordinator.network.total(&[0, 2, 4]));
    assert_eq!(result.roster, coordinator.network.roster().id());
    assert_eq!(bundle.answers.len(), 5);
    assert_eq!(bundle.template.id(), coordinator.network.template().id());
    let states: Vec<S> = coordinator
        .status(query)
        .await
        .tasks
        .iter()
        .map(|task| task.state)
        .collect();
    assert_eq!(
        states,
        [S::Answered, S::Refused, S::Answered, S::Failed, S::Answered]
    );
}

#[tokio::test]
async fn at_the_deadline_what_is_there_is_published_and_the_rest_is_late() {
    let coordinator = Coordinator::ready(3).await;
    let query = coordinator.asked(1).await;
    coordinator
        .answer(1, query, &coordinator.network.answer(1, 1))
        .await
        .unwrap();
    coordinator
        .clock
        .advance(DEADLINE.saturating_sub(Duration::from_millis(1)));
    assert!(coordinator.status(query).await.result.is_none());
    coordinator.clock.advance(Duration::from_millis(1));
    let result = result_in(&coordinator, &coordinator.published(query).await.result);
    assert_eq!(endings(&result), [E::Late, E::Answered, E::Late]);
    assert_eq!(result.totals, coordinator.network.total(&[1]));
}

#[tokio::test]
async fn a_query_that_nobody_answers_ends_too() {
    let coordinator = Coordinator::ready(2).await;
    let query = coordinator
        .submit(&coordinator.network.query(1, coordinator.now()))
        .await
        .unwrap()
        .id;
    coordinator.clock.advance(DEADLINE);
    let result = result_in(&coordinator, &coordinator.published(query).await.result);
    assert_eq!(endings(&result), [E::Late, E::Late]);
    assert!(result.totals.is_empty());
}

#[tokio::test]
async fn a_deadline_that_passed_while_the_coordinator_was_down_is_kept_at_its_start() {
    let coordinator = Coordinator::ready(2).await;
    let query = coordinator.asked(1).await;
    coordinator
        .answer(0, query, &coordinator.network.answer(0, 1))
        .await
        .unwrap();
    let coordinator = coordinator.restarted_after(DEADLINE).await;
    let result = result_in(&coordinator, &coordinator.published(query).await.result);
    assert_eq!(endings(&result), [E::Answered, E::Late]);
}

#[tokio::test]
async fn a_deadline_still_ahead_is_armed_again_by_a_restart() {
    let coordinator = Coordinator::ready(1).await;
    let query = coordinator.asked(1).await;
    let coordinator = coordinator.restarted_after(DEADLINE / 2).await;
    assert_eq!(coordinator.status(query).await.tasks[0].state, S::Fetched);
    coordinator.clock.advance(DEADLINE / 2);
    coordinator.published(query).await;
}

#[tokio::test]
async fn a_crash_between_the_last_answer_and_the_result_is_repaired_at_start() {
    let coordinator = Coordinator::ready(1).await;
    let query = coordinator.asked(1).await;
    coordinator
        .answer(0, query, &coordinator.network.answer(0, 1))
        .await
        .unwrap();
    coordinator.shutdown.finish().await;
    // As the disk would look if the process had died before the result: the log ends with the answer.
    coordinator
        .database()
        .execute_batch(
            "DROP TRIGGER result_is_never_removed; DROP TRIGGER log_is_never_cut;
             DELETE FROM result; DELETE FROM log WHERE entry = (SELECT MAX(entry) FROM log);",
        )
        .unwrap();
    let coordinator = coordinator.restarted_after(Duration::from_secs(1)).await;
    let result = result_in(&coordinator, &coordinator.published(query).await.result);
    assert_eq!(result.totals, coordinator.network.total(&[0]));
}

#[tokio::test]
async fn a_late_answer_is_logged_as_late_and_changes_no_result() {
    let coordinator = Coordinator::ready(2).await;
    let query = coordinator.asked(1).await;
    coordinator
        .answer(0, query, &coordinator.network.answer(0, 1))
        .await
        .unwrap();
    coordinator.clock.advance(DEADLINE);
    let before = coordinator.published(query).await;
    let late = coordinator.network.answer(1, 1);
    assert!(coordinator.answer(1, query, &late).await.unwrap().late);
    assert!(
        coordinator.answer(1, query, &late).await.unwrap().late,
        "again"
    );
    assert_eq!(coordinator.result(query).await.unwrap(), before);
    let last = coordinator.log().await.entries.pop().unwrap();
    assert_eq!(last.envelope.id(), late.id());
}

#[tokio::test]
async fn an_answer_that_comes_after_the_deadline_is_late_even_if_nobody_has_looked_at_the_clock() {
    let coordinator = Coordinator::ready(1).await;
    let query = coordinator.asked(1).await;
    coordinator.clock.advance(DEADLINE);
    assert!(
        coordinator
            .answer(0, query, &coordinator.network.answer(0, 1))
            .await
            .unwrap()
            .late
    );
}

#[tokio::test]
async fn an_answer_after_the_deadline_is_late_even_while_no_result_can_be_stored() {
    let coordinator = Coordinator::ready(1).await;
    let query = coordinator.asked(1).await;
    let full =
        "CREATE TRIGGER full BEFORE INSERT ON result BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    coordinator.database().execute_batch(full).unwrap();
    coordinator.clock.advance(DEADLINE);
    let answer = coordinator.network.answer(0, 1);
    assert!(coordinator.answer(0, query, &answer).await.unwrap().late);
    let mended = coordinator.database().execute_batch("DROP TRIGGER full");
    mended.unwrap();
    coordinator.offers(0).await.unwrap();
    let result = coordinator.result(query).await.unwrap().result;
    assert_eq!(endings(&result_in(&coordinator, &result)), [E::Late]);
}

#[tokio::test]
async fn a_doubled_answer_counts_once_and_a_second_one_changes_nothing() {
    let coordinator = Coordinator::ready(2).await;
    let query = coordinator.asked(1).await;
    let answer = coordinator.network.answer(0, 1);
    for _ in 0..3 {
        assert!(!coordinator.answer(0, query, &answer).await.unwrap().late);
    }
    let mut other = coordinator.network.answer_document(0, 1);
    other.parts[0][0] = 1000;
    let other = Envelope::sign(&other, &coordinator.network.centers[0].1);
    assert!(coordinator.answer(0, query, &other).await.unwrap().late);
    coordinator
        .answer(1, query, &coordinator.network.answer(1, 1))
        .await
        .unwrap();
    let result = result_in(
        &coordinator,
        &coordinator.result(query).await.unwrap().result,
    );
    assert_eq!(result.totals, coordinator.network.total(&[0, 1]));
}

#[tokio::test]
async fn only_so_many_different_answers_are_kept_for_one_task() {
    let coordinator = Coordinator::ready(2).await;
    let query = coordinator.asked(1).await;
    for attempt in 0..=SUBMISSIONS_PER_TASK_MAX {
        let mut answer = coordinator.network.answer_document(0, 1);
        answer.parts[0][1] = i64::try_from(attempt).unwrap();
        let answer = Envelope::sign(&answer, &coordinator.network.centers[0].1);
        let taken = coordinator.answer(0, query, &answer).await;
        if attempt < SUBMISSIONS_PER_TASK_MAX {
            assert!(taken.is_ok(), "{attempt}");
        } else {
            // No node should try this again for ever.
            let problem = transport::problem::Problem::from(taken.unwrap_err());
            assert_eq!(problem.code, "too_many_answers");
            assert!(!problem.is_transient());
        }
    }
}

#[tokio::test]
async fn the_same_question_asked_again_is_answered_by_the_same_bytes() {
    let coordinator = Coordinator::ready(1).await;
    let first = coordinator.asked(1).await;
    let answer = coordinator.network.answer(0, 1);
    coordinator.answer(0, first, &answer).await.unwrap();
    coordinator.clock.advance(Duration::from_secs(1));
    let second = coordinator.asked(1).await;
    assert_ne!(first, second);
    coordinator.answer(0, second, &answer).await.unwrap();
    let (one, two) = (
        coordinator.result(first).await.unwrap(),
        coordinator.result(second).await.unwrap(),
    );
    assert_eq!(one.answers, two.answers);
    let totals = |bundle: &Envelope| result_in(&coordinator, bundle).totals;
    assert_eq!(totals(&one.result), totals(&two.result));
    let logged = coordinator
        .log()
        .await
        .entries
        .iter()
        .filter(|entry| entry.envelope.id() == answer.id())
        .count();
    assert_eq!(logged, 1);
}

type Forge = fn(&Coordinator, &mut Answer) -> Envelope;

#[rstest]
#[case::signed_by_another_center("signature", |c: &Coordinator, a: &mut Answer| Envelope::sign(a, &c.network.centers[1].1))]
#[case::signed_by_a_stranger("signature", |_: &Coordinator, a: &mut Answer| Envelope::sign(a, &new_key()))]
#[case::names_another_center("answer_refused", |c: &Coordinator, a: &mut Answer| {
    a.center = c.network.center(1);
    Envelope::sign(a, &c.network.centers[0].1)
})]
#[case::answers_another_question("answer_refused", |c: &Coordinator, a: &mut Answer| {
    a.question = c.network.question(2).id();
    Envelope::sign(a, &c.network.centers[0].1)
})]
#[case::one_part_too_many("answer_too_large", |c: &Coordinator, a: &mut Answer| {
    a.parts = vec![vec![]; PARTS_MAX + 1];
    Envelope::sign(a, &c.network.centers[0].1)
})]
#[case::one_cell_too_many("answer_too_large", |c: &Coordinator, a: &mut Answer| {
    a.parts = vec![vec![0; CELLS_MAX + 1]];
    Envelope::sign(a, &c.network.centers[0].1)
})]
#[case::a_cell_too_large("answer_too_large", |c: &Coordinator, a: &mut Answer| {
    a.parts = vec![vec![i64::try_from(CELL_ABS_MAX).unwrap() + 1]];
    Envelope::sign(a, &c.network.centers[0].1)
})]
#[case::saw_another_log("other_log", |c: &Coordinator, a: &mut Answer| {
    a.log = LogPosition { entries: 1, head: ChainHead::EMPTY };
    Envelope::sign(a, &c.network.centers[0].1)
})]
#[case::saw_a_longer_log("other_log", |c: &Coordinator, a: &mut Answer| {
    a.log = LogPosition { entries: u64::MAX, head: ChainHead::EMPTY };
    Envelope::sign(a, &c.network.centers[0].1)
})]
#[tokio::test]
async fn a_forged_or_misdirected_answer_leaves_the_task_open(
    #[case] code: &str,
    #[case] forge: Forge,
) {
    let coordinator = Coordinator::ready(2).await;
    let query = coordinator.asked(1).await;
    let mut answer = coordinator.network.answer_document(0, 1);
    let forged = forge(&coordinator, &mut answer);
    let before = coordinator.log().await.log;
    assert_eq!(
        coordinator
            .answer(0, query, &forged)
            .await
            .unwrap_err()
            .code(),
        code
    );
    assert_eq!(coordinator.status(query).await.tasks[0].state, S::Fetched);
    assert_eq!(coordinator.log().await.log, before);
}

#[tokio::test]
async fn an_answer_of_the_largest_size_is_taken() {
    let coordinator = Coordinator::ready(1).await;
    let query = coordinator.asked(1).await;
    let mut answer = coordinator.network.answer_document(0, 1);
    answer.parts = vec![vec![-i64::try_from(CELL_ABS_MAX).unwrap()]; PARTS_MAX];
    answer.parts[0] = vec![1; CELLS_MAX];
    coordinator
        .answer(
            0,
            query,
            &Envelope::sign(&answer, &coordinator.network.centers[0].1),
        )
        .await
        .unwrap();
    let result = result_in(
        &coordinator,
        &coordinator.result(query).await.unwrap().result,
    );
    assert_eq!(result.totals, answer.parts);
}

#[tokio::test]
async fn an_answer_of_another_shape_than_most_is_a_failure_of_its_center() {
    let coordinator = Coordinator::ready(3).await;
    let query = coordinator.asked(1).await;
    let mut odd = coordinator.network.answer_document(0, 1);
    odd.parts.pop();
    coordinator
        .answer(
            0,
            query,
            &Envelope::sign(&odd, &coordinator.network.centers[0].1),
        )
        .await
        .unwrap();
    for index in [1, 2] {
        coordinator
            .answer(index, query, &coordinator.network.answer(index, 1))
            .await
            .unwrap();
    }
    let result = result_in(
        &coordinator,
        &coordinator.result(query).await.unwrap().result,
    );
    assert_eq!(endings(&result), [E::Failed, E::Answered, E::Answered]);
    assert_eq!(result.totals, coordinator.network.total(&[1, 2]));
}

#[tokio::test]
async fn an_answer_whose_numbers_mean_something_else_is_never_added() {
    let coordinator = Coordinator::ready(3).await;
    let query = coordinator.asked(1).await;
    let mut odd = coordinator.network.answer_document(0, 1);
    odd.plan = protocol::ids::PlanDigest::from_bytes([9; 32]);
    let odd = Envelope::sign(&odd, &coordinator.network.centers[0].1);
    coordinator.answer(0, query, &odd).await.unwrap();
    for index in [1, 2] {
        let answer = coordinator.network.answer(index, 1);
        coordinator.answer(index, query, &answer).await.unwrap();
    }
    let published = coordinator.result(query).await.unwrap().result;
    let result = result_in(&coordinator, &published);
    assert_eq!(endings(&result), [E::Failed, E::Answered, E::Answered]);
    assert_eq!(result.totals, coordinator.network.total(&[1, 2]));
}

#[tokio::test]
async fn a_refusal_of_another_query_is_refused() {
    let coordinator = Coordinator::ready(1).await;
    let (first, second) = (coordinator.asked(1).await, coordinator.asked(2).await);
    let refusal = coordinator.network.refusal(0, first, RefusalReason::NoLock);
    assert_eq!(
        coordinator
            .answer(0, second, &refusal)
            .await
            .unwrap_err()
            .code(),
        "answer_refused"
    );
}

#[tokio::test]
async fn a_center_that_is_not_in_the_roster_sees_and_answers_nothing() {
    let coordinator = Coordinator::ready(1).await;
    coordinator.asked(1).await;
    let stranger = peer(&"K99".parse().unwrap());
    let read = coordinator
        .service
        .run(&stranger, |relay, now| relay.log_page(0, 1, now))
        .await;
    assert_eq!(read.unwrap_err().code(), "not_in_roster");
    let poll = coordinator
        .service
        .offers(&stranger, "K99".parse().unwrap(), BTreeSet::new(), 0)
        .await;
    assert_eq!(poll.unwrap_err().code(), "not_in_roster");
}

#[tokio::test]
async fn a_center_that_joined_later_was_not_asked() {
    let coordinator = Coordinator::ready(2).await;
    let mut roster = coordinator.network.roster_document();
    roster.version = 2;
    let left_out = roster.centers.pop().unwrap();
    coordinator
        .submit(&coordinator.network.decided(&roster))
        .await
        .unwrap();
    let query = coordinator
        .submit(&coordinator.network.query(1, coordinator.now()))
        .await
        .unwrap()
        .id;
    roster.version = 3;
    roster.centers.push(left_out);
    coordinator
        .submit(&coordinator.network.decided(&roster))
        .await
        .unwrap();
    assert!(coordinator.offers(1).await.unwrap().offers.is_empty());
    let refused = coordinator
        .answer(1, query, &coordinator.network.answer(1, 1))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "not_asked");
}

#[tokio::test]
async fn a_poll_waits_for_a_query_and_leaves_out_what_the_node_knows() {
    let coordinator = Coordinator::ready(1).await;
    let center = coordinator.network.center(0);
    let query = coordinator.network.query(1, coordinator.now());
    let party = peer(&center);
    let (polled, _) = tokio::join!(
        coordinator
            .service
            .offers(&party, center.clone(), BTreeSet::new(), 60),
        coordinator.submit(&query)
    );
    let offers = polled.unwrap();
    assert_eq!(offers.offers[0].query, query);
    assert_eq!(offers.offers[0].state, S::Fetched);
    // A node that restarts knows nothing and gets it again; one that names it waits on.
    assert_eq!(coordinator.offers(0).await.unwrap().offers.len(), 1);
    let known = BTreeSet::from([query.id()]);
    let waiting = coordinator
        .service
        .offers(&party, center.clone(), known, 60);
    let (again, ()) = tokio::join!(waiting, async {
        coordinator.clock.advance(Duration::from_mins(1));
    });
    assert!(again.unwrap().offers.is_empty());
}

#[rstest]
#[case(WAIT_S_MAX, true)]
#[case(WAIT_S_MAX + 1, false)]
#[tokio::test]
async fn a_poll_waits_as_long_as_the_limit_and_no_longer(#[case] wait_s: u32, #[case] fits: bool) {
    let coordinator = Coordinator::ready(1).await;
    let center = coordinator.network.center(0);
    let party = peer(&center);
    let poll = coordinator
        .service
        .offers(&party, center.clone(), BTreeSet::new(), wait_s);
    let (polled, ()) = tokio::join!(poll, async {
        coordinator
            .clock
            .advance(Duration::from_secs(WAIT_S_MAX.into()));
    });
    assert_eq!(polled.is_ok(), fits);
}

#[tokio::test]
async fn a_watcher_sees_each_step_and_the_end() {
    let coordinator = Coordinator::ready(1).await;
    let query = coordinator
        .submit(&coordinator.network.query(1, coordinator.now()))
        .await
        .unwrap()
        .id;
    let seen = coordinator.status(query).await;
    let kim = person();
    let watch = coordinator
        .service
        .status(&kim, query, Some(seen.version), 60);
    let (next, _) = tokio::join!(watch, coordinator.offers(0));
    let next = next.unwrap();
    assert!(next.version > seen.version && next.tasks[0].state == S::Fetched);
    let answer = coordinator.network.answer(0, 1);
    let watch = coordinator
        .service
        .status(&kim, query, Some(next.version), 60);
    let (_, _) = tokio::join!(watch, coordinator.answer(0, query, &answer));
    let end = coordinator.status(query).await;
    assert_eq!(end.ends[0].ending, E::Answered);
    assert_eq!(
        end.result,
        Some(coordinator.result(query).await.unwrap().result.id())
    );
}

#[tokio::test]
async fn a_node_reports_only_what_may_be_reported_and_never_backwards() {
    let coordinator = Coordinator::ready(1).await;
    let query = coordinator.asked(1).await;
    let center = coordinator.network.center(0);
    let report = |state| {
        let (service, center) = (coordinator.service.clone(), center.clone());
        async move {
            let peer = peer(&center);
            service
                .run(&peer, move |relay, now| {
                    relay.report(&center, &query, state, now)
                })
                .await
        }
    };
    for state in [S::Offered, S::Fetched, S::Answered, S::Expired] {
        assert_eq!(report(state).await.unwrap_err().code(), "report");
    }
    report(S::AwaitingApproval).await.unwrap();
    report(S::Accepted).await.unwrap();
    assert_eq!(
        report(S::AwaitingApproval).await.unwrap_err().code(),
        "task_state"
    );
    coordinator.clock.advance(DEADLINE);
    assert!(report(S::Accepted).await.unwrap().late);
}

#[tokio::test]
async fn an_end_is_final_in_the_store_itself() {
    let coordinator = Coordinator::ready(1).await;
    for state in S::ALL {
        let database = coordinator.database();
        let number = state as u64;
        let query = coordinator
            .submit(&coordinator.network.query(number, coordinator.now()))
            .await
            .unwrap()
            .id;
        let change = "UPDATE task SET state = ?2 WHERE query = ?1";
        database
            .execute(change, [query.to_string().as_str(), state.as_str()])
            .unwrap();
        let again = database.execute(change, [query.to_string().as_str(), "offered"]);
        assert_eq!(again.is_err(), state.has_ended(), "{state}");
    }
}
