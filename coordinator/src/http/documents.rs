//! Documents come in.

use axum::Json;
use axum::extract::State;
use protocol::api::{Submitted, paths};
use protocol::envelope::Envelope;
use transport::body::RawBody;
use transport::problem::Problem;
use transport::server::PeerIdentity;

use crate::error::CoordinatorError;
use crate::service::Service;

/// Hands in a charter, roster, template, study, currency or query. The same document again changes nothing.
#[utoipa::path(post, path = paths::DOCUMENTS, request_body = Envelope, responses(
    (status = 200, body = Submitted),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn submit(
    State(service): State<Service>,
    peer: PeerIdentity,
    RawBody(body): RawBody,
) -> Result<Json<Submitted>, Problem> {
    let envelope = Envelope::from_json(&body).map_err(CoordinatorError::from)?;
    Ok(Json(
        service
            .run(&peer, move |relay, now| relay.submit(&envelope, now))
            .await?,
    ))
}
