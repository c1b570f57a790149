//! `lengths`: how long to train.

use anyhow::Result;
use clap::Args;
use climd_repro::lengths::{self, Lengths, Wanted};

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
    /// Lengths of training, percent of --epochs; 100 is always among them.
    #[arg(long, value_name = "PERCENT", num_args = 1.., default_values_t = lengths::SHARES,
        value_parser = clap::value_parser!(u64).range(1..=10_000))]
    shares: Vec<u64>,
    /// Inner splits on which a length is chosen for every row and split; 0: it is not.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100))]
    inner: u32,
    #[command(flatten)]
    changed: Changed,
    #[command(flatten)]
    work: Work,
}

/// Writes the page of all data sets.
pub fn write(arguments: &Arguments) -> Result<()> {
    let Arguments { sets, splits, lr, shares, inner, changed, work } = arguments;
    let wanted = Wanted { shares, inner: *inner };
    let mut all = Vec::new();
    for mut dataset in sets.load(work)? {
        dataset.split = None; // intervals need several
        let study = splits.study(&dataset, changed.changes(), (*lr).into());
        all.push(work.run(&dataset.name, None, |runner| Lengths::run(runner, &study, wanted))?);
    }
    println!("{}", lengths::page(&all));
    lengths::write(&work.out(), &all)
}
