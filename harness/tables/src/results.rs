//! Pages of results: a table of rows for each learning rate, as Markdown and as CSV, and plots.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use comfy_table::{Table as Grid, presets};

use crate::curves::{f1_curves, score_curves};
use crate::experiment::{Row, RowId, RowResult, Study};
use crate::plot::{self, Difference, Look};
use crate::record::{Record, round};
use crate::section::{
    AGREED, Beside, COSTS, MACRO_F1, METRICS, PS, Section, Shown, agreement_grid, compared, difference, recall_grid,
    time_grid,
};
use crate::stats::{Interval, Paired, Summary};
use crate::study::EPOCHS;
use crate::tables::{Table, TableRow, own};

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
    note: String,
    plots: Vec<(String, String)>, // file, caption
    /// Whether the study was looked for on the splits that it has: those of another length than usual were. So was the
    /// label-noise table's on its fresh splits, where the usual length had been seen.
    is_searched: bool,
}

impl Page {
    /// An empty page.
    #[must_use]
    pub fn new(table: Table, study: &Study<'_>) -> Page {
        let stem = format!("{}-{}", table.name(), study.file_of_data());
        let is_fresh = study.is_fresh() && table != Table::LabelNoise;
        let is_searched = study.epochs != EPOCHS && !is_fresh;
        let note = study.of_one_split().unwrap_or_default().to_owned();
        Page { stem, is_searched, note, ..Page::of(table, study.data(), study.dataset.classes.clone()) }
    }

    /// An empty page of data that are no [`Study`]'s, by their name in files.
    #[must_use]
    pub fn of(table: Table, data: String, classes: Vec<String>) -> Page {
        let stem = format!("{}-{data}", table.name());
        let (sections, note, plots) = (Vec::new(), String::new(), Vec::new());
        Page { table, data, stem, classes, sections, note, plots, is_searched: false }
    }

    fn is_fixed_beforehand(&self, id: RowId) -> bool {
        !self.is_searched && self.table.is_fixed_beforehand(id)
    }

    /// What a reader of the figures must know first.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Page {
        Page { note: note.into(), ..self }
    }

    /// The name of one of its pictures, in the page's folder and without its end.
    #[must_use]
    pub fn picture(&self, what: &str) -> String {
        format!("pictures/{}-{what}", self.stem)
    }

    /// Shows a picture that was drawn.
    pub fn show(&mut self, picture: String, caption: &str) {
        self.plots.push((picture, caption.to_owned()));
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
        let name = |what: &str| self.picture(&format!("{}-{what}", section.rate()));
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
        text += match self.table {
            // it is written into a folder of the user's, too
            Table::Mllc => {
                "Written by the example `mllc` of climd; docs/results/README.md says what the columns mean.\n"
            }
            _ => "Written by `climd-repro`; what the columns mean, and the command, is in [README.md](README.md).\n",
        };
        if !self.note.is_empty() {
            let _ = write!(text, "\n{}\n", self.note);
        }
        for (at, section) in self.sections.iter().enumerate() {
            let rate = section.rate.heading();
            // writing into a string cannot fail
            let _ = write!(text, "\n## {rate}\n\n{} splits; percent.\n\n{}\n", section.seeds(), section.grid());
            text += &compared(self.table.is_by_network(), &section.rows);
            if let Some((_, file)) = forests.iter().find(|(section, _)| *section == at) {
                let caption = "Differences of macro F1 with corrected intervals";
                let _ = write!(text, "\n![{caption}]({file}.svg)\n");
            }
            if matches!(self.table, Table::Main | Table::Mllc) {
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
                let file = self.picture(&format!("{}-differences", section.rate()));
                let title = format!("{}: {}, {} learning rate", self.table.title(), self.data, section.rate());
                plot::forest(folder.join(&file), &title, "points of macro F1 over the baseline", &differences)?;
                drawn.push((at, file));
            }
        }
        Ok(drawn)
    }

    /// The name of its file.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}.md", self.stem)
    }

    /// Writes `{table}-{data}.md` and `.csv` into the folder, and the picture of the differences into `pictures`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let unwritten = || format!("--out: `{}` cannot be written", folder.display());
        fs::create_dir_all(folder).with_context(unwritten)?;
        let forests = self.forests(folder)?;
        fs::write(folder.join(self.file()), self.with_forests(&forests)).with_context(unwritten)?;
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
                    if summary.is_none() && at > MACRO_F1 {
                        continue; // older runs lack it
                    }
                    let paper = row.paper.and_then(|paper| paper.get(at).map(|paper| paper.0));
                    let paper_sd = row.paper.and_then(|paper| paper.get(at).map(|paper| paper.1));
                    let record = mean(Record { paper, paper_sd, ..record(metric) }, *summary);
                    let record = match (paired, &row.against) {
                        (Some(paired), Some((other, _))) => {
                            record.paired(self.is_fixed_beforehand(row.id), *other, paired)
                        }
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
                file.serialize(record.paired(self.is_fixed_beforehand(*id), *other_id, paired))?;
            }
        }
        file.flush().with_context(unwritten)
    }
}
