//! What does a coordinator obtain that was broken into? It has the real one's keys, and each attack ends in a refusal from
//! the fixed list or in a node that stops: never in an answer that it should not have, and never in a charge.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod queries;
mod decisions;
mod charters;
mod logs;
mod currency;
mod answers;
mod people;
mod enrolment;

use protocol::documents::RefusalReason;
use protocol::envelope::Envelope;
use tests::evil::{End, Scene};

/// The node refuses the query for this reason and charges nothing.
#[track_caller]
fn refused(scene: &Scene, query: &Envelope, reason: RefusalReason) {
    let charged = scene.charged();
    assert_eq!(scene.offers(query), End::Refused(reason));
    assert_eq!(scene.charged(), charged);
}

/// Logged and offered, the query is refused for this reason and charges nothing.
#[track_caller]
fn logged_and_refused(scene: &Scene, query: &Envelope, reason: RefusalReason) {
    scene.log(query.clone());
    refused(scene, query, reason);
}

/// The node takes no notice of what it is shown, charges nothing, and keeps the log that it had.
#[track_caller]
fn stopped(scene: &Scene, query: &Envelope) {
    let (charged, seen) = (scene.charged(), scene.mirrored().position());
    assert_eq!(scene.offers(query), End::Stopped);
    assert_eq!(scene.charged(), charged);
    assert_eq!(scene.mirrored().position(), seen);
}

/// The node answers.
#[track_caller]
fn answered(scene: &Scene, query: &Envelope) -> protocol::documents::Answer {
    match scene.offers(query) {
        End::Answered(answer) => *answer,
        other => panic!("expected an answer, got {other:?}"),
    }
}
