//! What exactly was signed? DSSE envelopes: Ed25519 over the pre-authentication encoding of a type and its payload.
//!
//! The bytes are verified first and parsed after, and they are kept as they came: re-encoding a document never
//! decides what was signed. `keyid` is only a hint; a signature counts for the key that verifies it.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::DocumentId;
use crate::keys::{PublicKey, SigningKey};
use crate::limits::{DOCUMENT_BYTES_MAX, SIGNATURES_MAX};
use crate::log::LogPosition;

/// Why an envelope was not accepted.
#[derive(Debug, Error)]
pub enum EnvelopeError {
    /// Not a DSSE envelope.
    #[error("this is not a signed document: {0}")]
    Malformed(#[source] serde_json::Error),
    /// The payload or a signature is not base64.
    #[error("the payload or a signature of this document is not base64")]
    Base64,
    /// The document is of another type.
    #[error("expected a document of type {expected}, got {found:?}")]
    WrongType {
        /// What the reader wanted.
        expected: &'static str,
        /// What the envelope says.
        found: String,
    },
    /// Too many bytes or signatures.
    #[error(
        "this document is too large: at most {DOCUMENT_BYTES_MAX} bytes and {SIGNATURES_MAX} signatures"
    )]
    TooLarge,
    /// No signature by any of the keys that may sign it.
    #[error("no signature on this document is by a key that may sign it")]
    NoValidSignature,
    /// The payload was signed, but does not say what such a document must say.
    #[error("the signed payload is not a valid {expected}: {source}")]
    Payload {
        /// What the reader wanted.
        expected: &'static str,
        /// Where it departs.
        source: serde_json::Error,
    },
}

/// A payload that has a type of its own in the envelope.
pub trait Payload: Serialize + DeserializeOwned {
    /// The DSSE payload type, for example `application/vnd.cartally.query+json`.
    const TYPE: &'static str;
}

/// One signature; `keyid` is a hint and proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Signature {
    /// The public key in hexadecimal, as a hint.
    #[serde(default)]
    pub keyid: String,
    /// The signature in base64.
    pub sig: String,
    /// The log as the signer saw it, signed too. A decision of the committee counts only with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
}

impl Signature {
    /// Whether `key` made both the signature and what it says to have seen.
    fn is_by(&self, key: PublicKey, pae: &[u8], document: DocumentId) -> bool {
        let saw = self.seen.as_ref().is_some_and(|seen| {
            let sight = Sight {
                document,
                log: seen.log,
            };
            verified(key, &sight.pae(), &seen.sig)
        });
        saw && verified(key, pae, &self.sig)
    }
}

/// Which log a signer had before the eyes: the position, with the same key's signature that ties it to the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Seen {
    /// The log as the signer last saw it.
    pub log: LogPosition,
    /// The signature in base64, over the pre-authentication encoding of the document's id and the log.
    pub sig: String,
}

/// What a [`Seen`] signs.
#[derive(Debug, Serialize)]
struct Sight {
    document: DocumentId,
    log: LogPosition,
}

impl Sight {
    const TYPE: &'static str = "application/vnd.cartally.seen+json";

    fn pae(&self) -> Vec<u8> {
        // Plain data always serialises.
        pae(Self::TYPE, &serde_json::to_vec(self).unwrap_or_default())
    }
}

/// A DSSE envelope as it travels and is stored. Not verified: see [`Envelope::open`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Envelope {
    /// The type of the payload.
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    /// The payload in base64.
    pub payload: String,
    /// Signatures over the pre-authentication encoding.
    pub signatures: Vec<Signature>,
}

impl Envelope {
    /// Reads an envelope from its JSON bytes; nothing is verified.
    ///
    /// # Errors
    /// Not an envelope, or too large.
    pub fn from_json(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let envelope: Self = serde_json::from_slice(bytes).map_err(EnvelopeError::Malformed)?;
        envelope.payload_bytes()?;
        Ok(envelope)
    }

    /// The JSON bytes of this envelope: the same for the same envelope.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // A struct of strings always serialises.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Signs `payload` for the first time.
    #[must_use]
    pub fn sign<P: Payload>(payload: &P, key: &SigningKey) -> Self {
        // Payload types are plain data: maps have string keys and numbers are finite, so they always serialise.
        let bytes = serde_json::to_vec(payload).unwrap_or_default();
        let mut envelope = Self {
            payload_type: P::TYPE.to_owned(),
            payload: STANDARD.encode(bytes),
            signatures: Vec::new(),
        };
        envelope.add_signature(key);
        envelope
    }

    /// Signs `payload` for the first time, and says which log the signer saw.
    #[must_use]
    pub fn sign_seeing<P: Payload>(payload: &P, key: &SigningKey, log: LogPosition) -> Self {
        let mut envelope = Self {
            signatures: Vec::new(),
            ..Self::sign(payload, key)
        };
        envelope.add_signature_seeing(key, log);
        envelope
    }

    /// Adds a signature by `key` unless it has one already.
    pub fn add_signature(&mut self, key: &SigningKey) {
        if self.signature_by(key.public()).is_none() {
            self.push_signature(key, None);
        }
    }

    /// Adds a signature by `key` that says which log the signer saw, unless it has such a one already.
    pub fn add_signature_seeing(&mut self, key: &SigningKey, log: LogPosition) {
        if self.seen_by(key.public()).is_none() {
            let document = self.id();
            let sig = STANDARD.encode(key.sign(&Sight { document, log }.pae()));
            self.push_signature(key, Some(Seen { log, sig }));
        }
    }

    fn push_signature(&mut self, key: &SigningKey, seen: Option<Seen>) {
        self.signatures.push(Signature {
            keyid: key.public().to_string(),
            sig: STANDARD.encode(key.sign(&self.pae())),
            seen,
        });
    }

    /// Every signature by one of `candidates` that says which log its author saw, with that author. The payload is encoded once.
    #[must_use]
    pub fn sightings(
        &self,
        candidates: &BTreeSet<PublicKey>,
    ) -> Vec<(PublicKey, &Signature, LogPosition)> {
        let (pae, document) = (self.pae(), self.id());
        let signatures = self.signatures.iter().take(SIGNATURES_MAX);
        let by_somebody = signatures.filter_map(|signature| {
            let log = signature.seen.as_ref()?.log;
            let mut keys = candidates.iter();
            let key = keys.find(|key| signature.is_by(**key, &pae, document))?;
            Some((*key, signature, log))
        });
        by_somebody.collect()
    }

    /// Which log `key` saw when it signed: nothing if it did not sign, or did not say in words that it signed too.
    #[must_use]
    pub fn seen_by(&self, key: PublicKey) -> Option<LogPosition> {
        let of_key = self.sightings(&[key].into());
        of_key.first().map(|(_, _, log)| *log)
    }

    /// The document's id: SHA-256 of the pre-authentication encoding. Signatures do not change it.
    #[must_use]
    pub fn id(&self) -> DocumentId {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, &self.pae()).as_ref());
        DocumentId::from_bytes(bytes)
    }

    /// The keys among `candidates` that have signed this document.
    #[must_use]
    pub fn signers(&self, candidates: &BTreeSet<PublicKey>) -> BTreeSet<PublicKey> {
        let pae = self.pae();
        let signatures: Vec<Vec<u8>> = self
            .signatures
            .iter()
            .take(SIGNATURES_MAX)
            .filter_map(|s| STANDARD.decode(&s.sig).ok())
            .collect();
        candidates
            .iter()
            .copied()
            .filter(|key| {
                signatures
                    .iter()
                    .any(|signature| key.verifies(&pae, signature))
            })
            .collect()
    }

    /// The signature by `key`, if there is one.
    #[must_use]
    pub fn signature_by(&self, key: PublicKey) -> Option<&Signature> {
        let pae = self.pae();
        let is_by_key = |signature: &&Signature| verified(key, &pae, &signature.sig);
        self.signatures.iter().take(SIGNATURES_MAX).find(is_by_key)
    }

    /// The payload, if one of `keys` signed it. Verifies the bytes first and parses after.
    ///
    /// # Errors
    /// Another type, no valid signature, or a signed payload that is not a `P`.
    pub fn open<P: Payload>(&self, keys: &BTreeSet<PublicKey>) -> Result<P, EnvelopeError> {
        self.expect_type::<P>()?;
        if self.signers(keys).is_empty() {
            return Err(EnvelopeError::NoValidSignature);
        }
        self.parse()
    }

    /// The payload **without any check of signatures**: only to learn which keys a document names as its own, before
    /// its signatures are verified against the rule that those keys fall under.
    ///
    /// # Errors
    /// Another type, or a payload that is not a `P`.
    pub fn parse_unverified<P: Payload>(&self) -> Result<P, EnvelopeError> {
        self.expect_type::<P>()?;
        self.parse()
    }

    /// Whether the envelope says it holds a `P`.
    #[must_use]
    pub fn is<P: Payload>(&self) -> bool {
        self.payload_type == P::TYPE
    }

    fn expect_type<P: Payload>(&self) -> Result<(), EnvelopeError> {
        if self.is::<P>() {
            Ok(())
        } else {
            Err(EnvelopeError::WrongType {
                expected: P::TYPE,
                found: self.payload_type.clone(),
            })
        }
    }

    fn parse<P: Payload>(&self) -> Result<P, EnvelopeError> {
        serde_json::from_slice(&self.payload_bytes()?).map_err(|source| EnvelopeError::Payload {
            expected: P::TYPE,
            source,
        })
    }

    fn payload_bytes(&self) -> Result<Vec<u8>, EnvelopeError> {
        let bytes = STANDARD
            .decode(&self.payload)
            .map_err(|_| EnvelopeError::Base64)?;
        if bytes.len() > DOCUMENT_BYTES_MAX || self.signatures.len() > SIGNATURES_MAX {
            return Err(EnvelopeError::TooLarge);
        }
        Ok(bytes)
    }

    /// PAE("DSSEv1", type, payload); an undecodable payload counts as empty and cannot have come through `from_json`.
    fn pae(&self) -> Vec<u8> {
        let payload = STANDARD.decode(&self.payload).unwrap_or_default();
        pae(&self.payload_type, &payload)
    }
}

/// The pre-authentication encoding of DSSE v1.
fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let header = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    [header.as_bytes(), payload].concat()
}

fn verified(key: PublicKey, message: &[u8], signature: &str) -> bool {
    STANDARD
        .decode(signature)
        .is_ok_and(|bytes| key.verifies(message, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Note {
        text: String,
    }
    impl Payload for Note {
        const TYPE: &'static str = "application/vnd.cartally.test-note+json";
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Other {
        text: String,
    }
    impl Payload for Other {
        const TYPE: &'static str = "application/vnd.cartally.test-other+json";
    }

    fn key() -> SigningKey {
        SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap()
    }
    fn note() -> Note {
        Note {
            text: "hello".into(),
        }
    }

    #[test]
    fn the_encoding_is_that_of_the_dsse_specification() {
        let envelope = Envelope {
            payload_type: "http://example.com/HelloWorld".into(),
            payload: STANDARD.encode("hello world"),
            signatures: vec![],
        };
        assert_eq!(
            envelope.pae(),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn a_signed_payload_opens_only_for_a_key_that_signed_it() {
        let (ours, theirs) = (key(), key());
        let envelope = Envelope::sign(&note(), &ours);
        assert_eq!(
            envelope.open::<Note>(&[ours.public()].into()).unwrap(),
            note()
        );
        assert!(envelope.open::<Note>(&[theirs.public()].into()).is_err());
        assert!(envelope.open::<Note>(&BTreeSet::new()).is_err());
    }

    #[test]
    fn a_signature_made_for_one_type_does_not_serve_another() {
        let ours = key();
        let mut envelope = Envelope::sign(&note(), &ours);
        envelope.payload_type = Other::TYPE.into();
        assert!(matches!(
            envelope.open::<Other>(&[ours.public()].into()),
            Err(EnvelopeError::NoValidSignature)
        ));
    }

    #[test]
    fn one_altered_byte_is_noticed() {
        let ours = key();
        let mut envelope = Envelope::sign(&note(), &ours);
        let id = envelope.id();
        envelope.payload = STANDARD.encode(r#"{"text":"hellp"}"#);
        assert!(envelope.open::<Note>(&[ours.public()].into()).is_err());
        assert_ne!(envelope.id(), id);
    }

    #[test]
    fn a_keyid_proves_nothing_and_two_signatures_of_one_key_count_once() {
        let (ours, theirs) = (key(), key());
        let mut envelope = Envelope::sign(&note(), &ours);
        envelope.signatures[0].keyid = theirs.public().to_string();
        let both = BTreeSet::from([ours.public(), theirs.public()]);
        assert_eq!(envelope.signers(&both), [ours.public()].into());
        envelope.signatures.push(envelope.signatures[0].clone());
        assert_eq!(envelope.signers(&both).len(), 1);
    }

    #[test]
    fn what_a_signer_saw_is_signed_and_belongs_to_that_document_alone() {
        let (ours, log) = (key(), LogPosition::EMPTY);
        let envelope = Envelope::sign_seeing(&note(), &ours, log);
        assert_eq!(envelope.seen_by(ours.public()), Some(log));
        assert_eq!(Envelope::sign(&note(), &ours).seen_by(ours.public()), None);
        let mut altered = envelope.clone();
        altered.signatures[0].seen.as_mut().unwrap().log.entries = 1;
        assert_eq!(altered.seen_by(ours.public()), None);
        let text = "another".to_owned();
        let mut moved = Envelope::sign(&Note { text }, &ours);
        moved.signatures[0]
            .seen
            .clone_from(&envelope.signatures[0].seen);
        assert_eq!(moved.seen_by(ours.public()), None);
        assert_eq!(moved.signers(&[ours.public()].into()).len(), 1);
    }

    #[test]
    fn a_junk_signature_in_front_does_not_hide_the_one_behind_it() {
        let ours = key();
        let mut envelope = Envelope::sign(&note(), &ours);
        envelope.add_signature_seeing(&ours, LogPosition::EMPTY);
        assert_eq!(envelope.seen_by(ours.public()), Some(LogPosition::EMPTY));
        assert_eq!(envelope.signers(&[ours.public()].into()).len(), 1);
    }

    #[test]
    fn more_signatures_do_not_change_the_id() {
        let mut envelope = Envelope::sign(&note(), &key());
        let id = envelope.id();
        envelope.add_signature(&key());
        assert_eq!((envelope.id(), envelope.signatures.len()), (id, 2));
    }

    #[test]
    fn a_payload_at_the_limit_is_read_and_one_byte_more_is_not() {
        let of = |bytes: usize| Envelope {
            payload_type: Note::TYPE.into(),
            payload: STANDARD.encode(vec![b' '; bytes]),
            signatures: vec![],
        };
        assert!(Envelope::from_json(&of(DOCUMENT_BYTES_MAX).to_json()).is_ok());
        assert!(matches!(
            Envelope::from_json(&of(DOCUMENT_BYTES_MAX + 1).to_json()),
            Err(EnvelopeError::TooLarge)
        ));
    }
}
