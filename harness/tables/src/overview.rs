//! One page over all data sets: what every method adds to plain training, read from the tables' CSV files.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use comfy_table::{Table as Grid, presets};

use crate::comparisons::{Comparison, Key, comparisons, key, records};
use crate::rate::Rate;
use crate::record::Record;
use crate::tables::{Contrast, Table};

/// Macro F1 by data set and row, and the marks of differences.
type Cells = BTreeMap<String, BTreeMap<String, (Record, &'static str)>>;

/// The page of a table whose CSV files lie in the folder; none if no file of it is there.
///
/// # Errors
/// A file that cannot be read.
pub fn overview(folder: &Path, table: Table) -> Result<Option<String>> {
    let records = records(folder)?;
    // a comparison stands once, perhaps in another table that has the row
    let mark = |comparison: &Comparison| match comparison.bh_fixed.unwrap_or(comparison.bh) < 0.05 {
        _ if !comparison.is_told() => "",
        true => " \\*\\*",
        false => " \\*",
    };
    let marks: BTreeMap<Key, &str> = comparisons(&records).iter().map(|of| (of.key(), mark(of))).collect();
    let rates = rates(&records, table);
    let mut cells = Cells::new();
    for record in records {
        let is_shown = rates.get(&record.data).is_some_and(|&rate| record.table == at(table, rate));
        if is_shown && record.metric == "macro F1" {
            let mark = key(&record).and_then(|key| marks.get(&key).copied()).unwrap_or_default();
            cells.entry(record.data.clone()).or_default().insert(record.row.clone(), (record, mark));
        }
    }
    if cells.is_empty() {
        return Ok(None);
    }
    let rows = table.rows(100);
    let names = rows.iter().filter(|row| row.against.is_some()).map(|row| row.row.name.clone());
    let methods = grid(&cells, &rates, &names.collect::<Vec<_>>());
    let name = |id| rows.iter().find(|row| row.row.id == id).map(|row| row.row.name.as_str());
    let pair = |&(id, other): &Contrast| Some(format!("{} - {}", name(id)?, name(other)?));
    let pairs = grid(&cells, &rates, &table.contrasts().iter().filter_map(pair).collect::<Vec<_>>());
    Ok(Some(format!(
        "# {}: all data sets\n\nWritten by `climd-repro`; see [README.md](README.md), also for where \
         the learning rate comes from. Macro F1 in points, with the \
         corrected 95 % interval. \\*: the interval leaves 0 out. \\*\\*: Benjamini-Hochberg's p [among the \
         comparisons fixed beforehand](comparisons.md) is below 0.05 too. Without a star: not told from 0, and the \
         interval says within which bounds.\n\n## Difference to plain training\n\n{methods}\n\n## What one part adds \
         to the rest\n\n{pairs}\n",
        table.title(),
    )))
}

/// The name of a table in CSV files, at a learning rate.
fn at(table: Table, rate: Rate) -> String {
    format!("{} ({} learning rate)", table.name(), rate.name())
}

/// The rate at which each data set is shown: the first of these at which it was run.
fn rates(records: &[Record], table: Table) -> BTreeMap<String, Rate> {
    let mut rates = BTreeMap::new();
    for rate in [Rate::Own, Rate::One, Rate::Tuned] {
        for record in records.iter().filter(|record| record.table == at(table, rate)) {
            rates.entry(record.data.clone()).or_insert(rate);
        }
    }
    rates
}

/// A line for each data set; a column for its baseline, and for each of these rows.
fn grid(cells: &Cells, rates: &BTreeMap<String, Rate>, rows: &[String]) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(presets::ASCII_MARKDOWN);
    grid.set_header(["data", "rate", "splits", "baseline"].into_iter().chain(rows.iter().map(String::as_str)));
    for (data, of_data) in cells {
        let baseline = of_data.get("baseline").map(|(record, _)| record);
        let figure = |record: &Record| Some(format!("{:.1} ± {:.1}", record.mean?, record.sd?));
        let splits = baseline.map_or_else(String::new, |record| record.seeds.to_string());
        let rate = rates.get(data).map_or_else(String::new, |rate| rate.name().to_owned());
        let mut line = vec![data.clone(), rate, splits, baseline.and_then(figure).unwrap_or_default()];
        line.extend(rows.iter().map(|row| of_data.get(row).and_then(difference).unwrap_or_else(|| "-".into())));
        grid.add_row(line);
    }
    grid
}

fn difference((record, mark): &(Record, &str)) -> Option<String> {
    Some(format!("{:+.1} [{:+.1}, {:+.1}]{mark}", record.difference?, record.low?, record.high?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_data_set_is_a_line_and_other_tables_and_rates_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, table: &str, data: &str, difference: f64| {
            let mut csv = csv::Writer::from_path(folder.path().join(file)).unwrap();
            let base =
                Record { table: table.into(), data: data.into(), metric: "macro F1".into(), ..Default::default() };
            let record =
                |row: &str| Record { row: row.into(), table: table.into(), data: data.into(), ..Default::default() };
            csv.serialize(Record { mean: Some(80.0), sd: Some(1.25), seeds: 20, row: "baseline".into(), ..base })
                .unwrap();
            for (row, low, p) in [("prior correction", 0.5, 0.01), ("Trim + prior - prior correction", -0.5, 0.5)] {
                let (difference, low, high) = (Some(difference), Some(low), Some(3.0));
                let (metric, id, beside) = (String::from("macro F1"), row.to_owned(), Some("baseline/plain".into()));
                let (p, p_corrected, fixed_beforehand) = (Some(p), Some(p), Some(true));
                let differ = Record { metric, id, beside, difference, low, high, fixed_beforehand, ..record(row) };
                csv.serialize(Record { p, p_corrected, ..differ }).unwrap();
            }
        };
        assert_eq!(overview(folder.path(), Table::Advice).unwrap(), None);
        write("advice-one.csv", "advice (tuned learning rate)", "one", 1.0);
        write("advice-two.csv", "advice (tuned learning rate)", "two, 50:1", 2.0);
        write("advice-three.csv", "advice (paper learning rate)", "three", 9.0);
        write("beyond-one.csv", "beyond (tuned learning rate)", "one", 9.0);
        let text = overview(folder.path(), Table::Advice).unwrap().unwrap();
        let line = |data: &str| text.lines().find(|line| line.contains(data)).unwrap();
        assert!(line("one").contains("80.0 ± 1.2") && line("one").contains("+1.0 [+0.5, +3.0] \\*\\*"), "{text}");
        assert!(line("two, 50:1").contains("+2.0 [+0.5, +3.0] \\*\\*"));
        let (_, pairs) = text.split_once("What one part").unwrap();
        assert!(pairs.contains("+2.0 [-0.5, +3.0] ") && !pairs.contains('*'));
        assert!(!text.contains("three") && !text.contains("9.0"));
        // a set that was run at a newer rate, too, is shown at that
        write("advice-own.csv", "advice (one learning rate)", "one", 4.0);
        let text = overview(folder.path(), Table::Advice).unwrap().unwrap().replace(' ', "");
        assert!(text.contains("|one|one|20|80.0±1.2|-|-|+4.0[") && text.contains("|two,50:1|tuned|20|"), "{text}");
        assert!(!text.contains("+1.0["));
        fs::write(folder.path().join("advice-four.csv"), "a,b\n1,2\n").unwrap();
        assert!(overview(folder.path(), Table::Advice).unwrap_err().to_string().contains("advice-four.csv"));
    }
}
