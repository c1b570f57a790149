//! Which rule chooses a learning rate best: macro F1 on test parts at the rate that it chooses on inner splits, beside
//! the best single rate. For splits that no table uses.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use climd_networks::config::Part;
use climd_networks::network::LearningRate;
use climd_networks::train::Outcome;
use comfy_table::{Table as Grid, presets};

use crate::experiment::{Row, Runner, Study};
use crate::least::unless_diverged;
use crate::rate::Rate;
use crate::record::{Record, round};
use crate::study::EPOCHS;

/// The candidates of all rules.
const RATES: [f64; 6] = [3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2];
/// The one that ties go to.
const MIDDLE: usize = 3;
/// Repeats of the inner split.
const REPEATS: usize = 5;

/// A score of one run on an inner split; the larger the better.
type Score = fn(&Outcome) -> f64;

/// A rule: its id in the CSV file, its name, its score, how many repeats it looks at, and its first and
/// last candidate.
type Rule = (&'static str, &'static str, Score, usize, (usize, usize));

const ALL: (usize, usize) = (0, RATES.len() - 1);
const RULES: [Rule; 9] = [
    ("macro-f1-1", "macro F1, one split", macro_f1, 1, ALL),
    ("macro-f1-3", "macro F1, three splits", macro_f1, 3, ALL),
    ("macro-f1-5", "macro F1, five splits", macro_f1, 5, ALL),
    ("balanced-accuracy-3", "balanced accuracy, three splits", balanced_accuracy, 3, ALL),
    ("balanced-loss-3", "class-balanced cross-entropy, three splits", balanced, 3, ALL),
    ("balanced-loss-5", "class-balanced cross-entropy, five splits", balanced, 5, ALL),
    ("scaled-loss-3", "the same, scaled, three splits", scaled, 3, ALL),
    ("quick", "the same, scaled, one split, of 3e-4, 1e-3 and 3e-3", scaled, 1, (2, 4)),
    ("auc-3", "area under the ROC curve, three splits", |run| quality(run, |of| of.auc.unwrap_or(f64::NAN)), 3, ALL),
];

fn balanced(run: &Outcome) -> f64 {
    quality(run, |of| -of.balanced_cross_entropy)
}

fn scaled(run: &Outcome) -> f64 {
    quality(run, |of| -of.scaled_cross_entropy)
}

fn balanced_accuracy(run: &Outcome) -> f64 {
    unless_diverged(run, run.confusion.balanced_accuracy())
}

fn macro_f1(run: &Outcome) -> f64 {
    unless_diverged(run, run.confusion.macro_f1())
}

fn quality(run: &Outcome, of: fn(&climd_networks::quality::Quality) -> f64) -> f64 {
    // training that diverged is the worst
    run.quality.as_ref().map(of).filter(|value| value.is_finite()).unwrap_or(f64::NEG_INFINITY)
}

/// The runs of one row on one split.
struct Tried {
    inner: Vec<Vec<Outcome>>, // by rate and repeat
    test: Vec<f64>,           // macro F1 in percent, by rate
}

impl Tried {
    fn chosen(&self, (_, _, score, repeats, (low, high)): Rule) -> usize {
        let mean = |runs: &Vec<Outcome>| runs[..repeats].iter().map(score).sum::<f64>() / repeats as f64;
        let means: Vec<f64> = self.inner.iter().map(mean).collect();
        let key = |&at: &usize| means[at];
        let nearer = |a: &usize, b: &usize| b.abs_diff(MIDDLE).cmp(&a.abs_diff(MIDDLE));
        let best = (low..=high).max_by(|a, b| key(a).total_cmp(&key(b)).then(nearer(a, b)));
        best.unwrap_or(MIDDLE)
    }
}

/// A rule for one row of one data set, or a single rate.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // as the page says
pub struct Line {
    pub data: String,
    pub row: Row,
    pub id: String,
    pub rule: String,
    pub splits: usize,
    /// Percent, mean over the splits.
    pub macro_f1: f64,
    /// The best single rate's.
    pub best: f64,
}

impl Line {
    fn behind_best(&self) -> f64 {
        self.macro_f1 - self.best
    }

    fn record(&self, metric: &str, mean: f64) -> Record {
        Record {
            table: format!("rates ({} learning rate)", Rate::Own.name()),
            data: self.data.clone(),
            id: format!("{}/{}", self.id, self.row.id.arm),
            row: format!("{}: {}", self.rule, self.row.name),
            metric: metric.to_owned(),
            mean: Some(round(mean)),
            seeds: self.splits,
            ..Default::default()
        }
    }
}

/// Compares the rules for these rows on the splits of a study.
///
/// # Errors
/// Those of [`Runner::rows`].
pub fn compare(runner: &Runner<'_>, study: &Study<'_>, rows: &[Row]) -> Result<Vec<Line>> {
    let rates = RATES.map(|start| LearningRate { start, cosine: true });
    let mut parts: Vec<Part> = (0..REPEATS as u32).map(Part::Inner).collect();
    parts.push(Part::Test);
    let mut lines = Vec::new();
    for (row, outcomes) in rows.iter().zip(runner.grid(study, rows, &rates, &parts)?) {
        let of_split = |runs: &[Outcome]| {
            let of_rate = runs.chunks(parts.len());
            Tried {
                inner: of_rate.clone().map(|runs| runs[..REPEATS].to_vec()).collect(),
                test: of_rate.map(|runs| 100.0 * runs[REPEATS].confusion.macro_f1()).collect(),
            }
        };
        let splits: Vec<Tried> = outcomes.chunks(rates.len() * parts.len()).map(of_split).collect();
        let mean = |chosen: &dyn Fn(&Tried) -> usize| {
            splits.iter().map(|tried| tried.test[chosen(tried)]).sum::<f64>() / splits.len() as f64
        };
        let best = (0..RATES.len()).map(|at| mean(&|_| at)).fold(f64::NEG_INFINITY, f64::max);
        let mut push = |id: String, rule: String, chosen: &dyn Fn(&Tried) -> usize| {
            let (data, row, macro_f1) = (study.data(), row.clone(), mean(chosen));
            lines.push(Line { data, row, id, rule, splits: splits.len(), macro_f1, best });
        };
        for rule in RULES {
            push(rule.0.to_owned(), rule.1.to_owned(), &|tried| tried.chosen(rule));
        }
        for (at, rate) in RATES.iter().enumerate() {
            push(format!("{rate:e}"), format!("{rate:e} for all"), &|_| at);
        }
    }
    Ok(lines)
}

/// Writes `rates.csv` and `rates.md`, and for other than 100 epochs `rates-10-epochs.csv` and `.md`.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path, epochs: usize, lines: &[Line]) -> Result<()> {
    let stem = if epochs == EPOCHS { "rates".into() } else { format!("rates-{epochs}-epochs") };
    let unwritten = || format!("--out: `{}` cannot be written", folder.display());
    fs::create_dir_all(folder).with_context(unwritten)?;
    let mut file = csv::Writer::from_path(folder.join(format!("{stem}.csv"))).with_context(unwritten)?;
    for line in lines {
        let records = [("macro F1", line.macro_f1), ("macro F1 - that of the best rate", line.behind_best())];
        for (metric, mean) in records {
            file.serialize(line.record(metric, mean)).with_context(unwritten)?;
        }
    }
    file.flush().with_context(unwritten)?;
    fs::write(folder.join(format!("{stem}.md")), page(lines)).with_context(unwritten)
}

fn page(lines: &[Line]) -> String {
    let mut rules: Vec<&str> = Vec::new();
    let mut columns: Vec<(&str, &str)> = Vec::new();
    for line in lines {
        if !rules.contains(&line.rule.as_str()) {
            rules.push(&line.rule);
        }
        if !columns.contains(&(&line.data, &line.row.name)) {
            columns.push((&line.data, &line.row.name));
        }
    }
    let mut grid = Grid::new();
    let header = columns.iter().map(|(data, row)| format!("{data}: {row}"));
    grid.load_style(presets::ASCII_MARKDOWN).set_header(["rule".to_owned(), "mean".into()].into_iter().chain(header));
    for rule in rules {
        let of_column = |&(data, row): &(&str, &str)| {
            lines.iter().find(|line| line.rule == rule && line.data == data && line.row.name == row)
        };
        let cells: Vec<Option<&Line>> = columns.iter().map(of_column).collect();
        let known: Vec<f64> = cells.iter().flatten().map(|line| line.behind_best()).collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let shown = cells.iter().map(|cell| cell.map_or("-".into(), |line| format!("{:.1}", line.behind_best())));
        grid.add_row([rule.to_owned(), format!("{mean:.1}")].into_iter().chain(shown));
    }
    let mut text = String::from(
        "# Which rule chooses a learning rate best\n\nWritten by `climd-repro rates`. Figures are points of macro F1 \
         on test parts: the rate that a rule chooses on inner splits of a training part, for each split anew, \
         beside the best single rate for all splits. Negative: behind it. The last lines are single rates. The \
         splits are in no other table. `scaled`: logits are first divided by the one number for which the loss is \
         least, so that being too sure does not count.\n\n",
    );
    let _ = writeln!(text, "{grid}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use climd::ConfusionMatrix;
    use climd_networks::quality::Quality;

    /// A run whose predictions are right for so many of four samples of each class.
    fn run(hits: usize) -> Outcome {
        let predicted = [vec![0i64; 4], vec![1; hits], vec![0; 4 - hits]].concat();
        Outcome {
            samples: 8,
            confusion: ConfusionMatrix::new(&[0, 0, 0, 0, 1, 1, 1, 1], &predicted).unwrap(),
            quality: None,
            points: Vec::new(),
            agreement: Vec::new(),
            seconds: 1.0,
            own_seconds: 0.0,
            measuring_seconds: 0.0,
        }
    }

    #[test]
    fn a_rule_takes_the_best_mean_and_ties_go_to_the_middle() {
        let tried =
            |hits: [[usize; 3]; 6]| Tried { inner: hits.map(|of| of.map(run).to_vec()).to_vec(), test: vec![0.0; 6] };
        let rule = |repeats| RULES.iter().copied().find(|of| of.0 == format!("macro-f1-{repeats}")).unwrap();
        let same = [1, 1, 1];
        assert_eq!(tried([same; 6]).chosen(rule(3)), MIDDLE);
        assert_eq!(tried([same, same, same, same, same, [2, 1, 1]]).chosen(rule(3)), 5);
        // one split alone sees a tie of two ends, and takes the nearer one
        let ends = tried([[2, 0, 0], same, same, same, same, [2, 4, 4]]);
        assert_eq!((ends.chosen(rule(1)), ends.chosen(rule(3))), (5, 5));
        // of the three candidates only
        let quick = RULES.iter().copied().find(|of| of.0 == "quick").unwrap();
        let quick = (quick.0, quick.1, macro_f1 as Score, quick.3, quick.4);
        assert_eq!(tried([[2, 0, 0], same, [2, 0, 0], same, same, [4, 4, 4]]).chosen(quick), 2);
        // the best predictions do not count of a run that diverged
        let nan = f64::NAN;
        let (balanced_cross_entropy, scaled_cross_entropy, auc, calibration_error) = (nan, nan, None, nan);
        let quality = Quality { balanced_cross_entropy, scaled_cross_entropy, auc, calibration_error };
        for rule in RULES.iter().copied().filter(|rule| rule.3 <= 3) {
            let mut tried = tried([[4, 4, 4], same, same, same, same, same]);
            tried.inner[0].iter_mut().for_each(|run| run.quality = Some(quality));
            tried.inner[1..].iter_mut().flatten().for_each(|run| {
                run.quality = Some(Quality {
                    balanced_cross_entropy: 1.0,
                    scaled_cross_entropy: 1.0,
                    auc: Some(0.4),
                    calibration_error: 0.1,
                });
            });
            assert_eq!(tried.chosen(rule), MIDDLE, "{}", rule.0);
        }
        // without probabilities no rate is better by their loss
        let loss = RULES.iter().copied().find(|of| of.0 == "scaled-loss-3").unwrap();
        assert_eq!(tried([[2, 0, 0], same, same, same, same, same]).chosen(loss), MIDDLE);
    }
}
