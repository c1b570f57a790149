//! Measures a batch of f32, f16 or bf16 in the CPU's memory in place, with the kernels of [`slices`](super::slices).

use tch::{Device, Kind, Tensor};

use super::layout::Measured;
use super::several::mean_log_probabilities_into;
use super::slices::{Modality, complements_into, log_probabilities_into};
use super::value::Value;
use crate::Result;
use crate::raw::{self, Plain};
use crate::tensor::to_vec;

/// Labels of the samples of a batch.
pub(super) enum Labels {
    /// `[n]`, columns of the logits.
    One(Vec<u32>),
    /// `[n, L]`.
    Several(Vec<i8>),
}

/// Results of a batch, as [`Measured`] has them.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) log_p: Option<Vec<f32>>, // [M, n]
    pub(super) phi: Option<Vec<f32>>,   // [n]
    pub(super) fault: Vec<i32>,         // [n]
}

/// `log_p`, `phi` and faults of a batch. None if it is not in the CPU's memory.
///
/// `indices`, `slots`: `[n]`; `labels`: `[N + 1]` or `[N + 1, L]`; `present`: `[M, n]`. Rows with gaps, and embeddings
/// of more than one kind, are copied first.
pub(super) fn measure(
    [indices, slots]: [&Tensor; 2],
    labels: &Tensor,
    present: Option<&Tensor>,
    logits: &[Tensor],
    embeddings: &[Tensor],
) -> Result<Option<Measured>> {
    let masks: Option<Vec<bool>> = match present {
        Some(present) => Some(to_vec(&present.f_contiguous()?.f_view([-1])?)?),
        None => None,
    };
    let labels = || {
        let labels = labels.f_index_select(0, slots)?;
        Ok(match labels.dim() {
            2 => Labels::Several(to_vec(&labels.f_view([-1])?)?),
            // checked: below the width
            _ => Labels::One(to_vec::<i64>(&labels)?.into_iter().map(|label| label as u32).collect()),
        })
    };
    let n = slots.size()[0] as usize;
    let Some(Values { log_p, phi, fault }) = values(n, labels, masks.as_deref(), logits, embeddings)? else {
        return Ok(None);
    };
    let log_p = match log_p {
        Some(log_p) => Some(Tensor::f_from_slice(&log_p)?.f_view([logits.len() as i64, n as i64])?),
        None => None,
    };
    let phi = phi.map(|phi| Tensor::f_from_slice(&phi)).transpose()?;
    let fault = Tensor::f_from_slice(&fault)?;
    let (indices, slots) = (indices.shallow_clone(), slots.shallow_clone());
    Ok(Some(Measured { indices, slots, log_p, phi, fault }))
}

/// The results of `n` samples. None if they are not in the CPU's memory. `masks`: `[M, n]`.
pub(super) fn values(
    n: usize,
    labels: impl FnOnce() -> Result<Labels>,
    masks: Option<&[bool]>,
    logits: &[Tensor],
    embeddings: &[Tensor],
) -> Result<Option<Values>> {
    if logits.iter().chain(embeddings).any(|tensor| tensor.device() != Device::Cpu) {
        return Ok(None);
    }
    let mask = |m: usize| masks.map(|masks| &masks[m * n..][..n]);
    let mut fault = vec![1i32; n];
    let mut note = |sample: usize, tensor: usize| {
        if fault[sample] == 1 {
            fault[sample] = 2 + tensor as i32;
        }
    };
    let (mut log_p, mut phi) = (None, None);
    if !logits.is_empty() {
        let num_classes = logits[0].size()[1] as usize;
        let labels = labels()?;
        let mut values = vec![0.0; logits.len() * n];
        for (m, (logits, out)) in logits.iter().zip(values.chunks_exact_mut(n)).enumerate() {
            let measured = match logits.f_kind()? {
                Kind::Half => log_p_of::<half::f16>(logits, num_classes, &labels, out)?,
                Kind::BFloat16 => log_p_of::<half::bf16>(logits, num_classes, &labels, out)?,
                _ => log_p_of::<f32>(logits, num_classes, &labels, out)?,
            };
            if measured.is_none() {
                return Ok(None);
            }
            for (sample, value) in out.iter_mut().enumerate() {
                match mask(m).is_none_or(|mask| mask[sample]) {
                    true if value.is_nan() => note(sample, m),
                    true => {}
                    false => *value = 0.0, // a missing modality does not count, and is not bad
                }
            }
        }
        log_p = Some(values);
    }
    if !embeddings.is_empty() {
        let kind = embeddings[0].f_kind()?;
        let one_kind = embeddings.iter().all(|tensor| tensor.kind() == kind);
        let measured = match kind {
            Kind::Half if one_kind => phi_of::<half::f16>(embeddings, n, mask)?,
            Kind::BFloat16 if one_kind => phi_of::<half::bf16>(embeddings, n, mask)?,
            _ => phi_of::<f32>(embeddings, n, mask)?,
        };
        let Some((values, bad)) = measured else { return Ok(None) };
        bad.into_iter().for_each(|bad| note(bad.sample, logits.len() + bad.modality));
        phi = Some(values);
    }
    Ok(Some(Values { log_p, phi, fault }))
}

/// `ln p` of a modality. None if it is not in memory.
fn log_p_of<T: Plain + Value<Score = f32>>(
    logits: &Tensor,
    num_classes: usize,
    labels: &Labels,
    out: &mut [f32],
) -> Result<Option<()>> {
    let copy = copied::<T>(logits)?;
    let Some(rows) = raw::values::<T>(copy.as_ref().unwrap_or(logits)) else { return Ok(None) };
    match labels {
        Labels::One(labels) => log_probabilities_into(rows, num_classes, labels, out),
        Labels::Several(labels) => mean_log_probabilities_into(rows, num_classes, labels, out),
    }
    Ok(Some(()))
}

/// Eq. 2-3 of `n` samples, and the first bad modality of each whose value is NaN. None if they are not in memory.
fn phi_of<'a, T: Plain + Value<Score = f32>>(
    embeddings: &[Tensor],
    n: usize,
    mask: impl Fn(usize) -> Option<&'a [bool]>,
) -> Result<Option<(Vec<f32>, Vec<Bad>)>> {
    let width = embeddings[0].size()[1] as usize;
    let copies: Vec<Option<Tensor>> = embeddings.iter().map(copied::<T>).collect::<Result<_>>()?;
    let in_memory = embeddings.iter().zip(&copies).map(|(tensor, copy)| raw::values(copy.as_ref().unwrap_or(tensor)));
    let Some(rows) = in_memory.collect::<Option<Vec<&[T]>>>() else { return Ok(None) };
    let modality = |(m, &embeddings)| Modality { logits: &[], embeddings, present: mask(m) };
    let modalities: Vec<Modality<'_, T>> = rows.iter().enumerate().map(modality).collect();
    let mut phi = vec![0.0; n];
    complements_into(&modalities, width, &mut phi);
    let bad = |sample: usize| {
        let bad =
            |modality: &Modality<'_, T>| modality.row(sample, width).is_some_and(|row| !row.iter().all(|x| x.finite()));
        Bad { sample, modality: modalities.iter().position(bad).unwrap_or(0) }
    };
    let bad = (0..n).filter(|&sample| phi[sample].is_nan()).map(bad).collect();
    Ok(Some((phi, bad)))
}

/// An embedding that is not finite.
struct Bad {
    sample: usize,
    modality: usize,
}

/// A copy of this kind without gaps of a tensor that cannot be read in place.
fn copied<T: Plain>(tensor: &Tensor) -> Result<Option<Tensor>> {
    if raw::values::<T>(tensor).is_some() {
        return Ok(None);
    }
    Ok(Some(tensor.f_detach()?.f_to_kind(T::KIND)?.f_contiguous()?))
}
