//! Any class counts and any configuration give a typed error, or epochs that keep the promises.
#![no_main]

use arbitrary::Arbitrary;
use climd::error::{MeasureError, ScheduleError};
use climd::schedule::*;
use climd::*;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    counts: Vec<u8>,
    schedule: Kind,
    settings: (u64, u8, u8),
    epoch: u16,
    far: usize,
    scores: Vec<f32>,
    state_at: (u8, usize),
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum By {
    Highest,
    Lowest,
    FixedRandom,
    Redraw,
    WithReplacement,
}

#[derive(Debug, Arbitrary)]
enum Kind {
    PowerLaw { epochs: u16, gamma: f64, alpha: Option<f64>, law: u8, overflow: u8, pick: By },
    Linear { epochs: u16, start: f64, pick: By },
    Root { epochs: u16, start: f64, root: f64, pick: By },
    Geometric { epochs: u16, start: f64, pick: By },
    BabyStep { epochs: u16, buckets: u16, pick: By },
    OnePass { epochs: u16, buckets: u16, pick: By },
    Uniform,
    UnderSampling { strength: f64, redraw: bool },
    ClassBalanced,
    ProgressivelyBalanced { epochs: u16, reversed: bool },
    HardMajority { warm_up: usize, keep: f64 },
    Trim { drop: f64, ramp: usize },
    Switch { at: usize, before: Box<Kind>, after: Box<Kind> },
}

fn pick(by: By) -> Pick {
    match by {
        By::Highest => Pick::Highest,
        By::Lowest => Pick::Lowest,
        By::FixedRandom => Pick::FixedRandom,
        By::Redraw => Pick::Redraw,
        By::WithReplacement => Pick::WithReplacement,
    }
}

fn schedule(kind: Kind, depth: usize) -> Box<dyn Schedule> {
    match kind {
        Kind::PowerLaw { epochs, gamma, alpha, law, overflow, pick: by } => Box::new(PowerLaw {
            epochs: epochs.into(),
            gamma,
            alpha,
            law: [TargetLaw::PowerLaw, TargetLaw::Zipf, TargetLaw::Empirical][usize::from(law % 3)],
            overflow: [Overflow::Redistribute, Overflow::Truncate, Overflow::Repeat][usize::from(overflow % 3)],
            pick: pick(by),
        }),
        Kind::Linear { epochs, start, pick: by } => Box::new(Linear { epochs: epochs.into(), start, pick: pick(by) }),
        Kind::Root { epochs, start, root, pick: by } => {
            Box::new(Root { epochs: epochs.into(), start, root, pick: pick(by) })
        }
        Kind::Geometric { epochs, start, pick: by } => {
            Box::new(Geometric { epochs: epochs.into(), start, pick: pick(by) })
        }
        Kind::BabyStep { epochs, buckets, pick: by } => {
            Box::new(BabyStep { epochs: epochs.into(), buckets: buckets.into(), pick: pick(by) })
        }
        Kind::OnePass { epochs, buckets, pick: by } => {
            Box::new(OnePass { epochs: epochs.into(), buckets: buckets.into(), pick: pick(by) })
        }
        Kind::Uniform => Box::new(Uniform),
        Kind::UnderSampling { strength, redraw } => Box::new(UnderSampling { strength, redraw }),
        Kind::ClassBalanced => Box::new(ClassBalanced),
        Kind::ProgressivelyBalanced { epochs, reversed } => {
            Box::new(ProgressivelyBalanced { epochs: epochs.into(), reversed })
        }
        Kind::HardMajority { warm_up, keep } => Box::new(HardMajority { warm_up, keep }),
        Kind::Trim { drop, ramp } => Box::new(Trim { drop, ramp }),
        Kind::Switch { at, before, after } if depth < 3 => {
            Box::new(Switch { at, before: schedule(*before, depth + 1), after: schedule(*after, depth + 1) })
        }
        Kind::Switch { before, .. } => schedule(*before, 0),
    }
}

/// Checks an epoch. An error must be one that a schedule may return.
fn look(sampler: &Curriculum<Box<dyn Schedule>>, epoch: usize) {
    let n = sampler.classes().num_samples();
    let list = match sampler.epoch(epoch) {
        Ok(list) => list,
        Err(Error::Schedule(ScheduleError::Quota { .. })) => return,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(list.len(), sampler.epoch_len(epoch).unwrap());
    assert!(!list.is_empty() && list.indices().iter().all(|&sample| (sample as usize) < n));
    let mut counts = vec![0usize; sampler.classes().num_classes()];
    let mut rank_of = vec![0; n];
    for rank in 0..counts.len() {
        sampler.classes().members(rank).iter().for_each(|&sample| rank_of[sample as usize] = rank);
    }
    list.indices().iter().for_each(|&sample| counts[rank_of[sample as usize]] += 1);
    match sampler.quotas(epoch) {
        Ok(quotas) => assert_eq!(quotas, counts),
        Err(error) => assert_eq!(error, Error::Schedule(ScheduleError::ClassBlind { epoch })),
    }
    let report = sampler.report(epoch).unwrap();
    assert_eq!(report.len, list.len());
    assert_eq!(sampler.epoch(epoch).unwrap().indices(), list.indices());
    let ranks: usize = (0..3).map(|rank| list.shard(rank, 3, ShardRemainder::Drop).unwrap().len()).sum();
    assert!(ranks <= list.len() && list.len() - ranks < 3);
}

fuzz_target!(|input: Input| {
    let labels: Vec<usize> =
        input.counts.iter().take(64).enumerate().flat_map(|(label, &n)| vec![label; usize::from(n)]).collect();
    let Ok(sampler) = Curriculum::new(&labels, schedule(input.schedule, 0)) else { return };
    let (seed, first, every) = input.settings;
    let settings = Settings { seed, first_measure: first.into(), measure_every: every.into() };
    let mut sampler = sampler.settings(settings);
    let epochs = [0, 1, input.epoch.into(), input.far];
    epochs.iter().for_each(|&epoch| look(&sampler, epoch));
    let scores: Vec<f32> = input.scores.iter().copied().chain(std::iter::repeat(0.5)).take(labels.len()).collect();
    match sampler.update(input.epoch.into(), &scores) {
        Ok(()) => assert!(scores.iter().all(|score| score.is_finite())),
        Err(error) => assert!(matches!(error, Error::Measure(MeasureError::ScoreNotFinite { .. })), "{error}"),
    }
    epochs.iter().for_each(|&epoch| look(&sampler, epoch));
    let (epoch, samples) = input.state_at;
    let state = sampler.state(Position { epoch: epoch.into(), samples });
    let list = sampler.epoch(epoch.into());
    sampler.restore(&state).unwrap();
    if let (Ok(before), Ok(after)) = (list, sampler.epoch(epoch.into())) {
        assert_eq!(before.indices(), after.indices());
    }
});
