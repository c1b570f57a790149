//! Losses for imbalanced classes. The first one knows the class mix of the epoch.
//!
//! Each takes logits `[n, C]` of a float kind, and labels `[n]` of kind Int64, which are columns of the logits. Each
//! returns the mean over the batch, as a scalar in the kind of the logits. Weighted cross-entropy returns the weighted
//! mean.

use tch::{Kind, Tensor};

use crate::error::ArgumentError;
use crate::labels::check_columns;
use crate::tensor::{defined, floats, wrong_kind, wrong_shape};
use crate::{ClassIndex, Result};

/// Cross-entropy of `logits + tau * log_prior`, mean over the batch. After training with it, the plain logits predict
/// as if the classes of the epoch were balanced.
///
/// Use it for the fused logits and for the logits of every modality, with the prior of the batch's epoch. Predict with
/// the plain logits.
///
/// # Shapes
/// `logits`: `[n, C]`, of any float kind; `labels`: `[n]`, of kind Int64, columns of the logits; `log_prior`: `[C]`,
/// from [`Epoch::log_prior`](crate::Epoch::log_prior); `tau`: 1, or 1/2 if labels are noisy. Returns a scalar.
///
/// # Errors
/// [`TensorError::Undefined`](crate::error::TensorError::Undefined),
/// [`TensorError::Shape`](crate::error::TensorError::Shape), [`TensorError::Kind`](crate::error::TensorError::Kind),
/// [`ArgumentError::Length`], and [`ArgumentError::OutOfRange`] for a `tau` that is not finite.
///
/// # Source
/// Balanced softmax (Ren et al. 2020); logit adjustment (Menon et al. 2021).
///
/// # Examples
/// ```
/// use climd::prior_corrected_cross_entropy;
/// use tch::Tensor;
/// let (logits, labels) = (Tensor::from_slice2(&[[0.0f32, 0.0]]), Tensor::from_slice(&[1i64]));
/// // the class has a share of 1/4, so the loss is ln 4 instead of ln 2
/// let loss = prior_corrected_cross_entropy(&logits, &labels, &[0.75f32.ln(), 0.25f32.ln()], 1.0)?;
/// assert!((loss.double_value(&[]) - 4f64.ln()).abs() < 1e-6);
/// # Ok::<(), climd::Error>(())
/// ```
pub fn prior_corrected_cross_entropy(logits: &Tensor, labels: &Tensor, log_prior: &[f32], tau: f64) -> Result<Tensor> {
    let classes = check(logits, labels)?;
    let adjusted = logits.f_add(&scaled(logits, "log_prior", log_prior, classes, tau)?)?;
    // libtorch silently skips one label, by default -100: here it is a value that no label has
    Ok(adjusted.f_cross_entropy_loss::<Tensor>(labels, None, tch::Reduction::Mean, i64::MIN, 0.0)?)
}

/// Adjusts the logits of a network that was trained without correction: `logits - tau * log_prior`.
///
/// # Shapes
/// `logits`: `[n, C]`; `log_prior`: `[C]`, `ln(n_c / N)` of the training data, which is the
/// [`Epoch::log_prior`](crate::Epoch::log_prior) of an epoch of all samples; `tau`: 1 in most cases. Returns `[n, C]`.
///
/// # Errors
/// [`TensorError::Undefined`](crate::error::TensorError::Undefined),
/// [`TensorError::Shape`](crate::error::TensorError::Shape), [`TensorError::Kind`](crate::error::TensorError::Kind),
/// [`ArgumentError::Length`], [`ArgumentError::OutOfRange`].
///
/// # Source
/// Menon et al. 2021, "Long-tail learning via logit adjustment", the post-hoc form.
pub fn post_hoc_adjustment(logits: &Tensor, log_prior: &[f32], tau: f64) -> Result<Tensor> {
    let (_, classes) = rows(logits)?;
    Ok(logits.f_sub(&scaled(logits, "log_prior", log_prior, classes, tau)?)?)
}

/// Cross-entropy weighted by class: `sum_i w(y_i) CE_i / sum_i w(y_i)`.
///
/// # Shapes
/// As the file says; `weights`: `[C]`, finite and at least 0, from [`inverse_frequency_weights`] or
/// [`effective_number_weights`].
///
/// # Errors
/// [`TensorError::Undefined`](crate::error::TensorError::Undefined),
/// [`TensorError::Shape`](crate::error::TensorError::Shape), [`TensorError::Kind`](crate::error::TensorError::Kind),
/// [`ArgumentError::Length`], [`ArgumentError::OutOfRange`].
///
/// # Examples
/// ```
/// use climd::{ClassIndex, inverse_frequency_weights, weighted_cross_entropy};
/// use tch::Tensor;
/// let weights = inverse_frequency_weights(&ClassIndex::new(&[0, 0, 0, 1])?, 2)?;
/// assert_eq!(weights, [4.0 / 6.0, 2.0]);
/// let (logits, labels) = (Tensor::from_slice2(&[[0.0f32, 0.0]]), Tensor::from_slice(&[1i64]));
/// let loss = weighted_cross_entropy(&logits, &labels, &weights)?;
/// assert!((loss.double_value(&[]) - 2f64.ln()).abs() < 1e-6);
/// # Ok::<(), climd::Error>(())
/// ```
pub fn weighted_cross_entropy(logits: &Tensor, labels: &Tensor, weights: &[f32]) -> Result<Tensor> {
    let classes = check(logits, labels)?;
    let weights = class_weights(logits, weights, classes)?;
    Ok(logits.f_cross_entropy_loss(labels, Some(weights), tch::Reduction::Mean, i64::MIN, 0.0)?)
}

/// Focal loss: `-w(y) (1 - p)^gamma ln p` for the probability `p` of the label, mean over the batch.
///
/// # Shapes
/// As the file says; `gamma`: finite and at least 0, 2 in most cases, 0 for cross-entropy; `weights`: `[C]` or none.
///
/// # Errors
/// [`TensorError::Undefined`](crate::error::TensorError::Undefined),
/// [`TensorError::Shape`](crate::error::TensorError::Shape), [`TensorError::Kind`](crate::error::TensorError::Kind),
/// [`ArgumentError::Length`], [`ArgumentError::OutOfRange`].
///
/// # Source
/// Lin et al. 2017, "Focal loss for dense object detection", for several classes.
pub fn focal_loss(logits: &Tensor, labels: &Tensor, gamma: f64, weights: Option<&[f32]>) -> Result<Tensor> {
    let classes = check(logits, labels)?;
    if !(gamma >= 0.0 && gamma.is_finite()) {
        return Err(
            ArgumentError::OutOfRange { argument: "gamma", found: gamma, range: "finite and at least 0" }.into()
        );
    }
    let log_p = logits.f_log_softmax(-1, None)?.f_gather(1, &labels.f_unsqueeze(1)?, false)?.f_squeeze_dim(1)?;
    // 1 - p without cancellation; 1e-8 keeps the gradient of the power finite if p is 1 and gamma below 1
    let rest = log_p.f_expm1()?.f_neg()?.f_clamp_min(0.0)?.f_add_scalar(1e-8)?;
    let mut loss = rest.f_pow_tensor_scalar(gamma)?.f_mul(&log_p)?.f_neg()?;
    if let Some(weights) = weights {
        loss = loss.f_mul(&class_weights(logits, weights, classes)?.f_index_select(0, labels)?)?;
    }
    Ok(loss.f_mean(logits.f_kind()?)?)
}

/// `N / (C n_c)` in the column of each class: 1 for balanced classes, 0 for a column without samples.
///
/// # Shapes
/// Returns `[num_logits]`; `C` is the number of classes that have samples.
///
/// # Errors
/// [`LabelError::PriorWidth`](crate::error::LabelError::PriorWidth) if a label is not a column;
/// [`ArgumentError::OutOfRange`] for more than 2^24 columns.
pub fn inverse_frequency_weights(classes: &ClassIndex, num_logits: usize) -> Result<Vec<f32>> {
    let share = classes.num_samples() as f64 / classes.num_classes() as f64;
    by_column(classes, num_logits, |count| share / count as f64)
}

/// `(1 - beta) / (1 - beta^n_c)` in the column of each class, scaled to the sum `C`; 0 for a column without samples.
///
/// # Shapes
/// Returns `[num_logits]`; `C` is the number of classes that have samples.
///
/// # Errors
/// [`ArgumentError::OutOfRange`] unless `beta` is at least 0 and below 1;
/// [`LabelError::PriorWidth`](crate::error::LabelError::PriorWidth) if a label is not a column.
///
/// # Source
/// Cui et al. 2019, "Class-balanced loss based on effective number of samples"; `beta` 0.999 or so.
pub fn effective_number_weights(classes: &ClassIndex, num_logits: usize, beta: f64) -> Result<Vec<f32>> {
    if !(0.0..1.0).contains(&beta) {
        return Err(
            ArgumentError::OutOfRange { argument: "beta", found: beta, range: "at least 0, and below 1" }.into()
        );
    }
    let weight = |count: usize| (1.0 - beta) / (1.0 - libm::pow(beta, count as f64));
    let sum: f64 = classes.counts().iter().map(|&count| weight(count)).sum();
    by_column(classes, num_logits, |count| weight(count) * classes.num_classes() as f64 / sum)
}

/// A number for the count of each class, in the column of the class.
fn by_column(classes: &ClassIndex, num_logits: usize, of: impl Fn(usize) -> f64) -> Result<Vec<f32>> {
    check_columns(num_logits)?;
    let mut weights = vec![0.0; num_logits];
    for (class, &count) in classes.counts().iter().enumerate() {
        weights[classes.column(class, num_logits)?] = of(count) as f32;
    }
    Ok(weights)
}

/// Shape of the logits, `[n, C]`.
fn rows(logits: &Tensor) -> Result<(i64, usize)> {
    floats("logits", logits)?; // of integers, all that is added would be cut to integers too
    match *logits.size().as_slice() {
        [_, 0] => Err(wrong_shape("logits", logits, "[n, C] with at least 1 column")), // no class to be right
        [n, classes] => Ok((n, classes as usize)),
        _ => Err(wrong_shape("logits", logits, "[n, C]")),
    }
}

/// Number of classes of logits and labels that fit each other.
fn check(logits: &Tensor, labels: &Tensor) -> Result<usize> {
    let (n, classes) = rows(logits)?;
    defined("labels", labels)?;
    if labels.size() != [n] {
        let remedy = match labels.size()[..] {
            [_, 1] => "; of one column, take `labels.squeeze_dim(1)`",
            [_, _] => "; of one column a class (one-hot), take `labels.argmax(1, false)`",
            _ => "",
        };
        return Err(wrong_shape("labels", labels, &format!("[{n}]: one for each row of `logits`{remedy}")));
    }
    if labels.f_kind()? != Kind::Int64 {
        return Err(wrong_kind("labels", labels, "Int64: of whole numbers, take `labels.to_kind(Kind::Int64)`"));
    }
    Ok(classes)
}

/// `tau` times one number for each class, in the kind and on the device of the logits.
fn scaled(logits: &Tensor, argument: &str, values: &[f32], classes: usize, tau: f64) -> Result<Tensor> {
    if values.len() != classes {
        let (found, rule) = (values.len(), "one for each column of `logits`");
        return Err(ArgumentError::Length { argument: argument.into(), found, expected: classes, rule }.into());
    }
    if !tau.is_finite() {
        return Err(ArgumentError::OutOfRange { argument: "tau", found: tau, range: "finite" }.into());
    }
    let values = Tensor::f_from_slice(values)?.f_to_device(logits.device())?.f_to_kind(logits.f_kind()?)?;
    Ok(values.f_mul_scalar(tau)?)
}

fn class_weights(logits: &Tensor, weights: &[f32], classes: usize) -> Result<Tensor> {
    if let Some(&found) = weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
        return Err(ArgumentError::OutOfRange {
            argument: "weights",
            found: found.into(),
            range: "finite and at least 0",
        }
        .into());
    }
    scaled(logits, "weights", weights, classes, 1.0)
}
