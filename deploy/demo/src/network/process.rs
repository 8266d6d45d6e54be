//! How is a server started, known to be ready, and stopped?

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::program::Program;
use crate::actor::Actor;
use crate::error::DemoError;

/// A server process; dropping it stops it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    /// `host:port`, or whatever the program says it is ready at.
    pub address: String,
}

impl Server {
    /// Starts a server and waits until it says that it is ready.
    pub fn start(
        program: &Program,
        actor: Actor,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self, DemoError> {
        let mut command = program.command(actor, arguments);
        command.envs(variables.iter().copied());
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().map_err(DemoError::Start)?;
        let silent = || DemoError::Silent {
            what: arguments.join(" "),
            wanted: "that it is ready",
        };
        let output = child.stdout.take().ok_or_else(silent)?;
        let mut server = Self {
            child,
            output: BufReader::new(output),
            address: String::new(),
        };
        server.address = server.wait_for(READY_WORDS)?.ok_or_else(silent)?;
        Ok(server)
    }

    /// Reads the server's output until a line begins with one of `words`; what follows them. Nothing if the server ended.
    pub fn wait_for(&mut self, words: &[&str]) -> Result<Option<String>, DemoError> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.output.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let said = words
                .iter()
                .find_map(|word| line.trim_end().strip_prefix(word));
            if let Some(rest) = said {
                return Ok(Some(rest.trim().to_owned()));
            }
        }
    }

    /// Kills the process at once (SIGKILL) and waits until it is gone.
    pub fn kill(mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }

    /// Asks the process to end, without waiting for it.
    pub fn ask_to_end(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Waits for the process to end by itself; its exit code.
    pub fn wait(mut self) -> Result<Option<i32>, DemoError> {
        let mut rest = Vec::new();
        self.output.read_to_end(&mut rest)?;
        Ok(self.child.wait()?.code())
    }

    /// Nothing happens to a process that is gone already, which is what is wanted.
    fn signal(&mut self, signal: Signal) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let process = rustix::process::Pid::from_child(&self.child);
            let _ = rustix::process::kill_process(process, signal);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ask_to_end();
        for _ in 0..LOOKS_MAX {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(LOOK);
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// What servers print when they are ready: a coordinator its address, a node that it runs.
const READY_WORDS: &[&str] = &["listening on ", "answering for "];
/// A server that was asked to end is looked at so often, so long apart, before it is killed: 15 s.
const LOOKS_MAX: u32 = 1500;
const LOOK: Duration = Duration::from_millis(10);
