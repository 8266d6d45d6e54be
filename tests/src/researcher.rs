//! How does a test ask without the client's program? With the client's library, so that it can sign what the program never would.

use std::collections::BTreeMap;
use std::time::Duration;

use client::home::Home;
use client::session::Session;
use demo::network::{Person, RESEARCHER};
use jiff::{SignedDuration, Timestamp};
use protocol::amount::NanoRho;
use protocol::api::QueryStatus;
use protocol::documents::{CenterEnding, Query, RefusalReason};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::keys::SigningKey;
use protocol::log::LogPosition;
use protocol::question::{Mode, Question};
use question::template::Template;
use transport::TransportError;
use transport::clock::{Clock, SystemClock};
use transport::coordinator_api::CoordinatorApi;

use crate::TestNetwork;

/// How long a test waits for a change before it gives up.
const WAIT_S: u32 = 60;

/// The researcher at the keyboard of the client's library.
#[derive(Debug)]
pub struct Researcher {
    /// The connection.
    pub api: CoordinatorApi,
    /// The study that everything is asked in.
    pub study: DocumentId,
    key: SigningKey,
    templates: Vec<(DocumentId, Template)>,
    log: LogPosition,
}

impl Researcher {
    /// The network's researcher, in the study of the demo's documents.
    pub async fn open(test: &TestNetwork) -> Self {
        Self::person(test, &RESEARCHER).await
    }

    /// Another person of the network, who asks in the same study.
    pub async fn person(test: &TestNetwork, person: &Person) -> Self {
        let home = Home::open(&test.network.home(person)).expect("the home is there");
        let session = Session::open(&home).await.expect("the session opens");
        let governance = session.governance(&home).expect("documents are in force");
        let template = |(id, document): (&DocumentId, &protocol::documents::TemplateDocument)| {
            (
                *id,
                Template::parse(&document.template).expect("the template can be read"),
            )
        };
        let (study, _) = governance
            .studies()
            .find(|(_, study)| study.name.as_str() == "demo")
            .expect("the study is in force");
        Self {
            study: *study,
            key: home.signing_key().expect("the key is there"),
            templates: governance.templates().map(template).collect(),
            log: session.mirror.position(),
            api: session.api,
        }
    }

    /// The log as it was seen when the session opened.
    pub const fn log(&self) -> LogPosition {
        self.log
    }

    /// The template of this name.
    pub fn template(&self, name: &str) -> &(DocumentId, Template) {
        let mut named = self.templates.iter().filter(|(_, t)| t.name == name);
        named.next().expect("the template is in force")
    }

    /// A query about today's lock with a minute to its deadline, not signed yet.
    pub fn unsigned(&self, template: &str, parameters: &[(&str, &str)], rho: NanoRho) -> Query {
        let (id, template) = self.template(template);
        let given: BTreeMap<String, String> = parameters
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let canonical = template.bind(&given).expect("the parameters fit");
        let now = SystemClock.now();
        Query {
            question: Question {
                template: *id,
                parameters: canonical.canonical(),
                mode: Mode::Local,
                rho,
                lock_date: now.to_zoned(jiff::tz::TimeZone::system()).date(),
            },
            study: self.study,
            created: now,
            deadline: in_seconds(now, 60),
            log: self.log,
        }
    }

    /// The same, signed.
    pub fn query(&self, template: &str, parameters: &[(&str, &str)], rho: NanoRho) -> Envelope {
        self.sign(&self.unsigned(template, parameters, rho))
    }

    /// Signs whatever it is.
    pub fn sign(&self, query: &Query) -> Envelope {
        Envelope::sign(query, &self.key)
    }

    /// Waits until the query is published.
    pub async fn published(&self, query: DocumentId) -> QueryStatus {
        self.until(query, |status| status.result.is_some()).await
    }

    /// Waits, change by change, until the query stands as wanted.
    pub async fn until(
        &self,
        query: DocumentId,
        wanted: impl Fn(&QueryStatus) -> bool,
    ) -> QueryStatus {
        let mut seen = None;
        loop {
            let status = self.status(query, seen).await;
            if wanted(&status) {
                return status;
            }
            assert_ne!(Some(status.version), seen, "nothing changes: {status:?}");
            seen = Some(status.version);
        }
    }

    /// How the query stands; asks again where the coordinator was killed under the connection.
    async fn status(&self, query: DocumentId, seen: Option<u64>) -> QueryStatus {
        let mut last = None;
        for _ in 0..20 {
            match self.api.query(query, WAIT_S, seen).await {
                Ok(status) => return status,
                Err(error @ TransportError::Unreachable { .. }) => last = Some(error),
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the coordinator cannot be reached: {last:?}");
    }
}

/// Asks for survival at this price as the documents now stand, with a minute to the deadline; the query's id.
pub async fn asks(test: &TestNetwork, rho: f64) -> DocumentId {
    asks_for(test, rho, 60).await
}

/// The same with so many seconds to the deadline.
pub async fn asks_for(test: &TestNetwork, rho: f64, seconds: i64) -> DocumentId {
    let asking = Researcher::open(test).await;
    let rho = NanoRho::at_least(rho).expect("an amount");
    let query = asking.unsigned("survival", &[], rho);
    let deadline = in_seconds(query.created, seconds);
    let query = asking.sign(&Query { deadline, ..query });
    let submitted = asking.api.submit(&query).await;
    submitted.expect("the coordinator takes it up").id
}

/// How a query ended at each center.
pub async fn ends(test: &TestNetwork, query: DocumentId) -> Vec<CenterEnding> {
    let status = Researcher::open(test).await.published(query).await;
    status.ends.iter().map(|end| end.ending).collect()
}

/// Why each center refused a query.
pub async fn reasons(test: &TestNetwork, query: DocumentId) -> Vec<Option<RefusalReason>> {
    let status = Researcher::open(test).await.published(query).await;
    status.ends.iter().map(|end| end.reason).collect()
}

/// The moment so many seconds from `now`; before it if negative.
pub fn in_seconds(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds))
        .expect("a moment near now")
}

/// How long a test waits for a process to do something before it fails.
pub const PATIENCE: Duration = Duration::from_mins(1);
