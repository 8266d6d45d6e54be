//! A document comes in: verified first, then logged, then in force.

use jiff::Timestamp;
use protocol::api::Submitted;
use protocol::documents::{
    Charter, Currency, Query, RefusalReason, Roster, Study, TemplateDocument,
};
use protocol::envelope::Envelope;
use protocol::keys::PublicKey;
use protocol::verify::{
    Governance, GovernanceError, authorised_study, has_sane_deadline, has_sane_size,
};
use transport::fault;

use super::{Changes, Relay};
use crate::error::CoordinatorError;
use crate::limits::OPEN_QUERIES_PER_RESEARCHER_MAX;
use crate::store::queries::StoredQuery;
use crate::store::{self, log, queries};

impl Relay {
    /// Takes up a governance document or a query. The same document again changes nothing.
    pub fn submit(
        &mut self,
        envelope: &Envelope,
        now: Timestamp,
    ) -> Result<Submitted, CoordinatorError> {
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
            let in_force = self.is_in_force(envelope);
            return Ok(Submitted {
                id,
                known: true,
                in_force,
                log: self.position()?,
            });
        }
        self.check_names_us(envelope)?;
        // Judged on a copy: a document that is not logged must leave no trace in what is in force.
        let pinned_before = self.governance.is_some();
        let mut governance = self
            .governance
            .clone()
            .unwrap_or_else(|| Governance::pinned_to(id));
        if !pinned_before && !envelope.is::<Charter>() {
            return Err(GovernanceError::NoCharter.into());
        }
        let in_force = match governance.apply(envelope) {
            Ok(_) => true,
            // Signatures are collected one by one, in the open: the log carries what is not yet decided.
            Err(GovernanceError::RuleNotMet { .. }) => false,
            Err(refused) => return Err(refused.into()),
        };
        if let Some(currency) = governance.currency().filter(|currency| currency.id == id) {
            self.must_be_on_log(currency.document.log)?;
        }
        let of_network = governance
            .charter()
            .is_some_and(|charter| charter.network == self.network);
        if !of_network {
            return Err(GovernanceError::OtherNetwork.into());
        }
        let log = self.store.write(|tx| {
            if !pinned_before {
                store::pin_charter(tx, &id)?;
            }
            log::append(tx, now, envelope)
        })?;
        self.governance = Some(governance);
        tracing::info!(document.id = %id, document.kind = %envelope.payload_type, in_force, "a document was logged");
        Ok(Submitted {
            id,
            known: false,
            in_force,
            log,
        })
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
        let governance = self.governance.as_ref().ok_or(GovernanceError::NoCharter)?;
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
        let roster = governance
            .roster()
            .ok_or(CoordinatorError::Query(RefusalReason::NoRoster))?;
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

    /// Whether a document that is in the log comes with the signature of another member.
    fn brings_signatures(&self, envelope: &Envelope, known: &Envelope) -> bool {
        let Some(charter) = self.governance.as_ref().and_then(Governance::charter) else {
            return false;
        };
        let members = charter.member_keys();
        !envelope
            .signers(&members)
            .is_subset(&known.signers(&members))
    }

    fn is_in_force(&self, envelope: &Envelope) -> bool {
        let Some(governance) = &self.governance else {
            return false;
        };
        let id = envelope.id();
        governance.fingerprint() == id
            || governance.past_roster(&id).is_some()
            || governance.template(&id).is_some()
            || governance.study(&id).is_some()
            || governance
                .currency()
                .is_some_and(|currency| currency.id == id)
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

fn is_governance(envelope: &Envelope) -> bool {
    envelope.is::<Charter>()
        || envelope.is::<Roster>()
        || envelope.is::<TemplateDocument>()
        || envelope.is::<Study>()
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
    governance
        .template(&query.question.template)
        .ok_or(RefusalReason::TemplateNotInForce)?;
    if query.question.rho > study.rho_cap {
        return Err(RefusalReason::RhoNotAllowed);
    }
    Ok(researcher.key)
}
