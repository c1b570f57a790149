//! Selects samples: from each class the first ones by key, as many as its quota says.
//!
//! Every sample has a 32-bit key that sorts like its score. The highest keys come first, and ties go to the smaller
//! index. One pass over the samples sorts the keys by class, to find the key at which the quota of each class ends.
//! Then all threads take the samples above it, each from its own stretch. So the list is ascending for every pick.
//! Source: `docs/algorithm.md`, "Which, and in what order".

use std::ops::Range;

use rayon::prelude::*;

use super::random::{Purpose, Words};
use super::scatter::{Items, scatter, split};
use crate::{ClassIndex, Pick};

/// The key of every sample of an epoch.
pub(super) enum Keys<'a> {
    Highest(&'a [f32]),
    Lowest(&'a [f32]),
    /// Of scores some of which are NaN: those samples have the stand-in, the others the key of their score.
    Partial {
        scores: &'a [f32],
        lowest: bool,
        seed: u64,
    },
    Random {
        seed: u64,
        epoch: usize,
        purpose: Purpose,
    },
}

impl<'a> Keys<'a> {
    /// The keys of a pick. `scores` are `None` before the first measurement; `partial`: some of them are NaN.
    pub(super) fn new(pick: Pick, scores: Option<&'a [f32]>, partial: bool, seed: u64, epoch: usize) -> Self {
        match (pick, scores) {
            (Pick::Highest | Pick::Lowest, Some(scores)) if partial => {
                Keys::Partial { scores, lowest: pick == Pick::Lowest, seed }
            }
            (Pick::Highest, Some(scores)) => Keys::Highest(scores),
            (Pick::Lowest, Some(scores)) => Keys::Lowest(scores),
            (Pick::Redraw, _) => Keys::Random { seed, epoch, purpose: Purpose::Redraw },
            _ => Keys::Random { seed, epoch: 0, purpose: Purpose::StandIn },
        }
    }

    /// Makes `out` the keys of all samples.
    pub(super) fn write(&self, out: &mut [u32]) {
        out.par_chunks_mut(CHUNK).enumerate().for_each(|(at, part)| {
            let start = at * CHUNK;
            self.visit(start..start + part.len(), |sample, key| part[sample - start] = key);
        });
    }

    /// The key of one sample. Slow for random keys, of which two are rarely the same.
    fn of(&self, sample: usize) -> u32 {
        match *self {
            Keys::Highest(scores) => key_of_score(scores[sample]),
            Keys::Lowest(scores) => !key_of_score(scores[sample]),
            Keys::Partial { scores, lowest, seed } => {
                let mut words = Words::new(seed, 0, Purpose::StandIn, 0);
                words.skip(sample);
                key_or_stand_in(scores[sample], lowest, words.next())
            }
            Keys::Random { seed, epoch, purpose } => {
                let mut words = Words::new(seed, epoch, purpose, 0);
                words.skip(sample);
                words.next()
            }
        }
    }

    /// Calls `visit(sample, key)` for each of these samples in order.
    fn visit(&self, samples: Range<usize>, mut visit: impl FnMut(usize, u32)) {
        let scored = |scores: &'a [f32]| samples.clone().zip(&scores[samples.clone()]);
        match *self {
            Keys::Highest(scores) => scored(scores).for_each(|(i, &score)| visit(i, key_of_score(score))),
            Keys::Lowest(scores) => scored(scores).for_each(|(i, &score)| visit(i, !key_of_score(score))),
            Keys::Partial { scores, lowest, seed } => {
                let mut words = Words::new(seed, 0, Purpose::StandIn, 0);
                words.skip(samples.start);
                scored(scores).for_each(|(i, &score)| visit(i, key_or_stand_in(score, lowest, words.next())));
            }
            Keys::Random { seed, epoch, purpose } => {
                let mut words = Words::new(seed, epoch, purpose, 0);
                words.skip(samples.start);
                samples.for_each(|i| visit(i, words.next()));
            }
        }
    }
}

/// A `u32` that sorts like the score. -0 ties with 0.
pub(crate) fn key_of_score(score: f32) -> u32 {
    let bits = (score + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The key of a score; of NaN, a sample without one, its word of the stand-in.
pub(crate) fn key_or_stand_in(score: f32, lowest: bool, word: u32) -> u32 {
    match (score.is_nan(), lowest) {
        (true, _) => word,
        (false, false) => key_of_score(score),
        (false, true) => !key_of_score(score),
    }
}

/// End of a selection: all samples above `key` are in, and of the samples with exactly this key those before `until`.
#[derive(Debug, Clone, Copy)]
struct Threshold {
    key: u32,
    until: u32,
}

impl Threshold {
    /// The threshold above which `count` of these keys lie. It changes the order of the keys. `samples` are the samples
    /// of the keys, ascending.
    fn new(by_group: &mut [u32], count: usize, mut samples: impl Iterator<Item = u32>, keys: &Keys<'_>) -> Self {
        if count == 0 {
            return Self { key: u32::MAX, until: 0 };
        }
        let (above, &mut key, below) = by_group.select_nth_unstable_by(count - 1, |a, b| b.cmp(a));
        if below.iter().all(|&other| other != key) {
            return Self { key, until: u32::MAX };
        }
        let tied = above.iter().filter(|&&other| other == key).count();
        let last = samples.by_ref().filter(|&sample| keys.of(sample as usize) == key).nth(tied);
        Self { key, until: last.map_or(u32::MAX, |last| last + 1) }
    }

    fn takes(self, sample: usize, key: u32) -> bool {
        // without a branch, as the processor cannot predict the side of the threshold
        (key > self.key) | ((key == self.key) & ((sample as u32) < self.until))
    }
}

/// Makes `out` these quotas' samples of each class, ascending, copies adjacent. `spare` lends its memory.
pub(super) fn by_class(
    classes: &ClassIndex,
    quotas: &[usize],
    keys: &Keys<'_>,
    out: &mut Vec<u32>,
    spare: &mut Vec<u32>,
) {
    let (n, counts, of) = (classes.num_samples(), classes.counts(), classes.sample_classes());
    if quotas == counts {
        return everything(n, out);
    }
    spare.resize(n, 0);
    let by_class = spare.as_mut_slice();
    scatter(&ByClass { keys, of }, counts.len(), Some(counts), by_class);
    let plan = |(class, (by_class, &quota)): (usize, (&mut [u32], &usize))| {
        let (whole, rest) = (quota / by_class.len(), quota % by_class.len());
        (Threshold::new(by_class, rest, classes.members(class).iter().copied(), keys), whole)
    };
    let plans: Vec<(Threshold, usize)> =
        split(by_class, counts).into_par_iter().zip(quotas).enumerate().map(plan).collect();
    let total = quotas.iter().sum();
    if plans.iter().all(|&(_, copies)| copies == 0) {
        let takes = |sample: usize, key| plans[of[sample] as usize].0.takes(sample, key);
        return collect_once(n, total, keys, out, spare, takes);
    }
    collect(n, total, keys, out, |sample, key| {
        let (threshold, copies) = plans[of[sample] as usize];
        copies + usize::from(threshold.takes(sample, key))
    });
}

/// The keys of all samples, by class.
struct ByClass<'a> {
    keys: &'a Keys<'a>,
    of: &'a [u32], // the class of each sample
}

impl Items for ByClass<'_> {
    fn visit(&self, samples: Range<usize>, mut to: impl FnMut(usize, u32)) {
        self.keys.visit(samples, |sample, key| to(self.of[sample] as usize, key));
    }

    fn groups(&self, samples: Range<usize>, mut to: impl FnMut(usize)) {
        self.of[samples].iter().for_each(|&class| to(class as usize));
    }
}

/// Makes `out` these positions of the ranking of all samples, ascending. `spare` lends its memory.
pub(super) fn window(n: usize, window: &Range<usize>, keys: &Keys<'_>, out: &mut Vec<u32>, spare: &mut Vec<u32>) {
    if *window == (0..n) {
        return everything(n, out);
    }
    spare.clear();
    keys.visit(0..n, |_, key| spare.push(key));
    let mut threshold = |count| Threshold::new(spare, count, 0..n as u32, keys);
    let (end, start) = (threshold(window.end), threshold(window.start));
    collect_once(n, window.len(), keys, out, spare, |sample, key| end.takes(sample, key) & !start.takes(sample, key));
}

fn everything(num_samples: usize, out: &mut Vec<u32>) {
    out.clear();
    out.extend(0..num_samples as u32);
}

/// Number of samples in the stretch of one thread.
const CHUNK: usize = 1 << 17;

/// Writes the samples for which `takes(sample, key)` is true to `out`, in order, `total` in all. `spare` has a place
/// for each sample and is overwritten: every stretch writes its samples where it begins, and then they are moved
/// together.
fn collect_once(
    num_samples: usize,
    total: usize,
    keys: &Keys<'_>,
    out: &mut Vec<u32>,
    spare: &mut [u32],
    takes: impl Fn(usize, u32) -> bool + Sync,
) {
    let take = |(at, part): (usize, &mut [u32])| {
        let mut end = 0;
        keys.visit(at * CHUNK..num_samples.min((at + 1) * CHUNK), |sample, key| {
            // written before it is known to be in; if it is not, the next one overwrites it
            part[end] = sample as u32;
            end += usize::from(takes(sample, key));
        });
        end
    };
    let sizes: Vec<usize> = spare.par_chunks_mut(CHUNK).enumerate().map(take).collect();
    out.resize(total, 0);
    split(out, &sizes).into_par_iter().zip(spare.par_chunks(CHUNK)).for_each(|(out, part)| {
        out.copy_from_slice(&part[..out.len()]);
    });
}

/// Writes the samples to `out` in order, each as often as `copies(sample, key)` says, `total` in all.
fn collect(
    num_samples: usize,
    total: usize,
    keys: &Keys<'_>,
    out: &mut Vec<u32>,
    copies: impl Fn(usize, u32) -> usize + Sync,
) {
    let chunk = |at: usize| at * CHUNK..num_samples.min((at + 1) * CHUNK);
    let size = |at: usize| {
        let mut size = 0;
        keys.visit(chunk(at), |sample, key| size += copies(sample, key));
        size
    };
    let chunks = num_samples.div_ceil(CHUNK);
    let sizes: Vec<usize> = if chunks == 1 { vec![total] } else { (0..chunks).into_par_iter().map(size).collect() };
    out.resize(total, 0);
    split(out, &sizes).into_par_iter().enumerate().for_each(|(at, part)| {
        let mut end = 0;
        keys.visit(chunk(at), |sample, key| {
            // written before it is known to be in; if it is not, the next one overwrites it
            if let Some(slot) = part.get_mut(end) {
                *slot = sample as u32;
            }
            let copies = copies(sample, key);
            if copies > 1 {
                part[end..end + copies].fill(sample as u32);
            }
            end += copies;
        });
    });
}

/// Writes `quotas[class]` uniform draws from each class to `out`, ascending, copies side by side.
pub(super) fn draw(classes: &ClassIndex, quotas: &[usize], seed: u64, epoch: usize, out: &mut Vec<u32>) {
    out.clear();
    for (class, &quota) in quotas.iter().enumerate() {
        let members = classes.members(class);
        let mut words = Words::new(seed, epoch, Purpose::Replacement, class as u32);
        out.extend((0..quota).map(|_| members[words.below(members.len() as u32) as usize]));
    }
    out.par_sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A stable sort of each class by key, whole classes first: too simple to be wrong.
    fn naive(labels: &[u8], quotas: &[usize], scores: &[f32], lowest: bool) -> Vec<u32> {
        let classes = ClassIndex::new(labels).unwrap();
        let mut list = Vec::new();
        for (class, &quota) in quotas.iter().enumerate() {
            let mut first = classes.members(class).to_vec();
            first.sort_by(|&a, &b| {
                let (a, b) = (scores[a as usize] + 0.0, scores[b as usize] + 0.0);
                if lowest { a.total_cmp(&b) } else { b.total_cmp(&a) }
            });
            list.extend((0..quota).map(|i| first[i % first.len()]));
        }
        list.sort_unstable();
        list
    }

    prop_compose! {
        /// Labels of up to 6 classes, scores with many ties and both zeros, quotas up to twice each class.
        fn case()(samples in prop::collection::vec((0u8..6, -3i8..4, any::<bool>()), 1..200))
            (quotas in prop::collection::vec(0.0..2.0f64, 6), samples in Just(samples))
            -> (Vec<u8>, Vec<f32>, Vec<usize>) {
            let labels: Vec<u8> = samples.iter().map(|&(label, ..)| label).collect();
            let sign = |negative: bool| if negative { -1.0 } else { 1.0 };
            let score = |&(_, score, negative): &(u8, i8, bool)| f32::from(score) / 2.0 * sign(negative);
            let counts = ClassIndex::new(&labels).unwrap().counts().to_vec();
            let quotas = counts.iter().zip(quotas).map(|(&n, share)| (n as f64 * share).round() as usize).collect();
            let scores = samples.iter().map(score).collect();
            (labels, scores, quotas)
        }
    }

    proptest! {
        #[test]
        fn two_passes_choose_what_a_stable_sort_chooses((labels, scores, quotas) in case(), lowest: bool) {
            let classes = ClassIndex::new(&labels).unwrap();
            let keys = if lowest { Keys::Lowest(&scores) } else { Keys::Highest(&scores) };
            let mut list = Vec::new();
            by_class(&classes, &quotas, &keys, &mut list, &mut Vec::new());
            prop_assert_eq!(list, naive(&labels, &quotas, &scores, lowest));
        }

        #[test]
        fn a_window_is_a_slice_of_the_ranking((labels, scores, _) in case(), a in 0.0..1.0f64, b in 0.0..1.0f64) {
            let n = labels.len();
            let (a, b) = ((a.min(b) * n as f64) as usize, (a.max(b) * n as f64).ceil() as usize);
            let mut ranking: Vec<u32> = (0..n as u32).collect();
            ranking.sort_by(|&a, &b| (scores[b as usize] + 0.0).total_cmp(&(scores[a as usize] + 0.0)));
            let mut expected = ranking[a..b].to_vec();
            expected.sort_unstable();
            let mut list = Vec::new();
            window(n, &(a..b), &Keys::Highest(&scores), &mut list, &mut Vec::new());
            prop_assert_eq!(list, expected);
        }

        #[test]
        fn random_keys_are_the_same_from_any_start(
            seed: u64, epoch in 0usize..9, from in 0usize..500, len in 1usize..500,
        ) {
            let keys = Keys::Random { seed, epoch, purpose: Purpose::Redraw };
            let (mut all, mut part) = (Vec::new(), Vec::new());
            keys.visit(from..from + len, |sample, key| assert_eq!(key, keys.of(sample)));
            keys.visit(0..from + len, |_, key| all.push(key));
            keys.visit(from..from + len, |_, key| part.push(key));
            prop_assert_eq!(&part[..], &all[from..]);
        }

        #[test]
        fn keys_sort_like_scores(a: f32, b: f32) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(key_of_score(a).cmp(&key_of_score(b)), a.partial_cmp(&b).unwrap());
        }
    }

    /// Several stretches of samples, ties across their borders, classes taken more than once.
    #[test]
    fn many_threads_choose_what_a_stable_sort_chooses() {
        let n = 3 * CHUNK + 77;
        let mut words = Words::new(1, 2, Purpose::Redraw, 0);
        let labels: Vec<u8> = (0..n).map(|_| (words.below(64) as f64).sqrt() as u8).collect();
        let scores: Vec<f32> = (0..n).map(|_| words.below(50) as f32 - 25.0).collect();
        let classes = ClassIndex::new(&labels).unwrap();
        let quotas: Vec<usize> = classes.counts().iter().zip(1..).map(|(n, c)| n * c / 6).collect();
        let expected = naive(&labels, &quotas, &scores, false);
        for threads in [1, 2, 3, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut list = vec![9; 5];
            pool.install(|| by_class(&classes, &quotas, &Keys::Highest(&scores), &mut list, &mut Vec::new()));
            assert!(list == expected, "{threads} threads");
        }
    }
}
