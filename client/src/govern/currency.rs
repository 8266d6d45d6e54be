//! Does the network still know what is in force? The registry office says so, at least every 14 days; made for cron.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use protocol::documents::{Currency, hash_of_revocations};
use protocol::envelope::Envelope;
use protocol::limits::CURRENCY_VALID_S;
use protocol::verify::Governance;
use transport::clock::{Clock, SystemClock};
use transport::keys::write_atomic;

use super::view::moment;
use crate::error::ClientError;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;

const DAY_S: i64 = 24 * 3600;

/// When to sign, and where to leave a copy.
#[derive(Debug, Default)]
pub(crate) struct CurrencyChoice {
    /// Nothing is done while the one in force is younger.
    pub(crate) if_older_than_days: Option<u32>,
    /// Where the signed document is written, for operators who load it by hand.
    pub(crate) out: Option<PathBuf>,
}

/// Signs and submits a currency document over the log as it was just verified here. One line of output.
pub(crate) async fn currency(
    home: &Home,
    session: &Session,
    choice: &CurrencyChoice,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let governance = session.governance(home)?;
    let (key, now) = (home.signing_key()?, SystemClock.now());
    let timekeeper = governance
        .charter()
        .is_some_and(|c| c.timekeeper_keys().contains(&key.public()));
    if !timekeeper {
        return Err(ClientError::NotATimekeeper);
    }
    if let Some(newest) = governance.currency()
        && governance.fits(&newest.document).is_ok()
        && is_young(
            now.duration_since(newest.document.time),
            choice.if_older_than_days,
        )
    {
        if let (Some(path), Some(document)) = (&choice.out, session.mirror.document(&newest.id)) {
            write_atomic(path, &document.to_json())?;
        }
        terminal.line(format!(
            "currency {}: still young, signed {}; nothing was signed{}",
            newest.id,
            moment(newest.document.time),
            at(choice.out.as_deref())
        ))?;
        return Ok(());
    }
    let currency = Currency {
        network: home.profile.network.clone(),
        time: now,
        log: session.mirror.position(),
        revocations: hash_of_revocations(&governance.revocations()),
    };
    let signed = Envelope::sign(&currency, &key);
    let submitted = session.api.submit(&signed).await?;
    if let Some(path) = &choice.out {
        write_atomic(path, &signed.to_json())?;
    }
    let until = now.saturating_add(SignedDuration::from_secs(CURRENCY_VALID_S));
    terminal.line(format!(
        "currency {}: in force until {}{}",
        submitted.id,
        moment(until.unwrap_or(now)),
        at(choice.out.as_deref())
    ))?;
    Ok(())
}

/// Why no center will answer for want of currency, if so: before anybody asks for nothing.
pub(crate) fn lack_of_currency(governance: &Governance, now: Timestamp) -> Option<&'static str> {
    let valid = governance.currency().is_some_and(|newest| {
        let age = now.duration_since(newest.document.time);
        governance.fits(&newest.document).is_ok()
            && age < SignedDuration::from_secs(CURRENCY_VALID_S)
    });
    (!valid).then_some(
        "no currency is in force: no center will answer until the registry office signs currency",
    )
}

fn is_young(age: SignedDuration, days: Option<u32>) -> bool {
    let limit = |days: u32| SignedDuration::from_secs(i64::from(days) * DAY_S);
    days.is_some_and(|days| age < limit(days))
}

fn at(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| {
        format!("; written to {}", path.display())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::govern::sample::{OFFICE, Sample, days as of_days, key};

    #[test]
    fn whoever_asks_is_warned_until_currency_is_signed_and_again_once_it_has_ended() {
        let mut sample = Sample::running();
        let lacks = |sample: &Sample| lack_of_currency(&sample.governance(), sample.now).is_some();
        assert!(lacks(&sample));
        let currency = Currency {
            network: "demo".parse().unwrap(),
            time: sample.now,
            log: sample.mirror.position(),
            revocations: hash_of_revocations(&BTreeSet::new()),
        };
        sample.log(&Envelope::sign(&currency, &key(OFFICE)));
        assert!(!lacks(&sample));
        sample.now += of_days(14);
        assert!(lacks(&sample));
    }

    #[test]
    fn what_is_exactly_as_old_as_the_limit_is_signed_anew() {
        let days = |days| SignedDuration::from_secs(days * DAY_S);
        assert!(is_young(days(7) - SignedDuration::from_secs(1), Some(7)));
        assert!(!is_young(days(7), Some(7)) && !is_young(days(0), None));
        assert!(!is_young(days(0), Some(0)));
    }
}
