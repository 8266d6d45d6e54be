//! Which certificate does the server show now? One that can be exchanged while it runs.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{Credentials, Roots, provider, tls};
use crate::error::TransportError;

/// The certificate shown at the next handshake, with the authority's behind it so that a joiner can recognise that one.
#[derive(Debug)]
pub(super) struct Served {
    shown: RwLock<Arc<CertifiedKey>>,
}

impl Served {
    pub(super) fn new(credentials: &Credentials, roots: &Roots) -> Result<Self, TransportError> {
        let shown = RwLock::new(certified(credentials, roots)?);
        Ok(Self { shown })
    }

    pub(super) fn replace(
        &self,
        credentials: &Credentials,
        roots: &Roots,
    ) -> Result<(), TransportError> {
        let next = certified(credentials, roots)?;
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown))
    }
}

fn certified(
    credentials: &Credentials,
    roots: &Roots,
) -> Result<Arc<CertifiedKey>, TransportError> {
    let mut chain = credentials.chain();
    if !chain.contains(roots.authority()) {
        chain.push(roots.authority().clone());
    }
    CertifiedKey::from_der(chain, credentials.key(), &provider())
        .map(Arc::new)
        .map_err(tls)
}
