//! How a network is trained: its learning rate, and the way of its authors where that is known.

use serde::{Deserialize, Serialize};

/// A network's training as its authors do it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// Batches, pretraining and regularisation.
    pub native: Native,
    /// The learning rate of the first step.
    pub rate: LearningRate,
    /// Gradient steps, without those of pretraining.
    pub steps: usize,
}

/// How the authors of a network train it: every step on a full batch. An epoch of a schedule is a block of such steps on
/// its samples, and measured at its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Native {
    /// Steps in an epoch of a schedule.
    pub block: usize,
    /// Steps on the modalities' heads alone, with all samples, before the others and not counted among them; a measurement
    /// follows. Learning rate 1e-3, and an optimiser of its own.
    pub pretraining: usize,
    /// Steps after which the learning rate falls to a fifth, again and again; none: it stays.
    pub fall: Option<usize>,
    /// Learning rate of the fusion as a multiple of the others'.
    pub fusion: f64,
    /// L2, added to the gradient.
    pub weight_decay: f64,
}

/// The learning rate over the steps of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LearningRate {
    /// At the first step.
    pub start: f64,
    /// Whether it falls to 0 along half a cosine.
    pub cosine: bool,
}

impl LearningRate {
    /// At step `step` of `steps`, from 0; a run's own way to fall comes on top.
    #[must_use]
    pub fn at(self, step: usize, steps: usize) -> f64 {
        let share = step as f64 / steps as f64;
        if self.cosine { self.start * 0.5 * (1.0 + (std::f64::consts::PI * share).cos()) } else { self.start }
    }
}
