//! Every task that was handed out has a visible end: in time, or late, whoever was down in between.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use protocol::amount::NanoRho;
use protocol::api::QueryStatus;
use protocol::documents::{CenterEnding, Query};
use protocol::envelope::Envelope;
use protocol::task::TaskState;
use tests::{Researcher, SmallDisk, TestNetwork, charges, documents_in_log, in_seconds};
use transport::clock::{Clock, SystemClock};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");

/// A survival question that is published after so many seconds at the latest.
fn within(asking: &Researcher, seconds: i64) -> Envelope {
    let deadline = in_seconds(SystemClock.now(), seconds);
    let query = asking.unsigned("survival", &[], NanoRho::at_least(0.5).unwrap());
    asking.sign(&Query { deadline, ..query })
}

fn ends(status: &QueryStatus) -> Vec<CenterEnding> {
    status.ends.iter().map(|end| end.ending).collect()
}

fn states(status: &QueryStatus) -> Vec<TaskState> {
    status.tasks.iter().map(|task| task.state).collect()
}

/// Looks until the center has charged, which it does as soon as it has the query.
fn has_charged(test: &TestNetwork, index: usize) {
    let data = &test.network.centers[index].data;
    let charged = (0..100_000).any(|_| {
        std::thread::yield_now();
        charges(data).0 == 1
    });
    assert!(charged, "the center never charged");
}

#[tokio::test]
async fn an_answer_after_the_deadline_is_logged_as_late_and_changes_nothing() {
    let mut test = TestNetwork::with_delay(EXECUTABLE, 2, 20, 0.5);
    let mut slow = test.logged_node(1, "info");
    let asking = Researcher::open(&test).await;
    let id = asking.api.submit(&within(&asking, 3)).await.unwrap().id;
    // The node has paid for its answer, but its tick has not come; it stands still until the deadline is over.
    asking
        .until(id, |status| states(status)[1] == TaskState::Fetched)
        .await;
    has_charged(&test, 1);
    slow.signal("STOP");
    let published = asking.published(id).await;
    assert_eq!(
        ends(&published),
        [CenterEnding::Answered, CenterEnding::Late]
    );
    assert_eq!(
        states(&published),
        [TaskState::Answered, TaskState::Expired]
    );
    let (figures, signed) = (
        test.result(&id.to_string(), "json"),
        test.result(&id.to_string(), "signed"),
    );

    slow.signal("CONT");
    slow.wait_for("\"late\":true");
    assert_eq!(documents_in_log(&test, "answer"), 2);
    let after = asking.api.query(id, 0, None).await.unwrap();
    assert_eq!(
        (ends(&after), states(&after)),
        (ends(&published), states(&published))
    );
    assert_eq!(test.result(&id.to_string(), "json"), figures);
    assert_eq!(test.result(&id.to_string(), "signed"), signed);

    // Asked again, the late center is in time, with the answer that it has paid for.
    let again = asking.api.submit(&within(&asking, 60)).await.unwrap().id;
    assert_eq!(
        ends(&asking.published(again).await),
        [CenterEnding::Answered; 2]
    );
    assert_eq!(charges(&test.network.centers[1].data).0, 1);
    assert_eq!(documents_in_log(&test, "answer"), 2);
}

#[tokio::test]
async fn a_deadline_that_passes_while_everybody_is_down_is_kept_when_the_coordinator_is_back() {
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    test.network.kill_node(0);
    test.network.kill_node(1);
    let asking = Researcher::open(&test).await;
    let query = asking.api.submit(&within(&asking, 1)).await.unwrap().id;
    test.network.kill_coordinator();
    test.network.start_coordinator(&[]).unwrap();
    let published = asking.published(query).await;
    assert_eq!(states(&published), [TaskState::Expired; 2]);
    assert_eq!(ends(&published), [CenterEnding::Late; 2]);

    test.network.start_node(0, &[]).unwrap();
    test.network.start_node(1, &[]).unwrap();
    let next = asking.api.submit(&within(&asking, 60)).await.unwrap().id;
    assert_eq!(
        ends(&asking.published(next).await),
        [CenterEnding::Answered; 2]
    );
    assert_eq!(documents_in_log(&test, "result"), 2);
}

#[tokio::test]
async fn a_node_that_dies_with_a_paid_answer_in_hand_serves_it_when_it_is_asked_again() {
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    test.network.kill_node(1);
    let fault = ("CARTALLY_FAULT_POINT", "node.before_send");
    test.network.start_node(1, &[fault]).unwrap();
    let asking = Researcher::open(&test).await;
    let query = asking.api.submit(&within(&asking, 3)).await.unwrap().id;
    let node = test.network.nodes[1].as_mut().unwrap();
    assert!(node.wait_for(&["fault-point"]).unwrap().is_some());
    test.network.kill_node(1);
    let published = asking.published(query).await;
    assert_eq!(
        ends(&published),
        [CenterEnding::Answered, CenterEnding::Late]
    );

    let paid = charges(&test.network.centers[1].data);
    assert_eq!(paid.0, 1);
    test.network.start_node(1, &[]).unwrap();
    let again = asking.api.submit(&within(&asking, 60)).await.unwrap().id;
    assert_eq!(
        ends(&asking.published(again).await),
        [CenterEnding::Answered; 2]
    );
    assert_eq!(charges(&test.network.centers[1].data), paid);
}

#[tokio::test]
async fn a_node_whose_disk_is_full_charges_nothing_until_there_is_room() {
    let Some(disk) = SmallDisk::mount(8 * 1024) else {
        return;
    };
    let mut test = TestNetwork::start(EXECUTABLE, 2, 20);
    test.network.kill_node(0);
    let data = test.network.centers[0].data.clone();
    let mut copy = std::process::Command::new("cp");
    copy.arg("-a").args([&data, &disk.path().join("node")]);
    assert!(copy.status().unwrap().success());
    std::fs::remove_dir_all(&data).unwrap();
    std::os::unix::fs::symlink(disk.path().join("node"), &data).unwrap();
    test.network.start_node(0, &[]).unwrap();

    let asking = Researcher::open(&test).await;
    let filler = disk.fill();
    let query = asking.api.submit(&within(&asking, 2)).await.unwrap().id;
    let published = asking.published(query).await;
    assert_eq!(ends(&published)[1], CenterEnding::Answered);
    assert_ne!(ends(&published)[0], CenterEnding::Answered, "{published:?}");
    std::fs::remove_file(filler).unwrap();
    assert_eq!(charges(&data), (0, 0));

    let again = asking.api.submit(&within(&asking, 60)).await.unwrap().id;
    assert_eq!(
        ends(&asking.published(again).await),
        [CenterEnding::Answered; 2]
    );
    assert_eq!(charges(&data).0, 1);
    // The node lies on the disk, which goes before the network does.
    test.network.kill_node(0);
}
