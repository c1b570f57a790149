//! Promise: the losses have the values and gradients of their formulas.
#![cfg(feature = "tch")]

mod common;

use climd::error::{LabelError, TensorError};
use climd::schedule::*;
use climd::*;
use common::tensors::loss::{loss_by_hand, the_loss_is_its_formula};
use tch::{Device, Kind, Tensor};

const LABELS: [i64; 4] = [0, 2, 1, 2];

fn logits() -> Tensor {
    Tensor::from_slice2(&[[0.3f64, -1.2, 2.0], [1.0, 0.0, -1.0], [-0.5, 0.25, 0.75], [4.0, -3.0, 0.1]])
}

fn prior() -> [f32; 3] {
    [0.7f32.ln(), 0.2f32.ln(), 0.1f32.ln()]
}

fn loss(logits: &Tensor, prior: &[f32], tau: f64) -> f64 {
    prior_corrected_cross_entropy(logits, &Tensor::from_slice(&LABELS), prior, tau).unwrap().double_value(&[])
}

#[test]
fn it_is_its_formula_in_every_kind() {
    the_loss_is_its_formula(Device::Cpu);
}

#[test]
fn it_has_the_known_values() {
    // by hand: CE(logits + b, y) with b = ln(3/4, 1/4), y = 1: -ln(e^1 / 4 / (e^0 * 3 / 4 + e^1 / 4))
    let row = Tensor::from_slice2(&[[0.0f64, 1.0]]);
    let found =
        prior_corrected_cross_entropy(&row, &Tensor::from_slice(&[1i64]), &[0.75f32.ln(), 0.25f32.ln()], 1.0).unwrap();
    let e = std::f64::consts::E;
    assert!((found.double_value(&[]) + (e / (3.0 + e)).ln()).abs() < 1e-7);
}

#[test]
fn the_gradient_is_that_of_finite_differences() {
    for tau in [0.5, 1.0] {
        let x = logits().set_requires_grad(true);
        prior_corrected_cross_entropy(&x, &Tensor::from_slice(&LABELS), &prior(), tau).unwrap().backward();
        let gradient = Vec::<f64>::try_from(x.grad().flatten(0, 1)).unwrap();
        let at = |moved: usize, by: f64| {
            let mut values = Vec::<f64>::try_from(logits().flatten(0, 1)).unwrap();
            values[moved] += by;
            let rows: Vec<Vec<f64>> = values.chunks(3).map(<[f64]>::to_vec).collect();
            loss_by_hand(&rows, &LABELS, &prior(), tau)
        };
        for (i, g) in gradient.iter().enumerate() {
            let expected = (at(i, 1e-5) - at(i, -1e-5)) / 2e-5;
            assert!((g - expected).abs() < 1e-7, "tau {tau}, {i}: {g} is not {expected}");
        }
    }
}

#[test]
fn without_tau_or_with_an_even_prior_it_is_plain_cross_entropy() {
    let (reduction, labels) = (tch::Reduction::Mean, Tensor::from_slice(&LABELS));
    let plain = logits().cross_entropy_loss::<Tensor>(&labels, None, reduction, -100, 0.0).double_value(&[]);
    assert_eq!(loss(&logits(), &prior(), 0.0), plain);
    for level in [0.0, (1.0f32 / 3.0).ln(), -50.0] {
        assert!((loss(&logits(), &[level; 3], 1.0) - plain).abs() < 1e-12);
    }
    assert!((loss(&logits(), &prior(), 1.0) - plain).abs() > 0.1, "a prior that is not even matters");
}

#[test]
fn it_takes_the_prior_of_an_epoch() {
    let labels: Vec<i64> = [vec![0; 70], vec![1; 20], vec![2; 10]].concat();
    let epoch = Curriculum::new(&labels, Uniform).unwrap().epoch(0).unwrap();
    let found = loss(&logits(), &epoch.log_prior(3).unwrap(), 1.0);
    assert!((found - loss(&logits(), &prior(), 1.0)).abs() < 1e-6);
}

#[test]
fn what_is_wrong_is_named() {
    let labels = || Tensor::from_slice(&LABELS);
    let refused = |logits: &Tensor, labels: &Tensor, prior: &[f32], tau: f64| {
        prior_corrected_cross_entropy(logits, labels, prior, tau).unwrap_err().to_string()
    };
    let three = [0.0; 3];
    assert_eq!(
        refused(&Tensor::new(), &labels(), &three, 1.0),
        "`logits` is an undefined tensor: was it ever assigned?"
    );
    assert_eq!(
        refused(&logits(), &Tensor::new(), &three, 1.0),
        "`labels` is an undefined tensor: was it ever assigned?"
    );
    assert_eq!(refused(&logits().flatten(0, 1), &labels(), &three, 1.0), "`logits` has shape [12], but must be [n, C]");
    let none = "`logits` has shape [4, 0], but must be [n, C] with at least 1 column";
    let empty = logits().narrow(1, 0, 0);
    assert_eq!(refused(&empty, &labels(), &[], 1.0), none);
    assert_eq!(post_hoc_adjustment(&empty, &[], 1.0).unwrap_err().to_string(), none);
    assert_eq!(weighted_cross_entropy(&empty, &labels(), &[]).unwrap_err().to_string(), none);
    assert_eq!(focal_loss(&empty, &labels(), 2.0, None).unwrap_err().to_string(), none);
    assert_eq!(
        refused(&logits(), &labels().narrow(0, 0, 3), &three, 1.0),
        "`labels` has shape [3], but must be [4]: one for each row of `logits`"
    );
    assert_eq!(
        refused(&logits(), &labels().to_kind(Kind::Int), &three, 1.0),
        "`labels` is of kind Int, but must be Int64: of whole numbers, take `labels.to_kind(Kind::Int64)`"
    );
    assert_eq!(
        refused(&logits(), &labels(), &[0.0; 2], 1.0),
        "`log_prior` has length 2, but must have length 3: one for each column of `logits`"
    );
    for tau in [f64::NAN, f64::INFINITY] {
        assert_eq!(refused(&logits(), &labels(), &three, tau), format!("`tau` is {tau}, but must be finite"));
    }
    assert_eq!(
        refused(&logits().to_kind(Kind::Int64), &labels(), &three, 1.0),
        "`logits` is of kind Int64, but must be Half, BFloat16, Float or Double"
    );
}

#[test]
fn what_libtorch_refuses_is_an_error_without_its_stack() {
    let outside = Tensor::from_slice(&[0i64, 3, 1, 2]);
    let error = prior_corrected_cross_entropy(&logits(), &outside, &[0.0; 3], 1.0).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Tensor(TensorError::Torch { .. })) && text.starts_with("libtorch: "), "{text}");
    assert!(!text.contains("Exception raised from") && text.contains("out of bounds"), "{text}");
}

#[test]
fn a_label_that_libtorch_would_skip_is_refused() {
    let error = prior_corrected_cross_entropy(&logits(), &Tensor::from_slice(&[0i64, -100, 1, 2]), &prior(), 1.0);
    assert!(matches!(error, Err(Error::Tensor(TensorError::Torch { message })) if message.contains("-100")));
}

/// tch's `cross_entropy_for_logits` computes in f32; this does not.
fn plain_loss(logits: &Tensor, labels: &Tensor) -> f64 {
    logits.cross_entropy_loss::<Tensor>(labels, None, tch::Reduction::Mean, -100, 0.0).double_value(&[])
}

/// MOGONET's training counts, 80/92/32/305/103 by label.
fn brca() -> ClassIndex {
    let labels: Vec<u32> = (0..).zip([80, 92, 32, 305, 103]).flat_map(|(label, n)| vec![label; n]).collect();
    ClassIndex::new(&labels).unwrap()
}

fn assert_near(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).for_each(|(a, b)| assert!((f64::from(*a) - b).abs() < 1e-6, "{a} is not {b}"));
}

#[test]
fn class_weights_are_the_published_ones_in_the_columns_of_the_labels() {
    // for 305/103/92/80/32: N / (C n_c), and (1 - b) / (1 - b^n_c) of sum C for b = 0.999
    assert_near(&inverse_frequency_weights(&brca(), 5).unwrap(), &[1.53, 1.330435, 3.825, 0.401311, 1.188350]);
    let expected = [0.926957, 0.810833, 2.262918, 0.271122, 0.728170, 0.0];
    assert_near(&effective_number_weights(&brca(), 6, 0.999).unwrap(), &expected); // column 5 has no samples
    assert_near(&effective_number_weights(&brca(), 5, 0.0).unwrap(), &[1.0; 5]);
    let error = inverse_frequency_weights(&brca(), 4).unwrap_err();
    assert_eq!(error, Error::Label(LabelError::PriorWidth { num_logits: 4, label: 4 }));
    let error = effective_number_weights(&brca(), 5, 1.0).unwrap_err();
    assert_eq!(error.to_string(), "`beta` is 1, but must be at least 0, and below 1");
}

/// Logits of two classes that give the first the probability `p`.
fn of_probability(p: f64) -> Tensor {
    Tensor::from_slice2(&[[(p / (1.0 - p)).ln(), 0.0]])
}

#[test]
fn focal_loss_has_its_published_values() {
    let focal = |p: f64| focal_loss(&of_probability(p), &Tensor::from_slice(&[0i64]), 2.0, None).unwrap();
    for (p, expected) in [(0.5, 0.173287), (0.9, 0.001053605), (0.1, 1.865094)] {
        assert!((focal(p).double_value(&[]) - expected).abs() < 1e-6, "{p}");
    }
    let weighted = focal_loss(&of_probability(0.5), &Tensor::from_slice(&[0i64]), 2.0, Some(&[3.0, 1.0])).unwrap();
    assert!((weighted.double_value(&[]) - 3.0 * 0.173287).abs() < 1e-5);
}

#[test]
fn without_gamma_or_with_even_weights_they_are_plain_cross_entropy() {
    let labels = Tensor::from_slice(&LABELS);
    let plain = plain_loss(&logits(), &labels);
    let near = |loss: Result<Tensor>| assert!((loss.unwrap().double_value(&[]) - plain).abs() < 1e-7);
    near(focal_loss(&logits(), &labels, 0.0, None));
    near(weighted_cross_entropy(&logits(), &labels, &[2.5; 3]));
    // weights 1, 0, 0 leave the first row alone
    let first = weighted_cross_entropy(&logits(), &labels, &[1.0, 0.0, 0.0]).unwrap().double_value(&[]);
    let row = plain_loss(&logits().narrow(0, 0, 1), &labels.narrow(0, 0, 1));
    assert!((first - row).abs() < 1e-12);
}

#[test]
fn gradients_of_the_others_are_those_of_finite_differences_and_finite_at_certainty() {
    let labels = Tensor::from_slice(&LABELS);
    type Loss<'a> = &'a dyn Fn(&Tensor) -> Tensor;
    let losses: [Loss<'_>; 3] = [
        &|x| weighted_cross_entropy(x, &labels, &[0.5, 2.0, 1.0]).unwrap(),
        &|x| focal_loss(x, &labels, 2.0, None).unwrap(),
        &|x| focal_loss(x, &labels, 0.5, Some(&[0.5, 2.0, 1.0])).unwrap(),
    ];
    for (number, loss) in losses.into_iter().enumerate() {
        let x = logits().set_requires_grad(true);
        loss(&x).backward();
        let gradient = Vec::<f64>::try_from(x.grad().flatten(0, 1)).unwrap();
        for (i, g) in gradient.iter().enumerate() {
            let at = |by: f64| {
                let mut values = Vec::<f64>::try_from(logits().flatten(0, 1)).unwrap();
                values[i] += by;
                loss(&Tensor::from_slice(&values).view([4, 3])).double_value(&[])
            };
            let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((g - expected).abs() < 1e-6, "loss {number}, {i}: {g} is not {expected}");
        }
    }
    let certain = Tensor::from_slice2(&[[200.0f32, -200.0]]).set_requires_grad(true);
    focal_loss(&certain, &Tensor::from_slice(&[0i64]), 0.5, None).unwrap().backward();
    assert!(Vec::<f32>::try_from(certain.grad().flatten(0, 1)).unwrap().iter().all(|g| g.is_finite()));
}

#[test]
fn post_hoc_adjustment_undoes_what_prior_correction_adds() {
    let plain = logits();
    let adjusted = post_hoc_adjustment(&plain, &prior(), 1.0).unwrap();
    let corrected = prior_corrected_cross_entropy(&adjusted, &Tensor::from_slice(&LABELS), &prior(), 1.0).unwrap();
    let expected = plain_loss(&plain, &Tensor::from_slice(&LABELS));
    assert!((corrected.double_value(&[]) - expected).abs() < 1e-12);
    // a rare class gains: 0.3 against -ln 0.1 = 2.3
    let row = Tensor::from_slice2(&[[0.3f64, -1.2, 0.0]]);
    let found = post_hoc_adjustment(&row, &prior(), 1.0).unwrap().argmax(1, false);
    assert_eq!(found.int64_value(&[0]), 2);
}

#[test]
fn what_is_wrong_with_the_others_is_named() {
    let labels = Tensor::from_slice(&LABELS);
    let message = |result: Result<Tensor>| result.unwrap_err().to_string();
    assert_eq!(
        message(weighted_cross_entropy(&logits(), &labels, &[1.0, -1.0, 1.0])),
        "`weights` is -1, but must be finite and at least 0"
    );
    assert_eq!(
        message(weighted_cross_entropy(&logits(), &labels, &[1.0])),
        "`weights` has length 1, but must have length 3: one for each column of `logits`"
    );
    assert_eq!(
        message(focal_loss(&logits(), &labels, f64::NAN, None)),
        "`gamma` is NaN, but must be finite and at least 0"
    );
    assert_eq!(message(post_hoc_adjustment(&logits(), &prior(), f64::INFINITY)), "`tau` is inf, but must be finite");
}
