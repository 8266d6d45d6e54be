//! Where do logs go? To standard error, as text for people or JSON for collectors.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::error::TransportError;

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Options of every program that logs.
#[derive(Debug, Clone, Args)]
pub struct LogOptions {
    /// What to log: a level, or `target=level` pairs.
    #[arg(long, env = "CARTALLY_LOG", default_value = "info", global = true)]
    pub log: String,
    /// How to write a log line.
    #[arg(
        long,
        env = "CARTALLY_LOG_FORMAT",
        default_value = "text",
        value_enum,
        global = true
    )]
    pub log_format: LogFormat,
}

/// Starts logging. A second start in one process (a test, the demo) changes nothing.
pub fn init(options: &LogOptions) -> Result<(), TransportError> {
    let filter = EnvFilter::try_new(&options.log)
        .map_err(|_| TransportError::LogFilter(options.log.clone()))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Colours are for people; a journal or a file gets plain text.
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // The only failure is that logging has already begun.
    let _ = match options.log_format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_says_nothing_is_refused() {
        let options = LogOptions {
            log: "info,=,".into(),
            log_format: LogFormat::Text,
        };
        assert_eq!(init(&options).unwrap_err().code(), "log_filter");
    }
}
