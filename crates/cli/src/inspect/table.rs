//! Labels, and what else is known of each sample, from CSV files of any tool.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// Where a column is.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// By name, or by number from 1.
    pub wanted: Option<&'a str>,
    /// Names to look for where none is wanted; letter case is ignored.
    pub usual: &'a [&'a str],
    /// The option that names it, for errors.
    pub option: &'a str,
}

/// Where the labels usually are.
pub const LABELS: Column<'_> = Column { wanted: None, usual: &["label", "class", "target", "y"], option: "--column" };
/// Where names of samples usually are.
pub const IDS: Column<'_> = Column { wanted: None, usual: &["id", "patient", "sample", "name"], option: "--id" };
/// Where scores usually are.
pub const SCORES: Column<'_> = Column { wanted: None, usual: &["score", "scores"], option: "--score-column" };

/// A CSV in memory.
#[derive(Debug)]
pub struct Table {
    file: String,
    names: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

impl Table {
    /// Reads all rows, of which the first names the columns if there is a header.
    ///
    /// # Errors
    /// If the file cannot be read, or a row has another number of columns; both are named.
    pub fn read(path: &Path, header: bool) -> Result<Self> {
        let file = path.display().to_string();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(header)
            .from_path(path)
            .with_context(|| format!("{file} cannot be read"))?;
        let names = match header {
            false => Vec::new(),
            true => {
                let row = reader.headers().with_context(|| format!("{file}: row 1"))?;
                row.iter().map(|name| name.trim().to_owned()).collect()
            }
        };
        let mut rows = Vec::new();
        for (at, record) in reader.records().enumerate() {
            rows.push(record.with_context(|| format!("{file}: row {}", at + 1 + usize::from(header)))?);
        }
        Ok(Self { file, names, rows })
    }

    /// Number of rows, without the header.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The name of the file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Where the column is: as wanted, by a usual name, or the only one.
    ///
    /// # Errors
    /// If there is no such column, or none was wanted and several could be it.
    pub fn find(&self, column: Column<'_>) -> Result<usize> {
        let (file, option) = (&self.file, column.option);
        let width = self.rows.first().map_or(self.names.len(), csv::StringRecord::len);
        if let Some(wanted) = column.wanted {
            let by_name = self.names.iter().position(|name| name == wanted);
            let by_number = wanted.parse::<usize>().ok().filter(|&number| (1..=width).contains(&number));
            return match by_name.or(by_number.map(|number| number - 1)) {
                Some(at) => Ok(at),
                None if self.names.is_empty() => {
                    bail!("{option}: {file} has {width} columns, and none is number {wanted}")
                }
                None => bail!("{option}: {file} has no column {wanted:?}; it has {}", self.names.join(", ")),
            };
        }
        match self.usual(column) {
            Some(at) => Ok(at),
            None if width == 1 => Ok(0),
            None => bail!("{file} has {width} columns: say which one is meant, with {option}"),
        }
    }

    /// Where a column of a usual name is.
    #[must_use]
    pub fn usual(&self, column: Column<'_>) -> Option<usize> {
        self.names.iter().position(|name| column.usual.contains(&name.to_lowercase().as_str()))
    }

    /// The cells of a column, trimmed, with the number of their row as an editor counts it.
    pub fn cells(&self, column: usize) -> impl Iterator<Item = (usize, &str)> {
        let first = 1 + usize::from(!self.names.is_empty());
        (first..).zip(&self.rows).map(move |(row, record)| (row, record.get(column).unwrap_or_default().trim()))
    }

    /// The labels as they stand in the file.
    ///
    /// # Errors
    /// As [`find`](Self::find); an empty cell; no row at all.
    pub fn labels(&self, column: Column<'_>) -> Result<Vec<String>> {
        let file = &self.file;
        ensure!(!self.is_empty(), "{file} has no labels");
        let label = |(row, cell): (usize, &str)| {
            ensure!(!cell.is_empty(), "{file}: row {row} has no label: fill it in, or leave the row out");
            Ok(cell.to_owned())
        };
        self.cells(self.find(column)?).map(label).collect()
    }

    /// One finite score a row.
    ///
    /// # Errors
    /// As [`find`](Self::find); a cell that is no finite number.
    pub fn scores(&self, column: Column<'_>) -> Result<Vec<f32>> {
        let file = &self.file;
        let score = |(row, cell): (usize, &str)| match cell.parse::<f32>() {
            Ok(score) if score.is_finite() => Ok(score),
            _ => bail!("{file}: row {row}: the score {cell:?} is not a finite number"),
        };
        self.cells(self.find(column)?).map(score).collect()
    }
}
