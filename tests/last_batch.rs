//! Promise: by default no training step gets a single sample that another batch could take. The report warns of epochs
//! without a batch or with a single last sample.

mod common;

use climd::error::ArgumentError;
use climd::schedule::*;
use climd::*;
use common::labels_of;
use proptest::prelude::*;

const RULES: [LastBatch; 3] = [LastBatch::MergeLone, LastBatch::Keep, LastBatch::Drop];

/// The sizes of the batches, from the definition.
fn sizes(last: LastBatch, len: usize, batch_size: usize) -> Vec<usize> {
    let mut sizes = vec![batch_size; len / batch_size];
    match (last, len % batch_size) {
        (_, 0) | (LastBatch::Drop, _) => {}
        (LastBatch::MergeLone, 1) if !sizes.is_empty() => *sizes.last_mut().unwrap() += 1,
        (_, rest) => sizes.push(rest),
    }
    sizes
}

/// All samples, once each: an epoch of this length.
fn whole(len: usize) -> Epoch {
    Curriculum::new(&vec![0; len], schedule::Uniform).unwrap().epoch(0).unwrap()
}

fn found(epoch: &Epoch, batch_size: usize, last: LastBatch) -> Vec<usize> {
    epoch.batches(batch_size, last).unwrap().map(|(batch, _)| batch.len()).collect()
}

#[test]
fn the_default_joins_a_lone_sample_to_the_batch_before_it() {
    assert_eq!(LastBatch::default(), LastBatch::MergeLone);
    for len in 1..70 {
        let epoch = whole(len);
        for batch_size in 1..12 {
            for last in RULES {
                assert_eq!(
                    found(&epoch, batch_size, last),
                    sizes(last, len, batch_size),
                    "{len} {batch_size} {last:?}"
                );
            }
            let merged = found(&epoch, batch_size, LastBatch::default());
            assert!(len == 1 || batch_size == 1 || !merged.contains(&1), "{len} in batches of {batch_size}");
            assert_eq!(merged.iter().sum::<usize>(), len, "no sample is left out");
        }
    }
}

/// Of the data set sizes from 100 to 999, with 100 curriculum epochs and batches of 32, 802 had an epoch that ended in
/// a single sample.
#[test]
fn no_data_set_size_has_an_epoch_that_ends_in_a_lone_sample() {
    let ends_alone = |last: LastBatch, batch_size: usize| {
        let sizes = (100..1000usize).filter(|n| {
            let label = |i: &usize| {
                if i * 10 < n * 7 {
                    0
                } else if i * 10 < n * 9 {
                    1
                } else {
                    2
                }
            };
            let labels: Vec<u32> = (0..*n).map(|i| label(&i)).collect();
            let sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 100, ..Default::default() }).unwrap();
            (0..100).any(|epoch| {
                let len = sampler.epoch_len(epoch).unwrap();
                len > 1 && sizes(last, len, batch_size).last() == Some(&1)
            })
        });
        sizes.count()
    };
    assert_eq!(ends_alone(LastBatch::Keep, 32), 802);
    for batch_size in [16, 32, 64] {
        assert_eq!(ends_alone(LastBatch::default(), batch_size), 0);
    }
}

proptest! {
    #[test]
    fn all_ranks_have_as_many_batches_of_the_same_sizes_and_none_is_a_lone_sample(
        len in 1usize..200, world_size in 1usize..9, batch_size in 2usize..20, cut in 0.0..1.0f64, drop: bool,
        stratified: bool,
    ) {
        let epoch = whole(len);
        let remainder = if drop { ShardRemainder::Drop } else { ShardRemainder::Pad };
        let done = (cut * (len / world_size) as f64) as usize * world_size;
        let parts: Vec<Epoch> = (0..world_size)
            .map(|rank| {
                let part = if stratified {
                    epoch.shard_stratified(rank, world_size, remainder)
                } else {
                    epoch.shard(rank, world_size, remainder)
                };
                part.unwrap().skip(done).unwrap()
            })
            .collect();
        let first = found(&parts[0], batch_size, LastBatch::default());
        for part in &parts {
            prop_assert_eq!(&found(part, batch_size, LastBatch::default()), &first);
            let positions = |part: &Epoch| -> Vec<Position> {
                part.batches(batch_size, LastBatch::default()).unwrap().map(|batch| batch.1).collect()
            };
            prop_assert_eq!(positions(part), positions(&parts[0]));
        }
        prop_assert!(parts[0].len() == 1 || !first.contains(&1), "{:?}", first);
    }

    #[test]
    fn a_cut_anywhere_goes_on_with_the_same_batches(len in 1usize..300, batch_size in 1usize..40, rule in 0usize..3) {
        let (epoch, last) = (whole(len), RULES[rule]);
        let batches: Vec<_> = epoch.batches(batch_size, last).unwrap().collect();
        for cut in 0..batches.len().saturating_sub(1) {
            let rest = epoch.skip(batches[cut].1.samples).unwrap();
            let after: Vec<_> = rest.batches(batch_size, last).unwrap().collect();
            prop_assert_eq!(&after, &batches[cut + 1..]);
        }
        prop_assert_eq!(batches.last().map_or(Position::from(1), |batch| batch.1), Position::from(1));
    }

    #[test]
    fn steps_are_the_batches_that_come(
        counts in prop::collection::vec(1usize..60, 1..6), batch_size in 1usize..50, rule in 0usize..3,
    ) {
        let labels = labels_of(&counts, 3);
        let sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 7, ..Default::default() }).unwrap();
        let real = (0..9).map(|e| sampler.epoch(e).unwrap().batches(batch_size, RULES[rule]).unwrap().count()).sum();
        prop_assert_eq!(sampler.steps(0..9, batch_size, RULES[rule]), Ok::<usize, Error>(real));
    }
}

fn warnings(len: usize, batch_size: usize, last: LastBatch) -> Vec<Warning> {
    let sampler = Curriculum::new(&vec![0; len], schedule::Uniform).unwrap();
    assert_eq!(sampler.report(0).unwrap().warnings, []);
    sampler.report_batches(0, batch_size, last).unwrap().warnings
}

#[test]
fn an_epoch_without_a_batch_or_with_a_lone_sample_is_warned_of() {
    let no_batch = Warning::NoBatch { len: 88, batch_size: 128 };
    assert_eq!(warnings(88, 128, LastBatch::Drop), std::slice::from_ref(&no_batch));
    assert_eq!(
        no_batch.to_string(),
        "this epoch has no batch: its 88 samples do not fill one of 128, and `LastBatch::Drop` leaves them out; use \
         smaller batches, or `LastBatch::MergeLone`"
    );
    let lone = Warning::LoneSample { len: 33, batch_size: 32 };
    assert_eq!(warnings(33, 32, LastBatch::Keep), std::slice::from_ref(&lone));
    assert!(lone.to_string().contains("33 are one more than whole batches of 32"), "{lone}");
    let single = Warning::LoneSample { len: 1, batch_size: 32 };
    for last in [LastBatch::Keep, LastBatch::MergeLone] {
        assert_eq!(warnings(1, 32, last), std::slice::from_ref(&single), "nothing else can be done");
    }
    assert!(single.to_string().contains("use fewer curriculum epochs"), "{single}");
    for (len, batch_size, last) in [
        (33, 32, LastBatch::MergeLone),
        (33, 32, LastBatch::Drop),
        (34, 32, LastBatch::Keep),
        (1, 1, LastBatch::Keep),
        (9, 1, LastBatch::Keep),
        (5, 32, LastBatch::Keep),
    ] {
        assert_eq!(warnings(len, batch_size, last), [], "{len} {batch_size} {last:?}");
    }
    let sampler = Curriculum::new(&[0, 0, 1], schedule::Uniform).unwrap();
    assert_eq!(sampler.report_batches(0, 0, LastBatch::Keep).unwrap_err(), Error::Argument(ArgumentError::BatchSize));
}

#[test]
fn scores_that_were_wanted_and_never_came_are_warned_of() {
    let labels = labels_of(&[60, 20, 8], 1);
    let schedule = || PowerLaw { epochs: 10, ..Default::default() };
    let missing = |sampler: &PowerLawScheduler, epoch: usize| {
        let all = sampler.report(epoch).unwrap().warnings;
        all.into_iter().find(|warning| matches!(warning, Warning::ScoresMissing { .. }))
    };
    let mut sampler = PowerLawScheduler::new(&labels, schedule()).unwrap();
    assert_eq!(missing(&sampler, 0), None, "none are wanted yet");
    let warning = missing(&sampler, 4).unwrap();
    assert_eq!(warning, Warning::ScoresMissing { wanted: 4, measured_at: None });
    assert_eq!(
        warning.to_string(),
        "scores were wanted in epoch 4 and never came: samples are ranked at random; call `refresh` or `update`"
    );
    assert_eq!(missing(&sampler, 9), None, "the whole data set needs none");
    sampler.update(4, &[0.5; 88]).unwrap();
    assert_eq!(missing(&sampler, 4), None);
    let warning = missing(&sampler, 6).unwrap();
    assert_eq!(warning, Warning::ScoresMissing { wanted: 6, measured_at: Some(4) });
    assert!(warning.to_string().contains("those of epoch 4 are used"), "{warning}");
    // what was observed since is in use, too
    sampler.observe(5, &[1, 2], &[0.5; 2]).unwrap();
    sampler.renew(6).unwrap();
    assert_eq!(missing(&sampler, 6), Some(Warning::ScoresMissing { wanted: 6, measured_at: Some(5) }));
    // measured every third epoch, or once: what is in is as young as it was wanted
    let every = |measure_every, epoch| {
        let settings = Settings { measure_every, ..Default::default() };
        let mut sampler = PowerLawScheduler::new(&labels, schedule()).unwrap().settings(settings);
        let before = missing(&sampler, epoch);
        sampler.update(1, &[0.5; 88]).unwrap();
        (before, missing(&sampler, epoch))
    };
    assert_eq!(every(3, 3), (Some(Warning::ScoresMissing { wanted: 1, measured_at: None }), None));
    assert_eq!(every(3, 4).1, Some(Warning::ScoresMissing { wanted: 4, measured_at: Some(1) }));
    assert_eq!(every(0, 8), (Some(Warning::ScoresMissing { wanted: 1, measured_at: None }), None));
    let random = PowerLaw { pick: Pick::Redraw, ..schedule() };
    assert_eq!(missing(&PowerLawScheduler::new(&labels, random).unwrap(), 4), None, "nobody wants any");
}

#[cfg(feature = "tch")]
mod training {
    use super::*;
    use tch::nn::{self, ModuleT, OptimizerConfig};
    use tch::{Device, Kind, Tensor};

    /// The loop of the README around a network with batch normalisation; 88 samples in classes of 60, 20 and 8.
    fn train(last: Option<LastBatch>) -> Result<bool> {
        tch::manual_seed(0);
        let labels: Vec<i64> = (0..).zip([60, 20, 8]).flat_map(|(label, n)| vec![label; n]).collect();
        let x = Tensor::randn([88, 6], (Kind::Float, Device::Cpu));
        let vs = nn::VarStore::new(Device::Cpu);
        let net = nn::seq_t()
            .add(nn::linear(vs.root(), 6, 8, Default::default()))
            .add(nn::batch_norm1d(vs.root() / "bn", 8, Default::default()))
            .add_fn(|x| x.relu())
            .add(nn::linear(vs.root() / "o", 8, 3, Default::default()));
        let mut optimiser = nn::Adam::default().build(&vs, 1e-3)?;
        let mut loader = CurriculumLoader::new(vec![x], Tensor::from_slice(&labels), 16)?;
        if let Some(last) = last {
            loader = loader.last_batch(last);
        }
        let schedule = PowerLaw { epochs: 20, ..Default::default() };
        let mut sampler = PowerLawScheduler::new(loader.labels(), schedule)?.seed(7);
        for epoch in 0..20 {
            loader.refresh(&mut sampler, epoch, |x| (vec![net.forward_t(&x[0], false)], vec![x[0].shallow_clone()]))?;
            for batch in loader.epoch(&sampler, epoch)? {
                let out = net.forward_t(&batch.modalities[0], true);
                optimiser.backward_step(&out.cross_entropy_for_logits(&batch.labels));
            }
        }
        Ok(vs.variables().values().all(|variable| variable.isfinite().all().int64_value(&[]) == 1))
    }

    #[test]
    fn batch_normalisation_stays_finite_by_default() {
        assert!(train(None).unwrap());
        assert!(train(Some(LastBatch::Drop)).unwrap());
        // what it is spared: running statistics of NaN, which the next measurement finds
        let error = train(Some(LastBatch::Keep)).unwrap_err();
        assert!(
            matches!(error, Error::Measure(climd::error::MeasureError::NotFinite { argument: "logits", .. })),
            "{error}"
        );
    }

    #[test]
    fn a_curriculum_that_has_no_batch_is_warned_of_by_the_loader() {
        let labels: Vec<i64> = (0..).zip([60, 20, 8]).flat_map(|(label, n)| vec![label; n]).collect();
        let x = Tensor::randn([88, 6], (Kind::Float, Device::Cpu));
        let loader = CurriculumLoader::new(vec![x], Tensor::from_slice(&labels), 128).unwrap();
        let sampler =
            PowerLawScheduler::new(loader.labels(), PowerLaw { epochs: 10, ..Default::default() }).unwrap().seed(7);
        let no_batch = |loader: &CurriculumLoader, epoch: usize| {
            let report = loader.report(&sampler, epoch).unwrap();
            report.warnings.iter().any(|warning| matches!(warning, Warning::NoBatch { batch_size: 128, .. }))
        };
        assert!((0..12).all(|epoch| !no_batch(&loader, epoch)));
        assert_eq!(loader.steps(&sampler, 0..12).unwrap(), 12);
        let loader = loader.last_batch(LastBatch::Drop);
        assert!((0..12).all(|epoch| no_batch(&loader, epoch)));
        assert_eq!(loader.steps(&sampler, 0..12).unwrap(), 0);
        assert_eq!((0..12).map(|epoch| loader.epoch(&sampler, epoch).unwrap().count()).sum::<usize>(), 0);
    }
}
