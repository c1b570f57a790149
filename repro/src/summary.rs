//! Tables and plots of an experiment.

use std::path::{Path, PathBuf};

use anyhow::Result;
use climd::ConfusionMatrix;
use comfy_table::{Table, presets};

use crate::experiment::SeedResult;
use crate::plot::{self, Series};
use crate::stats::Summary;
use crate::train::{Arm, Outcome};

/// Macro F1 in the paper's Table 3 (BRCA); it does not have the other arms.
fn paper(arm: Arm) -> &'static str {
    match arm {
        Arm::Baseline => "81.3 ± 2.1",
        Arm::Climd => "86.5 ± 1.8",
        Arm::Prior | Arm::ClimdPrior => "-",
    }
}

fn percent(results: &[SeedResult], arm: usize, of: impl Fn(&ConfusionMatrix) -> f64) -> Vec<f64> {
    results.iter().map(|seed| 100.0 * of(&seed.test[arm].confusion)).collect()
}

fn show(values: &[f64]) -> String {
    Summary::of(values).map_or_else(|| "-".into(), |summary| summary.to_string())
}

fn markdown(header: Vec<String>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(header);
    table
}

/// The metrics of every arm, percent, mean and standard deviation over the seeds; with the paper's macro F1 where asked.
#[must_use]
pub fn metrics_table(results: &[SeedResult], with_paper: bool) -> String {
    let mut header = vec!["arm", "accuracy", "weighted F1", "macro F1", "balanced acc.", "macro F1 - baseline"];
    if with_paper {
        header.push("paper: macro F1");
    }
    header.push("steps");
    let mut table = markdown(header.into_iter().map(Into::into).collect());
    let baseline = percent(results, 0, ConfusionMatrix::macro_f1);
    for (i, arm) in Arm::ALL.into_iter().enumerate() {
        let macro_f1 = percent(results, i, ConfusionMatrix::macro_f1);
        let difference: Vec<f64> = macro_f1.iter().zip(&baseline).map(|(a, b)| a - b).collect();
        let mut row = vec![
            arm.name().to_owned(),
            show(&percent(results, i, ConfusionMatrix::accuracy)),
            show(&percent(results, i, ConfusionMatrix::weighted_f1)),
            show(&macro_f1),
            show(&percent(results, i, ConfusionMatrix::balanced_accuracy)),
            if i == 0 { "-".to_owned() } else { show(&difference) },
        ];
        if with_paper {
            row.push(paper(arm).to_owned());
        }
        row.push(results[0].test[i].steps.to_string());
        table.add_row(row);
    }
    table.to_string()
}

/// Recall of every class, percent, mean and standard deviation over the seeds.
#[must_use]
pub fn recall_table(results: &[SeedResult], classes: &[String]) -> String {
    let header = std::iter::once("recall".to_owned()).chain(classes.iter().cloned());
    let mut table = markdown(header.collect());
    for (i, arm) in Arm::ALL.into_iter().enumerate() {
        let recall = |class: usize| {
            percent(results, i, |confusion| {
                confusion.labels().binary_search(&(class as i64)).map_or(0.0, |at| confusion.recall()[at])
            })
        };
        let row = (0..classes.len()).map(|class| show(&recall(class)));
        table.add_row(std::iter::once(arm.name().to_owned()).chain(row));
    }
    table.to_string()
}

/// Seconds of every arm's run, and what of it is this crate's code and measuring.
#[must_use]
pub fn time_table(results: &[SeedResult]) -> String {
    let header = ["arm", "seconds a run", "samples seen", "climd's own code", "measuring forward passes"];
    let mut table = markdown(header.map(Into::into).to_vec());
    for (i, arm) in Arm::ALL.into_iter().enumerate() {
        let of = |f: &dyn Fn(&Outcome) -> f64| results.iter().map(|seed| f(&seed.test[i])).collect::<Vec<_>>();
        let share = |f: &dyn Fn(&Outcome) -> f64| format!("{} %", show(&of(&|run| 100.0 * f(run) / run.seconds)));
        table.add_row([
            arm.name().to_owned(),
            show(&of(&|run| run.seconds)),
            format!("{:.0}", of(&|run| run.samples as f64)[0]),
            share(&|run| run.own_seconds),
            share(&|run| run.measuring_seconds),
        ]);
    }
    table.to_string()
}

/// Validation macro F1 of every arm over the gradient steps, with a band of one standard deviation.
///
/// # Errors
/// Those of [`plot::curves`].
pub fn plot_curves(stem: &Path, results: &[SeedResult]) -> Result<[PathBuf; 2]> {
    let series = |(i, arm): (usize, Arm)| {
        let points = 0..results[0].inner[i].curve.len();
        // seeds have the same number of points; a split's number of steps may differ by a batch
        let at = |point: usize| {
            Summary::of(&results.iter().map(|seed| 100.0 * seed.inner[i].curve[point].1).collect::<Vec<_>>())
        };
        let summaries: Vec<Summary> = points.clone().filter_map(at).collect();
        Series {
            name: arm.name().into(),
            x: points.map(|point| results[0].inner[i].curve[point].0 as f64).collect(),
            mean: summaries.iter().map(|summary| summary.mean).collect(),
            sd: summaries.iter().map(|summary| summary.sd.unwrap_or(0.0)).collect(),
        }
    };
    let series: Vec<Series> = Arm::ALL.into_iter().enumerate().map(series).collect();
    let title = "Macro F1 on the validation part";
    Ok(plot::curves(stem, title, "gradient steps", "macro F1 (%)", &series)?)
}
