//! Where does what lie in a node's data folder?

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::NodeError;

/// Where a node keeps everything unless `--data` says otherwise.
pub const DEFAULT: &str = "/var/lib/cartally-node";

/// A node's data folder: every path in it has one name here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The folder at `path`, which need not exist yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// `node.toml`: who this node is and whom it follows.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.0.join("node.toml")
    }

    /// `policy.toml`: what this node answers by itself.
    #[must_use]
    pub fn policy(&self) -> PathBuf {
        self.0.join("policy.toml")
    }

    /// `dictionary.csv`: only there if this registry does not use the shipped dictionary.
    #[must_use]
    pub fn dictionary(&self) -> PathBuf {
        self.0.join("dictionary.csv")
    }

    /// `enrolment.json`: the public keys that the registry office takes into the roster.
    #[must_use]
    pub fn enrolment(&self) -> PathBuf {
        self.0.join("enrolment.json")
    }

    /// `ca.pem`: whom this node believes to be the network's coordinator.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// `keys/`: mode 0700, its files 0600.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The Ed25519 signing key, PKCS#8.
    #[must_use]
    pub fn signing_key(&self) -> PathBuf {
        self.keys().join("signing.pk8")
    }

    /// The X25519 key for secure sums, 32 bytes.
    #[must_use]
    pub fn sum_key(&self) -> PathBuf {
        self.keys().join("sum.key")
    }

    /// The key behind every pseudonym, 32 bytes. Without it a new import cannot be matched with an old one.
    #[must_use]
    pub fn pseudonym_key(&self) -> PathBuf {
        self.keys().join("pseudonym.key")
    }

    /// The private key of the node's TLS certificate, PEM.
    #[must_use]
    pub fn tls_key(&self) -> PathBuf {
        self.keys().join("tls.key")
    }

    /// The node's TLS certificate, PEM, as the coordinator certified it.
    #[must_use]
    pub fn tls_certificate(&self) -> PathBuf {
        self.0.join("tls.pem")
    }

    /// The request for that certificate, PEM.
    #[must_use]
    pub fn tls_request(&self) -> PathBuf {
        self.0.join("tls.csr")
    }

    /// `data.db`: the working tables and what is known about imports and locks.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.0.join("data.db")
    }

    /// `locks/`: one immutable file a lock.
    #[must_use]
    pub fn locks(&self) -> PathBuf {
        self.0.join("locks")
    }

    /// `ledger.db`: what was spent, and every answer given.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger.db")
    }

    /// `record.db`: what left the node, and what was decided at it.
    #[must_use]
    pub fn record(&self) -> PathBuf {
        self.0.join("record.db")
    }

    /// `currency.json`: the currency document that the operator loaded from a file.
    #[must_use]
    pub fn currency(&self) -> PathBuf {
        self.0.join("currency.json")
    }

    /// `log.db`: the mirror of the coordinator's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.0.join("log.db")
    }

    /// Takes the folder for the process that serves; a second one would poll and answer beside it. Held while the returned
    /// file lives.
    pub fn lock(&self) -> Result<File, NodeError> {
        let path = self.0.join("serve.lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&path)
            .map_err(|error| NodeError::file("opened", &path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(NodeError::Serving(self.0.clone())),
            Err(TryLockError::Error(error)) => Err(NodeError::file("locked", &path, error)),
        }
    }

    /// `rejects/`: one report an import that rejected rows.
    #[must_use]
    pub fn rejects(&self) -> PathBuf {
        self.0.join("rejects")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_served_by_one_process_at_a_time_and_free_again_when_that_ends() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(folder.path());
        let held = data.lock().unwrap();
        assert_eq!(data.lock().unwrap_err().code(), "node.serving");
        drop(held);
        data.lock().unwrap();
    }
}
