//! Batches of tensors in a sampler's order: what a tch training loop iterates over.

use std::ops::Range;

use tch::{Device, Kind, Tensor};

use crate::sampler::check_batch_size;
use crate::tensor::{self, defined, integers, to_vec, wrong_shape};
use crate::{CurriculumSampler, Epoch, Error, LastBatch, MultimodalMeasurer, Position, Result, Terms};

/// One batch: the rows of these samples.
#[derive(Debug)]
pub struct Batch {
    /// Rows of each modality, `[n, ...]`, on the loader's device.
    pub modalities: Vec<Tensor>,
    /// Labels, `[n]`, Int64, on the loader's device.
    pub labels: Tensor,
    /// Sample indices, `[n]`, Int64, on the loader's device.
    pub indices: Tensor,
    /// The position after this batch, which is where a state is to be taken.
    pub position: Position,
}

/// A data set in tensors, dealt out in batches: where a loop now has tch's `Iter2`.
///
/// # Examples
/// ```
/// use climd::{CurriculumLoader, PowerLaw, PowerLawScheduler};
/// use tch::{Kind, Tensor};
///
/// let (image, text) = (Tensor::rand([6, 4], tch::kind::FLOAT_CPU), Tensor::rand([6, 3], tch::kind::FLOAT_CPU));
/// let loader = CurriculumLoader::new(vec![image, text], Tensor::from_slice(&[0i64, 0, 0, 0, 1, 1]), 2)?;
/// let schedule = PowerLaw { epochs: 3, ..Default::default() };
/// let mut sampler = PowerLawScheduler::new(loader.labels(), schedule)?.seed(7);
/// for epoch in 0..3 {
///     loader.refresh(&mut sampler, epoch, |x| {
///         // your network in evaluation mode: logits and embeddings of each modality
///         let logits = x.iter().map(|x| x.narrow(1, 0, 2)).collect();
///         let embeddings = x.iter().map(|x| x.narrow(1, 0, 3)).collect();
///         (logits, embeddings)
///     })?;
///     for batch in loader.epoch(&sampler, epoch)? {
///         assert_eq!(batch.modalities[0].size(), [batch.labels.size()[0], 4]); // your training step
///     }
/// }
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug)]
pub struct CurriculumLoader {
    modalities: Vec<Tensor>,
    targets: Tensor, // [N], Int64, where the caller has it
    labels: Vec<i64>,
    batch_size: usize,
    measure_batch_size: usize,
    last_batch: LastBatch,
    device: Device,
    terms: Terms,
    present: Option<Tensor>, // [N, M], bool
}

impl CurriculumLoader {
    /// A loader of these samples, on the device of the first modality.
    ///
    /// # Shapes
    /// `modalities`: any number of tensors `[N, ...]`, of any kind and device; `labels`: `[N]`, integers.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::Undefined`], [`Error::Shape`], [`Error::Kind`], [`Error::BatchSize`].
    pub fn new(modalities: Vec<Tensor>, labels: Tensor, batch_size: usize) -> Result<Self> {
        check_batch_size(batch_size)?;
        let n = integers("labels", &labels, "[N]")?;
        if n == 0 {
            return Err(Error::Empty { argument: "labels" });
        }
        if modalities.is_empty() {
            return Err(Error::Empty { argument: "modalities" });
        }
        for (m, tensor) in modalities.iter().enumerate() {
            let argument = format!("modalities[{m}]");
            defined(&argument, tensor)?;
            if tensor.size().first() != Some(&n) {
                return Err(wrong_shape(&argument, tensor, &format!("[{n}, ...]: a row for each label")));
            }
        }
        let targets = labels.f_detach()?.f_to_kind(Kind::Int64)?;
        Ok(Self {
            labels: to_vec(&targets.f_to_device(Device::Cpu)?)?,
            device: modalities[0].device(),
            modalities,
            targets,
            batch_size,
            measure_batch_size: batch_size,
            last_batch: LastBatch::Keep,
            terms: Terms::Both,
            present: None,
        })
    }

    /// The same loader with batches on this device. The data stay where they are: move them there first if they fit.
    ///
    /// # Errors
    /// [`Error::NoCuda`] for a CUDA device that libtorch does not see.
    pub fn device(mut self, device: Device) -> Result<Self> {
        if let Device::Cuda(index) = device {
            let devices = tch::Cuda::device_count();
            if index as i64 >= devices {
                return Err(Error::NoCuda { index, devices: devices.max(0) as usize });
            }
        }
        self.device = device;
        Ok(self)
    }

    /// The same loader that treats the samples which do not fill the last batch of an epoch so.
    #[must_use]
    pub fn last_batch(mut self, last: LastBatch) -> Self {
        self.last_batch = last;
        self
    }

    /// The same loader, measuring with these terms.
    #[must_use]
    pub fn terms(mut self, terms: Terms) -> Self {
        self.terms = terms;
        self
    }

    /// The same loader, measuring in batches of this size: a forward pass without gradient has room for more samples
    /// than a training step, and the scores are the same.
    ///
    /// # Errors
    /// [`Error::BatchSize`] for 0.
    pub fn measure_batch_size(mut self, batch_size: usize) -> Result<Self> {
        check_batch_size(batch_size)?;
        self.measure_batch_size = batch_size;
        Ok(self)
    }

    /// The same loader, measuring with a mask of the modalities that each sample has, `[N, M]` of kind bool.
    ///
    /// # Errors
    /// [`Error::Kind`], [`Error::Shape`], [`Error::NoModality`].
    pub fn present(mut self, mask: &Tensor) -> Result<Self> {
        self.present = Some(tensor::mask(mask, self.labels.len())?);
        Ok(self)
    }

    /// The labels, `[N]`: what a sampler is built from.
    pub fn labels(&self) -> &[i64] {
        &self.labels
    }

    /// Number of samples `N`.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always false: a loader of no samples cannot be built.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Every sample once, in the order of the data, none left out: for evaluation. The batches' positions mean nothing.
    pub fn all(&self) -> Batches<'_> {
        let list = (0..self.labels.len() as i64).collect();
        Batches::new(self, list, self.measure_batch_size, LastBatch::Keep, Epoch::default())
    }

    /// The batches of an epoch in the sampler's order, from a position on: an epoch's number stands for its start.
    ///
    /// # Errors
    /// [`Error::Length`] if the sampler is of another data set; [`Error::Skip`] if the position is beyond the epoch;
    /// [`Error::Quota`].
    pub fn epoch(&self, sampler: &dyn CurriculumSampler, at: impl Into<Position>) -> Result<Batches<'_>> {
        let at = at.into();
        self.check_sampler(sampler.classes().sample_classes().len())?;
        let mut epoch = sampler.epoch(at.epoch)?;
        if at.samples > 0 {
            epoch = epoch.skip(at.samples)?;
        }
        Ok(self.batches(epoch))
    }

    /// The batches of an epoch, or of what was made of it: one process's part, say.
    pub fn batches(&self, epoch: Epoch) -> Batches<'_> {
        let list = epoch.indices().iter().map(|&sample| sample.into()).collect();
        Batches::new(self, list, self.batch_size, self.last_batch, epoch)
    }

    /// Measures all samples if the sampler wants scores for this epoch, and hands them over. Returns whether it did.
    ///
    /// `outputs` maps the modalities of a batch to logits and embeddings of each modality. It runs without gradient;
    /// put the network into evaluation mode in it.
    ///
    /// # Errors
    /// [`Error::Length`] if the sampler is of another data set; those of [`MultimodalMeasurer::observe`] and
    /// [`MultimodalMeasurer::finish`]. The sampler is then unchanged.
    pub fn refresh<S, F>(&self, sampler: &mut S, epoch: usize, mut outputs: F) -> Result<bool>
    where
        S: CurriculumSampler + ?Sized,
        F: FnMut(&[Tensor]) -> (Vec<Tensor>, Vec<Tensor>),
    {
        self.check_sampler(sampler.classes().sample_classes().len())?;
        if !sampler.wants_scores(epoch) {
            return Ok(false);
        }
        sampler.update(epoch, &self.measure(0..self.len(), &mut outputs)?)?;
        Ok(true)
    }

    /// The scores of a stretch of samples, in the order of the data: what one rank of several measures, for
    /// [`Distributed::update`](crate::Distributed::update). `outputs` as for [`refresh`](Self::refresh).
    ///
    /// # Errors
    /// [`Error::Samples`] if the stretch is not part of the data; those of [`MultimodalMeasurer::observe`] and
    /// [`MultimodalMeasurer::finish`], where a sample is known by its place in the stretch.
    pub fn measure<F>(&self, samples: Range<usize>, mut outputs: F) -> Result<Vec<f32>>
    where
        F: FnMut(&[Tensor]) -> (Vec<Tensor>, Vec<Tensor>),
    {
        let (start, end, len) = (samples.start, samples.end, self.len());
        let labels = self.labels.get(samples).ok_or(Error::Samples { start, end, len })?;
        if labels.is_empty() {
            return Ok(vec![]); // of a rank without samples
        }
        let (first, count) = (start as i64, labels.len() as i64);
        let mut measurer = MultimodalMeasurer::new(labels)?.terms(self.terms);
        if let Some(mask) = &self.present {
            measurer = measurer.present(&mask.f_narrow(0, first, count)?)?;
        }
        let list = (start as i64..end as i64).collect();
        for batch in Batches::new(self, list, self.measure_batch_size, LastBatch::Keep, Epoch::default()) {
            let (logits, embeddings) = tch::no_grad(|| outputs(&batch.modalities));
            measurer.observe(&batch.indices.f_sub_scalar(first)?, &logits, &embeddings)?;
        }
        measurer.finish()
    }

    fn check_sampler(&self, found: usize) -> Result<()> {
        if found == self.len() {
            return Ok(());
        }
        let rule = "the sampler must be built from `loader.labels()`";
        Err(Error::Length { argument: "sampler".into(), found, expected: self.len(), rule })
    }
}

/// The batches of [`CurriculumLoader::epoch`]. Borrows the loader alone, so a sampler can be updated in the loop.
#[derive(Debug)]
pub struct Batches<'a> {
    loader: &'a CurriculumLoader,
    list: Vec<i64>,
    batch_size: usize,
    next: usize,
    count: usize,
    epoch: Epoch,
}

impl<'a> Batches<'a> {
    fn new(loader: &'a CurriculumLoader, list: Vec<i64>, batch_size: usize, last: LastBatch, epoch: Epoch) -> Self {
        let count = last.batches(list.len(), batch_size);
        Self { loader, list, batch_size, next: 0, count, epoch }
    }
}

impl Batches<'_> {
    /// The logarithm of each class's share of the whole epoch: [`Epoch::log_prior`].
    ///
    /// # Errors
    /// As there; [`Error::Empty`] for the batches of [`CurriculumLoader::all`], which are no epoch.
    pub fn log_prior(&self, num_logits: usize) -> Result<Vec<f32>> {
        self.epoch.log_prior(num_logits)
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
        let start = self.next * self.batch_size;
        let end = self.list.len().min(start + self.batch_size);
        self.next += 1;
        let indices = Tensor::from_slice(&self.list[start..end]);
        let rows = |all: &Tensor| all.index_select(0, &indices.to_device(all.device())).to_device(self.loader.device);
        Some(Batch {
            modalities: self.loader.modalities.iter().map(rows).collect(),
            labels: rows(&self.loader.targets),
            position: self.epoch.position_after(end, self.next == self.count),
            indices: indices.to_device(self.loader.device),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count - self.next, Some(self.count - self.next))
    }
}

impl ExactSizeIterator for Batches<'_> {}
