//! What does this person see? The log as it is here, what follows from it, and what its documents are called.

use std::collections::BTreeSet;

use jiff::Timestamp;
use protocol::documents::{Charter, Revocation, Roster, Study, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::keys::PublicKey;
use protocol::verify::Governance;
use question::template::Template;
use transport::printable::printable_line;

use super::people::People;
use crate::error::ClientError;
use crate::home::Home;
use crate::mirror::Mirror;
use crate::session::Session;

/// Letters of a label: more could fill a screen.
const LABEL_CHARS_MAX: usize = 120;

/// What stands around every decision.
#[derive(Debug)]
pub(crate) struct View<'a> {
    /// The log's copy.
    pub(crate) mirror: &'a Mirror,
    /// What follows from it.
    pub(crate) governance: Governance,
    /// Who is who in it.
    pub(crate) people: People,
    /// The key of whoever looks.
    pub(crate) me: PublicKey,
    /// When.
    pub(crate) now: Timestamp,
}

impl<'a> View<'a> {
    /// The view from `home`, even of a log in which the committee has split.
    pub(crate) fn of(
        home: &Home,
        session: &'a Session,
        now: Timestamp,
    ) -> Result<Self, ClientError> {
        let governance = session.governance_as_shown(home)?;
        Ok(Self::new(
            &session.mirror,
            governance,
            home.signing_key()?.public(),
            now,
        ))
    }

    pub(super) fn new(
        mirror: &'a Mirror,
        governance: Governance,
        me: PublicKey,
        now: Timestamp,
    ) -> Self {
        let people = People::of(mirror, &governance);
        Self {
            mirror,
            governance,
            people,
            me,
            now,
        }
    }

    /// A document of the log, with every signature that counts so far and none that does not, where signatures are collected.
    pub(crate) fn document(&self, id: &DocumentId) -> Option<&Envelope> {
        let mut collected = self.governance.proposals();
        let collected = collected.find(|(known, _)| *known == id);
        collected
            .map(|(_, envelope)| envelope)
            .or_else(|| self.mirror.document(id))
    }

    /// The same, or what to do.
    pub(crate) fn must_know(&self, id: &DocumentId) -> Result<&Envelope, ClientError> {
        self.document(id).ok_or_else(|| ClientError::Unknown {
            what: "document",
            name: id.to_string(),
            where_: "is in the log",
            known: "see: cartally log".into(),
        })
    }

    /// What people call a document, such as `study first, version 2`.
    pub(crate) fn label(&self, envelope: &Envelope) -> String {
        if let Ok(revocation) = envelope.parse_unverified::<Revocation>() {
            let of = self.label_of(&revocation.document);
            return cut(&format!("revocation of {of}"));
        }
        own_label(envelope).map_or_else(|| kind_of(envelope), |label| cut(&label))
    }

    /// The same by id.
    pub(crate) fn label_of(&self, id: &DocumentId) -> String {
        let known = self.mirror.document(id);
        known.map_or_else(|| format!("unknown document {id}"), |it| self.label(it))
    }

    /// The keys of all members of the charter in force.
    pub(crate) fn members(&self) -> BTreeSet<PublicKey> {
        let charter = self.governance.charter();
        charter.map(Charter::member_keys).unwrap_or_default()
    }
}

fn own_label(envelope: &Envelope) -> Option<String> {
    if let Ok(document) = envelope.parse_unverified::<TemplateDocument>() {
        let template = Template::parse(&document.template).ok()?;
        return Some(format!("template {}", template.title_id()));
    }
    if let Ok(roster) = envelope.parse_unverified::<Roster>() {
        return Some(format!("roster, version {}", roster.version));
    }
    if let Ok(study) = envelope.parse_unverified::<Study>() {
        return Some(format!("study {}, version {}", study.name, study.version));
    }
    let charter: Charter = envelope.parse_unverified().ok()?;
    Some(format!("charter, version {}", charter.version))
}

fn cut(label: &str) -> String {
    printable_line(label)
        .chars()
        .take(LABEL_CHARS_MAX)
        .collect()
}

/// The kind of a document, for people.
pub(crate) fn kind_of(document: &Envelope) -> String {
    let kind = document
        .payload_type
        .strip_prefix("application/vnd.cartally.")
        .and_then(|rest| rest.strip_suffix("+json"));
    cut(kind.unwrap_or("document"))
}

/// A moment for people: to the minute, UTC.
pub(crate) fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
