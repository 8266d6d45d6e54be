//! How are 32 bytes compared over the telephone? As 24 words with a checksum (BIP-39), or as 64 hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use bip39::Mnemonic;
use thiserror::Error;

use crate::ids::DocumentId;
use crate::keys::PublicKey;

/// A charter's id, or a key, as people compare it.
///
/// ```
/// use protocol::fingerprint::Fingerprint;
/// let hex = "00".repeat(32);
/// let fingerprint: Fingerprint = hex.parse()?;
/// assert!(fingerprint.words().starts_with("abandon abandon"));
/// assert_eq!(fingerprint.words().parse(), Ok(fingerprint));
/// assert_eq!(fingerprint.to_string(), hex);
/// # Ok::<(), protocol::fingerprint::FingerprintError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// Why a text is no fingerprint.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum FingerprintError {
    /// Neither form.
    #[error("a fingerprint is 64 hexadecimal digits, or 24 words in quotation marks")]
    Form,
    /// The words are not on the list, or their checksum is wrong.
    #[error(
        "a word of the fingerprint was misheard: it is not on the list, or the words do not fit together"
    )]
    Words,
}

impl Fingerprint {
    /// 24 English words of the BIP-39 list; the last carries a checksum of 8 bits.
    #[must_use]
    pub fn words(&self) -> String {
        // 32 bytes are one of the five lengths that the list is made for.
        Mnemonic::from_entropy(&self.0).map_or_else(|_| String::new(), |words| words.to_string())
    }

    /// The document that it is the fingerprint of.
    #[must_use]
    pub const fn document(self) -> DocumentId {
        DocumentId::from_bytes(self.0)
    }
}

impl From<DocumentId> for Fingerprint {
    fn from(id: DocumentId) -> Self {
        Self(*id.as_bytes())
    }
}

impl From<PublicKey> for Fingerprint {
    fn from(key: PublicKey) -> Self {
        Self(*key.as_bytes())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let text = text.trim().to_lowercase();
        let mut bytes = [0; 32];
        if hex::decode_to_slice(&text, &mut bytes).is_ok() {
            return Ok(Self(bytes));
        }
        if !text.contains(char::is_whitespace) {
            return Err(FingerprintError::Form);
        }
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = Mnemonic::parse_normalized(&words).map_err(|_| FingerprintError::Words)?;
        let entropy = words.to_entropy();
        Ok(Self(
            entropy.try_into().map_err(|_| FingerprintError::Form)?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_and_digits_say_the_same(bytes in any::<[u8; 32]>()) {
            let fingerprint = Fingerprint(bytes);
            prop_assert_eq!(fingerprint.words().split(' ').count(), 24);
            prop_assert_eq!(fingerprint.words().to_uppercase().parse(), Ok(fingerprint));
            prop_assert_eq!(format!("  {fingerprint}\n").parse(), Ok(fingerprint));
        }
    }

    #[test]
    fn a_word_misheard_or_two_exchanged_is_noticed() {
        let fingerprint = Fingerprint([7; 32]);
        let mut words: Vec<String> = fingerprint.words().split(' ').map(Into::into).collect();
        words[3] = "cartally".into();
        assert_eq!(
            words.join(" ").parse::<Fingerprint>(),
            Err(FingerprintError::Words)
        );
        assert_eq!("ab".parse::<Fingerprint>(), Err(FingerprintError::Form));
        let short = "abandon ".repeat(11) + "about";
        assert_eq!(short.parse::<Fingerprint>(), Err(FingerprintError::Form));
    }
}
