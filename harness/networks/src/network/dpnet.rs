//! DPNET (Zou et al., ACM MM 2023), reconstructed: its four parts are published, but not their exact form, which is
//! ours.
//!
//! The parts: attention of each modality to all training samples, a confidence that weighs each modality, a low-rank
//! fusion with attention over the rank-wise features, and a label confidence that is only reported.

use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::{Dropout, Network, Outputs, Training, linear};
use crate::criterion::Criterion;

/// Width of the fused features.
const FUSED: i64 = 64;

/// Sizes and weights of DPNET.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DpnetConfig {
    /// Width of encoders and embeddings. Default 128.
    pub width: i64,
    /// Rank of the fusion. Default 4.
    pub rank: i64,
    /// Dropout, in `[0, 1)`. Default 0.3.
    pub dropout: f64,
    /// Weight of the intra-class attention loss. Default 0.1.
    pub attention_weight: f64,
}

impl Default for DpnetConfig {
    fn default() -> Self {
        Self { width: 128, rank: 4, dropout: 0.3, attention_weight: 0.1 }
    }
}

/// The network. Its `aux` are the confidences, `M` times `[n, 1]`, the label confidence `[n, 1]`, and the intra-class
/// attention loss, a scalar.
#[derive(Debug)]
pub struct Dpnet {
    modalities: Vec<Modality>,
    labels: Tensor, // [N], of the training part
    fusion: RankFusion,
    norm: nn::LayerNorm,
    label_confidence: nn::Linear,
    classifier: nn::Linear,
    config: DpnetConfig,
}

#[derive(Debug)]
struct Modality {
    x: Tensor, // [N, d_m], the training part
    encoder: nn::Linear,
    query: nn::Linear,
    key: nn::Linear,
    value: nn::Linear,
    norm: nn::LayerNorm,
    classifier: nn::Linear,
    confidence: [nn::Linear; 2],
}

/// `sum_r b_r prod_m [h^m; 1] W^m_r`, with `b` a softmax over the ranks of `w . tanh(U g_r)`.
#[derive(Debug)]
struct RankFusion {
    factors: Vec<Tensor>, // M times [rank, width + 1, FUSED]
    attention: [nn::Linear; 2],
}

impl RankFusion {
    fn new(vs: &nn::Path<'_>, modalities: usize, width: i64, rank: i64) -> Self {
        let stdev = (2.0 / (width + 1 + FUSED) as f64).sqrt();
        let init = nn::Init::Randn { mean: 0.0, stdev };
        Self {
            factors: (0..modalities).map(|m| vs.var(&format!("factor{m}"), &[rank, width + 1, FUSED], init)).collect(),
            attention: [linear(vs / "u", FUSED, 32, false), linear(vs / "w", 32, 1, false)],
        }
    }

    /// The rank-wise features `[rank, n, FUSED]` and their weights `[rank, n, 1]`.
    fn parts(&self, weighed: &[Tensor]) -> (Tensor, Tensor) {
        let mut features: Option<Tensor> = None;
        for (h, factor) in weighed.iter().zip(&self.factors) {
            let ones = Tensor::ones([h.size()[0], 1], (h.kind(), h.device()));
            let each = Tensor::cat(&[h, &ones], 1).unsqueeze(0).matmul(factor);
            features = Some(features.map_or_else(|| each.shallow_clone(), |features| features * &each));
        }
        let features = features.unwrap_or_default();
        let weights = self.attention[1].forward(&self.attention[0].forward(&features).tanh()).softmax(0, Kind::Float);
        (features, weights)
    }
}

impl Dpnet {
    /// A network for this training part, with new weights drawn from libtorch's generator.
    #[must_use]
    pub fn new(vs: &nn::Path<'_>, training: &Training<'_>, config: &DpnetConfig) -> Self {
        let (num_classes, width) = (training.num_classes, config.width);
        let modality = |(m, x): (usize, &Tensor)| {
            let path = vs / format!("modality{m}");
            Modality {
                x: x.shallow_clone(),
                encoder: linear(&path / "encoder", x.size()[1], width, true),
                query: linear(&path / "query", width, width, true),
                key: linear(&path / "key", width, width, false), // the softmax would cancel a bias
                value: linear(&path / "value", width, width, true),
                norm: nn::layer_norm(&path / "norm", vec![width], Default::default()),
                classifier: linear(&path / "classifier", width, num_classes, true),
                confidence: [
                    linear(&path / "confidence1", width, 64, true),
                    linear(&path / "confidence2", 64, 1, true),
                ],
            }
        };
        Self {
            modalities: training.x.iter().enumerate().map(modality).collect(),
            labels: training.labels.shallow_clone(),
            fusion: RankFusion::new(&(vs / "fusion"), training.x.len(), width, config.rank),
            norm: nn::layer_norm(vs / "norm", vec![FUSED], Default::default()),
            label_confidence: linear(vs / "label_confidence", FUSED, 1, true),
            classifier: linear(vs / "classifier", FUSED, num_classes, true),
            config: config.clone(),
        }
    }
}

/// Mean of `-log(attention to samples of the own class / attention to all others)`. A sample itself counts in neither,
/// and rows without another sample of their class do not count. `attention`: `[n, N]`; `labels`: `[N]`; `rows`: `[n]`.
fn intra_class(attention: &Tensor, labels: &Tensor, rows: &Tensor) -> Tensor {
    let own = labels.index_select(0, rows);
    let itself = Tensor::arange(labels.size()[0], (Kind::Int64, labels.device())).eq_tensor(&rows.unsqueeze(1));
    let others = attention * (1.0 - itself.to_kind(Kind::Float));
    let mates = own.unsqueeze(1).eq_tensor(labels).logical_and(&itself.logical_not()).to_kind(Kind::Float);
    let sum = |x: &Tensor| x.sum_dim_intlist([1i64].as_slice(), false, Kind::Float);
    let each = -((sum(&(&others * &mates)) + 1e-8) / (sum(&others) + 1e-8)).log();
    let counts = sum(&mates).gt(0.0).to_kind(Kind::Float);
    (each * &counts).sum(Kind::Float) / counts.sum(Kind::Float).clamp_min(1.0)
}

impl Network for Dpnet {
    fn forward(&self, x: &[Tensor], rows: Option<&Tensor>, mut dropout: Option<&mut Dropout>) -> Outputs {
        let (mut logits, mut embeddings, mut weighed, mut aux) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut intra = Tensor::zeros([0i64; 0], (Kind::Float, self.labels.device()));
        let mut drop = |x: Tensor| match dropout.as_deref_mut() {
            Some(dropout) => dropout.apply(&x),
            None => x,
        };
        for (modality, x) in self.modalities.iter().zip(x) {
            let train = drop(modality.encoder.forward(&modality.x).relu());
            let encoded = match rows {
                Some(rows) => train.index_select(0, rows),
                None => modality.encoder.forward(x).relu(),
            };
            let (query, key) = (modality.query.forward(&encoded), modality.key.forward(&train));
            let scores = query.matmul(&key.transpose(0, 1)) / (self.config.width as f64).sqrt();
            let attention = scores.softmax(-1, Kind::Float);
            if let Some(rows) = rows {
                intra += intra_class(&attention, &self.labels, rows);
            }
            let embedding = modality.norm.forward(&(encoded + attention.matmul(&modality.value.forward(&train))));
            let hidden = modality.confidence[0].forward(&embedding).relu();
            let confidence = modality.confidence[1].forward(&hidden).sigmoid();
            logits.push(modality.classifier.forward(&embedding));
            weighed.push(&embedding * &confidence);
            aux.push(confidence);
            embeddings.push(embedding);
        }
        let (features, weights) = self.fusion.parts(&weighed);
        let fused = self.norm.forward(&(features * weights).sum_dim_intlist([0i64].as_slice(), false, Kind::Float));
        aux.extend([self.label_confidence.forward(&fused).sigmoid(), intra]);
        Outputs { fused: self.classifier.forward(&drop(fused)), logits, embeddings, aux }
    }

    fn loss(&self, out: &Outputs, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor> {
        let (confidences, rest) = out.aux.split_at(out.logits.len());
        let distance = |confidence: &Tensor, logits: &Tensor| {
            let probability = logits.softmax(-1, Kind::Float).gather(1, &labels.unsqueeze(1), false).detach();
            (confidence - probability).square().mean(Kind::Float)
        };
        let mut total = criterion.fused(&out.fused, labels)? + distance(&rest[0], &out.fused);
        total += &rest[1] * self.config.attention_weight;
        for (confidence, logits) in confidences.iter().zip(&out.logits) {
            total += criterion.head(logits, labels)? + distance(confidence, logits);
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{self as network, Case};
    use super::*;
    use crate::network::NetworkConfig;
    use tch::Device;

    #[test]
    fn it_is_what_every_network_must_be() {
        network::check(Case {
            config: NetworkConfig::Dpnet(DpnetConfig::default()),
            small: NetworkConfig::Dpnet(DpnetConfig { width: 12, ..Default::default() }),
            parameters: 598_328,
            width: 12,
        });
    }

    #[test]
    fn the_fusion_is_a_product_of_sums_and_weighs_ranks_alike_at_first() {
        let vs = nn::VarStore::new(Device::Cpu);
        let mut fusion = RankFusion::new(&vs.root(), 2, 1, 1);
        let _guard = tch::no_grad_guard();
        fusion.factors.iter_mut().for_each(|factor| _ = factor.fill_(1.0));
        let (a, b) = (Tensor::from_slice2(&[[2.0f32], [3.0]]), Tensor::from_slice2(&[[5.0f32], [-1.0]]));
        let (features, _) = fusion.parts(&[a, b]);
        assert_eq!(features.double_value(&[0, 0, 7]), 18.0); // (2 + 1) (5 + 1)
        assert_eq!(features.double_value(&[0, 1, 0]), 0.0);

        let fusion = RankFusion::new(&(vs.root() / "four"), 2, 1, 4);
        _ = fusion.attention[0].ws.shallow_clone().fill_(0.0);
        let x = Tensor::ones([3, 1], tch::kind::FLOAT_CPU);
        let (_, weights) = fusion.parts(&[x.shallow_clone(), x]);
        assert_eq!(weights, Tensor::full([4, 3, 1], 0.25, tch::kind::FLOAT_CPU));
    }

    #[test]
    fn intra_class_attention_leaves_oneself_out() {
        let attention = Tensor::from_slice2(&[[0.4f32, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]]);
        let labels = Tensor::from_slice(&[0i64, 0, 1, 2]);
        let value = |rows: &[i64]| {
            let chosen = attention.narrow(0, 0, rows.len() as i64);
            f64::try_from(intra_class(&chosen, &labels, &Tensor::from_slice(rows))).unwrap()
        };
        assert!((value(&[0]) - (0.6f64 / 0.3).ln()).abs() < 1e-5); // 0.3 of 0.3 + 0.2 + 0.1
        assert_eq!(value(&[3]), 0.0); // no other sample of the class
        assert!((value(&[0, 2]) - (0.6f64 / 0.3).ln()).abs() < 1e-5);
    }
}
