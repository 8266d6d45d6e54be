//! What may be asked, and how is it counted? The dictionary of the data, the templates of questions, and the plan that
//! a question becomes: its cells, its SQL of one row per patient, its noise. Pure: no database, no clock, no network.

pub mod error;
pub mod limits;
pub mod dictionary;
pub mod vocabulary;
pub mod template;
pub mod plan;

pub use dictionary::Dictionary;
pub use error::QuestionError;
pub use plan::Plan;
pub use template::{Parameters, Template};
