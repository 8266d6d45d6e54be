//! Which day? Dates are whole days since 1970-01-01 in every table, so that `a - b` is days.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The first day of the count.
const EPOCH: Date = Date::constant(1970, 1, 1);

/// Days since 1970-01-01 of a text `YYYY-MM-DD`; nothing for any other text, and for days that do not exist.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    parse_date(text).map(of_date)
}

/// The date of a text `YYYY-MM-DD`, and of no other form.
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let form = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !form {
        return None;
    }
    let year: i16 = text.get(..4)?.parse().ok()?;
    let month: i8 = text.get(5..7)?.parse().ok()?;
    let day: i8 = text.get(8..)?.parse().ok()?;
    Date::new(year, month, day).ok()
}

/// Days since 1970-01-01 of a date.
#[must_use]
pub fn of_date(date: Date) -> i64 {
    let days = EPOCH.until(date).map_or(0, |span| span.get_days());
    i64::from(days)
}

/// The date of a day; nothing outside the years -9999 to 9999.
#[must_use]
pub fn to_date(day: i64) -> Option<Date> {
    let span = jiff::Span::new().try_days(day).ok()?;
    EPOCH.checked_add(span).ok()
}

/// The date at this machine at a moment.
#[must_use]
pub fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::system()).date()
}

/// The calendar year of a day.
#[must_use]
pub fn year(day: i64) -> Option<i64> {
    to_date(day).map(|date| i64::from(date.year()))
}

/// The calendar month of a day, 1 to 12.
#[must_use]
pub fn month(day: i64) -> Option<i64> {
    to_date(day).map(|date| i64::from(date.month()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_existing_days_in_one_form_are_dates() {
        assert_eq!(parse("1970-01-01"), Some(0));
        assert_eq!(parse("1969-12-31"), Some(-1));
        assert_eq!(parse("2024-02-29"), Some(19_782));
        for wrong in [
            "2023-02-29",
            "2024-13-01",
            "24-01-01",
            "2024-1-1",
            "2024-01-01T00:00",
            "01.02.2024",
            "",
            "２０２４-01-01",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_day_is_the_same_day_after_both_ways(day in -200_000_i64..2_000_000) {
            let date = to_date(day).unwrap();
            prop_assert_eq!(of_date(date), day);
            prop_assert_eq!(parse(&date.to_string()), Some(day));
        }
    }
}
