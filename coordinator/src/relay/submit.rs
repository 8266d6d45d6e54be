//! A document comes in: verified first, then logged, then in force.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use protocol::api::Submitted;
use protocol::documents::{
    Charter, Currency, Decline, Query, RefusalReason, Revocation, Roster, Study, TemplateDocument,
};
use protocol::envelope::Envelope;
use protocol::keys::PublicKey;
use protocol::limits::{CLOCK_SKEW_S, UNDECIDED_MAX};
use protocol::verify::{
    Governance, GovernanceError, Standing, Taken, authorised_roster, authorised_study,
    authorised_template, has_sane_deadline, has_sane_size, proposer_of,
};
use transport::fault;

use super::{Changes, Relay};
use crate::error::CoordinatorError;
use crate::limits::OPEN_QUERIES_PER_RESEARCHER_MAX;
use crate::store::queries::StoredQuery;
use crate::store::{self, certificates, log, queries};

impl Relay {
    /// Takes up a governance document or a query. The same document again changes nothing.
    pub fn submit(
        &mut self,
        envelope: &Envelope,
        now: Timestamp,
    ) -> Result<Submitted, CoordinatorError> {
        self.read_on()?;
        if envelope.is::<Query>() {
            self.submit_query(envelope, now)
        } else if is_governance(envelope) {
            self.submit_governance(envelope, now)
        } else {
            Err(CoordinatorError::WrongKind(
                envelope.payload_type.chars().take(100).collect(),
            ))
        }
    }

    fn submit_governance(
        &mut self,
        envelope: &Envelope,
        now: Timestamp,
    ) -> Result<Submitted, CoordinatorError> {
        let id = envelope.id();
        if let Some(known) = log::document(self.store.read(), &id)?
            && !self.brings_signatures(envelope, &known)
        {
            let in_force = self.is_in_force(envelope, now);
            return Ok(Submitted {
                id,
                known: true,
                in_force,
                log: self.position()?,
            });
        }
        self.check_names_us(envelope)?;
        check_time(envelope, now)?;
        // Judged on a copy: a document that is not logged must leave no trace in what is in force.
        let mut governance = self.governance.clone();
        let entry = log::next(self.store.read(), now, envelope)?;
        let taken = governance.take(&entry);
        let taken = taken.map_err(|error| CoordinatorError::StoreBroken(error.to_string()))?;
        let in_force = match taken {
            Taken::InForce | Taken::Noted => true,
            // Signatures are collected one by one, in the open: the log carries what is not yet decided.
            Taken::Pending(_) => false,
            Taken::Ineffective(refused) => return Err(refused.into()),
            Taken::Other => return Err(GovernanceError::UnknownDocument.into()),
        };
        self.must_be_ours(&governance)?;
        // One signature over another log beside one over this would let anybody make every reader of the log doubt us.
        if governance.strangers().len() > self.governance.strangers().len() {
            return Err(CoordinatorError::OtherLog);
        }
        self.must_be_enrolled(&governance, envelope)?;
        self.must_say_something_new(envelope)?;
        if !in_force {
            must_have_room(&governance, envelope)?;
        }
        let founds = self.governance.charters().is_empty();
        let log = self.store.write(|tx| {
            if founds {
                store::pin_charter(tx, &id)?;
            }
            log::append(tx, now, envelope)
        })?;
        self.governance = governance;
        tracing::info!(document.id = %id, document.kind = %envelope.payload_type, in_force, "a document was logged");
        Ok(Submitted {
            id,
            known: false,
            in_force,
            log,
        })
    }

    /// A proposal comes from somebody whom people can ask about it. A key that nobody enrolled could be made anew for each.
    fn must_be_enrolled(
        &self,
        governance: &Governance,
        envelope: &Envelope,
    ) -> Result<(), CoordinatorError> {
        let (Some(proposer), Some(charter)) = (proposer_of(envelope), governance.charter()) else {
            return Ok(());
        };
        let decides = charter.member_keys().contains(&proposer)
            || charter.timekeeper_keys().contains(&proposer);
        if decides || certificates::knows_signer(self.store.read(), proposer)? {
            Ok(())
        } else {
            Err(CoordinatorError::NotEnrolled)
        }
    }

    /// A member declines a document once and suspends it once; a second time would only fill the log.
    fn must_say_something_new(&self, envelope: &Envelope) -> Result<(), CoordinatorError> {
        let Some(charter) = self.governance.charter() else {
            return Ok(());
        };
        let members = charter.member_keys();
        let said_before = if let Ok(decline) = envelope.parse_unverified::<Decline>() {
            let signers = envelope.signers(&members);
            let mut declined = self.governance.declines(&decline.document);
            declined.any(|(member, _)| signers.contains(member))
        } else if let Ok(revocation) = envelope.parse_unverified::<Revocation>() {
            let is_new = !self.governance.revocations().contains(&envelope.id());
            let mut signers = envelope.signers(&members).into_iter();
            let has = |member| self.governance.has_suspended(member, revocation.document);
            is_new && signers.all(has)
        } else {
            false
        };
        if said_before {
            Err(CoordinatorError::SaidBefore)
        } else {
            Ok(())
        }
    }

    fn must_be_ours(&self, governance: &Governance) -> Result<(), GovernanceError> {
        // A complete charter that is not the one the operator pinned is believed by nobody.
        let charter = governance.charter().ok_or(GovernanceError::OtherCharter)?;
        if charter.network == self.network {
            Ok(())
        } else {
            Err(GovernanceError::OtherNetwork)
        }
    }

    fn submit_query(
        &mut self,
        envelope: &Envelope,
        now: Timestamp,
    ) -> Result<Submitted, CoordinatorError> {
        let id = envelope.id();
        if queries::find(self.store.read(), &id)?.is_some() {
            return Ok(Submitted {
                id,
                known: true,
                in_force: true,
                log: self.position()?,
            });
        }
        let query: Query = envelope.parse_unverified()?;
        let governance = &self.governance;
        governance.charter().ok_or(GovernanceError::NoCharter)?;
        let researcher =
            check_query(governance, envelope, &query, now).map_err(CoordinatorError::Query)?;
        self.must_be_on_log(query.log)?;
        if self.open_places()? == 0 {
            return Err(CoordinatorError::TooManyQueries);
        }
        let of_theirs = queries::open_of(self.store.read(), researcher)?;
        if of_theirs >= OPEN_QUERIES_PER_RESEARCHER_MAX {
            return Err(CoordinatorError::TooManyOfYours);
        }
        let roster = authorised_roster(governance, now).map_err(CoordinatorError::Query)?;
        let stored = StoredQuery {
            id,
            question: query.question.id(),
            roster: roster.id,
            submitted: now,
            deadline: query.deadline,
            result: None,
        };
        let centers = roster.document.centers.iter().map(|center| &center.id);
        let log = self.store.write(|tx| {
            let log = log::append(tx, now, envelope)?;
            queries::insert(tx, &stored, researcher, centers, log)?;
            Ok(log)
        })?;
        fault::point("coordinator.query_stored");
        self.changes = Changes {
            offers: true,
            progress: true,
        };
        tracing::info!(query.id = %id, question.id = %stored.question, "a query was taken up");
        Ok(Submitted {
            id,
            known: false,
            in_force: true,
            log,
        })
    }

    /// Whether a document that is in the log comes with the signature of another member, as far as that counts.
    fn brings_signatures(&self, envelope: &Envelope, known: &Envelope) -> bool {
        let Some(charter) = self.governance.charters().last() else {
            return false;
        };
        let before = self.governance.charters().iter().rev().nth(1);
        let mut members = charter.charter.member_keys();
        members.extend(before.into_iter().flat_map(|r| r.charter.member_keys()));
        let known: BTreeSet<_> = known
            .sightings(&members)
            .iter()
            .map(|(key, ..)| *key)
            .collect();
        let brought = envelope.sightings(&members);
        brought.iter().any(|(key, ..)| !known.contains(key))
    }

    fn is_in_force(&self, envelope: &Envelope, now: Timestamp) -> bool {
        let id = envelope.id();
        let currency = self.governance.currency();
        match self.governance.standing(&id, now) {
            Standing::InForce | Standing::Superseded => true,
            Standing::Unknown => {
                currency.is_some_and(|currency| currency.id == id) || envelope.is::<Decline>()
            }
            Standing::Pending | Standing::Suspended { .. } | Standing::Revoked => false,
        }
    }

    /// A roster names the key that signs results; with another one nobody could verify ours.
    fn check_names_us(&self, envelope: &Envelope) -> Result<(), CoordinatorError> {
        if !envelope.is::<Roster>() {
            return Ok(());
        }
        let roster: Roster = envelope.parse_unverified()?;
        if roster.coordinator == self.key.public() {
            Ok(())
        } else {
            Err(CoordinatorError::OtherCoordinator)
        }
    }
}

/// Proposals may be many, and they stay for ever: nobody fills the log with what the committee does not decide.
fn must_have_room(governance: &Governance, envelope: &Envelope) -> Result<(), CoordinatorError> {
    let Some(proposer) = proposer_of(envelope) else {
        return Ok(());
    };
    let undecided = governance.proposals().filter(|(id, known)| {
        proposer_of(known) == Some(proposer)
            && governance.standing(id, Timestamp::MAX) == Standing::Pending
    });
    if undecided.count() > UNDECIDED_MAX {
        return Err(CoordinatorError::TooManyProposals);
    }
    Ok(())
}

/// A suspension is counted from the time that the member wrote down, so that must be now. A timekeeper's word from the future
/// would be the newest until then, and no true one could follow it.
fn check_time(envelope: &Envelope, now: Timestamp) -> Result<(), CoordinatorError> {
    let dated = if envelope.is::<Revocation>() {
        envelope.parse_unverified::<Revocation>()?.time
    } else if envelope.is::<Currency>() {
        envelope.parse_unverified::<Currency>()?.time
    } else {
        return Ok(());
    };
    if dated.duration_since(now) <= SignedDuration::from_secs(CLOCK_SKEW_S) {
        Ok(())
    } else {
        Err(CoordinatorError::FromTheFuture)
    }
}

fn is_governance(envelope: &Envelope) -> bool {
    envelope.is::<Charter>()
        || envelope.is::<Roster>()
        || envelope.is::<TemplateDocument>()
        || envelope.is::<Study>()
        || envelope.is::<Revocation>()
        || envelope.is::<Decline>()
        || envelope.is::<Currency>()
}

/// The key that asks. What every node would refuse need not travel. Currency is left to the nodes: an operator may have loaded a newer one.
fn check_query(
    governance: &Governance,
    envelope: &Envelope,
    query: &Query,
    now: Timestamp,
) -> Result<PublicKey, RefusalReason> {
    has_sane_size(query)?;
    let (study, researcher) = authorised_study(governance, envelope, query, now)?;
    has_sane_deadline(query, now)?;
    authorised_template(governance, query, now)?;
    if query.question.rho > study.rho_cap {
        return Err(RefusalReason::RhoNotAllowed);
    }
    Ok(researcher.key)
}
