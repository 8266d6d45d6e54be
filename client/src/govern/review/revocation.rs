//! What was taken back, by whom, and why?

use std::fmt::Write;

use protocol::documents::Revocation;
use protocol::ids::DocumentId;
use protocol::verify::Standing;

use super::section;
use crate::govern::ballot::{Ballot, quoted};
use crate::govern::standing::standing;
use crate::govern::view::{View, moment};
use crate::words::paragraph;

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
