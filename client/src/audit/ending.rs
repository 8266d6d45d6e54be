//! What can only be said of a log as a whole? Its charter, its end, what never came, and what it holds.

use jiff::Timestamp;
use protocol::documents::LogHead;
use protocol::envelope::Envelope;
use protocol::verify::Governance;

use super::history::{NotCurrent, later};
use super::walk::{Walk, what};
use super::{Code, Finding, Report};

/// How long after a deadline a result may be missing: a coordinator that was down publishes as soon as it is up.
const PUBLISHED_WITHIN_S: i64 = 3600;

impl Walk<'_> {
    /// The report: first what concerns the whole log, then by entry.
    pub(super) fn finish(mut self) -> Report {
        self.charter_was_in_force();
        if let Some(head) = self.terms.head {
            self.head(head);
        }
        let strays = self.positions.findings();
        self.findings.extend(strays);
        self.vouched_for();
        self.published();
        self.findings.sort_by_key(|finding| finding.entry);
        self.sum_up();
        Report {
            findings: self.findings,
            summary: self.summary,
        }
    }

    fn charter_was_in_force(&mut self) {
        let pinned = self.terms.charter;
        let mut charters = self.governance.charters().iter();
        if !charters.any(|ruling| ruling.id == pinned) {
            self.findings.push(Finding::whole(
                Code::CharterNotInLog,
                format!("charter {pinned} was never in force in this log; what follows was judged by the log's own charter"),
            ));
        }
    }

    fn head(&mut self, envelope: &Envelope) {
        let head = match envelope.parse_unverified::<LogHead>() {
            Ok(head) => head,
            Err(error) => {
                let why = format!("the head that was kept is none: {error}");
                return self.findings.push(Finding::whole(Code::HeadUnsigned, why));
            }
        };
        if let Some(fault) = self.unsigned(envelope, &head) {
            return self
                .findings
                .push(Finding::whole(Code::HeadUnsigned, fault));
        }
        let position = self.governance.chain().position();
        let (named, entries) = (head.log.entries, position.entries);
        if named > entries {
            if self.whole {
                let why = format!(
                    "the coordinator signed a head of {named} entries on {}, and this log has {entries}: it was cut back",
                    head.time
                );
                self.findings.push(Finding::whole(Code::CutBack, why));
            }
        } else if self.governance.chain().contains(head.log) {
            self.summary.signed_head = Some(named);
        } else {
            let why = format!(
                "the coordinator signed another head of {named} entries on {} than this log has: entries were altered, or it shows \
                 different logs",
                head.time
            );
            self.findings.push(Finding::whole(Code::OtherHead, why));
        }
    }

    /// Why the head is not the word of the coordinator that the roster of its time names.
    fn unsigned(&self, envelope: &Envelope, head: &LogHead) -> Option<String> {
        let roster = self.history.roster_seen(head.log.entries);
        let key = roster.or_else(|| self.governance.roster())?;
        let key = key.document.coordinator;
        if envelope.signers(&[key].into()).is_empty() {
            return Some(format!(
                "the head that was kept is not signed by the coordinator's key {key}, which the roster names"
            ));
        }
        let ours = self.governance.charter().map(|charter| &charter.network);
        ours.filter(|ours| **ours != head.network).map(|ours| {
            format!(
                "the head that was kept is of network {}, not {ours}",
                head.network
            )
        })
    }

    fn vouched_for(&mut self) {
        let waiting = std::mem::take(&mut self.centers.waiting);
        for answer in waiting {
            let current = self
                .history
                .current(answer.seen, answer.earliest, answer.latest);
            if let Err(fault) = current {
                let why = not_current(fault, answer.seen);
                let found = Finding::at(answer.entry, Code::AnswerNotCurrent, &answer.what, why);
                self.findings.push(found);
            }
        }
    }

    fn published(&mut self) {
        let Some(end) = self.governance.chain().last_time() else {
            return;
        };
        let overdue = |deadline: Timestamp| later(deadline, PUBLISHED_WITHIN_S) < end;
        for asked in self.questions.asked.values() {
            if asked.study.is_some() && asked.result.is_none() && overdue(asked.query.deadline) {
                let envelope = usize::try_from(asked.entry).ok();
                let envelope = envelope.and_then(|at| self.entries.get(at));
                let Some(entry) = envelope else { continue };
                let what = what(&self.governance, &self.questions, &entry.envelope);
                let why = format!(
                    "its deadline was {} and the log, which goes on to {end}, holds no result of it",
                    asked.query.deadline
                );
                let found = Finding::at(asked.entry, Code::NotPublished, &what, why);
                self.findings.push(found);
            }
        }
    }

    fn sum_up(&mut self) {
        let (governance, questions) = (&self.governance, &self.questions);
        let summary = &mut self.summary;
        let end = governance.chain().last_time();
        let now = end.unwrap_or(Timestamp::MIN);
        summary.log = Some(governance.chain().position());
        summary.until = end;
        summary.charters = governance.charters().len();
        summary.centers = governance.roster().map_or(0, |r| r.document.centers.len());
        summary.templates = in_force(governance, now, governance.templates().map(|(id, _)| id));
        let studies = governance
            .studies()
            .filter(|(_, study)| study.expires > now);
        summary.studies = in_force(governance, now, studies.map(|(id, _)| id));
        summary.revocations = governance.revocations().len();
        summary.queries = questions.asked.len();
        summary.questions = questions.by_question.len();
        summary.questions_answered = questions.answered.len();
        let unanswered = questions
            .asked
            .values()
            .filter(|asked| !asked.may_be_answered());
        summary.not_allowed = unanswered
            .filter(|asked| !questions.answered.contains(&asked.query.question.id()))
            .count();
        summary.spent = std::mem::take(&mut self.centers.spending.by_center);
    }
}

fn not_current(fault: NotCurrent, seen: u64) -> String {
    let none = match fault {
        NotCurrent::NoWord => "no currency document of the log was valid then".to_owned(),
        NotCurrent::OtherRevocations => format!(
            "every currency document that was valid then counts other revocations than stand among the {seen} entries that its node \
             had seen"
        ),
    };
    format!("{none}; if the center's operator loaded one from a file, it is not in the log")
}

fn in_force<'a>(
    governance: &Governance,
    now: Timestamp,
    ids: impl Iterator<Item = &'a protocol::ids::DocumentId>,
) -> usize {
    ids.filter(|id| governance.withdrawal(id, now).is_none())
        .count()
}
