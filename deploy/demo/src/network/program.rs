//! How is one of the programs run to its end?

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::actor::{Actor, TIED_VARIABLE};
use crate::error::DemoError;

/// The executable that plays all programs.
#[derive(Debug, Clone)]
pub struct Program {
    executable: PathBuf,
}

/// What a program said before it ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Standard output.
    pub output: String,
    /// The exit code: 0, or one that means more than success.
    pub code: i32,
}

impl Program {
    /// The program in this file.
    #[must_use]
    pub fn new(executable: &Path) -> Self {
        Self {
            executable: executable.to_owned(),
        }
    }

    /// A command that plays `actor`, quiet in its log, and ends with the caller.
    #[must_use]
    pub fn command(&self, actor: Actor, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.executable);
        command
            .arg(actor.word())
            .args(arguments)
            .stdin(Stdio::null());
        command
            // A slow machine makes nodes warn that they answer a tick later, which is no trouble here.
            .env("CARTALLY_LOG", "error")
            .env(TIED_VARIABLE, std::process::id().to_string());
        command
    }

    /// Runs `actor` to its end; anything but exit codes 0 and 4 (landed with rejects) is an error in its own words.
    pub fn run(&self, actor: Actor, arguments: &[&str]) -> Result<Words, DemoError> {
        let output = self
            .command(actor, arguments)
            .output()
            .map_err(DemoError::Start)?;
        let code = output.status.code().unwrap_or(-1);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if matches!(code, 0 | 4) {
            return Ok(Words { output: said, code });
        }
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(DemoError::Command {
            what: arguments.join(" "),
            words: format!("{said}{complaint}"),
        })
    }
}

impl Words {
    /// The id that follows `label` on any line.
    #[must_use]
    pub fn id_after(&self, label: &str) -> Option<String> {
        let mut rests = self
            .output
            .lines()
            .filter_map(|line| Some(line.split_once(label)?.1));
        rests.find_map(|rest| {
            let word: String = rest
                .trim_start()
                .chars()
                .take_while(char::is_ascii_hexdigit)
                .collect();
            (word.len() == 64).then_some(word)
        })
    }
}
