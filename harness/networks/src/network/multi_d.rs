//! Multi-D, Multimodal Dynamics (Han et al., CVPR 2022).
//!
//! Features are gated. A confidence weighs each modality; it is trained towards the probability of the true class. The
//! weighed embeddings are concatenated. Where the article is not exact, we follow the authors' code.

use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::{Dropout, Network, Outputs, linear};
use crate::criterion::Criterion;

/// Sizes of Multi-D.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MultiDConfig {
    /// Width of every encoder. Default 1000.
    pub hidden: i64,
    /// Dropout after every encoder, in `[0, 1)`. Default 0.5.
    pub dropout: f64,
    /// Whether the probability of the true class is a fixed target of the confidence. Default false: the squared error
    /// also trains the classifier.
    pub detach_probability: bool,
}

impl Default for MultiDConfig {
    fn default() -> Self {
        Self { hidden: 1000, dropout: 0.5, detach_probability: false }
    }
}

/// The network. Its `aux` are the gates, `M` times `[n, d_m]`, then the confidences, `M` times `[n, 1]`.
#[derive(Debug)]
pub struct MultiD {
    modalities: Vec<Modality>,
    fusion: nn::Linear,
    detach_probability: bool,
}

#[derive(Debug)]
struct Modality {
    gate: nn::Linear,
    encoder: nn::Linear,
    classifier: nn::Linear,
    confidence: nn::Linear,
}

impl MultiD {
    /// A network for inputs of these widths, with new weights drawn from libtorch's generator.
    #[must_use]
    pub fn new(vs: &nn::Path<'_>, widths: &[i64], num_classes: i64, config: &MultiDConfig) -> Self {
        let hidden = config.hidden;
        let modality = |(m, &width): (usize, &i64)| {
            let path = vs / format!("modality{m}");
            Modality {
                gate: linear(&path / "gate", width, width, true),
                encoder: linear(&path / "encoder", width, hidden, true),
                classifier: linear(&path / "classifier", hidden, num_classes, true),
                confidence: linear(&path / "confidence", hidden, 1, true),
            }
        };
        Self {
            modalities: widths.iter().enumerate().map(modality).collect(),
            fusion: linear(vs / "fusion", hidden * widths.len() as i64, num_classes, true),
            detach_probability: config.detach_probability,
        }
    }

    /// The mean of the gates, plus the squared error between the confidence and the probability of the true class.
    fn penalty(&self, gate: &Tensor, confidence: &Tensor, logits: &Tensor, labels: &Tensor) -> Tensor {
        let mut probability = logits.softmax(-1, Kind::Float).gather(1, &labels.unsqueeze(1), false);
        if self.detach_probability {
            probability = probability.detach();
        }
        gate.mean(Kind::Float) + (confidence - probability).square().mean(Kind::Float)
    }
}

impl Network for MultiD {
    fn forward(&self, x: &[Tensor], _rows: Option<&Tensor>, mut dropout: Option<&mut Dropout>) -> Outputs {
        let (mut gates, mut confidences) = (Vec::new(), Vec::new());
        let (mut logits, mut embeddings, mut weighed) = (Vec::new(), Vec::new(), Vec::new());
        for (modality, x) in self.modalities.iter().zip(x) {
            let gate = modality.gate.forward(x).sigmoid();
            let hidden = modality.encoder.forward(&(x * &gate)).relu();
            // one mask for all that follows
            let hidden = dropout.as_deref_mut().map_or_else(|| hidden.shallow_clone(), |d| d.apply(&hidden));
            let confidence = modality.confidence.forward(&hidden);
            logits.push(modality.classifier.forward(&hidden));
            weighed.push(&hidden * &confidence);
            gates.push(gate);
            confidences.push(confidence);
            embeddings.push(hidden);
        }
        gates.append(&mut confidences);
        Outputs { fused: self.fusion.forward(&Tensor::cat(&weighed, 1)), logits, embeddings, aux: gates }
    }

    fn loss(&self, out: &Outputs, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor> {
        let (gates, confidences) = out.aux.split_at(out.logits.len());
        let mut total = criterion.fused(&out.fused, labels)?;
        for ((gate, confidence), logits) in gates.iter().zip(confidences).zip(&out.logits) {
            total += self.penalty(gate, confidence, logits, labels) + criterion.head(logits, labels)?;
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{self as network, Case};
    use super::*;
    use crate::criterion::Loss;
    use crate::network::NetworkConfig;

    #[test]
    fn it_is_what_every_network_must_be() {
        network::check(Case {
            config: NetworkConfig::MultiD(MultiDConfig::default()),
            small: NetworkConfig::MultiD(MultiDConfig { hidden: 24, ..Default::default() }),
            parameters: 4_794_535,
            width: 24,
        });
    }

    #[test]
    fn the_loss_is_the_specified_one() {
        let vs = nn::VarStore::new(tch::Device::Cpu);
        let network = MultiD::new(&vs.root(), &[2], 3, &MultiDConfig::default());
        let logits = Tensor::from_slice2(&[[1.0f32, 0.0, 0.0]]);
        let labels = Tensor::from_slice(&[0i64]);
        let (gate, confidence) = (Tensor::from_slice2(&[[0.25f32, 0.75]]), Tensor::from_slice2(&[[0.3f32]]));
        let near = |found: Tensor, expected: f64| {
            let found = f64::try_from(found).unwrap();
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        };
        near(network.penalty(&gate, &confidence, &logits, &labels), 0.5 + 0.076_241);
        let out = Outputs {
            fused: logits.shallow_clone(),
            logits: vec![logits],
            embeddings: Vec::new(),
            aux: vec![gate, confidence],
        };
        let criterion = network::criterion(Loss::CrossEntropy);
        near(network.loss(&out, &labels, &criterion).unwrap(), 2.0 * 0.551_445 + 0.5 + 0.076_241);
    }

    #[test]
    fn a_detached_probability_leaves_the_classifier_to_its_own_loss() {
        let (gate, confidence) = (Tensor::from_slice2(&[[0.5f32]]), Tensor::from_slice2(&[[0.3f32]]));
        for (detach_probability, moves) in [(true, false), (false, true)] {
            let vs = nn::VarStore::new(tch::Device::Cpu);
            let config = MultiDConfig { detach_probability, ..Default::default() };
            let network = MultiD::new(&vs.root(), &[2], 3, &config);
            let logits = Tensor::from_slice2(&[[1.0f32, 0.0, 0.0]]).set_requires_grad(true);
            let confidence = confidence.copy().set_requires_grad(true);
            network.penalty(&gate, &confidence, &logits, &Tensor::from_slice(&[0i64])).backward();
            assert!(confidence.grad().defined());
            assert_eq!(logits.grad().defined(), moves);
        }
    }
}
