//! Promises of the loss that is corrected for the prior.

use climd::*;
use tch::{Device, Kind, Tensor};

use crate::common::Noise;

/// `-mean ln softmax(logits + tau * prior)[label]`, on the host.
pub fn loss_by_hand(logits: &[Vec<f64>], labels: &[i64], prior: &[f32], tau: f64) -> f64 {
    let row_loss = |(row, &label): (&Vec<f64>, &i64)| {
        let adjusted: Vec<f64> = row.iter().zip(prior).map(|(z, &b)| z + tau * f64::from(b)).collect();
        adjusted.iter().map(|z| z.exp()).sum::<f64>().ln() - adjusted[label as usize]
    };
    logits.iter().zip(labels).map(row_loss).sum::<f64>() / labels.len() as f64
}

pub fn the_loss_is_its_formula(device: Device) {
    let mut noise = Noise(4);
    let logits: Vec<Vec<f64>> = (0..6).map(|_| noise.reals(4).iter().map(|x| 3.0 * x).collect()).collect();
    let labels = [0, 3, 1, 1, 2, 0];
    let prior = [0.6f32.ln(), 0.25f32.ln(), 0.1f32.ln(), 0.05f32.ln()];
    let rows = Tensor::from_slice2(&logits).to_device(device);
    let targets = Tensor::from_slice(&labels).to_device(device);
    for tau in [0.0, 0.5, 1.0, -1.0, 3.0] {
        let expected = loss_by_hand(&logits, &labels, &prior, tau);
        for (kind, tolerance) in [(Kind::Double, 1e-7), (Kind::Float, 1e-5), (Kind::BFloat16, 0.05)] {
            let loss = prior_corrected_cross_entropy(&rows.to_kind(kind), &targets, &prior, tau).unwrap();
            assert_eq!((loss.size(), loss.kind(), loss.device()), (vec![], kind, device));
            let found = loss.double_value(&[]);
            assert!((found - expected).abs() < tolerance * expected.max(1.0), "{kind:?}: {found} is not {expected}");
        }
    }
}
