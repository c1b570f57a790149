//! The table of labels: the arguments that say how it is read, the same for every command, and what is said about it.
//!
//! Whatever is decided or left out while a file is read stands on standard error: the header, the columns, the rows
//! without a label. No command reads a table in another way, so none is silent about it.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use climd_csv::{HeaderOption, Kind, LABELS, Labels, Options, Separator, Sheet, Wanted, is_missing, listed};

use crate::folder;

/// A file of labels, and how it is read.
#[derive(Debug, Args)]
pub struct Table {
    /// A CSV with a column of labels: text or numbers, several in a cell (`A|B`), or one-hot columns; or a folder with
    /// a folder of files for each class.
    pub labels: PathBuf,
    /// The column, by name, or by number from 1; by default one called label, class, target, y or the like, else
    /// one-hot columns, or the only one.
    #[arg(long)]
    pub column: Option<String>,
    /// One-hot columns, by name, number or range of numbers (`4-17`), with a comma between them. They hold 1, 0, or -1
    /// (unknown).
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', conflicts_with = "column")]
    pub one_hot: Vec<String>,
    /// The first row holds labels, not names of columns. By default it is compared with the rows below.
    #[arg(long)]
    pub no_header: bool,
    /// The first row names the columns.
    #[arg(long, conflicts_with = "no_header")]
    pub header: bool,
    /// The separator between cells. By default it is found automatically.
    #[arg(long, value_enum)]
    pub separator: Option<Between>,
    /// NA, None and so on are names of classes, not missing labels.
    #[arg(long)]
    pub keep_missing: bool,
}

/// A separator between cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Between {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Pipe,
}

impl Table {
    /// Reads the sheet and its labels, and writes to standard error what was found out about both. The warnings about
    /// labels are for the caller to show.
    ///
    /// # Errors
    /// Those of [`Sheet::read`] and [`Labels::read`].
    pub fn read(&self) -> Result<(Sheet, Labels)> {
        let sheet = self.sheet(&self.labels)?;
        let column = LABELS.wanted(self.column.as_deref());
        let labels = Labels::read(&sheet, Wanted { column, one_hot: &self.one_hot, keep_missing: self.keep_missing })?;
        eprintln!("note: labels: {}", said(&sheet, &labels));
        Ok((sheet, labels))
    }

    /// Reads a file in the way that the arguments say, and writes to standard error what was found out about it.
    ///
    /// # Errors
    /// Those of [`Sheet::read`] and [`folder::read`].
    pub fn sheet(&self, file: &Path) -> Result<Sheet> {
        if file.is_dir() {
            return folder::read(file);
        }
        let header = match () {
            () if self.no_header => HeaderOption::Absent,
            () if self.header => HeaderOption::Present,
            () => HeaderOption::Detect,
        };
        let separator = self.separator.map(|between| match between {
            Between::Comma => Separator::Comma,
            Between::Semicolon => Separator::Semicolon,
            Between::Tab => Separator::Tab,
            Between::Pipe => Separator::Pipe,
        });
        let sheet = Sheet::read(file, Options { header, separator })?;
        if !sheet.is_empty() {
            eprintln!("note: {}: {}; {}", file.display(), sheet.header(), sheet.columns());
        }
        sheet.notes().iter().for_each(|note| eprintln!("note: {}: {note}", file.display()));
        Ok(sheet)
    }
}

/// Refuses to write `file` over one that is read, that of `what`. `option` names the argument.
///
/// # Errors
/// If both paths lead to one file.
pub fn check_not_read(option: &str, file: &Path, read: &Path, what: &str) -> Result<()> {
    let same = matches!((file.canonicalize(), read.canonicalize()), (Ok(a), Ok(b)) if a == b);
    ensure!(!same, "`{option}` {} is the file of the {what}: name another one", file.display());
    Ok(())
}

/// What a person calls a column.
#[must_use]
pub fn column_name(sheet: &Sheet, at: usize) -> String {
    sheet.names().map_or_else(|| format!("column {}", at + 1), |names| names[at].clone())
}

/// A warning of rows without a value in a column of groups or sites (`what`). Nothing tells those rows apart, so they
/// count as one.
#[must_use]
pub fn without_value(sheet: &Sheet, rows: &[usize], at: usize, what: &str) -> Option<String> {
    let without: Vec<usize> = rows.iter().copied().filter(|&row| is_missing(sheet.cell(row, at))).collect();
    let first = sheet.number(*without.first()?);
    let column = sheet.names().map_or_else(|| format!("column {}", at + 1), |names| format!("column `{}`", names[at]));
    let (rows, have) = if without.len() == 1 { ("row", "has") } else { ("rows", "have") };
    Some(format!(
        "{column}: {} {rows} {have} no {what}, the first is row {first}: those with the same text, such as `{}`, count \
         as one {what}; fill in the cells",
        without.len(),
        sheet.cell(without[0], at)
    ))
}

/// Says where the labels were found.
fn said(sheet: &Sheet, labels: &Labels) -> String {
    let columns = |columns: &[usize]| listed(&columns.iter().map(|&at| column_name(sheet, at)).collect::<Vec<_>>());
    match &labels.kind {
        Kind::Cells(at, between) => {
            format!("{}, several in a cell with `{between}` between them", column_name(sheet, *at))
        }
        Kind::OneHot(of) => format!("one-hot columns {}", columns(of)),
        Kind::MultiHot(of) => format!("columns of ones and zeros {}, several in a row", columns(of)),
        Kind::Column(at) => column_name(sheet, *at),
        _ => "as found".into(),
    }
}
