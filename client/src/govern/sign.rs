//! How does a member put a document in force? Shows what it says, and adds the member's signature.

use protocol::documents::{Roster, Study, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use question::template::Template;
use transport::printable::printable_line;

use super::submit;
use crate::error::ClientError;
use crate::home::Home;
use crate::mirror::Mirror;
use crate::session::Session;
use crate::terminal::Terminal;

/// Shows the document `id` of the log and, once confirmed, signs and submits it.
pub(crate) async fn sign(
    home: &Home,
    session: &Session,
    id: DocumentId,
    yes: bool,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let mut document =
        session
            .mirror
            .document(&id)
            .cloned()
            .ok_or_else(|| ClientError::Unknown {
                what: "document",
                name: id.to_string(),
                where_: "is in the log",
                known: "see: cartally log".into(),
            })?;
    terminal.line(in_words(&document, &session.mirror)?)?;
    terminal.must_confirm("Sign this document?", yes)?;
    document.add_signature_seeing(&home.signing_key()?, session.mirror.position());
    submit(session, &document, kind_of(&document), terminal).await?;
    Ok(())
}

/// The kind of a governance document, for people.
pub(crate) fn kind_of(document: &Envelope) -> &str {
    document
        .payload_type
        .strip_prefix("application/vnd.cartally.")
        .and_then(|rest| rest.strip_suffix("+json"))
        .unwrap_or("document")
}

/// What a member reads before signing: everything the document says, and what the ids in it stand for.
fn in_words(document: &Envelope, mirror: &Mirror) -> Result<String, ClientError> {
    if document.is::<TemplateDocument>() {
        let template: TemplateDocument = document.parse_unverified()?;
        return of_template(&template);
    }
    if document.is::<Roster>() {
        return pretty(&document.parse_unverified::<Roster>()?);
    }
    if document.is::<Study>() {
        let study: Study = document.parse_unverified()?;
        let labels = study.templates.iter().map(|id| label_of(mirror, id));
        let labels: Vec<String> = labels.collect();
        return Ok(format!(
            "{}\nits templates:\n{}\nits questions may cost each center rho {} in all, epsilon {:.2} at delta 1e-6",
            pretty(&study)?,
            labels.join("\n"),
            study.rho_cap,
            study.rho_cap.epsilon(),
        ));
    }
    Err(ClientError::Usage(format!(
        "a {} is not put in force by the committee",
        kind_of(document)
    )))
}

/// A template that nodes could not read is not worth a signature, so it must be readable here.
fn of_template(document: &TemplateDocument) -> Result<String, ClientError> {
    let template = Template::parse(&document.template)?;
    Ok(format!(
        "template {}\nnetwork  {}\nproposer {}\n\n{}",
        template.title_id(),
        document.network,
        document.proposer,
        document.template
    ))
}

/// `name@version` of a template in the log.
fn label_of(mirror: &Mirror, id: &DocumentId) -> String {
    let known = mirror.document(id).and_then(|envelope| {
        let document: TemplateDocument = envelope.parse_unverified().ok()?;
        Some(Template::parse(&document.template).ok()?.title_id())
    });
    let label = known.unwrap_or_else(|| "not in the log, or not readable".to_owned());
    format!("  {id}  {}", printable_line(&label))
}

/// A document's fields, one a line.
pub(super) fn pretty<T: serde::Serialize>(document: &T) -> Result<String, ClientError> {
    serde_json::to_string_pretty(document).map_err(|e| ClientError::unreadable("document", &e))
}

#[cfg(test)]
mod tests {
    use protocol::documents::Researcher;
    use protocol::keys::SigningKey;
    use question::template::shipped_template;

    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap()
    }

    fn mirror() -> (tempfile::TempDir, Mirror) {
        let dir = tempfile::tempdir().unwrap();
        let mirror = Mirror::open(&dir.path().join("log.jsonl")).unwrap();
        (dir, mirror)
    }

    #[test]
    fn a_template_is_shown_whole_with_its_network_and_proposer() {
        let toml = shipped_template("survival").unwrap().toml().to_owned();
        let document = TemplateDocument {
            network: "demo".parse().unwrap(),
            proposer: key().public(),
            template: toml.clone(),
        };
        let shown = in_words(&Envelope::sign(&document, &key()), &mirror().1).unwrap();
        assert!(shown.contains("network  demo") && shown.ends_with(&toml));
        assert!(shown.contains(&document.proposer.to_string()));
    }

    #[test]
    fn a_template_that_no_node_could_read_is_not_offered_for_a_signature() {
        let document = TemplateDocument {
            network: "demo".parse().unwrap(),
            proposer: key().public(),
            template: "name = 1".into(),
        };
        assert!(in_words(&Envelope::sign(&document, &key()), &mirror().1).is_err());
    }

    #[test]
    fn a_study_is_shown_with_every_field_and_what_its_templates_are() {
        let study = Study {
            network: "demo".parse().unwrap(),
            proposer: key().public(),
            name: "first".parse().unwrap(),
            version: 1,
            purpose: "to see".into(),
            protocol_reference: "p-1".into(),
            ethics_reference: "e-1".into(),
            researchers: vec![Researcher {
                id: "kim".parse().unwrap(),
                name: "Kim".into(),
                key: key().public(),
            }],
            templates: vec![DocumentId::from_bytes([7; 32])],
            rho_cap: protocol::amount::NanoRho::from_nano(5),
            expires: jiff::Timestamp::UNIX_EPOCH,
            calendar: vec![],
        };
        let shown = in_words(&Envelope::sign(&study, &key()), &mirror().1).unwrap();
        for said in [
            "to see",
            "p-1",
            "e-1",
            "kim",
            "1970-01-01",
            "not in the log",
        ] {
            assert!(shown.contains(said), "{said}");
        }
    }
}
