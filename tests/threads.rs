//! Promise: the number of threads does not change any result, not even one bit.

mod common;

use climd::schedule::*;
use climd::*;
use common::{Noise, labels_of, scores_with_ties};

/// The same work under pools of 1, 2 and 8 threads.
fn under_each_pool<T: Send + PartialEq>(work: impl Fn() -> T + Sync) {
    let results: Vec<T> = [1, 2, 8]
        .into_iter()
        .map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                assert_eq!(rayon::current_num_threads(), threads);
                work()
            })
        })
        .collect();
    assert!(results[0] == results[1] && results[0] == results[2]);
}

fn counts() -> Vec<usize> {
    // 50 classes, 200,000 samples, 60:1
    let mut counts: Vec<usize> = (1..=50).map(|rank| 44_000 / rank).collect();
    counts[0] += 200_000 - counts.iter().sum::<usize>();
    counts
}

#[test]
fn index_lists_are_the_same_under_any_number_of_threads() {
    let labels = labels_of(&counts(), 1);
    assert_eq!(labels.len(), 200_000);
    let scores = scores_with_ties(labels.len(), 2);
    for pick in [Pick::Highest, Pick::Lowest, Pick::FixedRandom, Pick::Redraw] {
        under_each_pool(|| {
            let schedule = PowerLaw { epochs: 4, pick, ..Default::default() };
            let mut sampler = PowerLawScheduler::new(&labels, schedule).unwrap().seed(7);
            sampler.update(1, &scores).unwrap();
            [1, 2, 4].map(|epoch| sampler.epoch(epoch).unwrap().indices().to_vec()) // 8, 16 and 16 buckets
        });
    }
}

#[test]
fn draws_with_replacement_are_the_same_under_any_number_of_threads() {
    let labels = labels_of(&counts(), 1);
    under_each_pool(|| Curriculum::new(&labels, ClassBalanced).unwrap().seed(7).epoch(3).unwrap().indices().to_vec());
}

#[test]
fn scores_are_the_same_to_the_bit_under_any_number_of_threads() {
    let (n, classes, width) = (20_000, 7, 19);
    let mut noise = Noise(3);
    let labels: Vec<u32> = (0..n).map(|_| noise.below(classes) as u32).collect();
    let mut rows = |width: usize| noise.reals(n * width).iter().map(|&x| x as f32).collect::<Vec<f32>>();
    let (logits, embeddings) = ([rows(classes), rows(classes), rows(classes)], [rows(width), rows(width), rows(width)]);
    let present: Vec<bool> = (0..n).map(|_| noise.below(4) > 0).collect();
    under_each_pool(|| {
        let mut modalities: Vec<Modality<'_>> =
            (0..3).map(|m| Modality { logits: &logits[m], embeddings: &embeddings[m], present: None }).collect();
        modalities[1].present = Some(&present);
        let scores = measure(&labels, classes, &modalities, Terms::Both).unwrap();
        let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let parts: Vec<_> = scores.confidence.iter().map(|psi| bits(psi)).collect();
        (bits(&scores.score), bits(&scores.complementarity), parts)
    });
}

#[test]
fn samplers_and_what_they_give_can_be_shared_and_sent() {
    fn both<T: Send + Sync>() {}
    both::<Curriculum<PowerLaw>>();
    both::<Curriculum<Box<dyn Schedule>>>();
    both::<Box<dyn CurriculumSampler + Send + Sync>>();
    both::<(ClassIndex, Epoch, Position, Report, State, Error, Scores<f32>)>();
    both::<InProcess>();
}

/// Many threads ask one sampler for epochs at once, and get the same lists: there is no lock and no counter.
#[test]
fn many_threads_ask_one_sampler_at_once() {
    let labels = labels_of(&[900, 90, 9], 1);
    let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 20, ..Default::default() }).unwrap();
    sampler.update(1, &scores_with_ties(999, 2)).unwrap();
    let sampler: &(dyn CurriculumSampler + Sync) = &sampler;
    let expected: Vec<Vec<u32>> = (0..22).map(|epoch| sampler.epoch(epoch).unwrap().indices().to_vec()).collect();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let expected = &expected;
            scope.spawn(move || {
                let mut out = Epoch::default();
                for at in 0..220 {
                    let epoch = (at * 7 + thread * 5) % 22;
                    sampler.epoch_into(epoch, &mut out).unwrap();
                    assert_eq!(out.indices(), expected[epoch]);
                    assert_eq!(sampler.report(epoch).unwrap().len, expected[epoch].len());
                }
            });
        }
    });
}
