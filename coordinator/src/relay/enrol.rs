//! Who comes in, and with which certificate? Invitations are used once, certificates are renewed with the same key, and
//! what was revoked opens nothing.

use jiff::Timestamp;
use protocol::api::Enrolled;
use protocol::documents::Enrolment;
use protocol::envelope::Envelope;
use protocol::log::LogPosition;
use rusqlite::Connection;
use transport::TransportError;
use transport::certificate::renewal_due;
use transport::identity::Identity;
use transport::join::identity_of;
use transport::server::PeerIdentity;

use super::Relay;
use crate::error::CoordinatorError;
use crate::issuer::{Issuer, Wanted, request_key_of, secret_digest, validity};
use crate::limits::LIVE_CERTIFICATES_MAX;
use crate::store::certificates::{self, StoredCertificate};
use crate::store::{invites, log};

/// An enrolment whose signature, network and form have been checked.
struct Checked<'a> {
    envelope: &'a Envelope,
    enrolment: Enrolment,
    party: Identity,
    request_key: String,
}

/// On what ground a certificate is issued.
#[derive(Clone, Copy)]
enum Ground<'a> {
    /// An invitation, by the digest of its secret.
    Invitation(&'a str),
    /// The certificate that the party shows, by its serial number.
    Shown(&'a str),
}

impl Relay {
    /// Whether a peer's certificate still opens anything: asked for every request, so that a revocation bites at once. What
    /// a hospital's own PKI certificate is judged where connections are made.
    pub fn admit(&self, peer: &PeerIdentity) -> Result<(), CoordinatorError> {
        if peer.own_authority.is_some()
            || certificates::is_good(self.store.read(), &peer.identity, &peer.serial)?
        {
            Ok(())
        } else {
            Err(CoordinatorError::CertificateRevoked)
        }
    }

    /// Enrols whoever brings an invitation's secret. The same once more with the same key, after a lost answer, gives the
    /// same certificate; anything else that is wrong with the secret gives one and the same refusal.
    pub fn enrol(
        &mut self,
        issuer: &Issuer,
        secret: &str,
        envelope: &Envelope,
        now: Timestamp,
    ) -> Result<Enrolled, CoordinatorError> {
        let checked = self.checked(envelope)?;
        let secret = secret_digest(secret);
        let invite = invites::find(self.store.read(), &checked.party, &secret)?
            .ok_or(CoordinatorError::InvitationRefused)?;
        if let Some(serial) = &invite.certificate {
            let certificate = self.issued_before(&checked, serial)?;
            return Ok(issuer.answer(&certificate));
        }
        if invite.expires <= now {
            return Err(CoordinatorError::InvitationRefused);
        }
        self.must_have_seen(checked.enrolment.log)?;
        let certificate = Self::issue(issuer, &checked, invite.days, now)?;
        self.keep(&checked, &certificate, Ground::Invitation(&secret), now)?;
        tracing::info!(party = %checked.party, certificate.serial = %certificate.serial, "a party has enrolled");
        Ok(issuer.answer(&certificate))
    }

    /// Renews the certificate that a peer shows. The same once more with the same key gives the same certificate.
    pub fn renew(
        &mut self,
        issuer: &Issuer,
        peer: &PeerIdentity,
        envelope: &Envelope,
        now: Timestamp,
    ) -> Result<Enrolled, CoordinatorError> {
        let checked = self.checked(envelope)?;
        if checked.party != peer.identity {
            return Err(CoordinatorError::OtherParty(peer.identity.clone()));
        }
        let shown = certificates::find(self.store.read(), &peer.identity, &peer.serial)?
            .ok_or(CoordinatorError::NotIssuedHere)?;
        // A party that was certified by hand names its key with the first renewal, over its good certificate.
        let known = shown.signing_key;
        if known.is_some_and(|known| known != checked.enrolment.signing_key) {
            return Err(CoordinatorError::OtherSigningKey);
        }
        self.must_have_seen(checked.enrolment.log)?;
        if let Some(certificate) = self.renewed_before(&checked, &shown, now)? {
            return Ok(issuer.answer(&certificate));
        }
        if certificates::live(self.store.read(), &checked.party, now)? >= LIVE_CERTIFICATES_MAX {
            return Err(CoordinatorError::TooManyCertificates);
        }
        let certificate = Self::issue(issuer, &checked, shown.days, now)?;
        self.keep(&checked, &certificate, Ground::Shown(&shown.serial), now)?;
        tracing::info!(party = %checked.party, certificate.serial = %certificate.serial, "a certificate was renewed");
        Ok(issuer.answer(&certificate))
    }

    fn checked<'a>(&self, envelope: &'a Envelope) -> Result<Checked<'a>, CoordinatorError> {
        // As it would be read from a body of its own: within its limits, and decodable.
        Envelope::from_json(&envelope.to_json())?;
        let named: Enrolment = envelope.parse_unverified()?;
        let enrolment: Enrolment = envelope.open(&[named.signing_key].into())?;
        enrolment.check()?;
        if enrolment.network != self.network {
            return Err(CoordinatorError::OtherNetwork(self.network.clone()));
        }
        let unusable = |error: TransportError| CoordinatorError::Request(error.to_string());
        let party = identity_of(&enrolment).map_err(unusable)?;
        let request_key = request_key_of(&enrolment.request).map_err(unusable)?;
        Ok(Checked {
            envelope,
            enrolment,
            party,
            request_key,
        })
    }

    fn must_have_seen(&self, seen: LogPosition) -> Result<(), CoordinatorError> {
        if seen == LogPosition::EMPTY {
            return Ok(());
        }
        self.must_be_on_log(seen)
    }

    /// What a used invitation was used for, if it was by the same key and still stands.
    fn issued_before(
        &self,
        checked: &Checked<'_>,
        serial: &str,
    ) -> Result<StoredCertificate, CoordinatorError> {
        certificates::find(self.store.read(), &checked.party, serial)?
            .filter(|found| found.revoked.is_none() && found.request_key == checked.request_key)
            .ok_or(CoordinatorError::InvitationRefused)
    }

    /// What was issued to this key already, unless it is what is to be renewed or is due itself.
    fn renewed_before(
        &self,
        checked: &Checked<'_>,
        shown: &StoredCertificate,
        now: Timestamp,
    ) -> Result<Option<StoredCertificate>, CoordinatorError> {
        let key = &checked.request_key;
        let found = certificates::find_by_key(self.store.read(), &checked.party, key)?;
        Ok(found.filter(|found| {
            found.serial != shown.serial && !renewal_due(found.issued, found.not_after, now)
        }))
    }

    fn issue(
        issuer: &Issuer,
        checked: &Checked<'_>,
        days: u32,
        now: Timestamp,
    ) -> Result<StoredCertificate, CoordinatorError> {
        let wanted = Wanted {
            party: &checked.party,
            request: &checked.enrolment.request,
            signing_key: Some(checked.enrolment.signing_key),
        };
        issuer.issue(wanted, validity(now, days), now)
    }

    /// All of it or nothing: the certificate, the invitation that it used up, and a key's first enrolment in the log, where
    /// the committee finds it.
    fn keep(
        &mut self,
        checked: &Checked<'_>,
        certificate: &StoredCertificate,
        ground: Ground<'_>,
        now: Timestamp,
    ) -> Result<(), CoordinatorError> {
        let (party, key) = (&checked.party, checked.enrolment.signing_key);
        self.store.write(|tx| {
            ground.must_stand(tx, party)?;
            let first = !certificates::knows_key(tx, party, key)?;
            certificates::insert(tx, party, certificate)?;
            if let Ground::Invitation(secret) = ground {
                invites::mark_used(tx, secret, &certificate.serial)?;
            }
            if first {
                log::append(tx, now, checked.envelope)?;
            }
            Ok(())
        })
    }
}

impl Ground<'_> {
    /// Looked at again within the transaction: the operator, in another process, may have revoked or withdrawn it just now,
    /// and what is issued after that would be good.
    fn must_stand(self, connection: &Connection, party: &Identity) -> Result<(), CoordinatorError> {
        match self {
            Self::Invitation(secret) => {
                let unused = invites::find(connection, party, secret)?
                    .filter(|invite| invite.certificate.is_none());
                unused.map(drop).ok_or(CoordinatorError::InvitationRefused)
            }
            Self::Shown(serial) => {
                let good = certificates::is_good(connection, party, serial)?;
                good.then_some(())
                    .ok_or(CoordinatorError::CertificateRevoked)
            }
        }
    }
}
