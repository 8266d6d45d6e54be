//! How does a node come in, and stay in? It makes its keys where they stay, and asks for certificates with a signed enrolment.
//!
//! What it asks with is in the record before it leaves, and says how far the node has seen the log.

mod certificate;
#[cfg(test)]
pub(crate) mod office;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use protocol::api::Enrolled;
use protocol::documents::{EnrolledRole, Enrolment};
use protocol::envelope::Envelope;
use protocol::log::LogPosition;
use transport::TransportError;
use transport::clock::Clock;
use transport::join::Token;
use transport::keys::write_atomic;
use transport::tls::{Credentials, Roots};

use crate::agent::mirror::{Mirror, Own};
use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::record::Departure;
use crate::{keys, record};

pub(crate) use certificate::Certificate;
pub(crate) use certificate::Stamp;
pub use certificate::{CertificateStatus, Renewal};

/// Enrols the node in `data` with an invitation: at its first coming in, after its certificate has expired or was revoked, or
/// when it moves to another address. Returns the new certificate's last moment.
///
/// # Errors
/// The coordinator cannot be reached or refuses; then nothing but the record has changed, and the same may be tried again.
pub async fn join(
    data: &DataDir,
    token: &Token,
    coordinator: Option<&str>,
    clock: &Arc<dyn Clock>,
) -> Result<Timestamp, NodeError> {
    let mut config = NodeConfig::load(data)?;
    if config.tls.is_some() {
        return Err(NodeError::Usage(OWN_TLS.to_owned()));
    }
    let address = coordinator.unwrap_or(&config.coordinator).to_owned();
    crate::config::check_coordinator(&address).map_err(NodeError::Usage)?;
    let asked = ask(data, &config, seen(data, &config)?, clock.now())?;
    let enrolled = transport::join::enrol(&address, token, &asked, clock).await?;
    let roots = Roots::from_pem(enrolled.ca.as_bytes())?;
    check(data, &config, &enrolled, &roots, clock.now())?;
    // The authority first: whoever falls between the two has no certificate that fits, and joins once more.
    write_atomic(&data.ca(), enrolled.ca.as_bytes())?;
    certificate::replace(data, &enrolled.certificate)?;
    config.move_to(data, &address)?;
    Ok(enrolled.valid_until)
}

const OWN_TLS: &str = "node.toml names the hospital's own certificate under [tls], which no invitation replaces. take that section out \
    to use certificates of the network";

/// Until when the node's certificate lasts, and who renews it; `None` if there is none yet.
///
/// # Errors
/// The file is not a certificate, or cannot be read.
pub fn certificate_status(
    data: &DataDir,
    config: &NodeConfig,
    now: Timestamp,
) -> Result<Option<CertificateStatus>, NodeError> {
    Certificate::of(data, config).status(now)
}

/// Does one thing with the network, for a command that is not a server.
pub(crate) fn at_once<T>(
    data: &DataDir,
    work: impl Future<Output = Result<T, NodeError>>,
) -> Result<T, NodeError> {
    let started = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = started.map_err(|error| NodeError::file("used", data.root(), error))?;
    runtime.block_on(work)
}

/// The signed enrolment, in the record: it may leave now. Blocking.
pub(crate) fn ask(
    data: &DataDir,
    config: &NodeConfig,
    log: LogPosition,
    now: Timestamp,
) -> Result<Envelope, NodeError> {
    let key = keys::signing_key(data)?;
    let enrolment = Enrolment {
        network: config.network.clone(),
        role: EnrolledRole::Center,
        id: config.center.to_string(),
        name: config.name.clone(),
        organisation: String::new(),
        signing_key: key.public(),
        sum_key: Some(keys::public_sum_key(&keys::sum_key(data)?)),
        request: read(&data.tls_request())?,
        log,
    };
    let document = Envelope::sign(&enrolment, &key);
    let departure = Departure::Request {
        document: &document,
    };
    record::anew::open(data, now)?.left(departure, now)?;
    Ok(document)
}

/// Takes a renewed certificate of the authority that this node knows.
pub(crate) fn take_renewed(
    data: &DataDir,
    config: &NodeConfig,
    enrolled: &Enrolled,
    now: Timestamp,
) -> Result<(), NodeError> {
    let roots = Roots::load(&data.ca())?;
    check(data, config, enrolled, &roots, now)?;
    certificate::replace(data, &enrolled.certificate)
}

/// A certificate that this node could not use never replaces one that it uses.
fn check(
    data: &DataDir,
    config: &NodeConfig,
    enrolled: &Enrolled,
    roots: &Roots,
    now: Timestamp,
) -> Result<(), TransportError> {
    let key = transport::keys::read_private(&data.tls_key())?;
    let credentials = Credentials::from_pem(enrolled.certificate.as_bytes(), &key)?;
    credentials.must_be(&config.identity())?;
    credentials.check_key()?;
    credentials.check_client(roots, now)
}

/// How far this node has seen the log.
fn seen(data: &DataDir, config: &NodeConfig) -> Result<LogPosition, NodeError> {
    if !data.log().exists() {
        return Ok(LogPosition::EMPTY);
    }
    let own = Own {
        center: config.center.clone(),
        key: keys::signing_key(data)?.public(),
    };
    Ok(Mirror::open(&data.log(), config.charter, own)?.position())
}

fn read(path: &Path) -> Result<String, NodeError> {
    std::fs::read_to_string(path).map_err(|error| NodeError::file("read", path, error))
}
