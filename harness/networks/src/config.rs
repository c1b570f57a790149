//! What a run is: everything that its result depends on, and nothing else.

use climd::schedule::{
    BabyStep, ClassBalanced, Geometric, HardMajority, Linear, OnePass, ProgressivelyBalanced, Root, Switch, Trim,
    UnderSampling, Uniform,
};
use climd::{PowerLaw, Schedule, Terms};
use serde::{Deserialize, Serialize};

use crate::criterion::Loss;
use crate::network::{LearningRate, Native, NetworkConfig};
use crate::oversample::Oversampler;
use crate::redrawn::Redrawn;

/// A run's full configuration: the key of the run cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunConfig {
    /// [`VERSION`] of the code that trained.
    pub version: u32,
    /// The data.
    pub data: DataConfig,
    /// Seed of the split, and of weights, dropout and sampler.
    pub seed: u64,
    /// What is trained on and judged on.
    pub part: Part,
    /// What is trained.
    pub method: Method,
    /// The learning rate.
    pub rate: LearningRate,
    /// Samples a batch.
    pub batch_size: usize,
    /// Gradient steps.
    pub steps: usize,
    /// Points on the way at which the network is judged and the training samples are scored; 0 for none.
    pub points: usize,
    /// The way of the network's authors; none: mini-batches, and the same for all networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native: Option<Native>,
}

impl RunConfig {
    /// Whether this run is the first steps of another one, which has to know nothing of its own end for that.
    #[must_use]
    pub fn begins(&self, other: &RunConfig) -> bool {
        let whole = RunConfig { steps: other.steps, ..self.clone() };
        self.steps < other.steps && !self.rate.cosine && self.points == 0 && whole == *other
    }
}

/// Of the training code: raised when a change of it changes results, so that cached runs are not mixed with new ones.
pub const VERSION: u32 = 1;

/// A data set, and what is done to its training part before anything else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataConfig {
    /// Its name.
    pub name: String,
    /// Hash of its labels and values.
    pub fingerprint: String,
    /// Ratio of the largest to the smallest class that the training part is thinned to; none: as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<f64>,
    /// Share of training labels that are replaced, in `[0, 1)`.
    pub noise: f64,
}

/// Which parts of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Trained on four fifths of the training part, judged on the rest: for every choice, and for curves.
    Validation,
    /// Trained on the training part, judged once on the test part.
    Test,
}

/// What a row of a table does: everything but data, seed, learning rate and number of steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// The network.
    pub network: NetworkConfig,
    /// Which samples, when.
    pub schedule: ScheduleConfig,
    /// What the scores are made of.
    pub terms: Terms,
    /// The loss.
    pub loss: Loss,
    /// Synthetic samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oversample: Option<Oversampler>,
}

/// Every schedule of climd, as a value that can be written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
#[allow(missing_docs)] // each is the schedule of its name
pub enum ScheduleConfig {
    Uniform(Uniform),
    PowerLaw(PowerLaw),
    Linear(Linear),
    Root(Root),
    Geometric(Geometric),
    BabyStep(BabyStep),
    OnePass(OnePass),
    UnderSampling(UnderSampling),
    ClassBalanced(ClassBalanced),
    ProgressivelyBalanced(ProgressivelyBalanced),
    HardMajority(HardMajority),
    /// The control of [`HardMajority`].
    RandomMajority(Redrawn<HardMajority>),
    Trim(Trim),
    /// The control of [`Trim`].
    RandomTrim(Redrawn<Trim>),
    /// Everything, then classes in equal shares (Cao et al. 2019).
    DeferredRebalancing(Switch<Uniform, ClassBalanced>),
    /// The curriculum of the paper, then the hardest samples of the large classes.
    PowerLawThenHard(Switch<PowerLaw, HardMajority>),
}

impl ScheduleConfig {
    /// The schedule.
    #[must_use]
    pub fn build(&self) -> Box<dyn Schedule> {
        match self.clone() {
            ScheduleConfig::Uniform(schedule) => Box::new(schedule),
            ScheduleConfig::PowerLaw(schedule) => Box::new(schedule),
            ScheduleConfig::Linear(schedule) => Box::new(schedule),
            ScheduleConfig::Root(schedule) => Box::new(schedule),
            ScheduleConfig::Geometric(schedule) => Box::new(schedule),
            ScheduleConfig::BabyStep(schedule) => Box::new(schedule),
            ScheduleConfig::OnePass(schedule) => Box::new(schedule),
            ScheduleConfig::UnderSampling(schedule) => Box::new(schedule),
            ScheduleConfig::ClassBalanced(schedule) => Box::new(schedule),
            ScheduleConfig::ProgressivelyBalanced(schedule) => Box::new(schedule),
            ScheduleConfig::HardMajority(schedule) => Box::new(schedule),
            ScheduleConfig::RandomMajority(schedule) => Box::new(schedule),
            ScheduleConfig::Trim(schedule) => Box::new(schedule),
            ScheduleConfig::RandomTrim(schedule) => Box::new(schedule),
            ScheduleConfig::DeferredRebalancing(schedule) => Box::new(schedule),
            ScheduleConfig::PowerLawThenHard(schedule) => Box::new(schedule),
        }
    }
}
