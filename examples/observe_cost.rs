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
use climd_repro::changes::Changes;
use climd_repro::experiment::Study;
use climd_repro::rate::Rate;
use tch::nn::{self, OptimizerConfig};
use tch::{Device, Tensor};

/// Of plain training, which takes as many steps, and of the curriculum.
const EPOCHS: usize = 100;

fn main() -> Result<()> {
    tch::set_num_threads(1);
    let mut arguments = std::env::args().skip(1);
    let dataset = Dataset::load(arguments.next().context("the folder of a data set is missing")?)?;
    cost(&dataset)?;
    arguments.try_for_each(|samples| cost(&dataset.slice(samples.parse()?, 0)?))
}

fn cost(dataset: &Dataset) -> Result<()> {
    let (rate, epochs, batch_size) = (Rate::Paper, EPOCHS, 32);
    let study = Study { dataset, changes: Changes::default(), epochs, batch_size, first_seed: 0, seeds: 1, rate };
    let train = study.parts(0, Part::Test)?.train;
    let (x, y) = tensors(&train, Device::Cpu)?;
    let num_classes = dataset.classes.len();
    let vs = nn::VarStore::new(Device::Cpu);
    let heads = Heads::Aux { weight: 0.3 };
    let config = NetworkConfig::Baseline(BaselineConfig { heads, ..Default::default() });
    let network = config.build(&vs.root(), &Training { x: &x, labels: &y, num_classes: num_classes as i64 })?;
    let mut dropout = Dropout::new(config.dropout(), 1);
    let loader = CurriculumLoader::new(x, y, batch_size)?.measure_batch_size(512)?;
    let schedule = PowerLaw { epochs: EPOCHS, ..Default::default() };
    let settings = Settings { measure_every: 10, ..Default::default() };
    let mut sampler = Curriculum::new(loader.labels(), schedule)?.settings(settings);
    let mut criterion = Criterion::new(Loss::CrossEntropy, sampler.classes(), num_classes)?;
    let mut optimiser = nn::Adam::default().build(&vs, 1e-3)?;
    let [mut steps, mut observed, mut idle, mut renewed, mut listed, mut measured] = [(); 6].map(|()| Vec::new());
    let planned = EPOCHS * loader.len().div_ceil(batch_size);
    'training: for epoch in 0.. {
        seconds(&mut renewed, || loader.renew(&mut sampler, epoch))?;
        if sampler.wants_scores(epoch) {
            let outputs = |x: &[Tensor]| {
                let out = network.forward(x, None, None);
                (out.logits, out.embeddings)
            };
            seconds(&mut measured, || loader.refresh(&mut sampler, epoch, outputs))?;
        }
        let list = seconds(&mut listed, || sampler.epoch(epoch))?;
        criterion.begin(&list)?;
        let whole = list.len() == loader.len(); // the curriculum is over
        for batch in loader.batches(list)? {
            if steps.len() == planned {
                break 'training;
            }
            let begun = Instant::now();
            let out = network.forward(&batch.modalities, Some(&batch.indices), Some(&mut dropout));
            let forward = begun.elapsed();
            let observed = if whole { &mut idle } else { &mut observed };
            seconds(observed, || loader.observe(&batch, &out.logits, &out.embeddings))?;
            let begun = Instant::now();
            let loss = network.loss(&out, &batch.labels, &criterion)?;
            optimiser.backward_step(&loss);
            steps.push((forward + begun.elapsed()).as_secs_f64());
        }
    }
    // of each kind, as often as its median
    let whole = |values: &[f64]| values.len() as f64 * median(values);
    let percent = |all: &[&[f64]]| 100.0 * all.iter().map(|&values| whole(values)).sum::<f64>() / whole(&steps);
    let us = |values: &[f64]| 1e6 * median(values);
    println!("{}: {} training samples, {} steps of {:.0} us", dataset.name, loader.len(), steps.len(), us(&steps));
    println!("  observing a batch {:.1} us: {:.2} %", us(&observed), percent(&[&observed, &idle]));
    println!("  renew {:.0} us an epoch: {:.2} %", us(&renewed), percent(&[&renewed]));
    println!("  list {:.0} us an epoch: {:.2} %", us(&listed), percent(&[&listed]));
    println!("  our code in all: {:.2} %", percent(&[&observed, &idle, &renewed, &listed]));
    println!("  {} full measurements of {:.0} us: {:.2} %", measured.len(), us(&measured), percent(&[&measured]));
    Ok(())
}

/// Runs `work`, and adds its seconds.
fn seconds<T>(all: &mut Vec<f64>, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let out = work();
    all.push(begun.elapsed().as_secs_f64());
    out
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
