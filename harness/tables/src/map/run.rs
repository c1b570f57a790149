//! Trains the cells, as far as the time allows.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::Result;
use climd_data::Error;
use climd_networks::config::Part;

use super::grid::Cell;
use super::line::Line;
use crate::answer::rows;
use crate::experiment::{RowResult, Runner, TimeIsOver};
use crate::study::Study;

/// The wanted cells in the order in which they are trained, those of one budget together; all if none is named.
#[must_use]
pub fn cells(wanted: &[Cell]) -> Vec<Vec<Cell>> {
    let named: BTreeSet<Cell> = wanted.iter().copied().collect();
    let all: Vec<Cell> = Cell::all().into_iter().filter(|cell| named.is_empty() || named.contains(cell)).collect();
    all.chunk_by(|a, b| a.budget == b.budget).map(<[Cell]>::to_vec).collect()
}

/// Trains all rows in these cells, one cell after the other. `whole` has the data, the splits, and all epochs.
///
/// When the runner's time is over, only cells are in the result whose runs were all done. A cell that has too few
/// patients for its imbalance gets lines without splits.
///
/// # Errors
/// Those of [`Runner::rows`], but for the end of the time.
pub fn train(runner: &Runner<'_>, whole: &Study<'_>, cells: &[Cell]) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for &cell in cells {
        let (study, data) = (cell.study(whole), &whole.dataset.name);
        let rows = rows(study.epochs);
        let Some(patients) = patients(&study)? else {
            lines.extend(rows.iter().map(|row| Line::empty(data, cell, row.id.arm, &row.name)));
            continue;
        };
        let is_over = || runner.until.is_some_and(|until| Instant::now() >= until);
        let results: Option<Vec<RowResult>> = match runner.cached(&study, &rows, Part::Test, 0)? {
            None if is_over() => None,
            None => match runner.rows(&study, &rows, Part::Test, 0) {
                Err(error) if error.downcast_ref::<TimeIsOver>().is_some() => None,
                trained => Some(trained?),
            },
            cached => cached,
        };
        lines.extend(results.into_iter().flat_map(|results| Line::of_cell(data, cell, patients, &results)));
    }
    Ok(lines)
}

/// Mean number of samples in the training part; none if a split has too few for the cell's imbalance.
fn patients(study: &Study<'_>) -> Result<Option<f64>> {
    let (mut sum, splits) = (0, study.splits()?);
    for &seed in &splits {
        match study.split(seed, Part::Test) {
            Ok(seen) => sum += seen.split.train.len(),
            Err(error) if is_too_few(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(sum as f64 / splits.len() as f64))
}

fn is_too_few(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::LongTail { .. }))
}
