//! `lengths`: how long to train.

use anyhow::Result;
use clap::Args;
use climd_repro::lengths::{self, Lengths};

use super::options::{Changed, Lr, Sets, Splits, Work};

/// Options of `lengths`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    sets: Sets,
    #[command(flatten)]
    splits: Splits,
    /// Where learning rates come from.
    #[arg(long, value_enum, default_value = "one")]
    lr: Lr,
    #[command(flatten)]
    changed: Changed,
    #[command(flatten)]
    work: Work,
}

/// Writes the page of all data sets.
pub fn write(arguments: &Arguments) -> Result<()> {
    let Arguments { sets, splits, lr, changed, work } = arguments;
    let mut all = Vec::new();
    for dataset in &sets.load(work)? {
        let study = splits.study(dataset, changed.changes(), (*lr).into());
        all.push(work.run(&dataset.name, None, |runner| Lengths::run(runner, &study))?);
    }
    println!("{}", lengths::page(&all));
    lengths::write(&work.out(), &all)
}
