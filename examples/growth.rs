//! How does the cost grow? Times the sampler with more samples and classes, and the measurer with more samples,
//! classes, width and modalities. One size grows at a time.
//!
//! `cargo run --release -p climd-repro --example growth -- FOLDER` writes `sampler.csv` and `measurer.csv` with a
//! picture of each, and prints the tables with the fitted exponents. `FOLDER small` stops at a hundredth of the sizes.
//! The whole needs 16 GB. `classes` in place of both prints the times with very many classes alone, beside that with
//! 1,000 of them in the same run.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use climd::{Curriculum, CurriculumSampler, Epoch, Modality, PowerLaw, Terms, measure};
use climd_repro::plot::{Series, curves};

/// One measurement.
struct Point {
    what: String,
    size: usize,
    seconds: f64,
}

/// The same numbers in `[0, 1)` everywhere.
fn noise(len: usize, seed: u64) -> Vec<f32> {
    let mut word = seed;
    let mut next = || {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (word >> 40) as f32 / (1 << 24) as f32
    };
    (0..len).map(|_| next()).collect()
}

fn least(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut least = f64::INFINITY;
    for _ in 0..4 {
        let start = Instant::now();
        work()?;
        least = least.min(start.elapsed().as_secs_f64());
    }
    Ok(least)
}

/// Memory of this process now, and its peak since the last call, in bytes.
fn memory() -> Result<(usize, usize)> {
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| -> Option<usize> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(1024 * line.trim().strip_suffix(" kB")?.parse::<usize>().ok()?)
    };
    let found = (field("VmRSS:").context("no VmRSS")?, field("VmHWM:").context("no VmHWM")?);
    fs::write("/proc/self/clear_refs", "5")?; // forgets the peak
    Ok(found)
}

fn sampler(n: usize, classes: usize, what: &str, size: usize) -> Result<Point> {
    let labels: Vec<u32> = noise(n, 5)
        .into_iter()
        .enumerate()
        .map(|(i, x)| {
            if i < classes { i as u32 } else { ((f64::from(x) * f64::from(x) * f64::from(x)) * classes as f64) as u32 }
        })
        .collect();
    let scores = noise(n, 7);
    let before = memory()?.0;
    let mut sampler = Curriculum::new(&labels, PowerLaw { epochs: 100, ..Default::default() })?;
    let mut list = Epoch::default();
    sampler.update(49, &scores)?;
    let resident = memory()?.0;
    sampler.epoch_into(49, &mut list)?;
    let peak = memory()?.1;
    let seconds = least(|| {
        sampler.update(49, &scores)?;
        Ok(sampler.epoch_into(49, &mut list)?)
    })?;
    println!(
        "| {n} | {classes} | {:.2} | {:.1} | {:.1} | {:.1} |",
        1e3 * seconds,
        1e9 * seconds / n as f64,
        resident.saturating_sub(before) as f64 / n as f64,
        peak.saturating_sub(resident + 4 * list.len()) as f64 / n as f64,
    );
    Ok(Point { what: what.to_owned(), size, seconds })
}

fn scores(n: usize, classes: usize, width: usize, modalities: usize, what: &str, size: usize) -> Result<Point> {
    let labels: Vec<u32> = (0..n).map(|i| (i % classes) as u32).collect();
    let inputs: Vec<(Vec<f32>, Vec<f32>)> =
        (0..modalities as u64).map(|m| (noise(n * classes, m), noise(n * width, m + 20))).collect();
    let modalities: Vec<Modality<'_>> =
        inputs.iter().map(|(logits, embeddings)| Modality { logits, embeddings, present: None }).collect();
    let seconds = least(|| Ok(measure(&labels, classes, &modalities, Terms::Both).map(drop)?))?;
    let bytes = 4 * n * modalities.len() * (classes + width);
    println!(
        "| {n} | {classes} | {width} | {} | {:.2} | {:.2} | {:.1} |",
        modalities.len(),
        1e3 * seconds,
        bytes as f64 / 1e9,
        bytes as f64 / 1e9 / seconds
    );
    Ok(Point { what: what.to_owned(), size, seconds })
}

/// Writes CSV and picture, and prints the table of exponents.
fn write(folder: &Path, name: &str, title: &str, points: &[Point]) -> Result<()> {
    let mut csv = String::from("varied,size,seconds\n");
    points.iter().for_each(|Point { what, size, seconds }| csv += &format!("{what},{size},{seconds:.6}\n"));
    fs::write(folder.join(name).with_extension("csv"), csv)?;
    println!("\n| varied | from | to | exponent |\n|---|---|---|---|");
    let mut series = Vec::new();
    for group in points.chunk_by(|a, b| a.what == b.what) {
        let logs: Vec<(f64, f64)> =
            group.iter().map(|p| ((p.size as f64).log10(), (1e3 * p.seconds).log10())).collect();
        let n = logs.len() as f64;
        let mean = logs.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.0 / n, sum.1 + p.1 / n));
        let above: f64 = logs.iter().map(|p| (p.0 - mean.0) * (p.1 - mean.1)).sum();
        let below: f64 = logs.iter().map(|p| (p.0 - mean.0).powi(2)).sum();
        println!("| {} | {} | {} | {:.2} |", group[0].what, group[0].size, group[group.len() - 1].size, above / below);
        let (x, mean) = logs.into_iter().unzip();
        series.push(Series { name: group[0].what.clone(), x, mean, band: Vec::new() });
    }
    curves(folder.join(name), title, "log10 of the size", "log10 of milliseconds", &series)?;
    Ok(())
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("usage: growth FOLDER [small], or growth classes")?;
    if folder == "classes" {
        let few = sampler(10_000_000, 1000, "", 1000)?.seconds;
        for classes in [100_000, 1_000_000] {
            let many = sampler(10_000_000, classes, "", classes)?.seconds;
            println!("{classes} classes take {:.2} of the time of 1000", many / few);
        }
        return Ok(());
    }
    let folder = Path::new(&folder);
    let small = if arguments.next().is_some() { 100 } else { 1 };
    fs::create_dir_all(folder)?;

    println!(
        "| samples | classes | ms | ns a sample | bytes a sample, resident | bytes a sample, scratch |\n\
         |---|---|---|---|---|---|"
    );
    let mut points = Vec::new();
    for n in [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000] {
        points.push(sampler(n / small, 50, "samples, 50 classes", n / small)?);
    }
    for classes in [2, 10, 100, 1000, 10_000, 100_000, 1_000_000] {
        points.push(sampler(10_000_000 / small, classes / small.min(classes / 2), "classes, 10^7 samples", classes)?);
    }
    write(folder, "sampler", "update and epoch T/2", &points)?;

    println!("\n| samples | classes | width | modalities | ms | GB of input | GB/s |\n|---|---|---|---|---|---|---|");
    let mut points = Vec::new();
    for n in [10_000, 100_000, 1_000_000, 10_000_000] {
        points.push(scores(n / small, 5, 64, 3, "samples", n / small)?);
    }
    for classes in [2, 10, 100, 1000, 10_000] {
        points.push(scores(50_000 / small, classes, 64, 3, "classes", classes)?);
    }
    for width in [4, 16, 64, 256, 1024, 4096] {
        points.push(scores(100_000 / small, 5, width, 3, "width", width)?);
    }
    for modalities in 2..=8 {
        points.push(scores(500_000 / small, 5, 64, modalities, "modalities", modalities)?);
    }
    write(folder, "measurer", "measure, both terms", &points)
}
