//! The main job: does CLIMD help an early-fusion network on TCGA breast cancer subtypes?
//!
//! `make brca` fetches the data and runs this. Every arm starts from the same weights, on the same splits, and takes
//! the same number of gradient steps; the learning rate is chosen for the baseline on a validation part; the test part
//! is looked at once, after the last step.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use climd::{Pick, PowerLaw, TargetLaw};
use climd_repro::data::{Dataset, Layout, stratified_split};
use climd_repro::experiment::{Rate, experiment, num_runs};
use climd_repro::train::{Setting, class_distribution};
use climd_repro::{plot, summary};
use indicatif::{ProgressBar, ProgressStyle};
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
    /// By what the curriculum picks samples within a class; a random order is the control of what the scores are worth.
    #[arg(long, value_enum, default_value = "highest")]
    pick: By,
    /// Learning rate: chosen on validation from 1e-4, 3e-4 and 1e-3 with cosine decay, or the paper's constant 5e-5.
    #[arg(long, value_enum, default_value = "tuned")]
    lr: Lr,
    /// Write every run as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Folder for the plots.
    #[arg(long, value_name = "DIR", default_value = "results/brca")]
    out: PathBuf,
    /// Only so many samples, stratified: for a quick look.
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
        "--device cuda: libtorch sees no CUDA device; use --device cpu, or a CUDA build of libtorch on a machine with one"
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
    let setting = Setting { epochs, batch_size: 32, schedule, network: Default::default(), device };
    let rate = match arguments.lr {
        Lr::Tuned => Rate::Tuned,
        Lr::Paper => Rate::Paper,
    };

    let mut dataset = Dataset::load(&arguments.data)?;
    if let Some(samples) = arguments.samples {
        dataset = dataset.slice(samples, 0)?;
    }
    describe(&dataset, &setting);

    // The first split's training part shows what the curriculum will do, and refuses a bad configuration at once.
    let split = match &dataset.split {
        Some(split) => split.clone(),
        None => stratified_split(&dataset.labels, 0.3, 0)?,
    };
    let labels: Vec<usize> = split.train.iter().map(|&row| dataset.labels[row]).collect();
    let counts = class_distribution(&labels, dataset.classes.len(), &setting.schedule)?;
    let numbers: Vec<usize> = (0..epochs).collect();
    let title = "Class distribution over the epochs of the curriculum";
    let stem = arguments.out.join("class_distribution");
    plot::class_distribution(&stem, title, &dataset.classes, &numbers, &counts)?;

    let jobs = match arguments.jobs {
        Some(jobs) => jobs as usize,
        None => std::thread::available_parallelism()?.get(),
    };
    let runs = num_runs(rate, arguments.seeds);
    let bar = if arguments.quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} steps, {msg}, {eta} left")?);
    // a final run has as many steps as plain training on the training part; the inner ones a fifth fewer
    bar.set_length((runs * epochs * labels.len().div_ceil(setting.batch_size) * 9 / 10) as u64);
    let steps = AtomicU64::new(0);
    let progress = |loss: &tch::Tensor| {
        if steps.fetch_add(1, Ordering::Relaxed).is_multiple_of(50) {
            bar.set_message(format!("loss {:.3}", loss.double_value(&[])));
        }
        bar.inc(1);
    };
    let results = experiment(&dataset, &setting, rate, arguments.seeds, jobs, &progress)?;
    bar.finish_and_clear();

    for seed in &results {
        let tried: Vec<String> =
            seed.validation.iter().map(|(rate, f1)| format!("{rate:e}: {:.1}", 100.0 * f1)).collect();
        println!(
            "seed {}: learning rate {:e} (validation macro F1 of {})",
            seed.seed,
            seed.rate.start,
            tried.join(", ")
        );
    }
    println!(
        "\nPercent on the test part after the last step, mean ± standard deviation over {} splits:",
        results.len()
    );
    println!("{}\n", summary::metrics_table(&results, dataset.layout == Layout::Brca && arguments.samples.is_none()));
    println!("{}\n", summary::recall_table(&results, &dataset.classes));
    println!("{}\n", summary::time_table(&results));
    let [svg, png] = summary::plot_curves(&arguments.out.join("validation_macro_f1"), &results)?;
    println!("plots: {}.svg, .png; {}, {}", stem.display(), svg.display(), png.display());
    if let Some(file) = &arguments.json {
        let json = serde_json::to_string_pretty(&results)?;
        fs::write(file, json).with_context(|| format!("--json: `{}` cannot be written", file.display()))?;
    }
    Ok(())
}

fn describe(dataset: &Dataset, setting: &Setting) {
    let widths: Vec<String> =
        dataset.modalities.iter().map(|table| format!("{} {}", table.name, table.columns.len())).collect();
    let classes: Vec<String> =
        dataset.classes.iter().zip(dataset.class_sizes()).map(|(class, n)| format!("{class} {n}")).collect();
    println!("{} samples; columns: {}; classes: {}", dataset.len(), widths.join(", "), classes.join(", "));
    if dataset.split.is_some() {
        println!("the folder has a split of its own: seeds differ in weights, dropout and sampler alone");
    }
    println!("curriculum: {:?}", setting.schedule);
}
