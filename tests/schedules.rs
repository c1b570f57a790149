//! Promise: every schedule keeps the promises of the engine: pure epochs, exact lengths, reports, state.

#![cfg(feature = "serde")]

use climd::error::ScheduleError;
use climd::schedule::*;
use climd::*;

/// The schedule in a configuration that changes within 8 epochs.
fn soon(schedule: &AnySchedule) -> AnySchedule {
    let mut value = serde_json::to_value(schedule).unwrap();
    for (field, value) in value.as_object_mut().unwrap() {
        if value.is_u64() {
            *value = if field == "epochs" { 6 } else { 3 }.into();
        }
    }
    serde_json::from_value(value).unwrap()
}

/// Every schedule of the crate, and some more configurations.
fn every_schedule() -> Vec<AnySchedule> {
    let mut every: Vec<AnySchedule> = AnySchedule::all().iter().map(soon).collect();
    every.extend([
        ProgressivelyBalanced { epochs: 6, reversed: true }.into(),
        UnderSampling { redraw: true, ..Default::default() }.into(),
        Trim { drop: 0.3, ramp: 4 }.into(),
        Switch { at: 3, before: PowerLaw { epochs: 3, ..Default::default() }, after: Trim::default() }.into(),
    ]);
    every
}

fn labels() -> Vec<u32> {
    (0..).zip([40, 17, 9, 3]).flat_map(|(label, n)| vec![label; n]).collect()
}

/// Scores of an epoch, as a network might give them, with ties.
fn scores(epoch: usize) -> Vec<f32> {
    (0..69).map(|i| ((i * 7 + epoch * 13) % 23) as f32 / 23.0).collect()
}

#[test]
fn lengths_are_known_and_epochs_are_pure() {
    for schedule in every_schedule() {
        let mut sampler = Curriculum::new(&labels(), schedule).unwrap().seed(5);
        for epoch in 0..10 {
            if sampler.wants_scores(epoch) {
                sampler.update(epoch, &scores(epoch)).unwrap();
                assert!(!sampler.wants_scores(epoch));
            }
            let list = sampler.epoch(epoch).unwrap();
            assert_eq!(list.len(), sampler.epoch_len(epoch).unwrap(), "{sampler:?}, epoch {epoch}");
            let _ = (sampler.epoch(epoch + 7).unwrap(), sampler.report(0).unwrap());
            assert_eq!(list.indices(), sampler.epoch(epoch).unwrap().indices(), "{sampler:?}, epoch {epoch}");
        }
    }
}

#[test]
fn reports_count_what_the_list_holds() {
    for schedule in every_schedule() {
        let mut sampler = Curriculum::new(&labels(), schedule).unwrap();
        sampler.update(1, &scores(1)).unwrap();
        for epoch in 0..10 {
            let (list, report) = (sampler.epoch(epoch).unwrap(), sampler.report(epoch).unwrap());
            let mut counts = [0; 4];
            list.indices().iter().for_each(|&i| counts[labels()[i as usize] as usize] += 1);
            let quotas: Vec<usize> = report.classes.iter().map(|class| class.quota).collect();
            assert_eq!(quotas, counts, "{sampler:?}, epoch {epoch}"); // labels are in the order of ranks
            match sampler.quotas(epoch) {
                Ok(quotas) => assert_eq!(quotas, counts),
                Err(error) => assert_eq!(error, Error::Schedule(ScheduleError::ClassBlind { epoch })),
            }
        }
    }
}

#[test]
fn a_state_from_any_epoch_goes_on_with_the_same_lists() {
    for (i, schedule) in every_schedule().into_iter().enumerate() {
        let mut sampler = Curriculum::new(&labels(), schedule).unwrap().seed(5);
        for epoch in 0..10 {
            if sampler.wants_scores(epoch) {
                sampler.update(epoch, &scores(epoch)).unwrap();
            }
            let state = sampler.state(Position { epoch, samples: 2 }).unwrap();
            let mut other = Curriculum::new(&labels(), every_schedule().swap_remove(i)).unwrap().seed(5);
            assert_eq!(other.restore(&state).unwrap(), Position { epoch, samples: 2 });
            assert!(!other.wants_scores(epoch));
            for later in epoch..12 {
                // as if nothing were measured from here on: what the latest scores give
                let (a, b) = (sampler.epoch(later).unwrap(), other.epoch(later).unwrap());
                assert_eq!(a.indices(), b.indices(), "{other:?}, epoch {later} from {epoch}");
            }
        }
    }
}

#[test]
fn what_is_constant_does_not_move_any_more() {
    let classes = ClassIndex::new(&labels()).unwrap();
    for schedule in every_schedule() {
        let plan = |epoch| schedule.plan(epoch, &classes).unwrap();
        let first = (0..20).find(|&epoch| plan(epoch).constant).unwrap();
        for epoch in first..first + 5 {
            assert_eq!(plan(epoch), plan(first), "{}, epoch {epoch}", schedule.describe());
        }
    }
}

#[test]
fn a_class_blind_epoch_holds_the_highest_scores_of_all() {
    let mut sampler = Curriculum::new(&labels(), Linear { epochs: 6, ..Default::default() }).unwrap();
    let scores = scores(2);
    sampler.update(2, &scores).unwrap();
    let list = sampler.epoch(2).unwrap();
    let worst = list.indices().iter().map(|&i| scores[i as usize]).fold(f32::INFINITY, f32::min);
    let better = scores.iter().filter(|&&score| score > worst).count();
    assert_eq!(list.len(), 37); // floor(0.55 * 69)
    assert!(better < 37); // the rest of them tie with the worst
}

#[test]
fn hard_majority_drops_the_easiest_of_the_large_classes() {
    let mut sampler = Curriculum::new(&labels(), HardMajority { warm_up: 0, keep: 0.5 }).unwrap();
    let scores: Vec<f32> = (0..69).map(|i| i as f32).collect(); // of class 0, samples 0..40, the last are the easiest
    sampler.update(0, &scores).unwrap();
    let mut list = sampler.epoch(0).unwrap().indices().to_vec();
    list.sort_unstable();
    let expected: Vec<u32> = (0..20).chain(40..53).chain(57..69).collect(); // the median of 17 and 9 is 13
    assert_eq!(list, expected);
}
