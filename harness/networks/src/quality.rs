//! How good the probabilities of a network are, and not only its predictions.

use anyhow::Result;
use climd::LabelMetrics;
use serde::{Deserialize, Deserializer, Serialize};
use tch::{Kind, Tensor};

/// Bins of the calibration error.
const BINS: usize = 15;
/// Logits are divided by `2^(k / 4)` for each `k` from minus this number to this number.
const TEMPERATURES: i32 = 24;

/// Measures of the probabilities of a test or validation part. A class that the part does not have does not count.
///
/// NaN, and no area, if a logit is not finite: the network diverged, or a sample has a huge value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Mean over the classes of the mean cross-entropy of a class's samples, in nats.
    #[serde(deserialize_with = "or_nan")]
    pub balanced_cross_entropy: f64,
    /// The same after all logits are divided by the one number for which it is least: what is left when confidence as a
    /// whole does not count.
    #[serde(deserialize_with = "or_nan")]
    pub scaled_cross_entropy: f64,
    /// Mean over the classes of the area under the ROC curve of the class against the rest, in `[0, 1]`; ties count
    /// half. None if there is one class alone.
    pub auc: Option<f64>,
    /// Expected calibration error of the predicted class, in `[0, 1]`: the mean distance of confidence and accuracy in
    /// 15 bins of equal width (Guo et al. 2017).
    #[serde(deserialize_with = "or_nan")]
    pub calibration_error: f64,
}

/// JSON has no NaN: it is written as `null`.
fn or_nan<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

impl Quality {
    /// Of logits, `[n, C]`, and labels in `0..C`.
    ///
    /// # Errors
    /// Those of libtorch.
    pub fn of(logits: &Tensor, labels: &[i64]) -> Result<Quality> {
        let logits = logits.f_to_device(tch::Device::Cpu)?.f_to_kind(Kind::Double)?;
        if !logits.isfinite().all().try_into()? {
            // infinite or not, what is kept is what a cache gives back
            let nan = f64::NAN;
            return Ok(Quality {
                balanced_cross_entropy: nan,
                scaled_cross_entropy: nan,
                auc: None,
                calibration_error: nan,
            });
        }
        let target = Tensor::from_slice(labels);
        let classes: Vec<(i64, Tensor)> = (0..logits.size()[1])
            .map(|class| (class, target.eq(class).to_kind(Kind::Double)))
            .filter(|(_, members)| members.sum(Kind::Double).double_value(&[]) > 0.0)
            .collect();
        let balanced = |temperature: f64| -> Result<f64> {
            let log_p = (&logits / temperature).f_log_softmax(1, Kind::Double)?;
            let loss = -log_p.f_gather(1, &target.unsqueeze(1), false)?.squeeze_dim(1);
            let of_class = |(_, members): &(i64, Tensor)| {
                (&loss * members).sum(Kind::Double).double_value(&[]) / members.sum(Kind::Double).double_value(&[])
            };
            Ok(classes.iter().map(of_class).sum::<f64>() / classes.len() as f64)
        };
        let temperatures = (-TEMPERATURES..=TEMPERATURES).map(|k| 2f64.powf(f64::from(k) / 4.0));
        let scaled = temperatures.map(balanced).collect::<Result<Vec<_>>>()?;
        let log_p = logits.f_log_softmax(1, Kind::Double)?;
        let p = log_p.exp();
        let (confidence, predicted) = p.f_max_dim(1, false)?;
        let hits: Vec<bool> = predicted.f_eq_tensor(&target)?.try_into()?;
        Ok(Quality {
            balanced_cross_entropy: balanced(1.0)?,
            scaled_cross_entropy: scaled.into_iter().fold(f64::INFINITY, f64::min),
            auc: auc(&log_p, labels)?,
            calibration_error: calibration_error(&Vec::<f64>::try_from(confidence)?, &hits),
        })
    }
}

/// Mean area of the classes that have samples on both sides. None without one.
fn auc(log_p: &Tensor, labels: &[i64]) -> Result<Option<f64>> {
    // log odds and not probabilities: near 1 those of a sure network are one number in f32
    let log_odds = (log_p - (-log_p.expm1()).log()).clamp(f64::from(f32::MIN), f64::from(f32::MAX));
    let scores: Vec<f32> = log_odds.f_to_kind(Kind::Float)?.f_view([-1])?.try_into()?;
    let classes = log_p.size()[1];
    let targets: Vec<i8> = labels.iter().flat_map(|&label| (0..classes).map(move |of| i8::from(of == label))).collect();
    let mean = LabelMetrics::new(&targets, &scores, classes as usize).ok().map(|metrics| metrics.mean_auc());
    Ok(mean.filter(|mean| !mean.is_nan()))
}

fn calibration_error(confidence: &[f64], hits: &[bool]) -> f64 {
    let mut gaps = [0.0; BINS]; // sum of confidence minus hits
    for (&confidence, &hit) in confidence.iter().zip(hits) {
        let bin = ((confidence * BINS as f64) as usize).min(BINS - 1);
        gaps[bin] += confidence - f64::from(u8::from(hit));
    }
    gaps.iter().map(|gap: &f64| gap.abs()).sum::<f64>() / confidence.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Logits whose softmax are these probabilities.
    fn logits(p: &[[f64; 2]]) -> Tensor {
        Tensor::from_slice2(p).log()
    }

    #[test]
    fn classes_count_alike_however_large_they_are() {
        let p = [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.75, 0.25]];
        let quality = Quality::of(&logits(&p), &[0, 0, 0, 1]).unwrap();
        assert_relative_eq!(quality.balanced_cross_entropy, (2f64.ln() + 4f64.ln()) / 2.0, epsilon = 1e-12);
        // the sample of class 1 is on the wrong side, so certainty of nothing is best: 64 times as flat
        assert!(quality.scaled_cross_entropy < quality.balanced_cross_entropy);
        assert_relative_eq!(quality.scaled_cross_entropy, 2f64.ln(), epsilon = 0.01);
        assert_eq!(quality.auc, Some(0.0));
    }

    #[test]
    fn a_network_that_is_right_but_too_sure_or_not_sure_enough_has_the_same_scaled_loss() {
        let p = [[0.9, 0.1], [0.6, 0.4], [0.4, 0.6], [0.2, 0.8], [0.45, 0.55]];
        let labels = [0, 1, 1, 1, 0];
        let of = |factor: f64| Quality::of(&(logits(&p) * factor), &labels).unwrap();
        let (once, four) = (of(1.0), of(4.0));
        assert!(four.balanced_cross_entropy > once.balanced_cross_entropy + 0.1);
        assert_relative_eq!(four.scaled_cross_entropy, once.scaled_cross_entropy, epsilon = 1e-9);
        assert_eq!(four.auc, once.auc);
    }

    #[test]
    fn the_area_is_the_mean_of_those_of_the_classes_and_sure_networks_do_not_tie() {
        // the example of scikit-learn, as probabilities of class 1; of class 0 it is the same
        let p = [0.1, 0.4, 0.35, 0.8].map(|p| [1.0 - p, p]);
        let of = |logits: &Tensor, labels: &[i64]| Quality::of(logits, labels).unwrap().auc;
        assert_eq!(of(&logits(&p), &[0, 0, 1, 1]), Some(0.75));
        assert_eq!(of(&(logits(&p) * 40.0), &[0, 0, 1, 1]), Some(0.75)); // all but certain
        assert_eq!(of(&logits(&[[0.5, 0.5]; 3]), &[0, 1, 0]), Some(0.5));
        assert_eq!(of(&logits(&[[0.5, 0.5]]), &[1]), None);
    }

    #[test]
    fn of_logits_that_are_not_finite_nothing_is_known_and_a_file_gives_that_back() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let quality = Quality::of(&Tensor::from_slice2(&[[bad, 0.0], [0.0, 1.0]]), &[0, 1]).unwrap();
            let text = serde_json::to_string(&quality).unwrap();
            for quality in [quality, serde_json::from_str(&text).unwrap()] {
                let Quality { balanced_cross_entropy, scaled_cross_entropy, auc, calibration_error } = quality;
                let all = [balanced_cross_entropy, scaled_cross_entropy, calibration_error];
                assert!(all.iter().all(|value| value.is_nan()) && auc.is_none(), "{quality:?}");
            }
        }
        // a field that is left out is no NaN, but another file
        assert!(serde_json::from_str::<Quality>(r#"{"auc":0.5}"#).is_err());
    }

    #[test]
    fn calibration_compares_confidence_with_hits_bin_by_bin() {
        // two samples of 0.8, one of them right: 0.3 apart; one of 0.6, right: 0.4 apart
        assert_relative_eq!(calibration_error(&[0.8, 0.8, 0.6], &[true, false, true]), 1.0 / 3.0, epsilon = 1e-12);
        assert_relative_eq!(calibration_error(&[1.0], &[true]), 0.0);
        // within a bin a gap of one sign makes up for one of the other
        assert_relative_eq!(calibration_error(&[0.75, 0.75, 0.75, 0.75], &[true, true, true, false]), 0.0);
    }
}
