//! What was asked, how it stands, and what came of it.

use axum::Json;
use axum::extract::State;
use protocol::api::{Queries, QueryStatus, ResultBundle, paths};
use serde::Deserialize;
use transport::body::Params;
use transport::problem::Problem;
use transport::server::PeerIdentity;
use utoipa::IntoParams;

use super::QueryId;
use crate::service::Service;

/// How long to wait, and for what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Watch {
    /// Seconds to wait for a change, 0 to 60.
    #[serde(default)]
    wait_s: u32,
    /// The version that the reader has seen; without it the answer comes at once.
    seen: Option<u64>,
}

/// All queries, newest first.
#[utoipa::path(get, path = paths::QUERIES, responses(
    (status = 200, body = Queries),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(service): State<Service>,
    peer: PeerIdentity,
) -> Result<Json<Queries>, Problem> {
    Ok(Json(service.run(&peer, |relay, _| relay.queries()).await?))
}

/// How a query stands; with `seen`, waits until that has changed.
#[utoipa::path(get, path = paths::QUERY,
    params(("query" = String, Path, description = "The query's document id"), Watch),
    responses(
        (status = 200, body = QueryStatus),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn status(
    State(service): State<Service>,
    peer: PeerIdentity,
    QueryId(query): QueryId,
    Params(watch): Params<Watch>,
) -> Result<Json<QueryStatus>, Problem> {
    Ok(Json(
        service
            .status(&peer, query, watch.seen, watch.wait_s)
            .await?,
    ))
}

/// The published result with the signed documents it rests on.
#[utoipa::path(get, path = paths::RESULT,
    params(("query" = String, Path, description = "The query's document id")),
    responses(
        (status = 200, body = ResultBundle),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn result(
    State(service): State<Service>,
    peer: PeerIdentity,
    QueryId(query): QueryId,
) -> Result<Json<ResultBundle>, Problem> {
    Ok(Json(
        service
            .run(&peer, move |relay, _| relay.result(&query))
            .await?,
    ))
}
