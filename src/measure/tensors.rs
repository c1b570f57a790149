//! The measurer for tensors: batch by batch, on the device of the network.
//!
//! No batch waits for the device. Shapes, kinds and devices are checked when a batch comes. Errors that only the device
//! can see (a value that is not finite, an index out of range or twice) are recorded there. `finish` names them, and
//! moves one number for each sample to the host.

use tch::{Device, Kind, Tensor};

use super::batch::Batch;
use super::layout::{Layout, Measured};
use super::observed::Observed;
use super::{Real, Scores, Terms, host, several};
use crate::error::{ArgumentError, LabelError, MeasureError, TensorError};
use crate::labels::whole;
use crate::tensor::{self, to_vec, without_gradient};
use crate::{Error, Result};

/// Scores samples from per-modality logits and embeddings, on any device, in batches of any size.
///
/// Half-precision tensors are computed in `f32`, `f64` tensors in `f64`. No gradient is recorded.
///
/// # Examples
/// ```
/// use climd::MultimodalMeasurer;
/// use tch::Tensor;
///
/// let mut measurer = MultimodalMeasurer::new(&[0, 1, 1])?;
/// for batch in [vec![2i64, 0], vec![1]] {
///     let n = batch.len() as i64;
///     // of your network: logits [n, 2] and embeddings [n, 4] of two modalities
///     let logits = [Tensor::zeros([n, 2], tch::kind::FLOAT_CPU), Tensor::zeros([n, 2], tch::kind::FLOAT_CPU)];
///     let embeddings = [Tensor::ones([n, 4], tch::kind::FLOAT_CPU), Tensor::ones([n, 4], tch::kind::FLOAT_CPU)];
///     measurer.observe(&Tensor::from_slice(&batch), &logits, &embeddings)?;
/// }
/// let scores = measurer.finish()?; // one for each sample, in the order of the labels
/// assert_eq!(scores.len(), 3);
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug)]
pub struct MultimodalMeasurer {
    labels: Labels,
    num_samples: usize,
    present: Option<Tensor>, // [M, N], bool
    terms: Terms,
    /// What was observed since the last `finish` or `reset`.
    observed: Option<Observed>,
    /// The labels on the device of the last measurement, `[N + 1]` or `[N + 1, L]`.
    on_device: Option<Tensor>,
}

#[derive(Debug)]
enum Labels {
    One {
        labels: Vec<i64>,
        /// Positions of the smallest and of the largest label.
        extremes: [usize; 2],
    },
    /// `[N, num_labels]`.
    Several { labels: Vec<i8>, num_labels: usize },
}

impl MultimodalMeasurer {
    /// A measurer for these labels: one integer for each sample. A label is a column of the logits.
    ///
    /// # Errors
    /// [`ArgumentError::Empty`], [`LabelError::LabelTooLarge`].
    pub fn new<L: Copy + TryInto<i64>>(labels: &[L]) -> Result<Self> {
        let labels = whole("labels", labels)?;
        let min = (0..labels.len()).min_by_key(|&i| labels[i]);
        let max = (0..labels.len()).max_by_key(|&i| labels[i]);
        let (Some(min), Some(max)) = (min, max) else { return Err(ArgumentError::Empty { argument: "labels" }.into()) };
        let num_samples = labels.len();
        Ok(Self::of(Labels::One { labels, extremes: [min, max] }, num_samples))
    }

    /// A measurer of samples with several labels each, for a network with a sigmoid for each label: as
    /// [`measure_multi_hot`](crate::measure_multi_hot). The logits have a column for each label.
    ///
    /// # Shapes
    /// `labels`: `[N, num_labels]`, row-major, of 1 (has it), 0 (has it not) and -1 (unknown).
    ///
    /// # Errors
    /// [`ArgumentError::OutOfRange`] for `num_labels` of 0; [`ArgumentError::Empty`]; [`ArgumentError::Length`] for
    /// labels that are not whole rows;
    /// [`TargetError::MultiHot`](crate::error::TargetError::MultiHot).
    pub fn multi_hot(labels: &[i8], num_labels: usize) -> Result<Self> {
        let num_samples = several::samples(labels, num_labels)?;
        Ok(Self::of(Labels::Several { labels: labels.to_vec(), num_labels }, num_samples))
    }

    fn of(labels: Labels, num_samples: usize) -> Self {
        Self { labels, num_samples, present: None, terms: Terms::Both, observed: None, on_device: None }
    }

    /// The same measurer with a mask of the modalities that each sample has, `[N, M]` of kind bool.
    ///
    /// # Errors
    /// [`TensorError::Kind`](crate::error::TensorError::Kind),
    /// [`TensorError::Shape`](crate::error::TensorError::Shape), [`MeasureError::NoModality`].
    pub fn present(mut self, mask: &Tensor) -> Result<Self> {
        self.present = Some(tensor::mask(mask, self.num_samples)?.f_transpose(0, 1)?.f_contiguous()?);
        self.reset();
        Ok(self)
    }

    /// The same measurer with a score made of these terms.
    #[must_use]
    pub fn terms(mut self, terms: Terms) -> Self {
        self.terms = terms;
        self.reset();
        self
    }

    /// Takes the network's outputs for these samples. If a sample comes again in a later call, the later outputs count.
    ///
    /// # Shapes
    /// `indices`: `[n]`, integers, on any device; `logits`: `M` times `[n, C]`; `embeddings`: `M` times `[n, D]`. All
    /// on one device and of any float kind. What the terms do not need may be an empty slice.
    ///
    /// # Errors
    /// [`TensorError::Undefined`](crate::error::TensorError::Undefined),
    /// [`TensorError::NotDense`](crate::error::TensorError::NotDense),
    /// [`TensorError::Shape`](crate::error::TensorError::Shape), [`MeasureError::OneLogit`],
    /// [`MeasureError::NoEmbeddings`], [`MeasureError::EmbeddingWidth`],
    /// [`TensorError::Kind`](crate::error::TensorError::Kind),
    /// [`TensorError::Device`](crate::error::TensorError::Device), [`LabelError::LabelOutsideLogits`]; nothing is
    /// taken then. What cannot be seen without waiting for the device is an error of [`finish`](Self::finish).
    pub fn observe(&mut self, indices: &Tensor, logits: &[Tensor], embeddings: &[Tensor]) -> Result<()> {
        let batch = Batch::new(indices, logits, embeddings, self.terms)?;
        self.check(&batch)?;
        if batch.len == 0 {
            return Ok(());
        }
        without_gradient(|| {
            let labels = self.labels_on(batch.layout.device)?;
            let measured = batch.measure(&labels, self.present.as_ref())?;
            // Everything is computed; from here on results are stored.
            let observed = match &mut self.observed {
                Some(observed) => observed,
                none => {
                    let observed = new_observed(&self.labels, batch.layout, self.num_samples, self.terms)?;
                    none.insert(observed)
                }
            };
            observed.write(&measured)
        })
    }

    /// The samples that were observed, ascending, and their scores: for
    /// [`CurriculumSampler::observe`](crate::CurriculumSampler::observe) at the end of an epoch whose training steps
    /// were observed. On success, the measurer is empty again.
    ///
    /// # Errors
    /// [`MeasureError::NotFinite`]: the other samples are kept, so observe the bad ones again.
    /// [`MeasureError::IndexOutOfRange`], [`MeasureError::IndexTwice`]: `reset` first.
    ///
    /// # Examples
    /// ```
    /// use climd::{CurriculumSampler, MultimodalMeasurer, PowerLaw, PowerLawScheduler};
    /// use tch::Tensor;
    ///
    /// let labels = [0, 0, 0, 1, 1, 2];
    /// let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 4, ..Default::default() })?;
    /// let mut measurer = MultimodalMeasurer::new(&labels)?;
    /// // in a training step on samples 4 and 2: its logits [2, 3] and embeddings [2, 8] of each modality
    /// let cpu = tch::kind::FLOAT_CPU;
    /// let (logits, embeddings) = (Tensor::rand([2, 3], cpu), Tensor::rand([2, 8], cpu));
    /// measurer.observe(&Tensor::from_slice(&[4i64, 2]), &[logits], &[embeddings])?;
    /// // at the end of epoch 0
    /// let (indices, scores) = measurer.finish_observed()?;
    /// assert_eq!(indices, [2, 4]);
    /// sampler.observe(0, &indices, &scores)?;
    /// // at the beginning of epoch 1
    /// sampler.renew(1)?;
    /// # Ok::<(), climd::Error>(())
    /// ```
    pub fn finish_observed(&mut self) -> Result<(Vec<u32>, Vec<f32>)> {
        let Some(observed) = &self.observed else { return Ok((vec![], vec![])) };
        let seen = without_gradient(|| self.seen(observed))?;
        self.observed = None;
        Ok(seen)
    }

    /// The scores of samples of which each comes once, measured in the CPU's memory. `log_p`: `M` times `[n]`; `phi`:
    /// once `[n]`; empty if the terms do not need them. `fault`: as in [`Measured`].
    pub(super) fn seen_on_host(
        &self,
        layout: Layout,
        samples: &[u32],
        [log_p, phi]: [&[Vec<f32>]; 2],
        fault: &[i32],
    ) -> Result<(Vec<u32>, Vec<f32>)> {
        let n = self.num_samples;
        // in the places of a full measurement, so that libtorch's sigmoid gives the same bits
        let place = |values: &[Vec<f32>]| {
            let mut all = vec![f32::NAN; values.len() * (n + 1)];
            for (all, values) in all.chunks_exact_mut(n + 1).zip(values) {
                samples.iter().zip(values).for_each(|(&sample, &value)| all[sample as usize] = value);
            }
            Ok::<_, Error>((!all.is_empty()).then(|| Tensor::f_from_slice(&all)).transpose()?)
        };
        let log_p = place(log_p)?.map(|log_p| log_p.f_view([-1, n as i64 + 1])).transpose()?;
        let divisor = divisor(&self.labels, layout);
        let observed = Observed::laid_out(layout, n as i64, divisor, log_p, place(phi)?)?;
        if let Some(at) = fault.iter().position(|&code| code > 1) {
            return Err(observed.not_finite(samples[at] as usize, fault[at]));
        }
        let score = observed.score(self.terms, self.present.as_ref())?.f_to_kind(Kind::Float)?;
        let scores = to_vec::<f32>(&score)?;
        let mut seen: Vec<u32> = samples.to_vec();
        seen.sort_unstable();
        let scores = seen.iter().map(|&sample| scores[sample as usize]).collect();
        Ok((seen, scores))
    }

    /// What [`finish_observed`](Self::finish_observed) says of these results.
    pub(super) fn seen(&self, observed: &Observed) -> Result<(Vec<u32>, Vec<f32>)> {
        observed.seen(self.terms, self.present.as_ref())
    }

    /// Measures a batch whose indices are in range, and keeps nothing.
    pub(super) fn measure_known(&mut self, batch: &Batch<'_>) -> Result<Measured> {
        let labels = self.labels_on(batch.layout.device)?;
        batch.measure_known(&labels, self.present.as_ref())
    }

    /// The labels of these samples, which there are.
    pub(super) fn labels_of(&self, samples: &[u32]) -> host::Labels {
        match &self.labels {
            Labels::One { labels, .. } => {
                host::Labels::One(samples.iter().map(|&sample| labels[sample as usize] as u32).collect())
            }
            Labels::Several { labels, num_labels } => {
                let row = |&sample: &u32| &labels[sample as usize * num_labels..][..*num_labels];
                host::Labels::Several(samples.iter().flat_map(row).copied().collect())
            }
        }
    }

    /// The mask of the modalities, `[M, N]`, on the host.
    pub(super) fn masks(&self) -> Result<Option<Vec<bool>>> {
        self.present.as_ref().map(|present| to_vec(&present.f_view([-1])?)).transpose()
    }

    /// Results of batches of this layout, of which there are none yet.
    pub(super) fn new_observed(&self, layout: Layout) -> Result<Observed> {
        new_observed(&self.labels, layout, self.num_samples, self.terms)
    }

    pub(super) fn terms_of_score(&self) -> Terms {
        self.terms
    }

    pub(super) fn num_samples(&self) -> usize {
        self.num_samples
    }

    /// The scores of all samples in the order of the labels, `[N]`. `f64` scores are rounded. On success, the measurer
    /// is empty again.
    ///
    /// # Errors
    /// [`MeasureError::NotObserved`], [`MeasureError::NotFinite`]: the other samples are kept, so observe the missing
    /// or bad samples again. [`MeasureError::IndexOutOfRange`], [`MeasureError::IndexTwice`]: `reset` first.
    pub fn finish(&mut self) -> Result<Vec<f32>> {
        let observed = self.begun()?;
        let mut scores = without_gradient(|| {
            let score = observed.score(self.terms, self.present.as_ref())?.f_to_kind(Kind::Float)?;
            let score = score.f_clamp_min(f64::from(f32::MIN))?; // one of f64 may be beyond f32
            to_vec::<f32>(&Tensor::f_cat(&[score, observed.flag()?], 0)?) // the one transfer
        })?;
        if scores.iter().any(|score| score.is_nan()) {
            return Err(observed.explain()?);
        }
        scores.truncate(self.num_samples); // without the flag
        self.observed = None;
        Ok(scores)
    }

    /// As [`finish`](Self::finish), with the parts of the scores, in the precision of `F`.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_parts<F: Real + tch::kind::Element>(&mut self) -> Result<Scores<F>> {
        let observed = self.begun()?;
        let parts = without_gradient(|| -> Result<_> {
            let host = |tensor: &Tensor| to_vec::<F>(&tensor.f_to_kind(F::KIND)?);
            let score = host(&observed.score(self.terms, self.present.as_ref())?)?;
            let flag = to_vec::<f32>(&observed.flag()?)?;
            if flag[0].is_nan() || score.iter().any(|&score| Into::<f64>::into(score).is_nan()) {
                return Err(observed.explain()?);
            }
            let confidence = match observed.confidence(self.present.as_ref())? {
                Some(psi) => (0..observed.layout.modalities).map(|m| host(&psi.f_get(m)?)).collect::<Result<_>>()?,
                None => Vec::new(),
            };
            let complementarity = observed.complementarity()?.map_or(Ok(Vec::new()), |phi| host(&phi))?;
            Ok(Scores { score, confidence, complementarity })
        })?;
        self.observed = None;
        Ok(parts)
    }

    /// The scores of all samples from one call with the outputs of all samples, in the order of the labels.
    ///
    /// # Errors
    /// As [`observe`](Self::observe) and [`finish`](Self::finish). The measurer is then empty.
    pub fn measure(&mut self, logits: &[Tensor], embeddings: &[Tensor]) -> Result<Vec<f32>> {
        self.reset();
        let all = Tensor::f_arange(self.num_samples as i64, (Kind::Int64, Device::Cpu))?;
        let scores = self.observe(&all, logits, embeddings).and_then(|()| self.finish());
        self.reset();
        scores
    }

    /// Drops everything that was observed.
    pub fn reset(&mut self) {
        self.observed = None;
    }

    fn begun(&self) -> Result<&Observed> {
        let num_samples = self.num_samples;
        self.observed.as_ref().ok_or(Error::Measure(MeasureError::NotObserved {
            missing: num_samples,
            num_samples,
            first: 0,
        }))
    }

    /// Checks a batch against the mask, the labels and the batches before.
    pub(super) fn check(&self, batch: &Batch<'_>) -> Result<()> {
        let Layout { modalities, num_classes, .. } = batch.layout;
        if let Some(expected) = self.present.as_ref().map(|mask| mask.size()[0]).filter(|&m| m != modalities) {
            let argument = if num_classes > 0 { "logits" } else { "embeddings" };
            let (found, expected, rule) = (modalities as usize, expected as usize, "one for each column of the mask");
            return Err(ArgumentError::Length { argument: argument.into(), found, expected, rule }.into());
        }
        match &self.labels {
            _ if num_classes == 0 => {}
            Labels::One { labels, extremes } => {
                let outside = |&index: &usize| !(0..num_classes).contains(&labels[index]);
                if let Some(index) = extremes.iter().copied().find(outside) {
                    let (label, num_classes) = (labels[index], num_classes as usize);
                    if num_classes == 1 && label == 1 {
                        let found = vec![batch.len, 1];
                        return Err(MeasureError::OneLogit { argument: "logits[0]".into(), found }.into());
                    }
                    return Err(LabelError::LabelOutsideLogits { index, label, num_classes }.into());
                }
            }
            &Labels::Several { num_labels, .. } if num_labels as i64 == num_classes => {}
            &Labels::Several { num_labels, .. } => {
                let (found, expected) = (vec![batch.len, num_classes], format!("[n, {num_labels}]: a column a label"));
                return Err(TensorError::Shape { argument: "logits[0]".into(), found, expected }.into());
            }
        }
        self.observed.as_ref().map_or(Ok(()), |begun| begun.layout.check(batch.layout, batch.len))
    }

    /// The labels on this device, `[N + 1]` or `[N + 1, L]`. The last row suits every network.
    fn labels_on(&mut self, device: Device) -> Result<Tensor> {
        if let Some(labels) = self.on_device.as_ref().filter(|labels| labels.device() == device) {
            return Ok(labels.shallow_clone());
        }
        let labels = match &self.labels {
            Labels::One { labels, .. } => Tensor::f_from_slice(&[&labels[..], &[0]].concat())?,
            Labels::Several { labels, num_labels } => {
                let row = vec![0; *num_labels];
                Tensor::f_from_slice(&[&labels[..], &row].concat())?.f_view([-1, *num_labels as i64])?
            }
        };
        Ok(self.on_device.insert(labels.f_to_device(device)?).shallow_clone())
    }
}

fn new_observed(labels: &Labels, layout: Layout, num_samples: usize, terms: Terms) -> Result<Observed> {
    Observed::new(layout, num_samples as i64, divisor(labels, layout), terms)
}

/// What `ln p` is divided by in Eq. 1.
fn divisor(labels: &Labels, layout: Layout) -> i64 {
    match labels {
        Labels::One { .. } => layout.num_classes,
        Labels::Several { .. } => 1, // their `ln p` is a mean already
    }
}
