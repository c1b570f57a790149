//! The loop of `plain_loop.rs` with CLIMD around its data: the right side of the diff in the README.

#[path = "common/two_views.rs"]
mod two_views;

use climd::{Batch, CurriculumLoader, PowerLaw, PowerLawScheduler};
use tch::Device;
use tch::nn::{Adam, OptimizerConfig, VarStore};
use two_views::{Net, balanced_accuracy, patients};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tch::manual_seed(1);
    let (x, y) = patients(600, 1);
    let vs = VarStore::new(Device::Cpu);
    let net = Net::new(&vs.root());
    let mut adam = Adam::default().build(&vs, 1e-3)?;

    let loader = CurriculumLoader::new(vec![x], y, 32)?;
    let schedule = PowerLaw { epochs: 30, ..Default::default() };
    let mut sampler = PowerLawScheduler::new(loader.labels(), schedule)?.seed(7);
    for epoch in 0..45 {
        loader.refresh(&mut sampler, epoch, |x| net.forward(&x[0]).views())?;
        for Batch { mut modalities, labels: y, .. } in loader.epoch(&sampler, epoch)? {
            let x = modalities.remove(0);
            let out = net.forward(&x);
            let heads = out.logits[0].cross_entropy_for_logits(&y) + out.logits[1].cross_entropy_for_logits(&y);
            adam.backward_step(&(out.fused.cross_entropy_for_logits(&y) + 0.3 * heads));
        }
    }

    println!("balanced accuracy {:.1} %", 100.0 * balanced_accuracy(&net, 2)?);
    Ok(())
}
