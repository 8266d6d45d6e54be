//! Whom do the made-up centers hold? Center k holds 2^k times as many patients as the first, all alike.

use std::fmt::Write;
use std::path::Path;

/// The patients of one made-up center.
#[derive(Debug, Clone, Copy)]
pub struct Cohort {
    /// How many, all women of 40 infused on the same day.
    pub patients: u32,
    /// How many of them died 200 days after infusion; the others were last seen after 800 days.
    pub deaths: u32,
}

/// Writes one center's export: `center_info`, `patient`, `course`, `infusion`.
pub fn write_center(folder: &Path, center: &str, cohort: Cohort) {
    std::fs::create_dir_all(folder).expect("the folder can be made");
    let write = |table: &str, text: String| {
        std::fs::write(folder.join(format!("{table}.csv")), text)
            .expect("the table can be written");
    };
    write(
        "center_info",
        format!(
            "center_id,cdm_version,extract_date,data_cutoff_date\n{center},0.1.0,2026-01-01,2025-12-31\n"
        ),
    );
    let mut patients = String::from(
        "patient_id,sex,birth_year,consent_research,vital_status,last_contact_date,death_date\n",
    );
    let mut courses = String::from(
        "course_id,patient_id,course_no,disease,decision_date,product,setting,final_status\n",
    );
    let mut infusions =
        String::from("infusion_id,course_id,patient_id,infusion_no,infusion_date\n");
    for number in 0..cohort.patients {
        let last = if number < cohort.deaths {
            "dead,2020-07-20,2020-07-20"
        } else {
            "alive,2022-03-12,"
        };
        let _ = writeln!(patients, "P{number},F,1980,Y,{last}");
        let _ = writeln!(
            courses,
            "C{number},P{number},1,dlbcl_nos,2019-12-01,axi_cel,commercial,infused"
        );
        let _ = writeln!(infusions, "I{number},C{number},P{number},1,2020-01-02");
    }
    write("patient", patients);
    write("course", courses);
    write("infusion", infusions);
}
