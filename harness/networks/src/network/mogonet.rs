//! MOGONET (Wang et al., Nature Communications 2021; "MORONET" in the paper's Table 1).
//!
//! Each modality has a graph network over a graph of patients. A small network takes the outer product of their
//! predictions. Where the article and the authors' code differ, we follow the code.
//!
//! * Training: the outputs of a batch are those of a forward pass over all training samples. Only the samples that the
//!   batch depends on are computed.
//! * Evaluation: samples of another part are linked to training samples, and training samples only to them. So the
//!   output for one sample depends on the others: evaluate a whole test part at once.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::graph::Graph;
use super::mlclnet::{GraphLayer, leaky};
use super::{Dropout, FUSION_GROUP, Network, Outputs, Training, linear};
use crate::criterion::Criterion;

/// The widest allowed outer product.
const WIDEST: i64 = 4096;

/// Class weights of the cross-entropy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// The share of the class in the training part, as published: the majority counts more.
    Frequency,
    /// No weights.
    None,
}

/// Sizes of MOGONET.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MogonetConfig {
    /// Widths of the three graph layers; the last gives the embeddings. Default 400, 400, 200.
    pub widths: [i64; 3],
    /// Dropout after the first two graph layers, in `[0, 1)`. Default 0.5.
    pub dropout: f64,
    /// Average number of neighbours in the graph, the sample itself included. Default 10.
    pub neighbours: i64,
    /// Class weights. Default: by frequency. A loss of the criterion on the fused logits replaces the weights there.
    pub weights: ClassWeights,
}

impl Default for MogonetConfig {
    fn default() -> Self {
        Self { widths: [400, 400, 200], dropout: 0.5, neighbours: 10, weights: ClassWeights::Frequency }
    }
}

/// The network.
#[derive(Debug)]
pub struct Mogonet {
    modalities: Vec<Modality>,
    fusion: Option<[nn::Linear; 2]>, // none with a single modality
    frequencies: Tensor,             // [C], shares of the training part
    weights: ClassWeights,
}

#[derive(Debug)]
struct Modality {
    graph: Graph,
    x: Tensor,     // [N, d_m], the training part
    mixed: Tensor, // A x, constant
    layers: [GraphLayer; 3],
    classifier: nn::Linear,
}

impl Modality {
    fn embed_training(&self, rows: &Tensor, mut dropout: Option<&mut Dropout>) -> Tensor {
        let around = self.graph.around(rows, 2);
        let mut drop = |x: Tensor, layer: usize| match dropout.as_deref_mut() {
            Some(dropout) => dropout.apply_to(&x, &around.nodes[layer], self.x.size()[0]),
            None => x,
        };
        let [first, second, third] = &self.layers;
        let mixed = self.mixed.index_select(0, &around.nodes[0]);
        let hidden = drop(first.forward_one(&mixed, Tensor::shallow_clone), 0);
        let hidden = drop(second.forward_one(&hidden, |h| around.mix(0, h)), 1);
        third.forward_one(&hidden, |h| around.mix(1, h))
    }

    fn embed_together(&self, x: &Tensor) -> Tensor {
        let (graph, n) = (self.graph.transductive(x), self.x.size()[0]);
        let all = Tensor::cat(&[&self.x, x], 0);
        let embedded = self.layers.iter().fold(all, |h, layer| layer.forward_one(&h, |h| graph.matmul(h)));
        embedded.narrow(0, n, x.size()[0])
    }
}

impl Mogonet {
    /// A network for this training part, with new weights drawn from libtorch's generator.
    ///
    /// # Errors
    /// If there are too many training samples for a graph, or `C^M` is above 4096.
    pub fn new(vs: &nn::Path<'_>, training: &Training<'_>, config: &MogonetConfig) -> Result<Self> {
        let (classes, m) = (training.num_classes, training.x.len() as u32);
        let product = classes.checked_pow(m).filter(|&product| product <= WIDEST);
        ensure!(
            product.is_some(),
            "MOGONET multiplies the predictions of all modalities: {classes} classes to the power of {m} modalities \
             are more than {WIDEST}; leave modalities out, or take another network"
        );
        let n = training.x[0].size()[0];
        ensure!(
            config.neighbours < n,
            "MOGONET: `neighbours` is {}, but must be below the {n} samples",
            config.neighbours
        );
        let modality = |(m, x): (usize, &Tensor)| -> Result<Modality> {
            let (path, [first, second, third]) = (vs / format!("modality{m}"), config.widths);
            let graph = Graph::new(x, config.neighbours)?;
            Ok(Modality {
                mixed: graph.mixed(),
                graph,
                x: x.shallow_clone(),
                layers: [
                    GraphLayer::new(&path / "graph1", x.size()[1], first),
                    GraphLayer::new(&path / "graph2", first, second),
                    GraphLayer::new(&path / "graph3", second, third),
                ],
                classifier: linear(&path / "classifier", third, classes, true),
            })
        };
        let product = product.unwrap_or(classes);
        let vcdn = vs.set_group(FUSION_GROUP);
        let fusion =
            || [linear(&vcdn / "fusion1", product, product, true), linear(&vcdn / "fusion2", product, classes, true)];
        let counts = training.labels.bincount::<Tensor>(None, classes).to_kind(Kind::Float);
        Ok(Self {
            modalities: training.x.iter().enumerate().map(modality).collect::<Result<_>>()?,
            fusion: (m > 1).then(fusion),
            frequencies: counts / n as f64,
            weights: config.weights,
        })
    }

    fn weighed(&self, logits: &Tensor, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor> {
        match self.weights {
            ClassWeights::None => criterion.head(logits, labels),
            ClassWeights::Frequency => {
                let weights = self.frequencies.index_select(0, labels);
                Ok((criterion.each(logits, labels)? * weights).mean(Kind::Float))
            }
        }
    }
}

/// The flattened outer product of `M` times `[n, C]`, the first modality slowest: `[n, C^M]`.
fn outer(parts: &[Tensor]) -> Tensor {
    let mut product = parts[0].shallow_clone();
    for part in &parts[1..] {
        product = (product.unsqueeze(2) * part.unsqueeze(1)).flatten(1, 2);
    }
    product
}

impl Network for Mogonet {
    fn forward(&self, x: &[Tensor], rows: Option<&Tensor>, mut dropout: Option<&mut Dropout>) -> Outputs {
        let (mut logits, mut embeddings) = (Vec::new(), Vec::new());
        for (modality, x) in self.modalities.iter().zip(x) {
            let embedding = match rows {
                Some(rows) => modality.embed_training(rows, dropout.as_deref_mut()),
                None => modality.embed_together(x),
            };
            logits.push(modality.classifier.forward(&embedding));
            embeddings.push(embedding);
        }
        // the loss of the fusion does not change encoders and heads
        let fused = match &self.fusion {
            Some([first, second]) => {
                let parts: Vec<Tensor> = logits.iter().map(|logits: &Tensor| logits.detach().sigmoid()).collect();
                second.forward(&leaky(&first.forward(&outer(&parts))))
            }
            None => logits[0].shallow_clone(),
        };
        Outputs { fused, logits, embeddings, aux: Vec::new() }
    }

    fn loss(&self, out: &Outputs, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor> {
        let mut total = match criterion.is_for_fused_alone() {
            true => criterion.fused(&out.fused, labels)?,
            false => self.weighed(&out.fused, labels, criterion)?,
        };
        if self.fusion.is_some() {
            total += self.pretraining_loss(out, labels, criterion)?;
        }
        Ok(total)
    }

    fn pretraining_loss(&self, out: &Outputs, labels: &Tensor, criterion: &Criterion) -> climd::Result<Tensor> {
        let mut total = self.weighed(&out.logits[0], labels, criterion)?;
        for logits in &out.logits[1..] {
            total += self.weighed(logits, labels, criterion)?;
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
        let small = MogonetConfig { widths: [24, 24, 12], neighbours: 3, ..Default::default() };
        network::check_together(Case {
            config: NetworkConfig::Mogonet(MogonetConfig::default()),
            small: NetworkConfig::Mogonet(small),
            parameters: 1_743_595,
            width: 12,
        });
    }

    #[test]
    fn the_first_modality_is_the_slowest() {
        let (a, b) = (Tensor::from_slice2(&[[2.0f32, 3.0]]), Tensor::from_slice2(&[[5.0f32, 7.0]]));
        let c = Tensor::from_slice2(&[[1.0f32, 10.0]]);
        let product: Vec<f32> = outer(&[a, b, c]).view(-1).try_into().unwrap();
        assert_eq!(product, [10.0, 100.0, 14.0, 140.0, 15.0, 150.0, 21.0, 210.0]);
    }

    #[test]
    fn too_many_classes_and_modalities_are_refused() {
        let x: Vec<Tensor> = (0..6).map(|_| Tensor::rand([20, 3], tch::kind::FLOAT_CPU)).collect();
        let labels = Tensor::arange(20, (Kind::Int64, tch::Device::Cpu)).remainder(10);
        let vs = nn::VarStore::new(tch::Device::Cpu);
        let training = Training { x: &x, labels: &labels, num_classes: 10 };
        let error = Mogonet::new(&vs.root(), &training, &MogonetConfig::default()).unwrap_err().to_string();
        assert!(error.contains("10 classes to the power of 6 modalities"), "{error}");
    }

    #[test]
    fn the_fusion_does_not_move_the_encoders() {
        let x = [Tensor::rand([12, 3], tch::kind::FLOAT_CPU), Tensor::rand([12, 2], tch::kind::FLOAT_CPU)];
        let labels = Tensor::arange(12, (Kind::Int64, tch::Device::Cpu)).remainder(2);
        let vs = nn::VarStore::new(tch::Device::Cpu);
        let training = Training { x: &x, labels: &labels, num_classes: 2 };
        let config = MogonetConfig { widths: [8, 8, 4], neighbours: 2, ..Default::default() };
        let network = Mogonet::new(&vs.root(), &training, &config).unwrap();
        let rows = Tensor::arange(12, (Kind::Int64, tch::Device::Cpu));
        let out = network.forward(&x, Some(&rows), None);
        out.fused.square().sum(Kind::Float).backward();
        for (name, parameter) in vs.variables() {
            assert_eq!(parameter.grad().defined(), name.starts_with("fusion"), "{name}");
        }
        // and pretraining does not change the fusion
        let vs = nn::VarStore::new(tch::Device::Cpu);
        let network = Mogonet::new(&vs.root(), &training, &config).unwrap();
        let criterion = network::criterion(crate::criterion::Loss::CrossEntropy);
        let out = network.forward(&x, Some(&rows), None);
        network.pretraining_loss(&out, &labels, &criterion).unwrap().backward();
        for (name, parameter) in vs.variables() {
            assert_eq!(parameter.grad().defined(), !name.starts_with("fusion"), "{name}");
        }
    }
}
