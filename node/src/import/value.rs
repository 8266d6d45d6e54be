//! Is this a value of its column? Type, codes and range, one field at a time.

use question::dictionary::{Column, ColumnKind};
use rusqlite::types::Value;

use super::Check;
use crate::day;

/// Bytes of one value, at most.
pub const VALUE_BYTES_MAX: usize = 4096;

/// The value that the field `text` (without blanks around it) brings for `column`; `Null` for an empty field without default.
pub(super) fn parse(column: &Column, text: &str) -> Result<Value, Check> {
    let text = match (&column.default, text) {
        (Some(default), "") => default.as_str(),
        _ => text,
    };
    if text.is_empty() {
        return if column.required {
            Err(Check::Required)
        } else {
            Ok(Value::Null)
        };
    }
    if text.len() > VALUE_BYTES_MAX {
        return Err(Check::TooLong);
    }
    match column.kind {
        ColumnKind::Text => parse_text(column, text),
        ColumnKind::Integer => {
            let number: i64 = text.parse().map_err(|_| Check::Type)?;
            // Whole numbers beyond 2^53 are in nobody's range; rounding cannot bring them back into one.
            #[allow(clippy::cast_precision_loss, reason = "compared with a range only")]
            in_range(column, number as f64)?;
            Ok(Value::Integer(number))
        }
        ColumnKind::Real => {
            let number: f64 = text.parse().map_err(|_| Check::Type)?;
            if !number.is_finite() {
                return Err(Check::Type);
            }
            in_range(column, number)?;
            Ok(Value::Real(number))
        }
        ColumnKind::Date => day::parse(text).map(Value::Integer).ok_or(Check::Type),
    }
}

fn parse_text(column: &Column, text: &str) -> Result<Value, Check> {
    if column.codes.is_empty() {
        return Ok(Value::Text(text.to_owned()));
    }
    let known = |code: &str| column.codes.iter().any(|known| known == code);
    if !column.multiple {
        return if known(text) {
            Ok(Value::Text(text.to_owned()))
        } else {
            Err(Check::Code)
        };
    }
    // Several codes are kept in the dictionary's order, each once, so that equal sets are equal texts.
    let brought: Vec<&str> = text
        .split(';')
        .map(str::trim)
        .filter(|code| !code.is_empty())
        .collect();
    if brought.is_empty() || !brought.iter().all(|code| known(code)) {
        return Err(Check::Code);
    }
    let kept: Vec<&str> = column
        .codes
        .iter()
        .map(String::as_str)
        .filter(|code| brought.contains(code))
        .collect();
    Ok(Value::Text(kept.join(";")))
}

fn in_range(column: &Column, number: f64) -> Result<(), Check> {
    let above = column.min.is_none_or(|min| number >= min);
    let below = column.max.is_none_or(|max| number <= max);
    if above && below {
        Ok(())
    } else {
        Err(Check::Range)
    }
}

#[cfg(test)]
mod tests {
    use question::dictionary::Dictionary;
    use rstest::rstest;

    use super::*;

    fn value(table: &str, column: &str, text: &str) -> Result<Value, Check> {
        let dictionary = Dictionary::shipped().unwrap();
        parse(
            dictionary.table(table).unwrap().column(column).unwrap(),
            text,
        )
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[rstest]
    #[case("patient", "sex", "F", Ok(text("F")))]
    #[case("patient", "sex", "f", Err(Check::Code))]
    #[case("patient", "sex", "", Err(Check::Required))]
    #[case("patient", "owner", "", Ok(text("Y")))]
    #[case("patient", "birth_year", "1980", Ok(Value::Integer(1980)))]
    #[case("patient", "birth_year", "1900", Ok(Value::Integer(1900)))]
    #[case("patient", "birth_year", "1899", Err(Check::Range))]
    #[case("patient", "birth_year", "1980.0", Err(Check::Type))]
    #[case("patient", "birth_year", "99999999999999999999", Err(Check::Type))]
    #[case("patient", "death_date", "", Ok(Value::Null))]
    #[case("patient", "death_date", "1970-01-02", Ok(Value::Integer(1)))]
    #[case("patient", "death_date", "02.01.1970", Err(Check::Type))]
    #[case("batch", "viability_pct", "99.5", Ok(Value::Real(99.5)))]
    #[case("batch", "viability_pct", "100.5", Err(Check::Range))]
    #[case("batch", "viability_pct", "NaN", Err(Check::Type))]
    #[case("batch", "viability_pct", "1e999", Err(Check::Type))]
    #[case(
        "batch",
        "oos_reason",
        "other; low_dose;other",
        Ok(text("low_dose;other"))
    )]
    #[case("batch", "oos_reason", "low_dose;high", Err(Check::Code))]
    #[case("batch", "oos_reason", ";", Err(Check::Code))]
    fn a_field_is_a_value_or_breaks_one_named_check(
        #[case] table: &str,
        #[case] column: &str,
        #[case] field: &str,
        #[case] expected: Result<Value, Check>,
    ) {
        assert_eq!(value(table, column, field), expected);
    }

    #[test]
    fn a_value_may_have_the_limit_in_bytes_and_not_one_more() {
        assert!(value("therapy", "detail", &"x".repeat(VALUE_BYTES_MAX)).is_ok());
        let over = value("therapy", "detail", &"x".repeat(VALUE_BYTES_MAX + 1));
        assert_eq!(over, Err(Check::TooLong));
    }
}
