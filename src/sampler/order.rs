//! Order of training: a seeded permutation, the same on every platform and thread count.
//!
//! A list that fits the cache is shuffled directly. A longer list is dealt at random to buckets that fit the cache, and
//! each bucket is shuffled by itself, on any number of threads. It is dealt stretch by stretch, each within the cache;
//! then every bucket collects its pieces from all stretches. The permutation is exactly uniform, and there is no cache
//! miss for each sample. Source: Rao 1961, Sandelius 1962; `docs/algorithm.md`, "Which, and in what order".

use rayon::prelude::*;

use super::random::{Purpose, Words};
use super::scatter::{room, split};

/// The longest list with a single bucket.
const BUCKET: usize = 1 << 14;
/// At most 2^16 buckets, so that half a word picks one.
const MAX_BITS: u32 = 16;
/// The length of a stretch, unless pieces of buckets would then be shorter than [`PIECE`].
const STRETCH: usize = 1 << 15;
/// The mean length of a piece, at the least: the tables of where they start are small beside the list.
const PIECE: usize = 1 << 6;

/// Puts `list` into the training order of the epoch. `spare` lends its memory.
pub(super) fn order(list: &mut [u32], spare: &mut Vec<u32>, seed: u64, epoch: usize) {
    let bits = bits_of(list.len());
    if bits == 0 {
        return shuffle(list, 0, seed, epoch);
    }
    by_buckets(list, room(spare, list.len()), (bits, STRETCH.max(PIECE << bits)), seed, epoch);
}

/// As [`order`], with `1 << bits` buckets and stretches of a given length, on which the order does not depend.
fn by_buckets(list: &mut [u32], spare: &mut [u32], (bits, stretch): (u32, usize), seed: u64, epoch: usize) {
    let deal = |memory: &mut Vec<u32>, (at, (list, dealt)): (usize, (&[u32], &mut [u32]))| {
        let buckets = buckets(at * stretch, list.len(), bits, seed, epoch);
        // where it stays in the cache, whereas `dealt` is not there yet
        memory.resize(list.len(), 0);
        let starts = deal(list, &buckets, 1 << bits, memory);
        dealt.copy_from_slice(memory);
        starts
    };
    let stretches = list.par_chunks(stretch).zip(spare.par_chunks_mut(stretch)).enumerate();
    let starts: Vec<Vec<u32>> = stretches.map_init(Vec::new, deal).collect();
    let range = |starts: &[u32], bucket: usize| starts[bucket] as usize..starts[bucket + 1] as usize;
    let size = |bucket: usize| starts.iter().map(|starts| range(starts, bucket).len()).sum();
    let sizes: Vec<usize> = (0..1 << bits).map(size).collect();
    split(list, &sizes).into_par_iter().enumerate().for_each(|(bucket, samples)| {
        let mut rest = &mut *samples;
        for (dealt, starts) in spare.chunks(stretch).zip(&starts) {
            let piece = &dealt[range(starts, bucket)];
            let (here, others) = rest.split_at_mut(piece.len());
            here.copy_from_slice(piece);
            rest = others;
        }
        shuffle(samples, bucket, seed, epoch);
    });
}

/// Writes the samples of bucket 0 to `dealt`, then those of bucket 1, and so on, each in their order in `list`. Returns
/// where each starts, and the end.
fn deal(list: &[u32], buckets: &[u16], num_buckets: usize, dealt: &mut [u32]) -> Vec<u32> {
    let mut starts = vec![0u32; num_buckets + 1];
    buckets.iter().for_each(|&bucket| starts[usize::from(bucket) + 1] += 1);
    for bucket in 0..num_buckets {
        starts[bucket + 1] += starts[bucket];
    }
    let mut next = starts.clone();
    for (&sample, &bucket) in list.iter().zip(buckets) {
        let next = &mut next[usize::from(bucket)];
        dealt[*next as usize] = sample;
        *next += 1;
    }
    starts
}

/// A list of this length has `1 << bits_of(len)` buckets.
pub(crate) fn bits_of(len: usize) -> u32 {
    (0..MAX_BITS).find(|&bits| len <= BUCKET << bits).unwrap_or(MAX_BITS)
}

/// Shuffles the samples of one bucket.
pub(crate) fn shuffle(samples: &mut [u32], bucket: usize, seed: u64, epoch: usize) {
    fisher_yates(samples, &mut Words::new(seed, epoch, Purpose::Order, bucket as u32 + 1));
}

/// The bucket of each of `len` places of the list, from place `first` on. `bits` is above 0. One random word serves two
/// places: its low half, then its high half.
pub(crate) fn buckets(first: usize, len: usize, bits: u32, seed: u64, epoch: usize) -> Vec<u16> {
    let mut words = Words::new(seed, epoch, Purpose::Order, 0);
    words.skip(first / 2);
    let mut buckets = vec![0; len];
    let shift = MAX_BITS - bits;
    let (head, rest) = buckets.split_at_mut(len.min(first % 2));
    head.fill_with(|| (words.next() >> 16 >> shift) as u16);
    let (pairs, last) = rest.as_chunks_mut();
    for pair in pairs {
        let word = words.next();
        *pair = [((word & 0xFFFF) >> shift) as u16, (word >> 16 >> shift) as u16];
    }
    last.fill_with(|| ((words.next() & 0xFFFF) >> shift) as u16);
    buckets
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
    fn the_order_does_not_depend_on_the_stretches() {
        let start: Vec<u32> = (0..70_001).collect();
        let expected = naive(&start, 3, 5);
        for stretch in [999, 1 << 15, 65_537, 70_001, 1 << 20] {
            let mut list = start.clone();
            by_buckets(&mut list, &mut vec![9; 70_001], (bits_of(70_001), stretch), 3, 5);
            assert!(list == expected, "stretches of {stretch}");
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
