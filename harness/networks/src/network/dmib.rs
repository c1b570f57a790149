//! DMIB, Dynamic Multimodal Information Bottleneck (Fang et al., WACV 2024), the variant for diagnosis.
//!
//! The concatenated embeddings ("observation") go through a narrow layer ("representation"), which makes the
//! prediction. A loss term keeps the information of the observation in it. Where the article is not exact, we follow
//! the authors' code.

use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::{Dropout, Network, Outputs, linear, linear_uniform};
use crate::criterion::Criterion;

/// The loss for information of the observation that the representation lacks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sufficiency {
    /// The published call: a divergence with a probability where a log-probability is expected, and a mean over all
    /// elements. It is negative, and flattens the predicted probabilities.
    AsPublished {
        /// Its weight; the authors' is 500.
        weight: f64,
    },
    /// The divergence that the article means, as a mean over samples.
    Divergence {
        /// Its weight.
        weight: f64,
    },
}

/// Sizes and weights of DMIB.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DmibConfig {
    /// Width of every encoder. Default 500.
    pub hidden: i64,
    /// Dropout after every encoder, in `[0, 1)`. Default 0.5.
    pub dropout: f64,
    /// Weight of the cross-entropy of every side head. Default 1000.
    pub head_weight: f64,
    /// Default as published, weight 500.
    pub sufficiency: Sufficiency,
}

impl Default for DmibConfig {
    fn default() -> Self {
        let sufficiency = Sufficiency::AsPublished { weight: 500.0 };
        Self { hidden: 500, dropout: 0.5, head_weight: 1000.0, sufficiency }
    }
}

/// The network. Its `aux` is the logits of the observation, `[n, C]`.
#[derive(Debug)]
pub struct Dmib {
    encoders: Vec<nn::Linear>,
    heads: Vec<nn::Linear>,
    observation: nn::Linear,
    narrow: nn::Linear,
    widen: nn::Linear,
    representation: nn::Linear,
    head_weight: f64,
    sufficiency: Sufficiency,
}

impl Dmib {
    /// A network for inputs of these widths, with new weights drawn from libtorch's generator.
    #[must_use]
    pub fn new(vs: &nn::Path<'_>, widths: &[i64], num_classes: i64, config: &DmibConfig) -> Self {
        let (hidden, all) = (config.hidden, config.hidden * widths.len() as i64);
        let narrow = (2 * all + 1) / 3; // 1000 of 1500, two thirds rounded
        let encoder = |(m, &width): (usize, &i64)| linear(vs / format!("encoder{m}"), width, hidden, true);
        Self {
            encoders: widths.iter().enumerate().map(encoder).collect(),
            heads: (0..widths.len()).map(|m| linear(vs / format!("head{m}"), hidden, num_classes, true)).collect(),
            observation: linear(vs / "observation", all, num_classes, true),
            narrow: linear_uniform(vs / "narrow", all, narrow),
            widen: linear_uniform(vs / "widen", narrow, all),
            representation: linear_uniform(vs / "representation", all, num_classes),
            head_weight: config.head_weight,
            sufficiency: config.sufficiency,
        }
    }
}

impl Sufficiency {
    /// Weight times the distance of `representation` from the fixed `observation`, both logits, `[n, C]`.
    fn loss(self, observation: &Tensor, representation: &Tensor) -> Tensor {
        let (log_p, log_q) =
            (observation.detach().log_softmax(-1, Kind::Float), representation.log_softmax(-1, Kind::Float));
        match self {
            Sufficiency::AsPublished { weight } => (log_q.exp() * (&log_q - log_p.exp())).mean(Kind::Float) * weight,
            Sufficiency::Divergence { weight } => {
                let each = (log_p.exp() * (&log_p - &log_q)).sum_dim_intlist([-1i64].as_slice(), false, Kind::Float);
                each.mean(Kind::Float) * weight
            }
        }
    }
}

impl Network for Dmib {
    fn forward(&self, x: &[Tensor], _rows: Option<&Tensor>, mut dropout: Option<&mut Dropout>) -> Outputs {
        let encode = |(encoder, x): (&nn::Linear, &Tensor)| {
            let hidden = encoder.forward(x).relu();
            dropout.as_deref_mut().map_or_else(|| hidden.shallow_clone(), |dropout| dropout.apply(&hidden))
        };
        let embeddings: Vec<Tensor> = self.encoders.iter().zip(x).map(encode).collect();
        let logits = self.heads.iter().zip(&embeddings).map(|(head, x)| head.forward(x)).collect();
        let all = Tensor::cat(&embeddings, 1);
        let fused = self.representation.forward(&self.widen.forward(&self.narrow.forward(&all).relu()));
        Outputs { fused, logits, embeddings, aux: vec![self.observation.forward(&all)] }
    }

    fn loss(&self, out: &Outputs, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor> {
        let observation = &out.aux[0];
        let mut total = criterion.fused(&out.fused, labels)? + criterion.head(observation, labels)?;
        total += self.sufficiency.loss(observation, &out.fused);
        for logits in &out.logits {
            total += criterion.head(logits, labels)? * self.head_weight;
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{self as network, Case};
    use super::*;
    use crate::network::NetworkConfig;

    #[test]
    fn it_is_what_every_network_must_be() {
        network::check(Case {
            config: NetworkConfig::Dmib(DmibConfig::default()),
            small: NetworkConfig::Dmib(DmibConfig { hidden: 24, ..Default::default() }),
            parameters: 4_278_025,
            width: 24,
        });
    }

    #[test]
    fn sufficiency_has_the_specified_values_and_moves_the_representation_alone() {
        let observation = Tensor::from_slice2(&[[2.0f32, 0.0, 0.0, 0.0, 0.0]]).set_requires_grad(true);
        let representation = Tensor::from_slice2(&[[1.0f32, 0.0, -1.0, 0.0, 0.0]]).set_requires_grad(true);
        for (sufficiency, expected) in [
            (Sufficiency::AsPublished { weight: 1.0 }, -0.351_637),
            (Sufficiency::Divergence { weight: 1.0 }, 0.109_954),
        ] {
            let loss = sufficiency.loss(&observation, &representation);
            let found = f64::try_from(&loss).unwrap();
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
            loss.backward();
            assert!(representation.grad().defined() && !observation.grad().defined());
        }
    }

    #[test]
    fn certain_logits_give_a_finite_loss() {
        let certain = Tensor::from_slice2(&[[200.0f32, -200.0]]);
        for sufficiency in [Sufficiency::AsPublished { weight: 1.0 }, Sufficiency::Divergence { weight: 1.0 }] {
            assert!(f64::try_from(sufficiency.loss(&certain, &certain)).unwrap().is_finite());
        }
    }
}
