//! How does a command talk to the coordinator? A connection, the mirrored log, the coordinator's signed head, and what is in force.

mod head;

use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::log::{LogEntry, LogPosition};
use protocol::verify::Governance;
use transport::TransportError;
use transport::client::HttpClient;
use transport::clock::SystemClock;
use transport::coordinator_api::CoordinatorApi;

use self::head::{Fetched, Heads};
use crate::error::ClientError;
use crate::home::Home;
use crate::join;
use crate::mirror::Mirror;

/// A command's connection and its view of the network, up to date when it was opened.
#[derive(Debug)]
pub struct Session {
    /// The coordinator.
    pub api: CoordinatorApi,
    /// The verified copy of its log.
    pub mirror: Mirror,
    pinned: Option<DocumentId>,
    heads: Heads,
}

impl Session {
    /// Connects and brings the copy of the log up to date. A certificate that ends soon is renewed on the way; that it
    /// could not be is no error yet.
    pub async fn open(home: &Home) -> Result<Self, ClientError> {
        let clock = SystemClock::shared();
        let credentials = home.credentials()?;
        let http = HttpClient::new(
            &home.profile.coordinator,
            &credentials,
            &home.roots()?,
            &clock,
        )?;
        let mirror = Mirror::open(&home.path("log.jsonl"))?;
        let mut session = Self {
            api: CoordinatorApi::new(http),
            mirror,
            pinned: home.profile.charter,
            heads: Heads::open(home)?,
        };
        session.refresh().await?;
        if credentials.renewal_due(clock.now()) {
            join::renew_or_warn(home, &session, credentials.not_after()).await;
        }
        Ok(session)
    }

    /// Fetches what the log has gained. Nothing is kept of a log whose head the coordinator did not sign.
    pub async fn refresh(&mut self) -> Result<(), ClientError> {
        match self.api.log_since(self.mirror.position()).await {
            Ok((entries, head)) => self.take(&entries, &head),
            Err(TransportError::LogBroken(why)) => Err(self.evidence(why).await),
            Err(other) => Err(other.into()),
        }
    }

    /// Takes entries that extend the copy here, with the coordinator's word that the log then ends.
    fn take(&mut self, entries: &[LogEntry], head: &Envelope) -> Result<(), ClientError> {
        let governance = self.pinned.map(|pinned| {
            let mut governance = self.mirror.governance(pinned);
            for entry in entries {
                // What does not extend the log is refused below.
                let _ = governance.take(entry);
            }
            governance
        });
        let head = self.heads.checked(governance.as_ref(), head)?;
        let fetched = Fetched::extending(&self.mirror, entries)?;
        self.heads.must_agree(&self.mirror, &fetched, &head)?;
        self.mirror.extend(entries)?;
        self.heads.keep(head)
    }

    /// The coordinator shows a log that does not extend the copy here: what it signed about the whole of that log is held
    /// against what it signed before.
    async fn evidence(&self, why: String) -> ClientError {
        let contradiction = match self.api.log_since(LogPosition::EMPTY).await {
            Ok((entries, head)) => self.held_against(&entries, &head).err(),
            Err(_) => None,
        };
        contradiction.unwrap_or_else(|| TransportError::LogBroken(why).into())
    }

    fn held_against(&self, entries: &[LogEntry], head: &Envelope) -> Result<(), ClientError> {
        let governance = self.pinned.map(|pinned| self.mirror.governance(pinned));
        let head = self.heads.checked(governance.as_ref(), head)?;
        let fetched = Fetched::whole(entries)?;
        self.heads.must_agree(&self.mirror, &fetched, &head)
    }

    /// What is in force under the pinned charter.
    pub fn governance(&self, home: &Home) -> Result<Governance, ClientError> {
        let governance = self.governance_as_shown(home)?;
        match governance.fork() {
            Some(fork) => Err(ClientError::Fork(fork)),
            None => Ok(governance),
        }
    }

    /// The same even of a log that shows a fork of the charter, for those who look into it.
    pub fn governance_as_shown(&self, home: &Home) -> Result<Governance, ClientError> {
        let pinned = home.charter()?;
        let governance = self.mirror.governance(pinned);
        if governance.charter().is_none() {
            return Err(ClientError::CharterNotInLog(pinned));
        }
        Ok(governance)
    }

    /// Stops everything but reading where the committee has split.
    pub fn must_not_be_forked(&self) -> Result<(), ClientError> {
        let fork = self
            .pinned
            .and_then(|pinned| self.mirror.governance(pinned).fork());
        fork.map_or(Ok(()), |fork| Err(ClientError::Fork(fork)))
    }
}
