//! One run: a network trained by one method on one split, for a fixed number of gradient steps.
//!
//! Runs of one seed start from the same weights. If a curriculum ends before the last step, the epochs after its end
//! follow: for a curriculum, these hold all samples. The network after the last step is reported.

use std::time::{Duration, Instant};

use anyhow::Result;
use climd::schedule::Uniform;
use climd::{
    Batch, ConfusionMatrix, Curriculum, CurriculumLoader, CurriculumSampler, Epoch, LastBatch, MultimodalMeasurer,
    Schedule, Settings,
};
use serde::{Deserialize, Serialize};
use tch::nn::{self, OptimizerConfig};
use tch::{Device, Kind, Tensor};

use crate::agreement::Agreement;
use crate::config::RunConfig;
use crate::criterion::Criterion;
use crate::network::{Dropout, FUSION_GROUP, Native, Network, Training, with_seed};
use crate::quality::Quality;
use climd_data::Part;

/// Batch size of evaluation.
const EVALUATION_BATCH: usize = 512;
/// Every so many epochs, from this one on, scores are compared with a full measurement: as often in each epoch between
/// two measurements.
const COMPARED: (usize, usize) = (7, 3);
/// Learning rate of pretraining.
const PRETRAINING_RATE: f64 = 1e-3;

/// Results of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Samples seen.
    pub samples: usize,
    /// Predictions of the last network on the test or validation part.
    pub confusion: ConfusionMatrix,
    /// Measures of its probabilities there. Older runs have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// Results at the points during training.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<Point>,
    /// Agreement with a full measurement in some epochs, if scores come from elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreement: Vec<Agreement>,
    /// Seconds of the whole run, without its points and its agreement.
    pub seconds: f64,
    /// Seconds in climd: observe, finish, update, selection and order.
    pub own_seconds: f64,
    /// Seconds of the forward passes that measuring needs.
    pub measuring_seconds: f64,
}

/// Results at one point during training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Gradient steps so far.
    pub step: usize,
    /// Macro F1 on the test or validation part, in `[0, 1]`.
    pub macro_f1: f64,
    /// For each label, the 5th, 25th, 50th, 75th and 95th percentile of the scores of its training samples. They are
    /// finite. A class without samples has none.
    pub scores: Vec<Vec<f32>>,
}

/// Trains one network, and tests it after each number of steps in `ends`. The numbers rise, and the last is the number
/// of steps of the configuration. `progress` gets the loss after each step, and can stop the
/// run with an error.
///
/// # Errors
/// Those of climd and libtorch.
pub fn run(
    config: &RunConfig,
    ends: &[usize],
    train: &Part,
    judged: &Part,
    device: Device,
    progress: &dyn Fn(&Tensor) -> Result<()>,
) -> Result<Vec<Outcome>> {
    let &RunConfig { ref method, seed, native, .. } = config;
    let (x, y) = tensors(train, device)?;
    let num_classes = 1 + train.labels.iter().chain(&judged.labels).max().copied().unwrap_or(0);
    let vs = nn::VarStore::new(device);
    let training = Training { x: &x, labels: &y, num_classes: num_classes as i64 };
    let network = with_seed(seed, || method.network.build(&vs.root(), &training))?;
    // a lone last sample is a batch, as it was when the committed runs were made
    let loader = CurriculumLoader::new(x, y, config.batch_size)?.last_batch(LastBatch::Keep);
    let loader = loader.measure_batch_size(EVALUATION_BATCH)?.terms(method.terms);
    // a pretrained network gives useful scores from the start
    let first_measure = if native.is_some_and(|native| native.pretraining > 0) { 0 } else { 1 };
    let mut settings = Settings { seed, first_measure, ..Default::default() };
    let factor = method.scoring.and_then(|scoring| scoring.factor);
    match method.scoring.map(|scoring| scoring.measure_every) {
        Some(Some(every)) => settings.measure_every = every,
        Some(None) => settings.first_measure = usize::MAX,
        None => {}
    }
    let sampler = Curriculum::new(loader.labels(), method.schedule.build())?.settings(settings);
    let mut sampler = sampler.running_mean(factor.unwrap_or(1.0))?;
    let criterion = Criterion::new(method.loss.clone(), sampler.classes(), num_classes)?;
    let dropout = Dropout::new(method.network.dropout(), seed);
    let judge = Judge { x: tensors(judged, device)?.0, labels: judged.labels.iter().map(|&l| l as i64).collect() };
    let clock = Clock::start();
    let (network, loader) = (network.as_ref(), &loader);
    let mut trainer = Trainer { config, network, loader, criterion, dropout, progress, num_classes, clock };
    if let Some(native) = native {
        trainer.pretrain(&native, &vs)?;
    }
    let wd = native.map_or(1e-4, |native| native.weight_decay); // L2, in the gradient
    let optimiser = nn::Adam { wd, ..Default::default() }.build(&vs, config.rate.start)?;
    trainer.train(optimiser, &mut sampler, &judge, ends)
}

/// The part that a network is tested on.
struct Judge {
    x: Vec<Tensor>,
    labels: Vec<i64>,
}

impl Judge {
    /// The values whose argmax is the prediction, `[n, C]`.
    fn scores(&self, network: &dyn Network, criterion: &Criterion) -> Result<Tensor> {
        let _guard = tch::no_grad_guard();
        Ok(criterion.scores(&network.forward(&self.x, None, None).fused)?)
    }

    fn confusion(&self, scores: &Tensor) -> Result<ConfusionMatrix> {
        let predictions: Vec<i64> = scores.argmax(1, false).try_into()?;
        Ok(ConfusionMatrix::new(&self.labels, &predictions)?)
    }
}

/// Times of a run.
struct Clock {
    started: Instant,
    own: Duration,       // in climd
    measuring: Duration, // in forward passes for it
    looking: Duration,   // at points during training; not counted
}

impl Clock {
    fn start() -> Clock {
        let zero = Duration::ZERO;
        Clock { started: Instant::now(), own: zero, measuring: zero, looking: zero }
    }

    /// Calls `look` without counting its time.
    fn aside<T>(&mut self, look: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let out = look();
        self.looking += begun.elapsed();
        out
    }
}

/// A network in training.
struct Trainer<'a> {
    config: &'a RunConfig,
    network: &'a dyn Network,
    loader: &'a CurriculumLoader,
    criterion: Criterion,
    dropout: Dropout,
    progress: &'a dyn Fn(&Tensor) -> Result<()>,
    num_classes: usize,
    clock: Clock,
}

impl Trainer<'_> {
    /// Trains epoch after epoch until all steps are done. Returns results for each of `ends`.
    fn train(
        &mut self,
        mut optimiser: nn::Optimizer,
        sampler: &mut impl CurriculumSampler,
        judge: &Judge,
        ends: &[usize],
    ) -> Result<Vec<Outcome>> {
        let &RunConfig { steps, points, native, .. } = self.config;
        let (loader, blocks) = (self.loader, native.map_or(1, |native| native.block));
        let (mut step, mut samples, mut looks, mut outcomes) = (0, 0, Vec::new(), Vec::new());
        let mut agreement = Vec::new();
        'training: for epoch in 0.. {
            let list = self.begin(sampler, epoch)?;
            if epoch % COMPARED.0 == COMPARED.1 {
                agreement.extend(self.compare(sampler, &list)?);
            }
            let blocks: Vec<_> = (0..blocks).map(|_| loader.batches(list.clone())).collect::<climd::Result<_>>()?;
            for batch in blocks.into_iter().flatten() {
                self.step(&mut optimiser, &batch, step)?;
                (step, samples) = (step + 1, samples + batch.labels.numel());
                if step * points / steps > (step - 1) * points / steps {
                    looks.push(self.look(judge, step)?);
                }
                if ends.contains(&step) {
                    outcomes.push(self.outcome(judge, samples, &looks, &agreement)?);
                }
                if step == steps {
                    break 'training;
                }
            }
        }
        Ok(outcomes)
    }

    /// Measures if the sampler wants scores, and returns the list of an epoch.
    fn begin(&mut self, sampler: &mut impl CurriculumSampler, epoch: usize) -> Result<Epoch> {
        let (begun, mut forward, mut row) = (Instant::now(), Duration::ZERO, 0);
        if self.observes() {
            self.loader.renew(sampler, epoch)?;
        }
        // where none are wanted, `refresh` may try the network, which the committed runs did not
        if sampler.wants_scores(epoch) {
            self.loader.refresh(sampler, epoch, |x| {
                let begun = Instant::now();
                let out = evaluate(self.network, x, &mut row);
                forward += begun.elapsed();
                out
            })?;
        }
        let list = sampler.epoch(epoch)?;
        self.criterion.begin(&list)?;
        self.clock.own += begun.elapsed() - forward;
        self.clock.measuring += forward;
        Ok(list)
    }

    /// One gradient step. `step` counts from 0.
    fn step(&mut self, optimiser: &mut nn::Optimizer, batch: &Batch, step: usize) -> Result<()> {
        let &RunConfig { rate, steps, native, .. } = self.config;
        let out = self.network.forward(&batch.modalities, Some(&batch.indices), Some(&mut self.dropout));
        let value = self.network.loss(&out, &batch.labels, &self.criterion)?;
        let lr = rate.at(step, steps);
        match native {
            None => optimiser.set_lr(lr),
            Some(native) => {
                let lr = lr * 0.2f64.powi(native.fall.map_or(0, |fall| (step / fall) as i32));
                optimiser.set_lr(lr);
                if native.fusion != 1.0 {
                    optimiser.set_lr_group(FUSION_GROUP, lr * native.fusion);
                }
            }
        }
        optimiser.backward_step(&value);
        if self.observes() {
            let begun = Instant::now();
            self.loader.observe(batch, &out.logits, &out.embeddings)?;
            self.clock.own += begun.elapsed();
        }
        (self.progress)(&value)
    }

    fn observes(&self) -> bool {
        self.config.method.scoring.is_some_and(|scoring| scoring.factor.is_some())
    }

    /// Compares the list of an epoch that depends on scores with that of a full measurement, if there is none in it.
    fn compare(&mut self, sampler: &impl CurriculumSampler, list: &Epoch) -> Result<Option<Agreement>> {
        let Trainer { config, network, loader, clock, .. } = self;
        let epoch = list.number();
        if config.method.scoring.is_none() || list.len() == loader.len() {
            return Ok(None);
        }
        clock.aside(|| {
            let mut row = 0;
            let measured = loader.measure(0..loader.len(), |x| evaluate(*network, x, &mut row))?;
            let mut full = Curriculum::new(loader.labels(), config.method.schedule.build())?.seed(config.seed);
            full.update(epoch, &measured)?;
            Ok(Some(Agreement::of(epoch, sampler, &full, &measured)?))
        })
    }

    /// Results at a point during training.
    fn look(&mut self, judge: &Judge, step: usize) -> Result<Point> {
        let Trainer { network, loader, criterion, num_classes, clock, .. } = self;
        clock.aside(|| {
            let scores = percentiles(*network, loader, *num_classes)?;
            let macro_f1 = judge.confusion(&judge.scores(*network, criterion)?)?.macro_f1();
            Ok(Point { step, macro_f1, scores })
        })
    }

    /// Results of the run so far.
    fn outcome(&mut self, judge: &Judge, samples: usize, looks: &[Point], agreement: &[Agreement]) -> Result<Outcome> {
        let Trainer { network, criterion, clock, .. } = self;
        let seconds = (clock.started.elapsed() - clock.looking).as_secs_f64();
        let (confusion, quality) = clock.aside(|| -> Result<_> {
            let scores = judge.scores(*network, criterion)?;
            Ok((judge.confusion(&scores)?, Quality::of(&scores, &judge.labels)?))
        })?;
        Ok(Outcome {
            samples,
            confusion,
            quality: Some(quality),
            points: looks.to_vec(),
            agreement: agreement.to_vec(),
            seconds,
            own_seconds: clock.own.as_secs_f64(),
            measuring_seconds: clock.measuring.as_secs_f64(),
        })
    }

    /// Pretrains with full batches of all samples on the loss of the heads.
    fn pretrain(&mut self, native: &Native, vs: &nn::VarStore) -> Result<()> {
        let all = Curriculum::new(self.loader.labels(), Uniform)?;
        let mut optimiser = nn::Adam { wd: native.weight_decay, ..Default::default() }.build(vs, PRETRAINING_RATE)?;
        self.criterion.begin(&all.epoch(0)?)?;
        for _ in 0..native.pretraining {
            for batch in self.loader.epoch(&all, 0)? {
                let out = self.network.forward(&batch.modalities, Some(&batch.indices), Some(&mut self.dropout));
                let value = self.network.pretraining_loss(&out, &batch.labels, &self.criterion)?;
                optimiser.backward_step(&value);
                (self.progress)(&value)?;
            }
        }
        Ok(())
    }
}

/// Logits and embeddings of a batch of training samples from `row` on, for the measurer. Moves `row` behind them.
fn evaluate(network: &dyn Network, x: &[Tensor], row: &mut i64) -> (Vec<Tensor>, Vec<Tensor>) {
    let end = *row + x[0].size()[0];
    let rows = Tensor::arange_start(*row, end, (Kind::Int64, x[0].device()));
    *row = end;
    let out = network.forward(x, Some(&rows), None);
    (out.logits, out.embeddings)
}

fn percentiles(network: &dyn Network, loader: &CurriculumLoader, num_classes: usize) -> Result<Vec<Vec<f32>>> {
    let _guard = tch::no_grad_guard();
    let (mut measurer, mut row) = (MultimodalMeasurer::new(loader.labels())?, 0);
    for batch in loader.all() {
        let (logits, embeddings) = evaluate(network, &batch.modalities, &mut row);
        measurer.observe(&batch.indices, &logits, &embeddings)?;
    }
    let mut scores = vec![Vec::new(); num_classes];
    for (score, &label) in measurer.finish()?.into_iter().zip(loader.labels()) {
        scores[label as usize].push(score);
    }
    let at = |scores: &[f32], percent: usize| scores[(scores.len() - 1) * percent / 100];
    let of_class = |mut scores: Vec<f32>| {
        scores.sort_by(f32::total_cmp);
        if scores.is_empty() { Vec::new() } else { [5, 25, 50, 75, 95].map(|percent| at(&scores, percent)).to_vec() }
    };
    Ok(scores.into_iter().map(of_class).collect())
}

/// Number of samples of each label in every epoch below `epochs`, for this schedule and these labels.
///
/// # Errors
/// Those of climd.
pub fn class_distribution(
    labels: &[usize],
    num_classes: usize,
    schedule: Box<dyn Schedule>,
    epochs: usize,
) -> climd::Result<Vec<Vec<usize>>> {
    let sampler = Curriculum::new(labels, schedule)?;
    let by_label = |epoch| {
        let mut counts = vec![0; num_classes];
        for (rank, quota) in sampler.quotas(epoch)?.into_iter().enumerate() {
            counts[sampler.classes().label(rank) as usize] = quota; // labels are 0..num_classes
        }
        Ok(counts)
    };
    (0..epochs).map(by_label).collect()
}

/// Features, `M` times `[n, d_m]`, and labels, `[n]`.
///
/// # Errors
/// Those of libtorch.
pub fn tensors(part: &Part, device: Device) -> Result<(Vec<Tensor>, Tensor)> {
    let rows = part.labels.len() as i64;
    let modality = |values: &Vec<f32>| Ok(Tensor::f_from_slice(values)?.f_view([rows, -1])?.f_to_device(device)?);
    let labels: Vec<i64> = part.labels.iter().map(|&label| label as i64).collect();
    let labels = Tensor::f_from_slice(&labels)?.f_to_device(device)?.f_to_kind(Kind::Int64)?;
    Ok((part.values.iter().map(modality).collect::<Result<_>>()?, labels))
}
