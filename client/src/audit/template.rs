//! Does a question stay within its template? Price, parameters in their one spelling, the shape of its answer.

use std::collections::BTreeMap;

use protocol::documents::TemplateDocument;
use protocol::ids::{DocumentId, PlanDigest, QuestionId};
use protocol::question::{Mode, Question};
use question::plan::{Part, plan};
use question::template::Template;
use question::{Dictionary, QuestionError};

use super::Code;

/// What nodes look at and the coordinator cannot: faults that only count once a center has answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    pub(super) fault: Option<(Code, String)>,
    /// The meaning of an answer, and how many numbers each of its parts has, as this program reads the template.
    pub(super) shape: Option<(PlanDigest, Vec<usize>)>,
}

/// Templates and questions read so far.
#[derive(Default)]
pub(super) struct Templates {
    read: BTreeMap<DocumentId, Result<Template, QuestionError>>,
    judged: BTreeMap<QuestionId, Judged>,
}

impl Templates {
    /// Judges a question once, by the template document that its query rests on.
    pub(super) fn judge(
        &mut self,
        question: &Question,
        document: &TemplateDocument,
        dictionary: &Dictionary,
    ) -> &Judged {
        let read = self.read.entry(question.template);
        let template = read.or_insert_with(|| Template::parse_with(&document.template, dictionary));
        self.judged
            .entry(question.id())
            .or_insert_with(|| judged(question, template, dictionary))
    }

    pub(super) fn judged(&self, question: &QuestionId) -> Option<&Judged> {
        self.judged.get(question)
    }
}

fn judged(
    question: &Question,
    template: &Result<Template, QuestionError>,
    dictionary: &Dictionary,
) -> Judged {
    let outcome = template
        .as_ref()
        .map_err(|error| fault_of(error.clone()))
        .and_then(|template| shape(question, template, dictionary));
    match outcome {
        Ok(shape) => Judged {
            fault: None,
            shape: Some(shape),
        },
        Err(fault) => Judged {
            fault: Some(fault),
            shape: None,
        },
    }
}

fn shape(
    question: &Question,
    template: &Template,
    dictionary: &Dictionary,
) -> Result<(PlanDigest, Vec<usize>), (Code, String)> {
    match question.mode {
        Mode::Local => {}
        Mode::Secure => {
            let fault = "it asks in mode secure, in which no center gives numbers of its own";
            return Err((Code::QueryMode, fault.to_owned()));
        }
    }
    let parameters = template.bind(&question.parameters).map_err(fault_of)?;
    if parameters.canonical() != question.parameters {
        let fault = "its parameters are not in their one spelling, so one question could be asked under many ids";
        return Err((Code::QueryParameters, fault.to_owned()));
    }
    let plan = plan(template, &parameters, question.rho, dictionary).map_err(fault_of)?;
    let lengths = plan.parts.iter().map(Part::cells).collect();
    Ok((plan.digest(), lengths))
}

#[expect(clippy::needless_pass_by_value, reason = "called through `map_err`")]
fn fault_of(error: QuestionError) -> (Code, String) {
    let code = match &error {
        QuestionError::RhoOutOfLimits { .. } | QuestionError::NoiseOutOfRange { .. } => {
            Code::QueryRho
        }
        QuestionError::ParameterUnknown { .. }
        | QuestionError::ParameterInvalid { .. }
        | QuestionError::ParametersForeign { .. }
        | QuestionError::TooLarge { .. } => Code::QueryParameters,
        QuestionError::Dictionary(_)
        | QuestionError::ColumnMissing { .. }
        | QuestionError::Vocabulary(_)
        | QuestionError::Template(_)
        | QuestionError::TemplateUnknown { .. } => Code::TemplateUnreadable,
    };
    (code, error.to_string())
}
