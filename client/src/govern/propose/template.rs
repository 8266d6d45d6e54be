//! What may be asked? A template from a file, read and checked as every node will.

use std::path::Path;

use protocol::documents::TemplateDocument;
use question::template::Template;

use super::put_before_committee;
use crate::error::ClientError;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;

/// Proposes the template in `file`.
pub(crate) async fn propose_template(
    home: &Home,
    session: &Session,
    file: &Path,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let text = std::fs::read_to_string(file).map_err(ClientError::file(file))?;
    let template = Template::parse(&text)?;
    let governance = session.governance(home)?;
    let document = TemplateDocument {
        network: home.profile.network.clone(),
        proposer: home.signing_key()?.public(),
        template: text,
    };
    let what = template.title_id();
    put_before_committee(home, session, &governance, (&document, &what), terminal).await
}
