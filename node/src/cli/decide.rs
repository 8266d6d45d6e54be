//! What do `pending`, `approve` and `refuse` do? A person reads what is asked and decides; the record keeps the word, and the
//! node that serves finds it there.

use std::io::{BufRead, Write};
use std::sync::Arc;

use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use transport::clock::Clock;
use transport::printable::printable_line;

use super::End;
use super::command::say;
use super::options::{Approve, Decision};
use crate::agent::mirror::Mirror;
use crate::agent::open_mirror;
use crate::answer::pending::Pending;
use crate::answer::{Answerer, Circumstances};
use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::record::{RecordError, Verdict};

/// What a person decides over: the node's books and its copy of the log.
struct Desk<'a> {
    answerer: Answerer,
    mirror: Mirror,
    clock: &'a dyn Clock,
}

/// Lists what waits.
pub(super) fn pending(
    data: &DataDir,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    let desk = Desk::open(data, clock.as_ref())?;
    let waiting = desk.waiting()?;
    let (queries, waits) = match waiting.len() {
        0 => return Ok(say(writeln!(out, "no query waits for a decision"))),
        1 => ("1 query".to_owned(), "waits"),
        several => (format!("{several} queries"), "wait"),
    };
    say(writeln!(out, "{queries} {waits} for a decision"));
    for (id, pending) in waiting {
        say(writeln!(out));
        match pending {
            Some(pending) => say(pending.write(out)),
            None => say(writeln!(out, "query        {id}\n{UNSEEN}")),
        };
    }
    Ok(say(writeln!(
        out,
        "\ndecide with `cartally-node approve QUERY` or `cartally-node refuse QUERY`, each with the whole id"
    )))
}

/// Approves a query, once a person has read what it asks and said so.
pub(super) fn approve(
    data: &DataDir,
    asked: &Approve,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    let desk = Desk::open(data, clock.as_ref())?;
    let query = asked.decision.query;
    desk.must_wait(query, Verdict::Approve)?;
    let pending = desk.pending(query)?.ok_or_else(|| NodeError::Network {
        code: "pending.not_in_log",
        sentence: UNSEEN.to_owned(),
    })?;
    if pending.query.deadline <= clock.now() {
        return Err(NodeError::Network {
            code: "pending.late",
            sentence: format!(
                "the deadline of query {query} passed at {:.0}, and it was published without this center. \
                 there is nothing to decide",
                pending.query.deadline
            ),
        });
    }
    say(pending.write(out));
    if !asked.yes && !confirmed(out, &mut std::io::stdin().lock()) {
        say(writeln!(out, "nothing was decided"));
        return Ok(End::Nothing);
    }
    desk.decide(&asked.decision, Verdict::Approve, out)
}

/// Refuses a query.
pub(super) fn refuse(
    data: &DataDir,
    asked: &Decision,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    let desk = Desk::open(data, clock.as_ref())?;
    desk.must_wait(asked.query, Verdict::Refuse)?;
    if let Some(pending) = desk.pending(asked.query)? {
        say(pending.write(out));
    }
    desk.decide(asked, Verdict::Refuse, out)
}

/// What is said of a query that the node's copy of the log does not hold.
const UNSEEN: &str = "this node's copy of the log does not hold the query any more, so nobody can say what it asks. \
                      start the node, which fetches the log, and look again";

impl<'a> Desk<'a> {
    fn open(data: &DataDir, clock: &'a dyn Clock) -> Result<Self, NodeError> {
        NodeConfig::load(data)?;
        let answerer = Answerer::open(data.clone(), clock.now())?;
        let mirror = open_mirror(data)?;
        Ok(Self {
            answerer,
            mirror,
            clock,
        })
    }

    /// The queries that wait and whose deadline has not passed, oldest first; without its words where the log lacks one.
    fn waiting(&self) -> Result<Vec<(DocumentId, Option<Pending>)>, NodeError> {
        let now = self.clock.now();
        let waiting = self.answerer.record().awaiting()?;
        let mut shown = Vec::new();
        for (id, _) in waiting {
            let pending = self.pending(id)?;
            let in_time = |pending: &Pending| pending.query.deadline > now;
            if pending.as_ref().is_none_or(in_time) {
                shown.push((id, pending));
            }
        }
        Ok(shown)
    }

    fn pending(&self, query: DocumentId) -> Result<Option<Pending>, NodeError> {
        let Some(envelope) = self.query(query)? else {
            return Ok(None);
        };
        let on = Circumstances {
            governance: self.mirror.governance(),
            log: self.mirror.position(),
            clock: self.clock,
        };
        Ok(Some(self.answerer.pending(&envelope, on)?))
    }

    fn query(&self, id: DocumentId) -> Result<Option<Envelope>, NodeError> {
        let Some(index) = self.mirror.governance().query_index(&id) else {
            return Ok(None);
        };
        let entry = self.mirror.entry(index)?;
        Ok(entry.map(|entry| entry.envelope))
    }

    /// Said before anything is shown: a query that waits for nobody, or was decided otherwise.
    fn must_wait(&self, query: DocumentId, verdict: Verdict) -> Result<(), NodeError> {
        let record = self.answerer.record();
        let decided = record.decision(query)?.map(|decided| decided.verdict);
        if let Some(decided) = decided.filter(|decided| *decided != verdict) {
            return Err(RecordError::Decided { query, decided }.into());
        }
        let waits = record.awaiting()?.iter().any(|(id, _)| *id == query);
        if waits || decided.is_some() {
            Ok(())
        } else {
            Err(RecordError::NotAwaiting(query).into())
        }
    }

    fn decide(
        &self,
        asked: &Decision,
        verdict: Verdict,
        out: &mut dyn Write,
    ) -> Result<End, NodeError> {
        let by = asked.by.clone().filter(|name| !name.trim().is_empty());
        let by = by.unwrap_or_else(user_number);
        let record = self.answerer.record();
        record.decide(asked.query, verdict, &by, &asked.note, self.clock.now())?;
        // Who decided the same before is who decided.
        let first = record.decision(asked.query)?;
        if let Some(first) = first.filter(|first| (&first.by, &first.note) != (&by, &asked.note)) {
            return Ok(say(writeln!(
                out,
                "query {} was decided before: {verdict} by {} on {:.0}. nothing was added, and this note is not kept",
                asked.query,
                printable_line(&first.by),
                first.at
            )));
        }
        Ok(say(writeln!(
            out,
            "{verdict} by {}: query {}. a node that is serving acts on it within seconds, another one when it starts",
            printable_line(&by),
            asked.query
        )))
    }
}

/// Whether the person means it.
fn confirmed(out: &mut dyn Write, input: &mut dyn BufRead) -> bool {
    // A closed output or input is no yes.
    let asked =
        write!(out, "\napprove this query? write yes to do so: ").and_then(|()| out.flush());
    let mut word = String::new();
    asked.is_ok() && input.read_line(&mut word).is_ok() && word.trim() == "yes"
}

/// The number of the user who runs this program, where the environment names nobody.
fn user_number() -> String {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").map_or_else(
        |_| "unknown".to_owned(),
        |process| format!("uid {}", process.uid()),
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("yes\n", true)]
    #[case("  yes  \n", true)]
    #[case("y\n", false)]
    #[case("\n", false)]
    #[case("", false)]
    fn only_the_whole_word_approves(#[case] typed: &str, #[case] expected: bool) {
        let mut out = Vec::new();
        assert_eq!(confirmed(&mut out, &mut typed.as_bytes()), expected);
        assert!(String::from_utf8(out).unwrap().contains("write yes"));
    }

    #[test]
    fn who_has_no_name_has_a_number() {
        assert!(user_number().starts_with("uid "));
    }
}
