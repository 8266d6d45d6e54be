//! Which program is this process? One executable stands in for all: its first argument says whom it plays.

use std::ffi::OsString;
use std::process::ExitCode;

/// Holds the id of the process that starts a program: the program ends when that process does, however it ended.
pub const TIED_VARIABLE: &str = "CARTALLY_DEMO_TIED";

/// The programs that one executable can play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// `cartally-node`
    Node,
    /// `cartally-coordinator`
    Coordinator,
    /// `cartally`
    Client,
}

impl Actor {
    /// The first argument that selects this program.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Node => "as-node",
            Self::Coordinator => "as-coordinator",
            Self::Client => "as-client",
        }
    }

    fn of(word: &OsString) -> Option<Self> {
        [Self::Node, Self::Coordinator, Self::Client]
            .into_iter()
            .find(|actor| word == actor.word())
    }

    fn run(self, args: impl Iterator<Item = OsString>) -> ExitCode {
        if !is_wanted() {
            return ExitCode::FAILURE;
        }
        match self {
            Self::Node => node::run(args),
            Self::Coordinator => coordinator::run(args),
            Self::Client => client::run(args),
        }
    }
}

/// Ties this process to the one that started it, if it asked for that. Whether that one still lives.
fn is_wanted() -> bool {
    let Some(parent) = std::env::var_os(TIED_VARIABLE) else {
        return true;
    };
    // Only a kernel without the call could fail here; the demo still stops its processes when it ends itself.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
    // It may have died before it was listened to.
    let now = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().to_string());
    now.is_some_and(|now| parent == *now)
}

/// Plays the program that the first argument selects; nothing if it selects none.
#[must_use]
pub fn play(args: &[OsString]) -> Option<ExitCode> {
    let actor = Actor::of(args.get(1)?)?;
    // The program sees its own arguments: the executable's name, then what follows the word.
    let own = args.iter().take(1).chain(args.iter().skip(2)).cloned();
    Some(actor.run(own))
}
