//! A synthetic data set of two views and three classes (12:3:1), and an early-fusion network for it.
#![allow(dead_code)] // each example uses its part

use climd::ConfusionMatrix;
use tch::nn::{self, Module};
use tch::{Device, Kind, Tensor};

/// Width of a view.
const WIDTH: i64 = 16;

/// Features of two views, `[n, 32]`, and labels, `[n]`. The classes differ a little in each view.
pub fn patients(n: i64, seed: i64) -> (Tensor, Tensor) {
    tch::manual_seed(seed);
    let y = Tensor::arange(n, (Kind::Int64, Device::Cpu)).remainder(16);
    let y = y.ge(12).to_kind(Kind::Int64) + y.ge(15).to_kind(Kind::Int64);
    let centres = Tensor::eye(2 * WIDTH, tch::kind::FLOAT_CPU).narrow(0, 0, 3)
        + Tensor::eye(2 * WIDTH, tch::kind::FLOAT_CPU).narrow(0, WIDTH, 3);
    let x = centres.index_select(0, &y) * 1.5 + Tensor::randn([n, 2 * WIDTH], tch::kind::FLOAT_CPU);
    (x, y)
}

/// The outputs for a batch: fused logits, and logits and embeddings of each view.
pub struct Outputs {
    pub fused: Tensor,
    pub logits: Vec<Tensor>,
    pub embeddings: Vec<Tensor>,
}

impl Outputs {
    /// Logits and embeddings of each view, for the measurer.
    pub fn views(self) -> (Vec<Tensor>, Vec<Tensor>) {
        (self.logits, self.embeddings)
    }
}

/// An encoder and a head for each view, and a classifier on both.
pub struct Net {
    encoders: Vec<nn::Linear>,
    heads: Vec<nn::Linear>,
    classifier: nn::Linear,
}

impl Net {
    pub fn new(vs: &nn::Path<'_>) -> Self {
        let layer = |name: String, inputs, outputs| nn::linear(vs / name, inputs, outputs, Default::default());
        Self {
            encoders: (0..2).map(|m| layer(format!("encoder{m}"), WIDTH, 32)).collect(),
            heads: (0..2).map(|m| layer(format!("head{m}"), 32, 3)).collect(),
            classifier: layer("classifier".into(), 64, 3),
        }
    }

    pub fn forward(&self, x: &Tensor) -> Outputs {
        let views = x.split(WIDTH, 1);
        let embeddings: Vec<Tensor> =
            self.encoders.iter().zip(&views).map(|(layer, x)| layer.forward(x).relu()).collect();
        let logits = self.heads.iter().zip(&embeddings).map(|(head, x)| head.forward(x)).collect();
        Outputs { fused: self.classifier.forward(&Tensor::cat(&embeddings, 1)), logits, embeddings }
    }
}

/// Balanced accuracy on new patients, drawn from another seed.
pub fn balanced_accuracy(net: &Net, seed: i64) -> Result<f64, Box<dyn std::error::Error>> {
    let (x, y) = patients(1600, seed);
    let predictions: Vec<i64> = net.forward(&x).fused.argmax(1, false).try_into()?;
    Ok(ConfusionMatrix::new(&Vec::<i64>::try_from(y)?, &predictions)?.balanced_accuracy())
}
