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
    let Ok(bytes) = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new) else {
        let reason = "it must hold exactly 32 bytes. restore it from the backup".to_owned();
        return Err(NodeError::Key { path, reason });
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

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use rstest::rstest;

    use super::*;
    use crate::answer::fixture::Network;
    use crate::config::NodeConfig;
    use crate::join::Certificate;

    fn tls(data: &DataDir) -> Result<(), NodeError> {
        let config = NodeConfig::load(data)?;
        let certificate = Certificate::of(data, &config).credentials(&config.identity());
        certificate.map(drop)
    }

    #[rstest]
    #[case::signing(DataDir::signing_key, |data: &DataDir| signing_key(data).map(drop))]
    #[case::sum(DataDir::sum_key, |data: &DataDir| sum_key(data).map(drop))]
    #[case::pseudonym(DataDir::pseudonym_key, |data: &DataDir| pseudonyms(data).map(drop))]
    #[case::tls(DataDir::tls_key, tls)]
    fn a_private_key_of_any_mode_but_0600_is_refused(
        #[case] path: fn(&DataDir) -> PathBuf,
        #[case] read: fn(&DataDir) -> Result<(), NodeError>,
    ) {
        let network = Network::new();
        let clock = std::sync::Arc::clone(&network.clock) as std::sync::Arc<_>;
        crate::join::office::Office::new(clock).certify_by_hand(&network.data);
        let data = &network.data;
        assert!(read(data).is_ok());
        for mode in [0o644, 0o640, 0o660, 0o400, 0o700, 0o604] {
            set_permissions(path(data), Permissions::from_mode(mode)).unwrap();
            let error = read(data).unwrap_err();
            assert_eq!(error.code(), "key_file_mode", "{mode:o}");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        set_permissions(path(data), Permissions::from_mode(0o600)).unwrap();
        assert!(read(data).is_ok());
    }
}
