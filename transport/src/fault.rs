//! Where may a crash test stop this process? At named points, in builds with the feature `fault-points`.

/// The environment variable that names the point to stop at.
pub const FAULT_POINT_VARIABLE: &str = "CARTALLY_FAULT_POINT";

/// Stops here for ever if the environment names this point, having printed `fault-point NAME`, so that a test can kill
/// the process from outside at exactly this step. Without the feature it is nothing at all.
#[cfg(not(feature = "fault-points"))]
#[inline]
pub const fn point(_name: &str) {}

/// Stops here for ever if the environment names this point, having printed `fault-point NAME`, so that a test can kill
/// the process from outside at exactly this step.
#[cfg(feature = "fault-points")]
#[allow(
    clippy::print_stdout,
    reason = "the test that set the point reads this line"
)]
pub fn point(name: &str) {
    use std::io::Write;

    if std::env::var_os(FAULT_POINT_VARIABLE).is_some_and(|wanted| wanted == name) {
        println!("fault-point {name}");
        // A closed pipe means that nobody waits for the line; the process stops here all the same.
        let _ = std::io::stdout().flush();
        loop {
            std::thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_point_that_is_not_named_is_passed() {
        super::point("transport.nowhere");
    }
}
