//! Splits that keep the rows of a group together, by `climd::split`.

use climd::{Targets, split};

use super::{Result, Split};

/// Splits rows by groups. `weights` are those of the training part and the test part: `[7, 3]` tests 30 %.
///
/// # Shapes
/// `labels`, `groups`: `[samples]`.
///
/// # Errors
/// [`Error::Split`](super::Error::Split).
pub fn group_split(labels: &[usize], groups: &[usize], weights: [u32; 2], seed: u64) -> Result<Split> {
    let parts = split(&Targets::single(labels)?, groups, &weights, seed)?;
    Ok(side(&parts, 1))
}

/// Deals groups to `folds` folds. Each fold is the test part of one split, so each sample is tested once.
///
/// # Errors
/// As [`group_split`].
pub fn group_folds(labels: &[usize], groups: &[usize], folds: usize, seed: u64) -> Result<Vec<Split>> {
    let parts = split(&Targets::single(labels)?, groups, &vec![1; folds], seed)?;
    Ok((0..folds).map(|fold| side(&parts, fold)).collect())
}

impl Split {
    /// As [`validation`](Self::validation), by groups. `weights` are those of the rest and the validation part.
    ///
    /// # Shapes
    /// `labels`, `groups`: those of the whole data set.
    ///
    /// # Errors
    /// As [`group_split`]; [`Error::RowOutside`](super::Error::RowOutside) if a training row has no label or group.
    pub fn group_validation(&self, labels: &[usize], groups: &[usize], weights: [u32; 2], seed: u64) -> Result<Split> {
        super::split::check_rows("split.train", &self.train, labels.len().min(groups.len()))?;
        let pick = |values: &[usize]| -> Vec<usize> { self.train.iter().map(|&row| values[row]).collect() };
        let inner = group_split(&pick(labels), &pick(groups), weights, seed)?;
        let rows = |positions: Vec<usize>| positions.into_iter().map(|position| self.train[position]).collect();
        Ok(Split { train: rows(inner.train), test: rows(inner.test) })
    }
}

/// The split whose test part is one of the parts.
fn side(parts: &[u8], test: usize) -> Split {
    let (test, train) = (0..parts.len()).partition(|&row| usize::from(parts[row]) == test);
    Split { train, test }
}
