//! The measurer on tensors: batch by batch, on whatever device the network runs.
//!
//! No batch waits for the device. Shapes, kinds and devices are checked as batches come; what only the device knows
//! (a value that is not finite, an index out of range or twice) is noted there and named by `finish`, which moves one
//! number a sample to the host.

use tch::{Device, Kind, Tensor};

use super::{Real, Scores, Terms};
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
/// let scores = measurer.finish()?; // one a sample, in the order of the labels
/// assert_eq!(scores.len(), 3);
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug)]
pub struct MultimodalMeasurer {
    labels: Vec<i64>,
    /// Positions of the smallest and of the largest label.
    extremes: [usize; 2],
    present: Option<Tensor>, // [M, N], bool
    terms: Terms,
    /// What was observed since the last `finish` or `reset`.
    observed: Option<Observed>,
    /// The labels on the device of the last measurement, `[N + 1]`.
    on_device: Option<Tensor>,
}

/// What a first batch settles, and the notes of all batches. Row `N` takes what has an index out of range.
#[derive(Debug)]
struct Observed {
    layout: Layout,
    log_p: Option<Tensor>, // [M, N + 1], NaN: not finite, or never observed
    phi: Option<Tensor>,   // [N + 1], likewise
    fault: Tensor,         // [N + 1], i16: 0 never observed, 1 fine, 2 + k: the k-th of all logits, then all embeddings
    position: Tensor,      // [N + 1], of the sample in its latest batch
    lowest: Tensor,        // index seen, at most 0
    highest: Tensor,       // index seen, at least 0
    twice: Tensor,         // a sample named twice in one call; N if none
}

/// What all batches of a measurement share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    modalities: i64,
    device: Device,
    kind: Kind,
    num_classes: i64,
    width: i64,
}

impl MultimodalMeasurer {
    /// A measurer for these labels, one integer a sample; a label is a column of the logits.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::LabelTooLarge`].
    pub fn new<L: Copy + TryInto<i64>>(labels: &[L]) -> Result<Self> {
        let convert = |(index, &label): (usize, &L)| label.try_into().map_err(|_| Error::LabelTooLarge { index });
        let labels: Vec<i64> = labels.iter().enumerate().map(convert).collect::<Result<_>>()?;
        let min = (0..labels.len()).min_by_key(|&i| labels[i]);
        let max = (0..labels.len()).max_by_key(|&i| labels[i]);
        let (Some(min), Some(max)) = (min, max) else { return Err(Error::Empty { argument: "labels" }) };
        let extremes = [min, max];
        Ok(Self { labels, extremes, present: None, terms: Terms::Both, observed: None, on_device: None })
    }

    /// The same measurer with a mask of the modalities that each sample has, `[N, M]` of kind bool.
    ///
    /// # Errors
    /// [`Error::Kind`], [`Error::Shape`], [`Error::NoModality`].
    pub fn present(mut self, mask: &Tensor) -> Result<Self> {
        self.present = Some(check_mask(mask, self.labels.len())?.f_transpose(0, 1)?.f_contiguous()?);
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

    /// Takes the network's outputs for these samples. A sample that comes again in a later call replaces its first.
    ///
    /// # Shapes
    /// `indices`: `[n]`, integers, on any device; `logits`: `M` times `[n, C]`; `embeddings`: `M` times `[n, D]`. All
    /// on one device and of any float kind. What the terms do not need may be an empty slice.
    ///
    /// # Errors
    /// [`Error::Undefined`], [`Error::Shape`], [`Error::EmbeddingWidth`], [`Error::Kind`], [`Error::Device`],
    /// [`Error::LabelOutsideLogits`]; nothing is taken then. What cannot be seen without waiting for the device is an
    /// error of [`finish`](Self::finish).
    pub fn observe(&mut self, indices: &Tensor, logits: &[Tensor], embeddings: &[Tensor]) -> Result<()> {
        let (layout, n) = self.check(indices, logits, embeddings)?;
        if n == 0 {
            return Ok(());
        }
        tch::no_grad(|| {
            if self.observed.is_none() {
                self.observed = Some(Observed::new(layout, self.labels.len() as i64, self.terms)?);
            }
            self.take(layout, indices, logits, embeddings)
        })
    }

    /// The scores of all samples in the order of the labels, `[N]`; `f64` scores are rounded. Starts anew on success.
    ///
    /// # Errors
    /// [`Error::NotObserved`], [`Error::NotFinite`]: what was observed is kept, so observe the rest, or the bad samples
    /// again. [`Error::IndexOutOfRange`], [`Error::IndexTwice`]: `reset` first.
    pub fn finish(&mut self) -> Result<Vec<f32>> {
        let observed = self.begun()?;
        let scores = tch::no_grad(|| {
            let score = observed.score(self.terms, self.present.as_ref(), self.labels.len() as i64)?;
            let flag = observed.flag(self.labels.len() as i64)?;
            let all = Tensor::f_cat(&[score.f_to_kind(Kind::Float)?, flag.f_to_kind(Kind::Float)?], 0)?;
            to_vec::<f32>(&all) // the one transfer
        })?;
        if scores.iter().any(|score| score.is_nan()) {
            return Err(observed.explain(&self.labels)?);
        }
        self.observed = None;
        Ok(scores[..self.labels.len()].to_vec())
    }

    /// As [`finish`](Self::finish), with the parts of the scores beside them, in the precision asked for.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_parts<F: Real + tch::kind::Element>(&mut self) -> Result<Scores<F>> {
        let observed = self.begun()?;
        let n = self.labels.len() as i64;
        let parts = tch::no_grad(|| -> Result<_> {
            let host = |tensor: &Tensor| to_vec::<F>(&tensor.f_narrow(-1, 0, n)?.f_to_kind(F::KIND)?);
            let score = to_vec::<F>(&observed.score(self.terms, self.present.as_ref(), n)?.f_to_kind(F::KIND)?)?;
            let flag = to_vec::<f32>(&observed.flag(n)?.f_to_kind(Kind::Float)?)?;
            let psi = observed.confidence(self.present.as_ref(), n)?;
            let confidence = match psi {
                Some(psi) => (0..observed.layout.modalities).map(|m| host(&psi.f_get(m)?)).collect::<Result<_>>()?,
                None => Vec::new(),
            };
            let complementarity = observed.phi.as_ref().map_or(Ok(Vec::new()), host)?;
            let bad = flag[0].is_nan() || score.iter().any(|&score| Into::<f64>::into(score).is_nan());
            Ok((!bad).then_some(Scores { score, confidence, complementarity }))
        })?;
        let scores = match parts {
            Some(scores) => scores,
            None => return Err(observed.explain(&self.labels)?),
        };
        self.observed = None;
        Ok(scores)
    }

    /// The scores of all samples from the outputs for all samples, in the order of the labels.
    ///
    /// # Errors
    /// As [`observe`](Self::observe) and [`finish`](Self::finish); nothing is kept then.
    pub fn measure(&mut self, logits: &[Tensor], embeddings: &[Tensor]) -> Result<Vec<f32>> {
        self.reset();
        let all = Tensor::f_arange(self.labels.len() as i64, (Kind::Int64, Device::Cpu))?;
        let scores = self.observe(&all, logits, embeddings).and_then(|()| self.finish());
        self.reset();
        scores
    }

    /// Drops everything that was observed.
    pub fn reset(&mut self) {
        self.observed = None;
    }

    fn begun(&self) -> Result<&Observed> {
        let num_samples = self.labels.len();
        self.observed.as_ref().ok_or(Error::NotObserved { missing: num_samples, num_samples, first: 0 })
    }

    /// Checks all that can be seen without waiting for the device. Returns the layout and the size of the batch.
    fn check(&self, indices: &Tensor, logits: &[Tensor], embeddings: &[Tensor]) -> Result<(Layout, i64)> {
        defined("indices", indices)?;
        if !matches!(indices.f_kind()?, Kind::Int64 | Kind::Int | Kind::Int16 | Kind::Int8 | Kind::Uint8) {
            return Err(Error::Kind { argument: "indices".into(), found: kind_name(indices), expected: "Int64" });
        }
        let &[n] = indices.size().as_slice() else {
            return Err(shape("indices", indices, "[n]"));
        };
        let mut needed: Vec<(String, &Tensor)> = Vec::new();
        for (argument, tensors, is_needed) in
            [("logits", logits, self.terms.needs_logits()), ("embeddings", embeddings, self.terms.needs_embeddings())]
        {
            if is_needed && tensors.is_empty() {
                return Err(Error::Empty { argument });
            }
            if is_needed {
                needed.extend(tensors.iter().enumerate().map(|(m, tensor)| (format!("{argument}[{m}]"), tensor)));
            }
        }
        let count = |tensors: &[Tensor], needed: bool| if needed { tensors.len() } else { 0 };
        let widths = count(logits, self.terms.needs_logits());
        let modalities = if widths > 0 { widths } else { embeddings.len() };
        if self.terms == Terms::Both && embeddings.len() != modalities {
            let (found, rule) = (embeddings.len(), "as many as `logits`");
            return Err(Error::Length { argument: "embeddings".into(), found, expected: modalities, rule });
        }
        if let Some(mask) = &self.present {
            let expected = mask.size()[0] as usize;
            if modalities != expected {
                let rule = "one for each column of the mask";
                let argument = if widths > 0 { "logits" } else { "embeddings" };
                return Err(Error::Length { argument: argument.into(), found: modalities, expected, rule });
            }
        }
        for (argument, tensor) in &needed {
            defined(argument, tensor)?;
            if !matches!(tensor.f_kind()?, Kind::Half | Kind::BFloat16 | Kind::Float | Kind::Double) {
                let expected = "Half, BFloat16, Float or Double";
                return Err(Error::Kind { argument: argument.clone(), found: kind_name(tensor), expected });
            }
            match *tensor.size().as_slice() {
                [rows, width] if rows == n && width > 0 => {}
                _ => {
                    return Err(shape(argument, tensor, &format!("[{n}, width above 0]: a row for each of `indices`")));
                }
            }
            if tensor.device() != needed[0].1.device() {
                let (found, expected) = (format!("{:?}", tensor.device()), format!("{:?}", needed[0].1.device()));
                return Err(Error::Device { argument: argument.clone(), found, expected });
            }
        }
        let width = |tensor: &Tensor| tensor.size()[1];
        let num_classes = if widths > 0 { width(&logits[0]) } else { 0 };
        for (m, tensor) in logits.iter().enumerate().take(widths) {
            if width(tensor) != num_classes {
                return Err(shape(&format!("logits[{m}]"), tensor, &format!("[{n}, {num_classes}], as `logits[0]`")));
            }
        }
        let embedded = if self.terms.needs_embeddings() { embeddings } else { &[] };
        for (modality, tensor) in embedded.iter().enumerate() {
            let (found, expected) = (width(tensor) as usize, width(&embedded[0]) as usize);
            if found != expected {
                return Err(Error::EmbeddingWidth { modality, found, expected });
            }
        }
        if widths > 0 {
            for index in self.extremes {
                let label = self.labels[index];
                if !(0..num_classes).contains(&label) {
                    return Err(Error::LabelOutsideLogits { index, label, num_classes: num_classes as usize });
                }
            }
        }
        let double = needed.iter().any(|(_, tensor)| tensor.kind() == Kind::Double);
        let layout = Layout {
            modalities: modalities as i64,
            device: needed[0].1.device(),
            kind: if double { Kind::Double } else { Kind::Float },
            num_classes,
            width: embedded.first().map_or(0, width),
        };
        match &self.observed {
            Some(begun) if begun.layout != layout => Err(begun.layout.differs(layout, n)),
            _ => Ok((layout, n)),
        }
    }

    fn take(&mut self, layout: Layout, indices: &Tensor, logits: &[Tensor], embeddings: &[Tensor]) -> Result<()> {
        let Layout { device, kind, num_classes, .. } = layout;
        let last = self.labels.len() as i64;
        let indices = indices.f_to_device(device)?.f_to_kind(Kind::Int64)?;
        let outside = indices.f_lt(0)?.f_logical_or(&indices.f_ge(last)?)?;
        let slots = indices.f_masked_fill(&outside, last)?;
        if self.on_device.as_ref().is_none_or(|labels| labels.device() != device) {
            let mut labels = self.labels.clone();
            labels.push(0);
            self.on_device = Some(Tensor::f_from_slice(&labels)?.f_to_device(device)?);
        }
        let present = match &self.present {
            Some(mask) => Some(mask.f_to_device(device)?.f_index_select(1, &slots.f_clamp_max(last - 1)?)?), // [M, n]
            None => None,
        };
        let stack = |tensors: &[Tensor]| -> Result<Tensor> {
            let convert = |x: &Tensor| Ok(x.f_detach()?.f_to_kind(kind)?);
            Ok(Tensor::f_stack(&tensors.iter().map(convert).collect::<Result<Vec<_>>>()?, 0)?) // [M, n, width]
        };
        let mut faults = Vec::new();
        let mut faulty = |largest: &Tensor| -> Result<Tensor> {
            let mut bad = largest.f_isfinite()?.f_logical_not()?; // [M, n]
            if let Some(present) = &present {
                bad = bad.f_logical_and(present)?;
            }
            faults.push(bad.shallow_clone());
            Ok(bad)
        };

        let mut log_p = None;
        if self.terms.needs_logits() {
            let rows = stack(logits)?;
            let bad = faulty(&rows.f_abs()?.f_amax([-1i64].as_slice(), false)?)?;
            // the slot N has label 0, which every network has
            let labels = self
                .on_device
                .as_ref()
                .map_or_else(|| Ok(slots.shallow_clone()), |all| all.f_index_select(0, &slots))?;
            let labels = labels.f_view([1, -1, 1])?.f_expand([layout.modalities, -1, 1], false)?;
            debug_assert!(num_classes > 0);
            let of_label = rows.f_log_softmax(-1, None)?.f_gather(-1, &labels, false)?.f_squeeze_dim(-1)?;
            log_p = Some(of_label.f_masked_fill(&bad, f64::NAN)?);
        }
        let mut phi = None;
        if self.terms.needs_embeddings() {
            let rows = stack(embeddings)?;
            let largest = rows.f_abs()?.f_amax([-1i64].as_slice(), true)?; // [M, n, 1]
            let bad = faulty(&largest.f_squeeze_dim(-1)?)?;
            phi = Some(
                complementarity(&rows, &largest, present.as_ref())?
                    .f_masked_fill(&bad.f_any_dim(0, false)?, f64::NAN)?,
            );
        }
        let faults = Tensor::f_cat(&faults, 0)?.f_to_kind(Kind::Int8)?; // [number of tensors, n]
        let code = (faults.f_argmax(0, false)? + 2).f_to_kind(Kind::Int16)?;
        let fault = code.f_where_self(&faults.f_any_dim(0, false)?, &Tensor::f_ones_like(&code)?)?;
        let here = Tensor::f_arange(slots.size()[0], (Kind::Int64, device))?;

        // Everything is computed; from here on it is written.
        let Some(observed) = &mut self.observed else { return Ok(()) };
        if let (Some(all), Some(log_p)) = (&mut observed.log_p, &log_p) {
            let _ = all.f_index_copy_(1, &slots, log_p)?;
        }
        if let (Some(all), Some(phi)) = (&mut observed.phi, &phi) {
            let _ = all.f_index_copy_(0, &slots, phi)?;
        }
        let _ = observed.fault.f_index_copy_(0, &slots, &fault)?;
        let _ = observed.position.f_index_copy_(0, &slots, &here)?;
        // Of two equal indices one was overwritten, whichever: its position is not its own.
        let lost = observed
            .position
            .f_index_select(0, &slots)?
            .f_ne_tensor(&here)?
            .f_logical_and(&outside.f_logical_not()?)?;
        let twice = slots.f_masked_fill(&lost.f_logical_not()?, last)?;
        observed.twice = observed.twice.f_minimum(&twice.f_min()?)?;
        observed.lowest = observed.lowest.f_minimum(&indices.f_min()?)?;
        observed.highest = observed.highest.f_maximum(&indices.f_max()?)?;
        Ok(())
    }
}

impl Layout {
    /// Which part of the layout another batch of the same measurement did not keep to.
    fn differs(self, other: Layout, n: i64) -> Error {
        let text = |device: Device| format!("{device:?}");
        if self.device != other.device {
            let (found, expected) = (text(other.device), text(self.device));
            return Error::Device { argument: "logits[0]".into(), found, expected };
        }
        if self.modalities != other.modalities {
            let (found, expected) = (other.modalities as usize, self.modalities as usize);
            let rule = "as many as in the first batch of this measurement";
            return Error::Length { argument: "logits".into(), found, expected, rule };
        }
        if self.kind != other.kind {
            let expected = "of the precision of the first batch of this measurement";
            return Error::Kind { argument: "logits[0]".into(), found: format!("{:?}", other.kind), expected };
        }
        let (argument, found, expected) = if self.num_classes != other.num_classes {
            ("logits[0]", other.num_classes, self.num_classes)
        } else {
            ("embeddings[0]", other.width, self.width)
        };
        let expected = format!("[{n}, {expected}], as in the first batch of this measurement");
        Error::Shape { argument: argument.into(), found: vec![n, found], expected }
    }
}

impl Observed {
    fn new(layout: Layout, n: i64, terms: Terms) -> Result<Self> {
        let Layout { modalities, device, kind, .. } = layout;
        let unknown = |size: &[i64]| Tensor::f_full(size, f64::NAN, (kind, device));
        let number = |value: i64| Tensor::f_full([0i64; 0].as_slice(), value, (Kind::Int64, device));
        Ok(Self {
            layout,
            log_p: terms.needs_logits().then(|| unknown(&[modalities, n + 1])).transpose()?,
            phi: terms.needs_embeddings().then(|| unknown(&[n + 1])).transpose()?,
            fault: Tensor::f_zeros([n + 1], (Kind::Int16, device))?,
            position: Tensor::f_zeros([n + 1], (Kind::Int64, device))?,
            lowest: number(0)?,
            highest: number(0)?,
            twice: number(n)?,
        })
    }

    /// Eq. 1 of every modality, `[M, N]`; NaN where it is missing.
    fn confidence(&self, present: Option<&Tensor>, n: i64) -> Result<Option<Tensor>> {
        let Some(log_p) = &self.log_p else { return Ok(None) };
        let psi = (log_p.f_narrow(1, 0, n)? / self.layout.num_classes).f_sigmoid()?;
        Ok(Some(match present {
            Some(mask) => psi.f_masked_fill(&mask.f_to_device(psi.device())?.f_logical_not()?, f64::NAN)?,
            None => psi,
        }))
    }

    /// Eq. 4, or what the terms say, `[N]`; NaN where something is wrong.
    fn score(&self, terms: Terms, present: Option<&Tensor>, n: i64) -> Result<Tensor> {
        let phi = || -> Result<Tensor> {
            match &self.phi {
                Some(phi) => Ok(phi.f_narrow(0, 0, n)?),
                None => Ok(Tensor::f_zeros([n], (self.layout.kind, self.layout.device))?),
            }
        };
        let Some(log_p) = &self.log_p else { return phi() };
        let log_p = log_p.f_narrow(1, 0, n)?;
        let parts = match terms {
            Terms::LogLikelihood => log_p,
            _ => (log_p / self.layout.num_classes).f_sigmoid()?,
        };
        let along = [0i64];
        let mean = match present {
            Some(mask) => {
                let mask = mask.f_to_device(parts.device())?;
                let counts = mask.f_sum_dim_intlist(along.as_slice(), false, parts.kind())?;
                let kept = parts.f_masked_fill(&mask.f_logical_not()?, 0.0)?;
                kept.f_sum_dim_intlist(along.as_slice(), false, parts.kind())?.f_div(&counts)?
            }
            None => parts.f_mean_dim(along.as_slice(), false, parts.kind())?,
        };
        Ok(phi()?.f_add(&mean)?)
    }

    /// `[1]`: NaN if an index was out of range, or twice in one call.
    fn flag(&self, n: i64) -> Result<Tensor> {
        let wrong = self.lowest.f_lt(0)?.f_logical_or(&self.highest.f_ge(n)?)?.f_logical_or(&self.twice.f_lt(n)?)?;
        let zero = Tensor::f_zeros([1], (Kind::Float, self.layout.device))?;
        Ok(zero.f_masked_fill(&wrong, f64::NAN)?)
    }

    /// What is wrong, once it is known that something is.
    fn explain(&self, labels: &[i64]) -> Result<Error> {
        let num_samples = labels.len();
        for seen in [&self.lowest, &self.highest] {
            let index = to_vec::<i64>(&seen.f_reshape([1])?)?[0];
            if !(0..num_samples as i64).contains(&index) {
                return Ok(Error::IndexOutOfRange { index, num_samples });
            }
        }
        let index = to_vec::<i64>(&self.twice.f_reshape([1])?)?[0] as usize;
        if index < num_samples {
            return Ok(Error::IndexTwice { index });
        }
        let fault = to_vec::<i16>(&self.fault.f_narrow(0, 0, num_samples as i64)?)?;
        if let Some(first) = fault.iter().position(|&code| code == 0) {
            let missing = fault.iter().filter(|&&code| code == 0).count();
            return Ok(Error::NotObserved { missing, num_samples, first });
        }
        let sample = fault.iter().position(|&code| code > 1).unwrap_or(0);
        let tensor = (fault[sample] as usize).saturating_sub(2);
        let logits = if self.log_p.is_some() { self.layout.modalities as usize } else { 0 };
        Ok(if tensor < logits {
            Error::NotFinite { argument: "logits", modality: tensor, sample }
        } else {
            Error::NotFinite { argument: "embeddings", modality: tensor - logits, sample }
        })
    }
}

/// Eq. 2-3 by the identity `sum of cosines = |sum u|^2 - sum |u|^2`, which is linear in M.
///
/// `rows`: `[M, n, D]`; `largest`: `[M, n, 1]`, their largest absolute values; `present`: `[M, n]`. Returns `[n]`.
fn complementarity(rows: &Tensor, largest: &Tensor, present: Option<&Tensor>) -> Result<Tensor> {
    let (kind, over_modalities, over_width) = (rows.kind(), [0i64], [-1i64]);
    let one_for_zero = |x: &Tensor| x.f_masked_fill(&x.f_eq(0.0)?, 1.0);
    // Divided by the largest value first, so that no square overflows or vanishes.
    let scaled = rows.f_div(&one_for_zero(largest)?)?;
    let norms = scaled.f_square()?.f_sum_dim_intlist(over_width.as_slice(), true, kind)?.f_sqrt()?;
    let mut units = scaled.f_div(&one_for_zero(&norms)?)?;
    let modalities = rows.size()[0];
    let ordered_pairs = match present {
        Some(mask) => {
            units = units.f_masked_fill(&mask.f_logical_not()?.f_unsqueeze(-1)?, 0.0)?;
            let counts = mask.f_sum_dim_intlist(over_modalities.as_slice(), false, kind)?;
            counts.f_mul(&counts.f_sub_scalar(1.0)?)? // [n]
        }
        None => Tensor::f_full([1], modalities * (modalities - 1), (kind, rows.device()))?,
    };
    let squares = |x: &Tensor| x.f_square()?.f_sum_dim_intlist(over_width.as_slice(), false, kind);
    let of_sum = squares(&units.f_sum_dim_intlist(over_modalities.as_slice(), false, kind)?)?;
    let sum_of = squares(&units)?.f_sum_dim_intlist(over_modalities.as_slice(), false, kind)?;
    let cosines = of_sum.f_sub(&sum_of)?;
    let phi = cosines.f_div(&one_for_zero(&ordered_pairs)?)?.f_neg()?.f_add_scalar(1.0)?.f_clamp_min(0.0)?;
    Ok(phi.f_masked_fill(&ordered_pairs.f_eq(0.0)?, 0.0)?) // one modality has nothing to complement
}

/// A mask `[N, M]` on the CPU in which every sample has a modality.
pub(crate) fn check_mask(mask: &Tensor, num_samples: usize) -> Result<Tensor> {
    defined("mask", mask)?;
    if mask.f_kind()? != Kind::Bool {
        return Err(Error::Kind { argument: "mask".into(), found: kind_name(mask), expected: "Bool" });
    }
    match *mask.size().as_slice() {
        [rows, modalities] if rows == num_samples as i64 && modalities > 0 => {}
        _ => return Err(shape("mask", mask, &format!("[{num_samples}, M]: a row for each label"))),
    }
    let mask = mask.f_detach()?.f_to_device(Device::Cpu)?;
    let any = to_vec::<bool>(&mask.f_any_dim(1, false)?)?;
    match any.iter().position(|&any| !any) {
        Some(sample) => Err(Error::NoModality { sample }),
        None => Ok(mask),
    }
}

pub(crate) fn defined(argument: &str, tensor: &Tensor) -> Result<()> {
    if tensor.defined() { Ok(()) } else { Err(Error::Undefined { argument: argument.into() }) }
}

pub(crate) fn shape(argument: &str, tensor: &Tensor, expected: &str) -> Error {
    Error::Shape { argument: argument.into(), found: tensor.size(), expected: expected.into() }
}

pub(crate) fn kind_name(tensor: &Tensor) -> String {
    tensor.f_kind().map_or_else(|_| "unknown".into(), |kind| format!("{kind:?}"))
}

/// The elements of a one-dimensional tensor of that kind, on the host.
pub(crate) fn to_vec<T: tch::kind::Element + Copy>(tensor: &Tensor) -> Result<Vec<T>> {
    Ok(Vec::try_from(tensor.f_contiguous()?)?)
}
