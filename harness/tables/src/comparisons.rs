//! All comparisons of macro F1 in the tables of a folder, with p adjusted for the number of comparisons.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use comfy_table::{Table as Grid, presets};
use serde::Serialize;

use crate::record::Record;
use crate::stats::{benjamini_hochberg, holm};

/// A finding is kept if its p is below this level.
const LEVEL: f64 = 0.05;

/// A comparison that has an interval.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The table, with its learning rate.
    pub table: String,
    /// The data.
    pub data: String,
    /// The row's id.
    pub id: String,
    /// Its name; `A - B` if it is compared with another row than its baseline.
    pub row: String,
    /// The id of the row that it is compared with.
    pub beside: String,
    /// Number of splits.
    pub splits: usize,
    /// Whether it was chosen before its splits were evaluated, for one of the tables that it stands in.
    pub fixed_beforehand: bool,
    /// Difference in points of macro F1.
    pub difference: f64,
    /// Lower end of the corrected interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// p corrected for the overlap of splits.
    pub p_corrected: f64,
    /// Wilcoxon's p, as if splits were independent.
    pub p: f64,
    /// Benjamini and Hochberg's p among all.
    pub bh: f64,
    /// Holm's p among all.
    pub holm: f64,
    /// Benjamini and Hochberg's p among those that were fixed beforehand.
    pub bh_fixed: Option<f64>,
    /// Holm's p among those that were fixed beforehand.
    pub holm_fixed: Option<f64>,
}

/// Key of a comparison: learning rate, data, both rows, and splits.
pub type Key = (String, String, String, String, usize);

/// The key of a record that is a comparison.
#[must_use]
pub fn key(record: &Record) -> Option<Key> {
    let rate = record.table.split(" (").nth(1).unwrap_or_default().to_owned();
    Some((rate, record.data.clone(), record.id.clone(), record.beside.clone()?, record.seeds))
}

impl Comparison {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> Key {
        let rate = self.table.split(" (").nth(1).unwrap_or_default().to_owned();
        (rate, self.data.clone(), self.id.clone(), self.beside.clone(), self.splits)
    }

    /// Whether the corrected interval leaves 0 out.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// The results in the folder's CSV files but the map's, in the order of their names.
///
/// # Errors
/// If a file cannot be read.
pub fn records(folder: &Path) -> Result<Vec<Record>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("`{}` cannot be read", folder.display()))? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        // the map has columns of its own, and counts its own comparisons
        if path.extension().is_some_and(|end| end == "csv") && stem != NAME && !stem.starts_with(MAP) {
            files.push(path);
        }
    }
    files.sort();
    let mut records = Vec::new();
    for path in files {
        let unreadable = || format!("`{}` cannot be read as a table of results", path.display());
        for record in csv::Reader::from_path(&path).with_context(unreadable)?.into_deserialize() {
            records.push(record.with_context(unreadable)?);
        }
    }
    Ok(records)
}

const NAME: &str = "comparisons";
const MAP: &str = "map";
const LENGTHS: &str = "lengths ";

/// The comparisons in these records, each once, as some rows are in several tables; not those of lengths of training.
#[must_use]
pub fn comparisons(records: &[Record]) -> Vec<Comparison> {
    let comparison = |record: &Record| {
        // how long to train is another question than what to train with, and its answers are large
        if record.metric != "macro F1" || record.table.starts_with(LENGTHS) {
            return None;
        }
        Some(Comparison {
            table: record.table.clone(),
            data: record.data.clone(),
            id: record.id.clone(),
            row: record.row.clone(),
            beside: record.beside.clone()?,
            splits: record.seeds,
            fixed_beforehand: record.fixed_beforehand?,
            difference: record.difference?,
            low: record.low?,
            high: record.high?,
            p_corrected: record.p_corrected?,
            p: record.p?,
            bh: 1.0,
            holm: 1.0,
            bh_fixed: None,
            holm_fixed: None,
        })
    };
    let mut found: Vec<Comparison> = Vec::new();
    let mut place: HashMap<Key, usize> = HashMap::new();
    for comparison in records.iter().filter_map(comparison) {
        let at = *place.entry(comparison.key()).or_insert(found.len());
        match found.get_mut(at) {
            // one table that had fixed it is enough; which of both was evaluated first is not recorded
            Some(known) => known.fixed_beforehand |= comparison.fixed_beforehand,
            None => found.push(comparison),
        }
    }
    let ps: Vec<f64> = found.iter().map(|comparison| comparison.p_corrected).collect();
    for (comparison, (bh, holm)) in found.iter_mut().zip(benjamini_hochberg(&ps).into_iter().zip(holm(&ps))) {
        (comparison.bh, comparison.holm) = (bh, holm);
    }
    let fixed: Vec<&mut Comparison> = found.iter_mut().filter(|comparison| comparison.fixed_beforehand).collect();
    let ps: Vec<f64> = fixed.iter().map(|comparison| comparison.p_corrected).collect();
    for (comparison, (bh, holm)) in fixed.into_iter().zip(benjamini_hochberg(&ps).into_iter().zip(holm(&ps))) {
        (comparison.bh_fixed, comparison.holm_fixed) = (Some(bh), Some(holm));
    }
    found
}

/// Writes `comparisons.md` and `comparisons.csv`, unless there are no comparisons.
///
/// # Errors
/// If a file cannot be read or written.
pub fn write(folder: &Path) -> Result<()> {
    let found = comparisons(&records(folder)?);
    if found.is_empty() {
        return Ok(());
    }
    let file = |end: &str| folder.join(format!("{NAME}.{end}"));
    let unwritten = || format!("--out: `{}` cannot be written", folder.display());
    let mut csv = csv::Writer::from_path(file("csv")).with_context(unwritten)?;
    for comparison in &found {
        let round = |value: f64| (value * 1e6).round() / 1e6;
        csv.serialize(Comparison {
            bh: round(comparison.bh),
            holm: round(comparison.holm),
            bh_fixed: comparison.bh_fixed.map(round),
            holm_fixed: comparison.holm_fixed.map(round),
            ..comparison.clone()
        })?;
    }
    csv.flush().with_context(unwritten)?;
    fs::write(file("md"), page(&found)).with_context(unwritten)
}

/// The page: how many comparisons there are, and which findings are kept.
fn page(found: &[Comparison]) -> String {
    let mut text = String::from(
        "# How many comparisons there are, and which are told from chance\n\nWritten by `climd-repro`; all of them: \
         [comparisons.csv](comparisons.csv). The terms are explained in \
         [README.md](README.md#how-to-read-a-table). Not counted are those of [the map](map.md), which counts its \
         own, and those of lengths of training.\n\n",
    );
    let mut grid = Grid::new();
    grid.load_style(presets::ASCII_MARKDOWN).set_header(["comparisons of macro F1", "all", "fixed beforehand"]);
    let mut line = |name: &str, of: &dyn Fn(&Comparison) -> bool, of_fixed: &dyn Fn(&Comparison) -> bool| {
        let fixed = found.iter().filter(|comparison| comparison.fixed_beforehand && of_fixed(comparison)).count();
        grid.add_row([name.to_owned(), found.iter().filter(|c| of(c)).count().to_string(), fixed.to_string()]);
    };
    line("there are", &|_| true, &|_| true);
    line("p of signed ranks below 0.05, as if splits were independent", &|c| c.p < LEVEL, &|c| c.p < LEVEL);
    line("the corrected interval leaves 0 out", &Comparison::is_told, &Comparison::is_told);
    line("and Benjamini-Hochberg's p is below 0.05", &|c| c.bh < LEVEL, &|c| c.bh_fixed.is_some_and(|p| p < LEVEL));
    line("and Holm's p is below 0.05", &|c| c.holm < LEVEL, &|c| c.holm_fixed.is_some_and(|p| p < LEVEL));
    let _ = write!(text, "{grid}\n\n## Those whose corrected interval leaves 0 out\n\nThe smallest p first.\n\n");
    let mut grid = Grid::new();
    let header = ["data", "table", "row", "splits", "difference [95 %]", "p", "BH", "Holm", "fixed beforehand"];
    grid.load_style(presets::ASCII_MARKDOWN).set_header(header);
    let mut told: Vec<&Comparison> = found.iter().filter(|comparison| comparison.is_told()).collect();
    told.sort_by(|a, b| a.p_corrected.total_cmp(&b.p_corrected));
    for comparison in told {
        let p = |p: f64| if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") };
        let &Comparison { difference, low, high, p_corrected, bh, holm, bh_fixed, holm_fixed, .. } = comparison;
        grid.add_row([
            comparison.data.clone(),
            comparison.table.clone(),
            comparison.row.clone(),
            comparison.splits.to_string(),
            format!("{difference:+.1} [{low:+.1}, {high:+.1}]"),
            p(p_corrected),
            p(bh_fixed.unwrap_or(bh)),
            p(holm_fixed.unwrap_or(holm)),
            if comparison.fixed_beforehand { "yes" } else { "no" }.into(),
        ]);
    }
    let _ = write!(
        text,
        "{grid}\n\nBH and Holm: p adjusted among the comparisons that were fixed beforehand, and for one that was not, \
         among all. A row that stands in several tables with the same splits counts once. Rows with fewer than five \
         splits, or the same difference in all, have no interval and do not count.\n"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn record(table: &str, id: &str, difference: f64, p: f64, fixed: bool) -> Record {
        Record {
            table: table.into(),
            data: "one".into(),
            id: id.into(),
            row: id.into(),
            metric: "macro F1".into(),
            seeds: 10,
            beside: Some("baseline/plain".into()),
            fixed_beforehand: Some(fixed),
            difference: Some(difference),
            low: Some(difference - 1.0),
            high: Some(difference + 1.0),
            p_corrected: Some(p),
            p: Some(p),
            ..Default::default()
        }
    }

    #[test]
    fn a_row_of_two_tables_counts_once_and_p_is_adjusted_within_its_family() {
        let records = [
            record("advice (tuned learning rate)", "a", 2.0, 0.01, true),
            record("beyond (tuned learning rate)", "a", 2.0, 0.01, true),
            record("advice (tuned learning rate)", "b", 0.5, 0.5, true),
            record("beyond (tuned learning rate)", "c", -3.0, 0.02, false),
            Record { low: None, ..record("native (native learning rate)", "d", 9.0, 0.001, true) }, // too few splits
            Record { metric: "accuracy".into(), ..record("advice (tuned learning rate)", "a", 2.0, 0.01, true) },
            record("lengths (tuned learning rate)", "25-epochs/e", 20.0, 1e-9, true),
            record("table2 (tuned learning rate)", "b", 0.5, 0.5, false), // its first table had fixed it
        ];
        let found = comparisons(&records);
        // whichever table is first
        let turned: Vec<Record> = records.iter().rev().cloned().collect();
        let fixed = |found: &[Comparison]| -> BTreeSet<(String, bool)> {
            found.iter().map(|c| (c.id.clone(), c.fixed_beforehand)).collect()
        };
        assert_eq!(fixed(&comparisons(&turned)), fixed(&found));
        let shown: Vec<(&str, f64, Option<f64>)> = found.iter().map(|c| (c.id.as_str(), c.bh, c.bh_fixed)).collect();
        assert_eq!(shown, [("a", 0.03, Some(0.02)), ("b", 0.5, Some(0.5)), ("c", 0.03, None)]);
        let text = page(&found);
        let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap().replace(' ', "");
        assert_eq!(line("| there are"), "|thereare|3|2|");
        assert_eq!(line("| the corrected interval"), "|thecorrectedintervalleaves0out|2|1|");
        assert!(text.contains("+2.0 [+1.0, +3.0]") && !text.contains("+0.5 ["), "{text}");
    }
}
