//! Stratified splits: every class keeps its share in both parts, and a seed gives one split for ever.

use super::draw::{Purpose, shuffle};
use super::{Error, Result};

/// Two disjoint sets of rows of a data set, each ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to be judged on.
    pub test: Vec<usize>,
}

impl Split {
    /// Takes a validation part out of the training part: `train` is what remains, `test` is the validation part.
    ///
    /// Both hold rows of the data set; the test part of `self` is in neither. `labels` are the whole data set's.
    ///
    /// # Errors
    /// [`Error::TestShare`]; [`Error::RowOutside`] if a training row has no label.
    pub fn validation(&self, labels: &[usize], share: f64, seed: u64) -> Result<Split> {
        check_rows("split.train", &self.train, labels.len())?;
        let inner: Vec<usize> = self.train.iter().map(|&row| labels[row]).collect();
        let positions = part(&inner, share, seed, Purpose::Validation)?;
        let rows = |positions: Vec<usize>| positions.into_iter().map(|position| self.train[position]).collect();
        Ok(Split { train: rows(positions.train), test: rows(positions.test) })
    }
}

/// Parts the samples class by class: `round(test_share * n)` of a class of `n` samples go to the test part.
///
/// A class of two or more samples keeps at least one on each side; a single sample is for training. Pinned by a test:
/// a seed gives the same split on every platform.
///
/// # Errors
/// [`Error::TestShare`] unless `test_share` is above 0 and below 1.
pub fn stratified_split(labels: &[usize], test_share: f64, seed: u64) -> Result<Split> {
    part(labels, test_share, seed, Purpose::Split)
}

fn part(labels: &[usize], test_share: f64, seed: u64, purpose: Purpose) -> Result<Split> {
    if !(test_share > 0.0 && test_share < 1.0) {
        return Err(Error::TestShare { found: test_share });
    }
    let mut split = Split::default();
    for (class, mut members) in members(labels).into_iter().enumerate() {
        let n = members.len();
        let wanted = (test_share * n as f64).round() as usize;
        let tested = if n < 2 { 0 } else { wanted.clamp(1, n - 1) };
        shuffle(&mut members, seed, purpose, class);
        split.test.extend(&members[..tested]);
        split.train.extend(&members[tested..]);
    }
    split.train.sort_unstable();
    split.test.sort_unstable();
    Ok(split)
}

/// The rows of each class, ascending.
pub(super) fn members(labels: &[usize]) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); labels.iter().max().map_or(0, |&largest| largest + 1)];
    for (row, &label) in labels.iter().enumerate() {
        members[label].push(row);
    }
    members
}

/// Refuses a row number that is not below `rows`.
pub(super) fn check_rows(argument: &'static str, list: &[usize], rows: usize) -> Result<()> {
    match list.iter().position(|&row| row >= rows) {
        Some(position) => Err(Error::RowOutside { argument, position, row: list[position], rows }),
        None => Ok(()),
    }
}
