//! Time of `measure` in reads of its input, for one shape after another. `cargo bench --features half --bench kernels`
//! prints the table of `docs/performance.md`. All on one thread. The works of a table take turns, and each time is the
//! least of many, so that other programs on the machine change the ratios little.

use std::hint::black_box;
use std::time::Instant;

use climd::{Modality, Terms, Value, measure, measure_multi_hot};

/// The same numbers in `[-2, 2)` everywhere.
fn noise(len: usize, seed: u64) -> Vec<f32> {
    let mut word = seed;
    let mut next = || {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (word >> 40) as f32 / (1 << 22) as f32 - 2.0
    };
    (0..len).map(|_| next()).collect()
}

/// Reads every byte once, in a form that the compiler can vectorise: the lower limit of time.
fn read(bytes: &[u8]) -> u32 {
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().fold(0u32, |sum, &word| sum.wrapping_add(u32::from_le_bytes(word)))
}

/// A work, and one read of as many bytes.
struct Timed {
    name: String,
    modalities: usize,
    samples: usize,
    work: Box<dyn Fn()>,
    bytes: Vec<u8>,
    least: [f64; 2],
}

struct Shape {
    modalities: usize,
    classes: usize,
    /// 0: no embeddings, confidence alone.
    width: usize,
    /// One in so many samples lacks a modality.
    missing: Option<usize>,
}

/// `measure` of numbers of this type, `size` bytes each.
fn timed<F: Value>(kind: &str, size: usize, of: fn(f32) -> F, shape: Shape, total: usize) -> Timed {
    let Shape { modalities, classes, width, missing } = shape;
    let n = (total / (size * modalities * (classes + width))).max(64);
    let rows = |len: usize, seed: usize| noise(len, seed as u64).into_iter().map(of).collect::<Vec<F>>();
    let inputs: Vec<(Vec<F>, Vec<F>)> =
        (0..modalities).map(|m| (rows(n * classes, m), rows(n * width, m + 99))).collect();
    let labels: Vec<u32> = (0..n).map(|i| (i % classes) as u32).collect();
    let present: Vec<Vec<bool>> = (0..modalities)
        .map(|m| (0..n).map(|i| missing.is_none_or(|one_in| !(i * 7 + m * 3).is_multiple_of(one_in))).collect())
        .collect();
    let terms = if width == 0 { Terms::Confidence } else { Terms::Both };
    let embeddings = if width == 0 { "no embeddings".to_owned() } else { format!("D={width}") };
    let mask = if missing.is_some() { ", a mask" } else { "" };
    let work = move || {
        let modality = |m: usize| {
            let (logits, embeddings) = &inputs[m];
            Modality { logits, embeddings, present: missing.map(|_| &present[m][..]) }
        };
        let modalities: Vec<Modality<'_, F>> = (0..modalities).map(modality).collect();
        _ = black_box(measure(black_box(&labels), classes, &modalities, terms).unwrap());
    };
    Timed {
        name: format!("M={modalities}, C={classes}, {embeddings}, {kind}{mask}"),
        modalities,
        samples: n,
        work: Box::new(work),
        bytes: vec![1; n * size * modalities * (classes + width)],
        least: [f64::INFINITY; 2],
    }
}

/// `measure_multi_hot` of so many labels a sample in three modalities, a fifth of them unknown.
fn multi_hot(num_labels: usize, total: usize) -> Timed {
    const MODALITIES: usize = 3;
    let n = (total / (4 * MODALITIES * num_labels)).max(64);
    let logits: Vec<Vec<f32>> = (0..MODALITIES).map(|m| noise(n * num_labels, m as u64)).collect();
    let labels: Vec<i8> = (0..n * num_labels).map(|i| [0, 1, 0, -1, 0][i % 5]).collect();
    let work = move || {
        let modalities: Vec<Modality<'_>> =
            logits.iter().map(|logits| Modality { logits, embeddings: &[], present: None }).collect();
        _ = black_box(measure_multi_hot(black_box(&labels), num_labels, &modalities, Terms::Confidence).unwrap());
    };
    Timed {
        name: format!("M={MODALITIES}, L={num_labels}, f32"),
        modalities: MODALITIES,
        samples: n,
        work: Box::new(work),
        bytes: vec![1; n * 4 * MODALITIES * num_labels],
        least: [f64::INFINITY; 2],
    }
}

fn table(title: &str, mut works: Vec<Timed>, repeats: usize) {
    for _ in 0..repeats {
        for Timed { work, bytes, least, .. } in &mut works {
            let start = Instant::now();
            work();
            least[0] = least[0].min(start.elapsed().as_secs_f64());
            let start = Instant::now();
            black_box(read(black_box(bytes)));
            least[1] = least[1].min(start.elapsed().as_secs_f64());
        }
    }
    println!("\n| {title} | reads of the input | ns a sample and modality | to the first |\n|---|---|---|---|");
    let each = |work: &Timed| 1e9 * work.least[0] / (work.samples * work.modalities) as f64;
    let first = each(&works[0]);
    for work in &works {
        let reads = work.least[0] / work.least[1];
        println!("| {} | {reads:.2} | {:.2} | {:.2} |", work.name, each(work), each(work) / first);
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let repeats = arguments.next().map_or(40, |repeats| repeats.parse().expect("a number of repeats"));
    let total = arguments.next().map_or(24, |megabytes| megabytes.parse().expect("megabytes of input")) << 20;
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().unwrap();
    let f32s = |modalities, classes, width, missing| {
        timed::<f32>("f32", 4, |x| x, Shape { modalities, classes, width, missing }, total)
    };
    let shape = || Shape { modalities: 3, classes: 5, width: 64, missing: None };
    let f16 = timed("f16", 2, half::f16::from_f32, shape(), total);
    let bf16 = timed("bf16", 2, half::bf16::from_f32, shape(), total);
    let f64 = timed("f64", 8, f64::from, shape(), total);
    table("types", vec![f32s(3, 5, 64, None), f16, bf16, f64], repeats);
    table("modalities", (2..=9).map(|m| f32s(m, 5, 64, None)).collect(), repeats);
    table("masks", (2..=9).map(|m| f32s(m, 5, 64, Some(4))).collect(), repeats);
    table("width", [0, 4, 16, 50, 64, 100, 256].map(|d| f32s(3, 5, d, None)).into(), repeats);
    table("classes", [5, 10, 16, 17, 30, 100, 1000].map(|c| f32s(3, c, 64, None)).into(), repeats);
    table("labels a sample", [5, 14, 100].map(|labels| multi_hot(labels, total)).into(), repeats);
}
