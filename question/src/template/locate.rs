//! On which line of a template's text does a fault stand? So that the person who wrote it finds it.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::QuestionError;

/// `error` with the line of what stands at `path` in front: keys of tables, or words of a list. Where the path ends early (a key
/// left out), the line is that of the last part found.
pub(super) fn at(toml: &str, path: &[&str], error: QuestionError) -> QuestionError {
    let Some(line) = line_of(toml, path) else {
        return error;
    };
    match error {
        QuestionError::Template(sentence) => {
            QuestionError::Template(format!("line {line}: {sentence}"))
        }
        QuestionError::Vocabulary(sentence) => {
            QuestionError::Vocabulary(format!("line {line} of the template: {sentence}"))
        }
        QuestionError::Dictionary(_)
        | QuestionError::ColumnMissing { .. }
        | QuestionError::TemplateUnknown { .. }
        | QuestionError::ParameterUnknown { .. }
        | QuestionError::ParameterInvalid { .. }
        | QuestionError::ParametersForeign { .. }
        | QuestionError::TooLarge { .. }
        | QuestionError::RhoOutOfLimits { .. }
        | QuestionError::NoiseOutOfRange { .. } => error,
    }
}

/// The line, counted from 1, on which the last part of `path` that exists begins.
fn line_of(toml: &str, path: &[&str]) -> Option<usize> {
    let file = DeTable::parse(toml).ok()?;
    let start = start_in_table(file.get_ref(), path)?;
    Some(toml.get(..start)?.matches('\n').count() + 1)
}

fn start_in_table(table: &DeTable<'_>, path: &[&str]) -> Option<usize> {
    let (first, rest) = path.split_first()?;
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == first)?;
    Some(start_in_value(value, rest).unwrap_or(key.span().start))
}

fn start_in_value(value: &Spanned<DeValue<'_>>, path: &[&str]) -> Option<usize> {
    match value.get_ref() {
        DeValue::Table(table) => start_in_table(table, path),
        DeValue::Array(items) => {
            let word = path.first()?;
            let found = items
                .iter()
                .find(|item| item.get_ref().as_str() == Some(*word))?;
            Some(found.span().start)
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = "name = \"x\"\n\n[analysis]\nkind = \"rate\"\n[parameters.age]\nmin = 0\n[parameters.by]\nof = [\n  \"sex\",\n  \"shoe\"]\n";

    #[rstest::rstest]
    #[case(&["name"], Some(1))]
    #[case(&["analysis"], Some(3))]
    #[case(&["analysis", "kind"], Some(4))]
    #[case(&["parameters", "age", "min"], Some(6))]
    #[case(&["parameters", "by", "of", "shoe"], Some(10))]
    // Left out: where it would have to stand.
    #[case(&["parameters", "age", "max"], Some(5))]
    #[case(&["parameters", "by", "of", "hat"], Some(8))]
    #[case(&["planning"], None)]
    fn a_fault_is_found_on_its_line(#[case] path: &[&str], #[case] line: Option<usize>) {
        assert_eq!(line_of(TOML, path), line);
    }
}
