//! The networks, and what every one of them gives to the measurer and to the loss.

mod baseline;
mod dropout;

pub use baseline::{Baseline, BaselineConfig};
pub use dropout::Dropout;

use climd::prior_corrected_cross_entropy;
use tch::Tensor;

/// What a network says of a batch of `n` samples.
#[derive(Debug)]
pub struct Outputs {
    /// `[n, C]`: the prediction is its argmax; the only thing metrics look at.
    pub fused: Tensor,
    /// Logits of each modality's own head, `M` times `[n, C]`: confidence.
    pub logits: Vec<Tensor>,
    /// Embeddings of each modality, `M` times `[n, D]`: complementarity.
    pub embeddings: Vec<Tensor>,
}

/// Cross-entropy of the fused logits plus `head_weight` times that of every head, batch means.
///
/// With the log-prior of the epoch, both are corrected for it (tau = 1).
///
/// # Errors
/// Those of [`prior_corrected_cross_entropy`].
pub fn loss(out: &Outputs, labels: &Tensor, head_weight: f64, log_prior: Option<&[f32]>) -> climd::Result<Tensor> {
    let cross_entropy = |logits: &Tensor| match log_prior {
        Some(prior) => prior_corrected_cross_entropy(logits, labels, prior, 1.0),
        None => Ok(logits.f_cross_entropy_loss::<Tensor>(labels, None, tch::Reduction::Mean, -100, 0.0)?),
    };
    let mut total = cross_entropy(&out.fused)?;
    for logits in &out.logits {
        total += cross_entropy(logits)? * head_weight;
    }
    Ok(total)
}
