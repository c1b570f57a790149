//! Promise: a 95 % interval covers the truth in 95 of 100 cases, also where splits overlap; and why the intervals that
//! were printed before, percentiles of a bootstrap over the splits, are gone.
//!
//! In most tests differences are drawn normal with mean 0. Those of overlapping splits have correlation
//! test / (test + train), as Nadeau and Bengio take them to have.

use climd::ConfusionMatrix;
use climd_data::stratified_split;
use climd_repro::stats::{Overlap, Paired};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

const CASES: usize = 2000;

/// `n` differences of which each two have this correlation.
fn draw(random: &mut ChaCha8Rng, n: usize, correlation: f64) -> Vec<f64> {
    let mut normal = || -> f64 { StandardNormal.sample(random) };
    let common = correlation.sqrt() * normal();
    (0..n).map(|_| common + (1.0 - correlation).sqrt() * normal()).collect()
}

/// Percent of the cases whose interval has 0 in it.
fn coverage(n: usize, correlation: f64, interval: impl Fn(&[f64]) -> (f64, f64)) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(n as u64);
    let covers = |_: &usize| {
        let (low, high) = interval(&draw(&mut random, n, correlation));
        low <= 0.0 && 0.0 <= high
    };
    100.0 * (0..CASES).filter(covers).count() as f64 / CASES as f64
}

fn corrected(ratio: f64) -> impl Fn(&[f64]) -> (f64, f64) {
    move |differences| Paired::of(differences, ratio).unwrap().corrected.map(|of| (of.low, of.high)).unwrap()
}

fn plain(differences: &[f64]) -> (f64, f64) {
    Paired::of(differences, 0.4).unwrap().plain.map(|of| (of.low, of.high)).unwrap()
}

/// What was printed before, with fewer resamples.
fn bootstrap(differences: &[f64]) -> (f64, f64) {
    let (n, mut random) = (differences.len() as u64, ChaCha8Rng::seed_from_u64(0));
    let mut one = || differences[((u64::from(random.next_u32()) * n) >> 32) as usize];
    let mut means: Vec<f64> = (0..400).map(|_| (0..n).map(|_| one()).sum::<f64>() / n as f64).collect();
    means.sort_by(f64::total_cmp);
    (means[10], means[389])
}

#[test]
fn the_corrected_interval_covers_where_splits_overlap_and_the_plain_one_does_not() {
    let (test, train) = (0.3, 0.7);
    for n in [5, 10, 20] {
        let found = coverage(n, test / (test + train), corrected(test / train));
        assert!((93.5..=96.5).contains(&found), "{n} splits: {found} %");
        // it is as if there were fewer splits than there are, the more so the more there are
        let found = coverage(n, test / (test + train), plain);
        assert!(found < 85.0, "{n} splits: {found} %");
    }
}

#[test]
fn the_plain_interval_covers_where_splits_are_independent_and_the_bootstrap_did_not() {
    for (n, least, most) in [(5, 81.0, 87.0), (10, 87.0, 92.0), (20, 90.0, 94.5)] {
        let found = coverage(n, 0.0, plain);
        assert!((93.5..=96.5).contains(&found), "{n} splits: {found} %");
        let found = coverage(n, 0.0, bootstrap);
        assert!((least..=most).contains(&found), "{n} splits, bootstrap: {found} %");
    }
    let three = coverage(3, 0.0, bootstrap);
    assert!((70.0..=80.0).contains(&three), "three splits, bootstrap: {three} %");
}

/// Percent of the cases in which p is below 0.005 on 20 splits, of two rows that are equally good and agree on half of
/// the samples. There are three classes of 200, 100 and `rare` samples, of which both find 90, 80 and 50 %.
fn found_by_chance(rare: usize) -> f64 {
    const CASES: u64 = 600;
    let sizes = [(200, 90), (100, 80), (rare, 50)];
    let labels: Vec<usize> = sizes.iter().enumerate().flat_map(|(class, &(n, _))| vec![class; n]).collect();
    let mut random = ChaCha8Rng::seed_from_u64(rare as u64);
    let mut below = |bound: u64| ((u64::from(random.next_u32()) * bound) >> 32) as usize;
    let mut is_found = |case: u64| {
        let mut predict = |label: usize| if below(100) < sizes[label].1 { label } else { (label + 1 + below(2)) % 3 };
        let ours: Vec<usize> = labels.iter().map(|&label| predict(label)).collect();
        let other: Vec<usize> = labels.iter().map(|&label| predict(label)).collect();
        let theirs: Vec<usize> =
            (0..labels.len()).map(|row| if below(2) == 0 { ours[row] } else { other[row] }).collect();
        let macro_f1 = |of: &[usize], rows: &[usize]| {
            let pick = |values: &[usize]| -> Vec<i64> { rows.iter().map(|&row| values[row] as i64).collect() };
            ConfusionMatrix::new(&pick(&labels), &pick(of)).unwrap().macro_f1()
        };
        let splits: Vec<_> = (0..20).map(|split| stratified_split(&labels, 0.3, 20 * case + split).unwrap()).collect();
        let differences: Vec<f64> =
            splits.iter().map(|split| macro_f1(&ours, &split.test) - macro_f1(&theirs, &split.test)).collect();
        let ratio = splits[0].test.len() as f64 / splits[0].train.len() as f64;
        Paired::of(&differences, ratio).unwrap().p_corrected.is_some_and(|p| p < 0.005)
    };
    100.0 * (0..CASES).filter(|&case| is_found(case)).count() as f64 / CASES as f64
}

#[test]
fn chance_looks_like_a_finding_where_a_class_has_two_samples_and_not_where_it_has_three() {
    let found = found_by_chance(2);
    assert!(found > 1.5, "2: {found} %");
    for rare in [3, 5, 20] {
        let found = found_by_chance(rare);
        assert!(found < 1.5, "{rare}: {found} %");
    }
}

/// Percent of the cases in which p is below 0.005 on all splits of five hospitals that test one or two of them. What
/// differs between two rows is the hospital alone, and is 0 in the mean.
fn found_by_chance_in_five(tested: usize, groups: Option<usize>) -> f64 {
    const CASES: usize = 4000;
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let all: Vec<Vec<usize>> = (0..32usize)
        .map(|bits| (0..5).filter(|of| bits >> of & 1 == 1).collect::<Vec<_>>())
        .filter(|part| part.len() == tested)
        .collect();
    let overlap = Overlap { test_to_train: tested as f64 / (5 - tested) as f64, groups };
    let mut is_found = |_: &usize| {
        let of: Vec<f64> = (0..5).map(|_| StandardNormal.sample(&mut random)).collect();
        let mean = |part: &Vec<usize>| part.iter().map(|&hospital| of[hospital]).sum::<f64>() / tested as f64;
        let differences: Vec<f64> = all.iter().map(mean).collect();
        Paired::of(&differences, overlap).unwrap().p_corrected.is_some_and(|p| p < 0.005)
    };
    100.0 * (0..CASES).filter(|case| is_found(case)).count() as f64 / CASES as f64
}

#[test]
fn ten_splits_of_five_hospitals_know_five_hospitals() {
    let (as_ten, as_five) = (found_by_chance_in_five(2, None), found_by_chance_in_five(2, Some(5)));
    assert!(as_ten > 1.0 && as_five < 0.5, "{as_ten} % {as_five} %");
}
