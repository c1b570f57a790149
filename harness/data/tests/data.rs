//! Real data is read, split and prepared as promised. All fixtures are made here, in temporary folders.

use std::collections::BTreeSet;
use std::path::Path;

use climd_data::{
    Dataset, Error, Fitted, Keep, Layout, Preparation, Prepared, Split, Table, anova_f, stratified_split,
};
use tempfile::TempDir;

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

/// A made-up data set: column 0 tells the classes apart, the others are noise, the last is constant.
fn synthetic(sizes: &[usize], columns: usize) -> Dataset {
    let labels: Vec<usize> = sizes.iter().enumerate().flat_map(|(class, &n)| vec![class; n]).collect();
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 16_777_216.0
    };
    let mut values = Vec::new();
    for &label in &labels {
        values.push(label as f32 + 0.1 * noise());
        (2..columns).for_each(|_| values.push(noise()));
        values.push(3.0);
    }
    let table = table(columns, values);
    Dataset {
        name: "synthetic".into(),
        layout: Layout::Brca,
        modalities: vec![table.clone(), table],
        labels,
        classes: (0..sizes.len()).map(|class| class.to_string()).collect(),
        groups: None,
        split: None,
        notes: Vec::new(),
    }
}

fn table(columns: usize, values: Vec<f32>) -> Table {
    let names = (0..columns).map(|column| format!("c{column}")).collect();
    Table { name: "made up".into(), columns: names, rows: values.len() / columns, values }
}

fn counts(labels: &[usize], rows: &[usize], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    rows.iter().for_each(|&row| counts[labels[row]] += 1);
    counts
}

const SIZES: [usize; 5] = [419, 46, 140, 130, 34];

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
                 or name those of your modalities in modalities.txt, one in each line, beside target.csv";
    assert!(error.ends_with(lacks), "{error}");
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
    for cell in ["", "NaN", "inf", "-inf", "1e99", "NA", "1;5", "0x1"] {
        let missing = ["", "NaN", "NA"].contains(&cell);
        let advice = if missing { "fill in the missing value" } else { "correct the cell" };
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
        "`meth.csv` has no row for patient `b` of `target.csv`, row 3: add the features or remove the label"
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

// ---------------------------------------------------------------------- splits

#[test]
fn split_is_a_stratified_partition() {
    let labels = synthetic(&SIZES, 3).labels;
    for seed in 0..20 {
        let split = stratified_split(&labels, 0.3, seed).unwrap();
        let all: BTreeSet<usize> = split.train.iter().chain(&split.test).copied().collect();
        assert_eq!((all.len(), split.train.len() + split.test.len()), (769, 769));
        assert!(split.train.is_sorted() && split.test.is_sorted());
        assert_eq!(counts(&labels, &split.test, 5), [126, 14, 42, 39, 10]); // round(0.3 n)
    }
}

#[test]
fn every_class_of_two_is_on_both_sides_and_a_single_sample_trains() {
    let labels = [0, 0, 1, 2, 2, 2];
    for (share, tested) in [(0.01, [1, 0, 1]), (0.5, [1, 0, 2]), (0.99, [1, 0, 2])] {
        let split = stratified_split(&labels, share, 5).unwrap();
        assert_eq!(counts(&labels, &split.test, 3), tested, "{share}");
    }
}

/// Changing these lists changes the data under every published figure. Reference: a ChaCha8 and a Fisher-Yates written
/// in Python for this test, which share no code with ours.
#[test]
fn split_and_slice_value_stability() {
    let labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2];
    let split = stratified_split(&labels, 0.3, 7).unwrap();
    assert_eq!((split.test.as_slice(), split.train.len()), ([1, 2, 5, 10].as_slice(), 8));
    assert_eq!(split.validation(&labels, 0.3, 7).unwrap().test, [0, 7, 11]);
    let numbered = table(1, (0_u8..30).map(f32::from).collect());
    let dataset = Dataset { modalities: vec![numbered], ..synthetic(&[20, 6, 4], 3) };
    assert_eq!(
        dataset.slice(12, 7).unwrap().modalities[0].values,
        [3.0, 9.0, 12.0, 13.0, 16.0, 17.0, 20.0, 22.0, 24.0, 26.0, 27.0, 28.0]
    );
}

#[test]
fn seeds_give_different_splits_and_a_seed_one() {
    let labels = synthetic(&SIZES, 3).labels;
    let splits: Vec<Split> = (0..10).map(|seed| stratified_split(&labels, 0.3, seed).unwrap()).collect();
    assert_eq!(splits[3], stratified_split(&labels, 0.3, 3).unwrap());
    for (index, split) in splits.iter().enumerate() {
        assert!(splits[..index].iter().all(|other| other != split));
    }
}

#[test]
fn validation_part_comes_from_the_training_part() {
    let labels = synthetic(&SIZES, 3).labels;
    let split = stratified_split(&labels, 0.3, 1).unwrap();
    let inner = split.validation(&labels, 0.2, 1).unwrap();
    let mut both: Vec<usize> = inner.train.iter().chain(&inner.test).copied().collect();
    both.sort_unstable();
    assert_eq!(both, split.train);
    assert_eq!(counts(&labels, &inner.test, 5), [59, 6, 20, 18, 5]); // round(0.2 * [293, 32, 98, 91, 24])
}

#[test]
fn test_share_outside_0_to_1_is_refused() {
    for share in [0.0, 1.0, -0.1, f64::NAN] {
        let error = stratified_split(&[0, 1], share, 0).unwrap_err().to_string();
        assert_eq!(error, format!("`test_share` is {share}, but must be above 0 and below 1: 0.3 is usual"));
    }
}

// ---------------------------------------------------------------------- slices

#[test]
fn slice_keeps_three_of_every_class_and_the_proportions() {
    let dataset = synthetic(&SIZES, 3);
    assert_eq!(dataset.slice(100, 0).unwrap().class_sizes(), [55, 6, 18, 17, 4]);
    assert_eq!(dataset.slice(16, 0).unwrap().class_sizes(), [4, 3, 3, 3, 3]);
    assert_eq!(synthetic(&[50, 2, 1], 3).slice(10, 0).unwrap().class_sizes(), [7, 2, 1]);
    assert_eq!(dataset.slice(769, 0).unwrap(), dataset);
    assert_eq!(dataset.slice(100, 4).unwrap(), dataset.slice(100, 4).unwrap());
    assert_ne!(dataset.slice(100, 4).unwrap(), dataset.slice(100, 5).unwrap());
}

#[test]
fn slice_takes_whole_rows() {
    let dataset = synthetic(&[30, 10], 4);
    let slice = dataset.slice(20, 3).unwrap();
    for (row, &label) in slice.labels.iter().enumerate() {
        let values = slice.modalities[0].row(row);
        assert_eq!(values[0].floor() as usize, label);
        assert!((0..dataset.len()).any(|other| dataset.modalities[0].row(other) == values));
    }
}

#[test]
fn slice_of_a_split_data_set_keeps_both_sides_of_every_class() {
    let mut dataset = synthetic(&[100, 20, 6], 3);
    dataset.split = Some(stratified_split(&dataset.labels, 0.3, 0).unwrap());
    for samples in [9, 12, 40] {
        let slice = dataset.slice(samples, 1).unwrap();
        let split = slice.split.as_ref().unwrap();
        assert_eq!((slice.len(), split.train.len() + split.test.len()), (samples, samples));
        for side in [&split.train, &split.test] {
            assert!(counts(&slice.labels, side, 3).iter().all(|&count| count >= 1), "{samples}: {split:?}");
        }
    }
}

#[test]
fn slice_too_small_for_every_class_is_refused() {
    let error = synthetic(&SIZES, 3).slice(14, 0).unwrap_err().to_string();
    assert_eq!(error, "`samples` is 14, but three of every class need 15: ask for at least 15");
}

// ---------------------------------------------------------------------- preparation

/// Reference: scipy 1.17.1, `f_oneway(*[X[y == c, j] for c in range(3)]).statistic`.
#[test]
fn anova_f_matches_scipy() {
    let labels = [0, 0, 0, 1, 1, 2, 2];
    let values = [
        [1.0, 10.0, 0.5],
        [2.0, 12.0, 0.25],
        [4.0, 9.0, 0.125],
        [3.0, 11.0, 0.75],
        [7.0, 10.0, 0.5],
        [8.0, 10.5, 0.25],
        [6.0, 13.0, 1.0],
    ];
    let f = anova_f(&table(3, values.concat()), &[0, 1, 2, 3, 4, 5, 6], &labels);
    for (found, expected) in f.iter().zip([3.688311688311688, 0.6360373295046664, 0.9884169884169888]) {
        assert!((found - expected).abs() < 1e-12 * expected, "{found} {expected}");
    }
}

#[test]
fn constant_columns_have_f_0_and_perfect_ones_an_infinite_f() {
    let values = [[0.1, 5.0], [0.1, 5.0], [0.1, 7.1], [0.1, 7.1]].concat();
    assert_eq!(anova_f(&table(2, values), &[0, 1, 2, 3], &[0, 0, 1, 1]), [0.0, f64::INFINITY]);
    let single = anova_f(&table(1, vec![1.0, 2.0]), &[0, 1], &[0, 0]);
    assert_eq!(single, [0.0]);
}

#[test]
fn best_columns_stay_in_their_order_and_ties_go_to_the_smaller() {
    // columns: noise, constant, perfect, constant, good
    let rows =
        [[1.0, 2.0, 0.0, 9.0, 1.0], [3.0, 2.0, 0.0, 9.0, 2.0], [1.0, 2.0, 1.0, 9.0, 5.0], [2.0, 2.0, 1.0, 9.0, 6.0]];
    let dataset = Dataset { modalities: vec![table(5, rows.concat())], ..synthetic(&[2, 2], 3) };
    let chosen = |count| {
        let preparation = Preparation { keep: Keep::Top(vec![count]), scale: true };
        Fitted::new(&dataset, &[0, 1, 2, 3], &preparation).unwrap().modalities.remove(0)
    };
    assert_eq!(chosen(1).chosen, [2]);
    assert_eq!(chosen(2).chosen, [2, 4]);
    assert_eq!(chosen(3).chosen, [0, 2, 4]);
    assert_eq!(chosen(4).chosen, [0, 1, 2, 4]);
    assert_eq!(chosen(99).chosen, [0, 1, 2, 3, 4]);
    assert_eq!(chosen(2).columns, ["c2", "c4"]);
}

#[test]
fn scaling_uses_training_rows_and_does_not_clip() {
    let values = vec![0.0, 7.0, 4.0, 7.0, 2.0, 8.0, 6.0, 7.0];
    let dataset = Dataset { modalities: vec![table(2, values)], ..synthetic(&[2, 2], 3) };
    let split = Split { train: vec![0, 1], test: vec![2, 3] };
    let all = Preparation { keep: Keep::All, scale: true };
    let prepared = Prepared::fit(&dataset, &split, &all).unwrap();
    assert_eq!(prepared.train.values[0], [0.0, 0.0, 1.0, 0.0]);
    assert_eq!(prepared.test.values[0], [0.5, 0.0, 1.5, 0.0]); // constant in training: 0 everywhere
    assert_eq!((prepared.test.labels, prepared.test.rows), (vec![1, 1], vec![2, 3]));
    let unscaled = Prepared::fit(&dataset, &split, &Preparation { scale: false, ..all }).unwrap();
    assert_eq!(unscaled.test.values[0], [2.0, 8.0, 6.0, 7.0]);
}

#[test]
fn test_rows_change_nothing_that_was_fitted() {
    let dataset = synthetic(&[40, 20, 10], 30);
    let split = stratified_split(&dataset.labels, 0.3, 2).unwrap();
    let preparation = Preparation { keep: Keep::Top(vec![10, 5]), scale: true };
    let before = Prepared::fit(&dataset, &split, &preparation).unwrap();

    let mut poisoned = dataset.clone();
    for table in &mut poisoned.modalities {
        let width = table.columns.len();
        for &row in &split.test {
            table.values[row * width..][..width].iter_mut().for_each(|value| *value = 1000.0 - 50.0 * *value);
        }
    }
    split.test.iter().for_each(|&row| poisoned.labels[row] = 0);
    let after = Prepared::fit(&poisoned, &split, &preparation).unwrap();
    assert_eq!(before.fitted, after.fitted);
    assert_eq!(before.train, after.train);
    assert_ne!(before.test, after.test);
}

#[test]
fn defaults_follow_the_layout() {
    assert_eq!(Preparation::of(Layout::Brca), Preparation { keep: Keep::Top(vec![1000, 1000, 503]), scale: true });
    assert_eq!(Preparation::of(Layout::Mogonet), Preparation { keep: Keep::All, scale: true });
}

#[test]
fn preparations_that_do_not_fit_are_refused() {
    let dataset = synthetic(&[4, 4], 3);
    let fit = |train: &[usize], test: &[usize], keep: Keep| {
        let split = Split { train: train.to_vec(), test: test.to_vec() };
        Prepared::fit(&dataset, &split, &Preparation { keep, scale: true }).unwrap_err().to_string()
    };
    let outside = "is row 8, but there are 8 rows from 0: use a split of this data set";
    assert_eq!(fit(&[0, 8], &[], Keep::All), format!("`split.train[1]` {outside}"));
    assert_eq!(fit(&[0], &[8], Keep::All), format!("`split.test[0]` {outside}"));
    assert_eq!(
        fit(&[0, 5], &[5], Keep::All),
        "row 5 is in `split.train` and in `split.test`: a test row that trains is leakage, remove it from one"
    );
    assert_eq!(
        fit(&[0, 1], &[5], Keep::Top(vec![1, 1])),
        "`train` has samples of 1 class, but at least 2 are needed: use a stratified split"
    );
    assert_eq!(
        fit(&[], &[5], Keep::All),
        "`train` has samples of 0 classes, but at least 1 is needed: use a stratified split"
    );
    assert_eq!(
        fit(&[0, 5], &[1], Keep::Top(vec![1])),
        "`keep` names 1 modalities, but the data set has 2: give one number for each"
    );
    assert_eq!(
        fit(&[0, 5], &[1], Keep::Top(vec![1, 0])),
        "`keep[1]` is 0, but a modality needs at least one column: or leave it out of the folder"
    );
}

#[test]
fn what_was_fitted_is_refused_by_other_tables() {
    let all = Preparation { keep: Keep::All, scale: true };
    let fitted = Fitted::new(&synthetic(&[4, 4], 3), &[0, 5], &all).unwrap();
    assert_eq!(
        fitted.apply(&synthetic(&[4, 4], 4), &[0]).unwrap_err().to_string(),
        "`dataset` has columns [4, 4], but this was fitted on columns [3, 3]: \
         apply it to the data set that it was fitted on"
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
