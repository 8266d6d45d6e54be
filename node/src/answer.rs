//! How does a hospital answer one question? The story in one function: verify, plan, price, consent, charge, fetch,
//! tally, noise, sign, record.

mod consent;
pub(crate) mod currency;
mod no_answer;
pub mod pending;
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
use privacy::DiscreteGaussian;
use protocol::amount::NanoRho;
use protocol::documents::{Answer, Refusal, RefusalReason};
use protocol::envelope::Envelope;
use protocol::keys::SigningKey;
use protocol::log::LogPosition;
use protocol::verify::{Asked, Authorised, Governance};
use question::dictionary::Dictionary;
use question::plan::Plan;
use question::template::Template;
use question::{Parameters, QuestionError};
use transport::clock::Clock;
use transport::fault;

use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::ledger::{Charge, ChargeRequest, Ledger};
use crate::policy::Policy;
use crate::record::{Departure, Record};
use crate::source::Source;
use crate::source::sqlite::SqliteSource;
use crate::store::locks::Lock;
use crate::store::{Rows, Store};
use crate::{day, dictionary, keys, record};
use currency::Loaded;
use no_answer::NoAnswer;

/// Everything that answering needs, opened once.
pub struct Answerer {
    data: DataDir,
    config: NodeConfig,
    key: SigningKey,
    dictionary: Dictionary,
    store: Mutex<Store>,
    ledger: Ledger,
    record: Record,
    currency: Loaded,
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

/// What a query is answered with.
#[derive(Debug)]
pub enum Response {
    /// A signed answer or refusal. The record holds it.
    Send(Envelope),
    /// A person must decide first. The record holds that it is reported.
    AwaitingApproval,
}

impl Answerer {
    /// Opens what the node in `data` answers with, and checks that its noise is sound.
    pub fn open(data: DataDir, now: Timestamp) -> Result<Self, NodeError> {
        let noise = DiscreteGaussian::checked()?;
        let policy = Policy::load(&data.policy())?;
        let record = record::anew::open(&data, now)?;
        record.note_policy(policy.text(), now)?;
        Ok(Self {
            config: NodeConfig::load(&data)?,
            key: keys::signing_key(&data)?,
            dictionary: dictionary::load(&data)?,
            store: Mutex::new(Store::open(&data)?),
            ledger: Ledger::open(&data.ledger())?,
            currency: Loaded::at(data.currency()),
            record,
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

    /// What left, and what was decided.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Whether there is anything to answer from at this moment. Blocking: a question may be at the store.
    pub(crate) fn rows(&self, now: Timestamp) -> Result<Rows, NodeError> {
        self.store().rows(day::today(now))
    }

    /// The signed answer to a query, or the signed refusal, or that a person must decide first; the record has it before
    /// this returns. Blocking: it counts rows and draws noise.
    ///
    /// Whatever happens is a function of public inputs and of what people decided, but for faults of the infrastructure,
    /// which the log tells the operator and the refusal does not explain.
    ///
    /// # Errors
    /// The record could not be written: then nothing may leave.
    pub fn respond(&self, query: &Envelope, on: Circumstances<'_>) -> Result<Response, NodeError> {
        let id = query.id();
        let reason = match self.answer(query, on) {
            Ok(answer) => return Ok(Response::Send(answer)),
            Err(NoAnswer::Waits) => {
                let report = Departure::Awaiting { query: id };
                self.record.left(report, on.clock.now())?;
                // Only now does `pending` show it.
                tracing::info!(query.id = %id, "a query waits for a person: see `cartally-node pending`");
                fault::point("node.recorded");
                return Ok(Response::AwaitingApproval);
            }
            Err(NoAnswer::Refused(reason)) => {
                tracing::info!(query.id = %id, reason = reason.code(), "a query was refused");
                reason
            }
            Err(NoAnswer::Failed(error)) => {
                tracing::error!(query.id = %id, code = error.code(), "a query could not be answered: {error}");
                RefusalReason::Infrastructure
            }
        };
        Ok(Response::Send(self.refuse(query, reason, on)?))
    }

    /// A signed refusal of a query, which the record holds. Blocking.
    ///
    /// # Errors
    /// The record could not be written: then nothing may leave.
    pub fn refuse(
        &self,
        query: &Envelope,
        reason: RefusalReason,
        on: Circumstances<'_>,
    ) -> Result<Envelope, NodeError> {
        let refusal = Refusal {
            query: query.id(),
            center: self.config.center.clone(),
            reason,
            log: on.log,
        };
        let signed = Envelope::sign(&refusal, &self.key);
        let departure = Departure::Refusal {
            query: refusal.query,
            reason,
            document: &signed,
        };
        self.record.left(departure, on.clock.now())?;
        fault::point("node.recorded");
        Ok(signed)
    }

    /// Verify, plan, price, consent, charge, fetch, tally, noise, sign, record.
    fn answer(&self, query: &Envelope, on: Circumstances<'_>) -> Result<Envelope, NoAnswer> {
        let asked = Asked {
            center: &self.config.center,
            signing_key: self.key.public(),
            now: on.clock.now(),
        };
        let governance = self.current(on.governance);
        let authorised = self.authorised(query, &governance, asked)?;
        let (template, plan) = self.plan(&authorised)?;
        let cost = price(&plan, authorised.query.question.rho)?;
        let caps = self.consent(&authorised, &template, asked.now)?;
        if let Some(stored) = self.ledger.stored_answer(authorised.question_id)? {
            return self.recorded(&stored, &authorised, on);
        }
        // Opened before the charge, so that a lock that is missing, damaged or of another dictionary costs nothing; its
        // rows are read only after it.
        let (lock, source) = self.open_lock(&authorised)?;
        source.understands(&plan)?;
        fault::point("node.before_charge");
        let request = charge_request(&authorised, &governance, cost);
        let paid = match self.ledger.charge(&request, &caps, || on.clock.now())? {
            Charge::Fresh(paid) | Charge::ResumedWithoutAnswer(paid) => paid,
            Charge::Answered(stored) => return self.recorded(&stored, &authorised, on),
            Charge::Refused(refused) => return Err(refused.into()),
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
        self.recorded(&kept, &authorised, on)
    }

    /// The answer that the ledger keeps, once the record says that it leaves.
    fn recorded(
        &self,
        kept: &[u8],
        authorised: &Authorised,
        on: Circumstances<'_>,
    ) -> Result<Envelope, NoAnswer> {
        let document = Envelope::from_json(kept)
            .map_err(|error| NodeError::network("answer_damaged", &error))?;
        let departure = Departure::Answer {
            query: authorised.query_id,
            question: authorised.question_id,
            document: &document,
        };
        self.record.left(departure, on.clock.now())?;
        fault::point("node.recorded");
        Ok(document)
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
    rho: NanoRho,
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

/// What the release costs, if the question pays it.
fn price(plan: &Plan, rho: NanoRho) -> Result<NanoRho, RefusalReason> {
    privacy::cost(&plan.parts)
        .ok()
        .filter(|cost| *cost <= rho)
        .ok_or(RefusalReason::RhoNotAllowed)
}

fn charge_request(
    authorised: &Authorised,
    governance: &Governance,
    cost: NanoRho,
) -> ChargeRequest {
    ChargeRequest {
        question: authorised.question_id,
        study: authorised.query.study,
        study_versions: governance.versions_of(&authorised.study.name),
        researcher: authorised.researcher.id.clone(),
        cost,
    }
}
