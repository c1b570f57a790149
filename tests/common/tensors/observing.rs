//! Promises of steps that are observed.

use climd::error::MeasureError;
use climd::*;
use tch::{Device, Kind, Tensor};

use super::outputs::{ALL_TERMS, Outputs, assert_near, mask, rows};

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
