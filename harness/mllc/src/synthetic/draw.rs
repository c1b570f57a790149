//! Random numbers of the synthetic patients.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The random numbers of one patient.
#[derive(Debug)]
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// Seed and patient are the key, so that (1, 2) and (2, 1) share no numbers.
    pub(super) fn new(seed: u64, patient: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&patient.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// In `[low, high)`.
    pub(super) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(super) fn normal(&mut self, mean: f64, sd: f64) -> f64 {
        let (radius, angle) = (1.0 - self.uniform(0.0, 1.0), self.uniform(0.0, std::f64::consts::TAU));
        mean + sd * (-2.0 * radius.ln()).sqrt() * angle.cos() // Box and Muller
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.uniform(0.0, 1.0) < probability
    }

    /// A whole number in `low..=high`.
    pub(super) fn whole(&mut self, low: u32, high: u32) -> u32 {
        self.uniform(f64::from(low), f64::from(high) + 1.0) as u32
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.whole(0, items.len() as u32 - 1) as usize]
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.whole(0, last as u32) as usize);
        }
    }
}
