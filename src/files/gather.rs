//! Reads rows of any numbers: sorted, neighbours in one read, on several threads.
//!
//! A read of its own for each row costs a call and, if the row is not in memory, a trip to the disk. Rows that are near
//! each other in the file are cheaper together, also with the rows between them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::row_file::RowFile;
use super::rows::{ELEMENT, Rows, decode};
use crate::error::{ArgumentError, FileError};
use crate::{Error, Result};

/// Bytes between two rows that are read with them.
const GAP: usize = 1 << 16;
/// Bytes of a read, if a row is not longer. They stay in the cache until they are copied.
const RUN: usize = 1 << 20;
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
    let threads = threads.min(wanted.len() / THREAD).max(1);
    let runs = Mutex::new(Runs { wanted, row_bytes: rows.width() * ELEMENT });
    // a function of its own, so that the lock is free while a run is read
    let next = || runs.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut bytes = vec![];
        while let Some(run) = next()
            && !stop.load(Ordering::Relaxed)
        {
            read_run(rows, run, &mut bytes)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map(|_| thread::Builder::new().spawn_scoped(scope, work))
            .collect::<std::io::Result<_>>()
            .map_err(|error| Error::File(FileError::ReaderEnded { reason: error.to_string() }))?;
        let mut result = work();
        for other in others {
            result = result.and(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        result
    })
}

/// Ascending rows, cut into runs that are read at once. Threads take the next run each: so all of them together go
/// through the file from its begin to its end, and the system reads ahead.
struct Runs<'a, 'b> {
    wanted: &'a mut [Wanted<'b>],
    row_bytes: usize,
}

impl<'a, 'b> Iterator for Runs<'a, 'b> {
    type Item = &'a mut [Wanted<'b>];

    fn next(&mut self) -> Option<Self::Item> {
        let (most, gap) = ((RUN / self.row_bytes) as u32, (GAP / self.row_bytes) as u32);
        let first = self.wanted.first()?.0;
        let mut count = 1;
        while let Some(&(row, _)) = self.wanted.get(count)
            && row - self.wanted[count - 1].0 <= gap + 1
            && row - first < most
        {
            count += 1;
        }
        let (run, rest) = std::mem::take(&mut self.wanted).split_at_mut(count);
        self.wanted = rest;
        Some(run)
    }
}

fn read_run(rows: &impl Rows, run: &mut [Wanted], bytes: &mut Vec<u8>) -> Result<()> {
    let row_bytes = rows.width() * ELEMENT;
    let (first, last) = (run[0].0, run[run.len() - 1].0);
    let start = u64::from(first) * row_bytes as u64;
    if row_bytes > RUN {
        return run.iter_mut().try_for_each(|(_, values)| long_row(rows, start, values, bytes));
    }
    bytes.resize((last - first + 1) as usize * row_bytes, 0);
    rows.read_bytes(start, bytes)?;
    for (row, values) in run {
        let at = (*row - first) as usize * row_bytes;
        decode(&bytes[at..at + row_bytes], values);
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::{Duration, Instant};

    use super::*;

    /// Rows whose first read waits for a second one, though not for ever.
    #[derive(Default)]
    struct Pairs {
        begun: AtomicUsize,
        most: AtomicUsize,
    }

    impl Rows for Pairs {
        fn num_rows(&self) -> usize {
            1000
        }

        fn width(&self) -> usize {
            RUN / ELEMENT // a read each
        }

        fn name(&self) -> String {
            "pairs".into()
        }

        fn read_bytes(&self, _: u64, _: &mut [u8]) -> Result<()> {
            let mut at_once = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            let start = Instant::now();
            while at_once < 2 && self.most.load(Ordering::SeqCst) == 0 && start.elapsed() < Duration::from_secs(20) {
                thread::yield_now();
                at_once = self.begun.load(Ordering::SeqCst);
            }
            self.most.fetch_max(at_once, Ordering::SeqCst);
            self.begun.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        }

        fn check_unchanged(&self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn threads_read_at_once() {
        let pairs = Pairs::default();
        let mut wanted: Vec<Wanted> = (0..2 * THREAD as u32).map(|row| (row, &mut [][..])).collect();
        gather(&pairs, &mut wanted, 2, &AtomicBool::new(false)).unwrap();
        assert!(pairs.most.load(Ordering::SeqCst) > 1);
    }
}
