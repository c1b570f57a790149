//! The paper's baseline: early fusion, with a head on every modality.
//!
//! Encoder: Linear, LayerNorm, ReLU, Dropout; what it gives is the embedding. Fusion: concatenation, one linear layer.

use serde::{Deserialize, Serialize};
use tch::Tensor;
use tch::nn::{self, Module};

use super::{Dropout, Network, Outputs, linear};
use crate::criterion::Criterion;

/// What the heads do to the encoders.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heads {
    /// Their gradient reaches the encoders: auxiliary losses, of this weight each.
    Aux {
        /// Above 0.
        weight: f64,
    },
    /// They read detached embeddings and so measure without changing the network.
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
    use super::*;
    use crate::criterion::Loss;
    use tch::nn::OptimizerConfig;
    use tch::{Device, IndexOp, Kind};

    fn network(widths: &[i64], classes: i64) -> (nn::VarStore, Baseline) {
        with_heads(widths, classes, BaselineConfig::default().heads)
    }

    fn with_heads(widths: &[i64], classes: i64, heads: Heads) -> (nn::VarStore, Baseline) {
        tch::set_num_threads(1); // with more, libtorch's sums depend on how busy the machine is
        let vs = nn::VarStore::new(Device::Cpu);
        let network = Baseline::new(&vs.root(), widths, classes, &BaselineConfig { heads, ..Default::default() });
        (vs, network)
    }

    fn criterion(loss: Loss) -> Criterion {
        Criterion::new(loss, &climd::ClassIndex::new(&[0, 0, 0, 1]).unwrap(), 2).unwrap()
    }

    fn inputs(n: i64, widths: &[i64]) -> Vec<Tensor> {
        widths.iter().map(|&width| Tensor::rand([n, width], tch::kind::FLOAT_CPU)).collect()
    }

    #[test]
    fn brca_has_the_specified_number_of_parameters() {
        let (vs, _) = network(&[1000, 1000, 503], 5);
        assert_eq!(vs.trainable_variables().iter().map(Tensor::numel).sum::<usize>(), 650_772);
    }

    #[test]
    fn shapes_for_any_number_of_modalities_and_one_sample() {
        for widths in [&[7][..], &[7, 3], &[7, 3, 11]] {
            for n in [1, 6] {
                let (_vs, network) = network(widths, 4);
                let out = network.forward(&inputs(n, widths), None, None);
                assert_eq!(out.fused.size(), [n, 4]);
                assert!(out.logits.iter().all(|x| x.size() == [n, 4]) && out.logits.len() == widths.len());
                assert!(out.embeddings.iter().all(|x| x.size() == [n, 256]) && out.embeddings.len() == widths.len());
            }
        }
    }

    #[test]
    fn evaluation_is_deterministic_and_does_not_mix_samples() {
        let (_vs, network) = network(&[7, 3], 4);
        let x = inputs(6, &[7, 3]);
        let all = network.forward(&x, None, None).fused;
        assert_eq!(all, network.forward(&x, None, None).fused);
        let reversed: Vec<Tensor> = x.iter().map(|x| x.flip([0])).collect();
        let back = network.forward(&reversed, None, None).fused.flip([0]);
        assert!(f64::try_from((all - back).abs().max()).unwrap() < 1e-6);
    }

    #[test]
    fn it_learns_and_every_parameter_has_a_gradient() {
        let (vs, network) = network(&[10, 4], 2);
        let labels = Tensor::arange(64, (Kind::Int64, Device::Cpu)).remainder(2);
        let x: Vec<Tensor> =
            inputs(64, &[10, 4]).iter().map(|x| x + labels.view([-1, 1]).to_kind(Kind::Float)).collect();
        let mut optimiser = nn::Adam::default().build(&vs, 1e-3).unwrap();
        let mut dropout = Dropout::new(0.5, 1);
        let value = || f64::try_from(network.forward(&x, None, None).fused.cross_entropy_for_logits(&labels)).unwrap();
        let before = value();
        for _ in 0..50 {
            let out = network.forward(&x, None, Some(&mut dropout));
            optimiser.backward_step(&network.loss(&out, &labels, &criterion(Loss::CrossEntropy)).unwrap());
            assert!(
                vs.trainable_variables().iter().all(|p| f64::try_from(p.grad().abs().sum(Kind::Float)).unwrap() > 0.0)
            );
        }
        assert!(value() < before / 2.0, "{before} -> {}", value());
    }

    #[test]
    fn probes_leave_the_network_alone_and_auxiliary_heads_do_not() {
        for (heads, reached) in [(Heads::Probe, false), (Heads::Aux { weight: 0.3 }, true)] {
            let (vs, network) = with_heads(&[7, 3], 2, heads);
            let out = network.forward(&inputs(6, &[7, 3]), None, None);
            let labels = Tensor::from_slice(&[0i64, 1, 0, 1, 0, 1]);
            let probes: Tensor = out.logits.iter().map(|x| x.cross_entropy_for_logits(&labels)).sum();
            probes.backward();
            for (name, parameter) in vs.variables() {
                let gradient = parameter.grad();
                let moved = gradient.defined() && f64::try_from(gradient.abs().sum(Kind::Float)).unwrap() > 0.0;
                assert_eq!(moved, name.starts_with("head") || reached && name.starts_with("encoder"), "{name}");
            }
        }
    }

    #[test]
    fn the_loss_is_finite_for_logits_of_200() {
        let (_vs, network) = network(&[2], 2);
        let logits = Tensor::from_slice2(&[[200.0f32, -200.0], [-200.0, 200.0]]);
        let out =
            Outputs { fused: logits.shallow_clone(), logits: vec![logits], embeddings: Vec::new(), aux: Vec::new() };
        let criterion = criterion(Loss::Prior { tau: 1.0 });
        let loss = network.loss(&out, &Tensor::from_slice(&[1i64, 1]), &criterion).unwrap();
        assert!(f64::try_from(loss).unwrap().is_finite());
    }

    #[test]
    fn weights_saved_and_loaded_give_the_same_logits() {
        let (vs, network) = network(&[5], 3);
        let x = inputs(2, &[5]);
        let file = std::env::temp_dir().join(format!("climd-baseline-{}.safetensors", std::process::id()));
        vs.save(&file).unwrap();
        let (mut other_vs, other) = super::tests::network(&[5], 3);
        other_vs.load(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(network.forward(&x, None, None).fused, other.forward(&x, None, None).fused);
        assert_eq!(network.forward(&x, None, None).fused.i(0).size(), [3]);
    }
}
