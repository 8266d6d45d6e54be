//! What of another party's text may reach a terminal? Everything that can be seen as what it is, and nothing that moves the
//! cursor, hides a word or turns a line around.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with every character that a terminal obeys, or that cannot be seen, written out as `\u{..}`. Lines stay lines.
///
/// ```
/// use transport::printable::printable;
/// assert_eq!(printable("rho \u{1b}[8m5\u{202e}"), "rho \\u{1b}[8m5\\u{202e}");
/// assert_eq!(printable("세브란스\n병원\t1\r\n"), "세브란스\n병원\t1\r\n");
/// ```
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let ends_line = letter == '\r' && letters.peek() == Some(&'\n');
        if is_hidden(letter) && !ends_line {
            // Writing into a string cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// The same for a text that stands within one line: its line breaks are written out too.
#[must_use]
pub fn printable_line(text: &str) -> String {
    printable(text).replace('\r', "\\r").replace('\n', "\\n")
}

/// Control characters but for line breaks and tabs, and the invisible characters of Unicode that reorder or hide text.
fn is_hidden(letter: char) -> bool {
    match letter {
        '\n' | '\t' => false,
        // Soft hyphen; joiners and fillers without a shape, Hangul's too; Arabic letter mark; vowel separators; zero widths, marks,
        // separators, embeddings, isolates; variation selectors; the byte order mark; annotations; musical controls; tags.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        _ => letter.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::escape("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}")]
    #[case::eight_bit_escape("\u{9b}2J", "\\u{9b}2J")]
    #[case::back("yes\u{8}\u{8}\u{8}no", "yes\\u{8}\\u{8}\\u{8}no")]
    #[case::overwriting("refuse\rsign  ", "refuse\\u{d}sign  ")]
    #[case::delete("\u{7f}", "\\u{7f}")]
    #[case::turned_around("a\u{2067}b\u{2069}", "a\\u{2067}b\\u{2069}")]
    #[case::hidden("K\u{200b}01\u{e0041}", "K\\u{200b}01\\u{e0041}")]
    #[case::byte_order_mark("Se\u{feff}oul", "Se\\u{feff}oul")]
    #[case::hangul_filler("\u{3164}병원\u{115f}", "\\u{3164}병원\\u{115f}")]
    #[case::variation("A\u{fe00}B\u{e0100}", "A\\u{fe00}B\\u{e0100}")]
    fn what_a_terminal_obeys_is_written_out(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(printable(text), shown);
    }

    #[test]
    fn words_of_any_script_are_shown_as_they_are() {
        let text = "survival ≥ 65, 생존, Überleben, é (e\u{301})\n\tdone\r\n";
        assert_eq!(printable(text), text);
    }

    #[test]
    fn a_text_within_a_line_cannot_begin_another() {
        assert_eq!(printable_line("a\nerror\r\nb"), "a\\nerror\\r\\nb");
    }
}
