//! How is a number of things told to people? One of them as one.

use std::fmt::Display;

/// The number and the word that goes with it.
pub(crate) fn counted(
    number: impl Copy + Display + PartialEq + From<u8>,
    one: &str,
    more: &str,
) -> String {
    let word = if number == 1.into() { one } else { more };
    format!("{number} {word}")
}
