//! Who is this node, and whom does it follow? `node.toml`, parsed once.

use std::path::{Path, PathBuf};

use protocol::ids::{CenterId, DocumentId, NetworkName};
use serde::{Deserialize, Serialize};
use transport::identity::Identity;
use transport::keys::write_atomic;

use crate::data_dir::DataDir;
use crate::error::NodeError;

/// What `node.toml` says. Written by `init`; an operator may change the coordinator's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// This center, as `center_info.center_id` names it.
    pub center: CenterId,
    /// The hospital's name, for people.
    #[serde(default)]
    pub name: String,
    /// The network that the certificates name.
    pub network: NetworkName,
    /// Where the coordinator listens: `https://host:port`.
    pub coordinator: String,
    /// The charter's fingerprint, typed in by the operator: everything else is believed only if signatures lead there.
    pub charter: DocumentId,
    /// The hospital's own certificate; without it the coordinator's authority certifies the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<OwnTls>,
}

/// A certificate of the hospital's own PKI, in place of `tls.pem` and `keys/tls.key`. The hospital renews it; the node
/// reads the files anew when they change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnTls {
    /// The certificate and those between it and the hospital's authority, PEM. A relative path begins at the data folder.
    pub certificate: PathBuf,
    /// Its private key, PEM, mode 0600.
    pub key: PathBuf,
}

impl NodeConfig {
    /// Reads the configuration of the node in `data`.
    pub fn load(data: &DataDir) -> Result<Self, NodeError> {
        let path = data.config();
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => NodeError::NotInitialised(data.root().to_owned()),
            _ => NodeError::file("read", &path, error),
        })?;
        Self::parse(&text, &path)
    }

    /// Reads a configuration from its text; `path` is for the sentence.
    pub fn parse(text: &str, path: &Path) -> Result<Self, NodeError> {
        let fault = |reason: String| NodeError::Config {
            path: path.to_owned(),
            reason,
        };
        let config: Self = toml::from_str(text).map_err(|e| fault(e.message().to_owned()))?;
        check_coordinator(&config.coordinator).map_err(fault)?;
        Ok(config)
    }

    /// Who this node is to the coordinator: what its certificate must name.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::of_center(self.network.clone(), self.center.clone())
    }

    /// Writes another coordinator's address into `node.toml`; whatever else stands there stays, comments too.
    pub(crate) fn move_to(&mut self, data: &DataDir, coordinator: &str) -> Result<(), NodeError> {
        if self.coordinator == coordinator {
            return Ok(());
        }
        coordinator.clone_into(&mut self.coordinator);
        let path = data.config();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| NodeError::file("read", &path, error))?;
        let moved = with_coordinator(&text, coordinator);
        let kept = Self::parse(&moved, &path).is_ok_and(|read| read == *self);
        let text = if kept { moved } else { self.to_toml()? };
        Ok(write_atomic(&path, text.as_bytes())?)
    }

    /// The text of `node.toml`.
    pub fn to_toml(&self) -> Result<String, NodeError> {
        let body = toml::to_string(self).map_err(|error| NodeError::Usage(error.to_string()))?;
        Ok(format!(
            "# Who this node is, and whom it follows. The charter is what it trusts: change it only by hand.\n{body}"
        ))
    }
}

/// The text with another value in its line `coordinator = ...`.
fn with_coordinator(text: &str, coordinator: &str) -> String {
    let named = |line: &str| {
        let name = line.split('=').next().map(str::trim);
        name == Some("coordinator")
    };
    let moved = |line: &str| {
        if named(line) {
            format!("coordinator = \"{coordinator}\"\n")
        } else {
            format!("{line}\n")
        }
    };
    text.lines().map(moved).collect()
}

/// The coordinator is reached over TLS and by no other way.
pub(crate) fn check_coordinator(url: &str) -> Result<(), String> {
    let rest = url.strip_prefix("https://").unwrap_or_default();
    if rest.is_empty() || rest.contains(|c: char| c.is_whitespace() || c == '/' || c == '@') {
        return Err("the coordinator's address is written https://HOST:PORT".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(coordinator: &str) -> String {
        let charter = "ab".repeat(32);
        format!(
            "center = \"K01\"\nnetwork = \"kr\"\ncoordinator = \"{coordinator}\"\ncharter = \"{charter}\"\n"
        )
    }

    #[test]
    fn a_configuration_survives_being_written_and_read() {
        let config =
            NodeConfig::parse(&text("https://c.example:8443"), Path::new("node.toml")).unwrap();
        let again = NodeConfig::parse(&config.to_toml().unwrap(), Path::new("node.toml")).unwrap();
        assert_eq!(config, again);
    }

    #[test]
    fn a_hospitals_own_certificate_is_named_whole_or_not_at_all() {
        let parse = |tls: &str| {
            let text = text("https://c.example") + "[tls]\n" + tls;
            NodeConfig::parse(&text, Path::new("node.toml"))
        };
        let own = "certificate = \"/etc/pki/node.pem\"\nkey = \"node.key\"\n";
        let config = parse(own).unwrap();
        let again = NodeConfig::parse(&config.to_toml().unwrap(), Path::new("node.toml")).unwrap();
        assert_eq!(config, again);
        let tls = config.tls.unwrap();
        assert_eq!(tls.certificate, Path::new("/etc/pki/node.pem"));
        for wrong in [
            "",
            "key = \"node.key\"\n",
            &(own.to_owned() + "ca = \"ca.pem\"\n"),
        ] {
            assert_eq!(parse(wrong).unwrap_err().code(), "node.config");
        }
    }

    #[test]
    fn another_address_leaves_the_rest_of_the_file_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(folder.path());
        let written = text("https://c.example") + "\n# asked for by our network people\n";
        std::fs::write(data.config(), &written).unwrap();
        let mut config = NodeConfig::load(&data).unwrap();
        config.move_to(&data, "https://d.example:8443").unwrap();
        let moved = std::fs::read_to_string(data.config()).unwrap();
        assert_eq!(
            moved,
            written.replace("https://c.example", "https://d.example:8443")
        );
        assert_eq!(NodeConfig::load(&data).unwrap(), config);
    }

    #[test]
    fn an_address_without_tls_or_an_unknown_key_is_refused() {
        for wrong in [
            text("http://c.example"),
            text("https://"),
            text("https://a") + "extra = 1\n",
        ] {
            let error = NodeConfig::parse(&wrong, Path::new("node.toml")).unwrap_err();
            assert_eq!(error.code(), "node.config");
        }
    }
}
