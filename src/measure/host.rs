//! Measures a batch of f32 in the CPU's memory in place, with the kernels of [`slices`](super::slices).

use tch::{Device, Kind, Tensor};

use super::layout::Measured;
use super::several::mean_log_probabilities_into;
use super::slices::{Modality, complements_into, log_probabilities_into};
use crate::tensor::to_vec;
use crate::{Result, raw};

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
/// `indices`, `slots`: `[n]`; `labels`: `[N + 1]` or `[N + 1, L]`; `present`: `[M, n]`. f16, bf16, and
/// rows with gaps are copied first.
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
    let copies = [plain(logits)?, plain(embeddings)?];
    let (Some(logit_rows), Some(embedding_rows)) = (in_place(logits, &copies[0]), in_place(embeddings, &copies[1]))
    else {
        return Ok(None);
    };
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
        for (m, (rows, out)) in logit_rows.iter().zip(values.chunks_exact_mut(n)).enumerate() {
            match &labels {
                Labels::One(labels) => log_probabilities_into(rows, num_classes, labels, out),
                Labels::Several(labels) => mean_log_probabilities_into(rows, num_classes, labels, out),
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
        let width = embeddings[0].size()[1] as usize;
        let modality = |(m, &embeddings)| Modality { logits: &[], embeddings, present: mask(m) };
        let modalities: Vec<Modality<'_>> = embedding_rows.iter().enumerate().map(modality).collect();
        let mut values = vec![0.0; n];
        complements_into(&modalities, width, &mut values);
        for sample in (0..n).filter(|&sample| values[sample].is_nan()) {
            let bad = |modality: &Modality<'_>| {
                modality.row(sample, width).is_some_and(|row| !row.iter().all(|x| x.is_finite()))
            };
            note(sample, logits.len() + modalities.iter().position(bad).unwrap_or(0));
        }
        phi = Some(values);
    }
    Ok(Some(Values { log_p, phi, fault }))
}

/// Copies in f32 without gaps of the tensors on the CPU that cannot be read in place.
fn plain(tensors: &[Tensor]) -> Result<Vec<Option<Tensor>>> {
    let plain = |tensor: &Tensor| match tensor.device() {
        Device::Cpu if raw::floats(tensor).is_none() => {
            Ok(Some(tensor.f_detach()?.f_to_kind(Kind::Float)?.f_contiguous()?))
        }
        _ => Ok(None),
    };
    tensors.iter().map(plain).collect()
}

/// The values of the tensors, or of their copies.
fn in_place<'a>(tensors: &'a [Tensor], copies: &'a [Option<Tensor>]) -> Option<Vec<&'a [f32]>> {
    tensors.iter().zip(copies).map(|(tensor, copy)| raw::floats(copy.as_ref().unwrap_or(tensor))).collect()
}
