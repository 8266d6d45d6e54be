//! Who is this, without saying who? Identifiers become pseudonyms on the way in.

use std::fmt;

use ring::hmac;
use zeroize::Zeroizing;

use crate::error::NodeError;

/// Bytes of the key behind pseudonyms.
pub const KEY_BYTES: usize = 32;

/// Bytes kept of each HMAC: among 10^9 identifiers two collide with probability below 2^-68.
const PSEUDONYM_BYTES: usize = 16;

/// Turns source identifiers into pseudonyms: HMAC-SHA256 with a key that never leaves the node. It has no `Serialize` and a
/// `Debug` that hides.
pub struct Pseudonymiser(hmac::Key);

impl Pseudonymiser {
    /// With this key, which stays the same for the node's whole life.
    #[must_use]
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Reads the key from a file's bytes.
    ///
    /// # Errors
    /// The file does not hold [`KEY_BYTES`] bytes; `None`.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let key: Zeroizing<[u8; KEY_BYTES]> = Zeroizing::new(bytes.try_into().ok()?);
        Some(Self::new(&key))
    }

    /// A new random key.
    pub fn new_key() -> Result<Zeroizing<[u8; KEY_BYTES]>, NodeError> {
        random_bytes().map(Zeroizing::new)
    }

    /// The pseudonym of `identifier` as a key of `table`: 32 hexadecimal digits. The same identifier in another table has
    /// another pseudonym, so that a patient's number reused as a sample's number does not tie the two.
    #[must_use]
    pub fn pseudonym(&self, table: &str, identifier: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(table.as_bytes());
        context.update(&[0]);
        context.update(identifier.as_bytes());
        let tag = context.sign();
        hex::encode(tag.as_ref().get(..PSEUDONYM_BYTES).unwrap_or_default())
    }
}

impl fmt::Debug for Pseudonymiser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonymiser(key hidden)")
    }
}

/// Random bytes from the operating system.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], NodeError> {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; N];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| NodeError::Randomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_depends_on_key_table_and_identifier() {
        let one = Pseudonymiser::new(&[1; 32]);
        let two = Pseudonymiser::new(&[2; 32]);
        let base = one.pseudonym("patient", "P1");
        assert_eq!(base, one.pseudonym("patient", "P1"));
        assert_eq!(base.len(), 32);
        for other in [
            one.pseudonym("patient", "P2"),
            one.pseudonym("course", "P1"),
            two.pseudonym("patient", "P1"),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn the_key_cannot_be_read_from_debug_text() {
        assert_eq!(
            format!("{:?}", Pseudonymiser::new(&[7; 32])),
            "Pseudonymiser(key hidden)"
        );
    }
}
