//! Does a long log take as long as it is, and no longer?

use std::cell::Cell;

use protocol::documents::{Refusal, RefusalReason};
use protocol::envelope::Envelope;
use protocol::log::{Chain, LogEntry};
use question::Dictionary;

use super::super::{LogFile, Terms, audit};
use super::entries;

/// Enough that anything quadratic would be seen.
const ENTRIES: u64 = 3_000;

#[test]
fn a_long_log_is_walked_once_and_passes() {
    let (story, mut entries) = entries();
    let (query, last) = (entries[5].envelope.id(), entries[10].time);
    let mut chain = Chain::default().extended(&entries).unwrap();
    for index in 11..ENTRIES {
        let refusal = Refusal {
            query,
            center: "K04".parse().unwrap(),
            reason: RefusalReason::PersonRefuses,
            log: chain.position(),
        };
        let entry = LogEntry {
            index,
            time: last,
            envelope: Envelope::sign(&refusal, &story.centers[3]),
        };
        chain.push(&entry).unwrap();
        entries.push(entry);
    }
    let (steps, dictionary) = (Cell::new(0), Dictionary::shipped().unwrap());
    let terms = Terms {
        charter: story.charter().id(),
        head: None,
        dictionary: &dictionary,
    };
    let report = audit(&LogFile::from(entries), &terms, &|_| {
        steps.set(steps.get() + 1);
    });
    assert!(report.passes(), "{report}");
    assert_eq!(steps.get(), ENTRIES);
}
