//! What does a charter say? Who decides, by which rule, and who states that the log is current.

use std::collections::BTreeMap;
use std::fmt::Write;

use protocol::documents::{Charter, Member};
use protocol::envelope::Envelope;
use protocol::ids::PersonId;

use super::section;
use crate::govern::ballot::count;
use crate::govern::people::{People, member};
use crate::govern::telephone;
use crate::govern::view::View;
use crate::words::{Change, changes_in_words, indented, paragraph};

/// The charter with its fingerprint, and what it changes about the one that it succeeds.
pub(super) fn body(
    view: &View<'_>,
    envelope: &Envelope,
    charter: &Charter,
) -> (String, Option<String>) {
    let mut text = section("The charter", &in_words(charter, &view.people));
    text.push_str(&new_keys(view, charter));
    text.push_str(&section(
        "Its fingerprint as words",
        &telephone::words(envelope.id().into()),
    ));
    let named = charter.predecessor.map(|before| before.charter);
    let mut known = view.governance.charters().iter();
    let before = known.find(|ruling| Some(ruling.id) == named);
    let changed = before.map(|before| {
        changes_in_words(&changes(&before.charter, charter, &view.people))
            + "Its fingerprint is another one; nodes and people who pinned an earlier charter follow by themselves.\n"
    });
    (text, changed)
}

/// The charter in plain words. Ends with a line break.
pub(crate) fn in_words(charter: &Charter, people: &People) -> String {
    let rule = format!(
        "A document of network {} is in force when {} of {} have signed, from {} or more. Whoever proposes it, and whoever may ask in a study, \
         does not count. One member suspends a document for 14 days; {} revoke it.",
        charter.network,
        charter.threshold,
        count(charter.members.len(), "member"),
        count(
            usize::try_from(charter.minimum_organisations).unwrap_or(usize::MAX),
            "organisation"
        ),
        charter.threshold,
    );
    let mut text = paragraph("", "", &rule);
    text.push_str("members:\n");
    for one in &charter.members {
        text.push_str(&paragraph("  ", "    ", &member(one)));
        // Writing into a string cannot fail.
        let _ = writeln!(text, "    key {}", one.key);
    }
    text.push_str("timekeepers, who state that the log is current:\n");
    for key in &charter.timekeepers {
        text.push_str(&indented(
            "  ",
            &format!("{}\n  key {key}", people.name(key)),
        ));
    }
    text
}

/// The keys of a successor that no charter in force named before, as words.
fn new_keys(view: &View<'_>, charter: &Charter) -> String {
    let mut text = String::new();
    if charter.predecessor.is_none() {
        return text;
    }
    for one in &charter.members {
        let mut charters = view.governance.charters().iter();
        let known = charters.any(|ruling| ruling.charter.members.contains(one));
        if !known {
            let heading = format!(
                "NEW KEY of {}: let its holder read the words over the telephone, and compare",
                one.id
            );
            text.push_str(&section(&heading, &telephone::words(one.key.into())));
        }
    }
    text
}

/// Who signed a first charter, which every member must; nothing for its successors.
pub(super) fn founders(envelope: &Envelope) -> Option<String> {
    let charter: Charter = envelope.parse_unverified().ok()?;
    if charter.predecessor.is_some() {
        return None;
    }
    let signed = envelope.signers(&charter.member_keys());
    let mut text = format!(
        "{} of {} members have signed; a first charter needs all of them\n",
        signed.len(),
        charter.members.len()
    );
    for one in &charter.members {
        let word = if signed.contains(&one.key) {
            "signed"
        } else {
            "not yet"
        };
        text.push_str(&paragraph(
            "  ",
            "    ",
            &format!("{word}: {}", member(one)),
        ));
    }
    Some(text)
}

/// Everything in which `new` differs from `old`.
pub(crate) fn changes(old: &Charter, new: &Charter, people: &People) -> Vec<Change> {
    let by_id = |charter: &Charter| -> BTreeMap<PersonId, Member> {
        let members = charter.members.iter();
        members.map(|one| (one.id.clone(), one.clone())).collect()
    };
    let (before, after) = (by_id(old), by_id(new));
    let mut changes: Vec<Change> = [
        Change::of("version", &old.version, &new.version),
        Change::of("signatures needed", &old.threshold, &new.threshold),
        Change::of(
            "organisations needed",
            &old.minimum_organisations,
            &new.minimum_organisations,
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    let gone = before.iter().filter(|(id, _)| !after.contains_key(*id));
    changes.extend(gone.map(|(id, one)| Change::removed(format!("member {id}"), member(one))));
    for (id, one) in &after {
        match before.get(id) {
            None => changes.push(Change::added(format!("member {id}"), member(one))),
            Some(old) => changes.extend(of_member(old, one)),
        }
    }
    let timekeepers = |charter: &Charter| {
        let keys = charter.timekeepers.iter();
        keys.map(|key| format!("{} {key}", people.name(key)))
            .collect::<Vec<_>>()
            .join("; ")
    };
    changes.extend(Change::of(
        "timekeepers",
        &timekeepers(old),
        &timekeepers(new),
    ));
    changes
}

fn of_member(old: &Member, new: &Member) -> Vec<Change> {
    let what = |field: &str| format!("member {}: {field}", new.id);
    let changes = [
        Change::of(what("name"), &old.name, &new.name),
        Change::of(what("organisation"), &old.organisation, &new.organisation),
        Change::of(what("key"), &old.key, &new.key).map(|it| it.noted("compare by telephone")),
    ];
    changes.into_iter().flatten().collect()
}
