//! Who comes in with an invitation, who stays in, and who is out at once? The whole server over real TLS.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::time::Duration;

use common::new_key;
use common::world::{Running, World};
use coordinator::commands::{CertifiedRole, Invitation, distrust, invite, revoke, trust};
use coordinator::limits::ENROLMENT_BYTES_MAX;
use jiff::SignedDuration;
use protocol::api::{Enrolled, EnrolmentRequest};
use protocol::documents::{EnrolledRole, Enrolment};
use protocol::envelope::Envelope;
use protocol::ids::ChainHead;
use protocol::keys::{SigningKey, SumKey};
use protocol::log::LogPosition;
use rstest::rstest;
use transport::TransportError;
use transport::ca::{self, Authority, CERTIFICATE_VALID, Made, Validity};
use transport::certificate::CertificateFacts;
use transport::client::HttpClient;
use transport::clock::Clock;
use transport::coordinator_api::CoordinatorApi;
use transport::join::{Token, enrol};
use transport::tls::Credentials;

/// A party before and after it is let in: its keys never leave it.
struct Party {
    role: EnrolledRole,
    id: &'static str,
    signing: SigningKey,
    tls: Made,
}

impl Party {
    fn new(role: EnrolledRole, id: &'static str) -> Self {
        Self {
            role,
            id,
            signing: new_key(),
            tls: ca::create_request().unwrap(),
        }
    }

    fn center(id: &'static str) -> Self {
        Self::new(EnrolledRole::Center, id)
    }

    fn person(id: &'static str) -> Self {
        Self::new(EnrolledRole::Person, id)
    }

    fn document(&self) -> Enrolment {
        let is_center = self.role == EnrolledRole::Center;
        Enrolment {
            network: "demo".parse().unwrap(),
            role: self.role,
            id: self.id.into(),
            name: "A Name".into(),
            organisation: String::new(),
            signing_key: self.signing.public(),
            sum_key: is_center.then(|| SumKey::from_bytes([1; 32])),
            request: self.tls.public_pem.clone(),
            log: LogPosition::EMPTY,
        }
    }

    fn enrolment(&self) -> Envelope {
        Envelope::sign(&self.document(), &self.signing)
    }

    fn credentials(&self, enrolled: &Enrolled) -> Credentials {
        let certificate = enrolled.certificate.as_bytes();
        Credentials::from_pem(certificate, self.tls.key_pem.as_bytes()).unwrap()
    }
}

fn certified_role(role: EnrolledRole) -> CertifiedRole {
    match role {
        EnrolledRole::Center => CertifiedRole::Center,
        EnrolledRole::Person => CertifiedRole::Person,
    }
}

fn invited(world: &World, role: EnrolledRole, id: &str) -> Token {
    let invitation = Invitation {
        role: certified_role(role),
        id,
        days: None,
        valid_hours: 72,
    };
    invite(world.data().root(), invitation, world.clock.now()).unwrap()
}

async fn join(
    world: &World,
    running: &Running,
    token: &Token,
    enrolment: &Envelope,
) -> Result<Enrolled, TransportError> {
    enrol(&running.url, token, enrolment, &world.clock()).await
}

/// Invites a party and has it enrol.
async fn joined(world: &World, running: &Running, party: &Party) -> Enrolled {
    let token = invited(world, party.role, party.id);
    join(world, running, &token, &party.enrolment())
        .await
        .unwrap()
}

fn connect(world: &World, running: &Running, credentials: &Credentials) -> CoordinatorApi {
    let roots = world.data().load_roots().unwrap();
    let http = HttpClient::new(&running.url, credentials, &roots, &world.clock());
    CoordinatorApi::new(http.unwrap())
}

fn code_of<T: std::fmt::Debug>(result: Result<T, TransportError>) -> String {
    result.unwrap_err().code().to_owned()
}

#[rstest]
#[case(Party::center("K01"), 30)]
#[case(Party::person("kim"), 90)]
#[tokio::test(flavor = "multi_thread")]
async fn an_invited_party_enrols_and_is_in(#[case] party: Party, #[case] days: i64) {
    let world = World::new(1);
    let running = world.serve().await;
    let enrolled = joined(&world, &running, &party).await;
    let until = world.clock.now() + SignedDuration::from_hours(24 * days);
    assert_eq!(enrolled.valid_until, until);
    let api = connect(&world, &running, &party.credentials(&enrolled));
    let page = api.log_page(0).await.unwrap();
    assert_eq!(page.entries.len(), 1, "the committee finds the new key");
    assert_eq!(page.entries[0].envelope, party.enrolment());
    running.shutdown.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_works_once() {
    let world = World::new(1);
    let running = world.serve().await;
    let (first, second) = (Party::center("K01"), Party::center("K01"));
    let token = invited(&world, EnrolledRole::Center, "K01");
    join(&world, &running, &token, &first.enrolment())
        .await
        .unwrap();
    let again = join(&world, &running, &token, &second.enrolment()).await;
    assert_eq!(code_of(again), "invitation-refused");
}

#[rstest]
#[case(72 * 3600 - 1, true)]
#[case(72 * 3600, false)]
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_expires(#[case] after_s: u64, #[case] works: bool) {
    let world = World::new(1);
    let running = world.serve().await;
    let token = invited(&world, EnrolledRole::Center, "K01");
    world.clock.advance(Duration::from_secs(after_s));
    let tried = join(&world, &running, &token, &Party::center("K01").enrolment()).await;
    if works {
        tried.unwrap();
    } else {
        assert_eq!(code_of(tried), "invitation-refused");
    }
}

#[rstest]
#[case(Party::center("K02"))]
#[case(Party::center("K011"))]
#[case(Party::person("K01"))]
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_for_another_center_lets_nobody_else_in(#[case] other: Party) {
    let world = World::new(1);
    let running = world.serve().await;
    let token = invited(&world, EnrolledRole::Center, "K01");
    let refused = join(&world, &running, &token, &other.enrolment()).await;
    assert_eq!(code_of(refused), "invitation-refused");
    // And it is still good for the one who was meant.
    let meant = Party::center("K01");
    join(&world, &running, &token, &meant.enrolment())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_an_invitation_the_answer_is_the_same() {
    let world = World::new(1);
    let running = world.serve().await;
    let roots = world.data().load_roots().unwrap();
    let unknown = Token::generate(&roots).unwrap();
    let others = invited(&world, EnrolledRole::Center, "K02");
    let used = invited(&world, EnrolledRole::Center, "K01");
    let first = Party::center("K01");
    join(&world, &running, &used, &first.enrolment())
        .await
        .unwrap();
    let expired = invited(&world, EnrolledRole::Center, "K01");
    world.clock.advance(Duration::from_hours(73));
    let withdrawn = invited(&world, EnrolledRole::Center, "K01");
    let root = world.data().root().to_owned();
    revoke(&root, CertifiedRole::Center, "K01", world.clock.now()).unwrap();
    let party = Party::center("K01");
    let mut answers = Vec::new();
    for token in [unknown, others, used, expired, withdrawn] {
        let refused = join(&world, &running, &token, &party.enrolment()).await;
        answers.push(refused.unwrap_err().to_string());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_response_can_be_asked_for_again() {
    let world = World::new(1);
    let running = world.serve().await;
    let party = Party::center("K01");
    let token = invited(&world, party.role, party.id);
    let first = join(&world, &running, &token, &party.enrolment())
        .await
        .unwrap();
    let again = join(&world, &running, &token, &party.enrolment())
        .await
        .unwrap();
    assert_eq!(first, again);
    let api = connect(&world, &running, &party.credentials(&first));
    assert_eq!(api.log_page(0).await.unwrap().entries.len(), 1);
    let root = world.data().root().to_owned();
    revoke(&root, CertifiedRole::Center, "K01", world.clock.now()).unwrap();
    let after = join(&world, &running, &token, &party.enrolment()).await;
    assert_eq!(code_of(after), "invitation-refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_that_is_not_its_authors_own_word_is_refused_and_uses_nothing_up() {
    let world = World::new(1);
    let running = world.serve().await;
    let party = Party::center("K01");
    let token = invited(&world, party.role, party.id);
    let elsewhere = LogPosition {
        entries: 1,
        head: ChainHead::from_bytes([1; 32]),
    };
    let altered = |alter: &dyn Fn(&mut Enrolment)| {
        let mut document = party.document();
        alter(&mut document);
        Envelope::sign(&document, &party.signing)
    };
    for (enrolment, code) in [
        (Envelope::sign(&party.document(), &new_key()), "signature"),
        (
            altered(&|document| document.sum_key = None),
            "document_rules",
        ),
        (
            altered(&|document| document.request = "hello".into()),
            "enrolment",
        ),
        (altered(&|document| document.log = elsewhere), "other_log"),
    ] {
        let refused = join(&world, &running, &token, &enrolment).await;
        assert_eq!(code_of(refused), code);
    }
    join(&world, &running, &token, &party.enrolment())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_with_the_same_signing_key_for_the_same_time() {
    let world = World::new(1);
    let running = world.serve().await;
    let mut party = Party::center("K01");
    let first = joined(&world, &running, &party).await;
    let old = party.credentials(&first);
    let api = connect(&world, &running, &old);
    world.clock.advance(Duration::from_hours(24 * 21));
    assert!(old.renewal_due(world.clock.now()));
    party.tls = ca::create_request().unwrap();
    let mut document = party.document();
    document.log = api.log_page(0).await.unwrap().log;
    let renewal = Envelope::sign(&document, &party.signing);
    let renewed = api.renew(&renewal).await.unwrap();
    let until = world.clock.now() + SignedDuration::from_hours(24 * 30);
    assert_eq!(renewed.valid_until, until);
    assert_eq!(
        api.renew(&renewal).await.unwrap(),
        renewed,
        "a lost response"
    );
    // The new one carries on when the old one has expired, and the key was known: the log has not grown.
    world.clock.advance(Duration::from_hours(24 * 10));
    assert!(api.log_page(0).await.is_err());
    let api = connect(&world, &running, &party.credentials(&renewed));
    assert_eq!(api.log_page(0).await.unwrap().entries.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_renews_for_another_or_with_another_key_or_over_another_log() {
    let world = World::new(1);
    let running = world.serve().await;
    let (first, second) = (Party::center("K01"), Party::center("K02"));
    let enrolled = joined(&world, &running, &first).await;
    joined(&world, &running, &second).await;
    let api = connect(&world, &running, &first.credentials(&enrolled));
    let mut elsewhere = first.document();
    elsewhere.log = LogPosition {
        entries: 1,
        head: ChainHead::from_bytes([1; 32]),
    };
    for (enrolment, code) in [
        (second.enrolment(), "other_party"),
        (Party::center("K01").enrolment(), "other_signing_key"),
        (Envelope::sign(&elsewhere, &first.signing), "other_log"),
    ] {
        assert_eq!(code_of(api.renew(&enrolment).await), code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_certified_by_hand_names_its_key_with_the_first_renewal() {
    let world = World::new(1);
    let running = world.serve().await;
    let api = world.person(&running);
    let party = Party::person("kim");
    let renewed = api.renew(&party.enrolment()).await.unwrap();
    let api = connect(&world, &running, &party.credentials(&renewed));
    assert_eq!(api.log_page(0).await.unwrap().entries.len(), 1);
    let other = Party::person("kim");
    assert_eq!(
        code_of(api.renew(&other.enrolment()).await),
        "other_signing_key"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_holds_a_limited_number_of_good_certificates() {
    let world = World::new(1);
    let running = world.serve().await;
    let mut party = Party::person("kim");
    let enrolled = joined(&world, &running, &party).await;
    let api = connect(&world, &running, &party.credentials(&enrolled));
    for _ in 1..coordinator::limits::LIVE_CERTIFICATES_MAX {
        party.tls = ca::create_request().unwrap();
        api.renew(&party.enrolment()).await.unwrap();
    }
    party.tls = ca::create_request().unwrap();
    let refused = api.renew(&party.enrolment()).await;
    assert_eq!(code_of(refused), "too_many_certificates");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_is_refused_at_once_on_an_open_connection() {
    let world = World::new(1);
    let running = world.serve().await;
    let (center, person) = (Party::center("K01"), Party::person("kim"));
    let mut apis = Vec::new();
    for party in [&center, &person] {
        let enrolled = joined(&world, &running, party).await;
        apis.push(connect(&world, &running, &party.credentials(&enrolled)));
    }
    let root = world.data().root().to_owned();
    revoke(&root, CertifiedRole::Center, "K01", world.clock.now()).unwrap();
    assert_eq!(code_of(apis[0].log_page(0).await), "certificate-revoked");
    assert_eq!(code_of(apis[0].offers(0, &[]).await), "certificate-revoked");
    let renewal = apis[0].renew(&center.enrolment()).await;
    assert_eq!(code_of(renewal), "certificate-revoked");
    assert!(apis[1].log_page(0).await.is_ok());
    // A new invitation opens the door again.
    let back = Party::center("K01");
    let enrolled = joined(&world, &running, &back).await;
    let api = connect(&world, &running, &back.credentials(&enrolled));
    assert!(api.log_page(0).await.is_ok());
    let unknown = revoke(&root, CertifiedRole::Person, "nobody", world.clock.now());
    assert_eq!(unknown.unwrap_err().code(), "argument");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_the_store_does_not_know_opens_nothing() {
    let world = World::new(1);
    let running = world.serve().await;
    let authority = world.data().load_authority().unwrap();
    let request = ca::create_request().unwrap();
    let kim = "cartally://demo/person/kim".parse().unwrap();
    let validity = Validity::from(world.clock.now(), CERTIFICATE_VALID);
    let pem = authority
        .certify(&request.public_pem, &kim, validity)
        .unwrap();
    let stray = Credentials::from_pem(pem.as_bytes(), request.key_pem.as_bytes()).unwrap();
    let api = connect(&world, &running, &stray);
    assert_eq!(code_of(api.log_page(0).await), "certificate-revoked");
}

/// A hospital's own authority and a certificate of it for this party.
fn hospital(world: &World, identity: &str, authority: &Made) -> Credentials {
    let issuer = Authority::load(&authority.public_pem, authority.key_pem.as_bytes()).unwrap();
    let request = ca::create_request().unwrap();
    let validity = Validity::from(world.clock.now(), CERTIFICATE_VALID);
    let party = identity.parse().unwrap();
    let pem = issuer
        .certify(&request.public_pem, &party, validity)
        .unwrap();
    Credentials::from_pem(pem.as_bytes(), request.key_pem.as_bytes())
        .unwrap()
        .of_own_authority()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospitals_own_authority_cannot_name_another_center() {
    let world = World::new(2);
    let running = world.serve().await;
    let validity = Validity::from(world.clock.now(), CERTIFICATE_VALID);
    let own = ca::create_authority(&"hospital".parse().unwrap(), validity).unwrap();
    let (root, ca) = (
        world.data().root().to_owned(),
        world.dir.path().join("own.pem"),
    );
    std::fs::write(&ca, &own.public_pem).unwrap();
    let network_s = Party::center("K01");
    let before = joined(&world, &running, &network_s).await;
    let before = connect(&world, &running, &network_s.credentials(&before));
    assert!(before.log_page(0).await.is_ok());

    trust(&root, "K01", &ca).unwrap();
    assert_eq!(code_of(before.log_page(0).await), "certificate-revoked");
    let api = connect(
        &world,
        &running,
        &hospital(&world, "cartally://demo/center/K01", &own),
    );
    assert!(api.log_page(0).await.is_ok());
    let renewal = api.renew(&network_s.enrolment()).await;
    assert_eq!(code_of(renewal), "not_issued_here");
    for other in ["cartally://demo/center/K02", "cartally://demo/person/K01"] {
        let other = connect(&world, &running, &hospital(&world, other, &own));
        let refused = code_of(other.log_page(0).await);
        // Turned away in the handshake; whether the reason still arrives depends on which side writes first.
        assert!(
            ["certificate_authority", "unreachable"].contains(&refused.as_str()),
            "{refused}"
        );
    }

    distrust(&root, "K01").unwrap();
    assert_eq!(code_of(api.log_page(0).await), "certificate-revoked");
    assert_eq!(distrust(&root, "K01").unwrap_err().code(), "argument");
    // A party's certificate is no authority, and a file that is broken lets nobody in.
    let leaf = world.dir.path().join("leaf.pem");
    std::fs::copy(world.data().server_certificate(), &leaf).unwrap();
    assert_eq!(
        trust(&root, "K01", &leaf).unwrap_err().code(),
        "certificate"
    );
    trust(&root, "K01", &ca).unwrap();
    std::fs::write(root.join("pki/center.K01.pem"), "broken").unwrap();
    let api = connect(
        &world,
        &running,
        &hospital(&world, "cartally://demo/center/K01", &own),
    );
    assert!(api.log_page(0).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_certificate_reaches_anything_but_enrolment() {
    let world = World::new(1);
    let running = world.serve().await;
    let description: serde_json::Value =
        serde_json::from_str(&coordinator::http::openapi().unwrap()).unwrap();
    let paths = description["paths"].as_object().unwrap();
    assert!(paths.len() > 8);
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            let path = path.replace("{query}", &"0".repeat(64));
            let method = method.to_uppercase();
            let answer = common::world::anonymous(&running, &world, &method, &path, "{}").await;
            let open = path == protocol::api::paths::ENROLMENTS;
            let (status, code) = if open {
                ("400", "invalid_request")
            } else {
                ("403", "certificate-required")
            };
            let answered =
                answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(code);
            assert!(answered, "{method} {path}: {answer}");
        }
    }
    for path in [
        "/",
        "/v1/enrolments/",
        "/v1/enrolments/x",
        "/v1/nothing",
        "//v1/log",
    ] {
        let answer = common::world::anonymous(&running, &world, "GET", path, "").await;
        assert!(answer.contains("certificate-required"), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_authoritys_key_enrolment_says_so_and_the_rest_goes_on() {
    let world = World::new(1);
    let token = invited(&world, EnrolledRole::Center, "K01");
    let running = world.serve().await;
    let person = world.person(&running);
    running.shutdown.finish().await;
    std::fs::remove_file(world.data().authority_key()).unwrap();
    let running = world.serve().await;
    drop(person);
    let refused = join(&world, &running, &token, &Party::center("K01").enrolment()).await;
    assert_eq!(code_of(refused), "no_authority");
    assert!(world.person(&running).queries().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_issued_is_what_the_store_knows() {
    let world = World::new(1);
    let running = world.serve().await;
    let party = Party::person("kim");
    let enrolled = joined(&world, &running, &party).await;
    let facts = CertificateFacts::from_pem(&enrolled.certificate).unwrap();
    let store = world.data().open_store().unwrap();
    let lines = coordinator::store::certificates::parties(store.read()).unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (lines[0].role.as_str(), lines[0].id.as_str()),
        ("person", "kim")
    );
    assert_eq!(lines[0].valid_until, Some(facts.not_after));
    let open = |now| coordinator::store::invites::open(store.read(), now).unwrap();
    assert_eq!(open(world.clock.now()), []);
    invited(&world, EnrolledRole::Center, "K01");
    assert_eq!(open(world.clock.now()).len(), 1);
}

#[rstest]
#[case(ENROLMENT_BYTES_MAX, "signature")]
#[case(ENROLMENT_BYTES_MAX + 1, "body_too_large")]
#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_certificate_is_listened_to_up_to_a_limit(
    #[case] bytes: usize,
    #[case] code: &str,
) {
    let world = World::new(1);
    let running = world.serve().await;
    let mut document = Party::center("K01").document();
    document.request = "x".into();
    let request = EnrolmentRequest {
        secret: String::new(),
        enrolment: Envelope::sign(&document, &new_key()),
    };
    let mut body = serde_json::to_string(&request).unwrap();
    body.push_str(&" ".repeat(bytes - body.len()));
    let path = protocol::api::paths::ENROLMENTS;
    let answer = common::world::anonymous(&running, &world, "POST", path, &body).await;
    assert!(answer.contains(code), "{answer}");
}
