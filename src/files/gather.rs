//! Reads rows of any numbers: sorted, neighbours in one read, on several threads.
//!
//! A read of its own for each row costs a call and, if the row is not in memory, a trip to the disk. Rows that are near
//! each other in the file are cheaper together, also with the rows between them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::row_file::RowFile;
use super::rows::{ELEMENT, Rows, decode};
use crate::error::{ArgumentError, FileError};
use crate::{Error, Result};

/// Bytes between two rows that are read with them.
const GAP: usize = 1 << 16;
/// Bytes of a read, if a row is not longer. They stay in the cache until they are copied.
const RUN: usize = 1 << 18;
/// Rows for which a thread is worth its start.
const THREAD: usize = 32;

/// A row, and where it goes.
pub(super) type Wanted<'a> = (u32, &'a mut [f32]);

impl RowFile {
    /// Reads the rows of these numbers, in their order. Rows that are near each other in the file are read together.
    /// The values are those of [`read`](Self::read).
    ///
    /// # Shapes
    /// `rows`: `[n, ...]` for `n` indices, [`width`](Self::width) values each.
    ///
    /// # Errors
    /// [`ArgumentError::Length`]; [`FileError::NoSuchRow`], and nothing is read; [`FileError::RowFile`];
    /// [`FileError::RowFileChanged`].
    pub fn gather(&self, indices: &[u32], rows: &mut [f32]) -> Result<()> {
        let expected = indices.len().saturating_mul(self.width());
        if rows.len() != expected {
            let (argument, found, rule) = ("rows".into(), rows.len(), "it needs a row for each index");
            return Err(ArgumentError::Length { argument, found, expected, rule }.into());
        }
        let mut wanted: Vec<Wanted> = indices.iter().copied().zip(rows.chunks_exact_mut(self.width())).collect();
        gather(self, &mut wanted, 1, &AtomicBool::new(false))
    }
}

/// Reads these rows. Ends early, without an error, if `stop` is set.
pub(super) fn gather(rows: &impl Rows, wanted: &mut [Wanted], threads: usize, stop: &AtomicBool) -> Result<()> {
    wanted.sort_unstable_by_key(|&(row, _)| row);
    if let Some(&(row, _)) = wanted.last()
        && row as usize >= rows.num_rows()
    {
        return Err(FileError::NoSuchRow { path: rows.name(), index: row as usize, rows: rows.num_rows() }.into());
    }
    rows.check_unchanged()?;
    let part = wanted.len().div_ceil(threads).max(THREAD);
    thread::scope(|scope| {
        let mut parts = wanted.chunks_mut(part);
        let first = parts.next().unwrap_or_default();
        let others: Vec<_> = parts
            .map(|part| thread::Builder::new().spawn_scoped(scope, move || ascending(rows, part, stop)))
            .collect::<std::io::Result<_>>()
            .map_err(|error| Error::File(FileError::ReaderEnded { reason: error.to_string() }))?;
        let mut result = ascending(rows, first, stop);
        for other in others {
            result = result.and(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        result
    })
}

/// Reads these rows, which ascend.
fn ascending(rows: &impl Rows, mut wanted: &mut [Wanted], stop: &AtomicBool) -> Result<()> {
    let row_bytes = rows.width() * ELEMENT;
    let (most, gap) = ((RUN / row_bytes) as u32, (GAP / row_bytes) as u32);
    let mut bytes = vec![];
    while let Some(&mut (first, ref mut values)) = wanted.first_mut() {
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let start = u64::from(first) * row_bytes as u64;
        if most < 2 {
            long_row(rows, start, values, &mut bytes)?;
            wanted = &mut std::mem::take(&mut wanted)[1..];
            continue;
        }
        let mut count = 1;
        while let Some(&(row, _)) = wanted.get(count)
            && row - wanted[count - 1].0 <= gap + 1
            && row - first < most
        {
            count += 1;
        }
        let run;
        (run, wanted) = std::mem::take(&mut wanted).split_at_mut(count);
        bytes.resize((run[count - 1].0 - first + 1) as usize * row_bytes, 0);
        rows.read_bytes(start, &mut bytes)?;
        for (row, values) in run {
            let at = (*row - first) as usize * row_bytes;
            decode(&bytes[at..at + row_bytes], values);
        }
    }
    Ok(())
}

/// Reads a row, in parts if it is long.
fn long_row(rows: &impl Rows, mut at: u64, values: &mut [f32], bytes: &mut Vec<u8>) -> Result<()> {
    for part in values.chunks_mut(RUN / ELEMENT) {
        bytes.resize(size_of_val(part), 0);
        rows.read_bytes(at, bytes)?;
        decode(bytes, part);
        at += bytes.len() as u64;
    }
    Ok(())
}
