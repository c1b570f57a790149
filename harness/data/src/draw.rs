//! Seeded shuffles: the same on every platform, whatever the versions of other crates.
//!
//! Seed, purpose and class are the ChaCha8 key, so two classes of one split share no random words. The shuffle is our
//! own code: a release of `rand` may change its shuffle.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Purpose of random words. It is part of their key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Split = 1,
    Validation = 2,
    Slice = 3,
    Thin = 4,
    Noise = 5,
    OtherLabel = 6,
    Folds = 7,
}

/// Shuffles `items` (Fisher-Yates) by seed, purpose and stream.
pub(super) fn shuffle(items: &mut [usize], seed: u64, purpose: Purpose, stream: usize) {
    let mut random = stream_of(seed, purpose, stream);
    for last in (1..items.len()).rev() {
        items.swap(last, below(&mut random, last as u64 + 1) as usize);
    }
}

/// The random words for a purpose.
pub(super) fn stream_of(seed: u64, purpose: Purpose, stream: usize) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, stream as u64]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// A number in `0..bound`, exactly uniform (Lemire's multiplication with rejection).
pub(super) fn below(random: &mut impl Rng, bound: u64) -> u64 {
    let reject = bound.wrapping_neg() % bound;
    loop {
        let wide = u128::from(random.next_u64()) * u128::from(bound);
        if wide as u64 >= reject {
            return (wide >> 64) as u64;
        }
    }
}
