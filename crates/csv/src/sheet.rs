//! A table in memory, with its separator, header, decimal mark and index column.

use std::path::{Path, PathBuf};

use crate::cell::{Decimal, has_decimal_comma, is_missing, number};
use crate::header::{self, Header, Why};
use crate::pieces::Pieces;
use crate::separator::{Separator, hinted};
use crate::{Error, Place, Result, comments, text};

/// Whether the first row names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderOption {
    /// Decided by comparing it with the rows below.
    #[default]
    Detect,
    /// It names the columns.
    Present,
    /// It holds data.
    Absent,
}

/// What the user says about a file before it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whether the first row names the columns.
    pub header: HeaderOption,
    /// The separator between cells; found by itself if none is given.
    pub separator: Option<Separator>,
}

/// A fault of a single row. The other rows can be read without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has another number of cells than the first row.
    Ragged,
    /// Its bytes are not UTF-8.
    NotUtf8,
}

/// A table: rows of trimmed cells. Blank rows are left out, and rows before the table that begin with `#`.
#[derive(Debug, Clone)]
pub struct Sheet {
    file: PathBuf,
    separator: Separator,
    header: Header,
    names: Option<Vec<String>>,
    pieces: Pieces,
    decimal: Decimal,
    ambiguous: bool,
    index: Option<usize>,
    notes: Vec<String>,
}

impl Sheet {
    /// Reads a file, and finds its separator and header. Every row must be as wide as the first.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Utf16`], [`Error::NotText`], [`Error::NotUtf8`], [`Error::Ragged`].
    pub fn read(file: impl AsRef<Path>, options: Options) -> Result<Sheet> {
        let sheet = Self::read_with_faults(file, options)?;
        sheet.check()?;
        Ok(sheet)
    }

    /// The same, but rows with a [`fault`](Self::fault) are kept, for a caller that can leave them out.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Utf16`], [`Error::NotText`].
    pub fn read_with_faults(file: impl AsRef<Path>, options: Options) -> Result<Sheet> {
        let file = file.as_ref();
        match std::fs::read(file) {
            Ok(bytes) => Self::parse(&bytes, file, options),
            Err(source) => Err(Error::Read { file: file.into(), source }),
        }
    }

    /// Reads a table from memory. Errors call it `file`. Rows are not checked.
    ///
    /// # Errors
    /// [`Error::Utf16`], [`Error::NotText`].
    pub fn parse(bytes: &[u8], file: &Path, options: Options) -> Result<Sheet> {
        let bytes = text::strip(bytes, file)?;
        let (hint, bytes) = match hinted(bytes) {
            Some((separator, length)) => (Some(separator), &bytes[length..]), // a spreadsheet does not count that line
            None => (None, bytes),
        };
        let separator = options.separator.or(hint).unwrap_or_else(|| Separator::of(comments::after(bytes)));
        let mut pieces = Pieces::of(bytes, separator);
        let comments = comments::take(&mut pieces, options.header != HeaderOption::Absent);
        let (present, why) = match options.header {
            HeaderOption::Present => (true, Why::Asked),
            HeaderOption::Absent => (false, Why::Asked),
            HeaderOption::Detect => header::decide(&pieces),
        };
        let present = present && pieces.len() > 0;
        let row = if pieces.len() == 0 { 1 } else { pieces.row(0).number };
        let names = present.then(|| pieces.cells(0).map(str::to_owned).collect());
        let mut sheet = Sheet {
            file: file.into(),
            separator,
            header: Header { present, why, row },
            names,
            pieces,
            decimal: Decimal::Point,
            ambiguous: false,
            index: None,
            notes: comments::note(&comments).into_iter().collect(),
        };
        sheet.find_decimal();
        sheet.find_index();
        sheet.note_blank_rows();
        Ok(sheet)
    }

    /// Decides from all cells together whether a comma in a number is a decimal mark.
    fn find_decimal(&mut self) {
        if self.separator == Separator::Comma {
            return;
        }
        let (mut commas, mut thousands, mut points) = (0, 0, 0);
        for cell in (0..self.len()).flat_map(|row| self.pieces.cells(row + usize::from(self.header.present))) {
            if has_decimal_comma(cell) {
                let three =
                    cell.rsplit(',').next().is_some_and(|fraction| fraction.len() == 3) && !cell.starts_with("0,");
                *(if three { &mut thousands } else { &mut commas }) += 1;
            } else if cell.contains('.') && number(cell, Decimal::Point).is_some() {
                points += 1;
            }
        }
        // programs write semicolons between cells if the comma is the decimal mark
        let decimal = commas > 0 || (thousands > 0 && self.separator == Separator::Semicolon);
        if decimal && points == 0 {
            self.decimal = Decimal::Comma;
            self.notes.push("numbers are written with decimal commas: `1,5` is read as 1.5".into());
        }
        self.ambiguous = commas + thousands > 0 && (points > 0 || !decimal);
    }

    /// Looks for a first column that only counts the rows: it has no name, or the one that pandas gives it.
    fn find_index(&mut self) {
        let named = match self.names().map(|names| names.first().map(String::as_str).unwrap_or_default()) {
            None => true,
            Some(name) => name.is_empty() || name.starts_with("Unnamed:") || name.eq_ignore_ascii_case("index"),
        };
        if !named || self.width() < 2 || self.len() < 2 {
            return;
        }
        if let Some(from) = self.counts(0).filter(|&from| from <= 1) {
            self.index = Some(0);
            let last = from + self.len() - 1;
            self.notes.push(format!(
                "column 1 counts the rows from {from} to {last}, as the index that pandas writes: it is not read as \
                 data (write the file with `index=False`)"
            ));
        }
    }

    /// The first number of a column whose numbers rise by one from row to row.
    #[must_use]
    pub fn counts(&self, column: usize) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        let whole = |row: usize| {
            let cell = self.cell(row, column);
            cell.strip_suffix(".0").unwrap_or(cell).parse::<usize>().ok()
        };
        let from = whole(0)?;
        (0..self.len()).all(|row| whole(row) == from.checked_add(row)).then_some(from)
    }

    fn note_blank_rows(&mut self) {
        if let Some(&first) = self.pieces.blank.first() {
            let n = self.pieces.blank.len();
            let rows = if n == 1 {
                format!("row {first} is blank")
            } else {
                format!("{n} rows are blank, the first is row {first}")
            };
            self.notes.push(format!("{rows}: left out"));
        }
    }

    /// Checks that no row has a fault.
    ///
    /// # Errors
    /// [`Error::NotUtf8`], [`Error::Ragged`].
    pub fn check(&self) -> Result<()> {
        if self.pieces.len() > 0 && !self.pieces.row(0).is_text {
            return Err(Error::NotUtf8 { file: self.file.clone(), row: self.pieces.row(0).number });
        }
        match (0..self.len()).find_map(|row| Some((row, self.fault(row)?))) {
            None => Ok(()),
            Some((row, Fault::NotUtf8)) => Err(Error::NotUtf8 { file: self.file.clone(), row: self.number(row) }),
            Some((row, Fault::Ragged)) => {
                let at = row + usize::from(self.header.present);
                Err(Error::Ragged {
                    file: self.file.clone(),
                    row: self.number(row),
                    found: self.pieces.width(at),
                    first: self.pieces.row(0).number,
                    expected: self.width(),
                    unclosed: self.pieces.row(at).breaks,
                    separator: self.separator.name(),
                })
            }
        }
    }

    /// The fault of a row, if it has one. `row` counts from 0 without the header.
    #[must_use]
    pub fn fault(&self, row: usize) -> Option<Fault> {
        let at = row + usize::from(self.header.present);
        match self.pieces.row(at).is_text {
            false => Some(Fault::NotUtf8),
            true if self.pieces.width(at) != self.width() => Some(Fault::Ragged),
            true => None,
        }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The separator between its cells.
    #[must_use]
    pub fn separator(&self) -> Separator {
        self.separator
    }

    /// Whether the first row is a header, and why.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The names of the columns, if there is a header.
    #[must_use]
    pub fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// The column that only counts the rows, from 0.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        self.index
    }

    /// What the user should know: comments, blank rows, decimal commas, an index column.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Number of columns in the first row.
    #[must_use]
    pub fn width(&self) -> usize {
        if self.pieces.len() == 0 { 0 } else { self.pieces.width(0) }
    }

    /// Number of cells in a row. A faulty row may have more or fewer than the first.
    #[must_use]
    pub fn width_of(&self, row: usize) -> usize {
        self.pieces.width(row + usize::from(self.header.present))
    }

    /// Number of rows, without the header and blank rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len() - usize::from(self.header.present)
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of a row, as a spreadsheet shows it; `row` counts from 0 without the header.
    #[must_use]
    pub fn number(&self, row: usize) -> usize {
        self.pieces.row(row + usize::from(self.header.present)).number
    }

    /// A cell, trimmed. Row and column count from 0. A cell beyond the end of its row is empty.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> &str {
        self.pieces.cell(row + usize::from(self.header.present), column)
    }

    /// The cells of a column.
    pub fn cells(&self, column: usize) -> impl Iterator<Item = &str> {
        (0..self.len()).map(move |row| self.cell(row, column))
    }

    /// The place of a cell.
    #[must_use]
    pub fn place(&self, row: usize, column: usize) -> Place {
        let name = self.names().and_then(|names| names.get(column)).cloned();
        Place { file: self.file.clone(), row: self.number(row), column: column + 1, name }
    }

    /// The number in a cell.
    ///
    /// # Errors
    /// [`Error::NotANumber`], also for a missing number.
    pub fn number_at(&self, row: usize, column: usize) -> Result<f32> {
        let cell = self.cell(row, column);
        let value = number(cell, self.decimal);
        value.ok_or_else(|| Error::NotANumber {
            place: self.place(row, column),
            found: cell.into(),
            advice: self.advice(cell),
        })
    }

    /// The number in a cell, or none if the value is missing: an empty cell, `NA`, `NaN` and so on.
    ///
    /// # Errors
    /// [`Error::NotANumber`].
    pub fn measured_at(&self, row: usize, column: usize) -> Result<Option<f32>> {
        if is_missing(self.cell(row, column)) { Ok(None) } else { self.number_at(row, column).map(Some) }
    }

    fn advice(&self, cell: &str) -> &'static str {
        match () {
            () if has_decimal_comma(cell) && self.separator == Separator::Comma => {
                "write it with a decimal point, or use semicolons between cells"
            }
            () if has_decimal_comma(cell) && self.ambiguous => {
                "a comma may be a decimal mark or stand between thousands: write all numbers of the file with a point"
            }
            () if self.decimal == Decimal::Comma => {
                "the file has decimal commas, so a point is not read as one: correct it"
            }
            () if is_missing(cell) => "fill in the missing value, or remove its row or column from every file",
            () => "correct the cell, or remove its row or column from every file",
        }
    }
}
