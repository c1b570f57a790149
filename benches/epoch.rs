//! Cost of making the list of an epoch, beside a sort of the scores and a shuffle of as many indices.

use std::hint::black_box;

use climd::schedule::Uniform;
use climd::{Curriculum, CurriculumSampler, Epoch, PowerLaw, PowerLawScheduler};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const SAMPLES: usize = 1_000_000;
const CLASSES: usize = 1000;
const EPOCHS: usize = 100;

/// `SAMPLES` labels in random order. The share of class c is about `c^-1`, and every class has at least one sample.
fn long_tail(words: &mut ChaCha8Rng) -> Vec<u32> {
    let total: f64 = (1..=CLASSES).map(|c| 1.0 / c as f64).sum();
    let size = |c: usize| ((SAMPLES as f64 / total / c as f64) as usize).max(1);
    let mut labels: Vec<u32> = (1..=CLASSES).flat_map(|c| vec![c as u32 - 1; size(c)]).collect();
    labels.resize(SAMPLES, 0);
    labels.shuffle(words);
    labels
}

fn benches(criterion: &mut Criterion) {
    let mut words = ChaCha8Rng::seed_from_u64(7);
    let labels = long_tail(&mut words);
    let scores: Vec<f32> = (0..SAMPLES).map(|_| words.next_u32() as f32).collect();
    let schedule = PowerLaw { epochs: EPOCHS, ..Default::default() };
    let mut sampler = PowerLawScheduler::new(&labels, schedule).unwrap();
    let whole = Curriculum::new(&labels, Uniform).unwrap();
    let middle = EPOCHS / 2 - 1;

    let mut list = Epoch::default();
    sampler.update(middle, &scores).unwrap();
    sampler.epoch_into(middle, &mut list).unwrap();
    assert_eq!(list.len(), SAMPLES / 2);

    let mut group = criterion.benchmark_group("epoch");
    group.sample_size(10).throughput(Throughput::Elements(SAMPLES as u64));
    let sizes = format!("n={SAMPLES},c={CLASSES}");
    group.bench_function(BenchmarkId::new("climd-new-scores", &sizes), |bench| {
        bench.iter(|| {
            sampler.update(middle, black_box(&scores)).unwrap();
            sampler.epoch_into(middle, &mut list)
        });
    });
    group.bench_function(BenchmarkId::new("climd-same-scores", &sizes), |bench| {
        bench.iter(|| sampler.epoch_into(black_box(middle), &mut list));
    });
    group.bench_function(BenchmarkId::new("argsort", &sizes), |bench| {
        bench.iter(|| {
            let mut order: Vec<u32> = (0..SAMPLES as u32).collect();
            order.sort_unstable_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
            order
        });
    });
    group.finish();

    // all samples, so nothing is selected: this is the order of training alone
    let mut group = criterion.benchmark_group("order");
    group.sample_size(10).throughput(Throughput::Elements(SAMPLES as u64));
    let sizes = format!("n={SAMPLES}");
    group.bench_function(BenchmarkId::new("climd", &sizes), |bench| {
        bench.iter(|| whole.epoch_into(black_box(3), &mut list));
    });
    group.bench_function(BenchmarkId::new("rand", &sizes), |bench| {
        bench.iter(|| {
            let mut order: Vec<u32> = (0..SAMPLES as u32).collect();
            order.shuffle(&mut words);
            order
        });
    });
    group.finish();
}

criterion_group!(group, benches);
criterion_main!(group);
