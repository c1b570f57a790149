//! Stratified splits: every class keeps its share in both parts, and a seed always gives the same split.

use super::draw::{Purpose, below, shuffle, stream_of};
use super::{Error, Result};

/// Two disjoint sets of rows of a data set, each ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// Rows for training.
    pub train: Vec<usize>,
    /// Rows for testing.
    pub test: Vec<usize>,
}

impl Split {
    /// Splits the training part again: in the result, `test` is a validation part, and `train` is the rest.
    ///
    /// Both hold rows of the data set, but none of the test part of `self`. `labels` are those of the whole data set.
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

    /// Thins the training part to a long tail: class sizes fall geometrically from the largest, `n`, to `n / ratio`.
    ///
    /// Class number `r` of `C`, counted from 0, largest first and ties to the smaller label, keeps
    /// `round(n * ratio^(-r / (C - 1)))` of its rows, at least three and at most all. The test part is untouched. A
    /// seed gives the same rows everywhere.
    ///
    /// # Errors
    /// [`Error::Ratio`] unless `ratio` is at least 1 and finite; [`Error::RowOutside`] if a training row has no label.
    pub fn thin(&self, labels: &[usize], ratio: f64, seed: u64) -> Result<Split> {
        let classes = self.by_size(labels, ratio)?;
        let (largest, steps) = (classes.first().map_or(0, |(_, members)| members.len()), classes.len().max(2) - 1);
        let mut train = Vec::new();
        for (rank, (class, mut members)) in classes.into_iter().enumerate() {
            let wanted = (largest as f64 * ratio.powf(-(rank as f64) / steps as f64)).round() as usize;
            shuffle(&mut members, seed, Purpose::Thin, class);
            train.extend(members.iter().take(wanted.max(LEAST)).map(|&position| self.train[position]));
        }
        train.sort_unstable();
        Ok(Split { train, test: self.test.clone() })
    }

    /// Thins the training part to a long tail whose largest and smallest class are exactly as `ratio` to 1, up to
    /// rounding of `ratio` times a whole number.
    ///
    /// [`thin`](Self::thin) keeps the largest class whole and the small ones as they are, so data of 12 to 1 stay at
    /// that for any lower ratio. Here the smallest class gets `n` rows and class number `r` of `C`, in the same order,
    /// `round(n * ratio^(1 - r / (C - 1)))`, with the largest `n` for which every class has enough. At 1 all classes
    /// are as large as the smallest. A seed gives the same rows everywhere, in the order in which `thin` keeps them.
    ///
    /// # Errors
    /// [`Error::Ratio`] unless `ratio` is at least 1 and finite; [`Error::LongTail`] if `n` would be below three;
    /// [`Error::RowOutside`] if a training row has no label.
    pub fn thin_exactly(&self, labels: &[usize], ratio: f64, seed: u64) -> Result<Split> {
        let classes = self.by_size(labels, ratio)?;
        let steps = classes.len().max(2) - 1;
        let share = |rank: usize| 1.0 - rank as f64 / steps as f64; // of the exponent
        // a power that is a hair too large must not cost a row
        let fits = |(rank, (_, members)): (usize, &(usize, Vec<usize>))| {
            (members.len() as f64 / ratio.powf(share(rank)) + 1e-9).floor()
        };
        let least = classes.iter().enumerate().map(fits).fold(f64::INFINITY, f64::min);
        if least < LEAST as f64 {
            let smallest = classes.last().map_or(0, |(_, members)| members.len());
            let bound = |(rank, (_, members)): (usize, &(usize, Vec<usize>))| {
                (members.len() as f64 / LEAST as f64).powf(1.0 / share(rank))
            };
            let others = classes.iter().enumerate().take(steps).map(bound);
            let most = others.fold(f64::INFINITY, f64::min);
            return Err(Error::LongTail { ratio, smallest, most: (most + 1e-9).floor().max(0.0) });
        }
        let mut train = Vec::new();
        for (rank, (class, mut members)) in classes.into_iter().enumerate() {
            let wanted = (least * ratio.powf(share(rank))).round() as usize;
            shuffle(&mut members, seed, Purpose::Thin, class);
            train.extend(members.iter().take(wanted).map(|&position| self.train[position]));
        }
        train.sort_unstable();
        Ok(Split { train, test: self.test.clone() })
    }

    /// The classes of the training part with the positions of their rows, the largest first.
    fn by_size(&self, labels: &[usize], ratio: f64) -> Result<Vec<(usize, Vec<usize>)>> {
        if !(ratio.is_finite() && ratio >= 1.0) {
            return Err(Error::Ratio { found: ratio });
        }
        check_rows("split.train", &self.train, labels.len())?;
        let inner: Vec<usize> = self.train.iter().map(|&row| labels[row]).collect();
        let mut classes: Vec<(usize, Vec<usize>)> = members(&inner).into_iter().enumerate().collect();
        classes.retain(|(_, members)| !members.is_empty());
        classes.sort_by_key(|(_, members)| std::cmp::Reverse(members.len())); // stable: ties to the smaller label
        Ok(classes)
    }

    /// All labels, with a share of the training labels of each class replaced by its neighbour's.
    ///
    /// `neighbours[c]` is what rows of class `c` are mistaken for, as [`neighbours`](super::neighbours) finds it; one
    /// that is `c` itself leaves the class as it is. The rows that change are those that change by
    /// [`noisy_labels`](Self::noisy_labels), so the two kinds of noise differ in the wrong labels alone.
    ///
    /// # Errors
    /// As [`noisy_labels`](Self::noisy_labels); [`Error::Neighbours`] if a label has no neighbour.
    pub fn confused_labels(&self, labels: &[usize], neighbours: &[usize], share: f64, seed: u64) -> Result<Vec<usize>> {
        if !(0.0..1.0).contains(&share) {
            return Err(Error::NoiseShare { found: share });
        }
        check_rows("split.train", &self.train, labels.len())?;
        let classes = labels.iter().max().map_or(0, |&largest| largest + 1);
        if neighbours.len() != classes || neighbours.iter().any(|&neighbour| neighbour >= classes) {
            return Err(Error::Neighbours { classes, found: neighbours.to_vec() });
        }
        let inner: Vec<usize> = self.train.iter().map(|&row| labels[row]).collect();
        let mut noisy = labels.to_vec();
        for (class, mut members) in members(&inner).into_iter().enumerate() {
            let replaced = (share * members.len() as f64).round() as usize;
            shuffle(&mut members, seed, Purpose::Noise, class);
            members[..replaced].iter().for_each(|&position| noisy[self.train[position]] = neighbours[class]);
        }
        Ok(noisy)
    }

    /// All labels, with a share of the training labels replaced by those of other classes: symmetric label noise.
    ///
    /// `round(share * n)` of the `n` training rows of each class get another label up to the largest one, each with the
    /// same probability. All other labels stay. A seed gives the same labels everywhere.
    ///
    /// # Errors
    /// [`Error::NoiseShare`] unless `share` is at least 0 and below 1; [`Error::RowOutside`] if a training row has no
    /// label.
    pub fn noisy_labels(&self, labels: &[usize], share: f64, seed: u64) -> Result<Vec<usize>> {
        if !(0.0..1.0).contains(&share) {
            return Err(Error::NoiseShare { found: share });
        }
        check_rows("split.train", &self.train, labels.len())?;
        let num_classes = labels.iter().max().map_or(0, |&largest| largest + 1);
        let inner: Vec<usize> = self.train.iter().map(|&row| labels[row]).collect();
        let mut noisy = labels.to_vec();
        for (class, mut members) in members(&inner).into_iter().enumerate() {
            let replaced = if num_classes < 2 { 0 } else { (share * members.len() as f64).round() as usize };
            shuffle(&mut members, seed, Purpose::Noise, class);
            let mut random = stream_of(seed, Purpose::OtherLabel, class);
            for &position in &members[..replaced] {
                let other = below(&mut random, num_classes as u64 - 1) as usize;
                noisy[self.train[position]] = other + usize::from(other >= class);
            }
        }
        Ok(noisy)
    }
}

/// The least rows that a class keeps when a training part is thinned, so that a validation part can be taken from it.
const LEAST: usize = 3;

/// Splits each class: `round(test_share * n)` of a class of `n` samples go to the test part.
///
/// A class of two or more samples keeps at least one on each side; a single sample is for training. A seed gives the
/// same split on every platform, which a test pins.
///
/// # Errors
/// [`Error::TestShare`] unless `test_share` is above 0 and below 1.
pub fn stratified_split(labels: &[usize], test_share: f64, seed: u64) -> Result<Split> {
    part(labels, test_share, seed, Purpose::Split)
}

/// Deals every class to `folds` folds in turn. Each fold is the test part of one split, so each sample is tested once.
///
/// Sizes of folds differ by at most one, and so do the numbers of one class in them. A seed gives the same folds
/// everywhere.
///
/// # Errors
/// [`Error::Folds`] unless there are at least two folds and no fewer samples than folds.
pub fn stratified_folds(labels: &[usize], folds: usize, seed: u64) -> Result<Vec<Split>> {
    if folds < 2 || folds > labels.len() {
        return Err(Error::Folds { found: folds, samples: labels.len() });
    }
    let mut splits = vec![Split::default(); folds];
    let mut next = 0; // continues from class to class, so that the first folds do not get every remainder
    for (class, mut members) in members(labels).into_iter().enumerate() {
        shuffle(&mut members, seed, Purpose::Folds, class);
        for row in members {
            for (fold, split) in splits.iter_mut().enumerate() {
                if fold == next { &mut split.test } else { &mut split.train }.push(row);
            }
            next = (next + 1) % folds;
        }
    }
    for split in &mut splits {
        split.train.sort_unstable();
        split.test.sort_unstable();
    }
    Ok(splits)
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

/// Checks that every row number is below `rows`.
pub(super) fn check_rows(argument: &'static str, list: &[usize], rows: usize) -> Result<()> {
    match list.iter().position(|&row| row >= rows) {
        Some(position) => Err(Error::RowOutside { argument, position, row: list[position], rows }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Classes of 100, 60 and 100 samples, all but the last ten in the training part.
    fn case() -> (Vec<usize>, Split) {
        let labels: Vec<usize> = [vec![0; 100], vec![1; 60], vec![2; 100]].concat();
        (labels, Split { train: (0..250).collect(), test: (250..260).collect() })
    }

    fn sizes(labels: &[usize], rows: &[usize]) -> Vec<usize> {
        let labels: Vec<usize> = rows.iter().map(|&row| labels[row]).collect();
        members(&labels).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_thinned_part_falls_geometrically_and_leaves_the_test_part_alone() {
        let (labels, split) = case();
        let thin = split.thin(&labels, 25.0, 7).unwrap();
        assert_eq!(sizes(&labels, &thin.train), [100, 4, 20]); // 100, then 90 samples of class 2, then 60 of class 1
        assert_eq!(thin.test, split.test);
        assert!(thin.train.is_sorted() && thin.train.iter().all(|row| split.train.contains(row)));
        assert_eq!(sizes(&labels, &split.thin(&labels, 1e9, 7).unwrap().train), [100, 3, 3]); // never below three
        assert_eq!(split.thin(&labels, 1.0, 7).unwrap(), split);
        assert_ne!(split.thin(&labels, 25.0, 8).unwrap(), thin);
        for ratio in [0.5, f64::NAN, f64::INFINITY] {
            assert!(matches!(split.thin(&labels, ratio, 7), Err(Error::Ratio { .. })));
        }
    }

    #[test]
    fn noise_replaces_the_share_of_every_class_in_training_alone() {
        let (labels, split) = case();
        let noisy = split.noisy_labels(&labels, 0.2, 7).unwrap();
        let replaced: Vec<usize> = (0..labels.len()).filter(|&row| noisy[row] != labels[row]).collect();
        assert_eq!(sizes(&labels, &replaced), [20, 12, 18]);
        assert!(replaced.iter().all(|&row| row < 250));
        // both other labels are drawn
        assert!(
            [(0, 1), (0, 2), (2, 0), (2, 1)]
                .iter()
                .all(|&(from, to)| replaced.iter().any(|&row| (labels[row], noisy[row]) == (from, to)))
        );
        assert_eq!(split.noisy_labels(&labels, 0.0, 7).unwrap(), labels);
        assert!(matches!(split.noisy_labels(&labels, 1.0, 7), Err(Error::NoiseShare { .. })));
    }

    #[test]
    fn every_sample_is_tested_once_and_folds_hold_equal_shares() {
        let labels: Vec<usize> = [23, 8, 5].iter().enumerate().flat_map(|(class, &n)| vec![class; n]).collect();
        let folds = stratified_folds(&labels, 5, 7).unwrap();
        let mut tested: Vec<usize> = folds.iter().flat_map(|split| split.test.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..36).collect::<Vec<_>>());
        for split in &folds {
            let sizes = sizes(&labels, &split.test);
            assert!((4..=5).contains(&sizes[0]) && (1..=2).contains(&sizes[1]) && sizes[2] == 1, "{sizes:?}");
            assert!((7..=8).contains(&split.test.len()) && split.train.len() + split.test.len() == 36);
            assert!(split.train.iter().all(|row| !split.test.contains(row)));
        }
        assert_eq!(folds[0].test, [6, 7, 8, 17, 18, 25, 30, 33]); // pinned
        assert_ne!(stratified_folds(&labels, 5, 8).unwrap(), folds);
        for count in [0, 1, 37] {
            assert!(matches!(stratified_folds(&labels, count, 7), Err(Error::Folds { .. })));
        }
    }

    #[test]
    fn draws_are_pinned() {
        let (labels, split) = case();
        let thin = split.thin(&labels, 25.0, 7).unwrap();
        let of_class_1: Vec<usize> = thin.train.iter().copied().filter(|&row| labels[row] == 1).collect();
        let noisy = split.noisy_labels(&labels, 0.05, 7).unwrap();
        let changed: Vec<(usize, usize)> =
            (100..160).filter(|&row| noisy[row] != 1).map(|row| (row, noisy[row])).collect();
        assert_eq!(of_class_1, [105, 111, 127, 134]);
        assert_eq!(
            split
                .thin_exactly(&labels, 25.0, 7)
                .unwrap()
                .train
                .iter()
                .filter(|&&row| labels[row] == 1)
                .copied()
                .collect::<Vec<_>>(),
            of_class_1
        );
        assert_eq!(changed, [(123, 0), (125, 2), (135, 2)]);
    }

    #[test]
    fn an_exact_tail_has_its_ratio_or_says_which_is_possible() {
        let (labels, split) = case(); // classes of 100, 60 and 90 rows
        let sizes = |ratio| sizes(&labels, &split.thin_exactly(&labels, ratio, 7).unwrap().train);
        assert_eq!(sizes(1.0), [60, 60, 60]);
        // 100 / 4 = 25, 90 / 2 = 45 and 60 / 1: 25 of the smallest
        assert_eq!(sizes(4.0), [100, 25, 50]);
        // 100 / 9 = 11.1, 90 / 3 = 30
        assert_eq!(sizes(9.0), [99, 11, 33]);
        assert_eq!(sizes(25.0), [100, 4, 20]);
        let thin = split.thin_exactly(&labels, 9.0, 7).unwrap();
        assert_eq!(thin.test, split.test);
        assert!(thin.train.is_sorted() && thin.train.iter().all(|row| split.train.contains(row)));
        // 100 / 3 = 33.3, (90 / 3)^2 = 900
        let error = split.thin_exactly(&labels, 50.0, 7).unwrap_err();
        assert!(matches!(error, Error::LongTail { ratio: 50.0, smallest: 60, most: 33.0 }));
        assert!(error.to_string().contains("50") && error.to_string().contains("33"), "{error}");
        assert!(split.thin_exactly(&labels, 33.0, 7).is_ok());
        for ratio in [0.5, f64::NAN, f64::INFINITY] {
            assert!(matches!(split.thin_exactly(&labels, ratio, 7), Err(Error::Ratio { .. })));
        }
    }

    #[test]
    fn confusions_go_to_the_neighbour_and_hit_the_rows_that_other_noise_hits() {
        let (labels, split) = case();
        let noisy = split.confused_labels(&labels, &[2, 2, 1], 0.1, 7).unwrap();
        let uniform = split.noisy_labels(&labels, 0.1, 7).unwrap();
        let changed = |noisy: &[usize]| (0..260).filter(|&row| noisy[row] != labels[row]).collect::<Vec<_>>();
        assert_eq!(changed(&noisy), changed(&uniform));
        assert_eq!(changed(&noisy).len(), 10 + 6 + 9);
        assert!(changed(&noisy).iter().all(|&row| noisy[row] == [2, 2, 1][labels[row]]));
        for wrong in [vec![1, 0], vec![1, 0, 3]] {
            let error = split.confused_labels(&labels, &wrong, 0.1, 7).unwrap_err();
            assert!(matches!(error, Error::Neighbours { classes: 3, found } if found == wrong));
        }
        assert!(matches!(split.confused_labels(&labels, &[1, 0, 0], 1.0, 7), Err(Error::NoiseShare { .. })));
    }
}
