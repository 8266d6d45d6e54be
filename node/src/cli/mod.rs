//! What can an operator say? One subcommand each; the words are parsed here and the work is done elsewhere.

mod audit;
mod command;
mod decide;
mod enrol;
mod options;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use transport::clock::{Clock, SystemClock};
use transport::printable::printable;

use crate::error::NodeError;
pub use options::Options;

/// How a command ended, for the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Done.
    Done,
    /// Nothing was done.
    Nothing,
    /// The words were wrong.
    Usage,
    /// An audit found what should not be.
    Faults,
    /// The import landed, with rows left out.
    LandedWithRejects,
}

impl End {
    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Nothing | Self::Faults => 1,
            Self::Usage => 2,
            Self::LandedWithRejects => 4,
        }
    }
}

/// Runs `cartally-node` with these arguments (the first is the program's name) on this machine's clock.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    crate::panics::hide_messages();
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    ExitCode::from(run_with(args, &mut out, &mut err, &SystemClock::shared()).code())
}

/// Runs `cartally-node` with these arguments, writing to `out` and `err`, on this clock.
#[must_use]
pub fn run_with(
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> End {
    let options = match Options::try_parse_from(args) {
        Ok(options) => options,
        Err(asked) if !asked.use_stderr() => return told(write!(out, "{asked}"), End::Done),
        Err(wrong) => return told(write!(err, "{wrong}"), End::Usage),
    };
    match command::perform(&options, out, clock) {
        Ok(end) => end,
        Err(error) => {
            let end = if matches!(error, NodeError::Usage(_)) {
                End::Usage
            } else {
                End::Nothing
            };
            // A coordinator's words may stand in it, or a file's: they cannot move the cursor.
            let sentence = error.to_string();
            let (code, sentence) = (printable(error.code()), printable(&sentence));
            told(writeln!(err, "error[{code}]: {sentence}"), end)
        }
    }
}

/// A closed pipe means that nobody reads: the end is the same.
fn told(_written: std::io::Result<()>, end: End) -> End {
    end
}
