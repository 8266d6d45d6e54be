//! Which policy was in force when? As the record has it.

use std::path::Path;

use super::RecordBook;
use crate::policy::Policy;
use crate::record::{self, Kind};

/// Every policy of the record with its second, oldest first; one that cannot be read allows nothing.
pub(super) struct Policies(Vec<(i64, Option<Policy>)>);

impl Policies {
    /// The policies of a record.
    pub(super) fn of(record: &RecordBook) -> Self {
        Self(record.entries.iter().filter_map(policy).collect())
    }

    /// The policies that may have been in force from one second to another: the last one before, and all that came within.
    pub(super) fn in_force(&self, from_s: i64, to_s: i64) -> impl Iterator<Item = &Policy> {
        let before = self.0.iter().rfind(|(second, _)| *second < from_s);
        let within = self.0.iter();
        let within = within.filter(move |(second, _)| (from_s..=to_s).contains(second));
        let all = before.into_iter().chain(within);
        all.filter_map(|(_, policy)| policy.as_ref())
    }
}

fn policy(entry: &record::Entry) -> Option<(i64, Option<Policy>)> {
    match &entry.kind {
        Kind::Policy { text } => {
            let policy = Policy::parse(text, Path::new("policy.toml"));
            Some((entry.at_s, policy.ok()))
        }
        Kind::Begun
        | Kind::Charter { .. }
        | Kind::Awaiting { .. }
        | Kind::Approved { .. }
        | Kind::RefusedByPerson { .. }
        | Kind::Answer { .. }
        | Kind::Refusal { .. }
        | Kind::Request { .. }
        | Kind::Currency { .. } => None,
    }
}
