//! Any class counts and any configuration give a typed error, or epochs that keep the promises.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use ciborium::Value;
use climd::error::{MeasureError, ScheduleError};
use climd::schedule::*;
use climd::*;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    counts: Vec<u8>,
    schedule: Any,
    settings: (u64, u8, u8),
    epoch: u16,
    far: usize,
    scores: Vec<f32>,
    state_at: (u8, usize),
}

/// Any schedule of the crate, with any fields.
#[derive(Debug)]
struct Any(AnySchedule);

impl<'a> Arbitrary<'a> for Any {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        any(input, 0).map(Any)
    }
}

/// The words that a field may have.
const WORDS: [&str; 11] = [
    "highest",
    "lowest",
    "fixed_random",
    "redraw",
    "with_replacement",
    "power_law",
    "zipf",
    "empirical",
    "redistribute",
    "truncate",
    "repeat",
];

fn any(input: &mut Unstructured<'_>, depth: usize) -> arbitrary::Result<AnySchedule> {
    let schedule = input.choose(&AnySchedule::all())?.clone();
    if let AnySchedule::Switch(_) = schedule {
        if depth == 3 {
            return Ok(Uniform.into());
        }
        let (before, after) = (any(input, depth + 1)?, any(input, depth + 1)?);
        return Ok(Switch { at: whole(input)? as usize, before, after }.into());
    }
    // fields as data, so that a new schedule or field is here without a change; CBOR has infinities and NaN
    let Value::Map(mut fields) = Value::serialized(&schedule).unwrap() else { unreachable!() };
    for at in 0..fields.len() {
        let found: Vec<Value> = match &fields[at] {
            (name, _) if name.as_text() == Some("name") => continue,
            (_, Value::Integer(_)) => vec![whole(input)?.into()],
            (_, Value::Float(_)) => vec![Value::Float(input.arbitrary()?)],
            (_, Value::Bool(_)) => vec![Value::Bool(input.arbitrary()?)],
            (_, Value::Null) => vec![input.arbitrary::<Option<f64>>()?.map_or(Value::Null, Value::Float)],
            (_, Value::Text(_)) => {
                let mut words = WORDS;
                let first = input.choose_index(words.len())?;
                words.rotate_left(first);
                words.map(Value::from).into()
            }
            (name, value) => panic!("{name:?}: {value:?}"),
        };
        let with = |value: &Value| {
            let mut fields = fields.clone();
            fields[at].1 = value.clone();
            Value::Map(fields).deserialized::<AnySchedule>().is_ok()
        };
        fields[at].1 = found.iter().find(|value| with(value)).expect("a value of the same kind").clone();
    }
    Ok(Value::Map(fields).deserialized().unwrap())
}

/// Any number, but most often one of few digits.
fn whole(input: &mut Unstructured<'_>) -> arbitrary::Result<u64> {
    if input.ratio(1, 8)? { input.arbitrary() } else { input.arbitrary::<u16>().map(u64::from) }
}

/// Checks an epoch. An error must be one that a schedule may return.
fn look(sampler: &Curriculum<AnySchedule>, epoch: usize) {
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
    let Ok(sampler) = Curriculum::new(&labels, input.schedule.0) else { return };
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
    let state = sampler.state(Position { epoch: epoch.into(), samples }).unwrap();
    let list = sampler.epoch(epoch.into());
    sampler.restore(&state).unwrap();
    if let (Ok(before), Ok(after)) = (list, sampler.epoch(epoch.into())) {
        assert_eq!(before.indices(), after.indices());
    }
});
