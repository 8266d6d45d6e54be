//! What does a template say? Its words, and what changes about the highest version in force of the same name.

use protocol::documents::TemplateDocument;
use protocol::ids::DocumentId;
use protocol::verify::Standing;
use question::template::Template;

use super::section;
use crate::govern::view::View;
use crate::template::{differences, in_words};
use crate::words::{changes_in_words, paragraph};

/// The template, and what it changes.
pub(super) fn body(
    view: &View<'_>,
    id: &DocumentId,
    document: &TemplateDocument,
) -> (String, Option<String>) {
    let template = match Template::parse(&document.template) {
        Ok(template) => template,
        Err(error) => {
            let why = format!(
                "This template cannot be read, by this program or by any node of its version: {error}"
            );
            return (section("The template", &paragraph("", "", &why)), None);
        }
    };
    let changes = highest_in_force(view, id, &template.name).map(|(old_id, old)| {
        format!(
            "held against {} (id {old_id}):\n{}",
            old.title_id(),
            changes_in_words(&differences(&old, &template))
        )
    });
    (format!("\n{}", in_words(&template)), changes)
}

/// The highest version called `name` that is in force.
fn highest_in_force(
    view: &View<'_>,
    but: &DocumentId,
    name: &str,
) -> Option<(DocumentId, Template)> {
    let others = view.governance.templates().filter(|(id, _)| {
        *id != but && view.governance.standing(id, view.now) == Standing::InForce
    });
    let parsed = others.filter_map(|(id, document)| {
        let template = Template::parse(&document.template).ok()?;
        (template.name == name).then_some((*id, template))
    });
    parsed.max_by_key(|(_, template)| crate::ask::release(&template.version))
}
