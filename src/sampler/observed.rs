//! What the sampler keeps of scores that come piece by piece, from training steps: one word for each sample.
//!
//! A finite `f32` is the score that the running epoch has observed, which ranks from the next epoch on. The other
//! patterns of bits, which are NaN as `f32`, say which epoch the score in use is of. So both fit into 4 bytes. The age
//! of a score that has a newer one waiting is not kept.

use super::report::ScoreAges;

/// A sample that has no score yet.
const UNSEEN: u32 = u32::MAX;
/// A sample whose score waits on another process, or whose scores were dropped.
const OTHER: u32 = UNSEEN - 1;
/// The score in use is of epoch 0; the next patterns are of the next epochs.
const EPOCH_0: u32 = 0xFF80_0001; // a negative NaN, as all above it
/// Epochs from here on have no pattern.
pub(crate) const MAX_EPOCH: usize = (OTHER - EPOCH_0) as usize;

/// One word for each sample, and the epochs that they belong to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Observed {
    /// Empty until something is observed.
    words: Vec<u32>,
    /// The epoch whose observations wait.
    pub(crate) running: Option<usize>,
    /// The latest epoch whose observations are in use.
    pub(crate) over: Option<usize>,
}

impl Observed {
    /// Nothing is observed, and all `n` samples have a score of this epoch, or none.
    pub(crate) fn new(n: usize, measured_at: Option<usize>) -> Self {
        Self { words: vec![measured_at.map_or(UNSEEN, word_of_epoch); n], running: None, over: None }
    }

    /// As after a restore without scores: which epoch was the latest is all that is known.
    pub(super) fn dropped(over: Option<usize>) -> Self {
        Self { words: Vec::new(), running: None, over }
    }

    /// Makes room for `n` samples.
    pub(crate) fn fill(&mut self, n: usize) {
        self.words.resize(n, OTHER);
    }

    /// Notes a finite score of the running epoch. An earlier one of it is replaced.
    pub(crate) fn note(&mut self, sample: u32, score: f32) {
        self.words[sample as usize] = score.to_bits();
    }

    /// Samples and bits of scores that wait, in turn, ascending.
    pub(crate) fn waiting(&self) -> Vec<u32> {
        let waits = |(&word, sample): (&u32, u32)| is_score(word).then_some([sample, word]);
        self.words.iter().zip(0..).filter_map(waits).flatten().collect()
    }

    /// Puts the scores that wait to use: `scores` are those of the samples from `first` on, NaN where there is none.
    /// `factor` is the weight of a new score against the old one. Returns the number of samples with a new score.
    pub(crate) fn renew(&mut self, scores: &mut [f32], first: usize, factor: f64) -> usize {
        let Some(epoch) = self.running.take() else { return 0 };
        self.over = Some(epoch);
        for (old, &word) in scores.iter_mut().zip(&self.words[first..]) {
            if is_score(word) {
                *old = mean(*old, f32::from_bits(word), factor);
            }
        }
        let (mut renewed, code) = (0, word_of_epoch(epoch));
        for word in self.words.iter_mut().filter(|word| is_score(**word)) {
            *word = code;
            renewed += 1;
        }
        renewed
    }

    /// Drops what waits, as no later epoch needs it.
    pub(crate) fn drop_waiting(&mut self) {
        let latest = self.running.take().or(self.over);
        *self = Self::dropped(latest);
    }

    /// How old the scores are. What waits is counted by itself.
    pub(super) fn ages(&self) -> ScoreAges {
        let mut ages = ScoreAges::default();
        for &word in &self.words {
            if is_score(word) {
                ages.waiting += 1;
            } else if word == UNSEEN {
                ages.unseen += 1;
            } else if let Some(epoch) = epoch_of_word(word) {
                ages.oldest = Some(ages.oldest.map_or(epoch, |oldest| oldest.min(epoch)));
                if ages.newest.is_none_or(|newest| newest < epoch) {
                    (ages.newest, ages.renewed) = (Some(epoch), 0);
                }
                ages.renewed += usize::from(ages.newest == Some(epoch));
            }
        }
        ages
    }

    /// For each sample a small number: 0 no score, 1 a score that waits, else 2 and the epoch of the score.
    pub(super) fn to_numbers(&self) -> Vec<u32> {
        let number = |&word: &u32| match word {
            UNSEEN => 0,
            _ => epoch_of_word(word).map_or(1, |epoch| epoch as u32 + 2),
        };
        self.words.iter().map(number).collect()
    }

    /// What [`to_numbers`](Self::to_numbers) gave, without what waits. None if a number is too large.
    pub(super) fn from_numbers(numbers: &[u32], running: Option<usize>, over: Option<usize>) -> Option<Self> {
        let word = |&number: &u32| match number {
            0 => Some(UNSEEN),
            1 => Some(OTHER),
            _ => Some(number as usize - 2).filter(|epoch| *epoch < MAX_EPOCH).map(word_of_epoch),
        };
        Some(Self { words: numbers.iter().map(word).collect::<Option<_>>()?, running, over })
    }
}

fn is_score(word: u32) -> bool {
    f32::from_bits(word).is_finite()
}

fn word_of_epoch(epoch: usize) -> u32 {
    EPOCH_0 + epoch.min(MAX_EPOCH - 1) as u32
}

fn epoch_of_word(word: u32) -> Option<usize> {
    (EPOCH_0..OTHER).contains(&word).then(|| (word - EPOCH_0) as usize)
}

/// The new score itself if its factor is 1, or if there is no old one.
fn mean(old: f32, new: f32, factor: f64) -> f32 {
    if factor == 1.0 || old.is_nan() {
        return new;
    }
    ((1.0 - factor) * f64::from(old) + factor * f64::from(new)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_word_is_a_score_or_an_epoch_and_never_both(bits: u32, epoch in 0..MAX_EPOCH) {
            let score = f32::from_bits(bits);
            prop_assert_eq!(is_score(bits), score.is_finite());
            prop_assert_eq!(epoch_of_word(word_of_epoch(epoch)), Some(epoch));
            prop_assert!(!is_score(word_of_epoch(epoch)));
            prop_assert!(![UNSEEN, OTHER].contains(&word_of_epoch(epoch)));
        }

        #[test]
        fn numbers_come_back(epochs in proptest::collection::vec(proptest::option::of(0..MAX_EPOCH), 1..20)) {
            let words = epochs.iter().map(|epoch| epoch.map_or(UNSEEN, word_of_epoch)).collect();
            let observed = Observed { words, running: Some(3), over: None };
            prop_assert_eq!(Observed::from_numbers(&observed.to_numbers(), Some(3), None), Some(observed));
        }
    }

    #[test]
    fn a_factor_of_one_is_the_new_score_to_the_bit() {
        assert_eq!(mean(5.0, -0.0, 1.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!(mean(f32::MAX, 1e-40, 1.0), 1e-40);
        assert_eq!(mean(f32::NAN, 0.3, 0.1), 0.3);
        assert_eq!(mean(1.0, 2.0, 0.25), 1.25);
    }
}
