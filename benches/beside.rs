//! Our side of the table of `make bench-peers`: times one piece of work on inputs that `scripts/bench.py` wrote, and
//! prints a line of JSON. Without arguments it does nothing.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use climd::{Curriculum, CurriculumSampler, Epoch, Modality, PowerLaw, Terms, measure};
use rayon::prelude::*;

/// The numbers in a file of little-endian f32.
fn floats(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    bytes.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

/// The numbers in a file of little-endian u32.
fn labels(path: &Path) -> Vec<u32> {
    floats(path).into_iter().map(f32::to_bits).collect()
}

/// The least time of several runs, in seconds. The first run does not count.
fn least(runs: usize, mut work: impl FnMut()) -> f64 {
    work();
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..runs).map(time).fold(f64::INFINITY, f64::min)
}

/// The lower limit of time: reads every word once, in a form that the compiler can vectorise.
fn read(input: &[f32]) -> u32 {
    let sum = |chunk: &[f32]| chunk.iter().fold(0u32, |sum, x| sum.wrapping_add(x.to_bits()));
    input.par_chunks(1 << 14).map(sum).reduce(|| 0, u32::wrapping_add)
}

fn scores(folder: &Path, modalities: usize, classes: usize) {
    let part = |what: &str| (0..modalities).map(|m| floats(&folder.join(format!("{what}{m}")))).collect();
    let (logits, embeddings): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (part("logits"), part("embeddings"));
    let labels = labels(&folder.join("labels"));
    let modalities: Vec<Modality<'_>> =
        logits.iter().zip(&embeddings).map(|(l, e)| Modality { logits: l, embeddings: e, present: None }).collect();
    let read = least(5, || logits.iter().chain(&embeddings).for_each(|input| _ = black_box(read(black_box(input)))));
    let climd = least(5, || _ = black_box(measure(black_box(&labels), classes, &modalities, Terms::Both)).unwrap());
    let scores = measure(&labels, classes, &modalities, Terms::Both).unwrap().score;
    let bytes: Vec<u8> = scores.iter().flat_map(|score| score.to_le_bytes()).collect();
    std::fs::write(folder.join("scores"), bytes).unwrap(); // for the peer to compare with
    println!(r#"{{"read": {read}, "climd": {climd}}}"#);
}

fn epoch(folder: &Path) {
    let (labels, scores) = (labels(&folder.join("labels")), floats(&folder.join("scores")));
    let mut sampler = Curriculum::new(&labels, PowerLaw { epochs: 100, ..Default::default() }).unwrap();
    let (middle, mut list) = (49, Epoch::default());
    let new = least(5, || {
        sampler.update(middle, black_box(&scores)).unwrap();
        sampler.epoch_into(middle, &mut list).unwrap();
    });
    let same = least(5, || sampler.epoch_into(black_box(middle), &mut list).unwrap());
    let half = list.len();
    let whole = least(5, || sampler.epoch_into(black_box(100), &mut list).unwrap());
    println!(r#"{{"new": {new}, "same": {same}, "half": {half}, "whole": {whole}}}"#);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |at: usize| arguments[at].parse().unwrap();
    match arguments.first().map(String::as_str) {
        Some("scores") => scores(&PathBuf::from(&arguments[1]), number(2), number(3)),
        Some("epoch") => epoch(&PathBuf::from(&arguments[1])),
        _ => {}
    }
}
