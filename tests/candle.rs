//! Promise: candle's tensors give the same scores as slices.
#![cfg(feature = "candle")]

use candle_core::{DType, Device, Tensor};
use climd::error::{LabelError, MeasureError};
use climd::{Error, Scores, Terms, candle};
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
    serde_json::from_str(include_str!("golden/measure.json")).unwrap()
}

impl Case {
    fn tensors(&self, rows: &[Vec<f64>], kind: DType) -> Vec<Tensor> {
        let tensor = |row: &Vec<f64>| {
            let shape = (self.n, row.len() / self.n);
            Tensor::from_vec(row.clone(), shape, &Device::Cpu).unwrap().to_dtype(kind).unwrap()
        };
        rows.iter().map(tensor).collect()
    }

    fn measure(&self, change: impl Fn(Tensor) -> Tensor, kind: DType) -> Scores {
        let of = |rows: &[Vec<f64>]| self.tensors(rows, kind).into_iter().map(&change).collect::<Vec<_>>();
        candle::measure(&self.labels, &of(&self.logits), &of(&self.embeddings), None, Terms::Both).unwrap()
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
fn golden_vectors_in_every_kind() {
    for case in cases() {
        let same = |tensor| tensor;
        case.check(&case.measure(same, DType::F32), 1e-5);
        case.check(&case.measure(same, DType::F64), 1e-7);
    }
    // f16 and bf16 have two or three digits, so the inputs are rounded first, and scores are compared in f64
    for kind in [DType::F16, DType::BF16] {
        for case in cases() {
            let half = case.measure(|tensor| tensor, kind);
            let rounded = case.measure(|tensor| tensor.to_dtype(DType::F64).unwrap(), kind);
            assert!(half.score.iter().zip(&rounded.score).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }
}

#[test]
fn the_layout_of_a_tensor_does_not_matter() {
    for case in cases() {
        let transposed = |tensor: Tensor| tensor.t().unwrap().contiguous().unwrap().t().unwrap();
        let part = |tensor: Tensor| {
            let row = tensor.narrow(0, 0, 1).unwrap();
            Tensor::cat(&[&row, &tensor, &row], 0).unwrap().narrow(0, 1, case.n).unwrap()
        };
        let expected = case.measure(|tensor| tensor, DType::F32);
        assert_eq!(case.measure(transposed, DType::F32), expected);
        assert_eq!(case.measure(part, DType::F32), expected);
    }
}

#[test]
fn a_missing_modality_takes_no_part() {
    let case = &cases()[0];
    let (logits, embeddings) = (case.tensors(&case.logits, DType::F32), case.tensors(&case.embeddings, DType::F32));
    let present: Vec<Vec<bool>> =
        (0..logits.len()).map(|m| (0..case.n).map(|i| m == 0 || i % 2 == 0).collect()).collect();
    let found = candle::measure(&case.labels, &logits, &embeddings, Some(&present), Terms::Both).unwrap();
    let narrow = |rows: &[Vec<f64>]| -> Vec<Vec<f32>> {
        rows.iter().map(|row| row.iter().map(|&x| x as f32).collect()).collect()
    };
    let (logits, embeddings) = (narrow(&case.logits), narrow(&case.embeddings));
    let modality =
        |m: usize| climd::Modality { logits: &logits[m], embeddings: &embeddings[m], present: Some(&present[m]) };
    let modalities: Vec<_> = (0..logits.len()).map(modality).collect();
    let expected = climd::measure(&case.labels, case.classes, &modalities, Terms::Both).unwrap();
    assert_eq!(found.score, expected.score);
}

#[test]
fn bad_tensors_are_named() {
    let tensor = |rows: usize, width: usize| Tensor::ones((rows, width), DType::F32, &Device::Cpu).unwrap();
    let refused = |logits: &[Tensor], embeddings: &[Tensor]| {
        candle::measure(&[0, 1, 0], logits, embeddings, None, Terms::Both).unwrap_err().to_string()
    };
    let (l, e) = (|| tensor(3, 2), || tensor(3, 4));
    assert_eq!(refused(&[], &[e()]), "`logits` is empty, but at least one is needed");
    assert_eq!(
        refused(&[l(), tensor(2, 2)], &[e(), e()]),
        "`logits[1]` has shape [2, 2], but must be [3, width above 0]: a row for each label"
    );
    assert_eq!(
        refused(&[l(), tensor(3, 5)], &[e(), e()]),
        "`logits[1]` has shape [3, 5], but must be [3, 2], as `logits[0]`"
    );
    assert!(refused(&[l(), l()], &[e(), tensor(3, 5)]).starts_with("`embeddings[1]` has width 5"));
    assert!(refused(&[l(), l()], &[e()]).starts_with("`embeddings` has length 1, but must have length 2"));
    let whole = l().to_dtype(DType::U32).unwrap();
    assert_eq!(refused(&[whole], &[e()]), "`logits[0]` is of kind U32, but must be F16, BF16, F32 or F64");
    let nan = (l() / 0.0).unwrap();
    let error = candle::measure(&[0, 1, 0], &[l(), nan], &[e(), e()], None, Terms::Both).unwrap_err();
    assert_eq!(error, Error::Measure(MeasureError::NotFinite { argument: "logits", modality: 1, sample: 0 }));
    let error = candle::measure(&[0, 2, 0], &[l()], &[e()], None, Terms::Both).unwrap_err();
    assert_eq!(error, Error::Label(LabelError::LabelOutsideLogits { index: 1, label: 2, num_classes: 2 }));
}
