//! Which homes may an invitation be used in, and what does an enrolment say?

use transport::ca::{AUTHORITY_VALID, Validity};
use transport::identity::Identity;
use transport::tls::Roots;

use super::*;

fn validity() -> Validity {
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    Validity::from(now, AUTHORITY_VALID)
}

fn token() -> Token {
    let ca = transport::ca::create_authority(&"demo".parse().unwrap(), validity()).unwrap();
    Token::generate(&Roots::from_pem(ca.public_pem.as_bytes()).unwrap()).unwrap()
}

fn joining() -> Joining {
    Joining {
        token: token(),
        coordinator: Some("https://127.0.0.1:1".into()),
        network: Some("demo".parse().unwrap()),
        person: Some("kim".parse().unwrap()),
        name: Some("Dr Kim".into()),
        organisation: Some("Society".into()),
        charter: None,
    }
}

fn again() -> Joining {
    Joining {
        coordinator: None,
        network: None,
        person: None,
        name: None,
        organisation: None,
        ..joining()
    }
}

fn home(dir: &Path) -> Home {
    Home::create(&dir.join("home"), new_profile(joining()).unwrap()).unwrap()
}

#[test]
fn a_new_home_needs_network_person_and_address() {
    assert!(new_profile(joining()).is_ok());
    let refused = new_profile(again()).unwrap_err();
    assert_eq!(refused.code(), "usage");
    assert!(refused.to_string().contains("--network"), "{refused}");
}

#[test]
fn an_enrolment_names_the_keys_of_this_home_and_is_signed_with_them() {
    let dir = tempfile::tempdir().unwrap();
    let home = home(dir.path());
    let signed = enrolment(&home, LogPosition::EMPTY).unwrap();
    let key = home.signing_key().unwrap().public();
    let says: Enrolment = signed.open(&[key].into()).unwrap();
    assert_eq!((says.signing_key, says.role), (key, EnrolledRole::Person));
    assert_eq!((says.id.as_str(), says.name.as_str()), ("kim", "Dr Kim"));
    assert_eq!(says.organisation, "Society");
    assert!(transport::ca::request_key(&says.request).is_ok());
}

#[test]
fn before_the_first_certificate_a_slip_of_the_pen_can_be_put_right() {
    let dir = tempfile::tempdir().unwrap();
    let home = home(dir.path());
    let key = home.signing_key().unwrap().public();
    let other = Joining {
        person: Some("lee".parse().unwrap()),
        ..again()
    };
    let home = changed(home, other).unwrap();
    assert_eq!(home.profile.person.as_str(), "lee");
    assert_eq!(home.profile.network.as_str(), "demo");
    assert_eq!(home.signing_key().unwrap().public(), key);
}

#[test]
fn a_home_keeps_its_address_and_charter_until_an_invitation_was_taken() {
    let dir = tempfile::tempdir().unwrap();
    let before = home(dir.path()).profile;
    let charter = protocol::ids::DocumentId::from_bytes([1; 32]);
    let said = Joining {
        coordinator: Some("https://127.0.0.1:2".into()),
        charter: Some(charter.into()),
        ..again()
    };
    let mut home = changed(home_of(dir.path()), said).unwrap();
    assert_eq!(home_of(dir.path()).profile, before);
    let after = home.profile.clone();
    assert_eq!(after.coordinator, "https://127.0.0.1:2");
    assert_eq!(after.charter, Some(charter));
    home.change(after.clone()).unwrap();
    assert_eq!(home_of(dir.path()).profile, after);
}

/// The home as the next command finds it.
fn home_of(dir: &Path) -> Home {
    Home::open(&dir.join("home")).unwrap()
}

#[test]
fn a_home_that_came_in_stays_that_of_its_person_and_network() {
    let dir = tempfile::tempdir().unwrap();
    let home = home(dir.path());
    std::fs::write(home.path("certificate.pem"), "").unwrap();
    let moved = Joining {
        coordinator: Some("https://127.0.0.1:2".into()),
        ..again()
    };
    let home = changed(home, moved).unwrap();
    assert_eq!(home.profile.coordinator, "https://127.0.0.1:2");
    let other = Joining {
        person: Some("lee".parse().unwrap()),
        ..again()
    };
    assert_eq!(changed(home, other).unwrap_err().code(), "usage");
}

/// What a new authority answers to this request, for the person called so.
fn enrolled(request: &str, person: &str) -> Enrolled {
    let network: NetworkName = "demo".parse().unwrap();
    let ca = transport::ca::create_authority(&network, validity()).unwrap();
    let authority = transport::ca::Authority::load(&ca.public_pem, ca.key_pem.as_bytes()).unwrap();
    let person = Identity::of_person(network, person.parse().unwrap());
    Enrolled {
        certificate: authority.certify(request, &person, validity()).unwrap(),
        ca: ca.public_pem,
        valid_until: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn a_certificate_for_another_key_or_person_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let home = home(dir.path());
    let (ours, other) = (home.request().unwrap(), transport::ca::create_request());
    let other = other.unwrap().public_pem;
    for wrong in [enrolled(&other, "kim"), enrolled(&ours, "lee")] {
        assert!(home.keep(&wrong).is_err() && !home.has_certificate());
    }
    home.keep(&enrolled(&ours, "kim")).unwrap();
    assert!(home.credentials().is_ok());
}

#[test]
fn a_renewal_does_not_bring_another_authority() {
    let dir = tempfile::tempdir().unwrap();
    let home = home(dir.path());
    let request = home.request().unwrap();
    let (first, other) = (enrolled(&request, "kim"), enrolled(&request, "kim"));
    home.keep(&first).unwrap();
    assert!(is_of_our_authority(&home, &first).is_ok());
    assert!(is_of_our_authority(&home, &other).is_err());
}
