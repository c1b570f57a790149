//! Reads the batches of a list on another thread, ahead of the loop that takes them.
//!
//! Rows are read in pieces of many batches, as neighbours in the file are read together. One piece is with the loop,
//! and the next one is read meanwhile or waits for it: so two pieces are in memory, however slow the loop is.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use super::batch::FileBatch;
use super::gather::{Wanted, gather};
use super::rows::{ELEMENT, Rows};
use crate::error::FileError;
use crate::{Epoch, LastBatch, Result};

/// What is read.
pub(super) struct Job<R> {
    pub(super) files: Arc<[R]>,
    pub(super) row_shapes: Arc<[Vec<usize>]>,
    pub(super) epoch: Arc<Epoch>,
    pub(super) batch_size: usize,
    pub(super) last: LastBatch,
    /// Samples of a piece, at least 1, if the list is not in blocks.
    pub(super) read_ahead: usize,
    /// Threads that read a piece, at least 1.
    pub(super) threads: usize,
}

/// The thread that reads. Dropping it waits for the read that is under way, and for no other.
#[derive(Debug)]
pub(super) struct Reader {
    pieces: Option<Receiver<Result<Vec<FileBatch>>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    pub(super) fn start<R: Rows + 'static>(job: Job<R>) -> Result<Self> {
        let (to, pieces) = sync_channel(0);
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = Builder::new().name("climd-rows".into()).spawn(move || job.run(&to, &seen));
        let thread = thread.map_err(|error| FileError::ReaderEnded { reason: error.to_string() })?;
        Ok(Self { pieces: Some(pieces), stop, thread: Some(thread) })
    }

    /// The next batches; nothing after the last ones and after an error.
    pub(super) fn next(&mut self) -> Option<Result<Vec<FileBatch>>> {
        match self.pieces.as_ref()?.recv() {
            Ok(Ok(batches)) => return Some(Ok(batches)),
            Ok(Err(error)) => {
                self.end();
                return Some(Err(error));
            }
            Err(_) => {} // the thread has ended
        }
        let reason = self.end()?;
        Some(Err(FileError::ReaderEnded { reason }.into()))
    }

    /// Waits for the end of the thread. Returns what it panicked with, if it did.
    fn end(&mut self) -> Option<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.pieces = None; // a piece that waits to be taken is dropped
        let panic: Box<dyn Any + Send> = self.thread.take()?.join().err()?;
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        Some(text.or_else(|| panic.downcast_ref().cloned()).unwrap_or_else(|| "it panicked".into()))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.end();
    }
}

/// A batch, and where its samples are in the list.
type Begun = (Range<usize>, FileBatch);

impl<R: Rows> Job<R> {
    fn run(&self, to: &SyncSender<Result<Vec<FileBatch>>>, stop: &AtomicBool) {
        let len = self.epoch.len();
        let mut batches = (0..self.last.batches(len, self.batch_size)).map(|number| self.batch(number)).peekable();
        let (mut begun, mut at): (Vec<Begun>, usize) = (vec![], 0);
        while batches.peek().is_some() || !begun.is_empty() {
            let end = self.end_of_piece(at);
            let piece = (|| {
                while let Some(range) = batches.next_if(|range| range.start < end) {
                    begun.push(self.begin(range)?);
                }
                self.fill(&mut begun, at..end, stop)?;
                let done = begun.iter().take_while(|(range, _)| range.end <= end).count();
                Ok(begun.drain(..done).map(|(_, batch)| batch).collect::<Vec<_>>())
            })();
            let failed = piece.is_err();
            let goes_on = !stop.load(Ordering::Relaxed)
                && (matches!(&piece, Ok(batches) if batches.is_empty()) || to.send(piece).is_ok());
            if failed || !goes_on {
                return;
            }
            at = end;
        }
    }

    fn batch(&self, number: usize) -> Range<usize> {
        self.last.batch(number, self.epoch.len(), self.batch_size)
    }

    /// The end of the piece that begins here.
    fn end_of_piece(&self, at: usize) -> usize {
        let left = &self.epoch.indices()[at..];
        let len = match self.epoch.windows() {
            Some(windows) => left.iter().take_while(|&&sample| windows.of(sample) == windows.of(left[0])).count(),
            None => self.read_ahead.min(left.len()),
        };
        at + len
    }

    /// A batch without its rows.
    fn begin(&self, range: Range<usize>) -> Result<Begun> {
        let number_of_batches = self.last.batches(self.epoch.len(), self.batch_size);
        let is_last = range == self.batch(number_of_batches - 1);
        let rows = self.files.iter().map(|file| zeros(range.len(), file.width())).collect::<Result<_>>()?;
        let indices = self.epoch.indices()[range.clone()].to_vec();
        let position = self.epoch.position_after(range.end, is_last);
        Ok((range, FileBatch { rows, indices, position, row_shapes: Arc::clone(&self.row_shapes) }))
    }

    /// Reads the rows at these places of the list, which are in these batches or in none.
    fn fill(&self, begun: &mut [Begun], piece: Range<usize>, stop: &AtomicBool) -> Result<()> {
        for (number, file) in self.files.iter().enumerate() {
            let mut wanted: Vec<Wanted> = Vec::with_capacity(piece.len());
            for (range, batch) in &mut *begun {
                let from = piece.start.max(range.start) - range.start;
                let to = piece.end.min(range.end) - range.start;
                let rows = batch.rows[number].chunks_exact_mut(file.width()).skip(from);
                wanted.extend(batch.indices[from..to].iter().copied().zip(rows));
            }
            gather(file, &mut wanted, self.threads, stop)?;
        }
        Ok(())
    }
}

/// Zeros for these rows, or an error if there is no memory for them.
fn zeros(rows: usize, width: usize) -> Result<Vec<f32>> {
    let no_memory = || FileError::RowMemory { bytes: rows as u128 * width as u128 * ELEMENT as u128 };
    let len = rows.checked_mul(width).ok_or_else(no_memory)?;
    let mut values = vec![];
    values.try_reserve_exact(len).map_err(|_| no_memory())?;
    values.resize(len, 0.0);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row `i` has the value `i`; reading some row is a fault of some kind.
    #[derive(Debug, Default)]
    struct Store {
        panics_at: Option<u64>,
        width: usize,
    }

    impl Rows for Store {
        fn num_rows(&self) -> usize {
            10_000
        }

        fn width(&self) -> usize {
            self.width.max(1)
        }

        fn name(&self) -> String {
            "store".into()
        }

        fn read_bytes(&self, at: u64, bytes: &mut [u8]) -> Result<()> {
            for (row, value) in (at / 4..).zip(bytes.as_chunks_mut().0) {
                assert_ne!(Some(row), self.panics_at, "row {row} is poisoned");
                *value = (row as f32).to_le_bytes();
            }
            Ok(())
        }

        fn check_unchanged(&self) -> Result<()> {
            Ok(())
        }
    }

    fn start(store: Store, epoch: Epoch, threads: usize) -> (Reader, Arc<[Store]>) {
        let files: Arc<[Store]> = Arc::new([store]);
        let (row_shapes, epoch) = (Arc::new([vec![]]), Arc::new(epoch));
        let (files, same) = (Arc::clone(&files), files);
        let job = Job { files, row_shapes, epoch, batch_size: 10, last: LastBatch::Keep, read_ahead: 300, threads };
        (Reader::start(job).unwrap(), same)
    }

    #[test]
    fn a_panic_of_any_thread_is_an_error_and_no_hang() {
        for (row, threads, name) in [(0, 1, "row 0 is poisoned"), (700, 1, "row 700"), (899, 4, "row 899")] {
            let (mut reader, files) = start(Store { panics_at: Some(row), width: 1 }, Epoch::stretch(0..1000), threads);
            let mut read = 0;
            let error = loop {
                match reader.next().unwrap() {
                    Ok(batches) => read += batches.len(),
                    Err(error) => break error,
                }
            };
            assert_eq!((read, error.name()), (row as usize / 300 * 30, "ReaderEnded"));
            assert!(error.to_string().contains(name), "{error}");
            assert!(reader.next().is_none());
            assert_eq!(Arc::strong_count(&files), 1); // the thread is gone
        }
    }

    #[test]
    fn a_reader_dropped_at_any_time_leaves_no_thread() {
        for taken in 0..5 {
            let (mut reader, files) = start(Store::default(), Epoch::stretch(0..10_000), 2);
            for _ in 0..taken {
                assert_eq!(reader.next().unwrap().unwrap().len(), 30);
            }
            drop(reader); // the thread reads, or waits for its piece to be taken
            assert_eq!(Arc::strong_count(&files), 1);
        }
    }

    #[test]
    fn a_row_that_is_not_there_is_an_error_of_the_loop() {
        let (mut reader, _files) = start(Store::default(), Epoch::stretch(9_990..10_001), 1);
        assert_eq!(reader.next().unwrap().unwrap_err().name(), "NoSuchRow");
        assert!(reader.next().is_none());
    }

    #[test]
    fn rows_that_no_memory_can_hold_are_an_error() {
        let (mut reader, _files) = start(Store { width: usize::MAX / 64, panics_at: None }, Epoch::stretch(0..100), 1);
        assert_eq!(reader.next().unwrap().unwrap_err().name(), "RowMemory");
    }
}
