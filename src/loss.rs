//! A loss that knows what the sampler did.

use tch::{Kind, Tensor};

use crate::tensor::{defined, floats, wrong_kind, wrong_shape};
use crate::{Error, Result};

/// Cross-entropy of `logits + tau * log_prior`, mean over the batch: trained with it, the plain logits predict as if
/// the classes of the epoch had been balanced.
///
/// Use it for the fused logits and for every modality's own, with the prior of the epoch that the batch comes from;
/// predict with the plain logits.
///
/// # Shapes
/// `logits`: `[n, C]`, of any float kind; `labels`: `[n]`, of kind Int64, columns of the logits; `log_prior`: `[C]`, from
/// [`Epoch::log_prior`](crate::Epoch::log_prior); `tau`: 1, or 1/2 if labels are noisy. Returns a scalar.
///
/// # Errors
/// [`Error::Undefined`], [`Error::Shape`], [`Error::Kind`], [`Error::Length`], and [`Error::OutOfRange`] for a `tau`
/// that is not finite.
///
/// # Source
/// Balanced softmax (Ren et al. 2020); logit adjustment (Menon et al. 2021).
///
/// # Examples
/// ```
/// use climd::prior_corrected_cross_entropy;
/// use tch::Tensor;
/// let (logits, labels) = (Tensor::from_slice2(&[[0.0f32, 0.0]]), Tensor::from_slice(&[1i64]));
/// // a class that is 1 of 4 has to outweigh its rarity: the loss is ln 4, not ln 2
/// let loss = prior_corrected_cross_entropy(&logits, &labels, &[0.75f32.ln(), 0.25f32.ln()], 1.0)?;
/// assert!((loss.double_value(&[]) - 4f64.ln()).abs() < 1e-6);
/// # Ok::<(), climd::Error>(())
/// ```
pub fn prior_corrected_cross_entropy(logits: &Tensor, labels: &Tensor, log_prior: &[f32], tau: f64) -> Result<Tensor> {
    floats("logits", logits)?; // with integers the prior would be cut to integers too
    defined("labels", labels)?;
    let &[n, classes] = logits.size().as_slice() else { return Err(wrong_shape("logits", logits, "[n, C]")) };
    if labels.size() != [n] {
        return Err(wrong_shape("labels", labels, &format!("[{n}]: one for each row of `logits`")));
    }
    if labels.f_kind()? != Kind::Int64 {
        return Err(wrong_kind("labels", labels, "Int64"));
    }
    if log_prior.len() != classes as usize {
        let (found, expected, rule) = (log_prior.len(), classes as usize, "one for each column of `logits`");
        return Err(Error::Length { argument: "log_prior".into(), found, expected, rule });
    }
    if !tau.is_finite() {
        return Err(Error::OutOfRange { argument: "tau", found: tau, range: "finite" });
    }
    let prior = Tensor::f_from_slice(log_prior)?.f_to_device(logits.device())?.f_to_kind(logits.f_kind()?)?;
    let adjusted = logits.f_add(&prior.f_mul_scalar(tau)?)?;
    // libtorch skips one label without a word, -100 if it is not told another: here none that is a label
    Ok(adjusted.f_cross_entropy_loss::<Tensor>(labels, None, tch::Reduction::Mean, i64::MIN, 0.0)?)
}
