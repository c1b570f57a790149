//! One training run on samples with several labels each: a perceptron with a sigmoid for each label.

use std::collections::HashSet;

use anyhow::{Context, Result};
use climd::schedule::Uniform;
use climd::{
    Curriculum, CurriculumLoader, CurriculumSampler, LabelMetrics, PowerLaw, Targets, Terms, prior_corrected_bce, split,
};
use climd_data::MultiLabel;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use tch::nn::{self, Module, OptimizerConfig};
use tch::{Device, Kind, Tensor};

use crate::network::{Dropout, LearningRate, linear, with_seed};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// All samples in every epoch, plain binary cross-entropy.
    Plain,
    /// All samples, with prior correction.
    Prior,
    /// The curriculum of the paper over own labels.
    Climd,
    /// The curriculum, with prior correction.
    ClimdPrior,
    /// As many draws as there are samples: a label uniformly, then one of its carriers uniformly. A sample that has no
    /// label is never drawn.
    ClassAware,
    /// The same with one more label, which the samples without labels carry.
    ClassAwareNone,
}

/// Everything that a run depends on, and the key of the run cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelsRun {
    /// Version of the training; runs of another one are not used.
    pub version: u32,
    /// Name of the data.
    pub data: String,
    /// [`MultiLabel::fingerprint`].
    pub fingerprint: String,
    /// Seed of split, weights, dropout and draws.
    pub seed: u64,
    /// The method.
    pub arm: Arm,
    /// Learning rate of the first step; it falls to 0 along half a cosine.
    pub rate: f64,
    /// Epochs of plain training. All arms take as many steps.
    pub epochs: usize,
    /// Samples in each batch.
    pub batch_size: usize,
}

/// The current [`LabelsRun::version`].
pub const VERSION: u32 = 1;
/// Weights of training, validation and test part.
pub const PARTS: [u32; 3] = [3, 1, 1];
const HIDDEN: i64 = 256;
const DROPOUT: f64 = 0.5;

/// What a run gives; shares, not percent. Thresholds are those that are best on the validation part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelsOutcome {
    /// Mean average precision on the validation part, by which the learning rate is chosen.
    pub validation: f64,
    /// Mean average precision on the test part.
    pub mean_average_precision: f64,
    /// Macro F1 on the test part with these thresholds.
    pub tuned_macro_f1: f64,
    /// Macro F1 on the test part at probability 1/2 of what was trained.
    pub macro_f1: f64,
    /// Samples of the training part and of the test part.
    pub samples: [usize; 2],
}

/// Rows of one part.
struct Rows {
    x: Tensor,       // [n, features]
    labels: Vec<i8>, // [n, L]
}

/// Trains and tests.
///
/// # Errors
/// [`climd_data::Error::EmptyPart`] if there are too few groups; those of climd and libtorch.
pub fn run(config: &LabelsRun, data: &MultiLabel) -> Result<LabelsOutcome> {
    let columns = data.names.len();
    let part = split(&Targets::multi_hot(&data.labels, columns)?, &data.groups, &PARTS, config.seed)?;
    for (of, name) in (0..).zip(["training", "validation", "test"]) {
        if !part.contains(&of) {
            let groups = data.groups.iter().collect::<HashSet<_>>().len();
            return Err(climd_data::Error::EmptyPart { part: name, rows: part.len(), groups: Some(groups) }.into());
        }
    }
    let [train, validation, test] = rows(data, &part)?;
    let n = train.labels.len() / columns;
    let table = Tensor::f_from_slice(&train.labels)?.f_view([n as i64, columns as i64])?;
    let loader = CurriculumLoader::multi_hot(vec![train.x.shallow_clone()], table.shallow_clone(), config.batch_size)?;
    let loader = loader.terms(Terms::Confidence).measure_batch_size(1024)?;

    let vs = nn::VarStore::new(Device::Cpu);
    let (first, last) = with_seed(config.seed, || {
        let features = data.features.columns.len() as i64;
        (linear(vs.root() / "first", features, HIDDEN, true), linear(vs.root() / "last", HIDDEN, columns as i64, true))
    });
    let logits = |x: &Tensor| last.forward(&first.forward(x).relu());
    let mut dropout = Dropout::new(DROPOUT, config.seed);
    let mut optimiser = nn::Adam { wd: 1e-4, ..Default::default() }.build(&vs, config.rate)?;
    let rate = LearningRate { start: config.rate, cosine: true };
    let schedule: Box<dyn climd::Schedule> = match config.arm {
        Arm::Climd | Arm::ClimdPrior => Box::new(PowerLaw { epochs: config.epochs, ..Default::default() }),
        Arm::Plain | Arm::Prior | Arm::ClassAware | Arm::ClassAwareNone => Box::new(Uniform),
    };
    let mut sampler = Curriculum::with_targets(loader.targets()?, schedule)?.seed(config.seed);
    let mut draws = Draws::new(&train.labels, columns, config.arm == Arm::ClassAwareNone, config.seed);
    let corrected = matches!(config.arm, Arm::Prior | Arm::ClimdPrior);
    let steps = config.epochs * n.div_ceil(config.batch_size);
    let mut step = 0;
    'training: for epoch in 0.. {
        if sampler.wants_scores(epoch) {
            loader.refresh(&mut sampler, epoch, |x| (vec![logits(&x[0])], vec![]))?;
        }
        let of_epoch = sampler.epoch(epoch)?;
        let shift = if corrected { of_epoch.log_odds()? } else { vec![0.0; columns] };
        let list: Vec<i64> = match config.arm {
            Arm::ClassAware | Arm::ClassAwareNone => (0..n).map(|_| draws.next()).collect(),
            _ => of_epoch.indices().iter().map(|&i| i64::from(i)).collect(),
        };
        for batch in list.chunks(config.batch_size) {
            let batch = Tensor::f_from_slice(batch)?;
            let hidden = first.forward(&train.x.f_index_select(0, &batch)?).relu();
            let out = last.forward(&dropout.apply(&hidden));
            let loss = prior_corrected_bce(&out, &table.f_index_select(0, &batch)?, &shift, None, 1.0)?;
            optimiser.set_lr(rate.at(step, steps));
            optimiser.backward_step(&loss);
            step += 1;
            if step == steps {
                break 'training;
            }
        }
    }

    let metrics = |rows: &Rows| -> Result<LabelMetrics> {
        let _guard = tch::no_grad_guard();
        let scores: Vec<f32> = Vec::try_from(logits(&rows.x).f_reshape([-1])?)?;
        Ok(LabelMetrics::new(&rows.labels, &scores, columns)?)
    };
    let (of_validation, of_test) = (metrics(&validation)?, metrics(&test)?);
    Ok(LabelsOutcome {
        validation: of_validation.mean_average_precision(),
        mean_average_precision: of_test.mean_average_precision(),
        tuned_macro_f1: of_test.macro_f1(&of_validation.tuned_thresholds())?,
        macro_f1: of_test.macro_f1(&vec![0.0; columns])?,
        samples: [n, test.labels.len() / columns],
    })
}

/// The parts, with features of mean 0 and deviation 1 in the training part.
fn rows(data: &MultiLabel, part: &[u8]) -> Result<[Rows; 3]> {
    let (n, columns) = (data.groups.len() as i64, data.names.len());
    let all = Tensor::f_from_slice(&data.features.values)?.f_view([n, -1])?;
    let of = |wanted: u8| (0..part.len()).filter(|&row| part[row] == wanted).collect::<Vec<usize>>();
    let take =
        |rows: &[usize]| all.index_select(0, &Tensor::from_slice(&rows.iter().map(|&r| r as i64).collect::<Vec<_>>()));
    let train = take(&of(0));
    let over_rows = [0i64];
    let mean = train.f_mean_dim(over_rows.as_slice(), true, Kind::Float)?;
    let deviation = train.f_std_dim(over_rows.as_slice(), true, true)?.f_clamp_min(1e-6)?;
    let of_part = |wanted: u8| {
        let rows = of(wanted);
        let labels = rows.iter().flat_map(|&row| &data.labels[row * columns..][..columns]).copied().collect();
        Ok(Rows { x: take(&rows).f_sub(&mean)?.f_div(&deviation)?, labels })
    };
    let parts: Vec<Rows> = (0..3).map(of_part).collect::<Result<_>>()?;
    parts.try_into().ok().context("three parts")
}

/// Class-aware draws.
struct Draws {
    carriers: Vec<Vec<i64>>,
    rng: ChaCha8Rng,
}

impl Draws {
    /// `none`: whether samples without labels are drawn, as if that were one more label.
    fn new(labels: &[i8], columns: usize, none: bool, seed: u64) -> Self {
        let of_label = |label: usize| {
            let carries = (0..).zip(labels.chunks_exact(columns)).filter(|(_, row)| row[label] == 1);
            carries.map(|(row, _)| row).collect::<Vec<i64>>()
        };
        let bare = (0..).zip(labels.chunks_exact(columns)).filter(|(_, row)| none && !row.contains(&1));
        let bare: Vec<i64> = bare.map(|(row, _)| row).collect();
        let carriers = (0..columns).map(of_label).chain([bare]).filter(|carriers| !carriers.is_empty()).collect();
        Self { carriers, rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    fn next(&mut self) -> i64 {
        // of 64 bits, so that the bias of the remainder is below any that a run could show
        let mut below = |n: usize| (self.rng.next_u64() % n as u64) as usize;
        let label = below(self.carriers.len());
        self.carriers[label][below(self.carriers[label].len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_is_drawn_as_often_and_so_is_each_of_its_carriers() {
        // label 0: samples 0 to 2, label 1: sample 3, label 2: nobody; sample 4 has none
        let labels = [1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0];
        let cases = [
            (false, [1000.0, 1000.0, 1000.0, 3000.0, 0.0]),
            (true, [2000.0 / 3.0, 2000.0 / 3.0, 2000.0 / 3.0, 2000.0, 2000.0]),
        ];
        for (none, expected) in cases {
            let mut draws = Draws::new(&labels, 3, none, 7);
            let mut counts = [0u32; 5];
            (0..6000).for_each(|_| counts[draws.next() as usize] += 1);
            for (count, expected) in counts.iter().zip(expected) {
                assert!((f64::from(*count) - expected).abs() < 160.0, "{counts:?}");
            }
        }
    }

    #[test]
    fn a_run_learns_what_can_be_learned_and_is_the_same_again() {
        let mut data = MultiLabel::default();
        let mut words = ChaCha8Rng::seed_from_u64(1);
        let mut uniform = || words.next_u32() as f32 / u32::MAX as f32 - 0.5;
        data.names = vec!["a".into(), "b".into()];
        data.features.columns = vec!["x".into(), "y".into()];
        for row in 0..400 {
            let (x, y) = (uniform(), uniform());
            data.features.values.extend([x, y]);
            data.labels.extend([i8::from(x > 0.2), i8::from(y > 0.3)]);
            data.groups.push(row / 2);
        }
        data.features.rows = 400;
        for arm in [Arm::Plain, Arm::Prior, Arm::Climd, Arm::ClimdPrior, Arm::ClassAwareNone] {
            let (data_name, fingerprint) = ("made".to_owned(), data.fingerprint());
            let config = LabelsRun {
                version: VERSION,
                data: data_name,
                fingerprint,
                seed: 3,
                arm,
                rate: 1e-2,
                epochs: 30,
                batch_size: 16,
            };
            let outcome = run(&config, &data).unwrap();
            assert!(outcome.mean_average_precision > 0.9, "{outcome:?}");
            assert_eq!(run(&config, &data).unwrap(), outcome);
            // 200 groups; of one, nothing is left to choose a rate by
            let error = run(&config, &MultiLabel { groups: vec![0; 400], ..data.clone() }).unwrap_err().to_string();
            assert!(error.starts_with("the validation part of a split would be empty, as the 400 rows"), "{error}");
        }
    }
}
