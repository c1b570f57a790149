//! Errors of files of rows, and of reading them ahead.

/// Files of rows, and reading them ahead.
#[derive(Debug, Clone, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[non_exhaustive]
pub enum FileError {
    /// A file cannot be opened or read.
    #[error("`{path}` cannot be read: {reason}; is it a file that is there, and may this program read it?")]
    RowFile {
        /// The file.
        path: String,
        /// What kind of failure it is.
        kind: std::io::ErrorKind,
        /// The error of the operating system.
        reason: String,
    },
    /// A file is neither `.npy` nor safetensors, or its header is damaged.
    #[error("`{path}` holds no array of rows ({reason}): write it by `numpy.save`, or as safetensors")]
    RowFormat {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An array has other elements than little-endian f32.
    #[error(
        "`{path}` has elements of kind {found}, but f32 in little-endian order are read: write `x.astype(\"<f4\")`"
    )]
    ElementKind {
        /// The file.
        path: String,
        /// Kind of its elements, as its header says it.
        found: String,
    },
    /// An array lies column by column.
    #[error("`{path}` lies column by column (Fortran order), but rows are read: write `numpy.ascontiguousarray(x)`")]
    ColumnOrder {
        /// The file.
        path: String,
    },
    /// An array has no rows, or rows without values.
    #[error("`{path}` has shape {shape:?}, but rows `[N, ...]` are needed, at least one, with at least one value each")]
    NoRows {
        /// The file.
        path: String,
        /// Shape of the array.
        shape: Vec<usize>,
    },
    /// A file is shorter or longer than its header says.
    #[error(
        "`{path}` has {found} bytes, but its header says {expected}: it was cut off, or is still being written; write \
         it anew"
    )]
    RowFileLength {
        /// The file.
        path: String,
        /// Its length in bytes.
        found: u64,
        /// The length that its header says.
        expected: u64,
    },
    /// A safetensors file has no tensor of this name, or several and no name was given.
    #[error("`{path}` {}", no_tensor(name, found))]
    NoSuchTensor {
        /// The file.
        path: String,
        /// The name that was looked for; empty for the only one.
        name: String,
        /// Names of all tensors in the file. The message shows the first twenty. Empty for a `.npy` file.
        found: Vec<String>,
    },
    /// Two files have different numbers of rows.
    #[error("`{path}` has {found} rows, but `{first}` has {expected}: row i of all files must be of sample i")]
    RowsDiffer {
        /// The file.
        path: String,
        /// Its rows.
        found: usize,
        /// The first file.
        first: String,
        /// Rows of the first file.
        expected: usize,
    },
    /// A file has no row of this number.
    #[error("row {index} is wanted, but `{path}` has {rows} rows, numbered from 0: is the list of other data?")]
    NoSuchRow {
        /// The file.
        path: String,
        /// The row.
        index: usize,
        /// Rows of the file.
        rows: usize,
    },
    /// A file was written to or cut off since it was opened.
    #[error("`{path}` changed while it was in use: wait until it is whole, open it anew and resume from a checkpoint")]
    RowFileChanged {
        /// The file.
        path: String,
    },
    /// The rows that are read together do not fit into memory.
    #[error("{bytes} bytes for the rows that are read together cannot be had: lower `read_ahead`, or `Blocks::window`")]
    RowMemory {
        /// Bytes that were asked for; the largest number for more.
        bytes: u64,
    },
    /// A thread that reads could not be started, or panicked.
    #[error("the thread that reads rows ended early ({reason}): resume from a checkpoint")]
    ReaderEnded {
        /// Why.
        reason: String,
    },
}

/// What is wrong with the name of a tensor, and what to do.
fn no_tensor(name: &str, found: &[String]) -> String {
    if found.is_empty() {
        return "has no tensors with names: the array of a `.npy` file is opened by `RowFile::open`".into();
    }
    let problem = if name.is_empty() { "has several tensors".into() } else { format!("has no tensor `{name}`") };
    let first = found.iter().take(20).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = if found.len() > 20 { format!(" and {} more", found.len() - 20) } else { String::new() };
    format!("{problem}; open one by `RowFile::open_tensor`: {first}{more}")
}
