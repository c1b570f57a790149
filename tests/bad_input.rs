//! Promise: bad input is an error that names the argument, and says what was found and what to do. Nothing panics.
//!
//! The test files of epochs, states, tensors, loader and loss check their errors.

use climd::error::LabelError;
use climd::schedule::*;
use climd::*;

fn message<T>(result: Result<T>) -> String {
    result.err().expect("an error").to_string()
}

fn power_law(schedule: PowerLaw) -> Result<PowerLawScheduler> {
    PowerLawScheduler::new(&[0, 0, 0, 1], schedule)
}

#[test]
fn no_labels() {
    assert_eq!(message(ClassIndex::new::<u8>(&[])), "`labels` is empty, but at least one is needed");
    assert_eq!(message(Curriculum::new::<i64>(&[], Uniform)), "`labels` is empty, but at least one is needed");
}

#[test]
fn a_label_beyond_64_bits() {
    let expected = "`labels[2]` does not fit into a 64-bit signed integer: renumber the classes";
    assert_eq!(message(ClassIndex::new(&[0, 1, u64::MAX])), expected);
    assert_eq!(message(ClassIndex::new(&[0, 1, i128::MIN])), expected);
}

#[test]
fn too_many_samples() {
    // 2^32 labels take 4 GB, so the message alone is read here
    let error = Error::Label(LabelError::TooManySamples { found: 1 << 32 });
    assert_eq!(
        error.to_string(),
        "`labels` has 4294967296 samples, but at most 4294967295 can be indexed: split the data set"
    );
}

#[test]
fn one_class_and_one_sample_are_data() {
    for labels in [&[7i64][..], &[7, 7, 7]] {
        let mut sampler = PowerLawScheduler::new(labels, PowerLaw { epochs: 3, ..Default::default() }).unwrap();
        sampler.update(0, &vec![0.5; labels.len()]).unwrap();
        for epoch in 0..5 {
            let list = sampler.epoch(epoch).unwrap();
            assert!((1..=labels.len()).contains(&list.len()));
            assert_eq!(list.log_prior(8).unwrap()[7], 0.0); // all samples are of that class
            sampler.report(epoch).unwrap();
        }
        assert_eq!(sampler.epoch(2).unwrap().len(), labels.len());
        assert!(sampler.classes().hill_exponent().is_infinite() && sampler.classes().zipf_exponent() == 0.0);
    }
}

#[test]
fn a_curriculum_of_no_epochs() {
    let schedule = PowerLaw { epochs: 0, ..Default::default() };
    assert_eq!(message(power_law(schedule)), "`epochs` is 0, but a curriculum has at least 1 epoch");
}

#[test]
fn numbers_out_of_range() {
    for gamma in [0.0, -0.3, f64::NAN, f64::INFINITY] {
        let expected = format!("`gamma` is {gamma}, but must be from 1e-100 to 1e100");
        assert_eq!(message(power_law(PowerLaw { gamma, ..Default::default() })), expected);
        let expected = format!("`alpha` is {gamma}, but must be from 1e-100 to 1e100");
        assert_eq!(message(power_law(PowerLaw { alpha: Some(gamma), ..Default::default() })), expected);
    }
    for strength in [-0.1, 1.1, f64::NAN] {
        let schedule = UnderSampling { strength, redraw: false };
        let expected = format!("`strength` is {strength}, but must be a number from 0 to 1");
        assert_eq!(message(Curriculum::new(&[0, 1], schedule)), expected);
    }
}

#[test]
fn the_ends_of_every_range_are_allowed_and_do_not_panic() {
    for gamma in [1e-100, 1e100] {
        for alpha in [None, Some(1e-100), Some(1e100)] {
            for law in [TargetLaw::PowerLaw, TargetLaw::Zipf, TargetLaw::Empirical] {
                for overflow in [Overflow::Redistribute, Overflow::Truncate, Overflow::Repeat] {
                    for epochs in [1, 2, usize::MAX] {
                        let schedule = PowerLaw { epochs, gamma, alpha, law, overflow, ..Default::default() };
                        let sampler = power_law(schedule).unwrap();
                        for epoch in [0, 1, epochs - 1, usize::MAX] {
                            let list = sampler.epoch(epoch).unwrap();
                            assert!(!list.is_empty());
                            assert_eq!(list.batches(1, LastBatch::Keep).unwrap().count(), list.len());
                            let _ = (sampler.report(epoch).unwrap(), sampler.wants_scores(epoch));
                        }
                    }
                }
            }
        }
    }
    let settings = Settings { seed: u64::MAX, first_measure: usize::MAX, measure_every: usize::MAX };
    let sampler = power_law(PowerLaw::default()).unwrap().settings(settings);
    assert!(!sampler.wants_scores(usize::MAX)); // due, but the epoch is the whole data set
}

#[test]
fn labels_sites_and_groups_at_the_ends_of_64_bits_are_data() {
    for [a, b] in [[i64::MAX, i64::MAX - 1], [i64::MAX - 1, i64::MAX - 2], [i64::MIN, i64::MIN + 1]] {
        let ends = [a, b, a, a];
        let sampler = PowerLawScheduler::new(&ends, PowerLaw::default()).unwrap();
        assert_eq!((sampler.classes().label(0), sampler.classes().label(1)), (a, b));
        assert_eq!(sampler.epoch(100).unwrap().class_counts(), [3, 1]);
        let targets = Targets::single(&[0, 0, 1, 1]).unwrap().sites(&ends, Within::Balanced).unwrap();
        let targets = targets.groups(&ends, 1).unwrap();
        assert_eq!(split(&targets, &ends, &[1, 1], 7).unwrap().len(), 4);
        assert!(Curriculum::with_targets(targets, Uniform).unwrap().epoch(0).unwrap().len() >= 2);
        let matrix = ConfusionMatrix::new(&ends, &[a, b, b, a]).unwrap();
        assert_eq!((matrix.labels(), matrix.accuracy()), (&[a.min(b), a.max(b)][..], 0.75));
        assert_eq!(ConfusionMatrix::new(&[a], &[a]).unwrap().labels(), [a]);
    }
    let alone = [i64::MAX; 2];
    assert_eq!(ClassIndex::new(&alone).unwrap().counts(), [2]);
    let targets = Targets::single(&alone).unwrap().sites(&alone, Within::Balanced).unwrap().groups(&alone, 1).unwrap();
    assert_eq!(Curriculum::with_targets(targets, Uniform).unwrap().epoch(0).unwrap().len(), 1);
}

#[test]
fn a_curriculum_with_replacement() {
    let schedule = PowerLaw { pick: Pick::WithReplacement, ..Default::default() };
    assert_eq!(
        message(power_law(schedule)),
        "`pick` is WithReplacement, which PowerLaw cannot do: choose Highest, Lowest, FixedRandom or Redraw"
    );
}

#[test]
fn scores_of_the_wrong_length_or_not_finite() {
    let mut sampler = power_law(PowerLaw::default()).unwrap();
    assert_eq!(
        message(sampler.update(1, &[0.0; 3])),
        "`scores` has length 3, but must have length 4: one score for each label"
    );
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(
            message(sampler.update(1, &[0.0, 0.0, bad, f32::NAN])),
            format!("`scores[2]` is {bad}, but scores must be finite: look at the logits of that sample")
        );
    }
}

/// A quota and a pick that no data set can give.
struct Impossible(Plan);

impl Schedule for Impossible {
    fn plan(&self, _: usize, _: &ClassIndex) -> Result<Plan> {
        Ok(self.0.clone())
    }
    fn describe(&self) -> Description {
        Description::new("impossible")
    }
}

#[test]
fn quotas_that_the_data_cannot_give() {
    #[allow(clippy::reversed_empty_ranges)] // this is what the test is about
    let backwards = 3..1;
    let cases = [
        (Plan::per_class(vec![1]), "it has 1 entries for 2 classes"),
        (Plan::per_class(vec![1, 1, 1]), "it has 3 entries for 2 classes"),
        (Plan::per_class(vec![0, 0]), "it asks for no sample at all"),
        (Plan::per_class(vec![1 << 31, 1 << 31]), "it asks for 4294967296 samples, 2^32 or more"),
        (Plan::per_class(vec![usize::MAX, usize::MAX]), "it asks for 18446744073709551615 samples, 2^32 or more"),
        (Plan::window(0..5), "it asks for positions 0..5 of 4 samples"),
        (Plan::window(backwards), "it asks for positions 3..1 of 4 samples"),
        (Plan::window(2..2), "it asks for no sample at all"),
    ];
    for (plan, reason) in cases {
        let sampler = Curriculum::new(&[0, 0, 0, 1], Impossible(plan)).unwrap();
        let expected = format!("the schedule's plan of epoch 3 is impossible: {reason}; mend its `plan`");
        assert_eq!(message(sampler.epoch(3)), expected);
        assert_eq!(message(sampler.quotas(3)), expected);
        assert_eq!(message(sampler.report(3)), expected);
        let mut out = Curriculum::new(&[0, 1], Uniform).unwrap().epoch(0).unwrap();
        let before = out.indices().to_vec();
        assert_eq!(message(sampler.epoch_into(3, &mut out)), expected);
        assert_eq!(out.indices(), before, "on an error the list is as it was");
        assert_eq!(message(sampler.epoch_len(3)), expected);
        assert_eq!(message(sampler.steps(3..4, 1, LastBatch::Keep)), expected);
        let _ = (sampler.wants_scores(3), sampler.state(3.into()).unwrap());
    }
    let window = Impossible(Plan::window(0..2).pick(Pick::WithReplacement));
    let sampler = Curriculum::new(&[0, 0, 0, 1], window).unwrap();
    assert!(message(sampler.epoch(0)).contains("a window of the ranking cannot be drawn with replacement"));
}

#[test]
fn quotas_of_a_schedule_that_ignores_classes() {
    let sampler = Curriculum::new(&[0, 0, 0, 1], Impossible(Plan::window(0..2))).unwrap();
    assert_eq!(
        message(sampler.quotas(7)),
        "the schedule ignores classes in epoch 7, so it has no quotas: count `epoch(7)?.indices()`"
    );
}

#[test]
fn shares_that_do_not_apportion() {
    let apportion = |counts: &[usize], shares: &[f64], size| {
        let all = [Overflow::Redistribute, Overflow::Truncate, Overflow::Repeat];
        let errors = all.map(|overflow| message(apportion(counts, shares, size, overflow)));
        assert!(errors.iter().all(|error| error == &errors[0]));
        errors[0].clone()
    };
    assert_eq!(
        apportion(&[3, 2], &[1.0], 2),
        "`shares` has length 1, but must have length 2: one share for each of `counts`"
    );
    assert_eq!(apportion(&[3], &[1.5], 2), "`shares` is 1.5, but must be a number from 0 to 1");
    assert_eq!(apportion(&[3], &[-0.5], 2), "`shares` is -0.5, but must be a number from 0 to 1");
    assert_eq!(apportion(&[3], &[1.0], 1 << 32), "`size` is 4294967296, but must be below 2^32");
    assert_eq!(apportion(&[], &[], 2), "`counts` is empty, but at least one is needed");
}

#[test]
fn shares_of_zero_and_counts_of_zero_do_not_panic() {
    assert_eq!(apportion(&[3, 0], &[0.0, 0.0], 2, Overflow::Redistribute).unwrap(), [2, 0]);
    assert_eq!(apportion(&[3, 2], &[0.5, 0.5], 100, Overflow::Redistribute).unwrap(), [3, 2]);
    assert_eq!(apportion(&[3, 2], &[0.5, 0.5], 0, Overflow::Repeat).unwrap(), [0, 0]);
    assert_eq!(apportion(&[usize::MAX, 1], &[1.0, 0.0], 5, Overflow::Redistribute).unwrap(), [5, 0]);
}

#[test]
fn slices_that_are_no_modalities() {
    let labels = [0, 1];
    let good = Modality { logits: &[0.0f32; 4], embeddings: &[1.0; 6], present: None };
    let refused = |labels: &[u32], modalities: &[Modality<'_>]| message(measure(labels, 2, modalities, Terms::Both));
    assert_eq!(
        refused(&labels, &[good, Modality { embeddings: &[1.0; 5], ..good }]),
        "`modalities[1].embeddings` has length 5, but must have length 6: labels.len() rows of one width"
    );
    assert_eq!(
        refused(&labels, &[good, Modality { present: Some(&[true; 3]), ..good }]),
        "`modalities[1].present` has length 3, but must have length 2: one flag for each label"
    );
    assert_eq!(
        refused(&labels, &[Modality { present: Some(&[true, false]), ..good }]),
        "`present` has no modality for sample 1: drop the sample, or give it at least one"
    );
    assert_eq!(
        refused(&[0, 2], &[good]),
        "`labels[1]` is 2, but the logits have columns 0 to 1: number the classes from 0, or widen the last layer"
    );
    let zero = Modality { logits: &[], ..good };
    for terms in [Terms::Both, Terms::Confidence, Terms::Complementarity, Terms::LogLikelihood] {
        assert_eq!(message(measure(&labels, 0, &[zero], terms)), "`num_classes` is 0, but must be at least 1");
    }
    let nan = Modality { logits: &[0.0, 0.0, 0.0, f32::NAN], ..good };
    assert_eq!(
        refused(&labels, &[good, nan]),
        "`logits[1]` is NaN or infinite at sample 1: look at the network's output for it, or mark the modality as \
         missing there"
    );
    assert!(measure(&labels, usize::MAX, &[good], Terms::Both).is_err());
}

#[test]
fn one_logit_is_no_column_for_each_class() {
    let one = Modality { logits: &[0.0f32; 2], embeddings: &[], present: None };
    assert_eq!(
        message(measure(&[0, 1], 1, &[one], Terms::Confidence)),
        "`modalities[0].logits` has shape [2, 1], one logit a sample, but must have a column for each class: of a \
         network with one output `z` (binary cross-entropy), give the two columns `[0, z]`"
    );
}

#[test]
fn labels_that_look_like_no_label() {
    assert_eq!(
        message(power_law_of(&[0, 0, 1, -1])),
        "`labels[3]` is -1, beside labels from 0 on: 1 samples look as if they had no label; leave them out \
         (`CurriculumLoader::leave_out(&[-1])`, or keep the others of your lists), or, if it is a class, say so: \
         `Curriculum::from_classes(ClassIndex::new(&labels)?, schedule)`"
    );
    let none = Modality { logits: &[0.0f32; 4], embeddings: &[], present: None };
    assert!(message(measure(&[0, 2], 2, &[none], Terms::Confidence)).ends_with("or widen the last layer"));
}

fn power_law_of(labels: &[i64]) -> Result<PowerLawScheduler> {
    PowerLawScheduler::new(labels, PowerLaw::default())
}

#[test]
fn forgotten_embeddings_are_no_complementarity() {
    let none = Modality { logits: &[0.0f32; 4], embeddings: &[], present: None };
    for terms in [Terms::Both, Terms::Complementarity] {
        assert_eq!(
            message(measure(&[0, 1], 2, &[none, none], terms)),
            format!(
                "`embeddings` is empty, but `Terms::{terms:?}` compares modalities by them: give one for each \
                 modality, or, for a network of one input and one head, measure with `Terms::Confidence`"
            )
        );
        let one = Modality { embeddings: &[1.0; 2], ..none };
        assert!(message(measure(&[0, 1], 2, &[one, none], terms)).contains("`embeddings[1]` has width 0"));
    }
    assert!(measure(&[0, 1], 2, &[none, none], Terms::Confidence).is_ok());
}
