//! The relay itself, one step at a time: every step is a function of what is stored, what came, and the time.
//!
//! Nothing here waits or knows of sockets; [`crate::service`] gives it a thread, a clock and those who wait.

mod submit;
mod tasks;
mod answer;
mod publish;
mod view;
mod enrol;

use jiff::Timestamp;
use protocol::documents::{Roster, RosterCenter};
use protocol::ids::{CenterId, NetworkName};
use protocol::keys::SigningKey;
use protocol::limits::LOG_PAGE_MAX;
use protocol::log::LogPosition;
use protocol::verify::Governance;

use crate::error::CoordinatorError;
use crate::limits::OPEN_QUERIES_MAX;
use crate::store::{Store, log, queries};

/// What a step has changed for those who wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// A query was taken up: nodes have something to fetch.
    pub offers: bool,
    /// A task or result moved: watchers have something to see.
    pub progress: bool,
}

/// The relay of one network.
#[derive(Debug)]
pub struct Relay {
    store: Store,
    network: NetworkName,
    key: SigningKey,
    governance: Governance,
    changes: Changes,
}

impl Relay {
    /// Opens the relay over a store: reads the log through, checks its chain, and puts in force what it says. Whatever a
    /// crash left undone (a deadline passed, every task ended, no result) is done by the first [`Relay::publish_due`].
    pub fn open(store: Store, key: SigningKey) -> Result<Self, CoordinatorError> {
        let (network, charter) = store.network()?;
        let mut relay = Self {
            store,
            network,
            key,
            governance: charter.map_or_else(Governance::unpinned, Governance::pinned_to),
            changes: Changes::default(),
        };
        relay.read_on()?;
        Ok(relay)
    }

    /// Puts in force what the log has gained since it was last read.
    fn read_on(&mut self) -> Result<(), CoordinatorError> {
        let broken = |why: &str| CoordinatorError::StoreBroken(why.to_owned());
        let promised = log::position(self.store.read())?;
        loop {
            let position = self.governance.chain().position();
            if position == promised {
                return Ok(());
            }
            let page = log::page(self.store.read(), position.entries, LOG_PAGE_MAX)?;
            if page.is_empty() || position.entries > promised.entries {
                return Err(broken("the log's chain does not lead to its head"));
            }
            for entry in &page {
                let taken = self.governance.take(entry);
                taken.map_err(|error| broken(&error.to_string()))?;
            }
        }
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> &NetworkName {
        &self.network
    }

    /// Whether the committee has decided on a roster.
    #[must_use]
    pub fn has_roster(&self) -> bool {
        self.roster().is_some()
    }

    /// What has changed since this was last asked.
    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// How far the log reaches.
    pub fn position(&self) -> Result<LogPosition, CoordinatorError> {
        log::position(self.store.read())
    }

    /// Whether a center may read and answer here: it stands in the roster in force. Before there is a roster everyone who
    /// has a certificate may read.
    pub fn admit_center(&self, center: &CenterId, now: Timestamp) -> Result<(), CoordinatorError> {
        match self.roster() {
            None => Ok(()),
            Some(roster) => listed(roster, center, now).map(|_| ()),
        }
    }

    /// What the author of a document says to have seen must be this log: everyone who checks a result would refuse it for
    /// one author who saw another.
    fn must_be_on_log(&self, seen: LogPosition) -> Result<(), CoordinatorError> {
        if log::contains(self.store.read(), seen)? {
            Ok(())
        } else {
            Err(CoordinatorError::OtherLog)
        }
    }

    fn roster(&self) -> Option<&Roster> {
        self.governance.roster().map(|roster| &roster.document)
    }

    fn open_places(&self) -> Result<usize, CoordinatorError> {
        let (open, _) = queries::open(self.store.read())?;
        Ok(OPEN_QUERIES_MAX.saturating_sub(open))
    }
}

/// The center's entry in a roster, while it is valid.
fn listed<'a>(
    roster: &'a Roster,
    center: &CenterId,
    now: Timestamp,
) -> Result<&'a RosterCenter, CoordinatorError> {
    let entry = roster
        .center(center)
        .filter(|entry| entry.valid_until > now);
    entry.ok_or_else(|| CoordinatorError::NotInRoster(center.clone()))
}
