//! Where could the paper's gain come from? CLIMD beside plain training under other settings, and judged in other ways:
//! after the last step, after as many epochs of its own, and in the epoch that is best on the test part, which nobody
//! may choose who reports a test.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use climd::PowerLaw;
use climd_networks::config::{Method, Part};
use climd_networks::network::{BaselineConfig, Heads, NetworkConfig};
use climd_networks::train::Outcome;
use comfy_table::{Table as Grid, presets};

use crate::experiment::{RowResult, Runner};
use crate::rate::Rate;
use crate::record::{Record, round};
use crate::section::difference;
use crate::stats::{Paired, Summary};
use crate::study::{Budget, Row, RowId, Study};
use crate::tables::{plain, with_schedule};

/// A setting under which both arms are trained.
#[derive(Debug, Clone)]
pub struct Regime {
    /// What rows of it are called in CSV files.
    pub id: &'static str,
    /// Its name on the page.
    pub name: String,
    network: BaselineConfig,
    law: PowerLaw,
    epochs: usize,
    batch_size: usize,
}

/// The settings of the harness, alone, for this number of epochs of plain training.
#[must_use]
pub fn default(epochs: usize) -> Regime {
    let law = PowerLaw { epochs, ..Default::default() };
    let name = format!("as in all tables: {epochs} epochs, batches of 32");
    Regime { id: "default", name, network: BaselineConfig::default(), law, epochs, batch_size: 32 }
}

/// The settings of the harness, then each with one thing changed.
#[must_use]
pub fn all(epochs: usize) -> Vec<Regime> {
    let [half, quarter] = [2, 4].map(|part| epochs.div_ceil(part));
    let new = |id, name: &str| Regime { id, name: name.to_owned(), ..default(epochs) };
    let law = |id, name: &str, epochs, gamma| {
        let law = PowerLaw { epochs, gamma, ..Default::default() };
        Regime { law, ..new(id, name) }
    };
    let network = |id, name: &str, dropout, heads| {
        let network = BaselineConfig { dropout, heads, ..Default::default() };
        Regime { network, ..new(id, name) }
    };
    let BaselineConfig { dropout, heads, .. } = BaselineConfig::default();
    vec![
        default(epochs),
        law("gamma-0.1", "gamma 0.1", epochs, 0.1),
        law("gamma-1", "gamma 1", epochs, 1.0),
        law("half-curriculum", &format!("T = {half}"), half, 0.3),
        law("quarter-curriculum", &format!("T = {quarter}"), quarter, 0.3),
        network("no-dropout", "no dropout", 0.0, heads),
        network("dropout-0.25", "dropout 0.25", 0.25, heads),
        network("probes", "heads that do not train", dropout, Heads::Probe),
        Regime { batch_size: 16, ..new("batch-16", "batches of 16") },
        Regime { batch_size: 128, ..new("batch-128", "batches of 128") },
        Regime { epochs: quarter, ..law("short", &format!("{quarter} epochs, T = {quarter}"), quarter, 0.3) },
    ]
}

impl Regime {
    /// Plain training; the curriculum with as many steps; the curriculum with as many epochs.
    fn rows(&self) -> [Row; 3] {
        let network = NetworkConfig::Baseline(self.network.clone());
        let curriculum = Method { network: network.clone(), ..with_schedule(self.law.clone()) };
        let row = |id: RowId, name: &str, method: &Method, budget| Row {
            id,
            name: format!("{name}, {}", self.name),
            method: method.clone(),
            budget,
        };
        let climd = RowId::new(self.id, "climd");
        let whole = Budget::EqualEpochs(curriculum.schedule.clone());
        [
            row(RowId::new(self.id, "plain"), "plain training", &plain(network), Budget::EqualSteps),
            row(climd, "CLIMD", &curriculum, Budget::EqualSteps),
            row(climd.until("climd"), "CLIMD, equal epochs", &curriculum, whole),
        ]
    }
}

/// Macro F1 after the last step.
fn last(run: &Outcome) -> f64 {
    100.0 * run.confusion.macro_f1()
}

/// Macro F1 of the best look at the test part.
fn best(run: &Outcome) -> f64 {
    run.points.iter().map(|point| 100.0 * point.macro_f1).fold(last(run), f64::max)
}

/// How two runs are judged.
type Judged = fn(&Outcome) -> f64;

/// What is compared: its name, the row of the curriculum, and how both are judged.
const VIEWS: [(&str, usize, Judged, Judged); 5] = [
    ("macro F1", 1, last, last),
    ("macro F1, equal epochs", 2, last, last),
    ("macro F1, best on test for both", 1, best, best),
    ("macro F1, best on test for CLIMD", 1, best, last),
    ("macro F1, equal epochs, best on test for CLIMD", 2, best, last),
];

/// A regime with its results.
#[derive(Debug)]
pub struct Done {
    regime: Regime,
    rows: Vec<RowResult>,
}

impl Done {
    /// Trains the rows of a regime.
    ///
    /// # Errors
    /// Those of [`Runner::rows`].
    pub fn run(runner: &Runner<'_>, study: &Study<'_>, regime: Regime) -> Result<Done> {
        let study = Study { epochs: regime.epochs, batch_size: regime.batch_size, ..*study };
        let rows = runner.rows(&study, &regime.rows(), Part::Test, regime.epochs)?;
        Ok(Done { regime, rows })
    }

    fn values(&self, row: usize, judged: Judged) -> Vec<f64> {
        self.rows[row].values(judged)
    }

    fn paired(&self, (_, row, ours, theirs): (&str, usize, Judged, Judged)) -> Option<Paired> {
        let (ours, theirs) = (self.values(row, ours), self.values(0, theirs));
        Paired::between(&ours, &theirs, self.rows[row].overlap)
    }

    fn records(&self, rate: Rate, data: &str) -> Vec<Record> {
        let record = |row: usize, metric: &str, judged: Judged| {
            let Row { id, ref name, .. } = self.rows[row].row;
            let summary = Summary::of(&self.values(row, judged));
            Record {
                table: format!("regimes ({} learning rate)", rate.name()),
                data: data.to_owned(),
                id: id.to_string(),
                row: name.clone(),
                metric: metric.to_owned(),
                mean: summary.map(|summary| round(summary.mean)),
                sd: summary.and_then(|summary| summary.sd).map(round),
                seeds: self.rows[row].runs.len(),
                steps: self.rows[row].steps(),
                ..Default::default()
            }
        };
        let plain = [record(0, "macro F1", last), record(0, "macro F1, best on test", best)];
        let others = VIEWS.iter().map(|&view| {
            let (metric, row, ours, _) = view;
            let record = record(row, metric, ours);
            match self.paired(view) {
                Some(paired) => record.paired(true, self.rows[0].row.id, &paired),
                None => record,
            }
        });
        plain.into_iter().chain(others).collect()
    }
}

/// Writes `{name}-{data}.csv` and the page, `.md`; a section for each rate.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path, name: &str, study: &Study<'_>, sections: &[(Rate, Vec<Done>)]) -> Result<()> {
    let stem = format!("{name}-{}", study.file_of_data());
    let unwritten = || format!("--out: `{}` cannot be written", folder.display());
    fs::create_dir_all(folder).with_context(unwritten)?;
    let mut file = csv::Writer::from_path(folder.join(format!("{stem}.csv"))).with_context(unwritten)?;
    for (rate, all) in sections {
        for record in all.iter().flat_map(|done| done.records(*rate, &study.data())) {
            file.serialize(record).with_context(unwritten)?;
        }
    }
    file.flush().with_context(unwritten)?;
    fs::write(folder.join(format!("{stem}.md")), page(study, sections)).with_context(unwritten)
}

/// The page.
#[must_use]
pub fn page(study: &Study<'_>, sections: &[(Rate, Vec<Done>)]) -> String {
    let data = study.data();
    let mut text = format!(
        "# Where could a gain come from: {data}\n\nWritten by `climd-repro`; terms are in \
         [README.md](README.md#how-to-read-a-table). Differences of macro F1, CLIMD minus plain training, in points. \
         The first two columns are fair: both arms are judged after their last step. The others choose the epoch on \
         the test part, which is no result, but shows how much such a choice is worth. Equal epochs: the curriculum \
         stops after as many epochs as plain training, at about half the steps.\n",
    );
    if let Some(note) = study.of_one_split() {
        let _ = write!(text, "\n{note}\n");
    }
    for (rate, all) in sections {
        let splits = all.first().and_then(|done| done.rows.first()).map_or(0, |row| row.runs.len());
        let mut grid = Grid::new();
        grid.load_style(presets::ASCII_MARKDOWN).set_header([
            "setting",
            "plain training",
            "last epochs, equal steps",
            "last epochs, equal epochs",
            "best epoch of both",
            "best epoch of CLIMD alone",
            "the same, equal epochs",
        ]);
        for done in all {
            let plain = Summary::of(&done.values(0, last)).map_or_else(|| "-".into(), |plain| plain.to_string());
            let view = |&view| done.paired(view).map_or_else(|| "-".into(), |paired| difference(&paired)[0].clone());
            grid.add_row([done.regime.name.clone(), plain].into_iter().chain(VIEWS.iter().map(view)));
        }
        let _ = write!(text, "\n## {}\n\n{splits} splits; percent.\n\n{grid}\n", rate.heading());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use climd::ConfusionMatrix;
    use climd_networks::train::Point;

    #[test]
    fn every_regime_has_its_own_rows_and_changes_one_thing() {
        let all = all(100);
        let ids: std::collections::BTreeSet<&str> = all.iter().map(|regime| regime.id).collect();
        assert_eq!(ids.len(), all.len());
        for regime in &all[1..] {
            let (a, b) = (all[0].rows(), regime.rows());
            let settings = (regime.epochs, regime.batch_size) != (all[0].epochs, all[0].batch_size);
            assert!(settings || a[1].method != b[1].method, "{}", regime.id);
        }
    }

    #[test]
    fn the_best_epoch_is_no_worse_than_the_last() {
        let confusion = ConfusionMatrix::new(&[0, 1], &[0, 1]).unwrap();
        let at = |macro_f1| Point { step: 1, macro_f1, scores: Vec::new() };
        let run = |points| Outcome {
            samples: 2,
            confusion: confusion.clone(),
            quality: None,
            points,
            agreement: Vec::new(),
            seconds: 1.0,
            own_seconds: 0.0,
            measuring_seconds: 0.0,
        };
        assert_eq!(best(&run(vec![at(0.5), at(0.25)])), 100.0); // the last step counts, too
        let half = ConfusionMatrix::new(&[0, 1], &[0, 0]).unwrap();
        let below = Outcome { confusion: half, ..run(vec![at(0.25), at(0.75), at(0.5)]) };
        assert_eq!((best(&below), last(&below) < 50.0), (75.0, true));
    }
}
