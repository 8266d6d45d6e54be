//! Which centers belong to the network? The next roster, from the one in force, from enrolments and from files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use protocol::documents::{EnrolledRole, Roster, RosterCenter};
use protocol::ids::CenterId;
use protocol::keys::{PublicKey, SumKey};
use serde::Deserialize;
use transport::clock::{Clock, SystemClock};

use super::put_before_committee;
use crate::error::ClientError;
use crate::govern::people::People;
use crate::govern::view::View;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;

/// The wait before anything leaves a node, unless said otherwise.
const ANSWER_DELAY_S_DEFAULT: f64 = 5.0;

/// What a node's `init` writes for the registry office.
#[derive(Debug, Deserialize)]
struct CenterCard {
    center: CenterId,
    name: String,
    signing_key: PublicKey,
    sum_key: SumKey,
}

/// What the registry office decides about a roster.
#[derive(Debug, Default)]
pub(crate) struct RosterChoice {
    /// Begin with the roster in force.
    pub(crate) from_current: bool,
    /// `enrolment.json` of each center to add or to replace.
    pub(crate) centers: Vec<PathBuf>,
    /// Centers whose keys are taken from their enrolment in the log.
    pub(crate) enrolled: Vec<CenterId>,
    /// Centers to leave out.
    pub(crate) remove: Vec<CenterId>,
    /// The coordinator's key for results; that of the roster in force unless given.
    pub(crate) coordinator: Option<PublicKey>,
    /// Until when the centers named here belong to the network.
    pub(crate) valid_until: Option<Timestamp>,
    /// Seconds before anything leaves a node.
    pub(crate) answer_delay_s: Option<f64>,
}

/// Proposes the next version of the roster.
pub(crate) async fn propose_roster(
    home: &Home,
    session: &Session,
    choice: &RosterChoice,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let view = View::of(home, session, SystemClock.now())?;
    let current = view.governance.roster().map(|roster| &roster.document);
    let named = named_centers(choice, &view.people)?;
    let base = choice.from_current.then_some(current).flatten();
    if choice.from_current && base.is_none() {
        return Err(ClientError::Usage(
            "no roster is in force, so --from-current has nothing to begin with".into(),
        ));
    }
    let coordinator = choice
        .coordinator
        .or_else(|| base.map(|roster| roster.coordinator))
        .ok_or_else(|| {
            ClientError::Usage("name the coordinator's key with --coordinator-key".into())
        })?;
    let roster = Roster {
        network: home.profile.network.clone(),
        proposer: view.me,
        version: current.map_or(1, |roster| roster.version.saturating_add(1)),
        coordinator,
        centers: composed(base, named, &choice.remove)?,
        answer_delay_s: choice
            .answer_delay_s
            .or_else(|| base.map(|roster| roster.answer_delay_s))
            .unwrap_or(ANSWER_DELAY_S_DEFAULT),
    };
    roster.check()?;
    let governance = session.governance(home)?;
    put_before_committee(home, session, &governance, (&roster, "roster"), terminal).await
}

/// The centers that the command names, from files and from the log.
fn named_centers(choice: &RosterChoice, people: &People) -> Result<Vec<RosterCenter>, ClientError> {
    if choice.centers.is_empty() && choice.enrolled.is_empty() {
        return Ok(Vec::new());
    }
    let valid_until = choice.valid_until.ok_or_else(|| {
        ClientError::Usage(
            "say with --valid-until how long the centers that you name belong to the network"
                .into(),
        )
    })?;
    let from_files = choice
        .centers
        .iter()
        .map(|path| center_of(path, valid_until));
    let from_log = choice
        .enrolled
        .iter()
        .map(|id| enrolled_center(people, id, valid_until));
    let named: Vec<RosterCenter> = from_files.chain(from_log).collect::<Result<_, _>>()?;
    let distinct: BTreeSet<&CenterId> = named.iter().map(|center| &center.id).collect();
    if distinct.len() == named.len() {
        return Ok(named);
    }
    Err(ClientError::Usage(
        "a center is named twice; name each once, by its file or by its enrolment".into(),
    ))
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

fn enrolled_center(
    people: &People,
    id: &CenterId,
    valid_until: Timestamp,
) -> Result<RosterCenter, ClientError> {
    let enrolment = people.enrolment(EnrolledRole::Center, id.as_str());
    let keys = enrolment.and_then(|it| Some((it, it.sum_key?)));
    let (enrolment, sum_key) = keys.ok_or_else(|| ClientError::Unknown {
        what: "enrolled center",
        name: id.to_string(),
        where_: "is in the log",
        known: "see: cartally enrolled".into(),
    })?;
    Ok(RosterCenter {
        id: id.clone(),
        name: enrolment.name.clone(),
        signing_key: enrolment.signing_key,
        sum_key,
        valid_until,
    })
}

/// The centers of `base` without those removed, and those named in their place or after them.
fn composed(
    base: Option<&Roster>,
    named: Vec<RosterCenter>,
    remove: &[CenterId],
) -> Result<Vec<RosterCenter>, ClientError> {
    let mut centers = base
        .map(|roster| roster.centers.clone())
        .unwrap_or_default();
    for id in remove {
        let before = centers.len();
        centers.retain(|center| &center.id != id);
        if centers.len() == before {
            return Err(ClientError::Usage(format!(
                "--remove {id}: the roster that this one begins with has no such center"
            )));
        }
    }
    for one in named {
        match centers.iter_mut().find(|center| center.id == one.id) {
            Some(center) => *center = one,
            None => centers.push(one),
        }
    }
    Ok(centers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn center(number: u8, key: u8) -> RosterCenter {
        RosterCenter {
            id: format!("K{number:02}").parse().unwrap(),
            name: format!("Hospital {number}"),
            signing_key: PublicKey::from_bytes([key; 32]),
            sum_key: SumKey::from_bytes([key; 32]),
            valid_until: Timestamp::UNIX_EPOCH,
        }
    }

    fn base() -> Roster {
        Roster {
            network: "demo".parse().unwrap(),
            proposer: PublicKey::from_bytes([9; 32]),
            version: 1,
            coordinator: PublicKey::from_bytes([8; 32]),
            centers: vec![center(1, 1), center(2, 2)],
            answer_delay_s: 1.0,
        }
    }

    #[test]
    fn a_center_named_again_takes_its_old_place_and_a_new_one_comes_last() {
        let named = vec![center(3, 3), center(1, 4)];
        let made = composed(Some(&base()), named, &["K02".parse().unwrap()]).unwrap();
        assert_eq!(made, [center(1, 4), center(3, 3)]);
    }

    #[test]
    fn a_center_that_is_not_there_cannot_be_removed() {
        let refused = composed(Some(&base()), vec![], &["K09".parse().unwrap()]).unwrap_err();
        assert_eq!(refused.code(), "usage");
    }
}
