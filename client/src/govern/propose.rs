//! What is put before the committee? A roster, a template, a study, each signed by whoever proposes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use protocol::amount::NanoRho;
use protocol::documents::{Researcher, Roster, RosterCenter, Study, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::ids::{CenterId, DocumentId, StudyName};
use protocol::keys::{PublicKey, SumKey};
use question::template::Template;
use serde::Deserialize;

use super::{read_toml, submit};
use crate::error::ClientError;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;

/// What a node's `init` writes for the registry office.
#[derive(Debug, Deserialize)]
struct CenterCard {
    center: CenterId,
    name: String,
    signing_key: PublicKey,
    sum_key: SumKey,
}

/// What the registry office decides about a roster.
#[derive(Debug)]
pub(crate) struct RosterChoice {
    /// `enrolment.json` of each center.
    pub(crate) centers: Vec<PathBuf>,
    /// The coordinator's key for results.
    pub(crate) coordinator: PublicKey,
    /// Until when the centers belong to the network.
    pub(crate) valid_until: Timestamp,
    /// Seconds before anything leaves a node.
    pub(crate) answer_delay_s: f64,
}

/// Proposes the next version of the roster.
pub(crate) async fn propose_roster(
    home: &Home,
    session: &Session,
    choice: &RosterChoice,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let governance = session.governance(home)?;
    let version = governance.roster().map_or(1, |r| r.document.version + 1);
    let key = home.signing_key()?;
    let centers = choice
        .centers
        .iter()
        .map(|path| center_of(path, choice.valid_until));
    let roster = Roster {
        network: home.profile.network.clone(),
        proposer: key.public(),
        version,
        coordinator: choice.coordinator,
        centers: centers.collect::<Result<_, _>>()?,
        answer_delay_s: choice.answer_delay_s,
    };
    roster.check()?;
    submit(session, &Envelope::sign(&roster, &key), "roster", terminal).await?;
    Ok(())
}

fn center_of(path: &Path, valid_until: Timestamp) -> Result<RosterCenter, ClientError> {
    let bytes = std::fs::read(path).map_err(ClientError::file(path))?;
    let card: CenterCard =
        serde_json::from_slice(&bytes).map_err(|e| ClientError::unreadable(path, &e))?;
    Ok(RosterCenter {
        id: card.center,
        name: card.name,
        signing_key: card.signing_key,
        sum_key: card.sum_key,
        valid_until,
    })
}

/// Proposes the template in `file`, after it was read and checked as every node will.
pub(crate) async fn propose_template(
    home: &Home,
    session: &Session,
    file: &Path,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let text = std::fs::read_to_string(file).map_err(ClientError::file(file))?;
    let template = Template::parse(&text)?;
    let key = home.signing_key()?;
    let document = TemplateDocument {
        network: home.profile.network.clone(),
        proposer: key.public(),
        template: text,
    };
    submit(
        session,
        &Envelope::sign(&document, &key),
        &template.title_id(),
        terminal,
    )
    .await?;
    Ok(())
}

/// A study as the registry office writes it down; templates by `name@version`.
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
    let known = templates_by_label(session);
    let key = home.signing_key()?;
    let rho_cap: NanoRho = written
        .rho_cap
        .parse()
        .map_err(|e| ClientError::unreadable(file, &e))?;
    let study = Study {
        network: home.profile.network.clone(),
        proposer: key.public(),
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
    submit(
        session,
        &Envelope::sign(&study, &key),
        &format!("study {}", study.name),
        terminal,
    )
    .await?;
    Ok(())
}

/// Every template that was ever proposed, by `name@version`; of several with one label the last.
fn templates_by_label(session: &Session) -> BTreeMap<String, DocumentId> {
    let documents = session
        .mirror
        .documents()
        .filter(|e| e.is::<TemplateDocument>());
    let labelled = documents.filter_map(|envelope| {
        let document: TemplateDocument = envelope.parse_unverified().ok()?;
        Some((
            Template::parse(&document.template).ok()?.title_id(),
            envelope.id(),
        ))
    });
    labelled.collect()
}

fn find(known: &BTreeMap<String, DocumentId>, label: &str) -> Result<DocumentId, ClientError> {
    known
        .get(label)
        .copied()
        .ok_or_else(|| ClientError::Unknown {
            what: "template",
            name: label.to_owned(),
            where_: "was proposed",
            known: known.keys().cloned().collect::<Vec<_>>().join(", "),
        })
}
