//! Batches of tensors in the order of a sampler, for a tch training loop.

mod batches;
mod observe;
mod origin;

use std::ops::Range;

use tch::{Device, Tensor};

use batches::Source;
pub use batches::{Batch, Batches};
use origin::Waiting;

use crate::error::{ArgumentError, EpochError, LabelError, MeasureError, TensorError};
use crate::sampler::check_batch_size;
use crate::tensor::{self, plain, to_vec, without_gradient, wrong_shape};
use crate::{
    CurriculumSampler, Epoch, Error, LastBatch, MultimodalMeasurer, Position, Report, Result, ShardRemainder, Targets,
    Terms,
};

/// A data set in tensors, which gives batches. It takes the place of tch's `Iter2` in a training loop.
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
    targets: Tensor,  // on the caller's device: [N], Int64, or [N, L], Int8
    labels: Vec<i64>, // of several: own labels
    table: Vec<i8>,   // [N, L]; of one label a sample empty
    batch_size: usize,
    measure_batch_size: usize,
    last_batch: LastBatch,
    remainder: ShardRemainder,
    device: Device,
    terms: Terms,
    present: Option<Tensor>, // [N, M], bool
    number: u64,             // of the loader, anew if its samples change
    waiting: Waiting,
}

impl CurriculumLoader {
    /// A loader for these samples. Batches are on the device of the first modality.
    ///
    /// # Shapes
    /// `modalities`: any number of dense tensors `[N, ...]`, of any kind and device; `labels`: `[N]` or `[N, 1]`,
    /// integers or booleans.
    ///
    /// # Errors
    /// [`ArgumentError::Empty`], [`TensorError::Undefined`], [`TensorError::NotDense`], [`TensorError::Shape`],
    /// [`TensorError::Kind`], [`ArgumentError::BatchSize`].
    pub fn new(modalities: Vec<Tensor>, labels: Tensor, batch_size: usize) -> Result<Self> {
        check_batch_size(batch_size)?;
        Self::build(modalities, tensor::labels(&labels)?, batch_size)
    }

    /// A loader for samples with several labels each. Build the sampler from [`targets`](Self::targets). `outputs` of
    /// [`refresh`](Self::refresh) gives a logit for each label, and is measured as by
    /// [`measure_multi_hot`](crate::measure_multi_hot).
    ///
    /// # Shapes
    /// `modalities`: as for [`new`](Self::new); `labels`: `[N, L]`, integers or booleans: 1 (has it), 0 (has it not),
    /// -1 (unknown). Batches have `[n, L]`, as [`prior_corrected_bce`](crate::prior_corrected_bce) takes it.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`TargetError::MultiHot`](crate::error::TargetError::MultiHot).
    ///
    /// # Examples
    /// ```
    /// use climd::schedule::Uniform;
    /// use climd::{Curriculum, CurriculumLoader, CurriculumSampler, prior_corrected_bce};
    /// use tch::{Kind, Tensor};
    ///
    /// let images = Tensor::rand([4, 5], tch::kind::FLOAT_CPU);
    /// let findings = Tensor::from_slice2(&[[1i64, 0], [0, -1], [1, 1], [0, 0]]);
    /// let loader = CurriculumLoader::multi_hot(vec![images], findings, 2)?;
    /// let sampler = Curriculum::with_targets(loader.targets()?, Uniform)?.seed(7);
    /// let batches = loader.epoch(&sampler, 0)?;
    /// let shift = batches.log_odds()?;
    /// for batch in batches {
    ///     let logits = batch.modalities[0].narrow(1, 0, 2); // of your network
    ///     let loss = prior_corrected_bce(&logits, &batch.labels, &shift, None, 1.0)?;
    ///     assert_eq!((batch.labels.size(), loss.size()), (vec![2, 2], vec![]));
    /// }
    /// # Ok::<(), climd::Error>(())
    /// ```
    pub fn multi_hot(modalities: Vec<Tensor>, labels: Tensor, batch_size: usize) -> Result<Self> {
        check_batch_size(batch_size)?;
        Self::build(modalities, tensor::multi_hot(&labels)?, batch_size)
    }

    /// `targets` is `[N]`, Int64, or `[N, L]`, Int8.
    fn build(modalities: Vec<Tensor>, targets: Tensor, batch_size: usize) -> Result<Self> {
        let n = targets.size()[0];
        if n == 0 {
            return Err(ArgumentError::Empty { argument: "labels" }.into());
        }
        if modalities.is_empty() {
            return Err(ArgumentError::Empty { argument: "modalities" }.into());
        }
        for (m, tensor) in modalities.iter().enumerate() {
            let argument = format!("modalities[{m}]");
            plain(&argument, tensor)?;
            if tensor.size().first() != Some(&n) {
                return Err(wrong_shape(&argument, tensor, &format!("[{n}, ...]: a row for each label")));
            }
        }
        let (labels, table) = on_host(&targets)?;
        Ok(Self {
            labels,
            table,
            device: modalities[0].device(),
            modalities,
            targets,
            batch_size,
            measure_batch_size: batch_size,
            last_batch: LastBatch::default(),
            remainder: ShardRemainder::Pad,
            terms: Terms::Both,
            present: None,
            number: origin::next_number(),
            waiting: Waiting::default(),
        })
    }

    /// The same loader with batches on this device. The data stay where they are: move them there first if they fit.
    ///
    /// # Errors
    /// [`TensorError::NoCuda`] for a CUDA device that libtorch does not see; [`TensorError::NoDevice`] for another
    /// one.
    pub fn device(mut self, device: Device) -> Result<Self> {
        if let Device::Cuda(index) = device {
            let devices = tch::Cuda::device_count();
            if index as i64 >= devices {
                return Err(TensorError::NoCuda { index, devices: devices.max(0) as usize }.into());
            }
        }
        let there = match device {
            Device::Mps => tch::utils::has_mps(),
            Device::Vulkan => tch::utils::has_vulkan(),
            _ => true,
        };
        if !there {
            return Err(TensorError::NoDevice { device: format!("{device:?}") }.into());
        }
        self.device = device;
        Ok(self)
    }

    /// The same loader with this rule for the last batch of an epoch. By default a single last sample joins the batch
    /// before it, as batch normalisation cannot train on one sample.
    #[must_use]
    pub fn last_batch(mut self, last: LastBatch) -> Self {
        self.last_batch = last;
        self
    }

    /// The same loader with this rule for an epoch that does not divide by the number of processes. By default it is
    /// padded. With one process there is nothing to do.
    #[must_use]
    pub fn shard_remainder(mut self, remainder: ShardRemainder) -> Self {
        self.remainder = remainder;
        self
    }

    /// The same loader with these terms for measuring.
    #[must_use]
    pub fn terms(mut self, terms: Terms) -> Self {
        self.terms = terms;
        self
    }

    /// The same loader with this batch size for measuring. A forward pass without gradient needs less memory than a
    /// training step. The scores do not depend on it.
    ///
    /// # Errors
    /// [`ArgumentError::BatchSize`] for 0.
    pub fn measure_batch_size(mut self, batch_size: usize) -> Result<Self> {
        check_batch_size(batch_size)?;
        self.measure_batch_size = batch_size;
        Ok(self)
    }

    /// The same loader with a mask of the modalities that each sample has, `[N, M]` of kind bool.
    ///
    /// # Errors
    /// [`TensorError::Kind`], [`TensorError::Shape`],
    /// [`MeasureError::NoModality`](crate::error::MeasureError::NoModality).
    pub fn present(mut self, mask: &Tensor) -> Result<Self> {
        self.present = Some(tensor::mask(mask, self.labels.len())?);
        Ok(self)
    }

    /// A loader of the other samples, without those of these labels: of `-100`, say, if it stands for "no label". The
    /// rows of the others are copied, and numbered anew.
    ///
    /// # Errors
    /// [`ArgumentError::Empty`] if no sample is left.
    pub fn leave_out(mut self, labels: &[i64]) -> Result<Self> {
        let kept: Vec<i64> =
            (0..).zip(&self.labels).filter(|(_, label)| !labels.contains(label)).map(|(i, _)| i).collect();
        if kept.is_empty() {
            return Err(ArgumentError::Empty { argument: "labels" }.into());
        }
        let kept = Tensor::f_from_slice(&kept)?;
        let rows = |all: &Tensor| all.f_index_select(0, &kept.f_to_device(all.device())?);
        self.modalities = self.modalities.iter().map(rows).collect::<std::result::Result<_, _>>()?;
        self.targets = rows(&self.targets)?;
        self.present = self.present.as_ref().map(rows).transpose()?;
        (self.labels, self.table) = on_host(&self.targets)?;
        (self.number, self.waiting) = (origin::next_number(), Waiting::default());
        Ok(self)
    }

    /// The labels, `[N]`, from which a sampler is built. Of a [multi-hot](Self::multi_hot) loader: the own label of
    /// each sample, and the sampler is built from [`targets`](Self::targets).
    pub fn labels(&self) -> &[i64] {
        &self.labels
    }

    /// The labels as [`Curriculum::with_targets`](crate::Curriculum::with_targets) takes them, of one label a sample or
    /// several. Add sites and groups to them.
    ///
    /// # Errors
    /// [`LabelError::TooManySamples`](crate::error::LabelError::TooManySamples).
    pub fn targets(&self) -> Result<Targets> {
        match self.num_labels() {
            None => Targets::single(&self.labels),
            Some(num_labels) => Targets::multi_hot(&self.table, num_labels),
        }
    }

    /// Columns of a multi-hot loader.
    fn num_labels(&self) -> Option<usize> {
        self.targets.size().get(1).map(|&columns| columns as usize)
    }

    fn measurer(&self, samples: Range<usize>) -> Result<MultimodalMeasurer> {
        let measurer = match self.num_labels() {
            None => MultimodalMeasurer::new(&self.labels[samples])?,
            Some(columns) => {
                MultimodalMeasurer::multi_hot(&self.table[samples.start * columns..samples.end * columns], columns)?
            }
        };
        Ok(measurer.terms(self.terms))
    }

    /// Number of samples `N`.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always false, as a loader without samples cannot be built.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// All samples once, in the order of the data, for evaluation. The positions of these batches have no meaning.
    pub fn all(&self) -> Batches<'_> {
        let list = (0..self.labels.len() as i64).collect();
        Batches::new(self.source(), list, self.measure_batch_size, self.last_of_all(), Epoch::default())
    }

    /// The report of an epoch with the batches of this loader: [`CurriculumSampler::report_batches`]. Together.
    ///
    /// # Errors
    /// [`ArgumentError::Length`] if the sampler is of another data set; as [`CurriculumSampler::report`].
    pub fn report(&self, sampler: &dyn CurriculumSampler, epoch: usize) -> Result<Report> {
        self.check_sampler(sampler.classes().sample_classes().len())?;
        let mut report = sampler.report(epoch)?;
        let mine = self.remainder.part_len(report.len, sampler.world_size());
        report.warnings.extend(self.last_batch.warning(mine, self.batch_size));
        Ok(report)
    }

    /// Number of gradient steps that these epochs take with this loader: [`CurriculumSampler::steps`].
    ///
    /// # Errors
    /// [`ArgumentError::Length`] if the sampler is of another data set; as [`CurriculumSampler::epoch_len`].
    pub fn steps(&self, sampler: &dyn CurriculumSampler, epochs: Range<usize>) -> Result<usize> {
        self.check_sampler(sampler.classes().sample_classes().len())?;
        let steps = |epoch| {
            let mine = self.remainder.part_len(sampler.epoch_len(epoch)?, sampler.world_size());
            Ok::<_, Error>(self.last_batch.batches(mine, self.batch_size))
        };
        epochs.into_iter().try_fold(0usize, |sum, epoch| Ok(sum.saturating_add(steps(epoch)?)))
    }

    /// The batches of an epoch in the sampler's order, from a position on. The number of an epoch means its start.
    ///
    /// With many processes they are the batches of this one's part: each process takes every `world_size`-th sample,
    /// and none makes the whole list: [`CurriculumSampler::part_of_epoch`]. Together.
    ///
    /// # Errors
    /// [`ArgumentError::Length`] if the sampler belongs to another data set; [`EpochError::Skip`] if the position is
    /// beyond the epoch; [`ScheduleError::Quota`](crate::error::ScheduleError::Quota).
    pub fn epoch(&self, sampler: &dyn CurriculumSampler, at: impl Into<Position>) -> Result<Batches<'_>> {
        let at = at.into();
        self.check_sampler(sampler.classes().sample_classes().len())?;
        self.batches(sampler.part_of_epoch(at, self.remainder)?)
    }

    /// The batches of an epoch, or of a part of it, for example the part of one process.
    ///
    /// # Errors
    /// [`ArgumentError::Length`] if the epoch is of another data set.
    pub fn batches(&self, epoch: Epoch) -> Result<Batches<'_>> {
        if let Some(found) = epoch.num_samples() {
            self.check_sampler(found)?;
        }
        let list = epoch.indices().iter().map(|&sample| sample.into()).collect();
        Ok(Batches::new(self.source(), list, self.batch_size, self.last_batch, epoch))
    }

    /// Begins an epoch: puts to use what was [observed](Self::observe) in the epochs before. Then measures the samples
    /// of [`CurriculumSampler::part`], all in one process, if the sampler wants scores for this epoch, and updates the
    /// sampler. Returns whether it did. Together: if it fails on one process, it fails on all.
    ///
    /// `outputs` maps the modalities of a batch to logits and embeddings of each modality. It runs without gradient.
    /// Put the network into evaluation mode in it. Where epoch 0 needs no scores but a later one will, `outputs` is
    /// tried on two samples in epoch 0, as [`try_outputs`](Self::try_outputs) does: a wrong shape is so found before
    /// anything is trained.
    ///
    /// # Errors
    /// [`ArgumentError::Length`] if the sampler is of another data set; those of [`MultimodalMeasurer::observe`] and
    /// [`MultimodalMeasurer::finish`]. The sampler is then unchanged. As [`renew`](Self::renew) for what was observed.
    pub fn refresh<S, F>(&self, sampler: &mut S, epoch: usize, mut outputs: F) -> Result<bool>
    where
        S: CurriculumSampler + ?Sized,
        F: FnMut(&[Tensor]) -> (Vec<Tensor>, Vec<Tensor>),
    {
        self.renew(sampler, epoch)?;
        if !sampler.wants_scores(epoch) {
            if epoch == 0 && sampler.may_need_scores(0) {
                sampler.agree(self.try_outputs(&mut outputs))?;
            }
            return Ok(false);
        }
        let scores = self.measure(sampler.part(), &mut outputs);
        sampler.take_measured(epoch, scores)?;
        Ok(true)
    }

    /// Runs `outputs` on the first two samples, and checks the shapes, kinds and devices of the result. Nothing is
    /// measured. [`refresh`](Self::refresh) does the same by itself in epoch 0.
    ///
    /// # Errors
    /// Those of [`MultimodalMeasurer::observe`].
    pub fn try_outputs<F>(&self, mut outputs: F) -> Result<()>
    where
        F: FnMut(&[Tensor]) -> (Vec<Tensor>, Vec<Tensor>),
    {
        let mut measurer = self.measurer(0..self.len())?; // looks at all labels
        if let Some(mask) = &self.present {
            measurer = measurer.present(mask)?;
        }
        let first = (0..self.len().min(2) as i64).collect();
        for batch in Batches::new(self.source(), first, 2, LastBatch::Keep, Epoch::default()) {
            let (logits, embeddings) = without_gradient(|| outputs(&batch.modalities));
            measurer.observe(&batch.indices, &logits, &embeddings)?;
        }
        Ok(())
    }

    /// The scores of a stretch of samples, in the order of the data. One of several ranks measures its part with it,
    /// for [`CurriculumSampler::update`]. `outputs` is as for [`refresh`](Self::refresh).
    ///
    /// # Errors
    /// [`EpochError::Samples`] if the stretch is not part of the data; those of [`MultimodalMeasurer::observe`] and
    /// [`MultimodalMeasurer::finish`], where a sample is named by its index in the data set.
    pub fn measure<F>(&self, samples: Range<usize>, mut outputs: F) -> Result<Vec<f32>>
    where
        F: FnMut(&[Tensor]) -> (Vec<Tensor>, Vec<Tensor>),
    {
        let (start, end, len) = (samples.start, samples.end, self.len());
        let found = self.labels.get(samples).ok_or(Error::Epoch(EpochError::Samples { start, end, len }))?.len();
        if found == 0 {
            return Ok(vec![]); // a rank without samples
        }
        let (first, count) = (start as i64, found as i64);
        let named = |error| named_from(error, start);
        let mut measurer = self.measurer(start..end)?;
        if let Some(mask) = &self.present {
            measurer = measurer.present(&mask.f_narrow(0, first, count)?)?;
        }
        let list = (start as i64..end as i64).collect();
        for batch in Batches::new(self.source(), list, self.measure_batch_size, self.last_of_all(), Epoch::default()) {
            let (logits, embeddings) = without_gradient(|| outputs(&batch.modalities));
            measurer.observe(&batch.indices.f_sub_scalar(first)?, &logits, &embeddings).map_err(named)?;
        }
        measurer.finish().map_err(named)
    }

    /// For batches that must not leave out any sample.
    fn source(&self) -> Source<'_> {
        let Self { modalities, targets, device, number, .. } = self;
        Source { modalities, targets, device: *device, loader: *number }
    }

    fn last_of_all(&self) -> LastBatch {
        if self.last_batch == LastBatch::Drop { LastBatch::Keep } else { self.last_batch }
    }

    fn check_sampler(&self, found: usize) -> Result<()> {
        if found == self.len() {
            return Ok(());
        }
        let rule = "the sampler must be built from `loader.labels()`";
        Err(ArgumentError::Length { argument: "sampler".into(), found, expected: self.len(), rule }.into())
    }
}

/// The label of each sample, of several the own label; and the table of several, else nothing.
fn on_host(targets: &Tensor) -> Result<(Vec<i64>, Vec<i8>)> {
    let targets = targets.f_to_device(Device::Cpu)?;
    match *targets.size().as_slice() {
        [_, columns] => {
            let table = to_vec(&targets.f_reshape([-1])?)?;
            Ok((Targets::multi_hot(&table, columns as usize)?.own_labels(), table))
        }
        _ => Ok((to_vec(&targets)?, vec![])),
    }
}

/// The error of a stretch of the data, with the sample's index in the data set.
fn named_from(mut error: Error, start: usize) -> Error {
    if let Error::Measure(
        MeasureError::NotFinite { sample: at, .. }
        | MeasureError::NotObserved { first: at, .. }
        | MeasureError::NoModality { sample: at },
    ) = &mut error
    {
        *at += start;
    }
    if let Error::Label(LabelError::LabelOutsideLogits { index, .. }) = &mut error {
        *index += start;
    }
    error
}
