//! Dropout with a generator of its own.
//!
//! libtorch draws from one generator for the whole process, so that runs on several threads would disturb each other.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tch::Tensor;

/// Zeroes each value with probability `p` and scales the others by `1 / (1 - p)`.
#[derive(Debug)]
pub struct Dropout {
    p: f64,
    rng: ChaCha8Rng,
    words: Vec<u8>,
}

impl Dropout {
    /// Dropout with probability `p`, in `[0, 1)`, in steps of 1/256.
    #[must_use]
    pub fn new(p: f64, seed: u64) -> Self {
        Self { p, rng: ChaCha8Rng::seed_from_u64(seed), words: Vec::new() }
    }

    /// The tensor with a fresh mask.
    pub fn apply(&mut self, x: &Tensor) -> Tensor {
        if self.p == 0.0 {
            return x.shallow_clone();
        }
        self.words.resize(x.numel(), 0);
        self.rng.fill_bytes(&mut self.words);
        let dropped = (self.p * 256.0).round();
        let kept = Tensor::from_slice(&self.words).to_device(x.device()).ge(dropped).view_as(x);
        x * kept.to_kind(x.kind()) * (256.0 / (256.0 - dropped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_stays_and_the_share_is_p() {
        let x = Tensor::ones([100, 1000], tch::kind::FLOAT_CPU);
        let y = Dropout::new(0.25, 7).apply(&x);
        let zeros = f64::try_from(y.eq(0.0).to_kind(tch::Kind::Float).mean(tch::Kind::Float)).unwrap();
        assert!((zeros - 0.25).abs() < 0.005, "{zeros}"); // 3.6 standard deviations
        assert!((f64::try_from(y.mean(tch::Kind::Float)).unwrap() - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_seed_gives_one_mask_and_the_next_call_another() {
        let x = Tensor::ones([64], tch::kind::FLOAT_CPU);
        let (mut a, mut b) = (Dropout::new(0.5, 7), Dropout::new(0.5, 7));
        let first = a.apply(&x);
        assert_eq!(first, b.apply(&x));
        assert_ne!(first, a.apply(&x));
    }
}
