//! What does a node say besides its answers? At the most talkative, on neighbouring data sets: the same words, and nothing of what
//! it counted.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use std::collections::BTreeSet;

use protocol::amount::NanoRho;
use rusqlite::Connection;
use serde_json::Value;
use tests::{Researcher, TestNetwork, answers};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");
/// Large and odd, so that no port, size or clock says such numbers by chance.
const PATIENTS: u32 = 13_417;
/// Our own crates, as their events name them.
const OURS: [&str; 6] = [
    "node",
    "privacy",
    "question",
    "protocol",
    "transport",
    "analysis",
];

/// What came out of a node of so many patients while it answered three questions.
struct Heard {
    lines: Vec<String>,
    /// The answers' shapes: numbers in each part.
    shapes: Vec<Vec<usize>>,
    /// What nobody may hear: pseudonyms, and counts exact or noisy.
    secret: BTreeSet<String>,
}

async fn listen(patients: u32) -> Heard {
    let mut test = TestNetwork::start(EXECUTABLE, 1, patients);
    let mut node = test.logged_node(0, "trace");
    let asking = Researcher::open(&test).await;
    let exact = [patients, patients / 4, patients - patients / 4];
    let mut secret: BTreeSet<String> = exact.iter().map(ToString::to_string).collect();
    let mut shapes = Vec::new();
    for template in ["feasibility-count", "survival", "incidence-rate"] {
        let query = asking.query(template, &[], NanoRho::at_least(0.05).unwrap());
        let id = asking.api.submit(&query).await.unwrap().id;
        asking.published(id).await;
        node.wait_for("a response was delivered");
        for answer in answers(&test, &id.to_string()) {
            let parts = parts_of(&answer);
            shapes.push(parts.iter().map(Vec::len).collect());
            let large = parts
                .into_iter()
                .flatten()
                .filter(|cell| cell.abs() >= 1000);
            secret.extend(large.map(|cell| cell.to_string()));
        }
    }
    let data = test.network.centers[0].data.join("data.db");
    let data = Connection::open(data).unwrap();
    let mut rows = data.prepare("SELECT patient_id FROM patient").unwrap();
    let rows = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
    secret.extend(rows.map(Result::unwrap));
    secret.extend((0..patients).flat_map(|n| [format!("P{n}"), format!("C{n}"), format!("I{n}")]));
    Heard {
        lines: node.end(),
        shapes,
        secret,
    }
}

fn parts_of(answer: &Value) -> Vec<Vec<i64>> {
    let envelope: protocol::envelope::Envelope = serde_json::from_value(answer.clone()).unwrap();
    let answer: protocol::documents::Answer = envelope.parse_unverified().unwrap();
    answer.parts
}

/// Words of letters and digits; ids, addresses and numbers are words.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// What our own code said, without what differs from run to run: times, ids, ports, durations.
fn ours(heard: &Heard) -> Vec<String> {
    let events = heard
        .lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let own = events.filter(|event| {
        let target = event["target"].as_str().unwrap_or_default();
        OURS.contains(&target.split("::").next().unwrap_or_default())
    });
    let plain = |event: Value| {
        let fields = format!("{} {} {}", event["level"], event["target"], event["fields"]);
        let mut text = String::new();
        for word in fields.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let number = bare.starts_with(|c: char| c.is_ascii_digit()) || bare.len() == 64;
            text += if number { "#" } else { word };
        }
        text
    };
    own.map(plain).collect()
}

#[tokio::test]
async fn a_node_at_its_most_talkative_says_the_same_on_neighbouring_data_and_nothing_that_it_counted()
 {
    let (one, other) = (listen(PATIENTS).await, listen(PATIENTS + 1).await);
    assert_eq!(one.shapes, other.shapes);
    for heard in [&one, &other] {
        assert!(
            heard.lines.len() > 100,
            "trace says more than {} lines",
            heard.lines.len()
        );
        for line in &heard.lines {
            // The time of an event has digits of its own.
            let said = serde_json::from_str::<Value>(line)
                .map_or(line.clone(), |event| event["fields"].to_string());
            let told = words(&said).find(|word| heard.secret.contains(*word));
            assert_eq!(told, None, "{line}");
        }
    }
    assert!(!ours(&one).is_empty());
    assert_eq!(ours(&one), ours(&other));
}
