//! Promise: burn's tensors give the same scores as slices.

use burn::tensor::{DType, Device, Tensor, TensorData};
use climd::Error::Argument;
use climd::error::{ArgumentError, MeasureError, TensorError};
use climd::{Scores, Terms, burn as climd_burn};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    n: usize,
    classes: usize,
    labels: Vec<u32>,
    logits: Vec<Vec<f64>>,
    embeddings: Vec<Vec<f64>>,
    psi: Vec<Vec<f64>>,
    phi: Vec<f64>,
    score: Vec<f64>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../../../../tests/golden/measure.json")).unwrap()
}

fn tensor<E: burn::tensor::Element>(values: Vec<E>, shape: [usize; 2], kind: DType, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), (device, kind))
}

impl Case {
    fn tensors(&self, rows: &[Vec<f64>], kind: DType, device: &Device) -> Vec<Tensor<2>> {
        rows.iter().map(|row| tensor(row.clone(), [self.n, row.len() / self.n], kind, device)).collect()
    }

    fn measure(&self, change: impl Fn(Tensor<2>) -> Tensor<2>, kind: DType, device: &Device) -> Scores {
        let of = |rows: &[Vec<f64>]| self.tensors(rows, kind, device).into_iter().map(&change).collect::<Vec<_>>();
        climd_burn::measure(&self.labels, of(&self.logits), of(&self.embeddings), None, Terms::Both).unwrap()
    }

    fn check(&self, scores: &Scores, tolerance: f64) {
        let near = |found: &[f32], expected: &[f64]| {
            assert_eq!(found.len(), expected.len());
            for (&a, &b) in found.iter().zip(expected) {
                assert!((f64::from(a) - b).abs() <= tolerance * b.abs().max(1.0), "{a} is not {b}");
            }
        };
        near(&scores.score, &self.score);
        near(&scores.complementarity, &self.phi);
        scores.confidence.iter().zip(&self.psi).for_each(|(psi, expected)| near(psi, expected));
    }
}

#[test]
fn golden_vectors_with_and_without_gradients() {
    for device in [Device::flex(), Device::flex().autodiff()] {
        for case in cases() {
            let same = |tensor| tensor;
            case.check(&case.measure(same, DType::F32, &device), 1e-5);
            case.check(&case.measure(same, DType::F64, &device), 1e-7);
        }
    }
}

#[test]
fn tensors_with_gaps_and_cut_tensors_are_read_as_what_they_show() {
    let device = Device::flex();
    for case in cases() {
        case.check(&case.measure(|tensor| tensor.transpose().add_scalar(0.0).transpose(), DType::F32, &device), 1e-5);
        let cut = |tensor: Tensor<2>| {
            let [n, width] = tensor.dims();
            Tensor::cat(vec![Tensor::zeros([3, width], &device), tensor], 0).slice([3..3 + n, 0..width])
        };
        case.check(&case.measure(cut, DType::F32, &device), 1e-5);
    }
}

#[test]
fn the_same_bits_as_slices() {
    let device = Device::flex();
    for case in cases() {
        let found = case.measure(|tensor| tensor, DType::F32, &device);
        let narrow = |rows: &[Vec<f64>]| -> Vec<Vec<f32>> {
            rows.iter().map(|row| row.iter().map(|&value| value as f32).collect()).collect()
        };
        let (logits, embeddings) = (narrow(&case.logits), narrow(&case.embeddings));
        let modality = |(logits, embeddings)| climd::Modality { logits, embeddings, present: None };
        let modalities: Vec<_> =
            logits.iter().map(|row| &row[..]).zip(embeddings.iter().map(|row| &row[..])).map(modality).collect();
        assert_eq!(found, climd::measure(&case.labels, case.classes, &modalities, Terms::Both).unwrap());
    }
}

#[test]
fn a_mask_leaves_out_what_is_absent() {
    let device = Device::flex();
    let rows = |values: [f32; 4]| tensor(values.to_vec(), [2, 2], DType::F32, &device);
    let logits = || vec![rows([4.0, 0.0, 0.0, 0.0]), rows([0.0, 4.0, f32::NAN, 0.0])];
    let embeddings = || vec![rows([1.0, 0.0, 1.0, 0.0]), rows([0.0, 1.0, 0.0, 0.0])];
    let present = [vec![true, true], vec![true, false]];
    let scores = climd_burn::measure(&[0, 1], logits(), embeddings(), Some(&present), Terms::Both).unwrap();
    assert_eq!(scores.complementarity, [1.0, 0.0]);
    assert!(scores.confidence[1][1].is_nan());
    let error = climd_burn::measure(&[0, 1], logits(), embeddings(), None, Terms::Both).unwrap_err();
    assert!(error.to_string().contains("logits"), "{error}");
}

#[test]
fn tensors_that_disagree_are_named() {
    let device = Device::flex();
    let zeros = |n, width| Tensor::<2>::zeros([n, width], &device);
    let measure = |logits, embeddings| climd_burn::measure(&[0, 1], logits, embeddings, None, Terms::Both).unwrap_err();
    let error = measure(vec![zeros(3, 2)], vec![zeros(2, 4)]);
    assert!(
        matches!(
        &error, climd::Error::Tensor(TensorError::Shape { argument, .. }) if argument == "logits[0]"),
        "{error}"
    );
    let error = measure(vec![zeros(2, 2); 2], vec![zeros(2, 4), zeros(2, 5)]);
    assert_eq!(error, MeasureError::EmbeddingWidth { modality: 1, found: 5, expected: 4 }.into());
    let error = measure(vec![zeros(2, 2); 2], vec![zeros(2, 4)]);
    assert!(matches!(&error, Argument(ArgumentError::Length { argument, .. }) if argument == "embeddings"), "{error}");
    assert_eq!(measure(Vec::new(), vec![zeros(2, 4)]), ArgumentError::Empty { argument: "logits" }.into());
}
