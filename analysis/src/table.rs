//! How do estimates stand in a terminal or a spreadsheet?

use crate::estimate::{Estimate, Quantity};
use crate::estimates::MONTH_DAYS;

/// What a spreadsheet needs to read UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// One estimate in words and figures, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// `age_band 18-64, product axi_cel`, or `all`.
    pub stratum: String,
    /// What is estimated.
    pub quantity: Quantity,
    /// Months, or empty.
    pub months: String,
    /// The value, or why there is none.
    pub value: String,
    /// `lower to upper`; `from lower` where it is open above.
    pub interval: String,
}

/// The rows that people read; counts as whole numbers, below `mask_below` as `<mask_below` (0 masks nothing).
///
/// Masking is courtesy in display: files carry all numbers, which the noise protects.
#[must_use]
pub fn rows(estimates: &[Estimate], mask_below: u32) -> Vec<TableRow> {
    estimates
        .iter()
        .map(|estimate| row(estimate, mask_below))
        .collect()
}

fn row(estimate: &Estimate, mask_below: u32) -> TableRow {
    let figure = |number: f64| figure(number, estimate.quantity, mask_below);
    TableRow {
        stratum: stratum_label(estimate),
        quantity: estimate.quantity,
        months: estimate
            .months
            .map(|months| months.to_string())
            .unwrap_or_default(),
        value: match (estimate.value, estimate.status) {
            (Some(value), _) => figure(value),
            (None, Some(status)) => status.name().replace('_', " "),
            (None, None) => String::new(),
        },
        interval: match (estimate.lower, estimate.upper) {
            (Some(lower), Some(upper)) => format!("{} to {}", figure(lower), figure(upper)),
            (Some(lower), None) => format!("from {}", figure(lower)),
            (None, Some(upper)) => format!("up to {}", figure(upper)),
            (None, None) => String::new(),
        },
    }
}

/// A number as people read it: counts whole and masked when small, probabilities with three decimals.
#[must_use]
pub fn figure(number: f64, quantity: Quantity, mask_below: u32) -> String {
    match quantity {
        Quantity::Count
        | Quantity::ExcludedCount
        | Quantity::AtRisk
        | Quantity::Events
        | Quantity::Censored => {
            let whole = number.round();
            if whole < f64::from(mask_below) {
                format!("<{mask_below}")
            } else {
                whole.to_string()
            }
        }
        Quantity::Survival => format!("{number:.3}"),
        Quantity::MedianMonths | Quantity::PersonYears => format!("{number:.1}"),
        Quantity::RatePer100PersonYears => format!("{number:.2}"),
    }
}

/// A stratum in words; `all` when pooled.
#[must_use]
pub fn stratum_label(estimate: &Estimate) -> String {
    if estimate.is_pooled() {
        return "all".to_owned();
    }
    let levels: Vec<String> = estimate
        .stratum
        .iter()
        .map(|(variable, level)| format!("{variable} {level}"))
        .collect();
    levels.join(", ")
}

/// Tidy CSV: one row an estimate, months and days, with a byte order mark so that spreadsheets read UTF-8.
///
/// Columns: `stratum` (`variable=level;...`), quantity, unit, months, days, value, lower, upper, level, status; empty for null.
#[must_use]
pub fn csv(estimates: &[Estimate]) -> String {
    let mut text = format!(
        "{BYTE_ORDER_MARK}stratum,quantity,unit,months,days,value,lower,upper,level,status\r\n"
    );
    for estimate in estimates {
        let number =
            |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        let levels: Vec<String> = estimate
            .stratum
            .iter()
            .map(|(variable, level)| format!("{variable}={level}"))
            .collect();
        let fields = [
            quoted(&levels.join(";")),
            estimate.quantity.to_string(),
            estimate.unit.to_string(),
            number(estimate.months),
            number(estimate.months.map(|months| months * MONTH_DAYS)),
            number(estimate.value),
            number(estimate.lower),
            number(estimate.upper),
            estimate.level.to_string(),
            estimate
                .status
                .map(|status| status.to_string())
                .unwrap_or_default(),
        ];
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A field that is read as text: quoted where it must be, and never as a formula.
fn quoted(field: &str) -> String {
    let field = if field.starts_with(['=', '+', '-', '@']) {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    if field.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{Interval, Status, Stratum};

    fn estimates() -> Vec<Estimate> {
        let stratum = Stratum::from([("age_band".to_owned(), "<18, or \"young\"".to_owned())]);
        let open = Interval {
            value: 3.21,
            lower: Some(1.0),
            upper: None,
        };
        vec![
            Estimate::known(
                &Stratum::new(),
                Quantity::Count,
                None,
                Interval::around(3.2, 0.0, 10.0),
            ),
            Estimate::known(
                &stratum,
                Quantity::Survival,
                Some(12.0),
                Interval::around(0.7408, 0.7, 0.8),
            ),
            Estimate::known(&stratum, Quantity::RatePer100PersonYears, None, open),
            Estimate::absent(&stratum, Quantity::MedianMonths, None, Status::NotReached),
        ]
    }

    #[test]
    fn people_read_words_whole_counts_and_masked_small_ones() {
        let rows = rows(&estimates(), 5);
        let shown: Vec<_> = rows
            .iter()
            .map(|row| (row.value.as_str(), row.interval.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("<5", "<5 to 10"),
                ("0.741", "0.700 to 0.800"),
                ("3.21", "from 1.00"),
                ("not reached", "")
            ]
        );
        assert_eq!(rows[0].stratum, "all");
    }

    #[test]
    fn spreadsheets_read_one_row_an_estimate() {
        let text = csv(&estimates());
        let mut lines = text.strip_prefix(BYTE_ORDER_MARK).unwrap().lines();
        assert!(
            lines
                .next()
                .unwrap()
                .starts_with("stratum,quantity,unit,months,days")
        );
        assert_eq!(lines.next().unwrap(), ",count,patients,,,3.2,0,10,0.95,");
        assert_eq!(
            lines.next().unwrap(),
            "\"age_band=<18, or \"\"young\"\"\",survival,probability,12,365.25,0.7408,0.7,0.8,0.95,"
        );
        assert!(lines.nth(1).unwrap().ends_with(",,,,,,0.95,not_reached"));
    }
}
