//! PCAG, gated cross-attention (Zhang et al., Neural Networks 179, 2024).
//!
//! A gate on the scores before the softmax removes uninformative interactions between modalities, and one after the
//! attention lowers the uncertainty that it brings. The gates are published. Cutting a feature vector into tokens is
//! ours.

use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::{Dropout, Network, Outputs, Training, linear};
use crate::criterion::Criterion;

/// Sizes of PCAG.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PcagConfig {
    /// Width of tokens and embeddings. Default 128.
    pub width: i64,
    /// Number of tokens of each modality: consecutive chunks of its columns. Default 16.
    pub tokens: i64,
    /// Dropout, in `[0, 1)`. Default 0.3.
    pub dropout: f64,
    /// Whether the pre-gate is the plain dot product, not divided by the width: it leaves `[0, 1]`. Default false.
    pub unscaled: bool,
}

impl Default for PcagConfig {
    fn default() -> Self {
        Self { width: 128, tokens: 16, dropout: 0.3, unscaled: false }
    }
}

/// The network. Its heads read detached embeddings, and so do not train it.
#[derive(Debug)]
pub struct Pcag {
    modalities: Vec<Modality>,
    classifier: nn::Linear,
    config: PcagConfig,
}

#[derive(Debug)]
struct Modality {
    token: nn::Linear,
    position: Tensor, // [tokens, width]
    query: nn::Linear,
    key: nn::Linear,
    value: nn::Linear,
    cross: Option<Cross>, // none with a single modality
    intra: nn::Linear,
    probe: nn::Linear,
}

/// What a modality takes from the others.
#[derive(Debug)]
struct Cross {
    weights: Option<Tensor>, // [M - 1], equal at first; none with one other modality
    gate_hidden: nn::Linear,
    gate_query: nn::Linear,
    content: nn::Linear,
    norms: [nn::LayerNorm; 2],
    inter: nn::Linear,
}

impl Pcag {
    /// A network for inputs of these widths, with new weights drawn from libtorch's generator.
    #[must_use]
    pub fn new(vs: &nn::Path<'_>, training: &Training<'_>, config: &PcagConfig) -> Self {
        let (num_classes, width, others) = (training.num_classes, config.width, training.x.len() as i64 - 1);
        let modality = |(m, x): (usize, &Tensor)| {
            let path = &(vs / format!("modality{m}"));
            let square = |name: &str, bias: bool| linear(path / name, width, width, bias);
            let norm = |name: &str| nn::layer_norm(path / name, vec![width], Default::default());
            Modality {
                token: linear(path / "token", (x.size()[1] + config.tokens - 1) / config.tokens, width, true),
                position: path.var("position", &[config.tokens, width], nn::Init::Randn { mean: 0.0, stdev: 0.02 }),
                query: square("query", true),
                key: square("key", true),
                value: square("value", true),
                cross: (others > 0).then(|| Cross {
                    weights: (others > 1).then(|| path.var("weights", &[others], nn::Init::Const(0.0))),
                    gate_hidden: square("gate_hidden", true),
                    gate_query: square("gate_query", false),
                    content: square("content", true),
                    norms: [norm("norm_content"), norm("norm_gate")],
                    inter: square("inter", true),
                }),
                intra: square("intra", true),
                probe: linear(path / "probe", width, num_classes, true),
            }
        };
        Self {
            modalities: training.x.iter().enumerate().map(modality).collect(),
            classifier: linear(vs / "classifier", width, num_classes, true),
            config: config.clone(),
        }
    }

    /// Cuts `[n, d]` into chunks, the last one filled with zeros, and makes tokens `[n, tokens, width]`.
    fn tokens(&self, modality: &Modality, x: &Tensor) -> Tensor {
        let (n, d) = (x.size()[0], x.size()[1]);
        let chunk = (d + self.config.tokens - 1) / self.config.tokens;
        let padded = x.constant_pad_nd([0, chunk * self.config.tokens - d]);
        modality.token.forward(&padded.view([n, self.config.tokens, chunk])) + &modality.position
    }

    /// The pre-gate of queries and keys `[n, tokens, width]`, `[n, tokens, tokens]`.
    fn pre_gate(&self, query: &Tensor, key: &Tensor) -> Tensor {
        let products = query.tanh().matmul(&key.tanh().transpose(1, 2));
        let products = if self.config.unscaled { products } else { products / self.config.width as f64 };
        (products + 1.0) / 2.0
    }
}

impl Cross {
    /// The contextual attention gate: the part of the attended content that passes, `[n, tokens, width]`.
    fn gate(&self, attended: &Tensor, query: &Tensor) -> Tensor {
        let gate = (self.gate_hidden.forward(attended) + self.gate_query.forward(query)).relu();
        let content = self.content.forward(attended).relu();
        self.norms[0].forward(&content) * self.norms[1].forward(&gate)
    }
}

impl Network for Pcag {
    fn forward(&self, x: &[Tensor], _rows: Option<&Tensor>, mut dropout: Option<&mut Dropout>) -> Outputs {
        let mut drop = |x: Tensor| match dropout.as_deref_mut() {
            Some(dropout) => dropout.apply(&x),
            None => x,
        };
        let project = |(modality, x): (&Modality, &Tensor)| {
            let tokens = self.tokens(modality, x);
            [&modality.query, &modality.key, &modality.value].map(|layer| layer.forward(&tokens))
        };
        let projected: Vec<[Tensor; 3]> = self.modalities.iter().zip(x).map(project).collect();
        let mean = |x: Tensor| x.mean_dim([1i64].as_slice(), false, Kind::Float);
        let (mut embeddings, mut joint) = (Vec::new(), Vec::new());
        for (m, modality) in self.modalities.iter().enumerate() {
            let query = &projected[m][0];
            if let Some(cross) = &modality.cross {
                let weights = cross.weights.as_ref().map(|weights| weights.softmax(-1, Kind::Float));
                let mut attended: Option<Tensor> = None;
                let others = projected.iter().enumerate().filter(|(other, _)| *other != m);
                for (at, (_, [_, key, value])) in others.enumerate() {
                    let scores = query.matmul(&key.transpose(1, 2)) / (self.config.width as f64).sqrt();
                    let attention = drop((scores * self.pre_gate(query, key)).softmax(-1, Kind::Float));
                    let mut each = attention.matmul(value);
                    if let Some(weights) = &weights {
                        each *= weights.get(at as i64);
                    }
                    attended = Some(attended.map_or_else(|| each.shallow_clone(), |sum| sum + &each));
                }
                if let Some(attended) = attended {
                    let context = drop(cross.gate(&attended, query));
                    joint.push(mean(drop(cross.inter.forward(&context).relu())));
                }
            }
            let intra = mean(drop(modality.intra.forward(query).relu()));
            joint.push(intra.shallow_clone());
            embeddings.push(intra);
        }
        let fused = self.classifier.forward(&joint.iter().sum::<Tensor>());
        let probe = |(modality, x): (&Modality, &Tensor)| modality.probe.forward(&x.detach());
        let logits = self.modalities.iter().zip(&embeddings).map(probe).collect();
        Outputs { fused, logits, embeddings, aux: Vec::new() }
    }

    fn loss(&self, out: &Outputs, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor> {
        let mut total = criterion.fused(&out.fused, labels)?;
        for logits in &out.logits {
            total += criterion.head(logits, labels)?;
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
            config: NetworkConfig::Pcag(PcagConfig::default()),
            small: NetworkConfig::Pcag(PcagConfig { width: 12, tokens: 3, ..Default::default() }),
            parameters: 426_778,
            width: 12,
        });
    }

    fn small(vs: &nn::VarStore) -> Pcag {
        let x = [Tensor::rand([4, 7], tch::kind::FLOAT_CPU), Tensor::rand([4, 3], tch::kind::FLOAT_CPU)];
        let labels = Tensor::from_slice(&[0i64, 1, 0, 1]);
        let training = Training { x: &x, labels: &labels, num_classes: 2 };
        Pcag::new(&vs.root(), &training, &PcagConfig { width: 6, tokens: 4, ..Default::default() })
    }

    #[test]
    fn the_pre_gate_is_a_half_without_a_query_and_stays_in_its_range() {
        let vs = nn::VarStore::new(tch::Device::Cpu);
        let network = small(&vs);
        let key = Tensor::randn([2, 4, 6], tch::kind::FLOAT_CPU) * 100.0;
        assert_eq!(network.pre_gate(&key.zeros_like(), &key), Tensor::full([2, 4, 4], 0.5, tch::kind::FLOAT_CPU));
        let gate = network.pre_gate(&key, &key);
        assert!(f64::try_from(gate.min()).unwrap() >= 0.0 && f64::try_from(gate.max()).unwrap() <= 1.0);
        let literal = Pcag { config: PcagConfig { unscaled: true, ..network.config.clone() }, ..network };
        assert!(f64::try_from(literal.pre_gate(&key, &key).max()).unwrap() > 1.0);
    }

    #[test]
    fn a_closed_contextual_gate_lets_nothing_through() {
        let vs = nn::VarStore::new(tch::Device::Cpu);
        let network = small(&vs);
        let cross = network.modalities[0].cross.as_ref().unwrap();
        let _guard = tch::no_grad_guard();
        for layer in [&cross.gate_hidden, &cross.gate_query] {
            _ = layer.ws.shallow_clone().fill_(0.0);
        }
        let x = Tensor::randn([2, 4, 6], tch::kind::FLOAT_CPU);
        assert_eq!(f64::try_from(cross.gate(&x, &x).abs().max()).unwrap(), 0.0);
    }

    #[test]
    fn probes_leave_the_network_alone() {
        let vs = nn::VarStore::new(tch::Device::Cpu);
        let network = small(&vs);
        let x = [Tensor::rand([4, 7], tch::kind::FLOAT_CPU), Tensor::rand([4, 3], tch::kind::FLOAT_CPU)];
        let out = network.forward(&x, None, None);
        out.logits.iter().map(|x| x.square().sum(Kind::Float)).sum::<Tensor>().backward();
        for (name, parameter) in vs.variables() {
            assert_eq!(parameter.grad().defined(), name.contains("probe"), "{name}");
        }
    }
}
