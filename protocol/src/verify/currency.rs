//! Is what this log shows still current? The newest word of a timekeeper, held against the log.

use super::GovernanceError;
use super::governance::{Governance, InForce, Taken, same_network};
use crate::documents::{Currency, hash_of_revocations};
use crate::envelope::Envelope;

impl Governance {
    pub(super) fn take_currency(&mut self, envelope: &Envelope) -> Result<Taken, GovernanceError> {
        let currency = self.newer_currency(envelope)?;
        let on_chain = self.chain.contains(currency.log);
        let fits = self.fits(&currency);
        // Kept even if it does not fit: a timekeeper's word that this is not the log is a reason to believe nothing.
        self.keep_currency(envelope, currency);
        if on_chain {
            fits.map(|()| Taken::InForce)
        } else {
            Err(GovernanceError::OtherLog)
        }
    }

    /// Takes a currency document that came by another way than the log, for example in a file: it may speak of entries that
    /// this log does not show yet, as long as it counts the same revocations.
    ///
    /// # Errors
    /// Not signed by a timekeeper, of another network, older than one seen, of another log, or other revocations.
    pub fn hear_currency(&mut self, envelope: &Envelope) -> Result<(), GovernanceError> {
        let currency = self.newer_currency(envelope)?;
        self.fits(&currency)?;
        self.keep_currency(envelope, currency);
        Ok(())
    }

    fn newer_currency(&self, envelope: &Envelope) -> Result<Currency, GovernanceError> {
        let charter = &self.ruling()?.charter;
        let currency: Currency = envelope.open(&charter.timekeeper_keys())?;
        same_network(&charter.network, &currency.network)?;
        let id = envelope.id();
        let older = |seen: &InForce<Currency>| {
            seen.id != id
                && (seen.document.time >= currency.time
                    || seen.document.log.entries > currency.log.entries)
        };
        if self.currency.as_ref().is_some_and(older) {
            return Err(GovernanceError::Older);
        }
        Ok(currency)
    }

    fn keep_currency(&mut self, envelope: &Envelope, currency: Currency) {
        let timekeepers = self.ruling().map(|ruling| ruling.charter.timekeeper_keys());
        self.vouching = envelope.signers(&timekeepers.unwrap_or_default());
        self.currency = Some(InForce {
            id: envelope.id(),
            document: currency,
        });
    }

    /// A successor charter may have dismissed who kept time, perhaps because the key was stolen or its clock ran ahead: that
    /// word counts no more, and forbids no other.
    pub(super) fn forget_dismissed_timekeepers(&mut self) {
        let timekeepers = self.ruling().map(|ruling| ruling.charter.timekeeper_keys());
        if self.vouching.is_disjoint(&timekeepers.unwrap_or_default()) {
            self.currency = None;
        }
    }

    /// Whether a currency document speaks of this log and counts its revocations. Looked at again whenever it is relied
    /// on, because a log that has grown since may show that it spoke of another.
    ///
    /// # Errors
    /// Another log, or other revocations.
    pub fn fits(&self, currency: &Currency) -> Result<(), GovernanceError> {
        let named = currency.log.entries;
        let ahead = named > self.chain.position().entries;
        if !ahead && !self.chain.contains(currency.log) {
            return Err(GovernanceError::OtherLog);
        }
        if hash_of_revocations(&self.revocations_before(named)) == currency.revocations {
            Ok(())
        } else {
            Err(GovernanceError::OtherRevocations)
        }
    }

    /// The latest currency document.
    #[must_use]
    pub fn currency(&self) -> Option<&InForce<Currency>> {
        self.newest_ruling()?;
        self.currency.as_ref()
    }
}
