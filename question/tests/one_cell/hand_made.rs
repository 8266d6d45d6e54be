//! Patients whose cell a person can tell by hand.

use rusqlite::types::Value;

use crate::center::{Center, day};
use crate::shipped;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn date(text: &str) -> Value {
    Value::Integer(day(text))
}

/// A patient `p`, born in June 1960, consenting, owned, alive on 2021-01-01.
struct Patient {
    row: Vec<(&'static str, Value)>,
    center: Center,
}

impl Patient {
    fn new() -> Self {
        let row = vec![
            ("patient_id", text("p")),
            ("sex", text("F")),
            ("birth_year", Value::Integer(1960)),
            ("birth_month", Value::Integer(6)),
            ("consent_research", text("Y")),
            ("vital_status", text("alive")),
            ("last_contact_date", date("2021-01-01")),
            ("owner", text("Y")),
        ];
        Self {
            row,
            center: Center::empty(),
        }
    }

    fn with(mut self, column: &'static str, value: Value) -> Self {
        self.row.retain(|(name, _)| *name != column);
        self.row.push((column, value));
        self
    }

    fn dead(self, on: &str) -> Self {
        self.with("vital_status", text("dead"))
            .with("death_date", date(on))
            .with("last_contact_date", date(on))
    }

    fn infused(self, id: &str, on: &str) -> Self {
        self.infused_number(id, on, 1, "axi_cel")
    }

    fn infused_number(self, id: &str, on: &str, number: i64, product: &str) -> Self {
        self.center.add(
            "course",
            &[
                ("course_id", text(id)),
                ("patient_id", text("p")),
                ("product", text(product)),
            ],
        );
        self.center.add(
            "infusion",
            &[
                ("infusion_id", text(id)),
                ("course_id", text(id)),
                ("patient_id", text("p")),
                ("infusion_no", Value::Integer(number)),
                ("infusion_date", date(on)),
            ],
        );
        self
    }

    fn assessed(self, infusion: &str, on: &str, response: &str) -> Self {
        self.center.add(
            "assessment",
            &[
                ("infusion_id", text(infusion)),
                ("assess_date", date(on)),
                ("response", text(response)),
            ],
        );
        self
    }

    fn withdrawn(self) -> Self {
        self.center.add("withdrawn", &[("patient_id", text("p"))]);
        self
    }

    fn cell(self, template: &str, parameters: &[(&str, &str)]) -> String {
        self.center.add("patient", &self.row);
        self.center.label(&shipped(template, parameters), "p")
    }

    fn os(self) -> String {
        self.cell("survival", &[])
    }

    fn pfs(self) -> String {
        self.cell("survival", &[("clock", "pfs")])
    }

    fn units(self) -> Option<i64> {
        self.center.add("patient", &self.row);
        self.center
            .person_time(&shipped("incidence-rate", &[]))
            .get("p")
            .map(|(stratum, units)| {
                assert_eq!(*stratum, 0);
                *units
            })
    }
}

#[test]
fn a_patient_without_infusion_is_excluded_by_name() {
    assert_eq!(Patient::new().os(), "excluded: not infused");
    assert_eq!(
        Patient::new().cell("feasibility-count", &[("by", "product,age_band")]),
        "excluded: not infused"
    );
}

#[rstest::rstest]
#[case("Y", "patients")]
#[case("waiver", "patients")]
#[case("N", "excluded: consent")]
#[case("W", "excluded: consent")]
fn only_consent_and_waiver_are_counted(#[case] consent: &str, #[case] cell: &str) {
    let patient = Patient::new()
        .infused("1", "2020-01-01")
        .with("consent_research", text(consent));
    assert_eq!(patient.cell("feasibility-count", &[]), cell);
}

#[test]
fn a_patient_who_withdrew_since_the_lock_is_excluded_for_consent() {
    assert_eq!(
        Patient::new().infused("1", "2020-01-01").withdrawn().os(),
        "excluded: consent"
    );
}

#[test]
fn a_patient_whom_another_center_answers_for_is_excluded() {
    let infused = || Patient::new().infused("1", "2020-01-01");
    assert_eq!(
        infused()
            .with("owner", text("N"))
            .cell("feasibility-count", &[]),
        "excluded: owner"
    );
    assert_eq!(
        infused()
            .with("owner", Value::Null)
            .cell("feasibility-count", &[]),
        "patients"
    );
}

#[test]
fn the_first_reason_in_the_fixed_order_wins() {
    let patient = || Patient::new().with("owner", text("N"));
    assert_eq!(
        patient().with("consent_research", text("N")).os(),
        "excluded: consent"
    );
    assert_eq!(patient().os(), "excluded: owner");
    let unknown = Patient::new().with("last_contact_date", Value::Null);
    assert_eq!(
        unknown
            .infused("1", "2020-01-01")
            .cell("survival", &[("age", "0..5")]),
        "excluded: filter"
    );
}

#[rstest::rstest]
#[case("2020-01-01", "event, months 0 to 1")]
#[case("2020-01-31", "event, months 0 to 1")]
#[case("2020-02-01", "event, months 1 to 2")]
#[case("2020-12-31", "event, months 9 to 12")]
#[case("2021-01-01", "event, months 12 to 18")]
#[case("2034-12-31", "event, months 120 to 180")]
#[case("2035-01-01", "still followed at the end")]
#[case("2019-12-31", "excluded: dates")]
fn a_death_lands_in_the_interval_that_ends_on_or_after_it(#[case] death: &str, #[case] cell: &str) {
    // 2020 is a leap year: 365 days after its first day is its last.
    assert_eq!(
        Patient::new().infused("1", "2020-01-01").dead(death).os(),
        cell
    );
}

#[test]
fn the_living_are_censored_at_their_last_contact() {
    let infused = || Patient::new().infused("1", "2020-01-01");
    assert_eq!(infused().os(), "censored, months 12 to 18");
    assert_eq!(
        infused().with("last_contact_date", date("2020-01-01")).os(),
        "censored, months 0 to 1"
    );
    assert_eq!(
        infused().with("last_contact_date", date("2036-01-01")).os(),
        "still followed at the end"
    );
    assert_eq!(
        infused().with("last_contact_date", date("2019-12-31")).os(),
        "excluded: dates"
    );
}

#[test]
fn a_needed_date_that_is_missing_excludes() {
    let infused = || Patient::new().infused("1", "2020-01-01");
    assert_eq!(
        infused().with("last_contact_date", Value::Null).os(),
        "excluded: dates"
    );
    assert_eq!(
        infused().with("vital_status", text("dead")).os(),
        "excluded: dates"
    );
    let relapsed = infused()
        .with("vital_status", text("dead"))
        .assessed("1", "2020-03-01", "pd");
    assert_eq!(relapsed.pfs(), "event, months 1 to 2");
}

#[test]
fn a_patient_of_whom_nothing_is_known_has_a_cell_too() {
    let nothing = || Patient {
        row: vec![("patient_id", text("p"))],
        center: Center::empty(),
    };
    assert_eq!(nothing().os(), "excluded: consent");
    let consenting = || {
        nothing()
            .with("consent_research", text("Y"))
            .infused("1", "2020-01-01")
    };
    assert_eq!(consenting().os(), "excluded: dates");
    let by = [("by", "age_band,sex")];
    assert_eq!(
        consenting().cell("feasibility-count", &by),
        "age_band missing, sex missing: patients"
    );
}

#[test]
fn the_first_infusion_is_the_earliest_then_the_lowest_number_then_the_first_id() {
    let product = |patient: Patient| patient.cell("feasibility-count", &[("by", "product")]);
    let later_first = Patient::new()
        .infused_number("a", "2020-06-01", 1, "tisa_cel")
        .infused_number("b", "2020-01-01", 2, "axi_cel");
    assert_eq!(product(later_first), "product axi_cel: patients");
    let same_day = Patient::new()
        .infused_number("a", "2020-01-01", 2, "tisa_cel")
        .infused_number("b", "2020-01-01", 1, "axi_cel");
    assert_eq!(product(same_day), "product axi_cel: patients");
    let same_number = Patient::new()
        .infused_number("b", "2020-01-01", 1, "tisa_cel")
        .infused_number("a", "2020-01-01", 1, "axi_cel");
    assert_eq!(product(same_number), "product axi_cel: patients");
}

#[test]
fn another_patients_course_is_never_read() {
    let patient = Patient::new();
    patient.center.add(
        "course",
        &[
            ("course_id", text("x")),
            ("patient_id", text("somebody")),
            ("product", text("axi_cel")),
        ],
    );
    patient.center.add(
        "infusion",
        &[
            ("infusion_id", text("1")),
            ("course_id", text("x")),
            ("patient_id", text("p")),
            ("infusion_date", date("2020-01-01")),
        ],
    );
    assert_eq!(
        patient.cell("feasibility-count", &[("by", "product")]),
        "product missing: patients"
    );
}

#[rstest::rstest]
#[case("relapse", "2020-03-01", "event, months 1 to 2")]
#[case("pd", "2020-01-01", "event, months 0 to 1")]
#[case("cr", "2020-03-01", "censored, months 12 to 18")]
#[case("relapse", "2019-12-31", "censored, months 12 to 18")]
fn progression_counts_on_or_after_infusion(
    #[case] response: &str,
    #[case] on: &str,
    #[case] cell: &str,
) {
    assert_eq!(
        Patient::new()
            .infused("1", "2020-01-01")
            .assessed("1", on, response)
            .pfs(),
        cell
    );
}

#[test]
fn progression_free_survival_ends_at_whatever_comes_first() {
    let infused = || {
        Patient::new()
            .infused("1", "2020-01-01")
            .infused_number("2", "2020-05-01", 2, "axi_cel")
    };
    let second = infused()
        .assessed("2", "2020-07-15", "relapse")
        .assessed("1", "2020-09-01", "pd");
    assert_eq!(second.pfs(), "event, months 6 to 9");
    let on_the_day_of_death = infused()
        .dead("2020-03-01")
        .assessed("1", "2020-03-01", "relapse");
    assert_eq!(on_the_day_of_death.pfs(), "event, months 1 to 2");
    assert_eq!(infused().dead("2020-02-20").pfs(), "event, months 1 to 2");
    assert_eq!(
        infused().assessed("1", "2020-03-01", "relapse").os(),
        "censored, months 12 to 18"
    );
}

#[rstest::rstest]
#[case(Some(6), "2025-05-31", "18-64")]
#[case(Some(6), "2025-06-01", "65-74")]
#[case(None, "2025-01-01", "65-74")]
#[case(Some(6), "1978-05-31", "<18")]
#[case(Some(6), "1978-06-01", "18-64")]
#[case(Some(6), "2035-06-01", ">=75")]
#[case(Some(6), "1959-01-01", "missing")]
fn age_is_completed_years_by_birth_month_where_known(
    #[case] month: Option<i64>,
    #[case] on: &str,
    #[case] band: &str,
) {
    let patient = Patient::new()
        .with("birth_month", month.map_or(Value::Null, Value::Integer))
        .infused("1", on);
    assert_eq!(
        patient.cell("feasibility-count", &[("by", "age_band")]),
        format!("age_band {band}: patients")
    );
}

#[rstest::rstest]
#[case(&[("age", "59")], "patients")]
#[case(&[("age", "60..")], "excluded: filter")]
#[case(&[("product", "axi_cel|tisa_cel")], "patients")]
#[case(&[("product", "tisa_cel")], "excluded: filter")]
#[case(&[("infused", "2020-01-01")], "patients")]
#[case(&[("infused", "2020-01-02..")], "excluded: filter")]
#[case(&[("setting", "commercial")], "excluded: filter")]
#[case(&[("age", "18..64"), ("product", "axi_cel"), ("infused", "2020")], "patients")]
fn filters_judge_the_index_row_and_leave_out_what_is_missing(
    #[case] parameters: &[(&str, &str)],
    #[case] cell: &str,
) {
    assert_eq!(
        Patient::new()
            .infused("1", "2020-01-01")
            .cell("feasibility-count", parameters),
        cell
    );
}

#[test]
fn a_rate_counts_events_and_days_up_to_the_clip() {
    let infused = || Patient::new().infused("1", "2000-01-01");
    let clip = infused().dead("2015-01-12");
    assert_eq!(clip.cell("incidence-rate", &[]), "with event");
    assert_eq!(
        infused().dead("2015-01-13").cell("incidence-rate", &[]),
        "without event"
    );
    assert_eq!(infused().cell("incidence-rate", &[]), "without event");
    assert_eq!(infused().units(), Some(183));
}

#[rstest::rstest]
#[case("2000-01-01", Some(0))]
#[case("2000-01-15", Some(0))]
#[case("2000-01-16", Some(1))]
#[case("2000-12-31", Some(12))]
#[case("1999-12-31", None)]
fn person_time_is_rounded_to_whole_units_of_thirty_days(
    #[case] last_contact: &str,
    #[case] units: Option<i64>,
) {
    let patient = Patient::new()
        .infused("1", "2000-01-01")
        .with("last_contact_date", date(last_contact));
    assert_eq!(patient.units(), units);
}

#[test]
fn an_excluded_patient_adds_no_person_time() {
    assert_eq!(Patient::new().units(), None);
    assert_eq!(
        Patient::new()
            .infused("1", "2000-01-01")
            .with("consent_research", text("W"))
            .units(),
        None
    );
    assert_eq!(
        Patient::new()
            .infused("1", "2000-01-01")
            .with("owner", text("N"))
            .units(),
        None
    );
}
