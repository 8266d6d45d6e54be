//! What exactly will be asked? Finds study and template in force, fills the parameters, makes the question and its plan.

use jiff::Timestamp;
use protocol::amount::NanoRho;
use protocol::documents::Study;
use protocol::ids::DocumentId;
use protocol::keys::PublicKey;
use protocol::question::Question;
use protocol::verify::{Governance, Withdrawal};
use question::Dictionary;
use question::plan::{Plan, plan};
use question::template::{Planning, Template};

use super::Ask;
use crate::error::ClientError;
use crate::govern::moment;

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
    must_stand(governance, &format!("study {}", study.name), &study_id, now)?;
    let (template_id, template) = template_of(governance, &study, &ask.template)?;
    must_stand(governance, &template.title_id(), &template_id, now)?;
    if let Some(roster) = governance.roster() {
        must_stand(governance, "the roster", &roster.id, now)?;
    }
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

/// Nodes refuse what a member has suspended and what the committee has revoked, so it is not asked.
fn must_stand(
    governance: &Governance,
    what: &str,
    id: &DocumentId,
    now: Timestamp,
) -> Result<(), ClientError> {
    let how = match governance.withdrawal(id, now) {
        None => return Ok(()),
        Some(Withdrawal::Suspended { until }) => format!(
            "is suspended by a member of the committee until {}; see why with: cartally review {id}; ask again when that is over",
            moment(until)
        ),
        Some(Withdrawal::Revoked) => format!(
            "was revoked by the committee; see why with: cartally review {id}; the registry office can propose another"
        ),
    };
    Err(ClientError::NotStanding {
        is_final: governance.withdrawal(id, now) == Some(Withdrawal::Revoked),
        what: what.to_owned(),
        how,
    })
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
    let fitting: Vec<_> = mine.iter().filter(|(_, study)| fits(study)).collect();
    // One that was taken back does not stand beside one that may be asked in.
    let stands = |one: &&(&DocumentId, &Study)| governance.withdrawal(one.0, now).is_none();
    let standing: Vec<_> = fitting.iter().copied().filter(stands).collect();
    let mut fitting = if standing.is_empty() {
        fitting
    } else {
        standing
    }
    .into_iter();
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
pub(crate) fn release(version: &str) -> Vec<u64> {
    version
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::govern::sample::{CHOI, LEE, PARK, Sample, key, study};

    fn asked(sample: &Sample) -> Result<Composed, ClientError> {
        let ask = Ask {
            template: "survival".into(),
            params: [].into(),
            expect: [].into(),
            rho: None,
            mode: protocol::question::Mode::Local,
            study: None,
            lock_date: None,
            deadline_s: 60,
            preview_only: true,
            yes: false,
            watch: false,
        };
        let now = sample.now;
        compose(&sample.governance(), key(CHOI).public(), &ask, now)
    }

    #[test]
    fn what_was_taken_back_is_not_asked_and_the_sentence_says_until_when() {
        type Of = fn(&Governance) -> DocumentId;
        let documents: [(&str, Of); 3] = [
            ("study first", |it| *it.studies().next().unwrap().0),
            ("survival@1.0.0", |it| *it.templates().next().unwrap().0),
            ("the roster", |it| it.roster().unwrap().id),
        ];
        for (what, of) in documents {
            let mut sample = Sample::running();
            assert!(asked(&sample).is_ok());
            let document = of(&sample.governance());
            let revocation = sample.revoke(document, LEE);
            let refused = asked(&sample).unwrap_err();
            assert_eq!(refused.code(), "suspended");
            let sentence = refused.to_string();
            assert!(
                sentence.starts_with(what) && sentence.contains("until 2026-12-05"),
                "{sentence}"
            );
            sample.sign(&revocation, PARK);
            assert_eq!(asked(&sample).unwrap_err().code(), "revoked");
        }
    }

    #[test]
    fn a_study_that_was_taken_back_does_not_stand_in_the_way_of_another() {
        let mut sample = Sample::running();
        let template = *sample.governance().templates().next().unwrap().0;
        let second = sample.decide(&study("second", 1, &[template]));
        assert_eq!(asked(&sample).unwrap_err().code(), "usage");
        sample.revoke(second, LEE);
        assert_eq!(asked(&sample).unwrap().study.name.as_str(), "first");
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(release("1.10.0") > release("1.9.3"));
    }
}
