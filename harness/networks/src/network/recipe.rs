//! How a network is trained: its learning rate, and the training of its authors if it is known.

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

/// How the authors of a network train it: every step is a full batch. An epoch of a schedule is a block of such steps
/// on its samples. Scores are measured at its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Native {
    /// Steps in an epoch of a schedule.
    pub block: usize,
    /// Steps of pretraining: the modalities' heads alone, with all samples. They come first, do not count as steps, and
    /// a measurement follows. Learning rate 1e-3, with its own optimiser.
    pub pretraining: usize,
    /// Number of steps after which the learning rate falls to a fifth, repeatedly. None: it stays.
    pub fall: Option<usize>,
    /// Learning rate of the fusion, as a multiple of that of all other parameters.
    pub fusion: f64,
    /// L2, added to the gradient.
    pub weight_decay: f64,
}

/// The learning rate over the steps of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LearningRate {
    /// The rate at the first step.
    pub start: f64,
    /// Whether it falls to 0 along half a cosine.
    pub cosine: bool,
}

impl LearningRate {
    /// The rate at step `step` of `steps`, from 0. The falls of native training come on top.
    #[must_use]
    pub fn at(self, step: usize, steps: usize) -> f64 {
        let share = step as f64 / steps as f64;
        if self.cosine { self.start * 0.5 * (1.0 + (std::f64::consts::PI * share).cos()) } else { self.start }
    }
}
