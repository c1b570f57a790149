//! The paper's baseline: early fusion, with a head on every modality.
//!
//! Encoder: Linear, LayerNorm, ReLU, Dropout; its output is the embedding. Fusion: concatenation, one linear layer.

use serde::{Deserialize, Serialize};
use tch::Tensor;
use tch::nn::{self, Module};

use super::{Dropout, Network, Outputs, linear};
use crate::criterion::Criterion;

/// Whether the heads train the encoders.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heads {
    /// They do: each head is an auxiliary loss of this weight.
    Aux {
        /// Above 0.
        weight: f64,
    },
    /// They do not: they read detached embeddings.
    Probe,
}

/// Sizes of the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineConfig {
    /// Width of every encoder. Default 256.
    pub hidden: i64,
    /// Dropout after every encoder, in `[0, 1)`. Default 0.5.
    pub dropout: f64,
    /// Auxiliary losses (default, weight 0.3) or probes.
    pub heads: Heads,
}

impl Default for BaselineConfig {
    fn default() -> Self {
        Self { hidden: 256, dropout: 0.5, heads: Heads::Aux { weight: 0.3 } }
    }
}

/// The early-fusion network.
#[derive(Debug)]
pub struct Baseline {
    encoders: Vec<(nn::Linear, nn::LayerNorm)>,
    heads: Vec<nn::Linear>,
    classifier: nn::Linear,
    mode: Heads,
}

impl Baseline {
    /// A network for inputs of these widths, with new weights drawn from libtorch's generator.
    #[must_use]
    pub fn new(vs: &nn::Path<'_>, widths: &[i64], num_classes: i64, config: &BaselineConfig) -> Self {
        let hidden = config.hidden;
        let encoder = |(m, &width): (usize, &i64)| {
            let path = vs / format!("encoder{m}");
            let norm = nn::layer_norm(&path / "norm", vec![hidden], Default::default());
            (linear(path / "linear", width, hidden, true), norm)
        };
        Self {
            encoders: widths.iter().enumerate().map(encoder).collect(),
            heads: (0..widths.len()).map(|m| linear(vs / format!("head{m}"), hidden, num_classes, true)).collect(),
            classifier: linear(vs / "classifier", hidden * widths.len() as i64, num_classes, true),
            mode: config.heads,
        }
    }
}

impl Network for Baseline {
    fn forward(&self, x: &[Tensor], _rows: Option<&Tensor>, mut dropout: Option<&mut Dropout>) -> Outputs {
        let encode = |((linear, norm), x): (&(nn::Linear, nn::LayerNorm), &Tensor)| {
            let embedding = norm.forward(&linear.forward(x)).relu();
            dropout.as_deref_mut().map_or_else(|| embedding.shallow_clone(), |dropout| dropout.apply(&embedding))
        };
        let embeddings: Vec<Tensor> = self.encoders.iter().zip(x).map(encode).collect();
        let fused = self.classifier.forward(&Tensor::cat(&embeddings, 1));
        let head = |(head, x): (&nn::Linear, &Tensor)| match self.mode {
            Heads::Aux { .. } => head.forward(x),
            Heads::Probe => head.forward(&x.detach()),
        };
        let logits = self.heads.iter().zip(&embeddings).map(head).collect();
        Outputs { fused, logits, embeddings, aux: Vec::new() }
    }

    fn loss(&self, out: &Outputs, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor> {
        let weight = match self.mode {
            Heads::Aux { weight } => weight,
            Heads::Probe => 1.0,
        };
        let mut total = criterion.fused(&out.fused, labels)?;
        for logits in &out.logits {
            total += criterion.head(logits, labels)? * weight;
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{self as network, Case};
    use super::*;
    use crate::network::NetworkConfig;
    use tch::{Device, Kind};

    #[test]
    fn it_is_what_every_network_must_be() {
        network::check(Case {
            config: NetworkConfig::Baseline(BaselineConfig::default()),
            small: NetworkConfig::Baseline(BaselineConfig { hidden: 16, ..Default::default() }),
            parameters: 650_772,
            width: 16,
        });
    }

    #[test]
    fn probes_leave_the_network_alone_and_auxiliary_heads_do_not() {
        for (heads, reached) in [(Heads::Probe, false), (Heads::Aux { weight: 0.3 }, true)] {
            let vs = nn::VarStore::new(Device::Cpu);
            let network = Baseline::new(&vs.root(), &[7, 3], 2, &BaselineConfig { heads, ..Default::default() });
            let x = [7, 3].map(|width| Tensor::rand([6, width], tch::kind::FLOAT_CPU));
            let labels = Tensor::from_slice(&[0i64, 1, 0, 1, 0, 1]);
            let out = network.forward(&x, None, None);
            let probes: Tensor = out.logits.iter().map(|x| x.cross_entropy_for_logits(&labels)).sum();
            probes.backward();
            for (name, parameter) in vs.variables() {
                let gradient = parameter.grad();
                let moved = gradient.defined() && f64::try_from(gradient.abs().sum(Kind::Float)).unwrap() > 0.0;
                assert_eq!(moved, name.starts_with("head") || reached && name.starts_with("encoder"), "{name}");
            }
        }
    }
}
