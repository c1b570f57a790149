//! Metrics for samples with several labels. They agree with scikit-learn, also with ties and zero divisions.

use rayon::prelude::*;

use crate::Result;
use crate::error::{ArgumentError, MeasureError, TargetError};
use crate::labels::check_table;

/// Metrics of scores for samples with several labels. Unknown entries do not count.
///
/// Ranking metrics (average precision, AUC) take logits or probabilities. F1 needs a threshold for each label: tune the
/// thresholds on validation data, with [`tuned_thresholds`](Self::tuned_thresholds), never on test data.
///
/// # Examples
/// ```
/// use climd::LabelMetrics;
/// let targets = [1, 0,   0, 1,   1, 0,   0, -1]; // four samples, two labels; -1: unknown
/// let scores = [0.9, 0.4,   0.6, 0.3,   0.5, 0.1,   0.2, 0.8];
/// let metrics = LabelMetrics::new(&targets, &scores, 2)?;
/// assert_eq!(metrics.average_precision(), [0.5 + 0.5 * 2.0 / 3.0, 0.5]);
/// assert_eq!(metrics.auc(), [0.75, 0.5]);
/// let thresholds = metrics.tuned_thresholds();
/// assert_eq!(thresholds, [0.5, 0.3]);
/// assert!((metrics.macro_f1(&thresholds)? - (0.8 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LabelMetrics {
    labels: Vec<Ranking>,
}

/// Known samples of one label, the highest score first.
#[derive(Debug, Clone, PartialEq)]
struct Ranking {
    places: Vec<(f32, bool)>,
    positives: usize,
}

impl LabelMetrics {
    /// Compares scores with targets.
    ///
    /// # Shapes
    /// `targets`: `[N, num_labels]` of 1 (has it), 0 (has it not) and -1 (unknown); `scores`: `[N, num_labels]`, higher
    /// is more likely. Both row-major.
    ///
    /// # Errors
    /// [`ArgumentError::OutOfRange`] for `num_labels` of 0; [`ArgumentError::Empty`]; [`ArgumentError::Length`] for
    /// lengths that differ or are not whole rows;
    /// [`TargetError::MultiHot`]; [`MeasureError::ScoreNotFinite`].
    pub fn new(targets: &[i8], scores: &[f32], num_labels: usize) -> Result<Self> {
        check_table("targets", targets.len(), num_labels, "whole rows of `num_labels` values, at least 1")?;
        if scores.len() != targets.len() {
            let (found, expected, rule) = (scores.len(), targets.len(), "one score for each target");
            return Err(ArgumentError::Length { argument: "scores".into(), found, expected, rule }.into());
        }
        if let Some(at) = targets.iter().position(|value| !(-1..=1).contains(value)) {
            let (sample, label) = (at / num_labels, at % num_labels);
            return Err(TargetError::MultiHot { sample, label, found: targets[at].into() }.into());
        }
        if let Some(index) = scores.iter().position(|score| !score.is_finite()) {
            return Err(MeasureError::ScoreNotFinite { index, value: scores[index] }.into());
        }
        let ranking = |label: usize| {
            let column = (label..targets.len()).step_by(num_labels).filter(|&at| targets[at] >= 0);
            let mut places: Vec<(f32, bool)> = column.map(|at| (scores[at], targets[at] == 1)).collect();
            places.par_sort_by(|a, b| (b.0 + 0.0).total_cmp(&(a.0 + 0.0))); // -0.0 is 0.0
            let positives = places.iter().filter(|(_, positive)| *positive).count();
            Ranking { places, positives }
        };
        Ok(Self { labels: (0..num_labels).into_par_iter().map(ranking).collect() })
    }

    /// Area under the precision-recall curve, as a sum of steps: `[L]`, in `[0, 1]`; 0 for a label that no sample has.
    pub fn average_precision(&self) -> Vec<f64> {
        self.labels.iter().map(Ranking::average_precision).collect()
    }

    /// Mean of [`average_precision`](Self::average_precision) over all labels.
    pub fn mean_average_precision(&self) -> f64 {
        mean(&self.average_precision())
    }

    /// Area under the ROC curve: `[L]`, in `[0, 1]`; NaN for a label that no sample has, or all samples have.
    pub fn auc(&self) -> Vec<f64> {
        self.labels.iter().map(Ranking::auc).collect()
    }

    /// Mean of [`auc`](Self::auc) over the labels where it is not NaN; NaN if there are none.
    pub fn mean_auc(&self) -> f64 {
        mean(&self.auc().into_iter().filter(|auc| !auc.is_nan()).collect::<Vec<_>>())
    }

    /// F1 of each label, `[L]`, in `[0, 1]`. A label is predicted if its score is at least its threshold.
    ///
    /// # Errors
    /// [`ArgumentError::Length`] unless there is one threshold for each label.
    pub fn f1(&self, thresholds: &[f32]) -> Result<Vec<f64>> {
        Ok(self.predictions(thresholds)?.into_iter().map(Predictions::f1).collect())
    }

    /// Mean F1 over all labels. A rare label counts as much as a frequent one.
    ///
    /// # Errors
    /// As [`f1`](Self::f1).
    pub fn macro_f1(&self, thresholds: &[f32]) -> Result<f64> {
        Ok(mean(&self.f1(thresholds)?))
    }

    /// F1 of all entries together. A label that many samples have counts more than a rare one.
    ///
    /// # Errors
    /// As [`f1`](Self::f1).
    pub fn micro_f1(&self, thresholds: &[f32]) -> Result<f64> {
        let sum = |a: Predictions, b: Predictions| Predictions {
            right: a.right + b.right,
            predicted: a.predicted + b.predicted,
            positives: a.positives + b.positives,
        };
        Ok(self.predictions(thresholds)?.into_iter().reduce(sum).map_or(0.0, Predictions::f1))
    }

    /// The threshold with the best F1 for each label, `[L]`; of equally good ones the highest. It is one of the scores,
    /// or infinite for a label that no sample has.
    pub fn tuned_thresholds(&self) -> Vec<f32> {
        self.labels.iter().map(Ranking::tuned).collect()
    }

    fn predictions(&self, thresholds: &[f32]) -> Result<Vec<Predictions>> {
        if thresholds.len() != self.labels.len() {
            let (found, expected, rule) = (thresholds.len(), self.labels.len(), "one for each label");
            return Err(ArgumentError::Length { argument: "thresholds".into(), found, expected, rule }.into());
        }
        Ok(self.labels.iter().zip(thresholds).map(|(label, &threshold)| label.predictions(threshold)).collect())
    }
}

/// Counts of one label at a threshold.
#[derive(Debug, Clone, Copy)]
struct Predictions {
    right: usize,
    predicted: usize,
    positives: usize,
}

impl Predictions {
    fn f1(self) -> f64 {
        let whole = self.predicted + self.positives;
        if whole == 0 { 0.0 } else { 2.0 * self.right as f64 / whole as f64 }
    }
}

impl Ranking {
    /// Number of samples and of positives, down to the end of each run of equal scores.
    fn steps(&self) -> impl Iterator<Item = (f32, usize, usize)> + '_ {
        let (mut samples, mut positives) = (0, 0);
        self.places.chunk_by(|a, b| a.0 == b.0).map(move |equal| {
            samples += equal.len();
            positives += equal.iter().filter(|(_, positive)| *positive).count();
            (equal[0].0, samples, positives)
        })
    }

    fn average_precision(&self) -> f64 {
        let mut before = 0;
        let area = self.steps().map(|(_, samples, positives)| {
            let gained = positives - std::mem::replace(&mut before, positives);
            gained as f64 / self.positives as f64 * (positives as f64 / samples as f64)
        });
        if self.positives == 0 { 0.0 } else { area.sum() }
    }

    fn auc(&self) -> f64 {
        let negatives = self.places.len() - self.positives;
        if self.positives == 0 || negatives == 0 {
            return f64::NAN;
        }
        // in integers: pairs in the right order count two, ties one
        let (mut twice, mut before) = (0u128, (0, 0));
        for (_, samples, positives) in self.steps() {
            let (fresh, passed) = (positives - before.1, before.0 - before.1);
            let equal = samples - before.0 - fresh;
            // negatives that come after, and those that tie
            twice += fresh as u128 * (2 * (negatives - passed - equal) + equal) as u128;
            before = (samples, positives);
        }
        twice as f64 / (2.0 * self.positives as f64 * negatives as f64)
    }

    fn predictions(&self, threshold: f32) -> Predictions {
        let predicted = self.places.partition_point(|&(score, _)| score >= threshold);
        let right = self.places[..predicted].iter().filter(|(_, positive)| *positive).count();
        Predictions { right, predicted, positives: self.positives }
    }

    fn tuned(&self) -> f32 {
        let (mut best, mut threshold) = ((0u128, 1u128), f32::INFINITY);
        for (score, samples, right) in self.steps() {
            let this = (right as u128, (samples + self.positives) as u128);
            if this.0 * best.1 > best.0 * this.1 {
                (best, threshold) = (this, score);
            }
        }
        threshold
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
