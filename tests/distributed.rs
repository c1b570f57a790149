//! Promise: any number of ranks, each with the scores of its own part, make exactly the lists of one process. If ranks
//! were built differently, or one died, every rank gets an error.

mod common;

use std::cell::Cell;

use climd::error::{ArgumentError, DistributedError, MeasureError};
use climd::schedule::*;
use climd::*;
use common::ranks::Counted;
use common::{Noise, labels_of, scores_with_ties};

/// Scores of an epoch, with ties or without.
fn scores(n: usize, epoch: usize, ties: bool) -> Vec<f32> {
    let seed = epoch as u64 + 5;
    if ties { scores_with_ties(n, seed) } else { Noise(seed).reals(n).into_iter().map(|x| x as f32).collect() }
}

/// What an epoch is: its list, its prior, its report, the state after it.
type Run = Vec<(Vec<u32>, Vec<f32>, Report, State)>;

/// The one loop, for one process and for each of many. It measures when scores are wanted.
fn run(sampler: &mut dyn CurriculumSampler, epochs: usize, ties: bool) -> Run {
    let n = sampler.classes().num_samples();
    let epoch = |epoch: usize| {
        if sampler.wants_scores(epoch) {
            sampler.update(epoch, &scores(n, epoch, ties)[sampler.part()]).unwrap();
        }
        let list = sampler.epoch(epoch).unwrap();
        let prior = list.log_prior(sampler.classes().num_classes()).unwrap();
        let state = sampler.state(Position::from(epoch + 1)).unwrap();
        (list.into_indices(), prior, sampler.report(epoch).unwrap(), state)
    };
    (0..epochs).map(epoch).collect()
}

fn alone<S: Schedule>(mut sampler: Curriculum<S>, epochs: usize, ties: bool) -> Run {
    run(&mut sampler, epochs, ties)
}

/// The same run by many ranks, as each of them sees it.
fn together<S: Schedule>(
    new: impl Fn() -> Curriculum<S> + Sync,
    world_size: usize,
    agree: Exchange,
    epochs: usize,
    ties: bool,
) -> Vec<Run> {
    InProcess::run(world_size, |comm| run(&mut Distributed::new(new(), comm, agree).unwrap(), epochs, ties))
}

fn check<S: Schedule>(new: impl Fn() -> Curriculum<S> + Sync, epochs: usize) {
    for ties in [false, true] {
        let expected = alone(new(), epochs, ties);
        for world_size in [1, 2, 4, 7] {
            for agree in [Exchange::AllGather, Exchange::Histograms] {
                for (rank, found) in together(&new, world_size, agree, epochs, ties).into_iter().enumerate() {
                    assert!(found == expected, "rank {rank} of {world_size}, {agree:?}, ties: {ties}");
                }
            }
        }
    }
}

#[test]
fn every_pick_and_kind_of_quota_gives_the_lists_of_one_process() {
    let labels = labels_of(&[190, 81, 40, 23, 7], 11);
    for pick in [Pick::Highest, Pick::Lowest, Pick::FixedRandom, Pick::Redraw] {
        check(|| Curriculum::new(&labels, PowerLaw { epochs: 6, pick, ..Default::default() }).unwrap().seed(3), 7);
        check(|| Curriculum::new(&labels, Linear { epochs: 5, pick, ..Default::default() }).unwrap(), 6);
    }
    check(|| Curriculum::new(&labels, OnePass { epochs: 8, buckets: 4, ..Default::default() }).unwrap(), 9);
    check(|| Curriculum::new(&labels, ClassBalanced).unwrap(), 3);
    check(|| Curriculum::new(&labels, HardMajority::default()).unwrap(), 14);
    let repeat = PowerLaw { epochs: 6, overflow: Overflow::Repeat, ..Default::default() };
    check(|| Curriculum::new(&labels, repeat.clone()).unwrap(), 7);
}

#[test]
fn more_ranks_than_samples_have_empty_parts_and_the_same_lists() {
    let labels = [0, 0, 0, 1, 1];
    check(|| Curriculum::new(&labels, PowerLaw { epochs: 4, ..Default::default() }).unwrap(), 4);
}

#[test]
fn many_samples_and_classes_and_a_long_list() {
    let counts: Vec<usize> = (1..=300).map(|rank| 9_000 / rank + 1).collect();
    let labels = labels_of(&counts, 1);
    let new = || Curriculum::new(&labels, PowerLaw { epochs: 5, ..Default::default() }).unwrap().seed(7);
    let expected = alone(new(), 4, true);
    for agree in [Exchange::AllGather, Exchange::Histograms] {
        assert!(together(new, 3, agree, 4, true).iter().all(|found| *found == expected));
    }
}

#[test]
fn steps_are_those_of_a_padded_part() {
    let labels = labels_of(&[23, 9, 3], 1);
    let new = || Curriculum::new(&labels, PowerLaw { epochs: 5, ..Default::default() }).unwrap();
    let lens: Vec<usize> = (0..6).map(|epoch| new().epoch_len(epoch).unwrap()).collect();
    for world_size in [1, 2, 4] {
        let expected: usize = lens.iter().map(|len| len.div_ceil(world_size).div_ceil(4)).sum();
        let steps = InProcess::run(world_size, |comm| {
            let sampler = Distributed::new(new(), comm, Exchange::AllGather).unwrap();
            let padded = (0..6).map(|epoch| {
                let part = sampler.epoch(epoch).unwrap();
                let part = part.shard(sampler.rank(), sampler.world_size(), ShardRemainder::Pad).unwrap();
                part.batches(4, LastBatch::Keep).unwrap().len()
            });
            (sampler.steps(0..6, 4, LastBatch::Keep).unwrap(), padded.sum::<usize>())
        });
        assert!(steps.iter().all(|&steps| steps == (expected, expected)), "{steps:?} and not {expected}");
    }
}

/// A schedule that asks for other numbers at each call, and so on each rank.
#[derive(Debug)]
struct Liar(std::sync::atomic::AtomicUsize);

impl Schedule for Liar {
    fn plan(&self, _epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        let call = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(Plan::per_class(classes.counts().iter().map(|n| 1 + call % n).collect()))
    }

    fn describe(&self) -> Description {
        Description::new("liar")
    }
}

/// Whatever a schedule says, all ranks have one list of samples that there are, or all have an error.
#[test]
fn a_schedule_that_lies_gives_no_two_lists() {
    let labels = labels_of(&[40, 20, 9], 1);
    for exchange in [Exchange::AllGather, Exchange::Histograms] {
        let lists = InProcess::run(3, |comm| -> Result<Vec<u32>> {
            let first = 7 * comm.rank(); // the ranks hear other lies
            let sampler = Curriculum::new(&labels, Liar(first.into())).unwrap();
            let mut sampler = Distributed::new(sampler, comm, exchange)?;
            sampler.update(1, &scores(69, 1, false)[sampler.part()])?;
            Ok(sampler.epoch(1)?.into_indices())
        });
        assert!(lists.windows(2).all(|two| two[0].is_err() == two[1].is_err()), "{exchange:?}: {lists:?}");
        let lists: Vec<_> = lists.into_iter().flatten().collect();
        assert!(lists.windows(2).all(|two| two[0] == two[1]), "{exchange:?}: {lists:?}");
    }
}

/// A communicator whose answers are changed: `change` gets the operation and what it returned.
struct Changed<F> {
    inside: InProcess,
    change: F,
}

impl<F: Fn(&str, &mut Vec<u32>)> Changed<F> {
    fn changed(&self, operation: &str, mut values: Vec<u32>) -> Vec<u32> {
        (self.change)(operation, &mut values);
        values
    }
}

impl<F: Fn(&str, &mut Vec<u32>)> Communicator for Changed<F> {
    fn rank(&self) -> usize {
        self.inside.rank()
    }

    fn world_size(&self) -> usize {
        self.inside.world_size()
    }

    fn all_reduce(&self, values: &mut [u32]) -> Result<()> {
        self.inside.all_reduce(values)
    }

    fn all_gather(&self, values: &[u32]) -> Result<Vec<u32>> {
        Ok(self.changed("all_gather", self.inside.all_gather(values)?))
    }

    fn all_to_all(&self, values: &[u32], counts: &[usize]) -> Result<Vec<u32>> {
        Ok(self.changed("all_to_all", self.inside.all_to_all(values, counts)?))
    }
}

#[test]
fn a_communicator_that_returns_too_little_is_an_error() {
    let errors = InProcess::run(2, |inside| {
        let sampler = Curriculum::new(&[0, 0, 1, 1], ClassBalanced).unwrap();
        let change = |_: &str, values: &mut Vec<u32>| {
            values.pop();
        };
        Distributed::new(sampler, Changed { inside, change }, Exchange::AllGather).map(drop).unwrap_err()
    });
    let too_little = |error: &Error| {
        matches!(error, Error::Distributed(DistributedError::Communication { operation: "all_gather", .. }))
    };
    assert!(errors.iter().all(too_little), "{errors:?}");
}

#[test]
fn parts_are_one_stretch_each_and_leave_nothing_out() {
    for (n, world_size) in [(1, 3), (10, 3), (10, 10), (7, 8), (1000, 7)] {
        let labels = vec![0; n];
        let parts = InProcess::run(world_size, |comm| {
            Distributed::new(Curriculum::new(&labels, Uniform).unwrap(), comm, Exchange::AllGather).unwrap().part()
        });
        assert!(parts.iter().all(|part| part.len() <= n.div_ceil(world_size)));
        assert_eq!(parts.into_iter().flatten().collect::<Vec<_>>(), (0..n).collect::<Vec<_>>());
    }
}

fn small() -> PowerLawScheduler {
    Curriculum::new(&labels_of(&[19, 8, 4, 2], 11), PowerLaw { epochs: 5, ..Default::default() }).unwrap().seed(9)
}

#[test]
fn a_state_of_some_ranks_goes_on_on_any_other_number_of_them() {
    let n = 33;
    let whole = alone(small(), 6, false);
    let worlds = [1, 2, 3, 4, 8];
    for (before, after) in worlds.into_iter().flat_map(|before| worlds.map(|after| (before, after))) {
        for agree in [Exchange::AllGather, Exchange::Histograms] {
            let states = &together(small, before, agree, 3, false)[before - 1];
            let rest = InProcess::run(after, |comm| {
                let mut sampler = Distributed::new(small(), comm, agree).unwrap();
                let at = sampler.restore(&states[2].3).unwrap();
                let rest = (at.epoch..6).map(|epoch| {
                    if sampler.wants_scores(epoch) {
                        sampler.update(epoch, &scores(n, epoch, false)[sampler.part()]).unwrap();
                    }
                    sampler.epoch(epoch).unwrap().indices().to_vec()
                });
                rest.collect::<Vec<_>>()
            });
            for lists in rest {
                assert!(lists.iter().eq(whole[3..].iter().map(|(list, ..)| list)), "{before} to {after}, {agree:?}");
            }
        }
    }
    // restored in the middle of an epoch: its scores are not measured again, and are the ones in use
    let mut one = small();
    one.update(2, &scores(n, 2, false)).unwrap();
    let (state, list) = (one.state(Position { epoch: 2, samples: 4 }).unwrap(), one.epoch(2).unwrap());
    for agree in [Exchange::AllGather, Exchange::Histograms] {
        InProcess::run(3, |comm| {
            let mut sampler = Distributed::new(small(), comm, agree).unwrap();
            sampler.restore(&state).unwrap();
            assert!(!sampler.wants_scores(2));
            assert_eq!(sampler.epoch(2).unwrap().indices(), list.indices());
        });
    }
}

#[test]
fn ranks_that_were_built_differently_are_told_what_differs() {
    let error = |build: &(dyn Fn(usize) -> PowerLawScheduler + Sync)| {
        let mut errors = InProcess::run(3, |comm| {
            let sampler = build(comm.rank());
            Distributed::new(sampler, comm, Exchange::AllGather).map(|_| ()).unwrap_err()
        });
        let first = errors.pop().unwrap();
        assert!(errors.iter().all(|error| *error == first));
        let text = first.to_string();
        assert!(matches!(first, Error::Distributed(DistributedError::RanksDiffer { rank: 1, .. })), "{text}");
        text
    };
    let labels = labels_of(&[19, 8, 4, 2], 11);
    let schedule = || PowerLaw { epochs: 5, ..Default::default() };
    let other = |rank: usize, at: usize| if rank == 1 { at } else { 0 };
    let seeds = error(&|rank| Curriculum::new(&labels, schedule()).unwrap().seed(other(rank, 1) as u64));
    assert!(seeds.starts_with("rank 1 has configuration of hash"), "{seeds}");
    let epochs =
        error(&|rank| Curriculum::new(&labels, PowerLaw { epochs: 5 + other(rank, 1), ..Default::default() }).unwrap());
    assert!(epochs.starts_with("rank 1 has configuration of hash"), "{epochs}");
    let orders = error(&|rank| Curriculum::new(&labels_of(&[19, 8, 4, 2], rank as u64 % 2), schedule()).unwrap());
    assert!(orders.starts_with("rank 1 has labels of hash"), "{orders}");
}

#[test]
fn ranks_that_ask_for_different_epochs_are_told_so() {
    let errors = InProcess::run(2, |comm| {
        let sampler = Distributed::new(small(), comm, Exchange::Histograms).unwrap();
        sampler.epoch(3 + sampler.rank()).map(|_| ()).unwrap_err()
    });
    let expected = Error::Distributed(DistributedError::RanksDiffer {
        what: "epoch",
        rank: 1,
        found: "4".into(),
        expected: "3".into(),
    });
    assert!(errors.iter().all(|error| *error == expected), "{errors:?}");
}

#[test]
fn ranks_that_restore_different_states_are_told_so_and_keep_what_they_had() {
    let mut one = small();
    one.update(2, &scores(33, 2, false)).unwrap();
    let mut other = small();
    other.update(2, &scores(33, 3, false)).unwrap();
    let (lists, at) = (alone(small(), 2, false), Position::from(2));
    for agree in [Exchange::AllGather, Exchange::Histograms] {
        InProcess::run(2, |comm| {
            let mut sampler = Distributed::new(small(), comm, agree).unwrap();
            sampler.update(1, &scores(33, 1, false)[sampler.part()]).unwrap();
            let state = if sampler.rank() == 0 { one.state(at).unwrap() } else { other.state(at).unwrap() };
            let error = sampler.restore(&state).unwrap_err();
            assert!(
                matches!(error, Error::Distributed(DistributedError::RanksDiffer { what: "state", rank: 1, .. })),
                "{error}"
            );
            assert_eq!(sampler.epoch(1).unwrap().indices(), lists[1].0);
        });
    }
}

#[test]
fn scores_that_one_rank_refuses_are_refused_by_all_and_nothing_changes() {
    let lists = alone(small(), 2, false);
    for agree in [Exchange::AllGather, Exchange::Histograms] {
        InProcess::run(3, |comm| {
            let mut sampler = Distributed::new(small(), comm, agree).unwrap();
            let (part, rank) = (sampler.part(), sampler.rank());
            sampler.update(1, &scores(33, 1, false)[part.clone()]).unwrap();
            let mut bad = vec![0.0; part.len()];
            if rank == 2 {
                bad[3] = f32::NAN;
            }
            let error = sampler.update(2, &bad).unwrap_err();
            match rank {
                2 => {
                    assert!(matches!(error, Error::Measure(MeasureError::ScoreNotFinite { index: 25, .. })), "{error}")
                }
                _ => assert_eq!(error, Error::Distributed(DistributedError::OtherRank { rank: 2 })),
            }
            let error = sampler.update(2, &vec![0.0; part.len() + usize::from(rank == 0)]).unwrap_err();
            match rank {
                0 => assert!(
                    matches!(error, Error::Argument(ArgumentError::Length { found: 12, expected: 11, .. })),
                    "{error}"
                ),
                _ => assert_eq!(error, Error::Distributed(DistributedError::OtherRank { rank: 0 })),
            }
            assert!(sampler.wants_scores(2));
            assert_eq!(sampler.epoch(1).unwrap().indices(), lists[1].0);
        });
    }
}

#[test]
fn a_rank_that_dies_is_an_error_on_the_others_and_not_a_wait() {
    for agree in [Exchange::AllGather, Exchange::Histograms] {
        let results = InProcess::run(4, |comm| {
            let mut sampler = Distributed::new(small(), comm, agree)?;
            if sampler.rank() == 2 {
                return Ok(()); // like a panic: everything that the rank holds is dropped
            }
            sampler.update(1, &vec![0.0; sampler.part().len()])
        });
        let gone = Error::Distributed(DistributedError::Communication {
            operation: "all_gather",
            reason: "rank 2 is gone".into(),
        });
        assert_eq!(results, [Err(gone.clone()), Err(gone.clone()), Ok(()), Err(gone)]);
    }
}

#[test]
fn with_histograms_no_scores_are_sent() {
    let labels = labels_of(&[40_000, 9_000, 1_000], 2);
    let sent = |agree: Exchange, ties: bool| {
        InProcess::run(2, |comm| {
            let counted = Counted::new(&comm);
            let sampler = Curriculum::new(&labels, PowerLaw { epochs: 100, ..Default::default() }).unwrap();
            let mut sampler = Distributed::new(sampler, &counted, agree).unwrap();
            sampler.update(1, &scores(50_000, 1, ties)[sampler.part()]).unwrap();
            assert_eq!(sampler.epoch(1).unwrap().len(), 1000);
            counted.sent.get()
        })[0]
    };
    let few = 60; // words of hashes and states of health
    assert!((25_000..25_000 + few).contains(&sent(Exchange::AllGather, false)));
    let rounds = |words: usize| (words - 500) / (3 * 256); // half of the list, then 256 bins for each of 3 classes
    assert!((2..=4).contains(&rounds(sent(Exchange::Histograms, false))));
    assert!((5..=8).contains(&rounds(sent(Exchange::Histograms, true))));
}

#[test]
fn ranks_whose_scores_differ_are_told_so() {
    let errors = InProcess::run(2, |inside| {
        // one bit is wrong on rank 1, as with broken memory or a broken network
        let is_broken = inside.rank() == 1;
        let change = |operation: &str, values: &mut Vec<u32>| {
            if is_broken && operation == "all_gather" && values.len() == 33 {
                values[20] ^= 1;
            }
        };
        let mut sampler = Distributed::new(small(), Changed { inside, change }, Exchange::AllGather).unwrap();
        sampler.update(1, &scores(33, 1, false)[sampler.part()]).unwrap();
        sampler.epoch(1).map(|_| ()).unwrap_err()
    });
    assert!(
        errors.iter().all(|error| matches!(
            error,
            Error::Distributed(DistributedError::RanksDiffer { what: "scores", rank: 1, .. })
        )),
        "{errors:?}"
    );
}

/// The part of each rank, made without the whole list, against the whole list skipped and dealt.
fn check_parts<S: Schedule>(
    new: impl Fn() -> Curriculum<S> + Sync,
    epochs: std::ops::Range<usize>,
    world_sizes: &[usize],
) {
    for (&world_size, exchange) in
        world_sizes.iter().flat_map(|size| [Exchange::AllGather, Exchange::Histograms].map(|exchange| (size, exchange)))
    {
        InProcess::run(world_size, |comm| {
            let mut sampler = Distributed::new(new(), comm, exchange).unwrap();
            let n = sampler.classes().sample_classes().len();
            for epoch in epochs.clone() {
                if epoch > epochs.start && sampler.wants_scores(epoch) {
                    sampler.update(epoch, &scores(n, epoch, true)[sampler.part()]).unwrap();
                }
                let whole = sampler.epoch(epoch).unwrap();
                let len = whole.len();
                let done = [0, 1, world_size, len / 2, len.saturating_sub(world_size + 1), len - 1, len];
                for samples in done.into_iter().filter(|&samples| samples <= len) {
                    for remainder in [ShardRemainder::Pad, ShardRemainder::Drop] {
                        let rest = whole.skip(samples).unwrap();
                        let expected = rest.shard(sampler.rank(), world_size, remainder).unwrap();
                        let found = sampler.part_of_epoch(Position { epoch, samples }, remainder).unwrap();
                        let what =
                            format!("{samples} of epoch {epoch}, {world_size} ranks, {exchange:?}, {remainder:?}");
                        assert!(found.indices() == expected.indices(), "{what}");
                        assert_eq!(found.class_counts(), expected.class_counts(), "{what}");
                        assert_eq!(found.start(), expected.start(), "{what}");
                        let batches = |epoch: &Epoch| {
                            let batches = epoch.batches(999, LastBatch::Keep).unwrap();
                            batches.map(|(batch, at)| (batch.to_vec(), at)).collect::<Vec<_>>()
                        };
                        assert_eq!(batches(&found), batches(&expected), "{what}");
                        let part = |epoch: &Epoch| epoch.skip(world_size).map(Epoch::into_indices);
                        assert_eq!(part(&found), part(&expected), "{what}");
                    }
                }
                let past = Position { epoch, samples: len + 1 };
                let error = sampler.part_of_epoch(past, ShardRemainder::Pad).unwrap_err();
                assert_eq!(error, whole.skip(len + 1).unwrap_err());
            }
        });
    }
}

#[test]
fn a_part_that_is_made_without_the_whole_list_is_the_part_of_it() {
    const SOME: &[usize] = &[1, 3, 7];
    // above 16,384 samples a list has several buckets
    let labels = labels_of(&[20_000, 9_000, 3_001, 997, 2], 11);
    let power_law = |pick| PowerLaw { epochs: 4, pick, ..Default::default() };
    let paper = || Curriculum::new(&labels, power_law(Pick::Highest)).unwrap().seed(3);
    check_parts(paper, 3..4, &[1, 2, 3, 4, 5, 8, 13, 31]);
    check_parts(paper, 4..5, SOME);
    check_parts(paper, 1..2, SOME); // no rank has a score
    check_parts(|| Curriculum::new(&labels, power_law(Pick::Lowest)).unwrap().seed(3), 2..4, &[3]);
    check_parts(|| Curriculum::new(&labels, power_law(Pick::Redraw)).unwrap().seed(3), 3..4, SOME);
    check_parts(|| Curriculum::new(&labels, Linear { epochs: 4, ..Default::default() }).unwrap(), 2..3, SOME);
    let one_pass = OnePass { epochs: 2, buckets: 2, ..Default::default() };
    check_parts(|| Curriculum::new(&labels, one_pass.clone()).unwrap(), 1..2, SOME);
    check_parts(|| Curriculum::new(&labels, ClassBalanced).unwrap(), 0..1, SOME);
    let progressive = ProgressivelyBalanced { epochs: 3, reversed: false };
    check_parts(|| Curriculum::new(&labels, progressive.clone()).unwrap(), 1..2, SOME);
    let repeat = PowerLaw { epochs: 4, overflow: Overflow::Repeat, ..Default::default() };
    check_parts(|| Curriculum::new(&labels, repeat.clone()).unwrap(), 3..4, SOME);
    let sites: Vec<u32> = (0..labels.len() as u32).map(|i| i % 3).collect();
    let targets = || Targets::single(&labels).unwrap().sites(&sites, Within::Balanced).unwrap();
    check_parts(|| Curriculum::with_targets(targets(), power_law(Pick::Highest)).unwrap(), 3..4, SOME);
    let capped = || Targets::single(&labels).unwrap().groups(&sites, 9_000).unwrap();
    check_parts(|| Curriculum::with_targets(capped(), power_law(Pick::Highest)).unwrap(), 3..4, &[3]);
    check_parts(|| Curriculum::new(&labels[..40], power_law(Pick::Highest)).unwrap(), 1..5, &[1, 3, 41]);
    // too many classes for histograms to pay, where all scores are known
    let classes: Vec<u32> = (0..20_000).map(|i| i % 100).collect();
    check_parts(|| Curriculum::new(&classes, power_law(Pick::Highest)).unwrap(), 3..4, &[3]);
}

#[test]
fn ranks_that_ask_for_different_parts_are_told_so() {
    let error = |samples: fn(usize) -> usize, remainder: fn(usize) -> ShardRemainder| {
        let mut errors = InProcess::run(2, |comm| {
            let (sampler, rank) = (Distributed::new(small(), &comm, Exchange::Histograms).unwrap(), comm.rank());
            sampler.part_of_epoch(Position { epoch: 1, samples: samples(rank) }, remainder(rank)).unwrap_err()
        });
        let first = errors.pop().unwrap();
        assert!(errors.iter().all(|error| *error == first));
        first.to_string()
    };
    let positions = error(|rank| rank, |_| ShardRemainder::Pad);
    assert!(positions.starts_with("rank 1 has position 1"), "{positions}");
    let rules = error(|_| 0, |rank| if rank == 0 { ShardRemainder::Pad } else { ShardRemainder::Drop });
    assert!(rules.starts_with("rank 1 has rule for the remainder of a list of hash"), "{rules}");
}

#[test]
fn an_exchange_that_returns_what_nobody_sent_is_an_error() {
    let labels = labels_of(&[30_000, 9_000, 3_001], 11);
    let ways: [fn(&mut Vec<u32>); 4] = [
        |values| values.clear(),
        |values| values.truncate(values.len() - 1),
        |values| values.push(0),
        |values| values.fill(u32::MAX),
    ];
    for (at, how) in (0..2).flat_map(|at| ways.map(|how| (at, how))) {
        InProcess::run(1, |inside| {
            let sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 4, ..Default::default() }).unwrap();
            let exchanges = Cell::new(0);
            let change = |operation: &str, values: &mut Vec<u32>| {
                if operation == "all_to_all" && exchanges.replace(exchanges.get() + 1) == at {
                    how(values);
                }
            };
            let sampler = Distributed::new(sampler, Changed { inside, change }, Exchange::Histograms).unwrap();
            let error = sampler.part_of_epoch(Position::from(2), ShardRemainder::Pad).unwrap_err();
            let expected = DistributedError::Communication {
                operation: "all_to_all",
                reason: "it returned what no rank has sent".into(),
            };
            assert_eq!(error, expected.into());
        });
    }
}
