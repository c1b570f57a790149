//! Splits that keep the rows of a group together, by `climd::split`.

use std::collections::{BTreeMap, HashMap};

use climd::{Targets, split};

use super::split::check_rows;
use super::{Result, Split};

/// Deals groups to `folds` folds. Each fold is the test part of one split, so each sample is tested once.
///
/// # Shapes
/// `labels`, `groups`: `[samples]`.
///
/// # Errors
/// [`Error::Split`](super::Error::Split).
pub fn group_folds(labels: &[usize], groups: &[usize], folds: usize, seed: u64) -> Result<Vec<Split>> {
    let parts = split(&Targets::single(labels)?, groups, &vec![1; folds], seed)?;
    Ok((0..folds).map(|fold| side(&parts, fold)).collect())
}

/// Splits groups at random. `weights` are those of the training part and the test part: `[7, 3]` tests 30 % of the
/// groups of each label, where a group has the label that is rarest among its rows.
///
/// Which groups are tested is chance alone, whatever their sizes. `climd::split` deals large groups first, so that
/// the shares of rows are exact, but five hospitals then have one test part for all seeds.
pub(super) fn random_groups(labels: &[usize], groups: &[usize], weights: [u32; 2], seed: u64) -> Result<Split> {
    let mut sizes: HashMap<usize, usize> = HashMap::new();
    labels.iter().for_each(|&label| *sizes.entry(label).or_default() += 1);
    let mut rarest: BTreeMap<usize, usize> = BTreeMap::new(); // by group
    for (&group, &label) in groups.iter().zip(labels) {
        let known = rarest.entry(group).or_insert(label);
        *known = std::cmp::min_by_key(*known, label, |label| (sizes[label], *label));
    }
    // a group is one sample here, so all sizes are equal
    let number: HashMap<usize, usize> = rarest.keys().copied().zip(0..).collect();
    let (labels, each): (Vec<usize>, Vec<usize>) = (rarest.into_values().collect(), (0..number.len()).collect());
    let parts = split(&Targets::single(&labels)?, &each, &weights, seed)?;
    let of_row: Vec<u8> = groups.iter().map(|group| parts[number[group]]).collect();
    Ok(side(&of_row, 1))
}

impl Split {
    /// As [`validation`](Self::validation), by groups, of which the large ones are dealt first. `weights` are those of
    /// the rest and the validation part.
    ///
    /// # Shapes
    /// `labels`, `groups`: those of the whole data set.
    ///
    /// # Errors
    /// [`Error::Split`](super::Error::Split); [`Error::RowOutside`](super::Error::RowOutside) if a training row has no
    /// label or group.
    pub fn group_validation(&self, labels: &[usize], groups: &[usize], weights: [u32; 2], seed: u64) -> Result<Split> {
        self.again(labels, groups, |labels, groups| {
            Ok(side(&split(&Targets::single(labels)?, groups, &weights, seed)?, 1))
        })
    }

    /// As [`validation`](Self::validation), by groups at random.
    pub(super) fn random_validation(&self, labels: &[usize], groups: &[usize], seed: u64) -> Result<Split> {
        self.again(labels, groups, |labels, groups| random_groups(labels, groups, [4, 1], seed))
    }

    /// Splits the training part by its labels and groups.
    fn again(
        &self,
        labels: &[usize],
        groups: &[usize],
        split: impl Fn(&[usize], &[usize]) -> Result<Split>,
    ) -> Result<Split> {
        check_rows("split.train", &self.train, labels.len().min(groups.len()))?;
        let pick = |values: &[usize]| -> Vec<usize> { self.train.iter().map(|&row| values[row]).collect() };
        let inner = split(&pick(labels), &pick(groups))?;
        let rows = |positions: Vec<usize>| positions.into_iter().map(|position| self.train[position]).collect();
        Ok(Split { train: rows(inner.train), test: rows(inner.test) })
    }
}

/// The split whose test part is one of the parts.
fn side(parts: &[u8], test: usize) -> Split {
    let (test, train) = (0..parts.len()).partition(|&row| usize::from(parts[row]) == test);
    Split { train, test }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Five hospitals of unequal size, each with both classes.
    #[test]
    fn a_seed_decides_which_groups_are_tested_also_where_their_sizes_differ() {
        let groups: Vec<usize> = [90, 50, 30, 20, 10].iter().enumerate().flat_map(|(of, &n)| vec![of; n]).collect();
        let labels: Vec<usize> = (0..groups.len()).map(|row| usize::from(row % 4 == 0)).collect();
        let tested = |split: &Split| -> BTreeSet<usize> { split.test.iter().map(|&row| groups[row]).collect() };
        let outer: Vec<Split> = (0..40).map(|seed| random_groups(&labels, &groups, [7, 3], seed).unwrap()).collect();
        let parts: BTreeSet<BTreeSet<usize>> = outer.iter().map(tested).collect();
        assert!(parts.iter().all(|part| part.len() == parts.first().unwrap().len()), "{parts:?}"); // 30 % of five
        assert!(parts.len() >= 5, "{parts:?}");
        assert_eq!(parts.iter().flatten().collect::<BTreeSet<_>>().len(), 5); // each hospital is tested at some time
        let inner: BTreeSet<BTreeSet<usize>> =
            (0..40).map(|seed| tested(&outer[0].random_validation(&labels, &groups, seed).unwrap())).collect();
        assert!(inner.len() >= 3, "{inner:?}");
        // for which `climd::split` has one part alone
        let fixed: BTreeSet<Vec<u8>> =
            (0..40).map(|seed| split(&Targets::single(&labels).unwrap(), &groups, &[7, 3], seed).unwrap()).collect();
        assert_eq!(fixed.len(), 1);
    }
}
