//! Rows of a table on the same splits, several runs at a time, each done once and then read from the cache.
//!
//! For each seed:
//!
//! 1. A stratified split is made, and a validation part is taken out of its training part. Groups stay together.
//! 2. The learning rate is chosen on the validation part, for plain training of a row's network. The row uses this
//!    rate.
//! 3. The row is trained on the whole training part, and tested once on the test part, after its last step.
//!
//! Nothing is chosen on a test part.

use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use climd::schedule::Uniform;
use climd::{Curriculum, CurriculumSampler, LastBatch, PowerLaw, Schedule, Terms};
use serde::Serialize;
use tch::{Device, Tensor, nn};

use crate::cache::Cache;
use climd_data::{Dataset, Preparation, Prepared, Split};
use climd_networks::config::{DataConfig, Method, Part, RunConfig, ScheduleConfig, VERSION};
use climd_networks::criterion::{Criterion, Loss};
use climd_networks::network::{LearningRate, NetworkConfig, Training, with_seed};
use climd_networks::oversample::Oversampler;
use climd_networks::train::{Outcome, run, tensors};

const PAPER_RATE: f64 = 5e-5;
const TUNED: [f64; 4] = [1e-4, 3e-4, 1e-3, 3e-3];

/// Source of the learning rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// The best of 1e-4, 3e-4, 1e-3 and 3e-3 for plain training on validation, with cosine decay, for each split.
    Tuned,
    /// The paper's 5e-5, constant.
    Paper,
    /// The rate and the training of each network's authors, for networks where these are known.
    Native,
}

impl Rate {
    fn candidates(self, network: &NetworkConfig) -> Vec<LearningRate> {
        match self {
            Rate::Native => network.recipe().map(|recipe| recipe.rate).into_iter().collect(),
            Rate::Tuned => TUNED.map(|start| LearningRate { start, cosine: true }).to_vec(),
            Rate::Paper => vec![LearningRate { start: PAPER_RATE, cosine: false }],
        }
    }
}

/// How many gradient steps a row takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// As many as plain training takes in all its epochs.
    EqualSteps,
    /// As many as this schedule takes in the same number of epochs.
    EqualEpochs(ScheduleConfig),
}

/// Identity of a row in the program. It does not depend on the name that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct RowId {
    /// The network, with its heads: `baseline`, `baseline-probes`, `dmib`.
    pub network: &'static str,
    /// The method: `plain`, `climd`, `prior`.
    pub arm: &'static str,
    /// The arm at whose last epoch the row stops. None: it takes as many steps as plain training.
    pub until: Option<&'static str>,
}

impl RowId {
    /// A row that takes as many steps as plain training.
    #[must_use]
    pub const fn new(network: &'static str, arm: &'static str) -> RowId {
        RowId { network, arm, until: None }
    }

    /// The row that stops at the last epoch of `arm`.
    #[must_use]
    pub const fn until(self, arm: &'static str) -> RowId {
        RowId { until: Some(arm), ..self }
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.arm)?;
        self.until.map_or(Ok(()), |arm| write!(f, "@{arm}"))
    }
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Identity of the row in its table.
    pub id: RowId,
    /// The name that is shown.
    pub name: String,
    /// The method.
    pub method: Method,
    /// The number of gradient steps.
    pub budget: Budget,
}

/// Settings that all rows share.
#[derive(Debug, Clone, Copy)]
pub struct Study<'a> {
    /// The data.
    pub dataset: &'a Dataset,
    /// Ratio of the largest to the smallest class after thinning the training part.
    pub imbalance: Option<f64>,
    /// Share of training labels that are replaced by wrong ones.
    pub noise: f64,
    /// Epochs of plain training.
    pub epochs: usize,
    /// Samples in each batch.
    pub batch_size: usize,
    /// The first split.
    pub first_seed: u64,
    /// Number of splits.
    pub seeds: u64,
    /// Where the learning rate comes from.
    pub rate: Rate,
}

/// Results of one row: a run for each seed.
#[derive(Debug, Clone, Serialize)]
pub struct RowResult {
    /// The row.
    pub row: Row,
    /// Configuration and outcome, by seed.
    pub runs: Vec<(RunConfig, Outcome)>,
    /// Number of test samples divided by the number of training samples in a split, before thinning. The overlap of two
    /// splits depends on it.
    pub test_to_train: f64,
}

/// Does runs: its cache, the number of runs at a time, and who is informed.
#[allow(missing_debug_implementations)] // it holds closures
pub struct Runner<'a> {
    /// Cache of finished runs.
    pub cache: Cache,
    /// Runs at a time, each on one thread.
    pub jobs: usize,
    /// Where to train.
    pub device: Device,
    /// Called with the number of steps, before the first of them.
    pub planned: &'a (dyn Fn(usize) + Sync),
    /// Called with the loss after each step.
    pub progress: &'a (dyn Fn(&Tensor) + Sync),
}

impl Study<'_> {
    fn splits(&self) -> Range<u64> {
        self.first_seed..self.first_seed + self.seeds
    }

    /// The split of the cohort, before changes to its training part.
    fn cohort(&self, seed: u64) -> Result<Split> {
        Ok(self.dataset.test_split(seed)?)
    }

    /// The step after which CLIMD's curriculum is over, on the part that curves are drawn for; none if training ends
    /// first.
    ///
    /// # Errors
    /// Those of the data.
    pub fn curriculum_end(&self) -> Result<Option<usize>> {
        let Seen { split, labels } = self.split(self.first_seed, Part::Validation)?;
        let labels: Vec<usize> = split.train.iter().map(|&row| labels[row]).collect();
        let steps = |schedule: Box<dyn Schedule>| -> Result<usize> {
            Ok(Curriculum::new(&labels, schedule)?.steps(0..self.epochs, self.batch_size, LastBatch::Keep)?)
        };
        let end = steps(Box::new(PowerLaw { epochs: self.epochs, ..Default::default() }))?;
        Ok((end < steps(Box::new(Uniform {}))?).then_some(end))
    }

    fn test_to_train(&self) -> Result<f64> {
        let split = self.cohort(self.first_seed)?;
        Ok(split.test.len() as f64 / split.train.len() as f64)
    }

    /// The split of a run, and the labels of all samples as it sees them in training.
    pub(crate) fn split(&self, seed: u64, part: Part) -> Result<Seen> {
        let labels = &self.dataset.labels;
        let mut split = self.cohort(seed)?;
        if let Some(ratio) = self.imbalance {
            split = split.thin(labels, ratio, seed)?;
        }
        let labels = split.noisy_labels(labels, self.noise, seed)?;
        if part == Part::Validation {
            split = self.dataset.validation_split(&split, &labels, seed)?;
        }
        Ok(Seen { split, labels })
    }

    /// The prepared training part and test part of a run.
    ///
    /// # Errors
    /// Those of the data.
    pub fn parts(&self, seed: u64, part: Part) -> Result<Prepared> {
        self.prepared(&self.split(seed, part)?)
    }

    fn prepared(&self, Seen { split, labels }: &Seen) -> Result<Prepared> {
        let preparation = Preparation::of(self.dataset.layout);
        if *labels == self.dataset.labels {
            return Ok(Prepared::fit(self.dataset, split, &preparation)?);
        }
        // columns are chosen with the noisy labels, too, as in practice there are no others
        let noisy = Dataset { labels: labels.clone(), ..self.dataset.clone() };
        Ok(Prepared::fit(&noisy, split, &preparation)?)
    }

    /// Checks that all rows can be run on these data, before anything is trained.
    fn check(&self, rows: &[Row]) -> Result<()> {
        let part = self.parts(self.first_seed, Part::Validation)?.train;
        let (x, labels) = tensors(&part, Device::Cpu)?;
        let num_classes = self.dataset.classes.len();
        for Row { name, method, .. } in rows {
            let check = || -> Result<()> {
                let known = self.rate != Rate::Native || method.network.recipe().is_some();
                ensure!(known, "how the network's authors train it is not known, or is what all networks do here");
                let sampler = Curriculum::new(&part.labels, method.schedule.build())?;
                Criterion::new(method.loss.clone(), sampler.classes(), num_classes)?;
                method.oversample.as_ref().map_or(Ok(()), Oversampler::check)?;
                let training = Training { x: &x, labels: &labels, num_classes: num_classes as i64 };
                with_seed(0, || method.network.build(&nn::VarStore::new(Device::Cpu).root(), &training))?;
                Ok(())
            };
            check().with_context(|| format!("row `{name}`"))?;
        }
        Ok(())
    }
}

/// The runs of a study. The hash of the data and the splits are made once.
struct Plan<'a> {
    study: &'a Study<'a>,
    data: DataConfig,
    splits: Vec<[Seen; 2]>, // by seed; for validation, for test
}

/// The rows of a split, and the labels of all samples as its training sees them.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) split: Split,
    labels: Vec<usize>,
}

impl<'a> Plan<'a> {
    /// # Errors
    /// Those of the data.
    fn new(study: &'a Study<'a>) -> Result<Plan<'a>> {
        let &Study { dataset, imbalance, noise, .. } = study;
        let data = DataConfig { name: dataset.name.clone(), fingerprint: dataset.fingerprint(), imbalance, noise };
        let of_seed = |seed| Ok([study.split(seed, Part::Validation)?, study.split(seed, Part::Test)?]);
        Ok(Plan { study, data, splits: study.splits().map(of_seed).collect::<Result<_>>()? })
    }

    fn seen(&self, seed: u64, part: Part) -> &Seen {
        let [validation, test] = &self.splits[(seed - self.study.first_seed) as usize];
        match part {
            Part::Validation => validation,
            Part::Test => test,
        }
    }

    /// A run of a row; the number of its steps follows from the labels that it learns from.
    fn config(&self, row: &Row, seed: u64, rate: LearningRate, part: Part, points: usize) -> Result<RunConfig> {
        let (study, seen) = (self.study, self.seen(seed, part));
        let labels: Vec<usize> = seen.split.train.iter().map(|&row| seen.labels[row]).collect();
        let schedule = match &row.budget {
            Budget::EqualSteps => ScheduleConfig::from(Uniform),
            Budget::EqualEpochs(schedule) => schedule.clone(),
        };
        let sampler = Curriculum::new(&labels, schedule.build())?;
        let recipe = if study.rate == Rate::Native { row.method.network.recipe() } else { None };
        let steps = match recipe {
            Some(recipe) => recipe.steps,
            None => sampler.steps(0..study.epochs, study.batch_size, LastBatch::Keep)?,
        };
        let native = recipe.map(|recipe| recipe.native);
        let batch_size = if native.is_some() { labels.len() } else { study.batch_size };
        let (data, method) = (self.data.clone(), row.method.clone());
        Ok(RunConfig { version: VERSION, data, seed, part, method, rate, batch_size, steps, points, native })
    }

    /// The runs among which the learning rate of a row's network is chosen, by seed and candidate.
    fn tuning(&self, row: &Row) -> Result<Vec<RunConfig>> {
        let row = plain(row);
        let (row, candidates) = (&row, &self.study.rate.candidates(&row.method.network));
        let of_seed = |seed| candidates.iter().map(move |&rate| self.config(row, seed, rate, Part::Validation, 0));
        self.study.splits().flat_map(of_seed).collect()
    }
}

/// Plain training of a row's network, for which its learning rate is chosen.
fn plain(row: &Row) -> Row {
    let Method { network, .. } = row.method.clone();
    let schedule = Uniform.into();
    let (terms, loss) = (Terms::default(), Loss::CrossEntropy);
    let method = Method { network, schedule, terms, loss, oversample: None, scoring: None };
    Row { id: RowId::new(row.id.network, "plain"), name: String::new(), method, budget: Budget::EqualSteps }
}

impl Runner<'_> {
    /// Runs all rows on all splits. `points` is the number of points of curves, which are drawn on the validation part.
    ///
    /// # Errors
    /// If the data or a row cannot be used, before anything is trained; later the first error of any run.
    pub fn rows(&self, study: &Study<'_>, rows: &[Row], part: Part, points: usize) -> Result<Vec<RowResult>> {
        study.check(rows)?;
        let plan = Plan::new(study)?;
        let rates = self.rates(&plan, rows)?;
        let mut plans = Vec::new();
        for (at, seed) in study.splits().enumerate() {
            for row in rows {
                let of_row = |(network, _): &&(NetworkConfig, Vec<LearningRate>)| *network == row.method.network;
                let (_, rates) = rates.iter().find(of_row).context("a network without a learning rate")?;
                plans.push(plan.config(row, seed, rates[at], part, points)?);
            }
        }
        let test_to_train = study.test_to_train()?;
        let result = |row: &Row| RowResult { row: row.clone(), runs: Vec::new(), test_to_train };
        let mut results: Vec<RowResult> = rows.iter().map(result).collect();
        for (at, run) in self.outcomes(&plan, plans)?.into_iter().enumerate() {
            results[at % rows.len()].runs.push(run);
        }
        Ok(results)
    }

    /// Whether all runs of a row, and those that its learning rate is chosen from, are in the cache.
    ///
    /// # Errors
    /// Those of the data.
    pub fn is_done(&self, study: &Study<'_>, row: &Row, part: Part, points: usize) -> Result<bool> {
        let all = |plans: &[RunConfig]| -> Result<bool> {
            plans.iter().try_fold(true, |done, config| Ok(done && self.cache.get(config)?.is_some()))
        };
        let plan = Plan::new(study)?;
        if study.rate == Rate::Tuned && !all(&plan.tuning(row)?)? {
            return Ok(false);
        }
        let rows = std::slice::from_ref(row);
        let [(_, rates)] = &self.rates(&plan, rows)?[..] else { return Ok(false) };
        let config = |(seed, &rate)| plan.config(row, seed, rate, part, points);
        all(&study.splits().zip(rates).map(config).collect::<Result<Vec<_>>>()?)
    }

    /// For every network of the rows, the learning rate of each seed.
    fn rates(&self, plan: &Plan<'_>, rows: &[Row]) -> Result<Vec<(NetworkConfig, Vec<LearningRate>)>> {
        let study = plan.study;
        let mut networks: Vec<Row> = Vec::new();
        for row in rows.iter().map(plain) {
            if !networks.iter().any(|other| other.method == row.method) {
                networks.push(row);
            }
        }
        if study.rate != Rate::Tuned {
            let only = |row: Row| {
                let rate = study.rate.candidates(&row.method.network).first().copied();
                (row.method.network, rate.into_iter().cycle().take(study.seeds as usize).collect())
            };
            return Ok(networks.into_iter().map(only).collect());
        }
        let plans: Vec<Vec<RunConfig>> = networks.iter().map(|row| plan.tuning(row)).collect::<Result<_>>()?;
        let tried = self.outcomes(plan, plans.concat())?;
        let f1 = |run: &(RunConfig, Outcome)| run.1.confusion.macro_f1();
        let best = |runs: &[(RunConfig, Outcome)]| {
            // the first of equal ones, so the smallest rate
            runs.iter().rev().max_by(|a, b| f1(a).total_cmp(&f1(b))).map(|run| run.0.rate)
        };
        let chosen: Vec<LearningRate> = tried.chunks(TUNED.len()).filter_map(best).collect();
        let by_network = chosen.chunks(study.seeds as usize).map(<[_]>::to_vec);
        Ok(networks.into_iter().map(|row| row.method.network).zip(by_network).collect())
    }

    /// The results of every configuration. Those that are not in the cache are run first.
    fn outcomes(&self, plan: &Plan<'_>, plans: Vec<RunConfig>) -> Result<Vec<(RunConfig, Outcome)>> {
        let mut missing: Vec<&RunConfig> = Vec::new();
        for config in &plans {
            if self.cache.get(config)?.is_none() && !missing.contains(&config) {
                missing.push(config);
            }
        }
        // a run that is the beginning of another one is tested during that run
        let whole = |config: &&&RunConfig| !missing.iter().any(|other| config.begins(other));
        let whole: Vec<&RunConfig> = missing.iter().filter(whole).copied().collect();
        (self.planned)(whole.iter().map(|config| config.steps).sum());
        parallel(&whole, self.jobs, |&config| {
            let mut parts = plan.study.prepared(plan.seen(config.seed, config.part))?;
            if let Some(oversampler) = &config.method.oversample {
                parts.train = oversampler.apply(&parts.train, config.seed)?;
            }
            let mut runs: Vec<&RunConfig> = missing.iter().filter(|other| other.begins(config)).copied().collect();
            runs.sort_by_key(|run| run.steps);
            runs.push(config);
            let ends: Vec<usize> = runs.iter().map(|run| run.steps).collect();
            let outcomes = run(config, &ends, &parts.train, &parts.test, self.device, self.progress)?;
            runs.iter().zip(&outcomes).try_for_each(|(config, outcome)| self.cache.insert(config, outcome))
        })?;
        let done = |config: RunConfig| {
            let outcome = self.cache.get(&config)?.context("a run that is not in the cache")?;
            Ok((config, outcome))
        };
        plans.into_iter().map(done).collect()
    }
}

/// Calls `f` for every item on `jobs` threads. Results are in the order of the items. libtorch gets one thread in each.
///
/// Plain threads and not a pool of rayon, as a run that waits in a pool may get another run to do meanwhile.
///
/// # Errors
/// The first error of any item. No more items are begun then.
pub fn parallel<T: Sync, R: Send>(items: &[T], jobs: usize, f: impl Fn(&T) -> Result<R> + Sync) -> Result<Vec<R>> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                tch::set_num_threads(1);
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = f(item);
                    if result.is_err() {
                        next.store(items.len(), Ordering::Relaxed); // no more items are begun
                    }
                    done.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    done.sort_by_key(|&(at, _)| at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items_and_an_error_ends_it() {
        let items: Vec<usize> = (0..50).collect();
        assert_eq!(parallel(&items, 3, |&i| Ok(i * i)).unwrap()[49], 49 * 49);
        let error = parallel(&items, 3, |&i| if i == 7 { anyhow::bail!("seven") } else { Ok(i) }).unwrap_err();
        assert_eq!(error.to_string(), "seven");
    }
}
