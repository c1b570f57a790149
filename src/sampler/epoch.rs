//! The index list of one epoch: skipped, sharded and batched.

use std::ops::Range;
use std::sync::Arc;

use super::blocks::{Blocks, Windows};
use super::shard::{self, ShardRemainder};
use crate::error::{ArgumentError, DistributedError, EpochError, TargetError};
use crate::labels::check_columns;
use crate::targets::{LabelCounts, Population};
use crate::{Error, Result, Warning};

/// A position in training: how many samples of an epoch are done, counted over all processes.
///
/// # Examples
/// ```
/// use climd::Position;
/// assert_eq!(Position::from(3), Position { epoch: 3, samples: 0 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Position {
    /// The epoch, from 0.
    pub epoch: usize,
    /// Number of samples of the epoch that are done, over all processes.
    pub samples: usize,
}

impl From<usize> for Position {
    /// The start of an epoch.
    fn from(epoch: usize) -> Self {
        Self { epoch, samples: 0 }
    }
}

/// What happens to the last samples of an epoch if they do not fill a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[doc(alias = "drop_last")]
#[non_exhaustive]
pub enum LastBatch {
    /// They are a smaller batch. But a single sample joins the batch before it, which is then one larger. The default.
    ///
    /// A layer of batch normalisation that trains on one sample writes NaN into its running variance. A batch of one is
    /// still possible if the batch size is 1, or if an epoch, or the rest of it, has one sample.
    #[default]
    MergeLone,
    /// They are a smaller batch, which may be a single sample.
    Keep,
    /// They are left out of this epoch. An epoch smaller than a batch then has no batch, and the report warns of it.
    Drop,
}

impl LastBatch {
    /// Number of batches of `len` samples; `batch_size` above 0.
    pub(crate) fn batches(self, len: usize, batch_size: usize) -> usize {
        match self {
            LastBatch::MergeLone if len > batch_size && len % batch_size == 1 => len / batch_size,
            LastBatch::MergeLone | LastBatch::Keep => len.div_ceil(batch_size),
            LastBatch::Drop => len / batch_size,
        }
    }

    /// Which of `len` samples the batch with this number holds; it is below the number of batches.
    pub(crate) fn batch(self, number: usize, len: usize, batch_size: usize) -> Range<usize> {
        let last = self != LastBatch::Drop && number + 1 == self.batches(len, batch_size);
        number * batch_size..if last { len } else { (number + 1) * batch_size }
    }

    /// The warning about an epoch of `len` samples, if there is one. `batch_size` is above 0.
    pub(crate) fn warning(self, len: usize, batch_size: usize) -> Option<Warning> {
        let lone = batch_size > 1 && (len == 1 || (self == LastBatch::Keep && len % batch_size == 1));
        match self.batches(len, batch_size) {
            0 => Some(Warning::NoBatch { len, batch_size }),
            _ => lone.then_some(Warning::LoneSample { len, batch_size }),
        }
    }
}

pub(crate) fn check_batch_size(batch_size: usize) -> Result<()> {
    if batch_size == 0 { Err(ArgumentError::BatchSize.into()) } else { Ok(()) }
}

/// The samples of one epoch in training order, or a part of them: after a skip, or for one process.
///
/// # Examples
/// ```
/// use climd::{CurriculumSampler, LastBatch, PowerLaw, PowerLawScheduler, ShardRemainder};
/// let sampler = PowerLawScheduler::new(&[0, 0, 0, 1, 1, 2], PowerLaw::default())?;
/// let epoch = sampler.epoch(99)?;
/// // the second of two processes, after 2 samples are done
/// let part = epoch.skip(2)?.shard(1, 2, ShardRemainder::Pad)?;
/// assert_eq!(part.indices(), [epoch.indices()[3], epoch.indices()[5]]);
/// assert_eq!(part.batches(1, LastBatch::MergeLone)?.len(), 2);
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Epoch {
    pub(super) number: usize,
    /// The whole list, or the whole of one process's part.
    pub(super) indices: Vec<u32>,
    /// Position in `indices` of the first sample that is left. Samples that are done stay, as padding comes from the
    /// start.
    pub(super) start: usize,
    /// Number of samples of each class in the whole epoch, largest class first.
    pub(super) counts: Vec<usize>,
    /// Of the whole epoch; empty for one label a sample.
    pub(super) labels: LabelCounts,
    pub(super) population: Option<Arc<Population>>,
    /// Length of the whole list, over all processes.
    pub(super) total: usize,
    /// Number of samples that are done, over all processes.
    pub(super) done: usize,
    /// The number of processes that the list was dealt to, if it was.
    pub(super) world_size: Option<usize>,
    /// Which samples are near each other in the list, if it is in blocks.
    pub(super) windows: Option<Arc<Windows>>,
    /// Memory that the next list can use.
    pub(super) spare: Vec<u32>,
}

impl Epoch {
    /// Number of the epoch, from 0.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Sample indices in training order.
    pub fn indices(&self) -> &[u32] {
        &self.indices[self.start..]
    }

    /// Sample indices in training order, without a copy if nothing was skipped.
    pub fn into_indices(mut self) -> Vec<u32> {
        self.indices.drain(..self.start);
        self.indices
    }

    /// Number of indices.
    pub fn len(&self) -> usize {
        self.indices.len() - self.start
    }

    /// Whether no samples are left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of samples of each class in the whole epoch, over all processes, largest class first. `skip` and `shard`
    /// do not change it. Empty for an epoch that was never filled.
    pub fn class_counts(&self) -> &[usize] {
        &self.counts
    }

    /// The position where it starts: number of the epoch, and number of samples that are done, over all processes.
    pub fn start(&self) -> Position {
        Position { epoch: self.number, samples: self.total.min(self.done) }
    }

    /// The logarithm of each class's share of the whole epoch, for a loss that corrects for it. `skip` and `shard` do
    /// not change it.
    ///
    /// # Shapes
    /// Returns `[num_logits]`: `ln(max(k, 1/2) / len)` for the `k` samples of label `c` in column `c`.
    ///
    /// # Errors
    /// [`LabelError::PriorWidth`](crate::error::LabelError::PriorWidth) if a label of the epoch is not a column;
    /// [`ArgumentError::OutOfRange`] for more than 2^24 columns; [`ArgumentError::Empty`] for an epoch that was never
    /// filled; [`TargetError::SeveralLabels`] if samples can have several labels: take [`log_odds`](Self::log_odds).
    ///
    /// # Source
    /// `docs/algorithm.md`, "The loss must know"; balanced softmax (Ren et al. 2020).
    pub fn log_prior(&self, num_logits: usize) -> Result<Vec<f32>> {
        let population = self.filled()?;
        if population.has_rows() {
            return Err(TargetError::SeveralLabels.into());
        }
        let classes = population.classes();
        let len = self.total as f64;
        check_columns(num_logits)?;
        let mut prior = vec![libm::log(0.5 / len) as f32; num_logits];
        for (class, &count) in self.counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
            prior[classes.column(class, num_logits)?] = libm::log(count as f64 / len) as f32;
        }
        Ok(prior)
    }

    /// How often the whole epoch has each label, `[L]`; the same before and after `skip` and `shard`.
    ///
    /// # Errors
    /// [`TargetError::OneLabel`] for one label a sample; [`ArgumentError::Empty`] for an epoch that was never filled.
    pub fn label_counts(&self) -> Result<&[usize]> {
        if self.filled()?.has_rows() {
            Ok(&self.labels.carried)
        } else {
            Err(TargetError::OneLabel { what: "Epoch::label_counts" }.into())
        }
    }

    /// The log odds of each label in the whole epoch, `[L]`, for a sigmoid loss that corrects for them:
    /// `ln(max(k, 1/2) / max(known - k, 1/2))` for `k` samples that carry it of the `known` of which it is known.
    ///
    /// # Errors
    /// As [`label_counts`](Self::label_counts).
    ///
    /// # Source
    /// `docs/algorithm.md`, "What a sigmoid loss must know".
    pub fn log_odds(&self) -> Result<Vec<f32>> {
        self.label_counts()?;
        Ok(self.labels.log_odds(self.total))
    }

    fn filled(&self) -> Result<&Population> {
        self.population
            .as_deref()
            .filter(|_| self.total > 0)
            .ok_or(Error::Argument(ArgumentError::Empty { argument: "epoch" }))
    }

    /// The rest of the epoch after `samples` samples, counted over all processes.
    ///
    /// To go on with another number of processes, skip first and shard then. With the same number, both orders give
    /// exactly what the unstopped run has left, padding included. On the part of one process, `samples` must divide by
    /// the number of processes.
    ///
    /// # Errors
    /// [`EpochError::Skip`] for more samples than are left; [`EpochError::SkipSharded`].
    pub fn skip(&self, samples: usize) -> Result<Self> {
        let world_size = self.world_size.unwrap_or(1);
        if !samples.is_multiple_of(world_size) {
            return Err(EpochError::SkipSharded { found: samples, world_size }.into());
        }
        let own = samples / world_size;
        if own > self.len() {
            return Err(EpochError::Skip { found: samples, len: self.len().saturating_mul(world_size) }.into());
        }
        Ok(Self { start: self.start + own, done: self.done.saturating_add(samples), ..self.with(self.indices.clone()) })
    }

    /// The same samples, in an order that reads a file in blocks: samples that are near each other in the file are near
    /// each other in the list, and are mixed with those of some other blocks. So a file larger than memory is read at
    /// the speed of the disk. It depends on the list, the number of the epoch and `blocks`, and on nothing else.
    ///
    /// Call it on the whole epoch; `skip` and `shard` then are as ever. A batch is mixed less than in a shuffled epoch:
    /// see [`Blocks`].
    ///
    /// # Errors
    /// [`ArgumentError::OutOfRange`] for a field of `blocks` that is 0; [`EpochError::BlocksOfPart`].
    ///
    /// # Complexity
    /// O(n) time; 4 bytes for each index, and 8 for each block.
    pub fn blocks(&self, blocks: Blocks) -> Result<Self> {
        if self.done > 0 || self.world_size.is_some() {
            return Err(EpochError::BlocksOfPart.into());
        }
        let (indices, windows) = blocks.arrange(&self.indices, self.number)?;
        Ok(Self { windows: Some(Arc::new(windows)), ..self.with(indices) })
    }

    /// Which samples are near each other in the list, if it is in blocks.
    #[cfg(feature = "files")]
    pub(crate) fn windows(&self) -> Option<&Windows> {
        self.windows.as_deref()
    }

    /// The part of one process: positions `rank`, `rank + world_size`, ... of the samples that are left.
    ///
    /// All parts have the same length, so that no process waits for another. `remainder` says how.
    ///
    /// # Errors
    /// [`DistributedError::Rank`] if `rank` is not below `world_size`; [`EpochError::ShardedTwice`].
    pub fn shard(&self, rank: usize, world_size: usize, remainder: ShardRemainder) -> Result<Self> {
        self.check_shard(rank, world_size)?;
        Ok(self.part_of(shard::every_nth(&self.indices, self.start, rank, world_size, remainder), world_size))
    }

    /// The part of one process, with each class, and each site in it, spread evenly over the processes. To resume, use
    /// the same `world_size`: shard the whole epoch first and skip then.
    ///
    /// `ShardRemainder::Drop` leaves out the end of the epoch's random order. So every class loses its share over the
    /// epochs.
    ///
    /// # Errors
    /// As [`shard`](Self::shard), and [`EpochError::SkippedStratified`] if some samples of the epoch are done.
    pub fn shard_stratified(&self, rank: usize, world_size: usize, remainder: ShardRemainder) -> Result<Self> {
        self.check_shard(rank, world_size)?;
        if self.done > 0 {
            return Err(EpochError::SkippedStratified { done: self.done }.into());
        }
        let strata = self.population.as_ref().map_or(&[][..], |population| population.strata().sample_classes());
        Ok(self.part_of(shard::stratified(&self.indices, strata, rank, world_size, remainder), world_size))
    }

    /// The indices in batches, each with the position after it. Take a state at that position.
    ///
    /// After the last batch that is the start of the next epoch. All parts that an epoch is dealt to have as many
    /// batches, of the same sizes.
    ///
    /// # Errors
    /// [`ArgumentError::BatchSize`] for batches of 0.
    pub fn batches(&self, batch_size: usize, last: LastBatch) -> Result<IndexBatches<'_>> {
        check_batch_size(batch_size)?;
        Ok(IndexBatches { epoch: self, batch_size, last, next: 0, count: last.batches(self.len(), batch_size) })
    }

    fn check_shard(&self, rank: usize, world_size: usize) -> Result<()> {
        if rank >= world_size {
            return Err(DistributedError::Rank { rank, world_size }.into());
        }
        if self.world_size.is_some() { Err(EpochError::ShardedTwice.into()) } else { Ok(()) }
    }

    /// Samples of the data set that it is of; none if it was never filled.
    #[cfg(any(feature = "files", feature = "tch"))]
    pub(crate) fn num_samples(&self) -> Option<usize> {
        self.population.as_ref().map(|population| population.len())
    }

    /// These samples in the order of the data, which are no epoch.
    #[cfg(feature = "files")]
    pub(crate) fn stretch(samples: Range<usize>) -> Self {
        let indices: Vec<u32> = samples.map(|sample| sample as u32).collect();
        Self { total: indices.len(), indices, ..Self::default() }
    }

    fn part_of(&self, indices: Vec<u32>, world_size: usize) -> Self {
        Self { start: 0, world_size: Some(world_size), ..self.with(indices) }
    }

    fn with(&self, indices: Vec<u32>) -> Self {
        let (counts, labels) = (self.counts.clone(), self.labels.clone());
        let (population, windows, spare) = (self.population.clone(), self.windows.clone(), Vec::new());
        Self { indices, counts, labels, population, windows, spare, ..*self }
    }

    /// The position after `local` of the samples that are left; the start of the next epoch if `last`.
    pub(crate) fn position_after(&self, local: usize, last: bool) -> Position {
        if last {
            return Position::from(self.number.saturating_add(1));
        }
        let after = local.saturating_mul(self.world_size.unwrap_or(1)).saturating_add(self.done);
        let samples = self.total.min(after);
        Position { epoch: self.number, samples }
    }
}

/// Iterator over the batches of an [`Epoch`]: indices, and the position after them.
#[derive(Debug, Clone)]
pub struct IndexBatches<'a> {
    epoch: &'a Epoch,
    batch_size: usize,
    last: LastBatch,
    next: usize,
    count: usize,
}

impl<'a> Iterator for IndexBatches<'a> {
    type Item = (&'a [u32], Position);

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.count {
            return None;
        }
        let batch = self.last.batch(self.next, self.epoch.len(), self.batch_size);
        self.next += 1;
        Some((&self.epoch.indices()[batch.clone()], self.epoch.position_after(batch.end, self.next == self.count)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count - self.next, Some(self.count - self.next))
    }
}

impl ExactSizeIterator for IndexBatches<'_> {}
