//! What lies where in the coordinator's data folder?

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use protocol::ids::NetworkName;
use protocol::keys::SigningKey;
use transport::TransportError;
use transport::ca::Authority;
use transport::keys::read_private;
use transport::tls::{Credentials, Roots};

use crate::anchors::AnchorFiles;
use crate::error::CoordinatorError;
use crate::issuer::Issuer;
use crate::store::Store;

/// Where the data lie unless said otherwise.
pub const DEFAULT: &str = "/var/lib/cartally-coordinator";

/// The data folder of one coordinator.
#[derive(Debug, Clone)]
pub struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// The folder at `root`; nothing is looked at yet.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Private keys, mode 0600.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The key of the network's authority.
    #[must_use]
    pub fn authority_key(&self) -> PathBuf {
        self.keys().join("ca.key")
    }

    /// The key of the server's certificate.
    #[must_use]
    pub fn server_key(&self) -> PathBuf {
        self.keys().join("server.key")
    }

    /// The key that signs results.
    #[must_use]
    pub fn signing_key(&self) -> PathBuf {
        self.keys().join("signing.key")
    }

    /// The authority's certificate, to be handed to everyone.
    #[must_use]
    pub fn authority_certificate(&self) -> PathBuf {
        self.root.join("ca.pem")
    }

    /// The server's certificate.
    #[must_use]
    pub fn server_certificate(&self) -> PathBuf {
        self.root.join("server.pem")
    }

    /// CA files of hospitals' own PKIs: `center.ID.pem`.
    #[must_use]
    pub fn own_authorities(&self) -> PathBuf {
        self.root.join("pki")
    }

    /// What to hand out, for programs.
    #[must_use]
    pub fn handout(&self) -> PathBuf {
        self.root.join("handout.json")
    }

    /// The store. Written last at `init`: where it is, the folder is complete.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.root.join("data.db")
    }

    /// Opens the store of a complete folder.
    pub fn open_store(&self) -> Result<Store, CoordinatorError> {
        self.must_be_complete()?;
        Store::open(&self.store())
    }

    /// Refuses a folder that `init` did not make or did not finish.
    pub fn must_be_complete(&self) -> Result<(), CoordinatorError> {
        if self.store().is_file() {
            Ok(())
        } else {
            Err(CoordinatorError::NotInitialised(self.root.clone()))
        }
    }

    /// The key that signs results.
    pub fn load_signing_key(&self) -> Result<SigningKey, CoordinatorError> {
        Ok(SigningKey::from_pkcs8(&read_private(&self.signing_key())?)?)
    }

    /// The authority whose certificates connect.
    pub fn load_roots(&self) -> Result<Roots, CoordinatorError> {
        Ok(Roots::load(&self.authority_certificate())?)
    }

    /// The server's certificate and key.
    pub fn load_server(&self) -> Result<Credentials, CoordinatorError> {
        Ok(Credentials::load(
            &self.server_certificate(),
            &self.server_key(),
        )?)
    }

    /// The authority, able to issue.
    pub fn load_authority(&self) -> Result<Authority, CoordinatorError> {
        Ok(Authority::load(
            &self.load_authority_certificate()?,
            &read_private(&self.authority_key())?,
        )?)
    }

    /// What issues certificates to parties.
    pub fn load_issuer(&self) -> Result<Issuer, CoordinatorError> {
        let certificate = self.load_authority_certificate()?;
        Ok(Issuer::new(self.load_authority()?, certificate))
    }

    /// Whether the authority's key lies here; an operator may keep it elsewhere.
    #[must_use]
    pub fn has_authority(&self) -> bool {
        self.authority_key().exists()
    }

    /// The hospitals' own authorities.
    #[must_use]
    pub fn anchors(&self, network: NetworkName) -> AnchorFiles {
        AnchorFiles::new(self.own_authorities(), network)
    }

    fn load_authority_certificate(&self) -> Result<String, CoordinatorError> {
        let path = self.authority_certificate();
        std::fs::read_to_string(&path).map_err(|source| CoordinatorError::File { path, source })
    }

    /// Takes the folder for this process; a second server on one store would keep its deadlines twice. Held while the
    /// returned file lives.
    pub fn lock(&self) -> Result<File, CoordinatorError> {
        let path = self.root.join("lock");
        let failed = |source| TransportError::File {
            path: path.clone(),
            source,
        };
        let file = File::create(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(CoordinatorError::Argument(format!(
                "another coordinator runs on {}; stop it first",
                self.root.display()
            ))),
            Err(TryLockError::Error(source)) => Err(failed(source).into()),
        }
    }
}
