//! Nodes fetch what is asked of them, say how it stands, and answer.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use protocol::api::{Offers, Recorded, TaskReport, paths};
use protocol::envelope::Envelope;
use serde::Deserialize;
use transport::body::{JsonBody, Params, RawBody};
use transport::problem::Problem;
use transport::server::PeerIdentity;
use utoipa::IntoParams;

use super::{QueryId, parse_id};
use crate::error::CoordinatorError;
use crate::service::Service;

/// How long to wait, and for what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Poll {
    /// Seconds to wait for a query, 0 to 60.
    #[serde(default)]
    wait_s: u32,
    /// Ids of queries that the node has already, separated by commas; they are left out.
    #[serde(default)]
    known: String,
}

/// This center's open queries; waits until there is one. Centers only.
#[utoipa::path(get, path = paths::TASKS, params(Poll), responses(
    (status = 200, body = Offers),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn offers(
    State(service): State<Service>,
    peer: PeerIdentity,
    Params(poll): Params<Poll>,
) -> Result<Json<Offers>, Problem> {
    let center = peer.center()?;
    let named = poll.known.split(',').filter(|id| !id.is_empty());
    let known = named.map(parse_id).collect::<Result<BTreeSet<_>, _>>()?;
    Ok(Json(
        service.offers(&peer, center, known, poll.wait_s).await?,
    ))
}

/// Says that a person must decide, or that an answer will come. Centers only.
#[utoipa::path(post, path = paths::TASK_STATE, request_body = TaskReport,
    params(("query" = String, Path, description = "The query's document id")),
    responses(
        (status = 200, body = Recorded),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn report(
    State(service): State<Service>,
    peer: PeerIdentity,
    QueryId(query): QueryId,
    JsonBody(report): JsonBody<TaskReport>,
) -> Result<Json<Recorded>, Problem> {
    let center = peer.center()?;
    Ok(Json(
        service
            .run(&peer, move |relay, now| {
                relay.report(&center, &query, report.state, now)
            })
            .await?,
    ))
}

/// Hands in this center's signed answer or refusal. The same document again changes nothing. Centers only.
#[utoipa::path(post, path = paths::TASK_ANSWER, request_body = Envelope,
    params(("query" = String, Path, description = "The query's document id")),
    responses(
        (status = 200, body = Recorded),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn answer(
    State(service): State<Service>,
    peer: PeerIdentity,
    QueryId(query): QueryId,
    RawBody(body): RawBody,
) -> Result<Json<Recorded>, Problem> {
    let center = peer.center()?;
    let envelope = Envelope::from_json(&body).map_err(CoordinatorError::from)?;
    Ok(Json(
        service
            .run(&peer, move |relay, now| {
                relay.answer(&center, &query, &envelope, now)
            })
            .await?,
    ))
}
