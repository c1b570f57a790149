//! Time that the loader adds to a bare loop over the same batches.

use climd::schedule::Uniform;
use climd::{Curriculum, CurriculumLoader, CurriculumSampler, LastBatch};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tch::{Kind, Tensor};

const SAMPLES: i64 = 20_000;

fn benches(criterion: &mut Criterion) {
    tch::set_num_threads(1);
    let mut group = criterion.benchmark_group("loader");
    group.sample_size(20).throughput(Throughput::Elements(SAMPLES as u64));
    for (batch_size, width) in [(32, 1000), (256, 1000), (32, 10)] {
        let modality = || Tensor::rand([SAMPLES, width], tch::kind::FLOAT_CPU);
        let (x, y) = ([modality(), modality()], Tensor::randint(5, [SAMPLES], (Kind::Int64, tch::Device::Cpu)));
        let own = x.iter().map(Tensor::shallow_clone).collect();
        let loader = CurriculumLoader::new(own, y.shallow_clone(), batch_size).unwrap();
        let sampler = Curriculum::new(loader.labels(), Uniform).unwrap();
        let list = sampler.epoch(0).unwrap();
        let sizes = format!("b={batch_size},d={width}");
        group.bench_function(BenchmarkId::new("climd", &sizes), |bench| {
            // the list is there: what is timed is the batches
            bench.iter_batched(
                || list.clone(),
                |list| loader.batches(list).unwrap().for_each(drop),
                BatchSize::LargeInput,
            );
        });
        group.bench_function(BenchmarkId::new("bare", &sizes), |bench| {
            bench.iter(|| {
                for (rows, _) in list.batches(batch_size, LastBatch::Keep).unwrap() {
                    let rows: Vec<i64> = rows.iter().map(|&row| row.into()).collect();
                    let rows = Tensor::from_slice(&rows);
                    drop((x[0].index_select(0, &rows), x[1].index_select(0, &rows), y.index_select(0, &rows)));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(group, benches);
criterion_main!(group);
