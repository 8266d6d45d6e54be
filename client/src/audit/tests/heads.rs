//! Does the log reach where the coordinator signed that it does?

use jiff::SignedDuration;
use protocol::documents::LogHead;
use protocol::envelope::Envelope;
use protocol::ids::{ChainHead, DocumentId};
use protocol::log::LogPosition;
use question::Dictionary;

use super::super::{Code, LogFile, Terms, audit};
use super::{codes, judged, must_say, told};
use crate::verify::story::{Story, start};

fn head(story: &Story, log: LogPosition) -> LogHead {
    let _ = story;
    LogHead {
        network: "demo".parse().unwrap(),
        log,
        time: start() + SignedDuration::from_secs(30),
    }
}

#[test]
fn a_log_that_reaches_its_signed_head_passes_whether_it_has_grown_since_or_not() {
    let story = told();
    let signed = |log| Envelope::sign(&head(&story, log), &story.coordinator);
    let log = LogFile::from(story.mirror.entries().to_vec());
    let now = judged(&story, &log, Some(&signed(story.mirror.position())));
    assert!(now.passes() && now.summary.signed_head == Some(11), "{now}");
    let before = LogPosition::EMPTY
        .extended(&story.mirror.entries()[..7])
        .unwrap();
    assert!(judged(&story, &log, Some(&signed(before))).passes());
}

#[test]
fn a_log_cut_back_is_found_by_its_signed_head_alone() {
    let story = told();
    let signed = Envelope::sign(&head(&story, story.mirror.position()), &story.coordinator);
    let cut = LogFile::from(story.mirror.entries()[..10].to_vec());
    assert!(judged(&story, &cut, None).passes());
    let report = judged(&story, &cut, Some(&signed));
    must_say(&report, Code::CutBack, &["11 entries", "this log has 10"]);
}

#[test]
fn a_log_that_ends_otherwise_than_its_signed_head_says_does_not_pass() {
    let story = told();
    let mut other = story.mirror.position();
    other.head = ChainHead::from_bytes([3; 32]);
    let signed = Envelope::sign(&head(&story, other), &story.coordinator);
    let log = LogFile::from(story.mirror.entries().to_vec());
    let report = judged(&story, &log, Some(&signed));
    assert_eq!(codes(&report), [Code::OtherHead]);
    must_say(&report, Code::OtherHead, &["another head of 11 entries"]);
}

#[test]
fn a_head_that_the_rosters_coordinator_did_not_sign_is_no_evidence() {
    let story = told();
    let log = LogFile::from(story.mirror.entries().to_vec());
    let position = story.mirror.position();
    let strangers = Envelope::sign(&head(&story, position), &story.researcher);
    let report = judged(&story, &log, Some(&strangers));
    must_say(
        &report,
        Code::HeadUnsigned,
        &["coordinator's key", "roster"],
    );
    let mut foreign = head(&story, position);
    foreign.network = "other".parse().unwrap();
    let foreign = Envelope::sign(&foreign, &story.coordinator);
    let report = judged(&story, &log, Some(&foreign));
    must_say(&report, Code::HeadUnsigned, &["of network other"]);
    let no_head = judged(&story, &log, Some(&story.charter()));
    assert_eq!(codes(&no_head), [Code::HeadUnsigned]);
}

#[test]
fn a_log_without_the_pinned_charter_is_said_to_have_none() {
    let story = told();
    let dictionary = Dictionary::shipped().unwrap();
    let terms = Terms {
        charter: DocumentId::from_bytes([1; 32]),
        head: None,
        dictionary: &dictionary,
    };
    let log = LogFile::from(story.mirror.entries().to_vec());
    let report = audit(&log, &terms, &|_| ());
    assert_eq!(codes(&report), [Code::CharterNotInLog]);
}
