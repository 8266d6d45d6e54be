//! Which secrets does a node hold? Read from files that only their owner can read, and from nowhere else.

use protocol::keys::SigningKey;
use transport::keys::read_private;

use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::pseudonym::{self, Pseudonymiser};

/// The key that signs the node's answers.
pub fn signing_key(data: &DataDir) -> Result<SigningKey, NodeError> {
    let path = data.signing_key();
    SigningKey::from_pkcs8(&read_private(&path)?).map_err(|error| NodeError::Key {
        path,
        reason: format!("{error}. restore it from the backup"),
    })
}

/// What makes identifiers unreadable.
pub fn pseudonyms(data: &DataDir) -> Result<Pseudonymiser, NodeError> {
    let path = data.pseudonym_key();
    let reason = || {
        format!(
            "it must hold exactly {} bytes. restore it from the backup",
            pseudonym::KEY_BYTES
        )
    };
    Pseudonymiser::from_bytes(&read_private(&path)?).ok_or_else(|| NodeError::Key {
        path,
        reason: reason(),
    })
}
