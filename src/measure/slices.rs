//! The measurer for slices, without a framework. Each sample is measured by itself, so the bits are the same on every
//! platform and for any number of threads.
//!
//! The kernels are in [`confidence`](super::confidence), [`complements`](super::complements) and, of f64,
//! [`double`](super::double).

use rayon::prelude::*;

use super::Terms;
use super::cosine::complement;
use super::value::sealed::Real as _;
use super::value::{Real, Value};
use super::widths::same_embedding_width;
use crate::error::{ArgumentError, LabelError, MeasureError};
use crate::{Error, Result};

/// Outputs of a network for `n` samples in one modality.
#[derive(Debug, Clone, Copy)]
pub struct Modality<'a, F = f32> {
    /// Logits of the modality's own classifier, `[n, C]`, row-major. May be empty for [`Terms::Complementarity`].
    pub logits: &'a [F],
    /// Embeddings, `[n, D]`, row-major, `D` the same for all modalities. May be empty for terms without
    /// complementarity.
    pub embeddings: &'a [F],
    /// Which samples have this modality, `[n]`; `None`: all. The other slices may hold any values for the rest.
    pub present: Option<&'a [bool]>,
}

/// Scores and their parts.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Scores<F = f32> {
    /// The score `r`, `[n]`: higher is easier, and comes earlier.
    pub score: Vec<F>,
    /// Confidence `psi` of each modality, `M` times `[n]`, in `[0, 0.5]`. NaN if the modality is missing. Empty for
    /// [`Terms::Complementarity`].
    pub confidence: Vec<Vec<F>>,
    /// Complementarity `phi`, `[n]`, in `[0, M / (M - 1)]`. Empty for terms without it.
    pub complementarity: Vec<F>,
}

/// Scores every sample by confidence and complementarity: higher is easier, and comes earlier.
///
/// # Shapes
/// `labels`: `[n]`, integers of any type, columns of the logits; `modalities`: `M` of them, for the same `n` samples.
/// All shapes are in [`Modality`] and [`Scores`].
///
/// # Errors
/// [`ArgumentError::Empty`] for no labels or no modalities; [`ArgumentError::Length`] and
/// [`MeasureError::EmbeddingWidth`] for slices that disagree; [`LabelError::LabelOutsideLogits`];
/// [`MeasureError::NotFinite`] with the modality and the sample; [`MeasureError::NoModality`] for a sample that has
/// none.
///
/// # Complexity
/// One pass over the logits, one over the embeddings, on all threads of the current rayon pool.
///
/// # Source
/// Han et al., MICCAI 2025, Eq. 1-4. A zero embedding has cosine 0 to every other: ReLU encoders make them.
///
/// # Examples
/// ```
/// use climd::{Modality, Terms, measure};
/// let labels = [0, 1]; // in both modalities the first sample is recognised, the second is not
/// let image = Modality { logits: &[4.0f32, 0.0, 0.0, 0.0], embeddings: &[1.0, 0.0, 1.0, 0.0], present: None };
/// let text = Modality { logits: &[4.0, 0.0, 0.0, 0.0], embeddings: &[0.0, 1.0, 1.0, 0.0], present: None };
/// let scores = measure(&labels, 2, &[image, text], Terms::Both)?;
/// assert!(scores.score[0] > scores.score[1]);
/// assert_eq!(scores.complementarity, [1.0, 0.0]); // at right angles, and the same
/// # Ok::<(), climd::Error>(())
/// ```
pub fn measure<F: Value, L: Copy + TryInto<i64>>(
    labels: &[L],
    num_classes: usize,
    modalities: &[Modality<'_, F>],
    terms: Terms,
) -> Result<Scores<F::Score>> {
    let width = check(labels.len(), num_classes, modalities, terms)?;
    let labels = &columns(labels, num_classes)?;
    in_pool(labels.len(), || {
        let mut confidence: Vec<Vec<F::Score>> = Vec::new(); // [M][n], ln p until it is squashed
        if terms.needs_logits() {
            let all =
                modalities.iter().enumerate().map(|(m, modality)| log_probabilities(labels, num_classes, m, modality));
            confidence = all.collect::<Result<_>>()?;
        }
        finish(labels.len(), width, num_classes, modalities, terms, confidence)
    })
}

/// Does this work on `n` samples in the pool. Else each parallel step in it would be handed over to the pool and waited
/// for, which takes tens of microseconds each. Few samples stay on this thread.
pub(super) fn in_pool<R: Send>(n: usize, work: impl FnOnce() -> R + Send) -> R {
    if n <= CHUNK { work() } else { rayon::scope(|_| work()) }
}

/// Scores from `ln p` of every modality, `[M][n]`, which Eq. 1 divides by `divisor`.
pub(super) fn finish<F: Value>(
    n: usize,
    width: usize,
    divisor: usize,
    modalities: &[Modality<'_, F>],
    terms: Terms,
    mut confidence: Vec<Vec<F::Score>>,
) -> Result<Scores<F::Score>> {
    let squash = |confidence: &mut Vec<Vec<F::Score>>| {
        for values in confidence {
            values.par_chunks_mut(CHUNK).for_each(|chunk| F::Score::confidence(chunk, divisor));
        }
    };
    if terms != Terms::LogLikelihood {
        squash(&mut confidence);
    }
    let mut complementarity = Vec::new();
    if terms.needs_embeddings() {
        complementarity = complementarities(n, width, modalities)?;
    }
    let mut score = vec![F::Score::of(0.0); n];
    score.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| {
        let from = chunk * CHUNK;
        let mut means = [0.0f64; CHUNK];
        add_means(&mut means[..out.len()], modalities, &confidence, from);
        let limited = |mean: f64| if mean < F::Score::LOWEST { F::Score::LOWEST } else { mean };
        if complementarity.is_empty() {
            out.iter_mut().zip(means).for_each(|(out, mean)| *out = F::Score::of(limited(mean)));
        } else {
            let each = out.iter_mut().zip(&complementarity[from..]).zip(means);
            each.for_each(|((out, &phi), mean)| *out = F::Score::of(phi.into() + limited(mean)));
        }
    });
    if terms == Terms::LogLikelihood {
        squash(&mut confidence);
    }
    Ok(Scores { score, confidence, complementarity })
}

/// Samples that one thread takes at a time: enough to outweigh the hand-over, few enough for its caches.
pub(super) const CHUNK: usize = 1024;

/// Adds to each sample from `from` on the mean of its `values`, `[M][n]` or empty, over the modalities that it has.
fn add_means<F, S: Real>(means: &mut [f64], modalities: &[Modality<'_, F>], values: &[Vec<S>], from: usize) {
    let samples = from..from + means.len();
    if modalities.iter().all(|modality| modality.present.is_none()) {
        for values in values {
            means.iter_mut().zip(&values[samples.clone()]).for_each(|(sum, &value)| *sum += value.into());
        }
        means.iter_mut().for_each(|sum| *sum /= modalities.len() as f64);
        return;
    }
    // one modality after another, and without a branch for each sample, which a processor could not foresee
    let (mut sums, mut counts) = ([0.0; CHUNK], [0.0; CHUNK]);
    for (modality, values) in modalities.iter().zip(values) {
        let of_samples = sums.iter_mut().zip(&mut counts).zip(&values[samples.clone()]);
        match modality.present {
            None => of_samples.for_each(|((sum, count), &value)| (*sum, *count) = (*sum + value.into(), *count + 1.0)),
            Some(present) => of_samples.zip(&present[samples.clone()]).for_each(|(((sum, count), &value), &has)| {
                *sum += if has { value.into() } else { 0.0 };
                *count += f64::from(has);
            }),
        }
    }
    for ((mean, sum), count) in means.iter_mut().zip(sums).zip(counts) {
        *mean += if count == 0.0 { 0.0 } else { sum / count };
    }
}

impl<'a, F> Modality<'a, F> {
    /// The embedding of a sample that has the modality.
    pub(super) fn row(&self, sample: usize, width: usize) -> Option<&'a [F]> {
        self.has(sample).then(|| &self.embeddings[sample * width..][..width])
    }

    fn has(&self, sample: usize) -> bool {
        self.present.is_none_or(|present| present[sample])
    }
}

/// `ln p(label)` of every sample in modality `m`, `[n]`; NaN where it is missing.
fn log_probabilities<F: Value>(
    labels: &[u32],
    num_classes: usize,
    m: usize,
    modality: &Modality<'_, F>,
) -> Result<Vec<F::Score>> {
    let mut values = vec![F::Score::of(f64::NAN); labels.len()];
    log_probabilities_into(modality.logits, num_classes, labels, &mut values);
    known_or_error(values, m, modality)
}

/// `ln p` of every sample with NaN where modality `m` is missing, if it is a number everywhere else.
pub(super) fn known_or_error<F, S: Real>(mut values: Vec<S>, m: usize, modality: &Modality<'_, F>) -> Result<Vec<S>> {
    // NaN for every row that is not finite, and for no other
    let bad = match modality.present {
        None => nans(&values).next(),
        Some(present) => {
            let mut any = false; // no way out of the loop, so that many are looked at at once
            for (value, &has) in values.iter_mut().zip(present) {
                any |= has & (*value).into().is_nan();
                *value = if has { *value } else { S::of(f64::NAN) };
            }
            if any { nans(&values).find(|&i| present[i]) } else { None }
        }
    };
    match bad {
        Some(sample) => Err(MeasureError::NotFinite { argument: "logits", modality: m, sample }.into()),
        None => Ok(values),
    }
}

/// Where values are NaN. Many values are looked at at once.
fn nans<S: Real>(values: &[S]) -> impl Iterator<Item = usize> {
    let is_nan = |value: &S| (*value).into().is_nan();
    let chunks = values.chunks(CHUNK).enumerate();
    let some = chunks.filter(move |(_, chunk)| chunk.iter().fold(false, |any, value| any | is_nan(value)));
    some.flat_map(move |(at, chunk)| (at * CHUNK..).zip(chunk).filter(move |(_, value)| is_nan(value)).map(|(i, _)| i))
}

/// `ln softmax(row)[label]` of all rows, `[n, C]`, on all threads; NaN for a row that is not finite.
pub(super) fn log_probabilities_into<F: Value>(rows: &[F], num_classes: usize, labels: &[u32], out: &mut [F::Score]) {
    let chunks = out.par_chunks_mut(CHUNK).zip(labels.par_chunks(CHUNK)).zip(rows.par_chunks(CHUNK * num_classes));
    chunks.for_each(|((out, labels), rows)| F::log_probabilities(rows, num_classes, labels, out));
}

/// Eq. 2-3 of all samples on all threads, over the modalities that each has; NaN where a row is not finite.
pub(super) fn complements_into<'a, F: Value>(modalities: &[Modality<'a, F>], width: usize, out: &mut [F::Score]) {
    let whole = modalities.iter().all(|modality| modality.present.is_none_or(|present| present.iter().all(|&p| p)));
    out.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| {
        let samples = chunk * CHUNK..chunk * CHUNK + out.len();
        let rows = |modality: &Modality<'a, F>| &modality.embeddings[samples.start * width..samples.end * width];
        let present = |modality: &Modality<'a, F>| modality.present.filter(|_| !whole).map(|p| &p[samples.clone()]);
        let (rows, present): (Vec<_>, Vec<_>) = modalities.iter().map(|m| (rows(m), present(m))).unzip();
        F::complements(&rows, &present, width, out);
        for (sample, out) in samples.zip(out).filter(|(_, out)| Into::<f64>::into(**out) < 0.0) {
            let rows: Vec<&[F]> = modalities.iter().filter_map(|modality| modality.row(sample, width)).collect();
            *out = complement(&rows);
        }
    });
}

/// Eq. 2-3 for every one of `n` samples, over the modalities that it has.
fn complementarities<F: Value>(n: usize, width: usize, modalities: &[Modality<'_, F>]) -> Result<Vec<F::Score>> {
    let mut values = vec![F::Score::of(0.0); n];
    complements_into(modalities, width, &mut values);
    let Some(sample) = nans(&values).next() else { return Ok(values) };
    let bad = |&m: &usize| modalities[m].row(sample, width).is_some_and(|row| !row.iter().all(|x| x.finite()));
    let modality = (0..modalities.len()).find(bad).unwrap_or(0);
    Err(MeasureError::NotFinite { argument: "embeddings", modality, sample }.into())
}

/// The labels as columns of the logits.
fn columns<L: Copy + TryInto<i64>>(labels: &[L], num_classes: usize) -> Result<Vec<u32>> {
    // without a way out, so that many are converted at once; no column is `u32::MAX`
    let column = |&label: &L| label.try_into().ok().and_then(|label| u32::try_from(label).ok()).unwrap_or(u32::MAX);
    let columns: Vec<u32> = labels.iter().map(column).collect();
    let outside = |column: u32| column as usize >= num_classes || column == u32::MAX;
    if !outside(columns.iter().fold(0, |largest, &column| largest.max(column))) {
        return Ok(columns);
    }
    let index = columns.iter().position(|&column| outside(column)).unwrap_or(0);
    let label: i64 =
        labels[index].try_into().map_err(|_| Error::Label(LabelError::LabelTooLarge { argument: "labels", index }))?;
    if num_classes == 1 && label == 1 {
        let found = vec![labels.len() as i64, 1];
        return Err(MeasureError::OneLogit { argument: "modalities[0].logits".into(), found }.into());
    }
    Err(LabelError::LabelOutsideLogits { index, label, num_classes }.into())
}

/// Checks every length; returns the width of the embeddings.
pub(super) fn check<F>(n: usize, num_classes: usize, modalities: &[Modality<'_, F>], terms: Terms) -> Result<usize> {
    if n == 0 {
        return Err(ArgumentError::Empty { argument: "labels" }.into());
    }
    if modalities.is_empty() {
        return Err(ArgumentError::Empty { argument: "modalities" }.into());
    }
    if num_classes == 0 {
        return Err(ArgumentError::OutOfRange { argument: "num_classes", found: 0.0, range: "at least 1" }.into());
    }
    if terms.needs_embeddings() && modalities.iter().all(|modality| modality.embeddings.is_empty()) {
        return Err(MeasureError::NoEmbeddings { terms: terms.name() }.into());
    }
    let length = |argument: &str, m: usize, found: usize, expected: usize, rule: &'static str| {
        let argument = format!("modalities[{m}].{argument}");
        if found == expected {
            Ok(())
        } else {
            Err(Error::Argument(ArgumentError::Length { argument, found, expected, rule }))
        }
    };
    let width = (modalities[0].embeddings.len() / n).max(1); // embeddings that are needed are not empty
    for (m, modality) in modalities.iter().enumerate() {
        if terms.needs_logits() {
            // Widths that cannot be multiplied cannot be met by a slice either.
            let expected = n.saturating_mul(num_classes);
            length("logits", m, modality.logits.len(), expected, "labels.len() rows of num_classes")?;
        }
        if terms.needs_embeddings() {
            let found = modality.embeddings.len();
            if m > 0 && found % n == 0 {
                same_embedding_width(m, found / n, width)?;
            }
            length("embeddings", m, found, n * width, "labels.len() rows of one width")?;
        }
        if let Some(present) = modality.present {
            length("present", m, present.len(), n, "one flag for each label")?;
        }
    }
    match without_any(n, modalities) {
        Some(sample) => Err(MeasureError::NoModality { sample }.into()),
        None => Ok(width),
    }
}

/// The first sample that has no modality.
fn without_any<F>(n: usize, modalities: &[Modality<'_, F>]) -> Option<usize> {
    let masks: Vec<&[bool]> = modalities.iter().map(|modality| modality.present).collect::<Option<_>>()?;
    (0..n).step_by(CHUNK).find_map(|from| {
        let mut has = [false; CHUNK];
        let has = &mut has[..CHUNK.min(n - from)];
        for mask in &masks {
            has.iter_mut().zip(&mask[from..]).for_each(|(has, present)| *has |= present);
        }
        has.iter().position(|has| !has).map(|at| from + at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<'a, F>(logits: &'a [F], embeddings: &'a [F]) -> Modality<'a, F> {
        Modality { logits, embeddings, present: None }
    }

    #[test]
    fn a_logit_gap_of_ten_thousand_is_finite() {
        let m = [one(&[1e4f32, 0.0], &[1.0])];
        assert_eq!(measure(&[1], 2, &m, Terms::LogLikelihood).unwrap().score, [-1e4]);
        assert_eq!(measure(&[1], 2, &m, Terms::Confidence).unwrap().score, [0.0]); // underflow is legal
        assert_eq!(measure(&[0], 2, &m, Terms::Confidence).unwrap().score, [0.5]);
    }

    #[test]
    fn length_does_not_matter_even_at_the_ends_of_the_range() {
        fn phi<F: Real>(a: [F; 2], b: [F; 2]) -> f64 {
            measure(&[0], 1, &[one(&[], &a), one(&[], &b)], Terms::Complementarity).unwrap().score[0].into()
        }
        for scale in [5e-324, 1e-310, 1e-200, 1.0, 1e200, 1e307] {
            assert_eq!(phi([scale, scale], [scale, -scale]), 1.0, "{scale}");
            assert!(phi([scale, scale], [3.0, 3.0]) < 1e-15, "{scale}");
        }
        for scale in [1e-45f32, 1e-30, 1e38] {
            assert!(phi([scale, scale], [1.0, 1.0]) < 1e-6, "{scale}");
        }
    }

    /// Any number of modalities, some missing, some rows of length 0 or near the ends of the range, agree with f64.
    #[test]
    fn many_and_missing_modalities_are_measured_as_in_f64() {
        let (n, width) = (50, 37);
        let mut word = 1u32;
        let mut next = || {
            word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (word >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        for count in [2, 3, 5, 8, 33] {
            let scale = |m: usize, i: usize| match (m * 7 + i) % 23 {
                0 => 0.0,
                1 => 1e-30,
                2 => 1e25,
                _ => 1.0,
            };
            let rows: Vec<Vec<f32>> =
                (0..count).map(|m| (0..n * width).map(|at| next() * scale(m, at / width)).collect()).collect();
            let present: Vec<Vec<bool>> =
                (0..count).map(|m| (0..n).map(|i| (i + m) % 4 > 0 || m == 0).collect()).collect();
            let double: Vec<Vec<f64>> = rows.iter().map(|row| row.iter().map(|&x| x.into()).collect()).collect();
            for masked in [false, true] {
                let mask = |m: usize| masked.then_some(&present[m][..]);
                let all = |m: usize| Modality { logits: &[], embeddings: &rows[m], present: mask(m) };
                let found = measure(&vec![0; n], 1, &(0..count).map(all).collect::<Vec<_>>(), Terms::Complementarity);
                let all = |m: usize| Modality { logits: &[], embeddings: &double[m], present: mask(m) };
                let exact = measure(&vec![0; n], 1, &(0..count).map(all).collect::<Vec<_>>(), Terms::Complementarity);
                for (found, exact) in found.unwrap().score.into_iter().zip(exact.unwrap().score) {
                    assert!((f64::from(found) - exact).abs() < 1e-6, "{count} {masked}: {found} {exact}");
                }
            }
        }
    }

    #[test]
    fn f64_has_the_bits_of_the_plain_cosine() {
        let mut word = 1u64;
        let mut next = || {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (word >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        };
        let n = 30;
        for (count, width) in (1..=9).flat_map(|count| [1, 5, 8, 19, 64, 100].map(|width| (count, width))) {
            let scale = |m: usize, i: usize| match (m * 7 + i) % 29 {
                0 => 0.0,
                1 => 1e-120,
                2 => 1e150,
                3 => f64::NAN,
                _ => 1.0,
            };
            let rows: Vec<Vec<f64>> =
                (0..count).map(|m| (0..n * width).map(|at| next() * scale(m, at / width)).collect()).collect();
            let present: Vec<Vec<bool>> = (0..count).map(|m| (0..n).map(|i| (i + m) % 4 > 0).collect()).collect();
            for masked in [false, true] {
                let mask = |m: usize| masked.then_some(&present[m][..]);
                let all = |m: usize| Modality { logits: &[], embeddings: &rows[m], present: mask(m) };
                let modalities: Vec<Modality<'_, f64>> = (0..count).map(all).collect();
                let mut found = vec![0.0; n];
                complements_into(&modalities, width, &mut found);
                for (i, found) in found.into_iter().enumerate() {
                    let exact = complement(&modalities.iter().filter_map(|m| m.row(i, width)).collect::<Vec<_>>());
                    assert!(found.to_bits() == exact.to_bits() || found.is_nan() && exact.is_nan(), "{found} {exact}");
                }
            }
        }
    }

    #[test]
    fn a_missing_modality_takes_no_part() {
        let present = [false, true];
        let first =
            Modality { logits: &[f32::NAN, 0.0, 1.0, 0.0], embeddings: &[f32::NAN, 1.0], present: Some(&present) };
        let second = one(&[0.0, 0.0, 1.0, 0.0], &[1.0, 1.0]);
        let scores = measure(&[0, 0], 2, &[first, second], Terms::Both).unwrap();
        let alone = measure(&[0], 2, &[one(&[0.0f32, 0.0], &[1.0])], Terms::Both).unwrap();
        assert_eq!(scores.score[0], alone.score[0]);
        assert!(scores.confidence[0][0].is_nan());
        let nobody = Modality { present: Some(&[true, false]), ..first };
        let other = Modality { present: Some(&[true, false]), ..second };
        let error = measure(&[0, 0], 2, &[nobody, other], Terms::Both).unwrap_err();
        assert_eq!(error, Error::Measure(MeasureError::NoModality { sample: 1 }));
    }

    #[test]
    fn what_is_not_finite_is_named() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let good = one(&[0.0; 4], &[1.0, 2.0]);
            let logits = [0.0, 0.0, bad, 0.0];
            let error = measure(&[0, 1], 2, &[good, one(&logits, &[1.0, 1.0])], Terms::Both).unwrap_err();
            assert_eq!(error, Error::Measure(MeasureError::NotFinite { argument: "logits", modality: 1, sample: 1 }));
            let embeddings = [1.0, bad];
            let error = measure(&[0, 1], 2, &[good, one(&[0.0; 4], &embeddings)], Terms::Both).unwrap_err();
            assert_eq!(
                error,
                Error::Measure(MeasureError::NotFinite { argument: "embeddings", modality: 1, sample: 1 })
            );
            let error = measure(&[0, 1], 2, &[one(&[0.0; 4], &embeddings)], Terms::Both).unwrap_err();
            assert_eq!(
                error,
                Error::Measure(MeasureError::NotFinite { argument: "embeddings", modality: 0, sample: 1 })
            );
        }
    }

    /// Beyond the samples that are looked at together, too.
    #[test]
    fn a_sample_is_named_among_many_of_which_some_lack_a_modality() {
        let n = CHUNK + 500;
        let find = |bad: usize, lacks: &[usize]| {
            let present: Vec<bool> = (0..n).map(|i| i % 3 > 0 && !lacks.contains(&i)).collect();
            let other: Vec<bool> = (0..n).map(|i| !lacks.contains(&i)).collect();
            let mut logits = vec![0.0f32; 2 * n];
            (0..n).filter(|i| i % 3 == 0).for_each(|i| logits[2 * i] = f32::NAN);
            logits[2 * bad + 1] = f32::NAN;
            let first = Modality { logits: &logits, embeddings: &[], present: Some(&present) };
            let second = Modality { logits: &vec![0.0; 2 * n], embeddings: &[], present: Some(&other) };
            measure(&vec![0; n], 2, &[first, second], Terms::Confidence)
        };
        let missing = find(3, &[]).unwrap(); // the first modality of sample 3 is missing
        assert!((0..n).all(|i| missing.confidence[0][i].is_nan() == (i % 3 == 0)));
        for bad in [1, CHUNK + 300] {
            let error = MeasureError::NotFinite { argument: "logits", modality: 0, sample: bad };
            assert_eq!(find(bad, &[]), Err(Error::Measure(error)));
        }
        for lacks in [&[7, CHUNK + 7][..], &[CHUNK + 499]] {
            assert_eq!(find(1, lacks), Err(Error::Measure(MeasureError::NoModality { sample: lacks[0] })));
        }
    }

    #[test]
    fn slices_that_disagree_are_named() {
        let check = |labels: &[u32], m: &[Modality<'_>]| measure(labels, 2, m, Terms::Both).unwrap_err().to_string();
        let good = one(&[0.0; 4], &[0.0; 6]);
        assert_eq!(check(&[], &[good]), "`labels` is empty, but at least one is needed");
        assert_eq!(check(&[0, 1], &[]), "`modalities` is empty, but at least one is needed");
        assert_eq!(
            check(&[0, 2], &[good]),
            "`labels[1]` is 2, but the logits have columns 0 to 1: number the classes from 0, or widen the last layer"
        );
        assert_eq!(
            check(&[0, 1], &[good, one(&[0.0; 3], &[0.0; 6])]),
            "`modalities[1].logits` has length 3, but must have length 4: labels.len() rows of num_classes"
        );
        assert_eq!(
            check(&[0, 1], &[good, one(&[0.0; 4], &[0.0; 4])]),
            "`embeddings[1]` has width 2, but `embeddings[0]` has width 3: project the embeddings to one width first, \
             by layers that are trained (untrained, their cosines are chance), or measure with `Terms::Confidence`"
        );
    }
}
