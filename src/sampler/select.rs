//! Which samples: of each class the first by key, as many as its quota says.
//!
//! Every sample has a 32-bit key that sorts like its score; the highest keys come first, and ties go to the smaller
//! index. Two passes in sample order: one lays the keys out by class, to find the key at which each class's quota ends;
//! one takes what is above it. So the list comes out ascending, whatever the pick.
//! Source: `docs/algorithm.md`, "Which, and in what order".

use rayon::prelude::*;

use super::random::{Purpose, Words};
use crate::{ClassIndex, Pick, Quota};

/// The key of every sample of an epoch.
pub(super) enum Keys<'a> {
    Highest(&'a [f32]),
    Lowest(&'a [f32]),
    Random { seed: u64, epoch: usize, purpose: Purpose },
}

impl<'a> Keys<'a> {
    /// The keys of a pick; `scores` are `None` before the first measurement.
    pub(super) fn new(pick: Pick, scores: Option<&'a [f32]>, seed: u64, epoch: usize) -> Self {
        match (pick, scores) {
            (Pick::Highest, Some(scores)) => Keys::Highest(scores),
            (Pick::Lowest, Some(scores)) => Keys::Lowest(scores),
            (Pick::Redraw, _) => Keys::Random { seed, epoch, purpose: Purpose::Redraw },
            _ => Keys::Random { seed, epoch: 0, purpose: Purpose::StandIn },
        }
    }

    /// Calls `visit(sample, key)` for each sample in order.
    fn visit(&self, num_samples: usize, mut visit: impl FnMut(usize, u32)) {
        match *self {
            Keys::Highest(scores) => scores.iter().enumerate().for_each(|(i, &score)| visit(i, key_of_score(score))),
            Keys::Lowest(scores) => scores.iter().enumerate().for_each(|(i, &score)| visit(i, !key_of_score(score))),
            Keys::Random { seed, epoch, purpose } => {
                let mut words = Words::new(seed, epoch, purpose, 0);
                (0..num_samples).for_each(|i| visit(i, words.next()));
            }
        }
    }
}

/// A `u32` that sorts like the score; -0 ties with 0.
fn key_of_score(score: f32) -> u32 {
    let bits = (score + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// Where a selection ends: everything above `key`, and of what has just that key the `ties` first.
#[derive(Debug, Clone, Copy)]
struct Threshold {
    key: u32,
    ties: usize,
}

impl Threshold {
    /// The threshold above which lie `count` of these keys; leaves them in another order.
    fn new(keys: &mut [u32], count: usize) -> Self {
        if count == 0 {
            return Self { key: u32::MAX, ties: 0 };
        }
        let (above, &mut key, _) = keys.select_nth_unstable_by(count - 1, |a, b| b.cmp(a));
        Self { key, ties: count - above.iter().filter(|&&other| other > key).count() }
    }

    /// Whether the next sample in order is in; ties are counted down.
    fn takes(&mut self, key: u32) -> bool {
        if key != self.key || self.ties == 0 {
            return key > self.key;
        }
        self.ties -= 1;
        true
    }
}

/// Writes the samples of a quota to `out`, ascending, copies adjacent.
pub(super) fn select(classes: &ClassIndex, quota: &Quota, keys: &Keys<'_>, out: &mut Vec<u32>) {
    match quota {
        Quota::Ranks(window) => select_window(classes.num_samples(), window, keys, out),
        Quota::PerClass(quotas) => select_by_class(classes, quotas, keys, out),
    }
}

fn select_by_class(classes: &ClassIndex, quotas: &[usize], keys: &Keys<'_>, out: &mut Vec<u32>) {
    let counts = classes.counts();
    if quotas == counts {
        return out.extend(0..classes.num_samples() as u32);
    }
    let mut by_class = vec![0; classes.num_samples()];
    let mut next = classes.starts().to_vec();
    keys.visit(classes.num_samples(), |sample, key| {
        let rank = classes.ranks()[sample] as usize;
        by_class[next[rank]] = key;
        next[rank] += 1;
    });
    let mut slices = Vec::with_capacity(counts.len());
    let mut rest = by_class.as_mut_slice();
    for &count in counts {
        let (slice, tail) = rest.split_at_mut(count);
        slices.push(slice);
        rest = tail;
    }
    let mut thresholds: Vec<Threshold> =
        slices.into_par_iter().zip(quotas).map(|(keys, &quota)| Threshold::new(keys, quota % keys.len())).collect();
    keys.visit(classes.num_samples(), |sample, key| {
        let rank = classes.ranks()[sample] as usize;
        let copies = quotas[rank] / counts[rank] + usize::from(thresholds[rank].takes(key));
        out.extend(std::iter::repeat_n(sample as u32, copies));
    });
}

fn select_window(num_samples: usize, window: &std::ops::Range<usize>, keys: &Keys<'_>, out: &mut Vec<u32>) {
    if *window == (0..num_samples) {
        return out.extend(0..num_samples as u32);
    }
    let mut all = Vec::with_capacity(num_samples);
    keys.visit(num_samples, |_, key| all.push(key));
    let (mut end, mut start) = (Threshold::new(&mut all, window.end), Threshold::new(&mut all, window.start));
    keys.visit(num_samples, |sample, key| {
        let (before_end, before_start) = (end.takes(key), start.takes(key));
        if before_end && !before_start {
            out.push(sample as u32);
        }
    });
}

/// Writes `quotas[rank]` uniform draws from each class to `out`, ascending, copies adjacent.
pub(super) fn draw(classes: &ClassIndex, quotas: &[usize], seed: u64, epoch: usize, out: &mut Vec<u32>) {
    for (rank, &quota) in quotas.iter().enumerate() {
        let members = classes.members(rank);
        let mut words = Words::new(seed, epoch, Purpose::Replacement, rank as u32);
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
        for (rank, &quota) in quotas.iter().enumerate() {
            let mut first = classes.members(rank).to_vec();
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
            let score = |&(_, score, negative): &(u8, i8, bool)| f32::from(score) / 2.0 * if negative { -1.0 } else { 1.0 };
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
            select(&classes, &Quota::PerClass(quotas.clone()), &keys, &mut list);
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
            select(&ClassIndex::new(&labels).unwrap(), &Quota::Ranks(a..b), &Keys::Highest(&scores), &mut list);
            prop_assert_eq!(list, expected);
        }

        #[test]
        fn keys_sort_like_scores(a: f32, b: f32) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(key_of_score(a).cmp(&key_of_score(b)), a.partial_cmp(&b).unwrap());
        }
    }
}
