//! How do long texts and changes read in a terminal? Wrapped paragraphs, and what was before beside what is now.
//!
//! What is shown was written by others. Everything that passes here is made printable first (`transport::printable`).

mod change;
mod passages;

use transport::printable::printable_line;

pub use change::{Change, changes_in_words};
pub use passages::passages;

/// Columns of a terminal that a text fills at most.
pub const WIDTH: usize = 96;

/// `text` broken between words into lines of at most [`WIDTH`] columns; blank lines part paragraphs, other line breaks are spaces.
/// `first` stands before the first line, `rest` before all others. A longer word stands alone on its line.
///
/// ```
/// use client::words::paragraph;
/// assert_eq!(paragraph("by  ", "    ", "variables that\nsplit"), "by  variables that split\n");
/// ```
#[must_use]
pub fn paragraph(first: &str, rest: &str, text: &str) -> String {
    let mut shown = String::new();
    let mut line = first.to_owned();
    let mut begun = false;
    for part in text.replace("\r\n", "\n").split("\n\n") {
        for word in part.split_whitespace().map(printable_line) {
            if begun && columns(&line) + 1 + columns(&word) > WIDTH {
                shown.push_str(line.trim_end());
                shown.push('\n');
                rest.clone_into(&mut line);
                begun = false;
            }
            if begun {
                line.push(' ');
            }
            line.push_str(&word);
            begun = true;
        }
        if begun {
            shown.push_str(line.trim_end());
            shown.push('\n');
            rest.clone_into(&mut line);
            begun = false;
        }
    }
    if shown.is_empty() {
        shown = format!("{}\n", first.trim_end());
    }
    shown
}

/// Every line of `text` behind `indent`, without spaces at its end.
#[must_use]
pub fn indented(indent: &str, text: &str) -> String {
    let mut shown = String::new();
    for line in text.lines() {
        shown.push_str(format!("{indent}{line}").trim_end());
        shown.push('\n');
    }
    shown
}

/// Columns that `text` takes in a terminal: two for each wide letter, such as Hangul.
fn columns(text: &str) -> usize {
    text.chars()
        .map(|letter| match u32::from(letter) {
            0x0300..=0x036f => 0,
            0x1100..=0x115f
            | 0x2e80..=0xa4cf
            | 0xac00..=0xd7a3
            | 0xf900..=0xfaff
            | 0xfe30..=0xfe6f
            | 0xff00..=0xff60
            | 0x1f300..=0x1faff => 2,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_never_wider_than_a_terminal_and_lose_no_word() {
        let text = "생존 and survival ".repeat(60);
        let shown = paragraph("  a  ", "     ", &text);
        assert!(shown.lines().all(|line| columns(line) <= WIDTH), "{shown}");
        let words: Vec<&str> = shown.split_whitespace().skip(1).collect();
        assert_eq!(words, text.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn a_text_of_others_cannot_move_the_cursor_or_begin_a_line() {
        let shown = paragraph("- ", "  ", "good\u{1b}[2J\rbad");
        assert_eq!(shown, "- good\\u{1b}[2J bad\n");
    }

    #[test]
    fn an_empty_text_is_an_empty_line() {
        assert_eq!(paragraph("x ", "", " \n"), "x\n");
    }
}
