//! Every limit of a document holds at its edge: so many are taken, one more is not.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot build its document should stop"
)]

use jiff::Timestamp;
use protocol::amount::NanoRho;
use protocol::documents::{Charter, Member, Researcher, Roster, RosterCenter, Study};
use protocol::envelope::{Envelope, EnvelopeError};
use protocol::ids::DocumentId;
use protocol::keys::{PublicKey, SigningKey, SumKey};
use protocol::limits::{
    ANSWER_DELAY_S_MAX, CENTERS_MAX, MEMBERS_MAX, RESEARCHERS_MAX, SIGNATURES_MAX,
    STUDY_TEMPLATES_MAX,
};

/// The 32 bytes of key or id number `n`.
fn bytes(n: usize) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(n as u64 + 1).to_be_bytes());
    bytes
}

fn key(n: usize) -> PublicKey {
    PublicKey::from_bytes(bytes(n))
}

fn charter(members: usize) -> Charter {
    let member = |n: usize| Member {
        id: format!("member{n}").parse().unwrap(),
        name: String::new(),
        organisation: format!("organisation {n}"),
        key: key(n),
    };
    Charter {
        network: "korea".parse().unwrap(),
        version: 1,
        members: (0..members).map(member).collect(),
        threshold: u32::try_from(members).unwrap(),
        minimum_organisations: 1,
        timekeepers: vec![key(members)],
        predecessor: None,
    }
}

fn roster(centers: usize, answer_delay_s: f64) -> Roster {
    let center = |n: usize| RosterCenter {
        id: format!("K{n}").parse().unwrap(),
        name: String::new(),
        signing_key: key(n),
        sum_key: SumKey::from_bytes(bytes(n)),
        valid_until: Timestamp::MAX,
    };
    Roster {
        network: "korea".parse().unwrap(),
        proposer: key(centers),
        version: 1,
        coordinator: key(centers + 1),
        centers: (0..centers).map(center).collect(),
        answer_delay_s,
    }
}

fn study(researchers: usize, templates: usize) -> Study {
    let researcher = |n: usize| Researcher {
        id: format!("researcher{n}").parse().unwrap(),
        name: String::new(),
        key: key(n),
    };
    Study {
        network: "korea".parse().unwrap(),
        proposer: key(researchers),
        name: "first".parse().unwrap(),
        version: 1,
        purpose: "survival".into(),
        protocol_reference: String::new(),
        ethics_reference: String::new(),
        researchers: (0..researchers).map(researcher).collect(),
        templates: (0..templates)
            .map(|n| DocumentId::from_bytes(bytes(n)))
            .collect(),
        rho_cap: NanoRho::from_nano(1),
        expires: Timestamp::MAX,
        calendar: vec![],
    }
}

#[test]
fn a_charter_has_at_least_one_member_and_at_most_the_limit() {
    assert!(charter(0).check().is_err());
    assert!(charter(1).check().is_ok());
    assert!(charter(MEMBERS_MAX).check().is_ok());
    assert!(charter(MEMBERS_MAX + 1).check().is_err());
}

#[test]
fn a_charters_threshold_is_more_than_half_and_at_most_all() {
    let with = |members, threshold| {
        Charter {
            threshold,
            ..charter(members)
        }
        .check()
        .is_ok()
    };
    assert_eq!(
        (with(4, 2), with(4, 3), with(4, 4), with(4, 5)),
        (false, true, true, false)
    );
    assert_eq!((with(3, 1), with(3, 2)), (false, true));
}

#[test]
fn a_charter_cannot_ask_for_more_organisations_than_it_has() {
    let with = |minimum_organisations| {
        Charter {
            minimum_organisations,
            ..charter(3)
        }
        .check()
        .is_ok()
    };
    assert_eq!(
        (with(0), with(1), with(3), with(4)),
        (false, true, true, false)
    );
}

#[test]
fn a_roster_has_at_least_one_center_and_at_most_the_limit() {
    assert!(roster(0, 5.0).check().is_err());
    assert!(roster(CENTERS_MAX, 5.0).check().is_ok());
    assert!(roster(CENTERS_MAX + 1, 5.0).check().is_err());
}

#[test]
fn an_answer_delay_is_a_number_between_nothing_and_the_limit() {
    for fits in [0.0, ANSWER_DELAY_S_MAX] {
        assert!(roster(1, fits).check().is_ok(), "{fits}");
    }
    for wrong in [-0.1, ANSWER_DELAY_S_MAX + 0.1, f64::NAN, f64::INFINITY] {
        assert!(roster(1, wrong).check().is_err(), "{wrong}");
    }
}

#[test]
fn a_study_keeps_its_limits_of_researchers_and_templates() {
    assert!(study(RESEARCHERS_MAX, STUDY_TEMPLATES_MAX).check().is_ok());
    assert!(study(RESEARCHERS_MAX + 1, 1).check().is_err());
    assert!(study(1, STUDY_TEMPLATES_MAX + 1).check().is_err());
    assert!(study(0, 1).check().is_err());
    assert!(study(1, 0).check().is_err());
}

#[test]
fn an_envelope_carries_at_most_the_limit_of_signatures() {
    let signer = SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap();
    let mut envelope = Envelope::sign(&charter(1), &signer);
    let one = envelope.signatures[0].clone();
    envelope.signatures = vec![one.clone(); SIGNATURES_MAX];
    assert!(Envelope::from_json(&envelope.to_json()).is_ok());
    envelope.signatures.push(one);
    let read = Envelope::from_json(&envelope.to_json());
    assert!(matches!(read, Err(EnvelopeError::TooLarge)));
}
