//! `init`: a new coordinator, complete or not at all.

use std::fs::{remove_dir, remove_file};
use std::path::Path;

use jiff::Timestamp;
use protocol::ids::NetworkName;
use protocol::keys::{PublicKey, SigningKey};
use serde::{Deserialize, Serialize};
use transport::ca::{
    AUTHORITY_VALID, Authority, CERTIFICATE_VALID, Made, Validity, create_authority,
};
use transport::clock::{Clock, SystemClock};
use transport::keys::{create_private, create_private_dir, write_atomic};

use super::print;
use crate::data_dir::DataDir;
use crate::error::CoordinatorError;
use crate::store::Store;

/// What a coordinator hands out to those who connect, also as `handout.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Handout {
    /// The network.
    pub network: NetworkName,
    /// The key that signs results; it goes into the roster.
    pub signing_key: PublicKey,
    /// The certificate of the network's authority (PEM).
    pub ca: String,
}

pub(super) fn command(
    data: &Path,
    network: NetworkName,
    hosts: &[String],
) -> Result<(), CoordinatorError> {
    let handout = init(data, network, hosts, SystemClock.now())?;
    let dir = DataDir::at(data);
    print(&format!("network      {}", handout.network));
    print(&format!(
        "signing key  {}  (the registry office names it in the roster)",
        handout.signing_key
    ));
    print(&format!(
        "ca           {}  (for those who join without an invitation; a token brings it along)",
        dir.authority_certificate().display()
    ));
    print(&format!(
        "handout      {}  (both, for programs)",
        dir.handout().display()
    ));
    Ok(())
}

/// Makes keys, authority, server certificate and store in an empty or new folder. What fails halfway is taken back.
pub fn init(
    data: &Path,
    network: NetworkName,
    hosts: &[String],
    now: Timestamp,
) -> Result<Handout, CoordinatorError> {
    let dir = DataDir::at(data);
    must_be_empty(data)?;
    let authority = create_authority(&network, Validity::from(now, AUTHORITY_VALID))?;
    let issuer = Authority::load(&authority.public_pem, authority.key_pem.as_bytes())?;
    let server = issuer.certify_server(&network, hosts, Validity::from(now, CERTIFICATE_VALID))?;
    let signing = SigningKey::generate_pkcs8()?;
    let signing_key = SigningKey::from_pkcs8(&signing)?.public();
    let handout = Handout {
        network,
        signing_key,
        ca: authority.public_pem.clone(),
    };
    let written = write(&dir, &authority, &server, &signing, &handout);
    if written.is_err() {
        take_back(&dir);
    }
    written.map(|()| handout)
}

fn must_be_empty(data: &Path) -> Result<(), CoordinatorError> {
    let path = data.to_owned();
    match std::fs::read_dir(data).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(CoordinatorError::NotEmpty(path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(CoordinatorError::File { path, source }),
    }
}

fn write(
    dir: &DataDir,
    authority: &Made,
    server: &Made,
    signing: &[u8],
    handout: &Handout,
) -> Result<(), CoordinatorError> {
    create_private_dir(&dir.keys())?;
    create_private(&dir.authority_key(), authority.key_pem.as_bytes())?;
    create_private(&dir.server_key(), server.key_pem.as_bytes())?;
    create_private(&dir.signing_key(), signing)?;
    write_atomic(
        &dir.authority_certificate(),
        authority.public_pem.as_bytes(),
    )?;
    write_atomic(&dir.server_certificate(), server.public_pem.as_bytes())?;
    let json = serde_json::to_vec_pretty(handout).map_err(|error| {
        CoordinatorError::Argument(format!("the handout cannot be written: {error}"))
    })?;
    write_atomic(&dir.handout(), &json)?;
    Store::create(&dir.store(), &handout.network).map(|_| ())
}

/// The folder was empty, so everything in it that bears one of our names is ours and unfinished.
fn take_back(dir: &DataDir) {
    let files = [
        dir.authority_key(),
        dir.server_key(),
        dir.signing_key(),
        dir.authority_certificate(),
        dir.server_certificate(),
        dir.handout(),
        dir.store(),
    ];
    for file in files {
        // Some were never written; the error that led here is the one to report.
        let _ = remove_file(file);
    }
    let _ = remove_dir(dir.keys());
}
