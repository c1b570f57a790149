//! One page over all data sets: what every method adds to plain training, read from the tables' CSV files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use comfy_table::{Table as Grid, presets};

use crate::results::Record;
use crate::tables::{Contrast, Table};

/// Differences of macro F1 by data set and row.
type Cells = BTreeMap<String, BTreeMap<String, Record>>;

/// The page of a table whose CSV files lie in the folder; none if no file of it is there.
///
/// # Errors
/// A file that cannot be read.
pub fn overview(folder: &Path, table: Table) -> Result<Option<String>> {
    let mut cells = Cells::new();
    for entry in fs::read_dir(folder).with_context(|| format!("`{}` cannot be read", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with(&format!("{}-", table.name())) || path.extension().is_none_or(|end| end != "csv") {
            continue;
        }
        let unreadable = || format!("`{}` cannot be read as a table of results", path.display());
        for record in csv::Reader::from_path(&path).with_context(unreadable)?.into_deserialize() {
            let record: Record = record.with_context(unreadable)?;
            if record.metric == "macro F1" && record.table.contains("tuned") {
                cells.entry(record.data.clone()).or_default().insert(record.row.clone(), record);
            }
        }
    }
    if cells.is_empty() {
        return Ok(None);
    }
    let rows = table.rows(100);
    let names = rows.iter().filter(|row| row.against.is_some()).map(|row| row.row.name.clone());
    let methods = grid(&cells, &names.collect::<Vec<_>>());
    let name = |id| rows.iter().find(|row| row.row.id == id).map(|row| row.row.name.as_str());
    let pair = |&(id, other): &Contrast| Some(format!("{} - {}", name(id)?, name(other)?));
    let pairs = grid(&cells, &table.contrasts().iter().filter_map(pair).collect::<Vec<_>>());
    Ok(Some(format!(
        "# {}: all data sets\n\nWritten by `climd-repro`; see [README.md](README.md). Learning rate chosen on validation for \
         the baseline. Macro F1 in points, with a 95 % bootstrap interval over the splits; \\*: the corrected p, which \
         counts that splits overlap, is below 0.05 too.\n\n## Difference to plain training\n\n{methods}\n\n## What one \
         part adds to the rest\n\n{pairs}\n",
        table.title()
    )))
}

/// A line for each data set; a column for its baseline, and for each of these rows.
fn grid(cells: &Cells, rows: &[String]) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(presets::ASCII_MARKDOWN);
    grid.set_header(["data", "splits", "baseline"].into_iter().chain(rows.iter().map(String::as_str)));
    for (data, of_data) in cells {
        let baseline = of_data.get("baseline");
        let figure = |record: &Record| Some(format!("{:.1} ± {:.1}", record.mean?, record.sd?));
        let splits = baseline.map_or_else(String::new, |record| record.seeds.to_string());
        let mut line = vec![data.clone(), splits, baseline.and_then(figure).unwrap_or_default()];
        line.extend(rows.iter().map(|row| of_data.get(row).and_then(difference).unwrap_or_else(|| "-".into())));
        grid.add_row(line);
    }
    grid
}

fn difference(record: &Record) -> Option<String> {
    let star = if record.p_corrected.is_some_and(|p| p < 0.05) { " \\*" } else { "" };
    Some(format!("{:+.1} [{:+.1}, {:+.1}]{star}", record.difference?, record.low?, record.high?))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            for (row, p) in [("prior correction", 0.01), ("Trim + prior - prior correction", 0.5)] {
                let (difference, low, high) = (Some(difference), Some(-0.5), Some(3.0));
                let metric = String::from("macro F1");
                csv.serialize(Record { metric, difference, low, high, p_corrected: Some(p), ..record(row) }).unwrap();
            }
        };
        assert_eq!(overview(folder.path(), Table::Advice).unwrap(), None);
        write("advice-one.csv", "advice (tuned learning rate)", "one", 1.0);
        write("advice-two.csv", "advice (tuned learning rate)", "two, 50:1", 2.0);
        write("advice-three.csv", "advice (paper learning rate)", "three", 9.0);
        write("beyond-one.csv", "beyond (tuned learning rate)", "one", 9.0);
        let text = overview(folder.path(), Table::Advice).unwrap().unwrap();
        let line = |data: &str| text.lines().find(|line| line.contains(data)).unwrap();
        assert!(line("one").contains("80.0 ± 1.2") && line("one").contains("+1.0 [-0.5, +3.0] \\*"), "{text}");
        assert!(line("two, 50:1").contains("+2.0 [-0.5, +3.0] \\*"));
        let (_, pairs) = text.split_once("What one part").unwrap();
        assert!(pairs.contains("+2.0 [-0.5, +3.0] ") && !pairs.contains('*'));
        assert!(!text.contains("three") && !text.contains("9.0"));
        fs::write(folder.path().join("advice-four.csv"), "a,b\n1,2\n").unwrap();
        assert!(overview(folder.path(), Table::Advice).unwrap_err().to_string().contains("advice-four.csv"));
    }
}
