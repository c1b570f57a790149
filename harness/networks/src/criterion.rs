//! The losses of the rows of a table, for the fused logits and for the heads.

use climd::{
    ClassIndex, Epoch, Result, effective_number_weights, focal_loss, inverse_frequency_weights, post_hoc_adjustment,
    prior_corrected_cross_entropy, weighted_cross_entropy,
};
use serde::{Deserialize, Serialize};
use tch::{Reduction, Tensor};

/// A loss and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Cross-entropy.
    CrossEntropy,
    /// Cross-entropy of `logits + tau * log prior`, with the prior of the epoch, on the fused logits and on every head
    /// (balanced softmax, Ren et al. 2020). Predictions are those of the plain logits.
    Prior {
        /// Strength; 1 is the full correction.
        tau: f64,
    },
    /// Cross-entropy; predictions are those of `logits - tau * log prior` of the training part (Menon et al. 2021).
    PostHoc {
        /// Strength; 1 is the full correction.
        tau: f64,
    },
    /// Cross-entropy weighted by `N / (C n_c)`, on the fused logits alone.
    Weighted,
    /// Cross-entropy weighted by the effective number of samples (Cui et al. 2019), on the fused logits alone.
    EffectiveNumber {
        /// In `[0, 1)`; 0.999 is usual.
        beta: f64,
    },
    /// Focal loss (Lin et al. 2017), on the fused logits alone.
    Focal {
        /// Focus; 2 is usual, 0 is cross-entropy.
        gamma: f64,
    },
}

/// A loss with the class counts of the training part and the class mix of the epoch.
#[derive(Debug)]
pub struct Criterion {
    loss: Loss,
    weights: Vec<f32>,
    training_prior: Vec<f32>,
    epoch_prior: Vec<f32>,
}

impl Criterion {
    /// The loss for a training part with these classes, and `num_logits` logits for each sample.
    ///
    /// # Errors
    /// Those of climd's losses, for parameters out of their ranges.
    pub fn new(loss: Loss, classes: &ClassIndex, num_logits: usize) -> Result<Self> {
        let weights = match loss {
            Loss::Weighted => inverse_frequency_weights(classes, num_logits)?,
            Loss::EffectiveNumber { beta } => effective_number_weights(classes, num_logits, beta)?,
            _ => Vec::new(),
        };
        let mut training_prior = vec![(0.5 / classes.num_samples() as f64).ln() as f32; num_logits];
        for (rank, &n) in classes.counts().iter().enumerate() {
            let share = n as f64 / classes.num_samples() as f64;
            training_prior[classes.label(rank) as usize] = share.ln() as f32; // labels are below num_logits
        }
        let criterion = Self { loss, weights, epoch_prior: training_prior.clone(), training_prior };
        // a parameter out of range is an error here, before any training
        let (logits, labels) =
            (Tensor::zeros([1, num_logits as i64], tch::kind::FLOAT_CPU), Tensor::from_slice(&[0i64]));
        let _ = (criterion.fused(&logits, &labels)?, criterion.scores(&logits)?);
        Ok(criterion)
    }

    /// Sets the class mix of an epoch. Call it before the first batch of every epoch.
    ///
    /// # Errors
    /// Those of [`Epoch::log_prior`].
    pub fn begin(&mut self, epoch: &Epoch) -> Result<()> {
        self.epoch_prior = epoch.log_prior(self.training_prior.len())?;
        Ok(())
    }

    /// Batch mean of the loss on the fused logits, `[n, C]`.
    ///
    /// # Errors
    /// Those of climd's losses.
    pub fn fused(&self, logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
        match self.loss {
            Loss::Weighted | Loss::EffectiveNumber { .. } => weighted_cross_entropy(logits, labels, &self.weights),
            Loss::Focal { gamma } => focal_loss(logits, labels, gamma, None),
            _ => self.head(logits, labels),
        }
    }

    /// Batch mean of the loss on the logits of a head, `[n, C]`: cross-entropy, or its correction for the prior.
    ///
    /// # Errors
    /// Those of climd's losses.
    pub fn head(&self, logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
        match self.loss {
            Loss::Prior { tau } => prior_corrected_cross_entropy(logits, labels, &self.epoch_prior, tau),
            _ => Ok(logits.f_cross_entropy_loss::<Tensor>(labels, None, Reduction::Mean, -100, 0.0)?),
        }
    }

    /// The loss of [`head`](Self::head) of every sample, `[n]`.
    ///
    /// # Errors
    /// Those of libtorch.
    pub fn each(&self, logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
        let logits = match self.loss {
            Loss::Prior { tau } => logits + Tensor::from_slice(&self.epoch_prior).to_device(logits.device()) * tau,
            _ => logits.shallow_clone(),
        };
        Ok(logits.f_cross_entropy_loss::<Tensor>(labels, None, Reduction::None, -100, 0.0)?)
    }

    /// Whether the fused logits have a loss of their own, which replaces the class weights of a network.
    #[must_use]
    pub fn is_for_fused_alone(&self) -> bool {
        matches!(self.loss, Loss::Weighted | Loss::EffectiveNumber { .. } | Loss::Focal { .. })
    }

    /// The values whose argmax is the prediction.
    ///
    /// # Errors
    /// Those of [`post_hoc_adjustment`].
    pub fn scores(&self, fused: &Tensor) -> Result<Tensor> {
        match self.loss {
            Loss::PostHoc { tau } => post_hoc_adjustment(fused, &self.training_prior, tau),
            _ => Ok(fused.shallow_clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use climd::schedule::ClassBalanced;
    use climd::{Curriculum, CurriculumSampler};

    fn criterion(loss: Loss) -> Result<Criterion> {
        Criterion::new(loss, &ClassIndex::new(&[0, 0, 0, 1])?, 3)
    }

    fn value(tensor: Tensor) -> f64 {
        f64::try_from(tensor).unwrap()
    }

    fn batch() -> (Tensor, Tensor) {
        (Tensor::from_slice2(&[[1.0f32, 0.0, 0.5], [0.2, 0.4, -1.0]]), Tensor::from_slice(&[0i64, 1]))
    }

    #[test]
    fn weights_and_focus_are_for_the_fused_logits_alone() {
        let (logits, labels) = batch();
        let plain = value(criterion(Loss::CrossEntropy).unwrap().fused(&logits, &labels).unwrap());
        for loss in [Loss::Weighted, Loss::EffectiveNumber { beta: 0.9 }, Loss::Focal { gamma: 2.0 }] {
            let criterion = criterion(loss).unwrap();
            assert!((value(criterion.fused(&logits, &labels).unwrap()) - plain).abs() > 1e-3);
            assert_eq!(value(criterion.head(&logits, &labels).unwrap()), plain);
        }
    }

    #[test]
    fn the_prior_is_that_of_the_epoch_on_every_head() {
        let (logits, labels) = batch();
        let mut criterion = criterion(Loss::Prior { tau: 1.0 }).unwrap();
        let of_the_data = value(criterion.head(&logits, &labels).unwrap());
        let sampler = Curriculum::new(&[0, 0, 0, 1], ClassBalanced).unwrap();
        criterion.begin(&sampler.epoch(0).unwrap()).unwrap();
        let of_the_epoch = value(criterion.head(&logits, &labels).unwrap());
        assert_eq!(value(criterion.fused(&logits, &labels).unwrap()), of_the_epoch);
        assert!((of_the_data - of_the_epoch).abs() > 1e-2, "{of_the_data} {of_the_epoch}");
        let each = criterion.each(&logits, &labels).unwrap();
        assert!((value(each.mean(tch::Kind::Float)) - of_the_epoch).abs() < 1e-6);
    }

    #[test]
    fn post_hoc_adjustment_changes_the_prediction_and_not_the_loss() {
        let (logits, labels) = (Tensor::from_slice2(&[[0.5f32, 0.0, -9.0]]), Tensor::from_slice(&[1i64]));
        let [plain, adjusted] = [Loss::CrossEntropy, Loss::PostHoc { tau: 1.0 }].map(|loss| criterion(loss).unwrap());
        assert_eq!(plain.fused(&logits, &labels).unwrap(), adjusted.fused(&logits, &labels).unwrap());
        let prediction = |criterion: &Criterion| criterion.scores(&logits).unwrap().argmax(1, false).int64_value(&[0]);
        assert_eq!((prediction(&plain), prediction(&adjusted)), (0, 1)); // ln 3 - ln 1 > 0.5
    }

    #[test]
    fn bad_parameters_are_refused_before_training() {
        for loss in [Loss::Focal { gamma: -1.0 }, Loss::EffectiveNumber { beta: 1.0 }, Loss::Prior { tau: f64::NAN }] {
            assert!(criterion(loss.clone()).is_err(), "{loss:?}");
        }
        assert!(criterion(Loss::PostHoc { tau: f64::NAN }).is_err());
    }
}
