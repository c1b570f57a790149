//! Promise: splits are stratified, depend on the seed alone, and are those of every published figure.

use std::collections::BTreeSet;

use climd_data::{Dataset, Split, stratified_split};

mod made;
use made::{SIZES, synthetic, table};

fn counts(labels: &[usize], rows: &[usize], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    rows.iter().for_each(|&row| counts[labels[row]] += 1);
    counts
}

#[test]
fn split_is_a_stratified_partition() {
    let labels = synthetic(&SIZES, 3).labels;
    for seed in 0..20 {
        let split = stratified_split(&labels, 0.3, seed).unwrap();
        let all: BTreeSet<usize> = split.train.iter().chain(&split.test).copied().collect();
        assert_eq!((all.len(), split.train.len() + split.test.len()), (769, 769));
        assert!(split.train.is_sorted() && split.test.is_sorted());
        assert_eq!(counts(&labels, &split.test, 5), [126, 14, 42, 39, 10]); // round(0.3 n)
    }
}

#[test]
fn every_class_of_two_is_on_both_sides_and_a_single_sample_trains() {
    let labels = [0, 0, 1, 2, 2, 2];
    for (share, tested) in [(0.01, [1, 0, 1]), (0.5, [1, 0, 2]), (0.99, [1, 0, 2])] {
        let split = stratified_split(&labels, share, 5).unwrap();
        assert_eq!(counts(&labels, &split.test, 3), tested, "{share}");
    }
}

/// Changing these lists changes the data under every published figure. Reference: a ChaCha8 and a Fisher-Yates written
/// in Python for this test, which share no code with ours.
#[test]
fn split_and_slice_value_stability() {
    let labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2];
    let split = stratified_split(&labels, 0.3, 7).unwrap();
    assert_eq!((split.test.as_slice(), split.train.len()), ([1, 2, 5, 10].as_slice(), 8));
    assert_eq!(split.validation(&labels, 0.3, 7).unwrap().test, [0, 7, 11]);
    let numbered = table(1, (0_u8..30).map(f32::from).collect());
    let dataset = Dataset { modalities: vec![numbered], ..synthetic(&[20, 6, 4], 3) };
    assert_eq!(
        dataset.slice(12, 7).unwrap().modalities[0].values,
        [3.0, 9.0, 12.0, 13.0, 16.0, 17.0, 20.0, 22.0, 24.0, 26.0, 27.0, 28.0]
    );
}

#[test]
fn seeds_give_different_splits_and_a_seed_one() {
    let labels = synthetic(&SIZES, 3).labels;
    let splits: Vec<Split> = (0..10).map(|seed| stratified_split(&labels, 0.3, seed).unwrap()).collect();
    assert_eq!(splits[3], stratified_split(&labels, 0.3, 3).unwrap());
    for (index, split) in splits.iter().enumerate() {
        assert!(splits[..index].iter().all(|other| other != split));
    }
}

#[test]
fn validation_part_comes_from_the_training_part() {
    let labels = synthetic(&SIZES, 3).labels;
    let split = stratified_split(&labels, 0.3, 1).unwrap();
    let inner = split.validation(&labels, 0.2, 1).unwrap();
    let mut both: Vec<usize> = inner.train.iter().chain(&inner.test).copied().collect();
    both.sort_unstable();
    assert_eq!(both, split.train);
    assert_eq!(counts(&labels, &inner.test, 5), [59, 6, 20, 18, 5]); // round(0.2 * [293, 32, 98, 91, 24])
}

#[test]
fn test_share_outside_0_to_1_is_refused() {
    for share in [0.0, 1.0, -0.1, f64::NAN] {
        let error = stratified_split(&[0, 1], share, 0).unwrap_err().to_string();
        assert_eq!(error, format!("`test_share` is {share}, but must be above 0 and below 1: 0.3 is usual"));
    }
}

// ---------------------------------------------------------------------- slices

#[test]
fn slice_keeps_three_of_every_class_and_the_proportions() {
    let dataset = synthetic(&SIZES, 3);
    assert_eq!(dataset.slice(100, 0).unwrap().class_sizes(), [55, 6, 18, 17, 4]);
    assert_eq!(dataset.slice(16, 0).unwrap().class_sizes(), [4, 3, 3, 3, 3]);
    assert_eq!(synthetic(&[50, 2, 1], 3).slice(10, 0).unwrap().class_sizes(), [7, 2, 1]);
    assert_eq!(dataset.slice(769, 0).unwrap(), dataset);
    assert_eq!(dataset.slice(100, 4).unwrap(), dataset.slice(100, 4).unwrap());
    assert_ne!(dataset.slice(100, 4).unwrap(), dataset.slice(100, 5).unwrap());
}

#[test]
fn slice_takes_whole_rows() {
    let dataset = synthetic(&[30, 10], 4);
    let slice = dataset.slice(20, 3).unwrap();
    for (row, &label) in slice.labels.iter().enumerate() {
        let values = slice.modalities[0].row(row);
        assert_eq!(values[0].floor() as usize, label);
        assert!((0..dataset.len()).any(|other| dataset.modalities[0].row(other) == values));
    }
}

#[test]
fn slice_of_a_split_data_set_keeps_both_sides_of_every_class() {
    let mut dataset = synthetic(&[100, 20, 6], 3);
    dataset.split = Some(stratified_split(&dataset.labels, 0.3, 0).unwrap());
    for samples in [9, 12, 40] {
        let slice = dataset.slice(samples, 1).unwrap();
        let split = slice.split.as_ref().unwrap();
        assert_eq!((slice.len(), split.train.len() + split.test.len()), (samples, samples));
        for side in [&split.train, &split.test] {
            assert!(counts(&slice.labels, side, 3).iter().all(|&count| count >= 1), "{samples}: {split:?}");
        }
    }
}

#[test]
fn slice_too_small_for_every_class_is_refused() {
    let error = synthetic(&SIZES, 3).slice(14, 0).unwrap_err().to_string();
    assert_eq!(error, "`samples` is 14, but three of every class need 15: ask for at least 15");
}
