//! Does the center's own word let a question be answered? Its policy, its review board, and the person whom the policy asks.

use jiff::Timestamp;
use protocol::documents::RefusalReason;
use protocol::ids::DocumentId;
use protocol::question::Mode;
use protocol::verify::Authorised;
use question::template::Template;

use super::Answerer;
use super::no_answer::NoAnswer;
use crate::day;
use crate::error::NodeError;
use crate::ledger::Caps;
use crate::policy::{Decision, Policy};
use crate::record::{RecordError, Verdict};

impl Answerer {
    /// The policy as it stands now; the record holds it before anything rests on it.
    pub(crate) fn policy(&self, now: Timestamp) -> Result<Policy, NodeError> {
        let policy = Policy::load(&self.data.policy())?;
        self.record.note_policy(policy.text(), now)?;
        Ok(policy)
    }

    /// The caps under which the question may be charged, if the center's own word lets it be answered.
    pub(super) fn consent(
        &self,
        authorised: &Authorised,
        template: &Template,
        now: Timestamp,
    ) -> Result<Caps, NoAnswer> {
        match authorised.query.question.mode {
            Mode::Local => {}
            Mode::Secure => return Err(RefusalReason::ModeNotAllowed.into()),
        }
        let study = authorised.study.name.as_str();
        let policy = self.policy(now)?;
        let ruling = policy.ruling(study, &template.name, authorised.researcher.id.as_str());
        if let Err(unapproved) = policy.review_board(study, day::today(now)) {
            // Which of the two it is stays here: the network learns one reason.
            tracing::warn!(query.id = %authorised.query_id, "{}", unapproved.sentence(study));
            return Err(RefusalReason::ReviewBoard.into());
        }
        if self.asks_a_person(ruling.decision, authorised.query_id)? {
            self.by_a_person(authorised.query_id)?;
        }
        Ok(ruling.caps_within(authorised.study.rho_cap))
    }

    /// Whether a person decides. Once one was asked, no later policy answers in the person's place.
    fn asks_a_person(&self, decision: Decision, query: DocumentId) -> Result<bool, NoAnswer> {
        match decision {
            Decision::Refuse => Err(RefusalReason::PolicyRefuses.into()),
            Decision::Person => Ok(true),
            Decision::Automatic => Ok(self.record.was_awaiting(query)?),
        }
    }

    /// What the person said.
    fn by_a_person(&self, query: DocumentId) -> Result<(), NoAnswer> {
        let said: Result<_, RecordError> = self.record.decision(query);
        match said?.map(|decided| decided.verdict) {
            None => Err(NoAnswer::Waits),
            Some(Verdict::Approve) => Ok(()),
            Some(Verdict::Refuse) => Err(RefusalReason::PersonRefuses.into()),
        }
    }
}
