//! Any bytes as a table: an error that says what is wrong, or a sheet and labels that hold together.
#![no_main]

use std::path::Path;

use climd_csv::{HeaderOption, LABELS, Labels, Options, Sheet, Wanted};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&how, bytes)) = data.split_first() else { return };
    let header = [HeaderOption::Detect, HeaderOption::Present, HeaderOption::Absent][usize::from(how) % 3];
    match Sheet::parse(bytes, Path::new("a.csv"), Options { header, separator: None }) {
        Ok(sheet) => look(&sheet, usize::from(how) % 7),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

/// What is read holds together.
fn look(sheet: &Sheet, column: usize) {
    let _ = (sheet.columns(), sheet.header().to_string(), sheet.check().map_err(|error| error.to_string()));
    let mut before = 0;
    for row in 0..sheet.len() {
        assert!(sheet.number(row) > before, "rows are numbered upwards");
        before = sheet.number(row);
        for at in 0..sheet.width_of(row) {
            assert_eq!(sheet.cell(row, at), sheet.cell(row, at).trim());
            if let Ok(value) = sheet.number_at(row, at) {
                assert!(value.is_finite());
            }
        }
    }
    let name = column.to_string();
    for wanted in [None, Some(name.as_str())] {
        let wanted = Wanted { column: LABELS.wanted(wanted), one_hot: &[], keep_missing: false };
        match Labels::read(sheet, wanted) {
            Ok(labels) => {
                assert_eq!(labels.starts.len(), labels.len() + 1);
                assert_eq!(labels.unknown_starts.len(), labels.len() + 1);
                assert_eq!(*labels.starts.last().unwrap(), labels.labels.len());
                assert!(labels.labels.iter().all(|&label| (label as usize) < labels.classes.len()));
                for sample in 0..labels.len() {
                    assert!(labels.of(sample).is_sorted());
                    assert!(labels.rows[sample] < sheet.len());
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
