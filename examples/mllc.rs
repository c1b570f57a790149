//! Does CLIMD help on your patients? A liver image, a history and laboratory values each, on a folder of yours.
//!
//! `cargo run --release -p climd-mllc --example mllc -- --data DIR`; without `--data` on a synthetic look-alike. Both
//! arms have the same folds, first weights, learning rate and number of gradient steps. See docs/mllc.md.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use climd::PowerLaw;
use climd_mllc::picture::Pictures;
use climd_mllc::text::{self, Features, Source};
use climd_mllc::{Cohort, Error, Manifest, Study, synthetic};
use climd_networks::config::Part;
use climd_networks::criterion::Loss;
use climd_networks::network::LearningRate;
use climd_networks::train::class_distribution;
use climd_repro::cache::Cache;
use climd_repro::curves::f1_curves;
use climd_repro::experiment::Row;
use climd_repro::plot;
use climd_repro::progress::Progress;
use climd_repro::rate::Rate;
use climd_repro::results::Page;
use climd_repro::section::{Section, recall_grid, time_grid};
use climd_repro::tables::{Table, TableRow, keep, main_job};
use tch::Device;

const MODEL: &str = "data/minilm";
const SYNTHETIC: &str =
    "SYNTHETIC: these patients are made up. The figures show that the pipeline runs, and say nothing about patients.";

/// Early fusion of image, history and laboratory values, with and without CLIMD, cross-validated.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder with manifest.csv: id, label, image, text, then laboratory columns. Without it: a synthetic look-alike.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Leave out rows that are wrong, and say how many, instead of stopping at the first.
    #[arg(long)]
    skip_bad: bool,
    /// Where the look-alike is written if there is no --data.
    #[arg(long, value_name = "DIR", default_value = "data/mllc-synthetic", conflicts_with = "data")]
    synthetic: PathBuf,
    /// Patients of the look-alike.
    #[arg(long, value_name = "N", default_value_t = synthetic::PATIENTS, conflicts_with = "data")]
    patients: usize,
    /// Folder of a BERT: config.json, tokenizer.json, model.safetensors. Default: data/minilm, of `make text-model`.
    #[arg(long, value_name = "DIR")]
    bert: Option<PathBuf>,
    /// Weights of a ResNet18 for the image encoder (.ot, .safetensors). Default: random ones.
    #[arg(long, value_name = "FILE")]
    resnet: Option<PathBuf>,
    /// Width and height that images are scaled to.
    #[arg(long, value_name = "PIXELS", default_value_t = 64, value_parser = clap::value_parser!(u32).range(64..=512))]
    image_size: u32,
    /// Values of 16-bit images that become black and white. Default: the smallest and the largest of each image.
    #[arg(long, num_args = 2, value_names = ["LOW", "HIGH"])]
    window: Option<Vec<u16>>,
    /// Folds of the cross-validation, stratified; rows of one `group` stay together.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..))]
    folds: u64,
    /// Seed of folds, weights, dropout, order and look-alike.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..1 << 32))]
    seed: u64,
    /// Epochs of plain training, and of the curriculum.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    epochs: u64,
    /// Samples in a batch.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..))]
    batch_size: u64,
    /// Learning rate of Adam at the first step, of both arms; it falls to 0 along half a cosine.
    #[arg(long, default_value_t = 3e-4)]
    lr: f64,
    /// Sharpness of the curriculum.
    #[arg(long, default_value_t = PowerLaw::default().gamma)]
    gamma: f64,
    /// Both arms with a prior-corrected loss, too.
    #[arg(long)]
    prior: bool,
    /// Where to train.
    #[arg(long, value_enum, default_value = "cpu")]
    device: On,
    /// No curves on validation parts, which are as much training again.
    #[arg(long)]
    no_curves: bool,
    /// Write every run as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Folder of the finished runs, which are not done again: remove mllc.jsonl there to do so. Default: `runs` in
    /// --out.
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
    /// Folder for the table and the pictures.
    #[arg(long, value_name = "DIR", default_value = "results/mllc")]
    out: PathBuf,
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

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let &Arguments { seed, lr, ref out, .. } = &arguments;
    let device = match arguments.device {
        On::Cpu => Device::Cpu,
        On::Cuda => Device::Cuda(0),
    };
    ensure!(
        device == Device::Cpu || tch::Cuda::is_available(),
        "--device cuda: libtorch sees no CUDA device; use --device cpu, or a CUDA build of libtorch on a machine with \
         one"
    );
    ensure!(lr > 0.0 && lr.is_finite(), "--lr is {lr}, but must be above 0 and finite: 3e-4 is usual");
    let bar = Progress::new("mllc", arguments.quiet)?;
    let folder = match &arguments.data {
        Some(folder) => folder,
        None => {
            bar.part("making patients", 0, 0);
            synthetic::write(&arguments.synthetic, arguments.patients, seed)?;
            println!("{SYNTHETIC} They are in `{}`, as there is no --data.", arguments.synthetic.display());
            &arguments.synthetic
        }
    };
    let cohort = load(&arguments, folder, &bar)?;
    let encoder = match &arguments.resnet {
        Some(file) => format!("weights of `{}`", file.display()),
        None => "random weights, as there is no --resnet".into(),
    };
    println!("image encoder: ResNet18 at {0} x {0}, {encoder}", arguments.image_size);

    let epochs = arguments.epochs as usize;
    let schedule = PowerLaw { epochs, gamma: arguments.gamma, ..Default::default() };
    println!("curriculum: {schedule:?}");
    let corrected = |row: &TableRow| matches!(row.row.method.loss, Loss::Prior { .. });
    let mut rows = keep(main_job(schedule.clone()), |row| arguments.prior || !corrected(row));
    rows.iter_mut().for_each(|row| row.paper = None); // the paper's figures are of its own patients
    let plain: Vec<Row> = rows.iter().map(|row| row.row.clone()).collect();
    let rate = LearningRate { start: lr, cosine: true };
    let (folds, batch_size, resnet) =
        (arguments.folds as usize, arguments.batch_size as usize, arguments.resnet.clone());
    let runs = arguments.runs.clone().unwrap_or_else(|| out.join("runs"));
    let cache = &Cache::open(&runs.join("mllc.jsonl"))?; // each run is written as it ends
    let study = Study { cohort: &cohort, folds, seed, epochs, batch_size, rate, resnet, device, cache };

    // the first fold's training part shows what the curriculum will do, and refuses a bad configuration at once
    let labels: Vec<usize> = study.splits()?[0].train.iter().map(|&row| cohort.labels[row]).collect();
    let counts = class_distribution(&labels, cohort.classes.len(), Box::new(schedule), epochs)?;
    let mut page = Page::of(Table::Mllc, name(arguments.data.as_deref()), cohort.classes.clone());
    if arguments.data.is_none() {
        page = page.note(format!("**{SYNTHETIC}**"));
    }
    let title = "Class distribution over the epochs of the curriculum";
    let picture = page.picture("class-distribution");
    let numbers: Vec<usize> = (0..epochs).collect();
    let mut plots = vec![plot::class_distribution(out.join(&picture), title, &cohort.classes, &numbers, &counts)?];
    page.show(picture, title);

    let jobs = match arguments.jobs {
        Some(jobs) => jobs as usize,
        None => std::thread::available_parallelism()?.get(),
    };
    let progress = |loss: &tch::Tensor| bar.step(|| loss.double_value(&[]));
    let planned = |steps: usize| bar.plan(steps);
    let results = study.rows(&plain, Part::Test, 0, jobs, &planned, &progress)?;
    if !arguments.no_curves {
        let curves = study.rows(&plain, Part::Validation, 20, jobs, &planned, &progress)?;
        let title = "Macro F1 on the validation part";
        let picture = page.picture("validation-macro-f1");
        plots.push(plot::curves(out.join(&picture), title, "gradient steps", "macro F1 (%)", &f1_curves(&curves))?);
        page.show(picture, title);
    }
    bar.finish();

    println!("\nPercent on the test part after the last step, mean ± standard deviation over {folds} folds:");
    let section = Section::new(Rate::Given(lr), &rows, &results);
    println!("{}\n\n{}\n", section.grid(), recall_grid(&section, &cohort.classes));
    println!("{}\n", time_grid(&section));
    page.push(section);
    page.write(out)?;
    println!("table: {}", out.join(page.file()).display());
    plots.iter().flatten().for_each(|file| println!("plot: {}", file.display()));
    if let Some(file) = &arguments.json {
        let json = serde_json::to_string_pretty(&results)?;
        fs::write(file, json).with_context(|| format!("--json: `{}` cannot be written", file.display()))?;
    }
    Ok(())
}

/// The name of the folder, for its table.
fn name(data: Option<&Path>) -> String {
    let Some(data) = data else { return "synthetic".into() };
    let whole = data.canonicalize().unwrap_or_else(|_| data.into()); // `.` has no name
    whole.file_name().map_or_else(|| "folder".into(), |name| name.to_string_lossy().into_owned())
}

/// Reads the folder and its texts, and says what there is.
fn load(arguments: &Arguments, folder: &Path, bar: &Progress) -> Result<Cohort> {
    let window = match arguments.window.as_deref() {
        Some(&[low, high]) => {
            ensure!(low < high, "--window is {low} {high}, but LOW must be below HIGH: give the darker value first");
            Some([low, high])
        }
        _ => None,
    };
    let pictures = Pictures { size: arguments.image_size, window };
    let manifest = Manifest::read_watched(folder, pictures, arguments.skip_bad, &|done, of| {
        bar.part("rows of the manifest", done, of);
    })?;
    manifest.notes.iter().for_each(|note| eprintln!("note: manifest.csv: {note}"));
    if arguments.skip_bad {
        println!("bad rows left out: {}", manifest.skipped.len());
        manifest.skipped.iter().for_each(|error| eprintln!("left out: {error}"));
    }
    if let Some(windows) = manifest.windows(window) {
        println!("{windows}");
    }
    let texts: Vec<&str> = manifest.patients.iter().map(|patient| patient.text.as_str()).collect();
    let mut features: Option<Features> = None;
    if manifest.has_text {
        let model = arguments.bert.clone().unwrap_or_else(|| MODEL.into());
        if !model.exists() {
            return Err(Error::NoTextModel { folder: model }.into());
        }
        let made = text::features(&texts, &model, &folder.join(text::CACHE), &|done, of| {
            bar.part("texts encoded", done, of);
        })?;
        let source = match &made.source {
            Source::Cached => "from the cache".into(),
            Source::Computed => format!("computed, and cached in {}", text::CACHE),
            Source::NotCached(reason) => format!("computed; they could not be cached: {reason}"),
        };
        println!("text features: {} of `{}`, {source}", made.width, model.display());
        if made.cut > 0 {
            println!("{} texts are longer than the model can read, and were cut", made.cut);
        }
        features = Some(made);
    }
    let cohort = Cohort::new(&manifest, features.as_ref());
    let sizes: Vec<String> = (cohort.classes.iter().enumerate())
        .map(|(label, class)| format!("{class} {}", cohort.labels.iter().filter(|&&of| of == label).count()))
        .collect();
    println!("{} patients; classes: {}", cohort.labels.len(), sizes.join(", "));
    if manifest.has_group {
        let groups = cohort.groups.iter().max().map_or(0, |last| last + 1);
        println!("groups: {groups}, each in one fold");
    }
    for (at, modality) in cohort.modalities.iter().enumerate() {
        let missing = cohort.present.iter().filter(|present| !present[at]).count();
        println!("modality: {modality:?}, missing for {missing}");
    }
    Ok(cohort)
}
