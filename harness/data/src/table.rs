//! One CSV file of numbers, read whole: row-major `f32`, with the place of everything that is wrong.

use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::{Error, Place, Result};

/// The features of one modality: one row a sample, one named column a feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The modality, as a figure would call it.
    pub name: String,
    /// Column names.
    pub columns: Vec<String>,
    /// Number of rows.
    pub rows: usize,
    /// `[rows, columns]`, row-major and finite.
    pub values: Vec<f32>,
}

impl Table {
    /// The values of one row.
    ///
    /// # Panics
    /// If `row` is not below `rows`, as indexing a slice does.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        let width = self.columns.len();
        &self.values[row * width..][..width]
    }

    /// The same columns with these rows, in this order.
    pub(super) fn take(&self, rows: &[usize]) -> Table {
        let values = rows.iter().flat_map(|&row| self.row(row)).copied().collect();
        Table { name: self.name.clone(), columns: self.columns.clone(), rows: rows.len(), values }
    }
}

/// A file in memory, and a cursor that knows its line.
pub(super) struct Source {
    pub(super) file: PathBuf,
    bytes: Vec<u8>,
}

impl Source {
    pub(super) fn open(file: PathBuf) -> Result<Source> {
        match std::fs::read(&file) {
            Ok(bytes) => Ok(Source { file, bytes }),
            Err(source) => Err(Error::Read { file, source }),
        }
    }

    /// The rows from the first on, all as wide as the first; `lacks` names what an empty file lacks.
    pub(super) fn rows(&self) -> Rows<'_> {
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(self.bytes.as_slice());
        Rows { source: self, reader, record: ByteRecord::new(), at: 0, row: 1, first: None }
    }

    pub(super) fn lacks(&self, lacks: &'static str) -> Error {
        Error::Empty { file: self.file.clone(), lacks }
    }
}

/// The rows of a [`Source`], one at a time.
pub(super) struct Rows<'a> {
    source: &'a Source,
    reader: Reader<&'a [u8]>,
    record: ByteRecord,
    at: usize,
    /// The line of the current row, from 1. Ours: the reader's own count is late by one after `\r\n` or an empty line.
    pub(super) row: usize,
    first: Option<(usize, usize)>, // row and cells
}

impl Rows<'_> {
    /// Moves to the next row; false at the end.
    ///
    /// # Errors
    /// [`Error::Ragged`]: a row is as wide as the first one.
    pub(super) fn next(&mut self) -> Result<bool> {
        let file = &self.source.file;
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => return Err(Error::Read { file: file.clone(), source: error.into() }),
        }
        let bytes = &self.source.bytes;
        let mut start = self.record.position().map_or(self.at, |position| position.byte() as usize);
        start += bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.row += bytes[self.at..start].iter().filter(|&&byte| byte == b'\n').count();
        self.at = start;
        let found = self.record.len();
        let (first, expected) = *self.first.get_or_insert((self.row, found));
        if found != expected {
            return Err(Error::Ragged { file: file.clone(), row: self.row, found, first, expected });
        }
        Ok(true)
    }

    pub(super) fn width(&self) -> usize {
        self.record.len()
    }

    pub(super) fn text(&self, column: usize) -> String {
        String::from_utf8_lossy(self.record[column].trim_ascii()).into_owned()
    }

    /// The place of a cell of the current row; `column` counts from 0.
    pub(super) fn place(&self, column: usize, name: Option<&str>) -> Place {
        let (file, name) = (self.source.file.clone(), name.map(str::to_owned));
        Place { file, row: self.row, column: column + 1, name }
    }

    /// Appends the cells from column `from` on to `values`. `names`: of those columns, or empty.
    fn numbers(&self, from: usize, names: &[String], values: &mut Vec<f32>) -> Result<()> {
        for (column, cell) in self.record.iter().enumerate().skip(from) {
            match number(cell) {
                Some(value) => values.push(value),
                None => {
                    let advice = match (self.first, names) {
                        (Some((first, _)), []) if first == self.row => "correct it, or remove a header row",
                        _ => "correct the cell, or remove its row or column from every file",
                    };
                    let place = self.place(column, names.get(column - from).map(String::as_str));
                    return Err(Error::NotANumber { place, found: self.text(column), advice });
                }
            }
        }
        Ok(())
    }

    /// The cell as a class number; `column` counts from 0.
    pub(super) fn label(&self, column: usize, name: Option<&str>) -> Result<usize> {
        let text = self.text(column);
        match text.parse::<f64>() {
            // 2^32: what `f64` holds exactly, and more classes than there can be samples
            Ok(label) if (0.0..4_294_967_296.0).contains(&label) && label.fract() == 0.0 => Ok(label as usize),
            _ => Err(Error::NotALabel { place: self.place(column, name), found: text }),
        }
    }
}

fn number(cell: &[u8]) -> Option<f32> {
    let value: f32 = std::str::from_utf8(cell.trim_ascii()).ok()?.parse().ok()?;
    value.is_finite().then_some(value)
}

/// A table whose rows are named: `patient,<feature>,...` above, `<id>,<number>,...` below.
pub(super) struct Named {
    pub(super) file: PathBuf,
    pub(super) table: Table,
    pub(super) patients: Vec<(String, usize)>, // id and line, in the order of the file
}

/// Reads a file with a header and an id in front of each row.
pub(super) fn read_named(file: &Path, name: &str) -> Result<Named> {
    let source = Source::open(file.to_path_buf())?;
    let mut rows = source.rows();
    if !rows.next()? {
        return Err(source.lacks("header row"));
    }
    check_header(&rows, 0, "patient", "patient")?;
    let columns: Vec<String> = (1..rows.width()).map(|column| rows.text(column)).collect();
    if columns.is_empty() {
        return Err(source.lacks("feature column"));
    }
    let (mut values, mut patients) = (Vec::new(), Vec::new());
    while rows.next()? {
        patients.push((rows.text(0), rows.row));
        rows.numbers(1, &columns, &mut values)?;
    }
    if patients.is_empty() {
        return Err(source.lacks("data row"));
    }
    let table = Table { name: name.to_owned(), columns, rows: patients.len(), values };
    Ok(Named { file: file.to_path_buf(), table, patients })
}

/// Refuses a header cell that is not `name`; `expected` is the whole beginning, for the message.
pub(super) fn check_header(rows: &Rows<'_>, column: usize, name: &str, expected: &'static str) -> Result<()> {
    match rows.text(column) {
        found if found == name => Ok(()),
        found => Err(Error::Header { place: rows.place(column, None), found, expected }),
    }
}

/// Reads a file of numbers alone; columns are named by their number, from 1.
pub(super) fn read_bare(file: &Path, name: String) -> Result<Table> {
    let source = Source::open(file.to_path_buf())?;
    let (mut rows, mut values, mut count, mut width) = (source.rows(), Vec::new(), 0, 0);
    while rows.next()? {
        rows.numbers(0, &[], &mut values)?;
        (count, width) = (count + 1, rows.width());
    }
    if count == 0 {
        return Err(source.lacks("data row"));
    }
    let columns = (1..=width).map(|column| column.to_string()).collect();
    Ok(Table { name, columns, rows: count, values })
}
