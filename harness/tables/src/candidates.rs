//! Lengths of training, and which of them inner splits choose for a row.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use climd_networks::config::Part;

use crate::experiment::{RowResult, Runner};
use crate::least::{least, loss};
use crate::study::{Row, Study};

/// Lengths that are tried, percent of the usual one.
pub const SHARES: [u64; 4] = [10, 25, 50, 100];
/// The usual length, percent.
const USUAL: u64 = 100;

/// A length in words.
pub(crate) fn words(epochs: usize) -> String {
    if epochs == 1 { "1 epoch".to_owned() } else { format!("{epochs} epochs") }
}

/// Lengths of training that a row may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates {
    /// In epochs of plain training, ascending, each once.
    pub epochs: Vec<usize>,
    /// Where the usual one stands among them.
    pub usual: usize,
}

/// The rows of a table whose plain training has so many epochs.
pub(crate) type Rows = fn(epochs: usize) -> Vec<Row>;

impl Candidates {
    /// These shares of `usual` epochs in percent, rounded up, and `usual` itself.
    #[must_use]
    pub fn of(shares: &[u64], usual: usize) -> Candidates {
        let length = |share: &u64| usual.saturating_mul(*share as usize).div_ceil(100);
        let epochs: BTreeSet<usize> = shares.iter().chain([&USUAL]).map(length).collect();
        let usual = epochs.range(..usual).count();
        Candidates { epochs: epochs.into_iter().collect(), usual }
    }

    /// The rows on a part of a study's splits, by length.
    ///
    /// # Errors
    /// Those of [`Runner::rows`].
    pub(crate) fn run(
        &self,
        runner: &Runner<'_>,
        study: &Study<'_>,
        rows: Rows,
        part: Part,
    ) -> Result<Vec<Vec<RowResult>>> {
        let of_length = |&epochs: &usize| runner.rows(&Study { epochs, ..*study }, &rows(epochs), part, 0);
        self.epochs.iter().map(of_length).collect()
    }

    /// For every row, the number of the length that so many inner splits choose on each split.
    ///
    /// # Errors
    /// Those of [`Runner::rows`], and if a run that is in the cache is too old to have a loss.
    pub(crate) fn chosen(
        &self,
        runner: &Runner<'_>,
        study: &Study<'_>,
        rows: Rows,
        inner: u32,
    ) -> Result<Vec<Vec<usize>>> {
        let of_repeat = |repeat| self.run(runner, study, rows, Part::Inner(repeat));
        let repeats = (0..inner).map(of_repeat).collect::<Result<Vec<_>>>()?;
        let known = |of: &RowResult| of.runs.iter().all(|(_, run)| run.quality.is_some());
        ensure!(
            repeats.iter().flatten().flatten().all(known),
            "`inner` and `shares`: runs of the {} learning rate that are in the cache are too old to choose a length \
             from: take another rate, or one length alone",
            study.rate.name()
        );
        let of_split = |row: usize, split: usize| {
            let sum = |length: usize| repeats.iter().map(|of| loss(&of[length][row].runs[split].1)).sum();
            least(&(0..self.epochs.len()).map(sum).collect::<Vec<f64>>(), self.usual)
        };
        let of_row = |row: usize| (0..study.seeds as usize).map(|split| of_split(row, split)).collect();
        Ok((0..rows(study.epochs).len()).map(of_row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lengths_count_once_and_the_usual_one_is_among_them() {
        let of = |shares: &[u64], epochs| Candidates::of(shares, epochs);
        assert_eq!(of(&[50, 10, 200], 100), Candidates { epochs: vec![10, 50, 100, 200], usual: 2 });
        assert_eq!(of(&[10, 25, 50], 4), Candidates { epochs: vec![1, 2, 4], usual: 2 });
        assert_eq!(of(&[100], 7), Candidates { epochs: vec![7], usual: 0 });
    }
}
