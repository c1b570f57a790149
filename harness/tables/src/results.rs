//! Pages of results: a table of rows for each learning rate, as Markdown and as CSV, and plots.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use climd::ConfusionMatrix;
use comfy_table::{Table as Grid, presets};
use serde::{Deserialize, Serialize};

use crate::experiment::{Rate, Row, RowId, RowResult, Study};
use crate::plot::{self, Difference, Look, Series};
use crate::stats::{Interval, Paired, Summary};
use crate::tables::{Contrast, Paper, Table, TableRow, own};
use climd_networks::agreement::Agreement;
use climd_networks::train::Outcome;

/// A figure of a run, in `[0, 1]`.
type Metric = (&'static str, fn(&ConfusionMatrix) -> f64);

/// What every table shows, in order.
const METRICS: [Metric; 5] = [
    ("accuracy", ConfusionMatrix::accuracy),
    ("weighted F1", ConfusionMatrix::weighted_f1),
    ("macro F1", ConfusionMatrix::macro_f1),
    ("balanced accuracy", ConfusionMatrix::balanced_accuracy),
    ("worst recall", |confusion| confusion.recall().into_iter().fold(1.0, f64::min)),
];
const MACRO_F1: usize = 2;

/// What a run took: seconds, samples, and shares of the seconds in percent.
type Cost = (&'static str, fn(&Outcome) -> f64);

const COSTS: [Cost; 4] = [
    ("seconds", |run| run.seconds),
    ("samples", |run| run.samples as f64),
    ("climd's own share", |run| 100.0 * run.own_seconds / run.seconds),
    ("measuring's share", |run| 100.0 * run.measuring_seconds / run.seconds),
];

fn cost(result: &RowResult, of: fn(&Outcome) -> f64) -> Option<Summary> {
    Summary::of(&result.runs.iter().map(|(_, run)| of(run)).collect::<Vec<_>>())
}

/// Means over the epochs in which scores were compared with a full measurement, percent.
type Agreed = (&'static str, fn(&Agreement) -> Option<f64>);

const AGREED: [Agreed; 3] = [
    ("rank correlation with full measurement", |of| Some(100.0 * of.spearman?)),
    ("share of the list of full measurement", |of| Some(100.0 * of.overlap)),
    ("share of the list by chance", |of| Some(100.0 * of.chance)),
];

fn agreed(result: &RowResult, of: fn(&Agreement) -> Option<f64>) -> Option<Summary> {
    let mean = |run: &Outcome| {
        let all: Vec<f64> = run.agreement.iter().filter_map(of).collect();
        Some(Summary::of(&all)?.mean)
    };
    Summary::of(&result.runs.iter().filter_map(|(_, run)| mean(run)).collect::<Vec<_>>())
}

/// Arms that plots show, where a table has them.
const PLOTTED: [&str; 6] = ["plain", "climd", "climd-random", "prior", "climd-half-prior", "hard-majority-prior"];

fn is_plotted(id: RowId) -> bool {
    PLOTTED.iter().any(|arm| id == own(arm))
}

/// A table on one data set.
#[derive(Debug)]
pub struct Page {
    pub(crate) table: Table,
    pub(crate) data: String,
    stem: String,
    pub(crate) classes: Vec<String>,
    sections: Vec<Section>,
    plots: Vec<(String, String)>, // file, caption
}

/// The rows at one learning rate.
#[derive(Debug)]
pub struct Section {
    rate: Rate,
    rows: Vec<Shown>,
    contrasts: Vec<Beside>,
}

/// Two rows, and how their macro F1 differs.
#[derive(Debug)]
struct Beside {
    id: RowId,
    name: String,
    other_id: RowId,
    other: String,
    steps: usize,
    paired: Paired,
}

#[derive(Debug)]
struct Shown {
    id: RowId,
    name: String,
    paper: Option<Paper>,
    against: Option<(RowId, String)>,
    metrics: Vec<(Option<Summary>, Option<Paired>)>, // by METRICS
    recall: Vec<Option<Summary>>,                    // by class
    steps: usize,
    costs: Vec<Option<Summary>>,  // by COSTS
    agreed: Vec<Option<Summary>>, // by AGREED
}

impl Section {
    /// Sums up the runs of a table's rows.
    #[must_use]
    pub fn new(rate: Rate, rows: &[TableRow], results: &[RowResult]) -> Section {
        let show = |(row, result): (&TableRow, &RowResult)| {
            let of_metric = |&(_, of): &Metric| {
                let paired = row.against.and_then(|against| paired(result, &results[against], of));
                (Summary::of(&values(result, of)), paired)
            };
            let recall = |class: usize| {
                let of_run = |confusion: &ConfusionMatrix| {
                    let at = confusion.labels().binary_search(&(class as i64)).ok()?;
                    Some(100.0 * confusion.recall()[at])
                };
                let recalls: Vec<f64> = result.runs.iter().filter_map(|(_, run)| of_run(&run.confusion)).collect();
                Summary::of(&recalls)
            };
            let num_classes =
                result.runs.iter().flat_map(|(_, run)| run.confusion.labels()).max().map_or(0, |&c| c + 1);
            Shown {
                id: row.row.id,
                name: row.row.name.clone(),
                paper: row.paper,
                against: row.against.map(|against| (rows[against].row.id, rows[against].row.name.clone())),
                metrics: METRICS.iter().map(of_metric).collect(),
                recall: (0..num_classes as usize).map(recall).collect(),
                steps: result.runs.first().map_or(0, |(config, _)| config.steps),
                costs: COSTS.iter().map(|(_, of)| cost(result, *of)).collect(),
                agreed: AGREED.iter().map(|(_, of)| agreed(result, *of)).collect(),
            }
        };
        Section { rate, rows: rows.iter().zip(results).map(show).collect(), contrasts: Vec::new() }
    }

    /// Adds differences between rows, of those that were run.
    #[must_use]
    pub fn with_contrasts(mut self, contrasts: &[Contrast], results: &[RowResult]) -> Section {
        let result = |id: RowId| results.iter().find(|result| result.row.id == id);
        let of = |&(id, other_id): &Contrast| {
            let (ours, theirs) = (result(id)?, result(other_id)?);
            let paired = paired(ours, theirs, METRICS[MACRO_F1].1)?;
            let steps = ours.runs.first().map_or(0, |(config, _)| config.steps);
            let (name, other) = (ours.row.name.clone(), theirs.row.name.clone());
            Some(Beside { id, name, other_id, other, steps, paired })
        };
        self.contrasts = contrasts.iter().filter_map(of).collect();
        self
    }

    fn seeds(&self) -> usize {
        self.rows.first().and_then(|row| row.metrics[0].0).map_or(0, |summary| summary.n)
    }

    pub(crate) fn rate(&self) -> &'static str {
        match self.rate {
            Rate::Tuned => "tuned",
            Rate::Paper => "paper",
            Rate::Native => "native",
        }
    }

    /// Every row with its metrics, the difference of its macro F1 to its baseline's, and what it cost.
    #[must_use]
    pub fn grid(&self) -> Grid {
        let has_paper = self.rows.iter().any(|row| row.paper.is_some());
        let mut grid = Grid::new();
        let mut header = vec!["row"];
        if has_paper {
            header.push("paper: accuracy / weighted F1 / macro F1");
        }
        header.extend(METRICS.map(|(name, _)| name));
        header.push("macro F1 - baseline [95 %]");
        header.extend(PS);
        header.extend(["steps", "s"]);
        grid.load_style(presets::ASCII_MARKDOWN).set_header(header);
        for row in &self.rows {
            let mut cells = vec![row.name.clone()];
            if has_paper {
                let triple = |paper: Paper| paper.map(|(mean, sd)| format!("{mean:.1} ± {sd:.1}")).join(" / ");
                cells.push(row.paper.map_or_else(|| "-".into(), triple));
            }
            cells.extend(row.metrics.iter().map(|(summary, _)| or_dash(*summary)));
            match &row.metrics[MACRO_F1].1 {
                Some(paired) => cells.extend(difference(paired)),
                None => cells.extend(["-"; 4].map(String::from)),
            }
            let seconds = row.costs[0].map_or_else(|| "-".into(), |seconds| format!("{:.1}", seconds.mean));
            cells.extend([row.steps.to_string(), seconds]);
            grid.add_row(cells);
        }
        grid
    }
}

/// A line of the CSV file: a metric of a row, or the difference of two rows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // the columns are described in docs/results/README.md
pub struct Record {
    pub table: String,
    pub data: String,
    pub id: String,
    pub row: String,
    pub metric: String,
    pub paper: Option<f64>,
    pub paper_sd: Option<f64>,
    pub mean: Option<f64>,
    pub sd: Option<f64>,
    pub seeds: usize,
    pub steps: usize,
    pub beside: Option<String>,
    pub fixed_beforehand: Option<bool>,
    pub difference: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub p_corrected: Option<f64>,
    pub plain_low: Option<f64>,
    pub plain_high: Option<f64>,
    pub p: Option<f64>,
}

impl Record {
    pub(crate) fn paired(self, table: Table, (id, other): (RowId, RowId), paired: &Paired) -> Record {
        let ends = |of: Option<Interval>| (of.map(|of| round(of.low)), of.map(|of| round(of.high)));
        let ((low, high), (plain_low, plain_high)) = (ends(paired.corrected), ends(paired.plain));
        Record {
            beside: Some(other.to_string()),
            fixed_beforehand: Some(table.is_fixed_beforehand(id)),
            difference: Some(round(paired.difference.mean)),
            low,
            high,
            p_corrected: paired.p_corrected.map(round),
            plain_low,
            plain_high,
            p: p_of(paired).map(round),
            ..self
        }
    }
}

/// To six digits: enough that a page which rounds them further rounds as this one does.
pub(crate) fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Percent, by split.
fn values(result: &RowResult, of: fn(&ConfusionMatrix) -> f64) -> Vec<f64> {
    result.runs.iter().map(|(_, run)| 100.0 * of(&run.confusion)).collect()
}

fn paired(ours: &RowResult, theirs: &RowResult, of: fn(&ConfusionMatrix) -> f64) -> Option<Paired> {
    let differences: Vec<f64> = values(ours, of).iter().zip(values(theirs, of)).map(|(a, b)| a - b).collect();
    Paired::of(&differences, ours.test_to_train)
}

/// What stands behind a difference and its interval.
const PS: [&str; 3] = ["p", "as if splits were independent [95 %]", "p so"];

/// Difference with its interval and p, and what they were if splits did not overlap.
fn difference(paired: &Paired) -> [String; 4] {
    let &Paired { corrected, plain, p_corrected, .. } = paired;
    let mean = format!("{:+.1}", paired.difference.mean);
    let ends = |of: Option<Interval>| of.map(|Interval { low, high }| format!("[{low:+.1}, {high:+.1}]"));
    let of_mean = ends(corrected).map_or(mean.clone(), |ends| format!("{mean} {ends}"));
    [of_mean, p_value(p_corrected), ends(plain).unwrap_or_else(|| "-".into()), p_value(p_of(paired))]
}

/// One split has no p.
fn p_of(paired: &Paired) -> Option<f64> {
    (paired.difference.n > 1).then_some(paired.p)
}

impl Page {
    /// An empty page.
    #[must_use]
    pub fn new(table: Table, study: &Study<'_>) -> Page {
        let &Study { dataset, imbalance, noise, first_seed, .. } = study;
        let (mut data, mut stem) = (dataset.name.clone(), format!("{}-{}", table.name(), dataset.name));
        if let Some(ratio) = imbalance {
            data += &format!(", {ratio}:1");
            stem += &format!("-{ratio}to1");
        }
        if noise > 0.0 {
            data += &format!(", {:.0} % noise", 100.0 * noise);
            stem += &format!("-noise{:.0}", 100.0 * noise);
        }
        if first_seed > 0 {
            data += &format!(", splits from {first_seed} on");
            stem += &format!("-from{first_seed}");
        }
        Page { table, data, stem, classes: dataset.classes.clone(), sections: Vec::new(), plots: Vec::new() }
    }

    /// Adds the rows at a learning rate.
    pub fn push(&mut self, section: Section) {
        self.sections.push(section);
    }

    /// The rows that [`plot`](Self::plot) wants to be looked at on the way.
    #[must_use]
    pub fn plotted(rows: &[TableRow]) -> Vec<Row> {
        rows.iter().map(|row| row.row.clone()).filter(|row| is_plotted(row.id)).collect()
    }

    /// Draws macro F1 over the steps, the recall of every class, and the scores of every class over the steps.
    ///
    /// `curves` were judged on the validation part; the recalls are those of the last section. `end`: the step after
    /// which the curriculum is over.
    ///
    /// # Errors
    /// Those of [`plot`].
    pub fn plot(&mut self, folder: &Path, curves: &[RowResult], end: Option<usize>) -> Result<()> {
        let Some(section) = self.sections.last() else { return Ok(()) };
        let name = |what: &str| format!("pictures/{}-{}-{what}", self.stem, section.rate());
        let mut plots = Vec::new();

        let file = name("macro-f1");
        let title = format!("Macro F1 on the validation part: {}", self.data);
        let mark = end.map(|step| (step as f64, "CLIMD's curriculum ends".to_owned()));
        let look = Look { mark, ..Default::default() };
        plot::curves_as(folder.join(&file), &title, ["gradient steps", "macro F1 (%)"], &f1_curves(curves), &look)?;
        let rate = format!("{} learning rate", section.rate());
        let caption = format!(
            "Macro F1 on the validation part, with one standard deviation over the splits for the first four \
             rows, {rate}"
        );
        plots.push((file, caption));

        let file = name("recall");
        let of_row = |row: &Shown| {
            let bar = |recall: &Option<Summary>| recall.map_or((0.0, 0.0), |s| (s.mean, s.sd.unwrap_or(0.0)));
            (row.name.clone(), row.recall.iter().map(bar).collect())
        };
        let shown = section.rows.iter().filter(|row| is_plotted(row.id));
        let series: Vec<(String, Vec<(f64, f64)>)> = shown.map(of_row).collect();
        let title = format!("Recall of every class on the test part: {}", self.data);
        plot::bars_by_group(folder.join(&file), &title, "recall", &self.classes, &series)?;
        let caption = format!("Recall of every class on the test part, with one standard deviation, {rate}");
        plots.push((file, caption));

        let arms = [("plain", "scores-baseline"), ("climd", "scores-climd")];
        let of_arm = |arm| curves.iter().find(|result| result.row.id == own(arm));
        let both =
            arms.iter().filter_map(|(arm, _)| of_arm(arm)).flat_map(|result| score_curves(result, &self.classes));
        let edges: Vec<(f64, f64)> = both.flat_map(|series| series.band).collect();
        let low = edges.iter().map(|edge| edge.0).fold(f64::INFINITY, f64::min);
        let high = edges.iter().map(|edge| edge.1).fold(f64::NEG_INFINITY, f64::max);
        let y = (low < high).then_some((low, high)); // one axis for both
        for (arm, file) in arms {
            if let Some(result) = of_arm(arm) {
                let (row, file) = (&result.row.name, name(file));
                let title = format!("Scores of the training samples, {row}: {}", self.data);
                let series = score_curves(result, &self.classes);
                let mark = look.mark.clone().filter(|_| arm == "climd");
                let look = Look { y, mark, of_classes: true };
                plot::curves_as(folder.join(&file), &title, ["gradient steps", "score"], &series, &look)?;
                let caption = format!(
                    "Scores of the training samples of every class, {row}: median, and quartiles for the first four, \
                     {rate}"
                );
                plots.push((file, caption));
            }
        }
        self.plots.extend(plots);
        Ok(())
    }

    /// The page.
    #[must_use]
    pub fn markdown(&self) -> String {
        self.with_forests(&[])
    }

    /// The page with the pictures of these sections' differences.
    fn with_forests(&self, forests: &[(usize, String)]) -> String {
        let mut text = format!("# {}: {}\n\n", self.table.title(), self.data);
        text += "Written by `climd-repro`; what the columns mean, and the command, is in [README.md](README.md).\n";
        for (at, section) in self.sections.iter().enumerate() {
            let rate = match section.rate {
                Rate::Tuned => "Learning rate chosen on validation for the baseline, cosine decay",
                Rate::Paper => "The paper's learning rate, a constant 5e-5",
                Rate::Native => {
                    "Protocol `native`: full batches, and learning rate and steps of each network's authors"
                }
            };
            // writing into a string cannot fail
            let _ = write!(text, "\n## {rate}\n\n{} splits; percent.\n\n{}\n", section.seeds(), section.grid());
            text += &compared(self.table.is_by_network(), &section.rows);
            if let Some((_, file)) = forests.iter().find(|(section, _)| *section == at) {
                let caption = "Differences of macro F1 with corrected intervals";
                let _ = write!(text, "\n![{caption}]({file}.svg)\n");
            }
            if self.table == Table::Main {
                let _ = write!(text, "\n{}\n\n{}\n", recall_grid(section, &self.classes), time_grid(section));
            }
            if self.table == Table::Observe {
                let _ = write!(text, "\n{}\n\n{}\n", agreement_grid(section), time_grid(section));
            }
            if !section.contrasts.is_empty() {
                let mut grid = Grid::new();
                let header = ["row", "beside", "macro F1, difference [95 %]"].into_iter().chain(PS);
                grid.load_style(presets::ASCII_MARKDOWN).set_header(header);
                for Beside { name, other, paired, .. } in &section.contrasts {
                    grid.add_row([name.clone(), other.clone()].into_iter().chain(difference(paired)));
                }
                let _ = write!(text, "\nWhat one part adds to the rest:\n\n{grid}\n");
            }
        }
        for (file, caption) in &self.plots {
            let _ = write!(text, "\n{caption}:\n\n![{caption}]({file}.svg)\n");
        }
        text
    }

    /// Draws the differences of every section that has intervals, with these intervals.
    fn forests(&self, folder: &Path) -> Result<Vec<(usize, String)>> {
        let mut drawn = Vec::new();
        for (at, section) in self.sections.iter().enumerate() {
            let line = |name: String, paired: &Paired| {
                let Interval { low, high } = paired.corrected?;
                Some(Difference { name, mean: paired.difference.mean, interval: (low, high) })
            };
            let of_row = |row: &Shown| line(row.name.clone(), row.metrics[MACRO_F1].1.as_ref()?);
            let differences: Vec<Difference> = section.rows.iter().filter_map(of_row).collect();
            if !differences.is_empty() {
                let file = format!("pictures/{}-{}-differences", self.stem, section.rate());
                let title = format!("{}: {}, {} learning rate", self.table.title(), self.data, section.rate());
                plot::forest(folder.join(&file), &title, "points of macro F1 over the baseline", &differences)?;
                drawn.push((at, file));
            }
        }
        Ok(drawn)
    }

    /// Writes `{table}-{data}.md` and `.csv` into the folder, and the picture of the differences into `pictures`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let unwritten = || format!("--out: `{}` cannot be written", folder.display());
        fs::create_dir_all(folder).with_context(unwritten)?;
        let forests = self.forests(folder)?;
        fs::write(folder.join(format!("{}.md", self.stem)), self.with_forests(&forests)).with_context(unwritten)?;
        let mut file = csv::Writer::from_path(folder.join(format!("{}.csv", self.stem))).with_context(unwritten)?;
        for section in &self.sections {
            let table = format!("{} ({} learning rate)", self.table.name(), section.rate());
            let record = |id: RowId, row: String, metric: &str, steps: usize| Record {
                table: table.clone(),
                data: self.data.clone(),
                id: id.to_string(),
                row,
                metric: metric.into(),
                seeds: section.seeds(),
                steps,
                ..Default::default()
            };
            for row in &section.rows {
                let mean = |record: Record, summary: Option<Summary>| Record {
                    mean: summary.map(|summary| round(summary.mean)),
                    sd: summary.and_then(|summary| summary.sd).map(round),
                    ..record
                };
                let record = |metric: &str| record(row.id, row.name.clone(), metric, row.steps);
                for (at, ((metric, _), (summary, paired))) in METRICS.iter().zip(&row.metrics).enumerate() {
                    let paper = row.paper.and_then(|paper| paper.get(at).map(|paper| paper.0));
                    let paper_sd = row.paper.and_then(|paper| paper.get(at).map(|paper| paper.1));
                    let record = mean(Record { paper, paper_sd, ..record(metric) }, *summary);
                    let record = match (paired, &row.against) {
                        (Some(paired), Some((other, _))) => record.paired(self.table, (row.id, *other), paired),
                        _ => record,
                    };
                    file.serialize(record)?;
                }
                for (class, recall) in self.classes.iter().zip(&row.recall) {
                    file.serialize(mean(record(&format!("recall of {class}")), *recall))?;
                }
                for ((metric, _), summary) in COSTS.iter().zip(&row.costs) {
                    file.serialize(mean(record(metric), *summary))?;
                }
                for ((metric, _), summary) in AGREED.iter().zip(&row.agreed).filter(|(_, summary)| summary.is_some()) {
                    file.serialize(mean(record(metric), *summary))?;
                }
            }
            for Beside { id, name, other_id, other, steps, paired } in &section.contrasts {
                let record = record(*id, format!("{name} - {other}"), METRICS[MACRO_F1].0, *steps);
                file.serialize(record.paired(self.table, (*id, *other_id), paired))?;
            }
        }
        file.flush().with_context(unwritten)
    }
}

/// Recall of every class, percent, mean and standard deviation over the seeds.
#[must_use]
pub fn recall_grid(section: &Section, classes: &[String]) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(presets::ASCII_MARKDOWN);
    grid.set_header(std::iter::once("recall").chain(classes.iter().map(String::as_str)));
    for row in &section.rows {
        grid.add_row(std::iter::once(row.name.clone()).chain(row.recall.iter().map(|recall| or_dash(*recall))));
    }
    grid
}

/// Seconds of every row's runs, and what of it is climd's own code and measuring.
#[must_use]
pub fn time_grid(section: &Section) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(presets::ASCII_MARKDOWN);
    grid.set_header(["row", "seconds a run", "samples seen", "climd's own code", "measuring forward passes"]);
    for row in &section.rows {
        let samples = row.costs[1].map_or_else(|| "-".into(), |samples| format!("{:.0}", samples.mean));
        let [seconds, own, measuring] = [0, 2, 3].map(|at: usize| or_dash(row.costs[at]));
        grid.add_row([row.name.clone(), seconds, samples, format!("{own} %"), format!("{measuring} %")]);
    }
    grid
}

/// How well rankings agree with those of a full measurement in the same epochs.
fn agreement_grid(section: &Section) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(presets::ASCII_MARKDOWN);
    grid.set_header([
        "row",
        "rank correlation within classes, times 100",
        "the list, also by full measurement",
        "the same by chance",
    ]);
    for row in section.rows.iter().filter(|row| row.agreed.iter().any(Option::is_some)) {
        let [correlation, overlap, chance] = [0, 1, 2].map(|at: usize| or_dash(row.agreed[at]));
        grid.add_row([row.name.clone(), correlation, format!("{overlap} %"), format!("{chance} %")]);
    }
    grid
}

/// What rows are compared with, where it is not the baseline for all: the rule, and who breaks it.
fn compared(by_network: bool, rows: &[Shown]) -> String {
    let follows = |row: &Shown, other: RowId| match by_network {
        true => other == RowId { arm: "plain", until: other.until, ..row.id },
        false => other == own("plain"),
    };
    let others = rows.iter().filter_map(|row| row.against.as_ref().map(|(id, name)| (row, *id, name)));
    let others = others.filter(|&(row, id, _)| !follows(row, id));
    let others: String =
        others.map(|(row, _, name)| format!("\n* `{}` is compared with `{name}`.", row.name)).collect();
    let rule = match by_network {
        true => "plain training of the network that its name begins with, for as many steps",
        false => "`baseline`",
    };
    match (by_network, others.is_empty()) {
        (false, true) => String::new(),
        (true, true) => format!("\nEvery row is compared with {rule}.\n"),
        (_, false) => format!("\nEvery row is compared with {rule}, but:\n{others}\n"),
    }
}

fn or_dash(summary: Option<Summary>) -> String {
    summary.map_or_else(|| "-".into(), |summary| summary.to_string())
}

fn p_value(p: Option<f64>) -> String {
    match p {
        None => "-".into(),
        Some(p) if p < 0.001 => "< 0.001".into(),
        Some(p) => format!("{p:.3}"),
    }
}

/// Mean macro F1 of every row over the steps, with one standard deviation.
#[must_use]
pub fn f1_curves(results: &[RowResult]) -> Vec<Series> {
    let of_row = |result: &RowResult| {
        let at = |point: usize| {
            // splits have the same number of points; their steps may differ by a batch
            let f1: Vec<f64> = result.runs.iter().map(|(_, run)| 100.0 * run.points[point].macro_f1).collect();
            Summary::of(&f1).map(|summary| (result.runs[0].1.points[point].step as f64, summary))
        };
        let points: Vec<(f64, Summary)> = (0..result.runs[0].1.points.len()).filter_map(at).collect();
        Series {
            name: result.row.name.clone(),
            x: points.iter().map(|point| point.0).collect(),
            mean: points.iter().map(|point| point.1.mean).collect(),
            band: points.iter().map(|(_, s)| (s.mean - s.sd.unwrap_or(0.0), s.mean + s.sd.unwrap_or(0.0))).collect(),
        }
    };
    results.iter().filter(|result| !result.runs.is_empty()).map(of_row).collect()
}

/// Median score of every class over the steps, between the quartiles; means over the splits.
fn score_curves(result: &RowResult, classes: &[String]) -> Vec<Series> {
    let mean = |point: usize, class: usize, percentile: usize| {
        let of_run = |run: &Outcome| run.points[point].scores[class].get(percentile).copied();
        let scores: Vec<f64> = result.runs.iter().filter_map(|(_, run)| of_run(run)).map(f64::from).collect();
        scores.iter().sum::<f64>() / scores.len().max(1) as f64
    };
    let num_points = result.runs.first().map_or(0, |(_, run)| run.points.len());
    let of_class = |(class, name): (usize, &String)| Series {
        name: name.clone(),
        x: (0..num_points).map(|point| result.runs[0].1.points[point].step as f64).collect(),
        mean: (0..num_points).map(|point| mean(point, class, 2)).collect(),
        band: (0..num_points).map(|point| (mean(point, class, 1), mean(point, class, 3))).collect(),
    };
    classes.iter().enumerate().map(of_class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, id: RowId, against: Option<(RowId, &str)>) -> Shown {
        let against = against.map(|(id, name)| (id, name.to_owned()));
        let (metrics, recall) = (Vec::new(), Vec::new());
        Shown {
            id,
            name: name.into(),
            paper: None,
            against,
            metrics,
            recall,
            steps: 0,
            costs: Vec::new(),
            agreed: Vec::new(),
        }
    }

    #[test]
    fn what_rows_are_compared_with_is_said_once_and_then_where_it_is_something_else() {
        let row = |name, id, other, against| shown(name, id, Some((against, other)));
        let dmib = |arm| RowId::new("dmib", arm);
        let probes = |arm| RowId::new("baseline-probes", arm);
        // a name says nothing: this one is the baseline's row
        let plain = || row("DMIB + a name", own("climd"), "baseline", own("plain"));
        let of_dmib = || row("DMIB + prior", dmib("prior"), "DMIB", dmib("plain"));
        let cut = || row("DMIB + CLIMD, equal epochs", dmib("climd").until("climd"), "a", dmib("plain").until("climd"));
        let other = || row("CLIMD, probes", probes("climd"), "baseline, probes", probes("plain"));
        let foreign = || row("DMIB + CLIMD", dmib("climd"), "baseline", own("plain"));
        assert_eq!(compared(false, &[shown("baseline", own("plain"), None), plain()]), "");
        let text =
            "\nEvery row is compared with `baseline`, but:\n\n* `CLIMD, probes` is compared with `baseline, probes`.\n";
        assert_eq!(compared(false, &[plain(), other()]), text);
        let rule =
            "\nEvery row is compared with plain training of the network that its name begins with, for as many steps";
        assert_eq!(compared(true, &[plain(), of_dmib(), cut()]), format!("{rule}.\n"));
        let text = format!("{rule}, but:\n\n* `DMIB + CLIMD` is compared with `baseline`.\n");
        assert_eq!(compared(true, &[of_dmib(), foreign()]), text);
    }
}
