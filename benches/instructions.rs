//! Measuring, and making an epoch, on small fixed inputs. `make instructions` counts their instructions under
//! callgrind. The number does not depend on other programs on the machine. Without arguments the program does nothing.

use std::hint::black_box;

use climd::{Curriculum, CurriculumSampler, Epoch, Modality, PowerLaw, Scores, Terms, measure};

/// The same numbers in `[-2, 2)` everywhere.
fn noise(len: usize, seed: u32) -> Vec<f32> {
    let mut word = seed;
    let mut next = || {
        word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (word >> 8) as f32 / (1 << 22) as f32 - 2.0
    };
    (0..len).map(|_| next()).collect()
}

// The functions whose instructions are counted, by name.
#[inline(never)]
fn hot_measure(labels: &[u32], classes: usize, modalities: &[Modality<'_>]) -> Scores {
    measure(labels, classes, modalities, Terms::Both).unwrap()
}

#[inline(never)]
fn hot_epoch(sampler: &mut dyn CurriculumSampler, scores: &[f32], list: &mut Epoch) {
    sampler.update(49, scores).unwrap();
    sampler.epoch_into(49, list).unwrap();
}

fn scores(classes: usize) {
    let (n, width) = (2000, 64);
    let labels: Vec<u32> = (0..n).map(|i| (i * i % classes) as u32).collect();
    let [a, b, c] = [1, 2, 3].map(|seed| (noise(n * classes, seed), noise(n * width, seed + 9)));
    let modalities = [&a, &b, &c].map(|(logits, embeddings)| Modality { logits, embeddings, present: None });
    black_box(hot_measure(&labels, classes, &modalities));
}

fn epoch(classes: usize) {
    let n = 200_000;
    let share = |x: f32| ((x + 2.0) / 4.0).powi(3) * classes as f32;
    let labels: Vec<u32> = noise(n, 5).into_iter().map(|x| share(x) as u32).collect();
    let mut sampler = Curriculum::new(&labels, PowerLaw { epochs: 100, ..Default::default() }).unwrap();
    let (scores, mut list) = (noise(n, 7), Epoch::default());
    hot_epoch(&mut sampler, &scores, &mut list);
    black_box(list);
}

fn main() {
    let Some(what) = std::env::args().find(|argument| !argument.starts_with('-') && !argument.contains('/')) else {
        return;
    };
    // everything runs on one thread
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| match what.as_str() {
        "measure-5" => scores(5),
        "measure-1000" => scores(1000),
        "epoch-10" => epoch(10),
        "epoch-1000" => epoch(1000),
        _ => panic!("no such work: {what}"),
    });
}
