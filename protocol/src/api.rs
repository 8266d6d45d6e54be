//! How do documents travel? Paths and bodies of the coordinator's JSON API, shared by its server and its clients.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::documents::{CenterEnd, RefusalReason};
use crate::envelope::Envelope;
use crate::ids::{CenterId, DocumentId, QuestionId};
use crate::log::{LogEntry, LogPosition};
use crate::task::TaskState;

/// Paths; `{query}` stands for a query's document id.
pub mod paths {
    /// `POST` an envelope: charter, roster, template, study, revocation, decline, currency, query. Answers [`super::Submitted`].
    pub const DOCUMENTS: &str = "/v1/documents";
    /// `POST` [`super::EnrolmentRequest`], the one path that needs no certificate. Answers [`super::Enrolled`].
    pub const ENROLMENTS: &str = "/v1/enrolments";
    /// `POST` a signed [`crate::documents::Enrolment`]: the same party and keys, a new certificate. Answers [`super::Enrolled`].
    pub const CERTIFICATE: &str = "/v1/certificate";
    /// `GET ?from=N&limit=M`: a page of the log. Answers [`super::LogPage`].
    pub const LOG: &str = "/v1/log";
    /// `GET ?wait_s=N`, centers only: open queries for this center. Answers [`super::Offers`], empty after the wait.
    pub const TASKS: &str = "/v1/tasks";
    /// `POST` [`super::TaskReport`], centers only.
    pub const TASK_STATE: &str = "/v1/tasks/{query}/state";
    /// `POST` a signed answer or refusal, centers only. Answers [`super::Recorded`].
    pub const TASK_ANSWER: &str = "/v1/tasks/{query}/answer";
    /// `GET`: queries, newest first. Answers [`super::Queries`].
    pub const QUERIES: &str = "/v1/queries";
    /// `GET ?wait_s=N&seen=VERSION`: how a query stands; waits while its version is `seen`. Answers [`super::QueryStatus`].
    pub const QUERY: &str = "/v1/queries/{query}";
    /// `GET`: the signed result with the documents it rests on. Answers [`super::ResultBundle`].
    pub const RESULT: &str = "/v1/queries/{query}/result";
}

/// An invited party enrols.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolmentRequest {
    /// The secret half of the invitation's token.
    pub secret: String,
    /// The signed [`crate::documents::Enrolment`].
    pub enrolment: Envelope,
}

impl std::fmt::Debug for EnrolmentRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let enrolment = self.enrolment.id();
        write!(f, "EnrolmentRequest({enrolment}, secret hidden)")
    }
}

/// A party is enrolled, or its certificate renewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Enrolled {
    /// Its certificate, PEM.
    pub certificate: String,
    /// The certificate of the network's authority, PEM.
    pub ca: String,
    /// The certificate's last moment.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub valid_until: Timestamp,
}

/// A document is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Submitted {
    /// Its id.
    pub id: DocumentId,
    /// Whether it was in the log before, with the same signatures.
    pub known: bool,
    /// Whether the coordinator finds it in force (queries and documents without a rule: always).
    pub in_force: bool,
    /// The log after it.
    pub log: LogPosition,
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogPage {
    /// Entries in order, from the index asked for.
    pub entries: Vec<LogEntry>,
    /// The whole log's position; more pages follow while `entries` do not reach it.
    pub log: LogPosition,
    /// The same, signed by the coordinator: a [`crate::documents::LogHead`].
    pub head: Envelope,
}

/// One open query for a center.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Offer {
    /// The signed query.
    pub query: Envelope,
    /// How the coordinator sees this center's task: `fetched` or later.
    pub state: TaskState,
}

/// Open queries for a center, oldest first, with the log that they can be judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Offers {
    /// Queries that this connection's node has not ended yet and that it does not name as known.
    pub offers: Vec<Offer>,
    /// The log's position.
    pub log: LogPosition,
}

/// A node's word about its task, short of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskReport {
    /// `awaiting-approval` or `accepted`.
    pub state: TaskState,
}

/// An answer or refusal is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recorded {
    /// The task had ended before; the document is logged as late and changes nothing.
    pub late: bool,
}

/// One center's part in a query, as everyone enrolled may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskStatus {
    /// The center.
    pub center: CenterId,
    /// Where it stands.
    pub state: TaskState,
    /// Why it refused or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefusalReason>,
}

/// How a query stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueryStatus {
    /// The query.
    pub query: DocumentId,
    /// Its question.
    pub question: QuestionId,
    /// When it is published at the latest.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub deadline: Timestamp,
    /// Grows with every change, so that a reader can wait for the next one.
    pub version: u64,
    /// Each center of the roster, in its order.
    pub tasks: Vec<TaskStatus>,
    /// The signed result's id, once published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<DocumentId>,
    /// How each center ended, once published.
    #[serde(default)]
    pub ends: Vec<CenterEnd>,
}

/// Queries, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Queries {
    /// One line each.
    pub queries: Vec<QueryLine>,
}

/// One line of the catalogue of questions asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueryLine {
    /// The query.
    pub query: DocumentId,
    /// Its question: equal ids have equal answers.
    pub question: QuestionId,
    /// When it was submitted.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub submitted: Timestamp,
    /// The signed result's id, once published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<DocumentId>,
}

/// A published result with the signed documents that it rests on: enough to verify it and to estimate from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResultBundle {
    /// The signed result.
    pub result: Envelope,
    /// The signed query.
    pub query: Envelope,
    /// The signed template.
    pub template: Envelope,
    /// The signed study.
    pub study: Envelope,
    /// The signed roster under which it was asked.
    pub roster: Envelope,
    /// Every answer in the total and every refusal, in the order of the result's centers.
    pub answers: Vec<Envelope>,
}
