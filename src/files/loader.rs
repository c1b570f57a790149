//! Batches of files larger than memory, in the order of a sampler.

use std::ops::Range;
use std::sync::Arc;

use super::ahead::{Job, Reader};
use super::batch::FileBatch;
use super::buffer::Pool;
use super::row_file::RowFile;
use crate::error::{ArgumentError, EpochError, FileError, LabelError};
use crate::sampler::check_batch_size;
use crate::{Blocks, CurriculumSampler, Epoch, Error, LastBatch, Position, Result, ShardRemainder};

/// Bytes that are read together by default.
const PIECE: usize = 1 << 26;

/// A data set in files that are larger than memory, which gives batches. The next ones are read on other threads while
/// you train. It needs no framework; `FileBatch::tensors` (feature `tch`) makes tensors.
///
/// Rows that are read together are in memory twice: those that you train on, and the next ones. By default that is 64
/// MiB each, over all files: see [`read_ahead`](Self::read_ahead).
///
/// # Examples
/// ```
/// use climd::{Blocks, CurriculumSampler, FileLoader, PowerLaw, PowerLawScheduler, RowFile};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("image.npy");
/// # let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 4), }";
/// # std::fs::write(&path, [b"\x93NUMPY\x01\x00\x3b\0", header.as_bytes(), &[0; 96]].concat()).unwrap();
/// // row i of each file is of sample i
/// let loader = FileLoader::new(vec![RowFile::open(&path)?], 2)?.blocks(Blocks { seed: 7, ..Default::default() });
/// let labels = [0, 0, 0, 0, 1, 1];
/// let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 3, ..Default::default() })?.seed(7);
/// for epoch in 0..3 {
///     if sampler.wants_scores(epoch) {
///         let mut scores = vec![];
///         for batch in loader.samples(sampler.part())? {
///             scores.resize(scores.len() + batch?.indices.len(), 0.5); // of your network, in evaluation mode
///         }
///         sampler.update(epoch, &scores)?;
///     }
///     for batch in loader.epoch(&sampler, epoch)? {
///         let batch = batch?; // reading can fail
///         assert_eq!(batch.shapes(), [[batch.indices.len(), 4]]);
///         assert_eq!(batch.rows[0].len(), batch.indices.len() * 4); // your training step
///     }
/// }
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FileLoader {
    files: Arc<[RowFile]>,
    row_shapes: Arc<[Vec<usize>]>,
    batch_size: usize,
    last_batch: LastBatch,
    remainder: ShardRemainder,
    blocks: Option<Blocks>,
    read_ahead: usize,
    threads: usize,
}

impl FileLoader {
    /// A loader of these files, one for each modality. Row `i` of each is of sample `i`.
    ///
    /// # Errors
    /// [`ArgumentError::Empty`], [`ArgumentError::BatchSize`], [`FileError::RowsDiffer`],
    /// [`LabelError::TooManySamples`].
    pub fn new(files: Vec<RowFile>, batch_size: usize) -> Result<Self> {
        check_batch_size(batch_size)?;
        let first = files.first().ok_or(ArgumentError::Empty { argument: "files" })?;
        let shown = |file: &RowFile| file.path().display().to_string();
        for file in &files {
            let (found, expected) = (file.num_rows(), first.num_rows());
            if found != expected {
                let (path, first) = (shown(file), shown(first));
                return Err(FileError::RowsDiffer { path, found, first, expected }.into());
            }
        }
        if u32::try_from(first.num_rows()).is_err() {
            return Err(LabelError::TooManySamples { found: first.num_rows() }.into());
        }
        let bytes = files.iter().fold(0usize, |sum, file| sum.saturating_add(file.width().saturating_mul(4)));
        Ok(Self {
            row_shapes: files.iter().map(|file| file.row_shape().to_vec()).collect(),
            files: files.into(),
            batch_size,
            last_batch: LastBatch::default(),
            remainder: ShardRemainder::Pad,
            blocks: None,
            read_ahead: (PIECE / bytes).max(batch_size),
            threads: 8,
        })
    }

    /// The same loader with this rule for the last batch of an epoch. By default a single last sample joins the batch
    /// before it.
    #[must_use]
    pub fn last_batch(mut self, last: LastBatch) -> Self {
        self.last_batch = last;
        self
    }

    /// The same loader with this rule for an epoch that does not divide by the number of processes. By default it is
    /// padded.
    #[must_use]
    pub fn shard_remainder(mut self, remainder: ShardRemainder) -> Self {
        self.remainder = remainder;
        self
    }

    /// The same loader with the epochs of [`epoch`](Self::epoch) in blocks: see [`Blocks`]. By default samples are in
    /// the order of the sampler, and their rows are all over the file.
    #[must_use]
    pub fn blocks(mut self, blocks: Blocks) -> Self {
        self.blocks = Some(blocks);
        self
    }

    /// The same loader, which reads the rows of this number of samples together. More of them are nearer to each other
    /// in the file, and take more memory. An epoch in blocks is read a window at a time instead.
    ///
    /// # Errors
    /// [`ArgumentError::OutOfRange`] for 0.
    pub fn read_ahead(mut self, samples: usize) -> Result<Self> {
        self.read_ahead = at_least_one("samples", samples)?;
        Ok(self)
    }

    /// The same loader with this number of threads that read at once. Default 8: they wait for the disk more than they
    /// compute.
    ///
    /// # Errors
    /// [`ArgumentError::OutOfRange`] for 0.
    pub fn threads(mut self, threads: usize) -> Result<Self> {
        self.threads = at_least_one("threads", threads)?;
        Ok(self)
    }

    /// Number of samples `N`.
    pub fn len(&self) -> usize {
        self.files[0].num_rows()
    }

    /// Always false, as a loader without samples cannot be built.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The files.
    pub fn files(&self) -> &[RowFile] {
        &self.files
    }

    /// The batches of an epoch in the sampler's order, from a position on. The number of an epoch means its start.
    /// [`blocks`](Self::blocks) makes another order of it.
    ///
    /// With many processes they are the batches of this one's part: each process takes every `world_size`-th sample,
    /// and none makes the whole list: [`CurriculumSampler::part_of_epoch`]. Blocks are made of the whole list.
    /// Together.
    ///
    /// # Errors
    /// [`ArgumentError::Length`] if the sampler belongs to another data set; [`EpochError::Skip`] if the position is
    /// beyond the epoch; as [`CurriculumSampler::epoch`] and [`Epoch::blocks`]; [`FileError::ReaderEnded`] if no thread
    /// can be started. Reading fails in the loop: see [`FileBatches`].
    pub fn epoch(&self, sampler: &dyn CurriculumSampler, at: impl Into<Position>) -> Result<FileBatches> {
        let at = at.into();
        self.check(sampler.classes().sample_classes().len())?;
        let Some(blocks) = self.blocks else {
            return self.batches(sampler.part_of_epoch(at, self.remainder)?);
        };
        let mut epoch = sampler.epoch(at.epoch)?.blocks(blocks)?;
        if at.samples > 0 {
            epoch = epoch.skip(at.samples)?;
        }
        if sampler.world_size() > 1 {
            epoch = epoch.shard(sampler.rank(), sampler.world_size(), self.remainder)?;
        }
        self.batches(epoch)
    }

    /// The batches of an epoch, or of a part of it, in the order that it has.
    ///
    /// # Errors
    /// [`ArgumentError::Length`] if the epoch is of another data set; [`FileError::ReaderEnded`].
    pub fn batches(&self, epoch: Epoch) -> Result<FileBatches> {
        if let Some(found) = epoch.num_samples() {
            self.check(found)?;
        }
        self.start(epoch, self.last_batch)
    }

    /// These samples once, in the order of the files, to measure them: all are `0..loader.len()`, and those of a
    /// process are [`CurriculumSampler::part`]. None is left out. The positions of these batches have no meaning.
    ///
    /// # Errors
    /// [`EpochError::Samples`] if the files do not have them; [`FileError::ReaderEnded`].
    pub fn samples(&self, samples: Range<usize>) -> Result<FileBatches> {
        let (start, end, len) = (samples.start, samples.end, self.len());
        if start > end || end > len {
            return Err(EpochError::Samples { start, end, len }.into());
        }
        let last = if self.last_batch == LastBatch::Drop { LastBatch::Keep } else { self.last_batch };
        self.start(Epoch::stretch(samples), last)
    }

    fn start(&self, epoch: Epoch, last: LastBatch) -> Result<FileBatches> {
        let epoch = Arc::new(epoch);
        let (files, row_shapes) = (Arc::clone(&self.files), Arc::clone(&self.row_shapes));
        let (batch_size, read_ahead, threads) = (self.batch_size, self.read_ahead, self.threads);
        let pools = self.files.iter().map(|_| Pool::default()).collect();
        let left = last.batches(epoch.len(), batch_size);
        let job = Job { files, row_shapes, epoch: Arc::clone(&epoch), batch_size, last, read_ahead, threads, pools };
        Ok(FileBatches { reader: Reader::start(job)?, ready: vec![].into_iter(), left, epoch })
    }

    fn check(&self, found: usize) -> Result<()> {
        if found == self.len() {
            return Ok(());
        }
        let rule = "the sampler must be built from the labels of these rows";
        Err(ArgumentError::Length { argument: "sampler".into(), found, expected: self.len(), rule }.into())
    }
}

fn at_least_one(argument: &'static str, found: usize) -> Result<usize> {
    if found > 0 {
        return Ok(found);
    }
    Err(Error::Argument(ArgumentError::OutOfRange { argument, found: 0.0, range: "at least 1" }))
}

/// The batches of a [`FileLoader`]. It borrows nothing, so a sampler can be updated in the loop.
///
/// A batch that cannot be read is an error, and the last thing that it gives: [`FileError::RowFile`],
/// [`FileError::RowFileChanged`], [`FileError::RowMemory`], [`FileError::ReaderEnded`]. Dropping it ends the threads,
/// and waits for the reads that are under way.
#[derive(Debug)]
pub struct FileBatches {
    reader: Reader,
    ready: std::vec::IntoIter<FileBatch>,
    left: usize,
    epoch: Arc<Epoch>,
}

impl FileBatches {
    /// The epoch that it reads, or the part of it: for [`Epoch::log_prior`], say.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }
}

impl Iterator for FileBatches {
    type Item = Result<FileBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.ready.next() {
                self.left -= 1;
                return Some(Ok(batch));
            }
            match self.reader.next()? {
                Ok(batches) => self.ready = batches.into_iter(),
                Err(error) => {
                    self.left = 0;
                    return Some(Err(error));
                }
            }
        }
    }

    /// As many as are left, if all can be read.
    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left.max(1)))
    }
}

impl std::iter::FusedIterator for FileBatches {}
