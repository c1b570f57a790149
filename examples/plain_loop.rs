//! A training loop without climd: the left side of the diff in the README. `wrapped_loop.rs` is the right side.

#[path = "common/two_views.rs"]
mod two_views;

use tch::nn::{Adam, OptimizerConfig, VarStore};
use tch::{Device, data::Iter2};
use two_views::{Net, balanced_accuracy, patients};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tch::manual_seed(1);
    let (x, y) = patients(600, 1);
    let vs = VarStore::new(Device::Cpu);
    let net = Net::new(&vs.root());
    let mut adam = Adam::default().build(&vs, 1e-3)?;

    for _epoch in 0..30 {
        for (x, y) in Iter2::new(&x, &y, 32).shuffle() {
            let out = net.forward(&x);
            let heads = out.logits[0].cross_entropy_for_logits(&y) + out.logits[1].cross_entropy_for_logits(&y);
            adam.backward_step(&(out.fused.cross_entropy_for_logits(&y) + 0.3 * heads));
        }
    }

    println!("balanced accuracy {:.1} %", 100.0 * balanced_accuracy(&net, 2)?);
    Ok(())
}
