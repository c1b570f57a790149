//! What to use on the reader's own data: the same rows on a folder of theirs, split after split until the time is over.

mod choice;
mod page;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use climd_data::Dataset;
use climd_networks::config::Part;

use crate::experiment::{RowResult, Runner, TimeIsOver};
use crate::rate::Rate;
use crate::study::{Row, Study};
use crate::tables::Table;
pub use choice::{Choice, Compared, Found};

/// An arm that is compared: its id, and the code for it in Rust and in Python.
struct Arm {
    id: &'static str,
    rust: &'static str,
    python: &'static str,
}

macro_rules! arm {
    ($id:literal, $file:literal) => {
        Arm {
            id: $id,
            rust: include_str!(concat!("steps/", $file, ".rs")),
            python: include_str!(concat!("steps/", $file, ".py")),
        }
    };
}

/// Plain training, then the others; a simpler one stands before one that takes more.
const ARMS: [Arm; 6] = [
    arm!("plain", "plain"),
    arm!("prior", "prior"),
    arm!("trim-prior", "trim_prior"),
    arm!("hard-majority-prior", "hard_majority_prior"),
    arm!("climd", "climd"),
    arm!("climd-half-prior", "climd_prior"),
];

/// The rows that are compared.
#[must_use]
pub fn rows(epochs: usize) -> Vec<Row> {
    let all: Vec<Row> = Table::Advice.rows(epochs).into_iter().map(|row| row.row).collect();
    let mut rows: Vec<Row> =
        ARMS.iter().filter_map(|arm| all.iter().find(|row| row.id.arm == arm.id).cloned()).collect();
    if let Some(plain) = rows.first_mut() {
        plain.name = "plain training".to_owned(); // the readers do not know our baseline
    }
    rows
}

/// The results on the reader's data.
#[derive(Debug)]
pub struct Answer {
    /// Name of the data.
    pub data: String,
    /// Names of the classes, by label.
    pub classes: Vec<String>,
    /// Samples of each class.
    pub sizes: Vec<usize>,
    /// Whether rows of one patient stay together.
    pub grouped: bool,
    /// Where learning rates came from.
    pub rate: Rate,
    /// Epochs of plain training.
    pub epochs: usize,
    /// Splits that were wanted.
    pub wanted: u64,
    /// The rows, each with the same splits; none if the time was over before the first split.
    pub results: Vec<RowResult>,
}

/// Trains all rows on one split after the other, until all are done or the runner's time is over.
///
/// # Errors
/// Those of [`Runner::rows`], but for the end of the time.
pub fn answer(runner: &Runner<'_>, study: &Study<'_>) -> Result<Answer> {
    let rows = rows(study.epochs);
    let mut results: Vec<RowResult> = Vec::new();
    for seed in study.first_seed..study.first_seed + study.seeds {
        match runner.rows(&Study { first_seed: seed, seeds: 1, ..*study }, &rows, Part::Test, 0) {
            Ok(split) if results.is_empty() => results = split,
            Ok(split) => results.iter_mut().zip(split).for_each(|(all, one)| all.runs.extend(one.runs)),
            Err(error) if error.downcast_ref::<TimeIsOver>().is_some() => break,
            Err(error) => return Err(error),
        }
    }
    let &Study { dataset, rate, epochs, seeds: wanted, .. } = study;
    let Dataset { name, classes, groups, .. } = dataset;
    let (data, classes, grouped) = (name.clone(), classes.clone(), groups.is_some());
    Ok(Answer { data, classes, sizes: dataset.class_sizes(), grouped, rate, epochs, wanted, results })
}

impl Answer {
    /// Number of splits that are done.
    #[must_use]
    pub fn splits(&self) -> usize {
        self.results.first().map_or(0, |row| row.runs.len())
    }

    /// Writes `answer.md` into the folder. `command` is what made it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, folder: &Path, command: &str) -> Result<()> {
        let unwritten = || format!("--out: `{}` cannot be written", folder.display());
        fs::create_dir_all(folder).with_context(unwritten)?;
        fs::write(folder.join("answer.md"), self.page(command)).with_context(unwritten)
    }
}
