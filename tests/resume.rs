//! Promise: a run that is stopped anywhere and resumed equals the run that was never stopped. A state that does not
//! belong to a sampler is an error, and changes nothing.

mod common;

use climd::error::StateError;
use climd::schedule::*;
use climd::*;
use common::labels_of;

/// A tiny network: its weights are a hash of everything that it was trained on, and give its scores.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Net(u64);

impl Net {
    fn step(&mut self, batch: &[u32]) {
        batch
            .iter()
            .for_each(|&sample| self.0 = (self.0 ^ u64::from(sample)).wrapping_mul(0x0100_0000_01B3).rotate_left(7));
    }
    fn scores(&self, n: usize) -> Vec<f32> {
        let mut noise = common::Noise(self.0);
        // thirds are not exact in decimal, and some scores are equal
        (0..n).map(|_| noise.below(40) as f32 / 3.0 - 5.0).collect()
    }
}

/// For each step, the samples that were trained on, the position, and the network.
type Stream = Vec<(Vec<u32>, Position, Net)>;

const EPOCHS: usize = 7;

/// A training loop, as a user writes it. `checkpoint` sees every step.
fn train(
    sampler: &mut dyn CurriculumSampler,
    net: &mut Net,
    from: Position,
    mut checkpoint: impl FnMut(&dyn CurriculumSampler, Net, Position),
) -> Stream {
    let (n, mut stream) = (sampler.classes().num_samples(), Stream::new());
    for epoch in from.epoch..EPOCHS {
        if sampler.wants_scores(epoch) {
            sampler.update(epoch, &net.scores(n)).unwrap();
        }
        let mut list = sampler.epoch(epoch).unwrap();
        if epoch == from.epoch {
            list = list.skip(from.samples).unwrap();
        }
        for (batch, position) in list.batches(4, LastBatch::Keep).unwrap() {
            net.step(batch);
            stream.push((batch.to_vec(), position, *net));
            checkpoint(sampler, *net, position);
        }
    }
    stream
}

/// Writes a state to a file and reads it again.
fn through_a_file(state: &State) -> State {
    #[cfg(feature = "serde")]
    return serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap();
    #[cfg(not(feature = "serde"))]
    return state.clone();
}

fn labels() -> Vec<u32> {
    labels_of(&[19, 8, 4, 2], 11)
}

fn schedule() -> PowerLaw {
    PowerLaw { epochs: 5, ..Default::default() }
}

fn sampler() -> PowerLawScheduler {
    PowerLawScheduler::new(&labels(), schedule()).unwrap().seed(9)
}

fn cut_everywhere<S: Schedule>(new: impl Fn() -> Curriculum<S>) {
    let mut checkpoints = Vec::new();
    let whole = train(&mut new(), &mut Net(1), Position::default(), |sampler, net, at| {
        checkpoints.push((sampler.state(at).unwrap(), net, at));
    });
    assert_eq!(whole.last().unwrap().1, Position::from(EPOCHS));
    assert_eq!(checkpoints.len(), new().steps(0..EPOCHS, 4, LastBatch::Keep).unwrap());
    for (done, (state, mut net, at)) in checkpoints.into_iter().enumerate() {
        let mut sampler = new();
        let from = sampler.restore(&through_a_file(&state)).unwrap();
        assert_eq!(from, at);
        let rest = train(&mut sampler, &mut net, from, |_, _, _| {});
        assert_eq!(rest, whole[done + 1..], "cut at {at:?}");
    }
}

#[test]
fn a_run_cut_at_any_batch_goes_on_as_if_it_was_not() {
    for pick in [Pick::Highest, Pick::Lowest, Pick::FixedRandom, Pick::Redraw] {
        for (first_measure, measure_every) in [(1, 1), (0, 2), (2, 0), (1, 3)] {
            let settings = Settings { seed: 9, first_measure, measure_every };
            cut_everywhere(|| {
                PowerLawScheduler::new(&labels(), PowerLaw { pick, ..schedule() }).unwrap().settings(settings)
            });
        }
    }
    cut_everywhere(|| Curriculum::new(&labels(), ClassBalanced).unwrap().seed(9));
    cut_everywhere(|| Curriculum::new(&labels(), UnderSampling { redraw: true, ..Default::default() }).unwrap());
}

/// The parts of all ranks, put together in turn again.
fn dealt(list: &Epoch, world_size: usize) -> Vec<u32> {
    let parts: Vec<Epoch> =
        (0..world_size).map(|rank| list.shard(rank, world_size, ShardRemainder::Pad).unwrap()).collect();
    (0..parts[0].len()).flat_map(|at| parts.iter().map(move |part| part.indices()[at])).collect()
}

#[test]
fn a_run_cut_on_some_ranks_goes_on_on_any_other_number_of_them() {
    let worlds = [1, 2, 3, 4, 8];
    for (before, after) in worlds.into_iter().flat_map(|before| worlds.map(|after| (before, after))) {
        let mut sampler = sampler();
        for epoch in 0..EPOCHS {
            if sampler.wants_scores(epoch) {
                sampler.update(epoch, &Net(epoch as u64).scores(33)).unwrap(); // re-measured in every epoch
            }
            let whole = sampler.epoch(epoch).unwrap();
            // all ranks take a batch of 2 at a time; each of them is a place to stop
            let part = whole.shard(before - 1, before, ShardRemainder::Pad).unwrap();
            for (_, at) in part.batches(2, LastBatch::Keep).unwrap().filter(|(_, at)| at.epoch == epoch) {
                let mut resumed = self::sampler();
                assert_eq!(resumed.restore(&through_a_file(&sampler.state(at).unwrap())).unwrap(), at);
                let rest = resumed.epoch(epoch).unwrap().skip(at.samples).unwrap();
                let left = &whole.indices()[at.samples..];
                assert_eq!(dealt(&rest, after)[..left.len()], *left, "{before} to {after} ranks at {at:?}");
            }
        }
    }
}

/// A schedule that does not say that it stays as it is, as one of a user's own.
struct Half;

impl Schedule for Half {
    fn plan(&self, _: usize, classes: &ClassIndex) -> Result<Plan> {
        Ok(Plan::window(0..classes.num_samples() / 2))
    }
    fn describe(&self) -> Description {
        Description::new("half")
    }
}

#[test]
fn a_schedule_of_ones_own_is_resumed_too() {
    cut_everywhere(|| Curriculum::new(&labels(), Half).unwrap().seed(9));
}

#[test]
fn the_scores_make_a_difference_to_the_stream() {
    // or the tests above would pass for a state that forgets them
    let stream = |measure: bool| {
        let mut sampler = sampler();
        if measure {
            sampler.update(2, &Net(1).scores(33)).unwrap();
        }
        sampler.epoch(2).unwrap().indices().to_vec()
    };
    assert_ne!(stream(true), stream(false));
}

#[test]
fn a_restore_drops_what_the_sampler_had() {
    let mut used = sampler();
    used.update(4, &Net(5).scores(33)).unwrap();
    let mut other = sampler();
    other.update(1, &Net(6).scores(33)).unwrap();
    let state = other.state(Position { epoch: 1, samples: 4 }).unwrap();
    assert_eq!(used.restore(&state).unwrap(), Position { epoch: 1, samples: 4 });
    for epoch in 0..EPOCHS {
        assert_eq!(used.epoch(epoch).unwrap().indices(), other.epoch(epoch).unwrap().indices());
        assert_eq!(used.wants_scores(epoch), other.wants_scores(epoch));
    }
    // and a state from before any measurement takes the scores away
    used.restore(&sampler().state(Position::default()).unwrap()).unwrap();
    assert_eq!(used.epoch(2).unwrap().indices(), sampler().epoch(2).unwrap().indices());
    assert!(used.wants_scores(1) && used.wants_scores(2));
    // as does one from when no epoch needed them any more, which has none
    used.restore(&other.state(Position::from(1)).unwrap()).unwrap();
    used.restore(&other.state(Position::from(EPOCHS - 1)).unwrap()).unwrap();
    assert_eq!(used.epoch(2).unwrap_err(), Error::State(StateError::ScoresDropped { epoch: 2, measured_at: 1 }));
}

#[test]
fn nothing_is_measured_again_in_the_middle_of_an_epoch() {
    let mut before = sampler();
    assert!(before.wants_scores(2));
    before.update(2, &Net(5).scores(33)).unwrap();
    let mut after = sampler();
    after.restore(&through_a_file(&before.state(Position { epoch: 2, samples: 8 }).unwrap())).unwrap();
    assert!(!after.wants_scores(2));
    assert!(after.wants_scores(3));
    assert_eq!(after.report(2).unwrap().measured_at, Some(2));
}

#[test]
fn a_state_says_where_and_when_it_was_taken() {
    let mut sampler = sampler();
    assert_eq!(sampler.state(Position::from(3)).unwrap().measured_at(), None);
    sampler.update(2, &Net(5).scores(33)).unwrap();
    let state = through_a_file(&sampler.state(Position { epoch: 2, samples: 8 }).unwrap());
    assert_eq!((state.position(), state.measured_at()), (Position { epoch: 2, samples: 8 }, Some(2)));
}

#[test]
fn what_does_not_belong_to_the_sampler_is_refused_and_both_sides_are_shown() {
    let mut foreign_labels = labels();
    foreign_labels.swap(0, labels().iter().position(|&label| label != labels()[0]).unwrap());
    let new = |labels: &[u32], schedule| PowerLawScheduler::new(labels, schedule).unwrap().seed(9);
    let with = |settings| new(&labels(), schedule()).settings(settings);
    let others = [
        ("labels of hash", new(&foreign_labels, schedule())),
        ("a number of samples of 32, but this sampler has 33", new(&labels()[1..], schedule())),
        ("seed 8, but this sampler has 9", sampler().seed(8)),
        ("first_measure 0, but this sampler has 1", with(Settings { seed: 9, first_measure: 0, measure_every: 1 })),
        ("measure_every 3, but this sampler has 1", with(Settings { seed: 9, first_measure: 1, measure_every: 3 })),
        ("schedule power_law { epochs: 5, gamma: 0.4 }", new(&labels(), PowerLaw { gamma: 0.4, ..schedule() })),
        ("schedule power_law { epochs: 6 }", new(&labels(), PowerLaw { epochs: 6, ..schedule() })),
    ];
    let mut sampler = sampler();
    sampler.update(1, &Net(5).scores(33)).unwrap();
    let (state, list) = (sampler.state(1.into()).unwrap(), sampler.epoch(1).unwrap().indices().to_vec());
    for (found, other) in others {
        let error = sampler.restore(&other.state(Position::from(2)).unwrap()).unwrap_err();
        assert!(matches!(error, Error::State(StateError::StateMismatch { .. })));
        let text = error.to_string();
        assert!(text.starts_with("`state` was taken with ") && text.contains(found), "{text}");
        assert!(text.ends_with("build the sampler as it was then"), "{text}");
        assert_eq!(sampler.state(1.into()).unwrap(), state);
        assert_eq!(sampler.epoch(1).unwrap().indices(), list);
    }
    let other = Curriculum::new(&labels(), Uniform).unwrap().seed(9).state(Position::from(2)).unwrap();
    let text = sampler.restore(&other).unwrap_err().to_string();
    assert!(text.contains("schedule uniform, but this sampler has power_law {"), "{text}");
}

#[cfg(feature = "serde")]
mod files {
    use super::*;
    use serde_json::{Value, json};

    fn measured() -> PowerLawScheduler {
        let mut sampler = sampler();
        sampler.update(1, &Net(5).scores(33)).unwrap();
        sampler
    }

    fn file(at: Position) -> Value {
        serde_json::to_value(measured().state(at).unwrap()).unwrap()
    }

    #[test]
    fn an_altered_number_anywhere_is_noticed_and_changes_nothing() {
        let alterations: [(&str, Value); 7] = [
            ("/scores/7", json!(12345)),
            ("/scores", json!([1, 2, 3])),
            ("/scores", Value::Null),
            ("/position/samples", json!(12)),
            ("/measured_at", json!(2)),
            ("/settings/seed", json!(10)),
            ("/checksum", json!(1)),
        ];
        for (place, value) in alterations {
            let mut file = file(Position { epoch: 1, samples: 4 });
            assert_ne!(*file.pointer(place).unwrap(), value, "{place}");
            *file.pointer_mut(place).unwrap() = value;
            let state: State = serde_json::from_value(file).unwrap();
            let mut sampler = measured();
            let before = sampler.state(1.into()).unwrap();
            let error = sampler.restore(&state).unwrap_err();
            assert!(matches!(error, Error::State(StateError::StateDamaged { .. })), "{place}: {error}");
            assert!(error.to_string().starts_with("`state` is damaged: its checksum is "), "{error}");
            assert_eq!(sampler.state(1.into()).unwrap(), before);
        }
    }

    #[test]
    fn another_version_is_named_before_anything_else() {
        let mut file = file(Position::from(1));
        file["version"] = json!(7);
        let state: State = serde_json::from_value(file).unwrap();
        assert_eq!(
            sampler().restore(&state).unwrap_err().to_string(),
            "`state` has format version 7, but this release reads version 2: use the release that wrote it"
        );
    }

    #[test]
    fn a_truncated_file_is_no_state() {
        let text = file(Position::from(1)).to_string();
        for end in 0..text.len() {
            assert!(serde_json::from_str::<State>(&text[..end]).is_err(), "{end} of {}", text.len());
        }
    }

    #[test]
    fn scores_are_kept_as_long_as_an_epoch_needs_them() {
        let has_scores = |sampler: &dyn CurriculumSampler, epoch: usize| {
            !serde_json::to_value(sampler.state(Position::from(epoch)).unwrap()).unwrap()["scores"].is_null()
        };
        let sampler = measured();
        // the curriculum has 5 epochs; the last and all later ones are the whole data set
        let kept: Vec<bool> = (0..EPOCHS).map(|epoch| has_scores(&sampler, epoch)).collect();
        assert_eq!(kept, [true, true, true, true, false, false, false]);
        let mut random = PowerLawScheduler::new(&labels(), PowerLaw { pick: Pick::Redraw, ..schedule() }).unwrap();
        random.update(1, &Net(5).scores(33)).unwrap();
        assert!((0..EPOCHS).all(|epoch| !has_scores(&random, epoch)));
        let mut own = Curriculum::new(&labels(), Half).unwrap();
        own.update(1, &Net(5).scores(33)).unwrap();
        assert!(has_scores(&own, 1_000_000), "a schedule that never stays as it is may need them at any time");
    }

    #[test]
    fn every_bit_of_a_score_survives() {
        let scores = [f32::MIN_POSITIVE, 1e-45, f32::MAX, f32::MIN, -0.0, 0.1, 1.0 / 3.0, 16_777_217.0];
        let mut sampler = PowerLawScheduler::new(&[0; 8], schedule()).unwrap();
        sampler.update(1, &scores).unwrap();
        let state = sampler.state(Position::from(1)).unwrap();
        assert_eq!(through_a_file(&state), state);
        let file = serde_json::to_value(&state).unwrap();
        let bits: Vec<u64> = scores.iter().map(|score| u64::from(score.to_bits())).collect();
        assert_eq!(file["scores"], json!(bits));
    }

    #[test]
    fn a_configuration_goes_through_a_file_and_what_is_misspelt_is_refused() {
        let schedule = PowerLaw { alpha: Some(5.0), law: TargetLaw::Zipf, pick: Pick::FixedRandom, ..schedule() };
        let text = serde_json::to_string(&schedule).unwrap();
        assert_eq!(serde_json::from_str::<PowerLaw>(&text).unwrap(), schedule);
        assert_eq!(serde_json::from_str::<PowerLaw>("{}").unwrap(), PowerLaw::default());
        let settings = Settings { seed: u64::MAX, first_measure: 3, measure_every: 0 };
        assert_eq!(serde_json::from_value::<Settings>(serde_json::to_value(settings).unwrap()).unwrap(), settings);
        let error = serde_json::from_str::<PowerLaw>(r#"{"gama": 0.3}"#).unwrap_err().to_string();
        assert!(error.contains("unknown field `gama`"), "{error}");
    }
}

#[test]
fn a_position_past_the_end_of_its_epoch_is_refused() {
    let sampler = sampler();
    let len = sampler.epoch_len(1).unwrap();
    let past = Position { epoch: 1, samples: len + 1 };
    assert_eq!(sampler.state(past).unwrap_err(), Error::Epoch(error::EpochError::Skip { found: len + 1, len }));
    assert!(sampler.state(Position { epoch: 1, samples: len }).is_ok());
}
