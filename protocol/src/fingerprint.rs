//! How are 32 bytes compared over the telephone? As 24 words with a checksum (BIP-39), or as 64 hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use bip39::Mnemonic;
use thiserror::Error;

use crate::ids::DocumentId;
use crate::keys::PublicKey;

/// Words of 32 bytes and their checksum.
const WORDS: usize = 24;

/// Words on one line, where they are numbered.
const WORDS_A_LINE: usize = 4;
/// Columns of one numbered word: the longest of the list has eight letters.
const WORD_WIDTH: usize = 14;

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
    /// Words were left out, or said twice.
    #[error("a fingerprint has 24 words, and these are {0}")]
    Count(usize),
    /// A word that is not on the list, by its position from 1.
    #[error("word {0} of the fingerprint was misheard: it is not on the list")]
    NotOnList(usize),
    /// All words are on the list, but their checksum is wrong.
    #[error(
        "a word of the fingerprint was misheard, or two were exchanged: all are on the list, but they do not fit together"
    )]
    Checksum,
}

impl Fingerprint {
    /// 24 English words of the BIP-39 list; the last carries a checksum of 8 bits.
    #[must_use]
    pub fn words(&self) -> String {
        // 32 bytes are one of the five lengths that the list is made for.
        Mnemonic::from_entropy(&self.0).map_or_else(|_| String::new(), |words| words.to_string())
    }

    /// The words as two people read them over the telephone: numbered, four a line, six lines. Ends with a line break.
    #[must_use]
    pub fn numbered_words(self) -> String {
        let words = self.words();
        let numbered: Vec<String> = (1..)
            .zip(words.split(' '))
            .map(|(number, word)| format!("{:<WORD_WIDTH$}", format!("{number:>2} {word}")))
            .collect();
        let lines = numbered.chunks(WORDS_A_LINE);
        lines
            .map(|line| line.concat().trim_end().to_owned() + "\n")
            .collect()
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
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.len() != WORDS {
            return Err(FingerprintError::Count(words.len()));
        }
        let words = Mnemonic::parse_normalized(&words.join(" ")).map_err(|why| match why {
            bip39::Error::UnknownWord(index) => {
                FingerprintError::NotOnList(index.saturating_add(1))
            }
            _ => FingerprintError::Checksum,
        })?;
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

    fn read(words: &[String]) -> Result<Fingerprint, FingerprintError> {
        words.join(" ").parse()
    }

    #[test]
    fn a_word_misheard_left_out_or_exchanged_is_noticed_and_located() {
        let fingerprint = Fingerprint(std::array::from_fn(|i| u8::try_from(i).unwrap()));
        let words: Vec<String> = fingerprint.words().split(' ').map(Into::into).collect();
        let mut misheard = words.clone();
        misheard[3] = "cartally".into();
        assert_eq!(read(&misheard), Err(FingerprintError::NotOnList(4)));
        let mut exchanged = words.clone();
        exchanged.swap(0, 1);
        assert_eq!(read(&exchanged), Err(FingerprintError::Checksum));
        assert_eq!(read(&words[1..]), Err(FingerprintError::Count(23)));
        // Twelve words are a phrase of that list too, but no fingerprint.
        let short = "abandon ".repeat(11) + "about";
        assert_eq!(
            short.parse::<Fingerprint>(),
            Err(FingerprintError::Count(12))
        );
        assert_eq!("ab".parse::<Fingerprint>(), Err(FingerprintError::Form));
    }
}
