//! What exactly will be asked? Finds study and template in force, fills the parameters, makes the question and its plan.

use jiff::Timestamp;
use protocol::amount::NanoRho;
use protocol::documents::Study;
use protocol::ids::DocumentId;
use protocol::keys::PublicKey;
use protocol::question::Question;
use protocol::verify::Governance;
use question::Dictionary;
use question::plan::{Plan, plan};
use question::template::{Planning, Template};

use super::Ask;
use crate::error::ClientError;

/// A question with everything that is known about it before it is asked.
#[derive(Debug)]
pub(crate) struct Composed {
    /// The question.
    pub(crate) question: Question,
    /// The study it will be asked in.
    pub(crate) study_id: DocumentId,
    /// That study.
    pub(crate) study: Study,
    /// Its plan.
    pub(crate) plan: Plan,
    /// Whether the person said how many patients to expect; the template's planning value stands in otherwise.
    pub(crate) patients_given: bool,
    /// What is expected of the registry.
    pub(crate) planning: Planning,
    /// Centers in the roster.
    pub(crate) centers: u32,
}

/// Composes the question that `ask` describes from what is in force.
pub(crate) fn compose(
    governance: &Governance,
    researcher: PublicKey,
    ask: &Ask,
    now: Timestamp,
) -> Result<Composed, ClientError> {
    let (study_id, study) = study_of(governance, researcher, ask, now)?;
    let (template_id, template) = template_of(governance, &study, &ask.template)?;
    let parameters = template.bind(&ask.params)?;
    let rho = match &ask.rho {
        Some(text) => text
            .parse::<NanoRho>()
            .map_err(|e| ClientError::Usage(format!("--rho {text}: {e}")))?,
        None => template.privacy.rho_default,
    };
    if rho > study.rho_cap {
        let cap = study.rho_cap;
        return Err(ClientError::Usage(format!(
            "rho {rho} is above what study {} may spend at a center ({cap}); ask for less",
            study.name
        )));
    }
    let plan = plan(&template, &parameters, rho, &Dictionary::shipped()?)?;
    let question = Question {
        template: template_id,
        parameters: parameters.canonical(),
        mode: ask.mode,
        rho,
        lock_date: ask.lock_date.unwrap_or_else(|| today(now)),
    };
    let centers = governance.roster().map_or(0, |r| r.document.centers.len());
    let centers = u32::try_from(centers).unwrap_or(u32::MAX);
    let planning = template.planning(&parameters).with_expected(&ask.expect)?;
    Ok(Composed {
        question,
        study_id,
        study,
        plan,
        patients_given: ask.expect.contains_key("patients"),
        planning,
        centers,
    })
}

/// The date on the wall here, as `cartally-node lock` takes it from the wall there.
fn today(now: Timestamp) -> jiff::civil::Date {
    now.to_zoned(jiff::tz::TimeZone::system()).date()
}

/// The study named, or the only one that this researcher can ask the template in.
fn study_of(
    governance: &Governance,
    researcher: PublicKey,
    ask: &Ask,
    now: Timestamp,
) -> Result<(DocumentId, Study), ClientError> {
    let mine = governance
        .studies()
        .filter(|(_, s)| s.researcher_keys().contains(&researcher) && s.expires > now);
    let mine: Vec<(&DocumentId, &Study)> = mine.collect();
    let fits = |study: &Study| match &ask.study {
        Some(name) => &study.name == name,
        None => template_of(governance, study, &ask.template).is_ok(),
    };
    let mut fitting = mine.iter().filter(|(_, study)| fits(study));
    match (fitting.next(), fitting.next()) {
        (Some((id, study)), None) => Ok((**id, (*study).clone())),
        (Some(_), Some(_)) => Err(ClientError::Usage(format!(
            "several of your studies allow {}; name one with --study: {}",
            ask.template,
            names(&mine)
        ))),
        (None, _) if mine.is_empty() => Err(ClientError::Usage(
            "your key is in no study that is in force; ask the registry office to propose one"
                .into(),
        )),
        (None, _) => Err(nothing_fits(governance, ask, &mine)),
    }
}

/// A study was named that is not among the researcher's, or no study of theirs allows the template.
fn nothing_fits(governance: &Governance, ask: &Ask, mine: &[(&DocumentId, &Study)]) -> ClientError {
    match &ask.study {
        Some(study) => ClientError::Unknown {
            what: "study",
            name: study.to_string(),
            where_: "is among yours",
            known: names(mine),
        },
        None => ClientError::Unknown {
            what: "template",
            name: ask.template.clone(),
            where_: "may be asked in your studies",
            known: labels(governance, mine),
        },
    }
}

fn names(studies: &[(&DocumentId, &Study)]) -> String {
    studies
        .iter()
        .map(|(_, s)| s.name.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

fn labels(governance: &Governance, studies: &[(&DocumentId, &Study)]) -> String {
    let ids = studies.iter().flat_map(|(_, study)| &study.templates);
    let documents = ids.filter_map(|id| governance.template(id));
    let labels: std::collections::BTreeSet<String> = documents
        .filter_map(|d| Some(Template::parse(&d.template).ok()?.title_id()))
        .collect();
    labels.into_iter().collect::<Vec<_>>().join(", ")
}

/// The template called `name` (the highest version) or `name@version` among the study's templates in force.
fn template_of(
    governance: &Governance,
    study: &Study,
    name: &str,
) -> Result<(DocumentId, Template), ClientError> {
    let parsed = study.templates.iter().filter_map(|id| {
        let document = governance.template(id)?;
        Some((*id, Template::parse(&document.template).ok()?))
    });
    let called =
        parsed.filter(|(_, template)| template.name == name || template.title_id() == name);
    called
        .max_by_key(|(_, template)| release(&template.version))
        .ok_or_else(|| ClientError::Unknown {
            what: "template",
            name: name.to_owned(),
            where_: "may be asked in this study",
            known: labels(governance, &[(&DocumentId::from_bytes([0; 32]), study)]),
        })
}

/// `1.10.0` comes after `1.9.0`.
fn release(version: &str) -> Vec<u64> {
    version
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(release("1.10.0") > release("1.9.3"));
    }
}
