//! Which secrets does a node hold? Read from files that only their owner can read, and from nowhere else.

use protocol::keys::{SigningKey, SumKey};
use transport::keys::read_private;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

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

/// The key that opens the shares of secure sums that others seal to this center.
pub fn sum_key(data: &DataDir) -> Result<StaticSecret, NodeError> {
    let path = data.sum_key();
    let bytes = read_private(&path)?;
    let bytes: Zeroizing<[u8; 32]> = match bytes.as_slice().try_into() {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(_) => {
            let reason = "it must hold exactly 32 bytes. restore it from the backup".to_owned();
            return Err(NodeError::Key { path, reason });
        }
    };
    Ok(StaticSecret::from(*bytes))
}

/// The public half of a key for secure sums.
#[must_use]
pub fn public_sum_key(secret: &StaticSecret) -> SumKey {
    SumKey::from_bytes(x25519_dalek::PublicKey::from(secret).to_bytes())
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
