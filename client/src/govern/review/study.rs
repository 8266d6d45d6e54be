//! What does a study say? What it is for, who asks, what may be asked, at which price, and what that leaves to each center.

use std::collections::BTreeMap;
use std::fmt::Write;

use protocol::documents::{CalendarEntry, EnrolledRole, Researcher, Study, TemplateDocument};
use protocol::ids::{DocumentId, PersonId};
use question::template::Template;
use transport::printable::printable_line;

use super::{budget, section};
use crate::govern::ballot::count;
use crate::govern::standing::standing;
use crate::govern::view::{View, moment};
use crate::words::{Change, changes_in_words, paragraph};

/// The study, and what it changes about the version in force.
pub(super) fn body(view: &View<'_>, id: &DocumentId, study: &Study) -> (String, Option<String>) {
    let text = [
        section("What it is for", &purpose(study)),
        section("Who may ask", &researchers(view, study)),
        section("What may be asked", &templates(view, study)),
        section("What it may cost, and until when", &price(view, study)),
        section(
            "What it would leave to each center",
            &budget::in_words(view, study),
        ),
    ]
    .concat();
    let mut others = view.governance.studies();
    let before = others.find(|(known, it)| *known != id && it.name == study.name);
    let changed = before.map(|(_, old)| changes_in_words(&changes(view, old, study)));
    (text, changed)
}

fn purpose(study: &Study) -> String {
    paragraph("", "", &study.purpose)
        + &paragraph("protocol: ", "  ", &study.protocol_reference)
        + &paragraph("ethics: ", "  ", &study.ethics_reference)
}

fn researchers(view: &View<'_>, study: &Study) -> String {
    let mut text = String::new();
    for one in &study.researchers {
        let line = format!("{} ({})", one.id, printable_line(&one.name));
        text.push_str(&paragraph("", "  ", &line));
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  key {}", one.key);
        text.push_str(&paragraph("  ", "  ", enrolled(view, one)));
    }
    text
}

/// Whether somebody enrolled under the researcher's id with the researcher's key.
fn enrolled(view: &View<'_>, one: &Researcher) -> &'static str {
    let person = EnrolledRole::Person;
    if view.people.holds(person, one.id.as_str(), one.key) {
        "enrolled under this id with this key"
    } else if is_member(view, one) {
        "a member of the committee, with this key"
    } else if view.people.enrolment(person, one.id.as_str()).is_some() {
        "NOT THE KEY that enrolled under this id: ask the researcher by telephone"
    } else {
        "nobody enrolled under this id in the log: ask the researcher by telephone"
    }
}

fn is_member(view: &View<'_>, one: &Researcher) -> bool {
    let members = view.governance.charter().map(|charter| &charter.members);
    let mut members = members.into_iter().flatten();
    members.any(|member| member.id == one.id && member.key == one.key)
}

fn templates(view: &View<'_>, study: &Study) -> String {
    let mut text = String::new();
    for id in &study.templates {
        text.push_str(&paragraph("", "    ", &of_template(view, id)));
        let _ = writeln!(text, "    id {id}");
    }
    if !study.calendar.is_empty() {
        let _ = writeln!(
            text,
            "{} asked by themselves:",
            count(study.calendar.len(), "question")
        );
    }
    for entry in &study.calendar {
        text.push_str(&paragraph("  ", "    ", &of_entry(view, entry)));
    }
    text
}

/// A question that is asked by itself, whole: nobody fills anything in afterwards.
fn of_entry(view: &View<'_>, entry: &CalendarEntry) -> String {
    let question = &entry.question;
    let parameters = question.parameters.iter();
    let parameters = parameters.map(|(name, value)| format!("{name} = {value:?}"));
    let parameters = parameters.collect::<Vec<_>>().join(", ");
    printable_line(&format!(
        "{}, on {}, rho {}, mode {}: {} {}, {parameters}",
        entry.name,
        question.lock_date,
        question.rho,
        question.mode,
        view.label_of(&question.template),
        question.template
    ))
}

fn of_template(view: &View<'_>, id: &DocumentId) -> String {
    let Some(envelope) = view.document(id) else {
        return "a template that is NOT IN THE LOG".to_owned();
    };
    format!("{}: {}", titled(envelope), standing(view, envelope))
}

/// `name@version: title`.
fn titled(envelope: &protocol::envelope::Envelope) -> String {
    let document = envelope.parse_unverified::<TemplateDocument>();
    let template = document.map(|document| Template::parse(&document.template));
    match template {
        Ok(Ok(template)) => printable_line(&format!("{}, {}", template.title_id(), template.title)),
        Ok(Err(_)) | Err(_) => "a template that CANNOT BE READ".to_owned(),
    }
}

fn price(view: &View<'_>, study: &Study) -> String {
    let cap = study.rho_cap;
    let line = format!(
        "All its questions together, in all its versions, may cost each center {}.",
        budget::both(cap)
    );
    let over = if study.expires <= view.now {
        " That is over."
    } else {
        ""
    };
    paragraph("", "", &line)
        + &format!(
            "Nothing is answered from {} on.{over}\n",
            moment(study.expires)
        )
}

fn changes(view: &View<'_>, old: &Study, new: &Study) -> Vec<Change> {
    let wider = |wider: bool| if wider { "wider" } else { "narrower" };
    let cap = Change::of(
        "cap at each center",
        &budget::both(old.rho_cap),
        &budget::both(new.rho_cap),
    );
    let expires = Change::of("until", &moment(old.expires), &moment(new.expires));
    let mut changes: Vec<Change> = [
        Change::of("version", &old.version, &new.version),
        Change::of("purpose", &old.purpose, &new.purpose),
        Change::of("protocol", &old.protocol_reference, &new.protocol_reference),
        Change::of("ethics", &old.ethics_reference, &new.ethics_reference),
        cap.map(|it| it.noted(wider(new.rho_cap > old.rho_cap))),
        expires.map(|it| it.noted(wider(new.expires > old.expires))),
        Change::of(
            "questions asked by themselves",
            &calendar(old),
            &calendar(new),
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    changes.extend(of_researchers(old, new));
    changes.extend(of_templates(view, old, new));
    changes
}

fn calendar(study: &Study) -> String {
    let entries = study.calendar.iter();
    let entries = entries.map(|entry| format!("{} {}", entry.name, entry.question.id()));
    entries.collect::<Vec<_>>().join(", ")
}

fn of_researchers(old: &Study, new: &Study) -> Vec<Change> {
    let by_id = |study: &Study| -> BTreeMap<PersonId, String> {
        let all = study.researchers.iter();
        all.map(|one| (one.id.clone(), format!("{}, key {}", one.name, one.key)))
            .collect()
    };
    let (before, after) = (by_id(old), by_id(new));
    let mut changes: Vec<Change> = Vec::new();
    for (id, one) in &before {
        let now = after.get(id).cloned();
        let change = Change::between(format!("researcher {id}"), Some(one.clone()), now);
        changes.extend(change);
    }
    let new = after.iter().filter(|(id, _)| !before.contains_key(*id));
    changes.extend(
        new.map(|(id, one)| Change::added(format!("researcher {id}"), one.as_str()).noted("wider")),
    );
    changes
}

fn of_templates(view: &View<'_>, old: &Study, new: &Study) -> Vec<Change> {
    let gone = old
        .templates
        .iter()
        .filter(|id| !new.templates.contains(id));
    let come = new
        .templates
        .iter()
        .filter(|id| !old.templates.contains(id));
    let label = |id: &DocumentId| format!("{} {id}", view.label_of(id));
    gone.map(|id| Change::removed("a template", label(id)).noted("narrower"))
        .chain(come.map(|id| Change::added("a template", label(id)).noted("wider")))
        .collect()
}
