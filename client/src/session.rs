//! How does a command talk to the coordinator? A connection, the mirrored log, and what is in force.

use protocol::verify::Governance;
use transport::client::HttpClient;
use transport::clock::SystemClock;
use transport::coordinator_api::CoordinatorApi;

use crate::error::ClientError;
use crate::home::Home;
use crate::mirror::Mirror;

/// A command's connection and its view of the network, up to date when it was opened.
#[derive(Debug)]
pub struct Session {
    /// The coordinator.
    pub api: CoordinatorApi,
    /// The verified copy of its log.
    pub mirror: Mirror,
}

impl Session {
    /// Connects and brings the copy of the log up to date.
    pub async fn open(home: &Home) -> Result<Self, ClientError> {
        let clock = SystemClock::shared();
        let http = HttpClient::new(
            &home.profile.coordinator,
            &home.credentials()?,
            &home.roots()?,
            &clock,
        )?;
        let mirror = Mirror::open(&home.path("log.jsonl"))?;
        let mut session = Self {
            api: CoordinatorApi::new(http),
            mirror,
        };
        session.refresh().await?;
        Ok(session)
    }

    /// Fetches what the log has gained.
    pub async fn refresh(&mut self) -> Result<(), ClientError> {
        let (entries, _) = self.api.log_since(self.mirror.position()).await?;
        self.mirror.extend(&entries)
    }

    /// What is in force under the pinned charter.
    pub fn governance(&self, home: &Home) -> Result<Governance, ClientError> {
        let pinned = home.charter()?;
        let governance = self.mirror.governance(pinned);
        if governance.charter().is_none() {
            return Err(ClientError::CharterNotInLog(pinned));
        }
        Ok(governance)
    }
}
