//! Any slices as logits, embeddings and masks: an error that names the place, or finite scores in their range.
#![no_main]

use arbitrary::Arbitrary;
use climd::{Modality, Terms, measure};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    labels: Vec<u8>,
    num_classes: usize,
    modalities: Vec<Slices>,
    /// Lengths that fit, so that most inputs come further than the first check.
    fit: bool,
    width: u8,
    terms: u8,
}

#[derive(Debug, Arbitrary)]
struct Slices {
    logits: Vec<f32>,
    embeddings: Vec<f32>,
    present: Option<Vec<bool>>,
}

fn fitted<T: Copy>(values: &[T], len: usize, default: T) -> Vec<T> {
    values.iter().copied().chain(std::iter::repeat(default)).take(len).collect()
}

fuzz_target!(|input: Input| {
    let mut num_classes = input.num_classes;
    let mut labels: Vec<u32> = input.labels.iter().take(64).map(|&label| label.into()).collect();
    let mut slices: Vec<Slices> = input.modalities.into_iter().take(40).collect();
    if input.fit {
        num_classes = 1 + num_classes % 32;
        labels.iter_mut().for_each(|label| *label %= num_classes as u32);
        for slices in &mut slices {
            slices.logits = fitted(&slices.logits, labels.len() * num_classes, 0.5);
            slices.embeddings = fitted(&slices.embeddings, labels.len() * usize::from(input.width), 0.5);
            slices.present = slices.present.as_ref().map(|present| fitted(present, labels.len(), true));
        }
    }
    let modalities: Vec<Modality<'_>> = slices
        .iter()
        .map(|slices| Modality {
            logits: &slices.logits,
            embeddings: &slices.embeddings,
            present: slices.present.as_deref(),
        })
        .collect();
    let all = [Terms::Both, Terms::Confidence, Terms::Complementarity, Terms::LogLikelihood];
    let terms = all[usize::from(input.terms) % all.len()];
    match measure(&labels, num_classes, &modalities, terms) {
        Ok(scores) => {
            assert_eq!(scores.score.len(), labels.len());
            let range = if terms == Terms::LogLikelihood { f32::MIN..=0.001 } else { 0.0..=2.501 };
            assert!(scores.score.iter().all(|score| range.contains(score)), "{terms:?} {:?}", scores.score);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
