//! Cost of several labels for each sample, beside one label: own labels, epochs, label counts and memory, and how they
//! grow. On one thread.
//!
//! `cargo bench --bench targets` prints a table; `-- --samples 1000000` sets another largest number of samples. Each
//! time is the least of eleven, or of `-- --repeats 40`: the more, the less a busy machine changes it. Memory is what
//! the allocator was asked for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::any::Any;
use std::cell::RefCell;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use climd::{ClassIndex, Curriculum, CurriculumSampler, Epoch, PowerLaw, Targets};

const EPOCHS: usize = 100;

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

/// The least time of each work, in milliseconds. They take turns, so that a busy minute is a busy minute for all. What
/// a run gives is dropped outside of it.
fn least<const WORKS: usize>(repeats: usize, mut works: [&mut dyn FnMut() -> Box<dyn Any>; WORKS]) -> [f64; WORKS] {
    let mut times = [f64::INFINITY; WORKS];
    for _ in 0..repeats {
        for (time, work) in times.iter_mut().zip(&mut works) {
            let start = Instant::now();
            let out = black_box(work());
            *time = time.min(1e3 * start.elapsed().as_secs_f64());
            drop(out);
        }
    }
    times
}

/// The system's allocator, which adds up what is in use.
struct Counted;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// What a call gives, and the bytes that stay in use.
fn kept<T>(make: impl FnOnce() -> T) -> (T, f64) {
    let before = IN_USE.load(Ordering::Relaxed);
    let out = make();
    let bytes = IN_USE.load(Ordering::Relaxed) - before;
    (out, bytes as f64)
}

fn table(repeats: usize, samples: usize, num_labels: usize, mean: f64) {
    let rows = Rows::new(samples, num_labels, mean);
    let entries = rows.labels.len();
    let own = rows.targets(num_labels).own_labels();
    let scores: Vec<f32> = { (0..samples).map(|i| (i as u32).wrapping_mul(2_654_435_761) as f32).collect() };
    let schedule = || PowerLaw { epochs: EPOCHS, ..Default::default() };
    let middle = EPOCHS / 2 - 1;

    let mut ready: Vec<Targets> = (0..repeats).map(|_| rows.targets(num_labels)).collect();
    let [read, index, take, build] = least(
        repeats,
        [
            &mut || {
                let starts = rows.starts.iter().fold(0usize, |sum, &start| sum.wrapping_add(start));
                let labels = rows.labels.iter().fold(0u32, |sum, &label| sum.wrapping_add(label));
                Box::new(starts.wrapping_add(labels as usize))
            },
            &mut || Box::new(ClassIndex::new(&own).expect("labels")),
            &mut || Box::new(rows.targets(num_labels)),
            &mut || Box::new(Curriculum::with_targets(ready.pop().expect("targets"), schedule()).expect("a sampler")),
        ],
    );

    let (one, single) = kept(|| {
        let classes = ClassIndex::new(&own).expect("labels"); // one of them is -1, on purpose
        Curriculum::from_classes(classes, schedule()).expect("a sampler")
    });
    let sampler = |targets| Curriculum::with_targets(targets, schedule()).expect("a sampler");
    let (several, multi) = kept(|| sampler(rows.targets(num_labels)));
    let capped =
        |patients: &[usize]| kept(|| sampler(rows.targets(num_labels).groups(patients, 1).expect("patients"))).1;
    let few = capped(&(0..samples).map(|sample| sample / 4).collect::<Vec<_>>());
    let mut slices = vec![0; samples]; // forty of one class
    for class in 0..one.classes().num_classes() {
        let members = one.classes().members(class).iter().enumerate();
        members.for_each(|(at, &sample)| slices[sample as usize] = class * samples + at / 40);
    }
    let many = capped(&slices);
    let [both_one, list_one, both_several, list_several] = {
        let (one, several, list) = (RefCell::new(one), RefCell::new(several), RefCell::new(Epoch::default()));
        let both = |sampler: &RefCell<Curriculum<PowerLaw>>| {
            sampler.borrow_mut().update(middle, &scores).expect("scores");
            sampler.borrow().epoch_into(middle, &mut list.borrow_mut()).expect("an epoch");
            Box::new(()) as Box<dyn Any>
        };
        let alone = |sampler: &RefCell<Curriculum<PowerLaw>>| {
            sampler.borrow().epoch_into(middle, &mut list.borrow_mut()).expect("an epoch");
            Box::new(()) as Box<dyn Any>
        };
        least(repeats, [&mut || both(&one), &mut || alone(&one), &mut || both(&several), &mut || alone(&several)])
    };
    let more = |bytes: f64| (bytes - single - 4.0 * entries as f64) / samples as f64;
    println!(
        "| {samples} | {num_labels} | {entries} | {read:.2} | {index:.1} | {take:.1} | {build:.1} | {:.2} | \
         {both_one:.1} | {both_several:.1} | {:.2} | {:.1} | {:.1} | {:.1} |",
        (build - index) / read,
        (list_several - list_one) / list_one,
        more(multi),
        more(few),
        more(many),
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| -> Option<usize> {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    let (most, repeats) = (after("--samples").unwrap_or(10_000_000), after("--repeats").unwrap_or(11));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    println!(
        "| samples | labels | entries | read of the rows, ms | index of one label, ms | taking the rows, ms | \
         own labels and index, ms | (that - index) / read | update and epoch T/2, one label, ms | several labels, ms | \
         label counts / list | bytes a sample more, without 4 an entry | with patients of 4 | \
         of 40 of one class |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    );
    let of_samples = [1000, 100, 10, 1].map(|part| (most / part, 1000, 2.5));
    let of_labels = [14, 100, 10_000, 100_000].map(|labels| (most / 10, labels, 2.5));
    let of_entries = [1.0, 5.0, 10.0].map(|mean| (most / 10, 1000, mean));
    pool.install(|| {
        for (samples, labels, mean) in of_samples.into_iter().chain(of_labels).chain(of_entries) {
            table(repeats, samples, labels, mean);
        }
    });
}
