//! What does measuring while training cost, as a share of the gradient steps that it is called in?
//!
//! `cargo run --release -p climd-repro --example observe_cost -- data/brca 250`: breast cancer, and 250 of its samples.
//! The main job's network; medians, so that what else the machine does counts little.

use std::time::Instant;

use anyhow::{Context, Result};
use climd::{Curriculum, CurriculumLoader, CurriculumSampler, PowerLaw, Settings};
use climd_data::Dataset;
use climd_networks::config::Part;
use climd_networks::criterion::{Criterion, Loss};
use climd_networks::network::{BaselineConfig, Dropout, Heads, NetworkConfig, Training};
use climd_networks::train::tensors;
use climd_repro::experiment::{Rate, Study};
use tch::nn::{self, OptimizerConfig};
use tch::{Device, Tensor};

const EPOCHS: usize = 60;

fn main() -> Result<()> {
    tch::set_num_threads(1);
    let mut arguments = std::env::args().skip(1);
    let dataset = Dataset::load(arguments.next().context("the folder of a data set is missing")?)?;
    cost(&dataset)?;
    arguments.try_for_each(|samples| cost(&dataset.slice(samples.parse()?, 0)?))
}

fn cost(dataset: &Dataset) -> Result<()> {
    let (rate, epochs, batch_size) = (Rate::Paper, EPOCHS, 32);
    let study = Study { dataset, imbalance: None, noise: 0.0, epochs, batch_size, first_seed: 0, seeds: 1, rate };
    let train = study.parts(0, Part::Test)?.train;
    let (x, y) = tensors(&train, Device::Cpu)?;
    let num_classes = dataset.classes.len();
    let vs = nn::VarStore::new(Device::Cpu);
    let heads = Heads::Aux { weight: 0.3 };
    let config = NetworkConfig::Baseline(BaselineConfig { heads, ..Default::default() });
    let network = config.build(&vs.root(), &Training { x: &x, labels: &y, num_classes: num_classes as i64 })?;
    let mut dropout = Dropout::new(config.dropout(), 1);
    let loader = CurriculumLoader::new(x, y, batch_size)?;
    let schedule = PowerLaw { epochs: EPOCHS, ..Default::default() };
    let settings = Settings { measure_every: 10, ..Default::default() };
    let mut sampler = Curriculum::new(loader.labels(), schedule)?.settings(settings);
    let mut criterion = Criterion::new(Loss::CrossEntropy, sampler.classes(), num_classes)?;
    let mut optimiser = nn::Adam::default().build(&vs, 1e-3)?;
    let [mut steps, mut observed, mut renewed, mut listed, mut measured] = [(); 5].map(|()| Vec::new());
    for epoch in 0..EPOCHS {
        seconds(&mut renewed, || loader.renew(&mut sampler, epoch))?;
        let list = seconds(&mut listed, || sampler.epoch(epoch))?;
        criterion.begin(&list)?;
        if sampler.wants_scores(epoch) {
            let outputs = |x: &[Tensor]| {
                let out = network.forward(x, None, None);
                (out.logits, out.embeddings)
            };
            seconds(&mut measured, || loader.refresh(&mut sampler, epoch, outputs))?;
        }
        for batch in loader.epoch(&sampler, epoch)? {
            let out = seconds(&mut steps, || -> Result<_> {
                let out = network.forward(&batch.modalities, Some(&batch.indices), Some(&mut dropout));
                let loss = network.loss(&out, &batch.labels, &criterion)?;
                optimiser.backward_step(&loss);
                Ok(out)
            })?;
            seconds(&mut observed, || loader.observe(&batch, &out.logits, &out.embeddings))?;
        }
    }
    let a_epoch = steps.len() as f64 / EPOCHS as f64; // steps
    let [step, observe, renew, list, measure] = [steps, observed, renewed, listed, measured].map(median);
    let percent = |seconds: f64| 100.0 * seconds / (a_epoch * step);
    println!("{}: {} training samples, {a_epoch:.1} steps an epoch", dataset.name, loader.len());
    println!("  a step {:.0} us; observing it {:.1} us: {:.2} %", 1e6 * step, 1e6 * observe, 100.0 * observe / step);
    println!("  renew {:.0} us an epoch: {:.2} % of its steps", 1e6 * renew, percent(renew));
    println!("  list {:.0} us an epoch: {:.2} % of its steps", 1e6 * list, percent(list));
    println!("  our code in all: {:.2} %", percent(renew + list + a_epoch * observe));
    let every = percent(measure);
    println!(
        "  full measurement {:.0} us: {every:.1} % in each epoch, {:.1} % in every tenth",
        1e6 * measure,
        every / 10.0
    );
    Ok(())
}

/// Runs `work`, and adds its seconds.
fn seconds<T>(all: &mut Vec<f64>, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let out = work();
    all.push(begun.elapsed().as_secs_f64());
    out
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
