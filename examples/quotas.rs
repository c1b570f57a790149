//! How many samples of each class does an epoch hold? At first nearly equal numbers, at last the real long tail.
//!
//! Quotas need only labels, not scores. So they are known before training.

use std::fmt::Write;

use climd::{CurriculumSampler, LastBatch, PowerLaw, PowerLawScheduler, Warning};

fn main() -> climd::Result<()> {
    print!("{}", answer()?);
    Ok(())
}

pub fn answer() -> climd::Result<String> {
    // five classes of 305, 103, 92, 80 and 32 samples
    let labels: Vec<u32> = (0..).zip([305, 103, 92, 80, 32]).flat_map(|(label, n)| vec![label; n]).collect();
    let sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 10, ..Default::default() })?;

    let mut out = String::from("epoch  samples  of each class\n");
    for epoch in [0, 1, 4, 8, 9, 10] {
        let report = sampler.report(epoch)?;
        let quotas: Vec<usize> = report.classes.iter().map(|class| class.quota).collect();
        let _ = writeln!(out, "{epoch:>5}  {:>7}  {quotas:?}", report.len);
        // no scores are needed to know this, and none came
        for warning in report.warnings.iter().filter(|warning| !matches!(warning, Warning::ScoresMissing { .. })) {
            let _ = writeln!(out, "       {warning}");
        }
    }
    let _ = writeln!(out, "gradient steps of epochs 0 to 11: {}", sampler.steps(0..12, 32, LastBatch::Keep)?);
    Ok(out)
}
