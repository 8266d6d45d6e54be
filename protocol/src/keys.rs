//! Who signed? Ed25519 keys by ring; public parts travel as 64 hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a key was not accepted.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// Not 64 lower-case hexadecimal digits.
    #[error("a public key must be 64 lower-case hexadecimal digits")]
    Public,
    /// Not a private key in PKCS#8.
    #[error("the private key is not an Ed25519 key in PKCS#8 form")]
    Private,
    /// The operating system gave no randomness.
    #[error("the operating system gave no random bytes for a new key")]
    Randomness,
}

macro_rules! public_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 32]);

        impl $name {
            /// The key of these 32 bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl FromStr for $name {
            type Err = KeyError;
            fn from_str(text: &str) -> Result<Self, KeyError> {
                let mut bytes = [0; 32];
                let lower = text.bytes().all(|b| !b.is_ascii_uppercase());
                match hex::decode_to_slice(text, &mut bytes) {
                    Ok(()) if lower => Ok(Self(bytes)),
                    _ => Err(KeyError::Public),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = KeyError;
            fn try_from(text: String) -> Result<Self, KeyError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(key: $name) -> String {
                key.to_string()
            }
        }
    };
}

public_key!(
    /// The public part of an Ed25519 signing key.
    PublicKey
);
public_key!(
    /// The public part of a center's X25519 key for secure sums.
    SumKey
);

impl PublicKey {
    /// Whether `signature` is this key's signature of `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0)
            .verify(message, signature)
            .is_ok()
    }
}

/// A private Ed25519 key. It has no `Display`, no `Serialize`, and a `Debug` that hides.
pub struct SigningKey {
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A new key as PKCS#8 bytes, to be stored in a file of mode 0600 and read with [`SigningKey::from_pkcs8`].
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn generate_pkcs8() -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| KeyError::Randomness)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// Reads a private key from PKCS#8 bytes.
    ///
    /// # Errors
    /// The bytes are not an Ed25519 private key.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, KeyError> {
        let pair =
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).map_err(|_| KeyError::Private)?;
        Ok(Self { pair })
    }

    /// The public part.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        // An Ed25519 public key has 32 bytes by definition (RFC 8032).
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    /// The 64 bytes of an Ed25519 signature of `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(public {})", self.public())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_cannot_be_read_from_its_debug_text() {
        let pkcs8 = SigningKey::generate_pkcs8().unwrap();
        let key = SigningKey::from_pkcs8(&pkcs8).unwrap();
        let shown = format!("{key:?}");
        let seed = hex::encode(&pkcs8[16..48]);
        assert!(shown.contains(&key.public().to_string()) && !shown.contains(&seed));
    }

    #[test]
    fn only_the_signed_bytes_verify() {
        let key = SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap();
        let signature = key.sign(b"message");
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"massage", &signature));
        assert!(!key.public().verifies(b"message", &signature[..63]));
    }
}
