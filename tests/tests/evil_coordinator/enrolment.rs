//! Certificates that are not this node's, and authorities that are not its network's.

use std::time::Duration;

use protocol::api::Enrolled;
use rstest::rstest;
use tests::evil::{Scene, another_authority, certificate, in_days, k01, network, start};
use transport::ca::{CERTIFICATE_VALID, Validity, create_request};
use transport::identity::Identity;

use super::answered;

const MONTH: Duration = Duration::from_hours(30 * 24);

fn valid() -> Validity {
    Validity::from(in_days(25), MONTH)
}

fn k02() -> Identity {
    Identity::of_center(network(), "K02".parse().unwrap())
}

fn lee() -> Identity {
    Identity::of_person(network(), "lee".parse().unwrap())
}

fn k01_of_japan() -> Identity {
    Identity::of_center("japan".parse().unwrap(), "K01".parse().unwrap())
}

fn right(scene: &Scene) -> String {
    certificate(&scene.authority, &k01(), &scene.request(), valid())
}

fn of(scene: &Scene, whom: &Identity) -> String {
    certificate(&scene.authority, whom, &scene.request(), valid())
}

fn of_another_key(scene: &Scene) -> String {
    let request = create_request().unwrap().public_pem;
    certificate(&scene.authority, &k01(), &request, valid())
}

fn of_another_authority(scene: &Scene) -> String {
    certificate(&another_authority(), &k01(), &scene.request(), valid())
}

fn over(scene: &Scene) -> String {
    let over = Validity::from(start(), Duration::from_hours(1));
    certificate(&scene.authority, &k01(), &scene.request(), over)
}

fn answer(certificate: String, ca: &str) -> Enrolled {
    Enrolled {
        certificate,
        ca: ca.to_owned(),
        valid_until: in_days(55),
    }
}

/// A node whose certificate is about to end: it asks for the next one as soon as it serves.
fn about_to_renew() -> Scene {
    let mut scene = Scene::new();
    scene.certificate_valid = MONTH;
    scene.clock.set(in_days(25));
    scene.log(scene.currency(in_days(25)));
    scene
}

fn is_asked(scene: &Scene) {
    let query = scene.by_lee(&scene.query(0.05));
    scene.log(query.clone());
    answered(scene, &query);
    assert!(scene.relay.enrolments() > 0);
}

#[test]
fn a_renewed_certificate_that_is_this_nodes_is_taken() {
    let scene = about_to_renew();
    scene
        .relay
        .enrol_with(answer(right(&scene), &scene.authority.public_pem));
    is_asked(&scene);
    assert!(!scene.keeps_its_certificate());
}

#[rstest]
#[case::another_centers(|scene: &Scene| of(scene, &k02()))]
#[case::a_persons(|scene: &Scene| of(scene, &lee()))]
#[case::of_another_network(|scene: &Scene| of(scene, &k01_of_japan()))]
#[case::of_another_key(of_another_key)]
#[case::of_another_authority(of_another_authority)]
#[case::already_over(over)]
#[case::no_certificate(|_: &Scene| "trust me".to_owned())]
fn a_renewal_answered_with_a_certificate_that_is_not_this_nodes_changes_nothing(
    #[case] false_one: fn(&Scene) -> String,
) {
    let scene = about_to_renew();
    scene
        .relay
        .enrol_with(answer(false_one(&scene), &scene.authority.public_pem));
    is_asked(&scene);
    assert!(scene.keeps_its_certificate());
}

#[test]
fn a_renewal_does_not_change_whom_the_node_believes() {
    let scene = about_to_renew();
    let other = another_authority();
    let of_other = certificate(&other, &k01(), &scene.request(), valid());
    scene.relay.enrol_with(answer(of_other, &other.public_pem));
    is_asked(&scene);
    assert!(scene.keeps_its_certificate());
}

#[test]
fn an_enrolment_with_the_invitations_authority_is_taken() {
    let scene = Scene::unfounded();
    scene.clock.set(in_days(25));
    scene
        .relay
        .enrol_with(answer(right(&scene), &scene.authority.public_pem));
    scene.joins(&scene.authority, &scene.authority).unwrap();
    assert_eq!(scene.relay.enrolments(), 1);
}

#[test]
fn an_enrolment_tells_its_secret_to_nobody_but_the_invitations_authority() {
    let scene = Scene::unfounded();
    let other = another_authority();
    scene
        .relay
        .enrol_with(answer(of_another_authority(&scene), &other.public_pem));
    assert!(scene.joins(&scene.authority, &other).is_err());
    assert_eq!(scene.relay.enrolments(), 0);
    assert!(scene.keeps_its_certificate());
}

#[rstest]
#[case::another_centers(|scene: &Scene| of(scene, &k02()))]
#[case::a_persons(|scene: &Scene| of(scene, &lee()))]
#[case::of_another_key(of_another_key)]
#[case::of_another_authority(of_another_authority)]
#[case::no_certificate(|_: &Scene| String::new())]
fn an_enrolment_answered_with_a_certificate_that_is_not_this_nodes_changes_nothing(
    #[case] false_one: fn(&Scene) -> String,
) {
    let scene = Scene::unfounded();
    scene.clock.set(in_days(25));
    scene
        .relay
        .enrol_with(answer(false_one(&scene), &scene.authority.public_pem));
    assert!(scene.joins(&scene.authority, &scene.authority).is_err());
    assert_eq!(scene.relay.enrolments(), 1);
    assert!(scene.keeps_its_certificate());
}

#[test]
fn an_enrolment_answered_with_another_authority_changes_nothing() {
    let scene = Scene::unfounded();
    let other = another_authority();
    let validity = Validity::from(start(), CERTIFICATE_VALID);
    let of_other = certificate(&other, &k01(), &scene.request(), validity);
    scene.relay.enrol_with(answer(of_other, &other.public_pem));
    assert!(scene.joins(&scene.authority, &scene.authority).is_err());
    assert!(scene.keeps_its_certificate());
}
