//! One run: a network trained in one arm on one split, for a fixed number of gradient steps.
//!
//! All arms of a seed start from the same weights and take the same number of steps: an arm whose curriculum makes
//! fewer goes on with epochs of the full data until it has done as many as plain training. What is reported is the
//! network after the last step.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use climd::{ConfusionMatrix, Curriculum, CurriculumLoader, CurriculumSampler, PowerLaw, Schedule, Tail, Uniform};
use serde::{Deserialize, Serialize};
use tch::nn::{self, OptimizerConfig};
use tch::{Device, Kind, Tensor};

use crate::data::Part;
use crate::network::{Baseline, BaselineConfig, Dropout, loss};

/// What a row of the table does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// Plain training, cross-entropy.
    Baseline,
    /// Plain training, cross-entropy corrected for the class prior.
    Prior,
    /// The curriculum of the paper.
    Climd,
    /// The same with the cross-entropy corrected for each epoch's own class prior.
    ClimdPrior,
}

impl Arm {
    /// All arms, in the order of the table.
    pub const ALL: [Arm; 4] = [Arm::Baseline, Arm::Prior, Arm::Climd, Arm::ClimdPrior];

    /// Its name in tables and plots.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Arm::Baseline => "baseline",
            Arm::Prior => "baseline + prior",
            Arm::Climd => "CLIMD",
            Arm::ClimdPrior => "CLIMD + prior",
        }
    }

    fn has_curriculum(self) -> bool {
        matches!(self, Arm::Climd | Arm::ClimdPrior)
    }

    fn corrects_prior(self) -> bool {
        matches!(self, Arm::Prior | Arm::ClimdPrior)
    }
}

/// The learning rate over the steps of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LearningRate {
    /// At the first step.
    pub start: f64,
    /// Whether it falls to 0 along half a cosine.
    pub cosine: bool,
}

impl LearningRate {
    fn at(self, step: usize, steps: usize) -> f64 {
        let share = step as f64 / steps as f64;
        if self.cosine { self.start * 0.5 * (1.0 + (std::f64::consts::PI * share).cos()) } else { self.start }
    }
}

/// What all runs share.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Epochs of plain training `E`; the curriculum is as many epochs long.
    pub epochs: usize,
    /// Batch size.
    pub batch_size: usize,
    /// The curriculum; its length is set to `epochs`.
    pub schedule: PowerLaw,
    /// The network.
    pub network: BaselineConfig,
    /// Where to train.
    pub device: Device,
}

/// What came of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// Gradient steps.
    pub steps: usize,
    /// Samples seen.
    pub samples: usize,
    /// Predictions of the last network on the part it was judged on.
    pub confusion: ConfusionMatrix,
    /// Macro F1 on that part after so many steps; empty unless asked for.
    pub curve: Vec<(usize, f64)>,
    /// Seconds of the whole run, without the curve's evaluations.
    pub seconds: f64,
    /// Seconds in this crate: observe, finish, update, selection and order.
    pub own_seconds: f64,
    /// Seconds of the forward passes that measuring needs.
    pub measuring_seconds: f64,
}

/// New weights come from libtorch's one generator: seeding and drawing must not be parted.
static WEIGHTS: Mutex<()> = Mutex::new(());

/// One run: what is trained, from which seed, on what, and judged on what.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The row of the table.
    pub arm: Arm,
    /// Of weights, dropout and sampler.
    pub seed: u64,
    /// The learning rate.
    pub rate: LearningRate,
    /// Rows to learn from.
    pub train: &'a Part,
    /// Rows to be judged on.
    pub judged: &'a Part,
    /// Evaluations on the way, for a curve.
    pub curve_points: usize,
}

/// Trains and judges; `progress` is called with the loss after each step.
///
/// # Errors
/// Those of climd and libtorch.
pub fn run(run: &Run<'_>, setting: &Setting, progress: &dyn Fn(&Tensor)) -> Result<Outcome> {
    let &Run { arm, seed, rate, train, judged, curve_points } = run;
    let (x, y) = tensors(train, setting.device)?;
    let loader = CurriculumLoader::new(x, y, setting.batch_size)?.measure_batch_size(512)?;
    let schedule: Box<dyn Schedule> = match arm.has_curriculum() {
        true => Box::new(PowerLaw { epochs: setting.epochs, ..setting.schedule.clone() }),
        false => Box::new(Uniform {}),
    };
    let mut sampler = Curriculum::new(loader.labels(), schedule)?.seed(seed);
    // as many as E epochs of plain training take, for every arm
    let plain = Curriculum::new(loader.labels(), Uniform {})?;
    let steps = plain.steps(0..setting.epochs, setting.batch_size, Tail::Keep)?;

    let num_classes = 1 + train.labels.iter().chain(&judged.labels).max().copied().unwrap_or(0);
    let widths: Vec<i64> = train.values.iter().map(|values| (values.len() / train.rows.len()) as i64).collect();
    let vs = nn::VarStore::new(setting.device);
    let network = {
        let _guard = WEIGHTS.lock().unwrap_or_else(PoisonError::into_inner);
        tch::manual_seed(seed as i64);
        Baseline::new(&vs.root(), &widths, num_classes as i64, &setting.network)
    };
    let mut dropout = Dropout::new(setting.network.dropout, seed);
    let mut optimiser = nn::Adam { wd: 1e-4, ..Default::default() }.build(&vs, rate.start)?; // wd: L2, in the gradient
    let judge = |network: &Baseline| -> Result<ConfusionMatrix> {
        let (x, _) = tensors(judged, setting.device)?;
        let fused = tch::no_grad(|| network.forward(&x, None).fused);
        let predictions: Vec<i64> = fused.argmax(1, false).try_into()?;
        let labels: Vec<i64> = judged.labels.iter().map(|&label| label as i64).collect();
        Ok(ConfusionMatrix::new(&labels, &predictions)?)
    };

    let (mut step, mut samples, mut curve) = (0, 0, Vec::new());
    let (mut own, mut measuring, mut judging) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
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
        let log_prior = if arm.corrects_prior() { Some(list.log_prior(num_classes)?) } else { None };
        own += begun.elapsed() - forward;
        measuring += forward;
        for batch in loader.batches(list) {
            let out = network.forward(&batch.modalities, Some(&mut dropout));
            let value = loss(&out, &batch.labels, setting.network.head_weight, log_prior.as_deref())?;
            optimiser.set_lr(rate.at(step, steps));
            optimiser.backward_step(&value);
            (step, samples) = (step + 1, samples + batch.labels.numel());
            progress(&value);
            if step * curve_points / steps > (step - 1) * curve_points / steps {
                let begun = Instant::now();
                curve.push((step, judge(&network)?.macro_f1()));
                judging += begun.elapsed();
            }
            if step == steps {
                break 'training;
            }
        }
    }
    let seconds = (started.elapsed() - judging).as_secs_f64();
    let (own_seconds, measuring_seconds) = (own.as_secs_f64(), measuring.as_secs_f64());
    let confusion = judge(&network)?;
    Ok(Outcome { steps, samples, confusion, curve, seconds, own_seconds, measuring_seconds })
}

/// Samples of each class, by label, in every epoch that the schedule makes of these labels.
///
/// # Errors
/// Those of climd.
pub fn class_distribution(labels: &[usize], num_classes: usize, schedule: &PowerLaw) -> climd::Result<Vec<Vec<usize>>> {
    let sampler = Curriculum::new(labels, schedule.clone())?;
    let by_label = |epoch| {
        let mut counts = vec![0; num_classes];
        for (rank, quota) in sampler.quotas(epoch)?.into_iter().enumerate() {
            counts[sampler.classes().label(rank) as usize] = quota; // labels are 0..num_classes
        }
        Ok(counts)
    };
    (0..schedule.epochs).map(by_label).collect()
}

fn tensors(part: &Part, device: Device) -> Result<(Vec<Tensor>, Tensor)> {
    let rows = part.rows.len() as i64;
    let modality = |values: &Vec<f32>| Ok(Tensor::f_from_slice(values)?.f_view([rows, -1])?.f_to_device(device)?);
    let labels: Vec<i64> = part.labels.iter().map(|&label| label as i64).collect();
    let labels = Tensor::f_from_slice(&labels)?.f_to_device(device)?.f_to_kind(Kind::Int64)?;
    Ok((part.values.iter().map(modality).collect::<Result<_>>()?, labels))
}
