//! Promise: scores can come from training steps, piece by piece. Observing everything is a full measurement; what was
//! not observed keeps its score; a run that is cut in mid-epoch, or deals its epochs to ranks, makes the same lists.

mod common;

use climd::error::{ArgumentError, DistributedError, MeasureError, StateError};
use climd::schedule::*;
use climd::*;
use common::{Noise, labels_of, scores_with_ties};
use proptest::prelude::*;

const EPOCHS: usize = 7;

fn labels() -> Vec<u32> {
    labels_of(&[19, 8, 4, 2], 11)
}

fn sampler(first_measure: usize, measure_every: usize, factor: f64) -> PowerLawScheduler {
    let schedule = PowerLaw { epochs: 6, ..Default::default() };
    let settings = Settings { seed: 9, first_measure, measure_every };
    PowerLawScheduler::new(&labels(), schedule).unwrap().settings(settings).running_mean(factor).unwrap()
}

/// The outputs of a sample in a step: the same whoever sees it.
fn score(epoch: usize, sample: u32) -> f32 {
    Noise(1000 * epoch as u64 + u64::from(sample)).below(40) as f32 / 3.0 - 5.0
}

fn scores(epoch: usize, samples: &[u32]) -> Vec<f32> {
    samples.iter().map(|&sample| score(epoch, sample)).collect()
}

/// What an epoch is: its list, its report at its beginning, and, after each batch, the position and the state.
type Run = Vec<(Vec<u32>, Report, Vec<(Position, State)>)>;

/// A training loop that observes, as a user writes it, for one process and for each of many.
fn train(sampler: &mut dyn CurriculumSampler, from: Position) -> Run {
    let mut run = Run::new();
    for epoch in from.epoch..EPOCHS {
        sampler.renew(epoch).unwrap();
        if sampler.wants_scores(epoch) {
            let part: Vec<u32> = sampler.part().map(|sample| sample as u32).collect();
            sampler.update(epoch, &scores(100 + epoch, &part)).unwrap();
        }
        let list = sampler.epoch(epoch).unwrap();
        let report = sampler.report(epoch).unwrap();
        let mut rest = list.clone();
        if epoch == from.epoch {
            rest = rest.skip(from.samples).unwrap();
        }
        let (rank, world_size) = (sampler.rank(), sampler.world_size());
        let mine = rest.shard(rank, world_size, ShardRemainder::Pad).unwrap();
        let mut after = Vec::new();
        for (batch, position) in mine.batches(4, LastBatch::Keep).unwrap() {
            sampler.observe(epoch, batch, &scores(epoch, batch)).unwrap();
            after.push((position, sampler.state(position).unwrap()));
        }
        run.push((list.into_indices(), report, after));
    }
    run
}

fn through_bytes(state: &State) -> State {
    #[cfg(feature = "serde")]
    {
        let text = serde_json::to_string(state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), *state);
        State::from_bytes(&state.to_bytes()).unwrap()
    }
    #[cfg(not(feature = "serde"))]
    state.clone()
}

/// Measured once, in every third epoch, never, and from the middle on.
const SETTINGS: [(usize, usize); 4] = [(1, 0), (1, 3), (usize::MAX, 0), (3, 0)];

#[test]
fn a_run_that_observes_goes_on_from_any_batch_as_if_it_was_not_cut() {
    for ((first, every), factor) in SETTINGS.into_iter().flat_map(|when| [1.0, 0.3].map(|factor| (when, factor))) {
        let new = || sampler(first, every, factor);
        let whole = train(&mut new(), Position::default());
        for (epoch, (_, _, after)) in whole.iter().enumerate() {
            for (at, (position, state)) in after.iter().enumerate().filter(|(_, (position, _))| position.epoch < EPOCHS)
            {
                let mut resumed = new();
                assert_eq!(resumed.restore(&through_bytes(state)).unwrap(), *position);
                let needed = state.scores().is_some();
                let rest = train(&mut resumed, *position);
                let begun = if position.epoch == epoch { &rest[0].2[..] } else { &[] };
                assert_eq!(begun, if begun.is_empty() { &[][..] } else { &after[at + 1..] }, "states in {epoch}");
                for (found, expected) in rest.iter().zip(&whole[position.epoch..]) {
                    assert_eq!(found.0, expected.0, "list after a cut at {position:?}");
                    assert!(!needed || found.1 == expected.1 || position.samples > 0, "report");
                }
                for (found, expected) in rest.iter().zip(&whole[position.epoch..]).skip(usize::from(!begun.is_empty()))
                {
                    assert_eq!(found.2, expected.2, "states after a cut at {position:?}");
                }
            }
        }
    }
}

#[test]
fn what_is_observed_makes_a_difference_from_the_next_epoch_on() {
    // or the test above would pass for a sampler that ignores it
    let mut sampler = sampler(1, 0, 1.0);
    sampler.update(1, &[0.0; 33]).unwrap();
    let before: Vec<Vec<u32>> = (0..5).map(|epoch| sampler.epoch(epoch).unwrap().into_indices()).collect();
    let all: Vec<u32> = (0..33).collect();
    sampler.observe(1, &all, &scores(1, &all)).unwrap();
    assert_eq!(sampler.renew(1).unwrap(), 0, "the epoch runs");
    assert_eq!(sampler.epoch(1).unwrap().indices(), before[1]);
    assert_eq!(sampler.renew(2).unwrap(), 33);
    assert_eq!(sampler.renew(2).unwrap(), 0, "once is enough");
    assert_ne!(sampler.epoch(2).unwrap().indices(), before[2]);
}

#[test]
fn ranks_that_observe_make_the_lists_of_one_process() {
    for (first, every) in SETTINGS {
        for factor in [1.0, 0.3] {
            let new = || sampler(first, every, factor);
            let alone = train(&mut new(), Position::default());
            for world_size in [1, 2, 4] {
                for exchange in [Exchange::AllGather, Exchange::Histograms] {
                    let runs = InProcess::run(world_size, |comm| {
                        train(&mut Distributed::new(new(), comm, exchange).unwrap(), Position::default())
                    });
                    for (rank, run) in runs.into_iter().enumerate() {
                        for (found, expected) in run.iter().zip(&alone) {
                            let what = format!("rank {rank} of {world_size}, {exchange:?}, {first}, {every}, {factor}");
                            assert_eq!(found.0, expected.0, "{what}");
                            assert_eq!(found.1, expected.1, "{what}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_state_of_some_ranks_in_mid_epoch_goes_on_on_any_other_number_of_them() {
    for (first, every) in SETTINGS {
        let new = || sampler(first, every, 0.5);
        let lists = |run: &Run| run.iter().map(|(list, ..)| list.clone()).collect::<Vec<_>>();
        let alone = lists(&train(&mut new(), Position::default()));
        for before in [1, 2, 4] {
            let run = InProcess::run(before, |comm| {
                train(&mut Distributed::new(new(), comm, Exchange::Histograms).unwrap(), Position::default())
            });
            assert!(run.windows(2).all(|two| two[0] == two[1]), "every rank has the same states");
            // after the first batch of an epoch: 4 samples of each rank
            for (position, state) in run[0].iter().map(|(_, _, after)| &after[0]).filter(|(at, _)| at.epoch < EPOCHS) {
                for (after, exchange) in [(1, Exchange::AllGather), (2, Exchange::Histograms), (4, Exchange::AllGather)]
                {
                    let runs = InProcess::run(after, |comm| {
                        let mut sampler = Distributed::new(new(), comm, exchange).unwrap();
                        assert_eq!(sampler.restore(&through_bytes(state)).unwrap(), *position);
                        lists(&train(&mut sampler, *position))
                    });
                    assert!(
                        runs.iter().all(|run| *run == alone[position.epoch..]),
                        "{before} to {after} at {position:?}"
                    );
                }
            }
        }
    }
}

/// Two ranks whose outputs differ for the sample that pads an epoch go on as if they were not cut.
#[test]
fn ranks_that_differ_in_a_sample_go_on_in_the_same_way() {
    let run = |cut: bool| {
        InProcess::run(2, |comm| {
            let new = || Distributed::new(sampler(usize::MAX, 0, 1.0), &comm, Exchange::AllGather).unwrap();
            let mut sampler = new();
            let samples = [[3u32, 4, 5], [5, 6, 4]][sampler.rank()];
            let own: Vec<f32> = samples.iter().map(|&sample| sample as f32 + 10.0 * sampler.rank() as f32).collect();
            sampler.observe(0, &samples[..2], &own[..2]).unwrap();
            if cut {
                let state = sampler.state(Position { epoch: 0, samples: 2 }).unwrap();
                sampler = new();
                sampler.restore(&through_bytes(&state)).unwrap();
            }
            sampler.observe(0, &samples[2..], &own[2..]).unwrap();
            assert_eq!(sampler.renew(1).unwrap(), 4);
            sampler.state(1.into()).unwrap().scores().unwrap()
        })
    };
    let whole = run(false);
    assert_eq!(whole[0][3..7], [3.0, 4.0, 5.0, 16.0], "of two ranks the first one counts");
    assert!(whole[0][0].is_nan());
    assert_eq!(format!("{whole:?}"), format!("{:?}", run(true)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// In any order and any batches, seen once or more.
    #[test]
    fn observing_everything_is_a_full_measurement(
        n in 4usize..60, seed: u64, size in 1usize..9, pick in prop_oneof![Just(Pick::Highest), Just(Pick::Lowest)],
    ) {
        let labels = labels_of(&[n / 2 + 1, n / 4 + 1, n / 8 + 1], seed);
        let n = labels.len();
        let new = || Curriculum::new(&labels, PowerLaw { epochs: 5, pick, ..Default::default() }).unwrap().seed(seed);
        let wanted = scores_with_ties(n, seed);
        let (mut measured, mut observed) = (new(), new());
        measured.update(1, &wanted).unwrap();
        let mut order: Vec<u32> = (0..n as u32).collect();
        Noise(seed).shuffle(&mut order);
        for batch in order.chunks(size) {
            observed.observe(0, batch, &vec![-77.0; batch.len()]).unwrap(); // and each of them again
        }
        for batch in order.chunks(size) {
            let scores: Vec<f32> = batch.iter().map(|&sample| wanted[sample as usize]).collect();
            observed.observe(0, batch, &scores).unwrap();
        }
        prop_assert_eq!(observed.renew(1).unwrap(), n);
        for epoch in 0..6 {
            let [found, expected] = [&observed, &measured].map(|sampler| sampler.epoch(epoch).unwrap().into_indices());
            prop_assert_eq!(found, expected);
        }
        let bits = |sampler: &dyn CurriculumSampler| {
            let scores = sampler.state(1.into()).unwrap().scores().unwrap();
            scores.iter().map(|score| score.to_bits()).collect::<Vec<_>>()
        };
        prop_assert_eq!(bits(&observed), bits(&measured));
    }

    /// Against the twin, which sorts.
    #[test]
    fn samples_without_a_score_rank_by_the_stand_in(n in 6usize..80, seed: u64, seen in 0.0..1.0f64, lowest: bool) {
        let pick = if lowest { Pick::Lowest } else { Pick::Highest };
        let labels = labels_of(&[n, n / 2, 2], seed);
        let schedule = PowerLaw { epochs: 5, pick, ..Default::default() };
        let mut sampler = Curriculum::new(&labels, schedule).unwrap().seed(seed);
        let (mut noise, mut scores) = (Noise(seed), vec![f32::NAN; labels.len()]);
        let some: Vec<u32> = (0..labels.len() as u32).filter(|_| (noise.real() + 1.0) / 2.0 < seen).collect();
        some.iter().for_each(|&sample| scores[sample as usize] = noise.real() as f32);
        let random = sampler.epoch(2).unwrap().into_indices();
        let seen: Vec<f32> = some.iter().map(|&sample| scores[sample as usize]).collect();
        sampler.observe(0, &some, &seen).unwrap();
        prop_assert_eq!(sampler.epoch(2).unwrap().into_indices(), random, "not before the next epoch");
        sampler.renew(1).unwrap();
        for epoch in 0..5 {
            let found = sampler.epoch(epoch).unwrap().into_indices();
            let quotas = sampler.quotas(epoch).unwrap();
            prop_assert_eq!(&found, &common::twin(&labels, &quotas, pick, Some(&scores), seed, epoch as u64));
            let parts = InProcess::run(2, |comm| {
                let mut ranks = Distributed::new(sampler.clone(), comm, Exchange::Histograms).unwrap();
                ranks.restore(&sampler.state(1.into()).unwrap()).unwrap();
                ranks.epoch(epoch).unwrap().into_indices()
            });
            prop_assert!(parts.iter().all(|part| *part == found));
        }
        let ages = sampler.report(0).unwrap().ages.unwrap();
        prop_assert_eq!((ages.renewed, ages.unseen), (some.len(), labels.len() - some.len()));
    }
}

#[test]
fn the_running_mean_moves_once_an_epoch_and_a_measurement_starts_anew() {
    let mut sampler = sampler(1, 0, 0.25);
    let of = |sampler: &PowerLawScheduler, at: usize| sampler.state(2.into()).unwrap().scores().unwrap()[at];
    sampler.update(1, &[1.0; 33]).unwrap();
    sampler.observe(1, &[3, 4], &[9.0, 3.0]).unwrap();
    sampler.observe(1, &[3], &[5.0]).unwrap(); // the later one
    sampler.renew(2).unwrap();
    assert_eq!([3, 4, 5].map(|at| of(&sampler, at)), [2.0, 1.5, 1.0]);
    sampler.observe(2, &[3], &[2.0]).unwrap();
    sampler.renew(3).unwrap();
    assert_eq!(of(&sampler, 3), 2.0);
    sampler.observe(3, &[3], &[7.0]).unwrap();
    sampler.update(4, &[0.5; 33]).unwrap();
    assert_eq!((sampler.renew(5).unwrap(), of(&sampler, 3)), (0, 0.5));
    assert_eq!(sampler.report(4).unwrap().ages, None);
}

#[test]
fn the_report_says_how_old_the_scores_are() {
    let mut sampler = sampler(usize::MAX, 0, 1.0);
    let ages = |sampler: &PowerLawScheduler| {
        let ages = sampler.report(4).unwrap().ages.unwrap();
        (ages.newest, ages.renewed, ages.oldest, ages.unseen, ages.waiting)
    };
    assert_eq!(sampler.report(0).unwrap().ages, None);
    sampler.observe(0, &[0, 1, 2], &[0.1; 3]).unwrap();
    assert_eq!(ages(&sampler), (None, 0, None, 30, 3));
    sampler.renew(1).unwrap();
    assert_eq!(ages(&sampler), (Some(0), 3, Some(0), 30, 0));
    sampler.observe(2, &[2, 3], &[0.1; 2]).unwrap();
    sampler.renew(3).unwrap();
    assert_eq!(ages(&sampler), (Some(2), 2, Some(0), 29, 0));
    let report = sampler.report(4).unwrap();
    assert_eq!(report.measured_at, None);
    let known: usize = report.classes.iter().filter(|class| class.scores.is_some()).count();
    assert!(known >= 1 && report.classes.iter().all(|class| class.scores.is_none_or(|range| range.mean == 0.1)));
}

#[test]
fn what_cannot_be_observed_is_named_and_changes_nothing() {
    let mut sampler = sampler(1, 0, 1.0);
    sampler.update(2, &[0.5; 33]).unwrap();
    sampler.observe(3, &[1], &[0.7]).unwrap();
    let before = sampler.state(3.into()).unwrap();
    let length = Error::Argument(ArgumentError::Length {
        argument: "scores".into(),
        found: 1,
        expected: 2,
        rule: "one score for each of `indices`",
    });
    type Case<'a> = (usize, &'a [u32], &'a [f32], Error, &'a str);
    let cases: [Case<'_>; 6] = [
        (3, &[0, 1], &[0.1], length, "`scores` has length 1, but must have length 2"),
        (
            3,
            &[0, 33],
            &[0.1, 0.2],
            MeasureError::NoSuchSample { at: 1, sample: 33, num_samples: 33 }.into(),
            "`indices[1]` is 33, but the data set has 33 samples",
        ),
        (
            3,
            &[0, 7],
            &[0.1, f32::INFINITY],
            MeasureError::ObservedNotFinite { sample: 7, value: f32::INFINITY }.into(),
            "the score of sample 7 is inf",
        ),
        (2, &[0], &[0.1], MeasureError::EpochOver { epoch: 2, first: 3 }.into(), "`epoch` is 2, which is over"),
        (4, &[0], &[0.1], MeasureError::NotRenewed { epoch: 4, waiting: 3 }.into(), "call `renew`"),
        (
            8_388_605,
            &[0],
            &[0.1],
            ArgumentError::OutOfRange {
                argument: "epoch",
                found: 8_388_605.0,
                range: "below 8388605 where scores are observed",
            }
            .into(),
            "`epoch` is 8388605",
        ),
    ];
    for (epoch, indices, scores, error, text) in cases {
        let found = sampler.observe(epoch, indices, scores).unwrap_err();
        assert_eq!(found, error);
        assert!(found.to_string().contains(text), "{found}");
        assert_eq!(sampler.state(3.into()).unwrap(), before);
    }
    sampler.renew(4).unwrap();
    let over = sampler.observe(3, &[0], &[0.1]).unwrap_err();
    assert_eq!(over, MeasureError::EpochOver { epoch: 3, first: 4 }.into());
    sampler.observe(8_388_604, &[0], &[0.1]).unwrap();
}

#[test]
fn a_factor_that_is_none_is_refused() {
    for factor in [0.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
        let error = Curriculum::new(&[0, 0, 1], PowerLaw::default()).unwrap().running_mean(factor).unwrap_err();
        assert_eq!(error.to_string(), format!("`factor` is {factor}, but must be above 0 and at most 1"));
    }
    let state = |factor: f64| {
        let mut sampler = sampler(1, 0, factor);
        sampler.observe(0, &[1], &[0.7]).unwrap();
        sampler.state(0.into()).unwrap()
    };
    let error = sampler(1, 0, 0.5).restore(&state(0.25)).unwrap_err();
    assert!(matches!(error, Error::State(StateError::StateMismatch { .. })));
    assert!(error.to_string().contains("a running mean of factor 0.25, but this sampler has 0.5"), "{error}");
}

#[test]
fn ranks_in_different_epochs_or_with_other_factors_are_told_so() {
    let errors = InProcess::run(2, |comm| {
        let mut sampler = Distributed::new(sampler(1, 0, 1.0), comm, Exchange::AllGather).unwrap();
        sampler.renew(sampler.rank() + 1).unwrap_err()
    });
    assert!(
        errors.iter().all(|error| matches!(
            error,
            Error::Distributed(DistributedError::RanksDiffer { what: "epoch", rank: 1, .. })
        )),
        "{errors:?}"
    );
    let errors = InProcess::run(2, |comm| {
        let mut sampler = Distributed::new(sampler(1, 0, 1.0), comm, Exchange::AllGather).unwrap();
        sampler.observe(sampler.rank(), &[1], &[0.1]).unwrap();
        sampler.renew(3).unwrap_err()
    });
    assert!(errors.iter().all(|error| error.to_string().contains("an observed epoch 1, but rank 0")), "{errors:?}");
    let errors = InProcess::run(2, |comm| {
        let sampler = sampler(1, 0, if comm.rank() == 0 { 1.0 } else { 0.5 });
        Distributed::new(sampler, comm, Exchange::AllGather).err()
    });
    assert!(errors.iter().all(Option::is_some));
}

#[test]
fn nothing_more_is_kept_when_no_later_epoch_needs_scores() {
    let mut sampler = sampler(1, 0, 1.0);
    sampler.update(1, &[0.5; 33]).unwrap();
    sampler.observe(4, &[1], &[0.7]).unwrap();
    assert!(sampler.state(4.into()).unwrap().scores().is_some());
    let state = sampler.state(6.into()).unwrap(); // the whole data set from epoch 5 on
    assert_eq!(state.scores(), None);
    let mut restored = self::sampler(1, 0, 1.0);
    restored.restore(&through_bytes(&state)).unwrap();
    assert_eq!(restored.renew(6).unwrap(), 0);
    assert_eq!(restored.epoch(6).unwrap().indices(), sampler.epoch(6).unwrap().indices());
    let dropped = restored.epoch(2).unwrap_err();
    assert!(matches!(dropped, Error::State(StateError::ScoresDropped { epoch: 2, .. })), "{dropped}");
    restored.observe(7, &[1], &[0.7]).unwrap();
    assert_eq!(restored.renew(8).unwrap(), 0);
    assert!(restored.epoch(2).is_err());
}

#[cfg(feature = "serde")]
#[test]
fn a_state_without_what_was_observed_is_the_older_format() {
    let mut sampler = sampler(1, 0, 1.0);
    sampler.update(1, &[0.5; 33]).unwrap();
    let plain = sampler.state(1.into()).unwrap();
    let mut text = serde_json::to_value(&plain).unwrap();
    assert!(text.as_object_mut().unwrap().remove("observed").unwrap().is_null());
    assert_eq!(serde_json::from_value::<State>(text).unwrap(), plain);
    sampler.observe(1, &[1, 5], &[0.7, 0.1]).unwrap();
    let bytes = sampler.state(Position { epoch: 1, samples: 2 }).unwrap().to_bytes();
    for end in 0..bytes.len() {
        assert!(State::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
    }
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        assert!(State::from_bytes(&altered).is_err(), "altered at {at}");
    }
    assert!(State::from_bytes(&[&bytes[..], b"\0"].concat()).is_err());
}

/// As in a training that lets rank 0 write the checkpoints.
#[test]
fn a_rank_takes_a_state_alone_while_nothing_is_observed() {
    let states = InProcess::run(2, |comm| {
        let mut sampler = Distributed::new(sampler(1, 1, 1.0), comm, Exchange::AllGather).unwrap();
        sampler.renew(1).unwrap();
        sampler.update(1, &scores(1, &sampler.part().map(|sample| sample as u32).collect::<Vec<_>>())).unwrap();
        let state = (sampler.rank() == 0).then(|| sampler.state(1.into()).unwrap());
        sampler.epoch(1).unwrap(); // where rank 1 would wait for the wrong call
        state
    });
    let mut alone = sampler(1, 1, 1.0);
    alone.update(1, &scores(1, &(0..33).collect::<Vec<_>>())).unwrap();
    assert_eq!(states, [Some(alone.state(1.into()).unwrap()), None]);
}
