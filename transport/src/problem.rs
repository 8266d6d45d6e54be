//! What went wrong, for programs and people: RFC 9457 problem documents, with one table from kind to status.

use std::fmt;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// The media type of a problem document.
pub const CONTENT_TYPE: &str = "application/problem+json";
/// Characters of a problem's detail; more is cut.
pub const DETAIL_CHARS_MAX: usize = 1000;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident => $status:ident, $code:literal, $title:literal;)*) => {
        /// Why a request was not done: decides the status, the title and, unless something more exact is known, the code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// The code that stands for the kind itself.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The title: the same for every problem of the kind.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

kinds! {
    /// The request cannot be read.
    Invalid => BAD_REQUEST, "invalid_request", "The request cannot be read";
    /// The peer may not do this.
    Forbidden => FORBIDDEN, "forbidden", "This party may not do this";
    /// There is no such thing.
    NotFound => NOT_FOUND, "not_found", "There is no such thing here";
    /// The path exists, the method does not.
    WrongMethod => METHOD_NOT_ALLOWED, "wrong_method", "This path is used with another method";
    /// The request took too long to arrive or to answer.
    Timeout => REQUEST_TIMEOUT, "timeout", "The request took too long";
    /// It contradicts what is there.
    Conflict => CONFLICT, "conflict", "This contradicts what is already there";
    /// The body is too large.
    TooLarge => PAYLOAD_TOO_LARGE, "body_too_large", "The request is too large";
    /// Readable, but against the rules: a wrong signature, a rule not met, a document not in force.
    Refused => UNPROCESSABLE_ENTITY, "refused", "The document is refused";
    /// A limit of the service is reached; later it may be free again.
    Busy => TOO_MANY_REQUESTS, "busy", "A limit of this service is reached";
    /// A fault of the service, whose cause stands in its log.
    Internal => INTERNAL_SERVER_ERROR, "internal", "The service has failed";
    /// The service is stopping or starting.
    Unavailable => SERVICE_UNAVAILABLE, "unavailable", "The service is not available now";
}

/// A problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A name for the problem: `urn:cartally:problem:CODE`.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// What kind of problem it is, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
    /// The stable code, for programs.
    pub code: String,
}

impl Problem {
    /// A problem of this kind; `detail` says what happened and what to do.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let detail: String = detail.into();
        Self {
            problem_type: type_of(kind.code()),
            title: kind.title().to_owned(),
            status: kind.status().as_u16(),
            detail: detail.chars().take(DETAIL_CHARS_MAX).collect(),
            code: kind.code().to_owned(),
        }
    }

    /// The same problem under a more exact code.
    #[must_use]
    pub fn with_code(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self.problem_type = type_of(code);
        self
    }

    /// A fault whose cause is for the log alone.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            Kind::Internal,
            "the service has failed; its operator finds the cause in its log",
        )
    }

    /// Whether the same request may succeed later without anyone's doing.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..=599)
    }
}

fn type_of(code: &str) -> String {
    format!("urn:cartally:problem:{code}")
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // A struct of strings always serialises.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response()
    }
}

/// The answer to a path that does not exist.
#[allow(clippy::unused_async, reason = "a handler is async")]
pub async fn no_such_path() -> Problem {
    Problem::new(
        Kind::NotFound,
        "there is no such path; see the OpenAPI description",
    )
    .with_code("no_such_path")
}

/// The answer to a method that a path does not have.
#[allow(clippy::unused_async, reason = "a handler is async")]
pub async fn wrong_method() -> Problem {
    Problem::new(
        Kind::WrongMethod,
        "this path is used with another method; see the OpenAPI description",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_has_a_code_of_its_own_and_an_error_status() {
        let codes: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
        assert!(
            Kind::ALL
                .iter()
                .all(|kind| kind.status().is_client_error() || kind.status().is_server_error())
        );
    }

    #[test]
    fn a_problem_document_is_read_as_it_was_written() {
        for &kind in Kind::ALL {
            let problem = Problem::new(kind, "what happened; what to do").with_code("exact");
            let text = serde_json::to_string(&problem).unwrap();
            assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
            assert!(text.contains(r#""type":"urn:cartally:problem:exact""#));
        }
    }

    #[test]
    fn a_detail_is_cut_at_its_limit() {
        let of = |chars: usize| Problem::new(Kind::Invalid, "x".repeat(chars)).detail.len();
        assert_eq!(
            (of(DETAIL_CHARS_MAX), of(DETAIL_CHARS_MAX + 1)),
            (DETAIL_CHARS_MAX, DETAIL_CHARS_MAX)
        );
    }
}
