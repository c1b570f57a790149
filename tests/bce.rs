//! Promise: the loss of several labels is its formula, with its gradients, and what is unknown does not exist.
#![cfg(feature = "tch")]

mod common;

use climd::*;
use common::Noise;
use tch::{Kind, Tensor};

/// Read off `docs/algorithm.md`: entry by entry in f64.
fn naive(logits: &[f64], labels: &[i64], shift: &[f64], tau: f64) -> (f64, Vec<f64>) {
    let known = labels.iter().filter(|&&label| label >= 0).count().max(1) as f64;
    let (mut loss, mut gradient) = (0.0, Vec::new());
    for (i, (&z, &y)) in logits.iter().zip(labels).enumerate() {
        let z = z + tau * shift[i % shift.len()];
        let p = 1.0 / (1.0 + (-z).exp());
        let weight = if y >= 0 { 1.0 / known } else { 0.0 };
        loss -= weight * if y == 1 { p.ln() } else { (1.0 - p).ln() };
        gradient.push(weight * (p - y as f64));
    }
    (loss, gradient)
}

fn case(seed: u64) -> (Vec<f64>, Vec<i64>, Vec<f64>) {
    let mut noise = Noise(seed);
    let logits = noise.reals(24).iter().map(|x| 4.0 * x).collect();
    let labels = (0..24).map(|_| noise.below(3) as i64 - 1).collect();
    (logits, labels, noise.reals(4).iter().map(|&x| f64::from(2.0 * x as f32)).collect())
}

#[test]
fn loss_and_gradient_are_those_of_the_formula() {
    for seed in 0..20 {
        let (logits, labels, shift) = case(seed);
        let narrow: Vec<f32> = shift.iter().map(|&x| x as f32).collect();
        for tau in [0.0, 0.5, 1.0] {
            let z = Tensor::from_slice(&logits).view([6, 4]).set_requires_grad(true);
            let y = Tensor::from_slice(&labels).view([6, 4]);
            let loss = prior_corrected_bce(&z, &y, &narrow, None, tau).unwrap();
            loss.backward();
            let (expected, gradient) = naive(&logits, &labels, &shift, tau);
            assert!((loss.double_value(&[]) - expected).abs() < 1e-10);
            let found: Vec<f64> = z.grad().view([-1]).try_into().unwrap();
            assert!(found.iter().zip(&gradient).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} is not {gradient:?}");
            // the same with a mask, whatever stands where it is unknown
            let known = y.ge(0.0);
            let filled = y.masked_fill(&y.lt(0.0), 7);
            let masked = prior_corrected_bce(&z, &filled, &narrow, Some(&known), tau).unwrap();
            assert_eq!(masked.double_value(&[]), loss.double_value(&[]));
        }
    }
}

#[test]
fn what_is_unknown_passes_no_gradient_even_where_it_is_infinite() {
    let z = Tensor::from_slice(&[f32::NAN, 1.0]).view([1, 2]).set_requires_grad(true);
    let y = Tensor::from_slice(&[-1i64, 1]).view([1, 2]);
    let loss = prior_corrected_bce(&z, &y, &[0.0, 0.0], None, 1.0).unwrap();
    loss.backward();
    let gradient: Vec<f32> = z.grad().view([-1]).try_into().unwrap();
    assert!(loss.double_value(&[]).is_finite() && gradient[0] == 0.0 && gradient[1] < 0.0);
    let nothing =
        prior_corrected_bce(&z, &Tensor::from_slice(&[-1i64, -1]).view([1, 2]), &[0.0; 2], None, 1.0).unwrap();
    assert_eq!(nothing.double_value(&[]), 0.0);
}

#[test]
fn what_does_not_fit_is_named() {
    let (z, y) = (Tensor::zeros([2, 3], tch::kind::FLOAT_CPU), Tensor::zeros([2, 3], (Kind::Int64, tch::Device::Cpu)));
    let message = |z: &Tensor, y: &Tensor, shift: &[f32], known: Option<&Tensor>, tau| {
        prior_corrected_bce(z, y, shift, known, tau).unwrap_err().to_string()
    };
    let ok = [0.0f32; 3];
    assert_eq!(message(&z.view([-1]), &y, &ok, None, 1.0), "`logits` has shape [6], but must be [n, L]");
    assert_eq!(
        message(&z.narrow(1, 0, 0), &y.narrow(1, 0, 0), &[], None, 1.0),
        "`logits` has shape [2, 0], but must be [n, L] with at least 1 column"
    );
    assert_eq!(
        message(&z, &y.view([3, 2]), &ok, None, 1.0),
        "`labels` has shape [3, 2], but must be [2, 3], as `logits`"
    );
    assert_eq!(
        message(&z, &y, &ok[..2], None, 1.0),
        "`shift` has length 2, but must have length 3: one for each column of `logits`"
    );
    assert_eq!(message(&z, &y, &[0.0, f32::NAN, 0.0], None, 1.0), "`shift` is NaN, but must be finite");
    assert_eq!(message(&z, &y, &ok, None, f64::INFINITY), "`tau` is inf, but must be finite");
    assert_eq!(message(&z, &y, &ok, Some(&y), 1.0), "`known` is of kind Int64, but must be Bool");
    assert!(message(&y, &y, &ok, None, 1.0).starts_with("`logits` is of kind Int64"));
}
