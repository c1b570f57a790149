//! Promise: confidence of samples with several labels is the sigmoid of the mean of `ln p` over the known labels, for
//! slices and for tensors; and the loader carries such labels into batches and measurements.

use climd::error::{ArgumentError, MeasureError, TargetError};
use climd::{Error, Modality, Terms, measure_multi_hot};

#[derive(serde::Deserialize)]
struct Case {
    num_labels: usize,
    labels: Vec<i8>,
    logits: Vec<Vec<f64>>,         // [M][n * L]
    log_likelihood: Vec<Vec<f64>>, // [M][n]
    confidence: Vec<Vec<f64>>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("golden/sigmoid.json")).unwrap()
}

/// Mean over the modalities.
fn mean(values: &[Vec<f64>]) -> Vec<f64> {
    (0..values[0].len()).map(|i| values.iter().map(|of| of[i]).sum::<f64>() / values.len() as f64).collect()
}

fn close(found: impl Iterator<Item = f64>, expected: &[f64], tolerance: f64) {
    let found: Vec<f64> = found.collect();
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{a} {b}");
    }
}

#[test]
fn slices_give_the_golden_confidence() {
    for case in cases() {
        let of = |logits| Modality { logits, embeddings: &[], present: None };
        let double: Vec<Modality<'_, f64>> = case.logits.iter().map(|z| of(&z[..])).collect();
        let single: Vec<Vec<f32>> = case.logits.iter().map(|z| z.iter().map(|&z| z as f32).collect()).collect();
        let single: Vec<Modality<'_, f32>> =
            single.iter().map(|z| Modality { logits: z, embeddings: &[], present: None }).collect();
        for (terms, expected) in [(Terms::Confidence, &case.confidence), (Terms::LogLikelihood, &case.log_likelihood)] {
            let scores = measure_multi_hot(&case.labels, case.num_labels, &double, terms).unwrap();
            close(scores.score.into_iter(), &mean(expected), 1e-12);
            for (found, expected) in scores.confidence.iter().zip(&case.confidence) {
                close(found.iter().copied(), expected, 1e-12);
            }
            let scores = measure_multi_hot(&case.labels, case.num_labels, &single, terms).unwrap();
            close(scores.score.into_iter().map(f64::from), &mean(expected), 1e-6);
            assert_eq!(scores.confidence[0][0], 0.5); // nothing is known of the first sample
        }
    }
}

#[test]
fn a_missing_modality_does_not_count() {
    let (a, b) = ([2.0f32, -1.0, 0.5, 3.0], [f32::NAN, 0.0, 1.0, 1.0]);
    let of = |logits, present| Modality { logits, embeddings: &[], present };
    let both = [of(&a[..], None), of(&b[..], Some(&[false, true][..]))];
    let scores = measure_multi_hot(&[1, 0, 1, -1], 2, &both, Terms::Confidence).unwrap();
    let alone = measure_multi_hot(&[1, 0, 1, -1], 2, &both[..1], Terms::Confidence).unwrap();
    assert_eq!(scores.score[0], alone.score[0]);
    assert_ne!(scores.score[1], alone.score[1]);
    assert!(scores.confidence[1][0].is_nan());
}

#[test]
fn bad_labels_and_logits_are_named() {
    let refused = |labels: &[i8], num_labels, logits: &[f32]| {
        let image = [Modality { logits, embeddings: &[], present: None }];
        measure_multi_hot(labels, num_labels, &image, Terms::Confidence).unwrap_err()
    };
    assert_eq!(refused(&[], 2, &[]), Error::Argument(ArgumentError::Empty { argument: "labels" }));
    assert!(matches!(refused(&[1, 0, 1], 2, &[]), Error::Argument(ArgumentError::Length { expected: 4, .. })));
    for labels in [&[1][..], &[7], &[]] {
        let error = refused(labels, 0, &[]);
        assert!(matches!(error, Error::Argument(ArgumentError::OutOfRange { argument: "num_labels", .. })), "{error}");
        assert_eq!(error.to_string(), "`num_labels` is 0, but must be at least 1");
    }
    let error = refused(&[1, 0, 1, 2], 2, &[0.0; 4]);
    assert_eq!(error, Error::Target(TargetError::MultiHot { sample: 1, label: 1, found: 2 }));
    assert!(matches!(refused(&[1, 0], 2, &[0.0]), Error::Argument(ArgumentError::Length { .. })));
    let error = refused(&[1, 0, 1, -1], 2, &[0.0, 0.0, 0.0, f32::INFINITY]); // also where the label is unknown
    assert_eq!(error, Error::Measure(MeasureError::NotFinite { argument: "logits", modality: 0, sample: 1 }));
}

#[cfg(feature = "tch")]
mod tensors {
    use super::*;
    use climd::error::TensorError;
    use climd::schedule::PowerLaw;
    use climd::{Curriculum, CurriculumLoader, CurriculumSampler, MultimodalMeasurer, Targets};
    use tch::{Device, Kind, Tensor};

    fn rows(values: &[f64], columns: usize, kind: Kind) -> Tensor {
        Tensor::from_slice(values).view([-1, columns as i64]).to_kind(kind)
    }

    #[test]
    fn tensors_give_the_golden_confidence_of_slices() {
        for case in cases() {
            for terms in [Terms::Confidence, Terms::LogLikelihood] {
                let expected = if terms == Terms::Confidence { &case.confidence } else { &case.log_likelihood };
                let measure = |kind| {
                    let logits: Vec<Tensor> = case.logits.iter().map(|z| rows(z, case.num_labels, kind)).collect();
                    let mut measurer = MultimodalMeasurer::multi_hot(&case.labels, case.num_labels).unwrap();
                    measurer = measurer.terms(terms);
                    measurer.measure(&logits, &[]).unwrap()
                };
                // f64 goes through libtorch, f32 through the kernel of slices
                close(measure(Kind::Double).into_iter().map(f64::from), &mean(expected), 1e-7);
                let single: Vec<Vec<f32>> = case.logits.iter().map(|z| z.iter().map(|&z| z as f32).collect()).collect();
                let of = |z| Modality { logits: z, embeddings: &[], present: None };
                let single: Vec<Modality<'_, f32>> = single.iter().map(|z| of(&z[..])).collect();
                let slices = measure_multi_hot(&case.labels, case.num_labels, &single, Terms::Confidence).unwrap();
                if terms == Terms::Confidence {
                    close(measure(Kind::Float).into_iter().map(f64::from), &mean(expected), 1e-6);
                    let close_to: Vec<f64> = slices.score.iter().copied().map(f64::from).collect();
                    close(measure(Kind::Float).into_iter().map(f64::from), &close_to, 1e-6);
                }
            }
        }
    }

    #[test]
    fn logits_of_another_width_are_named() {
        let mut measurer = MultimodalMeasurer::multi_hot(&[1, 0, 0, 1], 2).unwrap().terms(Terms::Confidence);
        let logits = [Tensor::zeros([2, 3], (Kind::Float, Device::Cpu))];
        let error = measurer.measure(&logits, &[]).unwrap_err();
        let (argument, expected) = ("logits[0]".into(), "[n, 2]: a column a label".into());
        assert_eq!(error, Error::Tensor(TensorError::Shape { argument, found: vec![2, 3], expected }));
    }

    fn loader(kind: Kind) -> CurriculumLoader {
        let labels = Tensor::from_slice2(&[[1i64, 0, 0], [0, 0, 0], [1, 1, 0], [0, 1, -1], [1, 0, 0], [0, -1, 0]]);
        let x = Tensor::arange(12, (Kind::Float, Device::Cpu)).view([6, 2]);
        CurriculumLoader::multi_hot(vec![x], labels.to_kind(kind), 2).unwrap().terms(Terms::Confidence)
    }

    #[test]
    fn batches_and_measurements_carry_all_labels() {
        let loader = loader(Kind::Int64);
        let table = [1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, -1, 1, 0, 0, 0, -1, 0];
        assert_eq!(loader.labels(), [0, -1, 1, 1, 0, -2]);
        assert_eq!(loader.labels(), Targets::multi_hot(&table, 3).unwrap().own_labels());
        let schedule = PowerLaw { epochs: 4, ..Default::default() };
        let mut sampler = Curriculum::with_targets(loader.targets().unwrap(), schedule).unwrap().seed(7);
        let weight = Tensor::from_slice2(&[[0.3f32, -0.2, 0.1], [0.0, 0.4, -0.5]]);
        let outputs = |x: &[Tensor]| (vec![x[0].matmul(&weight)], vec![]);
        let wanted = (0..4).find(|&epoch| sampler.wants_scores(epoch)).unwrap();
        assert!(loader.refresh(&mut sampler, wanted, outputs).unwrap());
        let scores = loader.measure(0..6, outputs).unwrap();
        assert_eq!(loader.measure(2..5, outputs).unwrap(), scores[2..5]);
        let logits: Vec<f32> = (0..6)
            .flat_map(|i| {
                [0.3, -0.2, 0.1]
                    .iter()
                    .zip([0.0, 0.4, -0.5])
                    .map(move |(a, b)| a * (2 * i) as f32 + b * (2 * i + 1) as f32)
                    .collect::<Vec<_>>()
            })
            .collect();
        let image = [Modality { logits: &logits, embeddings: &[], present: None }];
        let expected = measure_multi_hot(&table, 3, &image, Terms::Confidence).unwrap().score;
        let expected: Vec<f64> = expected.into_iter().map(f64::from).collect();
        close(scores.into_iter().map(f64::from), &expected, 1e-6);
        for batch in loader.epoch(&sampler, 0).unwrap() {
            let indices: Vec<i64> = Vec::try_from(&batch.indices).unwrap();
            let found: Vec<i8> = Vec::try_from(batch.labels.reshape([-1])).unwrap();
            let rows = indices.iter().flat_map(|&i| &table[3 * i as usize..][..3]).copied();
            assert_eq!(found, rows.collect::<Vec<i8>>());
            assert_eq!(batch.labels.size(), [indices.len() as i64, 3]);
        }
        let some = loader.leave_out(&[-1, -2]).unwrap();
        assert_eq!((some.len(), some.targets().unwrap().label_counts().unwrap()), (4, vec![3, 2, 0]));
    }

    #[test]
    fn bad_labels_of_a_loader_are_named() {
        let refused = |labels: Tensor| {
            let x = Tensor::zeros([2, 1], (Kind::Float, Device::Cpu));
            CurriculumLoader::multi_hot(vec![x], labels, 2).unwrap_err()
        };
        let error = refused(Tensor::from_slice2(&[[1i64, 0], [0, 258]]));
        assert_eq!(error, Error::Target(TargetError::MultiHot { sample: 1, label: 1, found: 127 }));
        let int = (Kind::Int64, Device::Cpu);
        assert!(refused(Tensor::zeros([2], int)).to_string().contains("must be [N, L]: a column for each label"));
        assert!(refused(Tensor::zeros([2, 0], int)).to_string().contains("must be [N, L]"));
        assert_eq!(refused(Tensor::zeros([0, 2], int)), Error::Argument(ArgumentError::Empty { argument: "labels" }));
        let float = refused(Tensor::zeros([2, 2], (Kind::Float, Device::Cpu)));
        assert!(float.to_string().contains("must be an integer kind or Bool"), "{float}");
        assert!(refused(Tensor::zeros([3, 2], int)).to_string().contains("modalities[0]"));
    }
}
