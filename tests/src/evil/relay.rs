//! What does the coordinator of a test show, and what does it get? It has the real one's keys and says what it is told to.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Query as UrlQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use protocol::api::{Enrolled, LogPage, Offer, Offers, Recorded, TaskReport, paths};
use protocol::documents::LogHead;
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::log::{LogEntry, LogPosition};
use protocol::task::TaskState;
use tokio::sync::watch;

use super::people::{key, network};

/// Polls that were given a query and took no notice of it, after which the node is said to have stopped.
const UNHEEDED: usize = 3;
/// Looks at the log without any poll between them, after which the node is said to have stopped.
const LOOKS: usize = 8;

/// What is done to a page of the log before it is shown.
pub(super) type PageLie = Box<dyn Fn(LogPage) -> Vec<u8> + Send>;
/// What is done to offers before they are shown.
pub(super) type OffersLie = Box<dyn Fn(Offers) -> Vec<u8> + Send>;

/// The coordinator's state.
#[derive(Default)]
pub struct Relay {
    state: Mutex<Shown>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Shown {
    log: Vec<LogEntry>,
    offers: Vec<Envelope>,
    /// How often each offer is to be answered.
    wanted: usize,
    page_lie: Option<PageLie>,
    offers_lie: Option<OffersLie>,
    responses: Vec<(DocumentId, Envelope)>,
    /// The node has said that a person must decide.
    awaits: bool,
    /// What an enrolment or a renewal is answered with.
    enrolled: Option<Enrolled>,
    /// Enrolments that arrived.
    enrolments: usize,
    unheeded: usize,
    looks: usize,
}

impl Shown {
    fn position(&self) -> LogPosition {
        // A log that was tampered with has no head of its own: whatever comes last is claimed.
        let positions = self.log.iter().scan(LogPosition::EMPTY, |position, entry| {
            let entry = LogEntry {
                index: position.entries,
                ..entry.clone()
            };
            *position = position.after(&entry).ok()?;
            Some(*position)
        });
        positions.last().unwrap_or(LogPosition::EMPTY)
    }

    /// Offered again and again, whatever the node says that it knows.
    const fn insists(&self) -> bool {
        self.wanted > 1
    }

    fn responses_to(&self, query: &DocumentId) -> usize {
        let responses = self.responses.iter();
        responses.filter(|(id, _)| id == query).count()
    }
}

impl Relay {
    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log that is shown.
    pub fn log(&self) -> Vec<LogEntry> {
        self.shown().log.clone()
    }

    /// Where the log ends.
    pub fn position(&self) -> LogPosition {
        self.shown().position()
    }

    /// Appends to the log at `time`.
    pub fn append(&self, envelope: Envelope, time: Timestamp) {
        let mut shown = self.shown();
        let index = shown.log.len() as u64;
        shown.log.push(LogEntry {
            index,
            time,
            envelope,
        });
    }

    /// Shows another log from now on.
    pub fn tamper(&self, change: impl FnOnce(&mut Vec<LogEntry>)) {
        change(&mut self.shown().log);
    }

    /// Shows something else than pages of the log from now on.
    pub fn lie_in_pages(&self, lie: impl Fn(LogPage) -> Vec<u8> + Send + 'static) {
        self.shown().page_lie = Some(Box::new(lie));
    }

    /// Shows something else than offers from now on.
    pub fn lie_in_offers(&self, lie: impl Fn(Offers) -> Vec<u8> + Send + 'static) {
        self.shown().offers_lie = Some(Box::new(lie));
    }

    /// Tells the truth again.
    pub fn stop_lying(&self) {
        let mut shown = self.shown();
        (shown.page_lie, shown.offers_lie) = (None, None);
    }

    /// Everything that the node sent, in order.
    pub fn responses(&self) -> Vec<Envelope> {
        let responses = &self.shown().responses;
        responses.iter().map(|(_, sent)| sent.clone()).collect()
    }

    pub(super) fn begin(&self, offers: &[Envelope], wanted: usize) {
        let mut shown = self.shown();
        (shown.offers, shown.wanted) = (offers.to_vec(), wanted);
        shown.responses.clear();
        shown.awaits = false;
        (shown.unheeded, shown.looks) = (0, 0);
    }

    /// Answers every enrolment and renewal so from now on.
    pub fn enrol_with(&self, enrolled: Enrolled) {
        self.shown().enrolled = Some(enrolled);
    }

    /// How many enrolments and renewals have arrived.
    pub fn enrolments(&self) -> usize {
        self.shown().enrolments
    }

    /// Whether the node has said that a person must decide.
    pub(super) fn awaits(&self) -> bool {
        self.shown().awaits
    }

    /// Ends when every offer was answered as often as was wanted (true), or a person must decide, or the node takes no
    /// notice of what it is shown.
    pub(super) async fn heard(&self) -> bool {
        let mut changes = self.changed.subscribe();
        loop {
            {
                let shown = self.shown();
                if shown.responses.len() >= shown.offers.len() * shown.wanted {
                    return true;
                }
                if shown.awaits || shown.unheeded >= UNHEEDED || shown.looks >= LOOKS {
                    return false;
                }
            }
            if changes.changed().await.is_err() {
                return false;
            }
        }
    }

    /// What a poll is shown, if there is anything to show it.
    fn offer(&self, known: &BTreeSet<DocumentId>, before: &[usize]) -> Option<Vec<u8>> {
        let mut shown = self.shown();
        let offers = open(&shown, known, before)?;
        shown.unheeded += usize::from(!shown.insists());
        Some(match &shown.offers_lie {
            Some(lie) => lie(offers),
            None => json(&offers),
        })
    }

    fn tell(&self) {
        self.changed.send_replace(());
    }
}

/// The coordinator's paths that a node knows.
pub(super) fn router(relay: &Arc<Relay>) -> Router {
    Router::new()
        .route(paths::TASKS, get(tasks))
        .route(paths::LOG, get(log))
        .route(paths::TASK_ANSWER, post(answer))
        .route(paths::TASK_STATE, post(report))
        .route(paths::CERTIFICATE, post(enrol))
        .route(paths::ENROLMENTS, post(enrol))
        .with_state(Arc::clone(relay))
}

#[derive(serde::Deserialize)]
struct Poll {
    #[serde(default)]
    known: String,
}

async fn tasks(State(relay): State<Arc<Relay>>, UrlQuery(poll): UrlQuery<Poll>) -> Response {
    let known: BTreeSet<DocumentId> = poll
        .known
        .split(',')
        .filter_map(|id| id.parse().ok())
        .collect();
    let before: Vec<usize> = {
        let mut shown = relay.shown();
        shown.looks = 0;
        let offers = shown.offers.iter();
        offers
            .map(|query| shown.responses_to(&query.id()))
            .collect()
    };
    let mut changes = relay.changed.subscribe();
    loop {
        if let Some(body) = relay.offer(&known, &before) {
            relay.tell();
            return reply(body);
        }
        if changes.changed().await.is_err() {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    }
}

/// What this poll is shown: queries that are not answered as often as wanted, and that the node does not have in work.
fn open(shown: &Shown, known: &BTreeSet<DocumentId>, before: &[usize]) -> Option<Offers> {
    let offers = shown.offers.iter().zip(before);
    let is_open = |(query, before): &(&Envelope, &usize)| {
        let responses = shown.responses_to(&query.id());
        let in_work = known.contains(&query.id()) && responses == **before;
        responses < shown.wanted && (shown.insists() || !in_work)
    };
    let offers: Vec<Offer> = offers
        .filter(is_open)
        .map(|(query, _)| Offer {
            query: query.clone(),
            state: TaskState::Fetched,
        })
        .collect();
    let log = shown.position();
    (!offers.is_empty()).then_some(Offers { offers, log })
}

#[derive(serde::Deserialize)]
struct Page {
    from: usize,
}

async fn log(State(relay): State<Arc<Relay>>, UrlQuery(page): UrlQuery<Page>) -> Response {
    let body = {
        let mut shown = relay.shown();
        shown.looks += 1;
        let entries = shown.log.get(page.from..).unwrap_or_default().to_vec();
        let log = shown.position();
        let page = LogPage {
            entries,
            log,
            head: head_by("coordinator", log, Timestamp::UNIX_EPOCH),
        };
        match &shown.page_lie {
            Some(lie) => lie(page),
            None => json(&page),
        }
    };
    relay.tell();
    reply(body)
}

/// A log head as `name` signs it.
pub fn head_by(name: &str, log: LogPosition, time: Timestamp) -> Envelope {
    let head = LogHead {
        network: network(),
        log,
        time,
    };
    Envelope::sign(&head, &key(name))
}

async fn answer(
    State(relay): State<Arc<Relay>>,
    Path(query): Path<DocumentId>,
    Json(envelope): Json<Envelope>,
) -> Json<Recorded> {
    {
        let mut shown = relay.shown();
        shown.unheeded = 0;
        shown.responses.push((query, envelope));
    }
    relay.tell();
    Json(Recorded { late: false })
}

async fn report(State(relay): State<Arc<Relay>>, Json(report): Json<TaskReport>) -> Json<Recorded> {
    relay.shown().awaits |= report.state == TaskState::AwaitingApproval;
    relay.tell();
    Json(Recorded { late: false })
}

async fn enrol(State(relay): State<Arc<Relay>>) -> Result<Json<Enrolled>, StatusCode> {
    let mut shown = relay.shown();
    shown.enrolments += 1;
    let enrolled = shown.enrolled.clone();
    enrolled.map(Json).ok_or(StatusCode::SERVICE_UNAVAILABLE)
}

/// Plain data as JSON.
pub fn json(data: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(data).expect("plain data serialises")
}

fn reply(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
