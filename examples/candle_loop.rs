//! A training loop in candle, plain and with CLIMD. libtorch is not used.
//!
//! `cargo run --release -p climd-frameworks --example candle_loop [EPOCHS]`

use candle_core::{D, DType, Device, Tensor};
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW, VarBuilder, VarMap, linear, loss};
use climd::{CurriculumSampler, LastBatch, PowerLaw, PowerLawScheduler, Terms};
use climd_frameworks::{CLASSES, Patients, WIDTH};

const BATCH: usize = 16;

/// Early fusion with a head on every view.
struct Net {
    encoders: [Linear; 2],
    heads: [Linear; 2],
    fusion: Linear,
}

struct Outputs {
    fused: Tensor,
    logits: Vec<Tensor>,
    embeddings: Vec<Tensor>,
}

impl Net {
    fn new(vb: &VarBuilder<'_>) -> candle_core::Result<Self> {
        let two = |inputs, outputs, name: &str| -> candle_core::Result<[Linear; 2]> {
            Ok([
                linear(inputs, outputs, vb.pp(format!("{name}0")))?,
                linear(inputs, outputs, vb.pp(format!("{name}1")))?,
            ])
        };
        let (encoders, heads) = (two(WIDTH, 16, "encoder")?, two(16, CLASSES, "head")?);
        Ok(Self { encoders, heads, fusion: linear(32, CLASSES, vb.pp("fusion"))? })
    }

    fn forward(&self, x: &[Tensor; 2]) -> candle_core::Result<Outputs> {
        let (mut logits, mut embeddings) = (Vec::new(), Vec::new());
        for ((x, encoder), head) in x.iter().zip(&self.encoders).zip(&self.heads) {
            let embedding = encoder.forward(x)?.relu()?;
            logits.push(head.forward(&embedding)?);
            embeddings.push(embedding);
        }
        Ok(Outputs { fused: self.fusion.forward(&Tensor::cat(&embeddings, 1)?)?, logits, embeddings })
    }
}

fn tensors(patients: &Patients, indices: &[u32]) -> candle_core::Result<([Tensor; 2], Tensor)> {
    let ([a, b], labels) = patients.rows(indices);
    let view = |rows| Tensor::from_vec(rows, (indices.len(), WIDTH), &Device::Cpu);
    Ok(([view(a)?, view(b)?], Tensor::new(labels, &Device::Cpu)?))
}

/// Trains with the curriculum, or with all data in every epoch. Returns macro F1 on the test part.
fn train(epochs: usize, curriculum: bool) -> anyhow::Result<f64> {
    let (patients, test) = (Patients::new([300, 60, 15], 1), Patients::new([100, 100, 100], 2));
    let schedule = PowerLaw { epochs: epochs * 2 / 3, ..Default::default() };
    let mut sampler = PowerLawScheduler::new(&patients.labels, schedule)?.seed(7);
    // both take as many gradient steps: plain training uses epochs after the curriculum, which hold all samples
    let budget = sampler.steps(0..epochs, BATCH, LastBatch::Keep)?;
    let (first, mut steps) = (if curriculum { 0 } else { epochs }, 0);

    let vars = VarMap::new();
    let net = Net::new(&VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu))?;
    let mut adam = AdamW::new(vars.all_vars(), ParamsAdamW { lr: 3e-3, ..Default::default() })?;
    let all: Vec<u32> = (0..patients.len() as u32).collect();
    for epoch in first.. {
        if sampler.wants_scores(epoch) {
            let out = net.forward(&tensors(&patients, &all)?.0)?;
            let scores = climd::candle::measure(&patients.labels, &out.logits, &out.embeddings, None, Terms::Both)?;
            sampler.update(epoch, &scores.score)?;
        }
        let list = sampler.epoch(epoch)?;
        let prior = Tensor::new(list.log_prior(CLASSES)?, &Device::Cpu)?; // the loss knows the mix of the epoch
        for (indices, _) in list.batches(BATCH, LastBatch::Keep)? {
            if steps == budget {
                return evaluate(&net, &test);
            }
            let (x, y) = tensors(&patients, indices)?;
            let out = net.forward(&x)?;
            let mut total = loss::cross_entropy(&out.fused.broadcast_add(&prior)?, &y)?;
            for logits in &out.logits {
                total = (total + (loss::cross_entropy(&logits.broadcast_add(&prior)?, &y)? * 0.3)?)?;
            }
            adam.backward_step(&total)?;
            steps += 1;
        }
    }
    unreachable!("the loop ends with its budget")
}

fn evaluate(net: &Net, test: &Patients) -> anyhow::Result<f64> {
    let all: Vec<u32> = (0..test.len() as u32).collect();
    let out = net.forward(&tensors(test, &all)?.0)?;
    Ok(test.macro_f1(&out.fused.argmax(D::Minus1)?.to_vec1()?)?)
}

fn main() -> anyhow::Result<()> {
    let epochs = std::env::args().nth(1).map_or(Ok(30), |epochs| epochs.parse())?;
    println!("plain:      macro F1 {:.1} %", train(epochs, false)?);
    println!("with CLIMD: macro F1 {:.1} %", train(epochs, true)?);
    Ok(())
}
