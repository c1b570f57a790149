//! What would a curriculum do with my classes? The program answers before any training, from the labels alone, or with
//! scores from a file or a saved state.
//!
//! `climd split labels.csv --group patient --parts 7,1,2 --seed 7`
//!
//! `climd inspect labels.csv [--html page.html] [--scores scores.csv] [--epochs 100] [--schedule trim]`

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use climd::schedule::TargetLaw;
use climd::{PowerLaw, State, Within};
use climd_cli::inspect::Inspection;
use climd_cli::table::{Table, check_not_read, column_name, without_value};
use climd_cli::{schedule, split};
use climd_csv::{Column, GROUPS, IDS, SCORES, SITES};

/// Curriculum sampling for imbalanced data, from the command line.
#[derive(Debug, Parser)]
#[command(name = "climd", version)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what a curriculum would do with these classes, before any training.
    #[command(after_help = schedule::list())]
    Inspect(Box<Arguments>),
    /// Parts for training, validation and test, or folds, that keep patients together and labels in proportion.
    Split(Box<split::Arguments>),
}

#[derive(Debug, Args)]
struct Arguments {
    #[command(flatten)]
    table: Table,
    /// The column of the patient, if a patient has several samples.
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// The most samples of a patient that an epoch takes, of each class and site.
    #[arg(long, value_name = "NUMBER", requires = "group")]
    cap: Option<usize>,
    /// The column of the hospital or the scanner. Each class is shared among them.
    #[arg(long, value_name = "COLUMN")]
    site: Option<String>,
    /// How a class is shared among its sites.
    #[arg(long, value_enum, default_value = "proportional", requires = "site")]
    within: Sharing,
    /// Epochs of the curriculum. By default those of the schedule, or 100.
    #[arg(long)]
    epochs: Option<usize>,
    /// The schedule: a name (`trim`), a name with fields (`trim:drop=0.2,ramp=5`), or JSON
    /// (`{"name": "trim", "drop": 0.2}`). By default the curriculum of the paper.
    #[arg(long, value_name = "SCHEDULE", conflicts_with_all = ["gamma", "law"])]
    schedule: Option<String>,
    /// Sharpness of the paper's curriculum.
    #[arg(long, default_value_t = PowerLaw::default().gamma)]
    gamma: f64,
    /// Class distribution that the paper's curriculum ends in.
    #[arg(long, value_enum, default_value = "power-law")]
    law: Target,
    /// Write a page that any browser shows, without a network.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The column that names the samples; by default one called id, patient, sample, image or the like, else their
    /// rows.
    #[arg(long)]
    id: Option<String>,
    /// A CSV of scores: one row for each sample, in the order of the labels. Higher is easier. It may be the file of
    /// the labels.
    #[arg(long, value_name = "FILE", conflicts_with = "state")]
    scores: Option<PathBuf>,
    /// The column of the scores; by default one called score or scores, or the only one.
    #[arg(long)]
    score_column: Option<String>,
    /// A state with scores, saved in training.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    PowerLaw,
    Zipf,
    Empirical,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sharing {
    /// In proportion to its samples at each.
    Proportional,
    /// As equally as its samples allow.
    Balanced,
}

fn main() -> Result<()> {
    match Program::parse().command {
        Command::Inspect(arguments) => inspect(&arguments),
        Command::Split(arguments) => {
            print!("{}", split::run(&arguments)?);
            Ok(())
        }
    }
}

fn inspect(arguments: &Arguments) -> Result<()> {
    if let Some(html) = &arguments.html {
        let read = [(Some(&arguments.table.labels), "labels"), (arguments.scores.as_ref(), "scores")];
        for (file, what) in read.into_iter().chain([(arguments.state.as_ref(), "state")]) {
            file.map_or(Ok(()), |file| check_not_read("--html", html, file, what))?;
        }
    }
    let (sheet, labels) = arguments.table.read()?;
    let law = match arguments.law {
        Target::PowerLaw => TargetLaw::PowerLaw,
        Target::Zipf => TargetLaw::Zipf,
        Target::Empirical => TargetLaw::Empirical,
    };
    let schedule = match &arguments.schedule {
        Some(text) => schedule::parse(text, arguments.epochs)?,
        None => {
            let epochs = arguments.epochs.unwrap_or(PowerLaw::default().epochs);
            PowerLaw { epochs, gamma: arguments.gamma, law, ..Default::default() }.into()
        }
    };
    let mut inspection = Inspection::of(&labels, schedule)?;
    if let Some(epochs) = arguments.epochs {
        inspection = inspection.epochs(epochs)?;
    }
    // only of rows that have a label
    let values = |at: usize| -> Vec<String> { labels.rows.iter().map(|&row| sheet.cell(row, at).to_owned()).collect() };
    if let Some(group) = &arguments.group {
        let at = sheet.find(GROUPS.wanted(Some(group)))?;
        inspection = inspection.groups(&column_name(&sheet, at), &values(at), arguments.cap)?;
        inspection = inspection.warn(without_value(&sheet, &labels.rows, at, "group"));
    }
    if let Some(site) = &arguments.site {
        let at = sheet.find(SITES.wanted(Some(site)))?;
        let within = match arguments.within {
            Sharing::Proportional => Within::Proportional,
            Sharing::Balanced => Within::Balanced,
        };
        inspection = inspection.sites(&column_name(&sheet, at), &values(at), within)?;
        inspection = inspection.warn(without_value(&sheet, &labels.rows, at, "site"));
    }
    if let Some(scores) = scores(arguments)? {
        // one for each row of the file, or for each row with a label
        let scores = match scores.len() == sheet.len() {
            true => labels.rows.iter().map(|&row| scores[row]).collect(),
            false => scores,
        };
        inspection = inspection.scores(scores)?;
    }
    print!("{}", inspection.text()?);

    if let Some(file) = &arguments.html {
        let id = IDS.wanted(arguments.id.as_deref());
        let column = if arguments.id.is_some() { Some(sheet.find(id)?) } else { sheet.usual(id) };
        let ids = match column {
            Some(at) => values(at),
            None => labels.rows.iter().map(|&row| format!("row {}", sheet.number(row))).collect(),
        };
        let title = arguments.table.labels.file_name().unwrap_or_default().to_string_lossy();
        std::fs::write(file, inspection.page(&title, Some(&ids))?)
            .with_context(|| format!("--html: {} cannot be written", file.display()))?;
        println!("\npage: {}", file.display());
    }
    Ok(())
}

fn scores(arguments: &Arguments) -> Result<Option<Vec<f32>>> {
    if let Some(file) = &arguments.scores {
        let sheet = arguments.table.sheet(file)?;
        let column = Column { wanted: arguments.score_column.as_deref(), ..SCORES };
        let at = sheet.find(column)?;
        let scores = (0..sheet.len()).map(|row| sheet.number_at(row, at)).collect::<climd_csv::Result<_>>();
        return Ok(Some(scores?));
    }
    let Some(file) = &arguments.state else { return Ok(None) };
    match State::load(file)?.scores() {
        Some(scores) => match scores.iter().filter(|score| score.is_nan()).count() {
            0 => Ok(Some(scores)),
            unseen => bail!(
                "--state: {} has no score of {unseen} samples, which no epoch has observed yet: take a later state, or \
                 one after a full measurement",
                file.display()
            ),
        },
        None => bail!("--state: {} holds no scores: no later epoch needs them, or none were measured", file.display()),
    }
}
