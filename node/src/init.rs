//! How does a node begin? Keys made where they stay, whom it follows, and what the registry office needs to enrol it.

use std::path::Path;

use jiff::Timestamp;
use protocol::ids::CenterId;
use protocol::keys::{PublicKey, SigningKey, SumKey};
use serde::{Deserialize, Serialize};
use transport::keys::{create_private, create_private_dir, write_atomic};
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::join::Certificate;
use crate::keys::public_sum_key;
use crate::ledger::Ledger;
use crate::pseudonym::{Pseudonymiser, random_bytes};
use crate::record::Record;

/// The policy that a new node has until its operator changes it.
pub const DEFAULT_POLICY: &str = include_str!("policy.default.toml");

/// What the registry office takes into the roster: public keys and names, `enrolment.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The center's id.
    pub center: CenterId,
    /// The hospital's name, for people.
    pub name: String,
    /// The key that signs the node's answers.
    pub signing_key: PublicKey,
    /// The key that others seal shares of a secure sum to.
    pub sum_key: SumKey,
}

/// Makes a node in `data`. Nothing is ever overwritten: a folder with a node in it is refused, and so is any single key file.
pub fn init(
    data: &DataDir,
    config: &NodeConfig,
    ca: Option<&Path>,
    now: Timestamp,
) -> Result<Enrolment, NodeError> {
    // Said first, so that a wrong option leaves no key behind.
    crate::config::check_coordinator(&config.coordinator).map_err(NodeError::Usage)?;
    if config.tls.is_some() {
        Certificate::of(data, config).credentials(&config.identity())?;
    }
    let authority = ca
        .map(|path| std::fs::read(path).map_err(|error| NodeError::file("read", path, error)))
        .transpose()?;
    if data.config().exists() || data.keys().exists() {
        return Err(NodeError::AlreadyInitialised(data.root().to_owned()));
    }
    create_private_dir(data.root())?;
    create_private_dir(&data.keys())?;
    let enrolment = Enrolment {
        center: config.center.clone(),
        name: config.name.clone(),
        signing_key: make_signing_key(data)?,
        sum_key: make_sum_key(data)?,
    };
    create_private(&data.pseudonym_key(), Pseudonymiser::new_key()?.as_slice())?;
    make_tls_request(data)?;
    if let Some(authority) = authority {
        write_atomic(&data.ca(), &authority)?;
    }
    write_atomic(&data.policy(), DEFAULT_POLICY.as_bytes())?;
    Ledger::create(&data.ledger())?;
    Record::create(&data.record(), now)?;
    write_atomic(&data.enrolment(), to_json(&enrolment)?.as_bytes())?;
    // Last: a folder without it holds no node, whatever else a crash left there.
    write_atomic(&data.config(), config.to_toml()?.as_bytes())?;
    Ok(enrolment)
}

/// The enrolment as people and programs read it.
pub fn to_json(enrolment: &Enrolment) -> Result<String, NodeError> {
    let text = serde_json::to_string_pretty(enrolment)
        .map_err(|error| NodeError::Usage(error.to_string()))?;
    Ok(text + "\n")
}

fn make_signing_key(data: &DataDir) -> Result<PublicKey, NodeError> {
    let path = data.signing_key();
    let unusable = |error: protocol::keys::KeyError| NodeError::Key {
        path: path.clone(),
        reason: error.to_string(),
    };
    let pkcs8 = SigningKey::generate_pkcs8().map_err(unusable)?;
    create_private(&path, &pkcs8)?;
    Ok(SigningKey::from_pkcs8(&pkcs8).map_err(unusable)?.public())
}

fn make_sum_key(data: &DataDir) -> Result<SumKey, NodeError> {
    let bytes = Zeroizing::new(random_bytes::<32>()?);
    create_private(&data.sum_key(), bytes.as_slice())?;
    let secret = StaticSecret::from(*bytes);
    Ok(public_sum_key(&secret))
}

fn make_tls_request(data: &DataDir) -> Result<(), NodeError> {
    let made = transport::ca::create_request()?;
    create_private(&data.tls_key(), made.key_pem.as_bytes())?;
    Ok(write_atomic(
        &data.tls_request(),
        made.public_pem.as_bytes(),
    )?)
}
