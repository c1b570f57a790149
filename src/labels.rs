//! The classes of a data set, their sizes and their samples.
//!
//! Classes are numbered by size: the largest is class 0, and of two classes of one size the one with the smaller label
//! comes first. Labels without a sample are not classes. The order of the samples changes nothing except the members of
//! a class, which are ascending.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::error::{ArgumentError, LabelError};
use crate::{Error, Result};

/// These integers, of any type, as `i64`.
pub(crate) fn whole<L: Copy + TryInto<i64>>(argument: &'static str, values: &[L]) -> Result<Vec<i64>> {
    let convert = |(index, &value): (usize, &L)| {
        value.try_into().map_err(|_| Error::Label(LabelError::LabelTooLarge { argument, index }))
    };
    values.iter().enumerate().map(convert).collect()
}

/// The classes of a data set, largest first: labels, counts and members.
///
/// # Examples
/// ```
/// let classes = climd::ClassIndex::new(&[7, -1, 7, 7, -1, 3])?;
/// assert_eq!(classes.counts(), [3, 2, 1]);
/// assert_eq!((0..3).map(|class| classes.label(class)).collect::<Vec<_>>(), [7, -1, 3]);
/// assert_eq!(classes.members(1), [1, 4]);
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ClassIndex {
    labels: Vec<i64>,   // by class
    counts: Vec<usize>, // by class
    starts: Vec<usize>, // members of a class: members[starts[class]..starts[class + 1]]
    members: Vec<u32>,
    sample_classes: Vec<u32>, // by sample
    room: usize,
    hill: f64,
    zipf: OnceLock<f64>,
}

impl ClassIndex {
    /// Counts the classes of `labels`: one integer for each sample. Gaps and negative values are allowed.
    ///
    /// # Errors
    /// [`ArgumentError::Empty`], [`LabelError::TooManySamples`] (2^32 and more), [`LabelError::LabelTooLarge`] (above
    /// `i64::MAX`).
    ///
    /// # Complexity
    /// O(N + C log C) time for N samples of C classes. 8 bytes are kept for each sample.
    pub fn new<L: Copy + TryInto<i64>>(labels: &[L]) -> Result<Self> {
        if labels.is_empty() {
            return Err(ArgumentError::Empty { argument: "labels" }.into());
        }
        if u32::try_from(labels.len()).is_err() {
            return Err(LabelError::TooManySamples { found: labels.len() }.into());
        }
        let (mut min, mut max) = (i64::MAX, i64::MIN);
        for (index, &label) in labels.iter().enumerate() {
            let label =
                label.try_into().map_err(|_| Error::Label(LabelError::LabelTooLarge { argument: "labels", index }))?;
            (min, max) = (min.min(label), max.max(label));
        }
        // The first pass converted every label, so the fallback of this one is never taken.
        let values = labels.iter().map(|&label| label.try_into().unwrap_or(min));

        let mut tally = Tally::new(min, max, labels.len());
        values.clone().for_each(|label| *tally.slot(label) += 1);
        let mut found = tally.entries();
        found.sort_unstable_by_key(|&(label, count)| (std::cmp::Reverse(count), label));
        for (class, &(label, _)) in found.iter().enumerate() {
            *tally.slot(label) = class as u32;
        }
        let sample_classes: Vec<u32> = values.map(|label| *tally.slot(label)).collect();
        Ok(Self::of(found, sample_classes))
    }

    /// The same, of samples whose labels are numbered: number `n` below `len` is label `label(n)`. A map is not needed.
    pub(crate) fn numbered(mut numbers: Vec<u32>, len: usize, label: impl Fn(u32) -> i64) -> Self {
        let mut slots = vec![0u32; len]; // first the count, then the class
        numbers.iter().for_each(|&number| slots[number as usize] += 1);
        let mut found: Vec<(i64, u32, u32)> =
            (0..).zip(&slots).filter(|&(_, &count)| count > 0).map(|(number, &n)| (label(number), n, number)).collect();
        found.sort_unstable_by_key(|&(label, count, _)| (std::cmp::Reverse(count), label));
        (0..).zip(&found).for_each(|(class, &(_, _, number))| slots[number as usize] = class);
        numbers.iter_mut().for_each(|number| *number = slots[*number as usize]); // in place: no more memory
        Self::of(found.into_iter().map(|(label, count, _)| (label, count)).collect(), numbers)
    }

    /// `found`: label and count of each class, by class.
    fn of(found: Vec<(i64, u32)>, sample_classes: Vec<u32>) -> Self {
        let counts: Vec<usize> = found.iter().map(|&(_, count)| count as usize).collect();
        let starts: Vec<usize> = std::iter::once(0)
            .chain(counts.iter().scan(0, |end, &count| {
                *end += count;
                Some(*end)
            }))
            .collect();
        let (mut members, mut next) = (vec![0; sample_classes.len()], starts.clone());
        // the range last: it is not asked for a number behind 2^32 - 1 samples
        for (&class, index) in sample_classes.iter().zip(0..) {
            members[next[class as usize]] = index;
            next[class as usize] += 1;
        }
        let hill = hill_exponent(&counts);
        let labels = found.into_iter().map(|(label, _)| label).collect();
        let room = members.len();
        Self { labels, counts, starts, members, sample_classes, room, hill, zipf: OnceLock::new() }
    }

    /// Number of samples `N`, the sum of [`counts`](Self::counts). With a cap of
    /// [`Targets::groups`](crate::Targets::groups) it is the number that an epoch can hold.
    pub fn num_samples(&self) -> usize {
        self.room
    }

    /// Number of classes `C`. Each has samples.
    pub fn num_classes(&self) -> usize {
        self.labels.len()
    }

    /// The label of a class. Class 0 is the largest.
    ///
    /// # Panics
    /// If `class` is not below [`num_classes`](Self::num_classes), as a slice does.
    pub fn label(&self, class: usize) -> i64 {
        self.labels[class]
    }

    /// Number of samples of each class, largest class first. It is never 0. Under a cap, as many as an epoch can hold.
    pub fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// The samples of a class, ascending.
    ///
    /// # Panics
    /// If `class` is not below [`num_classes`](Self::num_classes), as a slice does.
    pub fn members(&self, class: usize) -> &[u32] {
        &self.members[self.starts[class]..self.starts[class + 1]]
    }

    /// The class of each sample, `[N]`.
    pub fn sample_classes(&self) -> &[u32] {
        &self.sample_classes
    }

    /// Size of the largest class divided by that of the smallest, at least 1.
    pub fn imbalance_ratio(&self) -> f64 {
        self.counts[0] as f64 / self.counts[self.counts.len() - 1] as f64
    }

    /// `1 + C / sum_c ln(n_c / n_min)`: the exponent of the class sizes' distribution; infinite if all are equal.
    ///
    /// # Source
    /// Hill's estimator; Eq. 6 of the CLIMD paper without its factor `1 / gamma`.
    pub fn hill_exponent(&self) -> f64 {
        self.hill
    }

    /// The exponent `s` of `n_c ~ c^-s` for the c-th largest class, in `[0, 64]`; 0 for balanced classes.
    ///
    /// # Complexity
    /// The first call computes it in about 60 passes over the classes. Then it is kept.
    ///
    /// # Source
    /// Maximum likelihood under Zipf's law: the mean of `ln c` under the model is that of the data.
    pub fn zipf_exponent(&self) -> f64 {
        *self.zipf.get_or_init(|| zipf_exponent(&self.counts))
    }

    /// The same classes with these rooms for counts, at least 1 and by class, and ranked by them.
    pub(crate) fn with_rooms(self, rooms: &[usize]) -> Self {
        let mut order: Vec<usize> = (0..rooms.len()).collect();
        order.sort_unstable_by_key(|&class| (std::cmp::Reverse(rooms[class]), self.labels[class]));
        let mut new = vec![0u32; order.len()];
        order.iter().zip(0..).for_each(|(&from, to)| new[from] = to);
        let counts: Vec<usize> = order.iter().map(|&class| rooms[class]).collect();
        let (mut starts, mut members) = (vec![0], Vec::with_capacity(self.members.len()));
        for &class in &order {
            members.extend_from_slice(self.members(class));
            starts.push(members.len());
        }
        let hill = hill_exponent(&counts);
        Self {
            labels: order.iter().map(|&class| self.labels[class]).collect(),
            room: counts.iter().sum(),
            counts,
            starts,
            members,
            sample_classes: self.sample_classes.into_iter().map(|class| new[class as usize]).collect(),
            hill,
            zipf: OnceLock::new(),
        }
    }

    /// Position, label and count of the samples that look as if they had no label: beside labels from 0 on, labels that
    /// tools write where there is none. -1 beside 1 alone is a sign, and other negative labels are numbers of a scale.
    pub(crate) fn unlabelled(&self) -> Option<(usize, i64, usize)> {
        const MARKS: [i64; 8] = [-1, -9, -99, -100, -999, -9999, i32::MIN as i64, i64::MIN];
        let (below, above): (Vec<i64>, Vec<i64>) = self.labels.iter().partition(|&&label| label < 0);
        let sign = below == [-1] && above == [1];
        if sign || above.is_empty() || !below.iter().all(|label| MARKS.contains(label)) {
            return None;
        }
        let class = self.labels.iter().position(|&label| label < 0)?; // the largest of them
        Some((self.members(class)[0] as usize, self.labels[class], self.counts[class]))
    }

    /// The column of the logits of a class, which is its label.
    pub(crate) fn column(&self, class: usize, num_logits: usize) -> Result<usize> {
        let label = self.labels[class];
        let column = usize::try_from(label).ok().filter(|&column| column < num_logits);
        column.ok_or(Error::Label(LabelError::PriorWidth { num_logits, label }))
    }
}

/// Refuses a width that no network has, for which a number a column would fill the memory.
pub(crate) fn check_columns(num_logits: usize) -> Result<()> {
    if num_logits <= 1 << 24 {
        return Ok(());
    }
    let range = "at most 2^24, the columns of the logits";
    Err(ArgumentError::OutOfRange { argument: "num_logits", found: num_logits as f64, range }.into())
}

/// Refuses a table of `len` entries that has none, or is not whole rows of `num_labels`. The width comes first, as
/// without one there are no rows to count.
pub(crate) fn check_table(argument: &'static str, len: usize, num_labels: usize, rule: &'static str) -> Result<()> {
    if num_labels == 0 {
        return Err(ArgumentError::OutOfRange { argument: "num_labels", found: 0.0, range: "at least 1" }.into());
    }
    if len == 0 {
        return Err(ArgumentError::Empty { argument }.into());
    }
    if !len.is_multiple_of(num_labels) {
        let expected = len.next_multiple_of(num_labels);
        return Err(ArgumentError::Length { argument: argument.into(), found: len, expected, rule }.into());
    }
    Ok(())
}

/// A number for each label: first its count, then its class. A table if labels are dense, else a map.
enum Tally {
    Table { min: i64, slots: Vec<u32> },
    Map(HashMap<i64, u32>),
}

impl Tally {
    fn new(min: i64, max: i64, num_samples: usize) -> Self {
        // At most 4 slots for each sample, so that two distant labels do not need gigabytes.
        match usize::try_from(i128::from(max) - i128::from(min)) {
            Ok(span) if span < num_samples.saturating_mul(4) => Tally::Table { min, slots: vec![0; span + 1] },
            _ => Tally::Map(HashMap::new()),
        }
    }

    fn slot(&mut self, label: i64) -> &mut u32 {
        match self {
            Tally::Table { min, slots } => &mut slots[(label - *min) as usize],
            Tally::Map(slots) => slots.entry(label).or_default(),
        }
    }

    fn entries(&self) -> Vec<(i64, u32)> {
        match self {
            Tally::Table { min, slots } => {
                // inclusive, as an open range has no number behind `i64::MAX` to go on to
                let labels = *min..=i64::MAX;
                labels.zip(slots).filter(|&(_, &count)| count > 0).map(|(label, &count)| (label, count)).collect()
            }
            Tally::Map(slots) => slots.iter().map(|(&label, &count)| (label, count)).collect(),
        }
    }
}

fn hill_exponent(counts: &[usize]) -> f64 {
    let min = counts[counts.len() - 1] as f64;
    // A sum of logarithms of ratios, so that equal counts give exactly 0.
    let spread: f64 = counts.iter().map(|&n| libm::log(n as f64 / min)).sum();
    if spread == 0.0 { f64::INFINITY } else { 1.0 + counts.len() as f64 / spread }
}

fn zipf_exponent(counts: &[usize]) -> f64 {
    if counts[0] == counts[counts.len() - 1] {
        return 0.0; // exactly; bisection would leave a rounding error
    }
    let logs: Vec<f64> = (1..=counts.len()).map(|c| libm::log(c as f64)).collect();
    let total: usize = counts.iter().sum();
    let target = counts.iter().zip(&logs).map(|(&n, log)| n as f64 * log).sum::<f64>() / total as f64;
    let mean_log = |s: f64| {
        let (mut weight, mut mean) = (0.0, 0.0);
        for (c, log) in (1..).zip(&logs) {
            let w = libm::pow(f64::from(c), -s);
            weight += w;
            mean += w * log;
        }
        mean / weight
    };
    let (mut low, mut high) = (0.0, 64.0);
    if mean_log(low) <= target {
        return 0.0;
    }
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        let next = if mean_log(middle) > target { (middle, high) } else { (low, middle) };
        if next == (low, high) {
            break; // a fixed point: further steps change nothing
        }
        (low, high) = next;
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_negative_labels_are_classes_only_where_they_have_samples() {
        let classes = ClassIndex::new(&[5i8, -3, 5, 100, -3, 5]).unwrap();
        assert_eq!(classes.num_classes(), 3);
        assert_eq!(classes.labels, [5, -3, 100]);
        assert_eq!(classes.sample_classes(), [0, 1, 0, 2, 1, 0]);
        assert_eq!(classes.imbalance_ratio(), 3.0);
    }

    #[test]
    fn ties_go_to_the_smaller_label() {
        let classes = ClassIndex::new(&[2u64, 9, 4]).unwrap();
        assert_eq!(classes.labels, [2, 4, 9]);
    }

    #[test]
    fn labels_far_apart_are_counted_without_a_table() {
        let far = ClassIndex::new(&[i64::MIN, i64::MAX, i64::MAX, 0]).unwrap();
        assert_eq!(far.labels, [i64::MAX, i64::MIN, 0]);
        assert_eq!(far.members(0), [1, 2]);
    }

    #[test]
    fn labels_at_either_end_are_counted_like_others() {
        for (labels, expected) in [
            (&[i64::MAX][..], &[i64::MAX][..]),
            (&[i64::MAX - 1], &[i64::MAX - 1]),
            (&[i64::MAX - 1, i64::MAX, i64::MAX], &[i64::MAX, i64::MAX - 1]),
            (&[i64::MIN, i64::MIN + 1], &[i64::MIN, i64::MIN + 1]),
        ] {
            let classes = ClassIndex::new(labels).unwrap();
            assert_eq!(classes.labels, expected);
            assert_eq!(classes.counts.iter().sum::<usize>(), labels.len());
        }
    }

    #[test]
    fn table_and_map_agree() {
        let near: Vec<i64> = (0..500).map(|i| (i * i) % 37).collect();
        let far: Vec<i64> = near.iter().map(|label| label * 1_000_000_007).collect();
        let (near, far) = (ClassIndex::new(&near).unwrap(), ClassIndex::new(&far).unwrap());
        assert_eq!(near.sample_classes, far.sample_classes);
        assert_eq!(near.members, far.members);
    }

    #[test]
    fn a_label_above_i64_is_named() {
        assert_eq!(
            ClassIndex::new(&[1, u64::MAX]).unwrap_err(),
            Error::Label(LabelError::LabelTooLarge { argument: "labels", index: 1 })
        );
    }

    #[test]
    fn equal_counts_have_no_slope() {
        let classes = ClassIndex::new(&[0, 1, 2, 0, 1, 2]).unwrap();
        assert_eq!(classes.hill_exponent(), f64::INFINITY);
        assert_eq!(classes.zipf_exponent(), 0.0);
    }

    #[test]
    fn a_million_classes_are_no_problem() {
        let labels: Vec<u32> = (0..1_500_000).map(|i| i % 1_000_000).collect();
        let classes = ClassIndex::new(&labels).unwrap();
        assert_eq!(classes.num_classes(), 1_000_000);
        assert_eq!((classes.counts()[0], classes.counts()[999_999]), (2, 1));
    }
}
