//! Dropout with a generator of its own.
//!
//! libtorch has one generator for the whole process, so runs on several threads would change each other.

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
        self.mask(x, |mask| mask, &x.size())
    }

    /// Applies a fresh mask for `n` samples to `x`, `[k, d]`, which holds the samples `nodes`, `[k]`.
    pub fn apply_to(&mut self, x: &Tensor, nodes: &Tensor, n: i64) -> Tensor {
        self.mask(x, |mask| mask.index_select(0, nodes), &[n, x.size()[1]])
    }

    fn mask(&mut self, x: &Tensor, part: impl Fn(Tensor) -> Tensor, shape: &[i64]) -> Tensor {
        if self.p == 0.0 {
            return x.shallow_clone();
        }
        self.words.resize(shape.iter().product::<i64>() as usize, 0);
        self.rng.fill_bytes(&mut self.words);
        let dropped = (self.p * 256.0).round();
        let words = part(Tensor::from_slice(&self.words).to_device(x.device()).view(shape));
        x * words.ge(dropped).to_kind(x.kind()) * (256.0 / (256.0 - dropped))
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
    fn some_samples_get_their_part_of_the_mask() {
        let (x, nodes) = (Tensor::ones([64, 3], tch::kind::FLOAT_CPU), Tensor::from_slice(&[5i64, 0, 40]));
        let all = Dropout::new(0.5, 7).apply(&x);
        let some = Dropout::new(0.5, 7).apply_to(&x.narrow(0, 0, 3), &nodes, 64);
        assert_eq!(some, all.index_select(0, &nodes));
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
