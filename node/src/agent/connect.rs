//! How does a node reach the coordinator? Over mutual TLS, as this center and nobody else, with a certificate that is renewed
//! in time.
//!
//! Whatever is wrong with the next certificate, the present one is used as long as it lasts.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protocol::log::LogPosition;
use transport::certificate::renewal_due;
use transport::client::HttpClient;
use transport::clock::Clock;
use transport::coordinator_api::CoordinatorApi;
use transport::shutdown::Shutdown;
use transport::tls::{Credentials, Roots};

use super::backoff::Backoff;
use super::lock;
use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::join::{self, Certificate, Renewal, Stamp};

/// The longest wait between two attempts to renew: days are left when the first one fails.
const RENEWAL_WAIT_MAX: Duration = Duration::from_mins(10);

/// The coordinator, as this center reaches it now.
pub(super) struct Connection {
    data: DataDir,
    config: NodeConfig,
    clock: Arc<dyn Clock>,
    shutdown: Shutdown,
    certificate: Certificate,
    state: Mutex<State>,
}

/// The certificate in use, and what came of attempts at the next one.
struct State {
    api: CoordinatorApi,
    not_before: Timestamp,
    not_after: Timestamp,
    /// Of the files that the certificate was read from.
    stamp: Stamp,
    /// What the operator has heard since this certificate is in use, by code.
    told: BTreeSet<String>,
    backoff: Backoff,
    /// No renewal is tried before.
    renew_from: Timestamp,
}

impl Connection {
    /// Connects with the certificate that the node has.
    pub(super) fn open(
        data: &DataDir,
        config: &NodeConfig,
        clock: &Arc<dyn Clock>,
        shutdown: Shutdown,
    ) -> Result<Self, NodeError> {
        let certificate = Certificate::of(data, config);
        let stamp = certificate.stamp();
        let credentials = certificate.credentials(&config.identity())?;
        if clock.now() > credentials.not_after() {
            return Err(certificate.expired(credentials.not_after()));
        }
        let state = State {
            api: connect(data, config, &credentials, clock)?,
            not_before: credentials.not_before(),
            not_after: credentials.not_after(),
            stamp,
            told: BTreeSet::new(),
            backoff: Backoff::up_to(RENEWAL_WAIT_MAX),
            renew_from: Timestamp::MIN,
        };
        Ok(Self {
            data: data.clone(),
            config: config.clone(),
            clock: Arc::clone(clock),
            shutdown,
            certificate,
            state: Mutex::new(state),
        })
    }

    /// The coordinator, by the certificate in use now. Ask anew for every exchange: whoever keeps it for days keeps a
    /// certificate that ends.
    pub(super) fn api(&self) -> CoordinatorApi {
        lock(&self.state).api.clone()
    }

    /// Takes a certificate that was put in place since, and renews the one in use when that is due. What goes wrong is told
    /// once, and hinders nothing as long as the certificate lasts. `seen` is how far the node has seen the log.
    pub(super) async fn keep_up(&self, seen: LogPosition) {
        if let Err(error) = self.read_anew() {
            self.tell(&error);
        }
        if let Err(error) = self.renew_if_due(seen).await {
            self.tell(&error);
        }
    }

    /// Connects anew if the files have changed.
    fn read_anew(&self) -> Result<(), NodeError> {
        let stamp = self.certificate.stamp();
        if lock(&self.state).stamp == stamp {
            return Ok(());
        }
        let credentials = self.certificate.credentials(&self.config.identity())?;
        let api = connect(&self.data, &self.config, &credentials, &self.clock)?;
        let until = credentials.not_after();
        let mut state = lock(&self.state);
        state.api = api;
        state.not_before = credentials.not_before();
        state.not_after = until;
        state.stamp = stamp;
        state.told.clear();
        // A coordinator that hands out what must be renewed at once is not asked at every step.
        if !credentials.renewal_due(self.clock.now()) {
            state.backoff = Backoff::up_to(RENEWAL_WAIT_MAX);
            state.renew_from = Timestamp::MIN;
        }
        tracing::info!(certificate.valid_until = %until, "a new certificate is in use");
        Ok(())
    }

    async fn renew_if_due(&self, seen: LogPosition) -> Result<(), NodeError> {
        let now = self.clock.now();
        let (not_before, until, from) = {
            let state = lock(&self.state);
            (state.not_before, state.not_after, state.renew_from)
        };
        if now > until {
            return Err(self.certificate.expired(until));
        }
        match self.certificate.renewal() {
            Renewal::ByItself if now >= from && renewal_due(not_before, until, now) => {
                self.renew(seen, now).await
            }
            Renewal::ByTheHospital if self.certificate.ends_soon(until, now) => {
                Err(NodeError::CertificateEnds { until })
            }
            Renewal::ByItself | Renewal::ByTheHospital => Ok(()),
        }
    }

    async fn renew(&self, seen: LogPosition, now: Timestamp) -> Result<(), NodeError> {
        self.wait_before_the_next(now);
        let (data, config) = (self.data.clone(), self.config.clone());
        let asked = self
            .shutdown
            .spawn_blocking(move || join::ask(&data, &config, seen, now));
        let asked = asked
            .await
            .map_err(|error| NodeError::network("node.renewal", &error))??;
        let enrolled = self.api().renew(&asked).await?;
        join::take_renewed(&self.data, &self.config, &enrolled, self.clock.now())?;
        self.read_anew()
    }

    fn wait_before_the_next(&self, now: Timestamp) {
        let mut state = lock(&self.state);
        let wait = SignedDuration::try_from(state.backoff.after_failure());
        state.renew_from = now
            .saturating_add(wait.unwrap_or(SignedDuration::MAX))
            .unwrap_or(Timestamp::MAX);
    }

    /// Once for each kind of trouble: it would be the same at every step.
    fn tell(&self, error: &NodeError) {
        let (code, until) = (error.code(), {
            let mut state = lock(&self.state);
            if !state.told.insert(error.code().to_owned()) {
                return;
            }
            state.not_after
        });
        tracing::warn!(
            code,
            certificate.valid_until = %until,
            "this node's certificate needs attention, the present one is used while it lasts: {error}"
        );
    }
}

fn connect(
    data: &DataDir,
    config: &NodeConfig,
    credentials: &Credentials,
    clock: &Arc<dyn Clock>,
) -> Result<CoordinatorApi, NodeError> {
    let roots = Roots::load(&data.ca())?;
    let http = HttpClient::new(&config.coordinator, credentials, &roots, clock)?;
    Ok(CoordinatorApi::new(http))
}
