//! Folds and validation parts. Rows of one group stay together.
//!
//! If every row is its own group, the folds are those of the harness, as for every other data set. Otherwise they come
//! from `climd::split`, as those of every other data set with groups do.

use climd_data::{Split, group_folds, stratified_folds};

use crate::error::Error;

/// Weights of the parts: a validation share of 0.2.
const VALIDATION: [u32; 2] = [4, 1];
const VALIDATION_SHARE: f64 = 0.2;

/// Labels and groups of all rows, and the names of the classes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) labels: &'a [usize],
    /// Numbers of the groups, from 0 in the order of the rows.
    pub(crate) groups: &'a [usize],
    pub(crate) classes: &'a [String],
}

impl Rows<'_> {
    fn grouped(&self) -> bool {
        self.groups.iter().max().is_some_and(|&last| last + 1 < self.groups.len())
    }

    /// Number of groups with a class among some of the rows.
    fn count(&self, class: usize, rows: impl Iterator<Item = usize>) -> usize {
        let mut groups: Vec<usize> =
            rows.filter(|&row| self.labels[row] == class).map(|row| self.groups[row]).collect();
        groups.sort_unstable();
        groups.dedup();
        groups.len()
    }

    /// Each fold is the test part of one split. Every training part has at least two groups of each class, so that one
    /// can be taken for validation.
    ///
    /// # Errors
    /// [`Error::ClassTooSmall`] if a class has fewer groups than that needs; [`Error::ClassInOneFold`].
    pub(crate) fn folds(&self, folds: usize, seed: u64) -> anyhow::Result<Vec<Split>> {
        let least = folds.max(3);
        for class in 0..self.classes.len() {
            let found = self.count(class, 0..self.labels.len());
            if found < least {
                return Err(Error::ClassTooSmall { class: self.classes[class].clone(), found, folds, least }.into());
            }
        }
        if !self.grouped() {
            return Ok(stratified_folds(self.labels, folds, seed)?);
        }
        let splits = group_folds(self.labels, self.groups, folds, seed)?;
        for (class, split) in (0..self.classes.len()).flat_map(|class| splits.iter().map(move |split| (class, split))) {
            // groups with several classes can put most of a class into one fold
            if self.count(class, split.train.iter().copied()) < 2 {
                return Err(Error::ClassInOneFold { class: self.classes[class].clone() }.into());
            }
        }
        Ok(splits)
    }

    /// Takes a validation part out of a training part. It is `test` of the returned split.
    ///
    /// # Errors
    /// Those of the split.
    pub(crate) fn validation(&self, of: &Split, seed: u64) -> anyhow::Result<Split> {
        if !self.grouped() {
            return Ok(of.validation(self.labels, VALIDATION_SHARE, seed)?);
        }
        Ok(of.group_validation(self.labels, self.groups, VALIDATION, seed)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u64 = 3;

    fn classes() -> Vec<String> {
        ["normal", "hcc"].map(String::from).to_vec()
    }

    #[test]
    fn groups_are_in_one_fold_and_in_one_part_of_it() {
        // 40 patients with one to four slices each
        let groups: Vec<usize> = (0..40).flat_map(|group| vec![group; 1 + group % 4]).collect();
        let labels: Vec<usize> = groups.iter().map(|group| usize::from(group % 5 == 0)).collect();
        let classes = classes();
        let rows = Rows { labels: &labels, groups: &groups, classes: &classes };
        let splits = rows.folds(5, SEED).unwrap();
        let mut tested = vec![0; groups.len()];
        for outer in &splits {
            let inner = rows.validation(outer, SEED).unwrap();
            let parts = [&inner.train, &inner.test, &outer.test];
            assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), groups.len());
            for group in 0..40 {
                let has = |part: &Vec<usize>| part.iter().any(|&row| groups[row] == group);
                assert_eq!(parts.iter().filter(|part| has(part)).count(), 1, "{group}");
            }
            for (part, least) in parts.iter().zip([3, 1, 1]) {
                assert!(rows.count(1, part.iter().copied()) >= least && rows.count(0, part.iter().copied()) >= least);
            }
            outer.test.iter().for_each(|&row| tested[row] += 1);
        }
        assert!(tested.iter().all(|&times| times == 1));
    }

    #[test]
    fn rows_that_are_groups_of_their_own_have_the_folds_of_every_data_set() {
        let labels: Vec<usize> = (0..30).map(|row| row % 2).collect();
        let (groups, classes) = ((0..30).collect::<Vec<_>>(), classes());
        let rows = Rows { labels: &labels, groups: &groups, classes: &classes };
        assert_eq!(rows.folds(5, SEED).unwrap(), stratified_folds(&labels, 5, SEED).unwrap());
    }

    #[test]
    fn a_class_is_counted_in_groups() {
        let groups: Vec<usize> = (0..20).map(|row| row / 5).chain(4..30).collect(); // four patients have 20 rows
        let labels: Vec<usize> = (0..46).map(|row| usize::from(row < 20)).collect();
        let classes = classes();
        let rows = Rows { labels: &labels, groups: &groups, classes: &classes };
        let error = rows.folds(5, SEED).unwrap_err().to_string();
        assert!(error.contains("`hcc` has 4 patients") && error.contains("at least 5"), "{error}");
    }

    #[test]
    fn a_class_that_one_group_takes_along_is_named() {
        // the first has ten rows of hcc, and fills a fold with them; each other has one of hcc and five of normal
        let groups: Vec<usize> = [vec![0; 10], vec![1; 6], vec![2; 6], vec![3; 6]].concat();
        let labels: Vec<usize> = (0..28).map(|row| usize::from(row < 10 || (row - 10) % 6 == 0)).collect();
        let classes = classes();
        let rows = Rows { labels: &labels, groups: &groups, classes: &classes };
        let error = rows.folds(3, SEED).unwrap_err().to_string();
        assert!(error.contains("class `normal`: a fold would be trained on fewer than two"), "{error}");
    }
}
