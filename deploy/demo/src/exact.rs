//! What are the exact pooled values? Only the demo can know: it alone holds every center's rows.
//!
//! A few lines of its own over the CSV files, apart from everything that the network computes with.

use std::collections::BTreeMap;
use std::path::Path;

use analysis::{Estimate, Quantity};
use jiff::civil::Date;

use crate::ask::Question;
use crate::error::DemoError;
use crate::export;
use crate::network::find_centers;

/// Days of a month and a year, as everywhere.
const MONTH_DAYS: f64 = 30.4375;
/// Follow-up counts for 183 units of 30 days (15 years) in rates, as the template says.
const RATE_CLIP_DAYS: f64 = 5490.0;

/// One infused patient of all centers.
#[derive(Debug)]
struct Patient {
    age: i16,
    /// Days to death, and to the first of relapse, progression and death.
    death: Option<f64>,
    first_event: Option<f64>,
    last_contact: f64,
}

/// All centers' patients together.
#[derive(Debug)]
pub(crate) struct Exact {
    patients: Vec<Patient>,
}

type Row = BTreeMap<String, String>;

impl Exact {
    /// Reads every center's rows.
    pub(crate) fn read(centers: &Path) -> Result<Self, DemoError> {
        let mut patients = Vec::new();
        for center in find_centers(centers, Path::new(""))? {
            let table = |name: &str| rows(&center.export.join(format!("{name}.csv")));
            patients.extend(patients_of(
                &table("patient")?,
                &table("infusion")?,
                &table("assessment")?,
            ));
        }
        Ok(Self { patients })
    }

    /// The exact counterpart of an estimate, where this file knows it: questions without filters, in all or by age band.
    pub(crate) fn of(&self, question: &Question, estimate: &Estimate) -> Option<f64> {
        let clock = match question
            .params
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()[..]
        {
            ["clock=pfs"] => "pfs",
            [] | ["clock=os" | "by=age_band"] => "os",
            _ => return None,
        };
        let chosen = self.patients.iter().filter(|p| {
            estimate
                .stratum
                .get("age_band")
                .is_none_or(|b| b == band(p.age))
        });
        let times: Vec<(f64, bool)> = chosen.map(|p| p.time(clock)).collect();
        match estimate.quantity {
            _ if estimate.stratum.keys().any(|key| key != "age_band") => None,
            Quantity::Count => Some(count(times.len())),
            Quantity::Survival => Some(kaplan_meier(&times, estimate.months? * MONTH_DAYS)),
            Quantity::Events if estimate.months.is_none() => Some(clipped(&times).0),
            Quantity::PersonYears => Some(clipped(&times).1),
            Quantity::RatePer100PersonYears => Some(100.0 * clipped(&times).0 / clipped(&times).1),
            Quantity::MedianMonths
            | Quantity::AtRisk
            | Quantity::Events
            | Quantity::Censored
            | Quantity::ExcludedCount => None,
        }
    }
}

impl Patient {
    /// Days until the event or the last contact, and whether it was the event.
    fn time(&self, clock: &str) -> (f64, bool) {
        let event = if clock == "pfs" {
            self.first_event
        } else {
            self.death
        };
        event.map_or((self.last_contact, false), |days| (days, true))
    }
}

/// Product-limit estimate at `days`.
fn kaplan_meier(times: &[(f64, bool)], days: f64) -> f64 {
    let mut events: Vec<f64> = times
        .iter()
        .filter(|(t, event)| *event && *t <= days)
        .map(|(t, _)| *t)
        .collect();
    events.sort_by(f64::total_cmp);
    events.dedup();
    let step = |at: &f64| {
        let died = times
            .iter()
            .filter(|(t, event)| *event && (t - at).abs() < 0.5)
            .count();
        let at_risk = times.iter().filter(|(t, _)| t >= at).count();
        1.0 - count(died) / count(at_risk)
    };
    events.iter().map(step).product()
}

/// Events and person-years within the first 15 years.
fn clipped(times: &[(f64, bool)]) -> (f64, f64) {
    let events = times
        .iter()
        .filter(|(t, event)| *event && *t <= RATE_CLIP_DAYS)
        .count();
    let days: f64 = times.iter().map(|(t, _)| t.min(RATE_CLIP_DAYS)).sum();
    (count(events), days / (12.0 * MONTH_DAYS))
}

fn patients_of(patients: &[Row], infusions: &[Row], assessments: &[Row]) -> Vec<Patient> {
    let owner: BTreeMap<&str, &str> = infusions
        .iter()
        .filter_map(|i| {
            Some((
                i.get("infusion_id")?.as_str(),
                i.get("patient_id")?.as_str(),
            ))
        })
        .collect();
    let mut infused: BTreeMap<&str, Date> = BTreeMap::new();
    for infusion in infusions {
        if let (Some(patient), Some(day)) =
            (infusion.get("patient_id"), date(infusion, "infusion_date"))
        {
            let first = infused.entry(patient).or_insert(day);
            *first = day.min(*first);
        }
    }
    let mut relapsed: BTreeMap<&str, Date> = BTreeMap::new();
    for seen in assessments
        .iter()
        .filter(|a| matches!(field(a, "response"), "relapse" | "pd"))
    {
        if let (Some(patient), Some(day)) = (
            owner.get(field(seen, "infusion_id")),
            date(seen, "assess_date"),
        ) {
            let first = relapsed.entry(patient).or_insert(day);
            *first = day.min(*first);
        }
    }
    patients
        .iter()
        .filter_map(|row| patient(row, &infused, &relapsed))
        .collect()
}

fn patient(
    row: &Row,
    infused: &BTreeMap<&str, Date>,
    relapsed: &BTreeMap<&str, Date>,
) -> Option<Patient> {
    let id = field(row, "patient_id");
    let infusion = *infused.get(id)?;
    let days = |day: Date| f64::from((day - infusion).get_days());
    let death = date(row, "death_date").map(days);
    let relapse = relapsed.get(id).copied().map(days);
    Some(Patient {
        age: infusion.year() - field(row, "birth_year").parse::<i16>().ok()?,
        death,
        first_event: [death, relapse].into_iter().flatten().reduce(f64::min),
        last_contact: days(date(row, "last_contact_date")?),
    })
}

fn band(age: i16) -> &'static str {
    match age {
        ..=17 => "<18",
        18..=64 => "18-64",
        65..=74 => "65-74",
        75.. => ">=75",
    }
}

fn rows(path: &Path) -> Result<Vec<Row>, DemoError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let wrong = |error: csv::Error| DemoError::Center {
        path: path.to_owned(),
        why: error.to_string(),
    };
    export::open(path)?
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(wrong)
}

fn field<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).map_or("", String::as_str)
}

fn date(row: &Row, name: &str) -> Option<Date> {
    field(row, name).parse().ok()
}

/// A number of patients as a real number.
fn count(patients: usize) -> f64 {
    u32::try_from(patients).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_data_give_what_r_gives_on_them() {
        let exact = Exact::read(Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/data/ebmt4"
        )))
        .unwrap();
        let times: Vec<(f64, bool)> = exact.patients.iter().map(|p| p.time("os")).collect();
        for (months, survival) in [
            (12.0, 0.740_812_740_2),
            (24.0, 0.674_406_711_1),
            (60.0, 0.632_474_581_6),
        ] {
            assert!(
                (kaplan_meier(&times, months * MONTH_DAYS) - survival).abs() < 1e-9,
                "{months}"
            );
        }
        let pfs: Vec<(f64, bool)> = exact.patients.iter().map(|p| p.time("pfs")).collect();
        assert!((kaplan_meier(&pfs, 12.0 * MONTH_DAYS) - 0.697_159_781).abs() < 1e-9);
        assert_eq!(times.iter().filter(|(_, event)| *event).count(), 838);
    }
}
