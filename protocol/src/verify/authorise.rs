//! May this query be answered by this center now? The whole chain from the pinned charter to the researcher's signature.

use jiff::{SignedDuration, Timestamp};

use super::{Governance, InForce, Withdrawal};
use crate::documents::{
    Currency, Query, RefusalReason, Researcher, Roster, Study, TemplateDocument,
};
use crate::envelope::Envelope;
use crate::ids::{CenterId, DocumentId, QuestionId};
use crate::keys::PublicKey;
use crate::limits::{
    CLOCK_SKEW_S, CURRENCY_VALID_S, DEADLINE_S_MAX, PARAMETER_CHARS_MAX, PARAMETERS_MAX,
};

/// Where and when a query is judged: all of it public.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The center that judges.
    pub center: &'a CenterId,
    /// The key that it signs answers with.
    pub signing_key: PublicKey,
    /// The reader's clock.
    pub now: Timestamp,
}

/// A query that may be answered, with everything that allowed it.
#[derive(Debug, Clone)]
pub struct Authorised {
    /// The query's document id.
    pub query_id: DocumentId,
    /// The query.
    pub query: Query,
    /// The question's id.
    pub question_id: QuestionId,
    /// The study.
    pub study: Study,
    /// The researcher who signed.
    pub researcher: Researcher,
    /// The template's signed document.
    pub template: TemplateDocument,
}

/// Verifies every signature and limit of a query that does not need the template's text.
///
/// The node that calls this still checks the template against its dictionary, the parameters' canonical form, the
/// template's privacy limits, its own policy, and its ledger.
///
/// # Errors
/// The first rule that is not met, as the reason that the node signs.
pub fn authorise(
    governance: &Governance,
    envelope: &Envelope,
    asked: Asked<'_>,
) -> Result<Authorised, RefusalReason> {
    governance.charter().ok_or(RefusalReason::NoCharter)?;
    if governance.fork().is_some() {
        return Err(RefusalReason::CharterFork);
    }
    let roster = authorised_roster(governance, asked.now)?;
    is_in_roster(&roster.document, asked)?;
    let currency = governance.currency().ok_or(RefusalReason::NoCurrency)?;
    is_current(&currency.document, governance, asked.now)?;
    let query: Query = envelope
        .parse_unverified()
        .map_err(|_| RefusalReason::MalformedQuery)?;
    has_sane_size(&query)?;
    is_of_this_log(governance, envelope, &query)?;
    let (study, researcher) = authorised_study(governance, envelope, &query, asked.now)?;
    has_sane_deadline(&query, asked.now)?;
    let template = authorised_template(governance, &query, asked.now)?;
    if query.question.rho > study.rho_cap {
        return Err(RefusalReason::RhoNotAllowed);
    }
    Ok(Authorised {
        query_id: envelope.id(),
        question_id: query.question.id(),
        query,
        study,
        researcher,
        template,
    })
}

/// The study a query is asked in and the researcher of it who signed; shared by nodes and the coordinator.
///
/// # Errors
/// The study is not in force or has expired, the template is not one of its own, or no researcher of it signed.
pub fn authorised_study(
    governance: &Governance,
    envelope: &Envelope,
    query: &Query,
    now: Timestamp,
) -> Result<(Study, Researcher), RefusalReason> {
    let study = governance
        .study(&query.study)
        .ok_or(RefusalReason::StudyNotInForce)?;
    is_not_withdrawn(governance, &query.study, now)?;
    if study.expires <= now {
        return Err(RefusalReason::StudyExpired);
    }
    let signers = envelope.signers(&study.researcher_keys());
    let researcher = study
        .researchers
        .iter()
        .find(|r| signers.contains(&r.key))
        .ok_or(RefusalReason::NotAResearcher)?;
    if !study.templates.contains(&query.question.template) {
        return Err(RefusalReason::TemplateNotInStudy);
    }
    Ok((study.clone(), researcher.clone()))
}

/// The template that a query asks; shared by nodes and the coordinator.
///
/// # Errors
/// The committee has not decided on it, or has taken it back.
pub fn authorised_template(
    governance: &Governance,
    query: &Query,
    now: Timestamp,
) -> Result<TemplateDocument, RefusalReason> {
    let id = &query.question.template;
    let template = governance
        .template(id)
        .ok_or(RefusalReason::TemplateNotInForce)?;
    is_not_withdrawn(governance, id, now)?;
    Ok(template.clone())
}

/// The roster under which a query is asked; shared by nodes and the coordinator.
///
/// # Errors
/// There is none, or it was taken back.
pub fn authorised_roster(
    governance: &Governance,
    now: Timestamp,
) -> Result<&InForce<Roster>, RefusalReason> {
    let roster = governance.roster().ok_or(RefusalReason::NoRoster)?;
    is_not_withdrawn(governance, &roster.id, now)?;
    Ok(roster)
}

/// Whether nobody has taken the document back.
fn is_not_withdrawn(
    governance: &Governance,
    id: &DocumentId,
    now: Timestamp,
) -> Result<(), RefusalReason> {
    match governance.withdrawal(id, now) {
        None => Ok(()),
        Some(Withdrawal::Suspended { .. }) => Err(RefusalReason::Suspended),
        Some(Withdrawal::Revoked) => Err(RefusalReason::Revoked),
    }
}

/// Whether others can see the query, and its author saw the log that this reader sees.
fn is_of_this_log(
    governance: &Governance,
    envelope: &Envelope,
    query: &Query,
) -> Result<(), RefusalReason> {
    governance
        .query_index(&envelope.id())
        .ok_or(RefusalReason::NotInLog)?;
    if governance.chain().contains(query.log) {
        Ok(())
    } else {
        Err(RefusalReason::OtherLog)
    }
}

fn is_in_roster(roster: &Roster, asked: Asked<'_>) -> Result<(), RefusalReason> {
    let listed = roster
        .center(asked.center)
        .is_some_and(|c| c.signing_key == asked.signing_key && c.valid_until > asked.now);
    if listed {
        Ok(())
    } else {
        Err(RefusalReason::NotInRoster)
    }
}

fn is_current(
    currency: &Currency,
    governance: &Governance,
    now: Timestamp,
) -> Result<(), RefusalReason> {
    let age = now.duration_since(currency.time);
    if age >= SignedDuration::from_secs(CURRENCY_VALID_S) {
        return Err(RefusalReason::CurrencyExpired);
    }
    let from_the_future = age < SignedDuration::from_secs(-CLOCK_SKEW_S);
    if from_the_future || governance.fits(currency).is_err() {
        return Err(RefusalReason::CurrencyMismatch);
    }
    Ok(())
}

/// Whether the question has no more parameters, and none longer, than any template may have.
///
/// # Errors
/// Too many parameters, or one too long.
pub fn has_sane_size(query: &Query) -> Result<(), RefusalReason> {
    let parameters = &query.question.parameters;
    let short = |text: &String| text.chars().count() <= PARAMETER_CHARS_MAX;
    if parameters.len() <= PARAMETERS_MAX && parameters.iter().all(|(k, v)| short(k) && short(v)) {
        Ok(())
    } else {
        Err(RefusalReason::ParametersNotAllowed)
    }
}

/// Whether the deadline lies ahead, and not too far.
///
/// # Errors
/// It has passed, or lies too far ahead.
pub fn has_sane_deadline(query: &Query, now: Timestamp) -> Result<(), RefusalReason> {
    let left = query.deadline.duration_since(now);
    let latest = SignedDuration::from_secs(DEADLINE_S_MAX + CLOCK_SKEW_S);
    if left > SignedDuration::ZERO && left <= latest {
        Ok(())
    } else {
        Err(RefusalReason::DeadlineNotAllowed)
    }
}
