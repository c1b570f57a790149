//! What would a curriculum do with my classes? The program answers before any training, from the labels alone, or with
//! scores from a file or a saved state.
//!
//! `climd split labels.csv --group patient --parts 7,1,2 --seed 7`
//!
//! `climd inspect labels.csv [--html page.html] [--scores scores.csv] [--epochs 100] [--schedule trim]`

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use climd::schedule::TargetLaw;
use climd::{PowerLaw, State, Within};
use climd_cli::inspect::Inspection;
use climd_cli::{schedule, split};
use climd_csv::{
    Column, GROUPS, HeaderOption, IDS, Kind, LABELS, Labels, Options, SCORES, SITES, Separator, Sheet, Wanted,
};

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
    /// A CSV with a column of labels: text or numbers, several in a cell (`A|B`), or one-hot columns.
    labels: PathBuf,
    /// The column, by name, or by number from 1; by default one called label, class, target, y or the like, else
    /// one-hot columns, or the only one.
    #[arg(long)]
    column: Option<String>,
    /// One-hot columns, by name or number, with a comma between them.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', conflicts_with = "column")]
    one_hot: Vec<String>,
    /// The first row holds labels, not names of columns. By default it is compared with the rows below.
    #[arg(long)]
    no_header: bool,
    /// The first row names the columns.
    #[arg(long, conflicts_with = "no_header")]
    header: bool,
    /// The separator between cells. By default it is found automatically.
    #[arg(long, value_enum)]
    separator: Option<Between>,
    /// NA, None and so on are names of classes, not missing labels.
    #[arg(long)]
    keep_missing: bool,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Between {
    Comma,
    Semicolon,
    Tab,
    Pipe,
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
    let sheet = read(&arguments.labels, arguments)?;
    let wanted = Wanted {
        column: LABELS.wanted(arguments.column.as_deref()),
        one_hot: &arguments.one_hot,
        keep_missing: arguments.keep_missing,
    };
    let labels = Labels::read(&sheet, wanted)?;
    eprintln!("note: labels: {}", said(&sheet, &labels));
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
    }
    if let Some(site) = &arguments.site {
        let at = sheet.find(SITES.wanted(Some(site)))?;
        let within = match arguments.within {
            Sharing::Proportional => Within::Proportional,
            Sharing::Balanced => Within::Balanced,
        };
        inspection = inspection.sites(&column_name(&sheet, at), &values(at), within)?;
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
        let title = arguments.labels.file_name().unwrap_or_default().to_string_lossy();
        std::fs::write(file, inspection.page(&title, Some(&ids))?)
            .with_context(|| format!("--html: {} cannot be written", file.display()))?;
        println!("\npage: {}", file.display());
    }
    Ok(())
}

/// Reads a table, and writes what was found about it to standard error.
fn read(file: &Path, arguments: &Arguments) -> Result<Sheet> {
    let header = match () {
        () if arguments.no_header => HeaderOption::Absent,
        () if arguments.header => HeaderOption::Present,
        () => HeaderOption::Detect,
    };
    let separator = arguments.separator.map(|between| match between {
        Between::Comma => Separator::Comma,
        Between::Semicolon => Separator::Semicolon,
        Between::Tab => Separator::Tab,
        Between::Pipe => Separator::Pipe,
    });
    let sheet = Sheet::read(file, Options { header, separator })?;
    if !sheet.is_empty() {
        eprintln!("note: {}: {}; {}", file.display(), sheet.header(), sheet.columns());
    }
    sheet.notes().iter().for_each(|note| eprintln!("note: {}: {note}", file.display()));
    Ok(sheet)
}

fn column_name(sheet: &Sheet, at: usize) -> String {
    sheet.names().map_or_else(|| format!("column {}", at + 1), |names| names[at].clone())
}

/// Says where the labels were found.
fn said(sheet: &Sheet, labels: &Labels) -> String {
    let columns = |columns: &[usize]| {
        let names: Vec<String> = columns.iter().take(20).map(|&at| column_name(sheet, at)).collect();
        names.join(", ")
    };
    match &labels.kind {
        Kind::Cells(at, between) => {
            format!("{}, several in a cell with `{between}` between them", column_name(sheet, *at))
        }
        Kind::OneHot(of) => format!("one-hot columns {}", columns(of)),
        Kind::MultiHot(of) => format!("columns of ones and zeros {}, several in a row", columns(of)),
        Kind::Column(at) => column_name(sheet, *at),
        _ => "as found".into(),
    }
}

fn scores(arguments: &Arguments) -> Result<Option<Vec<f32>>> {
    if let Some(file) = &arguments.scores {
        let sheet = read(file, arguments)?;
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
