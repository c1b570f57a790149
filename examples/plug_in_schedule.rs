//! How do I add my own schedule? It says how many samples of each class an epoch has. The engine does the rest.
//!
//! This schedule keeps small classes whole, and takes more of the large ones step by step, hardest samples first.

use std::fmt::Write;

use climd::{ClassIndex, Curriculum, CurriculumSampler, Error, Pick, Quota, Result, Schedule, Tail};

/// At most `cap` samples of a class at first, `cap` more every `every` epochs.
#[derive(Debug)]
struct Staircase {
    cap: usize,
    every: usize,
}

impl Schedule for Staircase {
    fn check(&self, _: &ClassIndex) -> Result<()> {
        if self.cap > 0 && self.every > 0 {
            return Ok(());
        }
        let argument = if self.cap == 0 { "cap" } else { "every" };
        Err(Error::OutOfRange { argument, found: 0.0, range: "above 0" })
    }

    fn quota(&self, epoch: usize, classes: &ClassIndex) -> Quota {
        let cap = self.cap.saturating_mul(epoch / self.every + 1);
        Quota::PerClass(classes.counts().iter().map(|&n| n.min(cap)).collect())
    }

    fn describe(&self) -> String {
        format!("{self:?}") // a saved state of another staircase is refused
    }

    fn pick(&self, _: usize) -> Pick {
        Pick::Lowest
    }
}

fn main() -> Result<()> {
    print!("{}", answer()?);
    Ok(())
}

pub fn answer() -> Result<String> {
    let labels = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2];
    let mut sampler = Curriculum::new(&labels, Staircase { cap: 3, every: 2 })?.seed(7);
    let scores: Vec<f32> = (0..13u8).map(f32::from).collect(); // of your network; the first sample is the hardest
    sampler.update(0, &scores)?;
    let mut out = String::new();
    for epoch in [0, 2, 4] {
        let list = sampler.epoch(epoch)?;
        let (steps, quotas) = (list.batches(4, Tail::Keep)?.len(), sampler.quotas(epoch)?);
        let _ = writeln!(out, "epoch {epoch}: {quotas:?} in {steps} steps: {:?}", list.indices());
    }
    Ok(out)
}
