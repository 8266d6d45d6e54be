//! What can be asked of a coordinator? Its JSON API as typed calls, for nodes and clients alike.

use std::time::Duration;

use protocol::api::{
    Enrolled, LogPage, Offers, Queries, QueryStatus, Recorded, ResultBundle, Submitted, TaskReport,
    paths,
};
use protocol::documents::LogHead;
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::limits::LOG_PAGE_MAX;
use protocol::log::{LogEntry, LogPosition};
use protocol::task::TaskState;

use crate::client::HttpClient;
use crate::error::TransportError;

const AT_ONCE: Duration = Duration::ZERO;

/// The coordinator, as an enrolled party sees it.
#[derive(Debug, Clone)]
pub struct CoordinatorApi {
    http: HttpClient,
}

impl CoordinatorApi {
    /// The coordinator behind this connection.
    #[must_use]
    pub const fn new(http: HttpClient) -> Self {
        Self { http }
    }

    /// Hands in a charter, roster, template, study, currency, revocation or query.
    pub async fn submit(&self, document: &Envelope) -> Result<Submitted, TransportError> {
        self.http.post(paths::DOCUMENTS, document).await
    }

    /// Asks for a new certificate: a signed [`protocol::documents::Enrolment`] with the signing key of before and a new
    /// certificate request.
    pub async fn renew(&self, enrolment: &Envelope) -> Result<Enrolled, TransportError> {
        self.http.post(paths::CERTIFICATE, enrolment).await
    }

    /// One page of the log, from index `from`.
    pub async fn log_page(&self, from: u64) -> Result<LogPage, TransportError> {
        let query = [
            ("from", from.to_string()),
            ("limit", LOG_PAGE_MAX.to_string()),
        ];
        self.http.get(paths::LOG, &query, AT_ONCE).await
    }

    /// Everything that the log holds beyond `seen`, verified to extend it, and the coordinator's signed word that it then
    /// ends there. Whose signature that is, the roster says: see [`LogHead`].
    pub async fn log_since(
        &self,
        seen: LogPosition,
    ) -> Result<(Vec<LogEntry>, Envelope), TransportError> {
        let mut entries = Vec::new();
        let mut position = seen;
        loop {
            let page = self.log_page(position.entries).await?;
            let broken =
                |error: protocol::log::LogError| TransportError::LogBroken(error.to_string());
            position.accepts(page.log).map_err(broken)?;
            position = position.extended(&page.entries).map_err(broken)?;
            let nothing_more = page.entries.is_empty();
            entries.extend(page.entries);
            if position.entries >= page.log.entries {
                position.accepts(page.log).map_err(broken)?;
                let signed = page.head.parse_unverified::<LogHead>();
                if !signed.is_ok_and(|head| head.log == page.log) {
                    let why = "its signed head speaks of another log than it sends".to_owned();
                    return Err(TransportError::LogBroken(why));
                }
                return Ok((entries, page.head));
            }
            // Whoever took what came for the whole log would go on with an old one.
            if nothing_more {
                let why = format!(
                    "it promises {} entries and sends {}",
                    page.log.entries, position.entries
                );
                return Err(TransportError::LogBroken(why));
            }
        }
    }

    /// Open queries for this center beyond those `known`; the coordinator holds the request up to `wait_s` until there is one.
    pub async fn offers(
        &self,
        wait_s: u32,
        known: &[DocumentId],
    ) -> Result<Offers, TransportError> {
        let mut query = vec![("wait_s", wait_s.to_string())];
        if !known.is_empty() {
            let known: Vec<String> = known.iter().map(ToString::to_string).collect();
            query.push(("known", known.join(",")));
        }
        self.http
            .get(paths::TASKS, &query, Duration::from_secs(wait_s.into()))
            .await
    }

    /// Says how this center's task stands, short of an answer.
    pub async fn report(
        &self,
        query: DocumentId,
        state: TaskState,
    ) -> Result<Recorded, TransportError> {
        self.http
            .post(&of_query(paths::TASK_STATE, query), &TaskReport { state })
            .await
    }

    /// Hands in this center's signed answer or refusal.
    pub async fn answer(
        &self,
        query: DocumentId,
        document: &Envelope,
    ) -> Result<Recorded, TransportError> {
        self.http
            .post(&of_query(paths::TASK_ANSWER, query), document)
            .await
    }

    /// All queries, newest first.
    pub async fn queries(&self) -> Result<Queries, TransportError> {
        self.http.get(paths::QUERIES, &[], AT_ONCE).await
    }

    /// How a query stands; with `seen`, held up to `wait_s` until its version is another.
    pub async fn query(
        &self,
        query: DocumentId,
        wait_s: u32,
        seen: Option<u64>,
    ) -> Result<QueryStatus, TransportError> {
        let mut pairs = vec![("wait_s", wait_s.to_string())];
        if let Some(seen) = seen {
            pairs.push(("seen", seen.to_string()));
        }
        self.http
            .get(
                &of_query(paths::QUERY, query),
                &pairs,
                Duration::from_secs(wait_s.into()),
            )
            .await
    }

    /// The published result with the documents it rests on.
    pub async fn result(&self, query: DocumentId) -> Result<ResultBundle, TransportError> {
        self.http
            .get(&of_query(paths::RESULT, query), &[], AT_ONCE)
            .await
    }
}

fn of_query(path: &str, query: DocumentId) -> String {
    path.replace("{query}", &query.to_string())
}
