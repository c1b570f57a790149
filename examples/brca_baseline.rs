//! The main job: does CLIMD help an early-fusion network on TCGA breast cancer subtypes?
//!
//! `make brca` fetches the data and runs this. All arms have the same splits, the same first weights, and the same
//! number of gradient steps. The learning rate is chosen for the baseline on a validation part. The test part is used
//! once, after the last step.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use climd::schedule::TargetLaw;
use climd::{Pick, PowerLaw};
use climd_data::{Dataset, Layout};
use climd_networks::config::Part;
use climd_networks::train::class_distribution;
use climd_repro::cache::Cache;
use climd_repro::changes::Changes;
use climd_repro::curves::f1_curves;
use climd_repro::experiment::{Row, Runner, Study};
use climd_repro::plot;
use climd_repro::progress::Progress;
use climd_repro::rate::Rate;
use climd_repro::section::{Section, recall_grid, time_grid};
use climd_repro::tables::main_job;
use tch::Device;

/// Early fusion on breast cancer subtypes: plain, with CLIMD, and with CLIMD and a prior-corrected loss.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder with rna.csv, meth.csv, mirna.csv and target.csv, or in MOGONET's layout.
    #[arg(long, value_name = "DIR", default_value = "data/brca")]
    data: PathBuf,
    /// Splits; each is also a seed of weights, dropout and sampler.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Epochs of plain training, and of the curriculum.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    epochs: u64,
    /// Where to train.
    #[arg(long, value_enum, default_value = "cpu")]
    device: On,
    /// Sharpness of the curriculum.
    #[arg(long, default_value_t = PowerLaw::default().gamma)]
    gamma: f64,
    /// Class distribution that the curriculum ends in.
    #[arg(long, value_enum, default_value = "power-law")]
    law: Target,
    /// How the curriculum picks samples in a class. A random order is the control that shows what scores are worth.
    #[arg(long, value_enum, default_value = "highest")]
    pick: By,
    /// Learning rate: chosen on validation from 1e-4, 3e-4, 1e-3 and 3e-3 with cosine decay, or the paper's constant
    /// 5e-5.
    #[arg(long, value_enum, default_value = "tuned")]
    lr: Lr,
    /// Write every run as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Folder for the plots, and for the finished runs, which are not done again: remove runs.jsonl there to do so.
    #[arg(long, value_name = "DIR", default_value = "results/brca")]
    out: PathBuf,
    /// Use only this number of samples, stratified, for a quick look.
    #[arg(long, value_name = "N")]
    samples: Option<usize>,
    /// Runs at a time, each on one thread. Default: one for each core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    jobs: Option<u64>,
    /// No progress bar.
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum On {
    Cpu,
    Cuda,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Target {
    PowerLaw,
    Zipf,
    Empirical,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    Highest,
    Lowest,
    FixedRandom,
    Redraw,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Lr {
    Tuned,
    Paper,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let device = match arguments.device {
        On::Cpu => Device::Cpu,
        On::Cuda => Device::Cuda(0),
    };
    ensure!(
        device == Device::Cpu || tch::Cuda::is_available(),
        "--device cuda: libtorch sees no CUDA device; use --device cpu, or a CUDA build of libtorch on a machine with \
         one"
    );
    let law = match arguments.law {
        Target::PowerLaw => TargetLaw::PowerLaw,
        Target::Zipf => TargetLaw::Zipf,
        Target::Empirical => TargetLaw::Empirical,
    };
    let pick = match arguments.pick {
        By::Highest => Pick::Highest,
        By::Lowest => Pick::Lowest,
        By::FixedRandom => Pick::FixedRandom,
        By::Redraw => Pick::Redraw,
    };
    let epochs = arguments.epochs as usize;
    let schedule = PowerLaw { epochs, gamma: arguments.gamma, law, pick, ..Default::default() };
    let rate = match arguments.lr {
        Lr::Tuned => Rate::Tuned,
        Lr::Paper => Rate::Paper,
    };

    let bar = Progress::new("", arguments.quiet)?;
    bar.part("reading the data", 0, 0);
    let mut dataset = Dataset::load(&arguments.data)?;
    bar.finish();
    dataset.notes.iter().for_each(|note| eprintln!("note: {note}"));
    if let Some(samples) = arguments.samples {
        dataset = dataset.slice(samples, 0)?;
    }
    describe(&dataset, &schedule);
    let mut rows = main_job(schedule.clone());
    if dataset.layout != Layout::Brca || arguments.samples.is_some() {
        rows.iter_mut().for_each(|row| row.paper = None); // the paper's figures are of whole runs on breast cancer
    }
    let plain: Vec<Row> = rows.iter().map(|row| row.row.clone()).collect();
    let seeds = arguments.seeds;
    let study =
        Study { dataset: &dataset, changes: Changes::default(), epochs, batch_size: 32, first_seed: 0, seeds, rate };

    // The first split's training part shows what the curriculum will do, and refuses a bad configuration at once.
    let labels = study.parts(0, Part::Test)?.train.labels;
    let counts = class_distribution(&labels, dataset.classes.len(), Box::new(schedule), epochs)?;
    let numbers: Vec<usize> = (0..epochs).collect();
    let title = "Class distribution over the epochs of the curriculum";
    let stem = arguments.out.join("class_distribution");
    plot::class_distribution(&stem, title, &dataset.classes, &numbers, &counts)?;

    let jobs = match arguments.jobs {
        Some(jobs) => jobs as usize,
        None => std::thread::available_parallelism()?.get(),
    };
    let bar = Progress::new(&dataset.name, arguments.quiet)?;
    let progress = |loss: &tch::Tensor| bar.step(|| loss.double_value(&[]));
    let planned = |steps: usize| bar.plan(steps);
    // each run is written as it ends: what Ctrl-C leaves is not done again
    let cache = Cache::open(&arguments.out.join("runs.jsonl"))?;
    let runner = Runner { cache, jobs, device, until: None, planned: &planned, progress: &progress };
    let results = runner.rows(&study, &plain, Part::Test, 0)?;
    let curves = runner.rows(&study, &plain, Part::Validation, 40)?;
    bar.finish();

    let rates: Vec<String> = results[0].runs.iter().map(|(config, _)| format!("{:e}", config.rate.start)).collect();
    println!("learning rate of each split: {}", rates.join(", "));
    println!("\nPercent on the test part after the last step, mean ± standard deviation over {seeds} splits:");
    let section = Section::new(rate, &rows, &results);
    println!("{}\n", section.grid());
    println!("{}\n", recall_grid(&section, &dataset.classes));
    println!("{}\n", time_grid(&section));
    let title = "Macro F1 on the validation part";
    let file = arguments.out.join("validation_macro_f1");
    let [svg, png] = plot::curves(file, title, "gradient steps", "macro F1 (%)", &f1_curves(&curves))?;
    println!("plots: {}.svg, .png; {}, {}", stem.display(), svg.display(), png.display());
    if let Some(file) = &arguments.json {
        let json = serde_json::to_string_pretty(&results)?;
        fs::write(file, json).with_context(|| format!("--json: `{}` cannot be written", file.display()))?;
    }
    Ok(())
}

fn describe(dataset: &Dataset, schedule: &PowerLaw) {
    let widths: Vec<String> =
        dataset.modalities.iter().map(|table| format!("{} {}", table.name, table.columns.len())).collect();
    let classes: Vec<String> =
        dataset.classes.iter().zip(dataset.class_sizes()).map(|(class, n)| format!("{class} {n}")).collect();
    println!("{} samples; columns: {}; classes: {}", dataset.len(), widths.join(", "), classes.join(", "));
    if dataset.split.is_some() {
        println!("the folder has a split of its own: seeds differ in weights, dropout and sampler alone");
    }
    println!("curriculum: {schedule:?}");
}
