//! Cost of scoring samples, beside one read of the same input on the same threads.

use std::hint::black_box;

use climd::{Modality, Terms, measure};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

const MODALITIES: usize = 3;

fn uniform(len: usize, seed: u64) -> Vec<f32> {
    let mut words = ChaCha8Rng::seed_from_u64(seed);
    (0..len).map(|_| (words.next_u32() >> 8) as f32 / (1 << 22) as f32 - 2.0).collect() // in [-2, 2)
}

/// The lower limit of time: reads every word once, in a form that the compiler can vectorise.
fn read(input: &[f32]) -> u32 {
    let sum = |chunk: &[f32]| chunk.iter().fold(0u32, |sum, x| sum.wrapping_add(x.to_bits()));
    input.par_chunks(1 << 14).map(sum).reduce(|| 0, u32::wrapping_add)
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("measure");
    group.sample_size(10);
    for (n, classes, width) in [(50_000, 5, 64), (10_000, 1000, 64)] {
        let logits: Vec<Vec<f32>> = (0..).take(MODALITIES).map(|m| uniform(n * classes, m)).collect();
        let embeddings: Vec<Vec<f32>> = (10..).take(MODALITIES).map(|m| uniform(n * width, m)).collect();
        let labels: Vec<u32> = (0..n).map(|i| (i * i % classes) as u32).collect();
        let modalities: Vec<Modality<'_>> =
            logits.iter().zip(&embeddings).map(|(l, e)| Modality { logits: l, embeddings: e, present: None }).collect();
        let scores = measure(&labels, classes, &modalities, Terms::Both).unwrap().score;
        assert!(scores.len() == n && scores.iter().all(|score| (0.0..=2.0).contains(score)));

        let sizes = format!("n={n},m={MODALITIES},c={classes},d={width}");
        group.throughput(Throughput::Bytes((4 * n * MODALITIES * (classes + width)) as u64));
        group.bench_function(BenchmarkId::new("climd", &sizes), |bench| {
            bench.iter(|| measure(black_box(&labels), classes, &modalities, Terms::Both));
        });
        group.bench_function(BenchmarkId::new("read", &sizes), |bench| {
            let inputs = || logits.iter().chain(&embeddings);
            bench.iter(|| inputs().map(|input| read(black_box(input))).fold(0, u32::wrapping_add));
        });
    }
    group.finish();
}

criterion_group!(group, benches);
criterion_main!(group);
