//! How does a hospital answer one question? The story in one function: verify, plan, price, consent, charge, fetch,
//! tally, noise, sign, record.

#[cfg(test)]
mod attacks;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod said;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use privacy::{DiscreteGaussian, PrivacyError};
use protocol::documents::{Answer, Refusal, RefusalReason};
use protocol::envelope::Envelope;
use protocol::keys::SigningKey;
use protocol::log::LogPosition;
use protocol::question::Mode;
use protocol::verify::{Asked, Authorised, Governance, authorise};
use question::dictionary::Dictionary;
use question::plan::Plan;
use question::template::Template;
use question::{Parameters, QuestionError};
use transport::clock::Clock;
use transport::fault;

use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::ledger::{Charge, ChargeRequest, Ledger, LedgerError, Refused};
use crate::policy::{Decision, Policy};
use crate::source::sqlite::SqliteSource;
use crate::source::{Source, SourceError};
use crate::store::locks::Lock;
use crate::store::{Rows, Store};
use crate::{day, dictionary, keys};

/// Everything that answering needs, opened once.
pub struct Answerer {
    data: DataDir,
    config: NodeConfig,
    key: SigningKey,
    dictionary: Dictionary,
    store: Mutex<Store>,
    ledger: Ledger,
    noise: DiscreteGaussian,
}

/// Where and when a query is answered: the documents in force, the log they came from, the clock.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// What is in force.
    pub governance: &'a Governance,
    /// The log as this node sees it.
    pub log: LogPosition,
    /// The clock.
    pub clock: &'a dyn Clock,
}

/// Why there is no answer: a rule that anybody could apply, or a fault that the operator must hear of.
enum NoAnswer {
    Refused(RefusalReason),
    Failed(NodeError),
}

impl From<RefusalReason> for NoAnswer {
    fn from(reason: RefusalReason) -> Self {
        Self::Refused(reason)
    }
}

impl From<NodeError> for NoAnswer {
    fn from(error: NodeError) -> Self {
        Self::Failed(error)
    }
}

impl From<LedgerError> for NoAnswer {
    fn from(error: LedgerError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<PrivacyError> for NoAnswer {
    fn from(error: PrivacyError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<SourceError> for NoAnswer {
    fn from(error: SourceError) -> Self {
        Self::Failed(error.into())
    }
}

impl Answerer {
    /// Opens what the node in `data` answers with, and checks that its noise is sound.
    pub fn open(data: DataDir) -> Result<Self, NodeError> {
        let noise = DiscreteGaussian::checked()?;
        Policy::load(&data.policy())?;
        Ok(Self {
            config: NodeConfig::load(&data)?,
            key: keys::signing_key(&data)?,
            dictionary: dictionary::load(&data)?,
            store: Mutex::new(Store::open(&data)?),
            ledger: Ledger::open(&data.ledger())?,
            noise,
            data,
        })
    }

    /// Who this node is and whom it follows.
    #[must_use]
    pub const fn config(&self) -> &NodeConfig {
        &self.config
    }

    /// The key that signs.
    #[must_use]
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// What was spent.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether there is anything to answer from at this moment. Blocking: a question may be at the store.
    pub(crate) fn rows(&self, now: Timestamp) -> Result<Rows, NodeError> {
        self.store().rows(day::today(now))
    }

    /// The signed answer to a query, or the signed refusal. Blocking: it counts rows and draws noise.
    ///
    /// Whatever happens is a function of public inputs alone, but for faults of the infrastructure, which the log
    /// tells the operator and the refusal does not explain.
    #[must_use]
    pub fn respond(&self, query: &Envelope, on: Circumstances<'_>) -> Envelope {
        match self.answer(query, on) {
            Ok(answer) => answer,
            Err(NoAnswer::Refused(reason)) => {
                tracing::info!(query.id = %query.id(), reason = reason.code(), "a query was refused");
                self.refuse(query, reason, on)
            }
            Err(NoAnswer::Failed(error)) => {
                tracing::error!(query.id = %query.id(), code = error.code(), "a query could not be answered: {error}");
                self.refuse(query, RefusalReason::Infrastructure, on)
            }
        }
    }

    /// A signed refusal of a query.
    #[must_use]
    pub fn refuse(
        &self,
        query: &Envelope,
        reason: RefusalReason,
        on: Circumstances<'_>,
    ) -> Envelope {
        let center = self.config.center.clone();
        Envelope::sign(
            &Refusal {
                query: query.id(),
                center,
                reason,
                log: on.log,
            },
            &self.key,
        )
    }

    /// Verify, plan, price, consent, charge, fetch, tally, noise, sign, record.
    fn answer(&self, query: &Envelope, on: Circumstances<'_>) -> Result<Envelope, NoAnswer> {
        let asked = Asked {
            center: &self.config.center,
            signing_key: self.key.public(),
            now: on.clock.now(),
        };
        let authorised = authorise(on.governance, query, asked)?;
        let question = &authorised.query.question;
        let (template, plan) = self.plan(&authorised)?;
        let cost = privacy::cost(&plan.parts).map_err(|_| RefusalReason::RhoNotAllowed)?;
        if cost > question.rho {
            return Err(RefusalReason::RhoNotAllowed.into());
        }
        let policy = Policy::load(&self.data.policy())?;
        consent(&policy, &authorised, &template)?;
        if let Some(stored) = self.ledger.stored_answer(authorised.question_id)? {
            return stored_envelope(&stored);
        }
        // Opened before the charge, so that a lock that is missing, damaged or of another dictionary costs nothing; its
        // rows are read only after it.
        let (lock, source) = self.open_lock(&authorised)?;
        source.understands(&plan)?;
        fault::point("node.before_charge");
        let request = ChargeRequest {
            question: authorised.question_id,
            study: authorised.query.study,
            study_versions: on.governance.versions_of(&authorised.study.name),
            researcher: authorised.researcher.id.clone(),
            cost,
        };
        let paid =
            match self
                .ledger
                .charge(&request, &policy.caps_for(&authorised.study), || {
                    on.clock.now()
                })? {
                Charge::Fresh(paid) | Charge::ResumedWithoutAnswer(paid) => paid,
                Charge::Answered(stored) => return stored_envelope(&stored),
                Charge::Refused(refused) => return Err(reason_of(refused).into()),
            };
        fault::point("node.charged");
        let exact = source.count(&plan)?;
        let release = privacy::release(&plan.parts, exact, paid.receipt, &mut self.noise.clone())?;
        let answer = Answer {
            question: release.question(),
            center: self.config.center.clone(),
            lock: lock.lock_id,
            lock_date: lock.date,
            plan: plan.digest(),
            cost: release.cost(),
            parts: release.into_parts(),
            ledger_head: paid.head,
            log: on.log,
        };
        let signed = Envelope::sign(&answer, &self.key).to_json();
        let kept = self
            .ledger
            .store_answer(authorised.question_id, &signed, on.clock.now())?;
        fault::point("node.answer_stored");
        stored_envelope(&kept)
    }

    /// The template as this node reads it, and what the question becomes.
    fn plan(&self, authorised: &Authorised) -> Result<(Template, Plan), RefusalReason> {
        let question = &authorised.query.question;
        let template = Template::parse_with(&authorised.template.template, &self.dictionary)
            .map_err(|_| RefusalReason::TemplateNotUnderstood)?;
        let parameters = template
            .bind(&question.parameters)
            .map_err(|_| RefusalReason::ParametersNotAllowed)?;
        // One question has one spelling, or it could be asked, and paid for, under many ids.
        if parameters.canonical() != question.parameters {
            return Err(RefusalReason::ParametersNotAllowed);
        }
        let plan = plan(&template, &parameters, question.rho, &self.dictionary)?;
        Ok((template, plan))
    }

    /// The lock that the question's date selects, open but not yet read, without the patients who withdrew since.
    fn open_lock(&self, authorised: &Authorised) -> Result<(Lock, SqliteSource), NoAnswer> {
        let store = self.store();
        let lock = store
            .newest_lock_on_or_before(authorised.query.question.lock_date)?
            .ok_or(RefusalReason::NoLock)?;
        let source = SqliteSource::open(&self.data, &lock, &store.withdrawn()?)?;
        Ok((lock, source))
    }

    /// A thread that panicked left no transaction open that SQLite would not roll back.
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a bound question becomes.
fn plan(
    template: &Template,
    parameters: &Parameters,
    rho: protocol::amount::NanoRho,
    dictionary: &Dictionary,
) -> Result<Plan, RefusalReason> {
    question::plan::plan(template, parameters, rho, dictionary).map_err(|error| match error {
        QuestionError::RhoOutOfLimits { .. } | QuestionError::NoiseOutOfRange { .. } => {
            RefusalReason::RhoNotAllowed
        }
        QuestionError::ParameterUnknown { .. }
        | QuestionError::ParameterInvalid { .. }
        | QuestionError::ParametersForeign { .. }
        | QuestionError::TooLarge { .. } => RefusalReason::ParametersNotAllowed,
        QuestionError::Dictionary(_)
        | QuestionError::ColumnMissing { .. }
        | QuestionError::Vocabulary(_)
        | QuestionError::Template(_)
        | QuestionError::TemplateUnknown { .. } => RefusalReason::TemplateNotUnderstood,
    })
}

/// Whether the center's own policy lets the question be answered.
fn consent(
    policy: &Policy,
    authorised: &Authorised,
    template: &Template,
) -> Result<(), RefusalReason> {
    match authorised.query.question.mode {
        Mode::Local => {}
        Mode::Secure => return Err(RefusalReason::ModeNotAllowed),
    }
    let (study, researcher) = (
        authorised.study.name.as_str(),
        authorised.researcher.id.as_str(),
    );
    match policy.decision(study, &template.name, researcher) {
        Decision::Automatic => Ok(()),
        Decision::Person | Decision::Refuse => Err(RefusalReason::PolicyRefuses),
    }
}

/// The public reason of a ledger's refusal.
fn reason_of(refused: Refused) -> RefusalReason {
    match refused {
        Refused::ClockBehind => RefusalReason::ClockBehind,
        Refused::DayRate => RefusalReason::RateLimited,
        Refused::QueryCap
        | Refused::ResearcherCap
        | Refused::StudyCap
        | Refused::YearCap
        | Refused::LifetimeCap
        | Refused::SpentBeforeRestore => RefusalReason::OutOfBudget,
    }
}

/// The answer whose bytes the ledger keeps.
fn stored_envelope(bytes: &[u8]) -> Result<Envelope, NoAnswer> {
    Envelope::from_json(bytes)
        .map_err(|error| NoAnswer::Failed(NodeError::network("answer_damaged", &error)))
}
