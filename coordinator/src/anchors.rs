//! Which centers come with certificates of their hospital's own PKI? One CA file each in the data folder, read anew every
//! time, so that the operator's word counts at once.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use protocol::ids::{CenterId, NetworkName};
use transport::TransportError;
use transport::identity::Identity;
use transport::keys::{create_private_dir, write_atomic};
use transport::tls::{Anchors, Roots};

use crate::error::CoordinatorError;

/// The CA files in one folder.
#[derive(Debug, Clone)]
pub struct AnchorFiles {
    folder: PathBuf,
    network: NetworkName,
}

impl AnchorFiles {
    /// The folder of this network's coordinator; it need not exist yet.
    #[must_use]
    pub const fn new(folder: PathBuf, network: NetworkName) -> Self {
        Self { folder, network }
    }

    /// From now on believes this center with certificates of this CA alone.
    pub fn trust(&self, center: &CenterId, authority: &Path) -> Result<(), CoordinatorError> {
        Roots::load(authority)?.must_be_authority()?;
        let pem = std::fs::read(authority).map_err(|source| CoordinatorError::File {
            path: authority.to_owned(),
            source,
        })?;
        create_private_dir(&self.folder)?;
        Ok(write_atomic(&self.file(center), &pem)?)
    }

    /// No longer believes the center's own CA; says whether there was one.
    pub fn distrust(&self, center: &CenterId) -> Result<bool, CoordinatorError> {
        let path = self.file(center);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(source) => Err(CoordinatorError::File { path, source }),
        }
    }

    /// The center's own CA, if it has one. One that cannot be read is an error: then nobody comes in under this name.
    pub fn of_center(&self, center: &CenterId) -> Result<Option<Roots>, TransportError> {
        let path = self.file(center);
        match std::fs::read(&path) {
            Ok(pem) => Roots::from_pem(&pem).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(TransportError::File { path, source }),
        }
    }

    /// Centers that have a CA of their own, in order.
    pub fn centers(&self) -> Result<Vec<CenterId>, CoordinatorError> {
        let failed = |source| CoordinatorError::File {
            path: self.folder.clone(),
            source,
        };
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut centers = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            let id = name.to_str().and_then(|name| {
                name.strip_prefix("center.")?
                    .strip_suffix(".pem")?
                    .parse()
                    .ok()
            });
            centers.extend(id);
        }
        centers.sort();
        Ok(centers)
    }

    /// A center's id is plain letters, digits and dashes, so it stays in the folder.
    fn file(&self, center: &CenterId) -> PathBuf {
        self.folder.join(format!("center.{center}.pem"))
    }
}

impl Anchors for AnchorFiles {
    fn of(&self, party: &Identity) -> Result<Option<Roots>, TransportError> {
        match party.center() {
            Some(center) if party.network() == &self.network => self.of_center(&center),
            _ => Ok(None),
        }
    }
}
