//! How does a person come in, and stay in? Keys made here, a certificate for an invitation, and a new one before it ends.

use std::path::Path;

use jiff::Timestamp;
use protocol::api::Enrolled;
use protocol::documents::{EnrolledRole, Enrolment};
use protocol::envelope::Envelope;
use protocol::fingerprint::Fingerprint;
use protocol::ids::{NetworkName, PersonId};
use protocol::log::LogPosition;
use transport::TransportError;
use transport::clock::SystemClock;
use transport::join::{Token, enrol};
use transport::tls::Roots;

use crate::error::ClientError;
use crate::govern::{fingerprint_words, moment};
use crate::home::{Home, Profile};
use crate::mirror::Mirror;
use crate::session::Session;
use crate::terminal::{Terminal, warn};

/// What a person who joins says. What an existing home knows already need not be said again.
#[derive(Debug)]
pub(crate) struct Joining {
    /// The invitation.
    pub(crate) token: Token,
    /// `https://host:port`.
    pub(crate) coordinator: Option<String>,
    /// The network's name.
    pub(crate) network: Option<NetworkName>,
    /// The id that the invitation is for.
    pub(crate) person: Option<PersonId>,
    /// For people.
    pub(crate) name: Option<String>,
    /// For people.
    pub(crate) organisation: Option<String>,
    /// The charter's fingerprint, if it was compared.
    pub(crate) charter: Option<Fingerprint>,
}

/// Enrols with an invitation: a new home, or a new certificate for the keys of an existing one.
pub(crate) async fn join(
    data: &Path,
    joining: Joining,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let token = joining.token.clone();
    let mut home = if data.join("cartally.toml").exists() {
        changed(Home::open(data)?, joining)?
    } else {
        Home::create(data, new_profile(joining)?)?
    };
    let seen = Mirror::open(&home.path("log.jsonl"))?.position();
    let enrolment = enrolment(&home, seen)?;
    let clock = SystemClock::shared();
    let enrolled = enrol(&home.profile.coordinator, &token, &enrolment, &clock).await?;
    home.keep(&enrolled)?;
    // Only now is the address known to be right; the charter is pinned with it.
    let profile = home.profile.clone();
    home.change(profile)?;
    said(&home, enrolled.valid_until, terminal)
}

fn said(home: &Home, until: Timestamp, terminal: &mut Terminal) -> Result<(), ClientError> {
    let (profile, key) = (&home.profile, home.signing_key()?.public());
    terminal.line(format!(
        "enrolled {} in network {}; the certificate is valid until {} and renews by itself",
        profile.person,
        profile.network,
        moment(until)
    ))?;
    terminal.line(format!("signing key {key}"))?;
    terminal.line(
        "as words, to be read over the telephone to whoever puts it in a charter or study:",
    )?;
    terminal.line(fingerprint_words(key.into()).trim_end())?;
    if profile.charter.is_none() {
        terminal.line(
            "compare the charter's fingerprint by telephone, then run: cartally charter pin FINGERPRINT",
        )?;
    }
    Ok(())
}

fn new_profile(joining: Joining) -> Result<Profile, ClientError> {
    let missing = |option: &str| {
        ClientError::Usage(format!(
            "there is no home yet, so say {option} too (see: cartally join --help)"
        ))
    };
    Ok(Profile {
        network: joining.network.ok_or_else(|| missing("--network"))?,
        person: joining.person.ok_or_else(|| missing("--person"))?,
        coordinator: joining
            .coordinator
            .ok_or_else(|| missing("--coordinator"))?,
        name: joining.name.unwrap_or_default(),
        organisation: joining.organisation.unwrap_or_default(),
        charter: joining.charter.map(Fingerprint::document),
    })
}

/// The home with what was said anew, none of it saved yet. Until its first certificate came, everything may have been a slip
/// of the pen.
fn changed(mut home: Home, joining: Joining) -> Result<Home, ClientError> {
    let known = &home.profile;
    let charter = joining.charter.map(Fingerprint::document);
    let said = Profile {
        network: joining.network.unwrap_or_else(|| known.network.clone()),
        person: joining.person.unwrap_or_else(|| known.person.clone()),
        coordinator: joining
            .coordinator
            .unwrap_or_else(|| known.coordinator.clone()),
        name: joining.name.unwrap_or_else(|| known.name.clone()),
        organisation: joining
            .organisation
            .unwrap_or_else(|| known.organisation.clone()),
        charter: known.charter.or(charter),
    };
    let same = said.network == known.network && said.person == known.person;
    if home.has_certificate() && !same {
        return Err(ClientError::Usage(format!(
            "this is the home of {} in network {}; give another --data for another person or network",
            known.person, known.network
        )));
    }
    if let Some(charter) = charter {
        home.may_pin(charter)?;
    }
    home.profile = said;
    Ok(home)
}

/// This person's signed word about name and keys.
fn enrolment(home: &Home, seen: LogPosition) -> Result<Envelope, ClientError> {
    let (profile, key) = (&home.profile, home.signing_key()?);
    let enrolment = Enrolment {
        network: profile.network.clone(),
        role: EnrolledRole::Person,
        id: profile.person.to_string(),
        name: profile.name.clone(),
        organisation: profile.organisation.clone(),
        signing_key: key.public(),
        sum_key: None,
        request: home.request()?,
        log: seen,
    };
    enrolment.check()?;
    Ok(Envelope::sign(&enrolment, &key))
}

/// Gets a new certificate for the same keys. That it did not come is said, and no error: the old one still holds.
pub(crate) async fn renew_or_warn(home: &Home, session: &Session, until: Timestamp) {
    if let Err(error) = renew(home, session).await {
        warn(&format!(
            "the certificate ends {} and could not be renewed: {error}; it is tried again with the next command",
            moment(until)
        ));
    }
}

async fn renew(home: &Home, session: &Session) -> Result<(), ClientError> {
    let enrolment = enrolment(home, session.mirror.position())?;
    let enrolled = session.api.renew(&enrolment).await?;
    is_of_our_authority(home, &enrolled)?;
    home.keep(&enrolled)
}

/// Only an invitation may name another authority: whoever holds the server's key for a while must not stay believed for it.
fn is_of_our_authority(home: &Home, enrolled: &Enrolled) -> Result<(), ClientError> {
    let theirs = Roots::from_pem(enrolled.ca.as_bytes())?;
    if theirs.digest() == home.roots()?.digest() {
        return Ok(());
    }
    let why = "it renews the certificate under another authority than this home's".to_owned();
    Err(TransportError::Answer(why).into())
}

#[cfg(test)]
mod tests;
