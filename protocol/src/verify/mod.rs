//! What is in force, and may this query be answered? Pure functions over the entries of a log; nodes, clients and the
//! coordinator use the same ones, and each trusts only its own run of them.

mod error;
mod proposal;
mod charters;
mod withdrawal;
mod currency;
mod governance;
mod in_force;
mod authorise;

pub use authorise::{
    Asked, Authorised, authorise, authorised_roster, authorised_study, authorised_template,
    has_sane_deadline, has_sane_size,
};
pub use charters::{Fork, Ruling};
pub use error::GovernanceError;
pub use governance::{Governance, InForce, Standing, Stranger, Taken, proposer_of};
pub use proposal::Votes;
pub use withdrawal::Withdrawal;
