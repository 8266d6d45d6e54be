//! Who takes part besides the centers? A committee of three, the registry office and a researcher, each with a home of their own.

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
    /// Who sent them.
    pub organisation: &'static str,
}

/// The committee: three members from two organisations, of whom two from both put a document in force.
pub const MEMBERS: [Person; 3] = [
    Person {
        id: "park",
        name: "Park Seo-yeon",
        organisation: SOCIETY,
    },
    Person {
        id: "lee",
        name: "Lee Do-yun",
        organisation: "Patients' Alliance",
    },
    Person {
        id: "cho",
        name: "Cho Ha-eun",
        organisation: SOCIETY,
    },
];
/// The registry office: proposes documents and keeps time.
pub const OFFICE: Person = Person {
    id: "office",
    name: "Registry office",
    organisation: "Registry",
};
/// Whoever asks.
pub const RESEARCHER: Person = Person {
    id: "researcher",
    name: "Researcher",
    organisation: "University",
};

const SOCIETY: &str = "Transplantation Society";

/// Everybody who has a home in the demo.
pub fn everybody() -> impl Iterator<Item = Person> {
    MEMBERS.into_iter().chain([OFFICE, RESEARCHER])
}

/// Has every person join by an invitation of their own: keys and certificate.
pub(super) fn enrol_all(network: &Network, program: &Program) -> Result<(), DemoError> {
    for person in everybody() {
        let token = super::invite(network, program, "person", person.id)?;
        let home = text(&network.home(&person));
        let arguments = [
            "--data",
            &home,
            "join",
            "--token",
            &token,
            "--network",
            NETWORK,
            "--person",
            person.id,
            "--name",
            person.name,
            "--organisation",
            person.organisation,
            "--coordinator",
            &network.url,
        ];
        program.run(Actor::Client, &arguments)?;
    }
    Ok(())
}
