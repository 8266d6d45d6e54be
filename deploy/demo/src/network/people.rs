//! Who takes part besides the centers? Three people, each with a home of their own.

use super::{NETWORK, Network, Program, text};
use crate::actor::Actor;
use crate::error::DemoError;

/// A person of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The id in the network.
    pub id: &'static str,
    /// The name, for people.
    pub name: &'static str,
}

/// The committee's one member.
pub const MEMBER: Person = Person {
    id: "member",
    name: "Committee member",
};
/// The registry office: proposes documents and keeps time.
pub const OFFICE: Person = Person {
    id: "office",
    name: "Registry office",
};
/// Whoever asks.
pub const RESEARCHER: Person = Person {
    id: "researcher",
    name: "Researcher",
};

/// Makes every person's keys and certificate.
pub(super) fn enrol_all(network: &Network, program: &Program) -> Result<(), DemoError> {
    for person in [MEMBER, OFFICE, RESEARCHER] {
        let (home, url) = (network.home(&person), &network.url);
        let id = person.id;
        let arguments = [
            "--data",
            &text(&home),
            "init",
            "--network",
            NETWORK,
            "--person",
            id,
            "--coordinator",
            url,
        ];
        program.run(Actor::Client, &arguments)?;
        let (request, certificate) = (home.join("request.pem"), home.join("certificate.pem"));
        super::certify(network, program, "person", id, &request, &certificate)?;
        super::copy(
            &network.coordinator_dir.join("ca.pem"),
            &home.join("ca.pem"),
        )?;
    }
    Ok(())
}
