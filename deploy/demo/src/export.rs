//! How does the demo itself read a center's CSV file? As tolerantly as the nodes do: with or without a byte order mark,
//! separated by comma, semicolon or tab.

use std::io::Cursor;
use std::path::Path;

use crate::error::DemoError;

/// A table of an export.
pub(crate) type Table = csv::Reader<Cursor<Vec<u8>>>;

/// Opens the table in `path`.
pub(crate) fn open(path: &Path) -> Result<Table, DemoError> {
    let bytes = std::fs::read(path).map_err(DemoError::file(path))?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .from_reader(Cursor::new(text.to_vec()));
    Ok(reader)
}

/// The separator that the first line has most of; a comma if it has none.
fn delimiter(text: &[u8]) -> u8 {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| line.split(|byte| *byte == separator).count();
    // Of equals the last wins, so the comma stands last.
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|separator| count(*separator))
        .unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_reads_the_same_however_a_spreadsheet_wrote_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        for text in ["a,b\n1,2\n", "\u{feff}a;b\r\n1;2\r\n", "a\tb\n1\t2"] {
            std::fs::write(&path, text).unwrap();
            let mut table = open(&path).unwrap();
            assert_eq!(
                table.headers().unwrap(),
                &csv::StringRecord::from(vec!["a", "b"])
            );
            let row = table.records().next().unwrap().unwrap();
            assert_eq!(row, csv::StringRecord::from(vec!["1", "2"]), "{text:?}");
        }
    }
}
