//! What does a query rest on? Roster, study, researcher and template, each in force when it came; for one result and for the
//! audit of a whole log.

use jiff::Timestamp;
use protocol::documents::{Query, RefusalReason, Roster, Study, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::verify::{
    Governance, InForce, authorised_roster, authorised_study, authorised_template,
    has_sane_deadline, has_sane_size,
};

/// A query that was allowed when it came, with what allowed it.
pub(crate) struct Basis<'a> {
    pub(crate) query: Query,
    pub(crate) roster: &'a InForce<Roster>,
    pub(crate) study: Study,
    pub(crate) template: TemplateDocument,
}

/// Judges a query by what was in force right before it, at the time of its log entry: everything that an honest coordinator
/// asks for before it takes one up.
///
/// # Errors
/// The first rule that is not met.
pub(crate) fn basis<'a>(
    then: &'a Governance,
    envelope: &Envelope,
    came: Timestamp,
) -> Result<Basis<'a>, RefusalReason> {
    let query: Query = envelope
        .parse_unverified()
        .map_err(|_| RefusalReason::MalformedQuery)?;
    then.charter().ok_or(RefusalReason::NoCharter)?;
    let roster = authorised_roster(then, came)?;
    has_sane_size(&query)?;
    let (study, _) = authorised_study(then, envelope, &query, came)?;
    has_sane_deadline(&query, came)?;
    let template = authorised_template(then, &query, came)?;
    if query.question.rho > study.rho_cap {
        return Err(RefusalReason::RhoNotAllowed);
    }
    Ok(Basis {
        query,
        roster,
        study,
        template,
    })
}
