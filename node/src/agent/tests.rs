//! What leaves a node, and when? Against a coordinator that plays along only as far as each test wants.

mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::extract::{Path, Query as UrlQuery, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use protocol::api::{LogPage, Offer, Offers, Recorded, TaskReport, paths};
use protocol::documents::{Answer, LogHead, Refusal, RefusalReason};
use protocol::ids::ChainHead;
use protocol::keys::SigningKey;
use protocol::log::LogEntry;
use protocol::task::TaskState;
use tokio::sync::watch;
use transport::problem::{Kind, Problem};

use super::*;
use crate::answer::fixture::{Network, now};
use crate::join::office::Office;

/// What the coordinator of a test has and has seen.
struct Relay {
    log: Mutex<Vec<LogEntry>>,
    /// Shown instead of the log's true head.
    forged_head: Mutex<Option<ChainHead>>,
    offers: Mutex<Vec<Envelope>>,
    answers: Mutex<Vec<(DocumentId, Envelope)>>,
    /// What the node said of queries, short of an answer.
    reports: Mutex<Vec<(DocumentId, TaskState)>>,
    takes_answers: AtomicBool,
    /// The code with which answers and reports are turned away for good, if any.
    refuses_with: Mutex<Option<&'static str>>,
    turned_away: AtomicUsize,
    polls: AtomicUsize,
    changed: watch::Sender<()>,
    /// The key that the roster names.
    key: Arc<SigningKey>,
}

impl Relay {
    fn position(&self) -> LogPosition {
        let mut position = LogPosition::EMPTY.extended(&lock(&self.log)).unwrap();
        if let Some(head) = *lock(&self.forged_head) {
            position.head = head;
        }
        position
    }

    fn append(&self, envelope: Envelope) {
        let mut log = lock(&self.log);
        let index = log.len() as u64;
        log.push(LogEntry {
            index,
            time: now(),
            envelope,
        });
    }

    fn offer(&self, query: &Envelope) {
        self.append(query.clone());
        lock(&self.offers).push(query.clone());
        self.changed.send_replace(());
    }

    /// Ends once `holds`.
    async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let mut changes = self.changed.subscribe();
        while !holds(self) {
            changes.changed().await.unwrap();
        }
    }

    /// Turns a response away for good, if the test wants it.
    fn refuse(&self) -> Result<(), Problem> {
        let Some(code) = *lock(&self.refuses_with) else {
            return Ok(());
        };
        self.turned_away.fetch_add(1, Ordering::SeqCst);
        self.changed.send_replace(());
        Err(Problem::new(Kind::Forbidden, "not you").with_code(code))
    }

    /// Ends once a response was turned away.
    async fn until_refused(&self) {
        self.until(|relay| relay.turned_away.load(Ordering::SeqCst) > 0)
            .await;
    }

    fn reports(&self) -> usize {
        lock(&self.reports).len()
    }

    fn answers(&self) -> usize {
        lock(&self.answers).len()
    }
}

#[derive(serde::Deserialize)]
struct Poll {
    #[serde(default)]
    known: String,
}

async fn tasks(State(relay): State<Arc<Relay>>, UrlQuery(poll): UrlQuery<Poll>) -> Json<Offers> {
    let open = |relay: &Relay| -> Vec<Offer> {
        let answered: Vec<_> = lock(&relay.answers).iter().map(|(id, _)| *id).collect();
        let is_new = |query: &&Envelope| {
            !answered.contains(&query.id()) && !poll.known.contains(&query.id().to_string())
        };
        let offers = lock(&relay.offers);
        offers
            .iter()
            .filter(is_new)
            .map(|query| Offer {
                query: query.clone(),
                state: TaskState::Fetched,
            })
            .collect()
    };
    relay.polls.fetch_add(1, Ordering::SeqCst);
    relay.changed.send_replace(());
    relay.until(|relay| !open(relay).is_empty()).await;
    Json(Offers {
        offers: open(&relay),
        log: relay.position(),
    })
}

#[derive(serde::Deserialize)]
struct Page {
    from: usize,
}

async fn log(State(relay): State<Arc<Relay>>, UrlQuery(page): UrlQuery<Page>) -> Json<LogPage> {
    let entries = lock(&relay.log)
        .get(page.from..)
        .unwrap_or_default()
        .to_vec();
    let head = LogHead {
        network: "kr".parse().unwrap(),
        log: relay.position(),
        time: now(),
    };
    Json(LogPage {
        entries,
        log: head.log,
        head: Envelope::sign(&head, &relay.key),
    })
}

async fn answer(
    State(relay): State<Arc<Relay>>,
    Path(query): Path<DocumentId>,
    Json(envelope): Json<Envelope>,
) -> Result<Json<Recorded>, Problem> {
    relay.refuse()?;
    if !relay.takes_answers.load(Ordering::SeqCst) {
        relay.turned_away.fetch_add(1, Ordering::SeqCst);
        relay.changed.send_replace(());
        return Err(Problem::new(Kind::Unavailable, "not now"));
    }
    relay.append(envelope.clone());
    lock(&relay.answers).push((query, envelope));
    relay.changed.send_replace(());
    Ok(Json(Recorded { late: false }))
}

async fn report(
    State(relay): State<Arc<Relay>>,
    Path(query): Path<DocumentId>,
    Json(report): Json<TaskReport>,
) -> Result<Json<Recorded>, Problem> {
    relay.refuse()?;
    lock(&relay.reports).push((query, report.state));
    relay.changed.send_replace(());
    Ok(Json(Recorded { late: false }))
}

/// A node with its coordinator, over real mutual TLS.
struct World {
    network: Network,
    relay: Arc<Relay>,
    office: Arc<Office>,
    server: Shutdown,
}

impl World {
    async fn new(answer_delay_s: f64) -> Self {
        let mut network = Network::with_rows();
        network.set_delay(answer_delay_s);
        let relay = Arc::new(Relay {
            log: Mutex::default(),
            forged_head: Mutex::default(),
            offers: Mutex::default(),
            answers: Mutex::default(),
            reports: Mutex::default(),
            takes_answers: AtomicBool::new(true),
            refuses_with: Mutex::default(),
            turned_away: AtomicUsize::new(0),
            polls: AtomicUsize::new(0),
            changed: watch::Sender::new(()),
            key: Arc::clone(&network.coordinator),
        });
        network
            .log_documents()
            .into_iter()
            .for_each(|document| relay.append(document));
        let (office, server) = serve(&network, &relay).await;
        Self {
            network,
            relay,
            office,
            server,
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.network.clock) as Arc<dyn Clock>
    }

    /// Runs a node while `during` lasts; then it is stopped and waited for.
    async fn while_serving(&self, during: impl Future<Output = ()>) {
        let life = Shutdown::new();
        let node = self
            .server
            .spawn(run(self.network.data.clone(), self.clock(), life.clone()));
        during.await;
        life.finish().await;
        node.await.unwrap().unwrap();
    }

    fn query(&self, rho: f64) -> Envelope {
        self.network
            .query(self.network.question(0, rho), &self.network.kim)
    }

    fn stored(&self, query: &Envelope) -> Option<Vec<u8>> {
        let query: protocol::documents::Query = query.parse_unverified().unwrap();
        let ledger = crate::ledger::Ledger::open(&self.network.data.ledger()).unwrap();
        ledger.stored_answer(query.question.id()).unwrap()
    }

    /// Ends once the node has finished its work on a query.
    async fn until_stored(&self, query: &Envelope) -> Vec<u8> {
        loop {
            if let Some(bytes) = self.stored(query) {
                return bytes;
            }
            tokio::task::yield_now().await;
        }
    }

    fn response(&self, number: usize) -> Envelope {
        lock(&self.relay.answers)[number].1.clone()
    }
}

async fn serve(network: &Network, relay: &Arc<Relay>) -> (Arc<Office>, Shutdown) {
    let office = Office::new(Arc::clone(&network.clock) as Arc<dyn Clock>);
    office.certify_by_hand(&network.data);
    let router = Router::new()
        .route(paths::TASKS, get(tasks))
        .route(paths::LOG, get(log))
        .route(paths::TASK_ANSWER, post(answer))
        .route(paths::TASK_STATE, post(report))
        .with_state(Arc::clone(relay));
    let (coordinator, server) = office.serve(router).await;
    let config = NodeConfig {
        coordinator,
        ..NodeConfig::load(&network.data).unwrap()
    };
    std::fs::write(network.data.config(), config.to_toml().unwrap()).unwrap();
    (office, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_leaves_at_its_tick_and_not_before() {
    let world = World::new(5.0).await;
    let query = world.query(0.1);
    world
        .while_serving(async {
            world.relay.offer(&query);
            let stored = world.until_stored(&query).await;
            world.network.clock.advance(Duration::from_millis(4_999));
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
            }
            assert_eq!(world.relay.answers(), 0);
            world.network.clock.advance(Duration::from_millis(1));
            world.relay.until(|relay| relay.answers() == 1).await;
            assert_eq!(world.response(0).to_json(), stored);
        })
        .await;
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_delivered_is_delivered_after_a_restart_the_same_bytes_and_charged_once()
{
    let world = World::new(0.0).await;
    let query = world.query(0.1);
    world.relay.takes_answers.store(false, Ordering::SeqCst);
    world
        .while_serving(async {
            world.relay.offer(&query);
            world
                .relay
                .until(|relay| relay.turned_away.load(Ordering::SeqCst) == 1)
                .await;
        })
        .await;
    let stored = world.stored(&query).unwrap();
    world.relay.takes_answers.store(true, Ordering::SeqCst);
    world
        .while_serving(world.relay.until(|relay| relay.answers() == 1))
        .await;
    assert_eq!(world.response(0).to_json(), stored);
    let answer: Answer = world.network.opened(&world.response(0));
    assert_eq!(answer.cost.nano(), world.network.spent());
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_refused_for_the_certificate_is_sent_again_and_delivered_once_the_next_one_is_in_place()
 {
    for code in [
        "certificate-revoked",
        "certificate_expired",
        "certificate-required",
    ] {
        let world = World::new(0.0).await;
        let query = world.query(0.1);
        *lock(&world.relay.refuses_with) = Some(code);
        world
            .while_serving(async {
                world.relay.offer(&query);
                world.relay.until_refused().await;
                *lock(&world.relay.refuses_with) = None;
                while world.relay.answers() == 0 {
                    world.network.clock.advance(Duration::from_millis(10));
                    tokio::task::yield_now().await;
                }
            })
            .await;
        assert_eq!(world.response(0).to_json(), world.stored(&query).unwrap());
        world.server.begin();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_answered_as_the_log_first_brought_it_whatever_is_offered_around_it() {
    let world = World::new(0.0).await;
    let query = world.query(0.1);
    let bare = Envelope {
        signatures: Vec::new(),
        ..query.clone()
    };
    world.relay.append(query.clone());
    // Offering it puts it into the log once more.
    world.relay.offer(&bare);
    world
        .while_serving(world.relay.until(|relay| relay.answers() == 1))
        .await;
    let _: Answer = world.network.opened(&world.response(0));
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_by_a_log_that_does_not_extend_the_one_seen() {
    let world = World::new(0.0).await;
    let (first, second) = (world.query(0.05), world.query(0.04));
    world
        .while_serving(async {
            world.relay.offer(&first);
            world.relay.until(|relay| relay.answers() == 1).await;
            *lock(&world.relay.forged_head) = Some(ChainHead::from_bytes([7; 32]));
            let polls = world.relay.polls.load(Ordering::SeqCst);
            world.relay.offer(&second);
            // The node meets the forged head, waits, and asks again once its wait is over.
            while world.relay.polls.load(Ordering::SeqCst) < polls + 2 {
                world.network.clock.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
            }
            assert_eq!((world.relay.answers(), world.stored(&second)), (1, None));
            *lock(&world.relay.forged_head) = None;
            while world.relay.answers() < 2 {
                world.network.clock.advance(Duration::from_millis(10));
                tokio::task::yield_now().await;
            }
        })
        .await;
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_rolled_back_is_noticed_and_the_node_stops_until_its_operator_looks() {
    let world = World::new(0.0).await;
    let backup = world.network.data.root().join("backup.db");
    std::fs::copy(world.network.data.ledger(), &backup).unwrap();
    let first = world.query(0.05);
    world
        .while_serving(async {
            world.relay.offer(&first);
            world.relay.until(|relay| relay.answers() == 1).await;
        })
        .await;
    let spent = world.network.spent();
    std::fs::copy(&backup, world.network.data.ledger()).unwrap();
    let (second, third) = (world.query(0.04), world.query(0.03));
    world
        .while_serving(async {
            world.relay.offer(&second);
            world.relay.until(|relay| relay.answers() == 2).await;
        })
        .await;
    let refusal: Refusal = world.network.opened(&world.response(1));
    assert_eq!(
        (refusal.reason, world.network.spent()),
        (RefusalReason::NodeStopped, 0)
    );
    let lost = record_restore(&world.network.data, &world.clock()).unwrap();
    assert_eq!((lost.nano(), world.network.spent()), (spent, spent));
    world
        .while_serving(async {
            world.relay.offer(&third);
            world.relay.until(|relay| relay.answers() == 3).await;
        })
        .await;
    let answer: Answer = world.network.opened(&world.response(2));
    assert_eq!(world.network.spent(), spent + answer.cost.nano());
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_looks_at_an_empty_log_at_once_and_hears_when_the_network_begins() {
    let world = World::new(0.0).await;
    let documents = std::mem::take(&mut *lock(&world.relay.log));
    let life = Shutdown::new();
    let mut agent = Agent::open(&world.network.data, world.clock(), life.clone()).unwrap();
    agent.look().await.unwrap();
    assert_eq!(agent.told, Some(vec![Lack::LogEmpty]));
    assert_eq!(world.relay.polls.load(Ordering::SeqCst), 0);
    *lock(&world.relay.log) = documents;
    agent.look().await.unwrap();
    assert_eq!(agent.told, Some(vec![]));
    life.finish().await;
    world.server.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_fails_is_tried_again_and_answers_go_on() {
    let world = World::new(0.0).await;
    world.office.certify_for(Duration::from_hours(1));
    world.office.certify_by_hand(&world.network.data);
    world.office.take_renewals(false);
    let answered = async |rho, answers| {
        world.relay.offer(&world.query(rho));
        world.relay.until(|relay| relay.answers() == answers).await;
        let _: Answer = world.network.opened(&world.response(answers - 1));
    };
    let until = async |holds: &(dyn Fn(&Office) -> bool + Sync)| {
        while !holds(&world.office) {
            tokio::task::yield_now().await;
        }
    };
    world
        .while_serving(async {
            answered(0.01, 1).await;
            world.network.clock.advance(Duration::from_mins(40));
            answered(0.02, 2).await;
            until(&|office| office.turned_away() == 1).await;
            answered(0.03, 3).await;
            assert_eq!(world.office.shown().len(), 1);
            world.office.take_renewals(true);
            world.network.clock.advance(Duration::from_mins(1));
            answered(0.04, 4).await;
            until(&|office| office.shown().len() == 2).await;
            answered(0.05, 5).await;
        })
        .await;
    assert_eq!(world.office.asked().len(), 1);
    world.server.begin();
}
