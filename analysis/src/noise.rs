//! How much noise is in a sum over centers?

use question::plan::Part;

/// Total noise variance of one number of `part`, summed over `centers`.
///
/// Local mode: every center adds the whole noise, so variances add.
///
/// ```
/// use protocol::amount::NanoRho;
/// let tally = question::plan::Part::tally(1, 10, NanoRho::at_least(0.5)?)?;
/// assert_eq!(analysis::noise::total_variance(&tally, 10), 10.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn total_variance(part: &Part, centers: u32) -> f64 {
    part.noise().variance() * f64::from(centers)
}
