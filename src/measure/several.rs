//! `ln p` of a sample with several labels, for a sigmoid head: the mean over the labels that are known of it.

use rayon::prelude::*;

use super::Terms;
use super::log_sigmoid::mean_log_sigmoids;
use super::slices::{CHUNK, Modality, Scores, check, finish, in_pool, known_or_error};
use super::value::Value;
use super::value::sealed::Real as _;
use crate::Result;
use crate::error::TargetError;
use crate::labels::check_table;

/// Scores samples that have several labels each, for a network with a sigmoid for each label: as
/// [`measure`](crate::measure), with another `ln p`.
///
/// Confidence of a modality is `sigmoid(mean of ln p(label))` over the known labels of the sample, where `p` of a label
/// is `sigmoid(z)` if the sample has it, and `1 - sigmoid(z)` if not: in `[0, 0.5]`. It is 0.5 if no label of the
/// sample is known, as nothing contradicts the network. [`Terms::LogLikelihood`] is the mean itself.
///
/// # Shapes
/// `labels`: `[n, num_labels]`, row-major, of 1 (has it), 0 (has it not) and -1 (unknown); `modalities`: as for
/// [`measure`](crate::measure), with logits `[n, num_labels]`.
///
/// # Errors
/// As [`measure`](crate::measure); [`OutOfRange`](crate::error::ArgumentError::OutOfRange) for `num_labels` of 0;
/// [`Length`](crate::error::ArgumentError::Length) for labels that are not whole rows; [`TargetError::MultiHot`] for
/// another value.
///
/// # Examples
/// ```
/// use climd::{Modality, Terms, measure_multi_hot};
/// // of two X-rays the first is recognised; of the second one finding is missed, and the other is unknown
/// let logits = [4.0f32, -4.0, -4.0, 9.0];
/// let image = Modality { logits: &logits, embeddings: &[], present: None };
/// let scores = measure_multi_hot(&[1, 0, 1, -1], 2, &[image], Terms::Confidence)?;
/// assert!(scores.score[0] > 0.49 && scores.score[1] < 0.02);
/// # Ok::<(), climd::Error>(())
/// ```
pub fn measure_multi_hot<F: Value>(
    labels: &[i8],
    num_labels: usize,
    modalities: &[Modality<'_, F>],
    terms: Terms,
) -> Result<Scores<F::Score>> {
    let n = samples(labels, num_labels)?;
    let width = check(n, num_labels, modalities, terms)?;
    in_pool(n, || {
        let mut confidence = Vec::new(); // [M][n], ln p
        if terms.needs_logits() {
            let of_modality = |(m, modality): (usize, &Modality<'_, F>)| {
                let mut values = vec![F::Score::of(0.0); n];
                mean_log_probabilities_into(modality.logits, num_labels, labels, &mut values);
                known_or_error(values, m, modality)
            };
            confidence = modalities.iter().enumerate().map(of_modality).collect::<Result<_>>()?;
        }
        finish(n, width, 1, modalities, terms, confidence)
    })
}

/// Number of samples of a table of labels that is correct.
pub(super) fn samples(labels: &[i8], num_labels: usize) -> Result<usize> {
    check_table("labels", labels.len(), num_labels, "whole rows of `num_labels` values, at least 1")?;
    if let Some(at) = labels.iter().position(|value| !(-1..=1).contains(value)) {
        let (sample, label) = (at / num_labels, at % num_labels);
        return Err(TargetError::MultiHot { sample, label, found: labels[at].into() }.into());
    }
    Ok(labels.len() / num_labels)
}

/// Mean of `ln p` over the known labels of every row, on all threads; NaN for a row that is not finite.
pub(super) fn mean_log_probabilities_into<F: Value>(
    rows: &[F],
    num_labels: usize,
    labels: &[i8],
    out: &mut [F::Score],
) {
    let stretch = CHUNK * num_labels;
    let chunks = out.par_chunks_mut(CHUNK).zip(labels.par_chunks(stretch)).zip(rows.par_chunks(stretch));
    chunks.for_each(|((out, labels), rows)| mean_log_sigmoids(rows, num_labels, labels, out));
}
