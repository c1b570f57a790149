//! What to use on the reader's own data: the same rows on a folder of theirs, split after split until the time is over.

mod choice;
mod page;

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use climd_data::Dataset;
use climd_networks::config::Part;

use crate::candidates::Candidates;
use crate::experiment::{RowResult, Runner, TimeIsOver};
use crate::rate::Rate;
use crate::study::{Row, Study};
use crate::tables::Table;
pub use choice::{Choice, Compared, Found, Told};

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
    /// Groups with a sample of each class, if rows of one group stay together.
    pub groups: Option<Vec<usize>>,
    /// Where learning rates came from.
    pub rate: Rate,
    /// Epochs of plain training, unless a shorter or longer one is chosen.
    pub epochs: usize,
    /// Splits that were wanted.
    pub wanted: u64,
    /// Splits that there are: those that can be used and whose test parts differ.
    pub splits: usize,
    /// The rows with their own lengths, each with the same splits; none if the time was over before the first split.
    pub results: Vec<RowResult>,
    /// Where their lengths came from; none if all have `epochs`.
    pub lengths: Option<Lengths>,
    /// What was noted about the files.
    pub notes: Vec<String>,
}

/// The lengths that were chosen.
#[derive(Debug)]
pub struct Lengths {
    /// In epochs of plain training, by row and split.
    pub chosen: Vec<Vec<usize>>,
    /// The rows after as many epochs as usual.
    pub usual: Vec<RowResult>,
}

/// Trains all rows on one split after the other, until all are done or the runner's time is over. Each row takes as
/// many epochs as inner splits say, of these shares of the study's in percent.
///
/// # Errors
/// Those of [`Runner::rows`], but for the end of the time.
pub fn answer(runner: &Runner<'_>, study: &Study<'_>, shares: &[u64]) -> Result<Answer> {
    let candidates = Candidates::of(shares, study.epochs);
    let seeds = study.splits()?;
    let (mut results, mut usual): (Vec<RowResult>, Vec<RowResult>) = Default::default();
    let mut chosen: Vec<Vec<usize>> = vec![Vec::new(); ARMS.len()];
    for &first_seed in &seeds {
        match split(runner, &Study { first_seed, seeds: 1, ..*study }, &candidates) {
            Ok(split) => {
                extend(&mut usual, split.usual);
                extend(&mut results, split.own);
                chosen.iter_mut().zip(split.epochs).for_each(|(all, one)| all.push(one));
            }
            Err(error) if error.downcast_ref::<TimeIsOver>().is_some() => break,
            Err(error) => return Err(error),
        }
    }
    // each split has come with its own
    let done = &seeds[..results.first().map_or(0, |row: &RowResult| row.runs.len())];
    if !done.is_empty() {
        let overlap = study.overlap(done)?;
        usual.iter_mut().chain(&mut results).for_each(|row| row.overlap = overlap);
    }
    let &Study { dataset, rate, epochs, seeds: wanted, .. } = study;
    Ok(Answer {
        data: dataset.name.clone(),
        classes: dataset.classes.clone(),
        sizes: dataset.class_sizes(),
        groups: groups(dataset),
        rate,
        epochs,
        wanted,
        splits: seeds.len(),
        results,
        lengths: (candidates.epochs.len() > 1).then_some(Lengths { chosen, usual }),
        notes: dataset.notes.clone(),
    })
}

/// Groups with a sample of each class.
fn groups(dataset: &Dataset) -> Option<Vec<usize>> {
    let pairs: HashSet<(usize, usize)> =
        dataset.groups.as_ref()?.iter().zip(&dataset.labels).map(|(&group, &label)| (group, label)).collect();
    let mut groups = vec![0; dataset.classes.len()];
    pairs.into_iter().for_each(|(_, label)| groups[label] += 1);
    Some(groups)
}

/// The rows on one split.
struct Split {
    usual: Vec<RowResult>,
    /// At their own lengths.
    own: Vec<RowResult>,
    /// These, by row.
    epochs: Vec<usize>,
}

fn split(runner: &Runner<'_>, study: &Study<'_>, candidates: &Candidates) -> Result<Split> {
    let Candidates { epochs: lengths, usual } = candidates;
    let chosen: Vec<usize> = match lengths.len() {
        1 => vec![*usual; ARMS.len()],
        _ => candidates.chosen(runner, study, rows, study.rate.inner())?.concat(),
    };
    let all = runner.rows(study, &rows(study.epochs), Part::Test, 0)?;
    let mut own = all.clone();
    for (length, &epochs) in lengths.iter().enumerate().filter(|(length, _)| length != usual) {
        let at: Vec<usize> = (0..chosen.len()).filter(|&row| chosen[row] == length).collect();
        if !at.is_empty() {
            let of_length = rows(epochs);
            let wanted: Vec<Row> = at.iter().map(|&row| of_length[row].clone()).collect();
            let results = runner.rows(&Study { epochs, ..*study }, &wanted, Part::Test, 0)?;
            at.into_iter().zip(results).for_each(|(row, result)| own[row] = result);
        }
    }
    Ok(Split { usual: all, own, epochs: chosen.iter().map(|&length| lengths[length]).collect() })
}

fn extend(all: &mut Vec<RowResult>, split: Vec<RowResult>) {
    if all.is_empty() {
        *all = split;
    } else {
        all.iter_mut().zip(split).for_each(|(all, one)| all.runs.extend(one.runs));
    }
}

impl Lengths {
    /// The median length of a row, of two the longer, and the shortest and the longest one.
    #[must_use]
    pub fn of_row(&self, row: usize) -> Option<[usize; 3]> {
        let mut sorted = self.chosen.get(row)?.clone();
        sorted.sort_unstable();
        Some([*sorted.get(sorted.len() / 2)?, *sorted.first()?, *sorted.last()?])
    }
}

impl Answer {
    /// Number of splits that are done.
    #[must_use]
    pub fn done(&self) -> usize {
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
