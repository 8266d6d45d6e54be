//! How long does a question to 7 nodes take? From the moment the researcher's library submits the signed query to the moment it
//! holds the published result, with the answer delay at 0 and every party a process of its own.
//!
//! `cargo bench -p tests --bench question`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on should stop; its output is the result"
)]

use std::path::Path;
use std::time::Duration;

use protocol::amount::NanoRho;
use tests::{Researcher, TestNetwork};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");
/// Questions asked, each for the first time.
const QUESTIONS: u32 = 50;
/// Questions asked before, so that connections stand and files are in memory, as on a node that has run for a day.
const WARM_UP: u32 = 5;

fn main() {
    let centers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/demo/data/ebmt4");
    let test = TestNetwork::over(tempfile::tempdir().unwrap(), EXECUTABLE, centers);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for template in ["feasibility-count", "survival", "incidence-rate"] {
        let mut times = runtime.block_on(times(&test, template));
        times.sort_unstable();
        let at = |percent: usize| {
            let place = (times.len() - 1) * percent / 100;
            times.get(place).copied().unwrap_or_default().as_micros()
        };
        println!(
            "{template:<18} {} questions to 7 nodes: median {:>4}.{} ms, 90 % within {:>4}.{} ms",
            times.len(),
            at(50) / 1000,
            at(50) % 1000 / 100,
            at(90) / 1000,
            at(90) % 1000 / 100
        );
    }
}

async fn times(test: &TestNetwork, template: &str) -> Vec<Duration> {
    let researcher = Researcher::open(test).await;
    let mut times = Vec::new();
    for number in 0..WARM_UP + QUESTIONS {
        // A little more rho each time: every question is a new one, to be charged and counted.
        let rho = NanoRho::from_nano(50_000_000 + u64::from(number) * 1_000);
        let query = researcher.query(template, &[], rho);
        #[allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
        let begun = std::time::Instant::now();
        let id = researcher.api.submit(&query).await.unwrap().id;
        researcher.published(id).await;
        let bundle = researcher.api.result(id).await.unwrap();
        let took = begun.elapsed();
        assert_eq!(bundle.answers.len(), 7);
        if number >= WARM_UP {
            times.push(took);
        }
    }
    times
}
