//! What can go wrong while a demo network is built or asked?

use std::path::PathBuf;

use thiserror::Error;

/// Why the demo stopped. Each has a stable [`DemoError::code`].
#[derive(Debug, Error)]
pub enum DemoError {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}; check the path and who may read and write there")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A center folder is not one.
    #[error(
        "{path} does not hold a center: {why}; give --centers a folder with one folder a center, each with one CSV file a table"
    )]
    Center {
        /// Which folder.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A process could not be started.
    #[error("could not start a process: {0}")]
    Start(std::io::Error),
    /// A command of one of the programs failed; its own words say why.
    #[error("{what} failed:\n{words}")]
    Command {
        /// What was tried.
        what: String,
        /// What the program said.
        words: String,
    },
    /// A program said something else than it should.
    #[error("{what} did not say {wanted}")]
    Silent {
        /// Which program.
        what: String,
        /// What was expected.
        wanted: &'static str,
    },
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// A template could not be prepared.
    #[error(transparent)]
    Question(#[from] question::QuestionError),
    /// Output could not be written.
    #[error("the output could not be written: {0}")]
    Output(#[from] std::io::Error),
}

impl DemoError {
    /// The stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::File { .. } => "file",
            Self::Center { .. } => "center",
            Self::Start(_) => "start",
            Self::Command { .. } => "command",
            Self::Silent { .. } => "silent",
            Self::Usage(_) => "usage",
            Self::Question(error) => error.code(),
            Self::Output(_) => "output",
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }
}
