//! Where does a command's output go, and is somebody there to be asked?
//!
//! Most of what is shown was written by others. So nothing goes out but through here, where what a terminal would obey is
//! written out instead.

use std::io::{self, BufRead, IsTerminal, Write};

use transport::printable::printable;

use crate::error::ClientError;

/// The person's terminal, or whatever stands in for it.
pub(crate) struct Terminal {
    out: Box<dyn Write>,
}

impl Terminal {
    /// Standard output and standard input.
    pub(crate) fn standard() -> Self {
        Self {
            out: Box::new(io::stdout()),
        }
    }

    /// Writes one line.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        writeln!(self.out, "{}", printable(text.as_ref()))?;
        self.out.flush()
    }

    /// Writes a file's text: byte for byte where a program reads it, made harmless where a person does.
    pub(crate) fn file(&mut self, text: &str) -> io::Result<()> {
        if io::stdout().is_terminal() {
            self.out.write_all(printable(text).as_bytes())?;
        } else {
            self.out.write_all(text.as_bytes())?;
        }
        self.out.flush()
    }

    /// Asks a yes-or-no question; `None` if nobody is there to answer.
    fn confirm(&mut self, question: &str) -> io::Result<Option<bool>> {
        if !io::stdin().is_terminal() {
            return Ok(None);
        }
        write!(self.out, "{question} [y/N] ")?;
        self.out.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(Some(matches!(answer.trim(), "y" | "Y" | "yes")))
    }

    /// Asks for a yes before something is signed; `unless` it was given on the command line. A no is an error: nothing is done.
    pub(crate) fn must_confirm(&mut self, question: &str, unless: bool) -> Result<(), ClientError> {
        if unless {
            return Ok(());
        }
        match self.confirm(question)? {
            Some(true) => Ok(()),
            Some(false) => Err(ClientError::NotConfirmed("you said no")),
            None => Err(ClientError::NotConfirmed(
                "nobody is there to ask; read what is shown, then add --yes",
            )),
        }
    }
}

/// Says on standard error what does not stop a command.
pub(crate) fn warn(text: &str) {
    // Nobody is left to be told if standard error is closed.
    let _ = writeln!(io::stderr(), "warning: {}", printable(text));
}

/// Says on standard error why a command did nothing.
pub(crate) fn complain(error: &ClientError) {
    let text = format!("error[{}]: {error}", error.code());
    // Nobody is left to be told if standard error is closed.
    let _ = writeln!(io::stderr(), "{}", printable(&text));
}
