//! Why was a row left out? By table, line, column and check, never by value.

/// A check that a row did not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Fewer or more fields than the header.
    Fields,
    /// A required value is missing.
    Required,
    /// Not of the column's type.
    Type,
    /// Longer than any value may be.
    TooLong,
    /// Not one of the column's codes.
    Code,
    /// Outside the column's range.
    Range,
    /// Missing although another column's code requires it.
    RequiredIf,
    /// The key of an earlier row.
    Duplicate,
    /// A patient whom this node was told to forget.
    Forgotten,
    /// Refers to a row that is not in the export.
    Reference,
    /// Refers to a row that was rejected.
    Parent,
    /// Two ways to the same table end at different rows.
    Mismatch,
    /// Before a date that it must not precede.
    NotBefore,
    /// After a date that it must not follow.
    NotAfter,
}

impl Check {
    /// Every check with its word and its sentence for people.
    const ALL: [(Self, &'static str, &'static str); 14] = [
        (
            Self::Fields,
            "fields",
            "the row has fewer or more fields than the header",
        ),
        (Self::Required, "required", "a required value is missing"),
        (
            Self::Type,
            "type",
            "not a value of the column's type (dates are YYYY-MM-DD, numbers have a decimal point)",
        ),
        (Self::TooLong, "too_long", "longer than any value may be"),
        (Self::Code, "code", "not one of the column's codes"),
        (Self::Range, "range", "outside the column's range"),
        (
            Self::RequiredIf,
            "required_if",
            "missing although another column requires it",
        ),
        (
            Self::Duplicate,
            "duplicate",
            "an earlier row has the same key",
        ),
        (
            Self::Forgotten,
            "forgotten",
            "this patient was forgotten here; take the rows out of the export",
        ),
        (
            Self::Reference,
            "reference",
            "refers to a row that the export does not have",
        ),
        (Self::Parent, "parent", "refers to a row that was rejected"),
        (
            Self::Mismatch,
            "mismatch",
            "refers to rows that belong to different parents",
        ),
        (
            Self::NotBefore,
            "not_before",
            "earlier than a date that it must not precede",
        ),
        (
            Self::NotAfter,
            "not_after",
            "later than a date that it must not follow",
        ),
    ];

    fn entry(self) -> (&'static str, &'static str) {
        let found = Self::ALL.iter().find(|(check, _, _)| *check == self);
        found.map_or(("", ""), |(_, word, sentence)| (word, sentence))
    }

    /// A stable word for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.entry().0
    }

    /// What it means, for people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        self.entry().1
    }

    /// The check of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known, _)| *known == word)
            .map(|(check, _, _)| *check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_its_own_word() {
        for (check, word, _) in Check::ALL {
            assert_eq!(Check::of_word(word), Some(check));
            assert_eq!(check.word(), word);
        }
    }
}
