//! Who is this node, and whom does it follow? `node.toml`, parsed once.

use std::path::Path;

use protocol::ids::{CenterId, DocumentId, NetworkName};
use serde::{Deserialize, Serialize};

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

    /// The text of `node.toml`.
    pub fn to_toml(&self) -> Result<String, NodeError> {
        let body = toml::to_string(self).map_err(|error| NodeError::Usage(error.to_string()))?;
        Ok(format!(
            "# Who this node is, and whom it follows. The charter is what it trusts: change it only by hand.\n{body}"
        ))
    }
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
