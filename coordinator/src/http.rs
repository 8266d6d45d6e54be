//! The JSON API: a table of contents. Handlers read, call, answer.

mod documents;
mod enrolment;
mod log;
mod queries;
mod tasks;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use protocol::api::paths;
use protocol::ids::DocumentId;
use transport::problem::{Problem, no_such_path, wrong_method};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::CoordinatorError;
use crate::service::Service;

#[derive(OpenApi)]
#[openapi(info(
    title = "Cartally coordinator",
    description = "Carries signed documents between people and hospitals. TLS 1.3 with client certificates of the network, \
        for everything but enrolment; every error is a problem document (RFC 9457).",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Description;

/// The paths for those who have no certificate yet; everything else needs one.
pub const OPEN_TO_EVERYBODY: &[&str] = &[paths::ENROLMENTS];

/// The API over a running relay.
pub fn router(service: Service) -> Router {
    let (router, _) = api().with_state(service).split_for_parts();
    router
        .fallback(no_such_path)
        .method_not_allowed_fallback(wrong_method)
}

/// The `OpenAPI` description, as JSON.
pub fn openapi() -> Result<String, CoordinatorError> {
    let (_, description) = api().split_for_parts();
    let json = description.to_pretty_json();
    json.map_err(|error| {
        CoordinatorError::Argument(format!("the description cannot be written: {error}"))
    })
}

fn api() -> OpenApiRouter<Service> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(documents::submit))
        .routes(routes!(enrolment::enrol))
        .routes(routes!(enrolment::renew))
        .routes(routes!(log::page))
        .routes(routes!(tasks::offers))
        .routes(routes!(tasks::report))
        .routes(routes!(tasks::answer))
        .routes(routes!(queries::list))
        .routes(routes!(queries::status))
        .routes(routes!(queries::result))
}

/// The query that a path names.
struct QueryId(DocumentId);

impl<S: Send + Sync> FromRequestParts<S> for QueryId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        // A path that is not UTF-8 names no document either.
        let text = text.map(|Path(text)| text).unwrap_or_default();
        Ok(Self(parse_id(&text)?))
    }
}

fn parse_id(text: &str) -> Result<DocumentId, CoordinatorError> {
    text.parse()
        .map_err(|_| CoordinatorError::Id(text.chars().take(80).collect()))
}
