//! Parties come in, and stay in.

use axum::Json;
use axum::extract::State;
use protocol::api::{Enrolled, EnrolmentRequest, paths};
use protocol::envelope::Envelope;
use transport::body::{JsonBody, RawBody};
use transport::problem::Problem;
use transport::server::PeerIdentity;

use crate::error::CoordinatorError;
use crate::limits::ENROLMENT_BYTES_MAX;
use crate::service::Service;

/// Enrols an invited party: the one path that needs no certificate. The same request again gives the same certificate.
#[utoipa::path(post, path = paths::ENROLMENTS, request_body = EnrolmentRequest, responses(
    (status = 200, body = Enrolled),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn enrol(
    State(service): State<Service>,
    JsonBody(request): JsonBody<EnrolmentRequest, ENROLMENT_BYTES_MAX>,
) -> Result<Json<Enrolled>, Problem> {
    Ok(Json(service.enrol(request).await?))
}

/// Renews the certificate that the peer shows: a signed enrolment with the signing key of before and a new request.
#[utoipa::path(post, path = paths::CERTIFICATE, request_body = Envelope, responses(
    (status = 200, body = Enrolled),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn renew(
    State(service): State<Service>,
    peer: PeerIdentity,
    RawBody(body): RawBody,
) -> Result<Json<Enrolled>, Problem> {
    let envelope = Envelope::from_json(&body).map_err(CoordinatorError::from)?;
    Ok(Json(service.renew(&peer, envelope).await?))
}
