//! Which heads are believed, and does one that contradicts the last leave its proof behind?

use jiff::Timestamp;
use protocol::keys::SigningKey;
use rstest::rstest;

use super::*;
use crate::govern::sample::{COORDINATOR, OFFICE, Sample, key, roster};
use crate::home::Profile;

struct Here {
    home: Home,
    sample: Sample,
}

impl Here {
    fn new() -> Self {
        let sample = Sample::running();
        let profile = Profile {
            network: "demo".parse().unwrap(),
            person: "kim".parse().unwrap(),
            coordinator: "https://127.0.0.1:1".into(),
            name: String::new(),
            organisation: String::new(),
            charter: Some(sample.charter.id()),
        };
        let home = Home::create(&sample.path("home"), profile).unwrap();
        Self { home, sample }
    }

    fn heads(&self) -> Heads {
        Heads::open(&self.home).unwrap()
    }

    fn entries(&self) -> Vec<LogEntry> {
        let documents = self.sample.mirror.documents().enumerate();
        documents
            .map(|(index, envelope)| LogEntry {
                index: index as u64,
                time: self.sample.mirror.time_at(index).unwrap(),
                envelope: envelope.clone(),
            })
            .collect()
    }

    /// What the coordinator signed, checked.
    fn head(&self, log: LogPosition) -> Head {
        let governance = self.sample.governance();
        let heads = self.heads();
        let signed = signed(log, &key(COORDINATOR));
        heads.checked(Some(&governance), &signed).unwrap()
    }

    fn keep(&self, log: LogPosition) {
        self.heads().keep(self.head(log)).unwrap();
    }
}

fn signed(log: LogPosition, key: &SigningKey) -> Envelope {
    let head = LogHead {
        network: "demo".parse().unwrap(),
        log,
        time: Timestamp::UNIX_EPOCH,
    };
    Envelope::sign(&head, key)
}

#[test]
fn a_head_that_the_rosters_coordinator_did_not_sign_is_not_believed() {
    let here = Here::new();
    let position = here.sample.mirror.position();
    let governance = here.sample.governance();
    let forged = signed(position, &key(OFFICE));
    let refused = here.heads().checked(Some(&governance), &forged);
    assert_eq!(refused.unwrap_err().code(), "head-not-signed");
    // Before there is a roster, nobody can say whose signature it should be.
    assert!(here.heads().checked(None, &forged).is_ok());
}

#[test]
fn a_head_that_the_log_passes_agrees_and_the_newest_is_kept() {
    let here = Here::new();
    let (mirror, position) = (&here.sample.mirror, here.sample.mirror.position());
    here.keep(position);
    let more = LogEntry {
        index: position.entries,
        time: here.sample.now,
        envelope: Envelope::sign(&roster(2, 3), &key(OFFICE)),
    };
    let next = position.after(&more).unwrap();
    let fetched = Fetched::extending(mirror, &[more]).unwrap();
    let mut heads = here.heads();
    heads
        .must_agree(mirror, &fetched, &here.head(next))
        .unwrap();
    heads.keep(here.head(next)).unwrap();
    assert_eq!(here.heads().kept.unwrap().log, next);
}

#[test]
fn a_head_on_another_log_is_kept_beside_the_first_as_a_proof() {
    let here = Here::new();
    let mirror = &here.sample.mirror;
    here.keep(mirror.position());
    let mut other = here.entries();
    other.last_mut().unwrap().envelope = Envelope::sign(&roster(9, 1), &key(OFFICE));
    let lie = LogPosition::EMPTY.extended(&other).unwrap();
    let fetched = Fetched::whole(&other).unwrap();
    let found = here.heads().must_agree(mirror, &fetched, &here.head(lie));
    let error = found.unwrap_err();
    assert_eq!(error.code(), "heads-contradict");
    let kept = std::fs::read(here.home.path("log.head.other.json")).unwrap();
    let kept: LogHead = Envelope::from_json(&kept)
        .unwrap()
        .parse_unverified()
        .unwrap();
    assert_eq!(kept.log, lie);
    assert!(error.to_string().contains("log.head.other.json"), "{error}");
    assert_eq!(here.heads().kept.unwrap().log, mirror.position());
}

#[rstest]
#[case::shorter_log(3)]
#[case::no_log(0)]
fn a_log_cut_back_is_no_contradiction_but_an_alarm(#[case] entries: usize) {
    let here = Here::new();
    here.keep(here.sample.mirror.position());
    let short = here.entries()[..entries].to_vec();
    let now = LogPosition::EMPTY.extended(&short).unwrap();
    let fetched = Fetched::whole(&short).unwrap();
    let found = here
        .heads()
        .must_agree(&here.sample.mirror, &fetched, &here.head(now));
    assert_eq!(found.unwrap_err().code(), "log-broken");
    assert!(!here.home.path("log.head.other.json").exists());
}

#[test]
fn a_copy_that_was_deleted_does_not_hide_that_the_log_is_another() {
    let here = Here::new();
    here.keep(here.sample.mirror.position());
    let empty = Mirror::open(&here.sample.path("empty.jsonl")).unwrap();
    let mut other = here.entries();
    other[1].envelope = Envelope::sign(&roster(9, 1), &key(OFFICE));
    let lie = LogPosition::EMPTY.extended(&other).unwrap();
    let fetched = Fetched::extending(&empty, &other).unwrap();
    let found = here.heads().must_agree(&empty, &fetched, &here.head(lie));
    assert_eq!(found.unwrap_err().code(), "heads-contradict");
}

#[test]
fn a_kept_head_that_cannot_be_read_does_not_pass_for_none() {
    let here = Here::new();
    std::fs::write(here.home.path("log.head.json"), "{").unwrap();
    assert!(Heads::open(&here.home).is_err());
}
