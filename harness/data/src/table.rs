//! One CSV file of numbers as row-major `f32`. Errors name the cell.

use std::path::{Path, PathBuf};

use climd_csv::{HeaderOption, IDS, Options, Place, Sheet};

use super::{Error, Result};

/// The features of one modality: a row for each sample, a named column for each feature.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Name of the modality, as in a figure.
    pub name: String,
    /// Column names.
    pub columns: Vec<String>,
    /// Number of rows.
    pub rows: usize,
    /// `[rows, columns]`, row-major and finite, or NaN for a number that was not measured.
    pub values: Vec<f32>,
}

impl Table {
    /// The values of one row.
    ///
    /// # Panics
    /// If `row` is not below `rows`.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        let width = self.columns.len();
        &self.values[row * width..][..width]
    }

    /// A table of these rows, in this order.
    pub(super) fn take(&self, rows: &[usize]) -> Table {
        let values = rows.iter().flat_map(|&row| self.row(row)).copied().collect();
        Table { name: self.name.clone(), columns: self.columns.clone(), rows: rows.len(), values }
    }
}

/// The error for a file that lacks something.
pub(super) fn lacks(sheet: &Sheet, lacks: &'static str) -> Error {
    Error::Empty { file: sheet.file().into(), lacks }
}

/// Reads a file with a header that begins with the id of the patient.
pub(super) fn read_headed(file: &Path, expected: &'static str) -> Result<Sheet> {
    let sheet = with_header(file)?;
    has_ids(&sheet, expected)?;
    Ok(sheet)
}

fn with_header(file: &Path) -> Result<Sheet> {
    Ok(Sheet::read(file, Options { header: HeaderOption::Present, ..Options::default() })?)
}

fn has_ids(sheet: &Sheet, expected: &'static str) -> Result<()> {
    let Some(names) = sheet.names() else { return Err(lacks(sheet, "header row")) };
    // pandas writes an empty name for an index
    if !names[0].is_empty() && !sheet.all_usual(IDS).contains(&0) {
        let name = names[0].clone();
        let place = Place { file: sheet.file().into(), row: sheet.header().row, column: 1, name: None };
        return Err(Error::Header { place: place.into(), found: name, expected, columns: sheet.columns() });
    }
    Ok(())
}

/// A table with an id in each row: a header `patient,<feature>,...`, then rows `<id>,<number>,...`.
pub(super) struct Named {
    pub(super) file: PathBuf,
    pub(super) table: Table,
    pub(super) patients: Vec<(String, usize)>, // id and row, in the order of the file
    pub(super) notes: Vec<String>,
}

/// Reads a file with a header and an id first in each row. `check` looks at the sheet first.
pub(super) fn read_named(file: &Path, name: &str, check: impl Fn(&Sheet) -> Result<()>) -> Result<Named> {
    let sheet = with_header(file)?;
    check(&sheet)?;
    has_ids(&sheet, "patient")?;
    let columns: Vec<String> = sheet.names().unwrap_or_default().iter().skip(1).cloned().collect();
    if columns.is_empty() {
        return Err(lacks(&sheet, "feature column"));
    }
    if sheet.is_empty() {
        return Err(lacks(&sheet, "data row"));
    }
    let patients = (0..sheet.len()).map(|row| (sheet.cell(row, 0).to_owned(), sheet.number(row))).collect();
    let table = with_gaps(&sheet, name.to_owned(), columns, 1)?;
    // here, a first column that counts is the id
    let notes =
        sheet.notes().iter().filter(|note| !note.starts_with("column 1")).map(|note| said(&sheet, note)).collect();
    Ok(Named { file: file.to_path_buf(), table, patients, notes })
}

/// A note with the name of its file.
pub(super) fn said(sheet: &Sheet, note: &str) -> String {
    format!("`{}`: {note}", sheet.file().display())
}

/// Reads a file of numbers without a header.
///
/// # Errors
/// [`Error::HeaderInBareFile`] if the file names its columns.
pub(super) fn read_bare(file: &Path) -> Result<Sheet> {
    let mut sheet = Sheet::read(file, Options::default())?;
    let header = sheet.header();
    if header.present {
        if header.is_sure() {
            let (row, why) = (header.row, header.to_string());
            return Err(Error::HeaderInBareFile { file: file.into(), row, why });
        }
        // the file does not say, so the layout decides; a cell that is not a number is then an error
        sheet = Sheet::read(file, Options { header: HeaderOption::Absent, ..Options::default() })?;
    }
    if sheet.is_empty() {
        return Err(lacks(&sheet, "data row"));
    }
    Ok(sheet)
}

/// The numbers from column `from` on.
pub(super) fn numbers(sheet: &Sheet, name: String, columns: Vec<String>, from: usize) -> Result<Table> {
    values(sheet, name, columns, from, |row, column| Ok(sheet.number_at(row, column)?))
}

/// The same, but a number may be missing: an empty cell, `NA` and so on are NaN.
pub(super) fn with_gaps(sheet: &Sheet, name: String, columns: Vec<String>, from: usize) -> Result<Table> {
    values(sheet, name, columns, from, |row, column| Ok(sheet.measured_at(row, column)?.unwrap_or(f32::NAN)))
}

fn values(
    sheet: &Sheet,
    name: String,
    columns: Vec<String>,
    from: usize,
    number: impl Fn(usize, usize) -> Result<f32>,
) -> Result<Table> {
    let mut values = Vec::with_capacity(sheet.len() * columns.len());
    for row in 0..sheet.len() {
        for column in from..sheet.width() {
            values.push(number(row, column)?);
        }
    }
    Ok(Table { name, columns, rows: sheet.len(), values })
}

/// The cell as a class number.
pub(super) fn label(sheet: &Sheet, row: usize, column: usize) -> Result<usize> {
    let text = sheet.cell(row, column);
    match text.parse::<f64>() {
        // 2^32: what `f64` holds exactly, and more classes than there can be samples
        Ok(label) if (0.0..4_294_967_296.0).contains(&label) && label.fract() == 0.0 => Ok(label as usize),
        _ => Err(Error::NotALabel { place: sheet.place(row, column), found: text.into() }),
    }
}
