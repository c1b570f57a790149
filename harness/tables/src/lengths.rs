//! How long to train: each method after fewer epochs and after more, beside itself after as many as usual, and beside
//! plain training of the same length.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use climd_networks::config::Part;
use comfy_table::{Table as Grid, presets};

use crate::answer;
use crate::experiment::{RowResult, Runner};
use crate::plot::{self, Series};
use crate::rate::Rate;
use crate::record::{Record, round};
use crate::section::difference;
use crate::stats::{Paired, Summary};
use crate::study::{RowId, Study};

/// Lengths of training, percent of the usual one.
pub const SHARES: [u64; 5] = [10, 25, 50, 100, 200];
/// The usual one, percent.
const USUAL: u64 = 100;

/// One method on one data set.
#[derive(Debug)]
struct Line {
    id: RowId,
    name: String,
    /// Macro F1 in percent, by length and split.
    macro_f1: Vec<Vec<f64>>,
    /// Gradient steps, by length.
    steps: Vec<usize>,
}

/// The methods on one data set.
#[derive(Debug)]
pub struct Lengths {
    data: String,
    /// Of its page, without the end.
    file: String,
    /// The same of its picture.
    picture: String,
    rate: Rate,
    /// The lengths, ascending.
    epochs: Vec<usize>,
    /// Where the usual one stands among them.
    usual: usize,
    test_to_train: f64,
    lines: Vec<Line>,
}

impl Lengths {
    /// Trains the methods of `answer` for each length, on the splits of a study that has the usual one. `shares`:
    /// percent of that; 100 is always among them.
    ///
    /// # Errors
    /// Those of [`Runner::rows`].
    pub fn run(runner: &Runner<'_>, study: &Study<'_>, shares: &[u64]) -> Result<Lengths> {
        let shares: BTreeSet<u64> = shares.iter().copied().chain([USUAL]).collect();
        let epochs: Vec<usize> = shares.iter().map(|share| (study.epochs * *share as usize).div_ceil(100)).collect();
        let at_usual = shares.range(..USUAL).count();
        let of_length = |&epochs: &usize| {
            let study = Study { epochs, ..*study };
            runner.rows(&study, &answer::rows(epochs), Part::Test, 0)
        };
        let all: Vec<Vec<RowResult>> = epochs.iter().map(of_length).collect::<Result<_>>()?;
        let usual = &all[at_usual];
        let line = |(at, result): (usize, &RowResult)| {
            let of_run = |result: &RowResult| {
                result.runs.iter().map(|(_, run)| 100.0 * run.confusion.macro_f1()).collect::<Vec<f64>>()
            };
            let (id, name) = (result.row.id, result.row.name.clone());
            let steps = |rows: &Vec<RowResult>| rows[at].runs.first().map_or(0, |(config, _)| config.steps);
            let macro_f1 = all.iter().map(|rows| of_run(&rows[at])).collect();
            Line { id, name, macro_f1, steps: all.iter().map(steps).collect() }
        };
        let lines = usual.iter().enumerate().map(line).collect();
        let test_to_train = usual.first().map_or(0.0, |result| result.test_to_train);
        let file = format!("lengths{}", study.file_of_settings());
        let picture = format!("pictures/lengths-{}", study.file_of_data());
        Ok(Lengths {
            data: study.data(),
            file,
            picture,
            rate: study.rate,
            epochs,
            usual: at_usual,
            test_to_train,
            lines,
        })
    }

    fn splits(&self) -> usize {
        self.lines.first().map_or(0, |line| line.macro_f1[0].len())
    }

    fn paired(&self, ours: &[f64], theirs: &[f64]) -> Option<Paired> {
        let differences: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| a - b).collect();
        Paired::of(&differences, self.test_to_train)
    }

    /// A method at a length beside itself at the usual one; none at that.
    fn beside_usual(&self, line: &Line, at: usize) -> Option<Paired> {
        (at != self.usual).then(|| self.paired(&line.macro_f1[at], &line.macro_f1[self.usual])).flatten()
    }

    /// A method beside plain training of the same length; none for plain training.
    fn beside_plain(&self, line: &Line, at: usize) -> Option<Paired> {
        let plain = self.lines.first().filter(|plain| plain.id != line.id)?;
        self.paired(&line.macro_f1[at], &plain.macro_f1[at])
    }

    /// Macro F1 of every method over the length, with one standard deviation.
    fn curves(&self) -> Vec<Series> {
        let of_line = |line: &Line| {
            let points: Vec<Summary> = line.macro_f1.iter().filter_map(|of| Summary::of(of)).collect();
            Series {
                name: line.name.clone(),
                x: self.epochs.iter().map(|&epochs| epochs as f64).collect(),
                mean: points.iter().map(|of| of.mean).collect(),
                band: points
                    .iter()
                    .map(|of| (of.mean - of.sd.unwrap_or(0.0), of.mean + of.sd.unwrap_or(0.0)))
                    .collect(),
            }
        };
        self.lines.iter().map(of_line).collect()
    }

    fn records(&self) -> Vec<Record> {
        let id = |at: usize, line: &Line| format!("{}-epochs/{}", self.epochs[at], line.id.arm);
        let mut records = Vec::new();
        for line in &self.lines {
            for (at, epochs) in self.epochs.iter().enumerate() {
                let summary = Summary::of(&line.macro_f1[at]);
                let record = Record {
                    table: format!("lengths ({} learning rate)", self.rate.name()),
                    data: self.data.clone(),
                    id: id(at, line),
                    row: format!("{}, {epochs} epochs", line.name),
                    metric: "macro F1".to_owned(),
                    mean: summary.map(|summary| round(summary.mean)),
                    sd: summary.and_then(|summary| summary.sd).map(round),
                    seeds: self.splits(),
                    steps: line.steps[at],
                    ..Default::default()
                };
                // the lengths were chosen after the map had been looked at
                let beside =
                    |other: &Line, at: usize, paired: &Paired| record.clone().paired(false, id(at, other), paired);
                let plain = self.beside_plain(line, at).map(|paired| beside(&self.lines[0], at, &paired));
                let usual = self.beside_usual(line, at).map(|paired| beside(line, self.usual, &paired));
                let alone = if plain.is_none() && usual.is_none() { Some(record.clone()) } else { None };
                records.extend([plain, usual, alone].into_iter().flatten());
            }
        }
        records
    }
}

/// Writes a page, as `lengths-50to1.md` and `.csv`, of data sets that were changed in the same way, and a picture of each.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path, all: &[Lengths]) -> Result<()> {
    let file = |end: &str| folder.join(format!("{}.{end}", all.first().map_or("lengths", |lengths| &lengths.file)));
    let unwritten = || format!("--out: `{}` cannot be written", folder.display());
    fs::create_dir_all(folder).with_context(unwritten)?;
    let mut csv = csv::Writer::from_path(file("csv")).with_context(unwritten)?;
    for record in all.iter().flat_map(Lengths::records) {
        csv.serialize(record).with_context(unwritten)?;
    }
    csv.flush().with_context(unwritten)?;
    for lengths in all {
        let title = format!("Macro F1 by the length of training: {}", lengths.data);
        let axes = ["epochs of training", "macro F1 (%)"];
        plot::curves(folder.join(&lengths.picture), &title, axes[0], axes[1], &lengths.curves())?;
    }
    fs::write(file("md"), page(all)).with_context(unwritten)
}

/// The page.
#[must_use]
pub fn page(all: &[Lengths]) -> String {
    let mut text = String::from(
        "# How long to train\n\nWritten by `climd-repro lengths`; terms are in \
         [README.md](README.md#how-to-read-a-table). Macro F1 on the test part in percent, and differences in points \
         with their corrected 95 % intervals. A curriculum and a decay of the learning rate are as long as the \
         training. The best length of a row is picked on the splits that judge it, so its gain is a bit too large.\n",
    );
    for lengths in all {
        let grid = |first: &str| {
            let lengths = lengths.epochs.iter().map(|epochs| format!("{epochs} epochs"));
            let mut grid = Grid::new();
            grid.load_style(presets::ASCII_MARKDOWN).set_header(std::iter::once(first.to_owned()).chain(lengths));
            grid
        };
        let show = |paired: Option<Paired>| paired.map_or_else(|| "-".into(), |paired| difference(&paired)[0].clone());
        let usual = format!("beside itself after {} epochs", lengths.epochs[lengths.usual]);
        let (mut means, mut itself, mut plain) =
            (grid("macro F1"), grid(&usual), grid("beside plain training of the same length"));
        for line in &lengths.lines {
            let row = |cell: &dyn Fn(usize) -> String| {
                std::iter::once(line.name.clone()).chain((0..lengths.epochs.len()).map(cell)).collect::<Vec<_>>()
            };
            let mean = |at: usize| Summary::of(&line.macro_f1[at]).map_or_else(|| "-".into(), |mean| mean.to_string());
            means.add_row(row(&mean));
            itself.add_row(row(&|at| show(lengths.beside_usual(line, at))));
            if line.id != lengths.lines[0].id {
                plain.add_row(row(&|at| show(lengths.beside_plain(line, at))));
            }
        }
        let (data, rate, splits) = (&lengths.data, lengths.rate.heading(), lengths.splits());
        // writing into a string cannot fail
        let _ = write!(text, "\n## {data}\n\n{rate}; {splits} splits.\n\n{means}\n\n{itself}\n\n{plain}\n");
        let caption = "Macro F1 by the length of training, with one standard deviation for the first four rows";
        let _ = write!(text, "\n![{caption}]({}.svg)\n", lengths.picture);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths() -> Lengths {
        let line = |arm, name: &str, macro_f1: [[f64; 3]; 5]| Line {
            id: RowId::new("baseline", arm),
            name: name.to_owned(),
            macro_f1: macro_f1.map(|of| of.to_vec()).to_vec(),
            steps: vec![10, 25, 50, 100, 200],
        };
        let prior = [[60.0, 62.0, 64.0], [70.0; 3], [61.0; 3], [60.0, 61.0, 62.0], [55.0; 3]];
        let lines =
            vec![line("plain", "plain training", [[50.0, 51.0, 53.0]; 5]), line("prior", "prior correction", prior)];
        let [data, file, picture] = ["toy, 50:1", "lengths-50to1", "pictures/lengths-toy-50to1"].map(str::to_owned);
        let epochs = SHARES.map(|share| share as usize).to_vec();
        Lengths { data, file, picture, rate: Rate::One, epochs, usual: 3, test_to_train: 0.25, lines }
    }

    #[test]
    fn every_length_is_beside_the_usual_one_and_beside_plain_training() {
        let records = lengths().records();
        let of = |id: &str, beside: &str| {
            let is = |record: &&Record| record.id == id && record.beside.as_deref().unwrap_or_default() == beside;
            let found: Vec<&Record> = records.iter().filter(is).collect();
            assert_eq!(found.len(), 1, "{id} {beside}");
            (found[0].difference, found[0].steps, found[0].mean)
        };
        assert_eq!(of("10-epochs/prior", "100-epochs/prior"), (Some(1.0), 10, Some(62.0)));
        assert_eq!(of("200-epochs/prior", "100-epochs/prior"), (Some(-6.0), 200, Some(55.0)));
        assert_eq!(of("100-epochs/prior", "100-epochs/plain").0, Some(9.666667));
        assert_eq!(of("50-epochs/plain", "100-epochs/plain").0, Some(0.0));
        assert_eq!(of("100-epochs/plain", ""), (None, 100, Some(51.333333)));
        // plain training: four other lengths, and itself; the other: five beside plain training, four beside itself
        assert_eq!(records.len(), 5 + 9);
        assert!(records.iter().all(|record| record.fixed_beforehand != Some(true)));
    }

    #[test]
    fn the_page_has_a_table_of_each_kind() {
        let page = page(&[lengths()]);
        assert!(page.contains("## toy, 50:1\n"), "{page}");
        for (row, tables) in [("| prior correction ", 3), ("| plain training ", 2)] {
            assert_eq!(page.lines().filter(|line| line.starts_with(row)).count(), tables, "{page}");
        }
        let itself = page.lines().find(|line| line.starts_with("| beside itself after 100 epochs |")).unwrap();
        assert_eq!(itself.matches(" epochs ").count(), 6, "{page}");
    }
}
