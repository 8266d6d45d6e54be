//! kill -9 of anybody at moments that nobody chose: every question ends with every center answered, each charged once.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use std::collections::BTreeSet;

use protocol::amount::NanoRho;
use protocol::documents::{Answer, CenterEnding};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use rstest::rstest;
use tests::{Researcher, TestNetwork, answers, charges, documents_in_log};
use transport::TransportError;

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");
const CENTERS: u64 = 3;
const QUESTIONS: u64 = 10;
/// Steps of the tasks of one query: each center fetches and answers.
const STEPS: u64 = 2 * CENTERS;

/// A sequence that looks random and is the same for ever (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

#[rstest]
#[case(1)]
#[case(2)]
#[tokio::test]
async fn whoever_is_killed_whenever_every_question_ends_answered_and_is_charged_once(
    #[case] seed: u64,
) {
    let mut test = TestNetwork::with_delay(EXECUTABLE, 3, 20, 0.1);
    let asking = Researcher::open(&test).await;
    let mut chance = Chance(seed);
    let mut costs = 0;
    for number in 0..QUESTIONS {
        let rho = NanoRho::from_nano(500_000_000 + number * 1_000);
        let id = submit(&asking, &asking.query("survival", &[], rho)).await;
        for _ in 0..2 {
            let steps = chance.below(STEPS + 1);
            asking
                .until(id, |status| {
                    status.version >= steps || status.result.is_some()
                })
                .await;
            kill_and_restart(&mut test, chance.below(CENTERS + 1));
        }
        let status = asking.published(id).await;
        let answered = status
            .ends
            .iter()
            .filter(|end| end.ending == CenterEnding::Answered);
        assert_eq!(
            answered.count(),
            3,
            "question {number} of seed {seed}: {status:?}"
        );
        costs += cost_of(&test, &id);
    }
    for center in &test.network.centers {
        let (rows, nano) = charges(&center.data);
        assert_eq!(rows, 10, "{}", center.id);
        assert_eq!(nano, costs, "{}", center.id);
    }
    for (kind, count) in [
        ("query", 10),
        ("answer", 30),
        ("result", 10),
        ("refusal", 0),
    ] {
        assert_eq!(documents_in_log(&test, kind), count, "{kind}");
    }
}

/// Sends until it has arrived: a connection may still lead to a coordinator that was killed.
async fn submit(asking: &Researcher, query: &Envelope) -> DocumentId {
    for _ in 0..20 {
        match asking.api.submit(query).await {
            Ok(submitted) => return submitted.id,
            Err(TransportError::Unreachable { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the coordinator cannot be reached");
}

fn kill_and_restart(test: &mut TestNetwork, whom: u64) {
    if whom == CENTERS {
        test.network.kill_coordinator();
        test.network.start_coordinator(&[]).unwrap();
    } else {
        let node = usize::try_from(whom).unwrap();
        test.network.kill_node(node);
        test.network.start_node(node, &[]).unwrap();
    }
}

/// What the query cost at each center by the signed answers, in nano-rho: the same everywhere.
fn cost_of(test: &TestNetwork, query: &DocumentId) -> i64 {
    let costs: BTreeSet<u64> = answers(test, &query.to_string())
        .into_iter()
        .map(|answer| {
            let envelope: Envelope = serde_json::from_value(answer).unwrap();
            envelope.parse_unverified::<Answer>().unwrap().cost.nano()
        })
        .collect();
    assert_eq!(costs.len(), 1);
    i64::try_from(*costs.first().unwrap()).unwrap()
}
