//! Promises about tensors, as functions of the device. `tensors.rs`, `loader.rs` and `loss.rs` call them for the CPU,
//! `cuda.rs` for the first CUDA device, if there is one.

use std::cell::Cell;

use climd::error::MeasureError;
use climd::*;
use tch::{Device, Kind, Tensor};

use super::{Noise, labels_of};

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

/// Kinds that a network can have, and how near to the slice kernel their scores are.
const KINDS: [(Kind, f64); 4] =
    [(Kind::Double, 1e-10), (Kind::Float, 1e-5), (Kind::Half, 1e-5), (Kind::BFloat16, 1e-5)];

pub fn scores_and_parts_agree_with_slices(device: Device) {
    for (modalities, classes, width) in [(3, 5, 8), (2, 2, 3), (1, 4, 6), (8, 3, 5), (2, 1, 1), (2, 300, 17)] {
        let plain = Outputs::new(13, modalities, classes, width, 5);
        for outputs in [plain.clone().masked(6), plain] {
            for (kind, tolerance) in KINDS {
                let outputs = outputs.rounded_to(kind);
                let (logits, embeddings) = outputs.tensors(kind, device);
                let all = Tensor::arange(13, (Kind::Int64, device));
                for terms in ALL_TERMS {
                    let mut measurer = outputs.measurer(terms);
                    measurer.observe(&all, &logits, &embeddings).unwrap();
                    let found = measurer.finish_parts::<f64>().unwrap();
                    let expected = outputs.by_slices(terms);
                    let what = format!("{terms:?}, {kind:?}, M = {modalities}");
                    assert_near(&found.score, &expected.score, tolerance, &what);
                    assert_near(&found.complementarity, &expected.complementarity, tolerance, &what);
                    assert_eq!(found.confidence.len(), expected.confidence.len());
                    for (psi, expected) in found.confidence.iter().zip(&expected.confidence) {
                        assert_near(psi, expected, tolerance, &what);
                    }
                    let rounded: Vec<f32> = found.score.iter().map(|&score| score as f32).collect();
                    assert_eq!(measurer.measure(&logits, &embeddings).unwrap(), rounded, "{what}");
                }
            }
        }
    }
}

pub fn the_batch_size_does_not_matter(device: Device) {
    let plain = Outputs::new(17, 3, 5, 11, 7);
    for outputs in [plain.clone().masked(8), plain] {
        let (logits, embeddings) = outputs.tensors(Kind::Float, device);
        let whole = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
        let mut order: Vec<i64> = (0..17).collect();
        Noise(9).shuffle(&mut order);
        for size in [1, 3, 17] {
            let mut measurer = outputs.measurer(Terms::Both);
            for (i, batch) in order.chunks(size).enumerate() {
                // of any integer kind, on any device
                let indices = Tensor::from_slice(batch).to_kind([Kind::Int64, Kind::Int, Kind::Uint8][i % 3]);
                let indices = if i % 2 == 0 { indices.to_device(device) } else { indices };
                let at = indices.to_kind(Kind::Int64);
                measurer.observe(&indices, &rows(&logits, &at), &rows(&embeddings, &at)).unwrap();
            }
            for (found, expected) in measurer.finish().unwrap().iter().zip(&whole) {
                assert!((found - expected).abs() <= 1e-6, "batches of {size}: {found} is not {expected}");
            }
        }
    }
}

pub fn the_layout_of_a_tensor_does_not_matter(device: Device) {
    let outputs = Outputs::new(9, 2, 4, 6, 3);
    let (logits, embeddings) = outputs.tensors(Kind::Float, device);
    let expected = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
    let transposed = |x: &Tensor| x.transpose(0, 1).contiguous().transpose(0, 1);
    let every_second = |x: &Tensor| {
        let wide = Tensor::full([x.size()[0] * 2, x.size()[1] * 3], f64::NAN, (Kind::Float, x.device()));
        let view = wide.slice(0, 0, None, 2).slice(1, 1, None, 3);
        view.shallow_clone().copy_(x);
        view
    };
    let with_gradient = |x: &Tensor| x.copy().set_requires_grad(true) * 1.0;
    let layouts: [&dyn Fn(&Tensor) -> Tensor; 3] = [&transposed, &every_second, &with_gradient];
    for layout in layouts {
        let [logits, embeddings] = [&logits, &embeddings].map(|tensors| tensors.iter().map(layout).collect::<Vec<_>>());
        assert_eq!(outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap(), expected);
    }
    // one row for all, by expansion: its stride is 0
    let (one_logit, one_embedding) = (logits[0].narrow(0, 0, 1), embeddings[0].narrow(0, 0, 1));
    let expanded = [one_logit.expand([9, 4], false), one_logit.expand([9, 4], false)];
    let copied = expanded.each_ref().map(Tensor::contiguous);
    let width = [one_embedding.expand([9, 6], false), embeddings[1].shallow_clone()];
    let found = outputs.measurer(Terms::Both).measure(&expanded, &width).unwrap();
    assert_eq!(found, outputs.measurer(Terms::Both).measure(&copied, &width).unwrap());
}

pub fn no_graph_is_kept(device: Device) {
    let outputs = Outputs::new(6, 2, 3, 4, 3);
    let weight = Tensor::ones([3, 3], (Kind::Float, device)).set_requires_grad(true);
    let (logits, embeddings) = outputs.tensors(Kind::Float, device);
    let mut logits: Vec<Tensor> = logits.iter().map(|x| x.matmul(&weight)).collect();
    assert!(logits[0].requires_grad());
    let mut measurer = outputs.measurer(Terms::Both);
    let all = Tensor::arange(6, (Kind::Int64, device));
    measurer.observe(&all, &logits, &embeddings).unwrap();
    // the caller may overwrite what was observed, and still train on it
    logits[1] = logits[1].shallow_clone() * f64::NAN;
    logits[0].sum(Kind::Float).backward();
    assert!(measurer.finish().unwrap().iter().all(|score| score.is_finite()));
    assert!(weight.grad().defined());
}

pub fn what_is_not_finite_is_named(device: Device) {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for kind in [Kind::Float, Kind::Double, Kind::Half] {
            for (argument, modality, sample) in
                [("logits", 0, 4), ("logits", 2, 0), ("embeddings", 0, 6), ("embeddings", 2, 3)]
            {
                let outputs = Outputs::new(7, 3, 5, 4, 3);
                let (logits, embeddings) = outputs.tensors(kind, device);
                let target = if argument == "logits" { &logits } else { &embeddings };
                let _ = target[modality].get(sample).narrow(0, 1, 1).fill_(bad);
                let mut measurer = outputs.measurer(Terms::Both);
                let all = Tensor::arange(7, (Kind::Int64, device));
                measurer.observe(&all, &logits, &embeddings).unwrap();
                let expected = Error::Measure(MeasureError::NotFinite { argument, modality, sample: sample as usize });
                assert_eq!(measurer.finish().unwrap_err(), expected);
                assert_eq!(measurer.finish_parts::<f32>().unwrap_err(), expected);
            }
        }
    }
}

pub fn a_sample_measured_twice_counts_as_measured_last(device: Device) {
    let outputs = Outputs::new(7, 2, 5, 4, 3);
    let (logits, embeddings) = outputs.tensors(Kind::Float, device);
    let expected = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
    let mut measurer = outputs.measurer(Terms::Both);
    let all = Tensor::arange(7, (Kind::Int64, device));
    let broken = [logits[0].copy() * f64::NAN, logits[1].copy() * -1.0];
    let inverted = [embeddings[0].copy() * -1.0, embeddings[1].copy() * f64::INFINITY];
    measurer.observe(&all, &broken, &inverted).unwrap();
    measurer.observe(&all, &logits, &embeddings).unwrap();
    assert_eq!(measurer.finish().unwrap(), expected); // the NaN of the first time is gone

    measurer.observe(&all, &logits, &embeddings).unwrap();
    let third = Tensor::from_slice(&[3i64]);
    measurer.observe(&third, &rows(&broken, &third), &rows(&embeddings, &third)).unwrap();
    let expected = Error::Measure(MeasureError::NotFinite { argument: "logits", modality: 0, sample: 3 });
    assert_eq!(measurer.finish().unwrap_err(), expected); // and a NaN of the last time is not
}

pub fn indices_that_name_no_sample_or_one_twice_are_errors_until_reset(device: Device) {
    let outputs = Outputs::new(7, 2, 5, 4, 3);
    let (logits, embeddings) = outputs.tensors(Kind::Float, device);
    let expected = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
    let cases = [
        ([0, 1, 2, 3, 4, 5, 7], Error::Measure(MeasureError::IndexOutOfRange { index: 7, num_samples: 7 })),
        (
            [0, 1, 2, 3, 4, 5, i64::MAX],
            Error::Measure(MeasureError::IndexOutOfRange { index: i64::MAX, num_samples: 7 }),
        ),
        ([0, -1, 2, 3, 4, 5, 6], Error::Measure(MeasureError::IndexOutOfRange { index: -1, num_samples: 7 })),
        ([0, 1, 2, 3, 4, 3, 6], Error::Measure(MeasureError::IndexTwice { index: 3 })),
        ([6, 6, 6, 6, 6, 6, 6], Error::Measure(MeasureError::IndexTwice { index: 6 })),
    ];
    for (indices, error) in cases {
        let mut measurer = outputs.measurer(Terms::Both);
        measurer.observe(&Tensor::from_slice(&indices), &logits, &embeddings).unwrap();
        assert_eq!(measurer.finish().unwrap_err(), error);
        let all = Tensor::arange(7, (Kind::Int64, device));
        measurer.observe(&all, &logits, &embeddings).unwrap();
        assert_eq!(measurer.finish().unwrap_err(), error, "still");
        measurer.reset();
        measurer.observe(&all, &logits, &embeddings).unwrap();
        assert_eq!(measurer.finish().unwrap(), expected);
    }
}

pub fn what_is_missing_is_counted_and_the_rest_is_kept(device: Device) {
    let outputs = Outputs::new(7, 2, 5, 4, 3);
    let (logits, embeddings) = outputs.tensors(Kind::Float, device);
    let expected = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
    let mut measurer = outputs.measurer(Terms::Both);
    let missing = |missing, first| Error::Measure(MeasureError::NotObserved { missing, num_samples: 7, first });
    assert_eq!(measurer.finish().unwrap_err(), missing(7, 0));
    let mut observe = |samples: &[i64], error: Option<Error>| {
        let indices = Tensor::from_slice(samples).to_device(device);
        measurer.observe(&indices, &rows(&logits, &indices), &rows(&embeddings, &indices)).unwrap();
        match error {
            Some(error) => {
                assert_eq!(measurer.finish().unwrap_err(), error);
                assert_eq!(measurer.finish_parts::<f64>().unwrap_err(), error);
            }
            None => assert_eq!(measurer.finish().unwrap(), expected),
        }
    };
    observe(&[6, 0, 1], Some(missing(4, 2)));
    observe(&[], Some(missing(4, 2))); // an empty batch changes nothing
    observe(&[2, 4], Some(missing(2, 3)));
    observe(&[5, 3], None);
    assert_eq!(measurer.finish().unwrap_err(), missing(7, 0), "success starts anew");
}

pub fn extreme_values_have_finite_scores(device: Device) {
    let check = |logits: [[f64; 2]; 2], embeddings: [[f64; 2]; 2], kind: Kind, terms: Terms, expected: f64| {
        let [logits, embeddings] = [logits, embeddings]
            .map(|rows| rows.map(|row| Tensor::from_slice(&row).view([1, 2]).to_kind(kind).to_device(device)));
        let found = MultimodalMeasurer::new(&[1]).unwrap().terms(terms).measure(&logits, &embeddings).unwrap()[0];
        assert!((f64::from(found) - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found} is not {expected}");
    };
    let (flat, level) = ([[0.0; 2]; 2], [[1.0, 0.0]; 2]);
    for kind in [Kind::Float, Kind::Double] {
        check([[1e4, 0.0]; 2], level, kind, Terms::LogLikelihood, -1e4);
        check([[1e4, 0.0]; 2], level, kind, Terms::Confidence, 0.0); // underflow is legal
        check([[-1e4, 0.0]; 2], level, kind, Terms::Confidence, 0.5);
        for scale in [1e-45, 1e-30, 1e30, 1e38] {
            check(flat, [[scale, scale], [scale, -scale]], kind, Terms::Complementarity, 1.0);
            check(flat, [[scale, scale], [1.0, 1.0]], kind, Terms::Complementarity, 0.0);
            check(flat, [[scale, 0.0], [-1.0, 0.0]], kind, Terms::Complementarity, 2.0);
        }
        check(flat, [[0.0, 0.0], [1.0, 1.0]], kind, Terms::Complementarity, 1.0); // no length: cosine 0
        check(flat, flat, kind, Terms::Complementarity, 1.0);
    }
    check(flat, [[65504.0, 65504.0], [65504.0, -65504.0]], Kind::Half, Terms::Complementarity, 1.0);
    check([[65504.0, -65504.0]; 2], level, Kind::Half, Terms::LogLikelihood, -131_008.0);
}

/// Two modalities of different shapes and kinds: the rows say which sample and modality they are of.
pub fn data(n: i64, device: Device) -> Vec<Tensor> {
    let number = Tensor::arange(n, (Kind::Int64, device));
    let image = &number.view([n, 1, 1, 1]) * 100 + Tensor::arange(24, (Kind::Int64, device)).view([2, 3, 4]);
    let record = &number.view([n, 1]) * 10 + Tensor::arange(3, (Kind::Int64, device));
    vec![image.to_kind(Kind::Float), record.to_kind(Kind::Uint8), number]
}

pub fn loader(counts: &[usize], batch_size: usize, device: Device) -> CurriculumLoader {
    let labels: Vec<i64> = labels_of(counts, 3).into_iter().map(i64::from).collect();
    CurriculumLoader::new(data(labels.len() as i64, device), Tensor::from_slice(&labels), batch_size).unwrap()
}

pub fn sampler(loader: &CurriculumLoader) -> PowerLawScheduler {
    PowerLawScheduler::new(loader.labels(), PowerLaw { epochs: 4, ..Default::default() }).unwrap().seed(7)
}

pub fn batches_carry_the_rows_of_the_samplers_epoch(device: Device) {
    let loader = loader(&[19, 7, 3], 4, device);
    let (sampler, all) = (sampler(&loader), data(29, device));
    for number in [0, 2, 3, 9] {
        let epoch = sampler.epoch(number).unwrap();
        let expected: Vec<_> = epoch.batches(4, LastBatch::default()).unwrap().collect();
        let batches = loader.epoch(&sampler, number).unwrap();
        assert_eq!(batches.len(), expected.len());
        let batches: Vec<Batch> = batches.collect();
        assert_eq!(batches.len(), expected.len());
        for (batch, (samples, position)) in batches.iter().zip(expected) {
            let indices: Vec<i64> = samples.iter().map(|&sample| sample.into()).collect();
            let labels: Vec<i64> = samples.iter().map(|&sample| loader.labels()[sample as usize]).collect();
            assert_eq!(Vec::<i64>::try_from(&batch.indices).unwrap(), indices);
            assert_eq!(Vec::<i64>::try_from(&batch.labels).unwrap(), labels);
            assert_eq!(batch.position, position);
            assert_eq!(batch.modalities.len(), 3);
            for (rows, all) in batch.modalities.iter().zip(&all) {
                assert_eq!((rows.kind(), rows.device()), (all.kind(), device));
                assert_eq!(rows, &all.index_select(0, &batch.indices));
            }
            assert_eq!((batch.labels.device(), batch.indices.device()), (device, device));
        }
    }
}

/// Logits and embeddings of two modalities, by the number of the sample; NaN unless autograd is off.
fn network(modalities: &[Tensor]) -> (Vec<Tensor>, Vec<Tensor>) {
    let number = modalities[2].to_kind(Kind::Float).unsqueeze(1);
    let device = number.device();
    let weight = Tensor::from_slice2(&[[0.1f32, -0.3, 0.2]]).to_device(device).set_requires_grad(true);
    let logits = number.matmul(&weight);
    assert!(!logits.requires_grad(), "measured with gradient");
    let turn = Tensor::cat(&[number.cos(), number.sin()], 1);
    (vec![logits.shallow_clone(), logits.neg()], vec![turn, Tensor::ones([number.size()[0], 2], (Kind::Float, device))])
}

pub fn refresh_measures_when_wanted_whatever_the_batch_size(device: Device) {
    let calls = Cell::new(0);
    let scores = |measure_batch_size: usize| {
        let loader = loader(&[19, 7, 3], 4, device).measure_batch_size(measure_batch_size).unwrap();
        let mut sampler = sampler(&loader);
        let count = |x: &[Tensor]| {
            calls.set(calls.get() + 1);
            network(x)
        };
        calls.set(0);
        assert!(!loader.refresh(&mut sampler, 0, count).unwrap(), "the first epoch is not measured");
        assert_eq!(calls.get(), 1, "but the network is tried on two samples");
        calls.set(0);
        assert!(loader.refresh(&mut sampler, 1, count).unwrap());
        // of 29 samples in batches of 4, the lone last one joins the batch before it
        let batches = if measure_batch_size == 4 { 7 } else { 29usize.div_ceil(measure_batch_size) };
        assert_eq!(calls.get(), batches);
        assert!(!loader.refresh(&mut sampler, 1, count).unwrap(), "the scores of epoch 1 are in");
        assert!(!loader.refresh(&mut sampler, 3, count).unwrap(), "epoch 3 is the whole data set");
        assert_eq!(calls.get(), batches);
        assert_eq!(sampler.report(1).unwrap().measured_at, Some(1));
        let ranges: Vec<ScoreRange> = sampler.report(1).unwrap().classes.iter().filter_map(|c| c.scores).collect();
        (ranges, sampler.epoch(1).unwrap().indices().to_vec())
    };
    let (ranges, list) = scores(29);
    assert_eq!(ranges.len(), 3);
    for size in [1, 4, 1000] {
        let (found, other) = scores(size);
        assert_eq!(other, list, "measured {size} at a time");
        for (a, b) in found.iter().zip(&ranges) {
            for (a, b) in [(a.min, b.min), (a.mean, b.mean), (a.max, b.max)] {
                assert!((a - b).abs() < 1e-6);
            }
        }
    }
    // and they are the scores of that network
    let loader = loader(&[19, 7, 3], 4, device);
    let (logits, embeddings) = tch::no_grad(|| network(&data(29, device)));
    let direct = MultimodalMeasurer::new(loader.labels()).unwrap().measure(&logits, &embeddings).unwrap();
    let mut by_hand = sampler(&loader);
    by_hand.update(1, &direct).unwrap();
    assert_eq!(by_hand.epoch(1).unwrap().indices(), list);
}

/// `-mean ln softmax(logits + tau * prior)[label]`, on the host.
pub fn loss_by_hand(logits: &[Vec<f64>], labels: &[i64], prior: &[f32], tau: f64) -> f64 {
    let row_loss = |(row, &label): (&Vec<f64>, &i64)| {
        let adjusted: Vec<f64> = row.iter().zip(prior).map(|(z, &b)| z + tau * f64::from(b)).collect();
        adjusted.iter().map(|z| z.exp()).sum::<f64>().ln() - adjusted[label as usize]
    };
    logits.iter().zip(labels).map(row_loss).sum::<f64>() / labels.len() as f64
}

pub fn the_loss_is_its_formula(device: Device) {
    let mut noise = Noise(4);
    let logits: Vec<Vec<f64>> = (0..6).map(|_| noise.reals(4).iter().map(|x| 3.0 * x).collect()).collect();
    let labels = [0, 3, 1, 1, 2, 0];
    let prior = [0.6f32.ln(), 0.25f32.ln(), 0.1f32.ln(), 0.05f32.ln()];
    let rows = Tensor::from_slice2(&logits).to_device(device);
    let targets = Tensor::from_slice(&labels).to_device(device);
    for tau in [0.0, 0.5, 1.0, -1.0, 3.0] {
        let expected = loss_by_hand(&logits, &labels, &prior, tau);
        for (kind, tolerance) in [(Kind::Double, 1e-7), (Kind::Float, 1e-5), (Kind::BFloat16, 0.05)] {
            let loss = prior_corrected_cross_entropy(&rows.to_kind(kind), &targets, &prior, tau).unwrap();
            assert_eq!((loss.size(), loss.kind(), loss.device()), (vec![], kind, device));
            let found = loss.double_value(&[]);
            assert!((found - expected).abs() < tolerance * expected.max(1.0), "{kind:?}: {found} is not {expected}");
        }
    }
}

/// A loader of `outputs`, whose modalities are their logits and embeddings, in turn.
fn loader_of(outputs: &Outputs, terms: Terms, batch_size: usize, device: Device) -> CurriculumLoader {
    let (logits, embeddings) = outputs.tensors(Kind::Float, device);
    let labels: Vec<i64> = outputs.labels.iter().map(|&label| label.into()).collect();
    let loader =
        CurriculumLoader::new(logits.into_iter().chain(embeddings).collect(), Tensor::from_slice(&labels), batch_size)
            .unwrap();
    let loader = loader.terms(terms);
    match &outputs.present {
        Some(present) => loader.present(&mask(present)).unwrap(),
        None => loader,
    }
}

/// The network of such a loader.
fn halves(modalities: &[Tensor]) -> (Vec<Tensor>, Vec<Tensor>) {
    let clones = |tensors: &[Tensor]| tensors.iter().map(Tensor::shallow_clone).collect();
    let (logits, embeddings) = modalities.split_at(modalities.len() / 2);
    (clones(logits), clones(embeddings))
}

/// A schedule whose epochs are of all samples, and of a half of them later: so the scores make a difference.
fn all_then_half(
    loader: &CurriculumLoader,
    measured: bool,
) -> Curriculum<schedule::Switch<schedule::Uniform, PowerLaw>> {
    let after = PowerLaw { epochs: 6, ..Default::default() };
    let switch = schedule::Switch { at: 2, before: schedule::Uniform, after };
    let first_measure = if measured { 0 } else { usize::MAX };
    let settings = Settings { seed: 5, first_measure, measure_every: 0 };
    Curriculum::new(loader.labels(), switch).unwrap().settings(settings)
}

pub fn steps_that_see_every_sample_are_a_full_measurement(device: Device, to_the_bit: bool) {
    let plain = Outputs::new(521, 3, 4, 6, 5);
    let mut cases: Vec<(&Outputs, Terms, Kind)> = Vec::new();
    let masked = plain.clone().masked(6);
    for outputs in [&plain, &masked] {
        // f32 is measured in place on the CPU, f64 by the device's operations
        cases.extend(ALL_TERMS.map(|terms| (outputs, terms, Kind::Float)));
        cases.push((outputs, Terms::Both, Kind::Double));
    }
    for (outputs, terms, kind) in cases {
        let halves = |x: &[Tensor]| halves(&x.iter().map(|x| x.to_kind(kind)).collect::<Vec<_>>());
        let loader = loader_of(outputs, terms, 2, device); // 260 batches
        let mut sampler = all_then_half(&loader, false);
        for batch in loader.epoch(&sampler, 0).unwrap() {
            let (logits, embeddings) = halves(&batch.modalities);
            loader.observe(&batch, &logits, &embeddings).unwrap();
        }
        assert_eq!(loader.renew(&mut sampler, 1).unwrap(), 521);
        let found = sampler.state(2.into()).unwrap().scores().unwrap();
        let expected = loader.measure(0..521, halves).unwrap();
        // with a mask, the last bits depend on who else is in a batch
        if to_the_bit && outputs.present.is_none() {
            assert_eq!(found, expected, "{terms:?}");
        }
        let wide = |scores: &[f32]| scores.iter().map(|&score| f64::from(score)).collect::<Vec<_>>();
        assert_near(&wide(&found), &wide(&expected), 1e-6, "scores");
        let mut by_hand = all_then_half(&loader, false);
        by_hand.update(1, &found).unwrap();
        assert_eq!(sampler.epoch(3).unwrap().indices(), by_hand.epoch(3).unwrap().indices());
        assert_ne!(sampler.epoch(3).unwrap().indices(), all_then_half(&loader, false).epoch(3).unwrap().indices());
    }
}

/// Lists of the epochs from a position on; after each batch the state, and how many batches are left.
fn observing(
    loader: &CurriculumLoader,
    sampler: &mut dyn CurriculumSampler,
    from: Position,
    mut each: impl FnMut(&CurriculumLoader, &mut dyn CurriculumSampler, Position),
) -> Vec<Vec<u32>> {
    let mut lists = Vec::new();
    for epoch in from.epoch..6 {
        // as in training mode: other outputs in each epoch
        let outputs = |x: &[Tensor]| {
            let (logits, embeddings) = halves(x);
            (logits.iter().map(|z| z * (1.0 + epoch as f64).sin()).collect::<Vec<_>>(), embeddings)
        };
        loader.refresh(sampler, epoch, outputs).unwrap();
        lists.push(sampler.epoch(epoch).unwrap().into_indices());
        let at = if epoch == from.epoch { from } else { epoch.into() };
        for batch in loader.epoch(sampler, at).unwrap() {
            let (logits, embeddings) = outputs(&batch.modalities);
            loader.observe(&batch, &logits, &embeddings).unwrap();
            each(loader, sampler, batch.position);
        }
    }
    lists
}

pub fn a_loop_that_observes_goes_on_from_any_batch(device: Device) {
    let outputs = Outputs::new(60, 2, 4, 6, 5);
    let loader = || loader_of(&outputs, Terms::Both, 7, device);
    for measured in [true, false] {
        let new = || all_then_half(&loader(), measured).running_mean(0.5).unwrap();
        let mut states = Vec::new();
        let whole = observing(&loader(), &mut new(), Position::default(), |_, _, _| {});
        let looked = observing(&loader(), &mut new(), Position::default(), |loader, sampler, at| {
            states.push(loader.state(sampler, at).unwrap());
        });
        assert_eq!(looked, whole, "taking a state changes nothing");
        for state in states {
            let mut sampler = new();
            let from = sampler.restore(&state).unwrap();
            let rest = observing(&loader(), &mut sampler, from, |_, _, _| {});
            assert_eq!(rest, whole[from.epoch..], "cut at {from:?}");
        }
    }
}

pub fn no_graph_of_a_step_is_kept(device: Device) {
    let outputs = Outputs::new(9, 2, 3, 4, 3);
    let loader = loader_of(&outputs, Terms::Both, 9, device);
    let mut sampler = all_then_half(&loader, false);
    let weight = Tensor::ones([3, 3], (Kind::Float, device)).set_requires_grad(true);
    for batch in loader.epoch(&sampler, 0).unwrap() {
        let (logits, embeddings) = halves(&batch.modalities);
        let mut logits: Vec<Tensor> = logits.iter().map(|x| x.matmul(&weight)).collect();
        loader.observe(&batch, &logits, &embeddings).unwrap();
        // the caller may overwrite what was observed, and still train on it
        logits[1] = logits[1].shallow_clone() * f64::NAN;
        logits[0].sum(Kind::Float).backward();
    }
    assert!(weight.grad().defined());
    assert_eq!(loader.renew(&mut sampler, 1).unwrap(), 9);
}

pub fn what_cannot_be_observed_is_named(device: Device) {
    let outputs = Outputs::new(9, 2, 3, 4, 3);
    let (loader, other) = (loader_of(&outputs, Terms::Both, 4, device), loader_of(&outputs, Terms::Both, 4, device));
    let mut sampler = all_then_half(&loader, false);
    let first = |loader: &CurriculumLoader, epoch: usize| loader.epoch(&sampler, epoch).unwrap().next().unwrap();
    let batch = first(&loader, 0);
    let (logits, embeddings) = halves(&batch.modalities);
    let foreign = |found| Error::Measure(MeasureError::ForeignBatch { found });
    assert_eq!(other.observe(&batch, &logits, &embeddings).unwrap_err(), foreign("another loader"));
    let of_all = loader.all().next().unwrap();
    assert_eq!(loader.observe(&of_all, &logits, &embeddings).unwrap_err(), foreign("`all`, which is no epoch"));
    let narrow: Vec<Tensor> = logits.iter().map(|z| z.narrow(1, 0, 2)).collect();
    let error = loader.observe(&batch, &narrow, &embeddings).unwrap_err();
    assert_eq!(error.name(), "LabelOutsideLogits", "{error}");
    let short: Vec<Tensor> = logits.iter().map(|z| z.narrow(0, 0, 3)).collect();
    assert_eq!(loader.observe(&batch, &short, &embeddings).unwrap_err().name(), "Shape");
    let thin = [embeddings[0].shallow_clone(), embeddings[1].narrow(1, 0, 3)];
    assert_eq!(loader.observe(&batch, &logits, &thin).unwrap_err().name(), "EmbeddingWidth");
    loader.observe(&batch, &logits, &embeddings).unwrap();
    let thin: Vec<Tensor> = embeddings.iter().map(|x| x.narrow(1, 0, 3)).collect();
    let error = loader.observe(&batch, &logits, &thin).unwrap_err(); // not as wide as in the batch before
    assert!(error.to_string().contains("as in the first batch of this measurement"), "{error}");
    let next = first(&loader, 1);
    let not_renewed = Error::Measure(MeasureError::NotRenewed { epoch: 1, waiting: 0 });
    assert_eq!(loader.observe(&next, &logits, &embeddings).unwrap_err(), not_renewed);
    assert_eq!(loader.renew(&mut sampler, 1).unwrap(), 4, "and nothing else was taken");
    // the sampler is further than the loader
    let late = loader.epoch(&sampler, 0).unwrap().next().unwrap();
    loader.observe(&late, &logits, &embeddings).unwrap();
    assert_eq!(loader.renew(&mut sampler, 1).unwrap_err(), MeasureError::EpochOver { epoch: 0, first: 1 }.into());
    assert_eq!(loader.renew(&mut sampler, 1).unwrap(), 0);
    let mut of_others = Curriculum::new(&[0, 1], schedule::Uniform).unwrap();
    assert_eq!(loader.renew(&mut of_others, 1).unwrap_err().name(), "Length");
}

pub fn a_sample_that_comes_again_has_its_last_outputs(device: Device) {
    // classes of 13 and 1: the one sample comes several times
    let (x, labels) = (Tensor::arange(14, (Kind::Float, device)).view([14, 1]), [[0i64; 13].as_slice(), &[1]].concat());
    let loader = CurriculumLoader::new(vec![x], Tensor::from_slice(&labels), 14).unwrap().terms(Terms::LogLikelihood);
    let schedule = PowerLaw { epochs: 8, overflow: schedule::Overflow::Repeat, ..Default::default() };
    let settings = Settings { first_measure: usize::MAX, ..Default::default() };
    let mut sampler = Curriculum::new(loader.labels(), schedule).unwrap().settings(settings);
    let batch = loader.epoch(&sampler, 3).unwrap().next().unwrap();
    let samples: Vec<i64> = Vec::try_from(&batch.indices).unwrap();
    assert!((1..samples.len()).any(|at| samples[..at].contains(&samples[at])), "{samples:?}");
    // logits that say where in the batch a sample stands
    let at = Tensor::arange(samples.len() as i64, (Kind::Float, device)).view([-1, 1]);
    let logits = Tensor::cat(&[at.shallow_clone(), Tensor::zeros_like(&at)], 1);
    loader.observe(&batch, &[logits.shallow_clone()], &[]).unwrap();
    loader.renew(&mut sampler, 4).unwrap();
    let scores = sampler.state(4.into()).unwrap().scores().unwrap();
    let by_hand: Vec<f32> =
        Vec::try_from(logits.log_softmax(1, None).gather(1, &batch.labels.view([-1, 1]), false).view([-1])).unwrap();
    for (sample, score) in scores.iter().enumerate() {
        match samples.iter().rposition(|&other| other == sample as i64) {
            Some(at) => assert!((score - by_hand[at]).abs() < 1e-5, "{sample}"),
            None => assert!(score.is_nan()),
        }
    }
}

pub fn a_value_that_is_not_finite_is_named_once(device: Device) {
    let outputs = Outputs::new(9, 2, 3, 4, 3);
    let loader = loader_of(&outputs, Terms::Both, 4, device);
    let mut sampler = all_then_half(&loader, true);
    loader.refresh(&mut sampler, 2, halves).unwrap();
    sampler.update(2, &[0.5; 9]).unwrap();
    let before = sampler.state(3.into()).unwrap();
    let batch = loader.epoch(&sampler, 2).unwrap().next().unwrap();
    let (logits, mut embeddings) = halves(&batch.modalities);
    embeddings[1] = embeddings[1].copy();
    let _ = embeddings[1].get(0).fill_(f64::INFINITY);
    loader.observe(&batch, &logits, &embeddings).unwrap();
    let sample = batch.indices.int64_value(&[0]) as usize;
    let error = loader.renew(&mut sampler, 3).unwrap_err();
    assert_eq!(error, MeasureError::NotFinite { argument: "embeddings", modality: 1, sample }.into());
    assert_eq!(sampler.state(3.into()).unwrap(), before, "the samples keep their scores");
    assert_eq!(loader.renew(&mut sampler, 3).unwrap(), 0);
}

pub fn the_measurer_gives_what_was_observed(device: Device) {
    let outputs = Outputs::new(9, 2, 5, 4, 3);
    let (logits, embeddings) = outputs.tensors(Kind::Float, device);
    let all = outputs.measurer(Terms::Both).measure(&logits, &embeddings).unwrap();
    let mut measurer = outputs.measurer(Terms::Both);
    assert_eq!(measurer.finish_observed().unwrap(), (vec![], vec![]));
    for samples in [&[7i64, 2][..], &[4], &[2]] {
        let indices = Tensor::from_slice(samples).to_device(device);
        measurer.observe(&indices, &rows(&logits, &indices), &rows(&embeddings, &indices)).unwrap();
    }
    let (indices, scores) = measurer.finish_observed().unwrap();
    assert_eq!(indices, [2, 4, 7]);
    assert!(scores.iter().zip([2, 4, 7]).all(|(score, at): (&f32, usize)| (score - all[at]).abs() < 1e-6));
    assert_eq!(measurer.finish_observed().unwrap(), (vec![], vec![]), "success starts anew");
    measurer
        .observe(
            &Tensor::from_slice(&[9i64]),
            &rows(&logits, &Tensor::from_slice(&[1i64])),
            &rows(&embeddings, &Tensor::from_slice(&[1i64])),
        )
        .unwrap();
    let outside = MeasureError::IndexOutOfRange { index: 9, num_samples: 9 };
    assert_eq!(measurer.finish_observed().unwrap_err(), outside.into());
}

pub fn ranks_that_observe_make_the_lists_of_one(device: Device) {
    let outputs = Outputs::new(60, 2, 4, 6, 5);
    for measured in [true, false] {
        let loader = || loader_of(&outputs, Terms::Both, 7, device);
        let new = || all_then_half(&loader(), measured).running_mean(0.5).unwrap();
        let alone = observing(&loader(), &mut new(), Position::default(), |_, _, _| {});
        for (world_size, exchange) in [(2, Exchange::AllGather), (2, Exchange::Histograms), (4, Exchange::Histograms)] {
            let runs = InProcess::run(world_size, |comm| {
                let mut sampler = Distributed::new(new(), comm, exchange).unwrap();
                observing(&loader(), &mut sampler, Position::default(), |_, _, _| {})
            });
            assert!(runs.iter().all(|run| *run == alone), "{world_size} ranks, {exchange:?}, measured: {measured}");
        }
        // a rank that has NaN fails on all
        let errors = InProcess::run(2, |comm| {
            let (loader, rank) = (loader(), comm.rank());
            let mut sampler = Distributed::new(new(), comm, Exchange::AllGather).unwrap();
            let batch = loader.epoch(&sampler, 0).unwrap().next().unwrap();
            let (logits, embeddings) = halves(&batch.modalities);
            let scale = if rank == 1 { f64::NAN } else { 1.0 };
            let logits: Vec<Tensor> = logits.iter().map(|z| z * scale).collect();
            loader.observe(&batch, &logits, &embeddings).unwrap();
            loader.renew(&mut sampler, 1).unwrap_err().name()
        });
        assert_eq!(errors, ["OtherRank", "NotFinite"]);
    }
}

pub fn nothing_is_observed_after_the_curriculum(device: Device) {
    let outputs = Outputs::new(60, 2, 4, 6, 5);
    let loader = loader_of(&outputs, Terms::Both, 7, device);
    let mut sampler = all_then_half(&loader, true); // its last epoch with a choice is 6
    for (epoch, renewed) in [(4, 0), (5, 7), (6, 7), (7, 0), (8, 0)] {
        assert_eq!(loader.renew(&mut sampler, epoch).unwrap(), renewed, "before epoch {epoch}");
        let batch = loader.epoch(&sampler, epoch).unwrap().next().unwrap();
        let (logits, embeddings) = halves(&batch.modalities);
        loader.observe(&batch, &logits, &embeddings).unwrap();
    }
}
