//! Errors of a patients' folder, a text model or a file of weights.
//!
//! Every error says where it is, what was found, and what to do. Rows count from 1, with the header, as in a
//! spreadsheet.

use std::path::PathBuf;

use crate::picture::Problem;

/// The result of every fallible function that reads what a user wrote.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of one row of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The row is longer or shorter than the header.
    #[error("found {found} cells, but the header has {expected}: complete the row, and quote a text that has commas")]
    Ragged {
        /// Cells found.
        found: usize,
        /// Cells of the header.
        expected: usize,
    },
    /// The bytes are not text, or not CSV.
    #[error("cannot be read ({reason}): save the file as CSV in UTF-8")]
    Csv {
        /// The error of the reader.
        reason: String,
    },
    /// The id is empty.
    #[error("`id` is empty: give every patient an id of their own")]
    NoId,
    /// The id comes twice.
    #[error("`id` is `{id}`, as in row {first}: keep one of the two rows")]
    DuplicateId {
        /// The id.
        id: String,
        /// The first row with this id.
        first: usize,
    },
    /// The label is no class.
    #[error("`label` is `{found}`, {}", unknown_label(found, known))]
    UnknownLabel {
        /// The label found.
        found: String,
        /// The classes.
        known: Vec<String>,
    },
    /// The history is empty, while other patients have one.
    #[error("`text` is empty: write the history, or leave the column out for all patients")]
    EmptyText,
    /// The group is empty or missing, while other rows have one.
    #[error("`group` is empty, or a text such as `NA`: write whose row it is, which is the id if nobody has two rows")]
    NoGroup,
    /// The image cannot be read.
    #[error("`image` is `{path}`, {problem}")]
    Image {
        /// The cell.
        path: String,
        /// The reason, and what to do.
        problem: Problem,
    },
    /// A laboratory value is not a number.
    #[error("`{column}` is `{found}`, but must be a finite number: leave the cell empty if it was not measured")]
    NotANumber {
        /// The column.
        column: String,
        /// Its text.
        found: String,
    },
    /// The row has no modality.
    #[error("has neither image, nor text, nor a laboratory value: fill in one of them, or remove the row")]
    NoModality,
}

/// A folder that cannot be used, or a model that cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // ------------------------------------------------------------------ the patients' folder
    /// A file does not exist or cannot be read.
    #[error("`{}` cannot be read ({source}): {advice}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
        /// What to do.
        advice: &'static str,
    },
    /// The file is no table of text.
    #[error(transparent)]
    File(#[from] climd_csv::Error),
    /// The header lacks a column.
    #[error(
        "`{}` has no column `{column}`; {found}: the header must have id and label; image, text, group and laboratory \
         columns follow",
        file.display()
    )]
    NoColumn {
        /// The manifest.
        file: PathBuf,
        /// The column.
        column: &'static str,
        /// The columns there are, in words.
        found: String,
    },
    /// Two columns have one name, or one has none.
    #[error(
        "`{}`, column {column}: its name is `{name}`, but a name must be there, and only once: rename the column",
        file.display()
    )]
    ColumnName {
        /// The manifest.
        file: PathBuf,
        /// The column, from 1.
        column: usize,
        /// Its name.
        name: String,
    },
    /// A row is wrong.
    #[error("`{}`, row {row}: {fault}; or leave such rows out with --skip-bad", file.display())]
    Row {
        /// The manifest.
        file: PathBuf,
        /// Its row.
        row: usize,
        /// What is wrong with it.
        fault: Fault,
    },
    /// No row is left.
    #[error(
        "`{}` has no patient that can be used, and {skipped} rows that cannot: write a row for each patient",
        file.display()
    )]
    NoPatients {
        /// The manifest.
        file: PathBuf,
        /// Bad rows.
        skipped: usize,
    },
    /// The list of classes is not valid.
    #[error("`{}`: {reason}: write at least two names, one in each line, each once", file.display())]
    Classes {
        /// The list.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A class is too small to be cross-validated.
    #[error(
        "class `{class}` has {found} patients, but {folds} folds need at least {least}: use fewer --folds, or leave \
         the class out of classes.txt and manifest"
    )]
    ClassTooSmall {
        /// The class.
        class: String,
        /// Its patients.
        found: usize,
        /// Folds asked for.
        folds: usize,
        /// Patients needed.
        least: usize,
    },
    /// Groups with several classes leave too few samples of a class to train on in a fold.
    #[error(
        "class `{class}`: a fold would be trained on fewer than two of its groups, as they share rows of other \
         classes: use other --folds, or split groups that are of several patients"
    )]
    ClassInOneFold {
        /// The class.
        class: String,
    },

    // ------------------------------------------------------------------ models
    /// The text model is missing.
    #[error("`{}` has no text model: run `make text-model`, or give a folder with --bert DIR", folder.display())]
    NoTextModel {
        /// The folder that was searched.
        folder: PathBuf,
    },
    /// A file of the text model cannot be used.
    #[error(
        "--bert: `{}` cannot be used ({reason}): the folder must have config.json, tokenizer.json and \
         model.safetensors of one BERT",
        file.display()
    )]
    TextModel {
        /// The file or folder.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Weights do not fit the image encoder.
    #[error(
        "--resnet: `{}` cannot be used ({reason}): give the weights of a ResNet18, as tch or torchvision names them",
        file.display()
    )]
    Resnet {
        /// The file.
        file: PathBuf,
        /// What libtorch says.
        reason: String,
    },

    // ------------------------------------------------------------------ the look-alike
    /// A folder with other data would be overwritten.
    #[error(
        "--synthetic: `{}` is there and was not made by this program: name a folder that is not there yet",
        folder.display()
    )]
    NotSynthetic {
        /// The folder.
        folder: PathBuf,
    },
    /// Too few patients for three classes.
    #[error("--patients is {found}, but a look-alike needs at least {least}")]
    TooFewPatients {
        /// Patients asked for.
        found: usize,
        /// The smallest number.
        least: usize,
    },
    /// A file cannot be written.
    #[error("`{}` cannot be written ({reason}): make room, or choose another folder", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
}

fn unknown_label(found: &str, known: &[String]) -> String {
    if climd_csv::is_missing_label(found) {
        return "which looks like a missing label: fill it in, or remove the row".into();
    }
    let like = known.iter().find(|name| !climd_csv::alike(&[name.as_str(), found]).is_empty());
    match like {
        Some(name) => {
            format!("which differs from class `{name}` in case, spaces or number format alone: write it alike")
        }
        None => {
            format!("but must be one of {}: correct it, or list your classes in classes.txt", known.join(", "))
        }
    }
}
