//! What can a coordinator, a researcher, a center or a member write into a log that is otherwise whole? Each lie, by name.

mod asked;
mod answered;
mod governed;
mod published;

use protocol::documents::{Answer, Query};
use protocol::envelope::Envelope;

use super::super::Code;
use super::{audited, must_say};
use crate::verify::story::Story;

/// The story's second question as its researcher would sign it, altered.
fn asks(story: &Story, alter: impl FnOnce(&mut Query)) -> Envelope {
    let query = story.query(2, &story.study(300));
    let mut query: Query = query.parse_unverified().unwrap();
    alter(&mut query);
    Envelope::sign(&query, &story.researcher)
}

/// K01's answer to `query`, altered.
fn answers(story: &Story, query: &Envelope, alter: impl FnOnce(&mut Answer)) -> Envelope {
    let question = query.parse_unverified::<Query>().unwrap().question.id();
    let mut answer = story.answer(0, question, vec![vec![1, 10]]);
    alter(&mut answer);
    Envelope::sign(&answer, &story.centers[0])
}

/// Logs a query, altered, and K01's answer to it.
fn asked_and_answered(story: &mut Story, alter: impl FnOnce(&mut Query)) {
    let query = asks(story, alter);
    story.log(&query);
    let answer = answers(story, &query, |_| {});
    story.log(&answer);
}

/// The story with what `lie` adds does not pass, and the sentence with `code` says `words`.
#[track_caller]
fn must_find(mut story: Story, lie: fn(&mut Story), code: Code, words: &[&str]) {
    lie(&mut story);
    must_say(&audited(&story), code, words);
}
