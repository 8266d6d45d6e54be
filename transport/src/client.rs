//! The way out: HTTPS to the coordinator, through the hospital's proxy if there is one, with errors that say what to do.

mod reason;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::certificate::CertificateDigest;
use crate::clock::Clock;
use crate::error::TransportError;
use crate::identity::Identity;
use crate::problem::{CONTENT_TYPE, Problem};
use crate::tls::{self, Credentials, Roots};

/// Bytes of an answer: a page of the log with the largest documents that are met in practice.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Time to connect, proxy and handshake included.
pub const CONNECT_MAX: Duration = Duration::from_secs(15);
/// Time for an exchange, beyond what a long poll waits.
pub const EXCHANGE_MAX: Duration = Duration::from_mins(1);

/// A connection to the coordinator; clones share it.
#[derive(Debug, Clone)]
pub struct HttpClient {
    http: reqwest::Client,
    base: Url,
    identity: Identity,
}

impl HttpClient {
    /// A client of the coordinator at `base` (`https://host:port`). The own certificate is checked first.
    pub fn new(
        base: &str,
        credentials: &Credentials,
        roots: &Roots,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, TransportError> {
        let base = parse_base(base)?;
        credentials.check_client(roots, clock.now())?;
        let tls = tls::client_config(credentials, roots, clock)?;
        Self::over(base, tls, credentials.identity().clone())
    }

    /// A client without a certificate, for a party that is about to enrol: it speaks to nobody but the coordinator under
    /// the authority of this digest.
    pub(crate) fn of_joiner(
        base: &str,
        joiner: &Identity,
        authority: CertificateDigest,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, TransportError> {
        let base = parse_base(base)?;
        let tls = tls::joiner_config(joiner, authority, clock)?;
        Self::over(base, tls, joiner.clone())
    }

    fn over(
        base: Url,
        tls: rustls::ClientConfig,
        identity: Identity,
    ) -> Result<Self, TransportError> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_MAX)
            .http2_keep_alive_interval(Duration::from_secs(30))
            .http2_keep_alive_while_idle(true)
            .user_agent(concat!("cartally/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            // HTTPS_PROXY is honoured otherwise; no proxy leads to this very machine.
            builder = builder.no_proxy();
        }
        let http = builder
            .build()
            .map_err(|error| TransportError::Tls(error.to_string()))?;
        Ok(Self {
            http,
            base,
            identity,
        })
    }

    /// Who this client is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// `GET`s JSON. `path` begins with `/`; `wait` is how long the other side may hold the request.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        wait: Duration,
    ) -> Result<T, TransportError> {
        let request = self.request(Method::GET, path, wait, |url| {
            url.query_pairs_mut().extend_pairs(query);
        })?;
        parse(&self.exchange(request).await?)
    }

    /// `POST`s JSON and reads JSON.
    pub async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, TransportError> {
        let bytes =
            serde_json::to_vec(body).map_err(|error| TransportError::Answer(error.to_string()))?;
        let request = self.request(Method::POST, path, Duration::ZERO, |_| {})?;
        let request = request
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(bytes);
        parse(&self.exchange(request).await?)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        wait: Duration,
        query: impl FnOnce(&mut Url),
    ) -> Result<RequestBuilder, TransportError> {
        let mut url = self
            .base
            .join(path)
            .map_err(|_| TransportError::Address(path.to_owned()))?;
        query(&mut url);
        if url.query() == Some("") {
            url.set_query(None);
        }
        Ok(self
            .http
            .request(method, url)
            .timeout(wait.saturating_add(EXCHANGE_MAX)))
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Vec<u8>, TransportError> {
        let response = request.send().await.map_err(|error| self.failed(&error))?;
        let status = response.status();
        let is_problem = response
            .headers()
            .get(reqwest::header::CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(CONTENT_TYPE.as_bytes()));
        let body = self.read(response).await?;
        if status.is_success() {
            return Ok(body);
        }
        if is_problem && let Ok(problem) = serde_json::from_slice::<Problem>(&body) {
            return Err(TransportError::Problem(Box::new(problem)));
        }
        Err(self.not_ours(status))
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, TransportError> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.failed(&error))?
        {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(TransportError::AnswerSize {
                    bytes_max: ANSWER_BYTES_MAX,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// A status without a problem document comes from something in between: a proxy, a load balancer.
    fn not_ours(&self, status: StatusCode) -> TransportError {
        if status.is_server_error() {
            return TransportError::Unreachable {
                url: self.base.to_string(),
                reason: format!("something in between answered {status}"),
            };
        }
        TransportError::Answer(format!("status {status} without a problem document"))
    }

    fn failed(&self, error: &reqwest::Error) -> TransportError {
        reason::of(error, self.base.as_str(), &self.identity)
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, TransportError> {
    serde_json::from_slice(body).map_err(|error| TransportError::Answer(error.to_string()))
}

fn parse_base(base: &str) -> Result<Url, TransportError> {
    let wrong = || TransportError::Address(base.chars().take(200).collect());
    let url = Url::parse(base).map_err(|_| wrong())?;
    let no_more = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let plain = url.username().is_empty() && url.password().is_none();
    if url.scheme() == "https" && url.host_str().is_some() && no_more && plain {
        Ok(url)
    } else {
        Err(wrong())
    }
}

fn is_loopback(base: &Url) -> bool {
    let host = base.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("https://coordinator.example:8443", true)]
    #[case("https://127.0.0.1:8443/", true)]
    #[case("http://coordinator.example:8443", false)]
    #[case("coordinator.example:8443", false)]
    #[case("https://user:word@coordinator.example", false)]
    #[case("https://coordinator.example/path", false)]
    #[case("https://coordinator.example/?x=1", false)]
    #[case("", false)]
    fn only_a_bare_https_address_is_taken(#[case] base: &str, #[case] fits: bool) {
        assert_eq!(parse_base(base).is_ok(), fits);
    }

    #[rstest::rstest]
    #[case("https://127.0.0.1:1", true)]
    #[case("https://[::1]:1", true)]
    #[case("https://localhost:1", true)]
    #[case("https://localhost.example:1", false)]
    #[case("https://10.0.0.1:1", false)]
    fn a_proxy_is_left_out_for_this_machine_alone(#[case] base: &str, #[case] loopback: bool) {
        assert_eq!(is_loopback(&parse_base(base).unwrap()), loopback);
    }
}
