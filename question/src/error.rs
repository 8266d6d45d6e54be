//! Why was a dictionary, a template or a question not accepted?

use thiserror::Error;

/// Everything that can be wrong with what people write: dictionaries, templates, parameters. Sentences say what to do.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum QuestionError {
    /// The dictionary's CSV breaks one of its own rules.
    #[error("the dictionary is malformed: {0}")]
    Dictionary(String),
    /// The dictionary has no such column, but a variable, clock or template needs it.
    #[error(
        "{wanted_by} needs the column {column}, which the dictionary does not have; add it to the dictionary"
    )]
    ColumnMissing {
        /// The variable, clock or template.
        wanted_by: String,
        /// `table.column`.
        column: String,
    },
    /// A file of variables or clocks breaks one of its own rules.
    #[error("the variables are malformed: {0}")]
    Vocabulary(String),
    /// A template's text breaks one of the language's rules.
    #[error("the template is malformed: {0}")]
    Template(String),
    /// No shipped template has this name.
    #[error("there is no template {name:?}; choose one of {known}")]
    TemplateUnknown {
        /// What was asked for.
        name: String,
        /// Names that exist, separated by commas.
        known: String,
    },
    /// The template has no such parameter.
    #[error("the template {template} has no parameter {name:?}; it knows {known}")]
    ParameterUnknown {
        /// The template's name.
        template: String,
        /// What was given.
        name: String,
        /// Names that exist, separated by commas.
        known: String,
    },
    /// A parameter's value is not one of those that the template allows.
    #[error("the parameter {name} cannot be {value:?}: {reason}")]
    ParameterInvalid {
        /// The parameter.
        name: String,
        /// What was given, cut to a readable length.
        value: String,
        /// What would be accepted.
        reason: String,
    },
    /// The parameters were bound to another template.
    #[error("the parameters do not belong to the template {template}; bind them to it first")]
    ParametersForeign {
        /// The template's name.
        template: String,
    },
    /// More cells, levels, intervals or strata than a limit allows.
    #[error(
        "the question is too large: {what} would be {found}, at most {limit} are allowed; ask for fewer or coarser strata"
    )]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much was asked for.
        found: usize,
        /// The named limit.
        limit: usize,
    },
    /// The rho asked lies outside the template's privacy limits.
    #[error(
        "rho {rho} is outside the limits of the template {template}; choose a value from {min} to {max}"
    )]
    RhoOutOfLimits {
        /// The template's name.
        template: String,
        /// What was asked.
        rho: String,
        /// Least rho of the template.
        min: String,
        /// Largest rho of the template.
        max: String,
    },
    /// The noise that this rho asks for lies outside what the samplers are used for.
    #[error("rho {rho} asks for noise outside sigma 0.3 to 1000000; choose a {advice} rho")]
    NoiseOutOfRange {
        /// The rho of the part.
        rho: String,
        /// `larger` or `smaller`.
        advice: &'static str,
    },
}

impl QuestionError {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Dictionary(_) => "dictionary-malformed",
            Self::ColumnMissing { .. } => "dictionary-column-missing",
            Self::Vocabulary(_) => "variables-malformed",
            Self::Template(_) => "template-malformed",
            Self::TemplateUnknown { .. } => "template-unknown",
            Self::ParameterUnknown { .. } => "parameter-unknown",
            Self::ParameterInvalid { .. } => "parameter-invalid",
            Self::ParametersForeign { .. } => "parameters-foreign",
            Self::TooLarge { .. } => "question-too-large",
            Self::RhoOutOfLimits { .. } => "rho-out-of-limits",
            Self::NoiseOutOfRange { .. } => "noise-out-of-range",
        }
    }
}
