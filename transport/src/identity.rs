//! Who is at the other end? The name in a certificate: `cartally://<network>/<center|person|coordinator>/<id>`.

use std::fmt;
use std::str::FromStr;

use protocol::ids::{CenterId, NetworkName, PersonId};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::error::TransportError;

/// The one coordinator of a network bears this id.
pub const COORDINATOR_ID: &str = "main";

const SCHEME: &str = "cartally://";

/// What an enrolled party is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A hospital's node.
    Center,
    /// A researcher, a committee member, the registry office.
    Person,
    /// The relay.
    Coordinator,
}

impl Role {
    /// The role as it stands in a certificate.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Center => "center",
            Self::Person => "person",
            Self::Coordinator => "coordinator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = TransportError;

    fn from_str(text: &str) -> Result<Self, TransportError> {
        [Self::Center, Self::Person, Self::Coordinator]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| TransportError::Identity(shortened(text)))
    }
}

/// A party's whole name. Two are the same party only if all three parts are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    network: NetworkName,
    role: Role,
    id: String,
}

impl Identity {
    /// The identity of these three parts; `id` is held to the alphabet of center and person ids.
    pub fn new(network: NetworkName, role: Role, id: &str) -> Result<Self, TransportError> {
        let plain = id
            .parse::<PersonId>()
            .map_err(|_| TransportError::Identity(shortened(id)))?;
        Ok(Self {
            network,
            role,
            id: plain.into(),
        })
    }

    /// The coordinator of `network`.
    #[must_use]
    pub fn coordinator(network: NetworkName) -> Self {
        Self {
            network,
            role: Role::Coordinator,
            id: COORDINATOR_ID.to_owned(),
        }
    }

    /// The node of a center.
    #[must_use]
    pub fn of_center(network: NetworkName, center: CenterId) -> Self {
        Self {
            network,
            role: Role::Center,
            id: center.into(),
        }
    }

    /// A person.
    #[must_use]
    pub fn of_person(network: NetworkName, person: PersonId) -> Self {
        Self {
            network,
            role: Role::Person,
            id: person.into(),
        }
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> &NetworkName {
        &self.network
    }

    /// The role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The id within the role.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The center, if this is one.
    #[must_use]
    pub fn center(&self) -> Option<CenterId> {
        (self.role == Role::Center)
            .then(|| self.id.parse().ok())
            .flatten()
    }

    /// The person, if this is one.
    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        (self.role == Role::Person)
            .then(|| self.id.parse().ok())
            .flatten()
    }

    /// Reads the identity from a certificate in DER: exactly one URI, and that one of ours.
    pub fn from_certificate(der: &[u8]) -> Result<Self, TransportError> {
        let unreadable =
            || TransportError::Certificate("its bytes are not an X.509 certificate".into());
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| unreadable())?;
        let names = certificate
            .subject_alternative_name()
            .map_err(|_| unreadable())?;
        let uris: Vec<&str> = names
            .iter()
            .flat_map(|names| names.value.general_names.iter())
            .filter_map(|name| match name {
                GeneralName::URI(uri) => Some(*uri),
                _ => None,
            })
            .collect();
        match uris.as_slice() {
            [uri] => uri.parse(),
            [] => Err(TransportError::Certificate(
                "it names nobody of a cartally network".into(),
            )),
            _ => Err(TransportError::Certificate(
                "it names more than one party".into(),
            )),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}/{}", self.network, self.role, self.id)
    }
}

impl FromStr for Identity {
    type Err = TransportError;

    fn from_str(text: &str) -> Result<Self, TransportError> {
        let wrong = || TransportError::Identity(shortened(text));
        let path = text.strip_prefix(SCHEME).ok_or_else(wrong)?;
        let mut parts = path.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(network), Some(role), Some(id), None) => {
                let network = network.parse().map_err(|_| wrong())?;
                Self::new(network, role.parse().map_err(|_| wrong())?, id).map_err(|_| wrong())
            }
            _ => Err(wrong()),
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_written_and_read_one_way() {
        for text in [
            "cartally://demo/center/K01",
            "cartally://demo/person/kim",
            "cartally://demo/coordinator/main",
        ] {
            assert_eq!(text.parse::<Identity>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_identity_is_matched_whole() {
        for wrong in [
            "",
            "cartally://demo/center",
            "cartally://demo/center/",
            "cartally://demo/center/K01/",
            "cartally://demo/center/K01/x",
            "cartally://demo/Center/K01",
            "cartally://demo/center/K 01",
            "cartally:///center/K01",
            "https://demo/center/K01",
            "cartally://demo/center/K01?x=1",
            "cartally://demo/center/K%301",
            "xcartally://demo/center/K01",
        ] {
            assert!(wrong.parse::<Identity>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_a_center_is_a_center() {
        let person: Identity = "cartally://demo/person/K01".parse().unwrap();
        assert_eq!(person.center(), None);
        let center: Identity = "cartally://demo/center/K01".parse().unwrap();
        assert_eq!(center.center().unwrap().as_str(), "K01");
        assert_eq!(center.person(), None);
    }
}
