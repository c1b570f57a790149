//! Promises of `CurriculumLoader`: batches, and when they are measured.

use std::cell::Cell;

use climd::*;
use tch::{Device, Kind, Tensor};

use crate::common::labels_of;

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
