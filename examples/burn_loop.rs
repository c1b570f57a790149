//! A training loop in burn, plain and with CLIMD. An epoch is a data set of burn's `DataLoader`. libtorch is not used.
//!
//! `cargo run --release --manifest-path harness/frameworks/burn/Cargo.toml --example burn_loop [EPOCHS]`

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoaderBuilder, Dataset};
use burn::data::dataset::DatasetError;
use burn::module::Module;
use burn::nn::loss::CrossEntropyLoss;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use climd::{CurriculumSampler, Epoch, LastBatch, PowerLaw, PowerLawScheduler, Terms};
use climd_frameworks::{CLASSES, Patients, WIDTH};

const BATCH: usize = 16;

/// Early fusion with a head on every view.
#[derive(Module, Debug)]
struct Net {
    encoders: Vec<Linear>,
    heads: Vec<Linear>,
    fusion: Linear,
}

struct Outputs {
    fused: Tensor<2>,
    logits: Vec<Tensor<2>>,
    embeddings: Vec<Tensor<2>>,
}

impl Net {
    fn new(device: &Device) -> Self {
        let two = |inputs, outputs| (0..2).map(|_| LinearConfig::new(inputs, outputs).init(device)).collect();
        let (encoders, heads) = (two(WIDTH, 16), two(16, CLASSES));
        Self { encoders, heads, fusion: LinearConfig::new(32, CLASSES).init(device) }
    }

    fn forward(&self, x: &[Tensor<2>; 2]) -> Outputs {
        let embed = |(x, encoder): (&Tensor<2>, &Linear)| relu(encoder.forward(x.clone()));
        let embeddings: Vec<Tensor<2>> = x.iter().zip(&self.encoders).map(embed).collect();
        let logits = embeddings.iter().zip(&self.heads).map(|(x, head)| head.forward(x.clone())).collect();
        Outputs { fused: self.fusion.forward(Tensor::cat(embeddings.clone(), 1)), logits, embeddings }
    }
}

/// An epoch as a data set of burn: its samples in their order. burn does not shuffle.
struct InOrder(Epoch);

impl Dataset<u32> for InOrder {
    fn get(&self, index: usize) -> Result<u32, DatasetError> {
        Ok(self.0.indices()[index])
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Turns sample numbers into tensors.
#[derive(Clone)]
struct Rows(Arc<Patients>);

type Batch = ([Tensor<2>; 2], Tensor<1, Int>);

impl Batcher<u32, Batch> for Rows {
    fn batch(&self, items: Vec<u32>, device: &Device) -> Batch {
        let ([a, b], labels) = self.0.rows(&items);
        let view = |rows| Tensor::from_data(TensorData::new(rows, [items.len(), WIDTH]), device);
        let labels: Vec<i32> = labels.into_iter().map(|label| label as i32).collect();
        ([view(a), view(b)], Tensor::from_data(TensorData::new(labels, [items.len()]), device))
    }
}

/// Trains with the curriculum, or with all data in every epoch. Returns macro F1 on the test part.
fn train(epochs: usize, curriculum: bool) -> anyhow::Result<f64> {
    let (patients, test) = (Patients::new([300, 60, 15], 1), Patients::new([100, 100, 100], 2));
    let schedule = PowerLaw { epochs: epochs * 2 / 3, ..Default::default() };
    let mut sampler = PowerLawScheduler::new(&patients.labels, schedule)?.seed(7);
    // both take as many gradient steps: plain training uses epochs after the curriculum, which hold all samples
    let budget = sampler.steps(0..epochs, BATCH, LastBatch::Keep)?;
    let (first, mut steps) = (if curriculum { 0 } else { epochs }, 0);

    let device = Device::flex().autodiff();
    device.seed(1);
    let (mut net, mut adam) = (Net::new(&device), AdamConfig::new().init());
    let (rows, labels) = (Rows(Arc::new(patients)), sampler.classes().num_samples() as u32);
    let all: Vec<u32> = (0..labels).collect();
    for epoch in first.. {
        if sampler.wants_scores(epoch) {
            let out = net.forward(&rows.batch(all.clone(), &device).0);
            let scores = climd::burn::measure(&rows.0.labels, out.logits, out.embeddings, None, Terms::Both)?;
            sampler.update(epoch, &scores.score)?;
        }
        let list = sampler.epoch(epoch)?;
        let prior = Tensor::<1>::from_floats(list.log_prior(CLASSES)?.as_slice(), &device).unsqueeze::<2>();
        let loader =
            DataLoaderBuilder::new(rows.clone()).batch_size(BATCH).set_device(device.clone()).build(InOrder(list));
        for batch in loader.iter() {
            if steps == budget {
                return evaluate(&net, &test, &device);
            }
            let (x, y) = batch?;
            let out = net.forward(&x);
            let loss = |logits: Tensor<2>| {
                // the loss knows the class mix of the epoch
                CrossEntropyLoss::new(None, &device).forward(logits + prior.clone(), y.clone())
            };
            let mut total = loss(out.fused);
            for logits in out.logits {
                total = total + loss(logits) * 0.3;
            }
            let gradients = GradientsParams::from_grads(total.backward(), &net);
            net = adam.step(3e-3, net, gradients);
            steps += 1;
        }
    }
    unreachable!("the loop ends with its budget")
}

fn evaluate(net: &Net, test: &Patients, device: &Device) -> anyhow::Result<f64> {
    let all: Vec<u32> = (0..test.len() as u32).collect();
    let (x, _) = Rows(Arc::new(test.clone())).batch(all, device);
    let found: Vec<i32> = net.forward(&x).fused.argmax(1).into_data().try_cast_as::<i32>()?.try_into_vec::<i32>()?;
    Ok(test.macro_f1(&found.into_iter().map(|class| class as u32).collect::<Vec<_>>())?)
}

fn main() -> anyhow::Result<()> {
    let epochs = std::env::args().nth(1).map_or(Ok(30), |epochs| epochs.parse())?;
    println!("plain:      macro F1 {:.1} %", train(epochs, false)?);
    println!("with CLIMD: macro F1 {:.1} %", train(epochs, true)?);
    Ok(())
}
