//! Data-parallel training with CLIMD on TCGA-BRCA: two ranks with half of each batch and averaged gradients, beside one
//! process with the whole batch.
//!
//! `cargo run --release -p climd-networks --example distributed [FOLDER [EPOCHS]]`: the ranks are threads of this
//! program. As processes of an MPI job: `cargo build --release --example distributed -p climd-networks --features mpi`,
//! then `mpirun -n 2 target/release/examples/distributed`.

#[path = "common/omics.rs"]
mod omics;

use climd::{ClassIndex, Communicator, Curriculum, CurriculumLoader, Distributed, Exchange, InProcess, PowerLaw};
use climd_networks::criterion::{Criterion, Loss};
use climd_networks::network::{Baseline, Dropout, Network, with_seed};
use omics::{Omics, macro_f1};
use tch::nn::{Adam, OptimizerConfig, VarStore};
use tch::{Device, Tensor};

/// Samples in one step, of all ranks together.
const BATCH: usize = 32;

/// Trains one rank's copy of the network, and returns its macro F1 on the test part, in percent.
fn train(data: &Omics, seed: u64, comm: &impl Communicator) -> anyhow::Result<f64> {
    let vs = VarStore::new(Device::Cpu);
    let (rank, world_size) = (comm.rank(), comm.world_size());
    let new = || Baseline::new(&vs.root(), &data.widths, data.num_classes, &Default::default());
    let network = with_seed(seed, new); // the same weights on every rank
    let mut dropout = Dropout::new(0.5, seed * 1000 + rank as u64);
    let mut adam = Adam { wd: 1e-4, ..Default::default() }.build(&vs, 1e-4)?;
    let (x_all, y_all) = &data.train;
    let x_all = x_all.iter().map(Tensor::shallow_clone).collect();
    let loader = CurriculumLoader::new(x_all, y_all.shallow_clone(), BATCH / world_size)?.measure_batch_size(512)?;
    let criterion = Criterion::new(Loss::CrossEntropy, &ClassIndex::new(loader.labels())?, data.num_classes as usize)?;
    let schedule = PowerLaw { epochs: data.epochs, ..Default::default() };
    let sampler = Curriculum::new(loader.labels(), schedule)?.seed(seed);
    let mut sampler = Distributed::new(sampler, comm, Exchange::Histograms)?;
    for epoch in 0..data.epochs * 3 / 2 {
        // as in one process: each rank measures its part, and trains on its part of the list
        loader.refresh(&mut sampler, epoch, |x| {
            let out = network.forward(x, None, None);
            (out.logits, out.embeddings)
        })?;
        for batch in loader.epoch(&sampler, epoch)? {
            let out = network.forward(&batch.modalities, None, Some(&mut dropout));
            adam.zero_grad();
            network.loss(&out, &batch.labels, &criterion)?.backward();
            average_gradients(&vs, comm)?;
            adam.step();
        }
    }
    macro_f1(&network, &data.test)
}

/// Replaces each gradient by its mean over all ranks. Their batches have the same size, so this is the gradient of the
/// whole batch. Gradients are added in the order of the ranks, so all ranks get the same bits. (On GPUs use NCCL.)
fn average_gradients(vs: &VarStore, comm: &impl Communicator) -> anyhow::Result<()> {
    let mut parameters: Vec<(String, Tensor)> = vs.variables().into_iter().collect();
    parameters.sort_by(|a, b| a.0.cmp(&b.0)); // the store is a hash map
    let gradients: Vec<Tensor> = parameters.iter().map(|(_, parameter)| parameter.grad()).collect();
    let flat: Vec<f32> = Tensor::cat(&gradients.iter().map(|g| g.flatten(0, -1)).collect::<Vec<_>>(), 0).try_into()?;
    let bits: Vec<u32> = flat.iter().map(|value| value.to_bits()).collect();
    let all: Vec<f32> = comm.all_gather(&bits)?.into_iter().map(f32::from_bits).collect();
    let mean = Tensor::from_slice(&all).view([comm.world_size() as i64, -1]).mean_dim(0, false, None);
    let sizes: Vec<i64> = gradients.iter().map(|gradient| gradient.numel() as i64).collect();
    for (mut gradient, part) in gradients.into_iter().zip(mean.split_with_sizes(&sizes, 0)) {
        gradient.copy_(&part.view_as(&gradient));
    }
    Ok(())
}

#[cfg(feature = "mpi")]
fn launched(data: &Omics) -> anyhow::Result<()> {
    let comm = climd::Mpi::new()?;
    for seed in 0..5 {
        let f1 = train(data, seed, &comm)?;
        if comm.rank() == 0 {
            println!("seed {seed}: macro F1 {f1:.1} % on {} ranks", comm.world_size());
        }
    }
    comm.finish();
    Ok(())
}

fn main() -> anyhow::Result<()> {
    tch::set_num_threads(1);
    #[cfg(feature = "mpi")]
    if climd::rank_and_world_size()?.1 > 1 {
        return launched(&omics::from_arguments()?);
    }
    let mut differences = Vec::new();
    for seed in 0..5 {
        let [one, two] = [1, 2].map(|world_size| -> anyhow::Result<f64> {
            // every rank reads the data itself, as a process would
            let ranks = InProcess::run(world_size, |comm| train(&omics::from_arguments()?, seed, &comm));
            let ranks = ranks.into_iter().collect::<anyhow::Result<Vec<f64>>>()?;
            anyhow::ensure!(ranks.iter().all(|f1| *f1 == ranks[0]), "the ranks' networks came apart: {ranks:?}");
            Ok(ranks[0])
        });
        let (one, two) = (one?, two?);
        println!("seed {seed}: macro F1 {one:.1} % in one process, {two:.1} % on 2 ranks");
        differences.push(two - one);
    }
    let mean = differences.iter().sum::<f64>() / 5.0;
    let sd = (differences.iter().map(|difference| (difference - mean).powi(2)).sum::<f64>() / 4.0).sqrt();
    println!("2 ranks - one process: {mean:+.1} ± {sd:.1} (mean and standard deviation over 5 seeds)");
    Ok(())
}
