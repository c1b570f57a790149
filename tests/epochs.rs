//! Promise: an epoch can be skipped, sharded and batched. No sample is lost, doubled or in the wrong place.

mod common;

use climd::error::{ArgumentError, DistributedError, EpochError, LabelError};
use climd::schedule::*;
use climd::*;
use common::{Noise, counts_in, labels_of};
use proptest::prelude::*;

fn sampler(counts: &[usize], seed: u64) -> (Vec<u32>, PowerLawScheduler) {
    let labels = labels_of(counts, seed);
    let schedule = PowerLaw { epochs: 7, ..Default::default() };
    let sampler = PowerLawScheduler::new(&labels, schedule).unwrap().seed(seed);
    (labels, sampler)
}

fn any_counts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..60, 1..8).prop_map(|mut counts| {
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts
    })
}

fn any_last() -> impl Strategy<Value = LastBatch> {
    prop_oneof![Just(LastBatch::Keep), Just(LastBatch::Drop)]
}

fn parts(epoch: &Epoch, world_size: usize, even: ShardRemainder) -> Vec<Vec<u32>> {
    (0..world_size).map(|rank| epoch.shard(rank, world_size, even).unwrap().indices().to_vec()).collect()
}

/// The parts put together again: first samples of all ranks, then second samples.
fn interleaved(parts: &[Vec<u32>]) -> Vec<u32> {
    (0..parts[0].len()).flat_map(|i| parts.iter().map(move |part| part[i])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))] // each makes 200 epochs

    #[test]
    fn over_the_epochs_every_class_loses_its_share_and_no_more(
        counts in any_counts(), seed: u64, world_size in 2usize..12,
    ) {
        const EPOCHS: usize = 200;
        let labels = labels_of(&counts, seed);
        let sampler = Curriculum::new(&labels, Uniform).unwrap().seed(seed);
        let mut kept = vec![0; counts.len()];
        for number in 0..EPOCHS {
            let epoch = sampler.epoch(number).unwrap();
            for rank in 0..world_size {
                let part = epoch.shard_stratified(rank, world_size, ShardRemainder::Drop).unwrap();
                let of_part = counts_in(part.indices(), &labels, counts.len());
                kept.iter_mut().zip(of_part).for_each(|(sum, count)| *sum += count);
            }
        }
        let share = (labels.len() % world_size) as f64 / labels.len() as f64; // of every class
        for (&n, kept) in counts.iter().zip(kept) {
            let (mean, left_out) = ((EPOCHS * n) as f64 * share, (EPOCHS * n - kept) as f64);
            let deviation = (mean * (1.0 - share)).sqrt(); // of as many free draws, which these are at most
            prop_assert!((left_out - mean).abs() <= 6.0 * deviation, "{left_out} of {n}, {mean} expected");
        }
    }
}

proptest! {
    #[test]
    fn padded_parts_are_the_list_and_then_its_start_again(
        counts in any_counts(), seed: u64, number in 0usize..8, world_size in 1usize..40,
    ) {
        let epoch = sampler(&counts, seed).1.epoch(number).unwrap();
        let parts = parts(&epoch, world_size, ShardRemainder::Pad);
        let len = epoch.len().div_ceil(world_size);
        prop_assert!(parts.iter().all(|part| part.len() == len));
        let padded: Vec<u32> = epoch.indices().iter().copied().cycle().take(len * world_size).collect();
        prop_assert_eq!(interleaved(&parts), padded);
    }

    #[test]
    fn dropped_parts_are_the_list_without_what_does_not_divide(
        counts in any_counts(), seed: u64, number in 0usize..8, world_size in 1usize..40,
    ) {
        let epoch = sampler(&counts, seed).1.epoch(number).unwrap();
        let parts = parts(&epoch, world_size, ShardRemainder::Drop);
        let len = epoch.len() / world_size;
        prop_assert!(parts.iter().all(|part| part.len() == len));
        prop_assert_eq!(interleaved(&parts), &epoch.indices()[..len * world_size]);
    }

    #[test]
    fn stratified_parts_hold_each_class_evenly_in_the_order_of_the_list(
        counts in any_counts(), seed: u64, number in 0usize..8, world_size in 1usize..12, drop: bool,
    ) {
        let (labels, sampler) = sampler(&counts, seed);
        let epoch = sampler.epoch(number).unwrap();
        let even = if drop { ShardRemainder::Drop } else { ShardRemainder::Pad };
        let len = if drop { epoch.len() / world_size } else { epoch.len().div_ceil(world_size) };
        let place = |sample: &u32| epoch.indices().iter().position(|other| other == sample).unwrap();
        let (mut all, mut by_rank) = (Vec::new(), Vec::new());
        for rank in 0..world_size {
            let part = epoch.shard_stratified(rank, world_size, even).unwrap();
            prop_assert_eq!(part.len(), len);
            // padding comes last, from the start of the list
            let own = if drop { len } else { (epoch.len() + world_size - 1 - rank) / world_size };
            prop_assert!(part.indices()[..own].windows(2).all(|pair| place(&pair[0]) < place(&pair[1])));
            by_rank.push(counts_in(&part.indices()[..own], &labels, counts.len()));
            all.extend_from_slice(&part.indices()[..own]);
        }
        for class in 0..counts.len() {
            let of_class: Vec<usize> = by_rank.iter().map(|counts| counts[class]).collect();
            prop_assert!(of_class.iter().max().unwrap() - of_class.iter().min().unwrap() <= 1);
        }
        all.sort_unstable();
        let mut dealt = epoch.indices()[..if drop { len * world_size } else { epoch.len() }].to_vec();
        dealt.sort_unstable();
        prop_assert_eq!(all, dealt); // the dropped samples are the end of the epoch's order
    }

    #[test]
    fn skip_then_shard_and_shard_then_skip_are_what_the_uncut_run_has_left(
        counts in any_counts(), seed: u64, number in 0usize..8, world_size in 1usize..40,
        cut in 0.0..=1.0f64, drop: bool,
    ) {
        let epoch = sampler(&counts, seed).1.epoch(number).unwrap();
        let even = if drop { ShardRemainder::Drop } else { ShardRemainder::Pad };
        let whole = parts(&epoch, world_size, even);
        let most = (epoch.len() / world_size).min(whole[0].len());
        let done = (cut * most as f64) as usize; // on each rank
        let rest = epoch.skip(done * world_size).unwrap();
        for (rank, whole) in whole.iter().enumerate() {
            let first_skipped = rest.shard(rank, world_size, even).unwrap();
            let first_dealt = epoch.shard(rank, world_size, even).unwrap().skip(done * world_size).unwrap();
            prop_assert_eq!(first_skipped.indices(), &whole[done..]);
            prop_assert_eq!(first_dealt.indices(), &whole[done..]);
            prop_assert_eq!(first_skipped.start(), Position { epoch: number, samples: done * world_size });
            prop_assert_eq!(first_dealt.start(), first_skipped.start());
        }
    }

    #[test]
    fn the_counts_of_an_epoch_are_those_of_its_list_before_and_after_skip_and_shard(
        counts in any_counts(), seed: u64, number in 0usize..8,
    ) {
        let (labels, sampler) = sampler(&counts, seed);
        let epoch = sampler.epoch(number).unwrap();
        prop_assert_eq!(epoch.class_counts(), counts_in(epoch.indices(), &labels, counts.len()));
        let part = epoch.skip(epoch.len() / 2).unwrap().shard(1, 3, ShardRemainder::Pad).unwrap();
        prop_assert_eq!(part.class_counts(), epoch.class_counts());
        prop_assert_eq!(part.start(), Position { epoch: number, samples: epoch.len() / 2 });
        prop_assert_eq!(epoch.start(), Position::from(number));
    }

    #[test]
    fn a_run_cut_anywhere_is_dealt_to_another_number_of_processes_without_loss(
        counts in any_counts(), seed: u64, number in 0usize..8, before in 1usize..7, after in 1usize..7,
        batch_size in 1usize..6, cut in 0.0..1.0f64,
    ) {
        let epoch = sampler(&counts, seed).1.epoch(number).unwrap();
        let pad = ShardRemainder::Pad;
        let ranks: Vec<Epoch> = (0..before).map(|rank| epoch.shard(rank, before, pad).unwrap()).collect();
        let steps = ranks[0].batches(batch_size, LastBatch::Keep).unwrap().len();
        let cut = (cut * steps as f64) as usize; // before the last step, at the latest
        let mut done = Vec::new();
        let position = Position { epoch: number, samples: cut * batch_size * before };
        for rank in &ranks {
            let batches: Vec<_> = rank.batches(batch_size, LastBatch::Keep).unwrap().take(cut).collect();
            done.extend(batches.iter().flat_map(|(indices, _)| indices.iter().copied()));
            prop_assert_eq!(batches.last().map_or(position, |batch| batch.1), position); // the same for every rank
        }
        let rest = epoch.skip(position.samples).unwrap();
        let parts = parts(&rest, after, ShardRemainder::Pad);
        let rest_of_list = &epoch.indices()[position.samples..];
        prop_assert_eq!(&interleaved(&parts)[..rest_of_list.len()], rest_of_list);
        done.extend_from_slice(rest_of_list);
        let mut whole = epoch.indices().to_vec();
        done.sort_unstable();
        whole.sort_unstable();
        prop_assert_eq!(done, whole);
        // and the positions go on from where the cut was
        let part = rest.shard(0, after, ShardRemainder::Pad).unwrap();
        let first = part.batches(1, LastBatch::Keep).unwrap().next().unwrap().1;
        let samples = position.samples + after;
        let last = part.len() == 1;
        prop_assert_eq!(first, if last { Position::from(number + 1) } else { Position { epoch: number, samples } });
    }

    #[test]
    fn a_stratified_part_goes_on_where_it_was_cut(
        counts in any_counts(), seed: u64, world_size in 1usize..6, batch_size in 1usize..6, cut in 0.0..1.0f64,
    ) {
        let epoch = sampler(&counts, seed).1.epoch(5).unwrap();
        for rank in 0..world_size {
            let part = epoch.shard_stratified(rank, world_size, ShardRemainder::Pad).unwrap();
            let batches: Vec<_> = part.batches(batch_size, LastBatch::Keep).unwrap().collect();
            let cut = (cut * (batches.len() - 1) as f64) as usize;
            let rest = part.skip(batches[cut].1.samples).unwrap();
            if cut + 1 < batches.len() {
                let after: Vec<_> = rest.batches(batch_size, LastBatch::Keep).unwrap().collect();
                prop_assert_eq!(&after, &batches[cut + 1..]);
            }
        }
    }

    #[test]
    fn batches_are_the_list_in_pieces_each_with_the_position_after_it(
        counts in any_counts(), seed: u64, number in 0usize..8, batch_size in 1usize..50, last in any_last(),
        skip in 0.0..1.0f64,
    ) {
        let epoch = sampler(&counts, seed).1.epoch(number).unwrap();
        let skip = (skip * epoch.len() as f64) as usize;
        let rest = epoch.skip(skip).unwrap();
        let batches = rest.batches(batch_size, last).unwrap();
        let announced = batches.len();
        let batches: Vec<_> = batches.collect();
        prop_assert_eq!(batches.len(), announced);
        let pieces: Vec<&[u32]> = match last {
            LastBatch::Keep => epoch.indices()[skip..].chunks(batch_size).collect(),
            _ => epoch.indices()[skip..].chunks_exact(batch_size).collect(),
        };
        prop_assert_eq!(batches.iter().map(|batch| batch.0).collect::<Vec<_>>(), pieces);
        for (i, (_, position)) in batches.iter().enumerate() {
            let samples = skip + (i + 1) * batch_size;
            let last = i + 1 == batches.len();
            let expected = if last { Position::from(number + 1) } else { Position { epoch: number, samples } };
            prop_assert_eq!(*position, expected);
        }
    }

    #[test]
    fn steps_are_the_real_number_of_batches(
        counts in any_counts(), seed: u64, batch_size in 1usize..50, last in any_last(),
        first in 0usize..5, more in 0usize..6,
    ) {
        let sampler = sampler(&counts, seed).1;
        let epochs = first..first + more;
        let real = epochs.clone().map(|e| sampler.epoch(e).unwrap().batches(batch_size, last).unwrap().count()).sum();
        prop_assert_eq!(sampler.steps(epochs, batch_size, last), Ok::<usize, Error>(real));
    }

    #[test]
    fn the_prior_is_that_of_the_whole_epoch_before_and_after_skip_and_shard(
        counts in any_counts(), seed: u64, number in 0usize..8, extra in 0usize..4,
    ) {
        let (labels, sampler) = sampler(&counts, seed);
        let epoch = sampler.epoch(number).unwrap();
        let columns = counts.len() + extra; // a label without samples may be a column
        let real = counts_in(epoch.indices(), &labels, columns);
        let prior = epoch.log_prior(columns).unwrap();
        prop_assert_eq!(prior.len(), columns);
        for (&b, &k) in prior.iter().zip(&real) {
            let expected = ((k as f64).max(0.5) / epoch.len() as f64).ln();
            prop_assert!((f64::from(b) - expected).abs() < 1e-6 * expected.abs().max(1.0));
        }
        let part = epoch.skip(epoch.len() / 2).unwrap().shard(0, 3, ShardRemainder::Drop).unwrap();
        prop_assert_eq!(part.log_prior(columns).unwrap(), &prior[..]);
        let part = epoch.shard_stratified(1, 2, ShardRemainder::Pad).unwrap();
        prop_assert_eq!(part.log_prior(columns).unwrap(), prior);
    }
}

#[test]
fn more_ranks_than_samples_cycle_through_them() {
    let (_, sampler) = sampler(&[2, 1], 1);
    let epoch = sampler.epoch(6).unwrap();
    let list = epoch.indices();
    for rank in 0..8 {
        assert_eq!(epoch.shard(rank, 8, ShardRemainder::Pad).unwrap().indices(), [list[rank % 3]]);
        assert_eq!(epoch.shard_stratified(rank, 8, ShardRemainder::Pad).unwrap().len(), 1);
        assert!(epoch.shard(rank, 8, ShardRemainder::Drop).unwrap().is_empty());
        assert!(epoch.shard_stratified(rank, 8, ShardRemainder::Drop).unwrap().is_empty());
    }
}

#[test]
fn a_stratified_part_follows_the_definition() {
    // list: samples 0..7 of classes 1 0 0 1 0 0 0; sorted by class: 1 2 4 5 6 | 0 3; dealt to 2: 1 4 6 3 and 2 5 0
    let labels = [1, 0, 0, 1, 0, 0, 0];
    let epoch = Curriculum::new(&labels, Uniform).unwrap().epoch(0).unwrap();
    let by_class = |class: i32| epoch.indices().iter().copied().filter(move |&sample| labels[sample as usize] == class);
    let dealt: Vec<u32> = by_class(0).chain(by_class(1)).collect();
    for rank in 0..2 {
        let part = epoch.shard_stratified(rank, 2, ShardRemainder::Pad).unwrap();
        let mine: Vec<u32> = dealt.iter().copied().skip(rank).step_by(2).collect();
        let mut expected: Vec<u32> = epoch.indices().iter().copied().filter(|sample| mine.contains(sample)).collect();
        if rank == 1 {
            expected.push(epoch.indices()[0]); // 7 samples do not divide by 2
        }
        assert_eq!(part.indices(), expected);
    }
}

#[test]
fn an_epoch_that_is_wholly_done_has_no_batch_and_no_part() {
    let (_, sampler) = sampler(&[9, 3], 1);
    let epoch = sampler.epoch(6).unwrap();
    let rest = epoch.skip(12).unwrap();
    assert!(rest.is_empty());
    assert_eq!(rest.batches(4, LastBatch::Keep).unwrap().count(), 0);
    for even in [ShardRemainder::Pad, ShardRemainder::Drop] {
        assert!(rest.shard(1, 3, even).unwrap().is_empty());
        assert!(epoch.shard_stratified(1, 3, even).unwrap().skip(12).unwrap().is_empty());
    }
    assert_eq!(rest.log_prior(2).unwrap(), epoch.log_prior(2).unwrap());
}

/// Two ranks, one sample too many: it is the rare class's in a third of the epochs, and not in all of them.
#[test]
fn dropping_does_not_always_drop_the_rarest_class() {
    let sampler = Curriculum::new(&[0, 0, 1], Uniform).unwrap().seed(5);
    let came = |number: &usize| {
        let epoch = sampler.epoch(*number).unwrap();
        (0..2).any(|rank| epoch.shard_stratified(rank, 2, ShardRemainder::Drop).unwrap().indices() == [2])
    };
    let epochs = (0..300).filter(came).count();
    assert!((176..224).contains(&epochs), "it came in {epochs} of 300 epochs"); // 3 standard deviations from 200
}

/// Three samples on two ranks, in batches of one: rank 1 ends with the sample that it has in the uncut run.
#[test]
fn padding_after_a_skip_is_from_the_start_of_the_whole_list() {
    let epoch = Curriculum::new(&[0, 0, 0], Uniform).unwrap().epoch(0).unwrap();
    let list = epoch.indices().to_vec();
    let rest = epoch.skip(2).unwrap();
    assert_eq!(rest.shard(0, 2, ShardRemainder::Pad).unwrap().indices(), [list[2]]);
    assert_eq!(rest.shard(1, 2, ShardRemainder::Pad).unwrap().indices(), [list[0]]);
    // more ranks than samples
    assert_eq!(rest.shard(4, 5, ShardRemainder::Pad).unwrap().indices(), [list[0]]);
}

#[test]
fn skips_add_up() {
    let (_, sampler) = sampler(&[40, 13], 1);
    let epoch = sampler.epoch(6).unwrap();
    let (twice, once) = (epoch.skip(10).unwrap().skip(7).unwrap(), epoch.skip(17).unwrap());
    assert_eq!(twice.indices(), once.indices());
    let position = |epoch: &Epoch| epoch.batches(5, LastBatch::Keep).unwrap().next().unwrap().1;
    assert_eq!(position(&twice), Position { epoch: 6, samples: 22 });
    assert_eq!(position(&once), position(&twice));
}

#[test]
fn what_cannot_be_skipped_dealt_or_batched_is_named() {
    let (_, sampler) = sampler(&[9, 3], 1);
    let epoch = sampler.epoch(6).unwrap();
    let part = epoch.shard(0, 3, ShardRemainder::Pad).unwrap();
    assert_eq!(epoch.skip(13).unwrap_err(), Error::Epoch(EpochError::Skip { found: 13, len: 12 }));
    assert_eq!(epoch.skip(5).unwrap().skip(8).unwrap_err(), Error::Epoch(EpochError::Skip { found: 8, len: 7 }));
    assert_eq!(part.skip(15).unwrap_err(), Error::Epoch(EpochError::Skip { found: 15, len: 12 }));
    assert_eq!(part.skip(4).unwrap_err(), Error::Epoch(EpochError::SkipSharded { found: 4, world_size: 3 }));
    for (rank, world_size) in [(3, 3), (0, 0), (usize::MAX, 1)] {
        assert_eq!(
            epoch.shard(rank, world_size, ShardRemainder::Pad).unwrap_err(),
            Error::Distributed(DistributedError::Rank { rank, world_size })
        );
        assert_eq!(
            epoch.shard_stratified(rank, world_size, ShardRemainder::Pad).unwrap_err(),
            Error::Distributed(DistributedError::Rank { rank, world_size })
        );
    }
    assert_eq!(part.shard(0, 1, ShardRemainder::Pad).unwrap_err(), Error::Epoch(EpochError::ShardedTwice));
    let error = epoch.skip(3).unwrap().shard_stratified(0, 3, ShardRemainder::Pad).unwrap_err();
    assert_eq!(error, Error::Epoch(EpochError::SkippedStratified { done: 3 }));
    assert_eq!(
        error.to_string(),
        "`shard_stratified` was called on an epoch of which 3 samples are done: call it on the whole epoch, and `skip` \
         on the part, with the same number of ranks; or deal the rest with `shard`, if its begin was dealt so"
    );
    assert!(epoch.skip(0).unwrap().shard_stratified(0, 3, ShardRemainder::Pad).is_ok());
    // the ends of the range
    let far = epoch.skip(5).unwrap().shard(usize::MAX - 1, usize::MAX, ShardRemainder::Pad).unwrap();
    assert_eq!(far.len(), 1);
    assert_eq!(far.batches(1, LastBatch::Keep).unwrap().next().unwrap().1, Position::from(7));
    assert!(far.skip(usize::MAX).unwrap().is_empty());
    assert_eq!(epoch.shard_stratified(usize::MAX - 1, usize::MAX, ShardRemainder::Pad).unwrap().len(), 1);
    assert!(epoch.shard_stratified(3, usize::MAX, ShardRemainder::Drop).unwrap().is_empty());
    assert_eq!(
        part.skip(3).unwrap().shard_stratified(0, 1, ShardRemainder::Drop).unwrap_err(),
        Error::Epoch(EpochError::ShardedTwice)
    );
    assert_eq!(epoch.batches(0, LastBatch::Drop).unwrap_err(), Error::Argument(ArgumentError::BatchSize));
    assert_eq!(sampler.steps(0..3, 0, LastBatch::Keep).unwrap_err(), Error::Argument(ArgumentError::BatchSize));
}

#[test]
fn a_label_that_is_no_column_has_no_prior() {
    let epoch = |labels: &[i64]| Curriculum::new(labels, Uniform).unwrap().epoch(0).unwrap();
    assert_eq!(
        epoch(&[0, 0, 3]).log_prior(3).unwrap_err(),
        Error::Label(LabelError::PriorWidth { num_logits: 3, label: 3 })
    );
    assert_eq!(
        epoch(&[0, 0, -2]).log_prior(3).unwrap_err(),
        Error::Label(LabelError::PriorWidth { num_logits: 3, label: -2 })
    );
    assert_eq!(
        epoch(&[0, 0]).log_prior(0).unwrap_err(),
        Error::Label(LabelError::PriorWidth { num_logits: 0, label: 0 })
    );
    assert_eq!(
        epoch(&[0, 0]).log_prior(0).unwrap_err().to_string(),
        "`num_logits` is 0, but label 0 occurs: give the number of columns of the logits, at least 1"
    );
    assert_eq!(Epoch::default().log_prior(3).unwrap_err(), Error::Argument(ArgumentError::Empty { argument: "epoch" }));
}

#[test]
fn the_prior_of_draws_with_replacement_counts_the_copies() {
    let labels = labels_of(&[90, 7, 3], 1);
    let epoch = Curriculum::new(&labels, ClassBalanced).unwrap().epoch(0).unwrap();
    let prior = epoch.log_prior(3).unwrap();
    for (b, share) in prior.iter().zip([0.34, 0.33, 0.33f32]) {
        assert!((b - share.ln()).abs() < 1e-6);
    }
}

#[test]
fn the_order_of_labels_in_a_part_is_random() {
    // a dealt part of a balanced epoch is not sorted by class: the shuffle comes before the deal
    let (labels, sampler) = sampler(&[50, 50], Noise(3).next());
    let part = sampler.epoch(6).unwrap().shard_stratified(0, 2, ShardRemainder::Pad).unwrap();
    let changes = part.indices().windows(2).filter(|p| labels[p[0] as usize] != labels[p[1] as usize]).count();
    assert!(changes > 10, "{changes} changes of class in 50 samples");
}
