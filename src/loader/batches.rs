//! The batches of an epoch.

use std::ops::Range;

use tch::{Device, Tensor};

use super::origin::Origin;
use crate::{Epoch, LastBatch, Position, Result};

/// One batch: the rows of these samples.
#[derive(Debug)]
pub struct Batch {
    /// Rows of each modality, `[n, ...]`, on the loader's device.
    pub modalities: Vec<Tensor>,
    /// Labels on the loader's device: `[n]`, Int64, or, of a [multi-hot](crate::CurriculumLoader::multi_hot) loader,
    /// `[n, L]`,
    /// Int8.
    pub labels: Tensor,
    /// Sample indices, `[n]`, Int64, on the loader's device.
    pub indices: Tensor,
    /// The position after this batch. Take a state at this position.
    pub position: Position,
    pub(super) origin: Origin,
}

/// What a loader has that batches are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) modalities: &'a [Tensor],
    pub(super) targets: &'a Tensor,
    pub(super) device: Device,
    /// The number of the loader.
    pub(super) loader: u64,
}

/// The batches of [`CurriculumLoader::epoch`](crate::CurriculumLoader::epoch). It borrows only the loader, so a sampler
/// can be updated in the loop.
#[derive(Debug)]
pub struct Batches<'a> {
    source: Source<'a>,
    list: Vec<i64>,
    batch_size: usize,
    last: LastBatch,
    next: usize,
    count: usize,
    epoch: Epoch,
}

impl<'a> Batches<'a> {
    pub(super) fn new(source: Source<'a>, list: Vec<i64>, batch_size: usize, last: LastBatch, epoch: Epoch) -> Self {
        let count = last.batches(list.len(), batch_size);
        Self { source, list, batch_size, last, next: 0, count, epoch }
    }
}

impl Batches<'_> {
    /// The logarithm of each class's share of the whole epoch: [`Epoch::log_prior`].
    ///
    /// # Errors
    /// As there; [`ArgumentError::Empty`](crate::error::ArgumentError::Empty) for the batches of
    /// [`CurriculumLoader::all`](crate::CurriculumLoader::all), which belong to no epoch.
    pub fn log_prior(&self, num_logits: usize) -> Result<Vec<f32>> {
        self.epoch.log_prior(num_logits)
    }

    /// The log odds of each label in the whole epoch: [`Epoch::log_odds`].
    ///
    /// # Errors
    /// As there.
    pub fn log_odds(&self) -> Result<Vec<f32>> {
        self.epoch.log_odds()
    }
}

impl Iterator for Batches<'_> {
    type Item = Batch;

    /// # Panics
    /// If the device runs out of memory, as tch's own iterators do.
    fn next(&mut self) -> Option<Batch> {
        if self.next == self.count {
            return None;
        }
        let Range { start, end } = self.last.batch(self.next, self.list.len(), self.batch_size);
        self.next += 1;
        let indices = Tensor::from_slice(&self.list[start..end]);
        let Source { modalities, targets, device, loader } = self.source;
        let rows = |all: &Tensor| all.index_select(0, &indices.to_device(all.device())).to_device(device);
        Some(Batch {
            modalities: modalities.iter().map(rows).collect(),
            labels: rows(targets),
            position: self.epoch.position_after(end, self.next == self.count),
            indices: indices.to_device(device),
            origin: Origin {
                loader,
                epoch: self.epoch.num_samples().map(|_| self.epoch.number()),
                samples: self.list[start..end].iter().map(|&sample| sample as u32).collect(),
            },
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count - self.next, Some(self.count - self.next))
    }
}

impl ExactSizeIterator for Batches<'_> {}
