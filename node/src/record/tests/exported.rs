//! Does an export hold by itself, and does it stop holding when anything in it is altered?

use super::*;

fn export(record: &Record) -> Vec<String> {
    let mut out = Vec::new();
    record.export(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn verify(lines: &[String]) -> Result<Summary, ExportError> {
    let text: String = lines
        .iter()
        .flat_map(|line| [line.as_str(), "\n"])
        .collect();
    verify_export(text.as_bytes())
}

#[test]
fn an_export_is_checked_without_the_file_and_has_its_head() {
    let fixture = full();
    let summary = verify(&export(&fixture.record)).unwrap();
    assert_eq!(summary.head, fixture.record.head().unwrap());
    assert_eq!(
        (
            summary.rows,
            summary.answers,
            summary.refusals,
            summary.decisions
        ),
        (12, 1, 1, 2)
    );
    assert_eq!(summary.span, (at(0), at(7)));
}

#[test]
fn a_summary_counts_one_as_one() {
    let mut out = Vec::new();
    let summary = verify(&export(&full().record)).unwrap();
    summary.write(&mut out).unwrap();
    let said = String::from_utf8(out).unwrap();
    assert!(said.starts_with("record       12 rows from "), "{said}");
    assert!(
        said.contains(": 1 answer, 1 refusal, 2 decisions by a person\n"),
        "{said}"
    );
}

#[test]
fn a_record_of_many_pages_is_exported_whole() {
    let fixture = fixture();
    for number in 0..=PAGE_ROWS * 2 {
        fixture
            .record
            .note_policy(&number.to_string(), at(1))
            .unwrap();
    }
    let summary = verify(&export(&fixture.record)).unwrap();
    assert_eq!(usize::try_from(summary.rows).unwrap(), PAGE_ROWS * 2 + 2);
}

#[test]
fn every_removed_doubled_or_swapped_line_is_found() {
    let lines = export(&full().record);
    for at in 0..lines.len() {
        let mut removed = lines.clone();
        removed.remove(at);
        assert!(verify(&removed).is_err(), "without line {at}");
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at].clone());
        assert!(verify(&doubled).is_err(), "line {at} twice");
        if at > 0 {
            let mut swapped = lines.clone();
            swapped.swap(at - 1, at);
            assert!(verify(&swapped).is_err(), "line {at} before its time");
        }
    }
    assert_eq!(
        verify(&lines[..lines.len() - 1]).unwrap_err().code(),
        "export_not_whole"
    );
    assert_eq!(verify(&[]).unwrap_err().code(), "export_not_whole");
}

#[test]
fn every_altered_character_of_every_line_is_found() {
    let lines = export(&full().record);
    for (at, line) in lines.iter().enumerate() {
        for place in (0..line.len()).step_by(3) {
            let mut bytes = line.clone().into_bytes();
            bytes[place] = if bytes[place] == b'1' { b'2' } else { b'1' };
            let mut altered = lines.clone();
            altered[at] = String::from_utf8(bytes).unwrap();
            assert!(verify(&altered).is_err(), "line {at}: {}", altered[at]);
        }
    }
}

#[test]
fn a_line_that_is_longer_than_any_row_is_refused_and_not_read_to_its_end() {
    let endless = std::io::repeat(b' ');
    let refused = verify_export(std::io::BufReader::new(endless)).unwrap_err();
    assert!(matches!(refused, ExportError::Malformed { line: 1 }));
    // At the limit a line is read, and found to be none.
    let line = " ".repeat(LINE_BYTES_MAX) + "\n";
    assert_eq!(
        verify_export(line.as_bytes()).unwrap_err().code(),
        "export_malformed"
    );
}

#[test]
fn each_row_is_exported_as_one_line_with_its_names() {
    let lines = export(&full().record);
    assert!(
        lines[0].starts_with(r#"{"seq":1,"time":"1970-01-01T00:00:00Z","kind":"begun","head":""#)
    );
    assert!(
        lines[6].contains(r#""kind":"approved","query":"0101"#)
            && lines[6].contains(r#""by":"kim","note":"as ever""#)
    );
    assert!(
        lines[8].contains(r#""kind":"answer""#)
            && lines[8].contains(r#""envelope":{"payloadType":"#)
    );
    assert!(lines[12].starts_with(r#"{"rows":12,"head":""#));
}
