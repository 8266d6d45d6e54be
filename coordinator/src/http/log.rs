//! The log goes out.

use axum::Json;
use axum::extract::State;
use protocol::api::{LogPage, paths};
use protocol::limits::LOG_PAGE_MAX;
use serde::Deserialize;
use transport::body::Params;
use transport::problem::Problem;
use transport::server::PeerIdentity;
use utoipa::IntoParams;

use crate::service::Service;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// Index of the first entry wanted.
    #[serde(default)]
    from: u64,
    /// Entries at most; never more than 500.
    limit: Option<u32>,
}

/// A page of the append-only, hash-chained log.
#[utoipa::path(get, path = paths::LOG, params(Page), responses(
    (status = 200, body = LogPage),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn page(
    State(service): State<Service>,
    peer: PeerIdentity,
    Params(page): Params<Page>,
) -> Result<Json<LogPage>, Problem> {
    let limit = page.limit.unwrap_or(LOG_PAGE_MAX);
    Ok(Json(
        service
            .run(&peer, move |relay, now| {
                relay.log_page(page.from, limit, now)
            })
            .await?,
    ))
}
