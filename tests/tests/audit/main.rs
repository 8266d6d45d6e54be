//! Does an audit pass on what honest processes did, and find what was done to their books afterwards?

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod alterations;
mod books;
mod forged;
mod told;

use demo::network::{OFFICE, RESEARCHER};

use alterations::{ALTERATIONS, Alteration};
use forged::Forged;
use told::Told;

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");

#[test]
fn an_honest_log_passes_for_everybody_and_each_of_many_altered_ones_fails_with_a_sentence_that_names_it()
 {
    let told = Told::new(EXECUTABLE);
    for person in [RESEARCHER, OFFICE] {
        let said = told.test.says(&person, &["audit"]);
        for words in ["6 queries for 5 questions", "14 answers", "1 refusal"] {
            assert!(said.contains(words), "{said}");
        }
        assert!(said.ends_with("nothing is wrong with this log\n"), "{said}");
    }
    let honest = Forged::of(&told).audited();
    assert_eq!(honest.code, 0, "{honest:?}");

    let missed: Vec<String> = ALTERATIONS
        .iter()
        .filter_map(|alteration| missed(&told, alteration))
        .collect();
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
    assert!(ALTERATIONS.len() >= 20);
}

/// What was said of an altered log, if the alteration was not named.
fn missed(told: &Told, alteration: &Alteration) -> Option<String> {
    let mut forged = Forged::of(told);
    (alteration.forge)(&mut forged);
    let ended = forged.audited();
    let code = format!("[{}] ", alteration.code);
    let named = |line: &str| line.starts_with(&code) && line.contains(alteration.words);
    let found = ended.code == 1 && ended.output.lines().any(named);
    (!found).then(|| {
        format!(
            "{}: wanted {code}{}\nended {} with\n{}{}",
            alteration.name, alteration.words, ended.code, ended.output, ended.complaint
        )
    })
}
