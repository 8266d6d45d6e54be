//! What may be asked? Lists the templates in force.

use protocol::verify::Withdrawal;
use question::template::Template;
use transport::clock::{Clock, SystemClock};
use transport::printable::printable_line;

use crate::error::ClientError;
use crate::govern::moment;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;

/// One paragraph a template: name, title, text, parameters with their defaults.
pub(crate) fn list_templates(
    home: &Home,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let (governance, now) = (session.governance(home)?, SystemClock.now());
    for (id, document) in governance.templates() {
        let template = Template::parse(&document.template)?;
        let standing = match governance.withdrawal(id, now) {
            None => String::new(),
            Some(Withdrawal::Suspended { until }) => {
                format!("  SUSPENDED until {}", moment(until))
            }
            Some(Withdrawal::Revoked) => "  REVOKED".to_owned(),
        };
        terminal.line(format!(
            "{}  {}\n  {id}{standing}",
            printable_line(&template.title_id()),
            printable_line(&template.title),
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
