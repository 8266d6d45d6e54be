//! Which certificate does this node show, until when, and who sees to the next one?

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use transport::TransportError;
use transport::certificate::CertificateFacts;
use transport::identity::Identity;
use transport::keys::write_atomic;
use transport::tls::Credentials;

use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::error::NodeError;

/// How long before its end the operator hears that a hospital's own certificate ends.
const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Who sees to the next certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renewal {
    /// The node asks the coordinator for it in time.
    ByItself,
    /// The hospital's PKI writes it into the files that `node.toml` names.
    ByTheHospital,
}

/// What an operator is told of the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateStatus {
    /// Its last moment.
    pub valid_until: Timestamp,
    /// Whether that has passed.
    pub expired: bool,
    /// Who sees to the next one.
    pub renewal: Renewal,
}

impl CertificateStatus {
    /// One line for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        let until = self.valid_until;
        match (self.expired, self.renewal) {
            (false, Renewal::ByItself) => {
                format!("certificate until {until:.0}, renews by itself while the node serves")
            }
            (false, Renewal::ByTheHospital) => {
                format!("certificate until {until:.0}, renewed by the hospital's PKI")
            }
            (true, Renewal::ByItself) => format!(
                "certificate expired at {until:.0}: ask the coordinator's operator for an invitation and run \
                 `cartally-node join --token TOKEN`"
            ),
            (true, Renewal::ByTheHospital) => format!(
                "certificate expired at {until:.0}: have the hospital's PKI write its successor to the files that node.toml names"
            ),
        }
    }
}

/// The files of a node's certificate and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    renewal: Renewal,
}

/// What a file is known by: another one has another stamp. `None`: it cannot be looked at.
pub(crate) type Stamp = [Option<(u64, u64, i64, i64)>; 2];

impl Certificate {
    /// The certificate that this node shows: the hospital's own if `node.toml` names one.
    pub(crate) fn of(data: &DataDir, config: &NodeConfig) -> Self {
        match &config.tls {
            Some(own) => Self {
                chain: data.root().join(&own.certificate),
                key: data.root().join(&own.key),
                renewal: Renewal::ByTheHospital,
            },
            None => Self {
                chain: data.tls_certificate(),
                key: data.tls_key(),
                renewal: Renewal::ByItself,
            },
        }
    }

    /// Who sees to the next one.
    pub(crate) const fn renewal(&self) -> Renewal {
        self.renewal
    }

    /// The certificate with its key, which must be this party's and belong together.
    pub(crate) fn credentials(&self, party: &Identity) -> Result<Credentials, NodeError> {
        let read = Credentials::load(&self.chain, &self.key);
        let credentials = read.map_err(|error| self.not_there(error))?;
        credentials.must_be(party)?;
        credentials.check_key()?;
        Ok(match self.renewal {
            Renewal::ByItself => credentials,
            Renewal::ByTheHospital => credentials.of_own_authority(),
        })
    }

    /// A certificate that was never handed out has a remedy of its own.
    fn not_there(&self, error: TransportError) -> NodeError {
        match (self.renewal, &error) {
            (Renewal::ByItself, TransportError::File { path, source })
                if path == &self.chain && source.kind() == std::io::ErrorKind::NotFound =>
            {
                NodeError::NotEnrolled
            }
            _ => error.into(),
        }
    }

    /// That the certificate is over, in the words that help.
    pub(crate) fn expired(&self, until: Timestamp) -> NodeError {
        NodeError::CertificateExpired {
            sentence: CertificateStatus {
                valid_until: until,
                expired: true,
                renewal: self.renewal,
            }
            .sentence(),
        }
    }

    /// Whether the operator should hear that the end is near: nobody renews this certificate from here.
    pub(crate) fn ends_soon(&self, until: Timestamp, now: Timestamp) -> bool {
        self.renewal == Renewal::ByTheHospital && until.duration_since(now) < WARN_BEFORE
    }

    /// How the files look now, to notice that somebody replaced them.
    pub(crate) fn stamp(&self) -> Stamp {
        [&self.chain, &self.key].map(|path| stamp_of(path))
    }

    /// What the operator is told; `None` if there is no certificate yet.
    pub(crate) fn status(&self, now: Timestamp) -> Result<Option<CertificateStatus>, NodeError> {
        let pem = match std::fs::read_to_string(&self.chain) {
            Ok(pem) => pem,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(NodeError::file("read", &self.chain, error)),
        };
        let valid_until = CertificateFacts::from_pem(&pem)?.not_after;
        Ok(Some(CertificateStatus {
            valid_until,
            expired: now > valid_until,
            renewal: self.renewal,
        }))
    }
}

/// Puts a new certificate in the place of the old one. The key stays.
pub(super) fn replace(data: &DataDir, pem: &str) -> Result<(), NodeError> {
    Ok(write_atomic(&data.tls_certificate(), pem.as_bytes())?)
}

fn stamp_of(path: &Path) -> Option<(u64, u64, i64, i64)> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}
