//! Errors of a table, and of the columns that are read from it.
//!
//! Every variant says where, what was found, and what to do. Rows and columns count from 1, as in a spreadsheet.

use std::fmt;
use std::path::PathBuf;

/// The result of every fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A cell of a file: row and column count from 1, a header row and blank rows included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The row, as a spreadsheet numbers it.
    pub row: usize,
    /// The cell in that row.
    pub column: usize,
    /// The column's name, if the file has a header.
    pub name: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, row {}, column {}", self.file.display(), self.row, self.column)?;
        self.name.as_ref().map_or(Ok(()), |name| write!(f, " (`{name}`)"))
    }
}

/// A table that cannot be read, or that lacks what is asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("`{}` cannot be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The file is text in UTF-16.
    #[error(
        "`{}` is UTF-16, as Excel writes \"Unicode text\": save it as \"CSV UTF-8\", or convert it with \
         `iconv -f UTF-16 -t UTF-8`",
        file.display()
    )]
    Utf16 {
        /// The file.
        file: PathBuf,
    },
    /// The file is not text.
    #[error("`{}` is {found}, not a table of text: export it as CSV", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
        /// What its first bytes look like.
        found: &'static str,
    },
    /// A row holds bytes that are not UTF-8.
    #[error("`{}`, row {row}: the bytes are not UTF-8 text: save the file as CSV in UTF-8", file.display())]
    NotUtf8 {
        /// The file.
        file: PathBuf,
        /// The row.
        row: usize,
    },
    /// A row is longer or shorter than the first one.
    #[error(
        "`{}`, row {row}: found {found} cells, but row {first} has {expected}: complete or remove the row{}",
        file.display(), ragged_hint(*unclosed, separator)
    )]
    Ragged {
        /// The file.
        file: PathBuf,
        /// The row.
        row: usize,
        /// Cells found.
        found: usize,
        /// The row that sets the width: the first one.
        first: usize,
        /// Cells in that row.
        expected: usize,
        /// Whether the row has a quoted cell with line breaks: a quotation mark may never have been closed.
        unclosed: bool,
        /// Name of the separator.
        separator: &'static str,
    },
    /// The file lacks something that is needed.
    #[error("`{}` has no {lacks}: fetch or export it again", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
        /// What is missing: a header, a data row, a label.
        lacks: &'static str,
    },
    /// The file has no such column.
    #[error(
        "{option}: `{}` has no column `{wanted}`; {found}: give the name or the number of one of them",
        file.display()
    )]
    NoColumn {
        /// The file.
        file: PathBuf,
        /// The option, or the part of the program, that asks for the column.
        option: String,
        /// The name or number asked for.
        wanted: String,
        /// The columns there are, in words.
        found: String,
    },
    /// Several columns are possible.
    #[error(
        "`{}` has no column named {}; {found}: say which one is meant, with {option}",
        file.display(), usual.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    )]
    WhichColumn {
        /// The file.
        file: PathBuf,
        /// The option that names the column.
        option: String,
        /// Names that were looked for.
        usual: Vec<&'static str>,
        /// The columns there are, in words.
        found: String,
    },
    /// Two columns have the name that is asked for.
    #[error(
        "{option}: `{}` has columns {first} and {second} named `{wanted}`: give the number of one of them",
        file.display()
    )]
    ColumnTwice {
        /// The file.
        file: PathBuf,
        /// The option.
        option: String,
        /// The name.
        wanted: String,
        /// The first column of that name, from 1.
        first: usize,
        /// The second, from 1.
        second: usize,
    },
    /// A cell is not a finite number.
    #[error("{place}: found `{found}`, but a finite number is needed: {advice}")]
    NotANumber {
        /// The cell.
        place: Place,
        /// Its text.
        found: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// No row has a label.
    #[error(
        "`{}`, column {column}: none of the {rows} rows has a label ({found}); {columns}: name another column",
        file.display()
    )]
    NoLabel {
        /// The file.
        file: PathBuf,
        /// The column, from 1.
        column: usize,
        /// Rows looked at.
        rows: usize,
        /// What the cells hold instead.
        found: String,
        /// The columns there are, in words.
        columns: String,
    },
    /// The only column that could hold labels holds names of rows.
    #[error(
        "`{}`, column {column}: each of the {rows} rows has a value of its own (`{example}`, ...), as an id has; \
         {columns}: name the column of the labels with {option}",
        file.display()
    )]
    IdsNotLabels {
        /// The file.
        file: PathBuf,
        /// The column, from 1.
        column: usize,
        /// Rows.
        rows: usize,
        /// The first value.
        example: String,
        /// The columns there are, in words.
        columns: String,
        /// The option that names the column.
        option: String,
    },
    /// A one-hot column holds something else.
    #[error(
        "{place}: found `{found}`, but a one-hot column holds 1, 0, -1 for unknown, or nothing: leave the column \
         out of {option}"
    )]
    NotOneHot {
        /// The cell.
        place: Place,
        /// Its text.
        found: String,
        /// The option that names the columns.
        option: String,
    },
}

fn ragged_hint(unclosed: bool, separator: &str) -> String {
    match unclosed {
        true => ", and look for a quotation mark that is not closed".into(),
        false => format!(", and quote a text that has a {separator}"),
    }
}
