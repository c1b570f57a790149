//! GCFANet (Zheng et al., Information Fusion 2024), reconstructed. The sources are half of its abstract, and GCFAgg
//! (Yan et al., CVPR 2023), a clustering network of similar name, made supervised.
//!
//! The parts: gated features, one graph layer for each modality, attention to the training samples over all modalities
//! together, and a contrast of common and own features that repels related samples less.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::graph::{Graph, Nodes, cosine};
use super::mlclnet::GraphLayer;
use super::{Dropout, Network, Outputs, Training, linear};
use crate::criterion::Criterion;

/// Sizes and weights of GCFANet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GcfanetConfig {
    /// Width of the graph layers and embeddings. Default 128.
    pub width: i64,
    /// Width of the feed-forward layer. Default 256.
    pub hidden: i64,
    /// Dropout, in `[0, 1)`. Default 0.3.
    pub dropout: f64,
    /// Average number of neighbours in the graph, the sample itself included. Default 10.
    pub neighbours: i64,
    /// Weight of the mean gates. Default 1.
    pub gate_weight: f64,
    /// Weight of the contrast. Default 0.1.
    pub contrast_weight: f64,
    /// Temperature of the contrast, above 0. Default 0.5.
    pub temperature: f64,
}

impl Default for GcfanetConfig {
    fn default() -> Self {
        Self {
            width: 128,
            hidden: 256,
            dropout: 0.3,
            neighbours: 10,
            gate_weight: 1.0,
            contrast_weight: 0.1,
            temperature: 0.5,
        }
    }
}

/// The network. Its `aux` are the gates, `M` times `[n, d_m]`, the common features `[n, D]`, and the attention within
/// the batch, `[n, n]`, with a diagonal of 0.
#[derive(Debug)]
pub struct Gcfanet {
    modalities: Vec<Modality>,
    query: nn::Linear,
    key: nn::Linear,
    value: nn::Linear,
    norms: [nn::LayerNorm; 2],
    feed: [nn::Linear; 2],
    common: nn::Linear,
    classifier: nn::Linear,
    config: GcfanetConfig,
}

#[derive(Debug)]
struct Modality {
    graph: Graph,
    x: Tensor, // [N, d_m], the training part
    gate: nn::Linear,
    layer: GraphLayer,
    embedding: nn::Linear,
    classifier: nn::Linear,
}

impl Gcfanet {
    /// A network for this training part, with new weights drawn from libtorch's generator.
    ///
    /// # Errors
    /// If there are too many training samples for a graph.
    pub fn new(vs: &nn::Path<'_>, training: &Training<'_>, config: &GcfanetConfig) -> Result<Self> {
        let (num_classes, width) = (training.num_classes, config.width);
        let modality = |(m, x): (usize, &Tensor)| -> Result<Modality> {
            let (path, inputs) = (vs / format!("modality{m}"), x.size()[1]);
            Ok(Modality {
                graph: Graph::new(x, config.neighbours)?,
                x: x.shallow_clone(),
                gate: linear(&path / "gate", inputs, inputs, true),
                layer: GraphLayer::new(&path / "graph", inputs, width),
                embedding: linear(&path / "embedding", width, width, true),
                classifier: linear(&path / "classifier", width, num_classes, true),
            })
        };
        let all = width * training.x.len() as i64;
        let norm = |name: &str| nn::layer_norm(vs / name, vec![all], Default::default());
        Ok(Self {
            modalities: training.x.iter().enumerate().map(modality).collect::<Result<_>>()?,
            query: linear(vs / "query", all, all, false),
            key: linear(vs / "key", all, all, false),
            value: linear(vs / "value", all, all, false),
            norms: [norm("norm1"), norm("norm2")],
            feed: [linear(vs / "feed1", all, config.hidden, true), linear(vs / "feed2", config.hidden, all, true)],
            common: linear(vs / "common", all, width, true),
            classifier: linear(vs / "classifier", width, num_classes, true),
            config: config.clone(),
        })
    }
}

/// Mean over samples and modalities of `-log(exp(cos(g_i, e_i) / t) / sum_j exp((1 - S_ij) cos(g_i, e_j) / t))`; 0 for
/// a single sample.
fn contrast(common: &Tensor, embeddings: &[Tensor], related: &Tensor, temperature: f64) -> Tensor {
    if common.size()[0] < 2 {
        return Tensor::zeros([0i64; 0], (Kind::Float, common.device()));
    }
    let of_modality = |embedding: &Tensor| {
        let cosines = cosine(common, embedding) / temperature;
        let repelled: Tensor = 1.0 - related;
        let all = (repelled * &cosines).logsumexp([1i64].as_slice(), false);
        (all - cosines.diagonal(0, 0, 1)).mean(Kind::Float)
    };
    embeddings.iter().map(of_modality).sum::<Tensor>() / embeddings.len() as f64
}

impl Network for Gcfanet {
    fn forward(&self, x: &[Tensor], rows: Option<&Tensor>, mut dropout: Option<&mut Dropout>) -> Outputs {
        let (mut gates, mut logits, mut embeddings) = (Vec::new(), Vec::new(), Vec::new());
        let (mut train, mut asked) = (Vec::new(), Vec::new());
        for (modality, x) in self.modalities.iter().zip(x) {
            let query = rows.is_none().then(|| x.shallow_clone());
            let links = query.as_ref().map(|query| modality.graph.links(query));
            let inputs = Nodes { train: modality.x.shallow_clone(), query };
            let gate = inputs.map(|x| modality.gate.forward(x).sigmoid());
            let gated = Nodes {
                train: &inputs.train * &gate.train,
                query: inputs.query.as_ref().zip(gate.query.as_ref()).map(|(x, gate)| x * gate),
            };
            let mut hidden = modality.layer.forward(&gated, |nodes| modality.graph.mix(nodes, links.as_ref()));
            if let Some(dropout) = dropout.as_deref_mut() {
                hidden = hidden.map(|x| dropout.apply(x));
            }
            let embedding = modality.embedding.forward(&hidden.asked(rows));
            logits.push(modality.classifier.forward(&embedding));
            gates.push(gate.asked(rows));
            embeddings.push(embedding);
            asked.push(hidden.asked(rows));
            train.push(hidden.train);
        }
        let (train, z) = (Tensor::cat(&train, 1), Tensor::cat(&asked, 1));
        let (query, scale) = (self.query.forward(&z), (z.size()[1] as f64).sqrt());
        let attend =
            |keys: &Tensor| (query.matmul(&self.key.forward(keys).transpose(0, 1)) / scale).softmax(-1, Kind::Float);
        let y = &z + attend(&train).matmul(&self.value.forward(&train));
        let y = self.norms[0].forward(&y);
        let y = self.norms[1].forward(&(&y + self.feed[1].forward(&self.feed[0].forward(&y).relu())));
        let common = self.common.forward(&y);
        let dropped = dropout.map_or_else(|| common.shallow_clone(), |dropout| dropout.apply(&common));
        let fused = self.classifier.forward(&dropped);
        let others: Tensor = 1.0 - Tensor::eye(z.size()[0], (Kind::Float, z.device()));
        gates.extend([common, (attend(&z) * others).detach()]);
        Outputs { fused, logits, embeddings, aux: gates }
    }

    fn loss(&self, out: &Outputs, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor> {
        let (gates, rest) = out.aux.split_at(out.logits.len());
        let mut total = criterion.fused(&out.fused, labels)?;
        let contrast = contrast(&rest[0], &out.embeddings, &rest[1], self.config.temperature);
        total += contrast * self.config.contrast_weight;
        for (logits, gate) in out.logits.iter().zip(gates) {
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
        let small = GcfanetConfig { width: 12, hidden: 24, neighbours: 3, ..Default::default() };
        network::check(Case {
            config: NetworkConfig::Gcfanet(GcfanetConfig::default()),
            small: NetworkConfig::Gcfanet(small),
            parameters: 3_318_828,
            width: 12,
        });
    }

    #[test]
    fn the_contrast_is_log_n_for_equal_cosines_and_falls_towards_the_own_embedding() {
        let ones = Tensor::ones([4, 3], tch::kind::FLOAT_CPU);
        let none = Tensor::zeros([4, 4], tch::kind::FLOAT_CPU);
        let value = |common: &Tensor, embedding: &Tensor, related: &Tensor| {
            f64::try_from(contrast(common, &[embedding.shallow_clone()], related, 0.5)).unwrap()
        };
        assert!((value(&ones, &ones, &none) - 4f64.ln()).abs() < 1e-5);
        let axes = Tensor::eye(4, tch::kind::FLOAT_CPU);
        let turned = &axes + Tensor::ones([4, 4], tch::kind::FLOAT_CPU);
        assert!(value(&axes, &axes, &none) < value(&axes, &turned, &none));
        let related = (1.0 - Tensor::eye(4, tch::kind::FLOAT_CPU)) * 0.5;
        assert!(value(&axes, &turned, &related) < value(&axes, &turned, &none)); // related samples repel less
    }
}
