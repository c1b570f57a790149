//! The rows of a table at one learning rate: what is summed up of their runs, and how it is shown.

use climd::ConfusionMatrix;
use comfy_table::{Table as Grid, presets};

use crate::experiment::RowResult;
use crate::rate::Rate;
use crate::stats::{Interval, Paired, Summary};
use crate::study::RowId;
use crate::tables::{Contrast, Paper, TableRow, own};
use climd_networks::agreement::Agreement;
use climd_networks::train::Outcome;

/// A figure of a run, in `[0, 1]`; some runs may lack it.
pub(crate) type Metric = (&'static str, fn(&Outcome) -> Option<f64>);

/// What every table shows, in order; a column that no row has is left out.
pub(crate) const METRICS: [Metric; 7] = [
    ("accuracy", |run| Some(run.confusion.accuracy())),
    ("weighted F1", |run| Some(run.confusion.weighted_f1())),
    ("macro F1", |run| Some(run.confusion.macro_f1())),
    ("balanced accuracy", |run| Some(run.confusion.balanced_accuracy())),
    ("worst recall", |run| Some(run.confusion.recall().into_iter().fold(1.0, f64::min))),
    ("AUC", |run| run.quality.as_ref()?.auc),
    ("calibration error", |run| Some(run.quality.as_ref()?.calibration_error)),
];

pub(crate) const MACRO_F1: usize = 2;

/// What a run took: seconds, samples, and shares of the seconds in percent.
pub(crate) type Cost = (&'static str, fn(&Outcome) -> f64);

pub(crate) const COSTS: [Cost; 4] = [
    ("seconds", |run| run.seconds),
    ("samples", |run| run.samples as f64),
    ("climd's own share", |run| 100.0 * run.own_seconds / run.seconds),
    ("measuring's share", |run| 100.0 * run.measuring_seconds / run.seconds),
];

fn cost(result: &RowResult, of: fn(&Outcome) -> f64) -> Option<Summary> {
    Summary::of(&result.runs.iter().map(|(_, run)| of(run)).collect::<Vec<_>>())
}

/// Means over the epochs in which scores were compared with a full measurement, percent.
pub(crate) type Agreed = (&'static str, fn(&Agreement) -> Option<f64>);

pub(crate) const AGREED: [Agreed; 3] = [
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

/// The rows at one learning rate.
#[derive(Debug)]
pub struct Section {
    pub(crate) rate: Rate,
    pub(crate) rows: Vec<Shown>,
    pub(crate) contrasts: Vec<Beside>,
}

/// Two rows, and how their macro F1 differs.
#[derive(Debug)]
pub(crate) struct Beside {
    pub(crate) id: RowId,
    pub(crate) name: String,
    pub(crate) other_id: RowId,
    pub(crate) other: String,
    pub(crate) steps: usize,
    pub(crate) paired: Paired,
}

#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) id: RowId,
    pub(crate) name: String,
    pub(crate) paper: Option<Paper>,
    pub(crate) against: Option<(RowId, String)>,
    pub(crate) metrics: Vec<(Option<Summary>, Option<Paired>)>, // by METRICS
    pub(crate) recall: Vec<Option<Summary>>,                    // by class
    pub(crate) steps: usize,
    pub(crate) costs: Vec<Option<Summary>>,  // by COSTS
    pub(crate) agreed: Vec<Option<Summary>>, // by AGREED
}

impl Section {
    /// Sums up the runs of a table's rows.
    #[must_use]
    pub fn new(rate: Rate, rows: &[TableRow], results: &[RowResult]) -> Section {
        let show = |(row, result): (&TableRow, &RowResult)| {
            let of_metric = |&(_, of): &Metric| {
                let paired = row.against.and_then(|against| paired(result, &results[against], of));
                (values(result, of).and_then(|values| Summary::of(&values)), paired)
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
                steps: result.steps(),
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
            let steps = ours.steps();
            let (name, other) = (ours.row.name.clone(), theirs.row.name.clone());
            Some(Beside { id, name, other_id, other, steps, paired })
        };
        self.contrasts = contrasts.iter().filter_map(of).collect();
        self
    }

    pub(crate) fn seeds(&self) -> usize {
        self.rows.first().and_then(|row| row.metrics[0].0).map_or(0, |summary| summary.n)
    }

    pub(crate) fn rate(&self) -> &'static str {
        self.rate.name()
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
        let shown = |at: usize| self.rows.iter().any(|row| row.metrics[at].0.is_some());
        let shown: Vec<usize> = (0..METRICS.len()).filter(|&at| shown(at)).collect();
        header.extend(shown.iter().map(|&at| METRICS[at].0));
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
            cells.extend(shown.iter().map(|&at| or_dash(row.metrics[at].0)));
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

/// Percent, by split; none if a run lacks it.
fn values(result: &RowResult, of: fn(&Outcome) -> Option<f64>) -> Option<Vec<f64>> {
    result.runs.iter().map(|(_, run)| Some(100.0 * of(run)?)).collect()
}

fn paired(ours: &RowResult, theirs: &RowResult, of: fn(&Outcome) -> Option<f64>) -> Option<Paired> {
    Paired::between(&values(ours, of)?, &values(theirs, of)?, ours.overlap)
}

/// What stands behind a difference and its interval.
pub(crate) const PS: [&str; 3] = ["p", "as if splits were independent [95 %]", "p so"];

/// Difference with its interval and p, and what they were if splits did not overlap.
pub(crate) fn difference(paired: &Paired) -> [String; 4] {
    let &Paired { corrected, plain, p_corrected, .. } = paired;
    let mean = format!("{:+.1}", paired.difference.mean);
    let ends = |of: Option<Interval>| of.map(|Interval { low, high }| format!("[{low:+.1}, {high:+.1}]"));
    let of_mean = ends(corrected).map_or(mean.clone(), |ends| format!("{mean} {ends}"));
    [of_mean, p_value(p_corrected), ends(plain).unwrap_or_else(|| "-".into()), p_value(p_of(paired))]
}

/// One split has no p.
pub(crate) fn p_of(paired: &Paired) -> Option<f64> {
    (paired.difference.n > 1).then_some(paired.p)
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
pub(crate) fn agreement_grid(section: &Section) -> Grid {
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
pub(crate) fn compared(by_network: bool, rows: &[Shown]) -> String {
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

pub(crate) fn or_dash(summary: Option<Summary>) -> String {
    summary.map_or_else(|| "-".into(), |summary| summary.to_string())
}

pub(crate) fn p_value(p: Option<f64>) -> String {
    match p {
        None => "-".into(),
        Some(p) if p < 0.001 => "< 0.001".into(),
        Some(p) => format!("{p:.3}"),
    }
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
