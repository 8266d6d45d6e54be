//! What did the request bring? Bodies within a limit, JSON and query strings parsed at the edge; what does not fit becomes a
//! problem.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use protocol::limits::BODY_BYTES_MAX;
use serde::de::DeserializeOwned;

use crate::problem::{Kind, Problem};

/// A request's body, at most `BYTES_MAX` bytes.
#[derive(Debug, Clone)]
pub struct RawBody<const BYTES_MAX: usize = BODY_BYTES_MAX>(pub Bytes);

impl<S: Send + Sync, const BYTES_MAX: usize> FromRequest<S> for RawBody<BYTES_MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let too_large = || {
            Problem::new(
                Kind::TooLarge,
                format!("a request body has at most {BYTES_MAX} bytes; send less at once"),
            )
        };
        let announced = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok());
        let announced = announced.and_then(|value| value.parse::<usize>().ok());
        if announced.is_some_and(|bytes| bytes > BYTES_MAX) {
            return Err(too_large());
        }
        // The connection may break too, but then nobody reads the answer: the limit is what is left to tell.
        to_bytes(request.into_body(), BYTES_MAX)
            .await
            .map(Self)
            .map_err(|_| too_large())
    }
}

/// A request's body of at most `BYTES_MAX` bytes parsed from JSON.
#[derive(Debug, Clone)]
pub struct JsonBody<T, const BYTES_MAX: usize = BODY_BYTES_MAX>(pub T);

impl<S: Send + Sync, T: DeserializeOwned, const BYTES_MAX: usize> FromRequest<S>
    for JsonBody<T, BYTES_MAX>
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let RawBody(bytes) = RawBody::<BYTES_MAX>::from_request(request, state).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            Problem::new(
                Kind::Invalid,
                format!("the request body is not the JSON that is expected here: {error}"),
            )
        })
    }
}

/// The query string, parsed.
#[derive(Debug, Clone)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(params)| Self(params))
            .map_err(|error| {
                Problem::new(
                    Kind::Invalid,
                    format!(
                        "the part of the address after ? is not what is expected here: {error}"
                    ),
                )
            })
    }
}
