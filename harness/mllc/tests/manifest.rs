//! Promise: a manifest is read as docs/mllc.md says, and what is wrong with it is named by its row.

mod common;

use std::fs;

use climd_mllc::{Error, Fault, Manifest};
use common::{HEADER, folder};

fn read(rows: &str) -> Result<Manifest, Error> {
    Manifest::read(folder(&format!("{HEADER}{rows}")).path(), 64, false)
}

/// The row and the message of the error that these rows are, after a good one.
fn fault(row: &str) -> (usize, Fault, String) {
    match read(&format!("p1,normal,a.png,no pain,1,2\n{row}\n")).unwrap_err() {
        error @ Error::Row { .. } => {
            let message = error.to_string();
            let Error::Row { row, fault, .. } = error else { unreachable!() };
            (row, fault, message)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn rows_become_patients() {
    let manifest = read("p1, hcc ,a.png,\"known cirrhosis,\nno pain\",12.5,\np2,normal,,pain,,\n").unwrap();
    let [first, second] = &manifest.patients[..] else { panic!("{:?}", manifest.patients.len()) };
    assert_eq!((first.row, first.id.as_str(), first.label), (2, "p1", 2));
    assert_eq!(first.text, "known cirrhosis,\nno pain");
    assert_eq!(first.laboratory, [Some(12.5), None]);
    assert_eq!(first.image.as_ref().unwrap().len(), 3 * 64 * 64);
    assert_eq!((second.row, &second.image, &second.laboratory[..]), (3, &None, &[None, None][..]));
    assert_eq!(manifest.columns, ["afp", "alt"]);
}

#[test]
fn every_fault_has_its_row() {
    let (row, fault_1, message) = fault("p2,normal,none.png,pain,1,2");
    assert!(row == 3 && matches!(fault_1, Fault::Image { .. }) && message.contains("none.png"), "{message}");
    assert!(message.contains("manifest.csv`, row 3: ") && message.contains("--skip-bad"), "{message}");
    let (row, fault_2, message) = fault("p2,benign,,pain,1,2");
    assert!(row == 3 && matches!(fault_2, Fault::UnknownLabel { .. }), "{message}");
    assert!(message.contains("`benign`") && message.contains("normal, metastatic, hcc"), "{message}");
    assert_eq!(fault("p1,hcc,,pain,1,2").1, Fault::DuplicateId { id: "p1".into(), first: 2 });
    assert_eq!(fault(",hcc,,pain,1,2").1, Fault::NoId);
    assert_eq!(fault("p2,hcc,,  ,1,2").1, Fault::EmptyText);
    assert_eq!(fault("p2,hcc,,pain,1,2,3").1, Fault::Ragged { found: 7, expected: 6 });
    for cell in ["high", "inf", "<3", "1e99"] {
        let expected = Fault::NotANumber { column: "alt".into(), found: cell.into() };
        assert_eq!(fault(&format!("p2,hcc,,pain,1,{cell}")).1, expected);
    }
}

#[test]
fn a_damaged_image_and_bytes_that_are_no_text_have_their_row() {
    let folder = folder(&format!("{HEADER}p1,normal,a.png,pain,1,2\np2,normal,b.png,pain,1,2\n"));
    let image = fs::read(folder.path().join("a.png")).unwrap();
    fs::write(folder.path().join("b.png"), &image[..image.len() / 2]).unwrap();
    let error = Manifest::read(folder.path(), 64, false).unwrap_err();
    assert!(matches!(error, Error::Row { row: 3, fault: Fault::Image { .. }, .. }), "{error}");
    let bytes = [HEADER.as_bytes(), b"p1,normal,a.png,pain,1,2\np2,normal,,p\xe4in,1,2\n"].concat();
    fs::write(folder.path().join("manifest.csv"), bytes).unwrap();
    let error = Manifest::read(folder.path(), 64, false).unwrap_err();
    assert!(matches!(error, Error::Row { row: 3, fault: Fault::Csv { .. }, .. }), "{error}");
}

#[test]
fn bad_rows_can_be_left_out_and_are_counted() {
    let rows = "p1,normal,a.png,pain,1,2\np1,hcc,,pain,1,2\np2,benign,,pain,1,2\np3,hcc,no.png,pain,1,2\n\
                p4,hcc,,,1,2\np5,hcc,,pain,x,2\np6,hcc,,pain,1\np7,metastatic,,pain,,\n";
    let manifest = Manifest::read(folder(&format!("{HEADER}{rows}")).path(), 64, true).unwrap();
    let ids: Vec<&str> = manifest.patients.iter().map(|patient| patient.id.as_str()).collect();
    assert_eq!(ids, ["p1", "p7"]);
    let row = |error: &Error| if let Error::Row { row, .. } = error { *row } else { panic!("{error}") };
    assert_eq!(manifest.skipped.iter().map(row).collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8]);
    let error = Manifest::read(folder(&format!("{HEADER}p1,,,,,\n")).path(), 64, true).unwrap_err();
    assert!(matches!(error, Error::NoPatients { skipped: 1, .. }), "{error}");
}

#[test]
fn what_no_patient_has_is_absent_by_design() {
    let manifest = read("p1,normal,a.png,,1,2\np2,hcc,,,3,4\n").unwrap();
    assert!(!manifest.has_text && manifest.image_size == Some(64));
    let manifest = Manifest::read(folder("id,label,afp\np1,normal,1\n").path(), 64, false).unwrap();
    assert!(!manifest.has_text && manifest.image_size.is_none());
    // then a row without any value has nothing at all
    let error = Manifest::read(folder("id,label,afp\np1,normal,1\np2,hcc,\n").path(), 64, false).unwrap_err();
    assert!(matches!(error, Error::Row { row: 3, fault: Fault::NoModality, .. }), "{error}");
}

#[test]
fn a_folder_may_have_classes_of_its_own() {
    let folder = folder("id,label,afp\np1,yes,1\np2,no,2\n");
    let classes = |text: &str| {
        fs::write(folder.path().join("classes.txt"), text).unwrap();
        Manifest::read(folder.path(), 64, false)
    };
    let manifest = classes("no\nyes\n\n").unwrap();
    assert_eq!(manifest.patients.iter().map(|patient| patient.label).collect::<Vec<_>>(), [1, 0]);
    for (text, reason) in [("no\n", "1 classes"), ("no\nyes\nno\n", "`no` is there twice")] {
        let message = classes(text).unwrap_err().to_string();
        assert!(message.contains("classes.txt") && message.contains(reason), "{message}");
    }
}

#[test]
fn a_header_that_is_none_is_named() {
    let message = |header: &str| Manifest::read(folder(header).path(), 64, false).unwrap_err().to_string();
    assert!(message("id,image\n").contains("no column `label`"));
    assert!(message("").contains("no column `id`"));
    assert!(message("id,label,afp,afp\n").contains("column 4: its name is `afp`"));
    assert!(message("id,label,,afp\n").contains("column 3: its name is ``"));
    assert!(message("\u{feff}id,label,afp\np1,normal,x\n").contains("row 2: `afp` is `x`")); // as Excel saves it
    let nowhere = Manifest::read(std::path::Path::new("/nowhere"), 64, false).unwrap_err().to_string();
    assert!(nowhere.contains("manifest.csv` cannot be read") && nowhere.contains("--data"), "{nowhere}");
}

// ---------------------------------------------------------------------- manifests as people have them

/// A folder of a manifest that was made after public reports.
fn field(name: &str) -> Result<Manifest, Error> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/field").join(name);
    Manifest::read(&folder, 64, false)
}

#[test]
fn semicolons_and_decimal_commas_are_read() {
    let manifest = field("F07-separators").unwrap();
    let values: Vec<_> = manifest.patients.iter().map(|patient| patient.laboratory[0]).collect();
    assert_eq!(values, [Some(1.5), Some(2.5)]);
    assert!(manifest.notes[0].contains("decimal commas"), "{:?}", manifest.notes);
    let read = |text: &str| Manifest::read(folder(text).path(), 64, false);
    assert_eq!(read("id\tlabel\tafp\np1\thcc\t1.5\n").unwrap().patients[0].laboratory, [Some(1.5)]);
    let message = read("id;kind;afp\np1;hcc;1\n").unwrap_err().to_string();
    assert!(
        message.contains("no column `label`; its columns are 1 `id`, 2 `kind`, 3 `afp`, semicolon-sep"),
        "{message}"
    );
}

#[test]
fn blank_rows_are_left_out_and_counted() {
    let message = field("F08-blank-rows/blank").unwrap_err().to_string();
    assert!(message.contains("row 5: `afp` is `x`"), "{message}");
    assert_eq!(field("F08-blank-rows/trailing").unwrap().patients.len(), 2);
}

#[test]
fn a_class_list_may_have_a_mark_and_names_with_commas() {
    let manifest = field("F09-class-list").unwrap();
    assert_eq!((manifest.patients.len(), manifest.classes), (2, vec!["normal".to_owned(), "hcc".into()]));
    let folder = folder("id;label;afp\np1;a, b;1\np2;a, c;2\n");
    fs::write(folder.path().join("classes.txt"), "a, b\r\na, c\r\n").unwrap();
    let manifest = Manifest::read(folder.path(), 64, false).unwrap();
    assert_eq!(manifest.patients.iter().map(|patient| patient.label).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_laboratory_value_that_is_na_was_not_measured() {
    let manifest = field("F11-missing-values/folder").unwrap();
    assert_eq!(manifest.patients.len(), 8);
    let missing: Vec<&str> =
        manifest.patients.iter().filter(|patient| patient.laboratory[1].is_none()).map(|p| p.id.as_str()).collect();
    assert_eq!(missing, ["P2", "P5", "P6"]);
    for cell in ["n/a", "NaN", "None", "-", "null"] {
        let patient = read(&format!("p1,hcc,,pain,1,{cell}\n")).unwrap().patients.remove(0);
        assert_eq!(patient.laboratory, [Some(1.0), None], "{cell}");
    }
}

#[test]
fn labels_that_are_missing_or_written_in_another_way_are_said() {
    assert!(fault("p2,NA,,pain,1,2").2.contains("`label` is `NA`, which looks like a missing label"));
    assert!(fault("p2,HCC,,pain,1,2").2.contains("differs from class `hcc` in case, spaces or number format alone"));
    let message = fault("p2,h cc ,,pain,1,2").2;
    assert!(message.contains("differs from class `hcc`"), "{message}");
}

#[test]
fn an_index_of_pandas_is_no_laboratory_value() {
    let text = ",ID,Label,afp,\n0,p1,hcc,1,\n1,p2,normal,2,\n"; // and a column that is nothing
    let manifest = Manifest::read(folder(text).path(), 64, false).unwrap();
    assert_eq!(manifest.columns, ["afp"]);
    assert!(manifest.notes[0].contains("column 1 counts the rows"), "{:?}", manifest.notes);
}
