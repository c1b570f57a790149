//! Makes the tables of the paper and our own, on real data, over splits.
//!
//! Finished runs are kept in a cache. A table that was interrupted goes on where it stopped.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, ValueEnum};
use climd_data::Dataset;
use climd_networks::config::{NoiseKind, Part, Thinning};
use climd_repro::answer::answer;
use climd_repro::cache::Cache;
use climd_repro::changes::Changes;
use climd_repro::experiment::{Row, Runner, Study};
use climd_repro::map::Cell;
use climd_repro::overview::overview;
use climd_repro::pooled::Source;
use climd_repro::progress::Progress;
use climd_repro::rate::Rate;
use climd_repro::regimes::Done;
use climd_repro::results::Page;
use climd_repro::section::Section;
use climd_repro::tables::{Table, TableRow, keep};
use climd_repro::targets;
use climd_repro::{chest, comparisons, map, patients, regimes, rules, shift};
use tch::{Device, Tensor};

/// Tables of mean and standard deviation over splits, with the baseline in the same run.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which table.
    #[arg(value_enum)]
    table: Which,
    /// Data sets: names of folders under data/, or folders.
    #[arg(long, value_name = "NAME", num_args = 1.., default_value = "brca")]
    data: Vec<String>,
    /// Splits; each is also a seed of weights, dropout and sampler. Default: 10; for `answer` 20.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..1 << 32))]
    seeds: Option<u64>,
    /// The first split. With another one, a finding can be checked on fresh splits.
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..1 << 32))]
    first_seed: u64,
    /// Epochs of plain training.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    epochs: u64,
    /// Learning rate: each row's own, by class-balanced cross-entropy on three inner splits; quick: the same, of 3e-4,
    /// 1e-3 and 3e-3 on one; one for all, 3e-3; tuned
    /// for the baseline by macro F1 on one validation part; or the paper's constant 5e-5. Default: own for `answer`,
    /// `paper` and `regimes`, else tuned and paper.
    #[arg(long, value_enum, num_args = 1..)]
    lr: Vec<Lr>,
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
    /// Train only rows whose names hold one of these texts, and those that they are compared with; the page then has
    /// every row of the table whose runs are all there.
    #[arg(long, value_name = "TEXT", num_args = 1..)]
    rows: Vec<String>,
    /// Number of splits for plots of the course of training; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 0)]
    curves: u64,
    /// Use only this number of samples, stratified, for a quick look.
    #[arg(long, value_name = "N")]
    samples: Option<usize>,
    /// Runs at a time, each on one thread. Default: one for each core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    jobs: Option<u64>,
    /// Minutes after which `answer` and `map` stop; the same command goes on later. Default: 30 for `answer`, none for
    /// `map`.
    #[arg(long, value_parser = minutes)]
    minutes: Option<f64>,
    /// Cells of `map`, each as imbalance, percent of wrong labels and percent of the steps: 50:40:10. Default: all.
    #[arg(long, value_name = "CELL", num_args = 1..)]
    cells: Vec<Cell>,
    /// Folder of the finished runs. Default: `runs` in the folder of --out.
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
    /// Folder for tables and plots. Default: `results`; for `answer` the folder `climd-answer` in the data's.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// No progress bar.
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Networks.
    Table1,
    /// Methods for imbalance.
    Table2,
    /// The curriculum around every network.
    Table3,
    /// Table 3 with the learning rate, the steps and the full batches of each network's authors; ignores --lr.
    Native,
    /// Parts of the measurer, and other schedulers.
    Table4,
    /// Controls, prior correction and other samplers.
    Beyond,
    /// The rows that the advice rests on.
    Advice,
    /// Prior correction and trimming with wrong labels.
    LabelNoise,
    /// The curriculum with scores from training steps, beside full measurements.
    Observe,
    /// What to use on a folder of yours, as far as --minutes allow: which method, by how much, how sure, and the code.
    Answer,
    /// CLIMD beside plain training under other settings, and in the epoch that is best on the test part.
    Regimes,
    /// The decisive table on a folder of yours, such as the paper's own cohort: last and best epochs, each row tuned.
    Paper,
    /// When a curriculum pays: the rows of `answer` over imbalance, wrong labels and training budget, which it sets
    /// itself, all at the rates of `--lr quick`.
    Map,
    /// Rules that choose a learning rate, for plain training, the curriculum and prior correction; ignores --lr.
    Rates,
    /// Plain training and the curriculum, with and without prior correction, with recalls and times.
    Main,
    /// Samplers on data with several labels a sample: yeast and padchest-reports, as `make data-labels` fetches them.
    Targets,
    /// Splits, sites and epochs of three sets of chest X-rays, as `make data-chest` fetches them; trains nothing.
    Chest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Noise {
    Uniform,
    Neighbour,
}

impl Noise {
    fn kind(self) -> Option<NoiseKind> {
        match self {
            Noise::Uniform => None,
            Noise::Neighbour => Some(NoiseKind::Neighbour),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Lr {
    Own,
    Quick,
    One,
    Tuned,
    Paper,
}

impl Lr {
    fn rate(self) -> Rate {
        match self {
            Lr::Own => Rate::Own,
            Lr::Quick => Rate::Quick,
            Lr::One => Rate::One,
            Lr::Tuned => Rate::Tuned,
            Lr::Paper => Rate::Paper,
        }
    }
}

/// A positive number of minutes.
fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "not a number")?;
    if minutes > 0.0 { Ok(minutes) } else { Err("must be above 0".into()) }
}

impl Arguments {
    fn out(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| "results".into())
    }

    fn runs(&self) -> PathBuf {
        self.runs.clone().unwrap_or_else(|| self.out().join("runs"))
    }

    fn seeds(&self) -> u64 {
        self.seeds.unwrap_or(if self.table == Which::Answer { 20 } else { 10 })
    }

    fn rates(&self) -> Vec<Rate> {
        match self.table {
            Which::Native => vec![Rate::Native],
            _ if !self.lr.is_empty() => self.lr.iter().map(|lr| lr.rate()).collect(),
            Which::Paper | Which::Regimes | Which::Answer => vec![Rate::Own],
            _ => vec![Rate::Tuned, Rate::Paper],
        }
    }
}

impl Which {
    /// The table, where it is one.
    fn table(self) -> Option<Table> {
        Some(match self {
            Which::Table1 => Table::Table1,
            Which::Table2 => Table::Table2,
            Which::Table3 => Table::Table3,
            Which::Native => Table::Native,
            Which::Table4 => Table::Table4,
            Which::Beyond => Table::Beyond,
            Which::Advice => Table::Advice,
            Which::LabelNoise => Table::LabelNoise,
            Which::Observe => Table::Observe,
            Which::Main => Table::Main,
            Which::Answer | Which::Rates | Which::Regimes | Which::Paper => return None,
            Which::Map | Which::Chest | Which::Targets => return None,
        })
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.table {
        Which::Answer => return answered(arguments),
        Which::Chest => return chest::write("data/chest".as_ref(), &arguments.out()),
        Which::Targets => return targets(&arguments),
        _ => {}
    }
    // all data are read before anything is trained
    let reading = Progress::new("", arguments.quiet)?;
    reading.part("reading the data", 0, 0);
    let sets: Vec<Dataset> = arguments.data.iter().map(|name| load(name, arguments.samples)).collect::<Result<_>>()?;
    reading.finish();
    if arguments.table == Which::Map {
        return map(&arguments, &sets);
    }
    if arguments.table == Which::Rates {
        let lines = sets.iter().map(|dataset| rates(&arguments, dataset)).collect::<Result<Vec<_>>>()?;
        return rules::write(&arguments.out(), arguments.epochs as usize, &lines.concat());
    }
    for dataset in &sets {
        match arguments.table.table() {
            Some(table) => one(&arguments, table, dataset)?,
            None => regimes(&arguments, dataset)?,
        }
    }
    Ok(())
}

/// `answer`: everything is read from the reader's folder, and is kept in it.
fn answered(mut arguments: Arguments) -> Result<()> {
    let [name] = &arguments.data[..] else { bail!("--data: `answer` wants one folder") };
    let folder = folder(name)?;
    arguments.out.get_or_insert_with(|| folder.join("climd-answer"));
    let end = end(arguments.minutes.unwrap_or(30.0));
    let mut dataset = load(name, arguments.samples)?;
    dataset.split = None; // intervals need several
    let [rate] = arguments.rates()[..] else { bail!("--lr: `answer` wants one") };
    let study = study(&arguments, &dataset, rate);
    let answer = with_runner(&arguments, &dataset.name, end, |runner| answer(runner, &study))?;
    let words = std::env::args().skip(1).map(|word| if word.contains(' ') { format!("'{word}'") } else { word });
    let command = format!("climd-repro {}", words.collect::<Vec<_>>().join(" "));
    println!("{}", answer.page(&command));
    answer.write(&arguments.out(), &command)
}

/// `map`: budget by budget, and in each of them set by set.
fn map(arguments: &Arguments, sets: &[Dataset]) -> Result<()> {
    let own = arguments.imbalance.is_some() || arguments.noise > 0.0 || !arguments.lr.is_empty();
    ensure!(
        !own,
        "`map` goes over imbalance and wrong labels itself, at `--lr quick`: leave out --imbalance, --noise and --lr"
    );
    let until = arguments.minutes.and_then(end);
    let mut lines = Vec::new();
    for cells in map::cells(&arguments.cells) {
        for dataset in sets {
            let whole = study(arguments, dataset, Rate::Quick);
            let done = with_runner(arguments, &dataset.name, until, |runner| map::train(runner, &whole, &cells))?;
            lines.extend(done);
        }
    }
    println!("{}", map::write(&arguments.out(), arguments.first_seed, lines)?);
    Ok(())
}

/// The time when so many minutes are over; none if it is too far away for the clock.
fn end(minutes: f64) -> Option<Instant> {
    Duration::try_from_secs_f64(60.0 * minutes).ok().and_then(|of| Instant::now().checked_add(of))
}

/// Calls `work` with what does the runs of a data set, and shows how far they are.
fn with_runner<T>(
    arguments: &Arguments,
    name: &str,
    until: Option<Instant>,
    work: impl FnOnce(&Runner<'_>) -> Result<T>,
) -> Result<T> {
    let bar = Progress::new(name, arguments.quiet)?;
    let progress = |loss: &Tensor| bar.step(|| loss.double_value(&[]));
    let planned = |steps: usize| bar.plan(steps);
    let cache = Cache::open(&arguments.runs().join(format!("{name}.jsonl")))?;
    let runner =
        Runner { cache, jobs: jobs(arguments)?, device: Device::Cpu, until, planned: &planned, progress: &progress };
    let done = work(&runner);
    bar.finish();
    done
}

fn rates(arguments: &Arguments, dataset: &Dataset) -> Result<Vec<rules::Line>> {
    let study = study(arguments, dataset, Rate::Own);
    let rows: Vec<Row> = Table::Main.rows(study.epochs).into_iter().map(|row| row.row).collect();
    with_runner(arguments, &dataset.name, None, |runner| rules::compare(runner, &study, &rows))
}

/// `regimes`, and for a folder of the user's `paper`.
fn regimes(arguments: &Arguments, dataset: &Dataset) -> Result<()> {
    let epochs = arguments.epochs as usize;
    let (name, wanted) = match arguments.table {
        Which::Paper => ("paper", vec![regimes::default(epochs)]),
        _ => ("regimes", regimes::all(epochs)),
    };
    let sections = with_runner(arguments, &dataset.name, None, |runner| {
        let of_rate = |rate: Rate| -> Result<(Rate, Vec<Done>)> {
            let study = study(arguments, dataset, rate);
            let all = wanted.iter().map(|regime| Done::run(runner, &study, regime.clone())).collect::<Result<_>>()?;
            Ok((rate, all))
        };
        arguments.rates().into_iter().map(of_rate).collect::<Result<Vec<_>>>()
    })?;
    let study = study(arguments, dataset, Rate::Own);
    println!("{}", regimes::page(&study, &sections));
    regimes::write(&arguments.out(), name, &study, &sections)
}

fn study<'a>(arguments: &Arguments, dataset: &'a Dataset, rate: Rate) -> Study<'a> {
    Study {
        dataset,
        changes: Changes {
            imbalance: arguments.imbalance,
            thinning: arguments.exact.then_some(Thinning::Exact),
            noise: arguments.noise,
            noise_kind: arguments.noise_kind.kind(),
        },
        epochs: arguments.epochs as usize,
        batch_size: 32,
        first_seed: arguments.first_seed,
        seeds: arguments.seeds(),
        rate,
    }
}

fn targets(arguments: &Arguments) -> Result<()> {
    for name in &arguments.data {
        let bar = Progress::new(name, arguments.quiet)?;
        let watch = |done, of| bar.part("runs", done, of);
        targets::study(
            &folder(name)?,
            arguments.seeds(),
            jobs(arguments)?,
            &arguments.runs(),
            &arguments.out(),
            &watch,
        )?;
    }
    Ok(())
}

fn jobs(arguments: &Arguments) -> Result<usize> {
    Ok(match arguments.jobs {
        Some(jobs) => jobs as usize,
        None => std::thread::available_parallelism()?.get(),
    })
}

fn folder(name: &str) -> Result<PathBuf> {
    let folder = [PathBuf::from("data").join(name), PathBuf::from(name)].into_iter().find(|folder| folder.is_dir());
    folder.with_context(|| {
        format!(
            "--data {name}: neither `data/{name}` nor `{name}` is a folder; `make data-all data-labels` fetches the \
             public sets"
        )
    })
}

fn load(name: &str, samples: Option<usize>) -> Result<Dataset> {
    let dataset = Dataset::load(folder(name)?)?;
    dataset.notes.iter().for_each(|note| eprintln!("note: {note}"));
    Ok(match samples {
        Some(samples) => dataset.slice(samples, 0)?,
        None => dataset,
    })
}

fn one(arguments: &Arguments, table: Table, dataset: &Dataset) -> Result<()> {
    let epochs = arguments.epochs as usize;
    let mut rows = table.rows(epochs);
    if dataset.name != "brca" || arguments.samples.is_some() {
        rows.iter_mut().for_each(|row| row.paper = None); // the paper's figures are of breast cancer
    }
    let study = study(arguments, dataset, Rate::Tuned);
    let mut page = Page::new(table, &study);
    let rates = arguments.rates();
    with_runner(arguments, &dataset.name, None, |runner| {
        for &rate in &rates {
            let study = Study { rate, ..study };
            let mut rows = rows.clone();
            if !arguments.rows.is_empty() {
                let named = |row: &TableRow| arguments.rows.iter().any(|text| row.row.name.contains(text));
                ensure!(
                    rows.iter().any(named),
                    "--rows: no row of this table has one of {:?} in its name",
                    arguments.rows
                );
                let compared: Vec<usize> = rows.iter().filter(|row| named(row)).filter_map(|row| row.against).collect();
                let chosen = rows.iter().enumerate().filter(|(at, row)| named(row) || compared.contains(at));
                runner.rows(&study, &chosen.map(|(_, row)| row.row.clone()).collect::<Vec<_>>(), Part::Test, 0)?;
                let done = rows.iter().map(|row| runner.is_done(&study, &row.row, Part::Test, 0));
                let mut done = done.collect::<Result<Vec<bool>>>()?.into_iter();
                rows = keep(rows, |_| done.next().unwrap_or(false));
            }
            let plain: Vec<Row> = rows.iter().map(|row| row.row.clone()).collect();
            let results = runner.rows(&study, &plain, Part::Test, 0)?;
            let source = Source { page: &page, study: &study, rates: &rates, rows: &rows, results: &results };
            shift::add(&arguments.out(), &source)?;
            patients::add(&arguments.out(), &source)?;
            page.push(Section::new(rate, &rows, &results).with_contrasts(&table.contrasts(), &results));
            if arguments.curves > 0 {
                let few = Study { seeds: arguments.curves, ..study };
                let curves = runner.rows(&few, &Page::plotted(&rows), Part::Validation, 20)?;
                page.plot(&arguments.out(), &curves, few.curriculum_end()?)?;
            }
        }
        Ok(())
    })?;
    println!("{}", page.markdown());
    let writing = Progress::new(&dataset.name, arguments.quiet)?;
    writing.part("writing tables", 0, 0);
    page.write(&arguments.out())?;
    comparisons::write(&arguments.out())?;
    if let (Table::Beyond | Table::Advice | Table::LabelNoise, Some(text)) = (table, overview(&arguments.out(), table)?)
    {
        let file = arguments.out().join(format!("overview-{}.md", table.name()));
        fs::write(&file, text).with_context(|| format!("--out: `{}` cannot be written", file.display()))?;
    }
    Ok(())
}
