//! How do I add my own schedule? It says how many samples of each class an epoch has. The engine does the rest.
//!
//! This schedule keeps small classes whole, and takes more of the large ones step by step, hardest samples first.

use std::fmt::Write;

use climd::error::ArgumentError;
use climd::schedule::Description;
use climd::{ClassIndex, Curriculum, CurriculumSampler, LastBatch, Pick, Plan, Result, Schedule};

/// At most `cap` samples of a class at first, `cap` more every `every` epochs.
#[derive(Debug)]
struct Staircase {
    cap: usize,
    every: usize,
}

impl Schedule for Staircase {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        for (argument, value) in [("cap", self.cap), ("every", self.every)] {
            if value == 0 {
                return Err(ArgumentError::OutOfRange { argument, found: 0.0, range: "above 0" }.into());
            }
        }
        let cap = self.cap.saturating_mul(epoch / self.every + 1);
        let quotas = classes.counts().iter().map(|&n| n.min(cap)).collect();
        Ok(Plan::per_class(quotas).pick(Pick::Lowest))
    }

    fn describe(&self) -> Description {
        // a saved state of another staircase is refused
        Description::new("staircase").always("cap", self.cap).always("every", self.every)
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
        let (steps, quotas) = (list.batches(4, LastBatch::Keep)?.len(), sampler.quotas(epoch)?);
        let _ = writeln!(out, "epoch {epoch}: {quotas:?} in {steps} steps: {:?}", list.indices());
    }
    Ok(out)
}
