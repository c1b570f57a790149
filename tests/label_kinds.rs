//! Promise: labels may be any integers, booleans, or one column. Values that are no labels, or look like "no label",
//! are errors that say what to do.

mod common;

use climd::error::LabelError;
use climd::schedule::*;
use climd::*;

#[test]
fn labels_that_look_like_no_label_are_said_so_when_the_sampler_is_built() {
    for mark in [-100i64, -1, -9, -99, -999, -9999, i64::from(i32::MIN), i64::MIN] {
        // 30 + 10 labelled samples and 60 without a label
        let labels: Vec<i64> =
            (0..).zip([30, 10]).flat_map(|(label, n)| vec![label; n]).chain(vec![mark; 60]).collect();
        let error = PowerLawScheduler::new(&labels, PowerLaw::default()).unwrap_err();
        assert_eq!(error, Error::Label(LabelError::LooksUnlabelled { index: 40, label: mark, count: 60 }));
        let text = error.to_string();
        assert!(text.starts_with(&format!("`labels[40]` is {mark}, beside labels from 0 on: 60 samples")), "{text}");
        assert!(text.contains(&format!("leave_out(&[{mark}])")) && text.contains("from_classes"), "{text}");
        // who means it goes on by name
        let classes = ClassIndex::new(&labels).unwrap();
        let sampler = Curriculum::from_classes(classes, schedule::ClassBalanced).unwrap();
        assert_eq!(sampler.quotas(0).unwrap(), [34, 33, 33]);
    }
    let both = Curriculum::new(&[-1, 0, -100, 1, -100], schedule::Uniform).unwrap_err();
    assert_eq!(
        both,
        Error::Label(LabelError::LooksUnlabelled { index: 2, label: -100, count: 2 }),
        "the more frequent one"
    );
}

#[test]
fn negative_labels_that_are_numbers_are_classes_as_ever() {
    for labels in [&[-1, 1, 1][..], &[-2, -1, 0, 1, 2], &[-1, -1, -1], &[-100, -1], &[-3, 5, 100], &[-2, 0, 1]] {
        let sampler = Curriculum::new(labels, schedule::Uniform).unwrap();
        assert_eq!(sampler.epoch(0).unwrap().len(), labels.len(), "{labels:?}");
    }
}

#[cfg(feature = "tch")]
mod tensors {
    use super::*;
    use tch::{Device, Kind, Tensor};

    fn x() -> Tensor {
        Tensor::randn([6, 4], (Kind::Float, Device::Cpu))
    }

    fn integers() -> Tensor {
        Tensor::from_slice(&[0i64, 1, 0, 0, 1, 0])
    }

    fn refused(labels: Tensor) -> String {
        CurriculumLoader::new(vec![x()], labels, 2).unwrap_err().to_string()
    }

    #[test]
    fn integers_booleans_and_a_column_are_labels() {
        let strided = Tensor::from_slice(&[0i64, 9, 1, 9, 0, 9, 0, 9, 1, 9, 0, 9]).slice(0, 0, 12, 2);
        let kinds = [Kind::Bool, Kind::Uint8, Kind::Int8, Kind::Int16, Kind::Int, Kind::Int64];
        let all = kinds.map(|kind| integers().to_kind(kind));
        for labels in all.into_iter().chain([strided]) {
            for labels in [labels.view([6, 1]), labels.shallow_clone()] {
                let loader = CurriculumLoader::new(vec![x()], labels, 2).unwrap();
                assert_eq!(loader.labels(), [0, 1, 0, 0, 1, 0]);
                let sampler = Curriculum::new(loader.labels(), schedule::Uniform).unwrap();
                let batch = loader.epoch(&sampler, 0).unwrap().next().unwrap();
                assert_eq!((batch.labels.kind(), batch.labels.size()), (Kind::Int64, vec![2]));
            }
        }
    }

    #[test]
    fn what_is_no_label_says_the_remedy() {
        for kind in [Kind::Float, Kind::Double, Kind::Half] {
            let text = refused(integers().to_kind(kind));
            let expected = "must be an integer kind or Bool: of whole numbers, take `labels.to_kind(Kind::Int64)`";
            assert_eq!(text, format!("`labels` is of kind {kind:?}, but {expected}"));
        }
        for kind in [Kind::Float, Kind::Int64, Kind::Bool] {
            let one_hot = Tensor::eye(6, (kind, Device::Cpu)).narrow(1, 0, 2);
            assert_eq!(
                refused(one_hot),
                "`labels` has shape [6, 2], but must be [N]: of one column a class (one-hot), take \
                 `labels.argmax(1, false)`; of several labels a sample, use `CurriculumLoader::multi_hot`"
            );
        }
        assert!(refused(Tensor::from(1i64)).contains("`labels` has shape [], but must be [N]"));
        assert!(refused(integers().view([6, 1, 1])).contains("`labels` has shape [6, 1, 1], but must be [N]"));
        let loader = || CurriculumLoader::new(vec![x()], integers(), 2).unwrap();
        for kind in [Kind::Float, Kind::Uint8] {
            let error = loader().present(&Tensor::ones([6, 1], (kind, Device::Cpu))).unwrap_err().to_string();
            assert!(error.ends_with("must be Bool: of 0 and 1, take `mask.to_kind(Kind::Bool)`"), "{error}");
        }
    }

    /// 30 + 10 labelled samples and 60 without a label: what the error of the sampler advises.
    #[test]
    fn samples_without_a_label_can_be_left_out() {
        for mark in [-100i64, -1] {
            let labels: Vec<i64> = (0..100).map(|i| if i % 5 < 3 { mark } else { i64::from(i >= 75) }).collect();
            let x = Tensor::arange(100, (Kind::Int64, Device::Cpu));
            let mask = Tensor::ones([100, 1], (Kind::Bool, Device::Cpu));
            let loader = CurriculumLoader::new(vec![x], Tensor::from_slice(&labels), 16).unwrap();
            assert!(matches!(
                Curriculum::new(loader.labels(), schedule::Uniform),
                Err(Error::Label(LabelError::LooksUnlabelled { label, count: 60, .. })) if label == mark
            ));
            let loader = loader.present(&mask).unwrap().leave_out(&[mark]).unwrap();
            assert_eq!(loader.len(), 40);
            let sampler = Curriculum::new(loader.labels(), schedule::Uniform).unwrap();
            for batch in loader.epoch(&sampler, 0).unwrap() {
                let rows = Vec::<i64>::try_from(&batch.modalities[0]).unwrap();
                let of_rows: Vec<i64> = rows.iter().map(|&row| labels[row as usize]).collect();
                assert_eq!(of_rows, Vec::<i64>::try_from(&batch.labels).unwrap());
                assert!(!of_rows.contains(&mark));
            }
            let outputs = |x: &[Tensor]| {
                let column = x[0].to_kind(Kind::Float).view([-1, 1]);
                (vec![column.repeat([1, 2])], vec![column])
            };
            assert_eq!(loader.measure(0..40, outputs).unwrap().len(), 40);
            assert_eq!(
                loader.leave_out(&[0, 1]).unwrap_err(),
                Error::Argument(climd::error::ArgumentError::Empty { argument: "labels" })
            );
        }
    }

    /// One input and one head, one logit, a sequence, two widths: what the message advises.
    #[test]
    fn outputs_of_other_shapes_are_named_before_anything_is_trained() {
        let loader = || CurriculumLoader::new(vec![x()], integers(), 2).unwrap();
        let named = |loader: CurriculumLoader, outputs: fn(&Tensor) -> (Vec<Tensor>, Vec<Tensor>)| -> String {
            let schedule = PowerLaw { epochs: 4, ..Default::default() };
            let mut sampler = PowerLawScheduler::new(loader.labels(), schedule).unwrap();
            let error = loader.try_outputs(|x| outputs(&x[0])).unwrap_err();
            assert_eq!(loader.refresh(&mut sampler, 0, |x| outputs(&x[0])).unwrap_err(), error, "in epoch 0");
            error.to_string()
        };
        let one_head = named(loader(), |x| (vec![x.narrow(1, 0, 2)], vec![]));
        assert!(one_head.contains("of one input and one head, measure with `Terms::Confidence`"), "{one_head}");
        loader().terms(Terms::Confidence).try_outputs(|x| (vec![x[0].narrow(1, 0, 2)], vec![])).unwrap();
        for outputs in [
            |x: &Tensor| (vec![x.narrow(1, 0, 1)], vec![x.shallow_clone()]),
            |x: &Tensor| (vec![x.select(1, 0)], vec![x.shallow_clone()]),
        ] {
            let one_logit = named(loader(), outputs);
            assert!(one_logit.starts_with("`logits[0]` has shape [2") && one_logit.contains("`[0, z]`"), "{one_logit}");
        }
        let sequence = named(loader(), |x| (vec![x.narrow(1, 0, 2).unsqueeze(1)], vec![x.shallow_clone()]));
        assert!(sequence.contains("pool over the dimensions between first"), "{sequence}");
        let sequence = named(loader(), |x| (vec![x.narrow(1, 0, 2)], vec![x.unsqueeze(1).repeat([1, 3, 1])]));
        assert!(sequence.contains("`embeddings[0]` has shape [2, 3, 4], but must be [2, width]: pool"), "{sequence}");
        let widths = named(loader(), |x| {
            (vec![x.narrow(1, 0, 2), x.narrow(1, 0, 2)], vec![x.shallow_clone(), x.narrow(1, 0, 3)])
        });
        assert!(widths.contains("by layers that are trained") && widths.contains("`Terms::Confidence`"), "{widths}");
        // labels are looked at as a whole, not those of the two samples alone
        let labels = Tensor::from_slice(&[0i64, 1, 0, 0, 1, 5]);
        let loader = CurriculumLoader::new(vec![x()], labels, 2).unwrap();
        let outside = named(loader, |x| (vec![x.narrow(1, 0, 2)], vec![x.shallow_clone()]));
        assert!(outside.starts_with("`labels[5]` is 5, but the logits have columns 0 to 1"), "{outside}");
    }

    #[test]
    fn nothing_is_tried_where_no_scores_will_be_wanted_nor_twice() {
        let loader = CurriculumLoader::new(vec![x()], integers(), 2).unwrap();
        let calls = std::cell::Cell::new(0);
        let outputs = |x: &[Tensor]| {
            calls.set(calls.get() + 1);
            (vec![x[0].narrow(1, 0, 2)], vec![x[0].shallow_clone()])
        };
        let mut uniform = Curriculum::new(loader.labels(), schedule::Uniform).unwrap();
        assert!((0..3).all(|epoch| !loader.refresh(&mut uniform, epoch, outputs).unwrap()));
        assert_eq!(calls.get(), 0);
        let schedule = PowerLaw { epochs: 4, ..Default::default() };
        let mut sampler = PowerLawScheduler::new(loader.labels(), schedule).unwrap();
        assert!(!loader.refresh(&mut sampler, 0, outputs).unwrap());
        assert_eq!(calls.get(), 1, "on one batch of two samples");
        assert!(loader.refresh(&mut sampler, 1, outputs).unwrap());
        assert_eq!(calls.get(), 1 + 3);
    }
}

#[test]
fn one_vector_of_any_integers_serves_sampler_measure_and_metrics() {
    fn serve<L>(labels: &[L])
    where
        L: Copy + TryInto<i64>,
    {
        let sampler = PowerLawScheduler::new(labels, PowerLaw::default()).unwrap();
        assert_eq!(sampler.classes().counts(), [3, 2, 1]);
        let (logits, embeddings) = ([0.0f32; 18], [1.0f32; 12]);
        let modality = Modality { logits: &logits, embeddings: &embeddings, present: None };
        let scores = measure(labels, 3, &[modality, modality], Terms::Both).unwrap();
        assert_eq!(scores.score.len(), 6);
        assert_eq!(ConfusionMatrix::new(labels, labels).unwrap().accuracy(), 1.0);
    }
    serve(&[0u8, 0, 0, 1, 1, 2]);
    serve(&[0i32, 0, 0, 1, 1, 2]);
    serve(&[0i64, 0, 0, 1, 1, 2]);
    serve(&[0usize, 0, 0, 1, 1, 2]);

    let modality = Modality { logits: &[0.0f32; 6], embeddings: &[], present: None };
    for (label, expected) in [(-1, -1), (3, 3), (i64::MAX, i64::MAX)] {
        let error = measure(&[0, label], 3, &[modality], Terms::Confidence).unwrap_err();
        assert_eq!(error, Error::Label(LabelError::LabelOutsideLogits { index: 1, label: expected, num_classes: 3 }));
    }
    let error = measure(&[0, u64::MAX], 3, &[modality], Terms::Confidence).unwrap_err();
    assert_eq!(error, Error::Label(LabelError::LabelTooLarge { argument: "labels", index: 1 }));
    let error = ConfusionMatrix::new(&[0], &[u64::MAX]).unwrap_err();
    assert!(error.to_string().starts_with("`predictions[0]` does not fit"), "{error}");
}
