//! `targets`: samplers on data with several labels a sample.

use anyhow::Result;
use clap::Args;
use climd_repro::progress::Progress;
use climd_repro::targets;

use super::options::{Work, folder};

/// Options of `targets`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Data sets: names of folders under data/, or folders.
    #[arg(long, value_name = "NAME", num_args = 1.., default_values = ["yeast", "padchest-reports"])]
    data: Vec<String>,
    /// Splits; each is also a seed of weights, dropout and sampler.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..1 << 32))]
    seeds: u64,
    #[command(flatten)]
    work: Work,
}

/// Writes the table of each data set.
pub fn write(arguments: &Arguments) -> Result<()> {
    let Arguments { data, seeds, work } = arguments;
    for name in data {
        let bar = Progress::new(name, work.quiet)?;
        let watch = |done, of| bar.part("runs", done, of);
        targets::study(&folder(name)?, *seeds, work.jobs()?, &work.runs(), &work.out(), &watch)?;
    }
    Ok(())
}
