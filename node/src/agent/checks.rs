//! May this node answer at all, and what does its operator hear of it? Looked at whenever the log has grown.

use std::sync::Arc;

use protocol::documents::RefusalReason;
use protocol::verify::Governance;

use super::readiness::{Known, lacks};
use super::{Agent, lock};
use crate::error::NodeError;
use crate::record::{CharterNote, SeenCharter};

impl Agent {
    /// Whether the log shows the highest charter that this node ever saw. One who cuts the log back, or shows another
    /// successor to a node whose copy was lost, is found out by that.
    pub(super) fn check_charter(&mut self) -> Result<(), NodeError> {
        let shown = shown_charters(lock(&self.mirror).governance());
        let record = self.answerer.record();
        let seen = record.highest_charter()?;
        self.charter = match (shown.last(), seen) {
            // A still higher one hides nothing: it follows from another history than this node's.
            (Some(newest), Some(seen))
                if newest.version > seen.version && !shown.contains(&seen) =>
            {
                CharterNote::Fork(seen)
            }
            (Some(newest), Some(_) | None) => record.note_charter(*newest, self.clock.now())?,
            (None, seen) => seen.map_or(CharterNote::Highest, CharterNote::Behind),
        };
        Ok(())
    }

    /// Why nothing is answered until people have looked, if so.
    pub(super) const fn stopped(&self) -> Option<RefusalReason> {
        match self.charter {
            CharterNote::Fork(_) => Some(RefusalReason::CharterFork),
            CharterNote::Behind(_) => Some(RefusalReason::NoCharter),
            CharterNote::Highest if self.alarm => Some(RefusalReason::NodeStopped),
            CharterNote::Highest => None,
        }
    }

    /// Whether the ledger accounts for every answer of this center that others have seen.
    pub(super) fn check_ledger(&mut self) -> Result<(), NodeError> {
        let mirror = lock(&self.mirror);
        let strange = self.answerer.ledger().unexplained(mirror.own_answers())?;
        self.alarm = !strange.is_empty();
        if self.alarm {
            tracing::error!(
                answers = strange.len(),
                "the common log holds answers of this center that its ledger does not know: the ledger was rolled back. \
                 nothing is answered. put the newest ledger back, or run `cartally-node ledger-restored`"
            );
        }
        Ok(())
    }

    /// Tells the operator what is lacking, at the first look and whenever it is something else than before.
    pub(super) async fn tell_readiness(&mut self) -> Result<(), NodeError> {
        let (answerer, mirror) = (Arc::clone(&self.answerer), Arc::clone(&self.mirror));
        let (now, charter) = (self.clock.now(), self.charter);
        let looked = self.shutdown.spawn_blocking(move || {
            let (governance, log) = {
                let mirror = lock(&mirror);
                (Arc::clone(mirror.governance()), mirror.position())
            };
            Ok::<_, NodeError>(lacks(Known {
                log,
                governance: &answerer.current(&governance),
                contradicted: answerer.contradicted(&governance),
                charter,
                policy: answerer.policy(now).as_ref(),
                center: &answerer.config().center,
                key: answerer.key().public(),
                rows: answerer.rows(now)?,
                now,
            }))
        });
        let lacking = looked
            .await
            .map_err(|error| NodeError::network("node.readiness", &error))??;
        if self.told.as_ref() == Some(&lacking) {
            return Ok(());
        }
        for lack in &lacking {
            tracing::warn!("questions will be refused: {}", lack.sentence());
        }
        if lacking.is_empty() {
            tracing::info!(
                "charter, roster, currency and a lock are in place: questions can be answered"
            );
        }
        self.told = Some(lacking);
        Ok(())
    }
}

/// The charters that the log shows, the newest one last; none before the pinned one was reached.
fn shown_charters(governance: &Governance) -> Vec<SeenCharter> {
    let is_reached = governance.newest_ruling().is_some();
    let all = governance.charters().iter().filter(|_| is_reached);
    all.map(|ruling| SeenCharter {
        version: ruling.charter.version,
        id: ruling.id,
    })
    .collect()
}
