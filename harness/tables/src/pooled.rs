//! One CSV file for what many tables say of one question, renewed by every table that is made.
//!
//! A table replaces what the file has of the same table on the same data, also what was made at a learning rate that it
//! is no longer made at, and leaves the rest as it is. So the order in which tables are made changes nothing.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use climd_data::Dataset;
use climd_networks::config::Part;

use crate::experiment::{RowResult, Study};
use crate::rate::Rate;
use crate::record::{Record, round};
use crate::results::Page;
use crate::stats::{Paired, Summary};
use crate::tables::TableRow;

/// The results of a table at one learning rate.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The page of the table.
    pub page: &'a Page,
    /// Data, splits and learning rate.
    pub study: &'a Study<'a>,
    /// All learning rates that the table is made at.
    pub rates: &'a [Rate],
    /// The rows of the table.
    pub rows: &'a [TableRow],
    /// Their results, in the same order.
    pub results: &'a [RowResult],
}

impl Source<'_> {
    /// What all records of a row have in common; `name` is that of the file.
    pub(crate) fn record(&self, name: &str, result: &RowResult) -> Record {
        Record {
            table: format!("{name}-{}{}", self.page.table.name(), at(self.study.rate)),
            data: self.page.data.clone(),
            id: result.row.id.to_string(),
            row: result.row.name.clone(),
            seeds: result.runs.len(),
            steps: result.steps(),
            ..Default::default()
        }
    }

    /// For each split of a row, the number of patients of each class in the training part, as it was thinned, and in
    /// the test part. Labels that were made wrong count as what they were.
    ///
    /// # Errors
    /// Those of the data.
    pub(crate) fn class_counts(&self, result: &RowResult) -> Result<Vec<[Vec<usize>; 2]>> {
        let Dataset { labels, classes, .. } = self.study.dataset;
        let of_seed = |seed| {
            let split = self.study.split(seed, Part::Test)?.split;
            Ok([split.train, split.test].map(|rows| {
                let mut counts = vec![0; classes.len()];
                rows.iter().for_each(|&row| counts[labels[row]] += 1);
                counts
            }))
        };
        result.runs.iter().map(|(config, _)| of_seed(config.seed)).collect()
    }

    /// A record of `values`, one a split.
    pub(crate) fn mean(&self, record: Record, metric: &str, values: &[f64]) -> Record {
        let summary = Summary::of(values);
        Record {
            metric: metric.into(),
            mean: summary.map(|summary| round(summary.mean)),
            sd: summary.and_then(|summary| summary.sd).map(round),
            ..record
        }
    }

    /// The record with the difference of a row's `values` to those of another row.
    pub(crate) fn beside(&self, record: Record, ours: Values<'_>, theirs: Values<'_>) -> Record {
        match Paired::between(ours.values, theirs.values, ours.result.overlap) {
            Some(paired) => record.paired(false, theirs.result.row.id, &paired), // asked after the runs
            None => record,
        }
    }
}

/// A figure of every run of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) result: &'a RowResult,
    pub(crate) values: &'a [f64],
}

fn at(rate: Rate) -> String {
    format!(" ({} learning rate)", rate.name())
}

/// Puts records into `{name}.csv`, and gives all that the file then has, by table and data. Of the same tables and
/// data, those stay that are of other `rates`.
///
/// # Errors
/// A file that cannot be read or written.
pub(crate) fn renew(folder: &Path, name: &str, rates: &[Rate], new: Vec<Record>) -> Result<Vec<Record>> {
    let path = folder.join(format!("{name}.csv"));
    let mut records: Vec<Record> = Vec::new();
    if path.exists() {
        let unreadable = || format!("`{}` cannot be read as a table of results", path.display());
        for record in csv::Reader::from_path(&path).with_context(unreadable)?.into_deserialize() {
            records.push(record.with_context(unreadable)?);
        }
    }
    let kept: Vec<String> = rates.iter().map(|&rate| at(rate)).collect();
    let is_old = |old: &Record| {
        let rate = |of: &Record| of.table.find(" (").unwrap_or(of.table.len());
        let is_kept = kept.iter().any(|kept| old.table[rate(old)..] == *kept);
        let same = |new: &Record| new.data == old.data && new.table[..rate(new)] == old.table[..rate(old)];
        new.iter().any(|new| same(new) && (new.table == old.table || !is_kept))
    };
    records.retain(|record| !is_old(record));
    records.extend(new);
    records.sort_by(|a, b| (&a.table, &a.data).cmp(&(&b.table, &b.data))); // stable: rows stay in their order
    let unwritten = || format!("--out: `{}` cannot be written", path.display());
    fs::create_dir_all(folder).with_context(unwritten)?;
    let mut file = csv::Writer::from_path(&path).with_context(unwritten)?;
    for record in &records {
        file.serialize(record).with_context(unwritten)?;
    }
    file.flush().with_context(unwritten)?;
    Ok(records)
}

/// Records of one table on one data set after the other.
pub(crate) fn by_data(records: &[Record]) -> impl Iterator<Item = &[Record]> {
    records.chunk_by(|a, b| (&a.table, &a.data) == (&b.table, &b.data))
}

/// The table that these records are of, and its learning rate: `advice, tuned`.
pub(crate) fn table_of(name: &str, records: &[Record]) -> String {
    let table = records.first().map_or("", |record| &record.table);
    let table = table.strip_prefix(name).unwrap_or(table).trim_start_matches('-');
    table.replace(" (", ", ").replace(" learning rate)", "")
}

/// The mean, with its deviation.
pub(crate) fn mean_cell(record: Option<&Record>) -> String {
    let cell = |record: &Record| {
        let mean = record.mean?;
        Some(Summary { mean, sd: record.sd, n: record.seeds }.to_string())
    };
    record.and_then(cell).unwrap_or_else(|| "-".into())
}

/// The difference, with its corrected interval, and a star if that leaves 0 out.
pub(crate) fn difference_cell(record: Option<&Record>) -> String {
    let cell = |record: &Record| {
        let difference = record.difference?;
        let (Some(low), Some(high)) = (record.low, record.high) else { return Some(format!("{difference:+.1}")) };
        let star = if low > 0.0 || high < 0.0 { " \\*" } else { "" };
        Some(format!("{difference:+.1} [{low:+.1}, {high:+.1}]{star}"))
    };
    record.and_then(cell).unwrap_or_else(|| "-".into())
}

/// Five runs of plain training and of prior correction: of four patients of class x and two of class y, plain training
/// calls one y an x, and prior correction one x a y. Eight x and three y are in the training part.
#[cfg(test)]
pub(crate) fn example<T>(table: crate::tables::Table, of: impl Fn(&Source<'_>) -> T) -> T {
    use crate::tables::{Table, own};
    use climd::ConfusionMatrix;
    use climd_data::{Layout, Split};
    use climd_networks::config::RunConfig;
    use climd_networks::train::Outcome;

    let run = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/results/runs/lgg.jsonl")).unwrap();
    let run: serde_json::Value = serde_json::from_str(run.lines().next().unwrap()).unwrap();
    let config: RunConfig = serde_json::from_value(run["config"].clone()).unwrap();
    let outcome: Outcome = serde_json::from_value(run["outcome"].clone()).unwrap();
    let dataset = Dataset {
        name: "three".into(),
        layout: Layout::Mogonet,
        modalities: Vec::new(),
        labels: (0..18).map(|row| usize::from(row >= 12)).collect(),
        classes: vec!["x".into(), "y".into()],
        groups: None,
        split: Some(Split { train: (0..8).chain(12..16).collect(), test: (8..12).chain(16..18).collect() }),
        notes: Vec::new(),
    };
    let changes = crate::changes::Changes { imbalance: Some(4.0), ..Default::default() };
    let (epochs, batch_size, first_seed, seeds, rate) = (6, 2, 0, 5, Rate::Own);
    let study = Study { dataset: &dataset, changes, epochs, batch_size, first_seed, seeds, rate };
    let mut rows = Table::Advice.rows(epochs);
    rows.retain(|row| [own("plain"), own("prior")].contains(&row.row.id));
    let called = [[0, 0, 0, 0, 1, 0], [0, 0, 0, 1, 1, 1]];
    let result = |(row, called): (&TableRow, &[u32; 6])| {
        let confusion = ConfusionMatrix::new(&[0, 0, 0, 0, 1, 1], called).unwrap();
        let run =
            |seed| (RunConfig { seed, ..config.clone() }, Outcome { confusion: confusion.clone(), ..outcome.clone() });
        RowResult { row: row.row.clone(), runs: (0..seeds).map(run).collect(), overlap: 0.5.into() }
    };
    let results: Vec<RowResult> = rows.iter().zip(&called).map(result).collect();
    of(&Source { page: &Page::new(table, &study), study: &study, rates: &[rate], rows: &rows, results: &results })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(table: &str, data: &str, row: &str, mean: f64) -> Record {
        Record { table: table.into(), data: data.into(), row: row.into(), mean: Some(mean), ..Default::default() }
    }

    #[test]
    fn a_table_replaces_its_own_records_alone_and_the_order_of_tables_changes_nothing() {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let (old, new) = (record("t", "one", "z", 1.0), record("t", "one", "z", 2.0));
        let tables = [vec![new, record("t", "one", "a", 3.0)], vec![record("t", "two", "z", 4.0)]];
        renew(folders[0].path(), "pool", &[], vec![old]).unwrap();
        for (folder, order) in folders.iter().zip([[0, 1], [1, 0]]) {
            for at in order {
                renew(folder.path(), "pool", &[], tables[at].clone()).unwrap();
            }
            let all = renew(folder.path(), "pool", &[], Vec::new()).unwrap();
            let means: Vec<Option<f64>> = all.iter().map(|record| record.mean).collect();
            assert_eq!(means, [2.0, 3.0, 4.0].map(Some)); // row `z` is still before row `a`
            assert_eq!(by_data(&all).map(<[_]>::len).collect::<Vec<_>>(), [2, 1]);
        }
        let read = |at: usize| fs::read(folders[at].path().join("pool.csv")).unwrap();
        assert_eq!(read(0), read(1));
    }

    #[test]
    fn what_was_made_at_another_learning_rate_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let of = |rate, data: &str| record(&format!("t{}", at(rate)), data, "z", 1.0);
        let renew = |rates: &[Rate], new| renew(folder.path(), "pool", rates, new).unwrap();
        let both = [Rate::Tuned, Rate::Paper];
        renew(&both, vec![of(Rate::Tuned, "one"), of(Rate::Tuned, "two")]);
        assert_eq!(renew(&both, vec![of(Rate::Paper, "one")]).len(), 3);
        let all = renew(&[Rate::Own], vec![of(Rate::Own, "one")]);
        let left: Vec<(&str, &str)> = all.iter().map(|of| (of.table.as_str(), of.data.as_str())).collect();
        assert_eq!(left, [("t (own learning rate)", "one"), ("t (tuned learning rate)", "two")]);
    }

    #[test]
    fn a_file_that_is_no_table_of_results_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pool.csv"), "a,b\n1,2\n").unwrap();
        let error = renew(folder.path(), "pool", &[], vec![record("t", "one", "z", 1.0)]).unwrap_err();
        assert!(error.to_string().contains("pool.csv"), "{error}");
        assert_eq!(fs::read_to_string(folder.path().join("pool.csv")).unwrap(), "a,b\n1,2\n");
    }

    #[test]
    fn a_star_marks_an_interval_without_0() {
        let of = |low, high| Record { difference: Some(1.0), low, high, ..Default::default() };
        assert_eq!(difference_cell(Some(&of(Some(0.5), Some(1.5)))), "+1.0 [+0.5, +1.5] \\*");
        assert_eq!(difference_cell(Some(&of(Some(-0.5), Some(2.5)))), "+1.0 [-0.5, +2.5]");
        assert_eq!(difference_cell(Some(&of(None, None))), "+1.0");
        assert_eq!(difference_cell(None), "-");
    }

    #[test]
    fn a_table_is_named_without_the_file() {
        let records = [record("pool-label-noise (own learning rate)", "one", "z", 1.0)];
        assert_eq!(table_of("pool", &records), "label-noise, own");
    }
}
