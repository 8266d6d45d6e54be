//! Who may ask what, at which price? A study from a file, its templates by the names that people use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use protocol::amount::NanoRho;
use protocol::documents::{Researcher, Study, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::ids::{DocumentId, StudyName};
use protocol::verify::Governance;
use question::template::Template;
use serde::Deserialize;

use super::put_before_committee;
use crate::error::ClientError;
use crate::govern::read_toml;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::{Terminal, warn};

/// A study as the registry office writes it down; templates by `name@version`, or by document id.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StudyFile {
    name: StudyName,
    purpose: String,
    protocol_reference: String,
    ethics_reference: String,
    /// Decimal text, so that it is read exactly.
    rho_cap: String,
    expires: Timestamp,
    templates: Vec<String>,
    researchers: Vec<Researcher>,
}

/// Proposes the study in `file`.
pub(crate) async fn propose_study(
    home: &Home,
    session: &Session,
    file: &Path,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let written: StudyFile = read_toml(file)?;
    let governance = session.governance(home)?;
    let known = templates(session, &governance);
    let key = home.signing_key()?;
    let rho_cap: NanoRho = written
        .rho_cap
        .parse()
        .map_err(|e| ClientError::unreadable(file, &e))?;
    let study = Study {
        network: home.profile.network.clone(),
        proposer: key.public(),
        version: next_version(&governance, &written.name),
        name: written.name,
        purpose: written.purpose,
        protocol_reference: written.protocol_reference,
        ethics_reference: written.ethics_reference,
        researchers: written.researchers,
        templates: written
            .templates
            .iter()
            .map(|label| find(&known, label))
            .collect::<Result<_, _>>()?,
        rho_cap,
        expires: written.expires,
        calendar: vec![],
    };
    study.check()?;
    if let Some(other) = of_same_version(session, &study) {
        warn(&format!(
            "document {other} also proposes version {} of this study; only one of the two can come into force",
            study.version
        ));
    }
    let what = format!("study {}", study.name);
    put_before_committee(home, session, &governance, (&study, &what), terminal).await
}

/// Another document of the log that is this version of this study, with other content or from somebody else.
fn of_same_version(session: &Session, study: &Study) -> Option<DocumentId> {
    let same = |envelope: &&Envelope| {
        let known = envelope.parse_unverified::<Study>();
        known.is_ok_and(|it| it.name == study.name && it.version == study.version && it != *study)
    };
    session.mirror.documents().find(same).map(Envelope::id)
}

/// One more than the version in force, or 1.
fn next_version(governance: &Governance, name: &StudyName) -> u32 {
    let mut versions = governance
        .studies()
        .filter(|(_, study)| &study.name == name);
    versions
        .next()
        .map_or(1, |(_, study)| study.version.saturating_add(1))
}

/// Which document a study means by a label or an id. Anybody enrolled can propose a template under any label, so those in
/// force go before those proposed, and of several with one label the study must name the id.
fn find(
    documents: &BTreeMap<DocumentId, Labelled>,
    wanted: &str,
) -> Result<DocumentId, ClientError> {
    let called = |(id, labelled): &(&DocumentId, &Labelled)| {
        labelled.label == wanted || id.to_string() == wanted
    };
    let all: Vec<_> = documents.iter().filter(called).collect();
    let in_force: Vec<_> = all.iter().filter(|(_, l)| l.in_force).copied().collect();
    match if in_force.is_empty() { all } else { in_force }.as_slice() {
        [(id, _)] => Ok(**id),
        [] => Err(ClientError::Unknown {
            what: "template",
            name: wanted.to_owned(),
            where_: "was proposed",
            known: if documents.is_empty() {
                "propose the templates first, with: cartally propose template FILE".into()
            } else {
                labels(documents)
            },
        }),
        several => Err(ClientError::Usage(format!(
            "several templates are called {wanted}; put the id of the one you mean in its place: {}",
            several
                .iter()
                .map(|(id, _)| id.to_string())
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

fn labels(documents: &BTreeMap<DocumentId, Labelled>) -> String {
    let labels = documents.values().map(|labelled| labelled.label.as_str());
    let labels: BTreeSet<&str> = labels.collect();
    labels.into_iter().collect::<Vec<_>>().join(", ")
}

/// A template of the log as people name it.
#[derive(Debug, Clone)]
struct Labelled {
    /// `name@version`.
    label: String,
    in_force: bool,
}

/// Every template that was ever proposed and can be read.
fn templates(session: &Session, governance: &Governance) -> BTreeMap<DocumentId, Labelled> {
    let documents = session
        .mirror
        .documents()
        .filter(|e| e.is::<TemplateDocument>());
    let labelled = documents.filter_map(|envelope| {
        let document: TemplateDocument = envelope.parse_unverified().ok()?;
        let label = Template::parse(&document.template).ok()?.title_id();
        let in_force = governance.template(&envelope.id()).is_some();
        Some((envelope.id(), Labelled { label, in_force }))
    });
    labelled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_proposed_under_the_name_of_another_is_not_taken_for_it() {
        let (one, two) = (
            DocumentId::from_bytes([1; 32]),
            DocumentId::from_bytes([2; 32]),
        );
        let labelled = |in_force| Labelled {
            label: "survival@1.0.0".into(),
            in_force,
        };
        let named = BTreeMap::from([(one, labelled(true)), (two, labelled(false))]);
        assert_eq!(find(&named, "survival@1.0.0").unwrap(), one);
        assert_eq!(find(&named, &two.to_string()).unwrap(), two);
        let both = BTreeMap::from([(one, labelled(false)), (two, labelled(false))]);
        assert_eq!(find(&both, "survival@1.0.0").unwrap_err().code(), "usage");
        let unknown = find(&both, "survival@2.0.0").unwrap_err();
        assert_eq!(unknown.code(), "unknown-template");
        let none = find(&BTreeMap::new(), "survival@1.0.0").unwrap_err();
        assert!(none.to_string().contains("propose the templates first"));
    }
}
