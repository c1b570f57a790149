//! What would a curriculum do with my classes? Before any training, from the labels alone.
//!
//! `cargo run --release --example inspect -- labels.csv [--column NAME] [--epochs 100] [--gamma 0.3] [--law zipf]`

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, ValueEnum};
use climd::{Curriculum, CurriculumSampler, PowerLaw, PowerLawScheduler, TargetLaw};
use comfy_table::{Table, presets};

/// What a curriculum would do with these classes.
#[derive(Debug, Parser)]
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    PowerLaw,
    Zipf,
    Empirical,
}

/// The labels as they stand in the file.
fn read(arguments: &Arguments) -> Result<Vec<String>> {
    let file = arguments.labels.display();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(!arguments.no_header)
        .from_path(&arguments.labels)
        .with_context(|| format!("{file} cannot be read"))?;
    let names: Vec<String> = match arguments.no_header {
        true => Vec::new(),
        false => reader
            .headers()
            .with_context(|| format!("{file}: row 1"))?
            .iter()
            .map(|name| name.trim().to_owned())
            .collect(),
    };
    let mut column = match &arguments.column {
        Some(wanted) => match names.iter().position(|name| name == wanted) {
            Some(at) => Some(at),
            None => match wanted.parse::<usize>() {
                Ok(number) if number > 0 => Some(number - 1),
                _ => bail!("--column: {file} has no column {wanted:?}; it has {}", names.join(", ")),
            },
        },
        None => names.iter().position(|name| ["label", "class", "target", "y"].contains(&name.to_lowercase().as_str())),
    };
    let mut labels = Vec::new();
    for (at, record) in reader.records().enumerate() {
        let row = at + 1 + usize::from(!arguments.no_header);
        let record = record.with_context(|| format!("{file}: row {row}"))?;
        if column.is_none() {
            ensure!(
                record.len() == 1,
                "{file} has {} columns: say which one holds the labels, with --column",
                record.len()
            );
            column = Some(0);
        }
        let cell = record.get(column.unwrap_or(0));
        let label = cell.with_context(|| format!("{file}: row {row} has only {} columns", record.len()))?.trim();
        ensure!(!label.is_empty(), "{file}: row {row} has no label: fill it in, or leave the row out");
        labels.push(label.to_owned());
    }
    ensure!(!labels.is_empty(), "{file} has no labels");
    Ok(labels)
}

/// `1, 4 to 9, 12` of ascending numbers.
fn ranges(epochs: &[usize]) -> String {
    let runs = epochs.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    });
    runs.collect::<Vec<_>>().join(", ")
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    print!("{}", answer(&read(&arguments)?, &arguments)?);
    Ok(())
}

fn answer(labels: &[String], arguments: &Arguments) -> Result<String> {
    let mut names: Vec<&String> = labels.iter().collect();
    names.sort_unstable();
    names.dedup();
    let codes: Vec<usize> = labels.iter().map(|label| names.partition_point(|name| *name < label)).collect();
    let law = match arguments.law {
        Target::PowerLaw => TargetLaw::PowerLaw,
        Target::Zipf => TargetLaw::Zipf,
        Target::Empirical => TargetLaw::Empirical,
    };
    let schedule = PowerLaw { epochs: arguments.epochs, gamma: arguments.gamma, law, ..Default::default() };
    let sampler: PowerLawScheduler = Curriculum::new(&codes, schedule)?;
    let classes = sampler.classes();
    let (n, c, counts) = (classes.num_samples(), classes.num_classes(), classes.counts());
    let (largest, smallest) = (counts[0], counts[c - 1]);
    let ratio = largest as f64 / smallest as f64;

    let mut out = format!("{n} samples of {c} classes, {ratio:.1}:1 from the largest to the smallest\n");
    let hill = classes.hill_exponent() / arguments.gamma;
    writeln!(
        out,
        "Zipf exponent {:.2}; the paper's alpha(T) {hill:.2}, with gamma {}\n",
        classes.zipf_exponent(),
        arguments.gamma
    )?;

    let last = arguments.epochs - 1;
    let mut points = vec![0, last / 4, last / 2, 3 * last / 4, last];
    points.dedup();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let header =
        ["class", "samples"].map(str::to_owned).into_iter().chain(points.iter().map(|epoch| format!("epoch {epoch}")));
    table.set_header(header);
    let quotas = points.iter().map(|&epoch| sampler.quotas(epoch)).collect::<climd::Result<Vec<_>>>()?;
    const SHOWN: usize = 20;
    for rank in (0..c).filter(|&rank| c <= SHOWN || rank < SHOWN / 2 || rank >= c - SHOWN / 2) {
        let name = names[classes.label(rank) as usize].clone();
        let cells =
            [name, counts[rank].to_string()].into_iter().chain(quotas.iter().map(|quota| quota[rank].to_string()));
        table.add_row(cells);
        if c > SHOWN && rank == SHOWN / 2 - 1 {
            table.add_row([format!("... {} more", c - SHOWN)]);
        }
    }
    let sizes = ["all".to_owned(), n.to_string()]
        .into_iter()
        .chain(quotas.iter().map(|quota| quota.iter().sum::<usize>().to_string()));
    table.add_row(sizes);
    writeln!(out, "{table}\n")?;

    for line in warnings(&sampler, arguments.law, ratio, &names)? {
        writeln!(out, "warning: {line}")?;
    }
    writeln!(
        out,
        "\nadvice, from our measurements on five data sets (docs/results/advice.md):\n{}",
        advice(c, ratio, smallest)
    )?;
    Ok(out)
}

fn warnings(sampler: &PowerLawScheduler, law: Target, ratio: f64, names: &[&String]) -> Result<Vec<String>> {
    let (classes, epochs) = (sampler.classes(), sampler.schedule().epochs);
    let (n, counts) = (classes.num_samples(), classes.counts());
    let name = |rank: usize| names[classes.label(rank) as usize];
    let mut lines = Vec::new();
    let few: Vec<String> = (0..counts.len())
        .filter(|&rank| counts[rank] < 5)
        .map(|rank| format!("{} ({})", name(rank), counts[rank]))
        .collect();
    if !few.is_empty() {
        lines.push(format!("classes with fewer than 5 samples: {}; no metric of theirs means much", few.join(", ")));
    }
    let (mut empty, mut above, mut steepest) = (Vec::new(), Vec::new(), 1.0f64);
    for epoch in 0..epochs {
        let quotas = sampler.quotas(epoch)?;
        let len: usize = quotas.iter().sum();
        if quotas.contains(&0) {
            empty.push(epoch);
        } else {
            steepest = steepest.max(quotas[0] as f64 / quotas[counts.len() - 1] as f64);
        }
        // of the largest class: in a subset of its own data it should not be more common than in them
        if quotas[0] as f64 / len as f64 > 1.005 * counts[0] as f64 / n as f64 {
            above.push(epoch);
        }
    }
    if !empty.is_empty() {
        lines.push(format!("some classes have no sample in epochs {}", ranges(&empty)));
    }
    if steepest > 1.5 * ratio {
        let other = if law == Target::PowerLaw { "; use --law zipf or --law empirical" } else { "" };
        lines.push(format!("the curriculum makes an imbalance of up to {steepest:.1}:1, which the data do not have ({ratio:.1}:1){other}"));
    }
    if !above.is_empty() && counts.len() > 1 {
        lines.push(format!("{} has a larger share of epochs {} than of the data", name(0), ranges(&above)));
    }
    Ok(lines)
}

fn advice(classes: usize, ratio: f64, smallest: usize) -> &'static str {
    match () {
        () if classes == 1 => "One class: there is nothing to balance.",
        () if classes == 2 && smallest < 10 && ratio >= 10.0 => {
            "Two classes and a handful of positives: `Trim` with drop 0.1, and `prior_corrected_cross_entropy` with tau 1, gained\n\
             +15.2 [+12.2, +17.9] points of macro F1 on the one such set we have; the loss alone +7.1 [+5.4, +8.9]."
        }
        () if ratio <= 5.0 => {
            "Classes within 5:1: train on all data, plainly. Neither a curriculum nor a corrected loss was told from it, and the curriculum\n\
             cost up to 0.8 points. An exception is a small hard set (LGG, 3:1): the corrected loss gained +2.3 [+0.8, +3.9] there.\n\
             If many labels may be wrong, the published curriculum gained +1.4 [+0.6, +2.3] on KIPAN, and nothing that we could tell elsewhere."
        }
        () if ratio < 10.0 => {
            "Between 5:1 and 10:1 we have no set. Above it the corrected loss gains, below it nothing does: try `prior_corrected_cross_entropy` with tau 1\n\
             on a validation part."
        }
        () => {
            "A long tail: train on all data with `prior_corrected_cross_entropy`, tau 1: 1.3 to 10.0 points of macro F1, most at 50:1. The curriculum by itself did not\n\
             help on any set with right labels; with that loss, and over half of the epochs, it does about what the loss does alone. If a fifth of the\n\
             labels may be wrong: few classes, tau 1/2 or plain training; many classes, tau 1 all the same."
        }
    }
}
