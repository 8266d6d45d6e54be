//! What does a fault of the program say? Where it happened, and nothing that was in memory.

use std::io::Write as _;
use std::panic::{PanicHookInfo, set_hook};

/// From now on a panic names its place in the program and not its message, which could quote a patient's value or an exact
/// number: `index out of bounds: the len is 7 but the index is 9` tells both.
pub(crate) fn hide_messages() {
    set_hook(Box::new(|panic| {
        // A closed standard error means that nobody reads.
        let _ = writeln!(std::io::stderr(), "{}", sentence(panic));
    }));
}

fn sentence(panic: &PanicHookInfo<'_>) -> String {
    let place = panic
        .location()
        .map_or_else(String::new, |place| format!(" at {place}"));
    format!(
        "error[node.fault]: the program has a fault{place}. tell the developers; nothing is answered by guess"
    )
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const ASKED: &str = "CARTALLY_TEST_PANIC";

    #[test]
    fn a_panic_names_its_place_and_no_value() {
        if std::env::var_os(ASKED).is_some() {
            hide_messages();
            let exact = 41_417;
            panic!("the exact number is {exact}");
        }
        let name = "panics::tests::a_panic_names_its_place_and_no_value";
        let child = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(ASKED, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stderr) + String::from_utf8_lossy(&child.stdout);
        assert!(
            !child.status.success() && said.contains("error[node.fault]"),
            "{said}"
        );
        assert!(
            said.contains("panics.rs") && !said.contains("41417"),
            "{said}"
        );
    }
}
