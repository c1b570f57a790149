//! Errors of a data folder, and of requests that the data cannot meet.
//!
//! Every error says where it is, what was found, and what to do. Rows and columns count from 1, as in an editor.

use std::path::PathBuf;

use climd_csv::{Difference, Place, is_missing_label, listed};

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A bad file, or a request that the data cannot meet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // ------------------------------------------------------------------ folders and files
    /// The folder does not exist.
    #[error("`{}` is not a folder: `make brca` fetches the public data into `data/brca`", folder.display())]
    NoFolder {
        /// The folder asked for.
        folder: PathBuf,
    },
    /// The folder has none of the three layouts.
    #[error("`{}` holds no data set: {}", folder.display(), no_layout(brca, mogonet, tables))]
    Layout {
        /// The folder asked for.
        folder: PathBuf,
        /// The BRCA layout's missing files.
        brca: Vec<String>,
        /// MOGONET's missing files.
        mogonet: Vec<String>,
        /// The tables beside `target.csv`, which may be modalities. None if there is no `target.csv`.
        tables: Option<Vec<String>>,
    },
    /// The folder cannot be read.
    #[error("`{}` cannot be read: {source}", folder.display())]
    Read {
        /// The folder.
        folder: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A file cannot be read as a table, or a cell is not a number.
    #[error(transparent)]
    File(#[from] climd_csv::Error),
    /// The file lacks something that is needed.
    #[error("`{}` has no {lacks}: fetch or export it again", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
        /// What is missing: a header, a data row or a feature column.
        lacks: &'static str,
    },
    /// The header does not begin with the name that the layout needs.
    #[error("{place}: found `{found}`, but the header must begin with `{expected}`; {columns}: rename the column")]
    Header {
        /// The header cell.
        place: Box<Place>,
        /// The name found there.
        found: String,
        /// The beginning that is needed.
        expected: &'static str,
        /// The columns there are, in words.
        columns: String,
    },
    /// There is no column of labels, or several could be it.
    #[error(
        "`{}` must have one column beside the id, named `target`{}; {columns}: rename or remove columns",
        file.display(), could_be(found)
    )]
    TargetColumn {
        /// The file.
        file: PathBuf,
        /// The columns that could be it, with their numbers.
        found: Vec<String>,
        /// The columns there are, in words.
        columns: String,
    },
    /// Several columns could say which rows stay together, and none of them is named `group`, or more than one.
    #[error(
        "`{}`: columns {} could each say which rows stay together: name the one that is meant `group`, and no other",
        file.display(), found.join(", ")
    )]
    GroupColumn {
        /// The file.
        file: PathBuf,
        /// These columns, with their numbers.
        found: Vec<String>,
    },
    /// The list of modalities has the file of the labels, which must not be features.
    #[error("`{}`, row {row}: `{name}` is the file of the labels, not of a modality: remove the row", list.display())]
    LabelsListed {
        /// The list.
        list: PathBuf,
        /// The row, from 1.
        row: usize,
        /// The name there.
        name: String,
    },
    /// The list of modalities has one file twice.
    #[error("`{}`, row {row}: `{name}` is the file of row {first}: remove one of the two rows", list.display())]
    ListedTwice {
        /// The list.
        list: PathBuf,
        /// The second row, from 1.
        row: usize,
        /// The name there.
        name: String,
        /// The first row, from 1.
        first: usize,
    },
    /// A file of MOGONET's layout names its columns.
    #[error(
        "`{}`: {why}, but files of MOGONET's layout are bare numbers: remove row {row}, or write the file with \
         `header=False, index=False`",
        file.display()
    )]
    HeaderInBareFile {
        /// The file.
        file: PathBuf,
        /// The row.
        row: usize,
        /// Why it looks like a header.
        why: String,
    },

    // ------------------------------------------------------------------ rows and cells
    /// A cell is not a label.
    #[error("{place}: found `{found}`, {}", not_a_label(found))]
    NotALabel {
        /// The cell.
        place: Place,
        /// Its text.
        found: String,
    },
    /// A column has no number in any row.
    #[error("`{}`: column `{column}` has no number in any row: leave it out", file.display())]
    NoValue {
        /// The file.
        file: PathBuf,
        /// The column's name.
        column: String,
    },
    /// A row has no group, but the table has a column for it.
    #[error(
        "{place}: no group (an empty cell, or a text such as `NA`), but rows of one group stay together: give a row on \
         its own its own group"
    )]
    NoGroup {
        /// The cell.
        place: Place,
    },
    /// A label file of MOGONET's layout has more than one column.
    #[error("`{}` has {found} columns, but must hold one label a row: is it a file of features?", file.display())]
    NotLabels {
        /// The file.
        file: PathBuf,
        /// Columns found.
        found: usize,
    },

    // ------------------------------------------------------------------ files that must agree
    /// A patient has two rows in one file.
    #[error(
        "`{}`, row {row}: patient `{patient}` is already in row {first}: keep one of the two rows", file.display()
    )]
    PatientRepeated {
        /// The file.
        file: PathBuf,
        /// The second row, from 1.
        row: usize,
        /// The patient.
        patient: String,
        /// The first row, from 1.
        first: usize,
    },
    /// A patient has features, but no label.
    #[error(
        "`{}`, row {row}: patient `{patient}` is not in `{}`: add the label or remove the row",
        file.display(), labels.display()
    )]
    PatientExtra {
        /// The file with the features.
        file: PathBuf,
        /// The patient's row there, from 1.
        row: usize,
        /// The patient.
        patient: String,
        /// The file with the labels.
        labels: PathBuf,
    },
    /// A file has a column for each patient, where it should have a row.
    #[error(
        "`{}` has patients as columns, such as `{patient}` in column {column}, and must have them as rows: turn it \
         with `pandas.read_csv(FILE, index_col=0).T.to_csv(FILE, index_label=\"id\")`, and leave out rows that are no \
         features",
        file.display()
    )]
    Transposed {
        /// The file with the features.
        file: PathBuf,
        /// The first patient that is a column.
        patient: String,
        /// Its column, from 1.
        column: usize,
    },
    /// Two files have the same patients, but write their ids differently.
    #[error(
        "`{}`, row {row}: patient `{patient}` is not in `{}`; {difference}",
        file.display(), labels.display()
    )]
    IdsDiffer {
        /// The file with the features.
        file: PathBuf,
        /// The first such patient's row there, from 1.
        row: usize,
        /// The patient.
        patient: String,
        /// The file with the labels.
        labels: PathBuf,
        /// How the ids differ, and what to do.
        difference: Box<Difference>,
    },
    /// A patient has a label, but no features in one of the files.
    #[error(
        "`{}` has no row for patient `{patient}` of `{}`, row {row}: add the features, empty cells \
         if none was measured, or remove the label",
        file.display(), labels.display()
    )]
    PatientMissing {
        /// The file that lacks the patient.
        file: PathBuf,
        /// The patient.
        patient: String,
        /// The file with the labels.
        labels: PathBuf,
        /// The patient's row there, from 1.
        row: usize,
    },
    /// Two files that must have the same length do not.
    #[error(
        "`{}` has {found} {what}, but `{}` has {expected}: both must come from the same export",
        file.display(), other.display()
    )]
    Disagree {
        /// The file.
        file: PathBuf,
        /// What was counted: rows, columns or names.
        what: &'static str,
        /// How many it has.
        found: usize,
        /// The file that it must agree with.
        other: PathBuf,
        /// How many that one has.
        expected: usize,
    },
    /// There is one label more than rows of features: perhaps only the labels have a header.
    #[error(
        "`{}` has {found} rows, but `{}` has {}: is row 1 of the latter, a 0, the name that pandas gives a column? \
         remove it; else both must come from the same export",
        file.display(), labels.display(), found + 1
    )]
    HeaderOfLabels {
        /// The file with the features.
        file: PathBuf,
        /// Its rows.
        found: usize,
        /// The file with the labels.
        labels: PathBuf,
    },
    /// A class number is skipped.
    #[error(
        "`{}` has a label {largest}, but no label {missing}: number the classes 0, 1, 2, ... without a gap",
        file.display()
    )]
    LabelGap {
        /// The file with the labels.
        file: PathBuf,
        /// The smallest class without a sample.
        missing: usize,
        /// The largest label.
        largest: usize,
    },
    /// The list of classes has no such class.
    #[error(
        "{place}: found `{found}`, but `{}` has {}: add the class there, or correct the label",
        list.display(), listed(classes)
    )]
    NotAClass {
        /// The first cell with it.
        place: Box<Place>,
        /// Its text.
        found: String,
        /// The list of classes.
        list: PathBuf,
        /// The classes there.
        classes: Vec<String>,
    },
    /// All samples are of one class.
    #[error(
        "`{}`: all {rows} rows have label {label}, but at least two classes are needed: add rows of another class",
        file.display()
    )]
    OneClass {
        /// The file with the labels.
        file: PathBuf,
        /// Its rows.
        rows: usize,
        /// The label of all rows.
        label: String,
    },
    /// A class has test samples, but no training samples.
    #[error(
        "{place}: label {label} is not in `{}`, so no model can learn it: remove the row or move a sample of the class",
        training.display()
    )]
    LabelOnlyInTest {
        /// The first test sample of the class.
        place: Place,
        /// The class.
        label: usize,
        /// The training part's labels.
        training: PathBuf,
    },

    // ------------------------------------------------------------------ arguments
    /// The test share is not between 0 and 1.
    #[error("`test_share` is {found}, but must be above 0 and below 1: 0.3 is usual")]
    TestShare {
        /// The share asked for.
        found: f64,
    },
    /// The number of folds is too small or too large.
    #[error("`folds` is {found}, but must be at least 2 and at most {samples}, the number of samples: 5 is usual")]
    Folds {
        /// Folds asked for.
        found: usize,
        /// Samples.
        samples: usize,
    },
    /// The ratio of a long tail is below 1 or not finite.
    #[error("`ratio` is {found}, but must be at least 1 and finite: 50 is a long tail")]
    Ratio {
        /// The ratio asked for.
        found: f64,
    },
    /// The share of noisy labels is below 0, or not below 1.
    #[error("the share of noisy labels is {found}, but must be at least 0 and below 1: 0.2 is a lot")]
    NoiseShare {
        /// The share asked for.
        found: f64,
    },
    /// The classes are too small for an exact long tail.
    #[error(
        "`ratio` is {ratio}, but with three rows of the smallest class at least (the data have {smallest}) no more \
         than {most} to 1 is possible: ask for that or less, or for a tail that is not exact"
    )]
    LongTail {
        /// The ratio asked for.
        ratio: f64,
        /// Training rows of the smallest class.
        smallest: usize,
        /// The largest whole ratio that is possible; one below 1 for none.
        most: f64,
    },
    /// The list of neighbouring classes does not fit the labels.
    #[error("`neighbours` is {found:?}, but must name one of the {classes} classes for each of them")]
    Neighbours {
        /// Number of classes.
        classes: usize,
        /// The list given.
        found: Vec<usize>,
    },
    /// Rows cannot be split by groups.
    #[error(transparent)]
    Split(#[from] climd::Error),
    /// A part of a split has no rows.
    #[error(
        "the {part} part of a split would be empty, as {} to test, and three to choose a learning rate or a \
         length, too",
        match groups {
            Some(_) => format!("the {rows} rows are of {}: at least one class needs two groups", together(*groups)),
            None => format!("each class has one of the {rows} rows: at least one class needs two"),
        }
    )]
    EmptyPart {
        /// The part: training, validation or test.
        part: &'static str,
        /// Rows that are split.
        rows: usize,
        /// Their groups, if rows of a group stay together.
        groups: Option<usize>,
    },
    /// A class is in the test part, but no row of it is in the training part.
    #[error(
        "class `{class}` would be in the test part of a split and not in its training part, so no model can learn \
         it: its {rows} rows are of {}; add rows of other groups, three in all or more, or leave the class out",
        together(*groups)
    )]
    ClassNotTrained {
        /// The class.
        class: String,
        /// Its rows.
        rows: usize,
        /// Their groups, if rows of a group stay together.
        groups: Option<usize>,
    },
    /// The slice is too small to hold every class.
    #[error("`samples` is {found}, but three of every class need {least}: ask for at least {least}")]
    SliceTooSmall {
        /// Samples asked for.
        found: usize,
        /// The smallest possible slice.
        least: usize,
    },
    /// A row number is beyond the data set.
    #[error("`{argument}[{position}]` is row {row}, but there are {rows} rows from 0: use a split of this data set")]
    RowOutside {
        /// The argument that holds row numbers.
        argument: &'static str,
        /// Position in it.
        position: usize,
        /// The row number found there.
        row: usize,
        /// Rows of the data set.
        rows: usize,
    },
    /// A row is on both sides of a split.
    #[error("row {row} is in `split.train` and in `split.test`: a test row that trains is leakage, remove it from one")]
    RowInBothParts {
        /// The row, from 0.
        row: usize,
    },
    /// There are no training samples, or too few classes to choose columns by.
    #[error(
        "`train` has samples of {}, but at least {} needed: use a stratified split",
        if *found == 1 { "1 class".into() } else { format!("{found} classes") },
        if *needed == 1 { "1 is" } else { "2 are" }
    )]
    TooFewClasses {
        /// Classes with a training sample.
        found: usize,
        /// Classes needed: 1, or 2 where columns are chosen.
        needed: usize,
    },
    /// A `keep` list has another length than the data set has modalities.
    #[error("`keep` names {found} modalities, but the data set has {expected}: give one number for each")]
    KeepLength {
        /// Numbers given.
        found: usize,
        /// Modalities of the data set.
        expected: usize,
    },
    /// A modality would lose all its columns.
    #[error("`keep[{modality}]` is 0, but a modality needs at least one column: or leave it out of the folder")]
    KeepNothing {
        /// The modality, from 0.
        modality: usize,
    },
    /// The fitted values belong to other tables.
    #[error("`dataset` has {found}, but this was fitted on {expected}: apply it to the data set that it was fitted on")]
    OtherDataset {
        /// Modalities or columns of the data set.
        found: String,
        /// Modalities or columns of the one fitted on.
        expected: String,
    },
}

fn together(groups: Option<usize>) -> String {
    match groups {
        Some(1) => "1 group, which stays together".into(),
        Some(groups) => format!("{groups} groups, each of which stays together"),
        None => "no group".into(), // a fixed split that is not one of a folder
    }
}

fn could_be(found: &[String]) -> String {
    if found.is_empty() { String::new() } else { format!(", but {} could each be it", found.join(", ")) }
}

fn not_a_label(found: &str) -> &'static str {
    match is_missing_label(found) {
        true => "which looks like a missing label: fill it in, or remove the row from every file",
        false => "but a label is a whole number from 0 on: number the classes 0, 1, 2, ...",
    }
}

fn no_layout(brca: &[String], mogonet: &[String], tables: &Option<Vec<String>>) -> String {
    let own = "the names of your tables in modalities.txt, one in each line";
    match tables.as_deref() {
        Some([]) => format!("target.csv is there, but no table of features: add some, and {own}"),
        Some(tables) => format!("target.csv is there, but not {own}: which of {}?", listed(tables)),
        None => format!(
            "the BRCA layout lacks {}; MOGONET's layout lacks {}: add the files of one of them, or target.csv, tables \
             of features, and {own}",
            brca.join(", "),
            mogonet.join(", ")
        ),
    }
}
