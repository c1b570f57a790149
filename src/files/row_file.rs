//! An array in a file, read row by row at given positions.
//!
//! Rows are read by `read` at a position, not through a mapping. A file that is cut off under a mapping ends the
//! process (SIGBUS); here it is an error, and no `unsafe` is needed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::npy;
use super::rows::{ELEMENT, Rows, decode};
use crate::error::{ArgumentError, FileError};
use crate::{Error, Result};

/// Bytes of a safetensors file before its header.
const PREFIX: usize = 8;
/// The longest header of a safetensors file, as in crate `safetensors`.
const LONGEST: u64 = 100_000_000;

/// An array `[N, ...]` of f32 in a `.npy` or safetensors file. Row `i` is of sample `i`. Nothing of it is in memory.
///
/// The file must stay as it is: see [`FileError::RowFileChanged`].
///
/// # Examples
/// ```
/// use climd::RowFile;
///
/// let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }".to_owned();
/// let values: Vec<u8> = (0u8..6).flat_map(|x| f32::from(x).to_le_bytes()).collect();
/// let path = std::env::temp_dir().join(format!("climd-{}.npy", std::process::id()));
/// // numpy.save(path, numpy.arange(6, dtype="<f4").reshape(3, 2))
/// let length = (header.len() as u16).to_le_bytes();
/// std::fs::write(&path, [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), &values].concat()).unwrap();
///
/// let file = RowFile::open(&path)?;
/// assert_eq!((file.num_rows(), file.row_shape()), (3, &[2][..]));
/// let mut rows = [0.0; 4];
/// file.read(1, &mut rows)?;
/// assert_eq!(rows, [2.0, 3.0, 4.0, 5.0]);
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug)]
pub struct RowFile {
    path: PathBuf,
    file: File,
    /// Byte of the first element.
    start: u64,
    num_rows: usize,
    row_shape: Vec<usize>,
    width: usize,
    /// Length of the file and time of its last change, when it was opened.
    stamp: Stamp,
}

type Stamp = (u64, Option<SystemTime>);

impl RowFile {
    /// Opens a `.npy` file, or a safetensors file with a single tensor. Its content says which it is.
    ///
    /// # Errors
    /// [`FileError::RowFile`], [`FileError::RowFormat`], [`FileError::ElementKind`], [`FileError::ColumnOrder`],
    /// [`FileError::NoRows`], [`FileError::RowFileLength`]; [`FileError::NoSuchTensor`] for several tensors.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::find(path.as_ref(), None)
    }

    /// Opens a tensor of this name in a safetensors file.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`FileError::NoSuchTensor`], with the names that are there.
    pub fn open_tensor(path: impl AsRef<Path>, name: &str) -> Result<Self> {
        Self::find(path.as_ref(), Some(name))
    }

    fn find(path: &Path, name: Option<&str>) -> Result<Self> {
        let unread = |error| unread(path, &error);
        // looked at first, as opening a pipe waits for its writer
        if !fs::metadata(path).map_err(unread)?.is_file() {
            return Err(unread(io::Error::other("it is no file")));
        }
        let file = File::open(path).map_err(unread)?;
        let stamp = stamp(&file).map_err(unread)?;
        let mut first = [0; 12];
        let first = &mut first[..stamp.0.min(12) as usize];
        read_at(&file, first, 0).map_err(unread)?;
        let format = |reason| Error::from(FileError::RowFormat { path: shown(path), reason });
        let found = if first.starts_with(npy::MAGIC) {
            if let Some(name) = name {
                let (path, name) = (shown(path), name.into());
                return Err(FileError::NoSuchTensor { path, name, found: vec![] }.into());
            }
            numpy_array(&file, first, stamp.0).map_err(|error| error.into_error(path))?
        } else if first.len() > PREFIX && first[PREFIX] == b'{' {
            tensor(&file, first, stamp.0, name).map_err(|error| error.into_error(path))?
        } else {
            return Err(format("it begins as neither a .npy nor a safetensors file does".into()));
        };
        found.into_file(path, file, stamp)
    }

    /// Number of rows `N`.
    pub fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// Shape of a row: `[H, W]` of an array `[N, H, W]`, and nothing of an array `[N]`.
    pub fn row_shape(&self) -> &[usize] {
        &self.row_shape
    }

    /// Number of values in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads rows that follow each other, from `first` on, as many as `rows` holds.
    ///
    /// # Errors
    /// [`ArgumentError::Length`] if `rows` is no whole number of rows; [`FileError::NoSuchRow`];
    /// [`FileError::RowFile`]; [`FileError::RowFileChanged`] if the file was cut off. `rows` may then be written in
    /// part.
    pub fn read(&self, first: usize, rows: &mut [f32]) -> Result<()> {
        let (len, width) = (rows.len(), self.width);
        if !len.is_multiple_of(width) {
            let rule = "it must hold whole rows";
            let expected = len / width * width;
            return Err(ArgumentError::Length { argument: "rows".into(), found: len, expected, rule }.into());
        }
        let end = first.saturating_add(len / width);
        if end > self.num_rows {
            let (path, index) = (shown(&self.path), first.max(self.num_rows));
            return Err(FileError::NoSuchRow { path, index, rows: self.num_rows }.into());
        }
        let mut bytes = vec![0; (len * ELEMENT).min(1 << 18)];
        let mut at = first as u64 * (width * ELEMENT) as u64;
        for part in rows.chunks_mut((1 << 18) / ELEMENT) {
            let bytes = &mut bytes[..size_of_val(part)];
            self.read_bytes(at, bytes)?;
            decode(bytes, part);
            at += bytes.len() as u64;
        }
        Ok(())
    }
}

impl Rows for RowFile {
    fn num_rows(&self) -> usize {
        self.num_rows
    }

    fn width(&self) -> usize {
        self.width
    }

    fn name(&self) -> String {
        shown(&self.path)
    }

    fn read_bytes(&self, at: u64, bytes: &mut [u8]) -> Result<()> {
        read_at(&self.file, bytes, self.start + at).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                return FileError::RowFileChanged { path: shown(&self.path) }.into(); // it was long enough
            }
            unread(&self.path, &error)
        })
    }

    fn check_unchanged(&self) -> Result<()> {
        if stamp(&self.file).map_err(|error| unread(&self.path, &error))? == self.stamp {
            return Ok(());
        }
        Err(FileError::RowFileChanged { path: shown(&self.path) }.into())
    }
}

/// A path in a message.
fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn unread(path: &Path, error: &io::Error) -> Error {
    FileError::RowFile { path: shown(path), kind: error.kind(), reason: error.to_string() }.into()
}

fn stamp(file: &File) -> io::Result<Stamp> {
    let found = file.metadata()?;
    Ok((found.len(), found.modified().ok())) // not every file system has a time
}

#[cfg(not(windows))]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => (bytes, at) = (&mut bytes[n..], at + n as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Why a header is of no use.
enum Bad {
    Read(io::Error),
    Format(String),
    Tensor { name: String, found: Vec<String> },
}

impl Bad {
    fn into_error(self, path: &Path) -> Error {
        let file = shown(path);
        match self {
            Bad::Read(error) => unread(path, &error),
            Bad::Format(reason) => FileError::RowFormat { path: file, reason }.into(),
            Bad::Tensor { name, found } => FileError::NoSuchTensor { path: file, name, found }.into(),
        }
    }
}

impl From<io::Error> for Bad {
    fn from(error: io::Error) -> Self {
        Bad::Read(error)
    }
}

impl From<String> for Bad {
    fn from(reason: String) -> Self {
        Bad::Format(reason)
    }
}

/// What a header says of an array.
struct Found {
    start: u64,
    /// Bytes of the array, if it does not lie to the end of the file.
    bytes: Option<u64>,
    /// Kind of the elements, if it is not f32 in little-endian order.
    other_kind: Option<String>,
    column_order: bool,
    shape: Vec<usize>,
}

impl Found {
    fn into_file(self, path: &Path, file: File, stamp: Stamp) -> Result<RowFile> {
        let name = shown(path);
        if let Some(found) = self.other_kind {
            return Err(FileError::ElementKind { path: name, found }.into());
        }
        let values = self.shape.iter().try_fold(ELEMENT as u64, |n, &size| n.checked_mul(u64::try_from(size).ok()?));
        let (&num_rows, row_shape) = match self.shape.split_first() {
            Some(parts) if !self.shape.contains(&0) => parts,
            _ => return Err(FileError::NoRows { path: name, shape: self.shape }.into()),
        };
        // one column, or one row, lies the same in both orders
        if self.column_order && self.shape.iter().filter(|&&size| size > 1).count() > 1 {
            return Err(FileError::ColumnOrder { path: name }.into());
        }
        let expected = values.and_then(|bytes| self.start.checked_add(bytes)).unwrap_or(u64::MAX);
        let found = self.bytes.map_or(stamp.0, |bytes| self.start.saturating_add(bytes));
        if expected != found || found > stamp.0 {
            return Err(FileError::RowFileLength { path: name, found: stamp.0.min(found), expected }.into());
        }
        let width = row_shape.iter().product(); // the product with all rows did not overflow
        Ok(RowFile { path: path.into(), file, start: self.start, num_rows, row_shape: row_shape.into(), width, stamp })
    }
}

fn numpy_array(file: &File, first: &[u8], file_len: u64) -> Result<Found, Bad> {
    let (start, len) = npy::extent(first)?;
    if (start + len) as u64 > file_len {
        return Err("the header is cut off".to_owned().into());
    }
    let mut text = vec![0; len];
    read_at(file, &mut text, start as u64)?;
    let header = npy::parse(&text)?;
    let other_kind = (header.kind != "<f4").then_some(header.kind);
    let (shape, column_order) = (header.shape, header.column_order);
    Ok(Found { start: (start + len) as u64, bytes: None, other_kind, column_order, shape })
}

fn tensor(file: &File, first: &[u8], file_len: u64, name: Option<&str>) -> Result<Found, Bad> {
    let mut prefix = [0; PREFIX];
    prefix.copy_from_slice(&first[..PREFIX]);
    let len = u64::from_le_bytes(prefix);
    if len > LONGEST || len + PREFIX as u64 > file_len {
        return Err(format!("its header has {len} bytes, more than the file, or than {LONGEST}").into());
    }
    let mut text = vec![0; len as usize];
    read_at(file, &mut text, PREFIX as u64)?;
    let header: Metadata = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let names = header.offset_keys();
    let name = match (name, &names[..]) {
        (Some(name), _) => name,
        (None, [name]) => name,
        (None, _) => "",
    };
    let Some(info) = header.info(name) else {
        return Err(Bad::Tensor { name: name.into(), found: names });
    };
    let (from, to) = info.data_offsets;
    let bytes = to.checked_sub(from).ok_or_else(|| format!("tensor `{name}` ends before it begins"))?;
    let start = (from as u64).checked_add(len + PREFIX as u64);
    let start = start.ok_or_else(|| format!("tensor `{name}` begins beyond 64 bits"))?;
    let other_kind = (info.dtype != Dtype::F32).then(|| format!("{:?}", info.dtype));
    Ok(Found { start, bytes: Some(bytes as u64), other_kind, column_order: false, shape: info.shape.clone() })
}
