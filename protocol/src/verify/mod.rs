//! What is in force, and may this query be answered? Pure functions over signed documents; nodes, clients and the
//! coordinator use the same ones, and each trusts only its own run of them.

mod governance;
mod authorise;

pub use authorise::{
    Asked, Authorised, authorise, authorised_study, has_sane_deadline, has_sane_size,
};
pub use governance::{Applied, Governance, GovernanceError, InForce};
