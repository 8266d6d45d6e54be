//! What does a roster say? Each center with its keys; new ones as words, to be compared by telephone.

use std::fmt::Write;

use protocol::documents::{EnrolledRole, Roster, RosterCenter};
use protocol::ids::DocumentId;
use transport::printable::printable_line;

use super::section;
use crate::govern::telephone;
use crate::govern::view::{View, moment};
use crate::words::{Change, changes_in_words, indented, paragraph};

/// The roster, and what it changes about the one in force.
pub(super) fn body(view: &View<'_>, id: &DocumentId, roster: &Roster) -> (String, Option<String>) {
    let current = view.governance.roster().filter(|known| &known.id != id);
    let current = current.map(|known| &known.document);
    let mut centers = String::new();
    for center in &roster.centers {
        let before = current.and_then(|roster| roster.center(&center.id));
        centers.push_str(&of_center(view, center, before));
    }
    let rules = format!(
        "Nothing about a question leaves a center before {} s have passed.\nResults are signed with the coordinator's key {}.\n",
        roster.answer_delay_s, roster.coordinator
    );
    let text = section("Centers", &centers) + &section("For all of them", &rules);
    (
        text,
        current.map(|old| changes_in_words(&changes(old, roster))),
    )
}

fn of_center(view: &View<'_>, center: &RosterCenter, before: Option<&RosterCenter>) -> String {
    let name = printable_line(&center.name);
    let over = if center.valid_until <= view.now {
        " (over)"
    } else {
        ""
    };
    let mut text = paragraph(
        "",
        "    ",
        &format!(
            "{} {name}, until {}{over}",
            center.id,
            moment(center.valid_until)
        ),
    );
    let same = before.is_some_and(|old| old.signing_key == center.signing_key);
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "  signing key {}{}",
        center.signing_key,
        if same { ", as before" } else { "" }
    );
    if !same {
        text.push_str(
            "  NEW KEY: let the hospital read its words over the telephone, and compare:\n",
        );
        let words = telephone::words(center.signing_key.into());
        text.push_str(&indented("    ", &words));
    }
    text.push_str(&paragraph("  ", "    ", &vouched(view, center, before)));
    text
}

/// Whether the center itself named the key for secure sums, in the enrolment that it signed.
fn vouched(view: &View<'_>, center: &RosterCenter, before: Option<&RosterCenter>) -> String {
    let sum = format!("sum key {}", center.sum_key);
    if before.is_some_and(|old| old.sum_key == center.sum_key) {
        return format!("{sum}, as before");
    }
    let mut enrolled =
        view.people.enrolled().iter().filter(|one| {
            one.role == EnrolledRole::Center && one.signing_key == center.signing_key
        });
    let own =
        enrolled.any(|one| one.id == center.id.as_str() && one.sum_key == Some(center.sum_key));
    if own {
        format!("{sum}, named by the center's own signed enrolment")
    } else {
        format!("{sum}; NOT from an enrolment in the log: compare its digits too")
    }
}

fn changes(old: &Roster, new: &Roster) -> Vec<Change> {
    let mut changes = vec![Change::of("version", &old.version, &new.version)];
    for center in &old.centers {
        if new.center(&center.id).is_none() {
            let what = format!("center {}", center.id);
            changes.push(Some(Change::removed(what, &center.name)));
        }
    }
    for center in &new.centers {
        let what = |field: &str| format!("center {}: {field}", center.id);
        match old.center(&center.id) {
            None => changes.push(Some(Change::added(
                format!("center {}", center.id),
                &center.name,
            ))),
            Some(old) => changes.extend([
                Change::of(what("name"), &old.name, &center.name),
                Change::of(what("signing key"), &old.signing_key, &center.signing_key)
                    .map(|it| it.noted("compare by telephone")),
                Change::of(what("sum key"), &old.sum_key, &center.sum_key),
                Change::of(
                    what("until"),
                    &moment(old.valid_until),
                    &moment(center.valid_until),
                ),
            ]),
        }
    }
    changes.push(Change::of(
        "seconds before anything leaves",
        &old.answer_delay_s,
        &new.answer_delay_s,
    ));
    changes.push(
        Change::of("coordinator's key", &old.coordinator, &new.coordinator)
            .map(|it| it.noted("another coordinator")),
    );
    changes.into_iter().flatten().collect()
}
