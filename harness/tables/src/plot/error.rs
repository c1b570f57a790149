//! What can go wrong when a figure is drawn.

use std::path::PathBuf;

/// The result of drawing: the SVG and PNG files.
pub type Result<T = [PathBuf; 2]> = std::result::Result<T, Error>;

/// Numbers that cannot be drawn, or a file that cannot be written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is empty.
    #[error("`{argument}` is empty, but a figure needs at least one value")]
    Empty {
        /// The empty argument.
        argument: String,
    },
    /// Two arguments that must have the same length do not.
    #[error("`{argument}` has length {found}, but must have length {expected}: {rule}")]
    Length {
        /// The argument of the wrong length.
        argument: String,
        /// Its length.
        found: usize,
        /// The length needed.
        expected: usize,
        /// The reason for that length.
        rule: &'static str,
    },
    /// A value cannot be drawn on the axis.
    #[error("`{argument}[{index}]` is {value}, but must be {needed}")]
    Value {
        /// The argument.
        argument: String,
        /// Position in it.
        index: usize,
        /// The value found there.
        value: f64,
        /// What is allowed.
        needed: &'static str,
    },
    /// The drawing library failed.
    #[error("the figure cannot be drawn: {reason}")]
    Draw {
        /// The error of the library.
        reason: String,
    },
    /// A file, or its folder, cannot be written.
    #[error("`{}` cannot be written: {reason}", file.display())]
    Write {
        /// The file or folder.
        file: PathBuf,
        /// The error of the system.
        reason: String,
    },
}

pub(super) fn not_empty(argument: &str, length: usize) -> Result<()> {
    if length > 0 { Ok(()) } else { Err(Error::Empty { argument: argument.into() }) }
}

pub(super) fn same_length(argument: &str, found: usize, expected: usize, rule: &'static str) -> Result<()> {
    if found == expected { Ok(()) } else { Err(Error::Length { argument: argument.into(), found, expected, rule }) }
}

pub(super) fn value(argument: &str, index: usize, value: f64, needed: &'static str) -> Error {
    Error::Value { argument: argument.into(), index, value, needed }
}
