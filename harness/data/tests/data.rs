//! Promise: files are read as they stand, or refused with the place of the fault. All fixtures are made here, in
//! temporary folders.

use std::path::Path;

use climd_data::{Dataset, Error, Layout, Split};
use tempfile::TempDir;

mod made;
use made::SIZES;

// ---------------------------------------------------------------------- fixtures

const RNA: &str = "patient,g1,g2\na,1,2\nb,3,4\nc,5,6\n";
const TARGET: &str = "patient,target\na,0\nb,1\nc,0\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Three patients in the BRCA layout, with one file replaced.
fn brca(name: &str, text: &str) -> TempDir {
    let folder = folder(&[("rna.csv", RNA), ("meth.csv", RNA), ("mirna.csv", RNA), ("target.csv", TARGET)]);
    std::fs::write(folder.path().join(name), text).unwrap();
    folder
}

const MOGONET: [(&str, &str); 6] = [
    ("1_tr.csv", "0.5,1.0\n0.25,0.0\n1e-1,1\n"),
    ("1_te.csv", "0.75,0.5\n"),
    ("2_tr.csv", "7\n8\n9\n"),
    ("2_te.csv", "10\n"),
    ("labels_tr.csv", "0.000000000000000000e+00\n1.000000000000000000e+00\n0\n"),
    ("labels_te.csv", "1.0\n"),
];

fn mogonet(name: &str, text: &str) -> TempDir {
    let folder = folder(&MOGONET);
    std::fs::write(folder.path().join(name), text).unwrap();
    folder
}

/// The message, with the folder's own path cut out.
fn message(folder: &TempDir) -> String {
    let error = Dataset::load(folder.path()).unwrap_err();
    error.to_string().replace(&format!("{}{}", folder.path().display(), std::path::MAIN_SEPARATOR), "")
}

// ---------------------------------------------------------------------- reading

#[test]
fn brca_layout_is_read_and_aligned_by_patient() {
    let dataset = Dataset::load(brca("meth.csv", "patient,m1\nc,30\na,10\nb,20\n").path()).unwrap();
    assert_eq!(dataset.layout, Layout::Brca);
    let names: Vec<&str> = dataset.modalities.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["mRNA", "DNA methylation", "miRNA"]);
    assert_eq!(dataset.modalities[0].columns, ["g1", "g2"]);
    assert_eq!(dataset.modalities[0].values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(dataset.modalities[1].values, [10.0, 20.0, 30.0]);
    assert_eq!((dataset.labels.as_slice(), dataset.class_sizes()), ([0, 1, 0].as_slice(), vec![2, 1]));
    assert_eq!((dataset.classes.as_slice(), dataset.split), (["class 0".into(), "class 1".into()].as_slice(), None));
}

#[test]
fn only_the_classes_of_the_public_table_have_the_names_of_the_subtypes() {
    let classes = |sizes: &[usize]| {
        let labels = sizes.iter().enumerate().flat_map(|(class, &n)| vec![class; n]);
        let rows: Vec<(String, usize)> = labels.enumerate().map(|(at, label)| (format!("p{at}"), label)).collect();
        let x: String = rows.iter().map(|(patient, _)| format!("{patient},1\n")).collect();
        let y: String = rows.iter().map(|(patient, label)| format!("{patient},{label}\n")).collect();
        let (x, y) = (format!("patient,g\n{x}"), format!("patient,target\n{y}"));
        let folder = folder(&[("rna.csv", &x), ("meth.csv", &x), ("mirna.csv", &x), ("target.csv", &y)]);
        Dataset::load(folder.path()).unwrap().classes
    };
    assert_eq!(classes(&SIZES), ["Luminal A", "HER2-enriched", "Luminal B", "Basal-like", "Normal-like"]);
    for other in [[1; 5], [46, 419, 140, 130, 34]] {
        assert_eq!(classes(&other), ["class 0", "class 1", "class 2", "class 3", "class 4"]);
    }
}

#[test]
fn mogonet_layout_is_read_with_its_split() {
    let folder = mogonet("1_featname.csv", "SLC6A14|11254\nFABP7|2173\n");
    let dataset = Dataset::load(folder.path()).unwrap();
    assert_eq!(dataset.layout, Layout::Mogonet);
    assert_eq!(dataset.modalities.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["omics 1", "omics 2"]);
    assert_eq!(dataset.modalities[0].columns, ["SLC6A14|11254", "FABP7|2173"]);
    assert_eq!(dataset.modalities[0].values, [0.5, 1.0, 0.25, 0.0, 0.1, 1.0, 0.75, 0.5]);
    assert_eq!((dataset.modalities[1].columns.as_slice(), dataset.modalities[1].rows), (["1".into()].as_slice(), 4));
    assert_eq!(dataset.labels, [0, 1, 0, 1]);
    assert_eq!(dataset.split, Some(Split { train: vec![0, 1, 2], test: vec![3] }));
}

#[test]
fn windows_line_ends_marks_blanks_and_quotes_are_read() {
    let rna = "\u{feff}\"patient\",\"g1\",g2\r\na, 1 ,2\r\n\r\nb,\"3\",4\r\nc,5,6";
    let dataset = Dataset::load(brca("rna.csv", rna).path()).unwrap();
    assert_eq!(dataset.modalities[0].columns, ["g1", "g2"]);
    assert_eq!(dataset.modalities[0].values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn the_named_row_is_the_line_of_the_file() {
    let folder = brca("rna.csv", "patient,g1,g2\r\na,1,2\r\n\r\nb,3,x\r\nc,5,6\r\n");
    assert!(message(&folder).starts_with("`rna.csv`, row 4, column 3 (`g2`): found `x`"), "{}", message(&folder));
}

// ---------------------------------------------------------------------- bad folders and files

#[test]
fn missing_folder_is_refused() {
    let error = Dataset::load(Path::new("no/such/folder")).unwrap_err().to_string();
    assert_eq!(error, "`no/such/folder` is not a folder: `make brca` fetches the public data into `data/brca`");
}

#[test]
fn missing_files_are_named_for_every_layout() {
    let folder = folder(&[("rna.csv", RNA), ("3_tr.csv", "1\n"), ("1_tr.csv", "1\n"), ("20240101_tr.csv", "1\n")]);
    let error = Dataset::load(folder.path()).unwrap_err().to_string();
    let lacks = "holds no data set: the BRCA layout lacks meth.csv, mirna.csv, target.csv; MOGONET's layout lacks \
                 1_te.csv, 2_tr.csv, 2_te.csv, 3_te.csv, labels_tr.csv, labels_te.csv: add the files of one of them, \
                 or target.csv, tables of features, and the names of your tables in modalities.txt, one in each line";
    assert!(error.ends_with(lacks), "{error}");
    // with the labels there, the tables may be, too
    let folder = self::folder(&[("target.csv", TARGET), ("scan.csv", RNA), ("blood.tsv", RNA), ("notes.pdf", "")]);
    let error = Dataset::load(folder.path()).unwrap_err().to_string();
    let asks = "target.csv is there, but not the names of your tables in modalities.txt, one in each line: which of \
                blood.tsv, scan.csv?";
    assert!(error.ends_with(asks), "{error}");
}

#[test]
fn unreadable_file_is_refused() {
    // built by hand: a file that exists and cannot be read is not to be had on every system, least of all as root
    let error = Error::Read { folder: "rna.csv".into(), source: std::io::ErrorKind::PermissionDenied.into() };
    assert_eq!(error.to_string(), "`rna.csv` cannot be read: permission denied");
}

#[test]
fn empty_files_are_refused() {
    assert_eq!(message(&brca("rna.csv", "")), "`rna.csv` has no header row: fetch or export it again");
    assert_eq!(message(&brca("rna.csv", "patient,g1\n")), "`rna.csv` has no data row: fetch or export it again");
    assert_eq!(message(&brca("rna.csv", "patient\na\n")), "`rna.csv` has no feature column: fetch or export it again");
    assert_eq!(message(&brca("target.csv", "")), "`target.csv` has no header row: fetch or export it again");
    assert_eq!(
        message(&brca("target.csv", "patient\na\n")),
        "`target.csv` has no target column: fetch or export it again"
    );
    assert_eq!(
        message(&brca("target.csv", "patient,target\n")),
        "`target.csv` has no data row: fetch or export it again"
    );
    assert_eq!(message(&mogonet("1_tr.csv", "")), "`1_tr.csv` has no data row: fetch or export it again");
    assert_eq!(message(&mogonet("labels_te.csv", "\n")), "`labels_te.csv` has no data row: fetch or export it again");
}

#[test]
fn wrong_header_is_refused() {
    assert_eq!(
        message(&brca("meth.csv", "gene,g1\na,1\n")),
        "`meth.csv`, row 1, column 1: found `gene`, but the header must begin with `patient`; \
         its columns are 1 `gene`, 2 `g1`, comma-separated: rename the column"
    );
    assert_eq!(
        message(&brca("target.csv", "patient,grade,age\na,1,2\n")),
        "`target.csv` must have one column beside the id, named `target`; its columns are 1 `patient`, 2 `grade`, \
         3 `age`, comma-separated: rename or remove columns"
    );
    assert_eq!(
        message(&brca("target.csv", "patient,class,label\na,1,0\n")),
        "`target.csv` must have one column beside the id, named `target`, but 2 `class`, 3 `label` could each be it; \
         its columns are 1 `patient`, 2 `class`, 3 `label`, comma-separated: rename or remove columns"
    );
    // what is usual for an id or a label will do, and pandas leaves the name of an index empty
    for (name, text) in [("meth.csv", ",m\na,1\nb,2\nc,3\n"), ("target.csv", "Patient_ID;Label\na;0\nb;1\nc;0\n")] {
        assert!(Dataset::load(brca(name, text).path()).is_ok(), "{text}");
    }
}

#[test]
fn labels_are_those_of_target_whatever_stands_beside_it() {
    for target in [
        "patient,label,target\na,1,0\nb,0,1\nc,1,0\n",
        "patient,target,class\na,0,1\nb,1,0\nc,0,1\n",
        "id,Target,labels,dx\na,0,1,x\nb,1,0,x\nc,0,1,x\n",
    ] {
        let folder = brca("target.csv", target);
        assert_eq!(Dataset::load(folder.path()).unwrap().labels, [0, 1, 0], "{target}");
    }
    // without it, the only other usual name is enough
    let folder = brca("target.csv", "patient,age,dx\na,61,0\nb,52,1\nc,43,0\n");
    let dataset = Dataset::load(folder.path()).unwrap();
    assert_eq!(dataset.labels, [0, 1, 0]);
    let notes: Vec<&String> = dataset.notes.iter().filter(|note| note.contains("not used are the columns")).collect();
    assert!(notes.len() == 1 && notes[0].contains("target.csv`") && notes[0].contains("2 `age`:"), "{notes:?}");
}

#[test]
fn a_single_class_is_refused() {
    let one = |file: &str| format!("`{file}`: all 3 rows have label 0, but at least two classes are needed");
    let folder = brca("target.csv", "patient,target\na,0\nb,0\nc,0\n");
    assert_eq!(message(&folder), one("target.csv") + ": add rows of another class");
    let folder = mogonet("labels_tr.csv", "0\n0\n0\n");
    assert_eq!(message(&folder), one("labels_tr.csv") + ": add rows of another class");
}

#[test]
fn ragged_row_is_refused() {
    assert_eq!(
        message(&brca("rna.csv", "patient,g1,g2\na,1,2\nb,3\nc,5,6\n")),
        "`rna.csv`, row 3: found 2 cells, but row 1 has 3: complete or remove the row, \
         and quote a text that has a comma"
    );
    assert_eq!(
        message(&mogonet("2_te.csv", "1\n1,2\n")),
        "`2_te.csv`, row 2: found 2 cells, but row 1 has 1: complete or remove the row, \
         and quote a text that has a comma"
    );
}

#[test]
fn cells_that_are_no_finite_number_are_refused() {
    for cell in ["inf", "-inf", "1e99", "1;5", "0x1"] {
        let advice = "correct the cell";
        assert_eq!(
            message(&brca("mirna.csv", &format!("patient,g1,g2\na,1,2\nb,3,{cell}\nc,5,6\n"))),
            format!(
                "`mirna.csv`, row 3, column 3 (`g2`): found `{cell}`, but a finite number is needed: \
                 {advice}, or remove its row or column from every file"
            )
        );
    }
    assert_eq!(
        message(&mogonet("1_te.csv", "1,x\n")),
        "`1_te.csv`, row 1, column 2: found `x`, but a finite number is needed: \
         correct the cell, or remove its row or column from every file"
    );
}

#[test]
fn a_number_that_is_missing_is_a_gap_and_is_said() {
    for cell in ["", "NaN", "NA", "n/a", "-"] {
        let folder = brca("mirna.csv", &format!("patient,g1,g2\na,1,2\nb,3,{cell}\nc,5,6\n"));
        let dataset = Dataset::load(folder.path()).unwrap();
        let values = &dataset.modalities[2].values;
        assert!(values[3].is_nan() && values.iter().filter(|value| value.is_nan()).count() == 1, "{values:?}");
        let note = "modality `miRNA`: missing numbers: 1 of 6, most in `g2`, 1 of 3 rows: the column's mean over the";
        assert!(dataset.notes.iter().any(|said| said.starts_with(note)), "{:?}", dataset.notes);
        assert_eq!(dataset.fingerprint(), Dataset::load(folder.path()).unwrap().fingerprint());
    }
    let dataset = Dataset::load(mogonet("1_te.csv", "1,\n").path()).unwrap();
    assert!(dataset.modalities[0].values.last().unwrap().is_nan());
    // a column of gaps alone
    let says = ": column `g2` has no number in any row: leave it out";
    assert_eq!(message(&brca("mirna.csv", "patient,g1,g2\na,1,\nb,3,NA\nc,5,\n")), format!("`mirna.csv`{says}"));
}

#[test]
fn cells_that_are_no_label_are_refused() {
    for cell in ["-1", "0.5", "LumA", "", "NaN", "inf", "1e12"] {
        let what = match cell {
            "" | "NaN" => "which looks like a missing label: fill it in, or remove the row from every file",
            _ => "but a label is a whole number from 0 on: number the classes 0, 1, 2, ...",
        };
        let expected = format!("found `{cell}`, {what}");
        assert_eq!(
            message(&brca("target.csv", &format!("patient,target\na,0\nb,{cell}\nc,0\n"))),
            format!("`target.csv`, row 3, column 2 (`target`): {expected}")
        );
        if !cell.is_empty() {
            let labels = format!("0\n{cell}\n0\n");
            assert_eq!(
                message(&mogonet("labels_tr.csv", &labels)),
                format!("`labels_tr.csv`, row 2, column 1: {expected}")
            );
        }
    }
}

#[test]
fn features_in_the_place_of_labels_are_refused() {
    assert_eq!(
        message(&mogonet("labels_tr.csv", "0.5,1\n0,1\n1,1\n")),
        "`labels_tr.csv` has 2 columns, but must hold one label a row: is it a file of features?"
    );
}

// ---------------------------------------------------------------------- files that disagree

#[test]
fn repeated_patient_is_refused() {
    let repeated = "row 4: patient `a` is already in row 2: keep one of the two rows";
    assert_eq!(message(&brca("rna.csv", "patient,g1\na,1\nb,2\na,3\n")), format!("`rna.csv`, {repeated}"));
    assert_eq!(message(&brca("target.csv", "patient,target\na,0\nb,1\na,0\n")), format!("`target.csv`, {repeated}"));
}

#[test]
fn extra_patient_is_refused() {
    assert_eq!(
        message(&brca("meth.csv", "patient,g1\na,1\nb,2\nc,3\nd,4\n")),
        "`meth.csv`, row 5: patient `d` is not in `target.csv`: add the label or remove the row"
    );
}

#[test]
fn missing_patient_is_refused() {
    assert_eq!(
        message(&brca("meth.csv", "patient,g1\na,1\nc,3\n")),
        "`meth.csv` has no row for patient `b` of `target.csv`, row 3: add the features, empty cells if none was \
         measured, or remove the label"
    );
}

#[test]
fn files_of_another_length_or_width_are_refused() {
    let same = "both must come from the same export";
    assert_eq!(
        message(&mogonet("2_tr.csv", "1\n2\n3\n4\n")),
        format!("`2_tr.csv` has 4 rows, but `labels_tr.csv` has 3: {same}")
    );
    assert_eq!(
        message(&mogonet("1_te.csv", "1,2\n3,4\n")),
        format!("`1_te.csv` has 2 rows, but `labels_te.csv` has 1: {same}")
    );
    assert_eq!(message(&mogonet("1_te.csv", "1\n")), format!("`1_te.csv` has 1 columns, but `1_tr.csv` has 2: {same}"));
    let names = message(&mogonet("1_featname.csv", "only one\n"));
    assert_eq!(names, format!("`1_featname.csv` has 1 names, but `1_tr.csv` has 2: {same}"));
}

#[test]
fn skipped_class_is_refused() {
    assert_eq!(
        message(&brca("target.csv", "patient,target\na,0\nb,3\nc,1\n")),
        "`target.csv` has a label 3, but no label 2: number the classes 0, 1, 2, ... without a gap"
    );
}

#[test]
fn class_without_training_sample_is_refused() {
    assert_eq!(
        message(&mogonet("labels_te.csv", "2\n")),
        "`labels_te.csv`, row 1, column 1: label 2 is not in `labels_tr.csv`, so no model can learn it: \
         remove the row or move a sample of the class"
    );
}

// ---------------------------------------------------------------------- files as people have them

/// A folder of files that were made after public reports, and the message about it.
fn field(name: &str) -> Result<Dataset, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/field").join(name);
    let cut = format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR);
    Dataset::load(folder).map_err(|error| error.to_string().replace(&cut, ""))
}

#[test]
fn a_header_of_numbers_is_no_sample() {
    let bare = "but files of MOGONET's layout are bare numbers: remove row 1, or write the file with \
                `header=False, index=False`";
    assert_eq!(
        field("numeric-header").unwrap_err(),
        format!(
            "`1_tr.csv`: row 1 names the columns, as it counts 0, 1, 2, ..., which is how pandas writes columns \
             without names, {bare}"
        )
    );
    // siblings: names, an index with an empty corner, and a header over the labels alone
    let error = message(&mogonet("2_te.csv", "g1\n7\n"));
    assert_eq!(error, format!("`2_te.csv`: row 1 names the columns, as `g1` stands above numbers, {bare}"));
    assert!(message(&mogonet("1_tr.csv", ",0,1\n0,1,2\n1,3,4\n2,5,6\n")).contains("above an index"));
    assert_eq!(
        message(&mogonet("labels_tr.csv", "0\n0\n1\n0\n")),
        "`1_tr.csv` has 3 rows, but `labels_tr.csv` has 4: is row 1 of the latter, a 0, the name that pandas gives \
         a column? remove it; else both must come from the same export"
    );
}

#[test]
fn a_column_that_counts_the_rows_is_no_feature() {
    let dataset = field("index-column").unwrap();
    assert_eq!((dataset.len(), dataset.modalities.len()), (12, 2));
    for table in &dataset.modalities {
        assert_eq!(table.columns, ["1", "2", "3"]);
        assert_eq!(table.row(11), [0.2, 2.25, 0.5]);
    }
    let [first, _] = &dataset.notes[..] else { panic!("{:?}", dataset.notes) };
    assert!(first.contains("1_tr.csv") && first.contains("column 1 counts the rows"), "{first}");
    // siblings: the test part goes on counting; an index in front of the labels; a test part that does not count
    let folder = folder(&MOGONET);
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("1_tr.csv", "1;0,5;1\n2;0,25;0\n3;0,1;1\n");
    write("1_te.csv", "4;0,75;0,5\n");
    write("labels_tr.csv", "0,0\n1,1\n2,0\n");
    let dataset = Dataset::load(folder.path()).unwrap();
    assert_eq!(dataset.modalities[0].values, [0.5, 1.0, 0.25, 0.0, 0.1, 1.0, 0.75, 0.5]);
    assert_eq!(dataset.labels, [0, 1, 0, 1]);
    write("1_te.csv", "0,5;0,75;0,5\n");
    let dataset = Dataset::load(folder.path()).unwrap();
    assert_eq!(dataset.modalities[0].columns.len(), 3);
    assert!(dataset.notes.iter().any(|note| note.contains("does not, so it is kept")), "{:?}", dataset.notes);
}

#[test]
fn barcodes_written_in_another_way_are_said() {
    assert_eq!(
        field("barcodes").unwrap_err(),
        "`rna.csv`, row 2: patient `TCGA.A1.A000.01` is not in `target.csv`; 12 of the ids agree but for punctuation, \
         as `TCGA.A1.A000.01` and `TCGA-A1-A000-01`: write them alike in all files"
    );
    // siblings: case, and a barcode that goes on to the vial
    for (rows, what) in [("A,1\nB,2\nC,3\n", "case"), ("a,1\nb,2\nC,3\n", "case")] {
        let error = message(&brca("rna.csv", &format!("patient,g\n{rows}")));
        assert!(error.contains(&format!("agree but for {what}")), "{error}");
    }
    let target = "patient,target\nTCGA-A1-A000,0\nTCGA-A1-A001,1\n";
    let rows = "patient,g\nTCGA-A1-A000-01A,1\nTCGA-A1-A001-01A,2\n";
    let long = folder(&[("rna.csv", rows), ("meth.csv", rows), ("mirna.csv", rows), ("target.csv", target)]);
    assert!(message(&long).contains("2 of the ids agree but for their length"), "{}", message(&long));
    // one patient too many is that and nothing else
    assert!(message(&brca("rna.csv", "patient,g\na,1\nb,2\nc,3\nz,4\n")).contains("add the label or remove the row"));
}

#[test]
fn names_of_classes_may_have_commas() {
    let folder = brca("classes.txt", "\u{feff}a, b\r\na, c\r\n\r\n");
    assert_eq!(Dataset::load(folder.path()).unwrap().classes, ["a, b", "a, c"]);
}

#[test]
fn other_separators_and_blank_rows_are_read() {
    let folder = brca("rna.csv", "patient;g1;g2\na;1,5;2\n\nb;3;4\nc;5;6\n;;\n;;\n");
    let dataset = Dataset::load(folder.path()).unwrap();
    assert_eq!(dataset.modalities[0].values, [1.5, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert!(dataset.notes.iter().any(|note| note.contains("rna.csv`: row 3 is blank")), "{:?}", dataset.notes);
    let error = message(&brca("rna.csv", "patient\tg1\na\t1\n\nb\tx\nc\t1\n"));
    assert!(error.starts_with("`rna.csv`, row 4, column 2 (`g1`): found `x`"), "{error}");
}
