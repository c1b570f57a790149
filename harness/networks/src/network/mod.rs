//! The networks: their outputs for the measurer, and their losses.
//!
//! Every network implements [`Network`], so any of them runs with any schedule, loss and oversampler.

mod baseline;
mod dmib;
mod dpnet;
mod dropout;
mod gcfanet;
mod graph;
mod init;
mod mlclnet;
mod mogonet;
mod multi_d;
mod pcag;
mod recipe;
#[cfg(test)]
mod tests;

pub use baseline::{Baseline, BaselineConfig, Heads};
pub use dmib::{Dmib, DmibConfig, Sufficiency};
pub use dpnet::{Dpnet, DpnetConfig};
pub use dropout::Dropout;
pub use gcfanet::{Gcfanet, GcfanetConfig};
pub use init::{linear, linear_uniform, with_seed};
pub use mlclnet::{Mlclnet, MlclnetConfig};
pub use mogonet::{ClassWeights, Mogonet, MogonetConfig};
pub use multi_d::{MultiD, MultiDConfig};
pub use pcag::{Pcag, PcagConfig};
pub use recipe::{LearningRate, Native, Recipe};

use serde::{Deserialize, Serialize};
use tch::{Tensor, nn};

use crate::criterion::Criterion;

/// The outputs of a network for a batch of `n` samples.
#[derive(Debug)]
pub struct Outputs {
    /// `[n, C]`: its argmax is the prediction. Metrics use nothing else.
    pub fused: Tensor,
    /// Logits of each modality's own head, `M` times `[n, C]`, for confidence.
    pub logits: Vec<Tensor>,
    /// Embeddings of each modality, `M` times `[n, D]`, for complementarity.
    pub embeddings: Vec<Tensor>,
    /// Further outputs that the network's own loss needs. The baseline has none.
    pub aux: Vec<Tensor>,
}

/// A network of `M` modalities and `C` classes.
pub trait Network: Send {
    /// The outputs for a batch, `M` times `[n, d_m]`; with dropout in training, without in evaluation.
    ///
    /// `rows` (`[n]`, i64) are the samples' numbers in the training part; none for samples of another part.
    fn forward(&self, x: &[Tensor], rows: Option<&Tensor>, dropout: Option<&mut Dropout>) -> Outputs;

    /// The loss of a batch, a scalar: the criterion on the fused logits and on the heads, plus the network's own terms.
    ///
    /// # Errors
    /// Those of the criterion.
    fn loss(&self, out: &Outputs, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor>;

    /// The loss of a batch in pretraining: that of the heads.
    ///
    /// # Errors
    /// Those of the criterion.
    fn pretraining_loss(&self, out: &Outputs, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor> {
        self.loss(out, labels, criterion)
    }
}

/// Group of parameters with its own learning rate in native training. All other parameters are in group 0.
pub const FUSION_GROUP: usize = 1;

/// The training part, from which a network takes its widths and its graphs of samples.
#[derive(Debug)]
pub struct Training<'a> {
    /// `M` times `[N, d_m]`.
    pub x: &'a [Tensor],
    /// `[N]`, i64.
    pub labels: &'a Tensor,
    /// `C`. Some classes may not occur in `labels`.
    pub num_classes: i64,
}

impl Training<'_> {
    /// `d_m` of every modality.
    #[must_use]
    pub fn widths(&self) -> Vec<i64> {
        self.x.iter().map(|x| x.size()[1]).collect()
    }
}

/// A network with its sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum NetworkConfig {
    /// Early fusion.
    Baseline(BaselineConfig),
    /// Multimodal Dynamics.
    MultiD(MultiDConfig),
    /// Dynamic Multimodal Information Bottleneck.
    Dmib(DmibConfig),
    /// Multi-omics graph convolutional networks.
    Mogonet(MogonetConfig),
    /// Reconstructed.
    Mlclnet(MlclnetConfig),
    /// Reconstructed.
    Dpnet(DpnetConfig),
    /// Gated cross-attention.
    Pcag(PcagConfig),
    /// Reconstructed.
    Gcfanet(GcfanetConfig),
}

impl NetworkConfig {
    /// The network, with new weights drawn from libtorch's generator: call it in [`with_seed`].
    ///
    /// # Errors
    /// If the network cannot be made for these data.
    pub fn build(&self, vs: &nn::Path<'_>, training: &Training<'_>) -> anyhow::Result<Box<dyn Network>> {
        let (widths, num_classes) = (training.widths(), training.num_classes);
        Ok(match self {
            NetworkConfig::Baseline(config) => Box::new(Baseline::new(vs, &widths, num_classes, config)),
            NetworkConfig::MultiD(config) => Box::new(MultiD::new(vs, &widths, num_classes, config)),
            NetworkConfig::Dmib(config) => Box::new(Dmib::new(vs, &widths, num_classes, config)),
            NetworkConfig::Mogonet(config) => Box::new(Mogonet::new(vs, training, config)?),
            NetworkConfig::Mlclnet(config) => Box::new(Mlclnet::new(vs, training, config)?),
            NetworkConfig::Dpnet(config) => Box::new(Dpnet::new(vs, training, config)),
            NetworkConfig::Pcag(config) => Box::new(Pcag::new(vs, training, config)),
            NetworkConfig::Gcfanet(config) => Box::new(Gcfanet::new(vs, training, config)?),
        })
    }

    /// How its authors train it. None if that is not known, or is the same as our training of all networks.
    #[must_use]
    pub fn recipe(&self) -> Option<Recipe> {
        let constant = |start| LearningRate { start, cosine: false };
        match self {
            NetworkConfig::MultiD(_) | NetworkConfig::Dmib(_) => {
                // blocks of 5, so that the curriculum ends when the rate first falls, and not when weights hardly
                // change any more
                let native = Native { block: 5, pretraining: 0, fall: Some(500), fusion: 1.0, weight_decay: 1e-4 };
                Some(Recipe { native, rate: constant(1e-4), steps: 2500 })
            }
            NetworkConfig::Mogonet(_) => {
                let native = Native { block: 25, pretraining: 500, fall: None, fusion: 2.0, weight_decay: 0.0 };
                Some(Recipe { native, rate: constant(5e-4), steps: 2500 })
            }
            _ => None,
        }
    }

    /// Dropout probability of the network, in `[0, 1)`. The generator belongs to the run.
    #[must_use]
    pub fn dropout(&self) -> f64 {
        match self {
            NetworkConfig::Baseline(config) => config.dropout,
            NetworkConfig::MultiD(config) => config.dropout,
            NetworkConfig::Dmib(config) => config.dropout,
            NetworkConfig::Mogonet(config) => config.dropout,
            NetworkConfig::Mlclnet(config) => config.dropout,
            NetworkConfig::Dpnet(config) => config.dropout,
            NetworkConfig::Pcag(config) => config.dropout,
            NetworkConfig::Gcfanet(config) => config.dropout,
        }
    }
}
