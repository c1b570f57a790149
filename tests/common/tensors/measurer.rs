//! Promises of `MultimodalMeasurer`.

use climd::error::MeasureError;
use climd::*;
use tch::{Device, Kind, Tensor};

use super::outputs::{ALL_TERMS, Outputs, assert_near, rows};
use crate::common::Noise;

/// Kinds that a network can have, and how near to the slice kernel their scores are.
const KINDS: [(Kind, f64); 4] =
    [(Kind::Double, 1e-10), (Kind::Float, 1e-5), (Kind::Half, 1e-5), (Kind::BFloat16, 1e-5)];

pub fn scores_and_parts_agree_with_slices(device: Device) {
    for (modalities, classes, width) in [(3, 5, 8), (2, 2, 3), (1, 4, 6), (8, 3, 5), (2, 1, 1), (2, 300, 17)] {
        let plain = Outputs::new(13, modalities, classes, width, 5);
        for outputs in [plain.clone().masked(6), plain] {
            for (kind, tolerance) in KINDS {
                let outputs = outputs.rounded_to(kind);
                let (logits, embeddings) = outputs.tensors(kind, device);
                let all = Tensor::arange(13, (Kind::Int64, device));
                for terms in ALL_TERMS {
                    let mut measurer = outputs.measurer(terms);
                    measurer.observe(&all, &logits, &embeddings).unwrap();
                    let found = measurer.finish_parts::<f64>().unwrap();
                    let expected = outputs.by_slices(terms);
                    let what = format!("{terms:?}, {kind:?}, M = {modalities}");
                    assert_near(&found.score, &expected.score, tolerance, &what);
                    assert_near(&found.complementarity, &expected.complementarity, tolerance, &what);
                    assert_eq!(found.confidence.len(), expected.confidence.len());
                    for (psi, expected) in found.confidence.iter().zip(&expected.confidence) {
                        assert_near(psi, expected, tolerance, &what);
                    }
                    let rounded: Vec<f32> = found.score.iter().map(|&score| score as f32).collect();
                    assert_eq!(measurer.measure(&logits, &embeddings).unwrap(), rounded, "{what}");
                }
            }
        }
    }
}

pub fn the_batch_size_does_not_matter(device: Device) {
    let plain = Outputs::new(17, 3, 5, 11, 7);
    for outputs in [plain.clone().masked(8), plain] {
        let (logits, embeddings) = outputs.tensors(Kind::Float, device);
        let whole = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
        let mut order: Vec<i64> = (0..17).collect();
        Noise(9).shuffle(&mut order);
        for size in [1, 3, 17] {
            let mut measurer = outputs.measurer(Terms::Both);
            for (i, batch) in order.chunks(size).enumerate() {
                // of any integer kind, on any device
                let indices = Tensor::from_slice(batch).to_kind([Kind::Int64, Kind::Int, Kind::Uint8][i % 3]);
                let indices = if i % 2 == 0 { indices.to_device(device) } else { indices };
                let at = indices.to_kind(Kind::Int64);
                measurer.observe(&indices, &rows(&logits, &at), &rows(&embeddings, &at)).unwrap();
            }
            for (found, expected) in measurer.finish().unwrap().iter().zip(&whole) {
                assert!((found - expected).abs() <= 1e-6, "batches of {size}: {found} is not {expected}");
            }
        }
    }
}

pub fn the_layout_of_a_tensor_does_not_matter(device: Device) {
    let outputs = Outputs::new(9, 2, 4, 6, 3);
    let (logits, embeddings) = outputs.tensors(Kind::Float, device);
    let expected = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
    let transposed = |x: &Tensor| x.transpose(0, 1).contiguous().transpose(0, 1);
    let every_second = |x: &Tensor| {
        let wide = Tensor::full([x.size()[0] * 2, x.size()[1] * 3], f64::NAN, (Kind::Float, x.device()));
        let view = wide.slice(0, 0, None, 2).slice(1, 1, None, 3);
        view.shallow_clone().copy_(x);
        view
    };
    let with_gradient = |x: &Tensor| x.copy().set_requires_grad(true) * 1.0;
    let layouts: [&dyn Fn(&Tensor) -> Tensor; 3] = [&transposed, &every_second, &with_gradient];
    for layout in layouts {
        let [logits, embeddings] = [&logits, &embeddings].map(|tensors| tensors.iter().map(layout).collect::<Vec<_>>());
        assert_eq!(outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap(), expected);
    }
    // one row for all, by expansion: its stride is 0
    let (one_logit, one_embedding) = (logits[0].narrow(0, 0, 1), embeddings[0].narrow(0, 0, 1));
    let expanded = [one_logit.expand([9, 4], false), one_logit.expand([9, 4], false)];
    let copied = expanded.each_ref().map(Tensor::contiguous);
    let width = [one_embedding.expand([9, 6], false), embeddings[1].shallow_clone()];
    let found = outputs.measurer(Terms::Both).measure(&expanded, &width).unwrap();
    assert_eq!(found, outputs.measurer(Terms::Both).measure(&copied, &width).unwrap());
}

pub fn no_graph_is_kept(device: Device) {
    let outputs = Outputs::new(6, 2, 3, 4, 3);
    let weight = Tensor::ones([3, 3], (Kind::Float, device)).set_requires_grad(true);
    let (logits, embeddings) = outputs.tensors(Kind::Float, device);
    let mut logits: Vec<Tensor> = logits.iter().map(|x| x.matmul(&weight)).collect();
    assert!(logits[0].requires_grad());
    let mut measurer = outputs.measurer(Terms::Both);
    let all = Tensor::arange(6, (Kind::Int64, device));
    measurer.observe(&all, &logits, &embeddings).unwrap();
    // the caller may overwrite what was observed, and still train on it
    logits[1] = logits[1].shallow_clone() * f64::NAN;
    logits[0].sum(Kind::Float).backward();
    assert!(measurer.finish().unwrap().iter().all(|score| score.is_finite()));
    assert!(weight.grad().defined());
}

pub fn what_is_not_finite_is_named(device: Device) {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for kind in [Kind::Float, Kind::Double, Kind::Half] {
            for (argument, modality, sample) in
                [("logits", 0, 4), ("logits", 2, 0), ("embeddings", 0, 6), ("embeddings", 2, 3)]
            {
                let outputs = Outputs::new(7, 3, 5, 4, 3);
                let (logits, embeddings) = outputs.tensors(kind, device);
                let target = if argument == "logits" { &logits } else { &embeddings };
                let _ = target[modality].get(sample).narrow(0, 1, 1).fill_(bad);
                let mut measurer = outputs.measurer(Terms::Both);
                let all = Tensor::arange(7, (Kind::Int64, device));
                measurer.observe(&all, &logits, &embeddings).unwrap();
                let expected = Error::Measure(MeasureError::NotFinite { argument, modality, sample: sample as usize });
                assert_eq!(measurer.finish().unwrap_err(), expected);
                assert_eq!(measurer.finish_parts::<f32>().unwrap_err(), expected);
            }
        }
    }
}

pub fn a_sample_measured_twice_counts_as_measured_last(device: Device) {
    let outputs = Outputs::new(7, 2, 5, 4, 3);
    let (logits, embeddings) = outputs.tensors(Kind::Float, device);
    let expected = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
    let mut measurer = outputs.measurer(Terms::Both);
    let all = Tensor::arange(7, (Kind::Int64, device));
    let broken = [logits[0].copy() * f64::NAN, logits[1].copy() * -1.0];
    let inverted = [embeddings[0].copy() * -1.0, embeddings[1].copy() * f64::INFINITY];
    measurer.observe(&all, &broken, &inverted).unwrap();
    measurer.observe(&all, &logits, &embeddings).unwrap();
    assert_eq!(measurer.finish().unwrap(), expected); // the NaN of the first time is gone

    measurer.observe(&all, &logits, &embeddings).unwrap();
    let third = Tensor::from_slice(&[3i64]);
    measurer.observe(&third, &rows(&broken, &third), &rows(&embeddings, &third)).unwrap();
    let expected = Error::Measure(MeasureError::NotFinite { argument: "logits", modality: 0, sample: 3 });
    assert_eq!(measurer.finish().unwrap_err(), expected); // and a NaN of the last time is not
}

pub fn indices_that_name_no_sample_or_one_twice_are_errors_until_reset(device: Device) {
    let outputs = Outputs::new(7, 2, 5, 4, 3);
    let (logits, embeddings) = outputs.tensors(Kind::Float, device);
    let expected = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
    let cases = [
        ([0, 1, 2, 3, 4, 5, 7], Error::Measure(MeasureError::IndexOutOfRange { index: 7, num_samples: 7 })),
        (
            [0, 1, 2, 3, 4, 5, i64::MAX],
            Error::Measure(MeasureError::IndexOutOfRange { index: i64::MAX, num_samples: 7 }),
        ),
        ([0, -1, 2, 3, 4, 5, 6], Error::Measure(MeasureError::IndexOutOfRange { index: -1, num_samples: 7 })),
        ([0, 1, 2, 3, 4, 3, 6], Error::Measure(MeasureError::IndexTwice { index: 3 })),
        ([6, 6, 6, 6, 6, 6, 6], Error::Measure(MeasureError::IndexTwice { index: 6 })),
    ];
    for (indices, error) in cases {
        let mut measurer = outputs.measurer(Terms::Both);
        measurer.observe(&Tensor::from_slice(&indices), &logits, &embeddings).unwrap();
        assert_eq!(measurer.finish().unwrap_err(), error);
        let all = Tensor::arange(7, (Kind::Int64, device));
        measurer.observe(&all, &logits, &embeddings).unwrap();
        assert_eq!(measurer.finish().unwrap_err(), error, "still");
        measurer.reset();
        measurer.observe(&all, &logits, &embeddings).unwrap();
        assert_eq!(measurer.finish().unwrap(), expected);
    }
}

pub fn what_is_missing_is_counted_and_the_rest_is_kept(device: Device) {
    let outputs = Outputs::new(7, 2, 5, 4, 3);
    let (logits, embeddings) = outputs.tensors(Kind::Float, device);
    let expected = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
    let mut measurer = outputs.measurer(Terms::Both);
    let missing = |missing, first| Error::Measure(MeasureError::NotObserved { missing, num_samples: 7, first });
    assert_eq!(measurer.finish().unwrap_err(), missing(7, 0));
    let mut observe = |samples: &[i64], error: Option<Error>| {
        let indices = Tensor::from_slice(samples).to_device(device);
        measurer.observe(&indices, &rows(&logits, &indices), &rows(&embeddings, &indices)).unwrap();
        match error {
            Some(error) => {
                assert_eq!(measurer.finish().unwrap_err(), error);
                assert_eq!(measurer.finish_parts::<f64>().unwrap_err(), error);
            }
            None => assert_eq!(measurer.finish().unwrap(), expected),
        }
    };
    observe(&[6, 0, 1], Some(missing(4, 2)));
    observe(&[], Some(missing(4, 2))); // an empty batch changes nothing
    observe(&[2, 4], Some(missing(2, 3)));
    observe(&[5, 3], None);
    assert_eq!(measurer.finish().unwrap_err(), missing(7, 0), "success starts anew");
}

pub fn extreme_values_have_finite_scores(device: Device) {
    let check = |logits: [[f64; 2]; 2], embeddings: [[f64; 2]; 2], kind: Kind, terms: Terms, expected: f64| {
        let [logits, embeddings] = [logits, embeddings]
            .map(|rows| rows.map(|row| Tensor::from_slice(&row).view([1, 2]).to_kind(kind).to_device(device)));
        let found = MultimodalMeasurer::new(&[1]).unwrap().terms(terms).measure(&logits, &embeddings).unwrap()[0];
        assert!((f64::from(found) - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found} is not {expected}");
    };
    let (flat, level) = ([[0.0; 2]; 2], [[1.0, 0.0]; 2]);
    for kind in [Kind::Float, Kind::Double] {
        check([[1e4, 0.0]; 2], level, kind, Terms::LogLikelihood, -1e4);
        check([[1e4, 0.0]; 2], level, kind, Terms::Confidence, 0.0); // underflow is legal
        check([[-1e4, 0.0]; 2], level, kind, Terms::Confidence, 0.5);
        for scale in [1e-45, 1e-30, 1e30, 1e38] {
            check(flat, [[scale, scale], [scale, -scale]], kind, Terms::Complementarity, 1.0);
            check(flat, [[scale, scale], [1.0, 1.0]], kind, Terms::Complementarity, 0.0);
            check(flat, [[scale, 0.0], [-1.0, 0.0]], kind, Terms::Complementarity, 2.0);
        }
        check(flat, [[0.0, 0.0], [1.0, 1.0]], kind, Terms::Complementarity, 1.0); // no length: cosine 0
        check(flat, flat, kind, Terms::Complementarity, 1.0);
    }
    check(flat, [[65504.0, 65504.0], [65504.0, -65504.0]], Kind::Half, Terms::Complementarity, 1.0);
    check([[65504.0, -65504.0]; 2], level, Kind::Half, Terms::LogLikelihood, -131_008.0);
}
