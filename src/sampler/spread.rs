//! How the keys of the samples are spread in each group: the samples of each range of keys, counted once for many
//! epochs. So an epoch knows within a few samples where a quota ends, before it looks at any sample.

use std::sync::OnceLock;

use rayon::prelude::*;

use super::keys::Keys;
use crate::ClassIndex;

/// The scores of a measurement, and how they are spread.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    scores: Vec<f32>,
    partial: bool, // some are NaN
    by_class: OnceLock<Spread>,
    of_all: OnceLock<Spread>,
}

impl Kept {
    /// NaN is the score of a sample that has none.
    pub(super) fn new(scores: Vec<f32>) -> Self {
        let partial = scores.iter().any(|score| score.is_nan());
        Self { scores, partial, ..Self::default() }
    }

    pub(super) fn scores(&self) -> &[f32] {
        &self.scores
    }

    pub(super) fn is_partial(&self) -> bool {
        self.partial
    }

    pub(crate) fn into_scores(self) -> Vec<f32> {
        self.scores
    }

    /// Takes other scores, which are finite, in the same memory.
    pub(super) fn renew(&mut self, scores: &[f32]) {
        let mut memory = std::mem::take(&mut self.scores);
        memory.clear();
        memory.extend_from_slice(scores);
        *self = Self { scores: memory, ..Self::default() };
    }

    /// Changes some scores.
    pub(super) fn change<T>(&mut self, change: impl FnOnce(&mut [f32]) -> T) -> T {
        let changed = change(&mut self.scores);
        *self = Self::new(std::mem::take(&mut self.scores));
        changed
    }

    /// The spread in each of these classes, which are the same at every call.
    pub(super) fn by_class(&self, classes: &ClassIndex) -> &Spread {
        self.by_class.get_or_init(|| Spread::by_class(&Keys::Highest(&self.scores), classes))
    }

    pub(super) fn of_all(&self) -> &Spread {
        self.of_all.get_or_init(|| Spread::of_all(&Keys::Highest(&self.scores)))
    }
}

/// Samples of a range of keys, on average: few enough to compare with each other, so many that the counts are small.
const PER_BIN: usize = 16;
/// A group has at most `1 << MAX_BITS` bins, so that the counts of many samples stay in the cache.
const MAX_BITS: u32 = 10;
/// A group with fewer samples has no counts, as all of its samples are soon looked at.
pub(super) const SMALL: usize = 4 * PER_BIN;

/// How many samples of each group have a key in each of its bins, which are ranges of keys.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    quantiles: Quantiles,
    groups: Vec<Bins>,
    counts: Vec<u32>,
}

/// The bins of a group: `counts[start..]`, each of `1 << shift` [quantiles](Quantiles::of), from the lowest on.
#[derive(Debug, Clone, Copy)]
struct Bins {
    start: u32,
    shift: u32,
}

/// About how many samples have a lower key, in units of `1 << LOW` to a sample. So equal bins have about equal numbers
/// of samples, however the scores are distributed.
#[derive(Debug, Clone)]
struct Quantiles {
    /// Of each value of the high bits of a key: the samples with lower ones, and the samples with these.
    by_high: Vec<(u32, u32)>,
}

/// Number of the low bits of a key.
const LOW: u32 = 20;

impl Quantiles {
    /// `highs`: how many samples have each value of the high bits.
    fn new(highs: Vec<u32>) -> Self {
        let mut below = 0;
        let entry = |count| {
            below += count;
            (below - count, count)
        };
        Self { by_high: highs.into_iter().map(entry).collect() }
    }

    /// It never falls as the key rises, and is at most the number of samples `<< LOW`.
    fn of(&self, key: u32) -> u64 {
        let (below, here) = self.by_high[(key >> LOW) as usize];
        (u64::from(below) << LOW) + u64::from(here) * u64::from(key & ((1 << LOW) - 1))
    }

    /// The lowest key with at least this quantile; `1 << 32` if there is none.
    fn first(&self, quantile: u64) -> u64 {
        let (mut from, mut to) = (0, 1u64 << u32::BITS);
        while from < to {
            let middle = (from + to) / 2;
            if self.of(middle as u32) >= quantile { to = middle } else { from = middle + 1 }
        }
        from
    }
}

/// Where the first samples of a group end: of the `size` samples with keys from `key` to `key + span` the first `left`
/// are in, and all above.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) key: u32,
    pub(super) span: u32,
    pub(super) left: usize,
    pub(super) size: usize,
}

impl Spread {
    pub(super) fn by_class(keys: &Keys<'_>, classes: &ClassIndex) -> Self {
        let of = classes.sample_classes();
        Self::new(keys, classes.counts(), |sample| of[sample] as usize)
    }

    pub(super) fn of_all(keys: &Keys<'_>) -> Self {
        Self::new(keys, &[keys.len()], |_| 0)
    }

    /// Counts the samples of groups of these sizes.
    fn new(keys: &Keys<'_>, sizes: &[usize], group: impl Fn(usize) -> usize + Sync) -> Self {
        // few stretches, as each has a table of counts
        let stretch = keys.len().div_ceil(rayon::current_num_threads()).max(1 << 16);
        let stretches = || (0..keys.len().div_ceil(stretch)).into_par_iter();
        let samples = |at: usize| at * stretch..keys.len().min((at + 1) * stretch);
        let add = |mut sum: Vec<u32>, counts: Vec<u32>| {
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            sum
        };
        let highs = |at: usize| {
            let mut counts = vec![0u32; 1 << (u32::BITS - LOW)];
            keys.visit(samples(at), |_, key| counts[(key >> LOW) as usize] += 1);
            counts
        };
        let quantiles = Quantiles::new(stretches().map(highs).reduce_with(add).unwrap_or_default());
        let highest = (keys.len() as u64) << LOW;

        let mut end = 2; // two bins that nobody reads, of the small groups
        let small = Bins { start: 0, shift: u64::BITS - 1 };
        let bins = |&size: &usize| {
            if size < SMALL {
                return small;
            }
            let shift = (u64::BITS - highest.leading_zeros()) - (size / PER_BIN).ilog2().min(MAX_BITS);
            let bins = Bins { start: end, shift };
            end += (highest >> shift) as u32 + 1;
            bins
        };
        // Larger groups come first, so that most of a million small ones have no entry, which would not be in the
        // cache.
        let large = sizes.iter().rposition(|&size| size >= SMALL).map_or(0, |last| last + 1);
        let mut groups: Vec<Bins> = sizes[..large].iter().map(bins).collect();
        groups.push(small); // all others
        let count = |at: usize| {
            let mut counts = vec![0u32; end as usize];
            keys.visit(samples(at), |sample, key| {
                let Bins { start, shift } = groups[group(sample).min(large)];
                counts[start as usize + (quantiles.of(key) >> shift) as usize] += 1;
            });
            counts
        };
        let counts = stretches().map(count).reduce_with(add).unwrap_or_default();
        Self { quantiles, groups, counts }
    }

    /// Where the first `count` samples of a group end, which is not small. `count` is above 0 and at most its size.
    /// `from_low`: the lowest keys come first, and `key` is an inverted one.
    pub(super) fn end(&self, group: usize, count: usize, from_low: bool) -> End {
        let Bins { start, shift } = self.groups[group];
        let next = self.groups[group + 1..].iter().find(|bins| bins.start > 0);
        let bins = &self.counts[start as usize..next.map_or(self.counts.len(), |bins| bins.start as usize)];
        let mut left = count;
        let mut ends = |&(_, &size): &(usize, &u32)| {
            let here = left <= size as usize;
            if !here {
                left -= size as usize;
            }
            here
        };
        let mut bins = bins.iter().enumerate();
        let found = if from_low { bins.find(&mut ends) } else { bins.rfind(&mut ends) };
        let (bin, size) = found.map_or((0, 0), |(bin, &size)| (bin as u64, size as usize)); // there is one
        let (low, next) = (self.quantiles.first(bin << shift), self.quantiles.first((bin + 1) << shift));
        let (low, span) = (low as u32, (next - 1 - low) as u32);
        End { key: if from_low { !(low + span) } else { low }, span, left, size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_end_of_a_quota_is_where_a_sort_finds_it(
            scores in prop::collection::vec(prop_oneof![-9i32..9, -1_000_000i32..1_000_000], 200..900),
            from_low: bool, count in 0.0..1.0f64,
        ) {
            let labels: Vec<usize> = (0..scores.len()).map(|i| usize::from(i % 7 < 2)).collect();
            let classes = ClassIndex::new(&labels).unwrap();
            let scores: Vec<f32> = scores.into_iter().map(|score| score as f32 / 64.0).collect();
            let highest = Keys::Highest(&scores);
            let spread = Spread::by_class(&highest, &classes);
            let keys = if from_low { Keys::Lowest(&scores) } else { highest };
            for class in (0..2).filter(|&class| classes.counts()[class] >= SMALL) {
                let count = 1 + (count * classes.counts()[class] as f64) as usize;
                let mut sorted: Vec<u32> = classes.members(class).iter().map(|&i| keys.of(i as usize)).collect();
                sorted.sort_unstable_by(|a, b| b.cmp(a));
                let End { key, span, left, size } = spread.end(class, count, from_low);
                let within = |other: u32| (key..=key + span).contains(&other);
                let above = sorted.iter().filter(|&&other| other > key + span).count();
                prop_assert_eq!((above + left, sorted.iter().filter(|&&key| within(key)).count()), (count, size));
                prop_assert!(within(sorted[count - 1]));
            }
        }
    }

    #[test]
    fn scores_are_counted_once_for_many_epochs() {
        let (kept, classes) = (Kept::new(vec![0.5; 100]), ClassIndex::new(&[7; 100]).unwrap());
        assert!(std::ptr::eq(kept.by_class(&classes), kept.by_class(&classes)));
        assert!(std::ptr::eq(kept.of_all(), kept.of_all()));
    }

    #[test]
    fn other_scores_are_counted_anew() {
        let mut kept = Kept::new(vec![0.5; 1000]);
        assert_eq!(kept.of_all().end(0, 7, false).size, 1000);
        let (low, high) = ([0.0; 400], [1.0; 600]);
        kept.renew(&[low.as_slice(), &high].concat());
        assert_eq!(kept.of_all().end(0, 7, false).size, 600);
        assert_eq!(kept.of_all().end(0, 7, true).size, 400);
        kept.change(|scores| scores[..200].fill(1.0));
        assert_eq!(kept.of_all().end(0, 7, false).size, 800);
    }
}
