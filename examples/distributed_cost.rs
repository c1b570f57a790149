//! What does it cost that ranks agree on a list? Times `update` and the next `epoch`, and counts the bytes that a rank
//! sends.
//!
//! `cargo run --release --example distributed_cost`: 2 ranks, as threads. As processes: the same with
//! `--features mpi`, built, and started by `mpirun`.

#[path = "common/long_tail.rs"]
mod data;

use std::cell::Cell;
use std::time::Instant;

use climd::{Communicator, Curriculum, CurriculumSampler, Distributed, Exchange, InProcess, PowerLaw, Result};
use data::long_tail;

/// Counts the bytes that are sent.
struct Counted<C>(C, Cell<usize>);

impl<C: Communicator> Communicator for Counted<C> {
    fn rank(&self) -> usize {
        self.0.rank()
    }
    fn world_size(&self) -> usize {
        self.0.world_size()
    }
    fn all_reduce(&self, values: &mut [u32]) -> Result<()> {
        self.1.set(self.1.get() + 4 * values.len());
        self.0.all_reduce(values)
    }
    fn all_gather(&self, values: &[u32]) -> Result<Vec<u32>> {
        self.1.set(self.1.get() + 4 * values.len());
        self.0.all_gather(values)
    }
}

fn measure(comm: &impl Communicator) -> Result<()> {
    let say = |line: String| {
        if comm.rank() == 0 {
            println!("{line}");
        }
    };
    say(format!(
        "{} ranks; milliseconds, least of 3; megabytes that rank 0 gives away in update and epoch",
        comm.world_size()
    ));
    say("| samples | classes | one process | gather | MB | histograms | MB |\n|---|---|---|---|---|---|---|".into());
    for (n, classes) in [(100_000, 10), (1_000_000, 10), (10_000_000, 10), (10_000_000, 1000), (10_000_000, 50_000)] {
        let (labels, scores) = long_tail(n, classes);
        let (half, new) = (50, || Curriculum::new(&labels, PowerLaw { epochs: 100, ..Default::default() }));
        let mut alone = new()?;
        let least = |run: &mut dyn FnMut() -> Result<()>| -> Result<f64> {
            let mut least = f64::INFINITY;
            for _ in 0..3 {
                let start = Instant::now();
                run()?;
                least = least.min(1e3 * start.elapsed().as_secs_f64());
            }
            Ok(least)
        };
        let one = if comm.rank() == 0 {
            least(&mut || {
                alone.update(half, &scores)?;
                alone.epoch(half).map(drop)
            })?
        } else {
            0.0
        };
        let mut line = format!("| {n} | {classes} | {one:.0} |");
        for agree in [Exchange::AllGather, Exchange::Histograms] {
            let counted = Counted(comm, Cell::new(0));
            let mut sampler = Distributed::new(new()?, &counted, agree)?;
            let own = &scores[sampler.part()];
            counted.1.set(0);
            let time = least(&mut || {
                sampler.update(half, own)?;
                sampler.epoch(half).map(drop)
            })?;
            line += &format!(" {time:.0} | {:.2} |", counted.1.get() as f64 / 3e6);
        }
        say(line);
    }
    Ok(())
}

#[cfg(feature = "mpi")]
fn main() -> Result<()> {
    if climd::rank_and_world_size()?.1 > 1 {
        let comm = climd::Mpi::new()?;
        measure(&comm)?;
        comm.finish();
        return Ok(());
    }
    threads()
}

#[cfg(not(feature = "mpi"))]
fn main() -> Result<()> {
    threads()
}

fn threads() -> Result<()> {
    InProcess::run(2, |comm| measure(&comm)).into_iter().collect()
}
