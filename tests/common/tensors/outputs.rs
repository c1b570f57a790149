//! The outputs of a network that does not exist, and what is needed to compare its scores.

use climd::*;
use tch::{Device, Kind, Tensor};

use crate::common::Noise;

pub const ALL_TERMS: [Terms; 4] = [Terms::Both, Terms::Confidence, Terms::Complementarity, Terms::LogLikelihood];

/// The outputs of a network for `n` samples, in f64 on the host.
#[derive(Debug, Clone)]
pub struct Outputs {
    pub labels: Vec<u32>,
    pub classes: usize,
    pub logits: Vec<Vec<f64>>,
    pub embeddings: Vec<Vec<f64>>,
    pub present: Option<Vec<Vec<bool>>>, // by modality
}

impl Outputs {
    pub fn new(n: usize, modalities: usize, classes: usize, width: usize, seed: u64) -> Self {
        let mut noise = Noise(seed);
        let labels = (0..n).map(|_| noise.below(classes) as u32).collect();
        let logits = (0..modalities).map(|_| noise.reals(n * classes).iter().map(|x| 4.0 * x).collect()).collect();
        let embeddings = (0..modalities).map(|_| noise.reals(n * width)).collect();
        Self { labels, classes, logits, embeddings, present: None }
    }

    /// The same with about a third of the modalities missing, and NaN in their rows. The first sample has one modality,
    /// and every sample has at least one.
    pub fn masked(mut self, seed: u64) -> Self {
        let (mut noise, n, modalities) = (Noise(seed), self.labels.len(), self.logits.len());
        let mut present = vec![vec![true; n]; modalities];
        for i in 0..n {
            let kept = noise.below(modalities);
            for (m, present) in present.iter_mut().enumerate() {
                present[i] = m == kept || (i > 0 && noise.below(3) > 0);
                if !present[i] {
                    self.logits[m][i * self.classes] = f64::NAN;
                    let width = self.embeddings[m].len() / n;
                    self.embeddings[m][i * width] = f64::NAN;
                }
            }
        }
        self.present = Some(present);
        self
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The logits and the embeddings of each modality.
    pub fn tensors(&self, kind: Kind, device: Device) -> (Vec<Tensor>, Vec<Tensor>) {
        let n = self.len() as i64;
        let tensors = |rows: &[Vec<f64>]| -> Vec<Tensor> {
            rows.iter().map(|row| Tensor::from_slice(row).view([n, -1]).to_kind(kind).to_device(device)).collect()
        };
        (tensors(&self.logits), tensors(&self.embeddings))
    }

    /// The same, rounded to the precision of a kind of tensor.
    pub fn rounded_to(&self, kind: Kind) -> Self {
        let round =
            |rows: &Vec<f64>| Vec::try_from(Tensor::from_slice(rows).to_kind(kind).to_kind(Kind::Double)).unwrap();
        let [logits, embeddings] = [&self.logits, &self.embeddings].map(|rows| rows.iter().map(round).collect());
        Self { logits, embeddings, ..self.clone() }
    }

    /// The scores by the slice kernel, in f64.
    pub fn by_slices(&self, terms: Terms) -> Scores<f64> {
        let present = |m: usize| self.present.as_ref().map(|present| present[m].as_slice());
        let modalities: Vec<Modality<'_, f64>> = (0..self.logits.len())
            .map(|m| Modality { logits: &self.logits[m], embeddings: &self.embeddings[m], present: present(m) })
            .collect();
        measure(&self.labels, self.classes, &modalities, terms).unwrap()
    }

    pub fn measurer(&self, terms: Terms) -> MultimodalMeasurer {
        let measurer = MultimodalMeasurer::new(&self.labels).unwrap().terms(terms);
        match &self.present {
            Some(present) => measurer.present(&mask(present)).unwrap(),
            None => measurer,
        }
    }
}

/// `[N, M]` from flags by modality.
pub fn mask(present: &[Vec<bool>]) -> Tensor {
    Tensor::stack(&present.iter().map(|flags| Tensor::from_slice(flags)).collect::<Vec<_>>(), 1)
}

pub fn rows(tensors: &[Tensor], indices: &Tensor) -> Vec<Tensor> {
    tensors.iter().map(|tensor| tensor.index_select(0, &indices.to_device(tensor.device()))).collect()
}

pub fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        let near = (a - b).abs() <= tolerance * b.abs().max(1.0) || (a.is_nan() && b.is_nan());
        assert!(near, "{what}[{i}]: {a} is not {b}");
    }
}
