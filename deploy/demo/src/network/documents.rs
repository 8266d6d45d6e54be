//! How do the demo's documents come into force? By the same commands that people type.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use question::template::{shipped_templates, with_rho_max};
use transport::clock::{Clock, SystemClock};

use super::{MEMBERS, NETWORK, Network, OFFICE, Person, RESEARCHER, everybody, text};
use crate::error::DemoError;

/// Days until the demo's study and roster end.
const VALID_DAYS: i64 = 365;

/// Founds the network: the charter that every member signed, pinned by everybody and in the coordinator's log. Returns its fingerprint.
pub(super) fn found(network: &Network) -> Result<String, DemoError> {
    let (written, signed) = (
        network.settings.root.join("charter.toml"),
        network.settings.root.join("charter.json"),
    );
    super::write(&written, &charter(network)?)?;
    let [first, others @ ..] = MEMBERS;
    let said = network.cartally(
        &first,
        &["charter", "new", &text(&written), "--out", &text(&signed)],
    )?;
    let fingerprint = said
        .id_after("fingerprint")
        .ok_or_else(|| silent("charter new", "the fingerprint"))?;
    for member in others {
        network.cartally(&member, &["charter", "sign", &text(&signed), "--yes"])?;
    }
    for person in everybody() {
        network.cartally(&person, &["charter", "pin", &fingerprint])?;
    }
    network.cartally(&first, &["submit", &text(&signed)])?;
    Ok(fingerprint)
}

/// Roster, templates and study, proposed by the office and signed by the committee, and a currency document.
pub(super) fn put_in_force(network: &Network) -> Result<(), DemoError> {
    propose_roster(network)?;
    let labels = propose_templates(network)?;
    let study = network.settings.root.join("study.toml");
    super::write(&study, &study_text(network, &labels)?)?;
    let said = network.cartally(&OFFICE, &["propose", "study", &text(&study)])?;
    network.decide(
        &said
            .id_after("study demo")
            .ok_or_else(|| silent("propose study", "its id"))?,
    )?;
    network.cartally(&OFFICE, &["currency"]).map(drop)
}

fn propose_roster(network: &Network) -> Result<(), DemoError> {
    let (key, until) = (coordinator_key(network)?, in_days(VALID_DAYS).to_string());
    let delay = network.settings.answer_delay_s.to_string();
    let mut arguments = vec![
        "propose",
        "roster",
        "--coordinator-key",
        &key,
        "--valid-until",
        &until,
    ];
    arguments.extend(["--answer-delay-s", &delay]);
    for center in &network.centers {
        arguments.extend(["--enrolled", &center.id]);
    }
    let said = network.cartally(&OFFICE, &arguments)?;
    network.decide(
        &said
            .id_after("roster")
            .ok_or_else(|| silent("propose roster", "its id"))?,
    )
}

/// Copies of the shipped templates whose privacy limit allows what the demo asks.
fn propose_templates(network: &Network) -> Result<Vec<String>, DemoError> {
    let limit = network
        .settings
        .rho_cap
        .parse()
        .map_err(|_| DemoError::Usage("the cap is not a rho".into()))?;
    let mut labels = Vec::new();
    for template in shipped_templates()? {
        let path = network
            .settings
            .root
            .join(format!("{}.toml", template.name));
        super::write(&path, &with_rho_max(template.toml(), limit)?)?;
        let said = network.cartally(&OFFICE, &["propose", "template", &text(&path)])?;
        let label = template.title_id();
        network.decide(
            &said
                .id_after(&label)
                .ok_or_else(|| silent("propose template", "its id"))?,
        )?;
        labels.push(label);
    }
    Ok(labels)
}

fn charter(network: &Network) -> Result<String, DemoError> {
    let office = key_of(network, &OFFICE)?;
    let head = format!(
        "network = \"{NETWORK}\"\nthreshold = 2\nminimum_organisations = 2\ntimekeepers = [\"{office}\"]\n"
    );
    let members = MEMBERS.iter().map(|member| member_text(network, member));
    Ok(head + &members.collect::<Result<String, _>>()?)
}

fn member_text(network: &Network, member: &Person) -> Result<String, DemoError> {
    let (id, name, organisation) = (member.id, member.name, member.organisation);
    let key = key_of(network, member)?;
    Ok(format!(
        "\n[[members]]\nid = \"{id}\"\nname = \"{name}\"\norganisation = \"{organisation}\"\nkey = \"{key}\"\n"
    ))
}

fn study_text(network: &Network, labels: &[String]) -> Result<String, DemoError> {
    let templates = labels
        .iter()
        .map(|label| format!("\"{label}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let (cap, expires, key) = (
        &network.settings.rho_cap,
        in_days(VALID_DAYS),
        key_of(network, &RESEARCHER)?,
    );
    Ok(format!(
        "name = \"demo\"\npurpose = \"Shows how a question travels.\"\nprotocol_reference = \"demo protocol 1\"\n\
         ethics_reference = \"none: public data\"\nrho_cap = \"{cap}\"\nexpires = \"{expires}\"\ntemplates = [{templates}]\n\n\
         [[researchers]]\nid = \"{}\"\nname = \"{}\"\nkey = \"{key}\"\n",
        RESEARCHER.id, RESEARCHER.name
    ))
}

/// The public key in a person's card.
fn key_of(network: &Network, person: &Person) -> Result<String, DemoError> {
    text_in(&network.home(person).join("card.json"), "key")
}

/// The key that signs results, as the coordinator's `init` wrote it.
fn coordinator_key(network: &Network) -> Result<String, DemoError> {
    text_in(&network.coordinator_dir.join("handout.json"), "signing_key")
}

fn text_in(path: &Path, field: &str) -> Result<String, DemoError> {
    let bytes = std::fs::read(path).map_err(DemoError::file(path))?;
    let card: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    card.get(field)
        .and_then(serde_json::Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| silent(&text(path), "its key"))
}

fn in_days(days: i64) -> Timestamp {
    let now = SystemClock.now();
    now.saturating_add(SignedDuration::from_hours(24 * days))
        .unwrap_or(now)
}

fn silent(what: &str, wanted: &'static str) -> DemoError {
    DemoError::Silent {
        what: what.to_owned(),
        wanted,
    }
}
