//! What an import promises, claim by claim.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use rstest::rstest;

use crate::testing::{COURSE_HEADER, INFUSION_HEADER, PATIENT_HEADER, TestNode, ebmt4, patients};

/// The rejects of the last report as `table:line:column:check`.
fn rejects(node: &TestNode) -> Vec<String> {
    let import = node.store.last_import().unwrap().unwrap();
    let Some(report) = import.report else {
        return Vec::new();
    };
    let mut reader = csv::Reader::from_path(node.data.rejects().join(report)).unwrap();
    let line = |row: csv::StringRecord| format!("{}:{}:{}:{}", &row[0], &row[1], &row[2], &row[3]);
    reader.records().map(|row| line(row.unwrap())).collect()
}

fn course(id: &str, patient: &str) -> String {
    format!("{id},{patient},1,mm,2024-01-01,ide_cel,commercial,infused\n")
}

#[test]
fn a_real_export_lands_whole_with_days_and_pseudonyms() {
    let mut node = TestNode::new();
    let landed = node.import(&ebmt4("center_1")).unwrap();
    assert_eq!(landed.summary, Vec::new());
    assert!(landed.report.is_none());
    let by_table = |table: &str| {
        landed
            .import
            .tables
            .iter()
            .find(|count| count.table == table)
            .unwrap()
    };
    assert_eq!(
        (by_table("patient").landed, by_table("patient").present),
        (325, true)
    );
    assert_eq!(
        (by_table("lab").landed, by_table("lab").present),
        (0, false)
    );
    // P00007 died on 1998-08-15, day 10453.
    assert_eq!(
        node.number("SELECT COUNT(*) FROM patient WHERE death_date = 10453"),
        1
    );
    assert_eq!(
        node.number("SELECT COUNT(*) FROM patient WHERE patient_id LIKE 'P0%'"),
        0
    );
    assert_eq!(
        node.number("SELECT COUNT(*) FROM patient WHERE owner = 'Y'"),
        325
    );
    assert_eq!(
        node.number("SELECT COUNT(*) FROM infusion JOIN patient USING (patient_id) JOIN course USING (course_id)"),
        325
    );
    assert_eq!(
        node.number("SELECT COUNT(*) FROM center_info WHERE center_id = 'K01'"),
        1
    );
}

#[rstest]
#[case::comma(",", "")]
#[case::semicolon(";", "")]
#[case::tab("\t", "")]
#[case::byte_order_mark(";", "\u{feff}")]
fn delimiters_and_a_byte_order_mark_are_understood(#[case] delimiter: &str, #[case] mark: &str) {
    let mut node = TestNode::new();
    let text = patients(&["P1", "P2"])
        .replace(',', delimiter)
        .replace('\n', "\r\n");
    node.import_files(&[("patient.csv", &format!("{mark}{text}"))])
        .unwrap();
    assert_eq!(node.number("SELECT COUNT(*) FROM patient"), 2);
}

#[test]
fn a_report_names_the_line_as_an_editor_shows_it() {
    let mut node = TestNode::new();
    let mut text = patients(&["P1"]);
    text.push_str("\n,,,,,,\n\"P\n2\",X,1980,Y,alive,2025-06-01,\nP3,X,1980,Y,alive,2025-06-01,\n");
    node.import_files(&[("patient.csv", &text)]).unwrap();
    assert_eq!(rejects(&node), ["patient:5:sex:code", "patient:7:sex:code"]);
}

#[test]
fn lines_that_end_in_a_carriage_return_alone_are_rows() {
    let mut node = TestNode::new();
    node.import_files(&[(
        "patient.csv",
        &patients(&["P1", "P2", "P3"]).replace('\n', "\r"),
    )])
    .unwrap();
    assert_eq!(node.number("SELECT COUNT(*) FROM patient"), 3);
}

#[test]
fn each_check_of_one_row_rejects_it_by_line_and_column() {
    let mut node = TestNode::new();
    let rows = [
        "P1,F,1980,Y,alive,2025-06-01,",
        ",F,1980,Y,alive,2025-06-01,",
        "P3,f,1980,Y,alive,2025-06-01,",
        "P4,F,80,Y,alive,2025-06-01,",
        "P5,F,1980,Y,alive,01.06.2025,",
        "P6,F,1980,Y,dead,2025-06-01,",
        "P7,F,1980,Y",
        "P1,M,1981,Y,alive,2025-06-01,",
        "P9,F,x,Q,alive,2025-06-01,",
        "P10,F,1980,Y,dead,2025-06-01,2025-06-01",
    ];
    let landed = node
        .import_files(&[(
            "patient.csv",
            &format!("{PATIENT_HEADER}{}\n", rows.join("\n")),
        )])
        .unwrap();
    assert_eq!(
        rejects(&node),
        [
            "patient:3:patient_id:required",
            "patient:4:sex:code",
            "patient:5:birth_year:range",
            "patient:6:last_contact_date:type",
            "patient:7:death_date:required_if",
            "patient:8::fields",
            "patient:8:vital_status:required",
            "patient:8:last_contact_date:required",
            "patient:9:patient_id:duplicate",
            "patient:10:birth_year:type",
            "patient:10:consent_research:code",
        ]
    );
    assert_eq!(node.number("SELECT COUNT(*) FROM patient"), 2);
    assert_eq!(landed.import.rejected_rows, 8);
}

#[test]
fn children_of_rejected_rows_are_told_apart_from_orphans() {
    let mut node = TestNode::new();
    let courses = [
        COURSE_HEADER,
        &course("C1", "P1"),
        &course("C2", "P2"),
        &course("C3", "P3"),
    ]
    .concat();
    let infusions = format!(
        "{INFUSION_HEADER}I1,C1,P1,1,2024-02-01\nI2,C2,P2,1,2024-02-01\nI3,C9,P1,1,2024-02-01\n"
    );
    let patient = patients(&["P1", "P2"]).replace("P2,F", "P2,X");
    node.import_files(&[
        ("patient.csv", &patient),
        ("course.csv", &courses),
        ("infusion.csv", &infusions),
    ])
    .unwrap();
    assert_eq!(
        rejects(&node),
        [
            "patient:3:sex:code",
            "course:3:patient_id:parent",
            "course:4:patient_id:reference",
            "infusion:3:course_id:parent",
            "infusion:3:patient_id:parent",
            "infusion:4:course_id:reference",
        ]
    );
    assert_eq!(node.number("SELECT COUNT(*) FROM infusion"), 1);
}

#[test]
fn an_infusion_of_one_patient_in_the_course_of_another_is_rejected() {
    let mut node = TestNode::new();
    let courses = [COURSE_HEADER, &course("C1", "P1"), &course("C2", "P2")].concat();
    let infusions = format!("{INFUSION_HEADER}I1,C1,P1,1,2024-02-01\nI2,C1,P2,1,2024-02-01\n");
    node.import_files(&[
        ("patient.csv", &patients(&["P1", "P2"])),
        ("course.csv", &courses),
        ("infusion.csv", &infusions),
    ])
    .unwrap();
    assert_eq!(rejects(&node), ["infusion:3:course_id:mismatch"]);
}

#[test]
fn dates_are_ordered_along_references_against_every_related_row() {
    let mut node = TestNode::new();
    let courses: String = (1..=5).fold(COURSE_HEADER.to_owned(), |text, n| {
        text + &course(&format!("C{n}"), &format!("P{n}"))
    });
    let infusions = format!(
        "{INFUSION_HEADER}\
         I1,C1,P1,1,2024-02-01\n\
         I2,C2,P2,1,2024-02-01\n\
         I2b,C2,P2,2,2025-07-01\n\
         I3,C3,P3,1,2023-12-31\n\
         I4,C4,P4,1,2025-06-01\n\
         I5,C5,P5,1,2026-01-01\n"
    );
    let events = "ae_id,infusion_id,ae_class,grading,onset_date,resolved_date\n\
                  A1,I1,crs,astct2019,2024-02-02,2024-02-01\n\
                  A2,I1,crs,astct2019,,2024-02-01\n\
                  A3,I1,crs,astct2019,2026-02-02,\n";
    node.import_files(&[
        ("patient.csv", &patients(&["P1", "P2", "P3", "P4", "P5"])),
        ("course.csv", &courses),
        ("infusion.csv", &infusions),
        ("adverse_event.csv", events),
    ])
    .unwrap();
    assert_eq!(
        rejects(&node),
        [
            // One of two infusions is later than the last contact: the patient is rejected, with everything below.
            "patient:3:last_contact_date:not_before",
            // The infusion after the cutoff is rejected itself, and its patient for the contact before it.
            "patient:6:last_contact_date:not_before",
            "course:3:patient_id:parent",
            "course:6:patient_id:parent",
            "infusion:3:course_id:parent",
            "infusion:3:patient_id:parent",
            "infusion:4:course_id:parent",
            "infusion:4:patient_id:parent",
            "infusion:5:infusion_date:not_before",
            "infusion:7:course_id:parent",
            "infusion:7:patient_id:parent",
            "infusion:7:infusion_date:not_after",
            "adverse_event:2:resolved_date:not_before",
            "adverse_event:4:onset_date:not_after",
        ]
    );
    assert_eq!(node.number("SELECT COUNT(*) FROM patient"), 3);
}

#[test]
fn no_report_and_no_sentence_repeats_a_value() {
    let mut node = TestNode::new();
    let secret = "SECRET19800101";
    let text =
        format!("{PATIENT_HEADER}{secret},{secret},{secret},{secret},{secret},{secret},{secret}\n");
    let landed = node.import_files(&[("patient.csv", &text)]).unwrap();
    let report = std::fs::read_to_string(landed.report.clone().unwrap()).unwrap();
    assert!(!report.contains(secret) && report.contains("consent_research"));
    assert!(!format!("{landed:?}").contains(secret));
    let mode = landed
        .report
        .unwrap()
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // A file without a header row: its first row is data, and is not repeated.
    let error = node
        .import_files(&[("patient.csv", &format!("{secret},{secret}\n"))])
        .unwrap_err();
    assert_eq!(error.code(), "import.no_header");
    let error = node
        .import_files(&[("patient.csv", &format!("patient_id,{secret}\n"))])
        .unwrap_err();
    assert_eq!(error.code(), "import.unknown_column");
    assert!(
        !error.to_string().contains(secret) && error.to_string().contains("column number 2"),
        "{error}"
    );
}

#[rstest]
#[case::unknown_column(b"patient_id,sexx\nP1,F\n", "import.unknown_column", "sexx")]
#[case::missing_column(b"patient_id,sex\nP1,F\n", "import.missing_column", "birth_year")]
#[case::twice(
    b"patient_id,sex,sex\nP1,F,F\n",
    "import.duplicate_column",
    "sex twice"
)]
#[case::no_header(b"P1,F,1980\n", "import.no_header", "first row")]
#[case::empty(b"", "import.empty_file", "empty")]
#[case::blank(b"\xEF\xBB\xBF\n\n", "import.empty_file", "empty")]
#[case::latin_1(
    b"patient_id,sex\nM\xFCller,F\n",
    "import.missing_column",
    "birth_year"
)]
#[case::utf_16(b"\xFF\xFEp\0a\0t\0\n\0", "import.encoding", "line 1")]
fn a_file_that_cannot_be_understood_lands_nothing(
    #[case] bytes: &[u8],
    #[case] code: &str,
    #[case] words: &str,
) {
    let mut node = TestNode::new();
    node.import_files(&[("patient.csv", &patients(&["P1", "P2", "P3"]))])
        .unwrap();
    let folder = node.export(&[]);
    std::fs::write(folder.join("patient.csv"), bytes).unwrap();
    let error = node.import_with(&folder, true).unwrap_err();
    assert_eq!(error.code(), code);
    assert!(error.to_string().contains(words), "{error}");
    assert!(error.to_string().contains(". "), "says what to do: {error}");
    assert_eq!(
        node.number("SELECT COUNT(*) FROM patient"),
        3,
        "the last import stays"
    );
    assert_eq!(node.store.last_import().unwrap().unwrap().import_id, 1);
}

#[test]
fn a_row_in_another_encoding_is_named_by_its_line_and_nothing_lands() {
    let mut node = TestNode::new();
    let mut bytes = patients(&["P1", "P2"]).into_bytes();
    bytes.extend_from_slice(b"P\xB1\xE8,F,1980,Y,alive,2025-06-01,\n");
    let folder = node.export(&[]);
    std::fs::write(folder.join("patient.csv"), bytes).unwrap();
    let error = node.import(&folder).unwrap_err();
    assert_eq!(error.code(), "import.encoding");
    assert!(
        error.to_string().contains("line 4 of patient.csv"),
        "{error}"
    );
    assert_eq!(node.store.last_import().unwrap(), None);
}

#[test]
fn a_header_may_have_the_limit_in_bytes_and_not_one_more() {
    let mut node = TestNode::new();
    let header = |bytes: u64| {
        let padding = usize::try_from(bytes).unwrap() - PATIENT_HEADER.len();
        PATIENT_HEADER.replace('\n', &(" ".repeat(padding) + "\n"))
    };
    node.import_files(&[("patient.csv", &header(super::HEADER_BYTES_MAX))])
        .unwrap();
    let error = node
        .import_files(&[("patient.csv", &header(super::HEADER_BYTES_MAX + 1))])
        .unwrap_err();
    assert_eq!(error.code(), "import.header_too_long");
}

#[test]
fn a_row_may_have_the_limit_in_bytes_and_not_one_more() {
    let mut node = TestNode::new();
    let row = |bytes: usize| {
        let row = "P1,F,1980,Y,alive,2025-06-01,";
        let padding = bytes - row.replace(',', "").len();
        format!("{PATIENT_HEADER}{row}{}\n", " ".repeat(padding))
    };
    node.import_files(&[("patient.csv", &row(super::ROW_BYTES_MAX))])
        .unwrap();
    let error = node
        .import_files(&[("patient.csv", &row(super::ROW_BYTES_MAX + 1))])
        .unwrap_err();
    assert_eq!(error.code(), "import.row_too_long");
}

#[test]
fn a_quotation_mark_that_is_never_closed_does_not_fill_the_memory() {
    let mut node = TestNode::new();
    let open = patients(&["P1", "P2"]).replace("P2,F", "P2,\"F");
    let open = open + &"P3,F,1980,Y,alive,2025-06-01,\n".repeat(100_000);
    let error = node.import_files(&[("patient.csv", &open)]).unwrap_err();
    assert_eq!(error.code(), "import.row_too_long");
    assert!(
        error.to_string().contains("line 3 of patient.csv"),
        "{error}"
    );
}

#[test]
fn a_folder_for_a_file_and_a_file_for_a_folder_are_refused() {
    let mut node = TestNode::new();
    let folder = node.export(&[]);
    std::fs::create_dir(folder.join("patient.csv")).unwrap();
    assert_eq!(
        node.import(&folder).unwrap_err().code(),
        "import.not_a_file"
    );
    let file = folder.join("center_info.csv");
    assert_eq!(
        node.import(&file).unwrap_err().code(),
        "import.not_a_folder"
    );
    assert_eq!(
        node.import(&folder.join("nowhere")).unwrap_err().code(),
        "import.not_a_folder"
    );
    let folder = node.export(&[("patients.csv", "x")]);
    assert_eq!(
        node.import(&folder).unwrap_err().code(),
        "import.unknown_table"
    );
    let folder = node.export(&[("notes.txt", "x"), ("Center_Info.CSV", "x")]);
    assert_eq!(node.import(&folder).unwrap_err().code(), "import.two_files");
}

#[rstest]
#[case::none(
    "center_id,cdm_version,extract_date,data_cutoff_date\n",
    "import.center_rows"
)]
#[case::bad_date(
    "center_id,cdm_version,extract_date,data_cutoff_date\nK01,0.1.0,2026-01-01,today\n",
    "import.center_rows"
)]
#[case::after_extract(
    "center_id,cdm_version,extract_date,data_cutoff_date\nK01,0.1.0,2026-01-01,2026-01-02\n",
    "import.center_rows"
)]
#[case::two(
    "center_id,cdm_version,extract_date,data_cutoff_date\nK01,0.1.0,2026-01-01,2026-01-01\nK02,0.1.0,2026-01-01,2026-01-01\n",
    "import.center_rows"
)]
#[case::another(
    "center_id,cdm_version,extract_date,data_cutoff_date\nK02,0.1.0,2026-01-01,2026-01-01\n",
    "import.other_center"
)]
fn an_export_that_is_not_this_centers_lands_nothing(#[case] center_info: &str, #[case] code: &str) {
    let mut node = TestNode::new();
    let error = node
        .import_files(&[("center_info.csv", center_info)])
        .unwrap_err();
    assert_eq!(error.code(), code);
    assert_eq!(node.store.last_import().unwrap(), None);
}

#[test]
fn losing_more_than_a_fifth_of_the_patients_needs_a_yes() {
    let mut node = TestNode::new();
    let ten: Vec<String> = (0..10).map(|n| format!("P{n}")).collect();
    let ids: Vec<&str> = ten.iter().map(String::as_str).collect();
    node.import_files(&[("patient.csv", &patients(&ids))])
        .unwrap();
    node.import_files(&[("patient.csv", &patients(&ids[..8]))])
        .unwrap();
    let others = patients(&["A", "B", "C", "D", "E", "F", "G", "H", "P0", "P1"]);
    let folder = node.export(&[("patient.csv", &others)]);
    let error = node.import(&folder).unwrap_err();
    assert_eq!(error.code(), "import.patients_lost");
    assert!(error.to_string().contains("6 of 8"), "{error}");
    assert_eq!(node.number("SELECT COUNT(*) FROM patient"), 8);
    node.import_with(&folder, true).unwrap();
    assert_eq!(node.number("SELECT COUNT(*) FROM patient"), 10);
    // No file at all: an empty table, which is a loss of everybody.
    assert_eq!(
        node.import_files(&[]).unwrap_err().code(),
        "import.patients_lost"
    );
}

#[test]
fn a_full_disk_leaves_the_last_import_as_it_was() {
    let mut node = TestNode::new();
    node.import_files(&[("patient.csv", &patients(&["P1", "P2"]))])
        .unwrap();
    let many: Vec<String> = (0..5_000).map(|n| format!("P{n}")).collect();
    let ids: Vec<&str> = many.iter().map(String::as_str).collect();
    let bad_row = "PX,X,1980,Y,alive,2025-06-01,\n";
    let folder = node.export(&[("patient.csv", &(patients(&ids) + bad_row))]);
    node.store.limit_pages(node.store.pages() + 10);
    let error = node.import(&folder).unwrap_err();
    assert_eq!(error.code(), "node.disk_full");
    assert!(error.to_string().contains("free some space"), "{error}");
    assert_eq!(node.number("SELECT COUNT(*) FROM patient"), 2);
    assert_eq!(node.store.last_import().unwrap().unwrap().import_id, 1);
    node.store.limit_pages(1_000_000);
    let landed = node.import(&folder).unwrap();
    assert_eq!(
        (landed.import.import_id, landed.import.rejected_rows),
        (2, 1)
    );
}

#[test]
fn an_import_waits_for_no_one_for_ever_and_changes_nothing_meanwhile() {
    let mut node = TestNode::new();
    let mut other = crate::store::Store::open(&node.data).unwrap();
    node.store
        .connection()
        .busy_timeout(std::time::Duration::ZERO)
        .unwrap();
    let held = other.write().unwrap();
    assert_eq!(node.import_files(&[]).unwrap_err().code(), "node.busy");
    drop(held);
    node.import_files(&[]).unwrap();
}

#[test]
fn a_dictionary_with_another_column_and_table_needs_no_rust() {
    let csv = question::dictionary::SHIPPED_CSV.to_owned()
        + "patient,blood_group,TEXT,,N,,,A|B|AB|O,,,,,,,,,\n\
           patient,height_cm,REAL,cm,N,,,,30,250,,,,,,,\n\
           transfusion,transfusion_id,TEXT,,Y,primary,,,,,,,,,,,\n\
           transfusion,patient_id,TEXT,,Y,,patient.patient_id,,,,,,,,,,\n\
           transfusion,given_date,DATE,,Y,,,,,,,,not_before patient.consent_date; not_after center_info.data_cutoff_date,,,,\n\
           transfusion,units,INTEGER,count,N,,,,1,20,,1,,,,,\n";
    let mut node = TestNode::with_dictionary(&csv);
    let patient = "patient_id,sex,birth_year,consent_research,consent_date,vital_status,last_contact_date,blood_group,height_cm\n\
                   P1,F,1980,Y,2024-01-01,alive,2025-06-01,AB,171.5\n\
                   P2,F,1980,Y,2024-01-01,alive,2025-06-01,C,171.5\n\
                   P3,F,1980,Y,2024-01-01,alive,2025-06-01,,300\n";
    let transfusion = "transfusion_id,patient_id,given_date,units\n\
                       T1,P1,2024-02-01,\nT2,P1,2023-12-31,2\nT3,P1,2026-02-01,2\nT4,P2,2024-02-01,2\nT5,P1,2024-02-01,21\n";
    let landed = node
        .import_files(&[("patient.csv", patient), ("transfusion.csv", transfusion)])
        .unwrap();
    assert_eq!(
        rejects(&node),
        [
            "patient:3:blood_group:code",
            "patient:4:height_cm:range",
            "transfusion:3:given_date:not_before",
            "transfusion:4:given_date:not_after",
            "transfusion:5:patient_id:parent",
            "transfusion:6:units:range",
        ]
    );
    assert_eq!(landed.import.tables.len(), 13);
    assert_eq!(
        node.number(
            "SELECT units FROM transfusion JOIN patient USING (patient_id) WHERE height_cm = 171.5"
        ),
        1
    );
}

#[test]
fn a_long_file_is_read_row_by_row() {
    let mut node = TestNode::new();
    let mut text = PATIENT_HEADER.to_owned();
    for n in 0..30_000 {
        writeln!(text, "P{n},F,1980,Y,alive,2025-06-01,").unwrap();
    }
    node.import_files(&[("patient.csv", &text)]).unwrap();
    assert_eq!(node.number("SELECT COUNT(*) FROM patient"), 30_000);
}
