//! `lengths`: how long to train.

use anyhow::Result;
use clap::Args;
use climd_repro::lengths::{self, Lengths, Wanted};

use super::options::{Lr, Shares, Studied};

/// Options of `lengths`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    studied: Studied,
    /// Where learning rates come from.
    #[arg(long, value_enum, default_value = "one")]
    lr: Lr,
    #[command(flatten)]
    shares: Shares,
    /// Inner splits on which a length is chosen for every row and split; 0: it is not.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100))]
    inner: u32,
}

/// Writes the page of all data sets.
pub fn write(arguments: &Arguments) -> Result<()> {
    let Arguments { studied, lr, shares: Shares { shares }, inner } = arguments;
    let wanted = Wanted { shares, inner: *inner };
    let mut all = Vec::new();
    for mut dataset in studied.load()? {
        dataset.split = None; // intervals need several
        let study = studied.study(&dataset, (*lr).into());
        all.push(studied.work.run(&dataset.name, None, |runner| Lengths::run(runner, &study, wanted))?);
    }
    println!("{}", lengths::page(&all));
    lengths::write(&studied.work.out(), &all)
}
