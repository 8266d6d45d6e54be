//! How does an operator read this node's key over the telephone? As 24 numbered words, four a line.

use std::io::Write;

use protocol::fingerprint::Fingerprint;
use protocol::keys::PublicKey;

/// Writes the key's digits and, below them, its words, numbered so that two people know where they are.
pub(crate) fn write_signing_key(key: PublicKey, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "signing key  {key}\nin words, for the telephone:")?;
    for line in Fingerprint::from(key).numbered_words().lines() {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_stand_numbered_four_a_line_and_are_the_keys() {
        let key = PublicKey::from_bytes([7; 32]);
        let mut out = Vec::new();
        write_signing_key(key, &mut out).unwrap();
        let said = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 8, "{said}");
        assert_eq!(lines[0], format!("signing key  {key}"));
        assert!(
            lines[2].starts_with("   1 ") && lines[7].contains("24 "),
            "{said}"
        );
        let words = lines[2..].iter().flat_map(|line| line.split_whitespace());
        let words: Vec<&str> = words.filter(|word| word.parse::<u8>().is_err()).collect();
        assert_eq!(words.join(" ").parse(), Ok(Fingerprint::from(key)));
    }
}
