//! Which column of the file holds which field of a row?

use protocol::documents::RefusalReason;

use super::entry::Kind;

/// A row's fields as the file holds them; what a kind does not have is absent.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) kind: String,
    pub(super) query: Option<String>,
    pub(super) question: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) document: Option<String>,
    pub(super) by: Option<String>,
    pub(super) note: Option<String>,
    pub(super) text: Option<String>,
    pub(super) version: Option<u32>,
    pub(super) charter: Option<String>,
}

impl From<&Kind> for Columns {
    fn from(kind: &Kind) -> Self {
        let mut columns = Self {
            kind: kind.code().to_owned(),
            document: kind.document().map(String::from),
            ..Self::default()
        };
        match kind {
            Kind::Begun | Kind::Request { .. } | Kind::Currency { .. } => {}
            Kind::Policy { text } => columns.text = Some(text.clone()),
            Kind::Charter { version, charter } => {
                columns.version = Some(*version);
                columns.charter = Some(charter.to_string());
            }
            Kind::Awaiting { query } => columns.query = Some(query.to_string()),
            Kind::Approved { query, by, note } | Kind::RefusedByPerson { query, by, note } => {
                columns.query = Some(query.to_string());
                columns.by = Some(by.clone());
                columns.note = Some(note.clone());
            }
            Kind::Answer {
                query, question, ..
            } => {
                columns.query = Some(query.to_string());
                columns.question = Some(question.to_string());
            }
            Kind::Refusal { query, reason, .. } => {
                columns.query = Some(query.to_string());
                columns.reason = Some(reason.code().to_owned());
            }
        }
        columns
    }
}

impl Columns {
    /// The row that these columns hold; nothing if no row of this program could.
    pub(super) fn kind(self) -> Option<Kind> {
        Some(match self.kind.as_str() {
            "begun" => Kind::Begun,
            "policy" => Kind::Policy { text: self.text? },
            "charter" => Kind::Charter {
                version: self.version?,
                charter: id(self.charter)?,
            },
            "awaiting" => Kind::Awaiting {
                query: id(self.query)?,
            },
            "approved" => Kind::Approved {
                query: id(self.query)?,
                by: self.by?,
                note: self.note?,
            },
            "refused_by_person" => Kind::RefusedByPerson {
                query: id(self.query)?,
                by: self.by?,
                note: self.note?,
            },
            "answer" => Kind::Answer {
                query: id(self.query)?,
                question: id(self.question)?,
                document: id(self.document)?,
            },
            "refusal" => Kind::Refusal {
                query: id(self.query)?,
                reason: reason(&self.reason?)?,
                document: id(self.document)?,
            },
            "request" => Kind::Request {
                document: id(self.document)?,
            },
            "currency" => Kind::Currency {
                document: id(self.document)?,
            },
            _ => return None,
        })
    }
}

fn id<T: std::str::FromStr>(column: Option<String>) -> Option<T> {
    column?.parse().ok()
}

fn reason(code: &str) -> Option<RefusalReason> {
    let mut all = RefusalReason::ALL.iter().copied();
    all.find(|reason| reason.code() == code)
}
