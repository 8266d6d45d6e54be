//! How is an exact number kept from leaving? By a type that can do nothing with it.

use zeroize::Zeroize;

/// Exact numbers of patients, sealed: they can be put in, and only [`release`](fn@crate::release) reads them.
///
/// Wiped from memory when dropped. The value implements neither `Serialize`, `Clone`, `Debug`, `Display` nor
/// `PartialEq`, so that no log line, file, assertion or message can hold it:
///
/// ```
/// let exact = privacy::Exact::new(vec![privacy::ExactPart::Tally(vec![3, 1])]);
/// drop(exact);
/// ```
/// ```compile_fail
/// let exact = privacy::Exact::new(vec![privacy::ExactPart::Tally(vec![3, 1])]);
/// println!("{exact:?}");
/// ```
/// ```compile_fail
/// let exact = privacy::Exact::new(vec![privacy::ExactPart::Tally(vec![3, 1])]);
/// println!("{exact}");
/// ```
/// ```compile_fail
/// let exact = privacy::Exact::new(vec![privacy::ExactPart::Tally(vec![3, 1])]);
/// let copy = exact.clone();
/// ```
/// ```compile_fail
/// let exact = privacy::Exact::new(vec![privacy::ExactPart::Tally(vec![3, 1])]);
/// let text = serde_json::to_string(&exact);
/// ```
/// ```compile_fail
/// let exact = privacy::Exact::new(vec![privacy::ExactPart::Tally(vec![3, 1])]);
/// let parts = exact.reveal();
/// ```
/// ```compile_fail
/// let exact = privacy::Exact::new(vec![privacy::ExactPart::Tally(vec![3, 1])]);
/// let parts = exact.0;
/// ```
pub struct Exact<T: Zeroize>(T);

impl<T: Zeroize> Exact<T> {
    /// Seals exact numbers, as soon as they have been read from the source.
    #[must_use]
    pub const fn new(numbers: T) -> Self {
        Self(numbers)
    }

    /// The numbers, for this crate alone.
    pub(crate) const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Exact<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The exact numbers of one part of a plan. As mute as [`Exact`].
#[derive(Zeroize)]
pub enum ExactPart {
    /// Patients in each cell, in layout order; every patient is in at most one.
    Tally(Vec<u64>),
    /// Person-time units of each stratum, in stratum order; every patient adds to at most one, clipped.
    PersonTime(Vec<u64>),
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};
    use std::marker::PhantomData;

    use super::*;

    /// Answers whether a type has a trait: the inherent method wins where the bound holds, the trait's otherwise.
    struct Probe<T>(PhantomData<T>);

    trait Without {
        fn has(&self) -> bool {
            false
        }
    }
    impl<T> Without for &Probe<T> {}

    macro_rules! has {
        ($type:ty: $bound:path) => {{
            #[allow(dead_code, reason = "unused exactly where the type lacks the trait")]
            trait With {
                fn has(&self) -> bool;
            }
            impl<T: $bound> With for Probe<T> {
                fn has(&self) -> bool {
                    true
                }
            }
            (&Probe::<$type>(PhantomData)).has()
        }};
    }

    #[test]
    fn exact_numbers_have_no_trait_that_could_show_copy_or_compare_them() {
        assert!(
            has!(Vec<u64>: Debug) && has!(Vec<u64>: Clone) && has!(Vec<u64>: PartialEq),
            "the probe works"
        );
        assert!(
            has!(Vec<u64>: serde::Serialize) && has!(u64: Display),
            "the probe works"
        );
        assert!(!has!(Exact<Vec<ExactPart>>: Debug) && !has!(ExactPart: Debug));
        assert!(!has!(Exact<Vec<ExactPart>>: Display) && !has!(ExactPart: Display));
        assert!(!has!(Exact<Vec<ExactPart>>: Clone) && !has!(ExactPart: Clone));
        assert!(!has!(Exact<Vec<ExactPart>>: PartialEq) && !has!(ExactPart: PartialEq));
        assert!(
            !has!(Exact<Vec<ExactPart>>: serde::Serialize) && !has!(ExactPart: serde::Serialize)
        );
        assert!(!has!(Exact<Vec<ExactPart>>: AsRef<Vec<ExactPart>>));
        assert!(!has!(Exact<Vec<ExactPart>>: std::ops::Deref));
    }

    #[test]
    fn exact_numbers_are_wiped_when_dropped() {
        struct Witness<'a>(&'a std::cell::Cell<bool>);
        impl Zeroize for Witness<'_> {
            fn zeroize(&mut self) {
                self.0.set(true);
            }
        }
        let wiped = std::cell::Cell::new(false);
        drop(Exact::new(Witness(&wiped)));
        assert!(wiped.get());
    }
}
