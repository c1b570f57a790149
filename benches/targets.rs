//! Cost of several labels for each sample, beside one label: own labels, epochs, label counts, memory. On one thread.
//!
//! `cargo bench --bench targets` prints tables; `-- --samples 1000000` sets another number of samples. On Linux, times
//! are CPU times of the thread, so a busy machine changes them less. Each is the least of five.

use std::hint::black_box;
use std::time::{Duration, Instant};

use climd::{ClassIndex, Curriculum, CurriculumSampler, Epoch, PowerLaw, Targets};

const EPOCHS: usize = 100;
const REPEATS: usize = 5;

/// Rows of labels `0..num_labels`, of mean length `mean`; label c in proportion to `1 / (c + 1)`.
struct Rows {
    starts: Vec<usize>,
    labels: Vec<u32>,
}

/// SplitMix64.
struct Noise(u64);

impl Noise {
    fn real(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Rows {
    fn new(samples: usize, num_labels: usize, mean: f64) -> Self {
        let mut noise = Noise(7);
        let (mut starts, mut labels, mut row) = (vec![0], Vec::new(), Vec::new());
        for _ in 0..samples {
            row.clear();
            // a geometric length, without a label in some
            while noise.real() < mean / (mean + 1.0) {
                let label = (num_labels as f64 + 1.0).powf(noise.real()) - 1.0; // log-uniform: about 1 / (c + 1)
                row.push((label as u32).min(num_labels as u32 - 1));
            }
            row.sort_unstable();
            row.dedup();
            labels.extend_from_slice(&row);
            starts.push(labels.len());
        }
        Self { starts, labels }
    }

    fn targets(&self, num_labels: usize) -> Targets {
        Targets::multi_label(&self.starts, &self.labels, num_labels).expect("rows")
    }
}

/// CPU time of this thread, or the clock where it is not known.
fn now(start: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split_whitespace().next()?.parse().ok());
    nanos.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// The least time of some runs, in milliseconds; what a run gives is dropped outside of it.
fn least<T>(mut work: impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    let time = |_| {
        let before = now(start);
        let out = black_box(work());
        let time = now(start) - before;
        drop(out);
        time
    };
    (0..REPEATS).map(time).min().unwrap_or_default().as_secs_f64() * 1e3
}

/// Memory of the process in use, in bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) * 1024.0
}

fn table(samples: usize, num_labels: usize, mean: f64) {
    let rows = Rows::new(samples, num_labels, mean);
    let entries = rows.labels.len();
    let own = rows.targets(num_labels).own_labels();
    let scores: Vec<f32> = { (0..samples).map(|i| (i as u32).wrapping_mul(2_654_435_761) as f32).collect() };
    let schedule = || PowerLaw { epochs: EPOCHS, ..Default::default() };
    let middle = EPOCHS / 2 - 1;

    let read = least(|| {
        let starts = rows.starts.iter().fold(0usize, |sum, &start| sum.wrapping_add(start));
        starts.wrapping_add(rows.labels.iter().fold(0u32, |sum, &label| sum.wrapping_add(label)) as usize)
    });
    let index = least(|| ClassIndex::new(&own).expect("labels"));
    let take = least(|| rows.targets(num_labels));
    let mut ready: Vec<Targets> = (0..REPEATS).map(|_| rows.targets(num_labels)).collect();
    let build = least(|| Curriculum::with_targets(ready.pop().expect("targets"), schedule()).expect("a sampler"));

    let before = resident();
    let mut one = Curriculum::new(&own, schedule()).expect("a sampler");
    let single = resident() - before;
    let before = resident();
    let mut several = Curriculum::with_targets(rows.targets(num_labels), schedule()).expect("a sampler");
    let multi = resident() - before;
    let mut list = Epoch::default();
    let mut epoch = |sampler: &mut Curriculum<PowerLaw>| {
        sampler.update(middle, &scores).expect("scores");
        sampler.epoch_into(middle, &mut list).expect("an epoch");
        let work = || sampler.update(middle, &scores).and_then(|()| sampler.epoch_into(middle, &mut list));
        let both = least(work);
        (both, least(|| sampler.epoch_into(middle, &mut list)))
    };
    let ((both_one, list_one), (both_several, list_several)) = (epoch(&mut one), epoch(&mut several));
    let more = (multi - single - 4.0 * entries as f64) / samples as f64;
    println!(
        "| {samples} | {num_labels} | {entries} | {read:.0} | {index:.0} | {take:.0} | {build:.0} | {:.2} | \
         {both_one:.0} | {both_several:.0} | {:.2} | {more:.1} |",
        (build - index) / read,
        (list_several - list_one) / list_one,
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after =
        |name: &str| arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1));
    let most: usize = after("--samples").and_then(|number| number.parse().ok()).unwrap_or(10_000_000);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    println!(
        "| samples | labels | entries | read of the rows, ms | index of one label, ms | taking the rows, ms | \
         own labels and index, ms | (that - index) / read | update and epoch T/2, one label, ms | several labels, ms | \
         label counts / list | bytes a sample more, without 4 an entry |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|"
    );
    pool.install(|| {
        for (samples, num_labels, mean) in [
            (most, 1000, 2.5),
            (most / 10, 1000, 2.5),
            (most / 100, 1000, 2.5),
            (most / 10, 14, 2.5),
            (most / 10, 100_000, 2.5),
            (most / 10, 1000, 1.0),
            (most / 10, 1000, 10.0),
        ] {
            table(samples, num_labels, mean);
        }
    });
}
