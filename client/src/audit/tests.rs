//! What can be done to a log, or by those who write into it? Each thing, by name, and the sentence that names it.

mod files;
mod lies;
mod heads;
mod size;

use protocol::envelope::Envelope;
use protocol::log::LogEntry;
use question::Dictionary;

use super::{Code, LogFile, Report, Terms, audit};
use crate::verify::story::Story;

/// The story's log as an auditor reads it who has compared the founding charter.
fn judged(story: &Story, log: &LogFile, head: Option<&Envelope>) -> Report {
    let dictionary = Dictionary::shipped().unwrap();
    let terms = Terms {
        charter: story.charter().id(),
        head,
        dictionary: &dictionary,
    };
    audit(log, &terms, &|_| ())
}

fn audited(story: &Story) -> Report {
    judged(story, &LogFile::from(story.mirror.entries().to_vec()), None)
}

/// An honest network that asked once.
fn told() -> Story {
    let mut story = Story::new();
    story.told(|_| {});
    story
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

/// The one finding with `code`, which says `words`.
#[track_caller]
fn must_say(report: &Report, code: Code, words: &[&str]) {
    let found = report.findings.iter().find(|finding| finding.code == code);
    let sentence = &found.unwrap_or_else(|| panic!("{report}")).sentence;
    for word in words {
        assert!(sentence.contains(word), "{word:?} is not in: {sentence}");
    }
}

#[test]
fn an_honest_log_passes_and_is_summed_up() {
    let story = told();
    let report = audited(&story);
    assert!(report.passes(), "{report}");
    let summary = &report.summary;
    assert_eq!(summary.log, Some(story.mirror.position()));
    let counts = (
        summary.queries,
        summary.answers,
        summary.refusals,
        summary.results,
    );
    assert_eq!(counts, (1, 3, 1, 1));
    let shown = report.to_string();
    for words in [
        "11 entries",
        "4 centers, 1 template, 1 study",
        "rho spent at K01: 0.05 in 2026, 0.05 ever",
        "vouches until 2026-12-05T12:00:00Z",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

#[test]
fn no_more_findings_are_shown_than_people_read_and_the_rest_is_counted() {
    let mut report = audited(&told());
    let one = super::Finding::whole(Code::Older, "it is old");
    report.findings = vec![one; super::FINDINGS_SHOWN_MAX + 2];
    let shown = report.to_string();
    assert_eq!(shown.matches("[older] it is old").count(), 100);
    assert!(shown.contains("and 2 more"));
}

#[test]
fn the_page_on_audits_tells_every_code_with_its_meaning_and_no_other() {
    let page = include_str!("../../../docs/audit.md");
    let row = |code: &Code| format!("| `{code}` | {} |", code.meaning());
    for code in Code::ALL {
        assert!(page.contains(&row(code)), "missing: {}", row(code));
    }
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    assert_eq!(rows.count(), Code::ALL.len());
}

/// The honest log's entries, to be altered.
fn entries() -> (Story, Vec<LogEntry>) {
    let story = told();
    let entries = story.mirror.entries().to_vec();
    (story, entries)
}
