//! How did a program end, and did it say what a person needs to know?

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use demo::actor::Actor;
use demo::network::Program;

use crate::researcher::PATIENCE;

/// A program that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub complaint: String,
}

/// Runs one of the programs to its end.
pub fn run(executable: &str, actor: Actor, arguments: &[&str]) -> Ended {
    let mut command = Program::new(executable.as_ref()).command(actor, arguments);
    let output = command.output().expect("the program starts");
    Ended {
        code: output.status.code().unwrap_or(-1),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ended {
    /// Nothing was done, and the last words are `error[code]: what happened; what to do`.
    pub fn refused(&self, code: &str) {
        assert_eq!(self.code, 1, "{self:?}");
        says_what_to_do(self.complaint.lines().last().unwrap_or_default(), code);
    }
}

/// The line has the code, and a sentence of at least two parts: what happened, and what to do.
pub fn says_what_to_do(line: &str, code: &str) {
    let sentence = line.strip_prefix(&format!("error[{code}]: "));
    let sentence = sentence.unwrap_or_else(|| panic!("wanted {code}, got: {line}"));
    // What the system says after a colon is not advice.
    let parts = sentence.trim().split(['.', ';', ':']);
    let parts = parts.filter(|part| !part.contains("(os error"));
    let second = parts.skip(1).find(|part| part.starts_with(' '));
    let told = second.is_some() || sentence.contains(" must ");
    assert!(told, "says not what to do: {line}");
}

/// A server of which a test reads every line of its log.
#[derive(Debug)]
pub struct Logged {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Logged {
    /// Starts a command, logging at `level` as JSON, and waits until it is ready.
    pub fn start(mut command: Command, level: &str) -> Self {
        command.env("CARTALLY_LOG", level);
        command.env("CARTALLY_LOG_FORMAT", "json");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let errors = child.stderr.take().expect("its log is piped");
        let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            let read = BufReader::new(errors).lines().map_while(Result::ok);
            // A test that has ended listens no more.
            read.for_each(|line| drop(tell.send(line)));
        });
        let mut ready = String::new();
        output
            .read_line(&mut ready)
            .expect("its output can be read");
        assert!(ready.contains("answering for"), "{ready}");
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits until a line of the log holds these words.
    pub fn wait_for(&mut self, words: &str) {
        self.wait_for_line(&[words]);
    }

    /// Waits until one line of the log holds all of these words.
    pub fn wait_for_line(&mut self, words: &[&str]) {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("never said {words:?}: {:?}", self.seen));
            let is_it = words.iter().all(|words| line.contains(words));
            self.seen.push(line);
            if is_it {
                return;
            }
        }
    }

    /// Sends a signal: `STOP`, `CONT`, ...
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("kill can be run").success());
    }

    /// Kills it; every line that it logged.
    pub fn end(mut self) -> Vec<String> {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
        let rest: Vec<String> = self.lines.iter().collect();
        self.seen.append(&mut rest.clone());
        std::mem::take(&mut self.seen)
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        // Both fail only when the process is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
