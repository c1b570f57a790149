//! One run: the network trained by one method on one fold, for a fixed number of gradient steps.
//!
//! As in `climd_networks::train`: runs of one fold start from the same weights. If a curriculum ends before the last
//! step, full epochs follow. The network after the last step is reported.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use climd::{Batch, ConfusionMatrix, Curriculum, CurriculumLoader, CurriculumSampler};
use climd_networks::config::RunConfig;
use climd_networks::criterion::Criterion;
use climd_networks::network::{Dropout, NetworkConfig, with_seed};
use climd_networks::quality::Quality;
use climd_networks::train::{Outcome, Point};
use tch::nn::{self, OptimizerConfig};
use tch::{Device, Tensor};

use crate::cohort::{Modality, Samples};
use crate::network::Mllc;
use crate::resnet;

/// Batch size of evaluation.
const EVALUATION_BATCH: usize = 128;

/// Settings that all runs share.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Modalities of the samples.
    pub modalities: Vec<Modality>,
    /// Number of classes.
    pub num_classes: usize,
    /// Weights of the image encoder; none: new ones.
    pub resnet: Option<PathBuf>,
    /// Where to train.
    pub device: Device,
}

/// Trains and tests. `progress` gets the loss after each step.
///
/// # Errors
/// [`Error::Resnet`](crate::Error::Resnet); those of climd and libtorch.
pub fn run(
    config: &RunConfig,
    setup: &Setup,
    train: &Samples,
    judged: &Samples,
    progress: &dyn Fn(&Tensor),
) -> Result<Outcome> {
    let &RunConfig { ref method, seed, rate, batch_size, steps, points, .. } = config;
    let NetworkConfig::Baseline(sizes) = &method.network else { bail!("only early fusion takes images and texts") };
    let vs = nn::VarStore::new(setup.device);
    let new = || Mllc::new(&vs.root(), &setup.modalities, &train.x, setup.num_classes as i64, sizes);
    let network = with_seed(seed, new);
    match &setup.resnet {
        Some(file) => resnet::load(&vs, file)?,
        None => resnet::reset_scales(&vs),
    }
    let loader = train.loader(batch_size, setup.device)?.measure_batch_size(EVALUATION_BATCH)?.terms(method.terms);
    let judge = judged.loader(EVALUATION_BATCH, setup.device)?;
    let mut sampler = Curriculum::new(loader.labels(), method.schedule.build())?.seed(seed);
    let mut criterion = Criterion::new(method.loss.clone(), sampler.classes(), setup.num_classes)?;
    let mut dropout = Dropout::new(sizes.dropout, seed);
    let mut optimiser = nn::Adam { wd: 1e-4, ..Default::default() }.build(&vs, rate.start)?;

    let (mut step, mut samples, mut looks) = (0, 0, Vec::new());
    let (mut own, mut measuring, mut looking) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let started = Instant::now();
    'training: for epoch in 0.. {
        let (begun, mut forward) = (Instant::now(), Duration::ZERO);
        loader.refresh(&mut sampler, epoch, |x| {
            let begun = Instant::now();
            let out = network.forward(x, None);
            forward += begun.elapsed();
            (out.logits, out.embeddings)
        })?;
        let list = sampler.epoch(epoch)?;
        criterion.begin(&list)?;
        own += begun.elapsed() - forward;
        measuring += forward;
        for batch in loader.batches(list)? {
            let out = network.forward(&batch.modalities, Some(&mut dropout));
            let value = network.loss(&out, &batch.labels, &criterion)?;
            optimiser.set_lr(rate.at(step, steps));
            optimiser.backward_step(&value);
            (step, samples) = (step + 1, samples + batch.labels.numel());
            progress(&value);
            if step * points / steps > (step - 1) * points / steps {
                let begun = Instant::now();
                let macro_f1 = confusion(&scores(&network, &judge, &criterion)?, &judge)?.macro_f1();
                looks.push(Point { step, macro_f1, scores: Vec::new() });
                looking += begun.elapsed();
            }
            if step == steps {
                break 'training;
            }
        }
    }
    let seconds = (started.elapsed() - looking).as_secs_f64();
    let scores = scores(&network, &judge, &criterion)?;
    Ok(Outcome {
        samples,
        confusion: confusion(&scores, &judge)?,
        quality: Some(Quality::of(&scores, judge.labels())?),
        points: looks,
        agreement: Vec::new(), // every score here is measured in a pass of its own
        seconds,
        own_seconds: own.as_secs_f64(),
        measuring_seconds: measuring.as_secs_f64(),
    })
}

/// What predictions are made of, `[n, C]`.
fn scores(network: &Mllc, judged: &CurriculumLoader, criterion: &Criterion) -> Result<Tensor> {
    let _guard = tch::no_grad_guard();
    let of_batch = |batch: Batch| Ok(criterion.scores(&network.forward(&batch.modalities, None).fused)?);
    Ok(Tensor::f_cat(&judged.all().map(of_batch).collect::<Result<Vec<_>>>()?, 0)?)
}

fn confusion(scores: &Tensor, judged: &CurriculumLoader) -> Result<ConfusionMatrix> {
    let predictions: Vec<i64> = scores.f_argmax(1, false)?.try_into()?;
    Ok(ConfusionMatrix::new(judged.labels(), &predictions)?)
}
