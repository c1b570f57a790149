//! Order of training: a seeded permutation, the same on every platform and thread count.
//!
//! A list that fits the cache is shuffled directly. A longer list is dealt at random to buckets that fit the cache, and
//! each bucket is shuffled by itself, on any number of threads. The permutation is exactly uniform, and there is no
//! cache miss for each sample. Source: Rao 1961, Sandelius 1962; `docs/algorithm.md`, "Which, and in what order".

use std::ops::Range;

use rayon::prelude::*;

use super::random::{Purpose, Words};
use super::scatter::{Items, scatter, split};

/// The longest list with a single bucket.
const BUCKET: usize = 1 << 14;
/// At most 2^16 buckets, so that half a word picks one.
const MAX_BITS: u32 = 16;

/// Puts `list` into the training order of the epoch. Uses the memory of `spare`, and may exchange the two.
pub(super) fn order(list: &mut Vec<u32>, spare: &mut Vec<u32>, seed: u64, epoch: usize) {
    let bits = bits_of(list.len());
    if bits == 0 {
        return shuffle(list, 0, seed, epoch);
    }
    spare.resize(list.len(), 0);
    let sizes = scatter(&Deal { list, bits, seed, epoch }, 1 << bits, None, spare);
    split(spare, &sizes).into_par_iter().enumerate().for_each(|(bucket, samples)| {
        shuffle(samples, bucket, seed, epoch);
    });
    std::mem::swap(list, spare);
}

/// A list of this length has `1 << bits_of(len)` buckets.
pub(crate) fn bits_of(len: usize) -> u32 {
    (0..MAX_BITS).find(|&bits| len <= BUCKET << bits).unwrap_or(MAX_BITS)
}

/// Shuffles the samples of one bucket.
pub(crate) fn shuffle(samples: &mut [u32], bucket: usize, seed: u64, epoch: usize) {
    fisher_yates(samples, &mut Words::new(seed, epoch, Purpose::Order, bucket as u32 + 1));
}

/// The bucket of each of `len` places of the list, from place `first` on. `bits` is above 0.
pub(crate) fn buckets(first: usize, len: usize, bits: u32, seed: u64, epoch: usize) -> Vec<u16> {
    let mut words = Words::new(seed, epoch, Purpose::Order, 0);
    words.skip(first / 2);
    let halves = std::iter::repeat_with(|| words.next()).flat_map(|word| [word & 0xFFFF, word >> 16]);
    halves.skip(first % 2).take(len).map(|half| (half >> (MAX_BITS - bits)) as u16).collect()
}

/// The bucket of each sample. One random word serves two samples: its low half, then its high half.
struct Deal<'a> {
    list: &'a [u32],
    bits: u32,
    seed: u64,
    epoch: usize,
}

impl Items for Deal<'_> {
    fn visit(&self, items: Range<usize>, mut to: impl FnMut(usize, u32)) {
        let mut words = Words::new(self.seed, self.epoch, Purpose::Order, 0);
        words.skip(items.start / 2);
        for pair in self.list[items].chunks(2) {
            let word = words.next();
            for (&sample, half) in pair.iter().zip([word & 0xFFFF, word >> 16]) {
                to((half >> (MAX_BITS - self.bits)) as usize, sample);
            }
        }
    }
}

pub(super) fn fisher_yates(list: &mut [u32], words: &mut Words) {
    for i in (1..list.len()).rev() {
        list.swap(i, words.below(i as u32 + 1) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Buckets as vectors, one thread: too simple to be wrong.
    fn naive(list: &[u32], seed: u64, epoch: usize) -> Vec<u32> {
        let bits = (0..=16).find(|&bits| bits == 16 || list.len() <= 1 << (14 + bits)).unwrap();
        let mut buckets = vec![Vec::new(); 1 << bits];
        let mut words = Words::new(seed, epoch, Purpose::Order, 0);
        for pair in list.chunks(2) {
            let word = if bits == 0 { 0 } else { words.next() };
            for (&sample, half) in pair.iter().zip([word & 0xFFFF, word >> 16]) {
                buckets[half as usize >> (16 - bits)].push(sample);
            }
        }
        for (bucket, index) in buckets.iter_mut().zip(1..) {
            fisher_yates(bucket, &mut Words::new(seed, epoch, Purpose::Order, index));
        }
        buckets.concat()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_length_is_a_permutation_equal_to_the_naive_one(
            len in prop_oneof![0usize..100, 16_000usize..17_000, 30_000usize..70_000], seed: u64, epoch in 0usize..1000,
        ) {
            let start: Vec<u32> = (0..len as u32).collect();
            let mut list = start.clone();
            order(&mut list, &mut Vec::new(), seed, epoch);
            prop_assert_eq!(&list, &naive(&start, seed, epoch));
            list.sort_unstable();
            prop_assert_eq!(list, start);
        }
    }

    #[test]
    fn buckets_are_known_from_any_place_on() {
        for (len, bits) in [(3, 1), (70_001, 3), (70_000, 16)] {
            let all = buckets(0, len, bits, 7, 3);
            assert!(all.iter().all(|&bucket| u32::from(bucket) < 1 << bits));
            for first in [1, 2, len / 3, len - 1, len] {
                assert_eq!(buckets(first, len - first, bits, 7, 3), all[first..], "{first} of {len}");
            }
        }
    }

    /// Changing these lists changes every user's runs: a breaking release and a changelog line.
    #[test]
    fn orders_are_the_pinned_ones() {
        let golden: serde_json::Value = serde_json::from_str(include_str!("../../tests/golden/order.json")).unwrap();
        for case in golden["orders"].as_array().unwrap() {
            let field = |name: &str| case[name].as_u64().unwrap();
            let mut list: Vec<u32> = (0..field("n") as u32).collect();
            order(&mut list, &mut Vec::new(), field("seed"), field("epoch") as usize);
            list.truncate(16);
            assert_eq!(serde_json::json!(list), case["first"], "n = {}", case["n"]);
        }
    }

    #[test]
    fn a_long_list_and_its_spare_change_places() {
        let (mut list, mut spare): (Vec<u32>, Vec<u32>) = ((0..40_000).collect(), Vec::with_capacity(40_000));
        let memory = (list.as_ptr(), spare.as_ptr());
        order(&mut list, &mut spare, 1, 2);
        assert_eq!((spare.as_ptr(), list.as_ptr()), memory); // nothing was allocated for the new list
    }

    #[test]
    fn every_permutation_of_four_comes_equally_often() {
        let mut seen = std::collections::HashMap::new();
        for seed in 0..24_000 {
            let mut list = vec![0, 1, 2, 3];
            order(&mut list, &mut Vec::new(), seed, 0);
            *seen.entry(list).or_insert(0u32) += 1;
        }
        assert_eq!(seen.len(), 24);
        let chi: f64 = seen.values().map(|&n| (f64::from(n) - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi < 49.7, "chi-squared of 23 degrees of freedom is {chi}"); // p = 0.001
    }
}
