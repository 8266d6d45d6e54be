//! Who clears up when the demo is gone, however it ended? A process of its own that waits for the demo's end, then removes
//! the folder of its network: after Ctrl-C, and after kill -9 too.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use crate::error::DemoError;

/// The first argument that makes this executable a broom.
pub(crate) const WORD: &str = "as-broom";
/// How the names of folders begin that a broom removes; it touches no other.
pub(crate) const PREFIX: &str = "cartally-demo-";
/// Servers end within a moment of the demo and may still write; so often it is tried, so long apart.
const TRIES_MAX: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// A waiting broom. Dropping it has it sweep, and waits for that.
#[derive(Debug)]
pub(crate) struct Broom {
    child: Child,
}

impl Broom {
    /// Starts a broom for `folder`.
    pub(crate) fn wait_beside(executable: &Path, folder: &Path) -> Result<Self, DemoError> {
        let child = Command::new(executable)
            .arg(WORD)
            .arg(folder)
            // It hears of the end by its standard input, which closes when the demo's process is gone.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // Held to the end like every process of the demo: whoever waits for its end waits for the folder's too.
            .stderr(Stdio::inherit())
            // Ctrl-C goes to the whole group of the demo, and the broom must outlive that.
            .process_group(0)
            .spawn()
            .map_err(DemoError::Start)?;
        Ok(Self { child })
    }
}

impl Drop for Broom {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It fails only if the broom is gone already.
        let _ = self.child.wait();
    }
}

/// The broom's own life: waits for the demo's end, then removes the folder.
pub(crate) fn sweep(args: &[OsString]) -> ExitCode {
    let Some(folder) = args.get(2).map(Path::new).filter(|folder| is_ours(folder)) else {
        return ExitCode::FAILURE;
    };
    // An error means that nobody is at the other end any more, just as the end of the input does.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    for _ in 0..TRIES_MAX {
        // Whether it worked shows in the folder: a server may have written into it meanwhile.
        let _ = std::fs::remove_dir_all(folder);
        if !folder.exists() {
            return ExitCode::SUCCESS;
        }
        std::thread::sleep(PAUSE);
    }
    ExitCode::FAILURE
}

fn is_ours(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broom_touches_nothing_but_a_demos_folder() {
        assert!(is_ours(Path::new("/tmp/cartally-demo-a1b2c3")));
        for other in [
            "/",
            "/home/kim",
            "",
            "/tmp/cartally-demo-a/..",
            "/tmp/other",
        ] {
            assert!(!is_ours(Path::new(other)), "{other}");
        }
    }
}
