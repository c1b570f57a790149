//! Samples a second from a file larger than the cache, against reading the same file from its begin to its end; and
//! what blocks cost in randomness. The cache is dropped before each run (`dd iflag=nocache`, of GNU coreutils).
//!
//! `-- --gb 16 --dir PLACE` measures with a file of 16 GB, which is deleted in the end; `--threads`, and `--only` a
//! part of a name. `-- spread` needs no file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use climd::schedule::Uniform;
use climd::{Blocks, Curriculum, CurriculumSampler, Epoch, FileBatches, FileLoader, LastBatch, RowFile};
use memmap2::{Advice, Mmap};

const WIDTH: usize = 1024; // 4 KiB a row
const BATCH: usize = 256;
const WINDOW: usize = 1 << 14; // 64 MiB
const STRETCH: usize = 3_000_000_000; // bytes that are read in a run, so that it takes seconds
const RANDOM: usize = 12 * WINDOW; // rows that are read in any order
const REPEATS: usize = 3;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).map(|at| args[at + 1].as_str());
    if args.iter().any(|arg| arg == "spread") {
        return spread();
    }
    let gb: f64 = value("--gb").map_or(16.0, |gb| gb.parse().expect("--gb takes a number"));
    let threads = value("--threads").map_or(8, |threads| threads.parse().expect("--threads takes a number"));
    let only = value("--only").unwrap_or("");
    let dir = Path::new(value("--dir").unwrap_or(env!("CARGO_TARGET_TMPDIR")));
    let rows = (gb * 1e9) as usize / (WIDTH * 4);
    let file = tempfile::Builder::new().prefix("climd-bench").suffix(".npy").tempfile_in(dir).unwrap();
    eprintln!("writing {gb} GB, {rows} rows of {WIDTH}, to {}", file.path().display());
    write(file.as_file(), rows).unwrap();
    measure(file.path(), rows, threads, only);
}

/// Noise, so that no disk stores it in less.
fn write(file: &File, rows: usize) -> io::Result<()> {
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {WIDTH}), }}");
    let text = format!("{text:<117}\n");
    let mut out = io::BufWriter::with_capacity(1 << 20, file);
    out.write_all(&[b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat())?;
    let mut state = 0u64;
    let mut row = [0; WIDTH * 4];
    for _ in 0..rows {
        for word in row.as_chunks_mut::<8>().0 {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            *word = (state ^ (state >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9).to_le_bytes();
        }
        out.write_all(&row)?;
    }
    out.flush()?;
    file.sync_all()
}

fn drop_cache(path: &Path) {
    let dropped = Command::new("dd").arg(format!("if={}", path.display())).args(["iflag=nocache", "count=0"]).output();
    assert!(dropped.is_ok_and(|done| done.status.success()), "`dd iflag=nocache` could not drop the cache");
}

/// Each run is beside a sequential one that has just ended, as a disk of a virtual machine is not always as fast.
fn measure(path: &Path, rows: usize, threads: usize, only: &str) {
    let labels: Vec<i64> = (0..rows as i64).map(|i| i % 5).collect();
    let sampler = Curriculum::new(&labels, Uniform).unwrap().seed(7);
    let loader = FileLoader::new(vec![RowFile::open(path).unwrap()], BATCH).unwrap().threads(threads).unwrap();
    let blocks = |epoch, rows| sampler.epoch(epoch).unwrap().blocks(Blocks { rows, window: WINDOW, seed: 7 }).unwrap();
    println!("| what | rows | GB/s | sequential | ratio | from | to |\n|---|---|---|---|---|---|---|");
    let line = |name: &str, rows: usize, run: &dyn Fn(usize)| {
        if !name.contains(only) {
            return;
        }
        let rate = |run: &dyn Fn()| {
            drop_cache(path);
            let start = Instant::now();
            run();
            (rows * WIDTH * 4) as f64 / 1e9 / start.elapsed().as_secs_f64()
        };
        let mut runs: Vec<[f64; 3]> = (0..REPEATS)
            .map(|repeat| {
                let sequential = rate(&|| sequential_read(path, rows * WIDTH * 4));
                let found = rate(&|| run(repeat));
                [found / sequential, found, sequential]
            })
            .collect();
        runs.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let [ratio, found, sequential] = runs[REPEATS / 2];
        let (from, to) = (runs[0][0], runs[REPEATS - 1][0]);
        println!("| {name} | {rows} | {found:.2} | {sequential:.2} | {ratio:.2} | {from:.2} | {to:.2} |");
    };
    let many = (STRETCH / (WIDTH * 4)).min(rows);
    line("`FileLoader`, in the order of the file", many, &|_| take(loader.samples(0..rows).unwrap(), many));
    for size in [64, 256, 1024] {
        line(&format!("`FileLoader`, blocks of {size}"), many, &|repeat| {
            take(loader.batches(blocks(repeat, size)).unwrap(), many);
        });
    }
    line("a mapping, blocks of 256", many, &|repeat| mapped(path, &blocks(repeat, 256), many, threads, Advice::Normal));
    let some = RANDOM.min(rows);
    line("`FileLoader`, any order", some, &|repeat| {
        take(loader.batches(sampler.epoch(repeat).unwrap()).unwrap(), some);
    });
    for (advice, name) in [(Advice::Normal, "a mapping, any order"), (Advice::Random, "the same, `MADV_RANDOM`")] {
        line(name, some, &|repeat| mapped(path, &sampler.epoch(repeat).unwrap(), some, threads, advice));
    }
}

fn sequential_read(path: &Path, mut bytes: usize) {
    let (mut file, mut buffer) = (File::open(path).unwrap(), vec![0; 1 << 20]);
    while bytes > 0 {
        let len = buffer.len().min(bytes);
        file.read_exact(&mut buffer[..len]).unwrap();
        bytes -= len;
    }
}

/// Takes batches as fast as they come, up to these rows.
fn take(batches: FileBatches, rows: usize) {
    batches.take(rows / BATCH).for_each(|batch| assert!(batch.unwrap().indices.len() >= BATCH));
}

/// What `FileLoader` does, through a mapping: pieces of 16,384 rows, each sorted and copied by as many threads.
fn mapped(path: &Path, epoch: &Epoch, rows: usize, threads: usize, advice: Advice) {
    let file = File::open(path).unwrap();
    // SAFETY: the file is this program's own, and nobody writes to it or cuts it off while it is mapped.
    let map = unsafe { Mmap::map(&file) }.unwrap();
    map.advise(advice).unwrap();
    let data = &map[128..];
    let mut piece = vec![0.0f32; WIDTH * WINDOW];
    for (indices, _) in epoch.batches(WINDOW, LastBatch::Keep).unwrap().take(rows / WINDOW) {
        let mut wanted: Vec<_> = indices.iter().copied().zip(piece.chunks_exact_mut(WIDTH)).collect();
        wanted.sort_unstable_by_key(|&(row, _)| row);
        let part = wanted.len().div_ceil(threads);
        std::thread::scope(|scope| {
            for part in wanted.chunks_mut(part) {
                scope.spawn(move || {
                    for (row, values) in part {
                        let bytes = &data[*row as usize * WIDTH * 4..][..WIDTH * 4];
                        for (value, bytes) in values.iter_mut().zip(bytes.as_chunks::<4>().0) {
                            *value = f32::from_le_bytes(*bytes);
                        }
                    }
                });
            }
        });
    }
}

/// What blocks change: how much the classes of a batch vary, and how much one epoch tells of the next.
fn spread() {
    const SAMPLES: usize = 1_000_000;
    let shares = [419, 140, 130, 46, 34]; // of TCGA-BRCA
    let sorted: Vec<i64> = (0..5).flat_map(|c| vec![c as i64; SAMPLES * shares[c] / 769]).collect();
    let mut mixed = vec![];
    let order = Curriculum::new(&sorted, Uniform).unwrap().seed(1).epoch(0).unwrap();
    mixed.extend(order.indices().iter().map(|&i| sorted[i as usize]));
    println!("| block | window | rows sorted by class | rows in random order | two epochs |\n|---|---|---|---|---|");
    let cases = [(256, 1 << 12), (256, 1 << 14), (256, 1 << 16), (16, 1 << 14), (1024, 1 << 14)];
    for (rows, window) in cases {
        let ratio = |labels: &[i64]| {
            let sampler = Curriculum::new(labels, Uniform).unwrap().seed(7);
            let epoch = sampler.epoch(0).unwrap();
            deviation(&epoch.blocks(Blocks { rows, window, seed: 7 }).unwrap(), labels) / deviation(&epoch, labels)
        };
        let sampler = Curriculum::new(&mixed, Uniform).unwrap().seed(7);
        let places = |epoch: usize| {
            let near = sampler.epoch(epoch).unwrap().blocks(Blocks { rows, window, seed: 7 }).unwrap();
            let mut places = vec![0.0; near.len()];
            near.indices().iter().enumerate().for_each(|(at, &sample)| places[sample as usize] = at as f64);
            places
        };
        // of twelve pairs, as blocks are few
        let places: Vec<Vec<f64>> = (0..13).map(places).collect();
        let squares = places.windows(2).map(|pair| correlation(&pair[0], &pair[1]).powi(2));
        let same = (squares.sum::<f64>() / 12.0).sqrt();
        println!("| {rows} | {window} | {:.2} | {:.2} | {same:.3} |", ratio(&sorted), ratio(&mixed));
    }
}

/// Standard deviation of the share of the largest class in a batch.
fn deviation(epoch: &Epoch, labels: &[i64]) -> f64 {
    let shares: Vec<f64> = epoch
        .batches(BATCH, LastBatch::Drop)
        .unwrap()
        .map(|(batch, _)| batch.iter().filter(|&&i| labels[i as usize] == 0).count() as f64 / BATCH as f64)
        .collect();
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    (shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / shares.len() as f64).sqrt()
}

/// Correlation of two lists of places, `0..n` each.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (n, mean) = (a.len() as f64, (a.len() as f64 - 1.0) / 2.0);
    let covariance: f64 = a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum();
    covariance / (n * (n * n - 1.0) / 12.0)
}
