//! Randomness as a function: a stream of 32-bit words depends on seed, epoch, purpose and index, and on nothing else.
//!
//! These four are the ChaCha8 key. So seed 42 in epoch 3 and seed 43 in epoch 2 share no words. No release of `rand`
//! can change a user's run. Source: `docs/algorithm.md`, "Which, and in what order".

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Purpose of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Purpose {
    /// Keys in place of scores. All epochs use those of epoch 0.
    StandIn = 0,
    /// Keys of a random ranking, new in each epoch.
    Redraw = 1,
    /// Draws with replacement; the index is the class.
    Replacement = 2,
    /// The order of training; index 0 deals to buckets, index k + 1 shuffles bucket k.
    Order = 3,
    /// Ties among the groups of a split: one word for each group.
    Split = 4,
    /// The order of blocks of a file.
    Blocks = 5,
}

/// A stream of uniform 32-bit words.
pub(crate) struct Words(ChaCha8Rng);

impl Words {
    pub(crate) fn new(seed: u64, epoch: usize, purpose: Purpose, index: u32) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(b"climd/1\0");
        key[8..16].copy_from_slice(&seed.to_le_bytes());
        key[16..24].copy_from_slice(&(epoch as u64).to_le_bytes());
        key[24..28].copy_from_slice(&(purpose as u32).to_le_bytes());
        key[28..].copy_from_slice(&index.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Skips the first `words` of the stream, which must be unused.
    pub(crate) fn skip(&mut self, words: usize) {
        self.0.set_word_pos(words as u128);
    }

    pub(crate) fn next(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A uniform number in `0..n`, without bias. `n` is above 0.
    ///
    /// # Source
    /// Lemire, "Fast random integer generation in an interval", 2019.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        loop {
            let product = u64::from(self.next()) * u64::from(n);
            let low = product as u32;
            // 2^32 mod n is below n, so the division is needed only where `low` is.
            if low >= n || low >= n.wrapping_neg() % n {
                return (product >> 32) as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changing these words changes every user's runs: a breaking release and a changelog line.
    #[test]
    fn streams_are_the_pinned_ones() {
        let golden: serde_json::Value = serde_json::from_str(include_str!("../../tests/golden/order.json")).unwrap();
        for case in golden["streams"].as_array().unwrap() {
            let purposes = [Purpose::StandIn, Purpose::Redraw, Purpose::Replacement, Purpose::Order];
            let field = |name: &str| case[name].as_u64().unwrap();
            let purpose = purposes[field("purpose") as usize];
            let mut words = Words::new(field("seed"), field("epoch") as usize, purpose, field("index") as u32);
            for word in case["words"].as_array().unwrap() {
                assert_eq!(u64::from(words.next()), word.as_u64().unwrap(), "{case}");
            }
        }
    }

    #[test]
    fn small_bounds_are_hit_evenly() {
        let mut words = Words::new(1, 2, Purpose::Redraw, 0);
        let mut hits = [0u32; 3];
        (0..30_000).for_each(|_| hits[words.below(3) as usize] += 1);
        assert!(hits.iter().all(|&n| (9_700..10_300).contains(&n)), "{hits:?}"); // 3.7 standard deviations
    }

    #[test]
    fn below_one_is_zero_and_below_the_largest_is_any() {
        let mut words = Words::new(1, 2, Purpose::Redraw, 0);
        assert_eq!(words.below(1), 0);
        assert!((0..100).map(|_| words.below(u32::MAX)).any(|x| x > u32::MAX / 2));
    }
}
