//! What becomes of a query that a person must decide on, while the node runs and while it does not.

use protocol::documents::{Charter, Predecessor, Query, Revocation};

use super::*;
use crate::record::{Record, SeenCharter, Verdict};

/// A world whose center leaves everything to a person.
async fn asking(answer_delay_s: f64) -> World {
    let world = World::new(answer_delay_s).await;
    world.network.set_policy("\"automatic\"", "\"person\"");
    world
}

impl World {
    /// How many rows of this kind the record holds.
    fn rows(&self, kind: &str) -> usize {
        let recorded = self.network.recorded();
        recorded.iter().filter(|row| **row == kind).count()
    }

    /// Ends once the record holds so many rows of this kind. Readers without a pause would keep the node from writing.
    async fn until_rows(&self, kind: &str, count: usize) {
        while self.rows(kind) < count {
            self.settle().await;
        }
    }

    /// Ends once the node has sent an answer or refusal, the clock moving; slowly, for the query has a deadline.
    async fn until_answered_in_time(&self) {
        while self.relay.answers() == 0 {
            self.advance(100);
            self.settle().await;
        }
    }

    /// Lets the node run on as far as it gets while the clock stands.
    async fn settle(&self) {
        for _ in 0..20_000 {
            tokio::task::yield_now().await;
        }
    }

    fn advance(&self, milliseconds: u64) {
        self.network
            .clock
            .advance(Duration::from_millis(milliseconds));
    }

    /// Runs a node until it has reported that a person must decide.
    async fn until_reported(&self, query: &Envelope) {
        self.relay.offer(query);
        self.while_serving(self.relay.until(|relay| relay.reports() == 1))
            .await;
    }

    fn refusal(&self, number: usize) -> RefusalReason {
        let refusal: Refusal = self.network.opened(&self.response(number));
        refusal.reason
    }

    /// The same question, asked once more.
    fn another(&self, number: i64) -> Envelope {
        let query: Query = self.query(0.05).parse_unverified().unwrap();
        let created = query.created + SignedDuration::from_secs(number);
        Envelope::sign(&Query { created, ..query }, &self.network.kim)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_reported_to_be_asked_at_a_tick_and_the_answer_leaves_a_whole_delay_after_the_approval()
 {
    let world = asking(5.0).await;
    let query = world.query(0.05);
    world
        .while_serving(async {
            world.relay.offer(&query);
            world.until_rows("awaiting", 1).await;
            world.advance(4_999);
            world.settle().await;
            assert_eq!(world.relay.reports(), 0);
            world.advance(1);
            world.relay.until(|relay| relay.reports() == 1).await;
            let reported = (query.id(), TaskState::AwaitingApproval);
            assert_eq!(lock(&world.relay.reports)[0], reported);
            // Days may pass.
            world.advance(10 * 60 * 1_000);
            world.settle().await;
            assert_eq!((world.relay.answers(), world.network.spent()), (0, 0));
            let approved = world.network.clock.now();
            world.network.decide_by_hand(&query, Verdict::Approve);
            world.until_answered_in_time().await;
            let waited = world.network.clock.now().duration_since(approved);
            assert!(waited >= SignedDuration::from_secs(5), "{waited}");
            let _: Answer = world.network.opened(&world.response(0));
        })
        .await;
    assert_eq!((world.rows("awaiting"), world.rows("answer")), (1, 1));
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_no_leaves_as_a_refusal_and_the_note_stays() {
    let world = asking(0.0).await;
    let query = world.query(0.05);
    world
        .while_serving(async {
            world.relay.offer(&query);
            world.relay.until(|relay| relay.reports() == 1).await;
            world.network.decide_by_hand(&query, Verdict::Refuse);
            world.until_answered_in_time().await;
        })
        .await;
    assert_eq!(world.refusal(0), RefusalReason::PersonRefuses);
    assert_eq!(world.network.spent(), 0);
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_refused_holds_no_decision_up() {
    for code in ["certificate-revoked", "not_for_you"] {
        let world = asking(0.0).await;
        let query = world.query(0.05);
        *lock(&world.relay.refuses_with) = Some(code);
        world
            .while_serving(async {
                world.relay.offer(&query);
                world.relay.until_refused().await;
                *lock(&world.relay.refuses_with) = None;
                world.network.decide_by_hand(&query, Verdict::Approve);
                world.until_answered_in_time().await;
            })
            .await;
        let _: Answer = world.network.opened(&world.response(0));
        world.server.begin();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_read_in_the_log_is_what_is_answered_whatever_was_offered() {
    let world = asking(0.0).await;
    let query = world.query(0.05);
    let bare = Envelope {
        signatures: Vec::new(),
        ..query.clone()
    };
    // The desk shows the first one, which nobody signed.
    world.relay.append(bare);
    world
        .while_serving(async {
            world.relay.offer(&query);
            world.relay.until(|relay| relay.reports() == 1).await;
            world.network.decide_by_hand(&query, Verdict::Approve);
            world.until_answered_in_time().await;
        })
        .await;
    assert_eq!(world.refusal(0), RefusalReason::NotAResearcher);
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_while_the_node_stood_still_is_answered_when_it_starts_and_nobody_is_asked_again()
 {
    let world = asking(0.0).await;
    let query = world.query(0.05);
    world.until_reported(&query).await;
    world.network.decide_by_hand(&query, Verdict::Approve);
    world
        .while_serving(world.relay.until(|relay| relay.answers() == 1))
        .await;
    let _: Answer = world.network.opened(&world.response(0));
    assert_eq!((world.rows("awaiting"), world.relay.reports()), (1, 1));
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_waits_across_a_restart_waits_on_and_is_recorded_once() {
    let world = asking(0.0).await;
    let query = world.query(0.05);
    world.until_reported(&query).await;
    world
        .while_serving(async {
            world.relay.until(|relay| relay.reports() == 2).await;
            world.network.decide_by_hand(&query, Verdict::Approve);
            world.until_answered_in_time().await;
        })
        .await;
    assert_eq!((world.rows("awaiting"), world.rows("answer")), (1, 1));
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_while_a_person_thought_about_it_is_refused() {
    let world = asking(0.0).await;
    let query = world.query(0.05);
    world
        .while_serving(async {
            world.relay.offer(&query);
            world.relay.until(|relay| relay.reports() == 1).await;
            let revocation = Revocation {
                network: "kr".parse().unwrap(),
                document: world.network.documents.study.as_ref().unwrap().id(),
                reason: "a patient asked".to_owned(),
                time: now(),
            };
            let member = &world.network.member;
            let log = LogPosition::EMPTY;
            // The poll that is held does not tell of it: the node looks at the log before it answers.
            world
                .relay
                .append(Envelope::sign_seeing(&revocation, member, log));
            world.network.decide_by_hand(&query, Verdict::Approve);
            world.until_answered_in_time().await;
        })
        .await;
    assert_eq!(world.refusal(0), RefusalReason::Revoked);
    assert_eq!(world.network.spent(), 0);
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_that_wait_for_people_take_no_place_from_others() {
    let world = asking(5.0).await;
    let many = IN_WORK_MAX + 3;
    for number in 0..many {
        world
            .relay
            .offer(&world.another(i64::try_from(number).unwrap()));
    }
    world
        .while_serving(async {
            // The clock stands: none has been reported, and still each was looked at.
            world.until_rows("awaiting", many).await;
            assert_eq!(world.relay.reports(), 0);
        })
        .await;
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_names_a_bounded_number_of_queries_and_those_past_their_deadline_are_let_go() {
    let world = asking(0.0).await;
    let life = Shutdown::new();
    let agent = Agent::open(&world.network.data, world.clock(), life.clone()).unwrap();
    for number in 0..150 {
        agent.waiting.hold(world.another(number));
    }
    assert_eq!(
        (agent.waiting.ids().len(), agent.known().len()),
        (150, KNOWN_MAX)
    );
    let decided = |now| agent.waiting.decided(&agent.answerer, now, &life);
    let deadline = now() + SignedDuration::from_hours(1);
    let before = deadline - SignedDuration::from_nanos(1);
    assert_eq!(decided(before).await.unwrap(), []);
    assert_eq!(agent.waiting.ids().len(), 150);
    assert_eq!(decided(deadline).await.unwrap(), []);
    assert_eq!(agent.waiting.ids(), []);
    life.finish().await;
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_recorded_and_never_left_leaves_after_a_restart_under_the_same_row() {
    let world = World::new(5.0).await;
    let query = world.query(0.05);
    world
        .while_serving(async {
            world.relay.offer(&query);
            world.until_rows("answer", 1).await;
        })
        .await;
    assert_eq!(world.relay.answers(), 0);
    world
        .while_serving(async {
            world.until_answered_in_time().await;
        })
        .await;
    assert_eq!(world.response(0).to_json(), world.stored(&query).unwrap());
    assert_eq!(world.rows("answer"), 1);
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_without_the_highest_charter_ever_seen_or_with_another_one_is_answered_nothing_by() {
    for (version, reason) in [
        (2, RefusalReason::NoCharter),
        (1, RefusalReason::CharterFork),
    ] {
        let world = World::new(0.0).await;
        let seen = SeenCharter {
            version,
            id: DocumentId::from_bytes([7; 32]),
        };
        let record = Record::open(&world.network.data.record()).unwrap();
        record.note_charter(seen, now()).unwrap();
        world.relay.offer(&world.query(0.05));
        world
            .while_serving(world.relay.until(|relay| relay.answers() == 1))
            .await;
        assert_eq!(world.refusal(0), reason);
        assert_eq!(world.network.spent(), 0);
        world.server.begin();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_charter_of_the_log_is_written_down_once_the_log_was_fetched() {
    let world = World::new(0.0).await;
    let life = Shutdown::new();
    let mut agent = Agent::open(&world.network.data, world.clock(), life.clone()).unwrap();
    assert_eq!(agent.answerer.record().highest_charter().unwrap(), None);
    agent.look().await.unwrap();
    let highest = agent.answerer.record().highest_charter().unwrap().unwrap();
    let id = world.network.documents.charter.id();
    assert_eq!(highest, SeenCharter { version: 1, id });
    life.finish().await;
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charter_that_follows_another_than_the_one_seen_before_hides_no_fork() {
    let world = World::new(0.0).await;
    let genesis = &world.network.documents.charter;
    let next = Charter {
        version: 2,
        predecessor: Some(Predecessor {
            charter: genesis.id(),
            log_index: 0,
        }),
        ..genesis.parse_unverified().unwrap()
    };
    let next = Envelope::sign_seeing(&next, &world.network.member, LogPosition::EMPTY);
    world.relay.append(next);
    let life = Shutdown::new();
    let mut agent = Agent::open(&world.network.data, world.clock(), life.clone()).unwrap();
    let record = Record::open(&world.network.data.record()).unwrap();
    let seen = SeenCharter {
        version: 1,
        id: DocumentId::from_bytes([7; 32]),
    };
    record.note_charter(seen, now()).unwrap();
    for _ in 0..2 {
        agent.look().await.unwrap();
        assert_eq!(agent.charter, CharterNote::Fork(seen));
        assert_eq!(agent.stopped(), Some(RefusalReason::CharterFork));
    }
    assert_eq!(record.highest_charter().unwrap(), Some(seen));
    life.finish().await;
    world.server.begin();
}
