//! How is a question asked? Compose it, show what it will cost and how wide its intervals will be, sign it, send it.

mod compose;
mod preview;
mod templates;

pub(crate) use compose::release;
pub(crate) use preview::table as preview_table;
pub(crate) use templates::list_templates;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::Date;
use protocol::documents::Query;
use protocol::envelope::Envelope;
use protocol::ids::StudyName;
use protocol::limits::DEADLINE_S_MAX;
use protocol::question::Mode;
use transport::clock::{Clock, SystemClock};

use crate::catalogue::releases;
use crate::error::ClientError;
use crate::govern::lack_of_currency;
use crate::home::Home;
use crate::outbox;
use crate::session::Session;
use crate::terminal::{Terminal, warn};
use crate::watch;

/// Seconds until a result is published at the latest, unless said otherwise: one day.
pub const DEADLINE_S_DEFAULT: i64 = 24 * 3600;

/// What a person wants to know.
#[derive(Debug)]
pub(crate) struct Ask {
    /// The template's name, or `name@version`.
    pub(crate) template: String,
    /// Parameters as typed.
    pub(crate) params: BTreeMap<String, String>,
    /// What the person expects, `key=value`.
    pub(crate) expect: BTreeMap<String, String>,
    /// The price, as typed.
    pub(crate) rho: Option<String>,
    /// Local or secure.
    pub(crate) mode: Mode,
    /// The study, if there are several.
    pub(crate) study: Option<StudyName>,
    /// The lock date; today unless given.
    pub(crate) lock_date: Option<Date>,
    /// Seconds until the deadline.
    pub(crate) deadline_s: i64,
    /// Only show the preview.
    pub(crate) preview_only: bool,
    /// Do not ask before signing.
    pub(crate) yes: bool,
    /// Follow the query afterwards.
    pub(crate) watch: bool,
}

/// The whole way from what was typed to a query that is on its way.
pub(crate) async fn ask(
    home: &Home,
    session: &mut Session,
    ask: &Ask,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let now = SystemClock.now();
    let deadline = deadline_after(now, ask.deadline_s)?;
    let governance = session.governance(home)?;
    let key = home.signing_key()?;
    let composed = compose::compose(&governance, key.public(), ask, now)?;
    terminal.line(preview::show(&composed, &releases(&session.mirror)))?;
    if let Some(lack) = lack_of_currency(&governance, now) {
        warn(lack);
    }
    if ask.preview_only {
        return Ok(());
    }
    terminal.must_confirm("Sign and send?", ask.yes)?;
    let query = Query {
        question: composed.question,
        study: composed.study_id,
        created: now,
        deadline,
        log: session.mirror.position(),
    };
    let id = outbox::keep_and_send(home, &session.api, &Envelope::sign(&query, &key)).await?;
    terminal.line(format!("query {id}"))?;
    if ask.watch {
        watch::watch(home, session, id, terminal).await?;
    }
    Ok(())
}

fn deadline_after(now: jiff::Timestamp, deadline_s: i64) -> Result<jiff::Timestamp, ClientError> {
    if !(1..=DEADLINE_S_MAX).contains(&deadline_s) {
        return Err(ClientError::Usage(format!(
            "--deadline-s must lie between 1 and {DEADLINE_S_MAX}"
        )));
    }
    now.checked_add(SignedDuration::from_secs(deadline_s))
        .map_err(|e| ClientError::Usage(e.to_string()))
}

/// `KEY=VALUE` arguments as a map; a key twice is an error, because one of the two would be lost.
pub(crate) fn pairs(
    option: &str,
    given: &[String],
) -> Result<BTreeMap<String, String>, ClientError> {
    let mut pairs = BTreeMap::new();
    for text in given {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            ClientError::Usage(format!("{option} {text:?} must be written KEY=VALUE"))
        })?;
        if pairs
            .insert(key.trim().to_owned(), value.trim().to_owned())
            .is_some()
        {
            return Err(ClientError::Usage(format!(
                "{option} {key} is given twice; give it once"
            )));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_without_value_or_given_twice_is_refused() {
        let of = |given: &[&str]| {
            pairs(
                "--param",
                &given.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(of(&["clock=os", "by=a,b"]).unwrap().len(), 2);
        assert!(of(&["clock"]).is_err());
        assert!(of(&["clock=os", "clock=pfs"]).is_err());
    }

    #[test]
    fn a_deadline_at_the_limit_is_taken_and_one_second_more_is_not() {
        let now = jiff::Timestamp::UNIX_EPOCH;
        assert!(deadline_after(now, DEADLINE_S_MAX).is_ok());
        assert!(deadline_after(now, DEADLINE_S_MAX + 1).is_err());
        assert!(deadline_after(now, 0).is_err());
    }
}
