//! Where does a command's output go, and is somebody there to be asked?

use std::io::{self, BufRead, IsTerminal, Write};

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
        writeln!(self.out, "{}", text.as_ref())?;
        self.out.flush()
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// Asks a yes-or-no question; `None` if nobody is there to answer.
    pub(crate) fn confirm(&mut self, question: &str) -> io::Result<Option<bool>> {
        if !io::stdin().is_terminal() {
            return Ok(None);
        }
        write!(self.out, "{question} [y/N] ")?;
        self.out.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(Some(matches!(answer.trim(), "y" | "Y" | "yes")))
    }
}
