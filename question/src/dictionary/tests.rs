//! What the dictionary promises.

use super::*;

/// The shipped CSV with one line more.
fn with_lines(lines: &str) -> String {
    format!("{}\n{lines}\n", SHIPPED_CSV.trim_end())
}

fn sentence(csv: &str) -> String {
    let error = Dictionary::parse(csv).unwrap_err();
    assert_eq!(error.code(), "dictionary-malformed");
    error.to_string()
}

#[test]
fn the_shipped_dictionary_has_every_table_and_column() {
    let shipped = Dictionary::shipped().unwrap();
    assert_eq!(
        (shipped.tables().len(), shipped.columns().count()),
        (12, 138)
    );
    let death = shipped
        .column(&ColumnRef::parse("patient.death_date").unwrap())
        .unwrap();
    assert_eq!(death.kind, ColumnKind::Date);
    assert_eq!(death.rules.len(), 3);
    assert_eq!(
        death.rules[0],
        Rule::RequiredIf {
            column: "vital_status".into(),
            code: "dead".into()
        }
    );
    let reason = shipped
        .column(&ColumnRef::parse("batch.oos_reason").unwrap())
        .unwrap();
    assert!(reason.multiple && reason.codes.len() == 8);
    let owner = shipped
        .column(&ColumnRef::parse("patient.owner").unwrap())
        .unwrap();
    assert_eq!(owner.default.as_deref(), Some("Y"));
}

#[test]
fn parents_stand_before_children_whatever_the_order_of_the_file() {
    let mut lines: Vec<&str> = SHIPPED_CSV.lines().skip(1).collect();
    lines.reverse();
    let turned = format!(
        "{}\n{}\n",
        SHIPPED_CSV.lines().next().unwrap(),
        lines.join("\n")
    );
    for dictionary in [
        Dictionary::shipped().unwrap(),
        Dictionary::parse(&turned).unwrap(),
    ] {
        let names: Vec<&str> = dictionary
            .tables()
            .iter()
            .map(|table| table.name.as_str())
            .collect();
        for column in dictionary.columns() {
            let place = |name: &str| names.iter().position(|known| *known == name).unwrap();
            if let Some(parent) = &column.references {
                assert!(
                    place(&parent.table) < place(&column.table),
                    "{}",
                    column.at()
                );
            }
        }
    }
}

#[test]
fn a_column_and_a_table_added_to_the_data_need_no_change_in_rust() {
    let csv = with_lines(
        "course,marker,TEXT,,N,,,hi|lo|U,,,,,,a new marker,,,\n\
         sample,sample_id,TEXT,,Y,primary,,,,,,,,,,,\n\
         sample,infusion_id,TEXT,,Y,,infusion.infusion_id,,,,,,,,,,\n\
         sample,taken_date,DATE,,Y,,,,,,,,not_before infusion.infusion_date,,,,",
    );
    let dictionary = Dictionary::parse(&csv).unwrap();
    assert_eq!(dictionary.columns().count(), 142);
    assert_eq!(
        dictionary.table("sample").unwrap().primary().unwrap().name,
        "sample_id"
    );
    assert!(dictionary.print().contains("marker"));
    let redcap = dictionary.redcap().unwrap();
    assert!(redcap.contains("marker,course,,radio,marker,\"hi, hi | lo, lo | U, U\",a new marker"));
    assert!(redcap.contains("taken_date,sample,,text,taken date,,,date_ymd"));
}

#[test]
fn redcap_gets_each_field_once_with_the_record_id_first() {
    let redcap = Dictionary::shipped().unwrap().redcap().unwrap();
    let mut reader = csv::Reader::from_reader(redcap.as_bytes());
    assert_eq!(reader.headers().unwrap().len(), 18);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(&rows[0][0], "patient_id");
    let names: std::collections::BTreeSet<&str> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!(names.len(), rows.len());
    let death = rows.iter().find(|row| &row[0] == "death_date").unwrap();
    assert_eq!(&death[11], "[vital_status] = 'dead'");
}

#[test]
fn the_printed_dictionary_and_the_redcap_dictionary_are_as_recorded() {
    let shipped = Dictionary::shipped().unwrap();
    insta::assert_snapshot!("dictionary_text", shipped.print());
    insta::assert_snapshot!("dictionary_redcap", shipped.redcap().unwrap());
}

#[rstest::rstest]
#[case::header("table,column\na,b\n", "header must have exactly")]
#[case::kind(&with_lines("patient,x,BOOL,,N,,,,,,,,,,,,"), "type must be TEXT, INTEGER, REAL or DATE")]
#[case::name(&with_lines("patient,X y,TEXT,,N,,,,,,,,,,,,"), "column must be a lower-case name")]
#[case::injection(&with_lines("patient,x; drop,TEXT,,N,,,,,,,,,,,,"), "column must be a lower-case name")]
#[case::required(&with_lines("patient,x,TEXT,,maybe,,,,,,,,,,,,"), "required must be Y, N or empty")]
#[case::key(&with_lines("patient,x,TEXT,,N,foreign,,,,,,,,,,,"), "key must be primary or empty")]
#[case::two_keys(&with_lines("patient,x,TEXT,,Y,primary,,,,,,,,,,,"), "exactly one primary")]
#[case::no_key(&with_lines("extra,x,TEXT,,Y,,,,,,,,,,,,"), "exactly one primary")]
#[case::twice(&with_lines("patient,sex,TEXT,,N,,,,,,,,,,,,"), "names a column twice")]
#[case::codes(&with_lines("patient,x,TEXT,,N,,,a||b,,,,,,,,,"), "codes must be words")]
#[case::code_quote(&with_lines("patient,x,TEXT,,N,,,a|b',,,,,,,,,"), "codes must be words")]
#[case::codes_of_number(&with_lines("patient,x,REAL,,N,,,a|b,,,,,,,,,"), "its type must be TEXT")]
#[case::range(&with_lines("patient,x,REAL,,N,,,,5,1,,,,,,,"), "range of patient.x is empty")]
#[case::range_text(&with_lines("patient,x,TEXT,,N,,,,5,,,,,,,,"), "type must be INTEGER or REAL")]
#[case::number(&with_lines("patient,x,REAL,,N,,,,NaN,,,,,,,,"), "min must be a number")]
#[case::default(&with_lines("patient,x,TEXT,,N,,,a|b,,,,c,,,,,"), "default of patient.x")]
#[case::multiple(&with_lines("patient,x,TEXT,,N,,,,,,Y,,,,,,"), "so it needs codes")]
#[case::reference(&with_lines("patient,x,TEXT,,N,,nowhere.id,,,,,,,,,,"), "does not exist")]
#[case::reference_no_key(&with_lines("course,x,TEXT,,N,,patient.sex,,,,,,,,,,"), "not a primary column")]
#[case::circle(&with_lines("patient,x,TEXT,,N,,course.course_id,,,,,,,,,,"), "in a circle")]
#[case::rule(&with_lines("patient,x,DATE,,N,,,,,,,,sometimes a.b,,,,"), "is no rule")]
#[case::rule_target(&with_lines("patient,x,DATE,,N,,,,,,,,not_after patient.sex,,,,"), "two columns of type DATE")]
#[case::rule_code(&with_lines("patient,x,DATE,,N,,,,,,,,required_if sex=Z,,,,"), "must name a code")]
#[case::reserved(&with_lines("withdrawn,x,TEXT,,Y,primary,,,,,,,,,,,"), "that name is taken")]
#[case::ragged(
    "table,column,type,unit,required,key,references,codes,min,max,multiple,default,rule,note,harmonises_with,omop,fhir\na,b\n",
    "not CSV"
)]
#[case::empty(
    "table,column,type,unit,required,key,references,codes,min,max,multiple,default,rule,note,harmonises_with,omop,fhir\n",
    "no table"
)]
fn malformed_dictionaries_are_refused_with_a_sentence(#[case] csv: &str, #[case] expected: &str) {
    let sentence = sentence(csv);
    assert!(sentence.contains(expected), "{sentence}");
}

#[test]
fn a_dictionary_is_refused_just_above_each_limit() {
    use crate::limits::{CODES_MAX, COLUMNS_MAX, NAME_BYTES_MAX, TABLES_MAX};
    let lines = |count: usize, line: &dyn Fn(usize) -> String| {
        with_lines(&(0..count).map(line).collect::<Vec<_>>().join("\n"))
    };
    let tables = |count| {
        lines(count - 12, &|number| {
            format!("extra_{number},id,TEXT,,Y,primary,,,,,,,,,,,")
        })
    };
    let columns = |count| {
        lines(count - 5, &|number| {
            format!("center_info,x_{number},TEXT,,N,,,,,,,,,,,,")
        })
    };
    let codes = |count| {
        let codes: Vec<String> = (0..count).map(|number| format!("c{number}")).collect();
        with_lines(&format!("lab,x,TEXT,,N,,,{},,,,,,,,,", codes.join("|")))
    };
    let name = |bytes| with_lines(&format!("lab,{},TEXT,,N,,,,,,,,,,,,", "x".repeat(bytes)));
    for (at_limit, above) in [
        (tables(TABLES_MAX), tables(TABLES_MAX + 1)),
        (columns(COLUMNS_MAX), columns(COLUMNS_MAX + 1)),
        (codes(CODES_MAX), codes(CODES_MAX + 1)),
        (name(NAME_BYTES_MAX), name(NAME_BYTES_MAX + 1)),
    ] {
        assert!(Dictionary::parse(&at_limit).is_ok());
        assert!(Dictionary::parse(&above).is_err());
    }
}
