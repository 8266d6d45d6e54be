//! How does a real node meet a coordinator that lies? In this process, over real mutual TLS, with really signed documents.

mod people;
mod clock;
mod relay;
mod scene;
mod serving;
mod certificates;

pub use certificates::{another_authority, certificate, k01};
pub use clock::StandingClock;
pub use people::{center, charter_of_its_own, in_days, key, member, network, researcher, start};
pub use relay::{Relay, head_by, json};
pub use scene::Scene;
pub use serving::End;
