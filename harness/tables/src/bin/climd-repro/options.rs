//! Options that several commands have.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use climd_data::Dataset;
use climd_networks::config::{NoiseKind, Thinning};
use climd_repro::cache::Cache;
use climd_repro::candidates::SHARES;
use climd_repro::changes::Changes;
use climd_repro::experiment::{Runner, Study};
use climd_repro::progress::Progress;
use climd_repro::rate::Rate;
use climd_repro::study::EPOCHS;
use tch::{Device, Tensor};

/// What is read.
#[derive(Debug, Args)]
pub struct Sets {
    /// Data sets: names of folders under data/, or folders.
    #[arg(long, value_name = "NAME", num_args = 1.., default_value = "brca")]
    data: Vec<String>,
    /// Use only this number of samples, stratified, for a quick look.
    #[arg(long, value_name = "N")]
    samples: Option<usize>,
}

impl Sets {
    /// Reads them all, before anything is trained.
    pub fn load(&self, work: &Work) -> Result<Vec<Dataset>> {
        let reading = Progress::new("", work.quiet)?;
        reading.part("reading the data", 0, 0);
        let sets = self.data.iter().map(|name| load(name, self.samples)).collect::<Result<_>>()?;
        reading.finish();
        Ok(sets)
    }

    /// Whether they are but a part of themselves.
    pub fn are_cut(&self) -> bool {
        self.samples.is_some()
    }
}

/// The splits, and how long a network is trained on each.
#[derive(Debug, Args)]
pub struct Splits {
    /// Splits; each is also a seed of weights, dropout and sampler.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..1 << 32))]
    pub seeds: u64,
    /// The first split. With another one, a finding can be checked on fresh splits; of few groups there may be none.
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..1 << 32))]
    pub first_seed: u64,
    /// Epochs of plain training.
    #[arg(long, default_value_t = EPOCHS as u64, value_parser = clap::value_parser!(u64).range(1..))]
    epochs: u64,
}

impl Splits {
    /// Epochs of plain training.
    pub fn epochs(&self) -> usize {
        self.epochs as usize
    }

    /// The study of a data set on these splits.
    pub fn study<'a>(&self, dataset: &'a Dataset, changes: Changes, rate: Rate) -> Study<'a> {
        let &Splits { seeds, first_seed, .. } = self;
        Study { dataset, changes, epochs: self.epochs(), batch_size: 32, first_seed, seeds, rate }
    }
}

/// What is done to training parts.
#[derive(Debug, Args)]
struct Changed {
    /// Thin the training part to a long tail: the largest class to the smallest as R to 1.
    #[arg(long, value_name = "R")]
    imbalance: Option<f64>,
    /// Thin to exactly this ratio: no class larger than it asks for.
    #[arg(long, requires = "imbalance")]
    exact: bool,
    /// Replace this share of the training labels.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    noise: f64,
    /// Which wrong labels: of all other classes alike, or of the class that is nearest in the training part.
    #[arg(long, value_enum, default_value_t = Noise::Uniform)]
    noise_kind: Noise,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Noise {
    Uniform,
    Neighbour,
}

impl Changed {
    /// As the library says it.
    fn changes(&self) -> Changes {
        let &Changed { imbalance, exact, noise, noise_kind } = self;
        let noise_kind = match noise_kind {
            Noise::Uniform => None,
            Noise::Neighbour => Some(NoiseKind::Neighbour),
        };
        Changes { imbalance, thinning: exact.then_some(Thinning::Exact), noise, noise_kind }
    }
}

/// What commands that train have in common: data, splits, changes, and how runs are done.
#[derive(Debug, Args)]
pub struct Studied {
    #[command(flatten)]
    pub sets: Sets,
    #[command(flatten)]
    pub splits: Splits,
    #[command(flatten)]
    changed: Changed,
    #[command(flatten)]
    pub work: Work,
}

impl Studied {
    /// The data sets.
    pub fn load(&self) -> Result<Vec<Dataset>> {
        self.sets.load(&self.work)
    }

    /// The study of one of them.
    pub fn study<'a>(&self, dataset: &'a Dataset, rate: Rate) -> Study<'a> {
        self.splits.study(dataset, self.changed.changes(), rate)
    }
}

/// How long is trained.
#[derive(Debug, Args)]
pub struct Shares {
    /// Lengths of training, percent of --epochs; 100 is always among them.
    #[arg(long, value_name = "PERCENT", num_args = 1.., default_values_t = SHARES,
        value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub shares: Vec<u64>,
}

/// Where a learning rate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lr {
    /// Each row's own, by class-balanced cross-entropy on three inner splits.
    Own,
    /// The same, of 3e-4, 1e-3 and 3e-3 on one inner split.
    Quick,
    /// 3e-3 for all.
    One,
    /// Tuned for the baseline, by macro F1 on one validation part.
    Tuned,
    /// The paper's constant 5e-5.
    Paper,
}

impl From<Lr> for Rate {
    fn from(lr: Lr) -> Rate {
        match lr {
            Lr::Own => Rate::Own,
            Lr::Quick => Rate::Quick,
            Lr::One => Rate::One,
            Lr::Tuned => Rate::Tuned,
            Lr::Paper => Rate::Paper,
        }
    }
}

/// How runs are done, and where they and the results go.
#[derive(Debug, Args)]
pub struct Work {
    /// Runs at a time, each on one thread. Default: one for each core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    jobs: Option<u64>,
    /// Folder of the finished runs. Default: `runs` in the folder of --out.
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
    /// Folder for tables and plots. Default: `results`; for `answer` the folder `climd-answer` in the data's.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// No progress bar.
    #[arg(long)]
    pub quiet: bool,
}

impl Work {
    /// Folder for tables and plots.
    pub fn out(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| "results".into())
    }

    /// Folder of the finished runs.
    pub fn runs(&self) -> PathBuf {
        self.runs.clone().unwrap_or_else(|| self.out().join("runs"))
    }

    /// Runs at a time.
    pub fn jobs(&self) -> Result<usize> {
        Ok(match self.jobs {
            Some(jobs) => jobs as usize,
            None => std::thread::available_parallelism()?.get(),
        })
    }

    /// Calls `with` with what does the runs of a data set, and shows how far they are. No run begins after `until`.
    pub fn run<T>(&self, name: &str, until: Option<Instant>, with: impl FnOnce(&Runner<'_>) -> Result<T>) -> Result<T> {
        let bar = Progress::new(name, self.quiet)?;
        let (planned, progress) = (|steps| bar.plan(steps), |loss: &Tensor| bar.step(|| loss.double_value(&[])));
        let cache = Cache::open(&self.runs().join(format!("{name}.jsonl")))?;
        let (jobs, device) = (self.jobs()?, Device::Cpu);
        let done = with(&Runner { cache, jobs, device, until, planned: &planned, progress: &progress });
        bar.finish();
        done
    }
}

/// A positive number of minutes.
pub fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "not a number")?;
    if minutes > 0.0 { Ok(minutes) } else { Err("must be above 0".into()) }
}

/// The time when so many minutes are over; none if it is too far away for the clock.
pub fn end(minutes: f64) -> Option<Instant> {
    Duration::try_from_secs_f64(60.0 * minutes).ok().and_then(|of| Instant::now().checked_add(of))
}

/// The folder of a data set.
pub fn folder(name: &str) -> Result<PathBuf> {
    let folder = [PathBuf::from("data").join(name), PathBuf::from(name)].into_iter().find(|folder| folder.is_dir());
    folder.with_context(|| {
        format!(
            "--data {name}: neither `data/{name}` nor `{name}` is a folder; `make data-all data-labels` fetches the \
             public sets"
        )
    })
}

/// Reads a data set, or a stratified part of it.
pub fn load(name: &str, samples: Option<usize>) -> Result<Dataset> {
    let dataset = Dataset::load(folder(name)?)?;
    dataset.notes.iter().for_each(|note| eprintln!("note: {note}"));
    Ok(match samples {
        Some(samples) => dataset.slice(samples, 0)?,
        None => dataset,
    })
}
