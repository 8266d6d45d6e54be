//! What may be asked? Lists the templates in force.

use question::template::Template;
use transport::printable::printable_line;

use crate::error::ClientError;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;

/// One paragraph a template: name, title, text, parameters with their defaults.
pub(crate) fn list_templates(
    home: &Home,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let governance = session.governance(home)?;
    for (id, document) in governance.templates() {
        let template = Template::parse(&document.template)?;
        terminal.line(format!(
            "{}  {}\n  {}",
            printable_line(&template.title_id()),
            printable_line(&template.title),
            id
        ))?;
        for line in template.text.trim().lines() {
            terminal.line(format!("  {line}"))?;
        }
        for (name, value) in template
            .bind(&std::collections::BTreeMap::new())?
            .canonical()
        {
            terminal.line(format!("  --param {name}={value}"))?;
        }
    }
    Ok(())
}
