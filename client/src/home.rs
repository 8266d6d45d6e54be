//! What does a person keep on the own machine? Keys, certificate, the pinned charter, and where everything lies.

use std::fs;
use std::path::{Path, PathBuf};

use protocol::api::Enrolled;
use protocol::ids::{DocumentId, NetworkName, PersonId};
use protocol::keys::{PublicKey, SigningKey};
use serde::{Deserialize, Serialize};
use transport::ca;
use transport::identity::Identity;
use transport::keys::{create_private, create_private_dir, read_private, write_atomic};
use transport::tls::{Credentials, Roots};

use crate::error::ClientError;
use crate::mirror::Mirror;

/// `cartally.toml`: who this is and whom it talks to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The network.
    pub network: NetworkName,
    /// The person's id in it.
    pub person: PersonId,
    /// `https://host:port` of the coordinator.
    pub coordinator: String,
    /// The person's name, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The person's organisation, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub organisation: String,
    /// The pinned charter's fingerprint, once it was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charter: Option<DocumentId>,
}

/// What the registry office needs to enrol a person or to name them in a charter or study.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonCard {
    /// The person's id.
    pub id: PersonId,
    /// The key that signs for the person.
    pub key: PublicKey,
}

/// What pinning a charter would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pinning {
    /// Nothing else is pinned.
    Free,
    /// The charter is one of the line that begins or goes on with this pinned one.
    Followed(DocumentId),
    /// This one is pinned, and was not found in the log so far.
    Replaces(DocumentId),
}

/// The folder of one person in one network.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    /// What `cartally.toml` says.
    pub profile: Profile,
}

impl Home {
    /// Makes the folder, the keys (0600) and the certificate request. Nothing that exists is replaced.
    pub fn create(dir: &Path, profile: Profile) -> Result<Self, ClientError> {
        let config = dir.join("cartally.toml");
        if config.exists() {
            return Err(ClientError::HomeExists(dir.to_owned()));
        }
        create_private_dir(&dir.join("keys"))?;
        create_private_dir(&dir.join("queries"))?;
        let signing = SigningKey::generate_pkcs8().map_err(|e| ClientError::unreadable(dir, &e))?;
        create_private(&dir.join("keys/signing.p8"), &signing)?;
        let tls = ca::create_request()?;
        create_private(&dir.join("keys/tls.pem"), tls.key_pem.as_bytes())?;
        write_atomic(&dir.join("request.pem"), tls.public_pem.as_bytes())?;
        let home = Self {
            dir: dir.to_owned(),
            profile,
        };
        home.write_card()?;
        // The configuration comes last: a home is there whole or not at all.
        home.save()?;
        Ok(home)
    }

    /// Opens an existing home.
    pub fn open(dir: &Path) -> Result<Self, ClientError> {
        let path = dir.join("cartally.toml");
        let text = fs::read_to_string(&path).map_err(|_| ClientError::NoHome(dir.to_owned()))?;
        let profile = toml::from_str(&text).map_err(|e| ClientError::unreadable(&path, &e))?;
        Ok(Self {
            dir: dir.to_owned(),
            profile,
        })
    }

    /// What pinning this charter would do. A pin that never led to a charter in the log may have been a mistake, such as a
    /// key typed for a fingerprint, and can be replaced; any other is for ever.
    pub(crate) fn pinning(&self, charter: DocumentId) -> Result<Pinning, ClientError> {
        let Some(pinned) = self.profile.charter.filter(|pinned| *pinned != charter) else {
            return Ok(Pinning::Free);
        };
        let mirror = Mirror::open(&self.path("log.jsonl"))?;
        if mirror.document(&pinned).is_none() {
            return Ok(Pinning::Replaces(pinned));
        }
        let governance = mirror.governance(pinned);
        if governance
            .charters()
            .iter()
            .any(|known| known.id == charter)
        {
            return Ok(Pinning::Followed(pinned));
        }
        Err(ClientError::Usage(format!(
            "charter {pinned} is pinned here; a home follows one charter and its successors for ever, so make a new home for another"
        )))
    }

    /// Whether this charter can be pinned by the way: another pin is not replaced without a word.
    pub(crate) fn may_pin(&self, charter: DocumentId) -> Result<(), ClientError> {
        match self.pinning(charter)? {
            Pinning::Free | Pinning::Followed(_) => Ok(()),
            Pinning::Replaces(pinned) => Err(ClientError::Usage(format!(
                "charter {pinned} is pinned here; to replace that pin, use: cartally charter pin FINGERPRINT"
            ))),
        }
    }

    /// Pins the charter, whatever was pinned before.
    pub(crate) fn pin(&mut self, charter: DocumentId) -> Result<(), ClientError> {
        self.profile.charter = Some(charter);
        self.save()
    }

    /// The pinned charter.
    pub fn charter(&self) -> Result<DocumentId, ClientError> {
        self.profile.charter.ok_or(ClientError::NoCharter)
    }

    /// The key that signs for this person.
    pub fn signing_key(&self) -> Result<SigningKey, ClientError> {
        let path = self.dir.join("keys/signing.p8");
        let bytes = read_private(&path)?;
        SigningKey::from_pkcs8(&bytes).map_err(|e| ClientError::unreadable(&path, &e))
    }

    /// The certificate and key of this person's connections.
    pub fn credentials(&self) -> Result<Credentials, ClientError> {
        Ok(Credentials::load(
            &self.dir.join("certificate.pem"),
            &self.dir.join("keys/tls.pem"),
        )?)
    }

    /// The authority of the network's certificates.
    pub fn roots(&self) -> Result<Roots, ClientError> {
        Ok(Roots::load(&self.dir.join("ca.pem"))?)
    }

    /// A path inside the home.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The certificate request that was made with the keys.
    pub fn request(&self) -> Result<String, ClientError> {
        let path = self.dir.join("request.pem");
        fs::read_to_string(&path).map_err(ClientError::file(path))
    }

    /// Keeps what an invitation or a renewal brought, if it is for this person and the key that is kept here; the certificate comes last,
    /// because it is what a connection begins with.
    pub fn keep(&self, enrolled: &Enrolled) -> Result<(), ClientError> {
        let key = read_private(&self.dir.join("keys/tls.pem"))?;
        let credentials = Credentials::from_pem(enrolled.certificate.as_bytes(), &key)?;
        credentials.check_key()?;
        let Profile {
            network, person, ..
        } = self.profile.clone();
        credentials.must_be(&Identity::of_person(network, person))?;
        write_atomic(&self.dir.join("ca.pem"), enrolled.ca.as_bytes())?;
        write_atomic(
            &self.dir.join("certificate.pem"),
            enrolled.certificate.as_bytes(),
        )?;
        Ok(())
    }

    /// Whether a certificate was ever kept here.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        self.dir.join("certificate.pem").exists()
    }

    /// Takes over another profile of the same person, for example the coordinator's new address.
    pub fn change(&mut self, profile: Profile) -> Result<(), ClientError> {
        self.profile = profile;
        self.write_card()?;
        self.save()
    }

    fn write_card(&self) -> Result<(), ClientError> {
        let card = PersonCard {
            id: self.profile.person.clone(),
            key: self.signing_key()?.public(),
        };
        let path = self.dir.join("card.json");
        let card =
            serde_json::to_vec_pretty(&card).map_err(|e| ClientError::unreadable(&path, &e))?;
        Ok(write_atomic(&path, &card)?)
    }

    fn save(&self) -> Result<(), ClientError> {
        let path = self.dir.join("cartally.toml");
        let text =
            toml::to_string(&self.profile).map_err(|e| ClientError::unreadable(&path, &e))?;
        Ok(write_atomic(&path, text.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use protocol::envelope::Envelope;
    use protocol::log::LogEntry;

    use super::*;
    use crate::govern::sample::{KIM, PARK, Sample, charter};
    use protocol::documents::{Charter, Predecessor};

    fn id(byte: u8) -> DocumentId {
        DocumentId::from_bytes([byte; 32])
    }

    fn home(dir: &Path) -> Home {
        let profile = Profile {
            network: "demo".parse().unwrap(),
            person: "lee".parse().unwrap(),
            coordinator: "https://127.0.0.1:1".into(),
            name: String::new(),
            organisation: String::new(),
            charter: None,
        };
        Home::create(&dir.join("home"), profile).unwrap()
    }

    #[test]
    fn a_pin_that_led_nowhere_can_be_replaced_but_not_by_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let mut home = home(dir.path());
        home.pin(id(1)).unwrap();
        assert_eq!(home.pinning(id(1)).unwrap(), Pinning::Free);
        assert_eq!(home.may_pin(id(2)).unwrap_err().code(), "usage");
        assert_eq!(home.pinning(id(2)).unwrap(), Pinning::Replaces(id(1)));
        home.pin(id(2)).unwrap();
        assert_eq!(
            Home::open(&dir.path().join("home"))
                .unwrap()
                .charter()
                .unwrap(),
            id(2)
        );
    }

    #[test]
    fn a_pin_that_led_to_a_charter_in_the_log_is_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let mut home = home(dir.path());
        let envelope = Envelope {
            payload_type: "t".into(),
            payload: String::new(),
            signatures: vec![],
        };
        home.pin(envelope.id()).unwrap();
        let time = jiff::Timestamp::UNIX_EPOCH;
        let entry = LogEntry {
            index: 0,
            time,
            envelope,
        };
        Mirror::open(&home.path("log.jsonl"))
            .unwrap()
            .extend(&[entry])
            .unwrap();
        assert_eq!(home.pinning(id(2)).unwrap_err().code(), "usage");
    }

    #[test]
    fn a_successor_that_the_home_follows_needs_no_new_home() {
        let mut sample = Sample::running();
        let before = sample.governance().newest_ruling().unwrap().clone();
        let predecessor = Some(Predecessor {
            charter: before.id,
            log_index: before.index,
        });
        let successor = Charter {
            version: 2,
            predecessor,
            ..charter()
        };
        let successor = sample.propose(&successor, KIM);
        sample.sign(&successor, PARK);
        let dir = tempfile::tempdir().unwrap();
        let mut home = home(dir.path());
        fs::copy(sample.path("log.jsonl"), home.path("log.jsonl")).unwrap();
        home.pin(before.id).unwrap();
        let pinning = home.pinning(successor).unwrap();
        assert_eq!(pinning, Pinning::Followed(before.id));
    }
}
