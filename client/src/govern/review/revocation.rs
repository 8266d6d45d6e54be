//! What was taken back, by whom, and why?

use std::collections::BTreeSet;
use std::fmt::Write;

use protocol::documents::{Revocation, Roster, Study, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::verify::Standing;
use question::template::Template;

use super::section;
use crate::govern::ballot::{Ballot, quoted};
use crate::govern::standing::standing;
use crate::govern::view::{View, moment};
use crate::words::{indented, paragraph};

/// A revocation in plain words.
pub(super) fn body(view: &View<'_>, revocation: &Revocation) -> String {
    let label = view.label_of(&revocation.document);
    let mut text = paragraph("", "", &format!("It takes back {label}."));
    // Writing into a string cannot fail.
    let _ = writeln!(text, "id of that: {}", revocation.document);
    text.push_str(&paragraph("reason: ", "  ", &revocation.reason));
    let until = moment(revocation.suspended_until());
    text.push_str(&paragraph(
        "",
        "",
        &match view.governance.standing(&revocation.document, view.now) {
            Standing::Revoked => "That document is revoked for good.".to_owned(),
            Standing::Suspended { until } => format!(
                "That document is suspended until {}; with the signatures still missing below it is revoked for good.",
                moment(until)
            ),
            Standing::Unknown
            | Standing::Pending
            | Standing::InForce
            | Standing::Superseded => format!(
                "Its suspension ended {until}; with the signatures still missing below that document is revoked for good."
            ),
        },
    ));
    section("The revocation", &text)
}

/// Every revocation of this document; nothing if there is none.
pub(super) fn naming(view: &View<'_>, id: &DocumentId) -> Option<String> {
    let mut text = String::new();
    for (revocation, says) in view.governance.revocations_naming(id) {
        let Some(envelope) = view.document(revocation) else {
            continue;
        };
        let who = Ballot::of(&view.governance, envelope).map(|ballot| {
            let signed = ballot.votes.signed.iter();
            signed
                .map(|key| view.people.name(key))
                .collect::<Vec<_>>()
                .join(", ")
        });
        let line = format!(
            "by {}: {}; {}",
            who.unwrap_or_default(),
            quoted(&says.reason),
            standing(view, envelope)
        );
        text.push_str(&paragraph("", "  ", &line));
        let _ = writeln!(text, "  revocation {revocation}");
    }
    (!text.is_empty()).then_some(text)
}

/// Everything that is taken back: for good, and for a while.
pub(super) fn sections(view: &View<'_>) -> String {
    let (mut revoked, mut suspended) = (String::new(), String::new());
    for id in taken_back(view) {
        let into = match view.governance.standing(&id, view.now) {
            Standing::Revoked => &mut revoked,
            Standing::Suspended { .. } => &mut suspended,
            Standing::Unknown | Standing::Pending | Standing::InForce | Standing::Superseded => {
                continue;
            }
        };
        into.push_str(&entry(view, &id));
    }
    let shown = |heading, text: &str| match text {
        "" => String::new(),
        text => section(heading, text),
    };
    shown("Revoked", &revoked) + &shown("Suspended", &suspended)
}

/// Other versions of the same document that were revoked for good: whoever decides on this one should know why.
pub(super) fn of_other_versions(view: &View<'_>, envelope: &Envelope) -> Option<String> {
    let one = lineage(envelope)?;
    let others = taken_back(view).into_iter().filter(|id| {
        let known = view.mirror.document(id);
        *id != envelope.id()
            && view.governance.standing(id, view.now) == Standing::Revoked
            && known.and_then(lineage).as_ref() == Some(&one)
    });
    let text: String = others.map(|id| entry(view, &id)).collect();
    (!text.is_empty()).then_some(text)
}

/// Every document that a revocation names.
fn taken_back(view: &View<'_>) -> BTreeSet<DocumentId> {
    let revocations = view.governance.revocations();
    let known = revocations.iter().filter_map(|id| view.document(id));
    let says = known.filter_map(|it| it.parse_unverified::<Revocation>().ok());
    says.map(|revocation| revocation.document).collect()
}

fn entry(view: &View<'_>, id: &DocumentId) -> String {
    let how = view
        .document(id)
        .map_or_else(String::new, |it| format!(": {}", standing(view, it)));
    let mut text = paragraph("", "  ", &format!("{}{how}", view.label_of(id)));
    // Writing into a string cannot fail.
    let _ = writeln!(text, "  {id}");
    text + &indented("  ", &naming(view, id).unwrap_or_default())
}

/// What the versions of a document have in common.
fn lineage(envelope: &Envelope) -> Option<String> {
    if envelope.is::<Roster>() {
        return Some("roster".to_owned());
    }
    if let Ok(study) = envelope.parse_unverified::<Study>() {
        return Some(format!("study {}", study.name));
    }
    let document: TemplateDocument = envelope.parse_unverified().ok()?;
    let title = Template::parse(&document.template).ok()?.title_id();
    let (name, _) = title.split_once('@')?;
    Some(format!("template {name}"))
}
