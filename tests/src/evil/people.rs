//! Who takes part? kim and park of the society, choi of the university, the registry office, lee who asks, K01 who answers.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use protocol::amount::NanoRho;
use protocol::documents::{
    Charter, Currency, Member, Researcher, Roster, RosterCenter, Study, TemplateDocument,
    hash_of_revocations,
};
use protocol::ids::{DocumentId, NetworkName};
use protocol::keys::{PublicKey, SigningKey, SumKey};
use protocol::log::LogPosition;
use question::template::shipped_template;

/// The key of whoever is called so: the same in every test.
pub fn key(name: &str) -> SigningKey {
    // PKCS#8 of an Ed25519 key (RFC 8410), before its 32 bytes.
    let mut pkcs8 = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    pkcs8.extend(name.bytes().chain(std::iter::repeat(0)).take(32));
    SigningKey::from_pkcs8(&pkcs8).expect("32 bytes are a key")
}

/// The network of the tests.
pub fn network() -> NetworkName {
    "korea".parse().expect("a name")
}

/// When a test begins.
pub fn start() -> Timestamp {
    "2026-11-21T09:00:00Z".parse().expect("a moment")
}

/// So many days after the beginning.
pub fn in_days(days: i64) -> Timestamp {
    start() + SignedDuration::from_hours(24 * days)
}

/// A member of a committee.
pub fn member(id: &str, organisation: &str) -> Member {
    Member {
        id: id.parse().expect("an id"),
        name: id.to_owned(),
        organisation: organisation.to_owned(),
        key: key(id).public(),
    }
}

/// A person who may ask.
pub fn researcher(id: &str) -> Researcher {
    Researcher {
        id: id.parse().expect("an id"),
        name: id.to_owned(),
        key: key(id).public(),
    }
}

pub(super) fn charter() -> Charter {
    Charter {
        network: network(),
        version: 1,
        members: vec![
            member("kim", "society"),
            member("park", "society"),
            member("choi", "university"),
        ],
        threshold: 2,
        minimum_organisations: 2,
        timekeepers: vec![key("office").public()],
        predecessor: None,
    }
}

/// A charter that the coordinator and its friends wrote for themselves.
pub fn charter_of_its_own() -> Charter {
    Charter {
        members: vec![member("mallory", "coordinator"), member("trudy", "friends")],
        timekeepers: vec![key("trudy").public()],
        ..charter()
    }
}

/// A center of a roster.
pub fn center(id: &str, signing_key: PublicKey) -> RosterCenter {
    let mut sum_key = [1; 32];
    sum_key
        .iter_mut()
        .zip(id.bytes())
        .for_each(|(to, from)| *to = from);
    RosterCenter {
        id: id.parse().expect("an id"),
        name: id.to_owned(),
        signing_key,
        sum_key: SumKey::from_bytes(sum_key),
        valid_until: in_days(365),
    }
}

pub(super) fn roster(k01: PublicKey) -> Roster {
    Roster {
        network: network(),
        proposer: key("office").public(),
        version: 1,
        coordinator: key("coordinator").public(),
        centers: vec![center("K01", k01)],
        answer_delay_s: 0.0,
    }
}

pub(super) fn template() -> TemplateDocument {
    let shipped = shipped_template("feasibility-count").expect("it ships");
    TemplateDocument {
        network: network(),
        proposer: key("office").public(),
        template: shipped.toml().to_owned(),
    }
}

pub(super) fn study(template: DocumentId) -> Study {
    Study {
        network: network(),
        proposer: key("office").public(),
        name: "outcomes".parse().expect("a name"),
        version: 1,
        purpose: "to learn".to_owned(),
        protocol_reference: "P-1".to_owned(),
        ethics_reference: "E-1".to_owned(),
        researchers: vec![researcher("lee")],
        templates: vec![template],
        rho_cap: NanoRho::at_most(0.15).expect("an amount"),
        expires: in_days(300),
        calendar: vec![],
    }
}

pub(super) fn currency(
    time: Timestamp,
    log: LogPosition,
    revoked: &BTreeSet<DocumentId>,
) -> Currency {
    Currency {
        network: network(),
        time,
        log,
        revocations: hash_of_revocations(revoked),
    }
}
