//! Results at the class frequencies of the training part, where it was thinned and the test part was not.
//!
//! At 50:1 only the training part is thinned, so the class frequencies change between training and test. A loss that
//! knows the training frequencies is made for such a change. What would the same networks reach on patients who come
//! with the frequencies of the training part?
//!
//! Thinning takes patients of a class at random, so those of a class are alike in both parts: what share of a class is
//! called what does not depend on how frequent the class is. So every row of the confusion matrix is weighted until it
//! has the share that its class has in the training part. Each cell is then right in expectation. Metrics that are
//! ratios of cells, as F1 is, are those of the expected matrix.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use climd::ConfusionMatrix;
use comfy_table::{Table as Grid, presets};

use crate::experiment::{RowId, RowResult};
use crate::pooled::{Source, Values, by_data, difference_cell, mean_cell, renew, table_of};
use crate::record::Record;
use crate::tables::{Table, own};

/// Name of the page and of its CSV file.
const NAME: &str = "shift";

/// Shares of all patients by true class and predicted class. They sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares(Vec<Vec<f64>>);

impl Shares {
    /// The confusion matrix that is expected where classes are as frequent as `counts` says.
    ///
    /// # Shapes
    /// `counts`: `[classes]`; the labels of `confusion` are below `classes`.
    ///
    /// # Errors
    /// If a class with a count has no sample in `confusion`: nothing is known of it. If there are no counts.
    pub fn expected(confusion: &ConfusionMatrix, counts: &[usize]) -> Result<Shares> {
        let total: usize = counts.iter().sum();
        ensure!(total > 0, "`counts` has no sample, but at least one is needed");
        let mut shares = vec![vec![0.0; counts.len()]; counts.len()];
        for (row, column, count) in confusion.cells() {
            let cell = shares.get_mut(row as usize).and_then(|row| row.get_mut(column as usize));
            *cell.with_context(|| format!("labels {row} and {column} of a run, but {} classes", counts.len()))? +=
                count as f64;
        }
        for (class, (row, &count)) in shares.iter_mut().zip(counts).enumerate() {
            let tested: f64 = row.iter().sum();
            ensure!(
                tested > 0.0 || count == 0,
                "class {class} has {count} training samples, but none in the test part"
            );
            let weight = if count == 0 { 0.0 } else { count as f64 / total as f64 / tested };
            row.iter_mut().for_each(|cell| *cell *= weight);
        }
        Ok(Shares(shares))
    }

    fn true_share(&self, class: usize) -> f64 {
        self.0[class].iter().sum()
    }

    fn called_share(&self, class: usize) -> f64 {
        self.0.iter().map(|row| row[class]).sum()
    }

    /// Share of right predictions, in `[0, 1]`.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        (0..self.0.len()).map(|class| self.0[class][class]).sum()
    }

    /// Mean F1 over the classes that occur, true or predicted, in `[0, 1]`, as [`ConfusionMatrix::macro_f1`].
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        let f1 = |class: usize| {
            let whole = self.true_share(class) + self.called_share(class);
            (whole > 0.0).then(|| 2.0 * self.0[class][class] / whole)
        };
        let f1: Vec<f64> = (0..self.0.len()).filter_map(f1).collect();
        f1.iter().sum::<f64>() / f1.len() as f64
    }
}

/// Metrics of a row by split, percent.
struct Measured {
    tested: Vec<f64>, // macro F1 on the test part as it is
    macro_f1: Vec<f64>,
    accuracy: Vec<f64>,
}

/// Its name, and its values.
type Metric = (&'static str, fn(&Measured) -> &[f64]);

const TESTED: &str = "macro F1 of the test part";
const MACRO_F1: &str = "macro F1 at the training prior";
const ACCURACY: &str = "accuracy at the training prior";
const RAREST_TESTED: &str = "share of the rarest class, test part";
const RAREST_TRAINED: &str = "share of the rarest class, training part";

/// What the page says of its figures.
const ABOUT: &str = "\
* **What is asked.** Training parts are thinned here, and test parts are not. So the classes are more even in \
the test than in training, and a loss that knows the training frequencies is made for just that. What if the \
patients to come are as the training part?\n\
* **How.** The same runs: nothing was trained for this page. Each row of a run's confusion matrix is \
weighted by the share of its class in the thinned training part of that split (importance weighting). \
Thinning takes patients of a class at random, so the recall of a class does not depend on it. Each cell is \
then right in expectation. Recalls and balanced accuracy stay as they were.\n\
* **Its limit.** No patient is added. The few tested patients of a class stand for it, and one patient of a \
large class who is called rare counts for several. F1 is that of the expected matrix, not the mean over tests \
that were drawn. The test part itself is as noisy as before.\n\
* **What it is not.** No loss or threshold was changed for these frequencies. Wrong labels count as what they \
were before.\n\
* Points, with the corrected 95 % interval over the splits. \\*: it leaves 0 out. These comparisons were \
thought of after the runs, and are not counted in [comparisons.md](comparisons.md).\n\n\
## Prior correction beside plain training\n\n";

/// Adds a table's results to `shift.csv`, and writes `shift.md`. Tables whose training part is not thinned, and those
/// that the advice does not rest on, are left out.
///
/// # Errors
/// If the splits cannot be made, a class has no patient in a test part, or a file cannot be read or written.
pub fn add(folder: &Path, source: &Source<'_>) -> Result<()> {
    if source.study.changes.imbalance.is_none() || !matches!(source.page.table, Table::Advice | Table::LabelNoise) {
        return Ok(());
    }
    let records = renew(folder, NAME, source.rates, records(source)?)?;
    let file = folder.join(format!("{NAME}.md"));
    fs::write(&file, page(&records)).with_context(|| format!("--out: `{}` cannot be written", file.display()))
}

fn records(source: &Source<'_>) -> Result<Vec<Record>> {
    let &Source { rows, results, .. } = source;
    let counts = results.first().map_or(Ok(Vec::new()), |result| source.class_counts(result))?;
    let measured = |result: &RowResult| -> Result<Measured> {
        let run = |((_, outcome), [trained, _]): (&(_, climd_networks::train::Outcome), &[Vec<usize>; 2])| {
            Shares::expected(&outcome.confusion, trained)
        };
        let shares: Vec<Shares> = result.runs.iter().zip(&counts).map(run).collect::<Result<_>>()?;
        let percent = |of: fn(&Shares) -> f64| shares.iter().map(|shares| 100.0 * of(shares)).collect();
        let tested = result.macro_f1();
        Ok(Measured { tested, macro_f1: percent(Shares::macro_f1), accuracy: percent(Shares::accuracy) })
    };
    let all: Vec<Measured> = results.iter().map(measured).collect::<Result<_>>()?;
    let prior = results.iter().position(|result| result.row.id == own("prior"));
    let mut records = Vec::new();
    for (at, (result, row)) in results.iter().zip(rows).enumerate() {
        let record = || source.record(NAME, result);
        if row.against.is_none() {
            let rarest = |part: usize| -> Vec<f64> {
                let share = |counts: &[Vec<usize>; 2]| {
                    let [trained, tested] = counts;
                    let rarest = (0..trained.len()).min_by_key(|&class| trained[class]).unwrap_or(0);
                    100.0 * counts[part][rarest] as f64 / [trained, tested][part].iter().sum::<usize>() as f64
                };
                counts.iter().map(share).collect()
            };
            records.push(source.mean(record(), RAREST_TRAINED, &rarest(0)));
            records.push(source.mean(record(), RAREST_TESTED, &rarest(1)));
        }
        let metrics: [Metric; 3] =
            [(TESTED, |of| &of.tested), (MACRO_F1, |of| &of.macro_f1), (ACCURACY, |of| &of.accuracy)];
        for (metric, of) in metrics {
            let values = |at: usize| Values { result: &results[at], values: of(&all[at]) };
            let mean = source.mean(record(), metric, of(&all[at]));
            records.push(match row.against {
                Some(other) => source.beside(mean, values(at), values(other)),
                None => mean,
            });
            if let Some(prior) = prior.filter(|&prior| prior != at && row.against.is_some()) {
                let record = Record { metric: metric.into(), ..record() };
                let record = Record { row: format!("{} - {}", record.row, results[prior].row.name), ..record };
                records.push(source.beside(record, values(at), values(prior)));
            }
        }
    }
    Ok(records)
}

/// The record of a row, alone or beside another one.
fn find<'a>(records: &'a [Record], id: &str, metric: &str, beside: Option<RowId>) -> Option<&'a Record> {
    let beside = beside.map(|id| id.to_string());
    let is_it = |record: &&Record| record.id == id && record.metric == metric && record.beside == beside;
    records.iter().find(is_it)
}

fn page(records: &[Record]) -> String {
    let (plain, prior) = (own("plain"), own("prior"));
    let mut text = format!(
        "# The test at the training prior\n\n\
         Written by `climd-repro`; all figures: [{NAME}.csv]({NAME}.csv). Terms: \
         [README.md](README.md#how-to-read-a-table).\n\n\
         **At the class frequencies of the training part, prior correction is beside plain training:**\n\n"
    );
    let mut grid = Grid::new();
    let header = [
        "labels",
        "table, learning rate",
        "settings",
        "macro F1 told higher",
        "told lower",
        "accuracy told higher",
        "told lower",
    ];
    grid.load_style(presets::ASCII_MARKDOWN).set_header(header);
    for of_table in records.chunk_by(|a, b| a.table == b.table) {
        for (name, wrong) in [("right", false), ("wrong", true)] {
            let told = |metric| {
                let settings = by_data(of_table).filter(|of| of[0].data.contains("noise") == wrong);
                told(settings.filter_map(|of| find(of, &prior.to_string(), metric, Some(plain))))
            };
            let (f1, accuracy) = (told(MACRO_F1), told(ACCURACY));
            if f1.number == 0 {
                continue;
            }
            let counts = [f1.number, f1.above, f1.below, accuracy.above, accuracy.below].map(|of| of.to_string());
            grid.add_row([name.to_owned(), table_of(NAME, of_table)].into_iter().chain(counts));
        }
    }
    // writing into a string cannot fail
    let _ = write!(text, "{grid}\n\n{ABOUT}");
    let mut grid = Grid::new();
    grid.load_style(presets::ASCII_MARKDOWN).set_header([
        "data",
        "table, learning rate",
        "rarest class: % of training",
        "% of test",
        "macro F1, as tested",
        "macro F1, at the training prior",
        "accuracy, at the training prior",
    ]);
    for of in by_data(records) {
        let share = |metric| mean_cell(find(of, &plain.to_string(), metric, None));
        let differ = |metric| difference_cell(find(of, &prior.to_string(), metric, Some(plain)));
        let data = of[0].data.clone();
        let [trained, tested] = [RAREST_TRAINED, RAREST_TESTED].map(share);
        let [before, f1, accuracy] = [TESTED, MACRO_F1, ACCURACY].map(differ);
        grid.add_row([data, table_of(NAME, of), trained, tested, before, f1, accuracy]);
    }
    let _ = writeln!(text, "{grid}");
    for of in by_data(records) {
        let mut grid = Grid::new();
        grid.load_style(presets::ASCII_MARKDOWN).set_header([
            "row",
            "macro F1",
            "- baseline [95 %]",
            "- prior correction [95 %]",
            "accuracy",
            "- baseline [95 %]",
            "- prior correction [95 %]",
        ]);
        for record in of.iter().filter(|record| record.metric == MACRO_F1 && record.mean.is_some()) {
            let mut cells = vec![record.row.clone()];
            for metric in [MACRO_F1, ACCURACY] {
                let beside = |other| find(of, &record.id, metric, other);
                cells.push(mean_cell(beside(Some(plain)).or_else(|| beside(None))));
                cells.extend([plain, prior].map(|other| difference_cell(beside(Some(other)))));
            }
            grid.add_row(cells);
        }
        let _ = write!(
            text,
            "\n## {}: {}\n\n{} splits; percent, at the training prior.\n\n{grid}\n",
            of[0].data,
            table_of(NAME, of),
            of[0].seeds
        );
    }
    text
}

/// How many differences there are, and how many are told from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told {
    number: usize,
    above: usize,
    below: usize,
}

fn told<'a>(records: impl Iterator<Item = &'a Record>) -> Told {
    let records: Vec<&Record> = records.collect();
    let count = |is: fn(&Record) -> bool| records.iter().filter(|record| is(record)).count();
    let above = count(|record| record.low.is_some_and(|low| low > 0.0));
    Told { number: records.len(), above, below: count(|record| record.high.is_some_and(|high| high < 0.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pooled::example;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    /// Ten patients of each of two classes: 8 and 6 are right.
    fn even() -> ConfusionMatrix {
        let labels = [[0; 10], [1; 10]].concat();
        let called = [&[0; 8][..], &[1; 2], &[0; 4], &[1; 6]].concat();
        ConfusionMatrix::new(&labels, &called).unwrap()
    }

    /// By hand, at 3:1: 0.6 and 0.15 in the first row, 0.1 and 0.15 in the second.
    #[test]
    fn metrics_at_another_prior_match_those_by_hand() {
        let shares = Shares::expected(&even(), &[30, 10]).unwrap();
        close(shares.accuracy(), 0.75);
        close(shares.macro_f1(), (1.2 / 1.45 + 0.3 / 0.55) / 2.0);
    }

    #[test]
    fn at_the_frequencies_of_the_test_part_nothing_changes() {
        let confusion = ConfusionMatrix::new(&[0, 0, 0, 1, 1, 2, 2, 2], &[0, 1, 0, 1, 1, 2, 0, 1]).unwrap();
        let shares = Shares::expected(&confusion, &[30, 20, 30]).unwrap();
        close(shares.accuracy(), confusion.accuracy());
        close(shares.macro_f1(), confusion.macro_f1());
    }

    /// Mean over all ways to thin the second class of a test part from four to two patients.
    #[test]
    fn the_matrix_is_the_mean_of_those_of_thinned_test_parts() {
        let (labels, called) = ([0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1, 0]);
        let expected = Shares::expected(&ConfusionMatrix::new(&labels, &called).unwrap(), &[3, 2]).unwrap();
        let mut mean = [[0.0; 2]; 2];
        for first in 3..7 {
            for second in first + 1..7 {
                let kept = [0, 1, 2, first, second];
                let [labels, called] = [labels, called].map(|of| kept.map(|at| of[at]));
                for (row, column, count) in ConfusionMatrix::new(&labels, &called).unwrap().cells() {
                    mean[row as usize][column as usize] += count as f64 / 5.0 / 6.0; // of five patients, in six ways
                }
            }
        }
        mean.iter().flatten().zip(expected.0.iter().flatten()).for_each(|(&a, &b)| close(a, b));
    }

    #[test]
    fn a_class_without_a_count_has_no_weight_and_one_without_a_test_is_refused() {
        let shares = Shares::expected(&even(), &[5, 0]).unwrap();
        close(shares.accuracy(), 0.8);
        close(shares.macro_f1(), (1.6 / 1.8 + 0.0) / 2.0); // two tenths are called what does not occur
        let error = Shares::expected(&even(), &[5, 5, 1]).unwrap_err().to_string();
        assert_eq!(error, "class 2 has 1 training samples, but none in the test part");
        assert!(Shares::expected(&even(), &[0, 0]).is_err());
        assert!(Shares::expected(&even(), &[5]).is_err());
    }

    /// By hand: classes of 8 and 3 in training, of 4 and 2 in the test part.
    #[test]
    fn records_match_those_by_hand() {
        let folder = tempfile::tempdir().unwrap();
        example(Table::Advice, |source| add(folder.path(), source)).unwrap();
        let records = renew(folder.path(), NAME, &[], Vec::new()).unwrap();
        let [plain, prior] = [own("plain"), own("prior")];
        let f1 = [(16.0 / 17.5 + 2.0 / 3.0) / 2.0, (12.0 / 14.0 + 0.75) / 2.0];
        for (metric, [before, after]) in [(MACRO_F1, f1), (ACCURACY, [9.5 / 11.0, 9.0 / 11.0])] {
            let mean = find(&records, &plain.to_string(), metric, None).unwrap().mean.unwrap();
            assert!((mean - 100.0 * before).abs() < 1e-5, "{metric} {mean} {before}");
            let record = find(&records, &prior.to_string(), metric, Some(plain)).unwrap();
            let difference = record.difference.unwrap();
            assert!((difference - 100.0 * (after - before)).abs() < 1e-5, "{metric} {difference}");
            assert_eq!(record.fixed_beforehand, Some(false));
        }
        let trained = find(&records, &plain.to_string(), RAREST_TRAINED, None).unwrap().mean.unwrap();
        assert!((trained - 300.0 / 11.0).abs() < 1e-5, "{trained}");
        assert!(
            fs::read_to_string(folder.path().join("shift.md"))
                .unwrap()
                .contains("## three, 4:1, 6 epochs: advice, own")
        );
    }

    #[test]
    fn the_page_counts_what_is_told_and_has_a_line_for_every_row() {
        let record = |data: &str, id: &str, metric: &str, beside: Option<&str>, low: f64| Record {
            table: "shift-advice (tuned learning rate)".into(),
            data: data.into(),
            id: format!("baseline/{id}"),
            row: id.into(),
            metric: metric.into(),
            mean: Some(80.0),
            sd: Some(1.0),
            beside: beside.map(|other| format!("baseline/{other}")),
            difference: beside.map(|_| low + 1.0),
            low: beside.map(|_| low),
            high: beside.map(|_| low + 2.0),
            seeds: 20,
            ..Default::default()
        };
        let of_data = |data: &str, low: f64| {
            [TESTED, MACRO_F1, ACCURACY]
                .map(|metric| {
                    let low = if metric == ACCURACY { -low } else { low };
                    [record(data, "plain", metric, None, 0.0), record(data, "prior", metric, Some("plain"), low)]
                })
                .concat()
        };
        let text = page(
            &[of_data("one, 50:1", 1.0), of_data("two, 50:1", -0.5), of_data("one, 50:1, 20 % noise", -3.0)].concat(),
        );
        assert!(text.contains("\n* **How.** The same runs"), "a list, in a string that rustfmt leaves as it is");
        let cells = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap().replace(' ', "");
        assert_eq!(cells("| right"), "|right|advice,tuned|2|1|0|1|0|");
        assert_eq!(cells("| wrong"), "|wrong|advice,tuned|1|0|1|1|0|");
        let line = text.lines().find(|line| line.starts_with("| one, 50:1 ")).unwrap();
        assert!(line.contains("+2.0 [+1.0, +3.0] \\*") && line.contains("+0.0 [-1.0, +1.0] "), "{line}");
        assert_eq!(text.lines().filter(|line| line.starts_with("| plain")).count(), 3);
    }
}
