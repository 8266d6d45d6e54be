//! How are a charter and a key compared over the telephone? As numbered words, four a line, or as hexadecimal digits.

use protocol::fingerprint::{Fingerprint, FingerprintError};

/// The 24 words, numbered, so that two people know where they are. Ends with a line break.
#[must_use]
pub(crate) fn words(fingerprint: Fingerprint) -> String {
    fingerprint.numbered_words()
}

/// Digits, or words as they were typed or copied: as one argument or several, with or without their numbers.
pub(crate) fn read(typed: &[String]) -> Result<Fingerprint, FingerprintError> {
    let typed = typed.join(" ");
    let parts: Vec<&str> = typed.split_whitespace().collect();
    if parts.len() == 1 {
        return typed.parse();
    }
    let is_word = |part: &&&str| {
        !part
            .trim_end_matches('.')
            .bytes()
            .all(|b| b.is_ascii_digit())
    };
    let words: Vec<&str> = parts.iter().filter(is_word).copied().collect();
    words.join(" ").parse()
}

#[cfg(test)]
mod tests {
    use protocol::ids::DocumentId;

    use super::*;

    fn fingerprint() -> Fingerprint {
        DocumentId::from_bytes([7; 32]).into()
    }

    #[test]
    fn words_stand_numbered_four_a_line() {
        let shown = words(fingerprint());
        assert_eq!(shown.lines().count(), 6);
        assert!(shown.starts_with(" 1 "), "{shown}");
        assert!(shown.contains("\n 5 ") && shown.contains("24 "), "{shown}");
    }

    #[test]
    fn what_is_shown_can_be_typed_again_in_every_form() {
        let hex = fingerprint().to_string();
        let split: Vec<String> = fingerprint().words().split(' ').map(Into::into).collect();
        for typed in [
            vec![hex],
            vec![fingerprint().words()],
            split,
            vec![words(fingerprint())],
        ] {
            assert_eq!(read(&typed), Ok(fingerprint()), "{typed:?}");
        }
        assert!(read(&["abandon".into()]).is_err() && read(&[]).is_err());
    }
}
