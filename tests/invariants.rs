//! Promise: every invariant in `docs/algorithm.md` holds, for any labels and any configuration.
//!
//! The tests use 1 to 200 classes with an imbalance of up to 10,000:1, and curricula of 1 to 300 epochs. Whole lists
//! are compared with a twin in `common` that shares no code with the crate.

mod common;

use climd::error::ScheduleError;
use climd::schedule::*;
use climd::*;
use common::{Noise, counts_in, labels_of, scores_with_ties, twin};
use proptest::prelude::*;

/// Counts by class, of an imbalance of up to `10^decades`, reached where there are two classes.
fn long_tail(max_classes: usize, decades: f64) -> impl Strategy<Value = Vec<usize>> {
    (1..=max_classes, 0.0..=decades, 1.0..4.0f64).prop_flat_map(|(classes, decades, min)| {
        let min = min.floor();
        prop::collection::vec(0.0..=1.0f64, classes).prop_map(move |mut heights| {
            heights[classes - 1] = 0.0;
            heights[0] = 1.0;
            let mut counts: Vec<usize> =
                heights.iter().map(|h| (min * 10f64.powf(decades * h.powi(3))).round() as usize).collect();
            counts.sort_unstable_by(|a, b| b.cmp(a));
            counts
        })
    })
}

fn power_law() -> impl Strategy<Value = PowerLaw> {
    let law = prop_oneof![Just(TargetLaw::PowerLaw), Just(TargetLaw::Zipf), Just(TargetLaw::Empirical)];
    (1usize..=300, -2.0..1.0f64, prop::option::of(0.1..20.0f64), law).prop_map(|(epochs, log_gamma, alpha, law)| {
        PowerLaw { epochs, gamma: 10f64.powf(log_gamma), alpha, law, ..Default::default() }
    })
}

fn any_pick() -> impl Strategy<Value = Pick> {
    prop_oneof![Just(Pick::Highest), Just(Pick::Lowest), Just(Pick::FixedRandom), Just(Pick::Redraw)]
}

fn any_overflow() -> impl Strategy<Value = Overflow> {
    prop_oneof![Just(Overflow::Redistribute), Just(Overflow::Truncate), Just(Overflow::Repeat)]
}

/// `ceil(t N / T)` of an epoch that counts from 0.
fn size(samples: usize, epoch: usize, epochs: usize) -> usize {
    ((epoch + 1) * samples).div_ceil(epochs)
}

fn spread(values: &[usize]) -> usize {
    values.iter().max().unwrap_or(&0) - values.iter().min().unwrap_or(&0)
}

fn sorted(list: &[u32]) -> Vec<u32> {
    let mut list = list.to_vec();
    list.sort_unstable();
    list
}

fn list(sampler: &impl CurriculumSampler, epoch: usize) -> Vec<u32> {
    sampler.epoch(epoch).unwrap().indices().to_vec()
}

/// So many of each class, in every epoch: any quota under any pick.
#[derive(Debug, Clone)]
struct Fixed(Vec<usize>, Pick);

impl Schedule for Fixed {
    fn plan(&self, _: usize, _: &ClassIndex) -> Result<Plan> {
        Ok(Plan::per_class(self.0.clone()).pick(self.1))
    }
    fn describe(&self) -> Description {
        Description::new(format!("{self:?}"))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn redistribute_gives_each_epoch_its_size_and_no_class_more_than_it_has(
        counts in long_tail(200, 4.0), schedule in power_law(), at in 0.0..1.0f64,
    ) {
        let (n, epochs) = (counts.iter().sum::<usize>(), schedule.epochs);
        let sampler = PowerLawScheduler::new(&labels_of(&counts, 1), schedule).unwrap();
        prop_assert_eq!(sampler.classes().counts(), &counts);
        for epoch in [0, (at * epochs as f64) as usize, epochs - 1] {
            let quotas = sampler.quotas(epoch).unwrap();
            prop_assert_eq!(quotas.len(), counts.len());
            prop_assert_eq!(quotas.iter().sum::<usize>(), size(n, epoch, epochs));
            prop_assert_eq!(sampler.epoch_len(epoch).unwrap(), size(n, epoch, epochs));
            prop_assert!(quotas.iter().zip(&counts).all(|(quota, n)| quota <= n));
        }
    }

    #[test]
    fn the_first_epoch_is_level_among_the_classes_that_are_not_full(
        counts in long_tail(200, 4.0), schedule in power_law(),
    ) {
        prop_assume!(schedule.epochs > 1); // a curriculum of one epoch is the whole data
        let sampler = PowerLawScheduler::new(&labels_of(&counts, 1), schedule).unwrap();
        let quotas = sampler.quotas(0).unwrap();
        let open: Vec<usize> = quotas.iter().zip(&counts).filter(|(q, n)| q < n).map(|(q, _)| *q).collect();
        prop_assert!(spread(&open) <= 1, "{:?} of {:?}", quotas, counts);
        // and those that are full could not have had more
        let full = quotas.iter().zip(&counts).filter(|(q, n)| q == n).map(|(q, _)| *q).max().unwrap_or(0);
        prop_assert!(open.iter().all(|&quota| quota + 1 >= full));
    }

    #[test]
    fn a_first_epoch_smaller_than_the_classes_takes_one_of_each_of_the_largest(
        counts in prop::collection::vec(1usize..4, 2..=200), epochs in 5usize..=300, law in power_law(),
    ) {
        let mut counts = counts;
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let first = size(counts.iter().sum(), 0, epochs);
        prop_assume!(first < counts.len());
        let sampler = PowerLawScheduler::new(&labels_of(&counts, 1), PowerLaw { epochs, ..law }).unwrap();
        let expected: Vec<usize> = (0..counts.len()).map(|rank| usize::from(rank < first)).collect();
        prop_assert_eq!(sampler.quotas(0).unwrap(), expected);
    }

    #[test]
    fn the_last_epoch_and_all_later_ones_use_every_sample_once(
        counts in long_tail(200, 2.5), schedule in power_law(), pick in any_pick(), beyond in 0usize..1000, seed: u64,
    ) {
        let epochs = schedule.epochs;
        let labels = labels_of(&counts, 1);
        let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { pick, ..schedule }).unwrap().seed(seed);
        sampler.update(0, &scores_with_ties(labels.len(), seed)).unwrap();
        let all: Vec<u32> = (0..labels.len() as u32).collect();
        for epoch in [epochs - 1, epochs, epochs + beyond] {
            prop_assert_eq!(sorted(&list(&sampler, epoch)), &all[..]);
            prop_assert_eq!(sampler.quotas(epoch).unwrap(), &counts[..]);
        }
    }

    #[test]
    fn quotas_do_not_depend_on_the_order_of_the_labels(
        counts in long_tail(200, 3.0), schedule in power_law(), overflow in any_overflow(),
        at in 0.0..1.0f64, seed: u64,
    ) {
        let schedule = PowerLaw { overflow, ..schedule };
        let epoch = (at * schedule.epochs as f64) as usize;
        let ascending: Vec<u32> = sorted(&labels_of(&counts, 1));
        let one = PowerLawScheduler::new(&ascending, schedule.clone()).unwrap();
        let other = PowerLawScheduler::new(&labels_of(&counts, seed), schedule).unwrap();
        prop_assert_eq!(one.quotas(epoch).unwrap(), other.quotas(epoch).unwrap());
    }

    #[test]
    fn an_epoch_holds_exactly_its_quotas_and_no_sample_twice(
        counts in long_tail(200, 2.5), schedule in power_law(), pick in any_pick(), at in 0.0..1.0f64, seed: u64,
        measured: bool, truncate: bool,
    ) {
        let epoch = (at * schedule.epochs as f64) as usize;
        let labels = labels_of(&counts, seed);
        let overflow = if truncate { Overflow::Truncate } else { Overflow::Redistribute };
        let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { pick, overflow, ..schedule }).unwrap().seed(seed);
        if measured {
            sampler.update(epoch, &scores_with_ties(labels.len(), seed)).unwrap();
        }
        let list = list(&sampler, epoch);
        // labels were given in rank order, and ties go to the smaller label: label = rank
        prop_assert_eq!(counts_in(&list, &labels, counts.len()), sampler.quotas(epoch).unwrap());
        prop_assert!(sorted(&list).windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn whole_lists_are_those_of_the_naive_twin(
        counts in long_tail(40, 2.5), schedule in power_law(), pick in any_pick(), overflow in any_overflow(),
        at in 0.0..1.1f64, seed: u64, measured: bool,
    ) {
        let epoch = (at * schedule.epochs as f64) as usize;
        let labels = labels_of(&counts, seed);
        let scores = measured.then(|| scores_with_ties(labels.len(), seed));
        let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { pick, overflow, ..schedule }).unwrap().seed(seed);
        if let Some(scores) = &scores {
            sampler.update(epoch, scores).unwrap();
        }
        let quotas = sampler.quotas(epoch).unwrap();
        prop_assert_eq!(list(&sampler, epoch), twin(&labels, &quotas, pick, scores.as_deref(), seed, epoch as u64));
    }

    #[test]
    fn any_quota_under_any_pick_is_that_of_the_naive_twin(
        counts in long_tail(20, 2.0), factors in prop::collection::vec(0.0..3.5f64, 20), pick in prop_oneof![
            any_pick(), Just(Pick::WithReplacement)], epoch in 0usize..1000, seed: u64,
    ) {
        let labels = labels_of(&counts, seed);
        let quotas: Vec<usize> = counts.iter().zip(factors).map(|(&n, factor)| (n as f64 * factor) as usize).collect();
        prop_assume!(quotas.iter().sum::<usize>() > 0);
        let scores = scores_with_ties(labels.len(), seed);
        let mut sampler = Curriculum::new(&labels, Fixed(quotas.clone(), pick)).unwrap().seed(seed);
        sampler.update(0, &scores).unwrap();
        prop_assert_eq!(list(&sampler, epoch), twin(&labels, &quotas, pick, Some(&scores), seed, epoch as u64));
    }

    #[test]
    fn subsets_of_a_class_nest_when_its_quota_grows(
        counts in long_tail(60, 2.5), schedule in power_law(), a in 0.0..1.0f64, b in 0.0..1.0f64, seed: u64,
    ) {
        let labels = labels_of(&counts, seed);
        let (a, b) = ((a * schedule.epochs as f64) as usize, (b * schedule.epochs as f64) as usize);
        // a stand-in is the same in all epochs, as is a fixed random ranking: one stream
        let lists = [Pick::Highest, Pick::Lowest, Pick::FixedRandom].map(|pick| {
            let sampler = PowerLawScheduler::new(&labels, PowerLaw { pick, ..schedule.clone() }).unwrap().seed(seed);
            [list(&sampler, a), list(&sampler, b)]
        });
        prop_assert!(lists.iter().all(|pair| pair == &lists[0]));
        let of_class = |list: &[u32], rank: usize| -> Vec<u32> {
            sorted(list).into_iter().filter(|&sample| labels[sample as usize] as usize == rank).collect()
        };
        for rank in 0..counts.len() {
            let (mut small, mut large) = (of_class(&lists[0][0], rank), of_class(&lists[0][1], rank));
            if small.len() > large.len() {
                std::mem::swap(&mut small, &mut large);
            }
            prop_assert!(small.iter().all(|sample| large.binary_search(sample).is_ok()));
        }
    }

    #[test]
    fn truncate_is_repeat_cut_at_each_class_and_repeat_sums_to_the_size(
        counts in long_tail(200, 4.0), schedule in power_law(), at in 0.0..1.0f64,
    ) {
        let epoch = (at * schedule.epochs as f64) as usize;
        let labels = labels_of(&counts, 1);
        let quotas = |overflow| {
            PowerLawScheduler::new(&labels, PowerLaw { overflow, ..schedule.clone() }).unwrap().quotas(epoch).unwrap()
        };
        let (repeat, truncate) = (quotas(Overflow::Repeat), quotas(Overflow::Truncate));
        prop_assert_eq!(repeat.iter().sum::<usize>(), size(labels.len(), epoch, schedule.epochs));
        let cut: Vec<usize> = repeat.iter().zip(&counts).map(|(&quota, &n)| quota.min(n)).collect();
        prop_assert_eq!(truncate, cut);
    }

    #[test]
    fn repeated_samples_go_round_and_the_highest_go_first(
        counts in long_tail(10, 2.0), factors in prop::collection::vec(0.0..4.0f64, 10), seed: u64,
    ) {
        let labels = labels_of(&counts, seed);
        let quotas: Vec<usize> = counts.iter().zip(factors).map(|(&n, factor)| (n as f64 * factor) as usize).collect();
        prop_assume!(quotas.iter().sum::<usize>() > 0);
        let scores = scores_with_ties(labels.len(), seed);
        let mut sampler = Curriculum::new(&labels, Fixed(quotas.clone(), Pick::Highest)).unwrap().seed(seed);
        sampler.update(0, &scores).unwrap();
        let mut copies = vec![0; labels.len()];
        list(&sampler, 0).iter().for_each(|&sample| copies[sample as usize] += 1);
        for (rank, (&quota, &n)) in quotas.iter().zip(&counts).enumerate() {
            let members = sampler.classes().members(rank);
            let more: Vec<u32> = members.iter().copied().filter(|&i| copies[i as usize] == quota / n + 1).collect();
            let rest: Vec<u32> = members.iter().copied().filter(|&i| copies[i as usize] == quota / n).collect();
            prop_assert_eq!((more.len(), rest.len()), (quota % n, n - quota % n));
            let before = |&a: &u32, &b: &u32| {
                let (x, y) = (scores[a as usize], scores[b as usize]);
                x > y || (x == y && a < b)
            };
            prop_assert!(more.iter().all(|a| rest.iter().all(|b| before(a, b))));
        }
    }

    #[test]
    fn equal_classes_have_no_exponent_and_stay_equal(
        classes in 1usize..=200, each in 1usize..50, schedule in power_law(), at in 0.0..1.0f64,
    ) {
        let labels = labels_of(&vec![each; classes], 1);
        let index = ClassIndex::new(&labels).unwrap();
        prop_assert_eq!((index.hill_exponent(), index.zipf_exponent()), (f64::INFINITY, 0.0));
        let epoch = (at * schedule.epochs as f64) as usize;
        let sampler = PowerLawScheduler::new(&labels, PowerLaw { alpha: None, ..schedule }).unwrap();
        prop_assert!(spread(&sampler.quotas(epoch).unwrap()) <= 1);
        let shares = sampler.report(epoch).unwrap().target.shares;
        prop_assert!(shares.iter().all(|share| (share * classes as f64 - 1.0).abs() < 1e-12));
    }

    #[test]
    fn classes_are_ranked_by_count_and_ties_by_label(labels in prop::collection::vec(-20i64..20, 1..300)) {
        let index = ClassIndex::new(&labels).unwrap();
        let mut found: Vec<(usize, i64)> = (-20..20)
            .map(|label| (labels.iter().filter(|&&other| other == label).count(), label))
            .filter(|&(count, _)| count > 0)
            .collect();
        found.sort_by_key(|&(count, label)| (std::cmp::Reverse(count), label));
        prop_assert_eq!(index.num_samples(), labels.len());
        prop_assert_eq!(index.num_classes(), found.len());
        for (rank, &(count, label)) in found.iter().enumerate() {
            prop_assert_eq!((index.counts()[rank], index.label(rank)), (count, label));
            let members: Vec<u32> = (0..).zip(&labels).filter(|&(_, &other)| other == label).map(|(i, _)| i).collect();
            prop_assert_eq!(index.members(rank), members);
        }
        let classes = index.sample_classes().iter();
        prop_assert!(classes.zip(&labels).all(|(&class, &label)| index.label(class as usize) == label));
    }

    #[test]
    fn class_balanced_draws_exactly_as_often_from_every_class(
        counts in long_tail(60, 2.5), epoch in 0usize..99, seed: u64,
    ) {
        let labels = labels_of(&counts, seed);
        let sampler = Curriculum::new(&labels, ClassBalanced).unwrap().seed(seed);
        let (n, c) = (labels.len(), counts.len());
        let expected: Vec<usize> = (0..c).map(|rank| n / c + usize::from(rank < n % c)).collect();
        prop_assert_eq!(sampler.quotas(epoch).unwrap(), &expected[..]);
        prop_assert_eq!(counts_in(&list(&sampler, epoch), &labels, c), expected);
    }

    #[test]
    fn under_sampling_takes_as_many_of_every_class_and_none_twice(counts in long_tail(60, 2.5), seed: u64) {
        let labels = labels_of(&counts, seed);
        let min = counts[counts.len() - 1];
        for redraw in [false, true] {
            let sampler = Curriculum::new(&labels, UnderSampling { redraw, ..Default::default() }).unwrap().seed(seed);
            let (first, second) = (list(&sampler, 0), list(&sampler, 1));
            prop_assert_eq!(counts_in(&first, &labels, counts.len()), vec![min; counts.len()]);
            prop_assert!(sorted(&first).windows(2).all(|pair| pair[0] < pair[1]));
            if redraw {
                // the chance that two draws of so many classes agree is below 2^-32
                let halves = counts.iter().filter(|&&n| n >= 2 * min).count();
                prop_assert!(halves < 32 || sorted(&first) != sorted(&second));
            } else {
                prop_assert_eq!(sorted(&first), sorted(&second));
            }
        }
    }

    #[test]
    fn uniform_is_everything_in_an_order_of_its_own_each_epoch(counts in long_tail(60, 2.5), seed: u64) {
        let labels = labels_of(&counts, seed);
        let sampler = Curriculum::new(&labels, Uniform).unwrap().seed(seed);
        let lists = [0, 1].map(|epoch| list(&sampler, epoch));
        prop_assert_eq!(sorted(&lists[0]), (0..labels.len() as u32).collect::<Vec<_>>());
        prop_assert_eq!(sorted(&lists[0]), sorted(&lists[1]));
        prop_assert!(labels.len() < 20 || lists[0] != lists[1]);
        let other = Curriculum::new(&labels, Uniform).unwrap().seed(seed ^ 1);
        prop_assert!(labels.len() < 20 || lists[0] != list(&other, 0));
    }

    #[test]
    fn scores_are_wanted_when_the_settings_say_so_and_they_matter(
        counts in long_tail(20, 2.0), schedule in power_law(), pick in any_pick(),
        first in 0usize..20, every in 0usize..6,
    ) {
        let labels = labels_of(&counts, 1);
        let schedule = PowerLaw { pick, epochs: schedule.epochs.min(40), ..schedule };
        let settings = Settings { first_measure: first, measure_every: every, ..Default::default() };
        let mut sampler = PowerLawScheduler::new(&labels, schedule).unwrap().settings(settings);
        let scores = vec![0.0; labels.len()];
        for epoch in 0..45 {
            let due = epoch >= first && if every == 0 { epoch == first } else { (epoch - first) % every == 0 };
            let whole = sampler.quotas(epoch).unwrap().iter().zip(&counts).all(|(quota, n)| quota % n == 0);
            let matter = pick.by_score() && !whole;
            prop_assert_eq!(sampler.wants_scores(epoch), due && matter, "epoch {}", epoch);
            if sampler.wants_scores(epoch) {
                sampler.update(epoch, &scores).unwrap();
                prop_assert!(!sampler.wants_scores(epoch), "the scores of epoch {} are in", epoch);
                let mut restored = sampler.clone();
                restored.restore(&sampler.state(Position { epoch, samples: 1 }).unwrap()).unwrap();
                prop_assert!(!restored.wants_scores(epoch), "also after a restore");
            }
        }
    }

    #[test]
    fn epochs_are_pure(
        counts in long_tail(40, 2.0), schedule in power_law(), pick in any_pick(), seed: u64,
        calls in prop::collection::vec(0usize..40, 1..20),
    ) {
        let labels = labels_of(&counts, seed);
        let schedule = PowerLaw { pick, epochs: schedule.epochs.min(40), ..schedule };
        let mut sampler = PowerLawScheduler::new(&labels, schedule).unwrap().seed(seed);
        sampler.update(3, &scores_with_ties(labels.len(), seed)).unwrap();
        let untouched = sampler.clone();
        let mut reused = Epoch::default();
        for &epoch in &calls {
            // after any other call, and into any memory
            sampler.epoch_into(epoch, &mut reused).unwrap();
            let fresh = untouched.clone().epoch(epoch).unwrap();
            prop_assert_eq!(reused.indices(), fresh.indices());
            prop_assert_eq!(reused.number(), epoch);
            prop_assert_eq!(reused.log_prior(counts.len()).unwrap(), fresh.log_prior(counts.len()).unwrap());
            let _ = (sampler.report(epoch).unwrap(), sampler.wants_scores(epoch), sampler.state(epoch.into()).unwrap());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn lists_of_many_buckets_are_those_of_the_naive_twin(
        tail in prop::collection::vec(1usize..3000, 1..12), seed: u64, epoch in 0usize..10, pick in any_pick(),
    ) {
        let counts: Vec<usize> = std::iter::once(40_000).chain({
            let mut tail = tail;
            tail.sort_unstable_by(|a, b| b.cmp(a));
            tail
        }).collect();
        let labels = labels_of(&counts, seed);
        let scores = scores_with_ties(labels.len(), seed);
        let overflow = Overflow::Repeat;
        let schedule = PowerLaw { epochs: 10, pick, overflow, alpha: Some(10.0), ..Default::default() };
        let mut sampler = PowerLawScheduler::new(&labels, schedule).unwrap().seed(seed);
        sampler.update(0, &scores).unwrap();
        let quotas = sampler.quotas(epoch).unwrap();
        prop_assert_eq!(list(&sampler, epoch), twin(&labels, &quotas, pick, Some(&scores), seed, epoch as u64));
    }
}

#[test]
fn scores_are_not_wanted_for_whole_multiples_of_each_class() {
    let sampler = |quotas: &[usize]| {
        let settings = Settings { first_measure: 0, ..Default::default() };
        Curriculum::new(&[0, 0, 0, 1, 1], Fixed(quotas.to_vec(), Pick::Highest)).unwrap().settings(settings)
    };
    for quotas in [[3, 2], [6, 0], [0, 4], [9, 6]] {
        assert!(!sampler(&quotas).wants_scores(0), "{quotas:?}");
    }
    for quotas in [[2, 2], [3, 1], [7, 4]] {
        assert!(sampler(&quotas).wants_scores(0), "{quotas:?}");
    }
}

#[test]
fn the_first_epoch_is_not_measured_by_default_and_the_next_are() {
    let sampler = PowerLawScheduler::new(&[0, 0, 0, 0, 1, 1], PowerLaw { epochs: 4, ..Default::default() }).unwrap();
    let wanted: Vec<usize> = (0..8).filter(|&epoch| sampler.wants_scores(epoch)).collect();
    assert_eq!(wanted, [1, 2]); // the fourth, 3, is the whole data set
}

#[test]
fn scores_of_another_epoch_do_not_stand_for_this_one() {
    let mut sampler =
        PowerLawScheduler::new(&[0, 0, 0, 0, 1, 1], PowerLaw { epochs: 6, ..Default::default() }).unwrap();
    sampler.update(2, &[0.0; 6]).unwrap();
    assert!(sampler.wants_scores(1) && !sampler.wants_scores(2) && sampler.wants_scores(3));
}

#[test]
fn an_unwanted_update_counts_too_and_replaces_the_scores() {
    let schedule = PowerLaw { epochs: 2, pick: Pick::Highest, ..Default::default() };
    let settings = Settings { first_measure: 100, ..Default::default() };
    let mut sampler = PowerLawScheduler::new(&[0, 0, 0, 0], schedule).unwrap().settings(settings);
    for best in [[0, 1], [2, 3], [1, 3]] {
        let mut scores = [0.0; 4];
        best.iter().for_each(|&sample| scores[sample as usize] = 1.0);
        assert!(!sampler.wants_scores(0));
        sampler.update(7, &scores).unwrap();
        assert_eq!(sorted(&list(&sampler, 0)), best);
        assert_eq!(sampler.report(0).unwrap().measured_at, Some(7));
    }
}

#[test]
fn a_failed_update_changes_nothing() {
    let labels = labels_of(&[20, 9, 4], 3);
    let schedule = PowerLaw { epochs: 5, ..Default::default() };
    for measured in [false, true] {
        let mut sampler = PowerLawScheduler::new(&labels, schedule.clone()).unwrap();
        if measured {
            sampler.update(1, &scores_with_ties(33, 5)).unwrap();
        }
        let before = (list(&sampler, 1), sampler.state(1.into()).unwrap(), sampler.wants_scores(2));
        let mut bad = vec![1.0; 33];
        bad[32] = f32::NAN; // the last, so that a careless loop has written the rest
        assert!(sampler.update(2, &bad).is_err());
        bad[32] = f32::NEG_INFINITY;
        assert!(sampler.update(2, &bad).is_err());
        assert!(sampler.update(2, &bad[..32]).is_err());
        assert_eq!((list(&sampler, 1), sampler.state(1.into()).unwrap(), sampler.wants_scores(2)), before);
    }
}

#[test]
fn an_epoch_is_written_into_the_memory_it_is_given() {
    let labels = labels_of(&[300, 90, 40], 3);
    let sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 5, ..Default::default() }).unwrap();
    let mut epoch = sampler.epoch(4).unwrap(); // the longest
    let memory = epoch.indices().as_ptr();
    for number in [0, 3, 4, 1] {
        sampler.epoch_into(number, &mut epoch).unwrap();
        assert_eq!(epoch.indices().as_ptr(), memory);
        assert_eq!(epoch.len(), sampler.epoch_len(number).unwrap());
    }
}

#[test]
fn a_part_that_was_skipped_and_dealt_is_filled_anew_as_a_whole() {
    let labels = labels_of(&[30, 9, 4], 3);
    let sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 5, ..Default::default() }).unwrap();
    let mut part = sampler.epoch(3).unwrap().skip(5).unwrap().shard(1, 3, ShardRemainder::Pad).unwrap();
    sampler.epoch_into(2, &mut part).unwrap();
    assert_eq!(part.indices(), sampler.epoch(2).unwrap().indices());
    assert!(part.shard(0, 2, ShardRemainder::Pad).is_ok());
    assert_eq!(part.batches(2, LastBatch::Keep).unwrap().next().unwrap().1, Position { epoch: 2, samples: 2 });
}

#[test]
fn lowest_is_the_other_end_and_ties_still_go_to_the_smaller_index() {
    let schedule = |pick| PowerLaw { epochs: 2, pick, ..Default::default() };
    let scores = [1.0, 0.0, -0.0, 0.0, 2.0, -1.0];
    let chosen = |pick| {
        let mut sampler = PowerLawScheduler::new(&[0; 6], schedule(pick)).unwrap();
        sampler.update(0, &scores).unwrap();
        sorted(&list(&sampler, 0))
    };
    assert_eq!(chosen(Pick::Highest), [0, 1, 4]);
    assert_eq!(chosen(Pick::Lowest), [1, 2, 5]);
}

#[test]
fn a_window_of_the_ranking_ignores_classes() {
    struct Window;
    impl Schedule for Window {
        fn plan(&self, _: usize, _: &ClassIndex) -> Result<Plan> {
            Ok(Plan::window(1..4))
        }
        fn describe(&self) -> Description {
            Description::new("window")
        }
    }
    let mut sampler = Curriculum::new(&[7, 7, 7, 7, 9, 9], Window).unwrap();
    sampler.update(0, &[5.0, 4.0, 4.0, 4.0, 9.0, 0.0]).unwrap();
    let epoch = sampler.epoch(0).unwrap();
    assert_eq!(sorted(epoch.indices()), [0, 1, 2]); // after 4, the best; of three equal ones the first two
    assert_eq!(epoch.log_prior(10).unwrap()[7], 0.0); // all of them are of label 7
    assert_eq!(sampler.quotas(0).unwrap_err(), Error::Schedule(ScheduleError::ClassBlind { epoch: 0 }));
    assert!(sampler.wants_scores(1));
}

/// The random data of these tests are not constant.
#[test]
fn test_data_vary() {
    let mut noise = Noise(0);
    assert_ne!(noise.next(), noise.next());
    assert_ne!(labels_of(&[50, 50], 1), labels_of(&[50, 50], 2));
}
