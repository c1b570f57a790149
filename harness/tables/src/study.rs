//! What is run: rows, the settings they share, their splits, and the configuration of every run.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use climd::schedule::Uniform;
use climd::{Curriculum, CurriculumSampler, LastBatch, PowerLaw, Schedule, Terms};
use serde::Serialize;
use tch::{Device, nn};

use crate::changes::Changes;
use crate::rate::{Rate, TUNED};
use crate::stats::Overlap;
use climd_data::{Dataset, Preparation, Prepared, Split};
use climd_networks::config::{DataConfig, Method, Part, RunConfig, ScheduleConfig};
use climd_networks::criterion::{Criterion, Loss};
use climd_networks::network::{LearningRate, Training, with_seed};
use climd_networks::oversample::Oversampler;
use climd_networks::train::tensors;

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

/// Epochs of plain training, unless a study's name says another number.
pub const EPOCHS: usize = 100;

/// How many splits are tried for each one that is wanted, to find one with another test part.
const TRIES: u64 = 50;

/// Settings that all rows share.
#[derive(Debug, Clone, Copy)]
pub struct Study<'a> {
    /// The data.
    pub dataset: &'a Dataset,
    /// What is changed in the training part.
    pub changes: Changes,
    /// Epochs of plain training.
    pub epochs: usize,
    /// Samples in each batch.
    pub batch_size: usize,
    /// The first split.
    pub first_seed: u64,
    /// Number of splits. No two of them test the same samples.
    pub seeds: u64,
    /// Where the learning rate comes from.
    pub rate: Rate,
}

impl Study<'_> {
    /// The data, with the changes to its training part, the length of training and the splits: `brca, 50:1, 20 % noise,
    /// 25 epochs`.
    #[must_use]
    pub fn data(&self) -> String {
        let Study { dataset, changes, epochs, first_seed, .. } = self;
        let length = if *epochs == EPOCHS { String::new() } else { format!(", {epochs} epochs") };
        let splits = if *first_seed > 0 { format!(", splits from {first_seed} on") } else { String::new() };
        format!("{}{}{length}{splits}", dataset.name, changes.words())
    }

    /// The same in names of files: `brca-50to1-noise20-25-epochs`.
    #[must_use]
    pub fn file_of_data(&self) -> String {
        format!("{}{}", self.dataset.name, self.file_of_settings())
    }

    /// What follows the name of the data there: `-50to1-noise20-25-epochs`.
    pub(crate) fn file_of_settings(&self) -> String {
        let Study { changes, epochs, first_seed, .. } = self;
        let length = if *epochs == EPOCHS { String::new() } else { format!("-{epochs}-epochs") };
        let splits = if *first_seed > 0 { format!("-from{first_seed}") } else { String::new() };
        format!("{}{length}{splits}", changes.stem())
    }

    /// Whether its splits are others than those of a table that begins with 0. Of few groups there may be no others.
    pub(crate) fn is_fresh(&self) -> bool {
        self.first_seed > 0 && self.dataset.groups.is_none()
    }

    /// Its splits: the first `seeds` numbers from `first_seed` on whose test parts all differ, as an interval would
    /// count the same test part twice, and have no class that is in the test part alone. Where the data have a split of
    /// their own, that is in all of them.
    ///
    /// There are fewer than `seeds` where no more are found, as there are few samples or few groups.
    ///
    /// # Errors
    /// Those of the data; that of a class in the test part alone, if it is so in all splits.
    pub(crate) fn splits(&self) -> Result<Vec<u64>> {
        let (mut tested, mut splits, mut refused) = (HashSet::new(), Vec::new(), None);
        for seed in self.first_seed..self.first_seed.saturating_add(self.seeds.saturating_mul(TRIES)) {
            if splits.len() as u64 == self.seeds {
                break;
            }
            match self.dataset.test_split(seed) {
                Ok(split) => {
                    if self.dataset.split.is_some() || tested.insert(split.test) {
                        splits.push(seed);
                    }
                }
                Err(error @ climd_data::Error::ClassNotTrained { .. }) => refused = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        match refused {
            Some(error) if splits.is_empty() => Err(error.into()),
            _ => Ok(splits),
        }
    }

    /// What is said of intervals where all runs have one split.
    pub(crate) fn of_one_split(&self) -> Option<&'static str> {
        self.dataset.split.as_ref()?;
        Some(
            "The folder has a split of its own, so runs differ by their seed alone. The intervals are about seeds, and \
             say nothing about other patients.",
        )
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
        let first = self.splits()?.first().copied().unwrap_or(self.first_seed);
        let Seen { split, labels } = self.split(first, Part::Validation)?;
        let labels: Vec<usize> = split.train.iter().map(|&row| labels[row]).collect();
        let steps = |schedule: Box<dyn Schedule>| -> Result<usize> {
            Ok(Curriculum::new(&labels, schedule)?.steps(0..self.epochs, self.batch_size, LastBatch::Keep)?)
        };
        let end = steps(Box::new(PowerLaw { epochs: self.epochs, ..Default::default() }))?;
        Ok((end < steps(Box::new(Uniform {}))?).then_some(end))
    }

    /// How far these splits of the cohort overlap.
    pub(crate) fn overlap(&self, splits: &[u64]) -> Result<Overlap> {
        let (mut tested, mut trained) = (0, 0);
        for &seed in splits {
            let split = self.cohort(seed)?;
            (tested, trained) = (tested + split.test.len(), trained + split.train.len());
        }
        let groups = self.dataset.groups.as_ref().map(|groups| groups.iter().collect::<HashSet<_>>().len());
        Ok(Overlap { test_to_train: tested as f64 / trained as f64, groups })
    }

    /// The split of a run, and the labels of all samples as it sees them in training.
    pub(crate) fn split(&self, seed: u64, part: Part) -> Result<Seen> {
        ensure!(
            seed <= u64::from(u32::MAX),
            "`first_seed` and `seeds` lead to split {seed}, but 4294967295 is the last: ask for smaller ones"
        );
        let (mut split, labels) = self.changes.apply(self.dataset, self.cohort(seed)?, seed)?;
        // above the bits of any split's seed, so a repeat draws from streams of its own
        let inner = match part {
            Part::Test => None,
            Part::Validation => Some(seed),
            Part::Inner(repeat) => Some(seed | (u64::from(repeat) + 1) << 32),
        };
        if let Some(seed) = inner {
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

    pub(crate) fn prepared(&self, Seen { split, labels }: &Seen) -> Result<Prepared> {
        let preparation = Preparation::of(self.dataset.layout);
        if *labels == self.dataset.labels {
            return Ok(Prepared::fit(self.dataset, split, &preparation)?);
        }
        // columns are chosen with the noisy labels, too, as in practice there are no others
        let noisy = Dataset { labels: labels.clone(), ..self.dataset.clone() };
        Ok(Prepared::fit(&noisy, split, &preparation)?)
    }

    /// Checks that the splits can be used by which all rows are tested, a learning rate is chosen, and a length on so
    /// many inner splits. Runs check their own splits before any training; this is for all that a command will run.
    ///
    /// # Errors
    /// Those of the data.
    pub fn check_splits(&self, inner: u32) -> Result<()> {
        let parts: Vec<Part> = (0..inner).map(Part::Inner).chain([Part::Test]).collect();
        self.needed(&self.splits()?, &parts).try_for_each(|(seed, part)| self.split(seed, part).map(drop))
    }

    /// The splits that rows on these parts need, with those on which a learning rate is chosen.
    fn needed(&self, splits: &[u64], parts: &[Part]) -> impl Iterator<Item = (u64, Part)> {
        let all = [self.rate.parts(), parts.to_vec()].concat();
        splits.iter().flat_map(move |&seed| all.clone().into_iter().map(move |part| (seed, part)))
    }

    /// Checks that all rows can be trained on a part of a split.
    fn check_rows(&self, rows: &[Row], seed: u64, part: Part) -> Result<()> {
        let part = self.parts(seed, part)?.train;
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

/// The runs of a study. The hash of the data is made once, and so is every split.
pub(crate) struct Plan<'a> {
    pub(crate) study: &'a Study<'a>,
    pub(crate) seeds: Vec<u64>,
    data: DataConfig,
    splits: Mutex<HashMap<(u64, Part), Arc<Seen>>>,
}

/// The rows of a split, and the labels of all samples as its training sees them.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) split: Split,
    labels: Vec<usize>,
}

impl<'a> Plan<'a> {
    /// # Errors
    /// Those of the data, and if there are fewer splits than are wanted.
    pub(crate) fn new(study: &'a Study<'a>) -> Result<Plan<'a>> {
        let (seeds, wanted) = (study.splits()?, study.seeds);
        ensure!(
            seeds.len() as u64 == wanted,
            "`seeds` is {wanted}, but `{}` has only {} test parts that can be used and differ: ask for no more of them",
            study.dataset.name,
            seeds.len()
        );
        let data = study.changes.config(study.dataset);
        Ok(Plan { study, seeds, data, splits: Mutex::default() })
    }

    /// Checks that all splits can be used that rows on these parts need, and that all rows can be trained, before
    /// anything is.
    ///
    /// # Errors
    /// Those of the data, and of a row that cannot be trained.
    pub(crate) fn check(&self, rows: &[Row], parts: &[Part]) -> Result<()> {
        self.study.needed(&self.seeds, parts).try_for_each(|(seed, part)| self.seen(seed, part).map(drop))?;
        // where there is an inner one, its training part is the smallest
        let smallest = self.study.rate.parts().first().or(parts.first()).copied();
        self.seeds.first().zip(smallest).map_or(Ok(()), |(&seed, part)| self.study.check_rows(rows, seed, part))
    }

    /// # Errors
    /// Those of the data.
    pub(crate) fn seen(&self, seed: u64, part: Part) -> Result<Arc<Seen>> {
        let mut splits = self.splits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = splits.get(&(seed, part)) {
            return Ok(seen.clone());
        }
        let seen = Arc::new(self.study.split(seed, part)?);
        splits.insert((seed, part), seen.clone());
        Ok(seen)
    }

    /// A run of a row; the number of its steps follows from the labels that it learns from.
    pub(crate) fn config(
        &self,
        row: &Row,
        seed: u64,
        rate: LearningRate,
        part: Part,
        points: usize,
    ) -> Result<RunConfig> {
        let (study, seen) = (self.study, self.seen(seed, part)?);
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
        let version = study.rate.version();
        Ok(RunConfig { version, data, seed, part, method, rate, batch_size, steps, points, native })
    }

    /// The runs among which the learning rate of a row's network is chosen by [`Rate::Tuned`], by seed and candidate.
    pub(crate) fn tuning(&self, row: &Row) -> Result<Vec<RunConfig>> {
        let row = &plain(row);
        let run = |seed, start| self.config(row, seed, LearningRate { start, cosine: true }, Part::Validation, 0);
        self.seeds.iter().flat_map(|&seed| TUNED.map(|start| run(seed, start))).collect()
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
