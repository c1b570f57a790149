//! How many patients of each class are found, and how many are wrongly called it, beside plain training.
//!
//! A point of macro F1 says little to who has patients. Counts of a test part do: of its ten patients of a class, so
//! many more are found, and so many of other classes are taken for one of them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use climd::ConfusionMatrix;
use comfy_table::{Table as Grid, presets};

use crate::pooled::{Source, Values, by_data, difference_cell, mean_cell, renew, table_of};
use crate::record::Record;
use crate::tables::{Table, own};

/// Name of the page and of its CSV file.
const NAME: &str = "patients";

const TESTED: &str = "patients of ";
const TRAINED: &str = "in training of ";
const COHORT: &str = "in the data of ";
const FOUND: &str = "found of ";
const CALLED: &str = "wrongly called ";
const ALL: &str = "all classes";

/// Patients of a test part by class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Those that were rightly called it.
    pub found: Vec<usize>,
    /// Those of other classes that were called it.
    pub called: Vec<usize>,
}

impl Counts {
    /// Counts for `classes` classes. Labels of other classes are left out.
    #[must_use]
    pub fn of(confusion: &ConfusionMatrix, classes: usize) -> Counts {
        let mut counts = Counts { found: vec![0; classes], called: vec![0; classes] };
        for (label, prediction, count) in confusion.cells() {
            let of = if label == prediction { &mut counts.found } else { &mut counts.called };
            if let Some(of) = of.get_mut(prediction as usize) {
                *of += count;
            }
        }
        counts
    }
}

/// Adds a table's results to `patients.csv`, and writes `patients.md`. For the tables of the advice, of the networks
/// and of the main job.
///
/// # Errors
/// If the splits cannot be made, or a file cannot be read or written.
pub fn add(folder: &Path, source: &Source<'_>) -> Result<()> {
    if !matches!(source.page.table, Table::Advice | Table::LabelNoise | Table::Table1 | Table::Main) {
        return Ok(());
    }
    let records = renew(folder, NAME, source.rates, records(source)?)?;
    let file = folder.join(format!("{NAME}.md"));
    fs::write(&file, page(&records)).with_context(|| format!("--out: `{}` cannot be written", file.display()))
}

fn records(source: &Source<'_>) -> Result<Vec<Record>> {
    let &Source { page, study, rows, results, .. } = source;
    let mut records = Vec::new();
    if let Some(result) = results.first() {
        let splits = source.class_counts(result)?;
        let mut cohort = vec![0; page.classes.len()];
        study.dataset.labels.iter().for_each(|&label| cohort[label] += 1);
        let splits = splits.into_iter().map(|[trained, tested]| [cohort.clone(), trained, tested]);
        let splits: Vec<[Vec<usize>; 3]> = splits.collect();
        for (part, what) in [COHORT, TRAINED, TESTED].into_iter().enumerate() {
            for (class, name) in page.classes.iter().enumerate() {
                let counts: Vec<f64> = splits.iter().map(|parts| parts[part][class] as f64).collect();
                records.push(source.mean(source.record(NAME, result), &format!("{what}{name}"), &counts));
            }
            let all: Vec<f64> = splits.iter().map(|parts| parts[part].iter().sum::<usize>() as f64).collect();
            records.push(source.mean(source.record(NAME, result), &format!("{what}{ALL}"), &all));
        }
    }
    let counts: Vec<Vec<Counts>> = results
        .iter()
        .map(|result| result.runs.iter().map(|(_, run)| Counts::of(&run.confusion, page.classes.len())).collect())
        .collect();
    for (at, (result, row)) in results.iter().zip(rows).enumerate() {
        let mut push = |metric: String, of: &dyn Fn(&Counts) -> usize| {
            let values = |at: usize| counts[at].iter().map(|counts| of(counts) as f64).collect::<Vec<f64>>();
            let ours = values(at);
            let mean = source.mean(source.record(NAME, result), &metric, &ours);
            records.push(match row.against {
                Some(other) => {
                    let theirs = Values { result: &results[other], values: &values(other) };
                    source.beside(mean, Values { result, values: &ours }, theirs)
                }
                None => mean,
            });
        };
        for (class, name) in page.classes.iter().enumerate() {
            push(format!("{FOUND}{name}"), &|counts| counts.found[class]);
        }
        push(format!("{FOUND}{ALL}"), &|counts| counts.found.iter().sum());
        for (class, name) in page.classes.iter().enumerate() {
            push(format!("{CALLED}{name}"), &|counts| counts.called[class]);
        }
    }
    Ok(records)
}

const ABOUT: &str = "\
* A test part is 30 % of the samples, so counts are small, and are means over the splits. A sample is a patient \
in the cancer sets, an image in digits and a piece of a recording in HTAD.\n\
* **Found**: patients of a class that were called it. **Wrongly called**: patients of other classes that were \
called it; each of them is missed in its own class. All who are found, of all, is the accuracy.\n\
* Differences are to the row that the table compares with, mostly `baseline`, with the corrected 95 % interval \
over the splits. \\*: it leaves 0 out. These comparisons were thought of after the runs, and are not counted in \
[comparisons.md](comparisons.md).\n\
* **Rarest**: the class with the fewest patients in training. At 50:1 training parts are thinned and test parts \
are not: there are more patients to find than training lets expect ([shift.md](shift.md)).\n\n";

fn page(records: &[Record]) -> String {
    let mut text = format!(
        "# Patients gained and lost\n\nWritten by `climd-repro`; all figures: [{NAME}.csv]({NAME}.csv). Terms: \
         [README.md](README.md#how-to-read-a-table).\n\n\
         **Of the patients of the rarest class in a test part, so many more are found than by plain training, and so \
         many more of other classes are wrongly called it:**\n\n"
    );
    let [prior, climd] = [own("prior"), own("climd")].map(|id| id.to_string());
    let mut grid = Grid::new();
    grid.load_style(presets::ASCII_MARKDOWN).set_header([
        "data",
        "table, learning rate",
        "rarest class",
        "in a test part",
        "found by plain training",
        "prior correction: more found",
        "more wrongly called",
        "more found of all",
        "CLIMD: more found",
        "more wrongly called",
        "more found of all",
    ]);
    for of in by_data(records) {
        let id = &of[0].id;
        let Some(rarest) = rarest(of) else { continue };
        let mean = |metric: String| mean_cell(find(of, id, &metric));
        let mut cells = vec![of[0].data.clone(), table_of(NAME, of), rarest.to_owned()];
        cells.extend([mean(format!("{TESTED}{rarest}")), mean(format!("{FOUND}{rarest}"))]);
        for row in [&prior, &climd] {
            let metrics = [format!("{FOUND}{rarest}"), format!("{CALLED}{rarest}"), format!("{FOUND}{ALL}")];
            cells.extend(metrics.map(|metric| difference_cell(find(of, row, &metric))));
        }
        grid.add_row(cells);
    }
    // writing into a string cannot fail
    let _ = write!(text, "{grid}\n\n{ABOUT}");
    for of in by_data(records) {
        let _ = write!(text, "## {}: {}\n\n{} splits.\n", of[0].data, table_of(NAME, of), of[0].seeds);
        for (what, title) in [(FOUND, "Found"), (CALLED, "Wrongly called")] {
            let _ = write!(text, "\n{}\n", grid_of(of, what, title));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// A line for every row: its counts if it is compared with nothing, and else its differences.
fn grid_of(records: &[Record], what: &str, title: &str) -> Grid {
    let id = &records[0].id;
    let metrics: Vec<&str> =
        records.iter().filter(|of| of.id == *id && of.metric.starts_with(what)).map(|of| of.metric.as_str()).collect();
    let column = |metric: &&str| {
        let class = metric.trim_start_matches(what);
        let size = find(records, id, &format!("{TESTED}{class}")).and_then(|of| of.mean);
        match (what == FOUND, size) {
            (true, Some(size)) => format!("{class} (of {})", (10.0 * size).round() / 10.0),
            _ => class.to_owned(),
        }
    };
    let mut grid = Grid::new();
    let header = std::iter::once(title.to_owned()).chain(metrics.iter().map(column));
    grid.load_style(presets::ASCII_MARKDOWN).set_header(header);
    for row in records.iter().filter(|of| metrics.first().is_some_and(|&first| of.metric == first)) {
        let cell = |metric: &&str| match find(records, &row.id, metric) {
            of @ Some(record) if record.beside.is_some() => difference_cell(of),
            of => mean_cell(of),
        };
        grid.add_row(std::iter::once(row.row.clone()).chain(metrics.iter().map(cell)));
    }
    grid
}

fn find<'a>(records: &'a [Record], id: &str, metric: &str) -> Option<&'a Record> {
    records.iter().find(|record| record.id == id && record.metric == metric)
}

/// The class with the fewest patients in training.
fn rarest(records: &[Record]) -> Option<&str> {
    let classes = records.iter().filter_map(|of| Some((of.metric.strip_prefix(TRAINED)?, of.mean?)));
    let least = classes.filter(|&(class, _)| class != ALL).min_by(|a, b| a.1.total_cmp(&b.1));
    least.map(|(class, _)| class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pooled::example;

    /// By hand: of class 1 one is found, one is called 2, and one of class 0 is called 1.
    #[test]
    fn counts_match_those_by_hand() {
        let confusion = ConfusionMatrix::new(&[0, 0, 0, 1, 1, 2], &[0, 0, 1, 1, 2, 2]).unwrap();
        let counts = Counts::of(&confusion, 4);
        assert_eq!(counts, Counts { found: vec![2, 1, 1, 0], called: vec![0, 1, 1, 0] });
    }

    #[test]
    fn patients_gained_and_lost_match_those_by_hand() {
        let folder = tempfile::tempdir().unwrap();
        example(Table::Advice, |source| add(folder.path(), source)).unwrap();
        let records = renew(folder.path(), NAME, &[], Vec::new()).unwrap();
        let of = |arm: &str, metric: &str| {
            let record = find(&records, &format!("baseline/{arm}"), metric);
            record.map(|of| (of.mean.unwrap(), of.difference)).unwrap()
        };
        let sizes =
            ["patients of x", "patients of y", "in training of x", "in training of y", "patients of all classes"];
        assert_eq!(sizes.map(|metric| of("plain", metric).0), [4.0, 2.0, 8.0, 3.0, 6.0]);
        let metrics = ["found of x", "found of y", "found of all classes", "wrongly called x", "wrongly called y"];
        assert_eq!(metrics.map(|metric| of("plain", metric)), [4.0, 1.0, 5.0, 1.0, 0.0].map(|mean| (mean, None)));
        let differences = [(3.0, -1.0), (2.0, 1.0), (5.0, 0.0), (0.0, -1.0), (1.0, 1.0)];
        assert_eq!(metrics.map(|metric| of("prior", metric)), differences.map(|(mean, more)| (mean, Some(more))));
        let text = fs::read_to_string(folder.path().join("patients.md")).unwrap();
        let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap().replace(' ', "");
        assert!(line("| three, 4:1").contains("|y|2.0±0.0|1.0±0.0|+1.0|+1.0|"), "{text}");
        assert_eq!(line("| Found"), "|Found|x(of4)|y(of2)|allclasses(of6)|");
        assert!(text.contains("\n* **Found**: patients"), "a list, in a string that rustfmt leaves as it is");
        assert_eq!(text.matches("\n| prior correction").count(), 2, "{text}");
    }

    #[test]
    fn other_tables_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        example(Table::Table4, |source| add(folder.path(), source)).unwrap();
        assert!(!folder.path().join("patients.csv").exists());
    }
}
