//! What everyone enrolled may see: the log, the catalogue of queries, how one stands, and its result.

use jiff::Timestamp;
use protocol::api::{LogPage, Queries, QueryStatus, ResultBundle, TaskStatus};
use protocol::documents::{CenterEnd, LogHead, Query, QueryResult};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::limits::LOG_PAGE_MAX;

use super::Relay;
use crate::error::CoordinatorError;
use crate::store::queries::StoredQuery;
use crate::store::{log, queries, tasks};

impl Relay {
    /// A page of the log; `limit` above [`LOG_PAGE_MAX`] is that.
    pub fn log_page(
        &self,
        from: u64,
        limit: u32,
        now: Timestamp,
    ) -> Result<LogPage, CoordinatorError> {
        let entries = log::page(self.store.read(), from, limit.min(LOG_PAGE_MAX))?;
        let log = self.position()?;
        let head = LogHead {
            network: self.network.clone(),
            log,
            time: now,
        };
        Ok(LogPage {
            entries,
            log,
            head: Envelope::sign(&head, &self.key),
        })
    }

    /// The catalogue, newest first.
    pub fn queries(&self) -> Result<Queries, CoordinatorError> {
        Ok(Queries {
            queries: queries::lines(self.store.read())?,
        })
    }

    /// How one query stands.
    pub fn status(&self, id: &DocumentId) -> Result<QueryStatus, CoordinatorError> {
        let query = self.query(id)?;
        let stored = tasks::all(self.store.read(), id)?;
        let tasks = stored
            .into_iter()
            .map(|task| TaskStatus {
                center: task.center,
                state: task.state,
                reason: task.reason,
            })
            .collect();
        Ok(QueryStatus {
            query: *id,
            question: query.question,
            deadline: query.deadline,
            version: self.version(&query)?,
            tasks,
            result: query.result,
            ends: query
                .result
                .map(|result| self.ends(&result))
                .transpose()?
                .unwrap_or_default(),
        })
    }

    /// The result with every document it rests on.
    pub fn result(&self, id: &DocumentId) -> Result<ResultBundle, CoordinatorError> {
        let query = self.query(id)?;
        let result = query.result.ok_or(CoordinatorError::NotPublished(*id))?;
        let asked = self.document(id)?;
        let of_query: Query = asked.parse_unverified()?;
        let mut answers = Vec::new();
        for document in self
            .ends(&result)?
            .into_iter()
            .filter_map(|end| end.document)
        {
            answers.push(self.document(&document)?);
        }
        Ok(ResultBundle {
            result: self.document(&result)?,
            query: asked,
            template: self.document(&of_query.question.template)?,
            study: self.document(&of_query.study)?,
            roster: self.document(&query.roster)?,
            answers,
        })
    }

    fn query(&self, id: &DocumentId) -> Result<StoredQuery, CoordinatorError> {
        queries::find(self.store.read(), id)?.ok_or(CoordinatorError::NoSuchQuery(*id))
    }

    /// Grows with each step of each task, and with the result.
    fn version(&self, query: &StoredQuery) -> Result<u64, CoordinatorError> {
        Ok(tasks::steps(self.store.read(), &query.id)? + u64::from(query.result.is_some()))
    }

    fn ends(&self, result: &DocumentId) -> Result<Vec<CenterEnd>, CoordinatorError> {
        let result: QueryResult = self.document(result)?.parse_unverified()?;
        Ok(result.centers)
    }

    fn document(&self, id: &DocumentId) -> Result<Envelope, CoordinatorError> {
        log::expect_document(self.store.read(), id)
    }
}
