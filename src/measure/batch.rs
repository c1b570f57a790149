//! One batch of a network's outputs: checked on the host, measured on the device.

use tch::{Device, Kind, Tensor};

use super::layout::{Layout, Measured};
use super::widths::common_width;
use super::{Terms, host};
use crate::Result;
use crate::error::{ArgumentError, MeasureError};
use crate::tensor::{floats, integers, wrong_device};

/// A batch that passed all checks that need no waiting for the device.
pub(super) struct Batch<'a> {
    pub(super) layout: Layout,
    /// Number of samples.
    pub(super) len: i64,
    indices: &'a Tensor,
    logits: &'a [Tensor],     // empty if the terms do not need them
    embeddings: &'a [Tensor], // as logits
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        indices: &'a Tensor,
        logits: &'a [Tensor],
        embeddings: &'a [Tensor],
        terms: Terms,
    ) -> Result<Self> {
        let len = integers("indices", indices, "[n]")?;
        let logits = if terms.needs_logits() { logits } else { &[] };
        let embeddings = if terms.needs_embeddings() { embeddings } else { &[] };
        if terms.needs_embeddings() && embeddings.is_empty() && !(terms.needs_logits() && logits.is_empty()) {
            return Err(MeasureError::NoEmbeddings { terms: terms.name() }.into());
        }
        let num_classes = width("logits", logits, terms.needs_logits(), len)?;
        let width = width("embeddings", embeddings, terms.needs_embeddings(), len)?;
        if terms == Terms::Both && embeddings.len() != logits.len() {
            let (found, expected, rule) = (embeddings.len(), logits.len(), "as many as `logits`");
            return Err(ArgumentError::Length { argument: "embeddings".into(), found, expected, rule }.into());
        }
        let all = || logits.iter().chain(embeddings);
        let device = all().next().map_or(Device::Cpu, Tensor::device);
        for (argument, tensors) in [("logits", logits), ("embeddings", embeddings)] {
            if let Some(m) = tensors.iter().position(|tensor| tensor.device() != device) {
                return Err(wrong_device(&format!("{argument}[{m}]"), tensors[m].device(), device));
            }
        }
        let double = all().any(|tensor| tensor.kind() == Kind::Double);
        let kind = if double { Kind::Double } else { Kind::Float };
        let modalities = logits.len().max(embeddings.len()) as i64;
        Ok(Self { layout: Layout { modalities, device, kind, num_classes, width }, len, indices, logits, embeddings })
    }

    /// Measures the batch. `labels`: `[N + 1]`, or `[N + 1, L]` of several labels each, the last
    /// row is any; `present`: `[M, N]`.
    pub(super) fn measure(&self, labels: &Tensor, present: Option<&Tensor>) -> Result<Measured> {
        let n = labels.size()[0] - 1;
        let indices = self.indices_on_device()?;
        let outside = indices.f_lt(0)?.f_logical_or(&indices.f_ge(n)?)?;
        let slots = indices.f_masked_fill(&outside, n)?;
        self.measure_at(indices, slots, labels, present)
    }

    /// Measures the batch in the CPU's memory, if it is there in f32. `masks`: `[M, n]`.
    pub(super) fn values(
        &self,
        labels: impl FnOnce() -> Result<host::Labels>,
        masks: Option<&[bool]>,
    ) -> Result<Option<host::Values>> {
        if (self.layout.device, self.layout.kind) == (Device::Cpu, Kind::Float) {
            host::values(self.len as usize, labels, masks, self.logits, self.embeddings)
        } else {
            Ok(None)
        }
    }

    /// As [`measure`](Self::measure), if all indices are known to be in range.
    pub(super) fn measure_known(&self, labels: &Tensor, present: Option<&Tensor>) -> Result<Measured> {
        let indices = self.indices_on_device()?;
        let slots = indices.shallow_clone();
        self.measure_at(indices, slots, labels, present)
    }

    fn indices_on_device(&self) -> Result<Tensor> {
        if (self.indices.device(), self.indices.f_kind()?) == (self.layout.device, Kind::Int64) {
            return Ok(self.indices.shallow_clone());
        }
        Ok(self.indices.f_to_device(self.layout.device)?.f_to_kind(Kind::Int64)?)
    }

    fn measure_at(
        &self,
        indices: Tensor,
        slots: Tensor,
        labels: &Tensor,
        present: Option<&Tensor>,
    ) -> Result<Measured> {
        let Layout { device, modalities, .. } = self.layout;
        let n = labels.size()[0] - 1;
        let present = match present {
            Some(mask) => Some(mask.f_to_device(device)?.f_index_select(1, &slots.f_clamp_max(n - 1)?)?), // [M, n]
            None => None,
        };
        if (device, self.layout.kind) == (Device::Cpu, Kind::Float) {
            let indices = [&indices, &slots];
            if let Some(measured) = host::measure(indices, labels, present.as_ref(), self.logits, self.embeddings)? {
                return Ok(measured);
            }
        }
        let mut faults = Vec::new();
        // largest: [M, n], of absolute values; returns [M, n]
        let mut note = |largest: &Tensor| -> Result<Tensor> {
            let mut bad = largest.f_isfinite()?.f_logical_not()?;
            if let Some(present) = &present {
                bad = bad.f_logical_and(present)?;
            }
            faults.push(bad.shallow_clone());
            Ok(bad)
        };
        let (mut log_p, mut phi) = (None, None);
        if !self.logits.is_empty() {
            let rows = self.stack(self.logits)?;
            let bad = note(&rows.f_abs()?.f_amax([-1i64].as_slice(), false)?)?;
            let labels = labels.f_index_select(0, &slots)?;
            let of_label = if labels.dim() == 2 {
                mean_log_probability(&rows, &labels)?
            } else {
                let columns = labels.f_view([1, -1, 1])?.f_expand([modalities, -1, 1], false)?;
                rows.f_log_softmax(-1, None)?.f_gather(-1, &columns, false)?.f_squeeze_dim(-1)?
            };
            log_p = Some(of_label.f_masked_fill(&bad, f64::NAN)?);
        }
        if !self.embeddings.is_empty() {
            let rows = self.stack(self.embeddings)?;
            let largest = rows.f_abs()?.f_amax([-1i64].as_slice(), true)?; // [M, n, 1]
            let bad = note(&largest.f_squeeze_dim(-1)?)?.f_any_dim(0, false)?;
            phi = Some(complementarity(&rows, &largest, present.as_ref())?.f_masked_fill(&bad, f64::NAN)?);
        }
        let faults = Tensor::f_cat(&faults, 0)?; // [number of tensors, n]
        let first = faults.f_to_kind(Kind::Int8)?.f_argmax(0, false)?.f_add_scalar(2)?.f_to_kind(Kind::Int)?;
        let fault = first.f_where_self(&faults.f_any_dim(0, false)?, &Tensor::f_ones_like(&first)?)?;
        Ok(Measured { indices, slots, log_p, phi, fault })
    }

    /// `[M, n, width]`, in the precision of the measurement.
    fn stack(&self, tensors: &[Tensor]) -> Result<Tensor> {
        let convert = |x: &Tensor| Ok(x.f_detach()?.f_to_kind(self.layout.kind)?);
        Ok(Tensor::f_stack(&tensors.iter().map(convert).collect::<Result<Vec<_>>>()?, 0)?)
    }
}

/// `[M, n]` of logits `[M, n, L]` and labels `[n, L]`: as `several` has it for slices.
fn mean_log_probability(rows: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let (kind, over_labels) = (rows.kind(), [-1i64]);
    let unknown = labels.f_lt(0)?;
    let towards = rows.f_where_self(&labels.f_eq(1)?, &rows.f_neg()?)?;
    let each = towards.f_log_sigmoid()?.f_masked_fill(&unknown, 0.0)?;
    let known = unknown.f_logical_not()?.f_sum_dim_intlist(over_labels.as_slice(), false, kind)?.f_clamp_min(1.0)?;
    Ok(each.f_sum_dim_intlist(over_labels.as_slice(), false, kind)?.f_div(&known)?)
}

/// The common width of these tensors; 0 if they are not needed.
fn width(argument: &'static str, tensors: &[Tensor], needed: bool, len: i64) -> Result<i64> {
    for (m, tensor) in tensors.iter().enumerate() {
        floats(&format!("{argument}[{m}]"), tensor)?;
    }
    let shapes: Vec<Vec<i64>> = tensors.iter().map(Tensor::size).collect();
    Ok(common_width(argument, &shapes, needed, len, "a row for each of `indices`")? as i64)
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
    Ok(phi.f_masked_fill(&ordered_pairs.f_eq(0.0)?, 0.0)?) // with one modality there are no pairs
}
