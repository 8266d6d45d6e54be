//! Which passages of a long text are not as they were?

use std::collections::BTreeMap;
use std::ops::Range;

/// Equal words that are shown on either side of a changed passage.
const AROUND: usize = 4;
/// Changes with at most so many equal words between them are one passage.
const BETWEEN_MAX: usize = 3;
/// Pairs of words that are compared at most; of longer texts all that differs is one passage.
const PAIRS_MAX: usize = 4_000_000;

/// The changed passages of a text, each as it was and as it is, with a few equal words around; words are compared, spaces are not.
///
/// ```
/// use client::words::passages;
/// let changed = passages("Each center adds noise to every number before it leaves.", "Each center adds noise to every number.");
/// assert_eq!(
///     changed,
///     [("… adds noise to every number before it leaves.".to_owned(), "… adds noise to every number.".to_owned())]
/// );
/// assert!(passages("as it\nwas", "as it was").is_empty());
/// ```
#[must_use]
pub fn passages(before: &str, after: &str) -> Vec<(String, String)> {
    let before: Vec<&str> = before.split_whitespace().collect();
    let after: Vec<&str> = after.split_whitespace().collect();
    let found = changed(&before, &after);
    found
        .into_iter()
        .map(|(old, new)| (around(&before, &old), around(&after, &new)))
        .collect()
}

/// Words of a range with their surroundings; what is left out is `…`.
fn around(words: &[&str], range: &Range<usize>) -> String {
    let start = range.start.saturating_sub(AROUND);
    let end = (range.end + AROUND).min(words.len());
    let shown = words.get(start..end).unwrap_or_default().join(" ");
    let (left, right) = (
        if start > 0 { "… " } else { "" },
        if end < words.len() { " …" } else { "" },
    );
    format!("{left}{shown}{right}")
}

/// Ranges of `before` and `after` that replace each other, in order.
fn changed(before: &[&str], after: &[&str]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut gaps: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let (mut old, mut new) = (0, 0);
    let end = (before.len(), after.len());
    for (old_at, new_at) in common(before, after).into_iter().chain([end]) {
        if old_at > old || new_at > new {
            match gaps.last_mut() {
                Some((last_old, last_new)) if old - last_old.end <= BETWEEN_MAX => {
                    last_old.end = old_at;
                    last_new.end = new_at;
                }
                Some(_) | None => gaps.push((old..old_at, new..new_at)),
            }
        }
        (old, new) = (old_at + 1, new_at + 1);
    }
    gaps
}

/// Positions of the words that both texts have in the same order: a longest common subsequence.
fn common(before: &[&str], after: &[&str]) -> Vec<(usize, usize)> {
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let left = before.len().min(after.len()) - start;
    let backwards = before.iter().rev().zip(after.iter().rev());
    let end = backwards.take(left).take_while(|(a, b)| a == b).count();
    let (old, new) = (start..before.len() - end, start..after.len() - end);
    let mut pairs: Vec<(usize, usize)> = (0..start).map(|at| (at, at)).collect();
    pairs.extend(middle(
        before.get(old.clone()).unwrap_or_default(),
        after.get(new.clone()).unwrap_or_default(),
        start,
    ));
    pairs.extend((0..end).map(|at| (old.end + at, new.end + at)));
    pairs
}

/// The same for texts without a common start or end, whose first word stands at `offset`.
fn middle(before: &[&str], after: &[&str], offset: usize) -> Vec<(usize, usize)> {
    if before.len().saturating_mul(after.len()) > PAIRS_MAX {
        return Vec::new();
    }
    // longest[i][j]: how many words before[i..] and after[j..] have in common; beyond the ends none.
    let width = after.len() + 1;
    let mut longest = vec![0_u32; (before.len() + 1) * width];
    let at = |table: &[u32], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(0);
    for (i, old) in before.iter().enumerate().rev() {
        for (j, new) in after.iter().enumerate().rev() {
            let best = if old == new {
                at(&longest, i + 1, j + 1) + 1
            } else {
                at(&longest, i + 1, j).max(at(&longest, i, j + 1))
            };
            if let Some(cell) = longest.get_mut(i * width + j) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = BTreeMap::new();
    while let (Some(old), Some(new)) = (before.get(i), after.get(j)) {
        if old == new {
            pairs.insert(offset + i, offset + j);
            (i, j) = (i + 1, j + 1);
        } else if at(&longest, i + 1, j) >= at(&longest, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(words: usize, from: &str) -> String {
        let words: Vec<String> = (0..words).map(|at| format!("{from}{at}")).collect();
        words.join(" ")
    }

    #[rstest::rstest]
    #[case("a b", "a b", &[])]
    #[case("", "a", &[("", "a")])]
    #[case("a a a", "a a", &[("a a a", "a a")])]
    #[case(
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14",
        "1 2 x 4 5 6 7 8 9 10 11 12 y 14",
        &[("1 2 3 4 5 6 7 …", "1 2 x 4 5 6 7 …"), ("… 9 10 11 12 13 14", "… 9 10 11 12 y 14")]
    )]
    #[case("a b c d e", "x b c y e", &[("a b c d e", "x b c y e")])]
    fn changed_passages_stand_beside_each_other(
        #[case] before: &str,
        #[case] after: &str,
        #[case] expected: &[(&str, &str)],
    ) {
        let found = passages(before, after);
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn texts_too_long_to_compare_are_one_passage() {
        let found = passages(&count(2_001, "a"), &count(2_001, "b"));
        assert_eq!(found.len(), 1);
        let mixed = format!("{} same", count(1_990, "a"));
        let other = format!("{} same {}", count(5, "b"), count(5, "c"));
        assert!(!passages(&mixed, &other).is_empty());
    }
}
