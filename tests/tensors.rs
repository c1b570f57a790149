//! Promise: `MultimodalMeasurer` gives the scores of the slice kernel, for tensors of any kind, layout and batching.
//! Its errors name what is wrong with a tensor.
#![cfg(feature = "tch")]

mod common;

use climd::error::{ArgumentError, LabelError, MeasureError};
use climd::*;
use common::tensors::measurer as check;
use common::tensors::outputs::{ALL_TERMS, Outputs, mask};
use tch::{Device, Kind, Tensor, kind::FLOAT_CPU};

const CPU: Device = Device::Cpu;

#[test]
fn scores_and_parts_agree_with_slices_in_every_kind() {
    check::scores_and_parts_agree_with_slices(CPU);
}

#[test]
fn half_precision_has_the_bits_of_a_copy_in_f32() {
    let (n, labels) = (40, (0..40).map(|i| i % 5).collect::<Vec<i64>>());
    for kind in [Kind::Half, Kind::BFloat16] {
        let rows = |width: i64| -> Vec<Tensor> {
            (0..6).map(|_| Tensor::randn([n, width], tch::kind::FLOAT_CPU).to_kind(kind)).collect()
        };
        let (logits, embeddings) = (rows(5), rows(20));
        let bits = |logits: &[Tensor], embeddings: &[Tensor]| -> Vec<u32> {
            let scores = MultimodalMeasurer::new(&labels).unwrap().measure(logits, embeddings).unwrap();
            scores.into_iter().map(f32::to_bits).collect()
        };
        let copy = |x: &Tensor| x.to_kind(Kind::Float);
        let copies = |rows: &[Tensor]| rows.iter().map(copy).collect::<Vec<_>>();
        let expected = bits(&copies(&logits), &copies(&embeddings));
        assert_eq!(bits(&logits, &embeddings), expected, "{kind:?}");
        // with gaps, and of two kinds
        let with_gaps: Vec<Tensor> = embeddings.iter().map(|x| x.tr().contiguous().tr()).collect();
        assert_eq!(bits(&logits, &with_gaps), expected, "{kind:?}");
        let mixed = |rows: &[Tensor]| -> Vec<Tensor> {
            rows.iter().enumerate().map(|(m, x)| if m % 2 == 0 { copy(x) } else { x.shallow_clone() }).collect()
        };
        assert_eq!(bits(&mixed(&logits), &mixed(&embeddings)), expected, "{kind:?}");
    }
}

#[test]
fn the_batch_size_does_not_matter() {
    check::the_batch_size_does_not_matter(CPU);
}

#[test]
fn the_layout_of_a_tensor_does_not_matter() {
    check::the_layout_of_a_tensor_does_not_matter(CPU);
}

#[test]
fn no_graph_is_kept() {
    check::no_graph_is_kept(CPU);
}

#[test]
fn what_is_not_finite_is_named() {
    check::what_is_not_finite_is_named(CPU);
}

#[test]
fn a_sample_measured_twice_counts_as_measured_last() {
    check::a_sample_measured_twice_counts_as_measured_last(CPU);
}

#[test]
fn indices_that_name_no_sample_or_one_twice_are_errors_until_reset() {
    check::indices_that_name_no_sample_or_one_twice_are_errors_until_reset(CPU);
}

#[test]
fn what_is_missing_is_counted_and_the_rest_is_kept() {
    check::what_is_missing_is_counted_and_the_rest_is_kept(CPU);
}

#[test]
fn extreme_values_have_finite_scores() {
    check::extreme_values_have_finite_scores(CPU);
}

#[test]
fn one_class_is_certain_and_one_modality_complements_nothing() {
    let one_class = Outputs::new(4, 3, 1, 2, 1);
    let (logits, embeddings) = one_class.tensors(Kind::Float, CPU);
    let scores = one_class.measurer(Terms::Confidence).measure(&logits, &embeddings).unwrap();
    assert_eq!(scores, [0.5; 4]);
    let alone = Outputs::new(4, 1, 3, 2, 1);
    let (logits, embeddings) = alone.tensors(Kind::Float, CPU);
    let scores = alone.measurer(Terms::Complementarity).measure(&logits, &embeddings).unwrap();
    assert_eq!(scores, [0.0; 4]);
}

#[test]
fn embeddings_of_width_one_agree_or_oppose() {
    let column = |values: [f32; 4]| Tensor::from_slice(&values).view([4, 1]);
    let embeddings = [column([1.0, 2.0, -3.0, 0.0]), column([5.0, -1.0, -1.0, 1.0])];
    let mut measurer = MultimodalMeasurer::new(&[0; 4]).unwrap().terms(Terms::Complementarity);
    assert_eq!(measurer.measure(&[], &embeddings).unwrap(), [0.0, 2.0, 0.0, 1.0]);
}

#[test]
fn a_hundred_modalities_are_told_apart() {
    let outputs = Outputs::new(3, 100, 2, 2, 1);
    for (argument, modality) in [("logits", 99), ("embeddings", 0), ("embeddings", 99)] {
        let (logits, embeddings) = outputs.tensors(Kind::Float, CPU);
        let target = if argument == "logits" { &logits } else { &embeddings };
        let _ = target[modality].get(2).fill_(f64::NAN);
        let error = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap_err();
        assert_eq!(error, Error::Measure(MeasureError::NotFinite { argument, modality, sample: 2 }));
    }
}

#[test]
fn reset_drops_what_was_observed() {
    let outputs = Outputs::new(4, 2, 3, 2, 1);
    let (logits, embeddings) = outputs.tensors(Kind::Float, CPU);
    let mut measurer = outputs.measurer(Terms::Both);
    measurer.observe(&Tensor::arange(4, (Kind::Int64, CPU)), &logits, &embeddings).unwrap();
    measurer.reset();
    let error = measurer.finish().unwrap_err();
    assert_eq!(error.to_string(), "4 of 4 samples were never observed, sample 0 the first: observe them, then finish");
    // and with it the layout: the next measurement may have another
    let other = Outputs::new(4, 1, 5, 7, 1);
    let (logits, embeddings) = other.tensors(Kind::Double, CPU);
    assert!(measurer.measure(&logits, &embeddings).is_ok());
}

#[test]
fn what_the_terms_do_not_need_may_be_left_out() {
    let outputs = Outputs::new(4, 2, 3, 2, 1);
    let (logits, embeddings) = outputs.tensors(Kind::Float, CPU);
    for terms in ALL_TERMS {
        let with = outputs.measurer(terms).measure(&logits, &embeddings).unwrap();
        let without = match terms {
            Terms::Both => continue,
            Terms::Complementarity => outputs.measurer(terms).measure(&[], &embeddings),
            Terms::Confidence | Terms::LogLikelihood => outputs.measurer(terms).measure(&logits, &[]),
        };
        assert_eq!(without.unwrap(), with);
    }
}

#[test]
fn a_mask_may_have_any_layout_and_a_missing_modality_any_value() {
    let outputs = Outputs::new(5, 3, 3, 2, 1).masked(2);
    let (logits, embeddings) = outputs.tensors(Kind::Float, CPU);
    let expected = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
    let flags = mask(outputs.present.as_ref().unwrap());
    let transposed = flags.transpose(0, 1).contiguous().transpose(0, 1);
    let mut measurer = MultimodalMeasurer::new(&outputs.labels).unwrap().present(&transposed).unwrap();
    assert_eq!(measurer.measure(&logits, &embeddings).unwrap(), expected);
    let mut unmasked = MultimodalMeasurer::new(&outputs.labels).unwrap();
    assert!(matches!(unmasked.measure(&logits, &embeddings), Err(Error::Measure(MeasureError::NotFinite { .. }))));
}

fn refused(measurer: MultimodalMeasurer, indices: &Tensor, logits: &[Tensor], embeddings: &[Tensor]) -> String {
    let mut measurer = measurer;
    let error = measurer.observe(indices, logits, embeddings).unwrap_err();
    assert!(matches!(measurer.finish(), Err(Error::Measure(MeasureError::NotObserved { .. }))), "nothing is taken");
    error.to_string()
}

#[test]
fn tensors_of_the_wrong_shape_or_kind_are_named() {
    let zeros = |rows: i64, width: i64| Tensor::zeros([rows, width], FLOAT_CPU);
    let new = || MultimodalMeasurer::new(&[0, 1, 1]).unwrap();
    let all = Tensor::from_slice(&[0i64, 1, 2]);
    let good = || [zeros(3, 2), zeros(3, 2)];
    let cases = [
        (
            refused(new(), &all, &good(), &[zeros(3, 4), zeros(3, 5)]),
            "`embeddings[1]` has width 5, but `embeddings[0]` has width 4: project the embeddings to one \
             width first, by layers that are trained (untrained, their cosines are chance), or measure with \
             `Terms::Confidence`",
        ),
        (
            refused(new(), &all, &[zeros(3, 2), zeros(3, 3)], &good()),
            "`logits[1]` has shape [3, 3], but must be [3, 2], as `logits[0]`",
        ),
        (
            refused(new(), &all, &[zeros(3, 2), zeros(2, 2)], &good()),
            "`logits[1]` has shape [2, 2], but must be [3, width above 0]: a row for each of `indices`",
        ),
        (
            refused(new(), &all, &good(), &[zeros(3, 2), zeros(3, 0)]),
            "`embeddings[1]` has shape [3, 0], but must be [3, width above 0]: a row for each of `indices`",
        ),
        (
            refused(new(), &all, &good(), &[zeros(3, 2), zeros(3, 2).view([3, 2, 1])]),
            "`embeddings[1]` has shape [3, 2, 1], but must be [3, width]: pool over the dimensions between first, by \
             their mean, say",
        ),
        (
            refused(new(), &all, &good(), &[zeros(3, 2)]),
            "`embeddings` has length 1, but must have length 2: as many as `logits`",
        ),
        (refused(new(), &all, &[], &[]), "`logits` is empty, but at least one is needed"),
        (
            refused(new(), &all, &good(), &[]),
            "`embeddings` is empty, but `Terms::Both` compares modalities by them: give one for each modality, or, for \
             a network of one input and one head, measure with `Terms::Confidence`",
        ),
        (
            refused(new(), &all, &good(), &[zeros(3, 2), zeros(3, 2).to_kind(Kind::Int64)]),
            "`embeddings[1]` is of kind Int64, but must be Half, BFloat16, Float or Double",
        ),
        (
            refused(new(), &all, &[zeros(3, 2).to_kind(Kind::ComplexFloat), zeros(3, 2)], &good()),
            "`logits[0]` is of kind ComplexFloat, but must be Half, BFloat16, Float or Double",
        ),
        (refused(new(), &all.to_kind(Kind::Float), &good(), &good()), "`indices` is of kind Float, but must be Int64"),
        (refused(new(), &all.view([3, 1]), &good(), &good()), "`indices` has shape [3, 1], but must be [n]"),
        (refused(new(), &Tensor::new(), &good(), &good()), "`indices` is an undefined tensor: was it ever assigned?"),
        (
            refused(new(), &all, &[zeros(3, 2), Tensor::new()], &good()),
            "`logits[1]` is an undefined tensor: was it ever assigned?",
        ),
        (
            refused(new(), &all, &good(), &[Tensor::new(), zeros(3, 2)]),
            "`embeddings[0]` is an undefined tensor: was it ever assigned?",
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn labels_that_are_no_columns_are_named_before_anything_is_gathered() {
    let two = [Tensor::zeros([3, 2], FLOAT_CPU)];
    let all = Tensor::from_slice(&[0i64, 1, 2]);
    for (labels, index, label) in [([0, 2, 1], 1, 2), ([0, 1, -1], 2, -1), ([i64::MAX, 0, 0], 0, i64::MAX)] {
        let message = refused(MultimodalMeasurer::new(&labels).unwrap(), &all, &two, &two);
        let remedy = if label < 0 { "leave out the samples that have no label" } else { "widen the last layer" };
        let expected = format!(
            "`labels[{index}]` is {label}, but the logits have columns 0 to 1: number the classes from 0, or {remedy}"
        );
        assert_eq!(message, expected);
    }
    // without logits a label is no column
    let mut blind = MultimodalMeasurer::new(&[7, -7, 100]).unwrap().terms(Terms::Complementarity);
    assert!(blind.measure(&[], &two).is_ok());
    assert_eq!(
        MultimodalMeasurer::new::<i64>(&[]).unwrap_err(),
        Error::Argument(ArgumentError::Empty { argument: "labels" })
    );
    assert_eq!(
        MultimodalMeasurer::new(&[0, u64::MAX]).unwrap_err(),
        Error::Label(LabelError::LabelTooLarge { argument: "labels", index: 1 })
    );
}

#[test]
fn a_batch_unlike_the_first_is_named_and_changes_nothing() {
    let outputs = Outputs::new(3, 2, 4, 5, 1);
    let (logits, embeddings) = outputs.tensors(Kind::Float, CPU);
    let expected = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
    let all = Tensor::from_slice(&[0i64, 1, 2]);
    let cases = [
        (Outputs::new(3, 3, 4, 5, 1), Kind::Float, "`logits` has length 3, but must have length 2"),
        (Outputs::new(3, 2, 6, 5, 1), Kind::Float, "`logits[0]` has shape [3, 6], but must be [3, 4]"),
        (Outputs::new(3, 2, 4, 7, 1), Kind::Float, "`embeddings[0]` has shape [3, 7], but must be [3, 5]"),
        (Outputs::new(3, 2, 4, 5, 1), Kind::Double, "`logits[0]` is of kind Double, but must be of the precision"),
    ];
    let mut measurer = outputs.measurer(Terms::Both);
    measurer.observe(&all, &logits, &embeddings).unwrap();
    for (other, kind, expected) in cases {
        let (logits, embeddings) = other.tensors(kind, CPU);
        let message = measurer.observe(&all, &logits, &embeddings).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
        assert!(message.contains("the first batch of this measurement"), "{message}");
    }
    // half and single precision are both computed in single
    let (half, half_embeddings) = outputs.tensors(Kind::Half, CPU);
    measurer.observe(&all, &half, &half_embeddings).unwrap();
    measurer.observe(&all, &logits, &embeddings).unwrap();
    assert_eq!(measurer.finish().unwrap(), expected);
}

#[test]
fn masks_that_do_not_fit_are_named() {
    let refused = |mask: &Tensor| MultimodalMeasurer::new(&[0, 1]).unwrap().present(mask).unwrap_err().to_string();
    let ones = |rows: i64, columns: i64| Tensor::ones([rows, columns], (Kind::Bool, CPU));
    assert_eq!(refused(&ones(3, 2)), "`mask` has shape [3, 2], but must be [2, M]: a row for each label");
    assert_eq!(refused(&ones(2, 0)), "`mask` has shape [2, 0], but must be [2, M]: a row for each label");
    assert_eq!(
        refused(&ones(2, 2).to_kind(Kind::Float)),
        "`mask` is of kind Float, but must be Bool: of 0 and 1, take `mask.to_kind(Kind::Bool)`"
    );
    assert_eq!(refused(&Tensor::new()), "`mask` is an undefined tensor: was it ever assigned?");
    assert_eq!(
        refused(&mask(&[vec![true, false], vec![true, false]])),
        "`present` has no modality for sample 1: drop the sample, or give it at least one"
    );
    let (logits, embeddings) = Outputs::new(2, 3, 2, 2, 1).tensors(Kind::Float, CPU);
    for (terms, argument) in [(Terms::Both, "logits"), (Terms::Complementarity, "embeddings")] {
        let measurer = MultimodalMeasurer::new(&[0, 1]).unwrap().present(&ones(2, 2)).unwrap().terms(terms);
        let message = self::refused(measurer, &Tensor::from_slice(&[0i64, 1]), &logits, &embeddings);
        assert_eq!(
            message,
            format!("`{argument}` has length 3, but must have length 2: one for each column of the mask")
        );
    }
}

#[test]
fn the_errors_of_finish_say_what_to_do() {
    let outputs = Outputs::new(7, 2, 5, 4, 3);
    let (logits, embeddings) = outputs.tensors(Kind::Float, CPU);
    let message = |indices: [i64; 7]| {
        let mut measurer = outputs.measurer(Terms::Both);
        measurer.observe(&Tensor::from_slice(&indices), &logits, &embeddings).unwrap();
        measurer.finish().unwrap_err().to_string()
    };
    assert_eq!(
        message([0, 1, 2, 3, 4, 5, 9]),
        "`indices` has 9, but the data set has 7 samples: call `reset` and observe again"
    );
    assert_eq!(
        message([0, 1, 2, 3, 4, 5, 5]),
        "`indices` has sample 5 twice in one call, so its score is not defined: call `reset` and observe again"
    );
}
