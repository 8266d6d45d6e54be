//! Does the coordinator stand by what it said before? Its signed heads: the last one is kept, and one that contradicts it beside it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use protocol::documents::LogHead;
use protocol::envelope::Envelope;
use protocol::ids::{ChainHead, NetworkName};
use protocol::log::{LogEntry, LogError, LogPosition};
use protocol::verify::{Governance, GovernanceError};
use transport::keys::write_atomic;

use crate::error::{ClientError, Contradiction};
use crate::home::Home;
use crate::mirror::Mirror;

/// The last head that the coordinator signed, and where it is kept.
#[derive(Debug)]
pub(super) struct Heads {
    path: PathBuf,
    /// Where one that contradicts it goes.
    other: PathBuf,
    network: NetworkName,
    kept: Option<LogHead>,
}

/// A head whose signature was checked, as far as a roster says whose it must be.
#[derive(Debug)]
pub(super) struct Head {
    envelope: Envelope,
    says: LogHead,
}

/// A log as it was fetched: the copy here and what came after, or the whole of another.
#[derive(Debug)]
pub(super) struct Fetched<'a> {
    /// The copy here, if what came extends it.
    extends: Option<&'a Mirror>,
    passed: BTreeSet<(u64, ChainHead)>,
}

impl<'a> Fetched<'a> {
    /// What extends the copy here by `entries`.
    pub(super) fn extending(mirror: &'a Mirror, entries: &[LogEntry]) -> Result<Self, LogError> {
        Ok(Self {
            extends: Some(mirror),
            passed: passed(mirror.position(), entries)?,
        })
    }

    /// A whole log from its first entry, which need not be the one here.
    pub(super) fn whole(entries: &[LogEntry]) -> Result<Self, LogError> {
        Ok(Self {
            extends: None,
            passed: passed(LogPosition::EMPTY, entries)?,
        })
    }

    fn contains(&self, position: LogPosition) -> bool {
        let LogPosition { entries, head } = position;
        self.passed.contains(&(entries, head))
            || self.extends.is_some_and(|mirror| mirror.contains(position))
    }
}

fn passed(
    start: LogPosition,
    entries: &[LogEntry],
) -> Result<BTreeSet<(u64, ChainHead)>, LogError> {
    let mut position = start;
    let mut passed = BTreeSet::from([(start.entries, start.head)]);
    for entry in entries {
        position = position.after(entry)?;
        passed.insert((position.entries, position.head));
    }
    Ok(passed)
}

impl Heads {
    /// Reads the head that was kept. One that is there and cannot be read must not pass for none: it is evidence.
    pub(super) fn open(home: &Home) -> Result<Self, ClientError> {
        let path = home.path("log.head.json");
        let kept = match std::fs::read(&path) {
            Ok(bytes) => Some(Envelope::from_json(&bytes)?.parse_unverified()?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(ClientError::file(path)(error)),
        };
        Ok(Self {
            path,
            other: home.path("log.head.other.json"),
            network: home.profile.network.clone(),
            kept,
        })
    }

    /// Takes a head as what it says, if it is of this network and, once a roster says whose key that is, signed with it.
    pub(super) fn checked(
        &self,
        governance: Option<&Governance>,
        envelope: &Envelope,
    ) -> Result<Head, ClientError> {
        let says: LogHead = envelope.parse_unverified()?;
        if says.network != self.network {
            return Err(GovernanceError::OtherNetwork.into());
        }
        let key = governance
            .and_then(Governance::roster)
            .map(|roster| roster.document.coordinator);
        match key {
            Some(key) if envelope.signature_by(key).is_none() => {
                Err(ClientError::HeadNotSigned { key })
            }
            Some(_) | None => Ok(Head {
                envelope: envelope.clone(),
                says,
            }),
        }
    }

    /// Whether the log that ends in `head` passes the head kept before. One that contradicts it is kept beside it.
    pub(super) fn must_agree(
        &self,
        ours: &Mirror,
        theirs: &Fetched<'_>,
        head: &Head,
    ) -> Result<(), ClientError> {
        let Some(kept) = self.kept.as_ref().map(|kept| kept.log) else {
            return Ok(());
        };
        let now = head.says.log;
        if theirs.contains(kept) {
            return Ok(());
        }
        let extends = theirs.extends.is_some();
        if kept.entries > now.entries && (extends || ours.contains(now)) {
            let (seen, now) = (kept.entries, now.entries);
            return Err(LogError::CutBack { seen, now }.into());
        }
        write_atomic(&self.other, &head.envelope.to_json())?;
        Err(ClientError::HeadsContradict(Box::new(Contradiction {
            before: kept,
            now,
            before_file: self.path.clone(),
            now_file: self.other.clone(),
        })))
    }

    /// Keeps the newest head.
    pub(super) fn keep(&mut self, head: Head) -> Result<(), ClientError> {
        write_atomic(&self.path, &head.envelope.to_json())?;
        self.kept = Some(head.says);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
