//! DMIB (Fang et al., WACV 2024): a plain training loop, and the same loop with CLIMD around its data.
//!
//! `cargo run --release -p climd-networks --example wrap_dmib [FOLDER [EPOCHS]]`; the README shows how the two
//! functions differ.

#[path = "common/omics.rs"]
mod omics;

use climd::{Batch, ClassIndex, CurriculumLoader, PowerLaw, PowerLawScheduler};
use climd_networks::criterion::{Criterion, Loss};
use climd_networks::network::{Dmib, Dropout, Network};
use omics::{Omics, macro_f1};
use tch::nn::{Adam, OptimizerConfig, VarStore};
use tch::{Device, Tensor};

fn plain(data: &Omics) -> anyhow::Result<f64> {
    tch::manual_seed(1);
    let vs = VarStore::new(Device::Cpu);
    let network = Dmib::new(&vs.root(), &data.widths, data.num_classes, &Default::default());
    let criterion = criterion(data)?;
    let mut dropout = Dropout::new(0.5, 1);
    let mut adam = Adam { wd: 1e-4, ..Default::default() }.build(&vs, 1e-4)?;
    let (x_all, y_all) = &data.train;
    for _epoch in 0..data.epochs {
        for rows in Tensor::randperm(y_all.size()[0], tch::kind::INT64_CPU).split(32, 0) {
            let x: Vec<Tensor> = x_all.iter().map(|x| x.index_select(0, &rows)).collect();
            let y = y_all.index_select(0, &rows);
            let out = network.forward(&x, None, Some(&mut dropout));
            adam.backward_step(&network.loss(&out, &y, &criterion)?);
        }
    }
    macro_f1(&network, &data.test)
}

fn wrapped(data: &Omics) -> anyhow::Result<f64> {
    tch::manual_seed(1);
    let vs = VarStore::new(Device::Cpu);
    let network = Dmib::new(&vs.root(), &data.widths, data.num_classes, &Default::default());
    let criterion = criterion(data)?;
    let mut dropout = Dropout::new(0.5, 1);
    let mut adam = Adam { wd: 1e-4, ..Default::default() }.build(&vs, 1e-4)?;
    let (x_all, y_all) = &data.train;
    let loader = CurriculumLoader::new(x_all.iter().map(Tensor::shallow_clone).collect(), y_all.shallow_clone(), 32)?;
    let schedule = PowerLaw { epochs: data.epochs, ..Default::default() };
    let mut sampler = PowerLawScheduler::new(loader.labels(), schedule)?.seed(7);
    for epoch in 0..data.epochs * 3 / 2 {
        loader.refresh(&mut sampler, epoch, |x| {
            let out = network.forward(x, None, None);
            (out.logits, out.embeddings)
        })?;
        for Batch { modalities: x, labels: y, .. } in loader.epoch(&sampler, epoch)? {
            let out = network.forward(&x, None, Some(&mut dropout));
            adam.backward_step(&network.loss(&out, &y, &criterion)?);
        }
    }
    macro_f1(&network, &data.test)
}

fn criterion(data: &Omics) -> anyhow::Result<Criterion> {
    let labels: Vec<i64> = (&data.train.1).try_into()?;
    Ok(Criterion::new(Loss::CrossEntropy, &ClassIndex::new(&labels)?, data.num_classes as usize)?)
}

fn main() -> anyhow::Result<()> {
    let data = omics::from_arguments()?;
    println!("plain:      macro F1 {:.1} %", plain(&data)?);
    println!("with CLIMD: macro F1 {:.1} %", wrapped(&data)?);
    Ok(())
}
