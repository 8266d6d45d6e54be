//! What has been answered already? The releases in the log: reading one again costs nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use protocol::documents::{CenterEnding, Query, QueryResult, TemplateDocument};
use protocol::ids::{DocumentId, QuestionId};
use protocol::question::Question;
use question::template::Template;

use crate::mirror::Mirror;

/// One published result. It is listed as the log has it; whoever reads it verifies it first.
#[derive(Debug, Clone)]
pub struct Release {
    /// The query to read it by.
    pub query: DocumentId,
    /// The study it was asked in.
    pub study: DocumentId,
    /// What was asked.
    pub question: Question,
    /// `name@version` of its template.
    pub template: String,
    /// When it was published.
    pub published: Timestamp,
    /// Centers in its totals.
    pub answered: usize,
}

impl Release {
    /// The question's id: equal questions have equal answers.
    #[must_use]
    pub fn question_id(&self) -> QuestionId {
        self.question.id()
    }
}

/// Every release in the log, newest first; of one question only the newest.
#[must_use]
pub fn releases(mirror: &Mirror) -> Vec<Release> {
    let mut queries: BTreeMap<DocumentId, Query> = BTreeMap::new();
    let mut templates: BTreeMap<DocumentId, String> = BTreeMap::new();
    let mut newest: BTreeMap<QuestionId, Release> = BTreeMap::new();
    for envelope in mirror.documents() {
        if let Ok(document) = envelope.parse_unverified::<TemplateDocument>() {
            let label = Template::parse(&document.template).map(|template| template.title_id());
            templates.insert(envelope.id(), label.unwrap_or_default());
        } else if let Ok(query) = envelope.parse_unverified::<Query>() {
            queries.insert(envelope.id(), query);
        } else if let Ok(result) = envelope.parse_unverified::<QueryResult>() {
            let release = queries.get(&result.query).map(|query| Release {
                query: result.query,
                study: query.study,
                question: query.question.clone(),
                template: templates
                    .get(&query.question.template)
                    .cloned()
                    .unwrap_or_default(),
                published: result.published,
                answered: result.count(CenterEnding::Answered),
            });
            newest.extend(
                release
                    .filter(|r| r.answered > 0)
                    .map(|r| (r.question_id(), r)),
            );
        }
    }
    let mut releases: Vec<Release> = newest.into_values().collect();
    releases.sort_by_key(|release| std::cmp::Reverse(release.published));
    releases
}

/// One line for people: what was asked, at which price, on which lock date, and the query to read it by.
#[must_use]
pub fn line(release: &Release) -> String {
    let parameters = release
        .question
        .parameters
        .iter()
        .map(|(key, value)| format!("{key}={value}"));
    format!(
        "{}  {} {}  rho {}  lock date {}  {} centers",
        release.query,
        release.template,
        parameters.collect::<Vec<_>>().join(" "),
        release.question.rho,
        release.question.lock_date,
        release.answered,
    )
}
