//! What does a decision of the committee do while nodes run? Suspended, revoked, superseded, succeeded, declined.

use client::home::Home;
use demo::network::{MEMBERS, OFFICE, Person, RESEARCHER};
use protocol::documents::{CenterEnding, Currency, RefusalReason, hash_of_revocations};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use tests::{Researcher, TestNetwork, asks, documents_in_log, ends, in_seconds, reasons};
use transport::clock::{Clock, SystemClock};

use crate::{EXECUTABLE, everybodys_audit_passes, refused_at_the_door};

const ANSWERED: [CenterEnding; 2] = [CenterEnding::Answered; 2];

#[tokio::test]
async fn one_member_stops_a_study_at_once_and_k_members_stop_it_for_good() {
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    let [_, lee, cho] = MEMBERS;
    let first = asks(&test, 0.5).await;
    assert_eq!(ends(&test, first).await, ANSWERED);

    // Asked while it was in force, suspended before any node saw the question.
    (0..2).for_each(|index| test.network.kill_node(index));
    let asking = Researcher::open(&test).await;
    let caught = asks(&test, 0.6).await;
    let reason = ["--reason", "a patient asked"];
    let study = test.study("demo");
    let said = test
        .network
        .cartally(&cho, &[&["revoke", &study, "--yes"], &reason[..]].concat());
    let revocation = said.unwrap().id_after("revocation").unwrap();
    (0..2).for_each(|index| test.network.start_node(index, &[]).unwrap());
    let suspended = [Some(RefusalReason::Suspended); 2];
    assert_eq!(reasons(&test, caught).await, suspended);
    // Nobody asks on: neither the client nor the coordinator lets a question through.
    test.refuses(
        &RESEARCHER,
        &["ask", "survival", "--rho", "0.7", "--yes"],
        "suspended",
    );
    assert_eq!(refused_at_the_door(&asking, 0.7).await, "suspended");
    let review = test.says(&lee, &["review"]);
    assert!(review.contains("a patient asked"), "{review}");

    test.says(&lee, &["sign", &revocation, "--yes"]);
    assert_eq!(refused_at_the_door(&asking, 0.7).await, "revoked");
    test.refuses(
        &RESEARCHER,
        &["ask", "survival", "--rho", "0.7", "--yes"],
        "revoked",
    );
    // What was answered before stands.
    test.says(&RESEARCHER, &["verify", &first.to_string()]);
    everybodys_audit_passes(&test);
}

#[tokio::test]
async fn a_new_version_of_a_study_takes_the_place_of_the_old_one_whose_spending_counts() {
    let test = TestNetwork::start(EXECUTABLE, 2, 20);
    let old = Researcher::open(&test).await;
    assert_eq!(ends(&test, asks(&test, 0.5).await).await, ANSWERED);

    let smaller = [("rho_cap = \"60\"", "rho_cap = \"0.8\"")];
    let file = test.study_file("smaller.toml", &smaller);
    let second = test.propose("study", &file, "study demo");
    test.network.decide(&second).unwrap();
    assert_eq!(test.study("demo"), second);
    assert_eq!(refused_at_the_door(&old, 0.2).await, "study-not-in-force");

    let over = asks(&test, 0.4).await;
    assert_eq!(
        reasons(&test, over).await,
        [Some(RefusalReason::OutOfBudget); 2]
    );
    assert_eq!(ends(&test, asks(&test, 0.2).await).await, ANSWERED);
    // What was paid for under the old version is still free.
    assert_eq!(ends(&test, asks(&test, 0.5).await).await, ANSWERED);
    everybodys_audit_passes(&test);
}

const HAN: Person = Person {
    id: "han",
    name: "Han So-ra",
    organisation: "Nurses' Union",
};
const KANG: Person = Person {
    id: "kang",
    name: "Kang Min-jun",
    organisation: "Patients' Alliance",
};

#[tokio::test]
async fn a_successor_charter_takes_over_while_nodes_run_and_nobody_else_decides_from_then_on() {
    let test = TestNetwork::start(EXECUTABLE, 2, 20);
    for person in [HAN, KANG] {
        test.join_person(&person);
    }
    let [park, lee, cho] = MEMBERS;
    assert_eq!(ends(&test, asks(&test, 0.5).await).await, ANSWERED);

    let file = successor(&test);
    let said = test
        .network
        .cartally(&park, &["propose", "charter", &file])
        .unwrap();
    let charter = said.id_after("charter").unwrap();
    // One organisation is not enough, two are.
    test.says(&cho, &["sign", &charter, "--yes"]);
    let review = test.says(&OFFICE, &["review", &charter]);
    assert!(review.contains("pending"), "{review}");
    test.says(&lee, &["sign", &charter, "--yes"]);

    // The old charter's timekeeper keeps time no more: nothing is current until the new one says so.
    let refused = asks(&test, 0.6).await;
    assert_eq!(
        reasons(&test, refused).await,
        [Some(RefusalReason::NoCurrency); 2]
    );
    test.refuses(&OFFICE, &["currency"], "not-a-timekeeper");
    old_word(&test).await;
    let refused = asks(&test, 0.6).await;
    let expired = Some(RefusalReason::CurrencyExpired);
    assert_eq!(reasons(&test, refused).await, [expired; 2]);
    test.says(&HAN, &["currency"]);
    assert_eq!(ends(&test, asks(&test, 0.6).await).await, ANSWERED);

    // Two members and one who is none any more decide nothing; three members do.
    let pilot = [("name = \"demo\"", "name = \"pilot\"")];
    let pilot = test.study_file("pilot.toml", &pilot);
    let pilot = test.propose("study", &pilot, "study pilot");
    for member in [park, lee] {
        test.says(&member, &["sign", &pilot, "--yes"]);
    }
    test.refuses(&cho, &["sign", &pilot, "--yes"], "not-a-member");
    assert!(!signs_all_the_same(&test, &cho, &pilot).await);
    test.says(&KANG, &["sign", &pilot, "--yes"]);
    test.ask(&["feasibility-count", "--rho", "0.3", "--study", "pilot"]);
    test.says(&RESEARCHER, &["audit", "--charter", &charter]);
    everybodys_audit_passes(&test);
}

/// Four members of three organisations, of whom three decide; han keeps time.
fn successor(test: &TestNetwork) -> String {
    let cho = MEMBERS[2];
    let (old, new) = (test.key_of(&cho), test.key_of(&HAN));
    let kang = test.key_of(&KANG);
    let kang = format!(
        "{new}\"\n\n[[members]]\nid = \"kang\"\nname = \"{}\"\norganisation = \"{}\"\nkey = \"{kang}\"",
        KANG.name, KANG.organisation
    );
    let changes = [
        ("threshold = 2", "threshold = 3"),
        ("id = \"cho\"", "id = \"han\""),
        (cho.name, HAN.name),
        (
            &format!("{}\"\nkey = \"{old}\"", cho.organisation),
            &format!("{}\"\nkey = \"{kang}", HAN.organisation),
        ),
        (
            &format!("timekeepers = [\"{}\"]", test.key_of(&OFFICE)),
            &format!("timekeepers = [\"{new}\"]"),
        ),
    ];
    test.variant("charter.toml", "successor.toml", &changes)
}

/// The new timekeeper's word of fifteen days ago reaches the log, and is too old.
async fn old_word(test: &TestNetwork) {
    let asking = Researcher::person(test, &HAN).await;
    let word = Currency {
        network: demo::network::NETWORK.parse().unwrap(),
        time: in_seconds(SystemClock.now(), -15 * 24 * 3600),
        log: asking.log(),
        revocations: hash_of_revocations(&std::collections::BTreeSet::new()),
    };
    let home = Home::open(&test.network.home(&HAN)).unwrap();
    let word = Envelope::sign(&word, &home.signing_key().unwrap());
    asking.api.submit(&word).await.unwrap();
}

/// Whether a document comes into force by this person's signature, which the own program does not give.
async fn signs_all_the_same(test: &TestNetwork, person: &Person, id: &str) -> bool {
    let home = Home::open(&test.network.home(person)).unwrap();
    let session = client::session::Session::open(&home).await.unwrap();
    let id: DocumentId = id.parse().unwrap();
    let mut document = session.mirror.document(&id).unwrap().clone();
    document.add_signature_seeing(&home.signing_key().unwrap(), session.mirror.position());
    session
        .api
        .submit(&document)
        .await
        .is_ok_and(|submitted| submitted.in_force)
}

#[test]
fn a_declined_proposal_is_shown_with_its_reason_and_one_that_cannot_be_reached_is_not_submitted() {
    let test = TestNetwork::start(EXECUTABLE, 1, 20);
    let [park, lee, cho] = MEMBERS;
    let second = [("name = \"demo\"", "name = \"second\"")];
    let file = test.study_file("second.toml", &second);

    // Without lee, both who could sign are of one organisation.
    test.refuses(&lee, &["propose", "study", &file], "unreachable");
    assert_eq!(documents_in_log(&test, "study"), 3);

    let id = test.propose("study", &file, "study second");
    let reason = "its purpose is not clear";
    test.says(&lee, &["decline", &id, "--reason", reason]);
    for (person, words) in [(park, &["review"][..]), (OFFICE, &["review", &id])] {
        let said = test.says(&person, words);
        let told = said.contains("declined") && said.contains(&format!("\"{reason}\""));
        assert!(told, "{said}");
    }
    // A no vetoes nothing, and whoever said it may think again.
    test.says(&cho, &["sign", &id, "--yes"]);
    assert!(test.says(&OFFICE, &["review", &id]).contains("pending"));
    test.says(&lee, &["sign", &id, "--yes"]);
    assert_eq!(test.study("second"), id);
}
