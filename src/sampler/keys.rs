//! The key of a sample: a 32-bit number that sorts like its score.

use std::ops::Range;

/// Number of samples in the stretch of one thread.
pub(super) const CHUNK: usize = 1 << 17;

/// Samples whose keys are computed together.
const BLOCK: usize = 512;

/// The key of every sample of an epoch.
pub(super) enum Keys<'a> {
    Highest(&'a [f32]),
    Lowest(&'a [f32]),
    Given(&'a [u32]),
}

impl<'a> Keys<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Keys::Highest(scores) | Keys::Lowest(scores) => scores.len(),
            Keys::Given(keys) => keys.len(),
        }
    }

    /// The key of one sample.
    pub(super) fn of(&self, sample: usize) -> u32 {
        match self {
            Keys::Highest(scores) => key_of_score(scores[sample]),
            Keys::Lowest(scores) => !key_of_score(scores[sample]),
            Keys::Given(keys) => keys[sample],
        }
    }

    /// Calls `visit(sample, key)` for each of these samples in order.
    pub(super) fn visit(&self, samples: Range<usize>, mut visit: impl FnMut(usize, u32)) {
        // keys of a block at a time: many at once, and `visit` is compiled in one place
        let mut memory = [0; BLOCK];
        for first in samples.clone().step_by(BLOCK) {
            let block = first..samples.end.min(first + BLOCK);
            block.clone().zip(self.block(block, &mut memory)).for_each(|(sample, &key)| visit(sample, key));
        }
    }

    /// The keys of these samples, at most a block.
    #[inline(always)]
    fn block<'b>(&'b self, samples: Range<usize>, memory: &'b mut [u32; BLOCK]) -> &'b [u32] {
        let keys = &mut memory[..samples.len()];
        match self {
            Keys::Highest(scores) => {
                keys.iter_mut().zip(&scores[samples]).for_each(|(key, &score)| *key = key_of_score(score));
            }
            Keys::Lowest(scores) => {
                keys.iter_mut().zip(&scores[samples]).for_each(|(key, &score)| *key = !key_of_score(score));
            }
            Keys::Given(keys) => return &keys[samples],
        }
        keys
    }

    /// A number that is smaller the earlier the sample comes. No two samples have the same.
    pub(super) fn place(&self, sample: u32) -> u64 {
        u64::from(!self.of(sample as usize)) << 32 | u64::from(sample)
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_sort_like_scores(a: f32, b: f32) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(key_of_score(a).cmp(&key_of_score(b)), a.partial_cmp(&b).unwrap());
        }
    }
}
