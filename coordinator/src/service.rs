//! The relay with a clock and those who wait: one step at a time on a blocking thread, long polls woken by what changed,
//! deadlines kept.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use protocol::api::{Enrolled, EnrolmentRequest, Offers, QueryStatus};
use protocol::envelope::Envelope;
use protocol::ids::{CenterId, DocumentId};
use protocol::limits::WAIT_S_MAX;
use tokio::sync::watch;
use transport::clock::Clock;
use transport::server::PeerIdentity;
use transport::shutdown::Shutdown;

use crate::error::CoordinatorError;
use crate::issuer::Issuer;
use crate::limits::RETRY_S;
use crate::relay::Relay;

/// The running relay; clones share it.
#[derive(Debug, Clone)]
pub struct Service {
    shared: Arc<Shared>,
    issuer: Option<Arc<Issuer>>,
    clock: Arc<dyn Clock>,
    shutdown: Shutdown,
}

#[derive(Debug)]
struct Shared {
    relay: Mutex<Relay>,
    offers: watch::Sender<u64>,
    progress: watch::Sender<u64>,
}

impl Service {
    /// Starts the relay: from now on deadlines are kept, those that passed while it was down at once.
    #[must_use]
    pub fn start(relay: Relay, clock: Arc<dyn Clock>, shutdown: &Shutdown) -> Self {
        let shared = Shared {
            relay: Mutex::new(relay),
            offers: watch::Sender::new(0),
            progress: watch::Sender::new(0),
        };
        let service = Self {
            shared: Arc::new(shared),
            issuer: None,
            clock,
            shutdown: shutdown.clone(),
        };
        let deadlines = service.clone();
        shutdown.spawn(async move { deadlines.keep_deadlines().await });
        service
    }

    /// The same, able to issue certificates.
    #[must_use]
    pub fn issuing(self, issuer: Issuer) -> Self {
        Self {
            issuer: Some(Arc::new(issuer)),
            ..self
        }
    }

    /// Enrols an invited party.
    pub async fn enrol(&self, request: EnrolmentRequest) -> Result<Enrolled, CoordinatorError> {
        let issuer = self.issuer()?;
        self.step(move |relay, now| relay.enrol(&issuer, &request.secret, &request.enrolment, now))
            .await
    }

    /// Renews a peer's certificate. A center need not stand in the roster for it: that is decided by others, later or before.
    pub async fn renew(
        &self,
        peer: &PeerIdentity,
        enrolment: Envelope,
    ) -> Result<Enrolled, CoordinatorError> {
        let (issuer, peer) = (self.issuer()?, peer.clone());
        self.step(move |relay, now| {
            relay.admit(&peer)?;
            relay.renew(&issuer, &peer, &enrolment, now)
        })
        .await
    }

    fn issuer(&self) -> Result<Arc<Issuer>, CoordinatorError> {
        self.issuer.clone().ok_or(CoordinatorError::NoAuthority)
    }

    /// Runs one step for an enrolled peer.
    pub async fn run<T: Send + 'static>(
        &self,
        peer: &PeerIdentity,
        step: impl FnOnce(&mut Relay, Timestamp) -> Result<T, CoordinatorError> + Send + 'static,
    ) -> Result<T, CoordinatorError> {
        let (peer, center) = (peer.clone(), peer.identity.center());
        self.step(move |relay, now| {
            relay.admit(&peer)?;
            if let Some(center) = center {
                relay.admit_center(&center, now)?;
            }
            step(relay, now)
        })
        .await
    }

    /// A center's open queries beyond those known; waits up to `wait_s` for the first.
    pub async fn offers(
        &self,
        peer: &PeerIdentity,
        center: CenterId,
        known: BTreeSet<DocumentId>,
        wait_s: u32,
    ) -> Result<Offers, CoordinatorError> {
        let mut changed = self.shared.offers.subscribe();
        let mut timeout = self.timeout(wait_s)?;
        loop {
            changed.mark_unchanged();
            let (center, known) = (center.clone(), known.clone());
            let offers = self
                .run(peer, move |relay, now| relay.offers(&center, &known, now))
                .await?;
            if !offers.offers.is_empty() || !self.woken(&mut changed, &mut timeout).await {
                return Ok(offers);
            }
        }
    }

    /// How a query stands; waits up to `wait_s` while its version is `seen`.
    pub async fn status(
        &self,
        peer: &PeerIdentity,
        query: DocumentId,
        seen: Option<u64>,
        wait_s: u32,
    ) -> Result<QueryStatus, CoordinatorError> {
        let mut changed = self.shared.progress.subscribe();
        let mut timeout = self.timeout(wait_s)?;
        loop {
            changed.mark_unchanged();
            let status = self.run(peer, move |relay, _| relay.status(&query)).await?;
            if seen != Some(status.version) || !self.woken(&mut changed, &mut timeout).await {
                return Ok(status);
            }
        }
    }

    /// Whether to look again: false once the wait is over or the end has begun.
    async fn woken(
        &self,
        changed: &mut watch::Receiver<u64>,
        timeout: &mut transport::clock::Sleep,
    ) -> bool {
        tokio::select! {
            changed = changed.changed() => changed.is_ok(),
            () = timeout => false,
            () = self.shutdown.begun() => false,
        }
    }

    fn timeout(&self, wait_s: u32) -> Result<transport::clock::Sleep, CoordinatorError> {
        if wait_s > WAIT_S_MAX {
            return Err(CoordinatorError::Wait(wait_s));
        }
        Ok(self.clock.sleep(Duration::from_secs(wait_s.into())))
    }

    /// Runs a step on a blocking thread and wakes those whom it concerns, also if whoever asked has gone by then.
    async fn step<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Relay, Timestamp) -> Result<T, CoordinatorError> + Send + 'static,
    ) -> Result<T, CoordinatorError> {
        let (shared, clock) = (Arc::clone(&self.shared), Arc::clone(&self.clock));
        let running = self.shutdown.spawn_blocking(move || {
            // A step that panicked has rolled its transaction back; what is stored is whole.
            let mut relay = shared.relay.lock().unwrap_or_else(PoisonError::into_inner);
            let done = step(&mut relay, clock.now());
            let changes = relay.take_changes();
            drop(relay);
            if changes.offers {
                shared.offers.send_modify(|version| *version += 1);
            }
            if changes.progress {
                shared.progress.send_modify(|version| *version += 1);
            }
            done
        });
        running.await.map_err(|_| CoordinatorError::Stopping)?
    }

    /// Publishes what is due, then sleeps until the next deadline or until there is a new one.
    async fn keep_deadlines(&self) {
        let mut changed = self.shared.offers.subscribe();
        loop {
            changed.mark_unchanged();
            let due = self.step(|relay, now| {
                relay.publish_due(now)?;
                relay.next_deadline()
            });
            let mut sleep = match due.await {
                Ok(Some(deadline)) => self.clock.sleep_until(deadline),
                Ok(None) => Box::pin(std::future::pending()),
                Err(error) => {
                    tracing::error!(code = error.code(), error = %error, "what was due could not be published; trying again");
                    self.clock.sleep(Duration::from_secs(RETRY_S))
                }
            };
            tokio::select! {
                () = &mut sleep => {}
                _ = changed.changed() => {}
                () = self.shutdown.begun() => return,
            }
        }
    }
}
