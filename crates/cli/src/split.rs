//! `climd split`: parts of a data set in which no group is twice and every label has its share.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use climd::{PartError, Targets, split, split_errors};
use climd_csv::{GROUPS, is_missing};

use crate::table::{Table, check_not_read, column_name};

/// What is to be split, and how.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    table: Table,
    /// The column whose equal values stay together, by name or number: the patient. By default one called group,
    /// patient, subject or the like, else each row is by itself.
    #[arg(long)]
    group: Option<String>,
    /// Whole weights of the parts: training, validation and test, or folds (1,1,1,1,1).
    #[arg(long, value_delimiter = ',', default_value = "7,1,2")]
    parts: Vec<u32>,
    /// Seed of ties among groups that are alike.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Where the split is written: row (as a spreadsheet numbers it), group, part (from 0).
    #[arg(long, value_name = "FILE", default_value = "split.csv")]
    out: PathBuf,
}

/// A file's labels and groups.
#[derive(Debug)]
pub struct Findings {
    /// Names of the labels, by column.
    pub names: Vec<String>,
    /// The labels of each sample.
    pub targets: Targets,
    /// What a person calls each group: the text of its cells, or the number of its row if no column says.
    pub group_names: Vec<String>,
    /// The group of each sample, a number in `group_names`.
    pub groups: Vec<usize>,
    /// The row of each sample, as a spreadsheet numbers it. Rows without a label have no sample.
    pub rows: Vec<usize>,
}

impl Findings {
    /// Reads labels and groups of a CSV, and writes notes and warnings about them to standard error.
    ///
    /// # Errors
    /// What the reader says; a row without a group.
    pub fn read(table: &Table, group: Option<&str>) -> Result<Self> {
        let (sheet, labels) = table.read()?;
        labels.warnings.iter().for_each(|line| eprintln!("warning: {line}"));
        let mut targets = Targets::multi_label(&labels.starts, &labels.labels, labels.classes.len())?;
        if !labels.unknown.is_empty() {
            targets = targets.unknown(&labels.unknown_starts, &labels.unknown)?;
        }
        let of_group = match group {
            Some(name) => Some(sheet.named(name, GROUPS.option)?),
            // rows of a folder have no numbers, and their paths say which they are
            None if table.labels.is_dir() => Some(0),
            None => sheet.usual(GROUPS),
        };
        if let (None, [first, others @ ..]) = (group, &sheet.all_usual(GROUPS)[..])
            && !others.is_empty()
        {
            let others: Vec<String> = others.iter().map(|&at| column_name(&sheet, at)).collect();
            let (first, others) = (column_name(&sheet, *first), others.join(", "));
            eprintln!("warning: groups are those of `{first}`, but `{others}` could be meant: say which with --group");
        }
        match of_group {
            Some(0) if group.is_none() && table.labels.is_dir() => eprintln!(
                "note: groups: none, each file is by itself, so files of one patient may come into different parts: \
                 give a CSV with a column of the patient"
            ),
            Some(at) => eprintln!("note: groups: {}", column_name(&sheet, at)),
            None => eprintln!("note: groups: none, each row is by itself; name the column of the patient with --group"),
        }
        let key = |&row: &usize| match of_group {
            None => Ok(row.to_string()),
            // the rows of `NA` are not one patient
            Some(at) if is_missing(sheet.cell(row, at)) => {
                let found = match sheet.cell(row, at) {
                    "" => "an empty cell".into(),
                    cell => format!("`{cell}`"),
                };
                let place = sheet.place(row, at);
                bail!("{place}: {found} is no group: give every row one, or name another column with --group")
            }
            Some(at) => Ok(sheet.cell(row, at).to_owned()),
        };
        // sorted as text, also the rows by themselves: another order would be another split
        let keys = labels.rows.iter().map(key).collect::<Result<Vec<String>>>()?;
        let mut number: BTreeMap<&str, usize> = keys.iter().map(|key| (key.as_str(), 0)).collect();
        number.values_mut().enumerate().for_each(|(at, number)| *number = at);
        let groups: Vec<usize> = keys.iter().map(|key| number[key.as_str()]).collect();
        let rows: Vec<usize> = labels.rows.iter().map(|&row| sheet.number(row)).collect();
        let mut group_names: Vec<String> = number.keys().map(|&key| key.to_owned()).collect();
        if of_group.is_none() {
            groups.iter().zip(&rows).for_each(|(&group, row)| group_names[group] = row.to_string());
        }
        Ok(Self { names: labels.classes, targets, group_names, groups, rows })
    }

    /// What a person calls a label.
    pub fn name(&self, label: i64) -> &str {
        match usize::try_from(label) {
            Ok(label) => &self.names[label],
            Err(_) if label == -1 => "(none)",
            Err(_) => "(none known)",
        }
    }

    /// What limits how well a label is divided: the sizes of its groups, and how many are dealt for a rarer label.
    fn why(&self, label: u32) -> climd::Result<String> {
        let counts = self.targets.label_counts()?;
        let rarity = |label: u32| (counts[label as usize], std::cmp::Reverse(label));
        let mut of_group: BTreeMap<usize, (usize, bool)> = BTreeMap::new(); // samples with the label; it is the rarest
        let labels = |sample: usize| self.targets.labels(sample).unwrap_or_default();
        for (sample, &group) in self.groups.iter().enumerate() {
            let (samples, rarest) = of_group.entry(group).or_insert((0, true));
            *samples += usize::from(labels(sample).contains(&label));
            *rarest &= labels(sample).iter().all(|&other| rarity(other) >= rarity(label));
        }
        of_group.retain(|_, (samples, _)| *samples > 0);
        let sizes = || of_group.values().map(|&(samples, _)| samples);
        let others: Vec<usize> = of_group.values().filter(|(_, rarest)| !rarest).map(|&(samples, _)| samples).collect();
        let (has, its) = if others.len() == 1 { ("has", "its") } else { ("have", "their") };
        Ok(format!(
            "  its {} samples are of {} groups: the largest has {}, {} have one; {} of the groups, with {} of them, \
             {has} a rarer label, which decides {its} part",
            counts[label as usize],
            of_group.len(),
            sizes().max().unwrap_or(0),
            sizes().filter(|&samples| samples == 1).count(),
            others.len(),
            others.iter().sum::<usize>()
        ))
    }
}

/// Splits as the arguments say, writes the file and, to standard error, the notes, and returns what is to be printed.
///
/// # Errors
/// What the reader and the split say; a file that cannot be written.
pub fn run(arguments: &Arguments) -> Result<String> {
    let Arguments { table, group, parts, seed, out } = arguments;
    check_not_read("--out", out, &table.labels, "labels")?;
    let found = Findings::read(table, group.as_deref())?;
    let part = split(&found.targets, &found.groups, parts, *seed)?;
    let errors = split_errors(&found.targets, &part, parts)?;

    let mut file =
        csv::Writer::from_path(out).with_context(|| format!("`--out` {} cannot be written", out.display()))?;
    file.write_record(["row", "group", "part"])?;
    for ((row, &group), part) in found.rows.iter().zip(&found.groups).zip(&part) {
        file.write_record([&row.to_string(), &found.group_names[group], &part.to_string()])?;
    }
    file.flush().with_context(|| format!("`--out` {} cannot be written", out.display()))?;

    let mut text = String::new();
    for (number, weight) in parts.iter().enumerate() {
        let mine = part.iter().zip(&found.groups).filter(|(part, _)| usize::from(**part) == number);
        let (samples, groups) = mine.fold((0, BTreeSet::new()), |(samples, mut groups), (_, group)| {
            groups.insert(group);
            (samples + 1, groups)
        });
        writeln!(text, "part {number} (weight {weight}): {samples} samples of {} groups", groups.len())?;
    }
    if let Some(worst) = errors.iter().max_by(|a, b| a.relative().total_cmp(&b.relative())) {
        writeln!(text, "largest relative error of a label in a part: {}", said(&found, worst))?;
    }
    let enough = errors.iter().filter(|error| error.expected >= 20.0);
    if let Some(worst) = enough.max_by(|a, b| a.relative().total_cmp(&b.relative())) {
        writeln!(text, "of those that should have 20 or more: {}", said(&found, worst))?;
        if let Ok(label) = u32::try_from(worst.label) {
            writeln!(text, "{}", found.why(label)?)?;
        }
    }
    let mut of_group = vec![None; found.group_names.len()];
    let twice = part.iter().zip(&found.groups).any(|(&part, &group)| *of_group[group].get_or_insert(part) != part);
    writeln!(text, "groups in two parts: {}", if twice { "some" } else { "none" })?;
    writeln!(text, "written: {}", out.display())?;
    Ok(text)
}

fn said(found: &Findings, error: &PartError) -> String {
    let PartError { label, part, found: count, expected } = *error;
    let percent = 100.0 * error.relative();
    format!("{percent:.1} % ({}, part {part}: {count} of {expected:.1})", found.name(label))
}
