//! What changed between two versions of a document, one line a change?

use std::fmt::Write;

use transport::printable::printable_line;

use super::{paragraph, passages};

/// Letters of a value that still stands within one line with its successor.
const SHORT_MAX: usize = 36;

/// One thing that is not as it was.
///
/// ```
/// use client::words::{Change, changes_in_words};
/// let bound = Change::of("parameter age: upper bound", "120", "90").map(|change| change.noted("narrower"));
/// let changes: Vec<Change> = [bound, Change::of("title", "same", "same")].into_iter().flatten().collect();
/// assert_eq!(changes_in_words(&changes), "parameter age: upper bound 120 -> 90 (narrower)\n");
/// assert_eq!(changes_in_words(&[]), "nothing changed\n");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What changed, such as `parameter age: upper bound`.
    pub what: String,
    /// What it was; nothing if it is new.
    pub before: Option<String>,
    /// What it is; nothing if it is gone.
    pub after: Option<String>,
    /// What that means, such as `narrower`.
    pub note: Option<&'static str>,
}

impl Change {
    /// The change from `before` to `after`; nothing if they are equal.
    #[must_use]
    pub fn of(
        what: impl Into<String>,
        before: &(impl ToString + ?Sized),
        after: &(impl ToString + ?Sized),
    ) -> Option<Self> {
        Self::between(what, Some(before.to_string()), Some(after.to_string()))
    }

    /// The change between what may or may not have been there; nothing if they are equal.
    #[must_use]
    pub fn between(
        what: impl Into<String>,
        before: Option<String>,
        after: Option<String>,
    ) -> Option<Self> {
        (before != after).then(|| Self {
            what: what.into(),
            before,
            after,
            note: None,
        })
    }

    /// Something new.
    #[must_use]
    pub fn added(what: impl Into<String>, after: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            before: None,
            after: Some(after.into()),
            note: None,
        }
    }

    /// Something gone.
    #[must_use]
    pub fn removed(what: impl Into<String>, before: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            before: Some(before.into()),
            after: None,
            note: None,
        }
    }

    /// The same, with what it means in a word or two.
    #[must_use]
    pub fn noted(self, note: &'static str) -> Self {
        Self {
            note: Some(note),
            ..self
        }
    }

    /// The change in words, ending with a line break: one line where it fits, else each changed passage before and after.
    #[must_use]
    pub fn in_words(&self) -> String {
        let what = printable_line(&self.what);
        let note = self
            .note
            .map(|note| format!(" ({note})"))
            .unwrap_or_default();
        match (&self.before, &self.after) {
            (Some(before), Some(after)) if short(before) && short(after) => {
                let (before, after) = (printable_line(before), printable_line(after));
                paragraph("", "    ", &format!("{what} {before} -> {after}{note}"))
            }
            (Some(before), Some(after)) => {
                let mut text = format!("{what} reads differently{note}\n");
                for (before, after) in passages(before, after) {
                    text.push_str(&paragraph("    before: ", "            ", &before));
                    text.push_str(&paragraph("    after:  ", "            ", &after));
                }
                text
            }
            (None, Some(after)) => paragraph(
                "",
                "    ",
                &format!("{what} is new: {}{note}", printable_line(after)),
            ),
            (Some(before), None) => paragraph(
                "",
                "    ",
                &format!("{what} is gone; it was: {}{note}", printable_line(before)),
            ),
            (None, None) => format!("{what}{note}\n"),
        }
    }
}

fn short(value: &str) -> bool {
    !value.contains('\n') && value.chars().count() <= SHORT_MAX
}

/// All changes, one after another; `nothing changed` if there is none.
#[must_use]
pub fn changes_in_words(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        // Writing into a string cannot fail.
        let _ = write!(text, "{}", change.in_words());
    }
    if text.is_empty() {
        text.push_str("nothing changed\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(Change::of("version", "1.0.0", "1.1.0").unwrap(), "version 1.0.0 -> 1.1.0\n")]
    #[case(Change::added("parameter sex", "levels").noted("wider"), "parameter sex is new: levels (wider)\n")]
    #[case(
        Change::removed("researcher kim", "Kim"),
        "researcher kim is gone; it was: Kim\n"
    )]
    #[case(
        Change::of("title", "a\u{1b}[8m", "b\u{202e}").unwrap(),
        "title a\\u{1b}[8m -> b\\u{202e}\n"
    )]
    #[case(
        Change::of("purpose", "one\ntwo three", "one\ntwo four").unwrap(),
        "purpose reads differently\n    before: one two three\n    after:  one two four\n"
    )]
    #[case(
        Change::added("center K01\nall is well", "x\ny"),
        "center K01\\nall is well is new: x\\ny\n"
    )]
    fn a_change_reads_as_a_line(#[case] change: Change, #[case] line: &str) {
        assert_eq!(change.in_words(), line);
    }

    #[test]
    fn what_is_equal_is_no_change() {
        assert_eq!(Change::of("rho", &5, &5), None);
        assert_eq!(Change::between("s12", None, None), None);
    }
}
