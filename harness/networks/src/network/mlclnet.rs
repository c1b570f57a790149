//! MLCLNet (Zheng et al., AAAI 2023), reconstructed: its abstract gives the structure, the exact forms are ours.
//!
//! The parts: gated features, one graph network for each modality, and a fusion of the modalities' label predictions. A
//! loss term keeps the matrix of the predictions nearly orthogonal.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::graph::{Graph, Nodes};
use super::{Dropout, Network, Outputs, Training, linear};
use crate::criterion::Criterion;

/// Sizes and weights of MLCLNet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MlclnetConfig {
    /// Width of the first graph layer. Default 400.
    pub hidden: i64,
    /// Width of the second, which gives the embeddings. Default 200.
    pub width: i64,
    /// Dropout after the first graph layer, in `[0, 1)`. Default 0.5.
    pub dropout: f64,
    /// Average number of neighbours in the graph, the sample itself included. Default 10.
    pub neighbours: i64,
    /// Weight of the mean gates. Default 1.
    pub gate_weight: f64,
    /// Weight of the label confidence loss. Default 0.1.
    pub label_weight: f64,
}

impl Default for MlclnetConfig {
    fn default() -> Self {
        Self { hidden: 400, width: 200, dropout: 0.5, neighbours: 10, gate_weight: 1.0, label_weight: 0.1 }
    }
}

/// The network. Its `aux` are the gates, `M` times `[n, d_m]`.
#[derive(Debug)]
pub struct Mlclnet {
    modalities: Vec<Modality>,
    hidden: nn::Linear,
    fusion: nn::Linear,
    config: MlclnetConfig,
}

#[derive(Debug)]
struct Modality {
    graph: Graph,
    x: Tensor, // [N, d_m], the training part
    gate: nn::Linear,
    layers: [GraphLayer; 2],
    classifier: nn::Linear,
}

/// `LeakyReLU(A H W + b)` of slope 0.25.
#[derive(Debug)]
pub(super) struct GraphLayer {
    weight: nn::Linear,
    bias: Tensor,
}

impl GraphLayer {
    pub(super) fn new(vs: nn::Path<'_>, inputs: i64, outputs: i64) -> Self {
        Self { bias: vs.var("bias", &[outputs], nn::Init::Const(0.0)), weight: linear(vs, inputs, outputs, false) }
    }

    /// `mix` is the graph's: `A H`.
    pub(super) fn forward(&self, nodes: &Nodes, mix: impl Fn(&Nodes) -> Nodes) -> Nodes {
        mix(&nodes.map(|x| self.weight.forward(x))).map(|x| self.activate(x))
    }

    /// The same for a single tensor of nodes.
    pub(super) fn forward_one(&self, x: &Tensor, mix: impl Fn(&Tensor) -> Tensor) -> Tensor {
        self.activate(&mix(&self.weight.forward(x)))
    }

    fn activate(&self, x: &Tensor) -> Tensor {
        leaky(&(x + &self.bias))
    }
}

/// LeakyReLU of slope 0.25.
pub(super) fn leaky(x: &Tensor) -> Tensor {
    x.relu() * 0.75 + x * 0.25
}

impl Mlclnet {
    /// A network for this training part, with new weights drawn from libtorch's generator.
    ///
    /// # Errors
    /// If there are too many training samples for a graph.
    pub fn new(vs: &nn::Path<'_>, training: &Training<'_>, config: &MlclnetConfig) -> Result<Self> {
        let num_classes = training.num_classes;
        let modality = |(m, x): (usize, &Tensor)| -> Result<Modality> {
            let (path, width) = (vs / format!("modality{m}"), x.size()[1]);
            Ok(Modality {
                graph: Graph::new(x, config.neighbours)?,
                x: x.shallow_clone(),
                gate: linear(&path / "gate", width, width, true),
                layers: [
                    GraphLayer::new(&path / "graph1", width, config.hidden),
                    GraphLayer::new(&path / "graph2", config.hidden, config.width),
                ],
                classifier: linear(&path / "classifier", config.width, num_classes, true),
            })
        };
        let m = training.x.len() as i64;
        let inputs = m * num_classes + m * (m - 1) / 2 * num_classes * num_classes;
        Ok(Self {
            modalities: training.x.iter().enumerate().map(modality).collect::<Result<_>>()?,
            hidden: linear(vs / "hidden", inputs, 64, true),
            fusion: linear(vs / "fusion", 64, num_classes, true),
            config: config.clone(),
        })
    }
}

/// Mean squared cosine of the columns of `[n, C]` probabilities, over ordered pairs: 0 for labels, 1 for equal rows.
fn label_confidence(probabilities: &Tensor) -> Tensor {
    let classes = probabilities.size()[1];
    if probabilities.size()[0] < 2 || classes < 2 {
        return Tensor::zeros([0i64; 0], (Kind::Float, probabilities.device()));
    }
    let products = probabilities.transpose(0, 1).matmul(probabilities);
    let lengths = products.diagonal(0, 0, 1).sqrt();
    let cosines = products / (lengths.outer(&lengths) + 1e-8);
    let others: Tensor = 1.0 - Tensor::eye(classes, (Kind::Float, probabilities.device()));
    (cosines.square() * others).sum(Kind::Float) / (classes * (classes - 1)) as f64
}

impl Network for Mlclnet {
    fn forward(&self, x: &[Tensor], rows: Option<&Tensor>, mut dropout: Option<&mut Dropout>) -> Outputs {
        let (mut gates, mut logits, mut embeddings) = (Vec::new(), Vec::new(), Vec::new());
        for (modality, x) in self.modalities.iter().zip(x) {
            let around = rows.map(|rows| modality.graph.around(rows, 2));
            let links = rows.is_none().then(|| modality.graph.links(x));
            let inputs = match &around {
                Some(around) => Nodes { train: modality.x.index_select(0, &around.nodes[0]), query: None },
                None => Nodes { train: modality.x.shallow_clone(), query: Some(x.shallow_clone()) },
            };
            let gate = inputs.map(|x| modality.gate.forward(x).sigmoid());
            let gated = Nodes {
                train: &inputs.train * &gate.train,
                query: inputs.query.as_ref().zip(gate.query.as_ref()).map(|(x, gate)| x * gate),
            };
            let mix = |layer: usize, nodes: &Nodes| match &around {
                Some(around) => Nodes { train: around.mix(layer, &nodes.train), query: None },
                None => modality.graph.mix(nodes, links.as_ref()),
            };
            let mut hidden = modality.layers[0].forward(&gated, |nodes| mix(0, nodes));
            if let Some(dropout) = dropout.as_deref_mut() {
                hidden = hidden.map(|x| match &around {
                    Some(around) => dropout.apply_to(x, &around.nodes[1], modality.x.size()[0]),
                    None => dropout.apply(x),
                });
            }
            let embedding = modality.layers[1].forward(&hidden, |nodes| mix(1, nodes)).asked(None);
            logits.push(modality.classifier.forward(&embedding));
            gates.push(gate.asked(around.as_ref().map(|around| &around.batch)));
            embeddings.push(embedding);
        }
        let p: Vec<Tensor> = logits.iter().map(|logits: &Tensor| logits.softmax(-1, Kind::Float)).collect();
        let mut parts: Vec<Tensor> = p.iter().map(Tensor::shallow_clone).collect();
        for (m, first) in p.iter().enumerate() {
            for second in &p[m + 1..] {
                parts.push((first.unsqueeze(2) * second.unsqueeze(1)).flatten(1, 2));
            }
        }
        let fused = self.fusion.forward(&self.hidden.forward(&Tensor::cat(&parts, 1)).relu());
        Outputs { fused, logits, embeddings, aux: gates }
    }

    fn loss(&self, out: &Outputs, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor> {
        let mut total = criterion.fused(&out.fused, labels)?;
        total += label_confidence(&out.fused.softmax(-1, Kind::Float)) * self.config.label_weight;
        for (logits, gate) in out.logits.iter().zip(&out.aux) {
            total += criterion.head(logits, labels)? + gate.mean(Kind::Float) * self.config.gate_weight;
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
        let small = MlclnetConfig { hidden: 24, width: 12, neighbours: 3, ..Default::default() };
        network::check(Case {
            config: NetworkConfig::Mlclnet(MlclnetConfig::default()),
            small: NetworkConfig::Mlclnet(small),
            parameters: 3_507_676,
            width: 12,
        });
    }

    #[test]
    fn label_confidence_has_the_specified_values() {
        for (rows, expected) in
            [([[1.0f32, 0.0], [0.0, 1.0]], 0.0), ([[0.5, 0.5], [0.5, 0.5]], 1.0), ([[0.9, 0.1], [0.1, 0.9]], 0.048_186)]
        {
            let found = f64::try_from(label_confidence(&Tensor::from_slice2(&rows))).unwrap();
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        assert_eq!(f64::try_from(label_confidence(&Tensor::from_slice2(&[[0.5f32, 0.5]]))).unwrap(), 0.0);
    }
}
