//! What does an audit of a node need from the common log? Every query, study and template name, superseded and revoked ones too.

use protocol::documents::{Query, Study};
use protocol::envelope::Envelope;
use protocol::ids::PersonId;
use protocol::log::LogEntry;
use protocol::verify::Governance;

use super::{AskedQuery, LogBook, StudyTerms};
use crate::ledger::LoggedAnswer;

/// The book of the log with these entries, read as `governance` is, which holds the center's `own_answers`.
#[must_use]
pub fn log_book<'a>(
    entries: &[LogEntry],
    governance: &Governance,
    own_answers: &'a [LoggedAnswer],
) -> LogBook<'a> {
    let mut book = LogBook {
        own_answers,
        ..LogBook::default()
    };
    for entry in entries {
        if let Ok(query) = entry.envelope.parse_unverified::<Query>() {
            take_query(&mut book, &entry.envelope, &query, governance);
        }
    }
    book
}

fn take_query(book: &mut LogBook<'_>, envelope: &Envelope, query: &Query, governance: &Governance) {
    let question = query.question.id();
    let study = governance.past_study(&query.study);
    if let Some(study) = study {
        let terms = StudyTerms {
            name: study.name.to_string(),
            rho_cap: study.rho_cap,
        };
        book.studies.insert(query.study, terms);
    }
    let template = governance.template(&query.question.template);
    if let Some(name) = template.and_then(|document| name_of(&document.template)) {
        book.templates.insert(question, name);
    }
    let asked = AskedQuery {
        question,
        study: query.study,
        researcher: study.and_then(|study| signer(study, envelope)),
    };
    // With other signatures it may stand there again: the first is what the node answered.
    book.queries.entry(envelope.id()).or_insert(asked);
}

fn signer(study: &Study, query: &Envelope) -> Option<PersonId> {
    let signers = query.signers(&study.researcher_keys());
    let mut researchers = study.researchers.iter();
    let signer = researchers.find(|researcher| signers.contains(&researcher.key))?;
    Some(signer.id.clone())
}

/// A template's name stands in its text whatever dictionary reads the rest.
fn name_of(template: &str) -> Option<String> {
    let table: toml::Table = toml::from_str(template).ok()?;
    table.get("name")?.as_str().map(str::to_owned)
}
