//! How does a member put a document in force? Shows what it says, and adds the member's signature.

use protocol::documents::{Roster, Study, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;

use super::submit;
use crate::error::ClientError;
use crate::home::Home;
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
    terminal.line(in_words(&document)?)?;
    if !yes {
        match terminal.confirm("Sign this document?")? {
            Some(true) => {}
            Some(false) => return Err(ClientError::NotConfirmed("you said no")),
            None => {
                return Err(ClientError::NotConfirmed(
                    "nobody is there to ask; read it, then add --yes",
                ));
            }
        }
    }
    document.add_signature(&home.signing_key()?);
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

/// What a member reads before signing: everything the document says, and nothing else.
fn in_words(document: &Envelope) -> Result<String, ClientError> {
    if document.is::<TemplateDocument>() {
        return Ok(document.parse_unverified::<TemplateDocument>()?.template);
    }
    if document.is::<Roster>() {
        return pretty(&document.parse_unverified::<Roster>()?);
    }
    if document.is::<Study>() {
        return pretty(&document.parse_unverified::<Study>()?);
    }
    Err(ClientError::Usage(format!(
        "a {} is not put in force by the committee",
        kind_of(document)
    )))
}

fn pretty<T: serde::Serialize>(document: &T) -> Result<String, ClientError> {
    serde_json::to_string_pretty(document).map_err(|e| ClientError::unreadable("document", &e))
}
