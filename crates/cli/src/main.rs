//! What would a curriculum do with my classes? Before any training, from the labels alone; or with scores, from a file
//! or a saved state.
//!
//! `climd split labels.csv --group patient --parts 7,1,2 --seed 7`
//!
//! `climd inspect labels.csv [--html page.html] [--scores scores.csv] [--epochs 100] [--gamma 0.3] [--law zipf]`

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use climd::schedule::TargetLaw;
use climd::{PowerLaw, State};
use climd_cli::inspect::Inspection;
use climd_cli::inspect::table::{self, Column, Table};
use climd_cli::split;

/// Curriculum sampling for imbalanced data, from the command line.
#[derive(Debug, Parser)]
#[command(name = "climd", version)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What a curriculum would do with these classes, before any training.
    Inspect(Box<Arguments>),
    /// Parts for training, validation and test, or folds, that keep patients together and labels in proportion.
    Split(Box<split::Arguments>),
}

#[derive(Debug, Args)]
struct Arguments {
    /// A CSV with a column of labels: text or numbers.
    labels: PathBuf,
    /// The column, by name, or by number from 1; by default one called label, class, target or y, or the only one.
    #[arg(long)]
    column: Option<String>,
    /// The first row holds labels, not names of columns.
    #[arg(long)]
    no_header: bool,
    /// Epochs of the curriculum.
    #[arg(long, default_value_t = 100)]
    epochs: usize,
    /// Sharpness of the curriculum.
    #[arg(long, default_value_t = PowerLaw::default().gamma)]
    gamma: f64,
    /// Class distribution that the curriculum ends in.
    #[arg(long, value_enum, default_value = "power-law")]
    law: Target,
    /// Write a page that any browser shows, without a network.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The column that names the samples; by default one called id, patient, sample or name, else they are numbered.
    #[arg(long)]
    id: Option<String>,
    /// A CSV of scores, a row a sample in the order of the labels; higher is easier. It may be the file of the labels.
    #[arg(long, value_name = "FILE", conflicts_with = "state")]
    scores: Option<PathBuf>,
    /// The column of the scores; by default one called score or scores, or the only one.
    #[arg(long)]
    score_column: Option<String>,
    /// A state that was saved in training, which holds scores.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    PowerLaw,
    Zipf,
    Empirical,
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
    let table = Table::read(&arguments.labels, !arguments.no_header)?;
    let labels = table.labels(Column { wanted: arguments.column.as_deref(), ..table::LABELS })?;
    let law = match arguments.law {
        Target::PowerLaw => TargetLaw::PowerLaw,
        Target::Zipf => TargetLaw::Zipf,
        Target::Empirical => TargetLaw::Empirical,
    };
    let schedule = PowerLaw { epochs: arguments.epochs, gamma: arguments.gamma, law, ..Default::default() };
    let mut inspection = Inspection::new(&labels, schedule)?;
    if let Some(scores) = scores(arguments)? {
        inspection = inspection.scores(scores)?;
    }
    print!("{}", inspection.text()?);

    if let Some(file) = &arguments.html {
        let id = Column { wanted: arguments.id.as_deref(), ..table::IDS };
        let column = if arguments.id.is_some() { Some(table.find(id)?) } else { table.usual(id) };
        let ids: Option<Vec<String>> = column.map(|column| table.cells(column).map(|(_, id)| id.to_owned()).collect());
        let title = arguments.labels.file_name().unwrap_or_default().to_string_lossy();
        std::fs::write(file, inspection.page(&title, ids.as_deref())?)
            .with_context(|| format!("--html: {} cannot be written", file.display()))?;
        println!("\npage: {}", file.display());
    }
    Ok(())
}

fn scores(arguments: &Arguments) -> Result<Option<Vec<f32>>> {
    if let Some(file) = &arguments.scores {
        let column = Column { wanted: arguments.score_column.as_deref(), ..table::SCORES };
        return Ok(Some(Table::read(file, !arguments.no_header)?.scores(column)?));
    }
    let Some(file) = &arguments.state else { return Ok(None) };
    match State::load(file)?.scores() {
        Some(scores) => Ok(Some(scores)),
        None => bail!("--state: {} holds no scores: no later epoch needs them, or none were measured", file.display()),
    }
}
