//! How long to train: each method after fewer epochs and after more, beside itself after as many as usual, and beside
//! plain training of the same length.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use climd_networks::config::Part;
use comfy_table::{Table as Grid, presets};

use crate::answer;
use crate::candidates::{Candidates, words};
use crate::experiment::{RowResult, Runner};
use crate::plot::{self, Series};
use crate::rate::Rate;
use crate::record::{Record, round};
use crate::section::difference;
use crate::stats::{Overlap, Paired, Summary};
use crate::study::{RowId, Study};

/// A length that all methods have, or each its own.
#[derive(Debug)]
struct Length {
    id: String,
    name: String,
    /// None: chosen for every row and split.
    epochs: Option<usize>,
}

impl Length {
    fn of(epochs: usize) -> Length {
        Length { id: format!("{epochs}-epochs"), name: words(epochs), epochs: Some(epochs) }
    }
}

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
    /// What was changed, and which splits: `50:1, 20 % noise`.
    settings: String,
    /// Of its page, without the end.
    file: String,
    /// The same of its picture.
    picture: String,
    rate: Rate,
    /// Ascending, and then the chosen one.
    lengths: Vec<Length>,
    /// Where the usual one stands among them.
    usual: usize,
    overlap: Overlap,
    /// Whether its splits are others than those on which lengths were first looked at.
    is_fresh: bool,
    lines: Vec<Line>,
}

/// What is trained.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Lengths, percent of the study's; 100 is always among them.
    pub shares: &'a [u64],
    /// Inner splits on which a length is chosen for every row and split; 0: it is not.
    pub inner: u32,
}

impl Lengths {
    /// Trains the methods of `answer` for each length, on the splits of a study that has the usual one.
    ///
    /// # Errors
    /// Those of [`Runner::rows`].
    pub fn run(runner: &Runner<'_>, study: &Study<'_>, wanted: Wanted<'_>) -> Result<Lengths> {
        study.check_splits(wanted.inner)?;
        let candidates = Candidates::of(wanted.shares, study.epochs);
        let usual = candidates.usual;
        let all = candidates.run(runner, study, answer::rows, Part::Test)?;
        let chosen = match wanted.inner {
            0 => Vec::new(),
            inner => candidates.chosen(runner, study, answer::rows, inner)?,
        };
        let line = |(at, result): (usize, &RowResult)| {
            let mut macro_f1: Vec<Vec<f64>> = all.iter().map(|rows| rows[at].macro_f1()).collect();
            let mut steps: Vec<usize> = all.iter().map(|rows| rows[at].steps()).collect();
            if let Some(chosen) = chosen.get(at) {
                macro_f1.push(chosen.iter().enumerate().map(|(split, &length)| macro_f1[length][split]).collect());
                let sum: usize = chosen.iter().map(|&length| steps[length]).sum();
                steps.push(sum / chosen.len().max(1));
            }
            Line { id: result.row.id, name: result.row.name.clone(), macro_f1, steps }
        };
        let lines = all[usual].iter().enumerate().map(line).collect();
        let mut lengths: Vec<Length> = candidates.epochs.iter().copied().map(Length::of).collect();
        if wanted.inner > 0 {
            lengths.push(Length { id: "chosen".to_owned(), name: "chosen".to_owned(), epochs: None });
        }
        let data = study.data();
        Ok(Lengths {
            settings: data[study.dataset.name.len()..].trim_start_matches(", ").to_owned(),
            data,
            file: format!("lengths{}", study.file_of_settings()),
            picture: format!("pictures/lengths-{}", study.file_of_data()),
            rate: study.rate,
            overlap: all[usual].first().map_or(0.0.into(), |result| result.overlap),
            is_fresh: study.is_fresh(),
            lengths,
            usual,
            lines,
        })
    }

    fn splits(&self) -> usize {
        self.lines.first().map_or(0, |line| line.macro_f1[0].len())
    }

    fn paired(&self, ours: &[f64], theirs: &[f64]) -> Option<Paired> {
        Paired::between(ours, theirs, self.overlap)
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

    /// The length at which a method has the best mean; of equal ones the shortest.
    fn best(&self, id: RowId) -> Option<&Length> {
        let line = self.lines.iter().find(|line| line.id == id)?;
        let mean = |of: &Vec<f64>| of.iter().sum::<f64>() / of.len().max(1) as f64;
        let lengths = self.lengths.iter().zip(&line.macro_f1).filter(|(length, _)| length.epochs.is_some());
        lengths.rev().max_by(|a, b| mean(a.1).total_cmp(&mean(b.1))).map(|(length, _)| length)
    }

    /// Macro F1 of every method over the length, with one standard deviation.
    fn curves(&self) -> Vec<Series> {
        let of_line = |line: &Line| {
            let point = |(length, of): (&Length, &Vec<f64>)| Some((length.epochs? as f64, Summary::of(of)?));
            let points: Vec<(f64, Summary)> = self.lengths.iter().zip(&line.macro_f1).filter_map(point).collect();
            let edges = |of: Summary| (of.mean - of.sd.unwrap_or(0.0), of.mean + of.sd.unwrap_or(0.0));
            Series {
                name: line.name.clone(),
                x: points.iter().map(|of| of.0).collect(),
                mean: points.iter().map(|of| of.1.mean).collect(),
                band: points.iter().map(|of| edges(of.1)).collect(),
            }
        };
        self.lines.iter().map(of_line).collect()
    }

    fn records(&self) -> Vec<Record> {
        let id = |at: usize, line: &Line| format!("{}/{}", self.lengths[at].id, line.id.arm);
        let mut records = Vec::new();
        for line in &self.lines {
            for (at, length) in self.lengths.iter().enumerate() {
                let summary = Summary::of(&line.macro_f1[at]);
                let record = Record {
                    table: format!("lengths ({} learning rate)", self.rate.name()),
                    data: self.data.clone(),
                    id: id(at, line),
                    row: format!("{}, {}", line.name, length.name),
                    metric: "macro F1".to_owned(),
                    mean: summary.map(|summary| round(summary.mean)),
                    sd: summary.and_then(|summary| summary.sd).map(round),
                    seeds: self.splits(),
                    steps: line.steps[at],
                    ..Default::default()
                };
                // the lengths were chosen after the map had been looked at, so on the first splits nothing was fixed
                let beside = |other: &Line, at: usize, paired: &Paired| {
                    record.clone().paired(self.is_fresh, id(at, other), paired)
                };
                let plain = self.beside_plain(line, at).map(|paired| beside(&self.lines[0], at, &paired));
                let usual = self.beside_usual(line, at).map(|paired| beside(line, self.usual, &paired));
                let alone = if plain.is_none() && usual.is_none() { Some(record.clone()) } else { None };
                records.extend([plain, usual, alone].into_iter().flatten());
            }
        }
        records
    }
}

/// Writes a page, as `lengths-50to1.md` and `.csv`, of data sets that were changed in the same way, and a picture of
/// each.
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
    let settings = all.first().map(|lengths| lengths.settings.as_str()).filter(|settings| !settings.is_empty());
    let title = settings.map_or_else(|| "How long to train".to_owned(), |of| format!("How long to train: {of}"));
    let mut text = format!(
        "# {title}\n\nWritten by `climd-repro lengths`; terms are in \
         [README.md](README.md#how-to-read-a-table). Macro F1 on the test part in percent, and differences in points \
         with their corrected 95 % intervals. A curriculum and a decay of the learning rate are as long as the \
         training. The best length of a row is picked on the splits that judge it, so its gain is a bit too large. \
         Chosen: a length for every row and split, by the class-balanced cross-entropy on inner splits of the training \
         part, whose labels are as wrong, after the best division of the logits by one number.\n",
    );
    let mut grid = Grid::new();
    let header = std::iter::once("best after").chain(all.iter().map(|lengths| lengths.data.as_str()));
    grid.load_style(presets::ASCII_MARKDOWN).set_header(header);
    for line in all.first().iter().flat_map(|lengths| &lengths.lines) {
        let of_data = |lengths: &Lengths| lengths.best(line.id).map_or_else(|| "-".to_owned(), |of| of.name.clone());
        grid.add_row(std::iter::once(line.name.clone()).chain(all.iter().map(of_data)));
    }
    let _ = write!(text, "\nThe length with the best mean:\n\n{grid}\n");
    for lengths in all {
        let grid = |first: &str| {
            let names = lengths.lengths.iter().map(|length| length.name.clone());
            let mut grid = Grid::new();
            grid.load_style(presets::ASCII_MARKDOWN).set_header(std::iter::once(first.to_owned()).chain(names));
            grid
        };
        let show = |paired: Option<Paired>| paired.map_or_else(|| "-".into(), |paired| difference(&paired)[0].clone());
        let usual = format!("beside itself after {}", lengths.lengths[lengths.usual].name);
        let (mut means, mut itself, mut plain) =
            (grid("macro F1"), grid(&usual), grid("beside plain training of the same length"));
        for line in &lengths.lines {
            let row = |cell: &dyn Fn(usize) -> String| {
                std::iter::once(line.name.clone()).chain((0..lengths.lengths.len()).map(cell)).collect::<Vec<_>>()
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
        let [data, settings] = ["toy, 50:1", "50:1"].map(str::to_owned);
        let [file, picture] = ["lengths-50to1", "pictures/lengths-toy-50to1"].map(str::to_owned);
        let lengths = [10, 25, 50, 100, 200].map(Length::of).into();
        Lengths {
            data,
            settings,
            file,
            picture,
            rate: Rate::One,
            lengths,
            usual: 3,
            overlap: 0.25.into(),
            is_fresh: false,
            lines,
        }
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
        assert!(page.starts_with("# How long to train: 50:1\n") && page.contains("## toy, 50:1\n"), "{page}");
        let best: Vec<&str> = page.lines().filter(|line| line.ends_with(" epochs |")).collect();
        assert_eq!(best.len(), 3 + 2, "{page}"); // the headers end so, too
        assert!(page.contains("| prior correction | 25 epochs |") && page.contains("| plain training   | 10 epochs |"));
        for (row, tables) in [("| prior correction ", 4), ("| plain training ", 3)] {
            assert_eq!(page.lines().filter(|line| line.starts_with(row)).count(), tables, "{page}");
        }
        let itself = page.lines().find(|line| line.starts_with("| beside itself after 100 epochs |")).unwrap();
        assert_eq!(itself.matches(" epochs ").count(), 6, "{page}");
    }
}
