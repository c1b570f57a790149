//! The configuration of a run: everything that its result depends on, and nothing else.

use climd::schedule::{AnySchedule, ClassBalanced, HardMajority, Switch, Trim, Uniform};
use climd::{PowerLaw, Schedule, Terms};
use serde::{Deserialize, Serialize};

use crate::criterion::Loss;
use crate::network::{LearningRate, Native, NetworkConfig};
use crate::oversample::Oversampler;
use crate::redrawn::Redrawn;

/// A run's full configuration: the key of the run cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunConfig {
    /// One of [`VERSIONS`].
    pub version: u32,
    /// The data.
    pub data: DataConfig,
    /// Seed of the split, and of weights, dropout and sampler.
    pub seed: u64,
    /// The parts for training and for testing.
    pub part: Part,
    /// The network, its schedule and its loss.
    pub method: Method,
    /// The learning rate.
    pub rate: LearningRate,
    /// Samples in each batch.
    pub batch_size: usize,
    /// Gradient steps.
    pub steps: usize,
    /// Number of points during training at which the network is tested and the training samples are scored.
    pub points: usize,
    /// Training as the network's authors do it. None: mini-batches, the same for all networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native: Option<Native>,
}

impl RunConfig {
    /// Whether this run equals the first steps of another run. The other run must not depend on its own length.
    #[must_use]
    pub fn begins(&self, other: &RunConfig) -> bool {
        let whole = RunConfig { steps: other.steps, ..self.clone() };
        self.steps < other.steps && !self.rate.cosine && self.points == 0 && whole == *other
    }
}

/// Version of the training code. A change that changes results raises it, so that cached runs are not mixed with new.
///
/// 1: runs of the older rules for the learning rate, most of which have no [`Quality`](crate::quality::Quality). 2: the
/// others, all of which have one. The committed ones of version 2 were made with other kernels, so they differ from one
/// of version 1 by rounding (docs/results/README.md).
pub const VERSIONS: [u32; 2] = [1, 2];

/// A data set, and the changes to its training part before anything else.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DataConfig {
    /// Its name.
    pub name: String,
    /// Hash of its labels and values.
    pub fingerprint: String,
    /// Ratio of the largest to the smallest class after thinning the training part. None: no thinning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<f64>,
    /// How it is thinned. None: by [`climd_data::Split::thin`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinning: Option<Thinning>,
    /// Share of training labels that are replaced by wrong ones, in `[0, 1)`.
    pub noise: f64,
    /// Which wrong ones. None: those of all other classes alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_kind: Option<NoiseKind>,
}

/// Another way of thinning a training part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thinning {
    /// By [`climd_data::Split::thin_exactly`].
    Exact,
}

/// Another kind of wrong labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseKind {
    /// Of the class that is nearest in the training part, by [`climd_data::neighbours`].
    Neighbour,
}

/// Which parts of a split are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Train on four fifths of the training part, test on the rest: for every choice, and for curves.
    Validation,
    /// Train on the training part, test once on the test part.
    Test,
    /// As `Validation`, but in this repeat, each of which is another draw: for a choice that rests on several.
    Inner(u32),
}

/// The method of one row of a table: everything except data, seed, learning rate and number of steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// The network.
    pub network: NetworkConfig,
    /// The schedule: which samples are used in which epoch.
    pub schedule: ScheduleConfig,
    /// The terms of the scores.
    pub terms: Terms,
    /// The loss.
    pub loss: Loss,
    /// Oversampling with synthetic samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oversample: Option<Oversampler>,
    /// Where scores come from. None: all samples are measured at the beginning of each epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scoring: Option<Scoring>,
}

/// Where scores come from, if not from a full measurement in each epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scoring {
    /// Epochs from one full measurement to the next, from epoch 1 on; 0: only that one. None: never.
    pub measure_every: Option<usize>,
    /// Weight of a score from a training step against the one before. None: steps are not observed.
    pub factor: Option<f64>,
}

/// Any schedule of climd, or one of the harness's own names.
///
/// The own names are part of the keys of the run cache, so they stay as they are, although [`AnySchedule`] could say
/// the two switches too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum ScheduleConfig {
    /// The control of [`HardMajority`]: the same numbers of samples, drawn at random.
    RandomMajority(Redrawn<HardMajority>),
    /// The control of [`Trim`]: the same numbers of samples, drawn at random.
    RandomTrim(Redrawn<Trim>),
    /// All samples, then classes with equal shares (Cao et al. 2019).
    DeferredRebalancing(Switch<Uniform, ClassBalanced>),
    /// The curriculum of the paper, then the hardest samples of the large classes.
    PowerLawThenHard(Switch<PowerLaw, HardMajority>),
    /// A schedule of climd, by its own name.
    #[serde(untagged)]
    Any(AnySchedule),
}

impl<S: Into<AnySchedule>> From<S> for ScheduleConfig {
    fn from(schedule: S) -> Self {
        Self::Any(schedule.into())
    }
}

impl ScheduleConfig {
    /// The schedule.
    #[must_use]
    pub fn build(&self) -> Box<dyn Schedule> {
        match self.clone() {
            Self::RandomMajority(schedule) => Box::new(schedule),
            Self::RandomTrim(schedule) => Box::new(schedule),
            Self::DeferredRebalancing(schedule) => Box::new(schedule),
            Self::PowerLawThenHard(schedule) => Box::new(schedule),
            Self::Any(schedule) => Box::new(schedule),
        }
    }
}
