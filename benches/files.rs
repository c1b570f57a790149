//! Samples a second from a file larger than the cache, against reading the same file from its begin to its end; and
//! what blocks cost in randomness. The cache is dropped before each run (`dd iflag=nocache`, of GNU coreutils).
//!
//! `-- --gb 16 --dir PLACE` measures with a file of 16 GB, which is deleted in the end; `-- spread` needs no file.

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
const THREADS: usize = 4;
const RANDOM: usize = 200_000; // rows that are read at random
const REPEATS: usize = 3;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).map(|at| args[at + 1].as_str());
    if args.iter().any(|arg| arg == "spread") {
        return spread();
    }
    let gb: f64 = value("--gb").map_or(16.0, |gb| gb.parse().expect("--gb takes a number"));
    let dir = Path::new(value("--dir").unwrap_or(env!("CARGO_TARGET_TMPDIR")));
    let rows = (gb * 1e9) as usize / (WIDTH * 4);
    let file = tempfile::Builder::new().prefix("climd-bench").suffix(".npy").tempfile_in(dir).unwrap();
    eprintln!("writing {gb} GB, {rows} rows of {WIDTH}, to {}", file.path().display());
    write(file.as_file(), rows).unwrap();
    measure(file.path(), rows);
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

fn measure(path: &Path, rows: usize) {
    let labels: Vec<i64> = (0..rows as i64).map(|i| i % 5).collect();
    let sampler = Curriculum::new(&labels, Uniform).unwrap().seed(7);
    let loader = FileLoader::new(vec![RowFile::open(path).unwrap()], BATCH).unwrap().threads(THREADS).unwrap();
    let blocks = |rows| Blocks { rows, window: 1 << 14, seed: 7 };
    let epoch = sampler.epoch(0).unwrap();
    let some = |epoch: &Epoch| epoch.skip(epoch.len() - RANDOM.min(rows)).unwrap();
    println!("| what | rows | M samples/s | GB/s | of sequential |\n|---|---|---|---|---|");
    let mut sequential = 0.0;
    let mut line = |name: &str, run: &dyn Fn() -> usize| {
        let mut best = 0.0f64;
        let mut read = 0;
        for _ in 0..REPEATS {
            drop_cache(path);
            let start = Instant::now();
            read = run();
            best = best.max(read as f64 / start.elapsed().as_secs_f64());
        }
        sequential = if sequential == 0.0 { best } else { sequential };
        let rate = best * (WIDTH * 4) as f64 / 1e9;
        println!("| {name} | {read} | {:.3} | {rate:.2} | {:.2} |", best / 1e6, best / sequential);
    };
    line("sequential `read` of 1 MiB", &|| sequential_read(path));
    line("`FileLoader`, in the order of the file", &|| taken(loader.samples(0..rows).unwrap()));
    for size in [64, 256, 1024] {
        let name = format!("`FileLoader`, blocks of {size}");
        line(&name, &|| taken(loader.batches(epoch.blocks(blocks(size)).unwrap()).unwrap()));
    }
    let near = epoch.blocks(blocks(256)).unwrap();
    line("a mapping, blocks of 256", &|| mapped(path, &near, Advice::Normal));
    line("`FileLoader`, any order", &|| taken(loader.batches(some(&epoch)).unwrap()));
    line("a mapping, any order", &|| mapped(path, &some(&epoch), Advice::Normal));
    line("a mapping, any order, `MADV_RANDOM`", &|| mapped(path, &some(&epoch), Advice::Random));
}

fn sequential_read(path: &Path) -> usize {
    let (mut file, mut bytes) = (File::open(path).unwrap(), vec![0; 1 << 20]);
    let mut read = 0;
    loop {
        match file.read(&mut bytes).unwrap() {
            0 => return read / (WIDTH * 4),
            n => read += n,
        }
    }
}

/// Takes the batches as fast as they come.
fn taken(batches: FileBatches) -> usize {
    batches.map(|batch| batch.unwrap().indices.len()).sum()
}

/// What `FileLoader` does, through a mapping: pieces of 16,384 rows, each sorted and copied by as many threads.
fn mapped(path: &Path, epoch: &Epoch, advice: Advice) -> usize {
    let file = File::open(path).unwrap();
    // SAFETY: the file is this program's own, and nobody writes to it or cuts it off while it is mapped.
    let map = unsafe { Mmap::map(&file) }.unwrap();
    map.advise(advice).unwrap();
    let data = &map[128..];
    let mut piece = vec![0.0f32; WIDTH << 14];
    for (indices, _) in epoch.batches(1 << 14, LastBatch::Keep).unwrap() {
        let mut wanted: Vec<_> = indices.iter().copied().zip(piece.chunks_exact_mut(WIDTH)).collect();
        wanted.sort_unstable_by_key(|&(row, _)| row);
        let part = wanted.len().div_ceil(THREADS);
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
    epoch.len()
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
        let same = correlation(&places(0), &places(1));
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
