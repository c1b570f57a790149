//! Binary cross-entropy for several labels, corrected for the label mix of an epoch.

use tch::{Kind, Tensor};

use crate::Result;
use crate::error::ArgumentError;
use crate::tensor::{defined, floats, wrong_kind, wrong_shape};

/// Binary cross-entropy of `logits + tau * shift`, mean over the known entries. After training with it, the plain
/// logits predict as if the effect of `shift` were removed.
///
/// * With `shift` = [`Epoch::log_odds`](crate::Epoch::log_odds), `z > 0` decides as if each finding were as common as
///   its absence.
/// * With the log odds of the epoch minus those of the data ([`Targets::log_odds`](crate::Targets::log_odds)), `z`
///   stays calibrated for the data. This shift is 0 once the epoch holds all data.
/// * Predict with the plain logits.
/// * The correction is of first order: the sampler selects by own label, so the labels that come together with it
///   change a little, too.
///
/// # Shapes
/// `logits`: `[n, L]`, of any float kind; `labels`: `[n, L]` of 1 (yes), 0 (no) and, if `known` is none,
/// -1 (unknown), of any kind; `shift`: `[L]`, finite; `known`: `[n, L]`, of kind Bool, or none; `tau`: 1, or 1/2 if
/// labels are noisy. Returns a scalar in the kind of the logits, 0 if no entry is known.
///
/// # Errors
/// [`TensorError::Undefined`](crate::error::TensorError::Undefined),
/// [`TensorError::Shape`](crate::error::TensorError::Shape), [`TensorError::Kind`](crate::error::TensorError::Kind),
/// [`ArgumentError::Length`], and [`ArgumentError::OutOfRange`] for a `tau` or a shift that is not finite.
///
/// # Source
/// Logit adjustment (Menon et al. 2021), for a sigmoid: `ln(k / len)` is for softmax and wrong here.
///
/// # Examples
/// ```
/// use climd::prior_corrected_bce;
/// use tch::Tensor;
/// let (logits, labels) = (Tensor::from_slice2(&[[0.0f32, 9.0]]), Tensor::from_slice2(&[[1i64, -1]]));
/// // the first finding has a share of 1/4, so its loss is ln 4 instead of ln 2; the second is unknown
/// let loss = prior_corrected_bce(&logits, &labels, &[(1.0f32 / 3.0).ln(), 0.0], None, 1.0)?;
/// assert!((loss.double_value(&[]) - 4f64.ln()).abs() < 1e-6);
/// # Ok::<(), climd::Error>(())
/// ```
pub fn prior_corrected_bce(
    logits: &Tensor,
    labels: &Tensor,
    shift: &[f32],
    known: Option<&Tensor>,
    tau: f64,
) -> Result<Tensor> {
    floats("logits", logits)?;
    let (n, columns) = match *logits.size().as_slice() {
        [_, 0] => return Err(wrong_shape("logits", logits, "[n, L] with at least 1 column")),
        [n, columns] => (n, columns),
        _ => return Err(wrong_shape("logits", logits, "[n, L]")),
    };
    let shape = format!("[{n}, {columns}], as `logits`");
    defined("labels", labels)?;
    if labels.size() != [n, columns] {
        return Err(wrong_shape("labels", labels, &shape));
    }
    if shift.len() != columns as usize {
        let (found, expected, rule) = (shift.len(), columns as usize, "one for each column of `logits`");
        return Err(ArgumentError::Length { argument: "shift".into(), found, expected, rule }.into());
    }
    if let Some(&found) = shift.iter().find(|shift| !shift.is_finite()) {
        return Err(ArgumentError::OutOfRange { argument: "shift", found: found.into(), range: "finite" }.into());
    }
    if !tau.is_finite() {
        return Err(ArgumentError::OutOfRange { argument: "tau", found: tau, range: "finite" }.into());
    }
    let known = match known {
        None => labels.f_ge(0.0)?,
        Some(known) => {
            defined("known", known)?;
            if known.f_kind()? != Kind::Bool {
                return Err(wrong_kind("known", known, "Bool"));
            }
            if known.size() != [n, columns] {
                return Err(wrong_shape("known", known, &shape));
            }
            known.shallow_clone()
        }
    };
    let kind = logits.f_kind()?;
    let shift = Tensor::f_from_slice(shift)?.f_to_device(logits.device())?.f_to_kind(kind)?.f_mul_scalar(tau)?;
    let unknown = known.f_logical_not()?;
    // an unknown entry counts 0 and passes no gradient
    let shifted = logits.f_add(&shift)?.f_masked_fill(&unknown, 0.0)?;
    let labels = labels.f_to_kind(kind)?.f_masked_fill(&unknown, 0.0)?;
    let none: Option<&Tensor> = None;
    let each = shifted.f_binary_cross_entropy_with_logits(&labels, none, none, tch::Reduction::None)?;
    let count = known.f_sum(kind)?.f_clamp_min(1.0)?;
    Ok(each.f_masked_fill(&unknown, 0.0)?.f_sum(kind)?.f_div(&count)?)
}
